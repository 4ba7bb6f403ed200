"""Lines about second derivatives in closed form, a threshold that is needed, and a bounded factor of a Gaussian."""

from __future__ import annotations

import random
from fractions import Fraction
from functools import cache

import sympy
from flint import arb, fmpq

from ...balls.ball import enclose
from ...proof_lines.draws import positive
from ...proof_lines.identities import gaussian_moment, hermite
from ...proof_lines.instances import rational
from ...proof_lines.relations import BITS, Equation, Growth, Instances, Order, Relation, Sides, argument
from .counterexample import CounterexampleDecision, curvature_ceiling, decide
from .lines import LAM, ZERO, S, W

X = sympy.Symbol("x", real=True)
A, Y, K = sympy.symbols("a y k", real=True)
POSITIVE = sympy.Symbol("w", positive=True)
PI, ROOT3, ROOT5 = sympy.pi, sympy.sqrt(3), sympy.sqrt(5)


@argument("bend-formulas", "two derivatives of each")
def bend_formulas() -> tuple[Relation, ...]:
    logistic, tanh = 1 / (1 + sympy.exp(-X)), sympy.tanh(X)
    return (
        Equation(sympy.diff(logistic, X, 2), logistic * (1 - logistic) * (1 - 2 * logistic)),
        Equation(sympy.diff(tanh, X, 2), -2 * tanh * (1 - tanh**2)),
        Equation(sympy.diff(sympy.erf(X), X, 2), -4 / sympy.sqrt(PI) * X * sympy.exp(-(X**2))),
    )


@argument("bend-cubic", "with v = 1 - w >= 0 the margin, its zero, and the squares of both closed forms")
def bend_cubic() -> tuple[Relation, ...]:
    v = sympy.Symbol("v", nonnegative=True)
    third, bound = sympy.Rational(1, 3), sympy.Rational(4, 27)
    cubic = (1 - v) * v**2
    t = sympy.Symbol("t", real=True)
    return (
        Order(cubic, bound, (1 - v - third) ** 2 * (third + v)),
        Equation(cubic.subs(v, 1 - third), bound),
        Equation((t * (1 - t) * (1 - 2 * t)) ** 2, cubic.subs(v, 1 - (1 - 2 * t) ** 2) / 16),
        Equation((2 * t * (1 - t**2)) ** 2, 4 * cubic.subs(v, 1 - t**2)),
        Equation(bound / 16, (1 / (6 * ROOT3)) ** 2),
        Equation(4 * bound, (4 / (3 * ROOT3)) ** 2),
    )


@argument("bend-gaussian", "log y <= y - 1 on both sides of 1, with y = 1 + t and y = 1/(1 + t); the closed form")
def bend_gaussian() -> tuple[Relation, ...]:
    t = sympy.Symbol("t", nonnegative=True)
    square = (4 / sympy.sqrt(PI) * X * sympy.exp(-(X**2))) ** 2
    y = 2 * X**2
    return (
        Growth(sympy.log(1 + t), t, t, ZERO, t / (1 + t)),
        Growth(1 - 1 / (1 + t), sympy.log(1 + t), t, ZERO, t / (1 + t) ** 2),
        Equation(square, 8 / (PI * sympy.E) * y * sympy.exp(1 - y)),
        Equation(
            square.subs(X, 1 / sympy.sqrt(2)),
            (2 * sympy.sqrt(2) / sympy.sqrt(PI) * sympy.exp(-sympy.Rational(1, 2))) ** 2,
        ),
    )


def _profile(w: sympy.Expr) -> sympy.Expr:
    return w * (K + sympy.sin(sympy.log(1 + w**2)))


def _phase(u: sympy.Expr) -> sympy.Expr:
    base = K + sympy.sin(u)
    return base * (base + 2 * sympy.cos(u))


@argument("profile-derivatives", "two derivatives of the activation")
def profile_derivatives() -> tuple[Relation, ...]:
    w, r, u = POSITIVE, POSITIVE**2 / (1 + POSITIVE**2), sympy.log(1 + POSITIVE**2)
    sigma = _profile(w)
    bend = 2 * r**2 * (sympy.cos(u) - 2 * sympy.sin(u)) + 6 * w**2 / (1 + w**2) ** 2 * sympy.cos(u)
    return (
        Equation(sympy.diff(sigma, w), K + sympy.sin(u) + 2 * r * sympy.cos(u)),
        Equation(w * sympy.diff(sigma, w, 2), bend),
    )


