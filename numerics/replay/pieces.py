"""Hermite coefficients of sums of hinges and one-sided exponentials, in closed form and in intervals (3.9)."""

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from math import floor, isqrt

from .activations import Terms
from .elementary import Interval, exp, half_line_share, pi, root
from .verdicts import UNSUPPORTED, require
from .work import free

MAX_DIGITS, MAX_WORK = 1 << 13, 1 << 31  # the last: half a minute
Pair = tuple[int, int]  # the ends of an interval, in units of 2^-bits
Piece = tuple[Fraction | None, int, Fraction, Fraction]  # t, k, b, c: c z^k exp(bz) on z < t, or on the whole line


def add(a: Pair, b: Pair) -> Pair:
    """The sums of two intervals."""
    return a[0] + b[0], a[1] + b[1]


def times(a: Pair, b: Pair, bits: int) -> Pair:
    """The products of two intervals, rounded outwards."""
    ends = [x * y for x in a for y in b]
    return min(ends) >> bits, -(-max(ends) >> bits)


def ratio(a: Pair, q: Fraction) -> Pair:
    """The multiples of an interval by a rational number, rounded outwards."""
    low, high = sorted((a[0] * q.numerator, a[1] * q.numerator))
    return low // q.denominator, -(-high // q.denominator)


