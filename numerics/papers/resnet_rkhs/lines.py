"""Lines about residual networks in an RKHS: adjoint gradient, flow bounds, PL inequalities, depth, best radius."""

from __future__ import annotations

import random

import sympy
from flint import arb, fmpq, fmpq_mat

from ...proof_lines.draws import contraction, eye, inner, matrix, positive, share, squared, vector, with_spectrum
from ...proof_lines.instances import rational
from ...proof_lines.relations import Equation, Growth, Instances, Relation, Sides, argument

N, DEPTH = 3, 3
R, B_ = sympy.symbols("R b", positive=True)


def _total(parts: list[fmpq]) -> fmpq:
    return sum(parts, fmpq(0))


def table(name: str, rows: int, columns: int) -> sympy.Matrix:
    """A matrix of real symbols.

    >>> table("w", 2, 1).T
    Matrix([[w00, w10]])
    """
    return sympy.Matrix(rows, columns, sympy.symbols(f"{name}:{rows}:{columns}", real=True))


@argument("adjoint-layer", "one layer with an arbitrary Jacobian")
def adjoint_layer() -> tuple[Relation, ...]:
    jacobian, depth = table("J", N, N), sympy.Symbol("D", positive=True)
    adjoint, moved, field = (table(name, N, 1) for name in "pdw")
    after = moved + (jacobian * moved + field) / depth
    before = adjoint + jacobian.T * adjoint / depth
    return (Equation(adjoint.dot(after) - before.dot(moved), adjoint.dot(field) / depth),)


@argument("adjoint-sum", "three layers, two inputs, against the derivative of the loss along the variation")
def adjoint_sum() -> tuple[Relation, ...]:
    def draw(rng: random.Random) -> Sides:
        readout, left, right = matrix(rng, 2, N), fmpq(0), fmpq(0)
        for _ in range(2):  # inputs; N = 2 in the loss
            jacobians = [matrix(rng, N, N) for _ in range(DEPTH)]
            fields = [vector(rng, N) for _ in range(DEPTH)]
            residual, moved = vector(rng, 2), fmpq_mat(N, 1)
            for jacobian, field in zip(jacobians, fields, strict=True):
                moved = moved + (jacobian * moved + field) / DEPTH
            left += inner(residual, readout * moved) / 2  # d/de of |F + e B dz - y|^2/4 at e = 0
            adjoint, parts = readout.transpose() * residual, []
            for jacobian, field in zip(reversed(jacobians), reversed(fields), strict=True):
                parts.append(inner(adjoint, field))
                adjoint = adjoint + jacobian.transpose() * adjoint / DEPTH
            right += _total(parts) / (2 * DEPTH)
        return left, right

    return (Instances(draw, 302, equal=True),)


@argument("reproducing-property", "arbitrary fields with two features in the plane")
def reproducing_property() -> tuple[Relation, ...]:
    weights, features, p = table("W", 2, 2), table("f", 2, 1), table("p", 2, 1)
    return (Equation((weights.T * p * features.T).trace(), p.dot(weights * features)),)


@argument("adjoint-norm", "the squared norm for two inputs, two features, in the plane")
def adjoint_norm() -> tuple[Relation, ...]:
    p, features = table("p", 2, 2), table("f", 2, 2)  # columns belong to inputs
    section = p * features.T / 2
    return (Equation((section.T * section).trace(), (features.T * features * p.T * p).trace() / 4),)


@argument("adjoint-flow", "the product rule along the flow, for an arbitrary Jacobian")
def adjoint_flow() -> tuple[Relation, ...]:
    jacobian = table("J", N, N)
    adjoint, moved, field = (table(name, N, 1) for name in "pdw")
    slope = (-jacobian.T * adjoint).dot(moved) + adjoint.dot(jacobian * moved + field)
    return (Equation(slope, adjoint.dot(field)),)


@argument("log-derivative", "the chain rule in the plane")
def log_derivative() -> tuple[Relation, ...]:
    t = sympy.Symbol("t", real=True)
    x, y = (sympy.Function(name, real=True)(t) for name in "xy")
    left = sympy.diff(sympy.log(sympy.sqrt(x**2 + y**2)), t)
    return (Equation(left, (x * sympy.diff(x, t) + y * sympy.diff(y, t)) / (x**2 + y**2)),)


