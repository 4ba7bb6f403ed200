r"""What the objects of derivations mean numerically: expectations, means and derivatives in c, enclosed.

Nothing here knows a closed form of a dual activation. Expectations are Hermite series with their Parseval tails, met
with the trapezoid rule in the plane for analytic functions; point masses fix their variable; the derivative in c is
the derivative of Mehler's series,

.. math:: \partial_cE\,f(u)g(v)=\frac1{\sqrt{ab}}\sum_{r\ge1}r\,\mu_r(f)\mu_r(g)\rho^{r-1},\qquad
          \Bigl|\sum_{r>R}\Bigr|\le\sup_{r>R}r|\rho|^{r-1}\Bigl(\sum_{r>R}\mu_r(f)^2\sum_{r>R}\mu_r(g)^2\Bigr)^{1/2}.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache

import sympy
from flint import arb

from ...theory.activations.activation import Activation, from_expression
from ...theory.activations.elementary_terms import Term
from ...theory.activations.functions import X
from ...theory.activations.pieces import KINKED
from ...theory.derivations.functions import flat, terms, total
from ..balls.ball import enclose
from ..balls.precision import precision
from ..dual.covariance import covariance
from ..dual.evaluate import trapezoid_value
from ..dual.series import mehler_sum
from ..hermite import HermiteTransform, gaussian_mean, hermite_transform
from . import pieces

ORDERS = (48, 160, 400)
"""Lengths of Hermite series."""
MAX_ORDER = ORDERS[-1]
"""The longest."""
ENOUGH = 24
"""Relative accuracy in bits from which no second method is tried."""
Law = tuple[Fraction, Fraction, Fraction]


def expectation(f: sympy.Expr, g: sympy.Expr, law: Law, bits: int) -> arb:
    """A ball around E f(u) g(v), f and g expressions in ``X`` that may contain point masses.

    >>> expectation(X, X, (Fraction(1), Fraction(2), Fraction(1, 2)), 64).overlaps(arb(0.5))
    True
    """
    a, b, c = law
    (f0, f_masses), (g0, g_masses) = _split(f), _split(g)
    with precision(bits + 16):
        value = _regular(f0, g0, law, bits)
        for masses, other, variance, rest in ((f_masses, g, a, b), (g_masses, f0, b, a)):
            for term in masses:
                at = _rational(term.shift)
                conditional = rest - c * c / variance
                shift = sympy.Rational((c * at / variance).numerator, (c * at / variance).denominator)
                value += _weight(term, at, variance, bits) * mean(other.xreplace({X: X + shift}), conditional, bits)
        return value


def mean(f: sympy.Expr, variance: Fraction, bits: int) -> arb:
    """A ball around E f(w), w of the given variance; f may contain point masses."""
    smooth, masses = _split(f)
    with precision(bits + 16):
        value = arb(0) if smooth == 0 else _mean(smooth, variance, bits + 8)
        for term in masses:
            value += _weight(term, _rational(term.shift), variance, bits)
        return value


@lru_cache(maxsize=4096)
def _mean(f: sympy.Expr, variance: Fraction, bits: int) -> arb:
    return gaussian_mean(f, variance, bits)


def slope(f: sympy.Expr, g: sympy.Expr, law: Law, bits: int) -> arb:
    """A ball around the derivative in c of E f(u) g(v), from the coefficients of f and g themselves."""
    a, b, _ = law
    with precision(bits + 16):
        left, right, rho = _pair(f, g, law, bits)
        value, power, order = arb(0), arb(1), len(left.coefficients) - 1
        for r in range(1, order + 1):
            value += r * left.coefficients[r] * right.coefficients[r] * power
            power *= rho
        tail = (left.tail * right.tail).nonnegative_part().sqrt()
        value += arb(0, (_largest(arb(abs(rho).upper()), order) * tail).abs_upper())
        return value / (enclose(a) * enclose(b)).sqrt()


def _series(f: sympy.Expr, g: sympy.Expr, law: Law, bits: int) -> arb:
    """Mehler's series with its tail."""
    with precision(bits + 16):
        return mehler_sum(*_pair(f, g, law, bits))


def _pair(f: sympy.Expr, g: sympy.Expr, law: Law, bits: int) -> tuple[HermiteTransform, HermiteTransform, arb]:
    """The two transforms, long enough where the correlation allows it, and the correlation."""
    rho = covariance(*law).correlation()
    size = float(abs(rho).upper())
    wanted = MAX_ORDER if size >= 1 else 16 + int(bits * math.log(2) / -math.log(max(size, 1e-9)))
    order = next((n for n in ORDERS if n >= wanted), MAX_ORDER)
    return _transform(f, order, law[0], bits), _transform(g, order, law[1], bits), rho


def _largest(rho: arb, order: int) -> arb:
    """An upper bound of r rho^(r-1) over r > order: the value at order + 1, or the maximum over all real r."""
    if rho.is_zero():
        return arb(0)
    if not rho < 1:
        return arb("inf")
    rate = -rho.log()
    first = (order + 1) * rho**order
    return first if (order + 1) * rate > 1 else (1 / (arb.const_e() * rate * rho)).max(first)


@lru_cache(maxsize=2048)
def _transform(f: sympy.Expr, order: int, variance: Fraction, bits: int) -> HermiteTransform:
    found = pieces.transform(f, order, variance, bits + 8) if f.has(*KINKED) else None
    return hermite_transform(activation_of(f), order, variance, bits + 8) if found is None else found


@lru_cache(maxsize=2048)
def activation_of(f: sympy.Expr) -> Activation:
    return from_expression(f)


@lru_cache(maxsize=4096)
def _regular(f: sympy.Expr, g: sympy.Expr, law: Law, bits: int) -> arb:
    if f == 0 or g == 0:
        return arb(0)
    a, b, c = law
    if not f.has(X):
        return _mean(f * g, b, bits + 8)
    if not g.has(X):
        return _mean(f * g, a, bits + 8)
    if c == 0:
        return _mean(f, a, bits + 8) * _mean(g, b, bits + 8)
    value = _series(f, g, law, bits)
    if value.rel_accuracy_bits() < ENOUGH:
        other = trapezoid_value(activation_of(f), activation_of(g), covariance(a, b, c), bits)
        if other is not None and other.is_finite():
            value = value.intersection(other) if value.is_finite() else other
    return value


@lru_cache(maxsize=4096)
def _split(f: sympy.Expr) -> tuple[sympy.Expr, tuple[Term, ...]]:
    """The function without its point masses, and the masses."""
    if not f.has(sympy.DiracDelta):
        return f, ()
    found = terms(flat(f))
    return total(tuple(t for t in found if t.core != "mass")), tuple(t for t in found if t.core == "mass")


def _weight(term: Term, at: Fraction, variance: Fraction, bits: int) -> arb:
    """The coefficient of a point mass times the density of N(0, variance) there."""
    rest = term.coefficient * (term.function / term.core_function).xreplace({X: term.shift})
    scale = _mean(rest, Fraction(1), bits)
    s, x = enclose(variance), enclose(at)
    return scale * (-x * x / (2 * s)).exp() / (2 * arb.pi() * s).sqrt()


def _rational(value: sympy.Expr) -> Fraction:
    if not value.is_Rational:
        raise ValueError(f"the threshold {value} is not rational.")
    return Fraction(int(value.p), int(value.q))
