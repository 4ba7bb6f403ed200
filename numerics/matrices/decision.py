"""What is proved of the least eigenvalue of a given matrix: two ends for every member, and whether a bound is kept."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from ...theory.verdict import Verdict
from ..balls.budget import Budget
from ..balls.enclosure import Enclosure, float_above, rounded_outward
from ..eigenvalues.eigenvalue import climb
from ..eigenvalues.ladder import Goal, Known, Problem
from ..kernels.ballmatrix import BallMatrix, read_only
from .given_matrix import GivenMatrix

MANY, FLOATS = 300, 64
"""Above so many rows the sign is settled first, by float64 where it can be; a precision with no other rungs."""


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
    if bound is None and given.n > MANY:
        known = _climbed(given, goal, replace(budget, bits=FLOATS, max_bits=FLOATS))
        if known.lower <= 0 < known.upper:
            known = _climbed(given, Goal(relative_width, edge, strict), budget)
    else:
        known = _climbed(given, goal, budget)
    verdict, found = known.judged(edge, strict=strict), _scaled(given, known)
    attained = None if known.attained is None else known.attained * given.scale
    if given.matrix.arb is not None:
        attained = None  # it may be that of a member of the float64 view alone
    reason = "" if verdict.rigorous else f"the bound lies inside the proved interval [{found.lower}, {found.upper}]"
    if not verdict.rigorous and attained is not None and attained < edge * given.scale:
        reason += (
            "; it does not hold for every matrix within the radii: the least eigenvalue of one (the radii rounded"
            f" outwards) is at most {float_above(attained)!r}"
        )
    return Decision(verdict, found, known.lower * given.scale, known.upper * given.scale, attained, reason)


def row_classes(given: GivenMatrix) -> list[tuple[int, int]] | None:
    r"""For each row i of an exact matrix the first row j with row i = s · row j, and s = ±1; None where none repeats.

    Then :math:`e_i - s\,e_j` is a null vector.

    >>> from .given import given_matrix
    >>> row_classes(given_matrix([[1, 0, -1], [0, 1, 0], [-1, 0, 1]]))
    [(0, 1), (1, 1), (0, -1)]
    """
    if not given.exact or given.matrix.arb is not None or given.n == 1:
        return None
    a, n = given.matrix.mid, given.n
    few = np.abs(a[:, [0, n // 2, n - 1]])  # equal rows agree here; few others do
    _, place, counts = np.unique(few, axis=0, return_inverse=True, return_counts=True)
    candidates = np.flatnonzero(counts[place.ravel()] > 1)
    classes, seen = [(i, 1) for i in range(n)], dict[bytes, tuple[int, int]]()
    for i in candidates.tolist():
        row = a[i] + 0.0  # one zero
        first = np.flatnonzero(row)
        sign = -1 if first.size and row[first[0]] < 0 else 1
        j, other = seen.setdefault((row if sign > 0 else 0.0 - row).tobytes(), (i, sign))
        classes[i] = (j, sign * other)
    return classes if any(i != j for i, (j, _) in enumerate(classes)) else None


def _climbed(given: GivenMatrix, goal: Goal, budget: Budget) -> Known:
    """The ladder; a matrix with equal or opposite rows is singular, and semidefinite when its different rows are so."""
    classes = row_classes(given)
    if classes is not None:
        kept = [i for i, (j, _) in enumerate(classes) if i == j]
        different = BallMatrix(read_only(given.matrix.mid[np.ix_(kept, kept)].copy()), 0.0)
        known = climb(Problem(different, None, budget, Goal(bound=Fraction(0), strict=True)))
        if known.lower >= 0:
            known = Known(Fraction(0), Fraction(0), "equal or opposite rows; " + known.method, known.steps)
            text = f"{given.n - len(kept)} rows repeat others, which alone are semidefinite: 0 is the least eigenvalue."
            return known.saying("equal or opposite rows", text)
    known = climb(Problem(given.matrix, given.refine, budget, goal))
    return known if classes is None else known.with_bounds("equal or opposite rows", upper=Fraction(0))


def _scaled(given: GivenMatrix, known: Known) -> Enclosure:
    return rounded_outward(known.lower * given.scale, known.upper * given.scale, known.method, known.steps)
