r"""Closed forms of the table, evaluated in balls without loss near the boundary |rho| = 1.

Rational subexpressions stay rational, so that :math:`ab-c^2` never cancels, and :math:`\arcsin t` is computed as
:math:`\operatorname{atan2}(t,\sqrt{1-t^2})` with :math:`1-t^2` exact when :math:`t^2` is rational. On balls, the
arguments of the square root and of the arcsine are cut to their domain, which the valid covariances in the balls
satisfy (docs/theory/dual-activations.md, section 4).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import sympy
from flint import arb, fmpq

from ...theory.closed_forms import A, B, C
from ...theory.errors import DerivationGap
from ..balls.precision import MAX_BITS, precision
from ..expressions.elementary import real
from ..expressions.lowering import constant
from .covariance import Covariance, Number

Value = fmpq | arb

_FUNCTIONS: dict[type, Callable[[arb], arb]] = {
    sympy.exp: real.exp,
    sympy.erf: real.erf,
    sympy.sin: real.sin,
    sympy.cos: real.cos,
    sympy.sinh: real.sinh,
    sympy.cosh: real.cosh,
    sympy.atan: real.atan,
}


def closed_value(expression: sympy.Expr, cov: Covariance, bits: int) -> arb:
    """A closed form in ``A``, ``B``, ``C`` at a covariance; with exact entries to relative accuracy 2^-bits.

    The working precision grows until the accuracy is reached or sixteen times the precision has been tried, whatever
    comes first; the ball returned is an enclosure in both cases. Variances must not be exactly zero.
    """
    guard, value = 32, arb("nan")
    while True:
        with precision(min(bits + guard, MAX_BITS)):
            value = Evaluator(cov).value(expression)
        if cov.rational is None or guard > 16 * bits or value.rel_accuracy_bits() >= bits or value.is_exact():
            return value
        guard *= 4


class Evaluator:
    """Values of the subexpressions of one closed form at one covariance: rationals where possible, else balls."""

    def __init__(self, cov: Covariance) -> None:
        entries: tuple[Number, Number, Number] = cov.rational or cov.balls()
        self.known: dict[sympy.Expr, Value] = {}
        for symbol, x in zip((A, B, C), entries, strict=True):
            self.known[symbol] = x if isinstance(x, arb) else fmpq(x.numerator, x.denominator)

    def value(self, node: sympy.Expr) -> arb:
        """The ball around a node."""
        return _ball(self.at(node))

    def at(self, node: sympy.Expr) -> Value:
        if node not in self.known:
            self.known[node] = self._new(node)
        return self.known[node]

    def _new(self, node: sympy.Expr) -> Value:
        if isinstance(node, sympy.Rational):
            return fmpq(int(node.p), int(node.q))
        if node == sympy.pi:
            return arb.pi()
        if node == sympy.E:
            return arb.const_e()
        if isinstance(node, (sympy.Add, sympy.Mul)):
            return self._fold(node)
        if isinstance(node, sympy.Pow):
            return self._power(node)
        if isinstance(node, sympy.asin):
            return self._arcsine(node.args[0])
        function = _FUNCTIONS.get(node.func)
        if function is None and not node.free_symbols:
            return constant(node)
        if function is None:
            raise DerivationGap(f"no rule evaluates {node.func} in a closed form: use the series instead.")
        argument = self.at(node.args[0])
        return function(_ball(argument))

    def _fold(self, node: sympy.Expr) -> Value:
        """Sum or product, the rational operands first and exactly."""
        is_sum = isinstance(node, sympy.Add)
        rational, rest = fmpq(0 if is_sum else 1), []
        for operand in node.args:
            x = self.at(operand)
            if isinstance(x, arb):
                rest.append(x)
            else:
                rational = rational + x if is_sum else rational * x
        if not rest or (not is_sum and rational == 0):
            return rational
        total = arb(rational)
        for x in rest:
            total = total + x if is_sum else real.multiply(total, x)
        return total

    def _power(self, node: sympy.Pow) -> Value:
        base, exponent = self.at(node.base), node.exp
        if not node.free_symbols and not (isinstance(exponent, sympy.Rational) and exponent.q <= 2):
            return constant(node)
        if not isinstance(exponent, sympy.Rational) or exponent.q > 2:
            raise DerivationGap(f"no rule evaluates the power {node} in a closed form: use the series instead.")
        p = int(exponent.p)
        if exponent.q == 2:
            base = _square_root(base)
        if isinstance(base, arb):
            return real.power(base, p)
        if base == 0 and p < 0:
            return arb("nan")
        return base**p

    def _arcsine(self, argument: sympy.Expr) -> Value:
        t = self.value(argument)
        square = self.at(_squared(argument))
        if isinstance(square, fmpq):
            return arb.atan2(t, arb(1 - square).sqrt()) if square < 1 else t.sgn() * arb.pi() / 2
        below, above = t.lower().max(arb(-1)), t.upper().min(arb(1))
        return below.asin().union(above.asin())


@lru_cache(maxsize=256)
def _squared(argument: sympy.Expr) -> sympy.Expr:
    return argument**2


def _square_root(x: Value) -> Value:
    """The square root of a number known to be non-negative; exact for squares of rationals."""
    if isinstance(x, arb):
        return real.sqrt(x.nonnegative_part())
    if x >= 0 and x.p.is_square() and x.q.is_square():
        return fmpq(x.p.isqrt(), x.q.isqrt())
    return arb(x).sqrt()


def _ball(x: Value) -> arb:
    return x if isinstance(x, arb) else arb(x)
