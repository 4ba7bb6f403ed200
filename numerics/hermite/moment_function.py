r"""Second moments of one activation at many variances, by certified interpolation in the logarithm of the variance.

:math:`m(v) = \mathbb E\,\varphi(\sqrt v z)^2` is an integral against :math:`\sqrt{p}\,e^{-px^2/2}`,
:math:`p = 1/v`, so it is analytic in :math:`s = \log v` for :math:`|\operatorname{Im} s| < \pi/2` whatever
:math:`\varphi` is, and

.. math:: |m(e^s)| \le (\cos\operatorname{Im}s)^{-1/2}\; m\bigl(e^{\operatorname{Re}s}/\cos\operatorname{Im}s\bigr).

A Chebyshev interpolant on the range of the variances therefore has a proved error (Trefethen, *Approximation Theory and
Approximation Practice*, Theorem 8.2). Proof: docs/theory/hermite-coefficients.md, section 8.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from flint import arb, arb_poly

from ...theory.activations.activation import Activation
from ...theory.errors import CertigramError
from ..balls.precision import precision
from .transform import second_moment

FEW = 24
"""Up to so many variances each is computed by itself."""
ANGLES = (1.25, 1.0, 0.7, 0.4)
"""Half-widths of the strips that are tried; the last ones for functions that grow like a Gaussian."""
MOST_NODES = 160
GUARD = 24


def second_moments(activation: Activation, variances: Sequence[arb], bits: int) -> tuple[arb, ...]:
    r"""The means :math:`\mathbb E\,\varphi(\sqrt v z)^2` for positive variances; relative radii of about ``2**-bits``.

    Raises as :func:`~certigram.numerics.hermite.transform.second_moment` does.

    >>> from certigram.theory.activations.activation import activation
    >>> many = [arb(40 + k) / 16 for k in range(64)]
    >>> found = second_moments(activation("relu"), many, 64)
    >>> bool(max(abs(m - v / 2).abs_upper() for m, v in zip(found, many, strict=True)) < 1e-18)
    True
    """
    if len(variances) > FEW:
        found = _interpolated(activation, variances, bits)
        if found is not None:
            return found
    return tuple(second_moment(activation, v, bits) for v in variances)


def _interpolated(activation: Activation, variances: Sequence[arb], bits: int) -> tuple[arb, ...] | None:
    """By interpolation; None where more nodes than variances would be needed."""
    with precision(bits + GUARD):
        logs = [v.log() for v in variances]
        low, high = min(x.lower() for x in logs), max(x.upper() for x in logs)
        middle = ((low + high) / 2).mid()
        half = ((high - low) / 2 + arb((1, -20))).upper()  # every variance lies well inside
        smallest = second_moment(activation, low.exp(), 32).lower()
        if not smallest > 0:
            return None
        chosen: tuple[int, arb] | None = None
        for angle in ANGLES:
            bound = _bound(activation, middle, half, arb(angle))
            if bound is not None:
                size, ratio = bound
                count = _nodes(float((size / smallest).log()), float(ratio), bits)
                if chosen is None or count < chosen[0]:
                    chosen = count, (4 * size * ratio ** (1 - count) / (ratio - 1)).upper()
        if chosen is None or not chosen[0] + 4 < min(len(variances), MOST_NODES):
            return None
        count, error = chosen
    with precision(bits + GUARD + 3 * count):
        values, angles = _samples(activation, middle, half, count, bits + 2 * count.bit_length())
        polynomial, size = _chebyshev([f.mid() for f in values], angles)
        # each of the coefficients c_j is off by at most twice the largest radius, and |T_j| <= 1
        missing = error + 2 * count * max(f.rad() for f in values)
        slope = size * count * count  # Markov: a polynomial of degree n bounded by A on [-1, 1] has a slope of n^2 A
        found = []
        for x in logs:
            t = (x - middle) / half
            if not abs(t) < 1:
                return None
            found.append((polynomial(t.mid()) + arb(0, (missing + slope * t.rad()).upper())).nonnegative_part())
        return tuple(found)


def _bound(activation: Activation, middle: arb, half: arb, angle: arb) -> tuple[arb, arb] | None:
    r"""The pair (M, ρ): a bound of the modulus of m on the ellipse with parameter ρ, whose half-height is ``angle``.

    On it :math:`1/\operatorname{Re}p` lies between :math:`v_0` and V, and the density of variance v is at most
    :math:`\sqrt{V/v}` times that of variance V.
    """
    b = angle / half
    a = (1 + b * b).sqrt()
    cosine = angle.cos()
    largest, least = (middle + half * a).exp() / cosine, (middle - half * a).exp()
    try:
        moment = second_moment(activation, largest.upper(), 32)
    except CertigramError:
        return None
    size = ((largest / least).sqrt() / cosine.sqrt() * moment).upper()
    return (size, (a + b).lower()) if size.is_finite() else None


def _nodes(log_size: float, ratio: float, bits: int) -> int:
    """How many nodes bring the error below ``2**-bits`` of the smallest value."""
    return max(4, math.ceil((log_size + math.log(4 / (ratio - 1)) + (bits + 2) * math.log(2)) / math.log(ratio)) + 2)


def _samples(activation: Activation, middle: arb, half: arb, count: int, bits: int) -> tuple[list[arb], list[arb]]:
    """The values at the zeros of the Chebyshev polynomial of degree ``count``, and their angles."""
    angles = [arb.pi() * (2 * k + 1) / (2 * count) for k in range(count)]
    return [second_moment(activation, (middle + half * t.cos()).exp(), bits) for t in angles], angles


def _chebyshev(values: Sequence[arb], angles: Sequence[arb]) -> tuple[arb_poly, arb]:
    """The polynomial with these values at the cosines of the angles, and a bound on [-1, 1] of it less its mean."""
    count, size = len(values), arb(0)
    total, before, current = arb_poly([0]), arb_poly([1]), arb_poly([0, 1])
    for j in range(count):
        c = sum((f * (j * t).cos() for f, t in zip(values, angles, strict=True)), arb(0)) * (2 if j else 1) / count
        total, size = total + before * c, size + (abs(c) if j else arb(0))
        before, current = current, arb_poly([0, 2]) * current - before
    return total, size.upper()
