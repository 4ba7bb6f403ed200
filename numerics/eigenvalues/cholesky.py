r"""A proved lower bound of the least eigenvalue from one floating-point Cholesky factorisation.

If LAPACK's factorisation of :math:`B = \mathrm{fl}(A - cI)` runs to completion, then :math:`LL^T = B + \Delta B` with
:math:`\|\Delta B\|_2 \le \sum_i \frac{\gamma_{i+1}}{1-\gamma_{i+1}} b_{ii} + \text{underflow}`, so

.. math:: \lambda_{\min}(A) \;\ge\; c - \|\Delta B\|_2 .

Nothing about the computed factor is used but that it exists. Source: S. M. Rump, *Verification of positive
definiteness*, BIT 46 (2006) 433-452; Higham, *Accuracy and Stability of Numerical Algorithms*, 2nd ed., Theorem 10.3.
Our proof, with reciprocals of the diagonal, fused operations and any order of summation, and the assumption on the
BLAS: ``docs/error-analysis.md``, section "Cholesky".
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.lapack import dpotrf, dpotrs

from ..balls.enclosure import float_below
from ..balls.rounding import UNIT, sum_up, up
from .blocked import Progress, factorise_panels

Matrix = NDArray[np.float64]

LARGEST_DIAGONAL = 2.0**500
"""Beyond this the factorisation is refused: squares and reciprocals would be near the ends of the float64 range."""
LARGEST_ORDER = 1 << 24
"""Beyond this the simple majorant of γ/(1 − γ) in :func:`backward_error` is not proved."""
SMALLEST_NORMAL = 2.0**-1022
"""An operation that underflows is off by at most this, even where subnormal results are flushed to zero."""


def backward_error(diagonal: Matrix) -> float:
    r"""An upper bound of :math:`\|LL^T - B\|_2` for a completed factorisation of a matrix B with this diagonal.

    .. math:: \sum_{i=1}^n \frac{\gamma_{i+1}}{1-\gamma_{i+1}}\,b_{ii} + 8n(n+1+\max_i b_{ii})\,2^{-1022}

    The diagonal, shape (n,), is that of the matrix handed to LAPACK. Raises ``ValueError`` beyond the proved range
    (n >= 2^24, or a diagonal entry that is negative or above 2^500). Proof: ``docs/error-analysis.md``, "Cholesky".

    >>> 0.0 < backward_error(np.ones(1000)) < 6e-11
    True
    """
    n = int(diagonal.size)
    largest = float(diagonal.max())
    if n >= LARGEST_ORDER or not largest <= LARGEST_DIAGONAL or not float(diagonal.min()) >= 0.0:
        raise ValueError("the backward error bound holds for orders below 2^24 and diagonals in [0, 2^500]")
    # k u / (1 - 2 k u) <= k u (1 + 2^-26) for k <= 2^24; the product k*b_ii rounds once: both are under 1 + 2^-24.
    weighted = sum_up(np.arange(2.0, n + 2.0) * diagonal)
    rounding = up(up(weighted * (1.0 + 2.0**-24)) * UNIT)
    underflow = up(up(8.0 * n * up(n + 1.0 + largest)) * SMALLEST_NORMAL)
    return up(rounding + underflow)


@dataclass(frozen=True, slots=True)
class Shifted:
    """A completed factorisation at a ``shift``, off by at most ``error`` in the spectral norm."""

    shift: float
    error: float

    @property
    def lower(self) -> float:
        """The proved lower bound ``shift - error``, rounded downwards.

        >>> Shifted(0.5, 0.25).lower
        0.25
        """
        return float_below(Fraction(self.shift) - Fraction(self.error))


@dataclass(frozen=True, slots=True, eq=False)
class ShiftedCholesky(Shifted):
    """A factorisation of ``fl(A - shift*I)`` that ran to completion: the witness of ``lambda_min(A) >= lower``.

    Attributes
    ----------
    shift: the exact float64 number c.
    error: a proved bound of the backward error in the spectral norm.
    factor: (n, n), Fortran order; its lower triangle is L (the rest is not referenced).
    """

    factor: Matrix

    def solve(self, rhs: Matrix) -> Matrix:
        """An approximate solution of ``(A - shift*I) x = rhs``; nothing is proved of it."""
        x, _ = dpotrs(self.factor, rhs, lower=1)
        return np.asarray(x, dtype=np.float64)


def shifted_diagonal(diagonal: Matrix, shift: float) -> Matrix:
    """A float64 vector that is at most ``diagonal - shift`` in every entry, and within two roundings of it.

    >>> bool(shifted_diagonal(np.array([1.0]), 0.1)[0] < 0.9)
    True
    """
    return np.nextafter(diagonal - shift, -np.inf)


def factorise(
    a: Matrix, shift: float, *, work: Matrix | None = None, progress: Progress | None = None
) -> ShiftedCholesky | None:
    r"""Try to factorise ``a - shift*I``; None when LAPACK stops, which proves nothing at all.

    Parameters
    ----------
    a: (n, n) float64, C order; the statement is about the symmetric matrix that has the upper triangle of ``a``.
    shift: the number c.
    work: an (n, n) float64 array in C order to be overwritten by the factor (a factor that lived there is lost).
    progress: told the share of the work that is done; the factorisation then goes by panels.

    Returns
    -------
    The witness of :math:`\lambda_{\min}(a) \ge c - \text{error}`, or None. Memory: ``work`` and nothing else.

    Reference: S. M. Rump, BIT 46 (2006); proof in ``docs/error-analysis.md``, "Cholesky".

    >>> a = np.array([[2.0, 1.0], [1.0, 2.0]])          # eigenvalues 1 and 3
    >>> proof = factorise(a, 1 - 1e-14)
    >>> 1 - 3e-14 < proof.lower < 1, factorise(a, 1 + 1e-14) is None
    (True, True)
    """
    buffer = np.empty(a.shape) if work is None else work
    np.copyto(buffer, a)
    np.fill_diagonal(buffer, shifted_diagonal(np.diagonal(a), shift))
    return factorise_in_place(buffer, shift, progress=progress)


def factorise_in_place(buffer: Matrix, shift: float, *, progress: Progress | None = None) -> ShiftedCholesky | None:
    """Like :func:`factorise` for a matrix that already has ``shift`` subtracted; overwrites it.

    The backward error then speaks of the matrix in ``buffer``; ``shift`` is only carried along.
    """
    diagonal = np.diagonal(buffer).copy()
    if not ((diagonal > 0.0) & (diagonal <= LARGEST_DIAGONAL)).all():
        return None
    if progress is None:
        factor, info = dpotrf(buffer.T, lower=1, clean=0, overwrite_a=1)
    else:
        factor, info = buffer.T, int(not factorise_panels(buffer, progress=progress))
    pivots = np.diagonal(factor)
    if info != 0 or not (np.isfinite(pivots) & (pivots > 0.0)).all():
        return None
    return ShiftedCholesky(shift, backward_error(diagonal), factor)
