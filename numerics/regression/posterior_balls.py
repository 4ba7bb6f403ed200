"""Posterior mean and variance in ball arithmetic: the same identity as in float64, at any number of bits.

Solutions are approximate midpoints; what is proved is the identity evaluated in balls. Proof: ``docs/prediction.md``,
section 1.
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb, arb_mat

from ..balls.enclosure import Enclosure
from ..balls.ends import nonnegative
from ..balls.precision import precision
from .problem import GUARD, Balls, NotDefinite, Regression, balls_of, require_definite, with_noise


@dataclass(frozen=True, slots=True, eq=False)
class BallPosterior:
    """Mean (t, o) and variance (t, 1) as balls, and the quadratic forms :math:`y^TM^{-1}y` (1, o)."""

    mean: arb_mat
    variance: arb_mat
    fit: arb_mat


def posterior_balls(problem: Regression, known: Enclosure, bits: int) -> BallPosterior:
    """The posterior at ``bits``; ``known`` is the proved spectrum of K + noise·I, :class:`NotDefinite` if not above 0.

    The cost is that of a few products of (n, n) matrices of balls and of one solution with t + o right-hand sides.
    """
    lower = require_definite(known, problem)
    with precision(bits + GUARD):
        balls = balls_of(problem, bits + GUARD)
        matrix, y = with_noise(balls.gram, problem.noise), problem.targets.balls()
        return _posterior(problem, balls, matrix, y, arb(lower))


def _posterior(problem: Regression, balls: Balls, matrix: arb_mat, y: arb_mat, lower: arb) -> BallPosterior:
    try:
        x = matrix.mid().solve(y.mid(), algorithm="approx").mid()
        z = matrix.mid().solve(balls.cross.mid(), algorithm="approx").mid()
    except ZeroDivisionError:
        raise NotDefinite("K + noise·I is singular to working precision: ask for more bits, or give noise.") from None
    r, s = y - matrix * x, balls.cross - matrix * z
    r_norms, s_norms = column_norm_balls(r), column_norm_balls(s)
    first = balls.cross.transpose() * x + z.transpose() * r
    t, o = first.nrows(), first.ncols()
    quadratic = [arb(0, (s_norms[j] * r_norms[i] / lower).upper()) for j in range(t) for i in range(o)]
    mean = first + arb_mat(t, o, quadratic)
    fit = [
        a + b + _upwards(r_norms[i] ** 2 / lower)
        for i, (a, b) in enumerate(zip(row_inner(x, y), row_inner(x, r), strict=True))
    ]
    reduction = zip(row_inner(balls.cross, z), row_inner(z, s), s_norms, strict=True)
    variances = [balls.prior[j, 0] - a - b - _upwards(e**2 / lower) for j, (a, b, e) in enumerate(reduction)]
    if problem.kernel:  # the Schur complement of a positive semidefinite matrix
        variances = [nonnegative(v) for v in variances]
    return BallPosterior(mean, arb_mat(t, 1, variances), arb_mat(1, o, fit))


def row_inner(a: arb_mat, b: arb_mat) -> list[arb]:
    """The inner products of equal columns of two (n, c) matrices.

    >>> [float(x) for x in row_inner(arb_mat([[1, 2], [3, 4]]), arb_mat([[1, 1], [1, 1]]))]
    [4.0, 6.0]
    """
    left, right = a.transpose().table(), b.transpose().table()
    return [(arb_mat([u]) * arb_mat([v]).transpose())[0, 0] for u, v in zip(left, right, strict=True)]


def column_norm_balls(x: arb_mat) -> list[arb]:
    """Upper bounds of the Euclidean norms of the columns of every member of an (n, c) matrix of balls."""
    return [sum((v.abs_upper() ** 2 for v in column), arb(0)).sqrt().upper() for column in x.transpose().table()]


def _upwards(bound: arb) -> arb:
    """A ball that contains [0, bound]."""
    return arb(0).union(bound.upper())