@argument("profile-gradient", "L'/w by differentiation, and L'' for an arbitrary activation")
def profile_gradient() -> tuple[Relation, ...]:
    w, u = POSITIVE, sympy.log(1 + POSITIVE**2)
    sigma, free = _profile(w), sympy.Function("sigma")(w)
    slope = sympy.diff(sigma, w)
    rest = 2 * A**2 * (K + sympy.sin(u)) * sympy.cos(u) / (1 + w**2) + Y * A * slope / w
    curvature = A**2 * sympy.diff(free, w) ** 2 + (A * free - Y) * A * sympy.diff(free, w, 2) + LAM
    return (
        Equation(((A * sigma - Y) * A * slope + LAM * w) / w, A**2 * _phase(u) + LAM - rest),
        Equation(sympy.diff((A * free - Y) ** 2 / 2 + LAM * w**2 / 2, w, 2), curvature),
    )


@argument("profile-period", "the period, and the value at 0")
def profile_period() -> tuple[Relation, ...]:
    return (
        Equation(_phase(X + 2 * PI), _phase(X)),
        Equation(_phase(ZERO), K * (K + 2)),
    )


@argument("profile-bounds", "margins that are squares; w = sqrt(3) t and w = t/sqrt(3); both numbers")
def profile_bounds() -> tuple[Relation, ...]:
    c, s = sympy.symbols("c s", real=True)
    t, peak = POSITIVE, 3 * ROOT3 / 16
    cube, one = ROOT3 * t, t / ROOT3
    numbers = (6 - 2 * ROOT5 - sympy.Rational(3, 2), 4 - (2 * ROOT5 + 6) * peak)
    return (
        Order((c - 2 * s) ** 2, 5 * (c**2 + s**2), (2 * c + s) ** 2),
        Order(t**2, (1 + t**2) ** 2 / 4, (1 - t**2) ** 2 / 4),
        Order(cube**3, peak * (1 + cube**2) ** 2, peak * (t - 1) ** 2 * (9 * t**2 + 2 * t + 1)),
        Order(one, peak * (1 + one**2) ** 2, ROOT3 / 48 * (t - 1) ** 2 * (t**2 + 2 * t + 9)),
        Order(2 * ROOT5 + sympy.Rational(3, 2), sympy.Integer(6), numbers[0]),
        Order((2 * ROOT5 + 6) * peak, sympy.Integer(4), numbers[1]),
    )


STARTS = (
    (Fraction(2), Fraction(1, 10), Fraction(3, 2), Fraction(1)),
    (Fraction(3, 2), Fraction(1), Fraction(2), Fraction(3)),
)
"""k, lambda, a and y at which the sign pattern is decided."""


@cache
def _decided(case: tuple[Fraction, Fraction, Fraction, Fraction]) -> CounterexampleDecision:
    return decide(*case, bits=BITS)


@argument("profile-start", "1/(1 + w^2) <= 1/w; -phi <= cos^2; the start in use, from the two values of phi")
def profile_start() -> tuple[Relation, ...]:
    w, (b, c) = POSITIVE, sympy.symbols("b c", real=True)
    k, a, y = sympy.symbols("k a y", positive=True)
    stated = 2 * a**2 * (k + 1) + y * a * (k + 3)
    phase = sympy.lambdify((K, X), _phase(X), modules=[{"sin": arb.sin, "cos": arb.cos}])

    def draw(rng: random.Random) -> Sides:
        case = rng.choice(STARTS)
        found, (k_, rate, a_, y_) = _decided(case), map(enclose, case)
        assert found.start is not None
        assert found.below is not None
        assert found.above is not None
        low, high = (a_**2 * phase(k_, enclose(u)) + rate for u in (found.below, found.above))
        return found.start * min(-low, high), sympy.lambdify((k, a, y), stated, modules=[])(k_, a_, y_)

    return (
        Order(1 / (1 + w**2), 1 / w, ((w - 1) ** 2 + w) / (w * (1 + w**2))),
        Order(-b * (b + 2 * c), c**2, (b + c) ** 2),
        Instances(draw, 430, equal=True),
    )


