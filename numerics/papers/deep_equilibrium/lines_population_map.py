"""Lines about the population map: Bures and Wasserstein, derivatives of the dual, approximate fixed points."""

from __future__ import annotations

import random
from fractions import Fraction

import sympy
from flint import arb, fmpq, fmpq_mat

from ....theory.activations.activation import activation
from ...balls.ball import enclose
from ...proof_lines.draws import (
    entrywise_relu,
    inner,
    matrix,
    orthogonal,
    positive,
    squared,
    vector,
    with_spectrum,
)
from ...proof_lines.instances import rational
from ...proof_lines.relations import Equation, Instances, Order, Relation, Sides, argument
from .population.bures import PairCovariance, PopulationMap, bures_distance

N, POINTS = 3, 4
C, S, T = sympy.symbols("c s t", positive=True)


# -- Bures and Wasserstein (Lemma 1) ------------------------------------------------------


@argument("bures-coupling", "means over points of two variables and a common third; equality where nothing is cut")
def bures_coupling() -> tuple[Relation, ...]:
    def sides(root: fmpq, z: fmpq_mat, y: fmpq_mat, h: fmpq_mat) -> Sides:
        return squared(entrywise_relu(z * root + h) - entrywise_relu(y * root + h)), root**2 * squared(z - y)

    def draw(rng: random.Random) -> Sides:
        return sides(positive(rng), *(matrix(rng, N, POINTS) for _ in range(3)))

    ones = fmpq_mat(N, POINTS, [1] * N * POINTS)
    return (Instances(draw, 201, (sides(fmpq(1, 2), ones * 3, ones, ones),)),)


def _folded(u: fmpq_mat, p: fmpq, q: fmpq) -> fmpq_mat:
    return fmpq_mat(u.nrows(), u.ncols(), [p * abs(x) + q * x for x in u.entries()])


@argument("bures-homogeneous", "points and their opposites: the identity, and the bound; equality for one sign")
def bures_homogeneous() -> tuple[Relation, ...]:
    def both(u: fmpq_mat, v: fmpq_mat, p: fmpq, q: fmpq) -> fmpq:
        return (squared(_folded(u, p, q) - _folded(v, p, q)) + squared(_folded(-u, p, q) - _folded(-v, p, q))) / 2

    def split(rng: random.Random) -> Sides:
        u, v, p, q, one, no = vector(rng, N), vector(rng, N), rational(rng), rational(rng), fmpq(1), fmpq(0)
        return both(u, v, p, q), p**2 * squared(_folded(u, one, no) - _folded(v, one, no)) + q**2 * squared(u - v)

    def bounded(u: fmpq_mat, v: fmpq_mat, p: fmpq, q: fmpq) -> Sides:
        return both(u, v, p, q), (p**2 + q**2) * squared(u - v)

    def draw(rng: random.Random) -> Sides:
        return bounded(vector(rng, N), vector(rng, N), rational(rng), rational(rng))

    ones, half = fmpq_mat(N, 1, [1] * N), fmpq(1, 2)
    return Instances(split, 202, equal=True), Instances(draw, 203, (bounded(ones * 3, ones, half, half),))


@argument("bures-nuclear", "the split; traces against orthogonal matrices, which reach the nuclear norm; multiples")
def bures_nuclear() -> tuple[Relation, ...]:
    def split(rng: random.Random) -> Sides:
        z, y = matrix(rng, N, POINTS), matrix(rng, N, POINTS)
        moved = (z - y) * z.transpose() + y * (z - y).transpose()
        return z * z.transpose() - y * y.transpose(), moved

    def sides(z: fmpq_mat, y: fmpq_mat, o: fmpq_mat) -> Sides:
        roots = [arb(squared(x)).sqrt() for x in (z, y, z - y)]
        left = arb(inner(o, z * z.transpose() - y * y.transpose()))
        return left, (roots[0] + roots[1]) * roots[2]

    def draw(rng: random.Random) -> Sides:
        return sides(matrix(rng, N, POINTS), matrix(rng, N, POINTS), orthogonal(rng, N))

    one = fmpq_mat(1, 1, [1])
    return Instances(split, 204, equal=True), Instances(draw, 205, (sides(one * 3, one, one),))


@argument("bures-plane", "the distance and the map in use: matrices with rational roots, and the linear model")
def bures_plane() -> tuple[Relation, ...]:
    def of(x: fmpq_mat) -> PairCovariance:
        return PairCovariance(arb(x[0, 0]), arb(x[1, 1]), arb(x[0, 1]))

    def distance(rng: random.Random) -> Sides:
        """G = S^2 and G' = S^-1 R^2 S^-1, so that R is the root of S G' S."""
        s, r = (with_spectrum(rng, [positive(rng), positive(rng)]) for _ in range(2))
        g, h = s * s, s.inv() * r * r * s.inv()
        exact = sum((x[i, i] for x in (g, h, r * -2) for i in range(2)), fmpq(0))
        return bures_distance(of(g), of(h)), arb(exact).sqrt()

    def image(rng: random.Random) -> Sides:
        """F of the linear model at one of its entries: w G + 2 C."""
        a, b, c, x, y, z, w = (Fraction(rng.randint(1, 9), rng.randint(1, 9)) for _ in range(7))
        g, inputs = (a + c, b + c, c), (x + z, y + z, z)
        found = PopulationMap(activation("x"), w, *inputs).image(*g, 96)
        k = rng.randint(0, 2)
        return (found.a, found.b, found.c)[k], enclose(2 * w * g[k] + 2 * inputs[k])

    return Instances(distance, 206, equal=True), Instances(image, 207, equal=True)


