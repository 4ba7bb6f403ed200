r"""Closed forms as one would write them: one coefficient, factored, for each transcendental factor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sympy

from ..closed_forms import C
from .identity import OPAQUE, Normaliser


@lru_cache(maxsize=4096)
def tidy(expression: sympy.Expr) -> sympy.Expr:
    """The same function, collected and factored; ``identical`` to the expression.

    >>> tidy(C * sympy.asin(C) + sympy.pi * C * sympy.asin(C))
    c*(1 + pi)*asin(c)
    """
    if not expression.args:
        return expression
    normal = Normaliser((expression,))
    element = normal.element(expression)
    numerator, denominator = element.numer, element.denom
    symbols = numerator.ring.symbols
    kernels = [i for i, s in enumerate(symbols) if _is_kernel(normal, s)]
    shared = [min(m[i] for m in denominator.monoms()) if i in kernels else 0 for i in range(len(symbols))]
    below = sympy.Add(*(_monomial(symbols, m, k, shared) for m, k in denominator.terms()))
    groups: dict[tuple[int, ...], list[sympy.Expr]] = {}
    for monomial, k in numerator.terms():
        key = tuple(monomial[i] - shared[i] for i in kernels)
        rest = [0 if i in kernels else n for i, n in enumerate(monomial)]
        groups.setdefault(key, []).append(_monomial(symbols, rest, k, [0] * len(symbols)))
    parts = []
    for key, group in groups.items():
        coefficient = normal.back(sympy.factor(sympy.Add(*group) / below))
        exponent, factor = sympy.S.Zero, sympy.S.One
        for i, n in zip(kernels, key, strict=True):
            kernel = normal.back(symbols[i])
            if isinstance(kernel, sympy.exp):
                exponent += n * kernel.args[0]
            else:
                factor *= _inside(kernel) ** n
        parts.append(_Part(_by_radicand(coefficient, factor), _exponent(exponent), factor))
    return sympy.Add(*(_shown(part) for part in _paired(parts)))


@dataclass(frozen=True, slots=True)
class _Part:
    """coefficient * exp(exponent) * factor."""

    coefficient: sympy.Expr
    exponent: sympy.Expr
    factor: sympy.Expr


def _is_kernel(normal: Normaliser, symbol: sympy.Symbol) -> bool:
    if symbol in normal.squares:
        return bool(normal.back(symbol).free_symbols)
    return symbol in normal.meaning and normal.meaning[symbol] != sympy.pi


def _monomial(symbols: Sequence[sympy.Symbol], powers: Sequence[int], k: Any, less: Sequence[int]) -> sympy.Expr:
    number = sympy.Rational(int(k.numerator), int(k.denominator))
    return number * sympy.Mul(*(s ** (n - d) for s, n, d in zip(symbols, powers, less, strict=True)))


def _inside(kernel: sympy.Expr) -> sympy.Expr:
    """The arguments of a function, tidy themselves."""
    if isinstance(kernel, OPAQUE) or kernel.is_Pow or not kernel.args:
        return kernel
    return kernel.func(*(tidy(arg) for arg in kernel.args))


def _by_radicand(coefficient: sympy.Expr, factor: sympy.Expr) -> sympy.Expr:
    """A long polynomial next to a root of S as q S + r, where that is shorter."""
    radicands = [p.base for p in factor.atoms(sympy.Pow) if p.exp == sympy.Rational(1, 2) and p.base.has(C)]
    if len(radicands) != 1 or not coefficient.is_Mul:
        return coefficient
    pieces = list(coefficient.args)
    for k, piece in enumerate(pieces):
        symbols = sorted(piece.free_symbols, key=str)
        if not (piece.is_Add and len(piece.args) > 4 and piece.is_polynomial(*symbols) and C in symbols):
            continue
        quotient, rest = sympy.div(piece, radicands[0], *symbols)
        size = sum(len(sympy.Add.make_args(part)) for part in (quotient, rest))
        if quotient != 0 and size < len(piece.args) - 1:
            pieces[k] = sympy.factor(quotient) * base_shown(radicands[0]) + rest
    return sympy.Mul(*pieces)


def _exponent(exponent: sympy.Expr) -> sympy.Expr:
    together = sympy.factor(sympy.together(exponent))
    numerator, denominator = sympy.fraction(together)
    if denominator.is_number:
        return sympy.expand(together)
    number, rest = numerator.as_coeff_Mul()
    return number * sympy.collect(sympy.expand(rest), C) / denominator if rest.is_Add else together


def _paired(parts: list[_Part]) -> list[sympy.Expr]:
    """The terms, two exponentials with equal or opposite coefficients as a hyperbolic function."""
    done, rest = [], list(parts)
    while rest:
        part = rest.pop(0)
        for other in rest:
            ratio = sympy.cancel(part.coefficient / other.coefficient)
            half = sympy.expand((part.exponent - other.exponent) / 2)
            if part.factor == other.factor and abs(ratio) == 1 and _odd_in_covariance(half):
                rest.remove(other)
                middle = _exponent((part.exponent + other.exponent) / 2)
                wave = sympy.cosh if ratio == 1 else sympy.sinh
                done.append(2 * part.coefficient * sympy.exp(middle) * wave(_exponent(half)) * part.factor)
                break
        else:
            done.append(part.coefficient * sympy.exp(part.exponent) * part.factor)
    return done


def _odd_in_covariance(half: sympy.Expr) -> bool:
    return bool(half != 0 and sympy.expand(half + half.xreplace({C: -C})) == 0)


def _shown(expression: sympy.Expr) -> sympy.Expr:
    """Powers of sums with what does not contain c in factors: (1+a)(1+b) - c^2."""
    return expression.replace(
        lambda node: node.is_Pow and node.base.is_Add, lambda node: base_shown(node.base) ** node.exp
    )


def base_shown(base: sympy.Expr) -> sympy.Expr:
    """One radicand: its value at c = 0 in factors, then the rest."""
    if not base.has(C) or not base.is_polynomial(C):
        return base
    start = base.xreplace({C: sympy.S.Zero})
    return sympy.factor(start) + sympy.expand(base - start)
