"""Lines about the training of equilibrium models: gradients, tangent kernels, concentration, the PL inequality."""

from __future__ import annotations

import random
from fractions import Fraction
from functools import cache, partial

import sympy
from flint import arb, fmpq, fmpq_mat

from ....theory.activations.activation import activation
from ...balls.ball import enclose
from ...balls.precision import precision
from ...dual import dual_expression
from ...proof_lines.draws import (
    contraction,
    diagonal,
    eye,
    inner,
    matrix,
    positive,
    share,
    signed_share,
    squared,
    vector,
    with_spectrum,
)
from ...proof_lines.instances import gram, hadamard, hadamard_power, rational
from ...proof_lines.relations import BITS, Equation, Instances, Order, Relation, Sides, argument
from .population.kernel import equilibrium_kernel
from .population.tangent import equilibrium_tangent_series

N = 3
LAM = sympy.Symbol("lambda", positive=True)


@argument("perturbation-split", "both sides as matrices")
def perturbation_split() -> tuple[Relation, ...]:
    def draw(rng: random.Random) -> Sides:
        w, v, u, t, z, y = (matrix(rng, N, N) for _ in range(6))
        x = matrix(rng, N, N)
        return w * z + u * x - (v * y + t * x), w * (z - y) + (w - v) * y + (u - t) * x

    return (Instances(draw, 101, equal=True),)


@argument("perturbation-solved", "t = theta t + L b at t = L b/(1 - theta); relu is 1-Lipschitz")
def perturbation_solved() -> tuple[Relation, ...]:
    theta, lip, b = sympy.symbols("theta L b", positive=True)
    solution = lip * b / (1 - theta)

    def sides(s: fmpq, t: fmpq) -> Sides:
        return abs(max(s, fmpq(0)) - max(t, fmpq(0))), abs(s - t)

    def draw(rng: random.Random) -> Sides:
        return sides(rational(rng), rational(rng))

    return Equation(solution, theta * solution + lip * b), Instances(draw, 102, (sides(fmpq(3), fmpq(1)),))


@argument("perturbation-plane", "the difference of the squares is a square")
def perturbation_plane() -> tuple[Relation, ...]:
    p, q, r, s = sympy.symbols("p q r s", real=True)
    return (Order((p * q + r * s) ** 2, (p**2 + r**2) * (q**2 + s**2), (p * s - q * r) ** 2),)


def _layer(rng: random.Random) -> tuple[fmpq_mat, fmpq_mat]:
    """A contracting matrix and slopes between 0 and 1."""
    return contraction(rng, N, share(rng)), diagonal([abs(signed_share(rng)) for _ in range(N)])


@argument("implicit-derivative", "the stated derivative solves the differentiated equation")
def implicit_derivative() -> tuple[Relation, ...]:
    def draw(rng: random.Random) -> Sides:
        w, d = _layer(rng)
        z, x, dw, du = vector(rng, N), vector(rng, N), matrix(rng, N, N), matrix(rng, N, N)
        moved = (eye(N) - d * w).inv() * d * (dw * z + du * x)
        return moved, d * (dw * z + du * x + w * moved)

    return (Instances(draw, 103, equal=True),)


@argument("adjoint-resolvent", "both matrices")
def adjoint_resolvent() -> tuple[Relation, ...]:
    def draw(rng: random.Random) -> Sides:
        w, d = _layer(rng)
        return ((eye(N) - d * w).inv() * d).transpose(), d * (eye(N) - w.transpose() * d).inv()

    return (Instances(draw, 104, equal=True),)


def output_derivatives(rng: random.Random, *, transposed: bool = True) -> Sides:
    """The derivative of the output along a random direction of all three parameters, forward and by the adjoint.

    ``transposed`` False plants W in the place of its transpose in the adjoint equation.
    """
    w, d = _layer(rng)
    a, z, x, da = (vector(rng, N) for _ in range(4))
    dw, du = matrix(rng, N, N), matrix(rng, N, N)
    moved = (eye(N) - d * w).inv() * d * (dw * z + du * x)
    delta = d * (eye(N) - (w.transpose() if transposed else w) * d).inv() * a
    by_weights = inner(delta * z.transpose(), dw) + inner(delta * x.transpose(), du)
    return inner(da, z) + inner(a, moved), inner(z, da) + by_weights