@argument("log-derivative-bound", "the squares of both sides; equality for a multiple of the identity")
def log_derivative_bound() -> tuple[Relation, ...]:
    def sides(jacobian: fmpq_mat, slope: fmpq, d: fmpq_mat) -> Sides:
        return abs(inner(d, jacobian * d)), slope * squared(d)

    def draw(rng: random.Random) -> Sides:
        slope = positive(rng)
        return sides(contraction(rng, N, slope), slope, vector(rng, N))

    return (Instances(draw, 306, (sides(eye(N, -2), fmpq(2), fmpq_mat(N, 1, [1, 2, 3])),)),)


def mean_and_root(norms: list[fmpq]) -> Sides:
    """The square of the mean, and the mean of the squares."""
    return (_total(norms) / len(norms)) ** 2, _total([x * x for x in norms]) / len(norms)


def five(rng: random.Random) -> list[fmpq]:
    """Norms of five layers."""
    return [abs(rational(rng)) for _ in range(5)]


@argument("mean-below-root", "the square of the mean and the mean of the squares; equality for equal layers")
def mean_below_root() -> tuple[Relation, ...]:
    return (Instances(lambda rng: mean_and_root(five(rng)), 307, (mean_and_root([fmpq(2)] * 4),)),)


@argument("exponential-above-line", "equal at zero; the margin has the slope e^x - 1, which grows from zero")
def exponential_above_line() -> tuple[Relation, ...]:
    x, zero = sympy.Symbol("x", nonnegative=True), sympy.Integer(0)
    margin = sympy.exp(x) - (1 + x)
    return (
        Equation(margin.subs(x, 0), zero),
        Equation(sympy.diff(margin, x), sympy.exp(x) - 1),
        Growth(zero, sympy.exp(x) - 1, x, zero, sympy.exp(x)),
    )


@argument("kronecker-spectrum", "both inequalities for matrices of known spectrum; equality for K = lambda I")
def kronecker_spectrum() -> tuple[Relation, ...]:
    def form(k: fmpq_mat, p: fmpq_mat) -> fmpq:
        return inner(k, p.transpose() * p)

    def draw(rng: random.Random) -> tuple[fmpq, fmpq, fmpq]:
        eigenvalues, p = [positive(rng) for _ in range(N)], matrix(rng, 2, N)
        return min(eigenvalues) * squared(p), form(with_spectrum(rng, eigenvalues), p), max(eigenvalues) * squared(p)

    p = fmpq_mat(2, N, [1, 2, 3, 4, 5, 6])
    same = (2 * squared(p), form(eye(N, 2), p))
    return (
        Instances(lambda rng: draw(rng)[:2], 308, (same,)),
        Instances(lambda rng: draw(rng)[1:], 309, (same[::-1],)),
    )


@argument("readout-bound", "readouts of known singular values, squares of both sides; equality for B = bI")
def readout_bound() -> tuple[Relation, ...]:
    def sides(readout: fmpq_mat, least: fmpq, r: fmpq_mat) -> Sides:
        return least**2 * squared(r), squared(readout.transpose() * r)

    def draw(rng: random.Random) -> Sides:
        singular = [positive(rng) for _ in range(N)]
        return sides(with_spectrum(rng, singular), min(singular), vector(rng, N))

    return (Instances(draw, 310, (sides(eye(N, 2), fmpq(2), fmpq_mat(N, 1, [1, 2, 3])),)),)


@argument("pl-factors", "both products, and the loss of two inputs")
def pl_factors() -> tuple[Relation, ...]:
    n, sigma, kr, lam, loss, norm = sympy.symbols("N sigma_B kappa_1R lambda L B", positive=True)
    squares = 2 * n * loss  # of the residuals
    r1, r2 = sympy.symbols("r_1 r_2", real=True)
    two = {n: 2, loss: (r1**2 + r2**2) / 4}  # L = 1/(2N) times the sum of squares
    return (
        Equation(
            lam / n**2 * sympy.exp(-2 * kr) * sigma**2 * squares, 2 / n * sigma**2 * sympy.exp(-2 * kr) * lam * loss
        ),
        Equation(lam / n**2 * sympy.exp(2 * kr) * norm**2 * squares, 2 / n * norm**2 * sympy.exp(2 * kr) * lam * loss),
        Equation(squares.subs(two), r1**2 + r2**2),
    )


@argument("trace-bound", "tr(K) I - K by elimination; equality for rank one; the factor at Lambda = N kappa_0^2")
def trace_bound() -> tuple[Relation, ...]:
    def sides(k: fmpq_mat) -> Sides:
        return k, eye(N, _total([k[i, i] for i in range(N)]))

    n, kappa, norm = sympy.symbols("N kappa_0 B", positive=True)
    return (
        Instances(
            lambda rng: sides(with_spectrum(rng, [positive(rng) for _ in range(N)])),
            311,
            (sides(fmpq_mat(N, N, [1] * N * N)),),
        ),
        Equation(2 / n * norm**2 * (n * kappa**2), 2 * kappa**2 * norm**2),
    )


