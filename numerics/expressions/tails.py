"""What a smooth expression does on a half-line: a tight interval far out, its limit, or proved divergence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import sympy
from flint import arb

from ...theory.activations.periodicity import oscillating_terms
from ...theory.errors import DerivationGap
from .asymptotic import ZERO, Asymptotic, TooEarly
from .asymptotic_rules import asymptotic
from .interval import INFINITY, Interval
from .lowering import constant, the_variable

MAX_DOUBLINGS = 120
"""Farthest T is 2**120 times the first."""
MAX_OSCILLATING = 6
"""The same for a function that oscillates for ever: every oscillation before T is searched."""

Swing = Callable[[sympy.Expr], tuple[arb, arb] | None]
"""Balls around the infimum and the supremum of an almost periodic function, ``None`` where they are not found."""


@dataclass(frozen=True, slots=True)
class Tail:
    """On the half-line beyond ``start`` the values lie in ``values``.

    ``limits`` are balls around the lower and the upper limit at infinity when they are proved, equal for a limit;
    ``divergence`` is 1 or -1 when the function tends to plus or minus infinity.
    """

    start: arb
    values: Interval
    limits: tuple[arb, arb] | None = None
    divergence: int = 0


def right_tail(expr: sympy.Expr, start: arb, enough: Callable[[Tail], bool], swing: Swing) -> Tail:
    """The tail on ``[T, oo)`` for the first T = ``start * 2**k`` at which it is narrow ``enough`` or stops improving.

    ``swing`` bounds what an almost periodic function takes on. Raises :class:`DerivationGap` when no rule applies.
    """
    if not expr.free_symbols:
        value = constant(expr)
        return Tail(start, Interval(value.lower(), value.upper()), (value, value))
    best: Tail | None = None
    for k in range(MAX_DOUBLINGS):
        try:
            tail, oscillates = _tail_from(expr, arb((start * 2**k).upper()), swing)
        except TooEarly:
            continue
        if best is not None and not _narrower(tail, best):
            return best
        if tail.divergence or enough(tail) or (oscillates and k >= MAX_OSCILLATING):
            return tail
        best = tail
    if best is None:
        raise DerivationGap(f"the behaviour of {expr} at infinity was not bounded before x = 2**{MAX_DOUBLINGS}.")
    return best


def _narrower(tail: Tail, before: Tail) -> bool:
    return bool(tail.values.hi - tail.values.lo < before.values.hi - before.values.lo)


def _tail_from(expr: sympy.Expr, start: arb, swing: Swing) -> tuple[Tail, bool]:
    """The tail from ``start`` on, and whether it oscillates for ever."""
    form = asymptotic(expr, start)
    way = form.divergence()
    if way:
        least = _least_beyond(form)
        values = Interval(least, INFINITY) if way > 0 else Interval(-INFINITY, -least)
        return Tail(start, values, None, way), False
    form = form.flat()
    value = constant(form.polynomial[0]) if form.polynomial else arb(0)
    decays = form.remainder.zero or form.remainder.order() < (0, 0, 0)
    if not decays:
        found = _oscillating(expr, start, swing)
        if found is not None:
            return found, True
    radius = form.remainder.supremum(start)
    low = value if form.remainder.sign > 0 else value - radius
    high = value if form.remainder.sign < 0 else value + radius
    return Tail(start, Interval(low.lower(), high.upper()), (value, value) if decays else None), False


def _oscillating(expr: sympy.Expr, start: arb, swing: Swing) -> Tail | None:
    r"""The tail of :math:`\sum_j m_ja_j` with monomials :math:`|m_j|\le1` in sines and coefficients with limits.

    docs/theory/range-analysis.md, section 7.
    """
    terms = oscillating_terms(expr)
    if terms is None:
        return None
    limit, radius, decays = ZERO, arb(0), True
    for monomial, coefficient in terms.items():
        try:
            form = asymptotic(coefficient, start)
            if form.divergence():
                return None
            form = form.flat()
            radius += form.remainder.supremum(start)
        except DerivationGap:
            return None
        decays = decays and (form.remainder.zero or form.remainder.order() < (0, 0, 0))
        limit += monomial * (form.polynomial[0] if form.polynomial else ZERO)
    range_of_limit = swing(limit)
    if range_of_limit is None:
        return None
    low, high = range_of_limit
    return Tail(start, Interval((low - radius).lower(), (high + radius).upper()), range_of_limit if decays else None)


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
