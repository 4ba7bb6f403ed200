"""Lines about the high-dimensional equivalent: the fixed point expanded symbolically to second order."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from functools import cache

import sympy
from flint import arb, fmpq

from ....theory.activations.activation import activation
from ....theory.activations.functions import X
from ...balls.ball import enclose
from ...balls.precision import precision
from ...dual import dual
from ...hermite import gaussian_mean, hermite_transform
from ...proof_lines.draws import positive, share
from ...proof_lines.enclosures import NAMES
from ...proof_lines.relations import BITS, Equation, Instances, Relation, Sides, argument
from .population.high_dimensional import (
    HighDimensionalEquivalent,
    brackets,
    entry,
    high_dimensional_equivalent,
    measured_response,
)

EPS, T, CHI_I, CHI_J = sympy.symbols("epsilon t chi_i chi_j", real=True)
A2, B2, D1, D2 = sympy.symbols("sigma_a2 sigma_b2 d_1 d_2", positive=True)
RESPONSE = sympy.Symbol("alpha_4", positive=True)
"""The symbols of the expansion: a small parameter, inner product and norms, variances, slopes, and alpha_4."""


def stated() -> tuple[sympy.Expr, sympy.Expr, sympy.Expr]:
    """alpha_1, alpha_2, alpha_3 as they are claimed."""
    alpha1 = B2 * D1**2 / (1 - A2 * D1**2)
    alpha2 = D2**2 * RESPONSE**2 / (4 * (1 - A2 * D1**2))
    alpha3 = D2**2 * (A2 * alpha1 + B2) ** 2 / (2 * (1 - A2 * D1**2))
    return alpha1, alpha2, alpha3


def expand_fixed_point() -> dict[str, sympy.Expr]:
    r"""The coefficients to second order of the solution of :math:`G = F(s_i, s_j, \sigma_a^2 G + \sigma_b^2 t)`.

    Inner product and deviations of the norms are of order ε. F is entered as its Taylor polynomial: by the two lines
    before, with the activation centred, :math:`F(s,s',0) = m(s)m(s')` with :math:`m = \frac12 d_2\delta + O(\delta^2)`,
    :math:`\partial_cF = (d_1 + d_1'\delta)(d_1 + d_1'\delta') + \dots` and :math:`\partial_c^2F = d_2^2 + \dots`

    >>> sorted(expand_fixed_point())
    ['chi_i', 'chi_i chi_i', 'chi_i chi_j', 'constant', 't', 't chi_i', 't t']
    """
    d1_slope, curvature, m2 = sympy.symbols("d_1_slope s_2 m_2", real=True)
    unknown = sympy.symbols("g_0 g_t g_i g_tt g_ti g_ij g_ii", real=True)
    g0, gt, gi, gtt, gti, gij, gii = unknown
    t, x, y = EPS * T, EPS * CHI_I, EPS * CHI_J
    g = g0 + gt * t + gi * (x + y) + gtt * t**2 + gti * t * (x + y) + gij * x * y + gii * (x**2 + y**2)
    moves = [RESPONSE * z + curvature * z**2 for z in (x, y)]  # s - tau_*^2
    means = [D2 / 2 * move + m2 * move**2 for move in moves]  # m vanishes at tau_*^2: centred
    c = A2 * g + B2 * t
    slopes = [D1 + d1_slope * move for move in moves]
    image = means[0] * means[1] + slopes[0] * slopes[1] * c + D2**2 / 2 * c**2
    equation = sympy.Poly(sympy.expand((g - image).subs(g0, 0)), EPS, T, CHI_I, CHI_J)
    wanted = {gt: (1, 1, 0, 0), gi: (1, 0, 1, 0), gtt: (2, 2, 0, 0), gti: (2, 1, 1, 0), gij: (2, 0, 1, 1)}
    wanted[gii] = (2, 0, 2, 0)
    known: dict[sympy.Symbol, sympy.Expr] = {}
    for symbol in (gt, gi, gtt, gti, gij, gii):
        (solution,) = sympy.solve(equation.coeff_monomial(_monomial(wanted[symbol])).subs(known), symbol)
        known[symbol] = solution
    return {
        "constant": (g - image).subs(
            {EPS: 0, g0: 0}
        ),  # the equation of g_0 has the root 0, the only one by contraction
        "t": known[gt],
        "chi_i": known[gi],
        "t t": known[gtt],
        "t chi_i": known[gti],
        "chi_i chi_j": known[gij],
        "chi_i chi_i": known[gii],
    }


def _monomial(powers: tuple[int, int, int, int]) -> sympy.Expr:
    return sympy.Mul(*(symbol**n for symbol, n in zip((EPS, T, CHI_I, CHI_J), powers, strict=True)))


@cache
def _gaussian_means(name: str, tenths: int) -> dict[str, tuple[arb, arb]]:
    """At the variance ``tenths``/10, twice each: E f'' for f = φ², E φ' and E φ''; by Stein, and by quadrature."""
    phi, s = activation(name), Fraction(tenths, 10)
    square = phi.expression**2
    curved, spread, size = (gaussian_mean(f, s, BITS) for f in (sympy.diff(square, X, 2), square * X**2, square))
    first, second = (gaussian_mean(phi.derivative(k), s, BITS) for k in (1, 2))
    mu = hermite_transform(phi, 2, s, BITS).coefficients
    with precision(BITS):
        v = enclose(s)
        return {
            "square": ((spread / v - size) / v, curved),
            "first": (mu[1] / v.sqrt(), first),
            "second": (arb(2).sqrt() * mu[2] / v, second),
        }


