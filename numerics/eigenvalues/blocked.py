r"""A Cholesky factorisation by panels: LAPACK's arithmetic with a report after every panel.

A panel of rows of :math:`L^T` is the given panel minus a product of what is done, then a triangular solve with its
diagonal block. The bound of :mod:`.cholesky` does not depend on the order of the sums, so it holds as it stands.
The same three steps on tiles of a matrix are what :mod:`certigram.numerics.scale.tiled` spreads over processes.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dtrsm
from scipy.linalg.lapack import dpotrf

Matrix = NDArray[np.float64]
Progress = Callable[[str, float], None]
"""Called with what is being done and the share of it that is finished, 0 to 1."""

PANEL = 1024


def factorise_tile(tile: Matrix) -> Matrix | None:
    """The lower triangular factor of a symmetric tile, zeros above its diagonal; None when LAPACK stops.

    >>> factorise_tile(np.array([[4.0, 2.0], [2.0, 2.0]])).tolist(), factorise_tile(np.array([[-1.0]]))
    ([[2.0, 0.0], [1.0, 1.0]], None)
    """
    factor, info = dpotrf(np.asfortranarray(tile), lower=1, clean=1, overwrite_a=0)
    pivots = np.diagonal(factor)
    if info != 0 or not (np.isfinite(pivots) & (pivots > 0.0)).all():
        return None
    return np.ascontiguousarray(factor)


def solve_tile(factor: Matrix, tile: Matrix) -> Matrix:
    r"""The tile X of L with :math:`X F^T =` ``tile`` for the factor F of the diagonal tile, by substitution.

    >>> solve_tile(np.array([[2.0, 0.0], [1.0, 1.0]]), np.array([[4.0, 3.0]])).tolist()
    [[2.0, 1.0]]
    """
    # in column order the transposes: F^T is upper triangular, and F X^T = tile^T
    solved = dtrsm(1.0, factor.T, tile.T, side=0, lower=0, trans_a=1, overwrite_b=0)
    return np.ascontiguousarray(np.asarray(solved, dtype=np.float64).T)


def factorise_panels(buffer: Matrix, *, progress: Progress | None = None, panel: int = PANEL) -> bool:
    r"""Overwrite the upper triangle of ``buffer``, (n, n) in C order, by :math:`L^T`; False when a pivot fails.

    Memory: two panels of ``panel`` rows besides the buffer.

    >>> b = np.array([[4.0, 2.0], [2.0, 2.0]])
    >>> factorise_panels(b, panel=1), b[0].tolist(), b[1, 1]
    (True, [2.0, 1.0], np.float64(1.0))
    """
    n = buffer.shape[0]
    for i in range(0, n, panel):
        j = min(i + panel, n)
        rows = buffer[i:j, i:]
        if i:
            rows -= buffer[:i, i:j].T @ buffer[:i, i:]
        factor = factorise_tile(rows[:, : j - i])
        if factor is None:
            return False
        rows[:, : j - i] = factor.T
        if j < n:
            solved = solve_tile(factor, np.ascontiguousarray(rows[:, j - i :].T))
            if not np.isfinite(solved).all():
                return False
            rows[:, j - i :] = solved.T
        if progress is not None:
            progress("Cholesky factorisation", 1.0 - (1.0 - j / n) ** 2 * (1.0 + 2.0 * j / n))
    return True
