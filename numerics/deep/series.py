r"""The kernels of a deep network on inputs of one norm, as certified power series in the cosine of two inputs.

Layer by layer: :math:`\rho^l = \Sigma^l/q_l`, :math:`G^l = \kappa_l\circ\rho^l` with
:math:`\kappa_l(\rho) = \sum_r \mu_r(\phi_l;\sqrt{q_l})^2\rho^r`, :math:`\dot G^l = \dot\kappa_l\circ\rho^l` and
:math:`\Sigma^{l+1} = w_{l+1}G^l + b_{l+1}`. All coefficients are non-negative and all masses are known, so nothing is
lost but radii. Proofs: docs/theory/deep-networks.md, sections 1 and 2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from flint import arb

from ...theory.activations.activation import Activation, from_expression
from ...theory.errors import DerivationGap, SpecError
from ..balls.ball import enclose
from ..balls.precision import precision
from ..hermite import HermiteTransform, hermite_transform, second_moment
from ..kernels.series import DotProductSeries
from .conventions import Layer, TangentConvention, tangent
from .network import DeepNetwork

GUARD_BITS = 32
"""Extra working precision against the rounding of the compositions."""


@dataclass(frozen=True, slots=True, eq=False)
class DeepSeries:
    r"""The kernels as functions of the cosine, each a series with its mass.

    ``nngp`` is :math:`\Sigma^{L+1}`; ``tangent`` the tangent kernel asked for, or None; ``layers`` the hidden layers
    (their ``slopes`` are None when no tangent kernel was asked for); ``variances`` the :math:`q_1, \dots, q_{L+1}`.
    """

    nngp: DotProductSeries
    tangent: DotProductSeries | None
    layers: tuple[Layer[DotProductSeries], ...]
    variances: tuple[arb, ...]


def deep_series(
    network: DeepNetwork,
    order: int,
    bits: int,
    *,
    input_variance: Fraction = Fraction(1),
    convention: TangentConvention | None = None,
) -> DeepSeries:
    r"""The kernels on inputs with :math:`|x|^2/d` = ``input_variance``, coefficients 0..``order``, balls at ``bits``.

    Raises :class:`SpecError` when an activation is not square-integrable at the variance that reaches it, and
    :class:`DerivationGap` for the tangent kernel of an activation that is not proved continuous.

    >>> from .network import deep_network
    >>> erf = deep_series(deep_network("erf", 1, sigma_w2=[1, "1/2"]), 5, 64)
    >>> erf.nngp(arb(1) / 2).overlaps((arb(1) / 3).asin() / arb.pi())  # (1/2) (2/pi) asin(2c/3) at c = 1/2
    True
    """
    if order < 1:
        raise SpecError(f"order = {order} is too small: a kernel series needs at least the orders 0 and 1.")
    if input_variance <= 0:
        raise SpecError("an input of norm zero has no direction: leave it out.")
    with precision(bits + GUARD_BITS):
        first = network.sigma_w2[0] * input_variance
        variance = enclose(first + network.sigma_b2[0])
        constant, linear = enclose(network.sigma_b2[0]), enclose(first)
        sigma = DotProductSeries((constant, linear, *[arb(0)] * (order - 1)), variance)
        layers: list[Layer[DotProductSeries]] = []
        variances = [variance]
        for phi, weight, bias in zip(network.activations, network.sigma_w2[1:], network.sigma_b2[1:], strict=True):
            if not variance > 0:
                raise SpecError(f"{phi.name} is fed a variance that is not proved positive: give a bias or more bits.")
            rho = _correlation(sigma, variance, identity=not layers and network.sigma_b2[0] == 0)
            features, slopes = _compose(phi, rho, variance, order, bits, convention is not None)
            layers.append(Layer(sigma, features, slopes))
            sigma = _affine(features, enclose(weight), enclose(bias))
            variance = sigma.mass
            variances.append(variance)
        found = None
        if convention is not None:
            found = tangent(layers, network.sigma_w2, sigma, convention, lambda w, k: k.scale(enclose(w)))
        return DeepSeries(sigma, found, tuple(layers), tuple(variances))


def derivative_series(transform: HermiteTransform, mass: arb) -> DotProductSeries:
    r"""The dual of the derivative, :math:`\dot\kappa(\rho) = \mathbb E\,\phi'(u)\phi'(v)`, from the transform of φ.

    .. math:: \mu_r(\phi';\sigma) = \sqrt{r+1}\,\mu_{r+1}(\phi;\sigma)/\sigma, \qquad
              \dot\kappa(\rho) = \sum_r \frac{(r+1)\mu_{r+1}(\phi;\sigma)^2}{\sigma^2}\rho^r ,

    for an absolutely continuous φ; ``mass`` is :math:`\mathbb E\,\phi'(\sigma z)^2`.

    >>> from certigram.theory.activations.activation import activation
    >>> relu = hermite_transform(activation("relu"), 3, Fraction(1), 64)
    >>> [c.str(5, radius=False) for c in derivative_series(relu, arb(1) / 2).coefficients]
    ['0.25000', '0.15915', '0']
    """
    squares = [mu * mu for mu in transform.coefficients]
    kept = tuple(r * b / transform.variance for r, b in enumerate(squares) if r)
    return DotProductSeries(kept, mass)


@lru_cache(maxsize=256)
def slope(phi: Activation) -> Activation:
    """The almost-everywhere derivative as an activation; :class:`DerivationGap` unless φ is proved continuous.

    A piecewise analytic continuous function is absolutely continuous on bounded intervals, which is what Stein's
    identity needs; a jump would add a point mass to the derivative and make the tangent kernel infinite.
    """
    if not phi.continuous:
        raise DerivationGap(
            f"{phi.name} is not proved continuous, so its tangent kernel is not known to exist (a jump makes it"
            " infinite): ask for the NNGP kernel, or choose a continuous activation."
        )
    return from_expression(phi.derivative())


def _correlation(sigma: DotProductSeries, variance: arb, *, identity: bool) -> DotProductSeries:
    """Σ/q, whose mass is exactly 1; the identity for an input layer without bias."""
    if identity:
        return DotProductSeries(tuple(arb(int(r == 1)) for r in range(sigma.order + 1)), arb(1))
    return DotProductSeries(tuple(b / variance for b in sigma.coefficients), arb(1))


def _affine(kernel: DotProductSeries, weight: arb, bias: arb) -> DotProductSeries:
    scaled = kernel.scale(weight)
    if bias.is_zero():
        return scaled
    return DotProductSeries((scaled.coefficients[0] + bias, *scaled.coefficients[1:]), scaled.mass + bias)


def _compose(
    phi: Activation, rho: DotProductSeries, variance: arb, order: int, bits: int, slopes: bool
) -> tuple[DotProductSeries, DotProductSeries]:
    work = bits + GUARD_BITS
    derivative = slope(phi) if slopes else None
    terms = _terms(rho.coefficients[0], order, bits)
    transform = hermite_transform(phi, terms + 1, variance, work)
    kappa = DotProductSeries(tuple(mu * mu for mu in transform.coefficients), transform.second_moment)
    features = kappa.compose(rho).truncate(order)
    if derivative is None:
        return features, features
    mass = second_moment(derivative, variance, work)
    return features, derivative_series(transform, mass).compose(rho).truncate(order)


def _terms(start: arb, order: int, bits: int) -> int:
    r"""How many Hermite orders a re-expansion at :math:`\rho(0)` needs; more only make the balls smaller.

    The share of :math:`\mu_r^2` in the k-th coefficient of the composition is at most a negative binomial weight, which
    is spent once r is a few standard deviations above :math:`k/(1-x)`.
    """
    x = float(start.mid())
    if x == 0.0:
        return order
    wanted = (order + 8 * math.sqrt(order * x) + bits * math.log(2) / max(-math.log(x), 1e-3)) / max(1 - x, 1e-3)
    return int(min(wanted, 4 * order + 512))
