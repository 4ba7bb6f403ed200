"""Lines about the least eigenvalue of the feature Gram matrix at a finite width, and the composed statements."""

from __future__ import annotations

import random
from fractions import Fraction
from functools import partial

import sympy
from flint import arb

from ....theory.verdict import Verdict
from ...balls.ball import enclose
from ...proof_lines.registry import Checked, Kind, line
from ...proof_lines.relations import Equation, Instances, Order, Relation, Sides, argument
from .descent.closed import composed_constants
from .descent.concentration import Population, entropy, failure, truncated
from .descent.moments import cubes, squares

B, XI, T, P, S = sympy.symbols("b xi t p s", positive=True)
THETA = sympy.Symbol("theta", positive=True)
PI = sympy.pi


@argument("feature-tail", "by parts, with s/t >= 1 under the integral; and the program at random numbers")
def chernoff_tail() -> tuple[Relation, ...]:
    density = sympy.exp(-(T**2) / 2)
    beyond = T + P
    bound = density * ((B + XI * T) ** 2 + 2 * XI * B / T + 2 * XI**2)
    tau = density * (B + XI * T) * (B + XI * T + 2 * XI / T)
    weight = sympy.integrate(S * sympy.exp(-(S**2) / 2), (S, T, sympy.oo))

    def draw(rng: random.Random) -> Sides:
        n, x, least, t = rng.randint(1, 40), rng.randint(1, 9), Fraction(1, rng.randint(2, 99)), rng.randint(1, 9)
        value = tau.subs({B: sympy.sqrt(n), XI: x / sympy.sqrt(sympy.Rational(least)), T: t})
        lost, _ = truncated(Population(n, arb(x), enclose(least)), arb(t))
        return lost, arb(str(sympy.N(value, 60))) * arb(1, 2.0**-90)

    return (
        Order(
            sympy.exp(-(beyond**2) / 2), beyond / T * sympy.exp(-(beyond**2) / 2), P / T * sympy.exp(-(beyond**2) / 2)
        ),
        Equation(weight, density),
        Equation(bound, tau),
        Instances(draw, 440, equal=True),
    )


@argument("feature-exponent", "the logarithm of Tropp's bound, and the slope in mu; the program at random numbers")
def chernoff_exponent() -> tuple[Relation, ...]:
    mu, r = sympy.symbols("mu r", positive=True)
    h = THETA + (1 - THETA) * sympy.log(1 - THETA)
    exponent = sympy.expand(mu * h.subs(THETA, 1 - r / mu))

    def draw(rng: random.Random) -> Sides:
        theta = Fraction(rng.randint(1, 99), 100)
        value = h.subs(THETA, sympy.Rational(theta))
        return entropy(enclose(theta)), arb(str(sympy.N(value, 60))) * arb(1, 2.0**-80)

    def whole(rng: random.Random) -> Sides:
        n, m, t, theta = rng.randint(2, 9), rng.randint(100, 900), rng.randint(6, 9), Fraction(rng.randint(1, 99), 100)
        found = Population(n, arb(1), arb("0.25"))
        lost, size = truncated(found, arb(t))
        share = sympy.N(h.subs(THETA, sympy.Rational(theta)), 60)
        right = n * (-m * (1 - lost) * arb(str(share)) * arb(1, 2.0**-80) / size).exp()
        return failure(found, m, arb(t), enclose(theta)), right

    return (
        Equation(-THETA - (1 - THETA) * sympy.log(1 - THETA), -h),
        Equation(sympy.diff(exponent, mu), 1 - r / mu),
        Order(sympy.Integer(0), (1 - r / mu).subs(mu, r + P), P / (r + P)),
        Instances(draw, 441, equal=True),
        Instances(whole, 442, equal=True),
    )


@argument("feature-direct", "the exponential at random points, and the exponent at its best argument")
def chernoff_direct() -> tuple[Relation, ...]:
    eps, v = sympy.symbols("epsilon V", positive=True)
    best = eps / v

    def draw(rng: random.Random) -> Sides:
        z = arb(rng.randint(1, 400)) / 100
        return (-z).exp(), 1 - z + z**2 / 2

    return (
        Instances(draw, 443),
        Equation(-best * eps + best**2 * v / 2, -(eps**2) / (2 * v)),
    )


