"""Lines about implicit ReLU networks: well-posedness, and the arc-cosine kernel with its power series."""

from __future__ import annotations

import random
from functools import partial

import sympy
from flint import arb, fmpq, fmpq_mat

from ....theory.activations.activation import activation
from ...dual import dual
from ...proof_lines.draws import (
    contraction,
    diagonal,
    entrywise_relu,
    eye,
    orthogonal,
    positive,
    share,
    signed_share,
    squared,
    vector,
)
from ...proof_lines.instances import hadamard_power
from ...proof_lines.relations import BITS, Equation, Instances, Order, Relation, Sides, argument
from .arc_cosine import arc_cosine

N = 3
A, ONES = fmpq(1, 2), fmpq_mat(N, 1, [1] * N)
ALIGNED = eye(N, A), A, ONES * 4, ONES * 4 * (1 - A)
"""A = aI, its norm a, and the equilibrium of a positive input: where the inequalities are equalities."""
TWO = fmpq_mat(2, 2, [1, A, A, 1])
"""The cosines of two inputs."""
PI, HALF, LAMBDA = sympy.pi, sympy.Rational(1, 2), sympy.Symbol("lambda")
RHO, THETA = sympy.Symbol("rho", real=True), sympy.Symbol("theta", positive=True)


@argument("implicit-contraction", "squares of both sides for matrices of known norm; equality for A = aI")
def implicit_contraction() -> tuple[Relation, ...]:
    def sides(w: fmpq_mat, norm: fmpq, z: fmpq_mat, y: fmpq_mat, phi: fmpq_mat) -> Sides:
        moved = entrywise_relu(w * z + phi) - entrywise_relu(w * y + phi)
        return squared(moved), norm**2 * squared(z - y)

    def draw(rng: random.Random) -> Sides:
        a = share(rng)
        return sides(contraction(rng, N, a), a, vector(rng, N), vector(rng, N), vector(rng, N))

    return (Instances(draw, 201, (sides(eye(N, A), A, ONES * 2, ONES, ONES),)),)


def _equilibrium(rng: random.Random) -> tuple[fmpq_mat, fmpq, fmpq_mat, fmpq_mat]:
    """A matrix of norm at most a, a, and an equilibrium z with its input: any z >= 0 is one for some input."""
    a = share(rng)
    w, z = contraction(rng, N, a), entrywise_relu(vector(rng, N))
    below = fmpq_mat(N, 1, [positive(rng) if z[i, 0] == 0 else fmpq(0) for i in range(N)])
    return w, a, z, z - w * z - below


@argument("implicit-size", "exact equilibria of random sign patterns; equality for A = aI")
def implicit_size() -> tuple[Relation, ...]:
    def fixed(rng: random.Random) -> Sides:
        w, _, z, phi = _equilibrium(rng)
        return z, entrywise_relu(w * z + phi)

    def sides(case: tuple[fmpq_mat, fmpq, fmpq_mat, fmpq_mat]) -> Sides:
        _, a, z, phi = case
        return squared(z), squared(phi) / (1 - a) ** 2

    return (
        Instances(fixed, 202, equal=True),
        Instances(lambda rng: sides(_equilibrium(rng)), 203, (sides(ALIGNED),)),
    )


@argument("implicit-picard", "four steps of the iteration, exactly; equality for A = aI")
def implicit_picard() -> tuple[Relation, ...]:
    def sides(case: tuple[fmpq_mat, fmpq, fmpq_mat, fmpq_mat], steps: int) -> Sides:
        w, a, z, phi = case
        iterate = z * 0
        for _ in range(steps):
            iterate = entrywise_relu(w * iterate + phi)
        return squared(iterate - z), a ** (2 * steps) * squared(z)

    return (Instances(lambda rng: sides(_equilibrium(rng), rng.randint(1, 4)), 204, (sides(ALIGNED, 3),)),)


@argument("implicit-two-inputs", "two exact equilibria of one network; equality for A = aI")
def implicit_two_inputs() -> tuple[Relation, ...]:
    def sides(a: fmpq, z: fmpq_mat, y: fmpq_mat, phi: fmpq_mat, psi: fmpq_mat) -> Sides:
        return squared(z - y), squared(phi - psi) / (1 - a) ** 2

    def draw(rng: random.Random) -> Sides:
        w, a, z, phi = _equilibrium(rng)
        y = entrywise_relu(vector(rng, N))
        return sides(a, z, y, phi, y - w * y)

    _, a, z, phi = ALIGNED
    return (Instances(draw, 205, (sides(a, z, z * 2, phi, phi * 2),)),)


def _slopes(rng: random.Random) -> fmpq_mat:
    return diagonal([abs(signed_share(rng)) for _ in range(N)])


@argument("resolvent-norm", "(DA)'(DA) and a^2 I by elimination; equality for A = aI, D = I")
def resolvent_norm() -> tuple[Relation, ...]:
    def sides(d: fmpq_mat, w: fmpq_mat, a: fmpq) -> Sides:
        return (d * w).transpose() * (d * w), eye(N, a * a)

    def draw(rng: random.Random) -> Sides:
        a = share(rng)
        return sides(_slopes(rng), contraction(rng, N, a), a)

    return (Instances(draw, 206, (sides(eye(N), eye(N, A), A),)),)


