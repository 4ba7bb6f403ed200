"""Lines about the fluctuations and the whitened Gram matrix of networks of finite width, and about smoothing."""

from __future__ import annotations

import random

import sympy
from flint import arb, fmpq, fmpq_mat

from ...proof_lines.draws import contraction, eye, inner, matrix, positive, share, squared, vector, with_spectrum
from ...proof_lines.relations import Equation, Instances, Order, Relation, Sides, argument

N = 3


# -- fluctuations (Theorem B) ---------------------------------------------------------------


@argument("gram-variance", "the double sum; equality for equal numbers; e_F from it")
def gram_variance() -> tuple[Relation, ...]:
    def sides(r: fmpq_mat, s: fmpq_mat) -> Sides:
        pairs = [(i, j) for i in range(N) for j in range(N)]
        left = sum(((r[j, 0] * s[i, 0] + r[i, 0] * s[j, 0]) ** 2 for i, j in pairs), fmpq(0))
        return left, 4 * squared(r) * squared(s)

    ell, m, both = sympy.symbols("ell m RS", positive=True)
    ones = fmpq_mat(N, 1, [1] * N)
    return (
        Instances(lambda rng: sides(vector(rng, N), vector(rng, N)), 251, (sides(ones * 2, ones),)),
        Equation(ell**2 / m * 4 * both, (2 * ell / sympy.sqrt(m) * sympy.sqrt(both)) ** 2),
    )


@argument("gram-slope", "the split; the product of a contraction, with equality; the constant; G from X <= B")
def gram_slope() -> tuple[Relation, ...]:
    def split(rng: random.Random) -> Sides:
        z, y = matrix(rng, N, N), matrix(rng, N, N)
        t, u = z.transpose(), y.transpose()
        return t * z - u * y, t * (z - y) + (t - u) * y

    def product(a: fmpq_mat, norm: fmpq, b: fmpq_mat) -> Sides:
        return squared(a * b), norm**2 * squared(b)

    def draw(rng: random.Random) -> Sides:
        norm = share(rng)
        return product(contraction(rng, N, norm), norm, matrix(rng, N, N))

    m, gram, ell, top, w, c = sympy.symbols("m Gamma ell B w C", positive=True)
    return (
        Instances(split, 252, equal=True),
        Instances(draw, 253, (product(eye(N, 2), fmpq(2), eye(N)),)),
        Equation(2 * sympy.sqrt(m * gram) / m * (ell * top), 2 * ell * top * sympy.sqrt(gram) / sympy.sqrt(m)),
        Equation(w * ((top**2 - 2 * c) / w) + 2 * c, top**2),
    )


@argument("gram-median", "Chebyshev's share; the sum of both and what is left to a half")
def gram_median() -> tuple[Relation, ...]:
    e = sympy.Symbol("e", positive=True)
    return (
        Equation(e**2 / (sympy.Rational(3, 2) * e) ** 2, sympy.Rational(4, 9)),
        Order(sympy.Rational(4, 9) + sympy.Rational(1, 20), sympy.Rational(1, 2), sympy.Rational(1, 180)),
    )


@argument("gram-total", "the tail at its deviation, with the other two probabilities")
def gram_total() -> tuple[Relation, ...]:
    delta = sympy.Symbol("delta", positive=True)
    deviation = sympy.exp(-(sympy.sqrt(2 * sympy.log(1 / delta)) ** 2) / 2) / 2
    drive = sympy.exp(-(sympy.sqrt(2 * sympy.log(4 / delta)) ** 2) / 2)
    return (
        Equation(drive, delta / 4),
        Equation(deviation, delta / 2),
        Equation(delta / 2 + delta / 4 + delta / 4, delta),
    )


# -- the whitened matrix (Theorems C1 and C2) -------------------------------------------------


@argument("whitened-slope", "K^-1 below 1/lambda_*, with equality; the product with a vector; the constant")
def whitened_slope() -> tuple[Relation, ...]:
    def inverse(rng: random.Random) -> Sides:
        eigenvalues = [positive(rng) for _ in range(N)]
        return with_spectrum(rng, eigenvalues).inv(), eye(N, 1 / min(eigenvalues))

    def product(a: fmpq_mat, v: fmpq_mat) -> Sides:
        return squared(a * v), squared(a) * squared(v)

    ell, top, m, star = sympy.symbols("ell B m lambda", positive=True)
    ones = fmpq_mat(N, 1, [1] * N)
    return (
        Instances(inverse, 254, ((eye(N, 2).inv(), eye(N, fmpq(1, 2))),)),
        Instances(
            lambda rng: product(matrix(rng, N, N), vector(rng, N)), 255, (product(ones * ones.transpose(), ones),)
        ),
        Equation(ell * top / sympy.sqrt(star) / sympy.sqrt(m), ell * top / sympy.sqrt(m * star)),
    )


