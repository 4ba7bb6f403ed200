"""Lines about Wendland's bound of the least eigenvalue."""

from __future__ import annotations

import math
import random
from fractions import Fraction
from functools import partial

import sympy
from flint import acb, arb, fmpq

from ...balls.ball import enclose
from ...expressions.lowering import constant
from ...proof_lines.relations import Equation, Instances, Order, Relation, Sides, argument
from ...radial.bounds import spectral_density, wendland_constants
from ...radial.kernel import RadialKernel, matern_coefficients

Q, M_, G, PHI, SEP, T, NU = sympy.symbols("q M G phi q_X t nu", positive=True)
PI, ROOT2 = sympy.pi, sympy.sqrt(2)
CENTRE = PHI / G * (M_ / ROOT2) ** Q
"""The value of Psi at 0."""


@argument("wendland-centre", "the first term of the Bessel function, inserted")
def wendland_centre() -> tuple[Relation, ...]:
    first = (M_ * T / 2) ** (Q / 2) / G
    return (Equation(sympy.powsimp(PHI * G * 2 ** (Q / 2) * T ** (-Q) * first**2, force=True), CENTRE),)


@argument("ring-count", "dimensions up to 12, rings up to 40; equality at the first ring")
def ring_count() -> tuple[Relation, ...]:
    def sides(n: int, q: int) -> Sides:
        return fmpq((n + 2) ** q - (n - 1) ** q), fmpq(3**q * n ** (q - 1))

    def draw(rng: random.Random) -> Sides:
        return sides(rng.randint(1, 40), rng.randint(1, 12))

    return (Instances(draw, 350, (sides(1, 3), sides(1, 8))),)


@argument("bessel-energy", "Bessel's equation for sqrt(t) J, and the derivative of the energy with w'' = -Q w")
def bessel_energy() -> tuple[Relation, ...]:
    order, j = sympy.Symbol("nu", positive=True), sympy.Function("J")(T)
    potential = 1 - (order**2 - sympy.Rational(1, 4)) / T**2
    second = -(sympy.diff(j, T) / T + (1 - order**2 / T**2) * j)
    transformed = sympy.diff(sympy.sqrt(T) * j, T, 2).subs(sympy.diff(j, T, 2), second)
    w, q = sympy.Function("w")(T), sympy.Function("Q")(T)
    energy = sympy.diff(w**2 + sympy.diff(w, T) ** 2 / q, T).subs(sympy.diff(w, T, 2), -q * w)
    return (
        Equation(transformed, -potential * sympy.sqrt(T) * j),
        Equation(energy, -(sympy.diff(w, T) ** 2) * sympy.diff(q, T) / q**2),
        Equation(sympy.diff(potential, T), 2 * (order**2 - sympy.Rational(1, 4)) / T**3),
        Order(sympy.Rational(3, 4), potential.subs(T, 2 * order), 1 / (16 * order**2)),
    )


@argument("bessel-size", "the square written out, the number at order 1 + j/2, and Bernoulli's inequality")
def bessel_size() -> tuple[Relation, ...]:
    slope = sympy.Rational(854, 1000)
    square = NU + sympy.Rational(4, 3) * (1 / (4 * sympy.sqrt(NU)) + slope * sympy.sqrt(2 * NU)) ** 2
    mixed, limit = sympy.Rational(2, 3) * ROOT2 * slope, sympy.Rational(81, 100)
    stated = sympy.Rational(295, 100) * NU + mixed + 1 / (12 * NU)
    room = NU * (sympy.Rational(195, 100) - sympy.Rational(8, 3) * slope**2)
    j, nonnegative = sympy.symbols("j u", nonnegative=True)
    half, top = sympy.Rational(295, 200), 16 / PI
    number = 2 * half + limit + sympy.Rational(1, 12)
    return (
        Order(square, stated, room),
        Order(mixed, limit, limit - mixed),
        Order(sympy.Rational(1, 2) * (1 + 1 / ROOT2), slope, slope - sympy.Rational(1, 2) * (1 + 1 / ROOT2)),
        Order(1 / (12 * (1 + nonnegative)), sympy.Rational(1, 12), nonnegative / (12 * (1 + nonnegative))),
        Order(number + half * j, top * (1 + j), (top - number) + (top - half) * j),
        Order(1 + (j + 1), 2 * (1 + j), j),  # the step of 1 + j <= 2^j
        Equation(2 ** (2 * (1 + j / 2) + 2) / PI, top * 2**j),
    )