@argument("implicit-gradient", "the derivative of the output along random directions of all three parameters")
def implicit_gradient() -> tuple[Relation, ...]:
    return (Instances(output_derivatives, 105, equal=True),)


def _gradients(rng: random.Random) -> tuple[fmpq_mat, fmpq_mat, fmpq_mat, fmpq_mat]:
    """Z, X, Delta and the rows of all gradients, for two inputs."""
    z, x, delta = matrix(rng, N, 2), matrix(rng, N, 2), matrix(rng, N, 2)
    rows: list[fmpq] = []
    for i in range(2):
        rows += [delta[j, i] * z[k, i] for j in range(N) for k in range(N)]
        rows += [delta[j, i] * x[k, i] for j in range(N) for k in range(N)]
        rows += [z[k, i] for k in range(N)]
    return z, x, delta, fmpq_mat(2, 2 * N * N + N, rows)


def _tangent(z: fmpq_mat, x: fmpq_mat, delta: fmpq_mat) -> fmpq_mat:
    g = z.transpose() * z
    return g + hadamard(g + x.transpose() * x, delta.transpose() * delta)


@argument("tangent-gram", "J J' and the formula of H for two inputs; the flow -J J' e")
def tangent_gram() -> tuple[Relation, ...]:
    def gram_of_gradients(rng: random.Random) -> Sides:
        z, x, delta, rows = _gradients(rng)
        return rows * rows.transpose(), _tangent(z, x, delta)

    def flow(rng: random.Random) -> Sides:
        z, x, delta, rows = _gradients(rng)
        e = vector(rng, 2)
        direction = rows.transpose() * e * -1  # theta' = -sum_j e_j grad y_j
        return rows * direction, _tangent(z, x, delta) * e * -1

    return Instances(gram_of_gradients, 106, equal=True), Instances(flow, 107, equal=True)


@argument("tangent-above-gram", "H - G by elimination; equality at a = 0")
def tangent_above_gram() -> tuple[Relation, ...]:
    def sides(z: fmpq_mat, x: fmpq_mat, delta: fmpq_mat) -> Sides:
        return z.transpose() * z, _tangent(z, x, delta)

    def draw(rng: random.Random) -> Sides:
        return sides(*_gradients(rng)[:3])

    return (Instances(draw, 108, (sides(eye(2), eye(2), eye(2, 0)),)),)


Relative = tuple[fmpq_mat, fmpq_mat, fmpq, fmpq]


def _relative(rng: random.Random) -> Relative:
    """K, G with relative deviation at most w, w and the least eigenvalue of K (K is a square of a rational matrix)."""
    roots = [positive(rng) for _ in range(N)]
    s, w = with_spectrum(rng, roots), share(rng)
    m = with_spectrum(rng, [w * signed_share(rng) for _ in range(N)])
    return s * s, s * s + s * m * s, w, min(roots) ** 2


def _extreme(sign: int) -> Relative:
    """The same with K = 4I and M = -wI or wI."""
    w, k = fmpq(1, 2), eye(N, 4)
    return k, k + k * w * sign, w, fmpq(4)


@argument("relative-order", "both inequalities by elimination; equality at M = -wI and M = wI")
def relative_order() -> tuple[Relation, ...]:
    def below(case: Relative) -> Sides:
        k, g, w, _ = case
        return k * (1 - w), g

    def above(case: Relative) -> Sides:
        k, g, w, _ = case
        return g, k * (1 + w)

    return (
        Instances(lambda rng: below(_relative(rng)), 109, (below(_extreme(-1)),)),
        Instances(lambda rng: above(_relative(rng)), 110, (above(_extreme(1)),)),
    )


@argument("relative-eigenvalue", "G - (1 - w) lambda I by elimination; equality for K = lambda I and M = -wI")
def relative_eigenvalue() -> tuple[Relation, ...]:
    def sides(case: Relative) -> Sides:
        _, g, w, least = case
        return eye(N, (1 - w) * least), g

    return (Instances(lambda rng: sides(_relative(rng)), 111, (sides(_extreme(-1)),)),)


@argument("relative-weyl", "M^2 and w^2 I for |G - K| = w lambda; equality for K = lambda I")
def relative_weyl() -> tuple[Relation, ...]:
    def sides(s: fmpq_mat, e: fmpq_mat, w: fmpq) -> Sides:
        m = s.inv() * e * s.inv()
        return m * m, eye(N, w * w)

    def draw(rng: random.Random) -> Sides:
        roots, w = [positive(rng) for _ in range(N)], share(rng)
        size = w * min(roots) ** 2
        return sides(with_spectrum(rng, roots), with_spectrum(rng, [size * signed_share(rng) for _ in range(N)]), w)

    return (Instances(draw, 112, (sides(eye(N, 2), eye(N, 2), fmpq(1, 2)),)),)


