r"""Exact signs of functions of ``x`` on an interval: where they vanish, and whether they are positive.

Decided by structure over the rationals: polynomials by Sturm's theorem, products factor by factor, odd increasing
functions by their argument, sums of terms of one sign. Where no rule applies the answer is "unknown", never a guess.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import sympy
from sympy import oo

from ..errors import DerivationGap
from .functions import X, normal_cdf, sigmoid, softplus
from .size import expanded

_ODD_INCREASING = (sympy.tanh, sympy.erf, sympy.atan, sympy.asinh, sympy.sinh)
_POSITIVE = (sympy.exp, sympy.cosh, sigmoid, softplus, normal_cdf)
_INCREASING = (*_ODD_INCREASING, sympy.exp, sigmoid, softplus, normal_cdf)
_BOUNDED_BY_ONE = (sympy.tanh, sympy.erf, sympy.sin, sympy.cos)
MAX_DEGREE = 128
"""Largest degree of a polynomial whose roots are looked for."""


@lru_cache(maxsize=2048)
def polynomial(expression: sympy.Expr) -> sympy.Poly | None:
    """The expression as a polynomial in ``x`` with rational coefficients, or ``None`` when it is not one.

    >>> polynomial(X * (X + 1))
    Poly(x**2 + x, x, domain='QQ')
    >>> polynomial(sympy.tanh(X)) is None
    True
    """
    if not _looks_polynomial(expression):
        return None
    return sympy.Poly(expression, X, domain="QQ")


def _looks_polynomial(node: sympy.Expr) -> bool:
    if node == X or node.is_Rational:
        return True
    if node.is_Add or node.is_Mul:
        return all(_looks_polynomial(child) for child in node.args)
    return bool(node.is_Pow and node.exp.is_Integer and 0 < node.exp <= MAX_DEGREE and _looks_polynomial(node.base))


def zeros(expression: sympy.Expr, lo: sympy.Expr, hi: sympy.Expr) -> tuple[sympy.Rational, ...]:
    """All zeros strictly between ``lo`` and ``hi`` of a function that is not identically zero there, in order.

    Raises :class:`DerivationGap` when they are not all found, or not all rational.

    >>> zeros(sympy.tanh(X**2 - 4) * sympy.exp(X), -oo, oo)
    (-2, 2)
    """
    poly = polynomial(expression)
    if poly is not None:
        return _rational_roots(poly, lo, hi)
    if expression.is_Mul:
        found = {root for factor in expression.args for root in zeros(factor, lo, hi)}
        return tuple(sorted(found))
    if expression.is_Pow and expression.exp.is_Rational and expression.exp > 0:
        return zeros(expression.base, lo, hi)
    if isinstance(expression, _ODD_INCREASING):
        return zeros(expression.args[0], lo, hi)
    centred = _centred(expression)
    if centred is not None:
        return zeros(centred[1], lo, hi)
    if nonzero_sign(expression, lo, hi) is not None:
        return ()
    factored = sympy.factor_terms(expression)
    if factored.is_Mul and factored != expression:
        return zeros(factored, lo, hi)
    raise DerivationGap(
        f"the zeros of {shown(expression)} are not known exactly: kinks are resolved where the argument of Abs, Max, "
        "Min, sign or Heaviside has rational zeros only; write irrational numbers as fractions or decimals."
    )


def _centred(expression: sympy.Expr) -> tuple[int, sympy.Expr] | None:
    r"""``(s, u)`` for :math:`a(g(u)-g(0))` with an increasing g and s the sign of a: it vanishes where u does."""
    if not expression.is_Add:
        return None
    constant, varying = expression.as_independent(X, as_Add=True)
    scale, core = varying.as_independent(X, as_Add=False)
    if not isinstance(core, _INCREASING) or not (scale.is_positive or scale.is_negative):
        return None
    if vanishes(constant + scale * core.func(sympy.Integer(0))) is not True:
        return None
    return (1 if scale.is_positive else -1), core.args[0]


def shown(expression: sympy.Expr) -> str:
    """The expression as text, cut to 80 characters."""
    text = str(expression)
    return text if len(text) <= 80 else text[:77] + "..."


def _rational_roots(poly: sympy.Poly, lo: sympy.Expr, hi: sympy.Expr) -> tuple[sympy.Rational, ...]:
    roots: list[sympy.Rational] = []
    for factor, _ in poly.factor_list()[1]:
        if factor.degree() == 1:
            slope, offset = factor.all_coeffs()
            root = -offset / slope
            if lo < root < hi:
                roots.append(root)
        elif _count_roots(factor, lo, hi):
            raise DerivationGap(
                f"a kink lies at an irrational zero of {shown(factor.as_expr())}: only rational ones are supported; "
                "move it to a fraction or a decimal nearby."
            )
    return tuple(sorted(roots))


def _count_roots(poly: sympy.Poly, lo: sympy.Expr, hi: sympy.Expr) -> int:
    return int(poly.count_roots(None if lo == -oo else lo, None if hi == oo else hi))


def sample(lo: sympy.Expr, hi: sympy.Expr) -> sympy.Rational:
    """A rational point strictly between ``lo`` and ``hi``.

    >>> sample(-oo, sympy.Integer(2))
    1
    """
    if lo == -oo:
        return sympy.Integer(0) if hi == oo else hi - 1
    return lo + 1 if hi == oo else (lo + hi) / 2


def constant_sign(expression: sympy.Expr, lo: sympy.Expr, hi: sympy.Expr) -> int | None:
    """The sign of a function on an open interval that contains none of its zeros; ``None`` when unknown.

    It is -1, 1, or 0 for a function that is identically zero.

    >>> constant_sign(sympy.tanh(X - 2), -oo, sympy.Integer(2))
    -1
    """
    poly = polynomial(expression)
    if poly is not None:
        return int(sympy.sign(poly.eval(sample(lo, hi))))
    if expression.is_Mul:
        return _product(constant_sign(factor, lo, hi) for factor in expression.args)
    if expression.is_Pow and expression.exp.is_Integer:
        sign = constant_sign(expression.base, lo, hi)
        return None if sign is None else sign ** (int(expression.exp) % 2 + 2)
    if isinstance(expression, _ODD_INCREASING):
        return constant_sign(expression.args[0], lo, hi)
    centred = _centred(expression)
    if centred is not None:
        inner = constant_sign(centred[1], lo, hi)
        return None if inner is None else centred[0] * inner
    known = nonzero_sign(expression, lo, hi)
    if known is not None:
        return known
    factored = sympy.factor_terms(expression)
    return constant_sign(factored, lo, hi) if factored.is_Mul and factored != expression else None


def nonzero_sign(expression: sympy.Expr, lo: sympy.Expr, hi: sympy.Expr) -> int | None:
    """1 or -1 when the function is proved positive or negative on the *closed* interval, else ``None``.

    >>> nonzero_sign(2 + sympy.sin(X) + X**2, -oo, oo), nonzero_sign(1 + sympy.tanh(X), -oo, oo)
    (1, 1)
    >>> nonzero_sign(1 + sympy.sin(X), -oo, oo) is None
    True
    """
    if not expression.has(X):
        return 1 if expression.is_positive else -1 if expression.is_negative else None
    poly = polynomial(expression)
    if poly is not None:
        return None if _count_roots(poly, lo, hi) else int(sympy.sign(poly.eval(sample(lo, hi))))
    if isinstance(expression, _POSITIVE):
        return 1
    if isinstance(expression, _ODD_INCREASING):
        return nonzero_sign(expression.args[0], lo, hi)
    if isinstance(expression, sympy.Abs):
        return None if nonzero_sign(expression.args[0], lo, hi) is None else 1
    if expression.is_Pow and expression.exp.is_Rational:
        base = nonzero_sign(expression.base, lo, hi)
        return (
            base
            if base == 1 or base is None
            else (base ** int(expression.exp % 2 + 2) if expression.exp.is_Integer else None)
        )
    if expression.is_Mul:
        return _product(nonzero_sign(factor, lo, hi) for factor in expression.args)
    if expression.is_Add:
        return 1 if _sum_positive(expression, lo, hi) else -1 if _sum_positive(-expression, lo, hi) else None
    return None


def _product(signs: Iterable[int | None]) -> int | None:
    """The product of signs; None at the first that is not known."""
    product = 1
    for sign in signs:
        if sign is None:
            return None
        product *= sign
    return product


def _sum_positive(expression: sympy.Expr, lo: sympy.Expr, hi: sympy.Expr) -> bool:
    """Collect the polynomial part and subtract the amplitude of every bounded term; the rest must not be negative."""
    if not expression.is_Add:
        return False
    smooth = [term for term in expression.args if polynomial(term) is not None]
    strict = False
    for term in expression.args:
        if polynomial(term) is not None or nonzero_sign(term, lo, hi) == 1:
            strict = strict or polynomial(term) is None
            continue
        if _nonnegative(term):
            continue
        coefficient, core = term.as_coeff_Mul()
        base = core.base if core.is_Pow and core.exp.is_Integer and core.exp > 0 else core
        if not isinstance(base, _BOUNDED_BY_ONE) or not coefficient.is_Rational:
            return False
        smooth.append(-abs(coefficient))
        strict = strict or isinstance(base, (sympy.tanh, sympy.erf))
    rest = sympy.Add(*smooth)
    if rest == 0:
        return strict
    if not rest.has(X):
        return bool(rest.is_positive)
    poly = polynomial(rest)
    return poly is not None and bool(poly.eval(sample(lo, hi)) > 0) and _count_roots(poly, lo, hi) == 0


def _nonnegative(term: sympy.Expr) -> bool:
    coefficient, core = term.as_coeff_Mul()
    if coefficient.is_negative:
        return False
    return isinstance(core, sympy.Abs) or bool(
        core.is_Pow and core.exp.is_Integer and core.exp > 0 and core.exp % 2 == 0
    )


def vanishes(constant: sympy.Expr) -> bool | None:
    """Whether a constant is zero: proved, refuted, or ``None`` when the rules do not decide.

    >>> vanishes(sympy.sqrt(8) - 2 * sympy.sqrt(2)), vanishes(sympy.E - 1), vanishes(sympy.Rational(1, 10**40))
    (True, False, False)
    """
    constant = expanded(constant)
    if constant.is_Rational:
        return bool(constant == 0)
    if constant.is_irrational:
        return False
    zero: bool | None = constant.is_zero
    return zero
