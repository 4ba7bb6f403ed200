"""What is proved of the least eigenvalue of a given matrix: two ends for every member, and whether a bound is kept."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ...theory.verdict import Verdict
from ..balls.budget import Budget
from ..balls.enclosure import Enclosure, float_above, rounded_outward
from ..eigenvalues.eigenvalue import climb
from ..eigenvalues.ladder import Goal, Known, Problem
from .given import GivenMatrix


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """``found`` encloses the least eigenvalue of every member; ``reason`` says why a bound stays undecided.

    ``attained`` is at least the least eigenvalue of one member, where that is proved.
    """

    verdict: Verdict
    found: Enclosure
    lower: Fraction
    upper: Fraction
    attained: Fraction | None
    reason: str


def enclosed(given: GivenMatrix, *, budget: Budget, relative_width: float = 1e-6) -> Enclosure:
    """An interval that contains the least eigenvalue of every member, in the units that were given.

    >>> from .given import given_matrix
    >>> enclosed(given_matrix([["1/3", "1/3"], ["1/3", "1/3"]]), budget=Budget()).contains(0)
    True
    """
    return _scaled(given, _climbed(given, Goal(relative_width), budget))


def decide(given: GivenMatrix, bound: Fraction | None, *, budget: Budget, relative_width: float = 1e-6) -> Decision:
    """Whether the least eigenvalue is at least ``bound`` for all members (PROVED) or none (REFUTED); None: above 0.

    >>> from .given import given_matrix
    >>> decide(given_matrix([[2, 1], [1, 2]]), Fraction(1), budget=Budget()).verdict.name
    'PROVED'
    >>> decide(given_matrix([[1, 1], [1, 1]], radius="1/10"), None, budget=Budget()).verdict.name
    'UNKNOWN'
    """
    edge, strict = (Fraction(0), True) if bound is None else (bound / given.scale, False)
    goal = Goal(relative_width) if bound is None else Goal(relative_width, edge)
    known = _climbed(given, goal, budget)
    if bound is None and known.lower <= 0 < known.upper and equal_rows(given) is not None:
        known = known.with_bounds("equal rows", upper=Fraction(0))
    verdict, found = known.judged(edge, strict=strict), _scaled(given, known)
    attained = None if known.attained is None else known.attained * given.scale
    reason = "" if verdict.rigorous else f"the bound lies inside the proved interval [{found.lower}, {found.upper}]"
    if not verdict.rigorous and known.attained is not None and known.attained < edge:
        reason += (
            f"; it does not hold for every matrix within the radii: the least eigenvalue of one is at most"
            f" {float_above(known.attained * given.scale)!r}"
        )
    return Decision(verdict, found, known.lower * given.scale, known.upper * given.scale, attained, reason)


def equal_rows(given: GivenMatrix) -> tuple[int, int, int] | None:
    r"""Rows i and j of an exact matrix with row i = s · row j, s = ±1: then :math:`e_i - s\,e_j` is a null vector.

    >>> from .given import given_matrix
    >>> equal_rows(given_matrix([[1, 0, -1], [0, 1, 0], [-1, 0, 1]]))
    (0, 2, -1)
    """
    if not given.exact or given.entries is not None or given.matrix.arb is not None:
        return None
    a, seen = given.matrix.mid, dict[bytes, int]()
    for j in range(given.n):
        row = a[j] + 0.0  # one zero
        first = np.flatnonzero(row)
        sign = -1 if first.size and row[first[0]] < 0 else 1
        i = seen.setdefault((row if sign > 0 else 0.0 - row).tobytes(), j)
        if i != j:
            return i, j, 1 if np.array_equal(a[i], a[j]) else -1
    return None


def _climbed(given: GivenMatrix, goal: Goal, budget: Budget) -> Known:
    return climb(Problem(given.matrix, given.refine, budget, goal))


def _scaled(given: GivenMatrix, known: Known) -> Enclosure:
    return rounded_outward(known.lower * given.scale, known.upper * given.scale, known.method, known.steps)
