"""A proved interval [lower, upper] in float64, rounded outwards."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from ...theory.verdict import Evidence, Verdict


def float_below(q: Fraction | float) -> float:
    """The largest float64 that is at most ``q`` (``-inf`` below the range); a float is that itself.

    >>> float_below(Fraction(1, 3)) <= Fraction(1, 3) < float_above(Fraction(1, 3))
    True
    """
    if isinstance(q, float):
        return q
    try:
        f = float(q)
    except OverflowError:
        return -math.inf if q < 0 else math.nextafter(math.inf, 0.0)
    return math.nextafter(f, -math.inf) if Fraction(f) > q else f


def float_above(q: Fraction | float) -> float:
    """The smallest float64 that is at least ``q``; a float is that itself."""
    return 0.0 - float_below(-q)  # not -x, which would make -0.0 of 0


@dataclass(frozen=True, slots=True)
class Enclosure:
    """``lower <= value <= upper``, both ends exact float64 numbers; ``method`` says how it was proved.

    ``steps`` lists what was tried on the way, one sentence each.
    """

    lower: float
    upper: float
    evidence: Evidence
    method: str = ""
    steps: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if math.isnan(self.lower) or math.isnan(self.upper) or self.lower > self.upper:
            raise ValueError(f"[{self.lower}, {self.upper}] is not an enclosure")

    @property
    def relative_width(self) -> float:
        """(upper − lower) / lower, infinite when the lower end is not positive."""
        return (self.upper - self.lower) / self.lower if self.lower > 0 else math.inf

    def contains(self, value: float | Fraction) -> bool:
        """Whether an exact number lies inside."""
        return self.lower <= value <= self.upper

    def at_least(self, bound: Fraction) -> Verdict:
        """Whether the enclosed value is at least ``bound``: PROVED, REFUTED, or UNKNOWN when the bound lies inside.

        >>> Enclosure(1.0, 2.0, Evidence.ENCLOSED).at_least(Fraction(3, 2)) is Verdict.UNKNOWN
        True
        """
        if Fraction(self.lower) >= bound if math.isfinite(self.lower) else self.lower > 0:
            return Verdict.PROVED
        if Fraction(self.upper) < bound if math.isfinite(self.upper) else self.upper < 0:
            return Verdict.REFUTED
        return Verdict.UNKNOWN

    def __str__(self) -> str:
        return f"[{self.lower!r}, {self.upper!r}]"


def rounded_outward(lower: Fraction, upper: Fraction, method: str, steps: tuple[str, ...] = ()) -> Enclosure:
    """The proved interval [lower, upper] in float64."""
    return Enclosure(float_below(lower), float_above(upper), Evidence.ENCLOSED, method, steps)
