"""Lines about the Lipschitz estimates of networks of finite width, their moments and tails."""

from __future__ import annotations

import random

import sympy
from flint import arb, fmpq, fmpq_mat

from ...proof_lines.draws import inner, positive, squared, vector
from ...proof_lines.instances import rational
from ...proof_lines.relations import Equation, Instances, Order, Relation, Sides, argument
from .lines_population_map import C, S, T, moment

N = 3


# -- two points of weight space (Lemma 4) ---------------------------------------------------


@argument("projection-nearest", "clipped vectors: the singular values of diagonal matrices; equality inside")
def projection_nearest() -> tuple[Relation, ...]:
    def clipped(x: fmpq_mat, r: fmpq) -> fmpq_mat:
        return fmpq_mat(x.nrows(), 1, [max(min(v, r), -r) for v in x.entries()])

    def sides(x: fmpq_mat, y: fmpq_mat, r: fmpq) -> Sides:
        return squared(clipped(x, r) - clipped(y, r)), squared(x - y)

    def draw(rng: random.Random) -> Sides:
        return sides(vector(rng, N), vector(rng, N), positive(rng))

    inside = fmpq_mat(2, 1, [1, 2])
    return (Instances(draw, 209, (sides(inside, inside * -1, fmpq(9)),)),)


@argument("two-points-plane", "the squares, with the constants of W and U; the margin of Cauchy and Schwarz")
def two_points_plane() -> tuple[Relation, ...]:
    m, d, w, gram, inputs = sympy.symbols("m d w G C", positive=True)
    p, q = sympy.symbols("p q", real=True)  # norms of the moves of the standard weights
    z, x = sympy.sqrt(m * gram), sympy.sqrt(d * inputs)
    total = sympy.sqrt(w / m) * p * z + sympy.sqrt(2 / d) * q * x
    size = w * gram + 2 * inputs
    margin = (sympy.sqrt(w * gram) * q - sympy.sqrt(2 * inputs) * p) ** 2
    return (Order(total**2, size * (p**2 + q**2), margin),)


@argument("two-points-solved", "t = a t + b at t = kappa b; relu is 1-Lipschitz")
def two_points_solved() -> tuple[Relation, ...]:
    a, b, lip = sympy.symbols("a b L", positive=True)
    kappa = 1 / (1 - a)

    def sides(s: fmpq, t: fmpq) -> Sides:
        return abs(max(s, fmpq(0)) - max(t, fmpq(0))), abs(s - t)

    def draw(rng: random.Random) -> Sides:
        return sides(rational(rng), rational(rng))

    return (
        Equation(kappa * b, a * kappa * b + b),
        Equation(lip * kappa * b, lip * (kappa * b)),
        Instances(draw, 210, (sides(fmpq(3), fmpq(1)),)),
    )


# -- sizes of a network (Lemma 5) -----------------------------------------------------------


@argument("logarithm-slope", "the derivative; the square of its bound; the product of both Lipschitz constants")
def logarithm_slope() -> tuple[Relation, ...]:
    w, n, c, m, lip = sympy.symbols("w N C m ell", positive=True)
    size = sympy.sqrt(w * n**2 + 2 * c)
    return (
        Equation(sympy.diff(sympy.log(size), n), w * n / size**2),
        Order((w * n / size**2) ** 2, w / size**2, 2 * c * w / size**4),
        Equation(sympy.sqrt(w) / size * (lip / sympy.sqrt(m) * size), lip * sympy.sqrt(w / m)),
    )


@argument("logarithm-moments", "the exponent at k = 4, and the root")
def logarithm_moments() -> tuple[Relation, ...]:
    square, sigma, k = sympy.symbols("s sigma k", positive=True)
    moment_k = sympy.exp(k * sympy.log(square) / 2 + k**2 * sigma**2 / 2)
    return (Equation(moment_k.subs(k, 4) ** sympy.Rational(1, 4), sympy.sqrt(square) * sympy.exp(2 * sigma**2)),)


@argument("logarithm-tail", "minus the slope of the bound exceeds the integrand by a square; the sum; B^2")
def logarithm_tail() -> tuple[Relation, ...]:
    sigma, more, first = sympy.symbols("sigma more X_0", positive=True)
    t = 2 * sigma + more
    y = sympy.Symbol("y", positive=True)
    bound = 2 * sigma / (y - 2 * sigma) * sympy.exp(2 * sigma * y - y**2 / 2)
    integrand = 2 * sigma * sympy.exp(2 * sigma * y - y**2 / 2)
    return (
        Equation((-sympy.diff(bound, y) / integrand).subs(y, t), 1 + 1 / more**2),
        Equation(1 + 2 * sigma / (t - 2 * sigma), t / (t - 2 * sigma)),
        Equation(
            first**2 * sympy.exp(2 * sigma * t - t**2 / 2), (first * sympy.exp(sigma * t)) ** 2 * sympy.exp(-(t**2) / 2)
        ),
    )


@argument("product-rule", "the sum of both inner products, in balls; equality for parallel vectors")
def product_rule() -> tuple[Relation, ...]:
    def sides(z: fmpq_mat, y: fmpq_mat, dz: fmpq_mat, dy: fmpq_mat) -> Sides:
        lengths = [arb(squared(x)).sqrt() for x in (dz, y, z, dy)]
        return arb(abs(inner(dz, y) + inner(z, dy))), lengths[0] * lengths[1] + lengths[2] * lengths[3]

    def draw(rng: random.Random) -> Sides:
        return sides(*(vector(rng, N) for _ in range(4)))

    one = fmpq_mat(1, 1, [1])
    return (Instances(draw, 211, (sides(one, one * 2, one, one * 3),)),)


@argument("fourth-moment", "both bounds at their equations; the gradient of the square")
def fourth_moment() -> tuple[Relation, ...]:
    q, k, s, w, r, ell, m, x = sympy.symbols("q k S w r ell m X", positive=True)
    root = (k * s**2 + sympy.sqrt(k**2 * s**4 + 4 * q**2)) / 2
    drive, sigma = sympy.symbols("s sigma", positive=True)
    return (
        Equation(root**2, q**2 + k * s**2 * root),
        Equation((2 * r * ell * x / sympy.sqrt(m)) ** 2, 4 * ell**2 / m * r**2 * x**2),
        Equation(k * (x / sympy.sqrt(w)) ** 2 * x**2, k / w * x**4),
        Equation((sympy.sqrt(drive) * sympy.exp(2 * sigma**2)) ** 4, drive**2 * sympy.exp(8 * sigma**2)),
    )


@argument("chi-squared", "moments of a sum of m squares of standard normal variables")
def chi_squared() -> tuple[Relation, ...]:
    c, m = sympy.symbols("c m", positive=True)
    fourth, second = moment(4, 0, S, T, C).subs(S, 1), moment(2, 0, S, T, C).subs(S, 1)
    sums = m * fourth + m * (m - 1) * second**2
    return (
        Equation((2 * c) ** 2 * sums, (2 * m * c) ** 2 * (1 + 2 / m)),
        Equation(2 * c * m * second, 2 * m * c),
    )
