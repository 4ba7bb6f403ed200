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
