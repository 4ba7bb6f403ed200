"""Lines about residual networks in an RKHS: constants of kernels, Gershgorin, the recipe, features, the lazy regime."""

from __future__ import annotations

import random
from collections.abc import Callable

import sympy
from flint import fmpq, fmpq_mat

from ...proof_lines.draws import eye, positive, share, signed_share, with_spectrum
from ...proof_lines.instances import rational
from ...proof_lines.relations import Equation, Growth, Instances, Relation, Sides, argument

N = 4
S, ELL, T = sympy.symbols("s ell t", positive=True)


@argument("feature-distance", "both features of one frequency, and x^2 - 2 + 2 cos x from its two derivatives")
def feature_distance() -> tuple[Relation, ...]:
    a, b = sympy.symbols("a b", real=True)
    x = sympy.Symbol("x", nonnegative=True)
    zero = sympy.Integer(0)
    distance = (sympy.cos(a) - sympy.cos(b)) ** 2 + (sympy.sin(a) - sympy.sin(b)) ** 2
    slope = 2 * x - 2 * sympy.sin(x)
    bend = 4 * sympy.sin(x / 2) ** 2
    return (
        Equation(sympy.expand_trig(distance), 2 * (1 - sympy.expand_trig(sympy.cos(a - b)))),
        Equation(sympy.diff(x**2 - 2 * (1 - sympy.cos(x)), x), slope),
        Equation((x**2 - 2 * (1 - sympy.cos(x))).subs(x, 0), zero),
        Growth(zero, slope, x, zero, bend),
        Equation(sympy.limit(2 * (1 - sympy.cos(x)) / x**2, x, 0), sympy.Integer(1)),
    )


@argument("spectral-moments", "two and four derivatives of a cosine at zero")
def spectral_moments() -> tuple[Relation, ...]:
    w, r = sympy.symbols("omega r", real=True)
    wave = sympy.cos(w * r)
    return (
        Equation(-sympy.diff(wave, r, 2).subs(r, 0), w**2),
        Equation(sympy.diff(wave, r, 4).subs(r, 0), w**4),
    )


@argument("gauss-constants", "the Taylor polynomial of order 4, and the derivatives at zero")
def gauss_constants() -> tuple[Relation, ...]:
    r = sympy.Symbol("r", real=True)
    k = sympy.exp(-(r**2) / (2 * S**2))
    series = sympy.series(k, r, 0, 6).removeO()
    return (
        Equation(series, 1 - r**2 / (2 * S**2) + r**4 / (8 * S**4)),
        Equation(-sympy.diff(k, r, 2).subs(r, 0), 1 / S**2),
        Equation(sympy.diff(k, r, 4).subs(r, 0), 3 / S**4),
    )


def matern(p: int) -> sympy.Expr:
    """The Matern kernel of order p + 1/2 in t, from its explicit sum.

    >>> matern(1).factor()
    (t + 1)*exp(-t)
    """
    total = sum(
        (
            sympy.factorial(p + i) / (sympy.factorial(i) * sympy.factorial(p - i)) * (2 * T) ** (p - i)
            for i in range(p + 1)
        ),
        sympy.Integer(0),
    )
    return sympy.exp(-T) * sympy.factorial(p) / sympy.factorial(2 * p) * total


@argument("matern-recurrence", "the explicit kernels of orders 1/2 to 9/2")
def matern_recurrence() -> tuple[Relation, ...]:
    return (
        Equation(matern(0), sympy.exp(-T)),
        *(Equation(sympy.diff(matern(p), T), -T / (2 * p - 1) * matern(p - 1)) for p in range(1, 5)),
    )


