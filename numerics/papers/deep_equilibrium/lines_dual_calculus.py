"""Lines about recurrences of Hermite coefficients, Khatri-Rao powers and the tangent-kernel conventions.

The identities for all orders at once are identities of generating functions; each is one symbolic equation.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction
from functools import cache, partial
from typing import TypeVar

import numpy as np
import sympy
from flint import arb, fmpq, fmpq_mat

from ....theory.activations.activation import activation, from_expression
from ...balls.ball import enclose
from ...balls.precision import precision
from ...deep.conventions import TangentConvention, equilibrium_tangent
from ...hermite import hermite_transform
from ...proof_lines.draws import inner, matrix, vector
from ...proof_lines.enclosures import NAMES
from ...proof_lines.instances import hadamard_power
from ...proof_lines.relations import BITS, Equation, Instances, Order, Relation, Sides, argument

Exact = TypeVar("Exact", fmpq, int)
ORDER, CLOSED = 12, 7
"""Orders that are drawn in balls, and compared one by one for the closed forms."""
SIGMA = sympy.Symbol("sigma", positive=True)


@argument("weighted-hermite-derivative", "d/dx and -d/dt agree on exp(-(x-t)^2/2): all orders at once")
def weighted_hermite_derivative() -> tuple[Relation, ...]:
    x, t, r, before = sympy.symbols("x t r before", positive=True)  # before = (r-1)!
    generating = sympy.exp(-((x - t) ** 2) / 2)
    unweighted = sympy.exp(t * x - t**2 / 2 - x**2 / 2)
    return (
        Equation(sympy.log(generating).expand(force=True), sympy.log(unweighted).expand(force=True)),
        Equation(sympy.diff(generating, x) / generating, -sympy.diff(generating, t) / generating),
        # [t^(r-1)] of -d/dt sum h_r w t^r/sqrt(r!) is -r/sqrt(r!) h_r w; times sqrt((r-1)!) that is -sqrt(r) h_r w
        Equation(r / sympy.sqrt(r * before) * sympy.sqrt(before), sympy.sqrt(r)),
    )


@argument(
    "boundary-terms", "|x|^k e^(-x^2/8) at its only stationary point; 2 b^2 - b x + x^2/8 = 2 (b - x/4)^2, by concavity"
)
def boundary_terms() -> tuple[Relation, ...]:
    x, k, b = sympy.symbols("x k b", positive=True)
    log_first = k * sympy.log(x) - x**2 / 8  # at most its value where the derivative vanishes, by concavity
    peak = 2 * sympy.sqrt(k)
    return (
        Order(sympy.diff(log_first, x, 2), -sympy.Rational(1, 4), k / x**2),
        Equation(sympy.Integer(0), sympy.diff(log_first, x).subs(x, peak)),
        Equation(sympy.expand_log(log_first.subs(x, peak), force=True), k / 2 * (2 * sympy.log(2) + sympy.log(k) - 1)),
        Order(b * x - x**2 / 8, 2 * b**2, 2 * (b - x / 4) ** 2),
    )


@cache
def _recurrence(name: str, tenths: int) -> tuple[tuple[arb, ...], tuple[arb, ...], arb]:
    """The coefficients of an activation and of its derivative, and the scale, at the variance ``tenths``/10."""
    phi, variance = activation(name), Fraction(tenths, 10)
    mu = hermite_transform(phi, ORDER, variance, BITS).coefficients
    nu = hermite_transform(from_expression(phi.derivative()), ORDER, variance, BITS).coefficients
    with precision(BITS):
        return mu, nu, enclose(variance).sqrt()


@argument("stein-enclosure", f"both sides for each of {', '.join(NAMES)} at orders 1 to {ORDER}")
def stein_enclosure() -> tuple[Relation, ...]:
    def draw(name: str, rng: random.Random) -> Sides:
        mu, nu, sigma = _recurrence(name, rng.choice((3, 10, 27)))
        r = rng.randint(1, ORDER)
        return arb(r).sqrt() * mu[r], sigma * nu[r - 1]

    return tuple(Instances(partial(draw, name), 21, equal=True) for name in NAMES)


@argument("chain-rule", "the chain rule")
def chain_rule() -> tuple[Relation, ...]:
    z, point = sympy.symbols("z y", positive=True)
    f = sympy.Function("f")
    slope = sympy.diff(f(point), point).subs(point, SIGMA * z)
    return (Equation(SIGMA * sympy.diff(f(SIGMA * z), SIGMA).doit(), SIGMA * z * slope.doit()),)


@argument("three-term-recurrence", "x G = (d/dt + t) G for G = exp(tx - t^2/2): all orders at once")
def three_term_recurrence() -> tuple[Relation, ...]:
    x, t = sympy.symbols("x t", real=True)
    r, before = sympy.symbols("r before", positive=True)  # before = (r-1)!
    generating = sympy.exp(t * x - t**2 / 2)
    # [t^r]: x h_r/sqrt(r!) = (r+1) h_(r+1)/sqrt((r+1)!) + h_(r-1)/sqrt((r-1)!), times sqrt(r!)
    root = sympy.sqrt(r * before)
    return (
        Equation(x, sympy.diff(generating, t) / generating + t),
        Equation((r + 1) / sympy.sqrt((r + 1) * r * before) * root, sympy.sqrt(r + 1)),
        Equation(root / sympy.sqrt(before), sympy.sqrt(r)),
    )


@argument("scale-insertion", "sqrt(r+1) sqrt(r+2) mu_(r+2) + sqrt(r) sqrt(r) mu_r, symbolic r")
def scale_insertion() -> tuple[Relation, ...]:
    r = sympy.Symbol("r", integer=True, positive=True)
    above, here = sympy.symbols("mu_above mu_here")  # mu_(r+2) and mu_r

    def slope(k: sympy.Expr, mu: sympy.Symbol) -> sympy.Expr:
        return sympy.sqrt(k + 1) * mu  # sigma E phi'(sigma z) h_k(z) = sqrt(k+1) mu_(k+1)

    left = sympy.sqrt(r + 1) * slope(r + 1, above) + sympy.sqrt(r) * slope(r - 1, here)
    return (Equation(left, r * here + sympy.sqrt(r + 1) * sympy.sqrt(r + 2) * above),)


def scale_recurrence(mu: sympy.Expr, above: sympy.Expr, r: sympy.Expr) -> Equation:
    """The recurrence in the scale for coefficients that are given in ``SIGMA``; ``above`` is that of order r + 2.

    >>> scale_recurrence(SIGMA, sympy.Integer(0), sympy.Integer(1)).holds()  # phi(x) = x: mu_1 = sigma, mu_3 = 0
    True
    """
    return Equation(SIGMA * sympy.diff(mu, SIGMA), r * mu + sympy.sqrt((r + 1) * (r + 2)) * above)


def _exponential(n: sympy.Expr) -> sympy.Expr:
    return SIGMA**n * sympy.exp(SIGMA**2 / 2) / sympy.sqrt(sympy.factorial(n))


def _sine(n: sympy.Expr) -> sympy.Expr:
    return sympy.sin(n * sympy.pi / 2) * sympy.exp(-(SIGMA**2)) * _exponential(n)


def _error_function(n: sympy.Expr) -> sympy.Expr:
    """The coefficient of erf at odd order n."""
    share = 2 * SIGMA**2 / (1 + 2 * SIGMA**2)
    square = 2 / sympy.pi * share**n * sympy.binomial(n - 1, (n - 1) / 2) / (2 ** (n - 1) * n)
    return (-1) ** ((n - 1) / 2) * sympy.sqrt(square)


@argument("scale-closed-forms", f"exp, sin and erf, orders 0 to {CLOSED - 1}, identically in sigma")
def scale_closed_forms() -> tuple[Relation, ...]:
    forms = [(f, sympy.Integer(r)) for r in range(CLOSED) for f in (_exponential, _sine)]
    forms += [(_error_function, sympy.Integer(r)) for r in range(1, CLOSED, 2)]
    return tuple(scale_recurrence(f(r), f(r + 2), r) for f, r in forms)


@argument("kronecker-inner-product", "vectors of lengths 2 and 3 with symbols as entries")
def kronecker_inner_product() -> tuple[Relation, ...]:
    x, u = (sympy.Matrix(sympy.symbols(f"{name}0:2", real=True)) for name in "xu")
    y, v = (sympy.Matrix(sympy.symbols(f"{name}0:3", real=True)) for name in "yv")
    left = (sympy.kronecker_product(x, y).T * sympy.kronecker_product(u, v))[0]
    return (Equation(left, (x.T * u)[0] * (y.T * v)[0]),)


def kronecker_power(x: Sequence[Exact], r: int) -> list[Exact]:
    """The r-fold Kronecker product of a vector of exact numbers with itself, r >= 1.

    >>> kronecker_power([2, 3], 2)
    [4, 6, 6, 9]
    """
    power = given = np.array(x, dtype=object)
    for _ in range(r - 1):
        power = np.kron(power, given)
    return list(power)


def _khatri_rao(rng: random.Random) -> tuple[fmpq_mat, int, fmpq_mat]:
    """The inner products of four vectors, an order r, and the rows of the Khatri-Rao power of that order."""
    x, r = matrix(rng, 4, 3), rng.randint(1, 4)
    rows = [kronecker_power([x[i, j] for j in range(3)], r) for i in range(4)]
    return x * x.transpose(), r, fmpq_mat(4, 3**r, [value for row in rows for value in row])


@argument("khatri-rao-power", "the Schur power equals the Gram matrix of the Khatri-Rao power, r = 1 to 4")
def khatri_rao_power() -> tuple[Relation, ...]:
    def draw(rng: random.Random) -> Sides:
        c, r, p = _khatri_rao(rng)
        return hadamard_power(c, r), p * p.transpose()

    return (Instances(draw, 22, equal=True),)


@argument("khatri-rao-order", "quadratic forms of C^(r), which are squares")
def khatri_rao_order() -> tuple[Relation, ...]:
    def draw(rng: random.Random) -> Sides:
        c, r, p = _khatri_rao(rng)
        v = vector(rng, 4)
        features = p.transpose() * v
        return inner(v, hadamard_power(c, r) * v), inner(features, features)

    return (Instances(draw, 23, equal=True),)


def _kernels() -> tuple[dict[str, sympy.Expr], tuple[sympy.Symbol, ...]]:
    sigma, g, slopes, w = sympy.symbols("Sigma G Gd w", positive=True)
    return {c.name: equilibrium_tangent(sigma, g, slopes, w, c) for c in TangentConvention}, (sigma, g, slopes, w)


@argument("geometric-resolvent", "the solution of T = S + x T, and the rest after n steps")
def geometric_resolvent() -> tuple[Relation, ...]:
    x, s = sympy.symbols("x S", positive=True)
    solution = s / (1 - x)
    sums = {n: s * sum((x**k for k in range(n)), sympy.Integer(0)) for n in range(1, 8)}
    rest = (Equation(solution, total + x**n * solution) for n, total in sums.items())
    return Equation(solution, s + x * solution), *rest


@argument("readout-relation", "N3 = G + Gd N1")
def readout_relation() -> tuple[Relation, ...]:
    found, (_, g, slopes, _) = _kernels()
    return (Equation(found["READOUT"], g + slopes * found["PREACTIVATION"]),)


@argument("standard-relation", "N2 - G = w (N4 - G)")
def standard_relation() -> tuple[Relation, ...]:
    found, (_, g, _, w) = _kernels()
    return (Equation(found["IMPLICIT"] - g, w * (found["STANDARD"] - g)),)


@argument("shallow-limit", "w = 0 in each of the four")
def shallow_limit() -> tuple[Relation, ...]:
    found, (sigma, g, slopes, w) = _kernels()
    limits = {"PREACTIVATION": sigma, "IMPLICIT": g, "READOUT": g + sigma * slopes, "STANDARD": g * (1 + slopes)}
    return tuple(Equation(found[name].subs(w, 0), limit) for name, limit in limits.items())
