"""Lines about random features of residual networks, and about the Hessian of the loss."""

from __future__ import annotations

import random
from fractions import Fraction

import sympy
from flint import arb, arb_mat, fmpq, fmpq_mat

from ...balls.ball import enclose
from ...proof_lines.draws import eye, matrix, orthogonal, positive, signed_share, squared, with_spectrum
from ...proof_lines.instances import rational
from ...proof_lines.relations import Equation, Instances, Order, Relation, Sides, argument
from ...radial.kernel import RadialKernel
from .features import chernoff_failure, enough_at_one_configuration
from .rates import Landscape

N = 3
Q, M_, EPS, SIGMA, DELTA, U = sympy.symbols("q m epsilon sigma_p Delta u", positive=True)
KR, K0, K1, K2, R = sympy.symbols("kappa_1R kappa_0 kappa_1 kappa_2 R", positive=True)


CURVED = K2 * K0 * R * sympy.exp(3 * KR) + 2 * K1 * sympy.exp(2 * KR)
"""The bound of the second variation over sqrt(Lambda), as the lemma states it."""


@argument("covering-number", "the margin at Delta = r/2 + u")
def covering_number() -> tuple[Relation, ...]:
    r = sympy.Symbol("r", positive=True)
    radius = r / 2 + U
    return (Order(1 + 2 * radius / r, 4 * radius / r, 2 * U / r),)


@argument("hoeffding-exponent", "2 m t^2/(b - a)^2 at t = epsilon/2 and b - a = 2; the moments of a sign, term by term")
def hoeffding_exponent() -> tuple[Relation, ...]:
    def moments(k: int) -> Sides:  # cosh(x) <= exp(x^2/2), coefficient by coefficient
        return fmpq(1, int(sympy.factorial(2 * k))), fmpq(1, 2**k * int(sympy.factorial(k)))

    return (
        Equation(2 * M_ * (EPS / 2) ** 2 / 2**2, M_ * EPS**2 / 8),
        Instances(lambda rng: moments(rng.randint(0, 30)), 340, (moments(0), moments(1))),
    )


@argument("slope-moment", "the square of a sum; the mean below the root; Markov's bound")
def slope_moment() -> tuple[Relation, ...]:
    a, b, r = sympy.symbols("a b r", positive=True)
    return (
        Order((a + b) ** 2, 2 * a**2 + 2 * b**2, (a - b) ** 2),
        Equation(2 * SIGMA**2 + 2 * SIGMA**2, 4 * SIGMA**2),
        Equation(4 * SIGMA**2 / (EPS / (2 * r)) ** 2, (4 * SIGMA / EPS) ** 2 * r**2),
    )


@argument("covering-optimum", "logarithms of both terms at the stated r, and the exponents of 2")
def covering_optimum() -> tuple[Relation, ...]:
    la, lb = sympy.symbols("log_a log_b", real=True)
    lr = (la - lb) / (Q + 2)
    value = 2 / (Q + 2) * la + Q / (Q + 2) * lb
    twos = 1 + 2 * (1 + 2 * Q) / (Q + 2) + 4 * Q / (Q + 2)  # of 2, of 2 4^q, and of 16
    return (
        Equation(la - Q * lr, value),
        Equation(lb + 2 * lr, value),
        Equation(twos, 1 + (2 + 8 * Q) / (Q + 2)),
        Order(twos, sympy.Integer(9), 14 / (Q + 2)),
    )


@argument("covering-empty", "the margin at r = 2 Delta + u")
def covering_empty() -> tuple[Relation, ...]:
    b = (4 * SIGMA / EPS) ** 2
    value, stated = 2 * b * (2 * DELTA + U) ** 2, 128 * (SIGMA * DELTA / EPS) ** 2
    return (Order(stated, value, 2 * b * U * (4 * DELTA + U)),)