@argument("profile-ceiling", "the sum of the four bounds with room in each of them; the ceiling in use")
def profile_ceiling() -> tuple[Relation, ...]:
    a, y, k, d1, d2, d3 = sympy.symbols("a y k d_1 d_2 d_3", positive=True)
    slope, product, bend = k + 3 - d1, 6 * (k + 1) - d2, 4 - d3  # of |s'|, |s s''| and |s''|
    stated = a**2 * ((k + 3) ** 2 + 6 * (k + 1)) + 4 * y * a + LAM
    value = sympy.lambdify((a, y, k, LAM), stated, modules=[])

    def draw(rng: random.Random) -> Sides:
        a_, y_, k_, rate = (arb(positive(rng)) for _ in range(4))
        return curvature_ceiling(k_, a_, y_, rate), value(a_, y_, k_, rate)

    short = stated - a**2 * (d2 + d1 * (2 * (k + 3) - d1)) - y * a * d3
    return (
        Equation(a**2 * slope**2 + a**2 * product + y * a * bend + LAM, short),
        Equation((k + 3) ** 2 - slope**2, d1 * (2 * (k + 3) - d1)),
        Instances(draw, 431, equal=True),
    )


@argument("gaussian-factor", "the exponents, and the variance of the Gaussian")
def gaussian_factor() -> tuple[Relation, ...]:
    g = sympy.Symbol("g", real=True)
    return (
        Equation(2 / S * (g + LAM / 2 * W**2), 2 * g / S + LAM * W**2 / S),
        Equation(LAM * W**2 / S, W**2 / (2 * (S / (2 * LAM)))),
    )


@argument("gaussian-gap", "for arbitrary coefficients up to order 4: the rest is the sum of (r - 1) c_r^2")
def gaussian_gap() -> tuple[Relation, ...]:
    c = sympy.symbols("c_0:5", real=True)
    u = sum((a * hermite(r, X) for r, a in enumerate(c)), ZERO)
    scale = 2 * LAM / S  # the square of the derivative of w sqrt(2 lambda/s)

    def mean(f: sympy.Expr) -> sympy.Expr:
        return sum((a * gaussian_moment(m[0], 0, ZERO) for m, a in sympy.Poly(f, X).terms()), ZERO)

    energy, variance = S / 2 * scale * mean(sympy.diff(u, X) ** 2), mean(u**2) - mean(u) ** 2
    rest = sum(((r - 1) * c[r] ** 2 for r in range(2, 5)), ZERO)
    return (Order(sympy.expand(LAM * variance), sympy.expand(energy), LAM * rest),)


@argument("variance-least", "the difference is a square")
def variance_least() -> tuple[Relation, ...]:
    mean, second, c = sympy.symbols("m m_2 c", real=True)
    return (Order(second - mean**2, second - 2 * c * mean + c**2, (mean - c) ** 2),)


@argument("bounded-density", "means under random densities at five points; equality for a constant one")
def bounded_density() -> tuple[Relation, ...]:
    def sides(density: list[fmpq], weights: list[fmpq], values: list[fmpq], upper: bool) -> Sides:
        under = sum((h * w * v for h, w, v in zip(density, weights, values, strict=True)), fmpq(0))
        plain = sum((w * v for w, v in zip(weights, values, strict=True)), fmpq(0))
        return (under, max(density) * plain) if upper else (min(density) * plain, under)

    def draw(rng: random.Random) -> tuple[list[fmpq], list[fmpq], list[fmpq]]:
        density, weights, values = ([positive(rng) for _ in range(5)] for _ in range(3))
        return density, weights, values

    same = [fmpq(2)] * 3, [fmpq(1, 3)] * 3, [fmpq(1), fmpq(4), fmpq(9)]
    return (
        Instances(lambda rng: sides(*draw(rng), True), 410, (sides(*same, True),)),
        Instances(lambda rng: sides(*draw(rng), False), 411, (sides(*same, False),)),
    )


@argument("loss-oscillation", "the slope of the loss; means of five terms, with equality for equal ones")
def loss_oscillation() -> tuple[Relation, ...]:
    def sides(moves: list[fmpq], weights: list[fmpq]) -> Sides:
        total = sum(weights, fmpq(0))
        mean = sum((w * abs(m) for w, m in zip(weights, moves, strict=True)), fmpq(0)) / total
        return mean, max(map(abs, moves))

    def draw(rng: random.Random) -> Sides:
        return sides([rational(rng) for _ in range(5)], [positive(rng) for _ in range(5)])

    return (
        Equation(sympy.diff(sympy.log(1 + sympy.exp(-X)), X), -1 / (1 + sympy.exp(X))),
        Instances(draw, 412, (sides([fmpq(2)] * 3, [fmpq(1)] * 3),)),
    )
