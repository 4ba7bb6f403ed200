r"""The equilibrium kernel at cosines next to 1, for smooth activations: Taylor's formula at 1 with a proved remainder.

With :math:`\kappa(1-\epsilon) = \sum_k \kappa_k(-\epsilon)^k`,
:math:`\kappa_k = \frac{s^k}{k!}\mathbb E\,\varphi^{(k)}(\sqrt s z)^2`, and :math:`\rho(c) = 1-\epsilon`,
:math:`c = 1 - \delta`,

.. math:: s\epsilon = v\delta + w\bigl(\kappa(1) - \kappa(1-\epsilon)\bigr), \qquad
          F(1) - F(c) = \kappa(1) - \kappa(1-\epsilon) .

Two inputs at distance 1e-12 have δ = 1e-25: two terms then give 80 digits, where the power series at 0 would need
millions. Proof: docs/papers/deep_equilibrium/kernel.md, section 6.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

from flint import arb

from .....theory.activations.activation import Activation
from .....theory.errors import DerivationGap, PrecisionExhausted, SpecError
from ....balls.ball import enclose
from ....balls.ends import between, nonnegative
from ....balls.precision import precision
from ....hermite import gaussian_mean
from .variance import VarianceFixedPoint

MAX_ORDER = 6
"""Derivatives at most: at δ = 2^-20 the remainder is then about 2^-110."""
STEPS = 12
"""Refinements of ε; each one multiplies its relative error by about δ."""


@dataclass(slots=True, eq=False)
class KernelNearOne:
    r"""The kernel F of an equilibrium at cosines c next to 1, as a function; its moments are computed when needed.

    >>> from certigram.numerics.papers.deep_equilibrium.population.variance import variance_fixed_point
    >>> from certigram.theory.activations.activation import activation
    >>> phi = activation("sin")
    >>> point = variance_fixed_point(phi, Fraction(0), 128, lipschitz=arb(1))
    >>> near = KernelNearOne(phi, point, 128)
    >>> with precision(128):
    ...     c = 1 - arb((1, -60))
    ...     gap = abs(near(c) - arb(-2).exp() * (2 * c).sinh())  # E sin u sin v = exp(-2) sinh(2c)
    ...     bool(gap < arb((1, -120)))
    True
    """

    activation: Activation
    point: VarianceFixedPoint
    bits: int
    moments: list[arb] = field(default_factory=list)

    @property
    def usable(self) -> bool:
        """Whether the activation is smooth, so that the moments are those of its derivatives."""
        return self.activation.smooth and not self.activation.breakpoints

    def moment(self, k: int) -> arb:
        r""":math:`\kappa_k = \frac{s^k}{k!}\mathbb E\,\varphi^{(k)}(\sqrt s z)^2`, for k = 0 the mass q."""
        while len(self.moments) <= k:
            j, s = len(self.moments), self.point.s
            mean = gaussian_mean(self.activation.derivative(j) ** 2, s, self.bits) if j else self.point.q
            with precision(self.bits):
                self.moments.append(nonnegative(mean) * s**j / math.factorial(j))
        return self.moments[k]

    def __call__(self, cosine: arb) -> arb:
        """An enclosure of F at a cosine next to 1; not finite where the activation or the cosine does not allow one."""
        if not self.usable:
            return arb("nan")
        with precision(self.bits):
            delta = nonnegative(1 - cosine)
            if not delta < 1:
                return arb("nan")
            digits = max(-math.frexp(float(delta.upper()))[1], 1)
            order = min(max(math.ceil(self.bits / digits) + 1, 2), MAX_ORDER)
            try:
                return self.point.q - self._drop(delta, order)
            except (DerivationGap, PrecisionExhausted, SpecError):
                return arb("nan")

    def _drop(self, delta: arb, order: int) -> arb:
        """F(1) - F(1 - δ), from ``order`` moments."""
        s, v, w = self.point.s, self.point.input_variance, enclose(2 * Fraction(self.point.sigma_w2))
        slope = s - w * self.moment(1)
        if not slope > 0:
            return arb("nan")
        epsilon = between(arb(0), (v * delta / slope).upper())
        for _ in range(STEPS):
            curved = self._tail(epsilon, 2, order)
            finer = nonnegative((v * delta - w * curved) / slope)
            width = epsilon.rad()
            epsilon = finer if not finer.is_finite() or finer.rad() < width else epsilon
            if not epsilon.rad() < width / 2:
                break
        return self.moment(1) * epsilon - self._tail(epsilon, 2, order)

    def _tail(self, epsilon: arb, first: int, order: int) -> arb:
        r""":math:`\sum_{k\ge \mathrm{first}}\kappa_k(-\epsilon)^k`, the last term anything between 0 and itself."""
        total = arb(0)
        for k in range(first, order):
            total += self.moment(k) * (-epsilon) ** k
        last = between(arb(0), (self.moment(order) * epsilon**order).upper())
        return total + (last if order % 2 == 0 else -last)
