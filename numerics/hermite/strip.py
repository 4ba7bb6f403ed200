r"""Functions analytic in a strip around the real line, with a bound of their modulus there, found from their structure.

A :class:`Strip` of f knows a half-width and, for every Y below it, a bound
:math:`|f(x+iy)|\le C(1+|x|)^d e^{\rho|x|+\kappa x^2}` for :math:`|y|\le Y`. Rules exist for the elementary functions of
an affine argument; sums, products and powers compose. Every rule is proved in
``docs/theory/hermite-coefficients.md``, section 5.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import sympy
from flint import arb

from ...theory.activations.functions import X, normal_cdf, sigmoid, softplus
from ..balls.precision import precision
from ..expressions.growth import Growth
from ..expressions.lowering import lower_arb
from .terms import polynomial_at_most

BITS = 64
"""Precision of the constants: a bound needs few digits."""

Bound = Callable[[arb], Growth | None]


@dataclass(frozen=True, slots=True)
class Strip:
    """``limit`` guides the choice of Y; ``bound(Y)`` is proved, or ``None`` when f may be singular for ``|y| <= Y``."""

    limit: float
    bound: Bound


@lru_cache(maxsize=512)
def strip(expression: sympy.Expr) -> Strip | None:
    """The strip of a function of x, or ``None`` where no rule is known.

    >>> from sympy import tanh
    >>> found = strip(tanh(2 * X))
    >>> round(found.limit, 6), found.bound(arb(0.5)).degree, found.bound(arb(0.8))
    (0.785398, 0, None)
    >>> strip(abs(X)) is None
    True
    """
    with precision(BITS):
        return _strip(expression)


def _strip(expression: sympy.Expr) -> Strip | None:
    if not expression.has(X):
        size = abs(_constant(expression))
        return Strip(math.inf, lambda _: _growth(size)) if size.is_finite() else None
    if expression == X:
        return Strip(math.inf, lambda y: _growth((y + 1).upper(), 1))
    if expression.is_Add:
        return _fold(expression.args, Growth.__add__)
    if expression.is_Mul:
        return _fold(expression.args, Growth.__mul__)
    if isinstance(expression, sympy.exp):
        return _exponential(expression.args[0])
    if expression.is_Pow:
        return _power(*expression.args)
    if isinstance(expression, sympy.tanh) and isinstance(expression.args[0], softplus):
        return _elementary(_tanh_softplus, 3 * math.pi / 4, expression.args[0].args[0])
    rule = _RULES.get(expression.func)
    return _elementary(*rule, expression.args[0]) if rule else None


def _constant(expression: sympy.Expr) -> arb:
    return lower_arb(expression)(arb(0))


def _growth(constant: arb, degree: int = 0, rate: arb | int = 0, quadratic: arb | int = 0) -> Growth:
    return Growth(constant, degree, arb(rate), arb(quadratic))


def _coefficients(argument: sympy.Expr, degree: int) -> list[arb] | None:
    """The coefficients, constant term first, of a polynomial in x of at most the given degree."""
    found = polynomial_at_most(argument, degree)
    return None if found is None else [_constant(coefficient) for coefficient in found]


# --- composition ------------------------------------------------------------------------------------------------


def _fold(parts: tuple[sympy.Expr, ...], combine: Callable[[Growth, Growth], Growth]) -> Strip | None:
    strips = [_strip(part) for part in parts]
    known = [s for s in strips if s is not None]
    if len(known) < len(strips):
        return None

    def bound(y: arb) -> Growth | None:
        total: Growth | None = None
        for s in known:
            each = s.bound(y)
            if each is None:
                return None
            total = each if total is None else combine(total, each)
        return total

    return Strip(min(s.limit for s in known), bound)


def _elementary(rule: Callable[[arb], Growth | None], limit: float, argument: sympy.Expr) -> Strip | None:
    """The strip of ``f(alpha x + beta)``, where ``rule(Y)`` bounds f for ``|Im| <= Y``."""
    affine = _coefficients(argument, 1)
    if affine is None or not (affine[0].is_finite() and affine[1].is_finite()):
        return None
    beta, alpha = affine[0].abs_upper(), affine[1].abs_upper()

    def bound(y: arb) -> Growth | None:
        outer = rule((alpha * y).upper())
        if outer is None:
            return None
        # (1 + |alpha x + beta|) <= (1 + |beta|) max(1, |alpha|) (1 + |x|); no rule below has a quadratic part
        stretch = ((1 + beta) * alpha.max(arb(1))) ** outer.degree
        return _growth(outer.constant * stretch * (outer.rate * beta).exp(), outer.degree, outer.rate * alpha)

    return Strip(limit / float(alpha) if alpha > 0 else math.inf, bound)


def _exponential(argument: sympy.Expr) -> Strip | None:
    """``|exp(c x^2 + b x + a)| = exp(c (x^2 - y^2) + b x + a)`` on the line ``Im = y``."""
    found = _coefficients(argument, 2)
    if found is None or not all(c.is_finite() for c in found):
        return None
    a, b, c = found
    return Strip(
        math.inf,
        lambda y: Growth((a + (-c).max(arb(0)) * y * y).exp(), 0, arb(b.abs_upper()), c.upper()),
    )


def _power(base: sympy.Expr, exponent: sympy.Expr) -> Strip | None:
    if exponent.is_Integer and exponent > 0:
        return _fold((base,) * int(exponent), Growth.__mul__) if exponent <= 256 else None
    if not (exponent.is_Rational and (exponent < 0 or exponent.q == 2)):
        return None
    p = _constant(exponent)
    if isinstance(base, sympy.cosh) and exponent.is_Integer:
        return _elementary(lambda y: _reciprocal_power(_cosine(y), p), math.pi / 2, base.args[0])
    square = _coefficients(base, 2)
    if square is not None and square[1].is_zero() and square[0] > 0 and square[2] > 0:
        lowest, _, leading = square
        limit = math.sqrt(float(lowest / leading))
        if exponent < 0:
            return Strip(limit, lambda y: _reciprocal_power(lowest - leading * y * y, p))
        return Strip(limit, lambda y: _half_power(lowest, leading, y, p, int(exponent.p)))
    return None


def _reciprocal_power(smallest: arb, exponent: arb) -> Growth | None:
    """``|w|^p`` for a negative p and ``|w| >= smallest``."""
    return _growth(arb(smallest.lower()) ** exponent) if smallest > 0 else None


def _half_power(lowest: arb, leading: arb, y: arb, exponent: arb, degree: int) -> Growth | None:
    """``|leading z^2 + lowest|^p <= ((leading + lowest)(1 + Y)^2 (1 + |x|)^2)^p`` for a positive p."""
    if not lowest - leading * y * y > 0:
        return None
    return _growth(((leading + lowest) * (1 + y) ** 2) ** exponent, degree)


# --- elementary functions: a bound for |Im z| <= y ----------------------------------------------------------------


def _cosine(y: arb) -> arb:
    """``cos y`` for ``0 <= y < pi/2``, and a negative number from there on."""
    return y.cos() if y < arb.pi() / 2 else arb(-1)


def _tanh(y: arb) -> Growth | None:
    return _growth(y.tan().max(arb(1))) if y < arb.pi() / 2 else None


def _sigmoid_size(y: arb) -> arb | None:
    if y <= arb.pi() / 2:
        return arb(1)
    return 1 / y.sin() if y < arb.pi() else None


def _sigmoid(y: arb) -> Growth | None:
    size = _sigmoid_size(y)
    return None if size is None else _growth(size)


def _softplus(y: arb) -> Growth | None:
    size = _sigmoid_size(y)
    return None if size is None else _growth((arb.const_log2() + y * size).max(arb(1)), 1)


def _tanh_softplus(y: arb) -> Growth | None:
    gap = 3 * arb.pi() / 4 - y.max(arb.pi() / 4)
    return _growth(1 + 1 / gap.sin() ** 2) if gap > 0 else None


def _atan(y: arb) -> Growth | None:
    return _growth(arb.pi() / 2 + y / (1 - y * y)) if y < 1 else None


_RULES: dict[sympy.FunctionClass, tuple[Callable[[arb], Growth | None], float]] = {
    sympy.tanh: (_tanh, math.pi / 2),
    sigmoid: (_sigmoid, math.pi),
    softplus: (_softplus, math.pi),
    sympy.atan: (_atan, 1.0),
    sympy.sin: (lambda y: _growth(y.cosh()), math.inf),
    sympy.cos: (lambda y: _growth(y.cosh()), math.inf),
    sympy.sinh: (lambda y: _growth(arb(1), 0, 1), math.inf),
    sympy.cosh: (lambda y: _growth(arb(1), 0, 1), math.inf),
    sympy.erf: (lambda y: _growth(1 + 2 * y * (y * y).exp() / arb.pi().sqrt()), math.inf),
    normal_cdf: (lambda y: _growth(1 + y * (y * y / 2).exp() / (2 * arb.pi()).sqrt()), math.inf),
}
