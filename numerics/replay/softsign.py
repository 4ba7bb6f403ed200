"""Hermite coefficients of x/(1 + |x|): one integral by the trapezoid rule, the others by a recursion (3.10)."""

from collections.abc import Callable
from fractions import Fraction
from math import isqrt

from .activations import Terms
from .elementary import GUARD, Interval, decay, pi, root
from .pieces import MAX_DIGITS, Pair, add, at_zero, over, ratio, times
from .verdicts import UNSUPPORTED, require
from .work import free

MAX_RATIO, MAX_NODES = 1 << 20, 1 << 16


def first_integral(p: Fraction, bits: int) -> Pair:
    """The integral of the density/(z + p) over z > 0, by z = exp(u) and the trapezoid rule with n nodes in a unit."""
    guarded, reach = bits + GUARD + 2 * p.denominator.bit_length() - 2 * p.numerator.bit_length() + 4, bits + GUARD
    guarded = max(guarded, bits + GUARD)
    n = (7 * (reach + 8)) // 32 + 1  # exp(2 pi (pi/6) n) > 2^(reach + 8)
    left, right = n * (7 * reach // 10 + 24), n * (isqrt(2 * reach).bit_length() + 1)
    require(left + right <= MAX_NODES, "proof.kernel.activation", "too many nodes", UNSUPPORTED)
    one, total, shift = 1 << guarded, 0, (p.numerator << guarded) // p.denominator
    for k in range(-left, right + 1):
        small = decay((abs(k) << guarded) // n, guarded)
        x = small if k <= 0 else (one << guarded) // small
        square = x * x >> guarded + 1
        total += decay(square, guarded) * x // (x + shift)
    value = (total << guarded) // (n * isqrt(2 * pi(2 * guarded) << 2 * guarded) >> guarded)
    return (value >> guarded - bits) - 2, (value >> guarded - bits) + 2


def softsign(
    terms: Terms, variance: Fraction, order: int, t: int, parity: str = "-", spend: Callable[[int], None] = free
) -> tuple[Fraction, list[Interval], Interval]:
    """What :func:`moments` returns, for one term c softsign(ax): f(sigma z) = c sign(z) (1 - p/(|z| + p))."""
    require(len(terms) == 1, "proof.kernel.activation", "softsign together with another function", UNSUPPORTED)
    sigma = root(variance, t)[0]
    ((factor, _, scale, _),) = terms
    p = 1 / (abs(scale) * sigma)
    require(1 <= MAX_RATIO * p <= MAX_RATIO**2, "proof.kernel.activation", "too steep, or too flat", UNSUPPORTED)
    bits = t + 48 + 4 * int(p * (isqrt(order) + 2)) + 2 * max(0, int(p).bit_length())
    require(bits <= MAX_DIGITS, "proof.kernel.activation", "too flat, or too many digits", UNSUPPORTED)
    spend(bits * bits << 8)  # in the units of a transform
    one, heights = 1 << bits, at_zero(order + 1, bits)
    first = first_integral(p, bits)
    halves = [(one // 2, one // 2), *(over(h, r, bits) for r, h in enumerate(heights[:-1], 1))]  # of h_r over z > 0
    shares = [first]
    for r in range(order):
        low, high = add(
            ratio(shares[r], p),
            times(shares[r - 1], (isqrt(r << 2 * bits), isqrt(r << 2 * bits) + 1), bits) if r else (0, 0),
        )
        shares.append(over(add(halves[r], (-high, -low)), r + 1, bits))
    found, sign = [], factor if scale > 0 else -factor
    for r, (half, share) in enumerate(zip(halves, shares, strict=False)):
        low, high = ratio(share, -p)
        value = ratio(add(half, (low, high)), 2 * sign) if r % 2 else (0, 0)
        found.append((Fraction(value[0], one), Fraction(value[1], one)))
    edge = ratio(heights[0], 1 / p)  # the density at 0, over p
    rest = add(edge, add((-one // 2, -one // 2), ratio(first, p)))  # of the density/(z + p)^2
    square = ratio(add(add((one // 2, one // 2), ratio(first, -2 * p)), ratio(rest, p * p)), 2 * factor**2)
    return sigma, found, (max(Fraction(square[0], one), Fraction(0)), Fraction(square[1], one))


def softsign_slope_square(terms: Terms, sigma: Fraction, t: int) -> Interval:
    """E f'(sigma z)^2 = 2 (c a p^2)^2 times the integral of the density/(z + p)^4 over z > 0 (13.5)."""
    require(len(terms) == 1, "proof.kernel.activation", "softsign together with another function", UNSUPPORTED)
    ((factor, _, scale, _),) = terms
    p = 1 / (abs(scale) * sigma)
    require(1 <= MAX_RATIO * p <= MAX_RATIO**2, "proof.kernel.activation", "too steep, or too flat", UNSUPPORTED)
    bits = t + 48 + 8 * int(p).bit_length() + 8 * int(1 / p).bit_length()
    (edge, _), before, power = at_zero(1, bits), ((1 << bits) // 2,) * 2, first_integral(p, bits)
    for m in (1, 2, 3):  # m J_(m+1) = density(0)/p^m - J_(m-1) + p J_m
        low, high = add(before, ratio(power, -p))
        before, power = power, ratio(add(ratio(edge, 1 / p**m), (-high, -low)), Fraction(1, m))
    low, high = ratio(power, 2 * (factor * scale * p * p) ** 2)
    return max(Fraction(low, 1 << bits), Fraction(0)), Fraction(high, 1 << bits)
