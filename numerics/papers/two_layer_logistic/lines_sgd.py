"""Lines about noisy descent: the constants of Lemma 1 and the noise of mini-batches."""

from __future__ import annotations

import itertools
import random

import sympy
from flint import fmpq, fmpq_mat

from ...proof_lines.draws import (
    diagonal,
    eye,
    inner,
    matrix,
    orthogonal,
    positive,
    share,
    signed_share,
    squared,
    vector,
)
from ...proof_lines.instances import gram, rational
from ...proof_lines.relations import Equation, Growth, Instances, Order, Relation, Sides, argument
from .lines import ZERO

DIMENSION, UNITS, INPUTS = 2, 3, 4
T = sympy.Symbol("t", nonnegative=True)
ONES = [fmpq(1)] * UNITS
Vectors = list[fmpq_mat]


def total(parts: list[fmpq]) -> fmpq:
    """The sum."""
    return sum(parts, fmpq(0))


def weights(rng: random.Random, count: int) -> list[fmpq]:
    """Random positive weights of sum 1."""
    found = [positive(rng) for _ in range(count)]
    return [w / total(found) for w in found]


def second_moment(omega: list[fmpq], vectors: Vectors) -> fmpq_mat:
    """The weighted sum of the outer products."""
    n = vectors[0].nrows()
    return sum((v * v.transpose() * w for w, v in zip(omega, vectors, strict=True)), fmpq_mat(n, n))


def exponential_tangents() -> tuple[Relation, ...]:
    """log y <= y - 1 on both sides of 1, which is 1 + u <= e^u for all u."""
    return (
        Growth(sympy.log(1 + T), T, T, ZERO, T / (1 + T)),
        Growth(1 - 1 / (1 + T), sympy.log(1 + T), T, ZERO, T / (1 + T) ** 2),
    )


@argument("output-weight", "with e^-R = c and e^m = c(1 + t) the margin is explicit; q(1-q) <= 1/4 by a square")
def output_weight() -> tuple[Relation, ...]:
    c, q = sympy.Symbol("c", positive=True), sympy.Symbol("q", real=True)
    return (
        Order(1 / (1 + c * (1 + T)), 1 / (1 + c), c * T / ((1 + c) * (1 + c * (1 + T)))),
        Order(q * (1 - q), sympy.Rational(1, 4), (q - sympy.Rational(1, 2)) ** 2),
    )


def _draw_units(rng: random.Random) -> tuple[list[fmpq], Vectors, Vectors, list[list[fmpq]], fmpq]:
    """Outer weights, inputs, directions, shares of the largest slope, and that slope."""
    a = [rational(rng) for _ in range(UNITS)]
    inputs = [vector(rng, DIMENSION) for _ in range(INPUTS)]
    directions = [vector(rng, DIMENSION) for _ in range(UNITS)]
    return a, inputs, directions, [[signed_share(rng) for _ in range(UNITS)] for _ in range(INPUTS)], positive(rng)


@argument("form-outer", "sums over four inputs and three neurons; equality for equal slopes and directions a_j v")
def form_outer() -> tuple[Relation, ...]:
    def sides(omega: list[fmpq], a: list[fmpq], x: Vectors, v: Vectors, shares: list[list[fmpq]], slope: fmpq) -> Sides:
        forms = [
            total([b * s * slope * inner(y, u) for b, s, u in zip(a, row, v, strict=True)])
            for y, row in zip(x, shares, strict=True)
        ]
        moment = second_moment(omega, x)
        bound = total([inner(u, moment * u) for u in v])
        return total([w * f * f for w, f in zip(omega, forms, strict=True)]), slope**2 * total(
            [b * b for b in a]
        ) * bound

    a = [fmpq(1), fmpq(-2), fmpq(3)]
    x, v = [fmpq_mat(2, 1, [1, 2]), fmpq_mat(2, 1, [1, 1])], fmpq_mat(2, 1, [2, 1])
    extremal = sides([fmpq(1, 3), fmpq(2, 3)], a, x, [v * b for b in a], [ONES, ONES], fmpq(2))
    return (Instances(lambda rng: sides(weights(rng, INPUTS), *_draw_units(rng)), 510, (extremal,)),)


