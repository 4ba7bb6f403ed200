r"""Smooth pieces of a function with kinks, and its derivative almost everywhere.

Abs, Max, Min, sign and Heaviside switch where their arguments (or differences of arguments) vanish. Those zeros are
found exactly, innermost nodes first, and on each interval between them every such node is replaced by the branch that
holds there; see ``docs/activations.md``, "Pieces".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, pairwise

import sympy
from sympy import oo

from ..errors import DerivationGap
from .functions import X
from .signs import constant_sign, nonzero_sign, polynomial, shown, vanishes, zeros
from .size import expanded

KINKED = (sympy.Abs, sympy.Max, sympy.Min, sympy.sign, sympy.Heaviside)
"""The functions that are not smooth."""
MAX_PIECES = 256
"""Most pieces of one function."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A smooth branch: ``expression`` on the interval from ``lo`` to ``hi`` (rational or infinite), ends included."""

    lo: sympy.Expr
    hi: sympy.Expr
    expression: sympy.Expr


@lru_cache(maxsize=512)
def pieces(expression: sympy.Expr, *, branch_points: bool = False) -> tuple[Piece, ...]:
    r"""The smooth pieces of a function, from left to right; they cover the real line and neighbours differ.

    On the open interval of each piece the function equals the piece's expression, which is analytic on the closed one.
    Neighbours with the same expression are merged when the function also takes that value at the point between them.

    With ``branch_points`` the ends of a piece may be zeros of the base of a root, as 0 is for :math:`|x|^{3/2}`; the
    piece's expression is then continuous on the closed interval and analytic on the open one. Raises
    :class:`DerivationGap` when a kink or a singularity cannot be located exactly.

    >>> [(p.lo, p.hi, p.expression) for p in pieces(sympy.Max(sympy.Min(X, 1), -1))]
    [(-oo, -1, -1), (-1, 1, x), (1, oo, 1)]
    >>> [(p.lo, p.hi, p.expression) for p in pieces(sympy.sqrt(abs(X)), branch_points=True)]
    [(-oo, 0, sqrt(-x)), (0, oo, sqrt(x))]
    """
    branches = _split(expression, -oo, oo)
    merged = [branches[0]]
    for branch in branches[1:]:
        last = merged[-1]
        here = branch.expression.xreplace({X: branch.lo})
        same = last.expression == branch.expression or expanded(last.expression - branch.expression) == 0
        if same and vanishes(value_at(expression, branch.lo) - here) is True:
            merged[-1] = Piece(last.lo, branch.hi, last.expression)
        else:
            merged.append(branch)
    for piece in merged:
        if _not_a_number(piece.expression):
            raise DerivationGap(
                f"{shown(expression)} has no finite real value between {piece.lo} and {piece.hi}: give it one there."
            )
        _check_analytic(piece.expression, piece.lo, piece.hi, branch_points)
    return tuple(merged)


def _split(expression: sympy.Expr, lo: sympy.Expr, hi: sympy.Expr) -> list[Piece]:
    nodes = _innermost(expression)
    if not nodes:
        return [Piece(lo, hi, expression)]
    cuts: set[sympy.Rational] = set()
    for node in nodes:
        for switch in _switches(node):
            if switch != 0:
                cuts.update(zeros(switch, lo, hi))
    if len(cuts) >= MAX_PIECES:
        raise DerivationGap(f"the function has more than {MAX_PIECES} pieces: write a simpler one.")
    found: list[Piece] = []
    for left, right in pairwise([lo, *sorted(cuts), hi]):
        branch = _replaced(expression, {node: _branch(node, left, right) for node in nodes})
        found.extend(_split(branch, left, right))
        if len(found) > MAX_PIECES:
            raise DerivationGap(f"the function has more than {MAX_PIECES} pieces: write a simpler one.")
    return found


def _replaced(expression: sympy.Expr, branches: dict[sympy.Expr, sympy.Expr]) -> sympy.Expr:
    """The expression with branches put in; sympy's Max and Min refuse constants that are not real numbers."""
    try:
        return expression.xreplace(branches)
    except ValueError:
        raise DerivationGap(f"{expression} compares numbers that are not real: keep the arguments real.") from None


def _innermost(expression: sympy.Expr) -> list[sympy.Expr]:
    return [node for node in expression.atoms(*KINKED) if not any(child.has(*KINKED) for child in node.args)]


def _switches(node: sympy.Expr) -> list[sympy.Expr]:
    if isinstance(node, (sympy.Max, sympy.Min)):
        return [_difference(a, b) for a, b in combinations(node.args, 2)]
    return [node.args[0]]


