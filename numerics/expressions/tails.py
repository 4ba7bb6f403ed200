"""What a smooth expression does on a half-line: a tight interval far out, its limit, or proved divergence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy
from flint import arb

from ...theory.errors import DerivationGap
from .asymptotic import Asymptotic, TooEarly
from .asymptotic_rules import asymptotic
from .interval import INFINITY, Interval
from .lowering import constant, the_variable

MAX_DOUBLINGS = 120
"""Farthest T is 2**120 times the first."""


@dataclass(frozen=True, slots=True)
class Tail:
    """On the half-line beyond ``start`` the values lie in ``values``.

    ``limit`` is the limit at infinity when one is proved; ``divergence`` is 1 or -1 when the function tends to plus or
    minus infinity.
    """

    start: arb
    values: Interval
    limit: arb | None = None
    divergence: int = 0


def right_tail(expr: sympy.Expr, start: arb, enough: Callable[[Tail], bool]) -> Tail:
    """The tail on ``[T, oo)`` for the first T = ``start * 2**k`` at which it is narrow ``enough`` or stops improving.

    Raises :class:`DerivationGap` when no rule applies.
    """
    if not expr.free_symbols:
        value = constant(expr)
        return Tail(start, Interval(value.lower(), value.upper()), value)
    best: Tail | None = None
    for k in range(MAX_DOUBLINGS):
        try:
            tail = _tail_from(expr, arb((start * 2**k).upper()))
        except TooEarly:
            continue
        if best is not None and not _narrower(tail, best):
            return best
        if tail.divergence or enough(tail):
            return tail
        best = tail
    if best is None:
        raise DerivationGap(f"the behaviour of {expr} at infinity was not bounded before x = 2**{MAX_DOUBLINGS}.")
    return best


def _narrower(tail: Tail, before: Tail) -> bool:
    return bool(tail.values.hi - tail.values.lo < before.values.hi - before.values.lo)


def _tail_from(expr: sympy.Expr, start: arb) -> Tail:
    form = asymptotic(expr, start)
    way = form.divergence()
    if way:
        least = _least_beyond(form)
        values = Interval(least, INFINITY) if way > 0 else Interval(-INFINITY, -least)
        return Tail(start, values, None, way)
    form = form.flat()
    value = constant(form.polynomial[0]) if form.polynomial else arb(0)
    radius = form.remainder.supremum(start)
    decays = form.remainder.zero or form.remainder.order() < (0, 0, 0)
    low = value if form.remainder.sign > 0 else value - radius
    high = value if form.remainder.sign < 0 else value + radius
    return Tail(start, Interval(low.lower(), high.upper()), value if decays else None)


def _least_beyond(form: Asymptotic) -> arb:
    """A lower bound of the absolute value on the half-line, for a form that diverges."""
    rate, quadratic = constant(form.rate), constant(form.quadratic)
    if not (quadratic >= 0 and rate + 2 * quadratic * form.start >= 0):
        return arb(0)
    size = form.least_size() * form.start**form.degree
    return arb((size * (rate * form.start + quadratic * form.start**2).exp()).lower())


def reflected(expr: sympy.Expr) -> sympy.Expr:
    """The expression with ``-x`` in place of ``x``."""
    x = the_variable(expr)
    return expr if x is None else expr.xreplace({x: -x})
