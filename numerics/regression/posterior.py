r"""Posterior mean and variance in float64, every rounding and radius accounted for.

With any :math:`\tilde x`, :math:`\tilde z`, their residuals :math:`r = y - M\tilde x`, :math:`s = k^* - M\tilde z` and
:math:`\lambda_{\min}(M) \ge \lambda > 0`,

.. math:: k^{*T}M^{-1}y = k^{*T}\tilde x + \tilde z^Tr + s^TM^{-1}r, \qquad |s^TM^{-1}r| \le |s||r|/\lambda,

an identity whose last term is quadratic in the residuals, and whose first two are linear in each entry of K and k*: so
the radius is what the radii of the entries allow to first order. Proof: ``docs/prediction.md``, section 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from ..balls.enclosure import float_above
from ..balls.rounding import UNIT, raised, up
from ..eigenvalues.cholesky import ShiftedCholesky, factorise
from ..kernels.ballarray import BallArray
from .problem import Regression, Ridge
from .products import LOST, Floats, column_norms, majorant, product, rounded, row_products, split, sums

PANEL = 512
"""Rows of the matrix that are split at a time."""
REFINEMENTS = 12


class Enclosed(NamedTuple):
    """An array of numbers known up to ``rad``, entry by entry."""

    mid: Floats
    rad: Floats


class Columns(NamedTuple):
    """Columns on the right of a system of equations: ``leading + rest`` up to ``error``, each (n, c)."""

    leading: Floats
    rest: Floats
    error: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """Approximate solutions, (n, c), and what is left of the right-hand sides for every matrix within the radii.

    ``residual`` is that of the midpoints, up to ``error``; ``norms``, (c,), bounds the residual of every member.
    """

    solution: Floats
    residual: Floats
    error: Floats
    norms: Floats


def columns(leading: Floats) -> Columns:
    """Columns of exact float64 numbers."""
    zero = np.zeros_like(leading)
    return Columns(leading, zero, zero)


def residual(given: Ridge, x: Floats, right: Columns) -> tuple[Floats, Floats]:
    r"""The residual :math:`b - (\mathrm{mid} + \mathrm{diag}(d))x` and a bound of its error, both (n, c)."""
    found, error = np.empty_like(right.leading), np.empty_like(right.leading)
    columns_of_x = split(np.ascontiguousarray(x.T))
    for i in range(0, x.shape[0], PANEL):
        rows = slice(i, min(i + PANEL, x.shape[0]))
        p = product(split(given.mid[rows]), columns_of_x)
        first = right.leading[rows] - p.leading
        second = first - p.rest
        cut = given.left[rows, None] * x[rows]
        small = right.rest[rows] - cut
        found[rows] = second + small
        roundings = sums(rounded(first, second, small, found[rows]), np.abs(cut) * (8.0 * UNIT))
        error[rows] = sums(p.error, roundings, right.error[rows])
    return found, error


def solved(given: Ridge, right: Columns, proof: ShiftedCholesky | None, radii: Floats | None = None) -> Solved:
    """Solve, and refine while the residual is more than what the radii make of it, and shrinks.

    ``radii`` (n, c) are those of the right-hand sides.
    """

    def approximate(b: Floats) -> Floats:
        if proof is not None:
            return proof.solve(b)
        try:
            return np.asarray(np.linalg.solve(given.mid, b), dtype=np.float64)
        except np.linalg.LinAlgError:
            return np.zeros_like(b)

    x = approximate(right.leading)
    if not np.isfinite(x).all():
        x = np.zeros_like(x)
    found, error = residual(given, x, right)
    for _ in range(REFINEMENTS):
        if (column_norms(found) <= column_norms(_others(given, x, error, radii))).all():
            break
        better = x + approximate(found)
        if not np.isfinite(better).all():
            break
        left, its_error = residual(given, better, right)
        gain = column_norms(left) < 0.5 * column_norms(found)
        x, found, error = (np.where(gain, b, a) for a, b in ((x, better), (found, left), (error, its_error)))
        if not gain.any():
            break
    return Solved(x, found, error, column_norms(sums(np.abs(found), _others(given, x, error, radii))))


def _others(given: Ridge, x: Floats, error: Floats, radii: Floats | None) -> Floats:
    """What the residual of a member may have beside that of the midpoints; there is no use in refining below it."""
    parts = [error, given.spread(np.abs(x)), *([] if radii is None else [radii])]
    return sums(*parts)


def mean(problem: Regression, given: Ridge, of_targets: Solved, of_tests: Solved, lower: float) -> Enclosed:
    r"""Enclosures of :math:`k^{*T}M^{-1}y`, (t, o)."""
    x, z = of_targets.solution, of_tests.solution
    main = product(split(np.ascontiguousarray(problem.cross.T)), split(np.ascontiguousarray(x.T)))
    correction = z.T @ of_targets.residual
    small = main.rest + correction
    mid = main.leading + small
    size = np.abs(z).T
    rounding_of_products = majorant(size, np.abs(of_targets.residual)) * (8.0 * UNIT * x.shape[0])
    linear = sums(
        majorant(size, sums(of_targets.error, given.spread(np.abs(x)))),
        majorant(np.ascontiguousarray(problem.cross_radii.T), np.abs(x)),
    )
    quadratic = last_term(of_tests.norms[:, None], of_targets.norms, lower)
    return Enclosed(mid, sums(main.error, rounding_of_products, rounded(small, mid), linear, quadratic))


def variance(problem: Regression, given: Ridge, of_tests: Solved, lower: float) -> Enclosed:
    r"""Enclosures of :math:`k^{**} - k^{*T}M^{-1}k^*`, (t,).

    The quadratic term has one sign. The matrix of a kernel on training and test points together is positive
    semidefinite, and so is M minus noise: the Schur complement is not negative, and the lower end is at least 0.
    """
    z, n = of_tests.solution, problem.n
    rows = np.ascontiguousarray(z.T)
    main = row_products(split(np.ascontiguousarray(problem.cross.T)), split(rows))
    correction = (z * of_tests.residual).sum(axis=0)
    first = problem.prior - main.leading
    second = first - main.rest
    mid = second - correction
    size = np.abs(z)
    spread = (size * sums(of_tests.error, given.spread(size), 2.0 * problem.cross_radii)).sum(axis=0)
    linear = raised(spread * up(1.0 + 4.0 * n * UNIT)) + (4.0 * n + 4.0) * LOST
    products = raised((size * np.abs(of_tests.residual)).sum(axis=0) * (8.0 * UNIT * n)) + (4.0 * n + 4.0) * LOST
    radius = sums(main.error, rounded(first, second, mid), products, linear, problem.prior_radii)
    below = sums(radius, last_term(of_tests.norms, of_tests.norms, lower))
    low, high = np.nextafter(mid - below, -np.inf), np.nextafter(mid + radius, np.inf)
    return not_negative(low, high) if problem.kernel else interval(low, high)


def interval(low: Floats, high: Floats) -> Enclosed:
    """The intervals [low, high] as midpoints and radii; one that begins at 0 does so too.

    >>> interval(np.array([0.0]), np.array([2.0]))
    Enclosed(mid=array([1.]), rad=array([1.]))
    """
    centre = 0.5 * low + 0.5 * high
    away = np.nextafter(np.maximum(high - centre, centre - low), np.inf)
    halved = (low == 0.0) & (centre + centre == high)  # exactly
    return Enclosed(centre, np.where(halved, centre, away))


def not_negative(low: Floats, high: Floats) -> Enclosed:
    """The parts of the intervals [low, high] that are not negative.

    >>> not_negative(np.array([-1.0]), np.array([2.0]))
    Enclosed(mid=array([1.]), rad=array([1.]))
    """
    return interval(np.maximum(low, 0.0), np.maximum(high, 0.0))


def square_root(x: BallArray) -> BallArray:
    """The square roots of enclosed numbers that are not negative.

    >>> float(square_root(BallArray(np.array([[4.0]]), 0.0)).mid[0, 0])
    2.0
    """
    low = np.maximum(np.nextafter(np.sqrt(np.maximum(np.nextafter(x.mid - x.rad, -np.inf), 0.0)), -np.inf), 0.0)
    high = np.nextafter(np.sqrt(np.nextafter(x.mid + x.rad, np.inf)), np.inf)
    return BallArray(*interval(low, high))


def last_term(a: Floats, b: Floats, lower: float) -> Floats:
    r"""An upper bound of :math:`|a||b|/\lambda` for norms of residuals, also where a product underflows.

    >>> bool(last_term(np.array([2.0**-600]), np.array([2.0**-600]), 2.0**-900)[0] >= 2.0**-300)
    True
    """
    return raised(a * (raised(b * float_above(1 / Fraction(lower))) + LOST)) + LOST


def factor(given: Ridge) -> ShiftedCholesky | None:
    """A factor to solve with; nothing is proved by it here."""
    proof = factorise(given.mid, 0.0)
    return proof if proof is None or math.isfinite(float(np.abs(np.diagonal(proof.factor)).max())) else None
