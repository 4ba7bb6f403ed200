r"""The theory's own lower bounds of the least eigenvalue, evaluated with enclosures.

.. math::
    \mathrm{LB}_P = \sum_r \mu_r(\sqrt s)^2\,\lambda_{\min}(P^{\circ r}),\quad
    \mathrm{LB}_X = \sum_r \mu_r(\sqrt s)^2 (2/s)^r\,\lambda_{\min}(C^{\circ r}),\quad
    \mathrm{LB}_F = \lambda_{\min}\Bigl(\sum_{r<R} k_r C^{\circ r}\Bigr),\quad
    \mathrm{LB}_G = \sum_r \mu_r(\sqrt s)^2 (2/s)^r \max\Bigl(0, 1 - \max_i \sum_{j\ne i}|C_{ij}|^r\Bigr)
    \ge \tfrac12\sum_{r\ge r_0}\mu_r(\sqrt s)^2 (2/s)^r .

The sums are grouped: the least eigenvalue of a Schur power of a correlation matrix does not decrease with the exponent,
so all orders between two exponents of a grid are charged the eigenvalue of the lower one.
Source: docs/theory/deep-equilibrium.md, "Lower bounds".
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from flint import arb

from .....theory.verdict import Evidence
from ....balls.ball import Ball
from ....balls.budget import Budget
from ....balls.enclosure import Enclosure, float_above, float_below
from ....balls.ends import between
from ....balls.precision import precision
from ....balls.rounding import TINY, down, gamma, up
from ....eigenvalues.eigenvalue import least_eigenvalue
from ....hermite import HermiteTransform, hermite_transform
from ....kernels.ballmatrix import BallMatrix
from ....kernels.cosines import Cosines
from ....kernels.gram import gram_truncated, hadamard_power
from .kernel import EquilibriumKernel

GRID = (1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
"""Exponents whose Schur powers are formed; the orders between them are grouped."""
TRUNCATIONS = (4, 8, 16, 32, 64)
"""Values of R at which LB_F is evaluated."""
EXTRA_ORDERS = 64
"""Orders beyond r_0 that are summed for LB_G; the rest is only bounded."""


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
    return SchurBound(_enclosure(total, f"{len(terms)} Schur powers"), tuple(terms))


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
    return _enclosure(total, "Gershgorin's discs of every Schur power")


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


@dataclass(frozen=True, eq=False)
class LowerBounds:
    """The bounds for one kernel on one data set; each is computed at its first use and kept.

    Those through the inputs take the Schur powers of C with the weights μ_r² (v/s)^r, v = 2 C_ii; those through the
    correlations the powers of P with the weights μ_r².
    """

    kernel: EquilibriumKernel
    cosines: Cosines
    correlation: BallMatrix
    budget: Budget

    def _weights(self, hermite: HermiteTransform, bits: int, *, inputs: bool) -> tuple[list[arb], arb]:
        """The weights of the orders that are known, and of all others together."""
        point = self.kernel.fixed_point
        with precision(bits):
            if not inputs:
                return [mu * mu for mu in hermite.coefficients], hermite.tail
            ratio = point.input_variance / point.s
            weights = [mu * mu * ratio**r for r, mu in enumerate(hermite.coefficients)]
            return weights, between(arb(0), (hermite.tail * ratio ** len(weights)).upper())

    @cached_property
    def _correlations(self) -> Cosines:
        return as_cosines(self.correlation)

    @cached_property
    def through_correlations(self) -> SchurBound:
        """LB_P."""
        hermite = self.kernel.hermite
        weights, rest = self._weights(hermite, hermite.bits, inputs=False)
        return schur_bound(weights, rest, self._correlations, self.budget, hermite.bits)

    @cached_property
    def through_inputs(self) -> SchurBound:
        """LB_X; the orders beyond those of the transform are left out."""
        hermite = self.kernel.hermite
        weights, _ = self._weights(hermite, hermite.bits, inputs=True)
        return schur_bound(weights, arb(0), self.cosines, self.budget, hermite.bits)

    @cached_property
    def through_series(self) -> dict[int, Enclosure]:
        """LB_F for each R of ``TRUNCATIONS`` (up to the order of the kernel): λ_min of the truncated series."""
        found: dict[int, Enclosure] = {}
        for length in TRUNCATIONS:
            if length > self.kernel.series.order:
                break
            coefficients = dict(enumerate(self.kernel.series.coefficients[:length]))
            with precision(self.kernel.hermite.bits):
                matrix = gram_truncated(coefficients, self.cosines, budget=self.budget)
            found[length] = least_eigenvalue(matrix, budget=self.budget, known_psd=True)
        return found

    @cached_property
    def discs(self) -> Enclosure:
        """LB_G: Gershgorin's bound of every Schur power of C."""
        hermite = self.kernel.hermite
        return gershgorin_sum(*self._weights(hermite, hermite.bits, inputs=True), self.cosines, hermite.bits)

    @cached_property
    def discs_of_correlations(self) -> Enclosure:
        """The version with P."""
        hermite = self.kernel.hermite
        return gershgorin_sum(*self._weights(hermite, hermite.bits, inputs=False), self._correlations, hermite.bits)

    def simple(self, delta: float) -> tuple[int, Enclosure]:
        """r_0 and the simple form of LB_G, half the weight of the orders from r_0 on; ``delta`` bounds |C_ij|.

        Beyond ``budget.max_terms`` orders only its upper end is known.
        """
        if delta >= 1.0:
            return 0, self._half_of_everything("the cosines are not separated from 1")
        first, bits = gershgorin_order(self.cosines.n, delta), max(self.kernel.hermite.bits, self.budget.bits)
        order = min(first + EXTRA_ORDERS, max(self.budget.max_terms, EXTRA_ORDERS))
        hermite = hermite_transform(self.kernel.activation, order, self.kernel.fixed_point.s, bits)
        weights, rest = self._weights(hermite, bits, inputs=True)
        with precision(bits):
            return first, _enclosure((sum(weights[first:], arb(0)) + rest) / 2, f"r_0 = {first}")

    @cached_property
    def simple_of_correlations(self) -> tuple[int, Enclosure]:
        """r_0(P) and the version with P: half the tail of the Hermite series from r_0(P) on."""
        delta = self._correlations.delta
        if delta >= 1.0:
            return 0, self._half_of_everything("the correlations are not separated from 1")
        first, bits = gershgorin_order(self.cosines.n, delta), max(self.kernel.hermite.bits, self.budget.bits)
        order = min(max(first - 1, 0), max(self.budget.max_terms, EXTRA_ORDERS))
        hermite = hermite_transform(self.kernel.activation, order, self.kernel.fixed_point.s, bits)
        with precision(bits):
            tail = hermite.tail if first > 0 else hermite.second_moment
            total = tail if order >= first - 1 else between(arb(0), tail.upper())
            return first, _enclosure(total / 2, f"r_0(P) = {first}")

    def _half_of_everything(self, why: str) -> Enclosure:
        """The simple form where r_0 is finite but not known: half of some weights, all of which add up to q."""
        upper = float_above(Ball(self.kernel.fixed_point.q).upper / 2)
        return Enclosure(0.0, upper, Evidence.ENCLOSED, why)


def _enclosure(x: arb, method: str) -> Enclosure:
    ball = Ball(x)
    return Enclosure(max(float_below(ball.lower), 0.0), float_above(ball.upper), Evidence.ENCLOSED, method)
