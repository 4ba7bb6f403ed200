r"""All members of an interval matrix at once: one exact float64 matrix below them, and the member that is lowest at x.

For the symmetric matrices A with :math:`|A - M| \le R` entry by entry and every vector x,

.. math:: \min_A x^TAx = x^TMx - |x|^TR|x| , \qquad
   |x|^TR|x| \le \sum_i \frac{(Rw)_i}{w_i}\,x_i^2 \quad\text{for every } w > 0 .

The minimum is attained at the *vertex* :math:`M - T_zRT_z`, z the signs of x (J. Rohn, *Positive definiteness and
stability of interval matrices*, SIAM J. Matrix Anal. Appl. 15 (1994) 175-184). The bound is the inequality of the
means, so that
:math:`B = M - \mathrm{diag}((Rw)_i/w_i)` lies below every member: a proof for B alone is one for all. With w = 1 or the
Perron vector of R it is the norm bound; with w the moduli of the lowest eigenvector of B it is the best of its kind,
and often exact. Signs that are fixed, for some of the indices, leave radii between the others only.
Proofs: ``docs/own-matrix.md``, "Interval matrices".
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ..balls.rounding import TINY, UNIT, gamma, lowered, raised, up
from ..kernels.ballmatrix import BallMatrix, read_only
from .rayleigh import SMALLEST_NORMAL, rayleigh_quotient

Vector = NDArray[np.float64]
Signs = NDArray[np.int8]

FLOOR = 2.0**-20
"""Weights are at least this share of the largest one: their quotients stay moderate."""


def weights(x: Vector) -> Vector:
    """Positive weights from the moduli of a vector, the largest about 1.

    >>> weights(np.array([-2.0, 0.0])).tolist()
    [1.0, 9.5367431640625e-07]
    """
    size = np.abs(x)
    largest = float(size.max())
    return np.maximum(size / largest, FLOOR) if 0.0 < largest < np.inf else np.ones(x.size)


def symmetric_radii(matrix: BallMatrix) -> Vector:
    """The radii as an (n, n) array; a symmetric member keeps to the smaller one of (i, j) and (j, i).

    >>> symmetric_radii(BallMatrix(np.eye(2), np.array([[0.0, 1.0], [2.0, 0.0]]))).tolist()
    [[0.0, 1.0], [1.0, 0.0]]
    """
    if isinstance(matrix.rad, np.ndarray):
        return np.minimum(matrix.rad, matrix.rad.T)
    return np.full(matrix.shape, float(matrix.rad))


def no_signs(n: int) -> Signs:
    """The signs of n indices, none of them fixed."""
    return np.zeros(n, dtype=np.int8)


def majorant_matrix(matrix: BallMatrix, w: Vector, signs: Signs | None = None) -> BallMatrix:
    r"""An exact float64 matrix B with :math:`x^TBx \le x^TAx` for every member A and every x with these signs.

    Parameters
    ----------
    matrix: (n, n) midpoints and radii.
    w: (n,), positive, as :func:`weights` makes them.
    signs: (n,), +1 or -1 where the sign of x is fixed, 0 where it is not; None: nowhere.

    >>> B = majorant_matrix(BallMatrix(np.diag([2.0, 3.0, 4.0]), 0.5), np.ones(3))
    >>> bool(np.all(np.diag(B.mid) <= [0.5, 1.5, 2.5])), B.rad
    (True, 0.0)
    """
    n = matrix.n
    radii = symmetric_radii(matrix)
    own = np.diagonal(radii).copy()
    off = matrix.mid.copy()
    if signs is not None and np.count_nonzero(signs) > 1:
        fixed = np.multiply.outer(signs, signs).astype(np.float64)
        off -= fixed * radii  # one rounding: the product is exact
        radii = np.where(fixed != 0.0, UNIT * np.abs(off) * (1.0 + 4.0 * UNIT) + TINY, radii)
    np.fill_diagonal(radii, 0.0)
    spread = (radii @ w) * up(1.0 + gamma(n + 4)) + 4.0 * n * SMALLEST_NORMAL
    lost = raised(raised(spread / w) + own) + 4.0 * TINY
    np.fill_diagonal(off, np.nextafter(np.diagonal(matrix.mid) - lost, -np.inf))
    return BallMatrix(read_only(off), 0.0)


def vertex(matrix: BallMatrix, x: Vector) -> Vector:
    """The member that is lowest at x, rounded to float64: a guess.

    >>> vertex(BallMatrix(np.eye(2), 0.5), np.array([1.0, -1.0])).tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    """
    z = np.where(x < 0, -1.0, 1.0)
    return np.asarray(matrix.mid - np.multiply.outer(z, z) * symmetric_radii(matrix), dtype=np.float64)


def lowest_member(matrix: BallMatrix, x: Vector) -> Fraction:
    r"""A proved upper bound of the least eigenvalue of one member: the vertex with the signs of x, and its quotient at
    x.

    >>> m = BallMatrix(np.array([[2.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 9.0]]), 0.5)
    >>> 0.99 < lowest_member(m, np.array([1.0, -1.0, 0.0])) < 1.01
    True
    """
    size = np.abs(x)
    n, slack = size.size, up(1.0 + gamma(3 * size.size + 8))
    if isinstance(matrix.rad, np.ndarray):
        form = float(size @ (symmetric_radii(matrix) @ size))
    else:
        form = float(matrix.rad) * float(size.sum()) ** 2
    spread = max(lowered(form / slack - 4.0 * n * n * SMALLEST_NORMAL), 0.0)
    least = max(lowered(spread / raised(float(size @ size) * slack)), 0.0)
    return rayleigh_quotient(matrix.mid, x, extended=True).upper - Fraction(least)
