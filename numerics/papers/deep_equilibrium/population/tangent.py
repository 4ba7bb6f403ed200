r"""The limit of the tangent Gram matrix of a deep equilibrium model, in standard parametrisation.

.. math:: \Theta = K \circ \Bigl(1 + \frac{\dot\Gamma}{1 - 2\sigma_w^2\dot\Gamma}\Bigr),\qquad
          \dot\Gamma_{ij} = \mathbb E\,\varphi'(g_i)\varphi'(g_j),\quad g \sim N(0, \Sigma).

With :math:`\dot\kappa(\rho) = \sum_r r\mu_r(\sqrt s)^2\rho^{r-1}/s` the slopes are :math:`\dot\kappa(\rho(c))`, a power
series in the cosine c with non-negative coefficients, and so is the geometric series of the resolvent: hence
:math:`\Theta \succeq K`. Everything needs :math:`\chi = 2\sigma_w^2\,\mathbb E\varphi'(\sqrt s z)^2 < 1`.
Proof: ``docs/papers/deep_equilibrium/training.md``, "The tangent kernel".
"""

from __future__ import annotations

from dataclasses import dataclass

from flint import arb, arb_series

from .....theory.errors import DerivationGap
from ....balls.ball import enclose
from ....balls.ends import nonnegative
from ....balls.precision import precision
from ....deep.series import derivative_series, slope
from ....expressions.elementary.series import coefficient
from ....hermite import second_moment
from ....kernels.series import DotProductSeries
from .kernel import EquilibriumKernel


@dataclass(frozen=True, slots=True, eq=False)
class EquilibriumTangent:
    r"""The slopes :math:`\dot\Gamma`, the added part :math:`\Theta - K` and Θ, as series in the cosine; and χ < 1."""

    slopes: DotProductSeries
    added: DotProductSeries
    tangent: DotProductSeries
    stability: arb


def resolved(slopes: arb_series, weight: arb) -> arb_series:
    r""":math:`\dot\Gamma/(1-w\dot\Gamma)` as a power series in the cosine: backpropagation through all layers."""
    return slopes / (1 - weight * slopes)


def equilibrium_tangent_series(kernel: EquilibriumKernel) -> EquilibriumTangent:
    r"""The tangent kernel that belongs to an equilibrium kernel, to the same order.

    Raises :class:`DerivationGap` when φ is not known to be continuous, or unless :math:`\chi < 1` is proved: beyond,
    the geometric series diverges and the formula has no meaning. Source: truong2023deq, ling2023deq (the finite
    matrix); own proof in ``docs/papers/deep_equilibrium/training.md``.

    >>> from fractions import Fraction
    >>> from certigram.theory.activations.activation import activation
    >>> from certigram.numerics.papers.deep_equilibrium.population.kernel import equilibrium_kernel
    >>> tanh = equilibrium_kernel(activation("tanh"), Fraction(1, 16), 8, 64, lipschitz=arb(1))
    >>> print(equilibrium_tangent_series(tanh).slopes.mass.str(9, radius=False))
    0.344641917
    """
    hermite, point = kernel.hermite, kernel.fixed_point
    with precision(hermite.bits):
        moment = second_moment(slope(kernel.activation), point.s, hermite.bits)
        weight = enclose(2 * point.sigma_w2)
        chi = weight * moment
        if not chi < 1:
            raise DerivationGap(
                f"chi = 2 sigma_w2 E phi'(g)^2 = {chi.str(6, radius=False)} is not proved below 1: no equilibrium is"
                " reached beyond, and the tangent kernel does not exist. Choose a smaller sigma_w2."
            )
        slopes = derivative_series(hermite, moment).compose(kernel.correlation).truncate(kernel.series.order)
        order = slopes.order
        line = arb_series(list(slopes.coefficients), prec=order + 1)
        through = resolved(line, weight)
        coefficients = tuple(nonnegative(coefficient(through, r)) for r in range(order + 1))  # by proof
        resolvent = DotProductSeries(coefficients, moment / (1 - chi))
        added = (kernel.series.truncate(order) * resolvent).truncate(order)
        return EquilibriumTangent(slopes, added, kernel.series.truncate(order) + added, chi)
