"""Lines about the existence of the gradient flow of residual networks, and about the slope of random features."""

from __future__ import annotations

import random
from itertools import pairwise

import sympy
from flint import fmpq, fmpq_mat

from ...proof_lines.draws import eye, inner, matrix, orthogonal, positive, squared, vector, with_spectrum
from ...proof_lines.relations import Equation, Growth, Instances, Relation, Sides, argument
from .lines import five

N = 3
A, B_, H, T = sympy.symbols("a b h t", real=True)
ZERO = sympy.Integer(0)


@argument("window-root", "the square of a sum over some of five layers; equality for equal ones")
def window_root() -> tuple[Relation, ...]:
    def sides(norms: list[fmpq], count: int) -> Sides:
        window, total = sum(norms[:count], fmpq(0)), sum((x * x for x in norms), fmpq(0))
        return (window / len(norms)) ** 2, fmpq(count, len(norms)) * (total / len(norms))

    return (Instances(lambda rng: sides(five(rng), rng.randint(1, 5)), 330, (sides([fmpq(2)] * 3 + [fmpq(0)], 3),)),)


@argument("section-split", "both sides as matrices")
def section_split() -> tuple[Relation, ...]:
    def draw(rng: random.Random) -> Sides:
        p, q, psi, chi = (vector(rng, N) for _ in range(4))
        split = p * (psi - chi).transpose() + (p - q) * chi.transpose()
        return p * psi.transpose() - q * chi.transpose(), split

    return (Instances(draw, 331, equal=True),)


@argument("slope-modulus", "the derivatives of both features of one frequency; 4 - 2(1 - cos) is a square")
def slope_modulus() -> tuple[Relation, ...]:
    def derivatives(x: sympy.Symbol) -> tuple[sympy.Expr, sympy.Expr]:
        return H * sympy.diff(sympy.cos(x), x), H * sympy.diff(sympy.sin(x), x)

    distance = sum(((u - v) ** 2 for u, v in zip(derivatives(A), derivatives(B_), strict=True)), ZERO)
    modulus = 2 * H**2 * (1 - sympy.cos(A - B_))
    return (
        Equation(sympy.expand(distance), sympy.expand_trig(modulus)),
        Equation(4 * H**2 - 2 * H**2 * (1 - sympy.cos(A)), 4 * H**2 * sympy.cos(A / 2) ** 2),
    )


def _projected(direction: fmpq_mat, length: fmpq, radius: fmpq) -> tuple[fmpq_mat, fmpq_mat]:
    """A vector of this length, and its projection onto the ball."""
    return direction * length, direction * min(length, radius)


@argument("ball-projection", "squares of both distances for vectors of rational length; equality inside")
def ball_projection() -> tuple[Relation, ...]:
    def sides(basis: fmpq_mat, lengths: tuple[fmpq, fmpq], radius: fmpq) -> Sides:
        columns = [fmpq_mat(N, 1, [basis[i, j] for i in range(N)]) for j in range(2)]
        (x, px), (y, py) = (_projected(c, s, radius) for c, s in zip(columns, lengths, strict=True))
        return squared(px - py), squared(x - y)

    def draw(rng: random.Random) -> Sides:
        first, second = orthogonal(rng, N), orthogonal(rng, N)
        both = fmpq_mat(N, 2, [m[i, 0] for i in range(N) for m in (first, second)])
        return sides(both, (positive(rng), positive(rng)), positive(rng))

    return (Instances(draw, 332, (sides(eye(N), (fmpq(1), fmpq(2)), fmpq(2)),)),)


@argument("slope-distance", "both features of one frequency")
def slope_distance() -> tuple[Relation, ...]:
    distance = (sympy.cos(A) - sympy.cos(B_)) ** 2 + (sympy.sin(A) - sympy.sin(B_)) ** 2
    return (Equation(sympy.expand(distance), sympy.expand_trig(2 * (1 - sympy.cos(A - B_)))),)


@argument("cosine-between", "the derivatives of both differences down to 4 sin^2(x/2), each 0 at 0")
def cosine_between() -> tuple[Relation, ...]:
    x = sympy.Symbol("x", nonnegative=True)
    lower = 2 * (1 - sympy.cos(x)) - (x**2 - x**4 / 12)
    upper = x**2 - 2 * (1 - sympy.cos(x))
    steps = (lower, x**3 / 3 - 2 * x + 2 * sympy.sin(x), upper, 2 * x - 2 * sympy.sin(x))
    slopes = tuple(Equation(sympy.diff(above, x), below) for above, below in pairwise(steps))
    starts = tuple(Equation(step.subs(x, 0), ZERO) for step in steps)
    return (*slopes, *starts, Growth(ZERO, steps[-1], x, ZERO, 4 * sympy.sin(x / 2) ** 2))


@argument("largest-quotient", "matrices of known spectrum; equality for a multiple of the identity")
def largest_quotient() -> tuple[Relation, ...]:
    def sides(s: fmpq_mat, largest: fmpq, h: fmpq_mat) -> Sides:
        return inner(h, s * h), largest * squared(h)

    def draw(rng: random.Random) -> Sides:
        eigenvalues = [positive(rng) for _ in range(N)]
        return sides(with_spectrum(rng, eigenvalues), max(eigenvalues), vector(rng, N))

    def second_moment(rng: random.Random) -> Sides:
        table, h = matrix(rng, 4, N), vector(rng, N)
        return squared(table * h) / 4, inner(h, table.transpose() * table * h) / 4

    one = sides(eye(N, 2), fmpq(2), fmpq_mat(N, 1, [1, 2, 3]))
    return Instances(draw, 333, (one,)), Instances(second_moment, 334, equal=True)


@argument("slope-limit", "the sum over three frequencies at h = te, and the limit t -> 0")
def slope_limit() -> tuple[Relation, ...]:
    along = sympy.symbols("x_1:4", real=True)  # omega_j . e
    largest = sum((x**2 for x in along), ZERO) / 3
    fourth = sum((x**4 for x in along), ZERO) / 3
    total = sum(((T * x) ** 2 - (T * x) ** 4 / 12 for x in along), ZERO) / 3
    return (
        Equation(total, T**2 * largest - T**4 / 12 * fourth),
        Equation(sympy.limit(largest - T**2 / 12 * fourth, T, 0), largest),
    )
