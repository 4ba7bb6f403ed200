r"""The least width at which the theorems are certified, by bisection: m_0 of T1 and of T2.

What is computed at the width that is found is a proof for that width. It speaks of every larger width as well: with ρ,
t_1, ε, the smoothing and the number of passes kept as they are at m_0, every number in the theorems does not increase
with m, because :math:`t_a = \rho\sqrt{8(\log(4/\delta) + 2\log m)/m}` does not (for :math:`\delta\le\frac15`,
:math:`\log(4/\delta) > 2`), with it do not :math:`a, \kappa, \ell, \sigma, p_0, p_a`, and in
:math:`p_0^{1/4}/(\sqrt m\,(a-a_0))` and :math:`p_0^{1/2}/(m(a-a_0))` the factor :math:`\sqrt m\,t_a` in the denominator
grows; sums, products, roots, minima and maxima of such numbers are such numbers
(``docs/papers/deep_equilibrium/width.md``, "The whitened theorem", the corollary). That no smaller width is certified
is not claimed: other choices might do.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from flint import arb

from ....balls.precision import precision
from .gram import Gram, gram
from .setting import BITS, WidthSetting
from .whitened import RHOS, Whitened, whitened

LARGEST_WIDTH = 10**24
"""Widths beyond this are not tried."""
HALF = Fraction(1, 2)


def certified_width(certified: Callable[[int], bool]) -> int | None:
    """A width that is certified while one that is smaller by 1, or by one part in 4096, is not; None up to 10^24.

    >>> certified_width(lambda m: m >= 4050), certified_width(lambda m: False), certified_width(lambda m: True)
    (4050, None, 1)
    """
    low, high = 0, 1
    while not certified(high):
        low, high = high, high * 16
        if high > LARGEST_WIDTH:
            return None
    while high - low > max(1, high >> 12):
        middle = (low + high) // 2 if high < 4 * low else math.isqrt(max(low, 1) * high)
        low, high = (low, middle) if certified(middle) else (middle, high)
    return high


def gram_below(setting: WidthSetting, width: int, distance: arb) -> Gram | None:
    """T1 at a width where :math:`\\lVert G_m - K\\rVert_F` is proved to be at most ``distance``, else None."""
    for rho in RHOS:
        found = gram(setting, width, rho)
        if found is not None and found.distance <= distance:
            return found
    return None


def certified_gram(setting: WidthSetting) -> Gram | None:
    r"""T1: a least width at which :math:`\lVert G_m - K\rVert_F \le \lambda_*/2` with probability at least 1 − δ."""
    with precision(BITS):
        half = (setting.least / 2).lower()
    width = certified_width(lambda m: gram_below(setting, m, half) is not None)
    return None if width is None else gram_below(setting, width, half)


def whitened_below(setting: WidthSetting, width: int, eta: Fraction, delta: Fraction) -> Whitened | None:
    """T2 at a width where the probability of a whitened norm above ``eta`` is proved to be at most ``delta``."""
    found = whitened(setting, width, eta, delta)
    with precision(BITS):
        return found if found is not None and found.failure <= arb(delta.numerator) / delta.denominator else None


def certified_whitened(setting: WidthSetting, eta: Fraction = HALF) -> Whitened | None:
    """T2: a least width at which the whitened norm is at most ``eta`` with probability at least 1 − δ."""
    width = certified_width(lambda m: whitened_below(setting, m, eta, setting.delta) is not None)
    return None if width is None else whitened_below(setting, width, eta, setting.delta)
