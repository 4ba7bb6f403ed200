"""Proof lines as relations that are data, so that a wrong one can be planted in each of them.

An :class:`Equation` is an exact identity; an :class:`Order` an inequality whose margin is written as something that is
manifestly not negative; a :class:`Growth` one that is an equality at the start of a half-line and whose margin grows;
the sides of :class:`Instances` are computed exactly, or enclosed, at random points and where both are equal.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, wraps

import sympy
from flint import arb, fmpq, fmpq_mat

from ..balls.precision import precision
from .identities import identity, same
from .instances import TRIALS, instances, positive_semidefinite
from .registry import Checked, Kind, _discover, line

BITS = 96
Value = fmpq | fmpq_mat | arb
Sides = tuple[Value, Value]


@dataclass(frozen=True, slots=True)
class Equation:
    """Two expressions that are equal for all values of their symbols.

    >>> x = sympy.Symbol("x")
    >>> Equation((x + 1) ** 2, x**2 + 2 * x + 1).holds(), Equation((x + 1) ** 2, x**2 + 1).holds()
    (True, False)
    """

    left: sympy.Expr
    right: sympy.Expr

    def holds(self) -> bool:
        """Whether the difference vanishes identically."""
        return same(self.left, self.right)


@dataclass(frozen=True, slots=True)
class Order:
    """left <= right, because right - left equals a margin that the assumptions of its symbols make non-negative.

    >>> x = sympy.Symbol("x", real=True)
    >>> Order(2 * x, x**2 + 1, (x - 1) ** 2).holds(), Order(2 * x, x**2, (x - 1) ** 2).holds()
    (True, False)
    """

    left: sympy.Expr
    right: sympy.Expr
    margin: sympy.Expr

    def holds(self) -> bool:
        """Whether the margin is the difference, and not negative."""
        return self.margin.is_nonnegative is True and same(self.right - self.left, self.margin)


@dataclass(frozen=True, slots=True)
class Growth:
    """left <= right for all values of the variable from the start on: equal there, and the difference has this slope.

    >>> x = sympy.Symbol("x", nonnegative=True)
    >>> Growth(sympy.log(1 + x), x, x, sympy.Integer(0), x / (1 + x)).holds()
    True
    """

    left: sympy.Expr
    right: sympy.Expr
    variable: sympy.Symbol
    start: sympy.Expr
    slope: sympy.Expr

    def holds(self) -> bool:
        """Whether both facts are identities and the slope is not negative."""
        margin = self.right - self.left
        begins = same(margin.subs(self.variable, self.start), sympy.Integer(0))
        slope = same(sympy.diff(margin, self.variable), self.slope)
        return begins and slope and self.slope.is_nonnegative is True


@dataclass(frozen=True, slots=True)
class Instances:
    """left <= right (in the order of symmetric matrices), or left = right, at random points and at the extremal ones.

    ``change`` is applied to the right side: it plants a wrong statement.
    """

    draw: Callable[[random.Random], Sides]
    seed: int
    extremal: tuple[Sides, ...] = ()
    equal: bool = False
    change: Callable[[Value], Value] | None = None

    def holds(self) -> bool:
        """Whether the relation holds at every instance."""
        rng = random.Random(self.seed)
        with precision(BITS):
            drawn = [self.draw(rng) for _ in range(TRIALS)]
            return all(self._compare(left, right) for left, right in (*drawn, *self.extremal))

    @property
    def exact(self) -> bool:
        """Whether the sides are rational, not balls."""
        with precision(BITS):
            return not isinstance(self.draw(random.Random(self.seed))[0], arb)

    def _compare(self, left: Value, right: Value) -> bool:
        right = self.change(right) if self.change else right
        if isinstance(left, arb) and isinstance(right, arb):
            known = left.is_finite() and right.is_finite()  # what is not finite overlaps everything
            return known and bool(left.overlaps(right) if self.equal else left <= right)
        if self.equal:
            return bool(left == right)
        if isinstance(left, fmpq_mat) and isinstance(right, fmpq_mat):
            return positive_semidefinite(right - left)
        if isinstance(left, fmpq) and isinstance(right, fmpq):
            return bool(left <= right)
        return False  # sides of two kinds are comparable in no sense


Relation = Equation | Order | Growth | Instances
_ARGUMENTS: dict[str, Callable[[], tuple[Relation, ...]]] = {}


def argument(
    name: str, text: str
) -> Callable[[Callable[[], tuple[Relation, ...]]], Callable[[], tuple[Relation, ...]]]:
    """Register the relations behind the proof lines that name them; ``text`` says what was looked at."""

    def register(function: Callable[[], tuple[Relation, ...]]) -> Callable[[], tuple[Relation, ...]]:
        _ARGUMENTS[name] = function

        @wraps(function)
        def check() -> Checked:
            found = function()
            passed = all(relation.holds() for relation in found)
            sampled = [relation for relation in found if isinstance(relation, Instances)]
            if not sampled:
                return identity(passed, text)
            if all(relation.exact for relation in sampled):
                identities = "exact identities too; " if len(sampled) < len(found) else ""
                return instances(passed, identities + text)
            return Checked(Kind.ENCLOSURE, passed, f"{TRIALS} of them, {BITS} bits; {text}")

        line(name)(check)
        return function

    return register


@cache
def relations(name: str) -> tuple[Relation, ...]:
    """The relations behind a line; empty for one whose check is a program of another kind.

    >>> len(relations("descent-step"))
    2
    """
    _discover()
    return _ARGUMENTS[name]() if name in _ARGUMENTS else ()