@argument("feature-trace", "the trace of one term for three inputs, and its quadratic form")
def feature_trace() -> tuple[Relation, ...]:
    a, x = sympy.symbols("a_1:4", real=True), sympy.symbols("x_1:4", real=True)
    cosines, sines = (sympy.Matrix([f(t) for t in a]) for f in (sympy.cos, sympy.sin))
    term = (cosines * cosines.T + sines * sines.T) / M_
    vector = sympy.Matrix(x)
    squares = (vector.dot(cosines) ** 2 + vector.dot(sines) ** 2) / M_
    return Equation(term.trace(), 3 / M_), Equation((vector.T * term * vector)[0, 0], squares)


def _root(x: arb | int) -> arb:
    return arb(x).sqrt()


def _arb(x: fmpq_mat) -> arb_mat:
    return arb_mat(x.nrows(), x.ncols(), [arb(t) for t in x.entries()])


@argument("golden-thompson", "symmetric matrices of order three, both traces enclosed; equality at 0")
def golden_thompson() -> tuple[Relation, ...]:
    def sides(a: fmpq_mat, b: fmpq_mat) -> Sides:
        return _arb(a + b).exp().trace(), (_arb(a).exp() * _arb(b).exp()).trace()

    def symmetric(rng: random.Random) -> fmpq_mat:
        return with_spectrum(rng, [signed_share(rng) * 2 for _ in range(N)])

    return (Instances(lambda rng: sides(symmetric(rng), symmetric(rng)), 341, (sides(eye(N, 0), eye(N, 0)),)),)


@argument("exponential-chord", "at random points of the chord, enclosed; equality at its start")
def exponential_chord() -> tuple[Relation, ...]:
    def sides(share_: fmpq, exponent: fmpq) -> Sides:
        s, end = arb(share_), (-arb(exponent)).exp()
        return (-s * arb(exponent)).exp(), 1 - (1 - end) * s

    def draw(rng: random.Random) -> Sides:
        return sides(fmpq(rng.randint(1, 9), 10), positive(rng))

    return (Instances(draw, 342, (sides(fmpq(0), fmpq(1)),)),)


@argument("chernoff-exponent", "the exponent at theta = log(2)/ell, and the number; the count and the failure in use")
def chernoff_exponent() -> tuple[Relation, ...]:
    lam, ell = sympy.symbols("lambda ell", positive=True)
    theta, eighth = sympy.log(2) / ell, sympy.Rational(-1, 8)
    half = (sympy.log(2) - 1) / 2

    def count(rng: random.Random) -> Sides:
        """The bound exp(-m lambda/8N) at the number of frequencies in use is the failure over N."""
        n, least, failure = rng.randint(1, 9), arb(positive(rng)), arb(positive(rng)) / 100
        m = enough_at_one_configuration(n, least, failure)
        return (-m * least / (8 * n)).exp(), failure / n

    def failing(rng: random.Random) -> Sides:
        n, m, least = rng.randint(1, 9), rng.randint(1, 99), arb(positive(rng))
        base = arb(2).sqrt() * (arb(-1) / 2).exp()
        return chernoff_failure(n, least, m), n * (base.log() * m * least / n).exp()

    return (
        Equation(theta * lam / 2 - (1 - sympy.exp(-theta * ell)) / ell * lam, lam / ell * half),
        Order(half, eighth, sympy.Rational(3, 8) - sympy.log(2) / 2),
        Equation(sympy.exp(half), sympy.sqrt(2) * sympy.exp(sympy.Rational(-1, 2))),
        Instances(count, 346, equal=True),
        Instances(failing, 347, equal=True),
    )


@argument("feature-product", "the addition theorem")
def feature_product() -> tuple[Relation, ...]:
    a, b = sympy.symbols("a b", real=True)
    product = sympy.cos(a) * sympy.cos(b) + sympy.sin(a) * sympy.sin(b)
    return (Equation(product, sympy.expand_trig(sympy.cos(a - b))),)


@argument("concave-minimum", "means of three matrices of known spectrum; equality for multiples of the identity")
def concave_minimum() -> tuple[Relation, ...]:
    def sides(matrices: list[fmpq_mat], least: list[fmpq]) -> Sides:
        total = sum(matrices[1:], matrices[0])
        return eye(N, sum(least, fmpq(0)) / len(least)), total / len(matrices)

    def draw(rng: random.Random) -> Sides:
        spectra = [[rational(rng) for _ in range(N)] for _ in range(3)]
        return sides([with_spectrum(rng, s) for s in spectra], [min(s) for s in spectra])

    return (Instances(draw, 343, (sides([eye(N, 1), eye(N, 3)], [fmpq(1), fmpq(3)]),)),)


