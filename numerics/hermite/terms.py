r"""Linear combinations of :math:`x^p\psi(x)`, for kernels with closed-form coefficients, read off an expression.

The kernels are 1, sign, :math:`\operatorname{erf}(\alpha x)`, :math:`e^{\alpha x}`, :math:`e^{-\alpha x^2}` and
:math:`\sin(\omega x+b)`; the expression is recognised by its structure, not by a name.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache, reduce
from typing import TypeAlias

import sympy

from ...theory.activations.functions import X, normal_cdf

Kernel: TypeAlias = tuple[str, sympy.Expr, sympy.Expr]
"""Kind (``one``, ``sign``, ``erf``, ``exp``, ``gauss``, ``sin``), first parameter, phase (0 except for ``sin``)."""
Terms: TypeAlias = dict[tuple[int, Kernel], sympy.Expr]
"""Coefficients by power of x and kernel."""

ZERO = sympy.Integer(0)
ONE: Kernel = ("one", ZERO, ZERO)
SIGN: Kernel = ("sign", ZERO, ZERO)
MAX_POWER = 128
"""Largest power of x; beyond it the general engines are used."""


@lru_cache(maxsize=512)
def terms(expression: sympy.Expr) -> Terms | None:
    """The function as a combination of powers times kernels, or ``None`` where it is not seen to be one.

    >>> from sympy import Max, erf
    >>> terms(Max(X, 0)) == {(1, ONE): sympy.Rational(1, 2), (1, SIGN): sympy.Rational(1, 2)}
    True
    >>> terms(erf(2 * X) / 3)
    {(0, ('erf', 2, 0)): 1/3}
    >>> terms(sympy.tanh(X)) is None
    True
    """
    found = _terms(expression)
    return None if found is None else {key: c for key, c in found.items() if c != 0}


def _terms(e: sympy.Expr) -> Terms | None:
    if not e.has(X):
        return {(0, ONE): e}
    if e == X:
        return {(1, ONE): sympy.Integer(1)}
    if e.is_Add:
        return _sum(map(_terms, e.args))
    if e.is_Mul:
        return reduce(_product, map(_terms, e.args))
    if isinstance(e, sympy.exp):
        return _exponential(e.args[0])
    if e.is_Pow and e.exp.is_Integer and 0 < e.exp <= MAX_POWER:
        return {(int(e.exp), ONE): sympy.Integer(1)} if e.base == X else _power(e.base, int(e.exp))
    if isinstance(e, (sympy.Max, sympy.Min)) and len(e.args) == 2:
        a, b = e.args
        return _scaled(_sum([_terms(a), _terms(b), _scaled(_absolute(a - b), 1 if isinstance(e, sympy.Max) else -1)]))
    if isinstance(e, sympy.Abs):
        return _absolute(e.args[0])
    return _function(e)


def _function(e: sympy.Expr) -> Terms | None:
    if isinstance(e, (sympy.sin, sympy.cos)):
        affine = polynomial_at_most(e.args[0], 1)
        if affine is None:
            return None
        shift = sympy.pi / 2 if isinstance(e, sympy.cos) else 0
        return {(0, ("sin", affine[1], affine[0] + shift)): sympy.Integer(1)}
    slope = (
        _linear(e.args[0])
        if len(e.args) and isinstance(e, (sympy.erf, normal_cdf, sympy.sign, sympy.Heaviside))
        else None
    )
    if slope is None:
        return None
    size, direction = slope
    half = sympy.Rational(1, 2)
    if isinstance(e, sympy.erf):
        return {(0, ("erf", size, ZERO)): direction}
    if isinstance(e, normal_cdf):
        return {(0, ONE): half, (0, ("erf", size / sympy.sqrt(2), ZERO)): half * direction}
    if isinstance(e, sympy.sign):
        return {(0, SIGN): direction}
    return {(0, ONE): half, (0, SIGN): half * direction}


def polynomial_at_most(argument: sympy.Expr, degree: int) -> list[sympy.Expr] | None:
    """The coefficients, constant term first, of a polynomial in x of at most this degree; else ``None``.

    >>> polynomial_at_most(3 * X + 1, 2), polynomial_at_most(X**2, 1)
    ([1, 3, 0], None)
    """
    if not argument.is_polynomial(X):
        return None
    polynomial = sympy.Poly(argument, X)
    if polynomial.degree() > degree or polynomial.free_symbols_in_domain:
        return None
    return [polynomial.coeff_monomial(X**j) for j in range(degree + 1)]


def _linear(argument: sympy.Expr) -> tuple[sympy.Expr, sympy.Integer] | None:
    """``(|slope|, sign of slope)`` of ``slope * x`` with a slope of known sign, else ``None``."""
    affine = polynomial_at_most(argument, 1)
    if affine is None or affine[0] != 0:
        return None
    if affine[1].is_positive:
        return affine[1], sympy.Integer(1)
    return (-affine[1], sympy.Integer(-1)) if affine[1].is_negative else None


def _absolute(argument: sympy.Expr) -> Terms | None:
    found = _linear(argument)
    return None if found is None else {(1, SIGN): found[0]}


def _exponential(argument: sympy.Expr) -> Terms | None:
    found = polynomial_at_most(argument, 2)
    if found is None:
        return None
    c, b, a = found
    if a != 0 and b != 0:
        return None
    kernel: Kernel = ("gauss", -a, ZERO) if a != 0 else ("exp", b, ZERO)
    return {(0, kernel): sympy.exp(c)}


def _sum(parts: Iterable[Terms | None]) -> Terms | None:
    total: Terms = {}
    for part in parts:
        if part is None:
            return None
        for key, c in part.items():
            total[key] = total.get(key, ZERO) + c
    return total


def _scaled(part: Terms | None, factor: sympy.Expr | int | None = None) -> Terms | None:
    c = sympy.Rational(1, 2) if factor is None else factor
    return None if part is None else {key: c * value for key, value in part.items()}


def _product(left: Terms | None, right: Terms | None) -> Terms | None:
    if left is None or right is None:
        return None
    total: Terms = {}
    for (p, f), c in left.items():
        for (q, g), d in right.items():
            kernel = _times(f, g)
            if kernel is None or p + q > MAX_POWER:
                return None
            total[p + q, kernel] = total.get((p + q, kernel), ZERO) + c * d
    return total


def _times(f: Kernel, g: Kernel) -> Kernel | None:
    """The product of two kernels where it is a kernel again."""
    if f == ONE or g == ONE:
        return g if f == ONE else f
    if f == SIGN and g == SIGN:
        return ONE
    if f[0] == g[0] and f[0] in ("exp", "gauss"):
        total = f[1] + g[1]
        return ONE if total == 0 else (f[0], total, ZERO)
    return None


def _power(base: sympy.Expr, exponent: int) -> Terms | None:
    return reduce(_product, [_terms(base)] * exponent) if exponent <= 16 else None