@argument("layer-lower-bound", "squares of both sides; equality for a field that pulls two states together")
def layer_lower_bound() -> tuple[Relation, ...]:
    def sides(jacobian: fmpq_mat, x: fmpq, d: fmpq_mat) -> Sides:
        return (1 - x) ** 2 * squared(d), squared(d + jacobian * d)

    def draw(rng: random.Random) -> Sides:
        x = share(rng)
        return sides(contraction(rng, N, x), x, vector(rng, N))

    return (Instances(draw, 312, (sides(eye(N, fmpq(-1, 2)), fmpq(1, 2), fmpq_mat(N, 1, [1, 2, 3])),)),)


@argument("layer-shares", "squares of both sides for random layers; equality for equal layers, and for a single one")
def layer_shares() -> tuple[Relation, ...]:
    def largest(norms: list[fmpq]) -> Sides:
        depth = len(norms)
        return (max(norms) / depth) ** 2, _total([x * x for x in norms]) / depth / depth

    return (
        Instances(lambda rng: mean_and_root(five(rng)), 313, (mean_and_root([fmpq(2)] * 4),)),
        Instances(lambda rng: largest(five(rng)), 314, (largest([fmpq(2), fmpq(0), fmpq(0)]),)),
    )


@argument("log-lower-bound", "with x = t/(1 + t) it is log(1 + t) <= t; and the derivative in x")
def log_lower_bound() -> tuple[Relation, ...]:
    t, x = sympy.Symbol("t", nonnegative=True), sympy.Symbol("x", positive=True)
    share_ = t / (1 + t)
    return (
        Equation(share_ / (1 - share_), t),
        Equation(1 - share_, 1 / (1 + t)),
        Growth(sympy.log(1 + t), t, t, sympy.Integer(0), t / (1 + t)),
        Equation(sympy.diff(sympy.log(1 - x) + x / (1 - x), x), x / (1 - x) ** 2),
    )


@argument("product-lower-bound", "products of five factors against the exponential; and the limit of c")
def product_lower_bound() -> tuple[Relation, ...]:
    def sides(shares: list[fmpq]) -> Sides:
        product = fmpq(1)
        for x in shares:
            product *= 1 - x
        return (-arb(_total(shares) / (1 - max(shares)))).exp(), arb(product)

    kr, depth = sympy.symbols("kappa_1R D", positive=True)
    limit = sympy.limit(kr / (1 - kr / sympy.sqrt(depth)), depth, sympy.oo)
    drawn = Instances(lambda rng: sides([share(rng) for _ in range(5)]), 315, (sides([fmpq(1, 10**4)] * 3),))
    return drawn, Equation(limit, kr)


@argument("radius-derivative", "the derivative, its zero, and the limits")
def radius_derivative() -> tuple[Relation, ...]:
    value = R**2 * sympy.exp(-B_ * R)
    return (
        Equation(sympy.diff(value, R), R * (2 - B_ * R) * sympy.exp(-B_ * R)),
        Equation(value.subs(R, 2 / B_), 4 / (sympy.E * B_) ** 2),
        Equation(sympy.limit(value, R, sympy.oo) + value.subs(R, 0), sympy.Integer(0)),
    )


@argument("wendland-scaling", "the derivative in the square of the distance is negative; the exponents add to b")
def wendland_scaling() -> tuple[Relation, ...]:
    u, a, c, order = sympy.symbols("u a c p", positive=True)  # (a u + c)^(-p), u the squared distance
    nu, kappa = sympy.symbols("nu kappa_1", positive=True)
    decreasing = (a * u + c) ** (-order)
    return (
        Equation(sympy.diff(decreasing, u), -order * a * (a * u + c) ** (-order - 1)),
        Equation(sympy.exp(-2 * kappa * R) * sympy.exp(-kappa * R) ** (2 * nu), sympy.exp(-(2 + 2 * nu) * kappa * R)),
    )


@argument("radius-value", "the value at R = 2/b")
def radius_value() -> tuple[Relation, ...]:
    mu = sympy.Symbol("mu_0", positive=True)
    value = R**2 * mu * sympy.exp(-B_ * R) / 4
    return (Equation(value.subs(R, 2 / B_), mu / (sympy.exp(2) * B_**2)),)
