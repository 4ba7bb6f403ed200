r"""The spectral norm of a floating-point matrix, bounded on both sides.

Lower end: :math:`\lVert A v\rVert / \lVert v\rVert` for the vector that Lanczos found. Upper end: when the
floating-point Cholesky factorisation of :math:`cI - A^\top A` runs to its end, :math:`\lVert A\rVert_2^2 \le c + e`
with an a-priori bound e of all roundings (``docs/theory/finite-width.md``, section 3).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import scipy.linalg
import scipy.sparse.linalg
from numpy.typing import NDArray

from ..balls.rounding import UNIT, down, gamma, sum_up, up

LOST = 2.0**-500
"""More than squares that underflow can add to a computed norm."""
_DENSE = 48  # below this order a full singular value decomposition is cheaper than Lanczos


@dataclass(frozen=True, slots=True)
class NormBounds:
    """``lower <= ||A||_2 <= upper``; ``upper`` is infinite when no factorisation succeeded."""

    lower: float
    upper: float


def operator_norm(matrix: NDArray[np.float64], approximate: NDArray[np.float32] | None = None) -> NormBounds:
    r"""Both bounds of :math:`\lVert A\rVert_2` for a real matrix of float64 numbers.

    Parameters
    ----------
    matrix: (k, m) float64, finite.
    approximate: the same matrix in float32, when at hand: Lanczos then runs at half the cost. It only proposes a
        vector; both bounds are computed from ``matrix``.

    Raises ``ValueError`` for a matrix that is empty or not finite. Cost: one product :math:`A^\top A` and one Cholesky
    factorisation. Proof: ``docs/theory/finite-width.md``, section 3 (after Rump, BIT 46 (2006)).

    >>> bounds = operator_norm(np.diag([3.0, 4.0]))
    >>> bounds.lower <= 4.0 <= bounds.upper < 4.01
    True
    """
    if matrix.ndim != 2 or matrix.size == 0 or not np.isfinite(matrix).all():
        raise ValueError("the norm is defined for a finite, non-empty matrix")
    rows, order = matrix.shape
    vector = _leading_vector(matrix, approximate)
    # The computed norm of the computed A v is off by at most the relative gamma of a sum of squares plus the
    # product's gamma_m |A| |v|, whose norm is at most gamma_m ||A||_F ||v||.
    frobenius = up(math.sqrt(sum_up(matrix * matrix) * (1 + 4 * UNIT)))
    length = float(np.linalg.norm(vector))
    image = float(np.linalg.norm(matrix @ vector))
    slack = gamma(max(rows, order) + 4)
    lower = max(down(image / length * (1 - 4 * slack)) - up(2 * gamma(order + 4) * frobenius) - LOST, 0.0)
    product = matrix.T @ matrix
    if not np.isfinite(product).all():
        return NormBounds(lower, math.inf)
    for excess in (2.0**-12, 2.0**-9, 2.0**-6, 2.0**-3, 1.0):
        shift = float((image / length) ** 2 * (1 + excess)) + 2.0**-1000
        shifted = -product
        shifted[np.diag_indices(order)] += shift
        try:
            factor = scipy.linalg.cholesky(shifted, overwrite_a=True, check_finite=False)
        except np.linalg.LinAlgError:
            continue
        if not (np.diagonal(factor) > 0).all():  # also false for NaN
            continue
        # 2 gamma_{m+2} trace: the factorisation; gamma_rows ||A||_F^2: the product; 2 u (c + ||A||_F^2): the shift.
        square = shift + 2 * gamma(order + 3) * order * shift + 2 * gamma(rows + 3) * frobenius**2 + 2.0**-900
        return NormBounds(lower, up(math.sqrt(square * (1 + 16 * UNIT))))
    return NormBounds(lower, math.inf)


def _leading_vector(matrix: NDArray[np.float64], approximate: NDArray[np.float32] | None) -> NDArray[np.float64]:
    """An approximate right singular vector to the largest singular value, not zero; deterministic."""
    rows, order = matrix.shape
    if not matrix.any():
        return np.ones(order)
    if min(rows, order) <= _DENSE:
        return np.asarray(np.linalg.svd(matrix)[2][0], dtype=np.float64)
    working: NDArray[np.float32] | NDArray[np.float64] = matrix if approximate is None else approximate
    start = np.random.Generator(np.random.PCG64(0)).standard_normal(min(rows, order)).astype(working.dtype)
    try:
        found = scipy.sparse.linalg.svds(
            working, k=1, tol=1e-4, v0=start, return_singular_vectors="vh" if rows >= order else True
        )[2][0]
    except scipy.sparse.linalg.ArpackError:
        found = np.linalg.svd(matrix)[2][0]
    vector = np.asarray(found, dtype=np.float64)
    return vector if np.isfinite(vector).all() and vector.any() else np.ones(order)