@argument("form-bend", "with q below its bound; equality where all are largest; the largest eigenvalue of a form")
def form_bend() -> tuple[Relation, ...]:
    def sides(
        omega: list[fmpq], q: list[fmpq], a: list[fmpq], x: Vectors, v: Vectors, shares: list[list[fmpq]], bend: fmpq
    ) -> Sides:
        parts = [
            w * p * b * s * bend * inner(y, u) ** 2
            for w, p, y, row in zip(omega, q, x, shares, strict=True)
            for b, s, u in zip(a, row, v, strict=True)
        ]
        moment = second_moment(omega, x)
        return abs(total(parts)), max(q) * bend * max(abs(b) for b in a) * total([inner(u, moment * u) for u in v])

    def form(rng: random.Random) -> Sides:
        spectrum, q, v = [positive(rng) for _ in range(3)], orthogonal(rng, 3), vector(rng, 3)
        return inner(v, q * diagonal(spectrum) * q.transpose() * v), max(spectrum) * squared(v)

    half, same = fmpq(1, 2), fmpq_mat(2, 1, [1, 2])
    extremal = sides([half, half], [half, half], ONES, [same, same * 3], [same] * UNITS, [ONES, ONES], fmpq(2))
    one = fmpq_mat(3, 1, [1, 2, 3])
    return (
        Instances(
            lambda rng: sides(weights(rng, INPUTS), [share(rng) for _ in range(INPUTS)], *_draw_units(rng)),
            511,
            (extremal,),
        ),
        Instances(form, 512, ((inner(one, eye(3, 2) * one), 2 * squared(one)),)),
    )


@argument("gradient-form", "squares of weighted sums; equality for equal terms and weights q")
def gradient_form() -> tuple[Relation, ...]:
    def sides(omega: list[fmpq], q: list[fmpq], forms: list[fmpq]) -> Sides:
        first = total([w * p * f for w, p, f in zip(omega, q, forms, strict=True)])
        return first**2, max(q) ** 2 * total([w * f * f for w, f in zip(omega, forms, strict=True)])

    def draw(rng: random.Random) -> Sides:
        return sides(weights(rng, INPUTS), [share(rng) for _ in range(INPUTS)], [rational(rng) for _ in range(INPUTS)])

    half = [fmpq(1, 2)] * 2
    return (Instances(draw, 513, (sides(half, half, [fmpq(3), fmpq(3)]),)),)


@argument("laplacian-trace", "the trace of both parts; equality where every slope and bend is largest")
def laplacian_trace() -> tuple[Relation, ...]:
    def sides(rng: random.Random, largest: bool) -> Sides:
        a, x, _, shares, slope = _draw_units(rng)
        bend, cap, omega = positive(rng), share(rng), weights(rng, INPUTS)
        parts = fmpq(0)
        for w, y, row in zip(omega, x, shares, strict=True):
            s = ONES if largest else row
            q = cap if largest else cap * share(rng)
            first = total([b * b * (slope * k) ** 2 for b, k in zip(a, s, strict=True)]) / 4
            parts += w * squared(y) * (first + q * total([abs(b * k) * bend for b, k in zip(a, s, strict=True)]))
        two, one = total([b * b for b in a]), total([abs(b) for b in a])
        trace = total([w * squared(y) for w, y in zip(omega, x, strict=True)])
        return parts, trace * (slope**2 * two / 4 + cap * bend * one)

    return (Instances(lambda rng: sides(rng, False), 514, (sides(random.Random(1), True),)),)


@argument("radial-maximum", "1 + u <= e^u at u = m - 1 - omega; with e^(1+omega) = 1/omega the tangent gives m itself")
def radial_maximum() -> tuple[Relation, ...]:
    m, omega = sympy.Symbol("m", real=True), sympy.Symbol("omega", positive=True)
    tangent = (1 / omega) * (1 + (m - 1 - omega))  # of e^m where m = 1 + omega
    return (
        *exponential_tangents(),
        Equation(omega + omega * tangent, m),
        Equation(1 / (1 + 1 / omega), omega / (1 + omega)),
    )


def _batch_means(vectors: Vectors, size: int, replacement: bool) -> Vectors:
    count = range(len(vectors))
    drawn = itertools.product(count, repeat=size) if replacement else itertools.combinations(count, size)
    zero = fmpq_mat(vectors[0].nrows(), 1)
    return [sum((vectors[i] for i in batch), zero) * fmpq(1, size) for batch in drawn]


