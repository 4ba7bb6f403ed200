"""Lines about the positive definiteness of the population Gram matrix: orders that the feedback creates."""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction

import sympy
from flint import fmpq, fmpq_mat

from ...proof_lines.draws import eye, matrix, positive
from ...proof_lines.identities import gaussian_moment, hermite
from ...proof_lines.instances import compose, hadamard_power
from ...proof_lines.relations import Equation, Instances, Relation, Sides, argument

N = 4


@argument("distance-from-affine", "for sums of Hermite polynomials up to order 4 with arbitrary coefficients")
def distance_from_affine() -> tuple[Relation, ...]:
    z, mu = sympy.Symbol("z", real=True), sympy.symbols("mu_0:5", real=True)
    rest = sympy.Poly(sum(m * hermite(r, z) for r, m in enumerate(mu)) - mu[0] - mu[1] * z, z)
    square = sum(c * gaussian_moment(powers[0], 0, sympy.Integer(0)) for powers, c in (rest**2).terms())
    return (Equation(square, sum((m**2 for m in mu[2:]), sympy.Integer(0))),)


def _power_coefficient(rho: Sequence[Fraction], p: int, m: int) -> Sides:
    """The power of the coefficient of order m, and the coefficient of order p m of the power of the series."""
    series = [*rho, *([Fraction(0)] * (p * m))][: p * m + 1]
    power = compose([*([Fraction(0)] * p), Fraction(1)], series)[p * m]
    return fmpq(rho[m].numerator, rho[m].denominator) ** p, fmpq(power.numerator, power.denominator)


@argument("power-coefficient", "series with non-negative coefficients; equality for a monomial")
def power_coefficient() -> tuple[Relation, ...]:
    def draw(rng: random.Random) -> Sides:
        rho = [Fraction(rng.randint(0, 9), rng.randint(1, 9)) for _ in range(5)]
        return _power_coefficient(rho, rng.randint(2, 4), rng.randint(1, 4))

    alone = [Fraction(0)] * 3 + [Fraction(2, 3)]
    return (Instances(draw, 130, (_power_coefficient(alone, 2, 3),)),)


@argument("feedback-orders", "one step, and the stated bound solves the recursion with its first value")
def feedback_orders() -> tuple[Relation, ...]:
    mu2, w, s, k, first, j = sympy.symbols("mu_p^2 sigma_w2 s k_m k_p j", positive=True)
    p = sympy.Symbol("p", integer=True, positive=True)
    factor = mu2 * (2 * w / s) ** p

    def exponents(j: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:  # of A, and of the first coefficient
        return (p ** (j - 1) - 1) / (p - 1), p ** (j - 1)

    (a, b), (c, d), (start, one) = exponents(j), exponents(j + 1), exponents(sympy.Integer(1))
    return (
        Equation(mu2 * (2 * w * k / s) ** p, factor * k**p),
        Equation(p * a + 1, c),
        Equation(p * b, d),
        Equation(factor**start * first**one, first),
    )


@argument(
    "single-order", "sums of Schur powers with random weights by elimination; equality for one power of two inputs"
)
def single_order() -> tuple[Relation, ...]:
    def sides(c: fmpq_mat, weights: list[fmpq], order: int, least: fmpq) -> Sides:
        total = sum((hadamard_power(c, r) * weight for r, weight in enumerate(weights)), eye(c.nrows(), 0))
        return eye(c.nrows(), weights[order] * least), total

    def draw(rng: random.Random) -> Sides:  # I + x x' has the least eigenvalue 1, and so has each larger matrix
        order, x = rng.randint(1, 4), matrix(rng, N, 2)
        return sides(eye(N) + x * x.transpose(), [positive(rng) for _ in range(5)], order, fmpq(1))

    two = fmpq_mat(2, 2, [1, fmpq(1, 2), fmpq(1, 2), 1])
    return (Instances(draw, 131, (sides(two, [fmpq(0), fmpq(0), fmpq(3)], 2, fmpq(3, 4)),)),)
