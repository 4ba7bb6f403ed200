"""Numbers that are known up to a radius, in fixed point: middle and radius in units of 2^-bits (section 12)."""

from fractions import Fraction
from math import isqrt
from typing import NamedTuple

from .verdicts import UNSUPPORTED, require


class Ball(NamedTuple):
    """Every number within ``radius`` units of ``middle`` units."""

    middle: int
    radius: int


def ball(q: Fraction, bits: int, radius: int = 0) -> Ball:
    """A rational number, rounded down, and a radius more."""
    low, rest = divmod(q.numerator << bits, q.denominator)
    return Ball(low, radius + bool(rest))


def plus(a: Ball, b: Ball) -> Ball:
    """The sum."""
    return Ball(a.middle + b.middle, a.radius + b.radius)


def times(a: Ball, b: Ball, bits: int) -> Ball:
    """The product; one unit for what is rounded of the middle, one for what is rounded of the radius."""
    spread = abs(a.middle) * b.radius + abs(b.middle) * a.radius + a.radius * b.radius
    return Ball(a.middle * b.middle >> bits, (spread >> bits) + 2)


def multiple(a: Ball, q: Fraction) -> Ball:
    """A rational multiple."""
    return Ball(a.middle * q.numerator // q.denominator, -(-a.radius * abs(q.numerator) // q.denominator) + 1)


def quotient(a: Ball, b: Ball, bits: int) -> Ball:
    """a/b for b > 0: |a/b - a'/b'| <= (r b' + |a'| r')/(b' (b' - r'))."""
    low = b.middle - b.radius
    require(low > 0, "proof.kernel", "a division by what may be 0: too few digits", UNSUPPORTED)
    spread = ((a.radius * b.middle + abs(a.middle) * b.radius) << bits) // (b.middle * low)
    return Ball((a.middle << bits) // b.middle, spread + 2)


def root(a: Ball, bits: int) -> Ball:
    """The square root of a number >= 0: two roots differ by at most |x - y|/sqrt(y), and by at most sqrt|x - y|."""
    value, spread = isqrt(max(a.middle, 0) << bits), isqrt(a.radius << bits) + 1
    return Ball(value, min(spread, (a.radius << bits) // value + 1 if value else spread) + 1)
