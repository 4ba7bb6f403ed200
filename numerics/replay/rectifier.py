"""The arc-cosine kernel in closed form, and the fixed points of the equilibrium model with ReLU (section 10)."""

from fractions import Fraction
from math import isqrt

from .balls import Ball
from .elementary import angle, pi
from .matrix import Matrix, Rows, cosines

GUARD, STEPS = 16, 64  # digits beyond those of the entries; of Newton's method, which takes a few


def arc_cosine(t: int, bits: int) -> tuple[int, int]:
    """2 pi g(t) = sqrt(1 - t^2) + (pi - arccos t) t, |t| <= 1, and pi - arccos t, off by less than 10 units (10.1)."""
    height = isqrt((1 << 2 * bits) - t * t)
    turned = angle(height, abs(t), bits)
    turned = turned if t < 0 else pi(bits) - turned
    return height + (turned * t >> bits), turned


def angle_of(t: int, off: int, bits: int) -> tuple[Ball, Ball, int]:
    """pi - arccos t and sqrt(1 - t^2), |t| <= 1; what the former may move where t is off by so many units (10.1)."""
    one = 1 << bits
    room, far = one * one - min(abs(t) + off, one) ** 2, 3 * (isqrt(off << bits) + 1)
    moved = min(far, (off << bits) // max(isqrt(room), 1) + 1) if room > 0 else far
    high, turned = isqrt(one * one - t * t), arc_cosine(t, bits)[1]
    return Ball(turned, 10), Ball(high, 1), moved


def correlation(cosine: int, feedback: Fraction, bits: int) -> tuple[int, int, int]:
    """The fixed point r of r = (1 - w) c + 2 w g(r), w = feedback < 1; how far it may be off (10.2); 2 pi g there."""
    r, (a, b), circle = cosine, feedback.as_integer_ratio(), pi(bits)
    for _ in range(STEPS):
        value, turned = arc_cosine(r, bits)
        if not a:
            return r, 2, value
        gap = ((b - a) * cosine + (a * value << bits) // circle) // b - r
        step = gap * b * circle // (b * circle - a * turned)
        if abs(step) <= 1:
            return r, (abs(gap) + 32) * b // (b - a) + 1, value
        r = min(max(r + step, -1 << bits), 1 << bits)
    return r, 2 << bits, arc_cosine(r, bits)[0]


def rectified(inner: Rows, feedback: Fraction, variance: Fraction, bits: int) -> Matrix:
    """The lower triangle of s g(rho_ij), s = variance; its diagonal is s/2 (10.3)."""
    wide, rows, errors = bits + GUARD, [], [1] * len(inner)
    num, den = variance.numerator << bits, 2 * pi(wide) * variance.denominator
    for i, j, cosine in cosines(inner, wide):
        if i == j:
            rows.append([0] * i + [num // (2 * variance.denominator)])
            continue
        _, off, value = correlation(min(max(cosine, -1 << wide), 1 << wide), feedback, wide)
        rows[i][j] = value * num // den
        lost = int((off + 8) * variance / 2**GUARD) + 2
        errors[i], errors[j] = errors[i] + lost, errors[j] + lost
    return Matrix(rows, errors, Fraction(1, 1 << bits))