# -- the dual and its derivatives (Lemma 2) -----------------------------------------------


def moment(p: int, q: int, s: sympy.Expr, t: sympy.Expr, c: sympy.Expr) -> sympy.Expr:
    """E u^p v^q of a Gaussian pair with variances s, t and covariance c, by pairings (Isserlis).

    >>> moment(2, 2, *sympy.symbols("s t c"))
    2*c**2 + s*t
    """
    if p == 0 and q == 0:
        return sympy.Integer(1)
    if p == 0:
        return (q - 1) * t * moment(0, q - 2, s, t, c) if q > 1 else sympy.Integer(0)
    first = (p - 1) * s * moment(p - 2, q, s, t, c) if p > 1 else sympy.Integer(0)
    return sympy.expand(first + (q * c * moment(p - 1, q - 1, s, t, c) if q else 0))


POWERS = ((2, 2), (3, 1), (4, 2), (3, 3))


@argument("dual-price", "both derivatives of moments of Gaussian pairs")
def dual_price() -> tuple[Relation, ...]:
    c = sympy.Symbol("c", real=True)
    found: list[Relation] = []
    for p, q in POWERS:
        mean = moment(p, q, S, T, c)
        found.append(Equation(sympy.diff(mean, c), p * q * moment(p - 1, q - 1, S, T, c)))
        found.append(Equation(sympy.diff(mean, S), sympy.Rational(1, 2) * p * (p - 1) * moment(p - 2, q, S, T, c)))
    return tuple(found)


@argument("dual-by-parts", "moments of Gaussian pairs")
def dual_by_parts() -> tuple[Relation, ...]:
    c = sympy.Symbol("c", real=True)
    return tuple(
        Equation(
            p * (p - 1) * moment(p - 2, q, S, T, c),
            p * moment(p, q, S, T, c) / S - c / S * p * q * moment(p - 1, q - 1, S, T, c),
        )
        for p, q in POWERS
    )


@argument("dual-bounded", "means over points with E z^2 = 1, with equality; the square of the second term")
def dual_bounded() -> tuple[Relation, ...]:
    lip, c = sympy.Symbol("L", positive=True), sympy.Symbol("c", real=True)
    gap = sympy.Symbol("gap", nonnegative=True)  # s t - c^2

    def sides(z: fmpq_mat, slopes: fmpq_mat, values: fmpq_mat, most: fmpq) -> Sides:
        count = z.nrows()
        mean = sum((z[k, 0] * slopes[k, 0] * values[k, 0] for k in range(count)), fmpq(0)) / count
        return mean**2, most**2 * squared(z) / count * squared(values) / count

    def draw(rng: random.Random) -> Sides:
        most = positive(rng)
        slopes = fmpq_mat(N, 1, [most * fmpq(rng.randint(-10, 10), 10) for _ in range(N)])
        return sides(vector(rng, N), slopes, vector(rng, N), most)

    signs = fmpq_mat(2, 1, [1, -1])
    return (
        Instances(draw, 208, (sides(signs, fmpq_mat(2, 1, [2, 2]), signs, fmpq(2)),)),
        Order((lip**2 * c / S) ** 2, lip**4 * (c**2 + gap) / S / S, lip**4 * gap / S**2),
    )


# -- approximate fixed points (Lemma 3) -----------------------------------------------------


@argument("fixed-point-sum", "the margins on both sides of the fixed point")
def fixed_point_sum() -> tuple[Relation, ...]:
    small, more, rest = sympy.symbols("small more rest", nonnegative=True)
    p, q = sympy.symbols("p q", positive=True)
    part, theta = p / (p + q), q / (p + q)  # 1 - theta and theta
    large = small + more
    # T = y - theta |x - y| + rest at both orders of x and y
    return (
        Order(part * small, large + small - theta * more + rest, (1 + theta) * small + part * more + rest),
        Order(part * large, small + large - theta * more + rest, (1 + theta) * small + rest),
    )


@argument("fixed-point-diagonal", "the factorisation; the stated d_i in the inequality with equality")
def fixed_point_diagonal() -> tuple[Relation, ...]:
    x, y, t, b, theta, square = sympy.symbols("x y T b theta K", positive=True)
    d = b / (1 - theta - theta * b / ((1 - theta) * square))
    return (
        Equation(t**2 - y**2, (t - y) * (x + y) * (1 + (t - x) / (x + y))),
        Equation((t**2 - x**2) / (t + x), t - x),
        Equation(d, b + theta * d * (1 + b / ((1 - theta) * square))),
    )


@argument("fixed-point-size", "the difference of roots, from the difference of the numbers")
def fixed_point_size() -> tuple[Relation, ...]:
    s, t = sympy.symbols("s t", positive=True)
    return (Order((s - t) ** 2, ((s**2 - t**2) / t) ** 2, (s - t) ** 2 * s * (s + 2 * t) / t**2),)


@argument("fixed-point-pairs", "the stated bound solves its recursion; how far a variance moves")
def fixed_point_pairs() -> tuple[Relation, ...]:
    b, one, other, w, theta, di, dj = sympy.symbols("b A_ij A_ji w theta d_i d_j", positive=True)
    d = (b + w * (one * di + other * dj)) / (1 - theta**2)
    g, k, c = sympy.symbols("G K c", real=True)
    return (
        Equation(d, b + theta**2 * d + w * one * di + w * other * dj),
        Equation((w * g + 2 * c) - (w * k + 2 * c), w * (g - k)),
    )