def over(a: Pair, r: int, bits: int) -> Pair:
    """An interval divided by the root of r >= 1."""
    low = isqrt(r << 2 * bits)
    ends = [(x << bits) // (low + up) for x in a for up in (0, 1)]
    return min(ends), max(ends) + 1


def density(bits: int) -> Pair:
    """1/sqrt(2 pi)."""
    mean = isqrt(2 * pi(2 * bits) << 2 * bits)
    return (1 << 3 * bits) // (mean + 4), (1 << 3 * bits) // (mean - 4) + 1


def at_zero(order: int, bits: int) -> list[Pair]:
    """The density times h_r at 0, for r <= order: sqrt(r) h_r(0) = -sqrt(r - 1) h_(r - 2)(0)."""
    found = [density(bits), (0, 0)]
    for r in range(2, order + 1):
        low, high = times(found[r - 2], (isqrt(r - 1 << 2 * bits), isqrt(r - 1 << 2 * bits) + 1), bits)
        found.append(over((-high, -low), r, bits))
    return found


def gauss(square: Fraction, bits: int) -> Pair:
    """exp(-square/2), from exp, which is off by less than 2 units."""
    value = exp(-floor(square / 2 * 2**bits), bits)
    return max(value - 3, 0), value + 3


def normal(x: Fraction, bits: int) -> Pair:
    """The distribution function of the standard normal law."""
    share = half_line_share(1, floor(abs(x) * 2**bits), bits)
    value = (1 << bits) + (share if x > 0 else -share) >> 1
    return max(value - 4, 0), value + 4


def split(terms: Terms, sigma: Fraction) -> list[Piece]:
    """f(sigma z) as pieces."""
    found: list[Piece] = []
    for factor, name, scale, shift in terms:
        m, zero = scale * sigma, Fraction(0)
        line: list[tuple[int, Fraction, Fraction]] = [(1, zero, factor * m), (0, zero, factor * shift)]
        rise = [(0, m, factor), (0, zero, -factor)]  # exp(mz) - 1
        if name == "one":
            found.append((None, 0, zero, factor))
        elif name == "id":
            found.append((None, 1, zero, factor * m))
        else:  # relu(mz + shift), and elu(mz) = relu(mz) + exp(min(mz, 0)) - 1
            kink = -shift / m
            if m > 0:
                found += [(None, *part) for part in line] + [(kink, k, b, -c) for k, b, c in line]
            else:
                found += [(kink, *part) for part in line]
            if name == "elu" and m > 0:
                found += [(kink, *part) for part in rise]
            elif name == "elu":
                found += [(None, *part) for part in rise] + [(kink, k, b, -c) for k, b, c in rise]
    return found


def closed(
    terms: Terms, variance: Fraction, order: int, t: int, parity: str = "-", spend: Callable[[int], None] = free
) -> tuple[Fraction, list[Interval], Interval]:
    """What :func:`moments` returns, for terms one, id, relu and elu: sigma, E f h_r for r <= order, E f^2."""
    sigma = root(variance, t)[0]
    return sigma, *summed(split(terms, sigma), order, t, spend)


def slope_square(terms: Terms, sigma: Fraction, t: int, spend: Callable[[int], None] = free) -> Interval:
    """E f'(sigma z)^2: a piece c z^k exp(bz) of f(sigma z) has the derivative c (k + bz) exp(bz), k <= 1 (13.4)."""
    parts = [piece for kink, k, b, c in split(terms, sigma) for piece in ((kink, k, b, b * c), (kink, 0, b, k * c))]
    low, high = summed([piece for piece in parts if piece[3]], 0, t, spend)[1]
    return low / sigma**2, high / sigma**2


def summed(parts: list[Piece], order: int, t: int, spend: Callable[[int], None]) -> tuple[list[Interval], Interval]:
    """The coefficients and the second moment of a sum of pieces."""
    zero = Fraction(0)
    steep = max((abs(b) for _, _, b, _ in parts), default=zero)
    far = max((abs(kink) for kink, _, _, _ in parts if kink is not None), default=zero)
    bits = 2 * t + 80 + 12 * int(steep * steep + 1) + 4 * int((far + steep) * (isqrt(order) + 1))
    work = (len(parts) * bits) ** 2
    quick = bits <= MAX_DIGITS and work <= MAX_WORK
    require(quick, "proof.kernel.activation", "too steep, or too many digits", UNSUPPORTED)
    spend(16 * work)  # in the units of a transform
    one, mean = 1 << bits, density(bits)
    roots = [isqrt(r << 2 * bits) for r in range(order + 3)]

    @cache
    def start(kink: Fraction | None, b: Fraction) -> tuple[Pair, Pair]:
        """The integral of exp(bz) over z < kink, and exp(bz) times the density at the kink."""
        low, high = gauss(b * b, bits)
        grown = (one << bits) // high, (one << bits) // max(low, 1) + 1
        if kink is None:
            return grown, (0, 0)
        return times(grown, normal(kink - b, bits), bits), times(
            times(grown, gauss((kink - b) ** 2, bits), bits), mean, bits
        )

    @cache
    def hermite(kink: Fraction) -> list[Pair]:
        """h_r at a kink."""
        found, before = [(one, one)], (0, 0)
        for r in range(order + 1):
            back = times(before, (roots[r], roots[r] + 1), bits)
            moved = add(ratio(found[r], kink), (-back[1], -back[0]))
            before = found[r]
            found.append(over(moved, r + 1, bits))
        return found

    @cache
    def integrals(kink: Fraction | None, b: Fraction) -> list[Pair]:
        """I_r, the integrals of exp(bz) h_r(z) times the density over z < kink."""
        first, edge = start(kink, b)
        found, heights = [first], hermite(kink) if kink is not None else [(0, 0)] * (order + 2)
        for r in range(1, order + 2):
            low, high = times(edge, heights[r - 1], bits)
            found.append(over(add(ratio(found[r - 1], b), (-high, -low)), r, bits))
        return found

    coefficients = [(0, 0)] * (order + 1)
    for kink, k, b, c in parts:
        known = integrals(kink, b)
        for r in range(order + 1):
            value = known[r]
            if k:  # z h_r = sqrt(r + 1) h_(r + 1) + sqrt(r) h_(r - 1)
                value = times(known[r + 1], (roots[r + 1], roots[r + 1] + 1), bits)
                value = add(value, times(known[r - 1], (roots[r], roots[r] + 1), bits) if r else (0, 0))
            coefficients[r] = add(coefficients[r], ratio(value, c))
    square = (0, 0)
    for (s, j, a, c), (u, k, b, d) in ((x, y) for x in parts for y in parts):
        kink = min((x for x in (s, u) if x is not None), default=None)
        whole, edge = start(kink, a + b)
        first = add(ratio(whole, a + b), (-edge[1], -edge[0]))
        moved = (0, 0) if kink is None else ratio(edge, -kink)
        moment = (whole, first, add(add(whole, ratio(first, a + b)), moved))[j + k]
        square = add(square, ratio(moment, c * d))
    rational = [(Fraction(low, one), Fraction(high, one)) for low, high in coefficients]
    return rational, (max(Fraction(square[0], one), Fraction(0)), Fraction(square[1], one))