def _both_ways(which: str, seed: int) -> Instances:
    def draw(rng: random.Random) -> Sides:
        return _gaussian_means(rng.choice(NAMES), rng.choice((5, 12, 29)))[which]

    return Instances(draw, seed, equal=True)


@argument("heat-equation", "E f'' = E f(u)(u^2/s - 1)/s for f = phi^2; and the heat equation, symbolically")
def heat_equation() -> tuple[Relation, ...]:
    x = sympy.Symbol("x", real=True)
    s = sympy.Symbol("s", positive=True)
    density = sympy.exp(-(x**2) / (2 * s)) / sympy.sqrt(2 * sympy.pi * s)
    return Equation(sympy.diff(density, s) / density, sympy.diff(density, x, 2) / 2 / density), _both_ways("square", 31)


@argument("dual-at-independence", "d/dc p = d^2/dx dy p for the bivariate density")
def dual_at_independence() -> tuple[Relation, ...]:
    x, y, c = sympy.symbols("x y c", real=True)
    a, b = sympy.symbols("a b", positive=True)
    determinant = a * b - c**2
    density = sympy.exp(-(b * x**2 - 2 * c * x * y + a * y**2) / (2 * determinant)) / sympy.sqrt(determinant)
    by_covariance, by_places = (sympy.cancel(sympy.diff(density, *v) / density) for v in ((c,), (x, y)))
    return Equation(by_covariance, by_places), Equation((sympy.diff(density, x) / density).subs(c, 0), -x / a)


Case = tuple[str, Fraction, Fraction, Fraction]
CASES: tuple[Case, ...] = (
    ("sin(x) + cos(x)", Fraction(1, 5), Fraction(1, 2), Fraction(3, 2)),
    ("sin(x) + cos(x)", Fraction(3, 10), Fraction(2), Fraction(1, 3)),
    ("exp(-x**2/2) + x/2", Fraction(1, 8), Fraction(3, 2), Fraction(5, 4)),
)
"""Activations with a mean and a second slope, a bound of their squared slope below 2, and the variances."""
NARROW = Fraction(1, 2**30)
"""A change of a squared norm: the quotient over it is the derivative but for a share of its size."""
WIDE = Fraction(1, 4)
"""An inner product at which the brackets are wide."""


