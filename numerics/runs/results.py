"""What a run found: certificates, eigenvalue rows, and the document written to results.json."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any

from ...theory.errors import SpecError
from ...theory.verdict import Verdict
from ..certificates.certificate import Certificate
from ..studies.curves import curves
from ..studies.study import Study


@dataclass(frozen=True, slots=True)
class EigenvalueRow:
    """The proved least eigenvalue of one system with one activation, and the theory's own lower bounds beside it."""

    system: str
    activation: str
    n: int
    lower: float
    upper: float
    bounds: dict[str, float]


@dataclass(frozen=True, eq=False)
class Results:
    """All certificates of a run in the order of the claims, with the study they belong to.

    ``seconds`` is the wall time of the run; ``complete`` says that no claim was left out for lack of time.
    """

    study: Study
    certificates: tuple[Certificate, ...]
    seconds: float
    version: str
    complete: bool = True
    notes: tuple[str, ...] = field(default=())

    @property
    def eigenvalues(self) -> tuple[EigenvalueRow, ...]:
        """One row per system and activation whose least eigenvalue was enclosed."""
        rows: list[EigenvalueRow] = []
        for found in self.certificates:
            if not found.claim.endswith(".least-eigenvalue") or found.lower is None or found.upper is None:
                continue
            bounds = {
                c.detail["bound"]: c.lower
                for c in self.certificates
                if (c.system, c.activation) == (found.system, found.activation)
                and "bound" in c.detail
                and c.lower is not None
            }
            rows.append(
                EigenvalueRow(found.system, found.activation, self.study.data.n, found.lower, found.upper, bounds)
            )
        return tuple(rows)

    @property
    def counts(self) -> dict[Verdict, int]:
        """How many certificates ended with each verdict."""
        return {v: sum(c.verdict is v for c in self.certificates) for v in Verdict}

    @property
    def exit_status(self) -> int:
        """0 when nothing speaks against a claim, 1 otherwise."""
        return 1 if any(c.verdict.against for c in self.certificates) else 0

    def to_json(self) -> dict[str, Any]:
        """The document of results.json; numbers are JSON numbers rounded outwards, absent ones null."""
        return {
            "study": self.study.name,
            "version": self.version,
            "digest": self.study.digest,
            "data": {
                "description": self.study.data.description,
                "sha256": self.study.data.digest,
                "n": self.study.data.n,
                "d": self.study.data.d,
                "normalize": self.study.data.normalize,
                "labels": self.study.data.labels_digest,
            },
            "setting": self.study.setting(),
            "complete": self.complete,
            "seconds": round(self.seconds, 3),
            "notes": list(self.notes),
            "claims": [
                {
                    "id": c.claim,
                    "system": c.system,
                    "activation": c.activation,
                    "verdict": c.verdict.name,
                    "method": c.method,
                    "lower": _number(c.lower),
                    "upper": _number(c.upper),
                    "margin": _number(c.margin),
                    "seconds": round(c.seconds, 6),
                    "reason": c.reason,
                }
                | _figure(c)
                for c in self.certificates
            ],
            "eigenvalues": [
                {
                    "system": r.system,
                    "activation": r.activation,
                    "n": r.n,
                    "lower": _number(r.lower),
                    "upper": _number(r.upper),
                    "bounds": {name: _number(value) for name, value in r.bounds.items()},
                }
                for r in self.eigenvalues
            ],
        }

    def dumps(self) -> str:
        """The document as text."""
        return json.dumps(self.to_json(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _figure(c: Certificate) -> dict[str, Any]:
    """The curves of a certificate, where it has some that can be read."""
    try:
        found = curves(c.detail)
    except SpecError:  # the report says so where the figure would stand
        return {}
    return {} if found is None else {"figure": found.to_json()}


def _number(x: float | None) -> float | None:
    return None if x is None or not math.isfinite(x) else x
