r"""The arcsine on tiles of float64 numbers, with a proved error, by a power series that numpy only adds and multiplies.

With :math:`\arcsin x = x A(x^2)` for :math:`|x| \le 1/2` and
:math:`\arcsin x = \pi/2 - 2\sqrt z\,A(z)`, :math:`z = (1-x)/2`, above; :math:`A(z) = \sum_k a_k z^k` on
:math:`[0, 1/4]`. Proof of :data:`ARCSINE_ERROR`: docs/theory/deep-networks.md, section 5.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from flint import arb

from ..balls.rounding import UNIT
from ..kernels.horner import horner
from ..kernels.points import Floats

TERMS = 25
"""Terms of A: the rest is below 2^-58 on [0, 1/4]."""
ARCSINE_ERROR = 7.0 * UNIT
r"""Bound of :math:`|\tilde y - \arcsin x|` for every float64 x in [-1, 1]."""
COEFFICIENTS: Floats = np.array(
    [float(Fraction(math.comb(2 * k, k), 4**k * (2 * k + 1))) for k in range(TERMS)], dtype=np.float64
)
r""":math:`a_k = \binom{2k}{k} / (4^k (2k+1))`, rounded to nearest."""


def arcsine(x: Floats, out: Floats) -> Floats:
    """arcsin of a contiguous tile of numbers in [-1, 1], within ``ARCSINE_ERROR``, into ``out``.

    >>> x = np.array([[-1.0, 0.5], [1e-9, 0.99]])
    >>> bool(np.abs(arcsine(x, np.empty_like(x)) - np.arcsin(x)).max() < 1e-15)
    True
    """
    size = np.abs(x)
    rest = np.subtract(1.0, size)
    rest *= 0.5
    z = np.multiply(size, size)
    np.minimum(z, rest, out=z)  # x^2 up to 1/2, (1 - |x|)/2 beyond
    horner(COEFFICIENTS, z, out)
    far = size > 0.5
    np.sqrt(z, out=z)
    z *= 2.0
    np.copyto(size, z, where=far)
    out *= size
    np.subtract(math.pi / 2, out, out=rest)
    np.copyto(out, rest, where=far)
    return np.copysign(out, x, out=out)


def arcsine_bound(x: arb) -> arb:
    """An upper bound of the arcsine of a number in [0, 1]."""
    top = x.upper().min(arb(1))
    return top.asin().upper() if top < 1 else (arb.pi() / 2).upper()


def arcsine_change(tau: arb, distance: arb) -> arb:
    r"""An upper bound of :math:`|\arcsin a - \arcsin b|` for :math:`|a|, |b| \le \tau`, :math:`|a-b| \le \delta`,

    .. math:: \min\bigl(\delta/\sqrt{1-\tau^2},\; 2\arcsin\sqrt{\delta/2}\bigr);

    the second holds up to the ends, where the derivative is infinite.
    """
    change: arb = 2 * arcsine_bound((distance / 2).min(arb(1)).sqrt())
    room = 1 - tau * tau
    return change.min(distance / room.sqrt()) if room > 0 else change
