r"""Elementary functions of real balls that stay tight on wide and on huge arguments.

A monotone function is evaluated at the two ends of a wide ball, so that ``tanh`` of ``[0 ± 40]`` is ``[0 ± 1]`` and
the exponential of a wide ball stays positive up to rounding. The rules are proved in docs/theory/range-analysis.md,
section 1.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flint import arb, fmpz

WIDE = arb(2) ** -10
"""Radius above which a ball is treated by its end points."""


def hull(a: arb, b: arb) -> arb:
    """The smallest ball at the working precision around two balls; NaN when one of them is."""
    return a.union(b)


def undefined() -> arb:
    """The ball that contains everything."""
    return arb("nan")


def is_wide(x: arb) -> bool:
    """Whether end points are worth two evaluations."""
    return bool(x.rad() > WIDE)


def monotone(point: Callable[[arb], arb], x: arb) -> arb:
    """The range over ``x`` of a function monotone on the real line, given for thin balls."""
    if x.rad() <= WIDE:  # that of NaN is infinite
        return point(x)
    return x if x.is_nan() else hull(point(x.lower()), point(x.upper()))


exp, log, sqrt, sinh, atan, asinh = (
    partial(monotone, point) for point in (arb.exp, arb.log, arb.sqrt, arb.sinh, arb.atan, arb.asinh)
)
sin, cos, tan, sign = arb.sin, arb.cos, arb.tan, arb.sgn


def cosh(x: arb) -> arb:
    if not is_wide(x):
        return x.cosh()
    return hull(x.abs_lower().cosh(), x.abs_upper().cosh())


def _bounded(point: Callable[[arb], arb], values: arb, x: arb) -> arb:
    """``point(x)``, or the ball of all its values where arb knows nothing better."""
    y = point(x)
    return y if y.is_finite() else values


_erfc = partial(_bounded, arb.erfc, arb(1, 1))
tanh = partial(monotone, partial(_bounded, arb.tanh, arb(0, 1)))
erf = partial(monotone, partial(_bounded, arb.erf, arb(0, 1)))
erfc = partial(monotone, _erfc)


def normal_cdf(x: arb) -> arb:
    r""":math:`\Phi(x) = \tfrac12 \operatorname{erfc}(-x/\sqrt2)`, relatively accurate in the left tail.

    >>> normal_cdf(arb(0))
    0.500000000000000
    """
    return monotone(lambda t: _erfc(-t / arb(2).sqrt()) / 2, x)


def sigmoid(x: arb) -> arb:
    r""":math:`1/(1+e^{-x})`."""
    return monotone(lambda t: 1 / (1 + (-t).exp()) if t.mid() > 0 else _left_sigmoid(t.exp()), x)


def _left_sigmoid(e: arb) -> arb:
    return e / (1 + e)


def softplus(x: arb) -> arb:
    r""":math:`\log(1+e^x)`, as :math:`x + \log(1+e^{-x})` on the right."""
    return monotone(lambda t: t + (-t).exp().log1p() if t.mid() > 0 else t.exp().log1p(), x)


def absolute(x: arb) -> arb:
    """``|x|`` between its least and greatest value on the ball."""
    if x.is_nan():
        return x
    return hull(x.abs_lower(), x.abs_upper()) if is_wide(x) else abs(x)


def maximum(x: arb, y: arb) -> arb:
    if not (is_wide(x) or is_wide(y)) or x.is_nan() or y.is_nan():
        return x.max(y)
    return hull(x.lower().max(y.lower()), x.upper().max(y.upper()))


def minimum(x: arb, y: arb) -> arb:
    return -maximum(-x, -y)


def heaviside(x: arb, at_zero: arb) -> arb:
    """The unit step; the value at a ball that is exactly zero is ``at_zero``."""
    if x > 0:
        return arb(1)
    if x < 0:
        return arb(0)
    if x.is_zero():
        return at_zero
    return hull(arb(0), arb(1)).union(at_zero) if not x.is_nan() else x


def multiply(x: arb, y: arb) -> arb:
    """The product; of two wide balls, the hull of the four products of their ends."""
    if x.rad() <= WIDE or y.rad() <= WIDE or not (x.is_finite() and y.is_finite()):
        return x * y
    a, b, c, d = x.lower(), x.upper(), y.lower(), y.upper()
    return hull(hull(a * c, a * d), hull(b * c, b * d))


def reciprocal(x: arb) -> arb:
    """``1/x``; not finite when the ball contains zero."""
    if x.contains(0) or x.is_nan():
        return undefined()
    return hull(1 / x.lower(), 1 / x.upper()) if is_wide(x) else 1 / x


def power(x: arb, n: int) -> arb:
    """``x**n`` for an integer n; tight for even n on balls around zero (where flint's own power is not finite)."""
    if n < 0:
        return reciprocal(power(x, -n))
    if n == 0 or x.is_zero() or not (is_wide(x) or x.contains(0)):
        return x ** fmpz(n)
    if n % 2:
        return hull(x.lower() ** fmpz(n), x.upper() ** fmpz(n))
    return hull(x.abs_lower() ** fmpz(n), x.abs_upper() ** fmpz(n))


def root(x: arb, n: int) -> arb:
    """The n-th root of a ball that contains no negative number; not finite otherwise."""
    if not x.lower() >= 0:
        return undefined()
    return monotone(lambda t: arb(0) if t.is_zero() else t.root(n), x)
