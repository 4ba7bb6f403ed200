r"""Elementary functions of complex boxes; a result is finite only if the function is analytic on the whole box.

Each function refuses (returns a box that is not finite) whenever the box meets a pole or a branch cut. On boxes that
are wide along the real axis, ``tanh``, ``sigmoid``, ``softplus`` and ``asinh`` use formulas whose enclosure stays
bounded there. The proofs are in docs/theory/range-analysis.md, section 2.
"""

from __future__ import annotations

from flint import acb, arb, fmpz

from . import real

WIDE = arb(2) ** -4


def undefined() -> acb:
    """The box that contains everything."""
    return acb("nan")


def _finite_or_undefined(z: acb) -> acb:
    return z if z.is_finite() else undefined()


def exp(z: acb) -> acb:
    if not real.is_wide(z.real):
        return z.exp()
    return acb(real.exp(z.real)) * acb(z.imag.cos(), z.imag.sin())


def log(z: acb) -> acb:
    """The principal logarithm, off its cut (-inf, 0]."""
    return z.log(analytic=True)


def sqrt(z: acb) -> acb:
    """The principal square root, off its cut (-inf, 0]."""
    return z.sqrt(analytic=True)


def root(z: acb, n: int) -> acb:
    """The principal n-th root, off its cut (-inf, 0]."""
    return sqrt(z) if n == 2 else (log(z) / n).exp()


def power(z: acb, n: int) -> acb:
    """``z**n`` for an integer n; the square of a wide box through the squares of its sides."""
    if n < 0:
        return reciprocal(power(z, -n))
    if n > 1 and n % 2 == 0 and real.is_wide(z.real):
        square = acb(real.power(z.real, 2) - real.power(z.imag, 2), 2 * real.multiply(z.real, z.imag))
        return square if n == 2 else power(square, n // 2)
    return z ** fmpz(n)


def multiply(z: acb, w: acb) -> acb:
    return z * w


def reciprocal(z: acb) -> acb:
    """``1/z``; not finite when the box contains zero."""
    return undefined() if z.contains(0) else _finite_or_undefined(1 / z)


sin, cos, sinh, cosh, erf, erfc = acb.sin, acb.cos, acb.sinh, acb.cosh, acb.erf, acb.erfc


def tan(z: acb) -> acb:
    """``tan z = -i tanh(i z)``."""
    w = tanh(acb(-z.imag, z.real))
    return acb(w.imag, -w.real)


def tanh(z: acb) -> acb:
    r"""``tanh``; on wide boxes with :math:`X = 2\Re z,\ Y = 2\Im z`,

    .. math:: \tanh z = \frac{\tanh X + i \sin Y \operatorname{sech} X}{1 + \cos Y \operatorname{sech} X},

    whose denominator vanishes exactly at the poles.
    """
    if not (z.real.rad() > WIDE):
        w = z.tanh()
        if w.is_finite() or not z.is_finite():
            return w
    x, y = 2 * z.real, 2 * z.imag
    if x.is_nan() or not y.is_finite():
        return undefined()
    sech = _sech(x)
    denominator = 1 + real.multiply(y.cos(), sech)
    if not denominator > 0:
        return undefined()
    inverse = real.reciprocal(denominator)
    return acb(real.multiply(real.tanh(x), inverse), real.multiply(real.multiply(y.sin(), sech), inverse))


def _sech(x: arb) -> arb:
    least, greatest = x.abs_lower(), x.abs_upper()
    low = greatest.sech() if greatest.is_finite() else arb(0)
    return real.hull(low, least.sech())


def sigmoid(z: acb) -> acb:
    """``1/(1 + exp(-z))``, poles at odd multiples of ``i pi``."""
    if not (z.real.rad() > WIDE):
        e = (-z).exp() if z.real.mid() > 0 else z.exp()
        numerator = acb(1) if z.real.mid() > 0 else e
        w = numerator * reciprocal(1 + e)
        if w.is_finite() or not z.is_finite():
            return w
    return (1 + tanh(z / 2)) / 2


def softplus(z: acb) -> acb:
    r"""``log(1 + exp z)`` off the cuts ``{iy : |y| >= pi}``; not finite on boxes that meet them.

    The right half plane uses :math:`z + \log(1+e^{-z})`, the continuation from the positive axis; a wide box uses the
    mean value form :math:`f(m) + f'(z)(z - m)` with :math:`f' =` sigmoid.
    """
    pi = arb.pi()
    if not (abs(z.imag) < pi or z.real < 0 or z.real > 0):
        return undefined()
    if not (z.real.rad() > WIDE):
        if z.real > 0 or (z.real.mid() > 0 and abs(z.imag) < pi):
            return z + log(1 + (-z).exp())
        return log(1 + z.exp())
    middle = acb(z.real.mid(), z.imag)
    slope = acb(arb(0.5, 0.5)) if z.imag.is_zero() else sigmoid(z)
    return softplus(middle) + slope * acb(z.real - z.real.mid())


def _meets_imaginary_cuts(z: acb) -> bool:
    """Whether the box may meet the cuts ``{iy : |y| >= 1}`` of ``atan`` and ``asinh``."""
    return bool(z.real.contains(0)) and not abs(z.imag) < 1


def atan(z: acb) -> acb:
    """The principal arctangent, off its cuts."""
    return undefined() if _meets_imaginary_cuts(z) else _finite_or_undefined(z.atan())


def asinh(z: acb) -> acb:
    """The principal inverse hyperbolic sine, off its cuts; wide boxes by the mean value form."""
    if _meets_imaginary_cuts(z):
        return undefined()
    if not (z.real.rad() > WIDE):
        return _finite_or_undefined(z.asinh())
    middle = acb(z.real.mid(), z.imag)
    slope = reciprocal(sqrt(1 + power(z, 2)))
    return _finite_or_undefined(asinh(middle) + slope * acb(z.real - z.real.mid()))


def normal_cdf(z: acb) -> acb:
    """``erfc(-z/sqrt 2)/2``, entire."""
    return (-z / arb(2).sqrt()).erfc() / 2
