"""Lines of the lemmas that are exact identities, settled by sympy.

Each function states both sides separately and asks whether their difference vanishes; the tests plant wrong right sides
through the same :func:`same`.
"""

from __future__ import annotations

import sympy
from sympy.core.function import AppliedUndef

from .registry import Checked, Kind, line

UNEVALUATED = (sympy.Integral, sympy.Sum, sympy.Product, sympy.Limit, sympy.Derivative, AppliedUndef)
FAR = 1e-9
"""A difference evaluated to thirty digits that is larger than this is none of rounding."""
ORDERS = 7
"""Hermite orders that are compared one by one."""


def same(left: sympy.Expr, right: sympy.Expr) -> bool:
    """Whether two expressions are equal by expansion, over a common denominator, or by simplification.

    No free symbol may be left over.

    >>> x = sympy.Symbol("x")
    >>> same((x + 1) ** 2, x**2 + 2 * x + 1), same((x + 1) ** 2, x**2 + 1)
    (True, False)
    """
    difference = sympy.expand(left - right)
    if difference == 0:
        return True
    if _seen_to_differ(difference):
        return False
    numerator, _ = sympy.fraction(sympy.together(difference))
    return bool(sympy.expand(numerator) == 0) or bool(sympy.simplify(difference) == 0)


def _seen_to_differ(difference: sympy.Expr) -> bool:
    """Whether its value at one point is far from 0, in floats: that spares a simplification, and proves nothing."""
    symbols = sorted(difference.free_symbols, key=str)
    if difference.has(*UNEVALUATED) or not all(s.is_integer is None and s.is_positive is not False for s in symbols):
        return False
    value = difference.evalf(30, subs={s: sympy.Rational(2 * k + 5, 41) for k, s in enumerate(symbols)})
    return bool(value.is_number and value.is_finite and abs(value) > FAR)


def identity(passed: bool, text: str) -> Checked:
    """An exact identity."""
    return Checked(Kind.IDENTITY, passed, text)


