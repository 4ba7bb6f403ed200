"""Elementary functions in fixed point: integers in units of 2^-bits, with guard digits (section 2)."""

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from itertools import accumulate, count, takewhile
from math import isqrt

from .verdicts import UNSUPPORTED, require

GUARD = 64  # digits beyond those that are asked for
Interval = tuple[Fraction, Fraction]  # the lower and the upper end
TIMES_X = {
    "id": "one",
    "mish": "share",
    "silu": "sigmoid",
    "gelu": "phi",
    "xgaussian": "gaussian",
}  # x times another function


def taylor(first: int, step: Callable[[int, int], int]) -> int:
    """The sum of a series of integers, ``step(term, k)`` being term k, until they vanish (2.1)."""
    return sum(takewhile(bool, accumulate(count(1), step, initial=first)))


def exp(x: int, bits: int) -> int:
    """exp(x) for x <= 0, off by less than 2 units (2.2): x is halved to below 2^-8, and the sum squared as often."""
    halvings, guarded = max(0, (-x).bit_length() - bits + 8), bits + GUARD
    require(halvings <= 40 and bits <= 1 << 13, "proof.kernel.activation", "an exponential beyond 2^-2^32", UNSUPPORTED)
    halved = x << GUARD >> halvings
    total = taylor(1 << guarded, lambda term, k: (term * halved >> guarded) // k)
    for _ in range(halvings):
        total = total * total >> guarded
    return total >> GUARD


def arc(num: int, den: int, bits: int, sign: int) -> int:
    """artan (sign = 1) of num/den in [0, 1], or artanh (sign = -1) of at most 1/3; also 2 units (2.4)."""
    guarded, norm = bits + GUARD, den * den + sign * num * num
    ratio = sign * (num * num << guarded) // norm
    first = (num * den << guarded) // norm
    return taylor(first, lambda term, k: (term * ratio >> guarded) * 2 * k // (2 * k + 1)) >> GUARD


@cache
def pi(bits: int) -> int:
    """Machin's formula, off by less than 2 units (2.5)."""
    return 16 * arc(1, 5, bits + 8, 1) - 4 * arc(1, 239, bits + 8, 1) >> 8


@cache
def power(chunk: int, place: int, bits: int) -> int:
    """exp(-chunk 2^(-8 place)), off by less than 2 units, from a table that is filled as it is asked for."""
    return exp(-(chunk << bits >> 8 * place), bits)


def decay(x: int, bits: int) -> int:
    """exp(-x) for x >= 0, off by less than 2 units (2.8): its whole part, four chunks of 8 digits, and Taylor."""
    whole, guarded, rest = x >> bits, bits + GUARD, (x & (1 << bits - 32) - 1) << GUARD
    if whole >= bits:
        return 0
    total = power(whole, 0, guarded)
    for place in (1, 2, 3, 4):
        total = total * power(x >> bits - 8 * place & 255, place, guarded) >> guarded
    series = taylor(1 << guarded, lambda term, k: -(term * rest >> guarded) // k)
    return total * series >> guarded + GUARD


@cache
def table_angle(chunk: int, bits: int) -> int:
    """artan(chunk/256), off by less than 2 units."""
    return arc(chunk, 256, bits, 1)


def angle(sine: int, cosine: int, bits: int) -> int:
    """The angle in [0, pi/2] of a vector of numbers >= 0, not both 0, off by less than 4 units (2.9)."""
    num, den, guarded = min(sine, cosine), max(sine, cosine), bits + GUARD
    chunk = (256 * num + den // 2) // den
    y = (256 * num - chunk * den << guarded) // (256 * den + chunk * num)
    square, power, total, k = y * y >> guarded, y, 0, 1
    while power not in (0, -1):
        total, power, k = total + power // (k if k % 4 == 1 else -k), power * square >> guarded, k + 2
    total = table_angle(chunk, guarded) + total >> GUARD
    return total if sine <= cosine else (pi(bits + 1) >> 2) - total


def half_line_share(rate: int, size: int, bits: int) -> int:
    """The integral of exp(-rate t^2/2) from 0 to size >= 0, as a share of the one over the half line (2.6)."""
    growth = rate * size * size >> 2 * bits
    if growth > 3 * bits // 2 + 12:
        return 1 << bits
    guarded, x = bits + growth + GUARD, size << growth + GUARD
    series = taylor(x, lambda term, k: rate * (term * x >> guarded) * x // ((2 * k + 1) << guarded))
    integral = series * exp(-rate * x * x >> guarded + 1, guarded) >> guarded + growth + GUARD - bits
    return integral // isqrt((pi(bits) << bits) // (2 * rate))


def root(square: Fraction, bits: int) -> Interval:
    """The square root of a number >= 0, to 2^-bits."""
    low = isqrt(max((square.numerator << 2 * bits) // square.denominator, 0))
    return Fraction(low, 1 << bits), Fraction(low + 1, 1 << bits)


def value(name: str, x: int, bits: int) -> int:
    """A known smooth function, off by less than 7 (1 + |x|) units (2.7)."""
    one, size, sign = 1 << bits, abs(x), 1 if x > 0 else -1
    if name in TIMES_X:
        return x * value(TIMES_X[name], x, bits) >> bits
    if name in ("one", "gaussian"):
        return one if name == "one" else exp(-x * x >> bits + 1, bits)
    if name in ("sin", "cos"):  # (2.3)
        odd, guarded = int(name == "sin"), bits + 2 * (size >> bits) + GUARD
        y = x << guarded - bits
        first, square = y if odd else 1 << guarded, y**2 >> guarded
        total = taylor(first, lambda term, k: -(term * square >> guarded) // ((2 * k - 1 + odd) * (2 * k + odd)))
        return total >> guarded - bits
    if name == "atan":
        return sign * (arc(size, one, bits, 1) if size <= one else (pi(bits + 1) >> 2) - arc(one, size, bits, 1))
    if name in ("erf", "phi"):
        share = sign * half_line_share(2 if name == "erf" else 1, size, bits)
        return share if name == "erf" else one + share >> 1
    small = exp(-2 * size if name == "tanh" else -size, bits)
    if name == "tanh":
        return sign * ((one - small) << bits) // (one + small)
    if name == "share":  # tanh(softplus(x)) = (w^2 + 2w)/(w^2 + 2w + 2), w = exp(x), by exp(-|x|)
        part = 2 * small * one + (one * one if x > 0 else small * small)
        return (part << bits) // (part + 2 * (small * small if x > 0 else one * one))
    if name == "softplus":
        return max(x, 0) + 2 * arc(small, 2 * one + small, bits, -1)
    return ((one if x > 0 else small) << bits) // (one + small)  # sigmoid