@cache
def _equivalent(case: Case) -> HighDimensionalEquivalent:
    """The constants in use at a case."""
    name, a2, b2, tau = case
    return high_dimensional_equivalent(activation(name), a2, BITS, lipschitz=arb(2).sqrt(), sigma_b2=b2, tau0_2=tau)


@cache
def _recomputed(case: Case) -> dict[str, tuple[arb, arb]]:
    """Each constant in use, and as it is stated, with the means of derivatives by quadrature."""
    found, (_, a2, b2, tau) = _equivalent(case), case
    phi, s = found.activation, found.variance
    square, mean, first, second, curved = (
        gaussian_mean(f, s, BITS)
        for f in (
            phi.expression**2,
            phi.expression,
            phi.derivative(),
            phi.derivative(2),
            sympy.diff(phi.expression**2, X, 2),
        )
    )
    quotient, _ = measured_response(found, NARROW)
    with precision(BITS):
        named = (enclose(a2), enclose(b2), first, second, found.alpha[3])
        alpha = sympy.lambdify((A2, B2, D1, D2, RESPONSE), stated(), modules=[])(*named)
        response = enclose(b2) / (1 - enclose(a2) / 2 * (curved - 2 * mean * second))
        return {
            "variance": (s, enclose(a2) * (square - mean**2) + enclose(b2 * tau)),
            "moment": (found.second_moment, square - mean**2),
            "contraction": (found.contraction**2, enclose(2 * a2)),
            "alpha_4": (found.alpha[3], response),
            "quotient": (quotient, response + arb(0, 2.0**-20)),
            **{f"alpha_{k}": (found.alpha[k - 1], alpha[k - 1]) for k in (1, 2, 3)},
        }


def _in_use(seed: int, *which: str) -> tuple[Instances, ...]:
    def drawn(name: str) -> Callable[[random.Random], Sides]:
        return lambda rng: _recomputed(rng.choice(CASES))[name]

    return tuple(Instances(drawn(name), seed + k, equal=True) for k, name in enumerate(which))


@argument("variance-response", "implicit differentiation in chi; the variance and alpha_4 in use, by quadrature")
def variance_response() -> tuple[Relation, ...]:
    s, chi, tau, curvature = sympy.symbols("s chi tau_0 curvature", positive=True)  # curvature = E (phi^2)''
    q = sympy.Function("q")
    equation = s - A2 * q(s) - B2 * (tau**2 + chi)
    rate = -sympy.diff(equation, chi) / sympy.diff(equation, s)  # the implicit function theorem
    return (
        Equation(rate.subs(sympy.Derivative(q(s), s), curvature / 2), B2 / (1 - A2 / 2 * curvature)),
        Equation(equation.subs(chi, 0), s - (A2 * q(s) + B2 * tau**2)),
        *_in_use(34, "variance", "moment", "contraction", "alpha_4", "quotient"),
    )


@argument(
    "equivalent-coefficients",
    "the expansion of the fixed point to second order, with undetermined coefficients; alpha_1 to alpha_3 in use",
)
def equivalent_coefficients() -> tuple[Relation, ...]:
    found, (alpha1, alpha2, alpha3) = expand_fixed_point(), stated()
    claimed = {"t": alpha1, "chi_i chi_j": alpha2, "t t": alpha3}
    zeros = dict.fromkeys(("constant", "chi_i", "chi_i chi_i"), sympy.Integer(0))
    expanded = (Equation(found[name], value) for name, value in {**claimed, **zeros}.items())
    return *expanded, *_in_use(50, "alpha_1", "alpha_2", "alpha_3")


