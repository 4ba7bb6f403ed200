"""Lines about antipodal inputs of an equilibrium model, enclosed at fixed points."""

from __future__ import annotations

from fractions import Fraction

from flint import arb

from ....theory.activations.activation import activation
from ...balls.ball import enclose
from ...balls.precision import precision
from ...dual import dual
from ...expressions.regularity import regularity
from ...proof_lines.registry import Checked, Kind, line
from .population.variance import variance_fixed_point

BITS = 96


@line("antipodal-fixed-point")
def antipodal_fixed_point() -> Checked:
    passed = True
    for name in ("tanh", "erf", "sin"):
        phi = activation(name)
        lipschitz = regularity(phi, BITS).lipschitz
        point = variance_fixed_point(phi, Fraction(1, 16), BITS, lipschitz=lipschitz or arb(1))
        with precision(BITS):
            value = dual(phi, point.s, point.s, -point.s, BITS)
            image = (enclose(Fraction(1, 8)) * value - 2) / point.s
            passed = passed and bool((image + 1).contains(0)) and bool((value + point.q).contains(0))
    return Checked(
        Kind.ENCLOSURE, passed, "tanh, erf, sin: the map takes -1 to a ball that contains -1, and K_ij + q to 0"
    )
