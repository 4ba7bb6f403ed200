"""The population map in Bures–Wasserstein distance (C8'), at two inputs."""

from __future__ import annotations

from fractions import Fraction

from .....theory.activations.activation import activation
from ....balls.ball import enclose
from ....falsify.bound import Sides, bound
from ....falsify.domain import Domain, Instance, Outside, Real
from ..checks.bures import Entries, contraction_sides
from ..population.contraction import contraction_squared
from .models import BITS, ROOM, mean_lipschitz, papers


def _gram(instance: Instance, name: str) -> Entries:
    """The Gram matrix of the two rows of an array, exactly."""
    a, b, c, d = instance.fractions(name)
    return a * a + b * b, c * c + d * d, a * c + b * d


@bound(
    papers("bures-contraction")[0],
    papers("bures-contraction")[1],
    "lemma.bures-contraction",
    text="d(F(G), F(G')) <= theta d(G, G') for two inputs, theta >= 1/4",
    formula=f"{ROOM}/population/contraction.py: contraction_squared; {ROOM}/checks/bures.py: contraction_sides",
    domain=Domain(
        (
            Real("sigma_w2", (), 2.0**-6, 2.0, logarithmic=True),
            *(Real(name, ("n", "n")) for name in ("x", "g", "h")),
        ),
        {"n": (2,)},
        {"sigma": ("x", "sin(x)", "erf(x)", "relu", "abs(x)")},
    ),
    evaluations=1200,
)
def contraction(instance: Instance) -> Sides:
    """Matrices of any rank; the linear model with inputs that are small attains the bound."""
    name, sigma_w2 = instance.choices["sigma"], instance.fraction("sigma_w2")
    rate = enclose(2 * sigma_w2) * mean_lipschitz(name) ** 2
    if not (rate >= enclose(Fraction(1, 16)) and rate < 1):
        raise Outside("the feedback is outside of its range")
    g, h = _gram(instance, "g"), _gram(instance, "h")
    if g == h:
        raise Outside("the matrices are equal")
    theta = contraction_squared(name, sigma_w2, mean_lipschitz(name)).sqrt()
    return contraction_sides(activation(name), sigma_w2, theta, _gram(instance, "x"), g, h, BITS)
