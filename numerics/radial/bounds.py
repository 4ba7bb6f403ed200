r"""Lower bounds of the least eigenvalue that depend on the separation alone, in ball arithmetic.

.. math::
    \text{Wendland:}\quad \lambda_{\min} \ge C_q\, q_X^{-q} \inf_{\|\omega\|\le 2M_q/q_X} \hat k(\omega),
    \qquad \text{Gershgorin:}\quad \lambda_{\min} \ge 1 - (N-1)\,k(\delta),

with :math:`q_X = \delta/2`. Balls have exponents of any size, so that :math:`e^{-10^6}` is a number here.
Proofs: ``docs/papers/resnet_rkhs/proofs.md``, "Wendland's bound" and "Gershgorin's bound".
"""

from __future__ import annotations

from flint import arb

from ...theory.errors import SpecError
from ..balls.ball import enclose
from .kernel import RadialKernel


def wendland_constants(dimension: int) -> tuple[arb, arb]:
    r"""The constants :math:`M_q` and :math:`C_q` at the working precision.

    >>> M, C = wendland_constants(2)
    >>> round(float(M), 4), round(float(C), 4)
    (8.4492, 4.4618)
    """
    if dimension < 1:
        raise SpecError(f"wendland_constants: {dimension} is not a dimension.")
    half = (arb(dimension) / 2 + 1).gamma()
    m = 12 * (arb.pi() * half**2 / 9) ** (arb(1) / (dimension + 1))
    return m, (m / arb(8).sqrt()) ** dimension / (2 * half)


def spectral_density(kernel: RadialKernel, dimension: int, squared: arb) -> arb:
    r"""The transform :math:`\hat k(\omega) = (2\pi)^{-q/2}\int k(x) e^{-ix\cdot\omega}dx` at :math:`\|\omega\|^2`.

    >>> from .kernel import radial_kernel
    >>> spectral_density(radial_kernel("gaussian", 1), 3, arb(0))
    1.00000000000000
    """
    scale = enclose(kernel.scale)
    if kernel.nu is None:
        return scale**dimension * (-(scale**2) * squared / 2).exp()
    nu, half = enclose(kernel.nu), arb(dimension) / 2
    twice = 2 * nu / scale**2
    constant = arb(2) ** half * (nu + half).gamma() / nu.gamma() * twice**nu
    return constant * (twice + squared) ** (-(nu + half))


def wendland(kernel: RadialKernel, dimension: int, separation: arb) -> arb:
    r"""Wendland's lower bound of :math:`\lambda_{\min}` for any number of points of :math:`\mathbb R^q`, δ-separated.

    >>> from .kernel import radial_kernel
    >>> wendland(radial_kernel("gaussian", 1), 2, arb("0.07")) > 0
    True
    """
    m, c = wendland_constants(dimension)
    radius = separation / 2
    return c / radius**dimension * spectral_density(kernel, dimension, (2 * m / radius) ** 2)


def gershgorin(kernel: RadialKernel, count: int, separation: arb) -> arb:
    """Gershgorin's lower bound 1 − (N − 1) k(δ) for N points; may be negative."""
    return 1 - (count - 1) * kernel.value(separation**2)


def separated_bound(kernel: RadialKernel, dimension: int, count: int, separation: arb) -> arb:
    r"""The better of the two bounds: :math:`\lambda(1/\delta)` of the theory, positive for every δ > 0."""
    if count == 1:
        return arb(1)
    return wendland(kernel, dimension, separation).max(gershgorin(kernel, count, separation))


def log10_of(x: arb) -> str:
    """The decimal logarithm of a positive ball as text, for numbers beyond the range of float64."""
    return f"{float((x.log() / arb(10).log()).mid()):.6g}"