@argument("resolvent-series", "the geometric sums, n = 1 to 5")
def resolvent_series() -> tuple[Relation, ...]:
    a = sympy.Symbol("a", positive=True)
    return tuple(Equation(sum((a**k for k in range(n)), sympy.Integer(0)), (1 - a**n) / (1 - a)) for n in range(1, 6))


@argument("resolvent-bound", "R'R and I/(1-a)^2 by elimination, for both matrices; equality for A = aI, D = I")
def resolvent_bound() -> tuple[Relation, ...]:
    def sides(product: fmpq_mat, a: fmpq) -> Sides:
        inverse = (eye(N) - product).inv()
        return inverse.transpose() * inverse, eye(N, 1 / (1 - a) ** 2)

    def draw(adjoint: bool, rng: random.Random) -> Sides:
        a = share(rng)
        weights, slopes = contraction(rng, N, a), _slopes(rng)
        return sides(weights.transpose() * slopes if adjoint else slopes * weights, a)

    extremal = (sides(eye(N, A), A),)
    return Instances(partial(draw, False), 207, extremal), Instances(partial(draw, True), 208, extremal)


@argument("arc-cosine-radius", "the integral")
def arc_cosine_radius() -> tuple[Relation, ...]:
    r = sympy.Symbol("r", positive=True)
    return (Equation(sympy.integrate(r**3 * sympy.exp(-(r**2) / 2), (r, 0, sympy.oo)), sympy.Integer(2)),)


@argument("arc-cosine-angle", "the integral, through its antiderivative")
def arc_cosine_angle() -> tuple[Relation, ...]:
    alpha = sympy.Symbol("alpha", real=True)
    integrand = sympy.cos(alpha) * sympy.cos(alpha - THETA)
    primitive = alpha * sympy.cos(THETA) / 2 + sympy.sin(2 * alpha - THETA) / 4
    ends = primitive.subs(alpha, PI / 2) - primitive.subs(alpha, THETA - PI / 2)
    value = (sympy.sin(THETA) + (PI - THETA) * sympy.cos(THETA)) / 2
    return (
        Equation(sympy.diff(primitive, alpha), integrand),
        Equation(sympy.expand_trig(ends), value),
    )


@argument("arc-cosine-value", "the dual activation of ReLU against the stated kernel")
def arc_cosine_value() -> tuple[Relation, ...]:
    def draw(rng: random.Random) -> Sides:
        ball = arb(fmpq(rng.randint(-99, 99), 100))
        return dual(activation("relu"), arb(1), arb(1), ball, BITS), arc_cosine(ball)

    factor = Equation(2 * (sympy.sin(THETA) + (PI - THETA) * sympy.cos(THETA)) / 2 / (2 * PI), _kernel())
    return factor, Instances(draw, 209, equal=True)


def _kernel() -> sympy.Expr:
    return (sympy.sin(THETA) + (PI - THETA) * sympy.cos(THETA)) / (2 * PI)


def _at_angle(angle: sympy.Expr | int) -> sympy.Expr:
    """The kernel of two inputs at an angle."""
    return _kernel().subs(THETA, angle)


def _dual(rho: sympy.Expr) -> sympy.Expr:
    return (sympy.sqrt(1 - rho**2) + rho * (PI - sympy.acos(rho))) / (2 * PI)


@argument("orthonormal-spectrum", "the characteristic polynomial, n = 2 to 4")
def orthonormal_spectrum() -> tuple[Relation, ...]:
    def spectrum(n: int) -> Equation:
        matrix = sympy.Matrix(n, n, lambda i, j: _at_angle(0 if i == j else PI / 2))
        least, largest = HALF - 1 / (2 * PI), HALF + (n - 1) / (2 * PI)
        return Equation(matrix.charpoly(LAMBDA).as_expr(), (LAMBDA - least) ** (n - 1) * (LAMBDA - largest))

    return tuple(map(spectrum, range(2, 5)))


@argument("square-spectrum", "the characteristic polynomial")
def square_spectrum() -> tuple[Relation, ...]:
    matrix = sympy.Matrix(4, 4, lambda i, j: _at_angle(min((j - i) % 4, (i - j) % 4) * PI / 2))
    claimed = (LAMBDA - HALF + 1 / PI) * (LAMBDA - HALF) ** 2 * (LAMBDA - HALF - 1 / PI)
    return (Equation(matrix.charpoly(LAMBDA).as_expr(), claimed),)


@argument("hexagon-null-vector", "the alternating sum of the first row")
def hexagon_null_vector() -> tuple[Relation, ...]:
    row = [_at_angle(min(k, 6 - k) * PI / 3) for k in range(6)]
    return (Equation(sum(((-1) ** k * value for k, value in enumerate(row)), sympy.Integer(0)), sympy.Integer(0)),)


