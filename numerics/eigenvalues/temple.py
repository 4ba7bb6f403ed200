r"""A second lower bound of the least eigenvalue, with an error that is quadratic in a residual.

Let v be any vector, :math:`\rho` its Rayleigh quotient and :math:`\varepsilon = \|Av-\sigma v\|/\|v\|`. If
:math:`x^TAx \ge \beta\|x\|^2` for all :math:`x \perp v` and :math:`\beta > \rho`, then

.. math:: \lambda_{\min}(A) \;\ge\; \rho - \frac{\varepsilon^2}{\beta - \rho} .

The hypothesis is proved by one Cholesky factorisation of :math:`A + \tau vv^T - \beta' I`, whose backward error now
only has to be smaller than the gap to the second eigenvalue. Source: G. Temple (1928), T. Kato (1949) for the bound;
our proof from the Schur complement, and of the deflated factorisation: ``docs/error-analysis.md``, "Temple's bound".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy.linalg.blas import dsyr

from ..balls.enclosure import float_below
from ..balls.rounding import gamma, norm_up, raised, up
from .cholesky import SMALLEST_NORMAL, Matrix, ShiftedCholesky, factorise_in_place, shifted_diagonal
from .rayleigh import RayleighQuotient


@dataclass(frozen=True, slots=True, eq=False)
class ComplementBound:
    r"""A proved :math:`\beta` with :math:`x^TAx \ge \beta\|x\|^2` for all :math:`x \perp v`, and its factor."""

    beta: float
    proof: ShiftedCholesky

    def solve(self, rhs: Matrix) -> Matrix:
        """An approximate solution with the deflated, shifted matrix."""
        return self.proof.solve(rhs)


def complement_lower_bound(
    a: Matrix, v: Matrix, tau: float, shift: float, *, work: Matrix | None = None
) -> ComplementBound | None:
    r"""A :math:`\beta` by ``shift`` with :math:`x^TAx \ge \beta\|x\|^2` for all :math:`x \perp v`; None without proof.

    Factorises :math:`\mathrm{fl}(A + \tau vv^T) - cI`; ``a`` is (n, n) float64 in C order, symmetric, ``tau > 0``.

    >>> a = np.diag([1.0, 5.0, 7.0])
    >>> 4.8 < complement_lower_bound(a, np.array([1.0, 0.0, 0.0]), 8.0, 4.9).beta < 4.9
    True
    """
    buffer = np.empty(a.shape) if work is None else work
    np.copyto(buffer, a)
    dsyr(tau, v, lower=1, a=buffer.T, overwrite_a=1)
    np.fill_diagonal(buffer, shifted_diagonal(np.diagonal(buffer), shift))
    proof = factorise_in_place(buffer, shift)
    if proof is None:
        return None
    size = float(np.sqrt(np.vdot(a, a) + a.size * SMALLEST_NORMAL)) * up(1.0 + gamma(a.size + 4))
    length = norm_up(v)
    forming = raised(gamma(8) * up(size + up(tau * up(length * length))))
    forming += a.size * 4.0 * SMALLEST_NORMAL * (1.0 + length)
    if not math.isfinite(forming):
        return None
    return ComplementBound(float_below(Fraction(shift) - Fraction(proof.error) - Fraction(up(forming))), proof)


def temple_lower_bound(quotient: RayleighQuotient, beta: float) -> Fraction | None:
    """The bound above from an enclosed quotient and a proved ``beta``; None when ``beta`` does not exceed the quotient.

    >>> from certigram.numerics.eigenvalues.rayleigh import rayleigh_quotient
    >>> q = rayleigh_quotient(np.diag([1.0, 5.0]), np.array([1.0, 1e-9]))
    >>> 1 - 1e-14 < float(temple_lower_bound(q, 4.0)) <= 1
    True
    """
    gap = Fraction(beta) - quotient.upper
    if gap <= 0:
        return None
    return quotient.lower - Fraction(quotient.residual) ** 2 / gap
