"""Lines about the squared norm of the equilibrium at infinite width."""

from __future__ import annotations

import random
from fractions import Fraction

import sympy
from flint import acb, arb

from ...balls.ball import enclose
from ...proof_lines.relations import BITS, Equation, Instances, Relation, Sides, argument
from .limit import limit_map, limit_rate, limit_variance
from .lines import PI

S, K, R, ANGLE = sympy.symbols("s K r alpha", positive=True)
GAMMA = sympy.Symbol("gamma", positive=True)
MAP = S**2 / 4 + ((1 + S**2) * (PI - sympy.atan(S)) + S) / (2 * PI)
"""The map as the lemma states it."""


def _scale(rng: random.Random) -> Fraction:
    """A gamma of which the square is below 4/3."""
    return Fraction(rng.randint(1, 22), 20)


def _expectation(variance: arb) -> arb:
    """The expectation at s² = ``variance``: the part of h < 0, and the integral over the angles where h > 0."""
    half, s = arb.pi() / 2, variance.sqrt()
    active = acb.integral(lambda angle, _: angle.cos() ** 2, acb(s.atan() - half), acb(half)).real
    return variance / 4 + (1 + variance) / arb.pi() * active


@argument("limit-inactive", "half the second moment of the positive part, times one half")
def limit_inactive() -> tuple[Relation, ...]:
    density = sympy.exp(-(R**2) / 2) / sympy.sqrt(2 * PI)
    positive = S**2 * sympy.integrate(R**2 * density, (R, 0, sympy.oo))
    return Equation(positive, S**2 / 2), Equation(positive / 2, S**2 / 4)


@argument("limit-active", "both integrals, with the angle of tangent s; the map in use at random K and gamma")
def limit_active() -> tuple[Relation, ...]:
    t = sympy.Symbol("theta", positive=True)
    radial = sympy.integrate(R**3 * sympy.exp(-(R**2) / 2), (R, 0, sympy.oo))
    angular = sympy.integrate(sympy.cos(ANGLE) ** 2, (ANGLE, t - PI / 2, PI / 2))
    found = (1 + S**2) / (2 * PI) * radial * sympy.simplify(angular).subs(t, sympy.atan(S))

    def draw(rng: random.Random) -> Sides:
        at, gamma = Fraction(rng.randint(1, 40), 16), _scale(rng)
        return limit_map(enclose(at), gamma), _expectation(enclose(gamma**2 * at))

    return Equation(sympy.expand_trig(found), MAP - S**2 / 4), Instances(draw, 231, equal=True)


@argument("limit-contraction", "the derivative, and its value at K = 0")
def limit_contraction() -> tuple[Relation, ...]:
    slope = sympy.diff(MAP.subs(S, GAMMA * sympy.sqrt(K)), K)
    claimed = GAMMA**2 * (sympy.Rational(3, 4) - sympy.atan(GAMMA * sympy.sqrt(K)) / (2 * PI))
    at_zero = sympy.limit(claimed, K, 0)

    def draw(rng: random.Random) -> Sides:
        gamma = _scale(rng)
        value = sympy.Rational(at_zero.subs(GAMMA, gamma))
        return limit_rate(gamma), enclose(Fraction(int(value.p), int(value.q)))

    return (
        Equation(slope, claimed),
        Equation(at_zero, sympy.Rational(3, 4) * GAMMA**2),
        Instances(draw, 232, equal=True),
    )


@argument("limit-point", "the enclosed fixed point and its image, by the integral")
def limit_point() -> tuple[Relation, ...]:
    def draw(rng: random.Random) -> Sides:
        gamma = _scale(rng)
        found = limit_variance(gamma, BITS)
        return found, _expectation(enclose(gamma**2) * found)

    return (Instances(draw, 233, equal=True),)
