r"""The population kernel of a deep equilibrium model on inputs of equal norm, as a certified power series.

With :math:`\kappa(\rho) = \sum_r \mu_r(\sqrt s)^2 \rho^r` and :math:`w = 2\sigma_w^2` the kernel is
:math:`F(c) = \kappa(\rho(c))`, :math:`s \rho(c) = w \kappa(\rho(c)) + v c`. So rho is the inverse of
:math:`\psi(\rho) = (s\rho - w\kappa(\rho))/v`: a scalar contraction gives :math:`\rho(0)`, a Taylor shift gives psi
around it, and series reversion gives every coefficient.
Proofs: ``docs/papers/deep_equilibrium/kernel.md``, sections 3 and 4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Self

from flint import arb, arb_series

from .....theory.activations.activation import Activation
from .....theory.errors import PrecisionExhausted, SpecError
from ....balls.ball import Ball, enclose
from ....balls.banach import banach
from ....balls.ends import between, nonnegative
from ....balls.precision import MAX_BITS, precision
from ....expressions.elementary.series import coefficient
from ....hermite import HermiteTransform, hermite_transform
from ....kernels.series import DotProductSeries
from .contraction import contraction_squared
from .variance import VarianceFixedPoint, variance_fixed_point

GUARD_BITS = 24
"""Extra working precision of the first attempt; later attempts add what the radii show to be missing."""
ATTEMPTS = 4
"""How often the kernel is computed again with more bits and more Hermite orders before the radii are accepted."""
KEPT = 64
"""How many kernels a process keeps, the last ones asked for; one of order 1024 at 128 bits takes about half a MB."""
PROBE_ORDER, PROBE_BITS = 12, 64
"""A coarse transform, used only to guess how many Hermite orders the re-expansion at rho(0) needs."""


@dataclass(frozen=True, slots=True, eq=False)
class EquilibriumKernel:
    r""":math:`F(c) = \sum_r k_r c^r` on inputs of one norm, c the cosine; ``K_ij = F(C_ij)``.

    ``series`` holds the :math:`k_r` (mass q), ``correlation`` the :math:`p_r = (2\sigma_w^2 k_r + v [r=1])/s` of
    :math:`\rho(c)` (mass 1), ``hermite`` the transform at the variance ``fixed_point.s``, of the same or higher order.
    """

    activation: Activation
    sigma_w2: Fraction
    fixed_point: VarianceFixedPoint
    hermite: HermiteTransform
    series: DotProductSeries
    correlation: DotProductSeries

    @property
    def dual_series(self) -> DotProductSeries:
        r""":math:`\kappa(\rho) = \sum_r \mu_r(\sqrt s)^2 \rho^r`, the dual activation at the equilibrium variance."""
        with precision(self.hermite.bits):
            return _dual_series(self.activation, self.hermite, self.fixed_point.q)

    def truncate(self, order: int) -> Self:
        """The same kernel with fewer coefficients stored; the transform stays as long as it is."""
        return replace(self, series=self.series.truncate(order), correlation=self.correlation.truncate(order))


def equilibrium_kernel(
    activation: Activation,
    sigma_w2: Fraction,
    order: int,
    bits: int,
    *,
    lipschitz: arb | None,
    input_variance: Fraction | arb = Fraction(2),
) -> EquilibriumKernel:
    r"""The first ``order`` + 1 coefficients of the equilibrium kernel, as balls of radius about :math:`2^{-bits}`.

    .. math:: F(c) = \sum_r k_r c^r, \quad k_r \ge \mu_r(\sqrt s)^2 (v/s)^r \ge 0, \quad \sum_r k_r = q.

    Coefficients that vanish by symmetry (even ones of an odd activation) are exactly 0. Radii can stay larger than
    asked when the Hermite series decays slowly; they are proved in any case. Raises what
    :func:`~.variance.variance_fixed_point` raises. Source: truong2023deq (the kernel);
    own proof (existence, positivity, mass, reversion) in ``docs/papers/deep_equilibrium/kernel.md``, sections 3 and 4.

    >>> from certigram.theory.activations.activation import activation
    >>> kernel = equilibrium_kernel(activation("tanh"), Fraction(1, 16), 8, 64, lipschitz=arb(1))
    >>> print(kernel.series.coefficients[1].str(9, radius=False), kernel.series.coefficients[2])
    0.462971152 0
    """
    if order < 1:
        raise SpecError(f"order = {order} is too small: an equilibrium kernel needs at least the orders 0 and 1.")
    variance = Ball(input_variance) if isinstance(input_variance, arb) else input_variance
    return _kept(activation, sigma_w2, order, bits, None if lipschitz is None else Ball(lipschitz), variance)


@lru_cache(maxsize=KEPT)
def _kept(
    activation: Activation,
    sigma_w2: Fraction,
    order: int,
    bits: int,
    constant: Ball | None,
    variance: Fraction | Ball,
) -> EquilibriumKernel:
    """The kernel, which does not depend on the data: claims and data sets that ask for the same one share it."""
    lipschitz = None if constant is None else constant.arb
    input_variance = variance.arb if isinstance(variance, Ball) else variance
    with precision(min(bits + GUARD_BITS, MAX_BITS)):
        theta2 = contraction_squared(activation.name, sigma_w2, lipschitz)
        guard = GUARD_BITS + _lost_bits(1 - theta2) + (_lost_bits(enclose(2 * sigma_w2)) if sigma_w2 else 0)
    terms: int | None = None
    best: tuple[int, EquilibriumKernel] | None = None
    for _ in range(ATTEMPTS):
        work = min(bits + guard, MAX_BITS)
        with precision(work):
            theta2 = contraction_squared(activation.name, sigma_w2, lipschitz)
            point = variance_fixed_point(activation, sigma_w2, work, lipschitz=lipschitz, input_variance=input_variance)
            terms = _hermite_order(activation, point, order, bits) if terms is None else terms
            kernel = _kernel(activation, point, theta2, hermite_transform(activation, terms, point.s, work), order)
            excess = _excess_bits(kernel.series, bits)
        if best is not None and excess >= best[0]:
            break
        best = excess, kernel
        if excess <= 0:
            break
        guard += excess + 8
        if not kernel.correlation.coefficients[0].is_zero():
            terms = min(terms + terms // 2, 4 * order + 256)
    assert best is not None  # the first attempt always leaves one
    return best[1]


def _dual_series(activation: Activation, hermite: HermiteTransform, q: arb) -> DotProductSeries:
    odd = activation.parity == "odd"
    squares = tuple(arb(0) if odd and r % 2 == 0 else mu * mu for r, mu in enumerate(hermite.coefficients))
    return DotProductSeries(squares, q)


def _kernel(
    activation: Activation, point: VarianceFixedPoint, theta2: arb, hermite: HermiteTransform, order: int
) -> EquilibriumKernel:
    """The kernel at the working precision, from the fixed point and the Hermite transform at its variance."""
    q, s, v = point.q, point.s, point.input_variance
    if not v > 0:
        raise SpecError("an input of norm zero has no direction: leave it out of the equal-norm kernel.")
    kappa = _dual_series(activation, hermite, q)
    one, ratio = arb(1), v / s
    if point.sigma_w2 == 0:
        series = kappa.truncate(order)
        identity = DotProductSeries((arb(0), one) + (arb(0),) * (order - 1), one)
        return EquilibriumKernel(activation, point.sigma_w2, point, hermite, series, identity)
    w = enclose(2 * point.sigma_w2)
    start = _constant_term(kappa, w / s, theta2)
    local = kappa.recentre(start, order)
    divisor = _within(s - w * local[1], s * (1 - theta2), s)
    inverse = arb_series([arb(0), divisor / v, *(-w * b / v for b in local[2:])], prec=order + 1).reversion()
    rho = [_within(coefficient(inverse, r), arb(0), one) for r in range(order + 1)]
    values = [local[0], local[1] * rho[1], *(s * p / w for p in rho[2:])]
    floors = [b * ratio**r for r, b in enumerate(kappa.coefficients[: order + 1])]
    series = DotProductSeries(tuple(_within(k, b, q) for k, b in zip(values, floors, strict=True)), q)
    feedback = [w * k / s + (ratio if r == 1 else 0) for r, k in enumerate(series.coefficients)]
    return EquilibriumKernel(activation, point.sigma_w2, point, hermite, series, DotProductSeries(tuple(feedback), one))


def _constant_term(kappa: DotProductSeries, feedback: arb, contraction: arb) -> arb:
    r"""The fixed point in [0, 1) of :math:`\rho \mapsto \mathtt{feedback}\cdot\kappa(\rho)`, exactly 0 when κ(0) is.

    Raises :class:`PrecisionExhausted` when it cannot be told apart from 1: a huge constant plus a function.
    """
    if kappa.coefficients[0].is_zero():
        return arb(0)
    point = arb(0)
    for _ in range(60):
        image = (feedback * kappa(point)).mid()
        slope = (feedback * kappa.derivative(point)).mid()
        step = ((image - point) / (1 - slope)).mid()
        moved = nonnegative((point + step).mid())
        if not moved < 1 or not slope < 1:
            moved = image
        if not moved < 1:
            break
        if abs(step) <= abs(point) * arb((1, -kappa.mass.bits() // 2)):
            point = moved
            break
        point = moved
    found = nonnegative(banach(point, feedback * kappa(point), contraction))
    if not found < 1:
        raise PrecisionExhausted(
            "the correlation of orthogonal inputs at the equilibrium cannot be told apart from 1: "
            "ask for more bits, or subtract the constant of the activation."
        )
    return found


def _within(value: arb, floor: arb, ceiling: arb) -> arb:
    """The part of a ball at or above a proved lower bound; everything between the bounds when it is not finite."""
    lower = floor.lower()
    if not value.is_finite():
        return between(lower, ceiling.upper())
    return value if value >= lower else between(lower, value.upper())


def _lost_bits(x: arb) -> int:
    """How many bits a division by the positive number ``x`` below 1 may cost."""
    lower = float(x.lower())
    return max(-math.frexp(lower)[1], 0) if lower > 0 else 64


def _hermite_order(activation: Activation, point: VarianceFixedPoint, order: int, bits: int) -> int:
    """How many Hermite orders the coefficients up to ``order`` need, guessed from a coarse value of rho(0)."""
    if activation.parity == "odd" or point.sigma_w2 == 0:
        return order
    with precision(PROBE_BITS):
        s = point.s.mid()
        kappa = hermite_transform(activation, PROBE_ORDER, s, PROBE_BITS)
        squares = [float((mu * mu).mid()) for mu in kappa.coefficients]
        x = 0.0
        for _ in range(60):
            x = float(2 * point.sigma_w2) / float(s) * sum(b * x**r for r, b in enumerate(squares))
    if not 0.0 < x < 1.0:
        return order
    terms = order
    while terms < 2 * order + 256 and _log2_peak(order, terms + 1, x) > -bits:
        terms += 4
    return terms


def _log2_peak(k: int, r: int, x: float) -> float:
    return (math.lgamma(r + 1) - math.lgamma(k + 1) - math.lgamma(r - k + 1) + (r - k) * math.log(x)) / math.log(2)


def _excess_bits(series: DotProductSeries, bits: int) -> int:
    """By how many bits the largest radius of a coefficient exceeds ``2^-bits`` times the size of the kernel."""
    radius = max(b.rad() for b in series.coefficients)
    allowed = (series.mass.upper() + 1) * arb((1, -bits))
    if radius <= allowed:
        return 0
    return math.frexp(float((radius / allowed).mid()))[1]
