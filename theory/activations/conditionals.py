r"""Functions given by cases, :math:`a(x)` where a condition on x holds and :math:`b(x)` elsewhere, as one expression.

Where a condition changes its truth is found exactly. Between these points one case holds, and the function is written
with Max, Min and Heaviside only: with breakpoints :math:`c_1<\dots<c_n` and the cases :math:`p_0,\dots,p_n`,

.. math::
    f(x)=p_0(\min(x,c_1))+\sum_{k=1}^n\bigl[p_k(\min(\max(x,c_k),c_{k+1}))-p_k(c_k)+J_kH_k(x-c_k)\bigr],
    \qquad J_k=p_k(c_k)-p_{k-1}(c_k),

where :math:`H_k(0)` is 1 if the case to the right holds at :math:`c_k` itself and 0 otherwise: docs/activations.md,
"Cases".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import sympy
from sympy import oo

from ..errors import DerivationGap, SpecError
from .functions import X
from .pieces import number_sign, pieces, value_at
from .signs import sample, vanishes, zeros

MAX_CASES = 16
"""Most points at which the case changes."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """``difference > 0``, or ``>= 0`` when not strict."""

    difference: sympy.Expr
    strict: bool


@dataclass(frozen=True, slots=True)
class AllOf:
    """All of the conditions hold."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of the conditions holds."""

    parts: tuple[Condition, ...]


Condition = Comparison | AllOf | AnyOf


def conditional(cases: Sequence[tuple[Condition, sympy.Expr]], otherwise: sympy.Expr) -> sympy.Expr:
    """The function equal to the first case whose condition holds, and to ``otherwise`` where none does.

    Raises :class:`SpecError` when the conditions do not change at known rational points, or when a case has no value
    where it begins or ends.

    >>> conditional([(Comparison(X, strict=True), X)], sympy.exp(X) - 1)
    exp(Min(0, x)) + Max(0, x) - 1
    """
    try:
        return _written(cases, otherwise)
    except DerivationGap as gap:
        raise SpecError(str(gap)) from None


def _written(cases: Sequence[tuple[Condition, sympy.Expr]], otherwise: sympy.Expr) -> sympy.Expr:
    cuts = sorted({point for condition, _ in cases for point in _switches(condition)})
    if len(cuts) > MAX_CASES:
        raise SpecError(f"the case changes at more than {MAX_CASES} points: write a simpler condition.")
    edges = [-oo, *cuts, oo]
    held = [_chosen(cases, otherwise, sample(lo, hi)) for lo, hi in pairwise(edges)]
    total = held[0].xreplace({X: sympy.Min(X, cuts[0])}) if cuts else held[0]
    for k, cut in enumerate(cuts, start=1):
        left, right = value_at(held[k - 1], cut), value_at(held[k], cut)
        clipped = sympy.Max(X, cut) if k == len(cuts) else sympy.Min(sympy.Max(X, cut), cuts[k])
        total += held[k].xreplace({X: clipped}) - right
        total += _jump(left, right, _chosen(cases, otherwise, cut), cut)
    return total


def _jump(left: sympy.Expr, right: sympy.Expr, case: sympy.Expr, cut: sympy.Rational) -> sympy.Expr:
    """The jump at a point, with the value of the case that holds there."""
    here = value_at(case, cut)
    if _same(left, right) and _same(here, left):
        return sympy.Integer(0)
    for side, at_zero in ((left, 0), (right, 1)):
        if _same(here, side):
            return (right - left) * sympy.Heaviside(X - cut, at_zero)
    raise SpecError(f"at x = {cut} alone a third case holds: write <= or >= on one side.")


def _same(a: sympy.Expr, b: sympy.Expr) -> bool:
    zero = vanishes(a - b)
    if zero is None:
        raise DerivationGap(f"whether {a} and {b} are equal is not known exactly.")
    return zero


def _switches(condition: Condition) -> set[sympy.Rational]:
    """The points at which the condition may change."""
    if not isinstance(condition, Comparison):
        return {point for part in condition.parts for point in _switches(part)}
    found: set[sympy.Rational] = set()
    for piece in pieces(condition.difference):
        found.update(end for end in (piece.lo, piece.hi) if end.is_finite)
        if vanishes(piece.expression) is not True:
            found.update(zeros(piece.expression, piece.lo, piece.hi))
    return found


def _chosen(cases: Sequence[tuple[Condition, sympy.Expr]], otherwise: sympy.Expr, point: sympy.Rational) -> sympy.Expr:
    return next((case for condition, case in cases if _holds(condition, point)), otherwise)


def _holds(condition: Condition, point: sympy.Rational) -> bool:
    if isinstance(condition, AllOf):
        return all(_holds(part, point) for part in condition.parts)
    if isinstance(condition, AnyOf):
        return any(_holds(part, point) for part in condition.parts)
    sign = number_sign(value_at(condition.difference, point))
    return sign > 0 if condition.strict else sign >= 0
