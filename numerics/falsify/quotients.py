"""Rayleigh quotients in balls: what a side that counts by one end only needs to know of an eigenvalue."""

from __future__ import annotations

import numpy as np
from flint import arb, arb_mat

REFINED = 2
"""Steps of inverse iteration."""


def quotient(matrix: arb_mat, vector: arb_mat) -> arb:
    """x'Kx / x'x for a column x that is not zero."""
    above = (vector.transpose() * matrix * vector)[0, 0]
    return above / (vector.transpose() * vector)[0, 0]


def least_at_most(matrix: arb_mat) -> arb:
    """A ball whose upper end is at least the least eigenvalue of a symmetric matrix, and near it.

    It is the quotient of an exact vector, found in floats and by inverse iteration on midpoints.

    >>> least_at_most(arb_mat([[2, 1], [1, 2]])).contains(1)
    True
    """
    vector = _eigenvector(matrix, 0)
    for _ in range(REFINED):
        try:
            vector = matrix.mid().solve(vector).mid()
        except (ZeroDivisionError, ValueError):
            break
        size = float(max((abs(x) for x in vector.entries()), key=float))
        if not 0 < size < np.inf:
            return quotient(matrix, _eigenvector(matrix, 0))
        vector = (vector / arb(size)).mid()
    return quotient(matrix, vector)


def largest_at_least(matrix: arb_mat) -> arb:
    """A ball whose lower end is at most the largest eigenvalue of a symmetric matrix, and near it.

    >>> largest_at_least(arb_mat([[2, 1], [1, 2]])).contains(3)
    True
    """
    return quotient(matrix, _eigenvector(matrix, -1))


def _eigenvector(matrix: arb_mat, place: int) -> arb_mat:
    floats = np.array([[float(matrix[i, j].mid()) for j in range(matrix.ncols())] for i in range(matrix.nrows())])
    if not np.all(np.isfinite(floats)):
        return arb_mat([[1]] * matrix.nrows())
    return arb_mat([[x] for x in np.linalg.eigh(floats)[1][:, place].tolist()])
