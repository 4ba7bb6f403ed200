"""Expressions as functions of mpmath numbers, and the points where they are not smooth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sympy
from mpmath import mp

from ...theory.activations.functions import X, normal_cdf, sigmoid, softplus
from ...theory.activations.pieces import KINKED, pieces
from ...theory.errors import DerivationGap

Number = Any
"""A number of mpmath, which has no types."""

_WORDS = {
    sigmoid.__name__: lambda x: 1 / (1 + mp.exp(-x)),
    softplus.__name__: lambda x: mp.log1p(mp.exp(x)),
    normal_cdf.__name__: mp.ncdf,
    "Heaviside": lambda x, middle=0.5: mp.mpf(x > 0) if x else middle,
}


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A function of one mpmath number, and its kinks from left to right."""

    value: Callable[[Number], Number]
    kinks: tuple[sympy.Rational, ...]

    @property
    def smooth(self) -> bool:
        """Whether there is no kink."""
        return not self.kinks

    def numeric_kinks(self) -> list[Number]:
        """The kinks at the working precision."""
        return [mp.mpf(k.p) / k.q for k in self.kinks]


@lru_cache(maxsize=256)
def evaluated(expression: sympy.Expr) -> Evaluated:
    """An expression of ``x`` for mpmath; raises :class:`DerivationGap` when its kinks are not found exactly.

    >>> relu = evaluated(sympy.Max(X, 0))
    >>> relu.value(mp.mpf(-2)), relu.value(mp.mpf(2)), relu.kinks
    (0, mpf('2.0'), (0,))
    """
    return Evaluated(of_numbers((X,), expression), tuple(map(sympy.Rational, _breakpoints(expression))))


def of_numbers(symbols: tuple[sympy.Symbol, ...], expression: sympy.Expr) -> Callable[..., Number]:
    """An expression as a function of mpmath numbers in this order."""
    made: Callable[..., Number] = sympy.lambdify(symbols, expression, modules=[_WORDS, "mpmath"], cse=True)
    return made


def _breakpoints(expression: sympy.Expr) -> list[sympy.Expr]:
    try:
        return [piece.lo for piece in pieces(expression, branch_points=True)[1:]]
    except DerivationGap:
        if expression.has(*KINKED):
            raise
        return []
