"""Lines about antipodal inputs of an equilibrium model, enclosed at fixed points."""

from __future__ import annotations

import random
from fractions import Fraction
from functools import cache

from flint import arb

from ....theory.activations.activation import activation
from ...balls.ball import enclose
from ...balls.precision import precision
from ...dual import dual
from ...expressions.regularity import regularity
from ...proof_lines.relations import BITS, Instances, Relation, Sides, argument
from .population.variance import variance_fixed_point


@cache
def _opposite(name: str, sixteenths: int) -> tuple[arb, arb, arb]:
    """The dual at correlation -1, q, and the image of -1 under the map, at sigma_w2 = ``sixteenths``/16."""
    phi, sigma_w2 = activation(name), Fraction(sixteenths, 16)
    point = variance_fixed_point(phi, sigma_w2, BITS, lipschitz=regularity(phi, BITS).lipschitz)
    value = dual(phi, point.s, point.s, -point.s, BITS)
    with precision(BITS):
        return value, point.q, (enclose(2 * sigma_w2) * value - 2) / point.s


@argument("antipodal-fixed-point", "tanh, erf, sin: K_ij and -q, and the image of -1 and -1")
def antipodal_fixed_point() -> tuple[Relation, ...]:
    def draw(rng: random.Random) -> tuple[arb, arb, arb]:
        return _opposite(rng.choice(("tanh", "erf", "sin")), rng.randint(1, 4))

    def entry(rng: random.Random) -> Sides:
        value, q, _ = draw(rng)
        return value, -q

    return (
        Instances(entry, 119, equal=True),
        Instances(lambda rng: (draw(rng)[2], arb(-1)), 120, equal=True),
    )
