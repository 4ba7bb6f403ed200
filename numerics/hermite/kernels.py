r"""Closed-form coefficients :math:`\mathbb E\psi(\sigma z)h_r(z)` of the kernels, all orders by one recurrence.

Every formula is derived in ``docs/theory/hermite-coefficients.md``, section 2, from
:math:`\sum_r\mu_r t^r/\sqrt{r!}=\mathbb E\,\psi(\sigma z)e^{tz-t^2/2}=\mathbb E\,\psi(\sigma z+\sigma t)`. No factorial
is formed: consecutive coefficients have ratios that are square roots of rational functions of r.
"""

from __future__ import annotations

from collections.abc import Callable

from flint import arb

Kernel = Callable[[arb, arb, arb, int], list[arb]]


def one(parameter: arb, phase: arb, sigma: arb, order: int) -> list[arb]:
    r""":math:`\psi=1`: :math:`\mu_0=1`, the rest 0."""
    return [arb(1)] + [arb(0)] * order


def exponential(parameter: arb, phase: arb, sigma: arb, order: int) -> list[arb]:
    r""":math:`\psi=e^{\alpha x}`: :math:`\mu_r=(\alpha\sigma)^r e^{\alpha^2\sigma^2/2}/\sqrt{r!}`.

    >>> [round(float(m), 6) for m in exponential(arb(1), arb(0), arb(2).sqrt(), 2)]
    [2.718282, 3.844231, 3.844231]
    """
    scale = parameter * sigma
    values = [(scale * scale / 2).exp()]
    for r in range(1, order + 1):
        values.append(values[-1] * scale / arb(r).sqrt())
    return values


def sine(parameter: arb, phase: arb, sigma: arb, order: int) -> list[arb]:
    r""":math:`\psi=\sin(\omega x+b)`: :math:`\mu_r=(\omega\sigma)^r e^{-\omega^2\sigma^2/2}\sin(b+r\pi/2)/\sqrt{r!}`.

    >>> round(float(sine(arb(1), arb(0), arb("2.5").sqrt(), 3)[3]), 12)
    -0.462345127853
    """
    scale, size = parameter * sigma, arb(1)
    size = (-scale * scale / 2).exp()
    s, c = phase.sin_cos()
    turns = (s, c, -s, -c)
    values = []
    for r in range(order + 1):
        values.append(size * turns[r % 4])
        size = size * scale / arb(r + 1).sqrt()
    return values


def _even(first: arb, q: arb, order: int) -> list[arb]:
    r""":math:`c\,q^m\sqrt{(2m)!}/m!` at order 2m; consecutive ones have ratio :math:`q\sqrt{2(2m+1)/(m+1)}`."""
    values = [arb(0)] * (order + 1)
    for m in range(order // 2 + 1):
        values[2 * m] = first
        first = first * q * (arb(2 * (2 * m + 1)) / (m + 1)).sqrt()
    return values


def gauss(parameter: arb, phase: arb, sigma: arb, order: int) -> list[arb]:
    r""":math:`\psi=e^{-\alpha x^2}` with :math:`c=\alpha\sigma^2>-1/2`.

    .. math:: \mu_{2m}=(1+2c)^{-1/2}\Bigl(\frac{-c}{1+2c}\Bigr)^m\frac{\sqrt{(2m)!}}{m!}

    >>> [round(float(m), 6) for m in gauss(arb(0.5), arb(0), arb(1), 2)]
    [0.707107, 0.0, -0.25]
    """
    c = parameter * sigma * sigma
    return _even((1 + 2 * c).rsqrt(), -c / (1 + 2 * c), order)


def _integrated(values: list[arb], factor: arb) -> list[arb]:
    r""":math:`\mu_{r+1}(\psi)=\sigma\mu_r(\psi')/\sqrt{r+1}`, odd :math:`\psi`; numerator ``factor * values[r]``."""
    return [arb(0)] + [factor * value / arb(r + 1).sqrt() for r, value in enumerate(values)]


def erf(parameter: arb, phase: arb, sigma: arb, order: int) -> list[arb]:
    r""":math:`\psi=\operatorname{erf}(\alpha x)`, whose derivative is :math:`(2\alpha/\sqrt\pi)e^{-\alpha^2x^2}`.

    >>> [round(float(m), 12) for m in erf(arb(1), arb(0), arb("2.5").sqrt(), 3)]
    [0.0, 0.728365620395, 0.0, -0.247795016132]
    """
    inner = gauss(parameter**2, phase, sigma, max(order - 1, 0))
    return _integrated(inner, 2 * parameter * sigma / arb.pi().sqrt())[: order + 1]


def sign(parameter: arb, phase: arb, sigma: arb, order: int) -> list[arb]:
    r""":math:`\psi=\operatorname{sign}`, the same for every :math:`\sigma>0`.

    .. math:: \mu_{2m+1}=\sqrt{2/\pi}\,(-1/2)^m\sqrt{(2m)!}/(m!\sqrt{2m+1})

    >>> [round(float(m), 6) for m in sign(arb(0), arb(0), arb(7), 3)]
    [0.0, 0.797885, 0.0, -0.325735]
    """
    inner = _even((2 / arb.pi()).sqrt(), arb(-0.5), max(order - 1, 0))
    return _integrated(inner, arb(1))[: order + 1]


KERNELS: dict[str, Kernel] = {
    "one": one,
    "sign": sign,
    "erf": erf,
    "exp": exponential,
    "gauss": gauss,
    "sin": sine,
}


def times_x(values: list[arb], sigma: arb, power: int) -> list[arb]:
    r"""The coefficients of :math:`x^p\psi` from those of :math:`\psi`.

    .. math:: \mu_r(x\psi)=\sigma(\sqrt{r+1}\,\mu_{r+1}(\psi)+\sqrt r\,\mu_{r-1}(\psi))

    Each power costs one order at the end of the list.

    >>> [float(m) for m in times_x([arb(1), arb(0), arb(0), arb(0)], arb(2), 2)]
    [4.0, 0.0]
    """
    for _ in range(power):
        roots = [arb(r).sqrt() for r in range(len(values))]
        below = [arb(0), *values]
        values = [sigma * (roots[r + 1] * values[r + 1] + roots[r] * below[r]) for r in range(len(values) - 1)]
    return values