def _difference(a: sympy.Expr, b: sympy.Expr) -> sympy.Expr:
    difference = a - b
    poly = polynomial(difference)
    return difference if poly is None else poly.as_expr()


def _branch(node: sympy.Expr, lo: sympy.Expr, hi: sympy.Expr) -> sympy.Expr:
    """The smooth function that a node equals between two neighbouring zeros of its switches."""
    for argument in node.args:
        _check_analytic(argument, lo, hi)
    return _decided(node, node.args, lambda switch: _sign(switch, lo, hi))


def _decided(node: sympy.Expr, arguments: Sequence[sympy.Expr], sign_of: Callable[[sympy.Expr], int]) -> sympy.Expr:
    """What a node is at these arguments, where the signs of its switches are known."""
    if isinstance(node, (sympy.Max, sympy.Min)):
        wanted = 1 if isinstance(node, sympy.Max) else -1
        best, *others = arguments
        for other in others:
            best = other if sign_of(_difference(other, best)) == wanted else best
        return best
    sign = sign_of(arguments[0])
    if isinstance(node, sympy.Abs):
        return sign * arguments[0]
    return sympy.Integer(sign) if isinstance(node, sympy.sign) else sympy.Heaviside(sign, arguments[1])


def _sign(switch: sympy.Expr, lo: sympy.Expr, hi: sympy.Expr) -> int:
    sign = constant_sign(switch, lo, hi)
    if sign is None:
        raise DerivationGap(f"the sign of {switch} between {lo} and {hi} is not known exactly.")
    return sign


def value_at(expression: sympy.Expr, point: sympy.Rational) -> sympy.Expr:
    r"""The exact value of a function at a rational point, its kinks decided by exact signs.

    Raises :class:`DerivationGap` when the sign of an argument there is not known, or when there is no finite value.

    >>> value_at(sympy.Heaviside(X) + sympy.Abs(sympy.tanh(X - 1)), sympy.Integer(0))
    1/2 + tanh(1)
    """
    if not expression.has(*KINKED):
        value = expression.xreplace({X: point})
    else:
        arguments = [value_at(child, point) for child in expression.args]
        if isinstance(expression, KINKED) and not all(value.is_Rational for value in arguments):
            return _decided(expression, arguments, number_sign)
        value = _replaced(expression, dict(zip(expression.args, arguments, strict=True)))
    if _not_a_number(value):
        raise DerivationGap(f"{shown(expression)} has no finite real value at x = {point}: give it one there.")
    return value


def _not_a_number(value: sympy.Expr) -> bool:
    return bool(value.has(sympy.nan, sympy.zoo, oo, -oo, sympy.I))


def number_sign(constant: sympy.Expr) -> int:
    """The sign of a number, 0 where it is proved to vanish; raises :class:`DerivationGap` where it is not known."""
    sign = 0 if vanishes(constant) else constant_sign(constant, sympy.Integer(0), sympy.Integer(0))
    if sign is None:
        raise DerivationGap(f"the sign of {constant} is not known exactly.")
    return sign


def _check_analytic(expression: sympy.Expr, lo: sympy.Expr, hi: sympy.Expr, branch_points: bool = False) -> None:
    """Raise unless the function is proved finite, real and analytic on the closed interval.

    With ``branch_points``, only continuous at its ends.
    """
    for node in sympy.preorder_traversal(expression):
        if isinstance(node, sympy.log):
            if nonzero_sign(node.args[0], lo, hi) != 1:
                raise DerivationGap(
                    f"{node} is not proved to be defined between {lo} and {hi}: its argument must stay positive."
                )
        elif node.is_Pow and not isinstance(node, sympy.exp):
            if not node.has(X) or (node.exp.is_Integer and node.exp > 0):
                continue
            if branch_points and node.exp.is_Rational and node.exp > 0 and _positive_inside(node.base, lo, hi):
                continue
            sign = nonzero_sign(node.base, lo, hi)
            if node.exp.has(X) or sign is None or (sign < 0 and not node.exp.is_Integer):
                raise DerivationGap(
                    f"{node} is not proved to be smooth between {lo} and {hi}: its base must stay away from zero."
                )


def _positive_inside(base: sympy.Expr, lo: sympy.Expr, hi: sympy.Expr) -> bool:
    try:
        return not zeros(base, lo, hi) and constant_sign(base, lo, hi) == 1
    except DerivationGap:
        return False