@argument("minor-of-order-two", "entries of Gram matrices against the largest of the diagonal; equality for rank one")
def minor_of_order_two() -> tuple[Relation, ...]:
    def sides(c: fmpq_mat) -> Sides:
        return max(abs(c[0, j]) for j in range(1, N)), max(c[i, i] for i in range(N))

    return (Instances(lambda rng: sides(gram(rng, N, 2)), 113, (sides(fmpq_mat(N, N, [4] * N * N)),)),)


@cache
def _chi(share: int) -> tuple[Sides, Sides]:
    """χ and the diagonal of Θ - K of tanh in use at σ_w² = ``share``/16, and by the dual of the slope."""
    phi, rate = activation("tanh"), Fraction(share, 16)
    kernel = equilibrium_kernel(phi, rate, 6, BITS, lipschitz=arb(1))
    found, point = equilibrium_tangent_series(kernel), kernel.fixed_point
    slope = dual_expression(phi.derivative(), point.s, point.s, point.s, BITS)
    with precision(BITS):
        chi = enclose(2 * rate) * slope
        return (found.stability, chi), (found.added.mass, point.q * slope / (1 - chi))


@argument("tangent-series", "the sum of n terms and the rest, n = 1 to 4; chi and the diagonal in use")
def tangent_series() -> tuple[Relation, ...]:
    w, x = sympy.symbols("w x", positive=True)
    sums = (
        Equation(
            x / (1 - w * x),
            sum((w ** (k - 1) * x**k for k in range(1, n + 1)), sympy.Integer(0)) + w**n * x ** (n + 1) / (1 - w * x),
        )
        for n in range(1, 5)
    )

    def in_use(rng: random.Random, which: int) -> Sides:
        return _chi(rng.randint(1, 3))[which]

    return *sums, *(Instances(partial(in_use, which=k), 116 + k, equal=True) for k in (0, 1))


@argument("tangent-domination", "five terms of the series, and the limit, by elimination; equality at zero slopes")
def tangent_domination() -> tuple[Relation, ...]:
    def kernels(rng: random.Random) -> tuple[fmpq_mat, fmpq_mat, fmpq]:
        k, slopes = gram(rng, N, 2), gram(rng, N, 2)
        largest = max(max(slopes[i, i] for i in range(N)), fmpq(1, 100))
        return k, slopes, share(rng) / largest

    def partial(k: fmpq_mat, slopes: fmpq_mat, w: fmpq) -> Sides:
        total = k
        for order in range(1, 6):
            total = total + hadamard(k, hadamard_power(slopes, order)) * w ** (order - 1)
        return k, total

    def limit(k: fmpq_mat, slopes: fmpq_mat, w: fmpq) -> Sides:
        entries = [1 + slopes[i, j] / (1 - w * slopes[i, j]) for i in range(N) for j in range(N)]
        return k, hadamard(k, fmpq_mat(N, N, entries))

    linear = (eye(N), eye(N, 0), fmpq(1, 2))
    return (
        Instances(lambda rng: partial(*kernels(rng)), 114, (partial(*linear),)),
        Instances(lambda rng: limit(*kernels(rng)), 115, (limit(*linear),)),
    )


@argument(
    "perturbation-at-the-start",
    "linear networks with one input, only the moved one bounded; equality where the move is along the state and input",
)
def perturbation_at_the_start() -> tuple[Relation, ...]:
    def sides(w: fmpq_mat, u: fmpq_mat, x: fmpq_mat, dw: fmpq_mat, du: fmpq_mat, theta: fmpq) -> Sides:
        """``theta`` bounds the norm of ``w + dw``; w is any matrix without the eigenvalue 1."""
        one = eye(w.nrows())
        start, moved = (one - w).inv() * u * x, (one - w - dw).inv() * (u + du) * x
        reach = (squared(start) + squared(x)) * (squared(dw) + squared(du))
        return squared(moved - start), reach / (1 - theta) ** 2

    def draw(rng: random.Random) -> Sides:
        w, theta = matrix(rng, N, N) + eye(N, 97), share(rng)
        return sides(w, matrix(rng, N, N), vector(rng, N), contraction(rng, N, theta) - w, matrix(rng, N, N), theta)

    quarter, one = fmpq_mat(1, 1, [fmpq(1, 4)]), eye(1)
    return (Instances(draw, 119, (sides(one * 0, one, one, quarter, quarter, fmpq(1, 4)),)),)


