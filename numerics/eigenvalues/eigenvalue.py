r"""A proved two-sided bound of the least eigenvalue of a ball matrix, and decisions that rest on it.

The ladder: float64 Cholesky (Rump), the residual of its factor, Temple's bound on a deflated Cholesky, one matrix below
all members where the entries have radii (and Rohn's vertices, as few as suffice), a quotient without rounding,
:math:`LDL^T` in balls at 128, 256,
... bits, exact elimination over the rationals; each rung records what it tried and why it stopped. Whatever happens,
the result is an enclosure; when the budget runs out it is only wider. Proofs: ``docs/error-analysis.md``."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from flint import arb
from numpy.typing import NDArray

from ...theory.verdict import Verdict
from ..balls.ball import Ball, enclose
from ..balls.budget import Budget
from ..balls.enclosure import Enclosure
from ..balls.precision import precision
from ..balls.rounding import require_ieee_arithmetic, total_up
from ..kernels.ballmatrix import BallMatrix
from .arb_rung import LDLTRung
from .blocked import Progress
from .float_rungs import CholeskyRung, TempleRung
from .interval_rung import IntervalRung
from .ladder import Goal, Known, Problem, Refine, Rung
from .quotient_rung import QuotientRung
from .rational import RationalRung
from .residual_rung import ResidualRung

FIRST_BITS = 128
ROWS = 256


def ladder(budget: Budget) -> Iterator[Rung]:
    """The rungs in the order in which they are climbed, cheapest first.

    >>> [rung.name for rung in ladder(Budget(max_bits=256))][-2:]
    ['arb LDL^T at 256 bits', 'exact characteristic polynomial']
    """
    yield CholeskyRung()
    yield ResidualRung()
    yield TempleRung()
    yield IntervalRung(climb)
    yield QuotientRung()
    bits = FIRST_BITS
    while bits <= budget.max_bits:
        yield LDLTRung(bits)
        bits *= 2
    if budget.max_bits >= FIRST_BITS:
        yield RationalRung()


def least_eigenvalue(
    matrix: BallMatrix,
    *,
    budget: Budget | None = None,
    refine: Refine | None = None,
    relative_width: float = 1e-6,
    known_psd: bool = False,
    progress: Progress | None = None,
) -> Enclosure:
    r"""An interval that contains :math:`\lambda_{\min}(A)` for every symmetric member A of the ball matrix.

    Parameters
    ----------
    matrix: (n, n) midpoints and radius.
    budget: ``max_bits`` and ``seconds`` limit the higher rungs.
    refine: gives the same matrix at a number of bits; without it, higher rungs work on the balls there are.
    relative_width: the ladder stops once ``upper - lower <= relative_width * lower``.
    known_psd: the caller knows by proof that the matrix meant is positive semidefinite; then 0 is a lower bound.
    progress: called with what the first rung is doing and the share of it that is done.

    >>> e = least_eigenvalue(BallMatrix(np.array([[2.0, 1.0], [1.0, 2.0]]), 0.0))
    >>> e.contains(1), e.relative_width < 1e-12
    (True, True)
    """
    problem = Problem(matrix, refine, budget or Budget(), Goal(relative_width), progress)
    return climb(problem, known_psd=known_psd).enclosure()


def decide_at_least(
    matrix: BallMatrix,
    bound: Fraction,
    *,
    budget: Budget | None = None,
    refine: Refine | None = None,
    known_psd: bool = False,
    strict: bool = False,
) -> tuple[Verdict, Enclosure]:
    r"""Whether :math:`\lambda_{\min}(A) \ge` ``bound`` for all members A (PROVED), for none (REFUTED), or UNKNOWN.

    With ``strict`` the question is whether it is greater. A singular matrix then has no positive least eigenvalue,
    which is found where its entries are exact numbers and the last rung can be afforded; when they are balls the
    answer is UNKNOWN, and its recognition needs an exact null vector
    (:mod:`certigram.numerics.eigenvalues.nullspace`).

    >>> matrix = BallMatrix(np.diag([1.0, 2.0, 3.0]), 0.0)
    >>> decide_at_least(matrix, Fraction(99, 100))[0].name, decide_at_least(matrix, Fraction(1), strict=True)[0].name
    ('PROVED', 'REFUTED')
    """
    goal = Goal(bound=Fraction(bound), strict=strict)
    known = climb(Problem(matrix, refine, budget or Budget(), goal), known_psd=known_psd)
    return known.judged(goal.bound or Fraction(0), strict=strict), known.enclosure()


def climb(problem: Problem, *, known_psd: bool = False) -> Known:
    """Climb the ladder until the goal is reached or no rung is left."""
    require_ieee_arithmetic()
    known = gershgorin(problem.matrix)
    if known_psd:
        known = known.with_bounds("positive semidefinite by construction", lower=Fraction(0))
        known = known.saying("known_psd", "the caller proved positive semidefiniteness: the lower end is at least 0.")
    if problem.matrix.n <= 2:
        return small(problem, known)
    for rung in ladder(problem.budget):
        if problem.goal.reached(known.lower, known.upper):
            break
        if isinstance(rung, IntervalRung) and not _interval(problem):
            continue
        if isinstance(rung, LDLTRung) and _exhausted(problem):
            known = known.saying(
                rung.name, "not tried: the radii of the entries are what is left; refine is not given."
            )
            break
        known = rung.climb(problem, known)
    return known


def _interval(problem: Problem) -> bool:
    """Whether the radii are those of the matrix that is meant, and not of its rounding to float64."""
    matrix = problem.matrix
    if problem.refine is not None or not np.any(matrix.rad):
        return False
    return matrix.arb is None or not all(x.is_exact() for x in matrix.arb.entries())


def _exhausted(problem: Problem) -> bool:
    """Whether more bits cannot help: float entries with a radius, and no way to sharpen them."""
    return problem.refine is None and problem.matrix.arb is None and bool(np.any(problem.matrix.rad))


def gershgorin(matrix: BallMatrix) -> Known:
    r"""The enclosure that costs nothing: :math:`-\|A\|_\infty \le \lambda_{\min}` and the least diagonal entry above.

    >>> k = gershgorin(BallMatrix(np.array([[2.0, 1.0], [1.0, 3.0]]), 0.0))
    >>> k.lower <= -4, k.upper
    (True, Fraction(2, 1))
    """
    i = int(np.argmin(np.diagonal(matrix.mid)))
    upper = Fraction(float(matrix.mid[i, i])) + Fraction(matrix.radius(i, i))
    norm = largest_row_sum(matrix.mid)
    lower = -Fraction(norm) - Fraction(matrix.radius_norm()) if np.isfinite(norm) else -Fraction(matrix.n) * 2**1024
    return Known(lower, upper, "largest row sum and least diagonal entry")


def largest_row_sum(a: NDArray[np.float64]) -> float:
    r"""An upper bound of :math:`\|a\|_\infty`, a block of rows at a time: no second matrix is needed.

    >>> largest_row_sum(np.array([[1.0, -2.0], [3.0, 0.5]])) >= 3.5
    True
    """
    n = a.shape[0]
    largest = max(float(np.abs(a[i : i + ROWS]).sum(axis=1).max()) for i in range(0, n, ROWS))
    return total_up(largest, n + 1)


def small(problem: Problem, known: Known) -> Known:
    r"""Orders 1 and 2 in closed form: :math:`\frac{a+c}{2} - \sqrt{\frac{(a-c)^2}{4} + b^2}`, monotone in a, c and |b|.

    For a + c > 0 it is :math:`(ac-b^2)/\bigl(\frac{a+c}2+\sqrt{\frac{(a-c)^2}4+b^2}\bigr)`. The corners of the ball
    matrix are exact rationals, the root is a ball; bits double until the goal is reached.
    """
    bits = max(FIRST_BITS, problem.budget.bits)
    while True:
        ends = _entry_ends(problem.matrix if problem.refine is None else problem.refine(bits))
        if ends is None:
            return known.saying("closed form", "an entry is not finite.")
        if problem.matrix.n == 1:
            lower, upper = ends[0][0]
        else:
            near, far = _magnitude(*ends[0][1])
            lower = _two_by_two(ends[0][0][0], ends[1][1][0], far, bits)[0]
            upper = _two_by_two(ends[0][0][1], ends[1][1][1], near, bits)[1]
        known = known.with_bounds("closed form", lower=lower, upper=upper)
        if problem.goal.reached(known.lower, known.upper) or bits * 2 > problem.budget.max_bits:
            return known.saying("closed form", f"order {problem.matrix.n}, {bits} bits.")
        bits *= 2


def _entry_ends(matrix: BallMatrix) -> list[list[tuple[Fraction, Fraction]]] | None:
    """The ends of every entry, exactly; None when one is not finite."""
    n = matrix.n
    if matrix.arb is not None:
        if not all(x.is_finite() for x in matrix.arb.entries()):
            return None
        return [[_ends(matrix.arb[i, j]) for j in range(n)] for i in range(n)]
    mid = [[Fraction(x) for x in row] for row in matrix.mid.tolist()]
    rad = [[Fraction(matrix.radius(i, j)) for j in range(n)] for i in range(n)]
    return [[(mid[i][j] - rad[i][j], mid[i][j] + rad[i][j]) for j in range(n)] for i in range(n)]


def _ends(x: arb) -> tuple[Fraction, Fraction]:
    ball = Ball(x)
    return ball.lower, ball.upper


def _magnitude(low: Fraction, high: Fraction) -> tuple[Fraction, Fraction]:
    """The least and the largest absolute value on an interval."""
    far = max(abs(low), abs(high))
    return (Fraction(0) if low <= 0 <= high else min(abs(low), abs(high))), far


def _two_by_two(a: Fraction, c: Fraction, b: Fraction, bits: int) -> tuple[Fraction, Fraction]:
    with precision(bits):
        square, half, determinant = (enclose(q) for q in ((a - c) ** 2 / 4 + b**2, (a + c) / 2, a * c - b**2))
        if half > 0:  # the product of the eigenvalues by the larger one: nothing cancels
            return _ends(determinant / (half + square.sqrt()))
        return _ends(half - square.sqrt())
