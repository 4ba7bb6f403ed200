"""What was concluded about one claim, from which evidence; the constructor enforces honesty."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..theory.errors import SpecError
from ..theory.verdict import Evidence, Verdict

FORMAT = "certigram-certificate/1"


@dataclass(frozen=True, slots=True)
class EvidenceItem:
    """One piece of evidence: its kind, what it establishes in a sentence, and the exact numbers behind it."""

    kind: Evidence
    text: str
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Discharged:
    """A hypothesis and how it was settled; ``verdict`` must be PROVED for the claim to be PROVED."""

    name: str
    verdict: Verdict
    text: str


@dataclass(frozen=True, slots=True)
class Certificate:
    """The verdict on one claim for one activation and data set.

    ``lower``/``upper`` enclose the quantity the claim is about (floats rounded outwards, or None), ``margin`` is a
    proved lower bound of how far the claim is from being false, in the units of that quantity.

    A certificate can be PROVED or REFUTED only from rigorous evidence, and PROVED only when each hypothesis is:

    >>> Certificate("x.y", "x", "tanh", Verdict.PROVED, (EvidenceItem(Evidence.EXPERIMENTAL, "saw it"),))
    Traceback (most recent call last):
        ...
    ValueError: x.y cannot be PROVED: its evidence 'saw it' is EXPERIMENTAL
    """

    claim: str
    system: str
    activation: str
    verdict: Verdict
    evidence: tuple[EvidenceItem, ...] = ()
    hypotheses: tuple[Discharged, ...] = ()
    method: str = ""
    lower: float | None = None
    upper: float | None = None
    margin: float | None = None
    seconds: float = 0.0
    reason: str = ""
    detail: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.verdict.rigorous:
            if not self.evidence:
                raise ValueError(f"{self.claim} cannot be {self.verdict}: no evidence is given")
            for item in self.evidence:
                if not item.kind.rigorous:
                    raise ValueError(
                        f"{self.claim} cannot be {self.verdict}: its evidence {item.text!r} is {item.kind}"
                    )
        if self.verdict is Verdict.PROVED:
            for hypothesis in self.hypotheses:
                if hypothesis.verdict is not Verdict.PROVED:
                    raise ValueError(
                        f"{self.claim} cannot be PROVED: hypothesis {hypothesis.name!r} is {hypothesis.verdict}"
                    )
        if self.verdict in (Verdict.UNKNOWN, Verdict.NOT_APPLICABLE) and not self.reason:
            raise ValueError(f"{self.claim}: {self.verdict} needs a reason")

    def to_json(self) -> dict[str, Any]:
        """The certificate as plain JSON data."""
        return {
            "format": FORMAT,
            "claim": self.claim,
            "system": self.system,
            "activation": self.activation,
            "verdict": self.verdict.name,
            "method": self.method,
            "lower": self.lower,
            "upper": self.upper,
            "margin": self.margin,
            "seconds": round(self.seconds, 6),
            "reason": self.reason,
            "hypotheses": [{"name": h.name, "verdict": h.verdict.name, "text": h.text} for h in self.hypotheses],
            "evidence": [{"kind": e.kind.name, "text": e.text, "values": e.values} for e in self.evidence],
            "detail": self.detail,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Certificate:
        """Read back what :meth:`to_json` wrote; raises :class:`SpecError` when it is not that."""
        try:
            if data["format"] != FORMAT:
                raise SpecError(f"certificate format {data['format']!r} is not {FORMAT!r}.")
            return cls(
                claim=str(data["claim"]),
                system=str(data["system"]),
                activation=str(data["activation"]),
                verdict=Verdict[data["verdict"]],
                evidence=tuple(
                    EvidenceItem(Evidence[e["kind"]], str(e["text"]), dict(e["values"])) for e in data["evidence"]
                ),
                hypotheses=tuple(
                    Discharged(str(h["name"]), Verdict[h["verdict"]], str(h["text"])) for h in data["hypotheses"]
                ),
                method=str(data["method"]),
                lower=data["lower"],
                upper=data["upper"],
                margin=data["margin"],
                seconds=float(data["seconds"]),
                reason=str(data["reason"]),
                detail=dict(data["detail"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise SpecError(f"this is not a certificate: {error}.") from None

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the certificate as JSON, whole or not at all (write, then rename)."""
        return write_atomically(Path(path), json.dumps(self.to_json(), indent=1, ensure_ascii=False) + "\n")


def write_atomically(path: Path, text: str) -> Path:
    """Write ``text`` to ``path`` so that a reader, or a kill, never sees half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path


def fraction_text(q: Fraction) -> str:
    """An exact rational as text for a certificate: ``p/q``."""
    return f"{q.numerator}/{q.denominator}" if q.denominator != 1 else str(q.numerator)
