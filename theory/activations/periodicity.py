r"""Periods of functions of ``x``, exactly: which frequencies occur, whether they have a common period, and the limit.

A function in which ``x`` occurs only inside sines and cosines of affine arguments is almost periodic: its supremum over
a half-line is that over the line. Frequencies with rational ratios have a common period. Proofs:
docs/theory/range-analysis.md, section 7.
"""

from __future__ import annotations

from functools import lru_cache, reduce

import sympy
from sympy.simplify.fu import TR8

from .functions import X
from .size import MAX_TERMS, expanded_terms, nodes

MAX_CYCLES = 128
"""Most oscillations of the fastest sine within one common period."""
_CIRCULAR = (sympy.sin, sympy.cos)


def oscillations(expression: sympy.Expr) -> frozenset[sympy.Expr]:
    """The sines and cosines of affine arguments that occur.

    >>> sorted(map(str, oscillations(sympy.tanh(X) * sympy.sin(2 * X) + sympy.cos(X**2))))
    ['sin(2*x)']
    """
    slopes = {node: sympy.diff(node.args[0], X) for node in expression.atoms(*_CIRCULAR)}
    return frozenset(node for node, slope in slopes.items() if not slope.has(X) and not slope.is_zero)


def _occurs_elsewhere(expression: sympy.Expr, found: frozenset[sympy.Expr]) -> bool:
    """Whether ``x`` occurs outside of the nodes given; a symbol takes their place, since a number could cancel."""
    return bool(expression.xreplace({node: sympy.Dummy() for node in found}).has(X))


@lru_cache(maxsize=512)
def period(expression: sympy.Expr) -> sympy.Expr | None:
    r"""A period of the function, positive and exact, when ``x`` occurs only in commensurable sines and cosines.

    ``None`` when it does not, or when the period has more than :data:`MAX_CYCLES` oscillations.

    >>> period(sympy.sin(X) ** 3), period(sympy.sin(2 * X) + sympy.cos(sympy.Rational(3, 2) * X + 1))
    (2*pi, 4*pi)
    >>> [period(f) for f in (sympy.sin(X) + sympy.sin(sympy.sqrt(2) * X), X * sympy.sin(X), X + sympy.sin(X))]
    [None, None, None]
    """
    found = oscillations(expression)
    if not found or _occurs_elsewhere(expression, found):
        return None
    slopes = [abs(sympy.diff(node.args[0], X)) for node in found]
    ratios = [sympy.radsimp(slope / slopes[0]) for slope in slopes]
    if not all(ratio.is_Rational for ratio in ratios):
        return None
    common = reduce(sympy.gcd, ratios)
    return 2 * sympy.pi / (slopes[0] * common) if max(ratios) / common <= MAX_CYCLES else None


@lru_cache(maxsize=512)
def periodic_parts(expression: sympy.Expr) -> tuple[sympy.Expr, ...] | None:
    r"""An almost periodic function as a sum of periodic ones without a common period, constants in the first.

    ``None`` when it is not seen to be such a sum. Products of sines of different frequencies are sums of such sines.

    >>> periodic_parts(sympy.sin(X) ** 2 + sympy.sin(sympy.sqrt(2) * X))
    (sin(x)**2, sin(sqrt(2)*x))
    """
    if period(expression) is not None:
        return (expression,)
    found = oscillations(expression)
    if not found or _occurs_elsewhere(expression, found):
        return None
    if expanded_terms(expression) > MAX_TERMS:
        return None
    parts: list[sympy.Expr] = []
    constant = sympy.Integer(0)
    for term in sympy.Add.make_args(_as_sum(expression)):
        if not term.has(X):
            constant += term
            continue
        if period(term) is None:
            return None
        for k, part in enumerate(parts):
            if period(part + term) is not None:
                parts[k] = part + term
                break
        else:
            parts.append(term)
    parts.sort(key=sympy.default_sort_key)
    return (parts[0] + constant, *parts[1:]) if parts else None


def _as_sum(expression: sympy.Expr) -> sympy.Expr:
    expanded = sympy.expand(expression)
    if all(not term.has(X) or period(term) is not None for term in sympy.Add.make_args(expanded)):
        return expanded
    return sympy.expand(TR8(expanded)) if nodes(expanded) <= MAX_TERMS else expanded


def independent(parts: tuple[sympy.Expr, ...]) -> bool:
    r"""Whether two periodic parts are proved to have an irrational ratio of periods (always so for one part).

    By Kronecker's theorem the phases of both are then jointly dense, so suprema add.

    >>> independent((sympy.sin(X), sympy.sin(sympy.sqrt(2) * X))), independent((sympy.sin(X), sympy.sin(sympy.E * X)))
    (True, True)
    """
    if len(parts) == 1:
        return True
    periods = [found for found in map(period, parts) if found is not None]
    return len(parts) == len(periods) == 2 and bool(sympy.radsimp(periods[0] / periods[1]).is_irrational)


def oscillating_terms(expression: sympy.Expr) -> dict[sympy.Expr, sympy.Expr] | None:
    r"""The function as :math:`\sum_j m_j(x)\,a_j(x)`: monomials :math:`m_j` in sines and cosines, their coefficients.

    ``None`` where it is not a polynomial in them. Every monomial has absolute value at most 1.

    >>> oscillating_terms(sympy.tanh(X) * sympy.sin(X) ** 3)
    {sin(x)**3: tanh(x)}
    """
    found = sorted(oscillations(expression), key=sympy.default_sort_key)
    if not found or expanded_terms(expression) > MAX_TERMS:
        return None
    symbols = [sympy.Dummy(real=True) for _ in found]
    plain = expression.xreplace(dict(zip(found, symbols, strict=True)))
    if not plain.is_polynomial(*symbols):
        return None
    back = dict(zip(symbols, found, strict=True))
    result: dict[sympy.Expr, sympy.Expr] = {}
    for powers, coefficient in sympy.Poly(sympy.expand(plain), *symbols).terms():
        monomial = sympy.Mul(*[back[s] ** p for s, p in zip(symbols, powers, strict=True)])
        result[monomial] = coefficient
    return result
