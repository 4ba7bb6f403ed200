r"""Intervals whose ends may be infinite, and the natural interval extension of an expression over them.

The natural extension replaces every node by its range; it is finite-width only where structure alone gives it
(``1 + x**2 >= 1``, ``2 + cos(x) >= 1``), it proves that an expression is defined (and continuous, kinks and jumps
aside) on the whole interval, and it samples nothing. docs/theory/range-analysis.md, section 4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce

import sympy
from flint import arb

from ...theory.errors import DerivationGap
from .elementary import real
from .lowering import constant, the_variable

INFINITY = arb("inf")


@dataclass(frozen=True, slots=True)
class Interval:
    """``[lo, hi]`` with exact ends, possibly infinite."""

    lo: arb
    hi: arb

    @property
    def bounded(self) -> bool:
        """Whether both ends are finite."""
        return bool(self.lo.is_finite() and self.hi.is_finite())

    @property
    def magnitude(self) -> arb:
        """The largest absolute value."""
        return abs(self.lo).max(abs(self.hi))

    @property
    def mignitude(self) -> arb:
        """The least absolute value: zero when the interval contains zero."""
        return self.lo if self.lo > 0 else -self.hi if self.hi < 0 else arb(0)

    def ball(self) -> arb:
        """The smallest ball around a bounded interval."""
        return real.hull(self.lo, self.hi)


def around(x: arb) -> Interval:
    """The interval of a ball."""
    return Interval(x.lower(), x.upper())


def between(low: arb, high: arb) -> Interval:
    """From the lower end of one ball to the upper end of another; NaN becomes infinity."""
    return Interval(
        -INFINITY if low.is_nan() else low.lower(),
        INFINITY if high.is_nan() else high.upper(),
    )


def line() -> Interval:
    """The real line."""
    return Interval(-INFINITY, INFINITY)


def add(a: Interval, b: Interval) -> Interval:
    return between(a.lo + b.lo, a.hi + b.hi)


def _product(x: arb, y: arb) -> arb:
    return arb(0) if x.is_zero() or y.is_zero() else x * y


def multiply(a: Interval, b: Interval) -> Interval:
    products = [_product(x, y) for x in (a.lo, a.hi) for y in (b.lo, b.hi)]
    return between(reduce(arb.min, products), reduce(arb.max, products))


def power(a: Interval, n: int) -> Interval:
    """``a**n`` for a positive integer n."""
    if n % 2:
        return between(a.lo**n, a.hi**n)
    return between(a.mignitude**n, a.magnitude**n)


def reciprocal(a: Interval) -> Interval:
    """``1/a`` for an interval without zero."""
    if a.lo > 0 or a.hi < 0:
        return between(_inverse(a.hi), _inverse(a.lo))
    raise DerivationGap("the denominator may vanish")


def _inverse(x: arb) -> arb:
    return 1 / x if x.is_finite() else arb(0)


RANGES: dict[str, tuple[str, str]] = {
    "exp": ("0", "inf"),
    "tanh": ("-1", "1"),
    "erf": ("-1", "1"),
    "erfc": ("0", "2"),
    "sigmoid": ("0", "1"),
    "normal_cdf": ("0", "1"),
    "softplus": ("0", "inf"),
    "cosh": ("1", "inf"),
    "sinh": ("-inf", "inf"),
    "asinh": ("-inf", "inf"),
}
"""The range of each function on the real line."""

INCREASING = ("exp", "tanh", "erf", "sigmoid", "normal_cdf", "softplus", "sinh", "asinh", "atan")


def _clip(name: str, image: Interval) -> Interval:
    if name not in RANGES:
        return image
    low, high = map(arb, RANGES[name])
    return Interval(image.lo.max(low), image.hi.min(high))


def _at(function: Callable[[arb], arb], x: arb) -> arb:
    return function(x) if x.is_finite() else arb("nan")


def _function(name: str, args: list[Interval], node: sympy.Expr) -> Interval:
    a = args[0]
    if name in INCREASING:
        image = between(_at(getattr(real, name), a.lo), _at(getattr(real, name), a.hi))
        if name == "atan":
            half = (arb.pi() / 2).upper()
            return Interval(image.lo.max(-half), image.hi.min(half))
        return _clip(name, image)
    if name == "erfc":
        return _clip(name, between(_at(real.erfc, a.hi), _at(real.erfc, a.lo)))
    if name == "cosh":
        return _clip(name, between(a.mignitude.cosh(), _at(real.cosh, a.magnitude)))
    if name in {"sin", "cos"}:
        image = around(getattr(real, name)(a.ball())) if a.bounded else line()
        return Interval(image.lo.max(arb(-1)), image.hi.min(arb(1)))
    if name == "Abs":
        return Interval(a.mignitude, a.magnitude)
    if name == "Max":
        return Interval(reduce(arb.max, [b.lo for b in args]), reduce(arb.max, [b.hi for b in args]))
    if name == "Min":
        return Interval(reduce(arb.min, [b.lo for b in args]), reduce(arb.min, [b.hi for b in args]))
    if name == "Heaviside":
        if a.lo > 0 or a.hi < 0:
            return around(arb(1 if a.lo > 0 else 0))
        return Interval(arb(0).min(args[1].lo), arb(1).max(args[1].hi))
    if name == "sign":
        return around(arb(1 if a.lo > 0 else -1)) if a.lo > 0 or a.hi < 0 else Interval(arb(-1), arb(1))
    raise DerivationGap(f"no rule gives the range of {name} in {node}.")


def natural_range(expr: sympy.Expr, over: Interval | None = None) -> Interval:
    """An interval that contains every value of the expression for x in ``over`` (the whole line by default).

    Raises :class:`DerivationGap` when the expression may be undefined there.

    >>> x = sympy.Symbol("x", real=True)
    >>> natural_range(1 / (1 + x**2))
    Interval(lo=0, hi=1.00000000000000)
    """
    domain = line() if over is None else over
    variable = the_variable(expr)
    known: dict[sympy.Expr, Interval] = {}

    def visit(node: sympy.Expr) -> Interval:
        if node not in known:
            known[node] = compute(node)
        return known[node]

    def compute(node: sympy.Expr) -> Interval:
        if node == variable:
            return domain
        if not node.free_symbols:
            value = constant(node)
            if not value.is_finite():
                raise DerivationGap(f"the constant {node} is not a real number.")
            return around(value)
        if isinstance(node, sympy.Add):
            return reduce(add, [visit(a) for a in node.args])
        if isinstance(node, sympy.Mul):
            return reduce(multiply, [visit(a) for a in node.args])
        if isinstance(node, sympy.Pow):
            return _power(node, visit)
        name = type(node).__name__
        args = [visit(a) for a in node.args]
        if name == "log":
            if not args[0].lo > 0:
                raise DerivationGap(
                    f"the argument of {node} is not bounded away from zero by its structure: add a constant to it."
                )
            return between(args[0].lo.log(), _at(real.log, args[0].hi))
        return _function(name, args, node)

    return visit(expr)


def _power(node: sympy.Pow, visit: Callable[[sympy.Expr], Interval]) -> Interval:
    base, exponent = node.args
    if not exponent.is_Rational:
        return visit(sympy.exp(exponent * sympy.log(base), evaluate=False))
    a = visit(base)
    if exponent.q != 1:
        if not a.lo >= 0:
            raise DerivationGap(f"the base of {node} may be negative: a root needs a base that is not, as 1 + x**2.")
        q = int(exponent.q)
        a = between(real.root(a.lo, q) if a.lo > 0 else arb(0), _at(lambda t: real.root(t, q), a.hi))
    n = int(exponent.p)
    if n > 0:
        return power(a, n)
    try:
        return reciprocal(power(a, -n))
    except DerivationGap:
        raise DerivationGap(
            f"the denominator of {node} is not bounded away from zero by its structure: write a function without a "
            "division by zero, as in 1/(1 + x**2)."
        ) from None