@argument("matern-constants", "the derivatives at zero for orders 5/2 to 9/2; both forms; the odd term of order 3/2")
def matern_constants() -> tuple[Relation, ...]:
    nu = sympy.Symbol("nu", positive=True)
    p = nu - sympy.Rational(1, 2)
    second = 2 * nu / ((2 * p - 1) * ELL**2)
    fourth = (2 * nu) ** 2 / ELL**4 * 3 / ((2 * p - 1) * (2 * p - 3))
    found: list[Relation] = [
        Equation(second, nu / ((nu - 1) * ELL**2)),
        Equation(fourth, 3 * nu**2 / ((nu - 1) * (nu - 2) * ELL**4)),
    ]
    for order in range(2, 5):
        value = sympy.Rational(2 * order + 1, 2)
        scale = sympy.sqrt(2 * value) / ELL
        found.append(Equation(-sympy.diff(matern(order), T, 2).subs(T, 0) * scale**2, second.subs(nu, value)))
        found.append(Equation(sympy.diff(matern(order), T, 4).subs(T, 0) * scale**4, fourth.subs(nu, value)))
    cubic = sympy.series(matern(1), T, 0, 4).removeO()
    found.append(Equation(cubic, 1 - T**2 / 2 + T**3 / 3))
    return tuple(found)


def _symmetric(entry: Callable[[], fmpq]) -> fmpq_mat:
    """A symmetric matrix, entry by entry."""
    e = fmpq_mat(N, N)
    for i in range(N):
        for j in range(i + 1):
            e[i, j] = e[j, i] = entry()
    return e


@argument("kernel-discs", "both bounds by elimination; equality for two points, and for equal entries")
def kernel_discs() -> tuple[Relation, ...]:
    def order(k: fmpq_mat, largest: fmpq) -> tuple[fmpq_mat, fmpq_mat, fmpq_mat]:
        n = k.nrows()
        return eye(n, 1 - (n - 1) * largest), k, eye(n, 1 + (n - 1) * largest)

    def draw(rng: random.Random) -> tuple[fmpq_mat, fmpq_mat, fmpq_mat]:
        largest = share(rng)
        k = _symmetric(lambda: largest * abs(signed_share(rng)))
        for i in range(N):
            k[i, i] = 1
        return order(k, largest)

    two = order(fmpq_mat(2, 2, [1, fmpq(1, 2), fmpq(1, 2), 1]), fmpq(1, 2))
    return (
        Instances(lambda rng: draw(rng)[:2], 401, (two[:2],)),
        Instances(lambda rng: draw(rng)[1:], 402, (two[1:],)),
    )


@argument("gauss-separation", "the kernel at the stated distance")
def gauss_separation() -> tuple[Relation, ...]:
    n = sympy.Symbol("n", positive=True)  # N - 1
    delta = S * sympy.sqrt(2 * sympy.log(2 * n))
    return (Equation(n * sympy.exp(-(delta**2) / (2 * S**2)), sympy.Rational(1, 2)),)


ALPHA, DELTA, COUNT, LOSS, RADIUS = sympy.symbols("alpha delta N L_0 R", positive=True)


@argument("recipe-distance", "kappa_1 R from the second derivative of the kernel, and the distance at the least lift")
def recipe_distance() -> tuple[Relation, ...]:
    root, r = sympy.Symbol("root", positive=True), sympy.Symbol("r", real=True)  # root = sqrt(2 log(2(N - 1)))
    kappa = sympy.sqrt(-sympy.diff(sympy.exp(-(r**2) / (2 * S**2)), r, 2).subs(r, 0))
    reach = kappa * S  # R = s
    lift = sympy.E * S / DELTA * root
    return (Equation(reach, sympy.Integer(1)), Equation(sympy.exp(-reach) * lift * DELTA, S * root))


@argument("recipe-rate", "the lower inequality at kappa_1 R = 1, lambda = 1/2")
def recipe_rate() -> tuple[Relation, ...]:
    return (Equation(2 / COUNT * sympy.exp(-2) / 2, sympy.exp(-2) / COUNT),)


@argument("recipe-loss", "the product, and the critical scale")
def recipe_loss() -> tuple[Relation, ...]:
    value = S**2 * sympy.exp(-2) / COUNT / 4
    critical = 2 * sympy.E * sympy.sqrt(COUNT * LOSS)  # s^2 = 4 e^2 N L_0
    return (Equation(value, S**2 / (4 * sympy.exp(2) * COUNT)), Equation(value.subs(S, critical), LOSS))


