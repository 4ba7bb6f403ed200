"""The vocabulary of the eigenvalue ladder: the problem, the goal, what is known so far, and a rung.

A rung is a small object with a name that takes what is known and returns what is known afterwards, with one sentence
on what it tried and why it stopped. The ladder climbs until the goal is reached; a new method is a new rung in the
tuple, nothing else changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ...theory.verdict import Verdict
from ..balls.budget import Budget
from ..balls.enclosure import Enclosure, rounded_outward
from ..kernels.ballmatrix import BallMatrix
from .blocked import Progress

Refine = Callable[[int], BallMatrix]
"""Gives the same matrix at more bits (its ``arb`` filled in)."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What would be good enough: a relative width, or a bound that is settled one way or the other.

    ``strict`` means that ``lower == bound`` does not settle it (positivity).
    """

    relative_width: float = 1e-6
    bound: Fraction | None = None
    strict: bool = False

    def reached(self, lower: Fraction, upper: Fraction) -> bool:
        """Whether the interval [lower, upper] is good enough: narrow beside its nearer end to 0, on one side of it.

        >>> Goal().reached(Fraction(1), Fraction(2)), Goal(bound=Fraction(3)).reached(Fraction(1), Fraction(2))
        (False, True)
        >>> Goal(0.1).reached(Fraction(-22), Fraction(-20)), Goal(0.1).reached(Fraction(0), Fraction(0))
        (True, True)
        """
        if self.bound is None:
            if not lower <= 0 <= upper:
                return upper - lower <= Fraction(self.relative_width) * min(abs(lower), abs(upper))
            return lower == upper
        return self.kept(lower) or upper < self.bound or (self.strict and upper == self.bound)

    def kept(self, lower: Fraction) -> bool:
        """Whether a proved lower end keeps the bound; without a bound it does.

        >>> Goal(bound=Fraction(1)).kept(Fraction(1)), Goal(bound=Fraction(1), strict=True).kept(Fraction(1))
        (True, False)
        """
        return self.bound is None or lower > self.bound or (lower == self.bound and not self.strict)


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """The matrix, a way to more bits (or None), the budget and the goal; ``progress`` is told how far a rung is."""

    matrix: BallMatrix
    refine: Refine | None
    budget: Budget
    goal: Goal
    progress: Progress | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What is proved so far: ``lower <= least eigenvalue <= upper``; and the guess that the next rung starts from.

    ``vector`` is an approximate eigenvector, ``second`` a guess at the second eigenvalue; neither is trusted.
    ``spent`` is the forecast of the seconds that the rungs took, those that forecast at all. ``attained`` is at least
    the least eigenvalue of *one* member of the ball matrix, where that is proved: no lower end is above it.
    """

    lower: Fraction
    upper: Fraction
    method: str
    steps: tuple[str, ...] = ()
    vector: NDArray[np.float64] | None = None
    second: float | None = None
    spent: float = 0.0
    attained: Fraction | None = None

    def seconds_left(self, problem: Problem) -> float:
        """What the budget leaves by forecast: never by the clock, so that a result does not depend on the machine."""
        return problem.budget.seconds - self.spent

    def with_bounds(self, method: str, *, lower: Fraction | None = None, upper: Fraction | None = None) -> Known:
        """The same, intersected with another enclosure; ``method`` is recorded when it improved an end.

        >>> k = Known(Fraction(0), Fraction(4), "first").with_bounds("second", lower=Fraction(1), upper=Fraction(9))
        >>> k.lower, k.upper, k.method
        (Fraction(1, 1), Fraction(4, 1), 'first; second')
        """
        low = self.lower if lower is None else max(self.lower, lower)
        high = self.upper if upper is None else min(self.upper, upper)
        if low > high:
            raise AssertionError(
                f"proved bounds contradict each other: {float(low)!r} > {float(high)!r} ({self.method}; {method}). "
                "Either the entries are not symmetric, or the arithmetic of this machine is not IEEE 754."
            )
        improved = low > self.lower or high < self.upper
        known = self.method.split("; ") if self.method else []
        label = "; ".join([*known, method]) if improved and method not in known else self.method
        return replace(self, lower=low, upper=high, method=label)

    def attaining(self, value: Fraction) -> Known:
        """The same, one member of the ball matrix having a least eigenvalue of at most ``value``."""
        return replace(self, attained=value if self.attained is None else min(value, self.attained))

    def saying(self, rung: str, sentence: str) -> Known:
        """The same with one more step on record."""
        return replace(self, steps=(*self.steps, f"{rung}: {sentence}"))

    def judged(self, bound: Fraction, *, strict: bool = False) -> Verdict:
        """Whether the least eigenvalue is at least ``bound`` (above it when ``strict``) for all members, or for none.

        >>> Known(Fraction(1), Fraction(1), "exact").judged(Fraction(1), strict=True).name
        'REFUTED'
        """
        if self.lower > bound or (self.lower == bound and not strict):
            return Verdict.PROVED
        return Verdict.REFUTED if self.upper < bound or (self.upper == bound and strict) else Verdict.UNKNOWN

    def enclosure(self) -> Enclosure:
        """The proved interval, rounded outwards to float64."""
        return rounded_outward(self.lower, self.upper, self.method, self.steps)


class Rung(Protocol):
    """One method of the ladder."""

    @property
    def name(self) -> str:
        """How the rung appears in the record."""
        ...

    def climb(self, problem: Problem, known: Known) -> Known:
        """Improve what is known, and say what was tried and why it stopped."""
        ...
