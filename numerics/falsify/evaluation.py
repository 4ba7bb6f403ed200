"""The rigorous evaluation of a bound at an instance: a proved lower bound of its sharpness, or its refutation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from ...theory.errors import DerivationGap, PrecisionExhausted
from ...theory.verdict import Verdict
from ..balls.ball import Ball, exact
from ..balls.precision import precision
from .bound import DIGITS, Bound
from .domain import Instance, Outside

BITS = (128, 256, 512)
"""Precisions of a proof, until both sides are known to :data:`ACCURATE` binary digits."""
ACCURATE = 44
LARGEST = Fraction(10**12)
"""A quotient beyond this is stated as this."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Both sides as text, and what is proved of them.

    ``verdict`` is REFUTED where left > right is proved, else UNKNOWN: an instance where a bound holds proves nothing
    about the others. ``ratio`` is a proved lower bound of left/right, None where there is none.
    """

    verdict: Verdict
    ratio: Fraction | None
    left: str
    right: str
    bits: int


def evaluate(bound: Bound, instance: Instance) -> Evaluation:
    """Enclose both sides and compare them.

    Raises :class:`Outside` for an instance that is not proved to satisfy the hypotheses.
    """
    found = None
    for bits in BITS:
        with precision(bits):
            left, right = bound.enclosed(instance)
            found = Evaluation(*_compared(left, right, bound.digits), str(Ball(left)), str(Ball(right)), bits)
            if all(side.is_exact() or side.rel_accuracy_bits() >= ACCURATE for side in (left, right)):
                break
    assert found is not None
    return found


def _compared(left: arb, right: arb, digits: int) -> tuple[Verdict, Fraction | None]:
    if not (left.is_finite() and right.is_finite()):
        return Verdict.UNKNOWN, None
    refuted = bool(left > right)
    verdict = Verdict.REFUTED if refuted else Verdict.UNKNOWN
    low, high = left.lower(), right.upper()
    if not low > 0:
        return verdict, None
    if not high > 0:
        return verdict, LARGEST if refuted else None
    return verdict, rounded_down((low / high).lower(), digits)


def rounded_down(ratio: arb, digits: int = DIGITS) -> Fraction:
    """A positive exact number rounded down to so many decimals.

    >>> rounded_down(arb(1) / 4)
    Fraction(1, 4)
    """
    if ratio > arb(LARGEST.numerator):
        return LARGEST
    if ratio < arb(2) ** -64:
        return Fraction(0)
    return Fraction(math.floor(exact(ratio) * 10**digits), 10**digits)


def score(bound: Bound, instance: Instance) -> float:
    """The proved part of the quotient left/right at the precision of a search, as a float; -inf where there is none."""
    try:
        with precision(bound.bits):
            left, right = bound.enclosed(instance)
            low, high = left.lower(), right.upper()
            ratio = float(low / high) if high > 0 else math.inf if low > high else -math.inf
    except (Outside, DerivationGap, PrecisionExhausted, ZeroDivisionError, OverflowError):
        return -math.inf
    return ratio if ratio == ratio else -math.inf
