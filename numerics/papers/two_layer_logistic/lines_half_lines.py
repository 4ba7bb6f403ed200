"""Lines about the logarithmic Sobolev inequality on the line by Hardy's inequality on half-lines."""

from __future__ import annotations

import random
from fractions import Fraction

import sympy
from flint import arb, fmpq

from ...balls.ball import enclose
from ...proof_lines.draws import positive
from ...proof_lines.instances import rational
from ...proof_lines.relations import Equation, Instances, Order, Relation, Sides, argument
from .lines_finite_laws import law, mean, relative_entropy
from .lines_sgd import total

A, B, B0, D, INTEGRAL = sympy.symbols("A B B_0 D I", positive=True)
PIECES = tuple(Fraction(k, 200) for k in range(-600, 800))
"""Left ends of the pieces of [-3, 4], each of length 1/200."""


@argument("rothaus-shift", "the square that is completed; Cauchy and Schwarz; D for the logarithm of a density")
def rothaus_shift() -> tuple[Relation, ...]:
    a, b = sympy.symbols("a b", real=True)

    def sides(weights: list[fmpq], forms: list[fmpq], sizes: list[fmpq]) -> Sides:
        first = total([p * f for p, f in zip(weights, forms, strict=True)])
        squares = total([p * f * f / k for p, f, k in zip(weights, forms, sizes, strict=True)])
        return first**2, squares * total([p * k for p, k in zip(weights, sizes, strict=True)])

    def draw(rng: random.Random) -> Sides:
        forms = [rational(rng) for _ in range(4)]
        return sides([positive(rng) for _ in range(4)], forms, [positive(rng) for _ in range(4)])

    def density(rng: random.Random) -> Sides:
        mu, nu = law(rng, 4), law(rng, 4)
        phi = [(y / x).log() for x, y in zip(mu, nu, strict=True)]
        return relative_entropy(mu, nu), mean(mu, [v.exp() - 1 - v for v in phi])

    two = [fmpq(1), fmpq(2)]
    return (
        Order(2 * a * b - a**2 * D, b**2 / D, (a * D - b) ** 2 / D),
        Instances(draw, 560, (sides(two, [fmpq(3), fmpq(6)], two),)),
        Instances(density, 561, equal=True),
    )


@argument("rothaus-pair", "the integral; the tails; all pieces of [-3, 4] in balls, with the tightest among them")
def rothaus_pair() -> tuple[Relation, ...]:
    t, r = sympy.symbols("t r", positive=True)
    u, e = sympy.symbols("u e", nonnegative=True)
    tau = 3 + u

    def piece(left: Fraction) -> Sides:
        x, right = enclose(left), enclose(left + Fraction(1, 200))
        kappa = arb(2) if left == 0 else x * x / (x.expm1() - x)
        return (right + kappa).exp(), enclose(Fraction(15, 2)) + enclose(Fraction(3, 2)) * x.exp()

    def beyond() -> Sides:
        return (arb(16) / (arb(4).expm1() - 4)).exp(), enclose(Fraction(139, 100))

    return (
        Equation(sympy.integrate((1 - r) * sympy.exp(r * t), (r, 0, 1)), (sympy.exp(t) - 1 - t) / t**2),
        Order(-tau + tau**2 / (e - 1 + tau), tau / (tau - 1), tau**2 * e / ((tau - 1) * (tau - 1 + e))),
        Order(tau / (tau - 1), sympy.Rational(3, 2), u / (2 * (2 + u))),
        Instances(lambda rng: piece(rng.choice(PIECES)), 562, tuple(piece(left) for left in PIECES)),
        Instances(lambda _: (arb(fmpq(3, 2)).exp(), arb(fmpq(9, 2))), 563),
        Instances(lambda _: beyond(), 564),
    )


@argument("hardy-weights", "both antiderivatives along I, the sum with what is left at infinity, and the product")
def hardy_weights() -> tuple[Relation, ...]:
    rest = sympy.Symbol("r", nonnegative=True)
    root = sympy.sqrt(INTEGRAL)
    return (
        Equation(sympy.diff(2 * root, INTEGRAL), 1 / root),
        Equation(sympy.diff(-1 / root, INTEGRAL), 1 / (2 * INTEGRAL ** sympy.Rational(3, 2))),
        Order(B0 / root + B0 * (1 / root - rest), 2 * B0 / root, B0 * rest),
        Equation(2 * root * (2 * B0 / root), 4 * B0),
    )


@argument("jensen-tail", "means of exponentials on four points, nearly equal ones; the quotient")
def jensen_tail() -> tuple[Relation, ...]:
    mass = sympy.Symbol("T", positive=True)

    def sides(weights: list[arb], values: list[arb]) -> Sides:
        return mean(weights, values), mean(weights, [v.exp() for v in values]).log()

    near = sides([arb(fmpq(1, 2))] * 2, [arb(1), arb(fmpq(11, 10))])
    return (
        Instances(lambda rng: sides(law(rng, 4), [arb(positive(rng)) for _ in range(4)]), 565, (near,)),
        Equation((A * mass + B) / mass, A + B / mass),
    )


@argument("half-lines-constant", "B times FI = 4E is FI/(2 alpha)")
def half_lines_constant() -> tuple[Relation, ...]:
    energy = sympy.Symbol("E", positive=True)
    return (Equation(B0 * (4 * energy), 4 * energy / (2 * (1 / (2 * B0)))),)
