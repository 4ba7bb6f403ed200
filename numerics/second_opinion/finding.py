"""One number twice: an enclosure, and what mpmath makes of the same recipe."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Annotated

from mpmath import mp

from ...theory.errors import CertigramError
from ..records import ByName
from .equilibrium import number as exact
from .functions import Number
from .line import GUARD, Recomputed
from .recipes import EnclosedNumber, Ends, Recipe
from .recompute import FEWEST, MOST, recompute

SHARP = 40
"""Digits, relative to its scale, to which a number must agree whose enclosure is narrower than that."""
SHOWN = 42
"""Digits of the numbers that are written down."""


class Agreement(Enum):
    """What a second computation says of an enclosure."""

    AGREES = "the recomputed number lies in the enclosure, up to its own error, which is small beside it"
    UNDECIDED = "mpmath did not reach the accuracy that would decide"
    CONTRADICTS = "the recomputed number lies outside the enclosure by more than its own error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One number twice.

    ``enclosure`` and ``recomputed`` are text for a reader; ``radii`` is the distance of the recomputed number from the
    middle in radii of the enclosure (None for an exact one), ``digits`` how many digits both have in common, relative
    to the scale of the number. ``reason`` says why nothing was decided.
    """

    system: str
    subject: str
    claim: str
    kind: str
    where: str
    agreement: Annotated[Agreement, ByName()]
    enclosure: str
    recomputed: str
    error: str
    radii: float | None
    digits: int
    reason: str = ""


def settle(system: str, subject: str, number: EnclosedNumber, ends: Ends, recipe: Recipe) -> Finding:
    """Recompute a number and hold it against the ends of its enclosure."""
    about = system, subject, number.claim, number.kind, number.where
    lower, upper = ends
    try:
        found, agreement = _recomputed(recipe, ends)
    except (CertigramError, ArithmeticError, ValueError, mp.NoConvergence) as error:  # mpmath has several kinds
        why = f"mpmath: {error}".rstrip(".")
        return Finding(*about, Agreement.UNDECIDED, _enclosure(ends), "", "", None, 0, why)
    with mp.workdps(MOST + GUARD):
        low, high = map(exact, ends)
        middle, radius = (low + high) / 2, (high - low) / 2
        off = abs(found.value - middle)
        common = int(mp.floor(-mp.log10(off / max(found.scale, off)))) if off else MOST
        return Finding(
            *about,
            agreement,
            _enclosure(ends),
            mp.nstr(found.value, SHOWN),
            mp.nstr(found.error, 3),
            None if lower == upper else float(off / radius),
            min(common, MOST),
            _reason(found) if agreement is Agreement.UNDECIDED else "",
        )


def _reason(found: Recomputed) -> str:
    if found.lower_bound:
        return "the largest value that was found bounds the supremum from below only"
    return f"the error of mpmath, {mp.nstr(found.error, 3)}, is not small beside the enclosure"


def _recomputed(recipe: Recipe, ends: Ends) -> tuple[Recomputed, Agreement]:
    """The number, with more digits a second time where the first ones do not decide."""
    digits = digits_for(ends)
    found = recompute(recipe, digits)
    with mp.workdps(MOST + GUARD):
        low, high = map(exact, ends)
        agreement = verdict(found, low, high)
        missing = found.error / allowed(found, low, high)
        if agreement is not Agreement.UNDECIDED or not 1 < missing < mp.inf or digits == MOST:
            return found, agreement
        more = min(MOST, digits + int(mp.ceil(mp.log10(missing))) + 1)
        found = recompute(recipe, more)
        return found, verdict(found, low, high)


def verdict(found: Recomputed, low: Number, high: Number) -> Agreement:
    """Whether a recomputed number with its error lies in an interval."""
    if not (mp.isfinite(found.value) and mp.isfinite(found.error)):
        return Agreement.UNDECIDED
    outside = max(low - found.value, found.value - high)
    if found.lower_bound:
        outside = found.value - high
    if outside > found.error:
        return Agreement.CONTRADICTS
    if found.lower_bound and found.value + found.error < low:
        return Agreement.UNDECIDED
    return Agreement.AGREES if found.error <= allowed(found, low, high) else Agreement.UNDECIDED


def allowed(found: Recomputed, low: Number, high: Number) -> Number:
    """The largest error with which a number says something: a tenth of the radius, or :data:`SHARP` digits."""
    return max((high - low) / 20, found.scale * mp.mpf(10) ** -SHARP)


def digits_for(ends: Ends) -> int:
    """The digits that tell the ends apart, and some more.

    >>> from fractions import Fraction
    >>> digits_for((Fraction(1), Fraction(1) + Fraction(1, 10**30))), digits_for((Fraction(1), Fraction(1)))
    (35, 50)
    """
    lower, upper = ends
    size = max(abs(lower), abs(upper))
    if lower == upper or not size:
        return MOST
    with mp.workdps(15):
        return max(FEWEST, min(MOST, int(mp.ceil(-mp.log10(exact((upper - lower) / size)))) + 5))


def _enclosure(ends: Ends) -> str:
    with mp.workdps(MOST + GUARD):
        low, high = map(exact, ends)
        return f"{mp.nstr((low + high) / 2, SHOWN)} ± {mp.nstr((high - low) / 2, 3)}"