def hermite(r: int, x: sympy.Symbol) -> sympy.Expr:
    """The normalised probabilists' Hermite polynomial, from its explicit sum."""
    total = sum(
        (
            (-1) ** k * sympy.factorial(r) * x ** (r - 2 * k) / (sympy.factorial(k) * sympy.factorial(r - 2 * k) * 2**k)
            for k in range(r // 2 + 1)
        ),
        sympy.Integer(0),
    )
    return total / sympy.sqrt(sympy.factorial(r))


def gaussian_moment(j: int, k: int, rho: sympy.Expr) -> sympy.Expr:
    """E u^j v^k for a standard pair with correlation rho: Isserlis' sum over the number of crossed pairs."""
    total = sympy.Integer(0)
    for crossed in range(min(j, k) + 1):
        if (j - crossed) % 2 == 0 and (k - crossed) % 2 == 0:
            ways = sympy.binomial(j, crossed) * sympy.binomial(k, crossed) * sympy.factorial(crossed)
            ways *= sympy.factorial2(j - crossed - 1) * sympy.factorial2(k - crossed - 1)
            total += ways * rho**crossed
    return total


@line("generating-function")
def generating_function() -> Checked:
    x, t = sympy.symbols("x t", real=True)
    series = sympy.series(sympy.exp(t * x - t**2 / 2), t, 0, ORDERS + 1).removeO()
    passed = all(same(series.coeff(t, r) * sympy.sqrt(sympy.factorial(r)), hermite(r, x)) for r in range(ORDERS + 1))
    return identity(passed, f"Taylor coefficients in t of orders 0 to {ORDERS} against the explicit polynomials")


@line("moment-generating-function")
def moment_generating_function() -> Checked:
    s, t, rho = sympy.symbols("s t rho", real=True)
    variance = s**2 + 2 * rho * s * t + t**2
    return identity(
        same(variance / 2 - s**2 / 2 - t**2 / 2, rho * s * t), "the exponent Var(su + tv)/2 - s^2/2 - t^2/2"
    )


@line("hermite-covariance")
def hermite_covariance() -> Checked:
    rho, x = sympy.symbols("rho x", real=True)
    passed = True
    for j in range(ORDERS):
        for k in range(ORDERS):
            p, q = sympy.Poly(hermite(j, x), x), sympy.Poly(hermite(k, x), x)
            total = sum(
                (a * b * gaussian_moment(m[0], n[0], rho) for m, a in p.terms() for n, b in q.terms()), sympy.Integer(0)
            )
            passed = passed and same(total, rho**j if j == k else sympy.Integer(0))
    return identity(passed, f"E h_j(u) h_k(v) by Isserlis' theorem for j, k < {ORDERS}")


@line("slope-of-root")
def slope_of_root() -> Checked:
    w, t, c = sympy.symbols("sigma_w2 t c", positive=True)
    slope = sympy.diff(sympy.sqrt(2 * w * t**2 + 2 * c), t)
    gap = sympy.simplify(2 * w - slope**2)
    positive = sympy.together(gap).subs({w: 1, t: 1, c: 1}) > 0 and same(gap * (2 * w * t**2 + 2 * c), 4 * w * c)
    return identity(bool(positive), "2 sigma_w2 - slope^2 = 4 sigma_w2 c / (2 sigma_w2 t^2 + 2 c), a positive number")


@line("self-map")
def self_map() -> Checked:
    w, q1, q2, c1, c2 = sympy.symbols("sigma_w2 q_i q_j c_i c_j", positive=True)
    s1, s2 = 2 * w * q1 + 2 * c1, 2 * w * q2 + 2 * c2
    square = (2 * w * sympy.sqrt(q1 * q2) + 2 * sympy.sqrt(c1 * c2)) ** 2
    gap = 4 * w * (sympy.sqrt(q1 * c2) - sympy.sqrt(q2 * c1)) ** 2
    return identity(same(s1 * s2 - square, gap), "s_i s_j - (2 sigma_w2 sqrt(q_i q_j) + 2 sqrt(c_i c_j))^2 is a square")


@line("correlation-rate")
def correlation_rate() -> Checked:
    w, lip, root = sympy.symbols("sigma_w2 L sqrt_s", positive=True)
    rate = 2 * w * (root**2 * lip**2) / root**2
    return identity(
        same(rate, (sympy.sqrt(2 * w) * lip) ** 2), "2 sigma_w2 sqrt(s_i s_j) L^2 / sqrt(s_i s_j) = theta^2"
    )


@line("price-coefficients")
def price_coefficients() -> Checked:
    a, b, c, m, n, r = sympy.symbols("a b c m n r", positive=True)
    rho = c / sympy.sqrt(a * b)
    term = sympy.diff(m * n * rho**r, c)
    stein = sympy.sqrt(r) * m / sympy.sqrt(a) * sympy.sqrt(r) * n / sympy.sqrt(b)
    return identity(same(term / rho**r, stein / rho), "term by term, at every order, with Stein's coefficients of phi'")


@line("stein-coefficients")
def stein_coefficients() -> Checked:
    x, t = sympy.symbols("x t", real=True)
    density = sympy.exp(-(x**2) / 2)
    passed = all(
        same(sympy.diff(hermite(r, x) * density, x), -sympy.sqrt(r + 1) * hermite(r + 1, x) * density)
        for r in range(ORDERS)
    )
    generating = sympy.exp(-((x - t) ** 2) / 2)  # sum of h_r(x) e^(-x^2/2) t^r/sqrt(r!)
    every = same(sympy.diff(generating, x) / generating, -sympy.diff(generating, t) / generating)
    return identity(
        passed and every,
        "(h_r e^(-x^2/2))' = -sqrt(r+1) h_(r+1) e^(-x^2/2): by the generating function, and order by order; by parts",
    )


@line("price-unit-variance")
def price_unit_variance() -> Checked:
    t, r = sympy.symbols("t r", positive=True)
    return identity(same(t * sympy.diff(t**r, t), r * t**r), "t d/dt of t^r at unit variance")


@line("ntk-coefficients")
def ntk_coefficients() -> Checked:
    t, r = sympy.symbols("t r", positive=True)
    return identity(same(t**r + t * sympy.diff(t**r, t), (1 + r) * t**r), "kappa + t kappa' on the monomial t^r")


@line("mass-of-series")
def mass_of_series() -> Checked:
    w, q = sympy.symbols("sigma_w2 q", positive=True)
    s = 2 + 2 * w * q
    return identity(
        same((2 * w * q + 2) / s, sympy.Integer(1)), "rho = 1 solves the equation at c = 1, where kappa_s(1) = q"
    )


@line("relu-second-moment")
def relu_second_moment() -> Checked:
    z = sympy.Symbol("z", real=True)
    half = sympy.integrate(z**2 * sympy.exp(-(z**2) / 2) / sympy.sqrt(2 * sympy.pi), (z, 0, sympy.oo))
    return identity(same(half, sympy.Rational(1, 2)), "the integral over the half-line")


@line("relu-variance")
def relu_variance() -> Checked:
    w = sympy.Symbol("sigma_w2", positive=True)
    q = 1 / (1 - w)
    passed = same(q, (2 + 2 * w * q) / 2) and same(2 + 2 * w * q, 2 * q)
    return identity(passed, "q = s/2 and s = 2 + 2 sigma_w2 q")


@line("relu-correlation")
def relu_correlation() -> Checked:
    w, big_q, c = sympy.symbols("sigma_w2 Q c", positive=True)
    q = 1 / (1 - w)
    return identity(same((2 * w * q * big_q + 2 * c) / (2 * q), w * big_q + (1 - w) * c), "division by s = 2q")


@line("correlation-order")
def correlation_order() -> Checked:
    w, k, c, s = sympy.symbols("sigma_w2 K C s", positive=True)
    return identity(same((2 * w * k + 2 * c) / s - 2 * c / s, 2 * w * k / s), "P - (2/s) C entry by entry")


@line("affine-dual")
def affine_dual() -> Checked:
    alpha, beta, a, b, c = sympy.symbols("alpha beta a b c", real=True)
    moments = {(0, 0): 1, (1, 0): 0, (0, 1): 0, (1, 1): c, (2, 0): a, (0, 2): b}
    u, v = sympy.symbols("u v")
    product = sympy.Poly((beta + alpha * u) * (beta + alpha * v), u, v)
    total = sum((coefficient * moments[powers] for powers, coefficient in product.terms()), sympy.Integer(0))
    return identity(same(total, alpha**2 * c + beta**2), "moments of order two")


@line("affine-solution")
def affine_solution() -> Checked:
    alpha, beta, w, c = sympy.symbols("alpha beta sigma_w2 c", real=True)
    k = (2 * alpha**2 * c + beta**2) / (1 - 2 * w * alpha**2)
    return identity(same(k, alpha**2 * (2 * w * k + 2 * c) + beta**2), "the stated K solves the linear equation")


@line("gershgorin-order")
def gershgorin_order() -> Checked:
    m, delta = sympy.symbols("m", positive=True), sympy.Symbol("delta", positive=True)
    r = sympy.log(2 * m) / sympy.log(1 / delta)
    value = sympy.log(m) + r * sympy.log(delta)
    return identity(
        same(sympy.expand_log(value, force=True), -sympy.log(2)), "m delta^r = 1/2 at r = log(2m)/log(1/delta)"
    )


@line("odd-dual")
def odd_dual() -> Checked:
    rho, r = sympy.Symbol("rho", real=True), sympy.Symbol("k", integer=True)
    power = 2 * r + 1
    return identity(
        bool(sympy.simplify((-1) ** power) == -1) and same((-rho) ** 3, -(rho**3)),
        "only odd powers of rho occur, since mu_r = 0 for even r",
    )