@argument("feature-moments", "integrals over the arc where both are positive, E r^4 = 8; the program at random angles")
def chernoff_moments() -> tuple[Relation, ...]:
    angle, r = sympy.symbols("phi r", positive=True)
    arc = (angle, THETA - PI / 2, PI / 2)
    radial = sympy.integrate(r**5 * sympy.exp(-(r**2) / 2), (r, 0, sympy.oo))
    formulas = {
        2: (3 * sympy.sin(THETA) * sympy.cos(THETA) + (PI - THETA) * (1 + 2 * sympy.cos(THETA) ** 2)) / (2 * PI),
        3: (sympy.sin(THETA) * (2 + sympy.cos(THETA) ** 2) + 3 * (PI - THETA) * sympy.cos(THETA)) / (2 * PI),
    }

    def exact(power: int) -> Equation:
        integrand = sympy.expand(sympy.expand_trig(sympy.cos(angle) ** power * sympy.cos(angle - THETA) ** (4 - power)))
        return Equation(sympy.integrate(integrand, arc) * radial / (2 * PI), formulas[power])

    def draw(rng: random.Random, power: int) -> Sides:
        cosine = Fraction(rng.randint(-99, 99), 100)
        at = sympy.N(formulas[power].subs(THETA, sympy.acos(sympy.Rational(cosine))), 60)
        found = squares(enclose(cosine)) if power == 2 else cubes(enclose(cosine))
        return found, arb(str(at)) + arb(0, 2.0**-80)

    return (
        Equation(radial, sympy.Integer(8)),
        exact(2),
        exact(3),
        *(Instances(partial(draw, power=power), 444 + power, equal=True) for power in (2, 3)),
    )


@argument("composed-truncation", "the derivative with t = 1 + q and p = 4 + r; the value at p = 4 is below 33 < 64")
def composed_truncation() -> tuple[Relation, ...]:
    p, q, r = sympy.symbols("p q r", positive=True)
    t = 2 * sympy.sqrt(sympy.log(40 * p))
    side = (1 + T) * (1 + T + 2 / T)
    slope = sympy.diff(side, T).subs(T, t) * sympy.diff(t, p)

    def four(rng: random.Random) -> Sides:
        at = 2 * arb(160).log().sqrt()
        return (1 + at) * (1 + at + 2 / at), arb(33)

    top = 1 + q
    return (
        Equation(slope, (4 / p * (1 + 1 / T - 1 / T**3)).subs(T, t)),
        Order(1 + 1 / top - 1 / top**3, sympy.Integer(2), q / top + 1 / top**3),
        Order(8 / (4 + r), sympy.Integer(2), 2 * r / (4 + r)),
        Equation(p * 16 * p / (40 * p) ** 2, sympy.Rational(1, 100)),
        Instances(four, 448),
    )


@line("composed-numbers")
def composed_numbers() -> Checked:
    found = [relation.verdict for relation in composed_constants()]
    wrong = composed_constants(Fraction(26, 100))[0].verdict
    passed = all(verdict is Verdict.PROVED for verdict in found) and wrong is Verdict.REFUTED
    return Checked(Kind.ENCLOSURE, passed, f"{len(found)} inequalities; 0.26 in place of 0.2424 is refused")


@argument("composed-rate", "the margin x u/64 with 9x = 16 - u; eta lambda_0 at Lambda = lambda = 3/4 lambda_0")
def composed_rate() -> tuple[Relation, ...]:
    x, u, lam = sympy.symbols("x u lambda_0", positive=True)
    three = sympy.Rational(3, 8)
    return (
        Equation(1 - x / 2 - (1 - three * x) ** 2, x * (16 - 9 * x) / 64),
        Order((1 - three * x) ** 2, (1 - three * x) ** 2 + x * u / 64, x * u / 64),
        Equation(2 / (2 * sympy.Rational(3, 4) * lam) * lam, sympy.Rational(4, 3)),
    )