@cache
def _bracketed(case: Case) -> dict[str, tuple[arb, arb]]:
    """The kernel in use at ±h against its equation, and the ends of the brackets in use against the statement."""
    found, (_, a2, b2, tau) = _equivalent(case), case
    up, down = (entry(found, sign * WIDE) for sign in (1, -1))
    first, second = brackets(found, WIDE)
    with precision(BITS):
        covariance = enclose(a2) * up + enclose(b2 * WIDE)
        image = dual(found.activation, found.variance, found.variance, covariance, BITS)
        h, q, near = enclose(WIDE), found.second_moment, arb(0, 2.0**-24)  # a radius is kept to 30 bits
        odd, even = up / h, (up + down) / (2 * h**2)
        return {
            "equation": (up, image - found.centre**2),
            "first, below": (first.lower(), odd - h * q / enclose(tau) ** 2 + near),
            "first, above": (first.upper(), odd + near),
            "second, below": (second.lower(), even - h**2 * q / enclose(tau) ** 4 + near),
            "second, above": (second.upper(), even + near),
        }


@argument(
    "equivalent-brackets", "random series of non-negative coefficients; equality for one term; the brackets in use"
)
def equivalent_brackets() -> tuple[Relation, ...]:
    def sides(k: list[fmpq], tau: fmpq, h: fmpq, order: int) -> Sides:
        """What the quotient has beyond k_1 or k_2, the coefficients being those of the orders 1, 2, ..."""
        value = sum((weight * tau**r for r, weight in enumerate(k, 1)), fmpq(0))
        later = ((r, weight) for r, weight in enumerate(k, 1) if r > order and (order == 1 or r % 2 == 0))
        return sum((weight * h ** (r - order) for r, weight in later), fmpq(0)), h**order * value / tau ** (2 * order)

    def drawn(order: int) -> Callable[[random.Random], Sides]:
        def draw(rng: random.Random) -> Sides:
            tau = positive(rng)
            return sides([positive(rng) for _ in range(6)], tau, share(rng) * tau, order)

        return draw

    def compared(name: str) -> Callable[[random.Random], Sides]:
        return lambda rng: _bracketed(rng.choice(CASES))[name]

    only = [fmpq(0), fmpq(3)], [fmpq(0), fmpq(0), fmpq(0), fmpq(3)]
    ends = ("equation", "first, below", "first, above", "second, below", "second, above")
    return (
        *(Instances(drawn(n), 41 + n, (sides(only[n - 1], fmpq(2), fmpq(1), n),)) for n in (1, 2)),
        *(Instances(compared(name), 44 + k, equal=True) for k, name in enumerate(ends)),
    )


@argument("equivalent-tangent", "K (1 - sigma_a2 Gd) = G to second order, but for the terms in t chi")
def equivalent_tangent() -> tuple[Relation, ...]:
    a0, t, x, y = A2 * D1**2, EPS * T, EPS * CHI_I, EPS * CHI_J
    d1_slope, gamma, delta = sympy.symbols("d_1_slope gamma delta", real=True)
    alpha = sympy.symbols("alpha_1 alpha_2 alpha_3", positive=True)
    beta = (
        alpha[0] / (1 - a0),
        alpha[1] / (1 - a0),
        alpha[2] / (1 - a0) + A2 * D2**2 * alpha[0] * (A2 * alpha[0] + B2) / (1 - a0) ** 2,
    )
    g, k = (
        first * t + second * x * y + third * t**2 + mixed * t * (x + y)
        for (first, second, third), mixed in ((alpha, gamma), (beta, delta))
    )
    slopes = D1**2 + D1 * d1_slope * RESPONSE * (x + y) + D2**2 * (A2 * g + B2 * t)  # to first order
    left, right = (sympy.Poly(sympy.expand(side), EPS, T, CHI_I, CHI_J) for side in (k * (1 - A2 * slopes), g))
    orders = ((1, 1, 0, 0), (2, 2, 0, 0), (2, 0, 1, 1), (2, 0, 2, 0), (2, 0, 0, 2), (1, 0, 1, 0))
    return tuple(Equation(*(side.coeff_monomial(_monomial(powers)) for side in (left, right))) for powers in orders)


@argument("equivalent-slopes", "d_1 = mu_1/sigma and d_2 = sqrt(2) mu_2/sigma^2")
def equivalent_slopes() -> tuple[Relation, ...]:
    return _both_ways("first", 32), _both_ways("second", 33)
