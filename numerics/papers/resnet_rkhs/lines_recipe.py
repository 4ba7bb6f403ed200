"""Lines about descent on random features at a finite depth, about frequencies by leverage, and about depth."""

from __future__ import annotations

import random

import sympy
from flint import arb, fmpq, fmpq_mat

from ...proof_lines.draws import eye, positive, with_spectrum
from ...proof_lines.relations import Equation, Instances, Order, Relation, Sides, argument
from .leverage import enough_mixed, upper_rate
from .lines import five

COUNT, K0, K1, LEAST, SIGMA, THETA, C = sympy.symbols("N kappa_0 kappa_1 lambda sigma theta c", positive=True)
RADIUS = THETA * sympy.sqrt(LEAST / COUNT) / (K0 * K1)


def root_of_mu(rho: sympy.Expr) -> sympy.Expr:
    """The root of mu(rho), where it is not negative."""
    return sympy.sqrt(2 / COUNT) * SIGMA * sympy.exp(-C) * (sympy.sqrt(LEAST) - sympy.sqrt(COUNT) * K0 * K1 * rho)


@argument("finite-depth-displacement", "the Frobenius norm of N equal rows at R, and the square of the root at R")
def descent_displacement() -> tuple[Relation, ...]:
    moved = sympy.sqrt(COUNT * (K1 * K0 * RADIUS) ** 2)
    stated = 2 / COUNT * SIGMA**2 * sympy.exp(-2 * C) * (1 - THETA) ** 2 * LEAST
    return Equation(moved, THETA * sympy.sqrt(LEAST)), Equation(root_of_mu(RADIUS) ** 2, stated)


@argument("finite-depth-decrease", "the margin at t = 1/(S + u)")
def descent_decrease() -> tuple[Relation, ...]:
    s, u, g, loss = sympy.symbols("S u g L", positive=True)
    t = 1 / (s + u)
    return (Order(loss - t * g**2 + s * t**2 * g**2 / 2, loss - t * g**2 / 2, g**2 * u / (2 * (s + u) ** 2)),)


@argument("finite-depth-root", "both roots as p + u and p; the product of the quarter and the two bounds")
def descent_root() -> tuple[Relation, ...]:
    p, u = sympy.symbols("p u", nonnegative=True)
    t, g, root, mu = sympy.symbols("t g l mu", positive=True)
    a = sympy.Symbol("a", positive=True)
    above = p + u + a  # positive, and p + a below it
    return (
        Order((above**2 - (p + a) ** 2) / (2 * above), u, u**2 / (2 * above)),
        Equation((t * g**2 / 2) / (2 * root), t * g**2 / (4 * root)),
        Equation((t * g * (sympy.sqrt(mu) * root)) / (4 * root), sympy.sqrt(mu) * t * g / 4),
    )


@argument("finite-depth-integral", "the integral of the root of mu, and its value where the condition is an equality")
def descent_integral() -> tuple[Relation, ...]:
    rho, loss = sympy.symbols("rho L_0", positive=True)
    share = THETA - THETA**2 / 2
    found = sympy.integrate(sympy.expand(root_of_mu(rho)), (rho, 0, RADIUS))
    stated = sympy.sqrt(2) * SIGMA * sympy.exp(-C) * LEAST * share / (COUNT * K0 * K1)
    edge = 8 * COUNT**2 * K0**2 * K1**2 * loss * sympy.exp(2 * C) / (share**2 * LEAST**2)
    return Equation(found, stated), Equation((stated**2 / SIGMA**2) * edge, 16 * loss)


@argument("leverage-mass", "the mean over five rational vectors with their own second moment, and the mass")
def leverage_mass() -> tuple[Relation, ...]:
    def sides(u: fmpq_mat) -> Sides:
        vectors = u.transpose()
        inverse = (u * vectors / u.ncols()).inv()
        return sum((vectors * inverse * u)[j, j] for j in range(u.ncols())) / fmpq(u.ncols()), fmpq(u.nrows())

    def draw(rng: random.Random) -> Sides:
        return sides(fmpq_mat(3, 5, [*eye(3).entries()[:3], *(positive(rng) for _ in range(12))]))

    return (
        Instances(lambda rng: sides(with_spectrum(rng, [positive(rng) for _ in range(3)])), 351, equal=True),
        Instances(draw, 356, equal=True),
        Equation((1 + COUNT / COUNT) / 2, sympy.Integer(1)),
    )


@argument("leverage-weight", "both margins")
def leverage_weight() -> tuple[Relation, ...]:
    leverage = sympy.Symbol("l", nonnegative=True)
    weight = 2 / (1 + leverage / COUNT)
    return (
        Order(weight, sympy.Integer(2), 2 * leverage / (COUNT + leverage)),
        Order(weight * leverage, 2 * COUNT, 2 * COUNT**2 / (COUNT + leverage)),
    )


@argument("leverage-rates", "both rates, and the failure at the count, enclosed")
def leverage_rates() -> tuple[Relation, ...]:
    def rates(rng: random.Random) -> Sides:
        share = arb(rng.randint(1, 99)) / 10 ** rng.randint(2, 4)
        return upper_rate(share), share + (1 - share) * (1 - share).log()

    def failure(rng: random.Random) -> Sides:
        n, tau, share = rng.randint(1, 300), arb(1) / rng.randint(2, 1000), arb(rng.randint(1, 9)) / 10
        m = enough_mixed(n, tau, share)
        return 2 * n * (-m * upper_rate(share) / (2 * n)).exp(), tau

    return Instances(rates, 352), Instances(failure, 353, equal=True)


@argument("residual-depth-defect", "the double integral for a norm that is a polynomial in time")
def depth_defect() -> tuple[Relation, ...]:
    t, s, h, a, b = sympy.symbols("t s h a b", positive=True)

    def norm(x: sympy.Expr) -> sympy.Expr:
        return a + b * x**2

    inner = sympy.integrate(norm(s), (s, 0, t))
    twice = sympy.integrate(sympy.expand(K1 * norm(t) * K0 * inner), (t, 0, h))
    return (Equation(twice, K0 * K1 / 2 * sympy.integrate(norm(s), (s, 0, h)) ** 2),)


@argument("residual-depth-cauchy", "the square of a mean of five; equality for equal ones")
def depth_cauchy() -> tuple[Relation, ...]:
    def sides(norms: list[fmpq]) -> Sides:
        n = len(norms)
        return (sum(norms, fmpq(0)) / n) ** 2, sum((x * x for x in norms), fmpq(0)) / n

    return (Instances(lambda rng: sides(five(rng)), 354, (sides([fmpq(2)] * 5),)),)


@argument("residual-depth-growth", "products of five factors, enclosed")
def depth_growth() -> tuple[Relation, ...]:
    def sides(steps: list[fmpq]) -> Sides:
        product = arb(1)
        for x in steps:
            product *= 1 + arb(abs(x))
        return product, arb(sum((abs(x) for x in steps), fmpq(0))).exp()

    return (Instances(lambda rng: sides(five(rng)), 355, (sides([fmpq(0)] * 5),)),)
