"""What checks write down: items of evidence, and planted statements slightly beside the truth."""

from __future__ import annotations

from fractions import Fraction

from flint import arb

from ...theory.verdict import Evidence, Verdict
from ..balls.ball import Ball
from ..balls.enclosure import Enclosure, float_below
from ..balls.ends import between, outward
from ..certificates.certificate import EvidenceItem
from .registry import Outcome

SLIGHTLY = Fraction(1, 10**9)
"""How far a planted statement is from the truth."""
ends = outward


def enclosed(text: str, **values: arb) -> EvidenceItem:
    """Evidence from ball arithmetic, with the balls as text."""
    return EvidenceItem(Evidence.ENCLOSED, text, {name: str(Ball(x)) for name, x in values.items()})


def compared(text: str) -> EvidenceItem:
    """Evidence from comparing enclosures whose values stand elsewhere."""
    return EvidenceItem(Evidence.ENCLOSED, text, {})


def exact(text: str, **values: str) -> EvidenceItem:
    """Evidence from rational or symbolic computation."""
    return EvidenceItem(Evidence.EXACT, text, values)


def compare(bound: Enclosure, truth: Enclosure, name: str) -> Outcome:
    """Whether ``bound`` is at most ``truth``, from two enclosures."""
    evidence = (
        enclosed(
            f"{name} and the least eigenvalue of K",
            bound=as_ball(bound),
            eigenvalue=as_ball(truth),
        ),
    )
    margin = float_below(Fraction(truth.lower) - Fraction(bound.upper))
    if bound.upper <= truth.lower:
        return Outcome(Verdict.PROVED, evidence, bound.lower, bound.upper, margin, f"{name}: {bound.method}")
    if bound.lower > truth.upper:
        return Outcome(Verdict.REFUTED, evidence, bound.lower, bound.upper, margin, f"{name}: {bound.method}")
    return Outcome(
        Verdict.UNKNOWN,
        evidence,
        bound.lower,
        bound.upper,
        method=f"{name}: {bound.method}",
        reason=f"the enclosures of {name} and of the least eigenvalue overlap: they may be equal",
    )


def as_ball(e: Enclosure) -> arb:
    """An enclosure as a ball."""
    return between(arb(e.lower), arb(e.upper))


def observed(text: str, **values: float) -> EvidenceItem:
    """Evidence from sampling."""
    return EvidenceItem(Evidence.EXPERIMENTAL, text, {name: f"{x:.6g}" for name, x in values.items()})
