r"""Weighted sums over the Schur powers of a correlation matrix A, enclosed: of least eigenvalues, and of Gershgorin's.

.. math:: \sum_r w_r\,\lambda_{\min}(A^{\circ r}),\qquad
          \sum_{r\ge1} w_r \max\Bigl(0, 1 - \max_i \sum_{j\ne i} |A_{ij}|^r\Bigr) .

The sums are grouped: the least eigenvalue of a Schur power of a correlation matrix does not decrease with the exponent,
so all orders between two exponents of a grid are charged the eigenvalue of the lower one.
Source: docs/papers/deep_equilibrium/population.md, "Lower bounds".
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from flint import arb

from ...theory.verdict import Evidence
from ..balls.ball import Ball
from ..balls.budget import Budget
from ..balls.enclosure import Enclosure, float_above, float_below
from ..balls.ends import between
from ..balls.precision import precision
from ..balls.rounding import TINY, down, gamma, up
from ..kernels.ballmatrix import BallMatrix
from ..kernels.cosines import Cosines
from ..kernels.gram import hadamard_power
from .eigenvalue import least_eigenvalue

GRID = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
"""Exponents whose Schur powers are formed; the orders between them are grouped."""


@dataclass(frozen=True, slots=True)
class Term:
    """One group of a Schur bound: the exponent, the weight of its orders, the least eigenvalue of the power."""

    exponent: int
    weight: arb
    eigenvalue: Enclosure


@dataclass(frozen=True, slots=True)
class SchurBound:
    """A lower bound of λ_min(K): its enclosure and the groups it is the sum of."""

    value: Enclosure
    terms: tuple[Term, ...]


def as_cosines(matrix: BallMatrix) -> Cosines:
    """A correlation matrix with a radius (its diagonal is exactly 1) in the form that Schur powers are taken of."""
    mid = np.clip(matrix.mid, -1.0, 1.0)
    np.fill_diagonal(mid, 1.0)
    return Cosines(mid, float(np.max(matrix.rad)))


def schur_bound(weights: list[arb], rest: arb, base: Cosines, budget: Budget, bits: int) -> SchurBound:
    r"""Enclose :math:`\sum_g w_g\,\lambda_{\min}(A^{\circ r_g})` for the correlation matrix A in ``base``.

    ``weights[r]`` belongs to the order r; order 0 is left out (its matrix has rank one), and ``rest``, the weight of
    all orders beyond, is charged the last eigenvalue.
    """
    present = [r for r in range(1, len(weights)) if not weights[r].is_zero()]
    grid = [r for r in GRID if r < len(weights)]
    starts = sorted({next((r for r in present if r >= g), 0) for g in grid} - {0})
    terms: list[Term] = []
    quick = replace(budget, bits=64, max_bits=64)  # singular powers are common; more bits would not help the sum
    with precision(bits):
        total = arb(0)
        for k, start in enumerate(starts):
            last = k + 1 == len(starts)
            group = weights[start:] if last else weights[start : starts[k + 1]]
            weight = sum(group, arb(0)) + (rest if last else arb(0))
            eigenvalue = least_eigenvalue(hadamard_power(base, start, budget=budget), budget=quick, known_psd=True)
            terms.append(Term(start, weight, eigenvalue))
            total += weight * between(arb(eigenvalue.lower), arb(eigenvalue.upper))
    return SchurBound(nonnegative_enclosure(total, f"{len(terms)} Schur powers"), tuple(terms))


def gershgorin_sum(weights: list[arb], rest: arb, base: Cosines, bits: int) -> Enclosure:
    r"""Enclose :math:`\sum_{r\ge1} w_r \max(0, 1 - \max_i \sum_{j\ne i} |A_{ij}|^r)`, A the correlations in ``base``.

    The row sums are taken of powers of :math:`|\tilde A_{ij}| \pm \mathrm{rad}`, each product rounded: a factor
    :math:`1 \pm \gamma_{2r+n+2}` in all, and r·TINY for underflow. They fall with r, so ``rest`` is charged between the
    last value and 1.
    """
    size = np.abs(base.mid)
    np.fill_diagonal(size, 0.0)
    above, below = np.minimum(size + base.rad, 1.0), np.maximum(size - base.rad, 0.0)
    np.fill_diagonal(above, 0.0)
    high, low = np.ones_like(size), np.ones_like(size)
    with precision(bits):
        total, share = arb(0), between(arb(0), arb(1))
        for r in range(1, len(weights)):
            high *= above
            low *= below
            if weights[r].is_zero() and r + 1 < len(weights):
                continue
            slack = gamma(2 * r + base.n + 2)
            most = up(up(float(high.sum(axis=1).max()) + base.n * TINY * r) * up(1.0 + slack))
            least = max(down(down(float(low.sum(axis=1).max()) - base.n * TINY * r) * (1.0 - 2.0 * slack)), 0.0)
            share = between(arb(max(down(1.0 - most), 0.0)), arb(min(max(up(1.0 - least), 0.0), 1.0)))
            total += weights[r] * share
        total += rest * between(share.lower(), arb(1))
    return nonnegative_enclosure(total, "Gershgorin's discs of every Schur power")


def gershgorin_order(n: int, delta: float) -> int:
    r"""The least r with :math:`(n-1)\delta^r \le 1/2`, where ``delta`` < 1 is an upper bound of |C_ij|.

    >>> gershgorin_order(12, 0.5)
    5
    """
    if n == 1 or delta == 0.0:
        return 0 if n == 1 else 1
    guess = max(int(math.log(2 * (n - 1)) / -math.log(delta)) - 2, 0)
    with precision(64):
        while not (n - 1) * arb(delta) ** guess <= arb(0.5):
            guess += 1
    return guess


def nonnegative_enclosure(x: arb, method: str) -> Enclosure:
    """A ball around a number that is not negative, as an enclosure in float64."""
    ball = Ball(x)
    return Enclosure(max(float_below(ball.lower), 0.0), float_above(ball.upper), Evidence.ENCLOSED, method)