def _covariance(vectors: Vectors) -> fmpq_mat:
    omega = [fmpq(1, len(vectors))] * len(vectors)
    mean = sum((v * w for w, v in zip(omega, vectors, strict=True)), fmpq_mat(vectors[0].nrows(), 1))
    return second_moment(omega, vectors) - mean * mean.transpose()


@argument("batch-covariance", "all batches of random vectors, with and without replacement")
def batch_covariance() -> tuple[Relation, ...]:
    def draw(rng: random.Random, replacement: bool) -> Sides:
        count = rng.randint(3, 4 if replacement else 6)
        size = rng.randint(1, 3 if replacement else count - 1)
        vectors = [vector(rng, DIMENSION) for _ in range(count)]
        nu = fmpq(1) if replacement else fmpq(count - size, count - 1)
        return _covariance(_batch_means(vectors, size, replacement)), _covariance(vectors) * (nu / size)

    return (
        Instances(lambda rng: draw(rng, True), 515, equal=True),
        Instances(lambda rng: draw(rng, False), 516, equal=True),
    )


@argument("centred-moment", "equality for mean zero; squared Frobenius norms of ordered matrices, equal for equal ones")
def centred_moment() -> tuple[Relation, ...]:
    def centred(vectors: Vectors) -> Sides:
        omega = [fmpq(1, len(vectors))] * len(vectors)
        return _covariance(vectors), second_moment(omega, vectors)

    def ordered(rng: random.Random) -> Sides:
        a = gram(rng, 3, 2)
        return squared(a), squared(a + gram(rng, 3, 1))

    v = fmpq_mat(2, 1, [1, 2])
    return (
        Instances(lambda rng: centred([vector(rng, 2) for _ in range(3)]), 517, (centred([v, v * -1]),)),
        Instances(ordered, 518, ((squared(eye(3)), squared(eye(3))),)),
    )


@argument("moment-frobenius", "the double sum; products of gradients, equal where all slopes are largest")
def moment_frobenius() -> tuple[Relation, ...]:
    def moment(rng: random.Random) -> Sides:
        omega, x = weights(rng, INPUTS), [vector(rng, 3) for _ in range(INPUTS)]
        pairs = itertools.product(zip(omega, x, strict=True), repeat=2)
        return squared(second_moment(omega, x)), total([w * v * inner(y, z) ** 2 for (w, y), (v, z) in pairs])

    def product(a: list[fmpq], s: list[list[fmpq]], q: list[fmpq], cap: fmpq, slope: fmpq, x: Vectors) -> Sides:
        units = total([b * b * k * m * slope**2 for b, k, m in zip(a, s[0], s[1], strict=True)])
        overlap = inner(x[0], x[1])
        return abs(q[0] * q[1] * units * overlap), cap**2 * slope**2 * total([b * b for b in a]) * abs(overlap)

    def draw(rng: random.Random) -> Sides:
        a, x, _, shares, slope = _draw_units(rng)
        cap = share(rng)
        return product(a, shares[:2], [cap * share(rng), cap * share(rng)], cap, slope, x[:2])

    half, pair = fmpq(1, 2), [fmpq_mat(2, 1, [1, 2]), fmpq_mat(2, 1, [2, 1])]
    return (
        Instances(moment, 519, equal=True),
        Instances(draw, 520, (product(ONES, [ONES, ONES], [half, half], half, fmpq(2), pair),)),
    )


@argument("noise-size", "squares; one vector and 399 of its opposite, of which a batch holds the one")
def noise_size() -> tuple[Relation, ...]:
    def sides(vectors: Vectors, size: int) -> Sides:
        def mean(some: Vectors) -> fmpq_mat:
            return sum(some, fmpq_mat(some[0].nrows(), 1)) * fmpq(1, len(some))

        return squared(mean(vectors[:size]) - mean(vectors)), 4 * max(map(squared, vectors))

    v = fmpq_mat(2, 1, [1, 2])
    nearly = sides([v, *[v * -1] * 399], 1)
    return (Instances(lambda rng: sides([matrix(rng, 2, 1) for _ in range(5)], rng.randint(1, 4)), 521, (nearly,)),)
