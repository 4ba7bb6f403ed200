"""Equilibrium kernels at a few activations and variances, and their values by another way than power series."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np
from flint import arb, arb_mat

from .....theory.activations.activation import Activation, activation
from .....theory.papers.deep_equilibrium.arguments import both
from ....balls.ball import enclose
from ....balls.banach import banach
from ....balls.budget import Budget
from ....balls.precision import precision
from ....dual import dual
from ....expressions.regularity import regularity
from ....falsify.domain import Domain, Instance, Outside, Real
from ....kernels.ballmatrix import BallMatrix
from ....kernels.cosines import Cosines
from ..population.contraction import contraction_squared, homogeneous_mean_square
from ..population.kernel import EquilibriumKernel, equilibrium_kernel
from ..population.schur_bounds import LowerBounds
from ..population.tangent import EquilibriumTangent, equilibrium_tangent_series

ROOM = "numerics/papers/deep_equilibrium"
BITS, ORDER = 128, 16
"""Precision and length of the power series of the kernels."""
ITERATIONS = 40
"""Steps towards a correlation in floats."""
VARIANCES = ("1/32", "1/16", "1/4")
BUDGET = Budget(bits=64, max_bits=64)


def papers(slug: str) -> tuple[str, str]:
    """The claim of this name of the general models, which names the bound, and of the ReLU model."""
    general, relu = both(slug)
    return general, relu


@cache
def mean_lipschitz(name: str) -> arb:
    """The constant by which the maps of the population contract."""
    phi = activation(name)
    square = homogeneous_mean_square(phi)
    if square is not None:
        with precision(BITS):
            return enclose(square).sqrt()
    found = regularity(phi, BITS).lipschitz
    assert found is not None
    return found


@dataclass(frozen=True, eq=False)
class Model:
    """A kernel with the parameters that it belongs to."""

    phi: Activation
    sigma_w2: Fraction
    kernel: EquilibriumKernel
    tangent: EquilibriumTangent

    def correlation(self, cosine: arb) -> arb:
        """ρ at a cosine: an iterate of its equation in floats, and Banach's bound around it."""
        point, w = self.kernel.fixed_point, enclose(2 * self.sigma_w2)
        s = point.s

        def image(rho: arb) -> arb:
            return (w * dual(self.phi, s, s, s * rho, BITS) + point.input_variance * cosine) / s

        rho = cosine.mid()
        for _ in range(ITERATIONS):
            moved = image(rho).mid()
            near = bool(abs(moved - rho) <= arb((1, -48)))
            rho = moved
            if near:
                break
        return banach(rho, image(rho), contraction_squared(self.phi.name, self.sigma_w2, mean_lipschitz(self.phi.name)))

    def value(self, cosine: arb) -> arb:
        """K at a cosine, from the equation of ρ."""
        point = self.kernel.fixed_point
        return (point.s * self.correlation(cosine) - point.input_variance * cosine) / enclose(2 * self.sigma_w2)

    def gram(self, cosines: arb_mat) -> arb_mat:
        """K, (n, n)."""
        n = cosines.nrows()
        found = arb_mat(n, n)
        for i in range(n):
            found[i, i] = self.kernel.fixed_point.q
            for j in range(i):
                found[i, j] = found[j, i] = self.value(cosines[i, j])
        return found

    def bounds(self, cosines: arb_mat) -> LowerBounds:
        """The lower bounds of the theory for exact cosines."""
        n = cosines.nrows()
        mid = np.array([[float(cosines[i, j]) for j in range(n)] for i in range(n)])
        rho = arb_mat(n, n, [1 if i == j else self.correlation(cosines[i, j]) for i in range(n) for j in range(n)])
        return LowerBounds(self.kernel, Cosines(mid, 0.0), BallMatrix.from_arb(rho), BUDGET)


@cache
def model(name: str, variance: str) -> Model:
    """The kernel of an activation at a variance of the recurrent weights, inputs of norm √d."""
    phi, sigma_w2 = activation(name), Fraction(variance)
    kernel = equilibrium_kernel(phi, sigma_w2, ORDER, BITS, lipschitz=mean_lipschitz(name))
    return Model(phi, sigma_w2, kernel, equilibrium_tangent_series(kernel))


ANGLES = Real("c", (3,), -0.9375, 0.9375)


def inputs(activations: tuple[str, ...], sizes: tuple[int, ...] = (2, 3)) -> Domain:
    """Cosines of two or three inputs, an activation and a variance."""
    return Domain((ANGLES,), {"n": sizes}, {"sigma": activations, "sigma_w2": VARIANCES})


def chosen(instance: Instance) -> Model:
    """The kernel of an instance."""
    return model(instance.choices["sigma"], instance.choices["sigma_w2"])


def large(instance: Instance) -> Model:
    """The same where s >= 4, so that the powers of 2/s count; :class:`Outside` elsewhere."""
    found = chosen(instance)
    if not found.kernel.fixed_point.s >= 4:
        raise Outside("the variance at equilibrium is near that of the inputs")
    return found


def cosine_matrix(instance: Instance) -> arb_mat:
    """C, exactly; raises :class:`Outside` unless it is definite, so that it is that of some inputs."""
    a, b, c = instance.fractions("c")
    if instance.sizes["n"] == 2:
        return arb_mat([[1, enclose(a)], [enclose(a), 1]])
    if 1 + 2 * a * b * c - a * a - b * b - c * c <= 0:
        raise Outside("the cosines are those of no inputs")
    return arb_mat([[1, enclose(a), enclose(b)], [enclose(a), 1, enclose(c)], [enclose(b), enclose(c), 1]])
