"""Lines about the iteration of the population Gram matrix, whose diagonal and covariances move together."""

from __future__ import annotations

import random

import sympy
from flint import fmpq

from ...proof_lines.draws import inner, squared, vector
from ...proof_lines.relations import Equation, Instances, Order, Relation, Sides, argument

N = 3
THETA, A = sympy.symbols("theta A", positive=True)
L = sympy.Symbol("l", positive=True)


@argument("moving-variance", "lengths in the plane: the product of both above their inner product; the square")
def moving_variance() -> tuple[Relation, ...]:
    w, v, r, t = sympy.symbols("w v r t", positive=True)
    squares, product = (w * r**2 + v, w * t**2 + v), w * r * t + v
    return (
        Order(product**2, squares[0] * squares[1], w * v * (r - t) ** 2),
        Equation(squares[0] + squares[1] - 2 * product, w * (r - t) ** 2),
    )


@argument("moving-product", "the split; Cauchy-Schwarz for means over three points, with equality; the three shares")
def moving_product() -> tuple[Relation, ...]:
    a, b, x, y = sympy.symbols("a b x y", real=True)
    theta, power, q, p = sympy.symbols("theta theta^l sqrt_q_i sqrt_q_j", positive=True)
    left = fmpq(1, 3)

    def sides(rng: random.Random, same: bool = False) -> Sides:
        f = vector(rng, N)
        g = f * 2 if same else vector(rng, N)
        return (inner(f, g) * left) ** 2, squared(f) * left * squared(g) * left

    moved = theta * power  # what a root of q moves by, over the root, after one more step; at most 1
    return (
        Equation(x * y - a * b, (x - a) * y + a * (y - b)),
        Instances(sides, 140, (sides(random.Random(0), same=True),)),
        Equation(moved * q * (2 * p) + q * moved * p, 3 * theta * power * q * p),
    )


@argument("moving-covariance", "the difference of both covariances with correlation rho at step l")
def moving_covariance() -> tuple[Relation, ...]:
    rho, c = sympy.symbols("rho c", real=True)
    limit, moving = sympy.symbols("m m_l", positive=True)  # roots of the products of the variances
    r, s, t, u = sympy.symbols("r s t u", positive=True)
    return (
        Equation(rho * limit - c, (rho * moving - c) + rho * (limit - moving)),
        Equation(r * s - t * u, (r - t) * u + r * (s - u)),
    )


@argument("moving-recursion", "the stated bound solves d = theta^2 d + A theta^l, and starts at d_0")
def moving_recursion() -> tuple[Relation, ...]:
    start, q, p, s, t, lip = sympy.symbols("d_0 sqrt_q_i sqrt_q_j sqrt_s_i sqrt_s_j Lambda", positive=True)

    def bound(step: sympy.Expr) -> sympy.Expr:
        return THETA ** (2 * step) * start + A * THETA ** (step - 1) * (1 - THETA**step) / (1 - THETA)

    constant = 3 * THETA * q * p + lip**2 * (THETA / lip) * (q * (2 * t) + s * p)  # sqrt(2) sigma_w = theta/Lambda
    return (
        Equation(THETA**2 * bound(L) + A * THETA**L, bound(L + 1)),
        Equation(bound(sympy.Integer(0)), start),
        Equation(constant, 3 * THETA * q * p + THETA * lip * (2 * q * t + s * p)),
    )


@argument("mean-of-squares", "the quadratic form of a mean of outer products, and the mean of the squares")
def mean_of_squares() -> tuple[Relation, ...]:
    def draw(rng: random.Random) -> Sides:
        x, features = vector(rng, N), [vector(rng, N) for _ in range(4)]
        total = sum((f * f.transpose() for f in features[1:]), features[0] * features[0].transpose())
        return inner(x, total * x) / 4, sum((inner(x, f) ** 2 for f in features), fmpq(0)) / 4

    return (Instances(draw, 141, equal=True),)