@argument("arc-cosine-derivatives", "both derivatives and both values at zero")
def arc_cosine_derivatives() -> tuple[Relation, ...]:
    first = (PI - sympy.acos(RHO)) / (2 * PI)
    return (
        Equation(sympy.diff(_dual(RHO), RHO), first),
        Equation(sympy.diff(first, RHO), 1 / (2 * PI * sympy.sqrt(1 - RHO**2))),
        Equation(_dual(sympy.Integer(0)), 1 / (2 * PI)),
        Equation(first.subs(RHO, 0), sympy.Rational(1, 4)),
    )


@argument("inverse-root-series", "the differential equation, and its recurrence for every order")
def inverse_root_series() -> tuple[Relation, ...]:
    x, k = sympy.Symbol("x", positive=True), sympy.Symbol("k", integer=True, positive=True)
    y = (1 - x) ** sympy.Rational(-1, 2)
    now, following = (sympy.binomial(2 * n, n).rewrite(sympy.gamma) for n in (k, k + 1))
    return (
        Equation(2 * (1 - x) * sympy.diff(y, x), y),
        Equation(sympy.gammasimp(following / (4 * now)), (2 * k + 1) / (2 * (k + 1))),
    )


@argument("arc-cosine-coefficients", "both forms of every order up to 12, and the step for all orders")
def arc_cosine_coefficients() -> tuple[Relation, ...]:
    k = sympy.Symbol("k", integer=True, positive=True)
    central = sympy.Symbol("c", positive=True)  # binomial(2k, k); the next one is c 2 (2k+1)/(k+1)
    integrated = central * 4 ** (-k) / (2 * PI * (2 * k + 1) * (2 * k + 2))

    def forms(n: int) -> Equation:
        binomial = sympy.binomial(2 * n, n) / (2 * PI * 4**n * (2 * n - 1) ** 2)
        return Equation(sympy.factorial2(2 * n - 3) ** 2 / (2 * PI * sympy.factorial(2 * n)), binomial)

    step = Equation(integrated, central * 2 * (2 * k + 1) / (k + 1) / (2 * PI * 4 ** (k + 1) * (2 * k + 1) ** 2))
    return (step, *map(forms, range(1, 7)))


@argument("arc-cosine-mass", "the value at one, and the decay of the terms k^(-1/2)/(2k-1)^2")
def arc_cosine_mass() -> tuple[Relation, ...]:
    k = sympy.Symbol("k", positive=True)

    def bound(k: int) -> Sides:  # binomial(2k, k)^2 (2k+1) <= 16^k
        return fmpq(int(sympy.binomial(2 * k, k))) ** 2 * (2 * k + 1), fmpq(16) ** k

    step = ((2 * k + 1) / (2 * k + 2)) ** 2 * (2 * k + 3) / (2 * k + 1)
    return (
        Equation(_dual(sympy.Integer(1)), sympy.Rational(1, 2)),
        Order(step, sympy.Integer(1), 1 / (4 * (k + 1) ** 2)),
        Instances(lambda rng: bound(rng.randint(0, 60)), 210, (bound(0),)),
    )


def _cosines(rng: random.Random, n: int) -> fmpq_mat:
    """A Gram matrix of unit vectors: columns of a rational orthogonal matrix and of another one."""
    q, p = orthogonal(rng, 3), orthogonal(rng, 3)
    x = fmpq_mat(n, 3, [source[i, j] for source in (q, p) for j in range(2) for i in range(3)][: 3 * n])
    return x * x.transpose()


def _largest(c: fmpq_mat) -> fmpq:
    return max(abs(c[i, j]) for i in range(c.nrows()) for j in range(i))


@argument("even-power-discs", "by elimination on Gram matrices of unit vectors; equality for two inputs")
def even_power_discs() -> tuple[Relation, ...]:
    def sides(c: fmpq_mat, k: int) -> Sides:
        n = c.nrows()
        return eye(n, max(1 - (n - 1) * _largest(c) ** (2 * k), fmpq(0))), hadamard_power(c, 2 * k)

    def draw(rng: random.Random) -> Sides:
        return sides(_cosines(rng, 4), rng.randint(1, 4))

    return (Instances(draw, 211, (sides(TWO, 1),)),)


@argument("even-power-sum", "sums with random weights by elimination; equality for two inputs and even powers")
def even_power_sum() -> tuple[Relation, ...]:
    def sides(c: fmpq_mat, weights: list[fmpq]) -> Sides:
        n, rho = c.nrows(), _largest(c)
        total = sum((hadamard_power(c, r) * weight for r, weight in enumerate(weights)), eye(n, 0))
        even = ((r, weights[r]) for r in range(2, len(weights), 2))
        return eye(n, sum((weight * max(1 - (n - 1) * rho**r, fmpq(0)) for r, weight in even), fmpq(0))), total

    def draw(rng: random.Random) -> Sides:
        return sides(_cosines(rng, 4), [positive(rng) for _ in range(7)])

    return (Instances(draw, 212, (sides(TWO, [fmpq(0), fmpq(0), fmpq(1), fmpq(0), fmpq(2)]),)),)
