r"""The theory's own lower bounds of the least eigenvalue, evaluated with enclosures.

.. math::
    \mathrm{LB}_P = \sum_r \mu_r(\sqrt s)^2\,\lambda_{\min}(P^{\circ r}),\quad
    \mathrm{LB}_X = \sum_r \mu_r(\sqrt s)^2 (2/s)^r\,\lambda_{\min}(C^{\circ r}),\quad
    \mathrm{LB}_F = \lambda_{\min}\Bigl(\sum_{r<R} k_r C^{\circ r}\Bigr),\quad
    \mathrm{LB}_G = \sum_r \mu_r(\sqrt s)^2 (2/s)^r \max\Bigl(0, 1 - \max_i \sum_{j\ne i}|C_{ij}|^r\Bigr)
    \ge \tfrac12\sum_{r\ge r_0}\mu_r(\sqrt s)^2 (2/s)^r .

Source: docs/papers/deep_equilibrium/population.md, "Lower bounds".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from flint import arb

from .....theory.verdict import Evidence
from ....balls.ball import Ball
from ....balls.budget import Budget
from ....balls.enclosure import Enclosure, float_above
from ....balls.ends import between
from ....balls.precision import precision
from ....eigenvalues.eigenvalue import least_eigenvalue
from ....eigenvalues.schur_sums import (
    SchurBound,
    as_cosines,
    gershgorin_order,
    gershgorin_sum,
    nonnegative_enclosure,
    schur_bound,
)
from ....hermite import HermiteTransform, hermite_transform
from ....kernels.ballmatrix import BallMatrix
from ....kernels.cosines import Cosines
from ....kernels.gram import gram_truncated
from .kernel import EquilibriumKernel

TRUNCATIONS = (4, 8, 16, 32, 64)
"""Values of R at which LB_F is evaluated."""
EXTRA_ORDERS = 64
"""Orders beyond r_0 that are summed for LB_G; the rest is only bounded."""


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
            ratio = point.input_share
            weights = [mu * mu * ratio**r for r, mu in enumerate(hermite.coefficients)]
            return weights, between(arb(0), (hermite.tail * ratio ** len(weights)).upper())

    @cached_property
    def _correlations(self) -> Cosines:
        return as_cosines(self.correlation)

    def schur(self, *, inputs: bool) -> SchurBound:
        """LB_X through the inputs, without the orders beyond those of the transform; LB_P through the correlations."""
        hermite, base = self.kernel.hermite, self.cosines if inputs else self._correlations
        weights, rest = self._weights(hermite, hermite.bits, inputs=inputs)
        return schur_bound(weights, arb(0) if inputs else rest, base, self.budget, hermite.bits)

    def series(self) -> dict[int, Enclosure]:
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

    def discs(self, *, inputs: bool) -> Enclosure:
        """LB_G: Gershgorin's bound of every Schur power of C, or of P."""
        hermite, base = self.kernel.hermite, self.cosines if inputs else self._correlations
        weights, rest = self._weights(hermite, hermite.bits, inputs=inputs)
        return gershgorin_sum(weights, rest, base, hermite.bits)

    def simple(self, *, inputs: bool) -> tuple[int, Enclosure]:
        """r_0 and the simple form of LB_G, half the weight of the orders from r_0 on; or those of P.

        Beyond ``budget.max_terms`` orders only its upper end is known; where r_0 is finite but not known, it is half of
        some weights, all of which add up to q.
        """
        base = self.cosines if inputs else self._correlations
        if base.delta >= 1.0:
            upper = float_above(Ball(self.kernel.fixed_point.q).upper / 2)
            return 0, Enclosure(0.0, upper, Evidence.ENCLOSED, "the cosines are not separated from 1")
        first, bits = gershgorin_order(base.n, base.delta), max(self.kernel.hermite.bits, self.budget.bits)
        order = min(first + EXTRA_ORDERS, max(self.budget.max_terms, EXTRA_ORDERS))
        hermite = hermite_transform(self.kernel.activation, order, self.kernel.fixed_point.s, bits)
        weights, rest = self._weights(hermite, bits, inputs=inputs)
        with precision(bits):
            known = rest if order >= first else between(arb(0), rest.upper())
            return first, nonnegative_enclosure((sum(weights[first:], arb(0)) + known) / 2, f"r_0 = {first}")
