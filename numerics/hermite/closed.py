r"""Hermite coefficients and second moments in closed form, in ball arithmetic, for combinations of the kernels.

Reference: ``docs/theory/hermite-coefficients.md``, section 2.
"""

from __future__ import annotations

from itertools import combinations_with_replacement

import sympy
from flint import arb

from ..balls.precision import precision
from ..expressions.lowering import constant
from .kernels import KERNELS, times_x
from .terms import ONE, SIGN, Kernel, Terms

GUARD = 24
"""Extra bits against the rounding of the recurrences, next to those that depend on the order."""


def coefficients(found: Terms, sigma: arb, order: int, bits: int) -> list[arb] | None:
    r"""The coefficients :math:`\mu_0,\dots,\mu_R`, ``None`` where one is not finite (a Gaussian grows too fast)."""
    with precision(bits + GUARD + 2 * (order + 2).bit_length()):
        total = [arb(0)] * (order + 1)
        for (power, kernel), factor in found.items():
            values = times_x(_kernel(kernel, sigma, order + power), sigma, power)
            c = constant(factor)
            total = [t + c * value for t, value in zip(total, values, strict=True)]
        return total if all(t.is_finite() for t in total) else None


def mean(found: Terms, sigma: arb, bits: int) -> arb | None:
    r"""The mean :math:`\mathbb E f(\sigma z)`."""
    values = coefficients(found, sigma, 0, bits)
    return None if values is None else values[0]


def second_moment(found: Terms, sigma: arb, bits: int) -> arb | None:
    r"""The mean :math:`\mathbb E\varphi(\sigma z)^2`, or ``None`` where a product of two terms has no closed form."""
    with precision(bits + GUARD):
        total = arb(0)
        for ((p, f), c), ((q, g), d) in combinations_with_replacement(found.items(), 2):
            value = _mean_of_product(p + q, f, g, sigma)
            if value is None or not value.is_finite():
                return None
            total += constant(c) * constant(d) * value * (1 if (p, f) == (q, g) else 2)
        return total


def _kernel(kernel: Kernel, sigma: arb, order: int) -> list[arb]:
    kind, parameter, phase = kernel
    return KERNELS[kind](constant(parameter), constant(phase), sigma, order)


def _mean_of_power(power: int, kernel: Kernel, sigma: arb) -> arb:
    return times_x(_kernel(kernel, sigma, power), sigma, power)[0]


def _mean_of_product(power: int, f: Kernel, g: Kernel, sigma: arb) -> arb | None:
    r""":math:`\mathbb E\,u^p\psi_1(u)\psi_2(u)` for :math:`u=\sigma z`."""
    if f == ONE or g == ONE:
        return _mean_of_power(power, g if f == ONE else f, sigma)
    kinds = {f[0], g[0]}
    if kinds == {"sign"}:
        return _mean_of_power(power, ONE, sigma)
    if kinds <= {"sign", "erf"}:
        return _sigmoidal_product(power, f, g, sigma)
    if kinds == {"exp"} or kinds == {"gauss"}:
        return _mean_of_power(power, (f[0], f[1] + g[1], sympy.Integer(0)), sigma)
    if kinds == {"sin"}:
        quarter = sympy.pi / 2  # sin A sin B = (cos(A - B) - cos(A + B)) / 2
        difference: Kernel = ("sin", f[1] - g[1], f[2] - g[2] + quarter)
        total: Kernel = ("sin", f[1] + g[1], f[2] + g[2] + quarter)
        return (_mean_of_power(power, difference, sigma) - _mean_of_power(power, total, sigma)) / 2
    return None


def _sigmoidal_product(power: int, f: Kernel, g: Kernel, sigma: arb) -> arb | None:
    r"""erf times erf or sign: with :math:`A=2\alpha^2v`, :math:`B=2\beta^2v` and :math:`w=\sqrt{AB/(1+A+B)}`,

    .. math::
        \mathbb E\operatorname{erf}(\alpha u)\operatorname{erf}(\beta u)=F=\frac2\pi\arctan w,\qquad
        \mathbb E\,u^2\operatorname{erf}(\alpha u)\operatorname{erf}(\beta u)
        =v\Bigl(F+\frac2\pi\,\frac{w\,(2+A+B)}{(1+A)(1+B)}\Bigr),

    and sign is the limit :math:`\alpha\to\infty`, :math:`w=\sqrt B`, with the fraction :math:`w/(1+B)`.
    """
    if power % 2:
        return arb(0)
    if power > 2:
        return None
    v = sigma**2
    scales = [2 * constant(k[1]) ** 2 * v for k in (f, g) if k != SIGN]
    b = scales[-1]
    if len(scales) == 2:
        a = scales[0]
        w = (a * b / (1 + a + b)).sqrt()
        fraction = w * (2 + a + b) / ((1 + a) * (1 + b))
    else:
        w = b.sqrt()
        fraction = w / (1 + b)
    value = 2 / arb.pi() * w.atan()
    return value if power == 0 else v * (value + 2 / arb.pi() * fraction)
