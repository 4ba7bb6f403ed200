r"""One inequality of a theorem, checked at each recorded iterate of a finished run.

The statement is about the sequence of binary64 iterates that was computed, whatever rule produced it: both sides are
functions of those numbers, enclosed with every rounding accounted for. So "PROVED" means that the inequality holds for
the exact values of both sides at each recorded iterate; it says nothing about other runs.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import arb
from numpy.typing import ArrayLike, NDArray

from ...theory.errors import SpecError
from ...theory.verdict import Verdict
from ..balls.enclosure import float_above, float_below
from ..balls.ends import outward


@dataclass(frozen=True, eq=False)
class Bounds:
    """Proved bounds of one quantity at k recorded iterates: ``lower`` and ``upper``, (k,) float64, outward.

    NaN on either side means that nothing is known there; it is read as an infinite bound.

    >>> Bounds.of([1.0, 2.0], [1.5, 2.0]).length
    2
    """

    lower: NDArray[np.float64]
    upper: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.lower.ndim != 1 or self.lower.shape != self.upper.shape:
            raise SpecError("bounds along a trajectory: two arrays of one length are needed, one number per iterate.")
        if bool((self.lower > self.upper).any()):
            raise SpecError("bounds along a trajectory: a lower bound lies above its upper bound.")

    @classmethod
    def of(cls, lower: ArrayLike, upper: ArrayLike) -> Bounds:
        """From two sequences of float64 numbers that are already outward."""
        low, high = np.array(lower, dtype=np.float64), np.array(upper, dtype=np.float64)
        return cls(np.where(np.isnan(low), -math.inf, low), np.where(np.isnan(high), math.inf, high))

    @classmethod
    def of_balls(cls, balls: Iterable[arb]) -> Bounds:
        """From arb balls, rounded outward; a ball that is not finite says nothing.

        >>> found = Bounds.of_balls([arb(1) / 3])
        >>> bool(found.lower[0] < found.upper[0])
        True
        """
        pairs = [outward(ball) for ball in balls]
        return cls.of([low for low, _ in pairs], [high for _, high in pairs])

    @classmethod
    def exact(cls, values: Iterable[Fraction | float | int]) -> Bounds:
        """From exact numbers: each is enclosed between neighbouring floats."""
        numbers = [Fraction(x) for x in values]
        return cls.of([float_below(x) for x in numbers], [float_above(x) for x in numbers])

    @property
    def length(self) -> int:
        """How many iterates were recorded."""
        return self.lower.size

    def first(self, count: int) -> Bounds:
        """The bounds at the first ``count`` iterates."""
        return Bounds(self.lower[:count], self.upper[:count])

    def midpoints(self) -> list[float]:
        """Midpoints for a figure (the known end where the other is infinite)."""
        with np.errstate(invalid="ignore"):
            middle = (self.lower + self.upper) / 2
        known = np.where(np.isfinite(self.lower), self.lower, self.upper)
        return [float(x) for x in np.where(np.isfinite(middle), middle, known)]


def run_digest(*recorded: Bounds) -> str:
    """Which computed run a number belongs to: the first 16 digits of SHA-256 over its recorded bounds.

    The float64 iterates of a run depend in their last digits on the processor, those of an unstable run in all.

    >>> one, other = Bounds.exact([1, 2]), Bounds.exact([1, 3])
    >>> len(run_digest(one)), run_digest(one) == run_digest(one, other)
    (16, False)
    """
    found = hashlib.sha256()
    for bounds in recorded:
        found.update(bounds.lower.tobytes() + bounds.upper.tobytes())
    return found.hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Verified:
    """What is proved of an inequality along a trajectory.

    Attributes
    ----------
    name: which inequality.
    verdict: PROVED (at every recorded iterate), REFUTED (false at ``index``), UNKNOWN (undecided at ``index``).
    index: the first iterate where it is false, else the first where it is undecided, else None.
    iterates: how many were recorded.
    margin: the smallest proved ``right - left`` over the iterates before ``index`` (all of them when PROVED).
    """

    name: str
    verdict: Verdict
    index: int | None
    iterates: int
    margin: float

    def __str__(self) -> str:
        match self.verdict:
            case Verdict.PROVED:
                return f"{self.name}: holds at each of the {self.iterates} recorded iterates"
            case Verdict.REFUTED:
                return f"{self.name}: false at recorded iterate {self.index}"
            case _:
                return f"{self.name}: undecided at recorded iterate {self.index}"


def verify_inequality(name: str, left: Bounds, right: Bounds) -> Verified:
    """Whether ``left <= right`` at every recorded iterate.

    PROVED when the upper end of the left side is nowhere above the lower end of the right side; REFUTED when the two
    are separated the wrong way anywhere; UNKNOWN else, so that overlapping bounds never decide. An empty trajectory is
    UNKNOWN: it shows nothing.

    >>> falling = Bounds.exact([4.0, 2.0, 1.0])
    >>> verify_inequality("loss", falling, Bounds.exact([4.0, 3.0, 2.0])).verdict.name
    'PROVED'
    >>> str(verify_inequality("loss", falling, Bounds.exact([4.0, 1.5, 2.0])))
    'loss: false at recorded iterate 1'
    """
    if left.length != right.length:
        raise SpecError(f"{name}: the two sides have {left.length} and {right.length} iterates.")
    if left.length == 0:
        return Verified(name, Verdict.UNKNOWN, None, 0, -math.inf)
    holds, fails = left.upper <= right.lower, left.lower > right.upper
    # infinite ends compare as if they were numbers: inf <= inf says nothing
    holds &= np.isfinite(left.upper) | (right.lower == math.inf)
    holds &= np.isfinite(right.lower) | (left.upper == -math.inf)
    if bool(fails.any()):
        index, verdict = int(np.argmax(fails)), Verdict.REFUTED
    elif not bool(holds.all()):
        index, verdict = int(np.argmax(~holds)), Verdict.UNKNOWN
    else:
        index, verdict = left.length, Verdict.PROVED
    margin = float(_gap(left, right, index)) if index else -math.inf
    return Verified(name, verdict, None if verdict is Verdict.PROVED else index, left.length, margin)


def _gap(left: Bounds, right: Bounds, count: int) -> float:
    """The smallest lower bound of right - left over the first iterates."""
    exact = [
        Fraction(b) - Fraction(a) if math.isfinite(a) and math.isfinite(b) else None
        for a, b in zip(left.upper[:count].tolist(), right.lower[:count].tolist(), strict=True)
    ]
    known = [gap for gap in exact if gap is not None]
    return -math.inf if len(known) < len(exact) or not known else float_below(min(known))