@argument("recipe-depth", "the logarithmic derivative")
def recipe_depth() -> tuple[Relation, ...]:
    rho, depth = sympy.symbols("rho D", positive=True)
    c = rho / (1 - rho / sympy.sqrt(depth))
    left = sympy.diff(2 * sympy.log(rho) - 2 * c, rho)
    return (Equation(left, 2 / rho - 2 / (1 - rho / sympy.sqrt(depth)) ** 2),)


@argument("row-sums", "E and N max|E_ij| I by elimination, both signs; equality for equal entries")
def row_sums() -> tuple[Relation, ...]:
    def sides(e: fmpq_mat) -> Sides:
        n = e.nrows()
        return e, eye(n, n * max(abs(e[i, j]) for i in range(n) for j in range(n)))

    return (
        Instances(lambda rng: sides(_symmetric(lambda: rational(rng))), 403, (sides(fmpq_mat(N, N, [1] * N * N)),)),
    )


@argument("feature-weyl", "K + E - (lambda - N eps) I by elimination; equality for K = lambda I and E of equal entries")
def feature_weyl() -> tuple[Relation, ...]:
    def sides(k: fmpq_mat, least: fmpq, e: fmpq_mat) -> Sides:
        largest = max(abs(e[i, j]) for i in range(N) for j in range(N))
        return eye(N, least - N * largest), k + e

    def draw(rng: random.Random) -> Sides:
        eigenvalues = [positive(rng) for _ in range(N)]
        return sides(with_spectrum(rng, eigenvalues), min(eigenvalues), _symmetric(lambda: rational(rng)))

    lam, n = sympy.symbols("lambda N", positive=True)
    return (
        Instances(draw, 404, (sides(eye(N, 9), fmpq(9), fmpq_mat(N, N, [-1] * N * N)),)),
        Equation(lam - n * (lam / (2 * n)), lam / 2),
    )


@argument("feature-count", "the uniform bound at the stated number of frequencies")
def feature_count() -> tuple[Relation, ...]:
    q, n, lam, spread, tau = sympy.symbols("q N lambda D tau", positive=True)  # D = sigma_p Delta
    epsilon = lam / (2 * n)
    count = 16 * (q + 2) * n**2 / lam**2 * (2 * sympy.log(2 * n * spread / lam) + sympy.log(2**9 / tau))
    log_bound = sympy.log(2**9) + 2 * sympy.log(spread / epsilon) - count * epsilon**2 / (4 * (q + 2))
    return (Equation(sympy.expand_log(sympy.simplify(log_bound), force=True), sympy.log(tau)),)


KAPPA, LEAST, SIGMA = sympy.symbols("kappa_1 lambda sigma_B", positive=True)
LAZY = sympy.sqrt(LEAST) / (2 * sympy.sqrt(COUNT) * KAPPA)


@argument("lazy-displacement", "the norm of the features, and the Frobenius norm of N equal rows")
def lazy_displacement() -> tuple[Relation, ...]:
    x = sympy.Symbol("x", real=True)
    return (
        Equation(sympy.cos(x) ** 2 + sympy.sin(x) ** 2, sympy.Integer(1)),
        Equation(sympy.sqrt(COUNT * (KAPPA * RADIUS) ** 2), sympy.sqrt(COUNT) * KAPPA * RADIUS),
    )


@argument("lazy-half", "the root of the least eigenvalue, less the displacement; its square")
def lazy_half() -> tuple[Relation, ...]:
    rest = sympy.sqrt(LEAST) - sympy.sqrt(COUNT) * KAPPA * LAZY
    return Equation(rest, sympy.sqrt(LEAST) / 2), Equation(rest**2, LEAST / 4)


@argument("lazy-loss", "the exponent, and the product")
def lazy_loss() -> tuple[Relation, ...]:
    mu = 2 / COUNT * SIGMA**2 * sympy.exp(-sympy.sqrt(LEAST / COUNT)) * LEAST / 4
    bound = SIGMA**2 * LEAST**2 * sympy.exp(-sympy.sqrt(LEAST / COUNT)) / (32 * COUNT**2 * KAPPA**2)
    return Equation(2 * KAPPA * LAZY, sympy.sqrt(LEAST / COUNT)), Equation(LAZY**2 * mu / 4, bound)