@argument("wendland-sum", "the series, the factor, and the bound at M q_X = M_q")
def wendland_sum() -> tuple[Relation, ...]:
    n = sympy.Symbol("n", integer=True, positive=True)
    series = sympy.summation(1 / n**2, (n, 1, sympy.oo))
    total = PHI * G * 2 ** (Q / 2) * 3**Q * 2 ** (Q + 2) * (PI / 6) / (M_ * SEP ** (Q + 1))
    share = 12**Q * (4 * PI / 3) * G**2 / (M_ * SEP) ** (Q + 1)
    largest = 12 * (PI * G**2 / 9) ** (1 / (Q + 1))
    return (
        Equation(series, PI**2 / 6),
        Equation(2 ** (Q + 2) / PI * (PI**2 / 6), 2 ** (Q + 2) * PI / 6),
        Equation(sympy.powsimp(sympy.expand_power_base(total / (CENTRE / 2 * share), force=True)), sympy.Integer(1)),
        Equation(sympy.expand_power_base(largest ** (Q + 1)), 12**Q * (4 * PI / 3) * G**2),
    )


def _radial(kernel: RadialKernel, dimension: int, frequency: arb) -> arb:
    """The transform on the line, or in space, of e^(-ax) times a polynomial: n!/(a - i omega)^(n+1), term by term."""
    assert kernel.order is not None
    a = enclose(kernel.rate).sqrt()
    power = acb(a, -frequency)
    total = acb(0)
    for n, c in enumerate(matern_coefficients(kernel.order)):
        m = n + (dimension == 3)  # in space the integrand has another factor x, and sin(x omega)/omega
        total += enclose(c) * a**n * math.factorial(m) / power ** (m + 1)
    if dimension == 1:
        return 2 * total.real / (2 * arb.pi()).sqrt()
    return 4 * arb.pi() * total.imag / frequency / (2 * arb.pi()).sqrt() ** 3


@argument("wendland-transform", "the Gaussian on the line, symbolically; the transforms in use against integrals")
def wendland_transform() -> tuple[Relation, ...]:
    x, omega = sympy.symbols("x omega", real=True)
    s = sympy.Symbol("s", positive=True)
    gauss = sympy.integrate(sympy.exp(-(x**2) / (2 * s**2)) * sympy.cos(omega * x), (x, -sympy.oo, sympy.oo))
    stated = s * sympy.exp(-(s**2) * omega**2 / 2)

    def gaussian(rng: random.Random) -> Sides:
        dimension, scale, squared = rng.randint(1, 6), _fraction(rng), _fraction(rng)
        line = sympy.lambdify((s, omega), stated, modules=[{"exp": arb.exp}])
        product = line(enclose(scale), enclose(squared).sqrt()) * enclose(scale) ** (dimension - 1)
        return spectral_density(RadialKernel(None, scale), dimension, enclose(squared)), product

    def matern(rng: random.Random) -> Sides:
        kernel, dimension, frequency = (
            RadialKernel(rng.randint(1, 4), _fraction(rng)),
            rng.choice((1, 3)),
            _fraction(rng),
        )
        squared = enclose(frequency**2)
        return spectral_density(kernel, dimension, squared), _radial(kernel, dimension, enclose(frequency))

    return (
        Equation(gauss / sympy.sqrt(2 * PI), stated),
        Instances(gaussian, 351, equal=True),
        Instances(matern, 352, equal=True),
    )


def _fraction(rng: random.Random) -> Fraction:
    return Fraction(rng.randint(1, 9), rng.randint(1, 9))


@argument(
    "wendland-value", "half of the value at 0 with M = M_q/q_X, and the published constant; both constants in use"
)
def wendland_value() -> tuple[Relation, ...]:
    mq = sympy.Symbol("M_q", positive=True)
    published = 1 / (2 * G) * (mq / 2 ** sympy.Rational(3, 2)) ** Q
    half = sympy.expand_power_base(CENTRE.subs(M_, mq / SEP) / 2)
    largest = 12 * (PI * G**2 / 9) ** (1 / (Q + 1))
    found = largest, published.subs(mq, largest)

    def in_use(rng: random.Random, which: int) -> Sides:
        q = rng.randint(1, 12)
        return wendland_constants(q)[which], constant(
            found[which].subs({G: sympy.gamma(sympy.Rational(q, 2) + 1), Q: q})
        )

    return (
        Equation(half, sympy.expand_power_base(2**Q * published * SEP ** (-Q) * PHI)),
        *(Instances(partial(in_use, which=which), 353 + which, equal=True) for which in (0, 1)),
    )
