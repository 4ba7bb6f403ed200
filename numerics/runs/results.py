"""What a run found: certificates, eigenvalue rows, and the document written to results.json."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...theory.errors import SpecError
from ...theory.verdict import Verdict
from ..certificates.certificate import Certificate
from ..records import written
from ..studies.study import Study
from .version import RESULTS_FORMAT

if TYPE_CHECKING:
    from ..studies.curves import Curves
    from .document import EigenvalueRow


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
        from .document import EigenvalueRow

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
        from .document import ClaimRecord, DataRecord, Document, Setting

        study, data = self.study, self.study.data
        document = written(
            Document(
                RESULTS_FORMAT,
                study.name,
                self.version,
                study.digest,
                DataRecord(
                    data.description,
                    data.digest,
                    data.n,
                    data.d,
                    "sphere" if data.normalize else None,
                    data.labels_digest,
                ),
                Setting(**study.setting()),
                self.complete,
                round(self.seconds, 3),
                self.notes,
                tuple(
                    ClaimRecord(
                        c.claim, c.system, c.activation, c.verdict, c.argument, c.scope, c.method,
                        c.lower, c.upper, c.margin, c.sharpness, round(c.seconds, 6), c.reason, _figure(c),
                    )
                    for c in self.certificates
                ),
                self.eigenvalues,
            )
        )  # fmt: skip
        for row in document["claims"]:
            if row["figure"] is None:
                del row["figure"]
        return document

    def dumps(self) -> str:
        """The document as text."""
        return json.dumps(self.to_json(), indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _figure(c: Certificate) -> Curves | None:
    """The curves of a certificate, where it has some that can be read."""
    from ..studies.curves import curves

    try:
        return curves(c.detail)
    except SpecError:  # the report says so where the figure would stand
        return None
