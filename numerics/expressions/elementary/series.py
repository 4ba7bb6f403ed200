r"""Elementary functions of truncated power series over balls; the constant term may be wide.

The constant term of every result is the range over the constant term of the argument (module ``real``); the higher
ones follow from the differential equation of the function. docs/theory/range-analysis.md, section 3.
"""

from __future__ import annotations

from collections.abc import Callable

import flint
from flint import arb, arb_series, fmpz

from . import real

LONG = 12
"""Series longer than this use a closed formula in place of a quadratic recursion."""


def undefined(u: arb_series) -> arb_series:
    """The series that says nothing."""
    return arb_series([arb("nan")] * length(u), prec=length(u))


def length(u: arb_series) -> int:
    """The number of coefficients known of ``u`` within the working length."""
    return min(int(u.prec), int(flint.ctx.cap))


def coefficient(u: arb_series, k: int) -> arb:
    """Coefficient k, undefined where the series is too short to know it: flint gives the exact number 0 there.

    >>> u = arb_series([1, 2], prec=2)
    >>> u[2], coefficient(u, 2)
    (0, nan)
    """
    return u[k] if 0 <= k < length(u) else arb("nan")


def with_constant(u: arb_series, value: arb) -> arb_series:
    """``u`` with its constant term replaced."""
    return arb_series([value, *(u[k] for k in range(1, length(u)))], prec=length(u))


def integrated(derivative: Callable[[], arb_series], u: arb_series, value: arb) -> arb_series:
    """The series with constant term ``value`` and the derivative ``derivative() * u'``."""
    n = length(u)
    if n == 1:
        return arb_series([value], prec=1)
    slope = derivative() * u.derivative()
    return arb_series([value, *(coefficient(slope, k - 1) / k for k in range(1, n))], prec=n)


def _around(u: arb_series) -> arb_series:
    return with_constant(u, arb(0))


def exp(u: arb_series) -> arb_series:
    return with_constant(_around(u).exp() * real.exp(u[0]), real.exp(u[0]))


def log(u: arb_series) -> arb_series:
    if not u[0] > 0:
        return undefined(u)
    return integrated(lambda: reciprocal(u), u, real.log(u[0]))


def sqrt(u: arb_series) -> arb_series:
    return root(u, 2)


def root(u: arb_series, n: int) -> arb_series:
    """The n-th root of a series with positive constant term, as ``exp(log(u)/n)``."""
    if not u[0] > 0:
        return undefined(u)
    base = real.root(u[0], n)
    ratio = with_constant(u * real.reciprocal(u[0]), arb(1))
    return with_constant((ratio.log() / n).exp() * base, base)


def power(u: arb_series, n: int) -> arb_series:
    """``u**n``, the first two coefficients by their own formula."""
    if n < 0:
        return reciprocal(power(u, -n))
    if n < 2:
        return u if n else arb_series([1], prec=length(u))
    w = u ** fmpz(n)
    head = [real.power(u[0], n), n * real.multiply(real.power(u[0], n - 1), u[1])]
    size = length(u)
    return arb_series([*head[:size], *(coefficient(w, k) for k in range(2, size))], prec=size)


def multiply(u: arb_series, v: arb_series) -> arb_series:
    w = u * v
    return with_constant(w, real.multiply(u[0], v[0])) if real.is_wide(u[0]) or real.is_wide(v[0]) else w


def reciprocal(u: arb_series) -> arb_series:
    """``1/u``; all coefficients undefined when the constant term contains zero."""
    value = real.reciprocal(u[0])
    if not value.is_finite():
        return undefined(u)
    return with_constant(1 / u, value)


def _by_recursion(u: arb_series, value: arb, square: bool) -> arb_series:
    """Solution of ``f' = (1 - f**2) u'`` (square) or ``f' = f (1 - f) u'`` with the given constant term."""
    n = length(u)
    f, slope = [value], [1 - real.power(value, 2) if square else real.multiply(value, 1 - value)]
    for k in range(1, n):
        f.append(sum((j * u[j] * slope[k - j] for j in range(1, k + 1)), arb(0)) / k)
        products = sum((f[j] * f[k - j] for j in range(k + 1)), arb(0))
        slope.append(-products if square else f[k] - products)
    return arb_series(f, prec=n)


def tanh(u: arb_series) -> arb_series:
    if length(u) <= LONG:
        return _by_recursion(u, real.tanh(u[0]), square=True)
    return with_constant(2 * sigmoid(2 * u) - 1, real.tanh(u[0]))


def sigmoid(u: arb_series) -> arb_series:
    value = real.sigmoid(u[0])
    if length(u) <= LONG:
        return _by_recursion(u, value, square=False)
    right = u[0].mid() > 0
    e = exp(-u if right else u)
    return with_constant((1 if right else e) * reciprocal(1 + e), value)


def softplus(u: arb_series) -> arb_series:
    return integrated(lambda: sigmoid(u), u, real.softplus(u[0]))


def sinh(u: arb_series) -> arb_series:
    v = _around(u)
    e, r = v.exp(), (-v).exp()
    return (e - r) / 2 * real.cosh(u[0]) + (e + r) / 2 * real.sinh(u[0])


def cosh(u: arb_series) -> arb_series:
    v = _around(u)
    e, r = v.exp(), (-v).exp()
    return (e + r) / 2 * real.cosh(u[0]) + (e - r) / 2 * real.sinh(u[0])


sin, cos = arb_series.sin, arb_series.cos


def tan(u: arb_series) -> arb_series:
    return multiply(u.sin(), reciprocal(u.cos()))


def atan(u: arb_series) -> arb_series:
    return integrated(lambda: reciprocal(1 + power(u, 2)), u, real.atan(u[0]))


def asinh(u: arb_series) -> arb_series:
    return integrated(lambda: reciprocal(sqrt(1 + power(u, 2))), u, real.asinh(u[0]))


def erf(u: arb_series) -> arb_series:
    return integrated(lambda: exp(-power(u, 2)) * (2 / arb.pi().sqrt()), u, real.erf(u[0]))


def erfc(u: arb_series) -> arb_series:
    return integrated(lambda: exp(-power(u, 2)) * (-2 / arb.pi().sqrt()), u, real.erfc(u[0]))


def normal_cdf(u: arb_series) -> arb_series:
    return integrated(lambda: exp(-power(u, 2) / 2) / (2 * arb.pi()).sqrt(), u, real.normal_cdf(u[0]))


def absolute(u: arb_series) -> arb_series:
    """``|u|`` when the sign of the constant term is certain; undefined otherwise."""
    return u if u[0] > 0 else -u if u[0] < 0 else undefined(u)


def maximum(u: arb_series, v: arb_series) -> arb_series:
    return u if u[0] > v[0] else v if u[0] < v[0] else undefined(u)


def minimum(u: arb_series, v: arb_series) -> arb_series:
    return u if u[0] < v[0] else v if u[0] > v[0] else undefined(u)


def sign(u: arb_series) -> arb_series:
    return arb_series([u[0].sgn()], prec=length(u)) if not u[0].contains(0) else undefined(u)


def heaviside(u: arb_series, at_zero: arb_series) -> arb_series:
    if u[0].contains(0):
        return undefined(u)
    return arb_series([real.heaviside(u[0], at_zero[0])], prec=length(u))