@argument("half-eigenvalue", "the three roots")
def half_eigenvalue() -> tuple[Relation, ...]:
    root = sympy.sqrt(LAM)
    return (Equation(root - (1 - 1 / sympy.sqrt(2)) * root, sympy.sqrt(LAM / 2)),)


@argument("equilibrium-pl", "half of lambda |e|^2, the radius, and G below H for a positive definite G")
def equilibrium_pl() -> tuple[Relation, ...]:
    e = sympy.Symbol("e", positive=True)

    def sides(z: fmpq_mat, x: fmpq_mat, delta: fmpq_mat, v: fmpq_mat) -> Sides:
        return inner(v, z.transpose() * z * v), inner(v, _tangent(z, x, delta) * v)

    def draw(rng: random.Random) -> Sides:
        return sides(*_gradients(rng)[:3], vector(rng, 2))

    still = sides(eye(2), eye(2), eye(2, 0), fmpq_mat(2, 1, [1, 2]))
    return (
        Equation(LAM * e**2 / 2, LAM * (e**2 / 2)),
        Equation(4 * sympy.sqrt(e**2 / 2 / LAM), 2 * sympy.sqrt(2) * e / sympy.sqrt(LAM)),
        Instances(draw, 117, (still,)),
    )


@argument("range-moment", "the integral over both half-lines")
def range_moment() -> tuple[Relation, ...]:
    z = sympy.Symbol("z", real=True)
    v, alpha, beta = sympy.symbols("v alpha beta", positive=True)
    density = sympy.exp(-(z**2) / 2) / sympy.sqrt(2 * sympy.pi)
    right = sympy.integrate(alpha**2 * v * z**2 * density, (z, 0, sympy.oo))
    left = sympy.integrate(beta**2 * v * z**2 * density, (z, -sympy.oo, 0))
    return (Equation(right + left, (alpha**2 + beta**2) / 2 * v),)


@argument("range-variance", "the stated q in the equation")
def range_variance() -> tuple[Relation, ...]:
    w, lam2, c = sympy.symbols("sigma_w2 Lambda2 C", positive=True)
    q = 2 * lam2 * c / (1 - 2 * w * lam2)
    return (Equation(q, lam2 * (2 * w * q + 2 * c)),)


@argument("range-bound", "the margin of the squares, and the solved inequality")
def range_bound() -> tuple[Relation, ...]:
    w, lam, c, q = sympy.symbols("sigma_w Lambda C q", positive=True)
    root = sympy.sqrt(2) * w * sympy.sqrt(q) + sympy.sqrt(2 * c)
    bound = sympy.sqrt(2 * c) * lam / (1 - sympy.sqrt(2) * w * lam)
    return (
        Order(2 * w**2 * q + 2 * c, root**2, 4 * w * sympy.sqrt(q * c)),
        Equation(bound, lam * (sympy.sqrt(2) * w * bound + sympy.sqrt(2 * c))),
    )


@argument("range-slope", "the derivative of Q, and the mean of the products of slopes at every correlation")
def range_slope() -> tuple[Relation, ...]:
    rho = sympy.Symbol("rho", real=True)
    kernel = (sympy.sqrt(1 - rho**2) + rho * (sympy.pi - sympy.acos(rho))) / sympy.pi

    def sides(alpha: fmpq, beta: fmpq, both: fmpq) -> Sides:
        mixed = fmpq(1, 2) - both
        return abs(both * (alpha**2 + beta**2) + 2 * mixed * alpha * beta), (alpha**2 + beta**2) / 2

    def draw(rng: random.Random) -> Sides:  # P(u, v > 0) = P(u, v < 0) lies between 0 and 1/2
        return sides(rational(rng), rational(rng), share(rng) / 2)

    return (
        Equation(sympy.diff(kernel, rho), 1 - sympy.acos(rho) / sympy.pi),
        Instances(draw, 118, (sides(fmpq(2), fmpq(1), fmpq(1, 2)),)),
    )
