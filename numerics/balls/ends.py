"""From balls to floats that are rounded outwards: the one way."""

from __future__ import annotations

import math

from flint import arb

from ...theory.errors import PrecisionExhausted
from .ball import exact
from .enclosure import float_above


class Undecided(PrecisionExhausted, ValueError):
    """A number of a kernel is known too coarsely, or is too large, for what is asked of it."""


def nonnegative(x: arb) -> arb:
    """The part of a ball in [0, ∞), for a number known to be non-negative; a ball inside it is returned as it is."""
    return x if x >= 0 else x.nonnegative_part()


def between(lower: arb, upper: arb) -> arb:
    """A ball that contains [lower, upper], wider by at most a few parts in 2^30: the resolution of a radius."""
    return lower.union(upper)


def within_unit(x: arb) -> arb:
    """The part of a ball inside [-1, 1], for a number known to lie there."""
    return x if x.abs_upper() <= 1 else x.intersection(arb(0, 1))


def upper_float(x: arb) -> float:
    """The least float64 that is at least every number of a finite ball; :class:`Undecided` for one that is not finite.

    >>> upper_float(arb((1, -(10**12)))), upper_float(-arb((1, -(10**12))))
    (5e-324, 0.0)
    """
    upper = x.upper()
    if not upper.is_finite():
        raise Undecided(
            "a number of the kernel is beyond the range of float64, or is not enclosed at this precision: scale the"
            " activation or the variances down, or ask for more bits."
        )
    mantissa, exponent = upper.man_exp()
    size = int(mantissa).bit_length() + int(exponent)  # |upper| < 2^size
    if mantissa != 0 and size < -1100:
        return math.ulp(0.0) if mantissa > 0 else 0.0
    return float_above(exact(upper))


def outward(x: arb) -> tuple[float, float]:
    """The ends of a ball as float64 numbers, rounded outwards; a ball that is not finite says nothing.

    >>> outward(arb((1, -(10**9)))), outward(arb("nan"))
    ((0.0, 5e-324), (-inf, inf))
    """
    return (0.0 - upper_float(-x), upper_float(x)) if x.is_finite() else (-math.inf, math.inf)


def float_ball(x: arb) -> tuple[float, float]:
    """A float64 midpoint and the least radius that make a ball around ``x``; :class:`Undecided` where there is none.

    >>> float_ball(arb((1, -(10**9)))), float_ball(arb(3))
    ((0.0, 5e-324), (3.0, 0.0))
    """
    mid = float(x.mid())
    return mid, upper_float(abs(x - arb(mid)))