@argument("whitened-mean", "the quadratic form against the Frobenius norm; equality for rank one")
def whitened_mean() -> tuple[Relation, ...]:
    def sides(d: fmpq_mat, v: fmpq_mat) -> Sides:
        return inner(v, d * v) ** 2, squared(d) * squared(v) ** 2

    def draw(rng: random.Random) -> Sides:
        d = matrix(rng, N, N)
        return sides(d + d.transpose(), vector(rng, N))

    def unit(rng: random.Random) -> Sides:
        """v = S^-1 u with K = S^2: v'Kv = u'u."""
        s, u = with_spectrum(rng, [positive(rng) for _ in range(N)]), vector(rng, N)
        v = s.inv() * u
        return inner(v, s * s * v), squared(u)

    ones = fmpq_mat(N, 1, [1] * N)
    return Instances(draw, 256, (sides(ones * ones.transpose(), ones),)), Instances(unit, 257, equal=True)


@argument("whitened-window", "both ends of the window; the variance of means over points")
def whitened_window() -> tuple[Relation, ...]:
    beta, tail, slope, eta = sympy.symbols("beta varpi lambda eta", positive=True)
    low, high = sympy.sqrt(1 - beta - tail - slope**2), sympy.sqrt(1 + beta + tail)

    def variance(rng: random.Random) -> Sides:
        x = vector(rng, N)
        mean = sum(x.entries(), fmpq(0)) / N
        moved = fmpq_mat(N, 1, [v - mean for v in x.entries()])
        return mean**2, squared(x) / N - squared(moved) / N

    return (
        Equation((low - (low - sympy.sqrt(1 - eta))) ** 2, 1 - eta),
        Equation((high + (sympy.sqrt(1 + eta) - high)) ** 2, 1 + eta),
        Instances(variance, 258, equal=True),
    )


@argument("whitened-net", "the split at the nearest point of the net; the solved inequality")
def whitened_net() -> tuple[Relation, ...]:
    def split(rng: random.Random) -> Sides:
        """u'Au = x'Ax + (u - x)'A u + x'A(u - x) for the nearest point x."""
        a, u, x = matrix(rng, N, N), vector(rng, N), vector(rng, N)
        a = a + a.transpose()
        return inner(u, a * u), inner(x, a * x) + inner(u - x, a * u) + inner(x, a * (u - x))

    eta, epsilon = sympy.symbols("eta epsilon", positive=True)
    norm = eta / (1 - 2 * epsilon)
    return Instances(split, 259, equal=True), Equation(norm, eta + 2 * epsilon * norm)


@argument("trace-squares", "the double sum, with equality; the trace of a product with the inverse")
def trace_squares() -> tuple[Relation, ...]:
    def sides(v: fmpq_mat, n: fmpq_mat) -> Sides:
        pairs = [(i, j) for i in range(N) for j in range(N)]
        left = sum(((v[i, 0] * n[j, 0] + v[j, 0] * n[i, 0]) ** 2 for i, j in pairs), fmpq(0))
        return left, 4 * squared(v) * squared(n)

    def traces(rng: random.Random) -> Sides:
        s, z = with_spectrum(rng, [positive(rng) for _ in range(N)]), matrix(rng, N, N)
        product = (s * s).inv() * z.transpose() * z
        return sum((product[i, i] for i in range(N)), fmpq(0)), squared(z * s.inv())

    ones = fmpq_mat(N, 1, [1] * N)
    return (
        Instances(lambda rng: sides(vector(rng, N), vector(rng, N)), 260, (sides(ones * 2, ones),)),
        Instances(traces, 261, equal=True),
    )


@argument("trace-recursion", "what is left of the quadratic inequality at the stated bound; e_2 from it")
def trace_recursion() -> tuple[Relation, ...]:
    a, c, k = sympy.symbols("A c k", positive=True)  # A is its root here
    y = a * c + a**2 * k
    ell, m, star, first, grown = sympy.symbols("ell m lambda X_0 e", positive=True)
    share_ = 4 * ell**2 / (m * star)
    root = first**2 * grown
    return (
        Order(a**2 * (c**2 + k * y), y**2, a**3 * c * k),
        Equation((a * c + a**2 * k).subs({a: root, k: share_}), root * c + share_ * first**4 * grown**2),
    )


@argument("corollary-gram", "the stated width solves the quadratic equation")
def corollary_gram() -> tuple[Relation, ...]:
    q, c, star = sympy.symbols("Q c lambda", positive=True)
    root = (q + sympy.sqrt(q**2 + 2 * c * star)) / star
    return (Equation(c / root**2 + q / root, star / 2),)


