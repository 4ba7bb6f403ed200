"""Lines about the bias of the Gram matrix of networks of finite width, and its recursion in use."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import partial

import sympy
from flint import arb, fmpq, fmpq_mat

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
)
from ...proof_lines.instances import hadamard, rational
from ...proof_lines.relations import Equation, Instances, Relation, Sides, argument
from .lines_population_map import moment
from .width.bias import recursion
from .width.scale import Moments, Scale
from .width.setting import ActivationBounds

N = 3
HALF = sympy.Rational(1, 2)


# -- the bias (Theorem A) -----------------------------------------------------------------


@argument("bias-interpolation", "powers up to 5 at one point and one variance")
def bias_interpolation() -> tuple[Relation, ...]:
    t, y, s = sympy.symbols("t y s", positive=True)

    def mean(k: int) -> sympy.Expr:
        """E (sqrt(t) y + sqrt(1-t) xi)^k."""
        parts = (
            sympy.binomial(k, j) * (sympy.sqrt(t) * y) ** (k - j) * (1 - t) ** (j // 2) * moment(j, 0, s, s, s)
            for j in range(0, k + 1, 2)
        )
        return sum(parts, sympy.Integer(0))

    return tuple(
        Equation(sympy.diff(mean(k), t), y / (2 * sympy.sqrt(t)) * k * mean(k - 1) - s / 2 * k * (k - 1) * mean(k - 2))
        for k in range(2, 6)
    )


def _layer(rng: random.Random) -> tuple[fmpq_mat, fmpq_mat, fmpq_mat, fmpq_mat]:
    """W, D, M and N of a contracting layer."""
    w = contraction(rng, N, share(rng))
    d = diagonal([signed_share(rng) for _ in range(N)])
    return w, d, (eye(N) - d * w).inv(), (eye(N) - w * d).inv()


def _unit(p: int, k: int) -> fmpq_mat:
    return fmpq_mat(N, N, [int((i, j) == (p, k)) for i in range(N) for j in range(N)])


@argument("bias-resolvents", "both identities; the differentiated equations; a difference quotient without its rest")
def bias_resolvents() -> tuple[Relation, ...]:
    def first(rng: random.Random) -> Sides:
        w, d, m, n = _layer(rng)
        return n, eye(N) + w * m * d

    def second(rng: random.Random) -> Sides:
        _, d, m, n = _layer(rng)
        return m * d, d * n

    def state(rng: random.Random) -> Sides:
        """z' = D(E_pk z + W z'), solved by M D e_p z_k."""
        w, d, m, _ = _layer(rng)
        z, e = vector(rng, N), _unit(rng.randrange(N), rng.randrange(N))
        moved = m * d * e * z
        return moved, d * (e * z + w * moved)

    def argument_(rng: random.Random) -> Sides:
        """y' = E_pk z + W z' = N e_p z_k."""
        w, d, m, n = _layer(rng)
        z, e = vector(rng, N), _unit(rng.randrange(N), rng.randrange(N))
        return e * z + w * m * d * e * z, n * e * z

    def derivative(rng: random.Random) -> Sides:
        """(MD)(1) - (MD)(0), in which one resolvent in each term of the stated derivative is the moved one."""
        w, d, m, n = _layer(rng)
        v, c, moved, _ = _layer(rng)
        return moved * c - m * d, moved * (c - d) * n + moved * c * (v - w) * m * d

    return tuple(
        Instances(draw, 221 + k, equal=True) for k, draw in enumerate((first, second, state, argument_, derivative))
    )


@argument("bias-first-parts", "the sum over neurons and inputs; the sum of the derivatives of one state")
def bias_first_parts() -> tuple[Relation, ...]:
    def covariance(rng: random.Random) -> Sides:
        w, m, d, z, x = positive(rng), fmpq(N), fmpq(2), matrix(rng, N, 2), matrix(rng, 2, 2)
        weights = [w / m * z[k, 0] * z[k, 1] for k in range(N)] + [2 / d * x[j, 0] * x[j, 1] for j in range(2)]
        gram, inputs = z.transpose() * z / m, x.transpose() * x / d
        return sum(weights, fmpq(0)), (gram * w + inputs * 2)[0, 1]

    def diagonal_sum(rng: random.Random) -> Sides:
        _, d, m, _ = _layer(rng)
        z, p = vector(rng, N), rng.randrange(N)
        return sum(((m * d)[k, p] * z[k, 0] for k in range(N)), fmpq(0)), (d * m.transpose() * z)[p, 0]

    return Instances(covariance, 226, equal=True), Instances(diagonal_sum, 227, equal=True)


@argument("bias-second-parts", "the sums over p and k of each derivative, and the expressions a, b, c and d")
def bias_second_parts() -> tuple[Relation, ...]:
    def both(rng: random.Random) -> tuple[Sides, ...]:
        _, d, m, n = _layer(rng)
        _, c, q, _ = _layer(rng)  # those of another input
        z, y, h, bend = (vector(rng, N) for _ in range(4))
        md, w = m * d, positive(rng)
        sums, stated = [fmpq(0)] * 4, [fmpq(0)] * 4
        for p in range(N):
            stated[0] += h[p, 0] * squared(md * fmpq_mat(N, 1, [int(i == p) for i in range(N)]))
            stated[2] += h[p, 0] * n[p, p] * (d * m.transpose() * y)[p, 0]
            one, two, three = (
                (d * m.transpose() * y)[p, 0],
                (d * m.transpose() * z)[p, 0],
                (c * q.transpose() * z)[p, 0],
            )
            stated[3] += h[p, 0] * w * (three * one + one * two)
            for k in range(N):
                e = _unit(p, k)
                slopes = diagonal([bend[i, 0] * x for i, x in enumerate((n * e * z).entries())])
                sums[0] += h[p, 0] * (md * e * md)[k, p]
                sums[1] += h[p, 0] * (m * slopes * n)[k, p]
                sums[2] += h[p, 0] * n[p, p] * y[k, 0] * md[k, p]
                # the input with slopes c and state y moves by q c e y, this one by md e z
                sums[3] += h[p, 0] * w * (inner(q * c * e * y, z) + inner(y, md * e * z)) * md[k, p]
        back = m.transpose() * z
        for i in range(N):
            stated[1] += back[i, 0] * bend[i, 0] * sum((n[i, p] ** 2 * h[p, 0] for p in range(N)), fmpq(0))
        return tuple(zip(sums, stated, strict=True))

    def one(rng: random.Random, *, k: int) -> Sides:
        return both(rng)[k]

    return tuple(Instances(partial(one, k=k), 228 + k, equal=True) for k in range(4))


@argument("bias-row-sums", "rows and columns of N o N; equality for a multiple of the identity")
def bias_row_sums() -> tuple[Relation, ...]:
    def sides(w: fmpq_mat, norm: fmpq, d: fmpq_mat, *, columns: bool) -> Sides:
        n = (eye(N) - w * d).inv()
        squares = hadamard(n, n)
        squares = squares.transpose() if columns else squares
        return max(sum((squares[i, j] for j in range(N)), fmpq(0)) for i in range(N)), 1 / (1 - norm) ** 2

    def draw(rng: random.Random, *, columns: bool) -> Sides:
        norm = share(rng)
        slopes = diagonal([signed_share(rng) for _ in range(N)])
        return sides(contraction(rng, N, norm), norm, slopes, columns=columns)

    still = eye(N), fmpq(1, 2), eye(N)
    return tuple(
        Instances(
            partial(draw, columns=c),
            232 + c,
            (sides(still[0] * fmpq(1, 2), still[1], still[2], columns=c),),
        )
        for c in (False, True)
    )


@argument("bias-mean-squares", "the square of the sum; equality where all are equal")
def bias_mean_squares() -> tuple[Relation, ...]:
    def sides(h: fmpq_mat, n: fmpq_mat) -> Sides:
        most, m = max(abs(x) for x in n.entries()), h.nrows()
        return inner(h, n) ** 2, (m * most) ** 2 * (squared(h) / m)

    ones = fmpq_mat(N, 1, [1] * N)
    return (Instances(lambda rng: sides(vector(rng, N), vector(rng, N)), 234, (sides(ones * 3, ones),)),)


@argument("bias-integrals", "by symbolic integration")
def bias_integrals() -> tuple[Relation, ...]:
    t, u = sympy.symbols("t u", positive=True)

    def over(f: sympy.Expr) -> sympy.Expr:
        return sympy.integrate(f, (t, 0, 1))

    folded = sympy.integrate(sympy.simplify(2 * sympy.sin(u) ** 2), (u, 0, sympy.pi / 2))  # t = sin^2 u
    return (
        Equation(over(1 / sympy.sqrt(1 - t)), sympy.Integer(2)),
        Equation(folded, sympy.pi / 2),
        Equation(over(sympy.sqrt(t)), sympy.Rational(2, 3)),
        Equation(over(1 / (2 * sympy.sqrt(t))), sympy.Integer(1)),
    )


@argument("bias-cut-off", "weighted means over points: the split, Cauchy and Schwarz with equality, the minimum")
def bias_cut_off() -> tuple[Relation, ...]:
    def mean(psi: fmpq_mat, x: fmpq_mat) -> fmpq:
        return inner(psi, x) / psi.nrows()

    def shifted(rng: random.Random) -> tuple[fmpq_mat, fmpq_mat, fmpq]:
        psi, x = fmpq_mat(N, 1, [share(rng) for _ in range(N)]), vector(rng, N)
        ones = fmpq_mat(N, 1, [1] * N)
        return psi, x, mean(psi, x) / mean(psi, ones)

    def least(rng: random.Random) -> Sides:
        psi, x, centre = shifted(rng)
        ones, other = fmpq_mat(N, 1, [1] * N), rational(rng)
        one, two = x - ones * centre, x - ones * other
        return mean(psi, hadamard(one, one)), mean(psi, hadamard(two, two))

    def moved(rng: random.Random) -> Sides:
        psi, x, centre = shifted(rng)
        ones = fmpq_mat(N, 1, [1] * N)
        average = mean(ones, x)
        return centre - average, mean(psi - ones, x - ones * average) / mean(psi, ones)

    def covariance(psi: fmpq_mat, x: fmpq_mat, y: fmpq_mat) -> Sides:
        return mean(psi, hadamard(x, y)) ** 2, mean(psi, hadamard(x, x)) * mean(psi, hadamard(y, y))

    def draw(rng: random.Random) -> Sides:
        return covariance(shifted(rng)[0], vector(rng, N), vector(rng, N))

    half, one = fmpq_mat(N, 1, [fmpq(1, 2)] * N), fmpq_mat(N, 1, [1, 2, 3])
    p, var = sympy.symbols("p_0 V", positive=True)
    return (
        Instances(least, 236, ((mean(half, hadamard(one, one)), mean(half, hadamard(one, one))),)),
        Instances(moved, 237, equal=True),
        Instances(draw, 238, (covariance(half, one, one * 2),)),
        Equation(sympy.sqrt(p * var) / (1 - p), sympy.sqrt(p) / (1 - p) * sympy.sqrt(var)),
    )


def _made(rng: random.Random) -> tuple[Scale, ActivationBounds, arb, Moments, Moments]:
    """Numbers that no network need have."""

    def number() -> arb:
        return arb(positive(rng))

    w, theta, a, gap, kappa, ell, sigma, p_a = (number() for _ in range(8))
    k = Scale(rng.randint(2, 99), w, theta, a, gap, kappa, ell, sigma, p_a, arb(share(rng)))
    phi = ActivationBounds(number(), number(), number(), None, number(), number())
    one, other = (Moments(1, *(number() for _ in range(8))) for _ in range(2))
    return k, phi, number(), one, other


def assembled(k: Scale, phi: ActivationBounds, second: arb, x: Moments, y: Moments) -> arb:
    """m times the sum of the bounds of the terms I, II, III and IV of the proof, term by term."""
    m, w, lip, root = k.m, k.w, phi.lipschitz, k.m.sqrt()
    inputs = (x, y)
    slope = second * lip * arb(2) / 3  # the integral of sqrt(t) rms(H_112)
    total = arb(0)
    mixed = (0, 1), (1, 0)
    over = [
        ((inputs[1 - i].drive / (1 - k.p_0)) / inputs[i].floor).sqrt() for i in range(2)
    ]  # |cov|/variance of the second variable on the first

    def rms(i: int, j: int) -> arb:
        """The integral of rms(H_ij)."""
        if i != j:
            return lip**2
        other = inputs[1 - i].output
        return (second * other).min(lip * other / inputs[i].floor.sqrt() * 2 + lip**2 * over[i])

    def third(i: int, j: int, g: int) -> arb:
        """The integral of sqrt(t) rms(H_ijg)."""
        if i == j == g:
            return second * inputs[1 - i].output / inputs[i].floor.sqrt() * arb.pi() / 2 + slope * over[i]
        return slope

    for i, j in (*mixed, (0, 0), (1, 1)):
        a, b = inputs[i], inputs[j]
        deviation = k.ell / root * (a.state * b.argument + b.state * a.argument)
        spread = k.kappa / root * (third(i, j, 0) * x.argument + third(i, j, 1) * y.argument)
        total += m * w / 2 * deviation * spread  # I
        size = a.argument * b.argument
        two = rms(i, j) * m * (k.ell**2 + second * k.kappa**3 * b.state)  # a and b
        two += k.kappa * k.ell * m * (third(i, j, 0) * x.state + third(i, j, 1) * y.state)  # c
        total += m * w / (2 * m**2) * size * two
        total += m * w / (2 * m**2) * 2 * w * k.ell**2 * root * a.state * b.state * rms(i, j)  # d
        cut = lip / k.gap * k.p_0 ** (arb(1) / 4)
        total += m * w / (2 * m**2) * size * cut * k.ell * root * rms(i, j)  # e
    for a, b in ((x, y), (y, x)):
        total += m * w / m**2 * k.ell * m * a.square.sqrt() * lip * b.output  # III
        total += m * w / m**2 * lip / k.gap * m * k.p_0.sqrt() * a.state * lip * b.output  # IV
    return total


@argument("bias-assembled", "B_12 in use at made numbers, and the terms added up one by one; one input twice")
def bias_assembled() -> tuple[Relation, ...]:
    def draw(rng: random.Random) -> Sides:
        given = _made(rng)
        return recursion(*given), assembled(*given)

    def twice(rng: random.Random) -> Sides:
        k, phi, second, x, _ = _made(rng)
        return recursion(k, phi, second, x, x), assembled(k, phi, second, x, replace(x))

    return Instances(draw, 239, equal=True), Instances(twice, 240, equal=True)
