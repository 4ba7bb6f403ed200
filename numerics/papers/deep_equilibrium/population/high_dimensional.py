r"""The high-dimensional equivalent of the equilibrium kernel: its constants, enclosed.

For inputs with :math:`\lVert x_i\rVert^2 = \tau_0^2 + \chi_i` and small inner products t the kernel
:math:`G = \mathbb E\,\varphi(u)\varphi(v)` at :math:`\Sigma = \sigma_a^2G + \sigma_b^2X^\top X` is, for a centred
activation,

.. math:: G_{ij} = \alpha_1 t_{ij} + \alpha_2\chi_i\chi_j + \alpha_3t_{ij}^2 + \dots,\qquad
          s_i = \tau_*^2 + \alpha_4\chi_i + \dots

Proofs: ``docs/papers/deep_equilibrium/high-dimensional.md``.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial

from flint import arb

from .....theory.activations.activation import Activation
from .....theory.activations.functions import X
from .....theory.errors import SpecError
from ....balls.ball import enclose
from ....balls.banach import banach
from ....balls.ends import nonnegative
from ....balls.precision import precision
from ....dual import dual
from ....hermite import gaussian_mean, hermite_transform, second_moment
from .variance import solve_fixed_point

ITERATIONS = 30
"""Most steps of the fixed point of one entry before the a-posteriori bound."""


@dataclass(frozen=True, slots=True)
class HighDimensionalEquivalent:
    r"""The constants for :math:`\varphi - m`, m the mean that centres the activation.

    ``variance`` is :math:`\tau_*^2`, ``centre`` m, ``second_moment`` :math:`\mathbb E(\varphi-m)^2(\tau_*\xi)`,
    ``slopes`` :math:`(d_1, d_2)`, ``alpha`` :math:`(\alpha_1,\dots,\alpha_4)`; ``contraction`` bounds
    :math:`\sigma_aL < 1`.
    """

    activation: Activation
    sigma_a2: Fraction
    sigma_b2: Fraction
    tau0_2: Fraction
    contraction: arb
    variance: arb
    centre: arb
    second_moment: arb
    slopes: tuple[arb, arb]
    alpha: tuple[arb, arb, arb, arb]
    bits: int


def high_dimensional_equivalent(
    activation: Activation,
    sigma_a2: Fraction,
    bits: int,
    *,
    lipschitz: arb,
    sigma_b2: Fraction = Fraction(2),
    tau0_2: Fraction = Fraction(1),
) -> HighDimensionalEquivalent:
    r"""Enclose the four equations of the equivalent for the activation minus its mean.

    ``lipschitz`` bounds sup|φ'|; the defaults are those of a deep equilibrium model, :math:`\sigma_a^2 = 2\sigma_w^2`
    and :math:`\sigma_b^2X^\top X = 2C`. Raises :class:`SpecError` unless :math:`\sigma_aL < 1` is proved and the input
    is not zero. Source: ling2024equivalence; own derivation in ``docs/papers/deep_equilibrium/high-dimensional.md``.

    >>> from .....theory.activations.activation import activation
    >>> with precision(64):
    ...     slope = arb(2).sqrt()
    >>> found = high_dimensional_equivalent(
    ...     activation("sin(x) + cos(x)"), Fraction(3, 10), 64, lipschitz=slope, sigma_b2=Fraction(1)
    ... )
    >>> print(found.alpha[0].str(9, radius=False))
    0.327281142
    """
    with precision(bits):
        theta = enclose(sigma_a2).sqrt() * lipschitz
        if not theta < 1:
            raise SpecError(
                f"sigma_a L = {theta.str(6, radius=False)} is not proved below 1, so that the fixed point is not known"
                " to be unique: choose a smaller sigma_a2."
            )
        if not (sigma_b2 > 0 and tau0_2 > 0):
            raise SpecError("sigma_b2 and tau0_2 must be positive: without an input there is no expansion.")

        a2, b2 = enclose(sigma_a2), enclose(sigma_b2)
        root, _ = solve_fixed_point(partial(_spread, activation, None), a2, b2 * enclose(tau0_2), theta, bits)
        s = b2 * enclose(tau0_2) + a2 * nonnegative(root * root)
        centre = gaussian_mean(activation.expression, s, bits)
        moment = _spread(activation, None, s, bits)
        mu = hermite_transform(activation, 2, s, bits).coefficients
        d1, d2 = mu[1] / s.sqrt(), arb(2).sqrt() * mu[2] / s
        rest = 1 - a2 * d1 * d1
        alpha1 = b2 * d1 * d1 / rest
        alpha4 = response(activation, a2, b2, s, centre, bits)
        alpha2 = d2 * d2 * alpha4 * alpha4 / (4 * rest)
        alpha3 = d2 * d2 * (a2 * alpha1 + b2) ** 2 / (2 * rest)
        alpha = (alpha1, alpha2, alpha3, alpha4)
        return HighDimensionalEquivalent(
            activation, sigma_a2, sigma_b2, tau0_2, theta, s, centre, moment, (d1, d2), alpha, bits
        )


def _spread(activation: Activation, centre: arb | None, variance: arb, bits: int) -> arb:
    """E (φ - m)² at a variance, m the ``centre``, or the mean."""
    mean, square = gaussian_mean(activation.expression, variance, bits), second_moment(activation, variance, bits)
    return nonnegative(square - mean * mean if centre is None else square - 2 * centre * mean + centre * centre)


def response(activation: Activation, a2: arb, b2: arb, s: arb, centre: arb, bits: int) -> arb:
    r"""The derivative :math:`ds/d\chi = \sigma_b^2/(1 - \frac{\sigma_a^2}2\mathbb E((\varphi-m)^2)'')` at s.

    The mean of the second derivative by Stein's identity, :math:`\mathbb E f'' = \mathbb E f(u)(u^2/s-1)/s`, so that
    kinks need no care.
    """
    phi = activation.expression
    mu2 = hermite_transform(activation, 2, s, bits).coefficients[2]
    square = gaussian_mean(phi**2 * X**2, s, bits) / s - second_moment(activation, s, bits)
    curvature = (square - 2 * centre * arb(2).sqrt() * mu2) / s
    return b2 / (1 - a2 * curvature / 2)


def entry(found: HighDimensionalEquivalent, t: Fraction) -> arb:
    r"""The kernel :math:`G(t)` of two inputs of norm :math:`\tau_0` with inner product t, by iterating its equation.

    Each step is divided by :math:`1-\sigma_a^2d_1^2`, the slope at independence. The last iterate is exact, and off by
    at most its distance from its image over :math:`1-\theta^2` (Banach), :math:`\theta = \sigma_aL`.
    """
    bits = found.bits
    with precision(bits):
        a2, b2, s = enclose(found.sigma_a2), enclose(found.sigma_b2), found.variance
        rate, slope = found.contraction**2, 1 - a2 * found.slopes[0] ** 2
        value = (found.alpha[0] * enclose(t) + found.alpha[2] * enclose(t) ** 2).mid()
        for _ in range(ITERATIONS):
            point = value
            image = dual(found.activation, s, s, a2 * point + b2 * enclose(t), bits) - found.centre**2
            if abs(image - point) <= 4 * image.rad():
                break
            value = (point + (image - point) / slope).mid()
        return banach(point, image, rate)


def brackets(found: HighDimensionalEquivalent, step: Fraction) -> tuple[arb, arb]:
    r"""Enclosures of :math:`\alpha_1` and :math:`\alpha_3` from the kernel alone, at inner products ±h.

    :math:`G(t) = \sum_{r\ge1}k_rt^r`, :math:`k_r\ge0`, :math:`\sum_rk_r\tau_0^{2r} = q`, so

    .. math:: G(h)/h - hq/\tau_0^4 \le k_1 \le G(h)/h, \qquad
              \frac{G(h)+G(-h)}{2h^2} - \frac{h^2q}{\tau_0^8} \le k_2 \le \frac{G(h)+G(-h)}{2h^2} .
    """
    up, down = entry(found, step), entry(found, -step)
    with precision(found.bits):
        h, q, tau = enclose(step), found.second_moment, enclose(found.tau0_2)
        first, second = up / h, (up + down) / (2 * h * h)
        return (
            first - arb(0.5) * _span(h * q / tau**2),
            second - arb(0.5) * _span(h * h * q / tau**4),
        )


def _span(width: arb) -> arb:
    """The ball [0, 2 width], so that half of it is [0, width]."""
    top = arb(width.abs_upper())
    return top + arb(0, top)


def measured_response(found: HighDimensionalEquivalent, step: Fraction) -> tuple[arb, arb]:
    r"""The quotient :math:`(s(\chi)-s(0))/\chi` at χ = ``step``, and :math:`ds/d\chi` on the interval between.

    By the mean value theorem the two balls meet when the formula of :math:`\alpha_4` is right. The centre stays that of
    :math:`\chi = 0`.
    """
    bits, phi, m = found.bits, found.activation, found.centre
    with precision(bits):
        a2, b2 = enclose(found.sigma_a2), enclose(found.sigma_b2)

        v = b2 * enclose(found.tau0_2 + step)
        root, _ = solve_fixed_point(partial(_spread, phi, m), a2, v, found.contraction, bits)
        s = v + a2 * nonnegative(root * root)
        quotient = (s - found.variance) / enclose(step)
        return quotient, response(phi, a2, b2, s.union(found.variance), m, bits)