@argument("corollary-whitened", "each number in balls, between decimals on both sides")
def corollary_whitened() -> tuple[Relation, ...]:
    def fixed(left: arb, right: arb) -> Instances:
        return Instances(lambda rng: (left, right), 0)

    def dec(text: str) -> arb:
        return arb(text)

    inner_, tail = dec(".43"), dec(".0205")  # eta' = (1 - 2 (.07))/2 and beta + varpi
    slope = 1 / (59 * (dec("3.39") + arb(20).log()))
    low = (1 - tail - dec(".0027")).sqrt() - (1 - inner_).sqrt()
    high = (1 + inner_).sqrt() - (1 + tail).sqrt()
    return (
        Equation((1 - 2 * sympy.Rational(7, 100)) / 2, sympy.Rational(43, 100)),
        Equation(sympy.Rational(2, 100) + sympy.Rational(5, 10000), sympy.Rational(205, 10000)),
        fixed(dec(".00265"), slope),
        fixed(slope, dec(".00266")),
        fixed(dec(".2333"), low),
        fixed(dec(".1856"), high),
        fixed(high, dec(".1857")),
        fixed(2 / dec(".1856") ** 2, dec("58.1")),
        fixed((1 + 2 / dec(".07")).log(), dec("3.39")),
        fixed(dec("3.38"), (1 + 2 / dec(".07")).log()),
        fixed(59 * dec("3.39"), dec("200.1")),
    )


# -- smoothing (Theorem D) ---------------------------------------------------------------------


@argument("smoothing-constants", "the mean of |z|; the second derivative of the smoothing of powers")
def smoothing_constants() -> tuple[Relation, ...]:
    z, x, tau = sympy.Symbol("z", real=True), sympy.Symbol("x", real=True), sympy.Symbol("tau", positive=True)
    density = sympy.exp(-(z**2) / 2) / sympy.sqrt(2 * sympy.pi)

    def mean(f: sympy.Expr) -> sympy.Expr:
        return sympy.integrate(sympy.expand(f) * density, (z, -sympy.oo, sympy.oo))

    return (
        Equation(2 * sympy.integrate(z * density, (z, 0, sympy.oo)), sympy.sqrt(2 / sympy.pi)),
        *(
            Equation(sympy.diff(mean((x + tau * z) ** k), x, 2), mean(z * k * (x + tau * z) ** (k - 1)) / tau)
            for k in (2, 3, 4)
        ),
    )


@argument("smoothing-relu", "second derivative; the slope of the distance at positive arguments; its value at 0")
def smoothing_relu() -> tuple[Relation, ...]:
    x, tau = sympy.Symbol("x", positive=True), sympy.Symbol("tau", positive=True)
    below = sympy.Rational(1, 2) * (1 + sympy.erf(x / (tau * sympy.sqrt(2))))
    density = sympy.exp(-(x**2) / (2 * tau**2)) / sympy.sqrt(2 * sympy.pi)
    smooth = x * below + tau * density
    return (
        Equation(sympy.diff(smooth, x, 2), density / tau),
        Equation(sympy.diff(smooth - x, x), below - 1),
        Equation(sympy.limit(smooth, x, 0), tau / sympy.sqrt(2 * sympy.pi)),
        Equation((density / tau).subs(x, 0), 1 / (tau * sympy.sqrt(2 * sympy.pi))),
    )


@argument("smoothing-distance", "both solved inequalities, of the network and of the population")
def smoothing_distance() -> tuple[Relation, ...]:
    a, theta, delta, m = sympy.symbols("a theta Delta m", positive=True)
    network, population = delta * sympy.sqrt(m) / (1 - a), delta / (1 - theta)
    return (
        Equation(network, a * network + delta * sympy.sqrt(m)),
        Equation(population, theta * population + delta),
    )


@argument("smoothing-products", "inner products of four vectors, in balls; equality for parallel ones")
def smoothing_products() -> tuple[Relation, ...]:
    def sides(x: fmpq_mat, y: fmpq_mat, p: fmpq_mat, q: fmpq_mat) -> Sides:
        lengths = [arb(squared(v)).sqrt() for v in (x - p, y, p, y - q)]
        return arb(abs(inner(x, y) - inner(p, q))), lengths[0] * lengths[1] + lengths[2] * lengths[3]

    def draw(rng: random.Random) -> Sides:
        return sides(*(vector(rng, N) for _ in range(4)))

    one = fmpq_mat(1, 1, [1])
    return (Instances(draw, 262, (sides(one * 3, one * 4, one, one * 2),)),)