@argument("evaluation-norm", "features of known singular values; equality for a multiple of the identity")
def evaluation_norm() -> tuple[Relation, ...]:
    def sides(weights: fmpq_mat, features: fmpq_mat, largest: fmpq) -> Sides:
        return squared(weights * features), largest**2 * squared(weights)

    def draw(rng: random.Random) -> Sides:
        singular = [positive(rng) for _ in range(N)]
        return sides(matrix(rng, 2, N), with_spectrum(rng, singular) * orthogonal(rng, N), max(singular))

    return (Instances(draw, 344, (sides(eye(N), eye(N, 2), fmpq(2)),)),)


@argument("second-variation", "two derivatives of one layer in one dimension, for quadratic fields")
def second_variation() -> tuple[Relation, ...]:
    e, z, first, second = sympy.symbols("e z first second", real=True)
    depth = sympy.Symbol("D", positive=True)
    v, w = sympy.symbols("v_0:3", real=True), sympy.symbols("w_0:3", real=True)

    def field(c: tuple[sympy.Symbol, ...], at: sympy.Expr) -> sympy.Expr:
        return c[0] + c[1] * at + c[2] * at**2 / 2

    state = z + e * first + e**2 * second / 2
    after = sympy.diff(state + (field(v, state) + e * field(w, state)) / depth, e, 2).subs(e, 0)
    slope, bend, moved = v[1] + v[2] * z, v[2], w[1] + w[2] * z
    return (Equation(after, (1 + slope / depth) * second + (bend * first**2 + 2 * moved * first) / depth),)


@argument("second-variation-bound", "the product of the three factors")
def second_variation_bound() -> tuple[Relation, ...]:
    grown = sympy.exp(KR)
    return (Equation(grown * (K2 * R * K0 * grown + 2 * K1) * grown, CURVED),)


@argument("hessian-factors", "both terms by Cauchy-Schwarz, and Lambda = N kappa_0^2; the bound in use")
def hessian_factors() -> tuple[Relation, ...]:
    n, loss, norm, lam, second = sympy.symbols("N L B Lambda X", positive=True)  # X: |d^2 z| over sqrt(Lambda)
    grown = sympy.exp(KR)
    residual = sympy.sqrt(2 * n * loss)
    terms = (norm**2 * (grown * sympy.sqrt(lam)) ** 2 + residual * norm * sympy.sqrt(lam) * second) / n
    stated = norm**2 * lam / n * sympy.exp(2 * KR) + norm * sympy.sqrt(2 * loss) * sympy.sqrt(lam / n) * second
    ours = stated.subs({second: CURVED, norm: 1, K0: 1})
    value = sympy.lambdify((n, loss, lam, KR, K1, K2, R), ours, modules=[{"exp": arb.exp, "sqrt": _root}])

    def in_use(rng: random.Random) -> Sides:
        """The Gaussian kernel, of which kappa_1 = 1/s and kappa_2 = sqrt(3)/s^2."""
        scale, (radius, least, largest) = Fraction(rng.randint(1, 9), 4), (arb(positive(rng)) for _ in range(3))
        landscape = Landscape(RadialKernel(None, scale), rng.randint(1, 9), 2, Fraction(1), Fraction(1))
        first, bend = 1 / enclose(scale), arb(3).sqrt() / enclose(scale) ** 2
        named = (arb(landscape.count), least, largest, first * radius, first, bend, radius)
        return landscape.smoothness(radius, least, largest), value(*named)

    return (
        Equation(terms, stated),
        Equation(
            stated.subs(lam, n * K0**2), norm**2 * K0**2 * sympy.exp(2 * KR) + norm * sympy.sqrt(2 * loss) * K0 * second
        ),
        Instances(in_use, 345, equal=True),
    )
