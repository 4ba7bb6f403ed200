r"""Dual activations :math:`\hat\varphi(a,b,c)=E\,\varphi(u)\psi(v)` at any covariance, by the method that suits it."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

import numpy as np
import sympy
from flint import arb

from ...theory.activation import Activation, from_expression
from ...theory.closed_forms import closed_form, closed_mean
from ...theory.errors import DerivationGap, SpecError
from ...theory.functions import X
from ...theory.parity import parity
from ...theory.pieces import value_at
from ..ball import enclose
from ..expressions.growth import growth, require_square_integrable
from ..expressions.lowering import lower_arb, lower_numpy
from ..hermite import gaussian_mean
from ..hermite.bounds import growth_mean
from ..hermite.strip import strip
from ..precision import precision
from . import lattice, rotated
from .closed import closed_value
from .covariance import Covariance, Number, covariance
from .grid import BOUND_BITS, Side
from .series import series_value

MAX_ORDER = 1024
"""Longest Hermite series tried."""
WIDE = 2.0**-16
"""Radius, relative to the sizes, from which a second rule is tried on balls: its dependence on them is another one."""
LATTICE_COST, ROTATED_COST = 0.06, 3.0
"""Microseconds for one point of the two rules, measured; they decide which one runs and nothing else."""


def dual(activation: Activation, a: Number, b: Number, c: Number, bits: int, *, other: Activation | None = None) -> arb:
    r"""A ball around :math:`E\,\varphi(u)\psi(v)` for the centred Gaussian pair with covariance [[a, c], [c, b]].

    ``a``, ``b``, ``c`` are exact Fractions, or balls; :math:`\psi` is ``other``, or the activation itself. Degenerate
    laws are treated exactly (zero variances; :math:`c=\pm\sqrt{ab}`; c = 0), with the value of the expression at a
    jump, as in step(0) = 1/2. Otherwise the closed form is evaluated where one exists, then a trapezoid rule with a
    proved error, then the Hermite series. The radius aimed at is :math:`2^{-\mathrm{bits}}\|\varphi\|\|\psi\|`; where
    it is out of reach (a kinked function without closed form at :math:`|\rho|\approx1`) the ball is wider, never wrong.

    Raises :class:`SpecError` when the entries are not a covariance, or when an activation is not square-integrable.

    Reference: docs/theory/dual-activations.md; price1958, daniely2016.

    >>> from certigram.theory.activation import activation
    >>> value = dual(activation("relu"), Fraction(1), Fraction(1), Fraction(1, 2), 128)
    >>> print(value.str(12, radius=False), bool(value.rad() < 1e-38))
    0.304498890522 True
    """
    cov = covariance(a, b, c)
    f, g = activation, activation if other is None else other
    exact = cov.rational
    if exact is not None and (exact[0] == 0 or exact[1] == 0 or exact[2] == 0):
        means = [_mean(h.expression, v, bits) for h, v in ((f, cov.a), (g, cov.b))]
        with precision(bits + 16):
            return means[0] * means[1]
    formula = closed_form(f.expression, g.expression)
    if formula is not None:
        value = closed_value(formula, cov, bits)
        if value.is_finite():
            return value
    quadrature = trapezoid_value(f, g, cov, bits)
    if quadrature is not None:
        return quadrature
    if exact is not None and cov.degenerate:
        return _on_a_line(f, g, exact, bits)
    return _series(f, g, cov, bits)


def dual_expression(
    expression: sympy.Expr, a: Number, b: Number, c: Number, bits: int, *, other: sympy.Expr | None = None
) -> arb:
    r"""The same for expressions in :data:`certigram.theory.functions.X`, such as derivatives of activations.

    The contraction rates of the equilibrium are :math:`2\sigma_w^2\,E\varphi'(u)\varphi'(v)`:

    >>> from certigram.theory.activation import activation
    >>> slope = dual_expression(activation("relu").derivative(), Fraction(1), Fraction(1), Fraction(1), 64)
    >>> slope.contains(arb(0.5))
    True
    """
    second = None if other is None else from_expression(other)
    return dual(from_expression(expression), a, b, c, bits, other=second)


def _mean(expression: sympy.Expr, variance: Number, bits: int) -> arb:
    """E f(u), the value f(0) when the variance is exactly zero."""
    if not isinstance(variance, arb) and variance == 0:
        with precision(bits + 16):
            return lower_arb(value_at(expression, sympy.Integer(0)))(arb(0))
    formula = closed_mean(expression)
    if formula is not None:
        value = closed_value(formula, Covariance(variance, Fraction(1), Fraction(0)), bits)
        if value.is_finite():
            return value
    return gaussian_mean(expression, variance, bits + 8)


def _on_a_line(f: Activation, g: Activation, law: tuple[Fraction, Fraction, Fraction], bits: int) -> arb:
    """The degenerate law c^2 = ab > 0: v = (c/a) u exactly, a one-dimensional mean."""
    a, b, c = law
    for h, variance in ((f, a), (g, b)):
        with precision(BOUND_BITS):
            require_square_integrable(h.expression, enclose(variance), name=h.name)
    ratio = sympy.Rational((c / a).numerator, (c / a).denominator)
    product = f.expression * g.expression.subs(X, ratio * X)
    return gaussian_mean(product, a, bits + 8)


@lru_cache(maxsize=1024)
def _size(expression: sympy.Expr, spread: float) -> float:
    """A guess, not a bound, of the L2 norm of f(spread z): it only sets the accuracy aimed at."""
    nodes = np.linspace(-6.0, 6.0, 97)
    with np.errstate(all="ignore"):
        values = np.asarray(lower_numpy(expression)(spread * nodes), dtype=np.float64) + 0.0 * nodes
        square = float(np.sum(values**2 * np.exp(-(nodes**2) / 2))) * 0.125 / math.sqrt(2 * math.pi)
    size = math.sqrt(square)
    return min(max(size, 1e-150), 1e150) if math.isfinite(size) else 1.0


def _side(f: Activation, variance: Number) -> Side | None:
    found = strip(f.expression)
    if found is None:
        return None
    spread = math.sqrt(max(float(variance), 0.0))
    return Side(found, lower_arb(f.expression), _size(f.expression, spread))


def trapezoid_value(f: Activation, g: Activation, cov: Covariance, bits: int) -> arb | None:
    """The cheaper of the two rules in the plane, None when neither applies; on wide balls, both."""
    left, right = _side(f, cov.a), _side(g, cov.b)
    if left is None or right is None:
        return None
    even = parity(f.expression) is not None and parity(f.expression) == parity(g.expression)
    same = f.expression == g.expression and not isinstance(cov.a, arb) and cov.a == cov.b
    rules: list[tuple[float, Callable[[], arb]]] = []
    flat = lattice.plan(left, right, cov, bits)
    if flat is not None:
        grid = flat
        rules.append((LATTICE_COST * flat.points, lambda: lattice.lattice_sum(left, right, cov, grid, bits, even=even)))
    turned = rotated.plan(left, right, cov, bits)
    if turned is not None:
        axes = turned
        rules.append(
            (
                ROTATED_COST * turned.points * (0.5 if same else 1.0),
                lambda: rotated.rotated_sum(left, right, cov, axes, bits, even=even, same=same),
            )
        )
    best: arb | None = None
    for _, rule in sorted(rules, key=lambda pair: pair[0]):
        value = rule()
        if value.is_finite():
            with precision(bits + 16):
                best = value if best is None else best.intersection(value)
            if cov.rational is not None or best.rad() < WIDE * left.size * right.size:
                break
    return best


def _series(f: Activation, g: Activation, cov: Covariance, bits: int) -> arb:
    """The Hermite series, cut to the Cauchy-Schwarz bound."""
    bound = _cauchy_schwarz(f, g, cov)
    try:
        value = series_value(f, g, cov, bits, MAX_ORDER)
    except (DerivationGap, SpecError):
        if cov.rational is not None or not bound.is_finite():
            raise
        return arb(0, bound)
    if not value.is_finite():
        return arb(0, bound)
    if not bound.is_finite():
        return value
    with precision(bits + 16):
        return value.intersection(arb(0, bound))


def _cauchy_schwarz(f: Activation, g: Activation, cov: Covariance) -> arb:
    """An upper bound of the root of E f(u)^2 E g(v)^2 from the growth of f and g."""
    with precision(BOUND_BITS):
        a, b, _ = cov.balls()
        norms = [growth_mean(growth(h.expression) ** 2, arb(v.upper()).sqrt()) for h, v in ((f, a), (g, b))]
        return arb((norms[0] * norms[1]).sqrt().upper())
