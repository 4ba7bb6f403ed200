"""The power series of the kernel: arithmetic, and the proof of the claimed one without reversion (section 5)."""

from fractions import Fraction
from itertools import accumulate
from math import ceil, isqrt, prod
from operator import mul
from typing import Any

from .activations import parse
from .transform import ZERO, equilibrium
from .verdicts import UNSUPPORTED, fraction, require

MAX_ORDER, MAX_SIZE, GUARD = 1024, 512, 16  # terms; bits of the mass above 1; digits beyond those of the balls
Ball = list[int]  # middle and radius
Series = tuple[list[Ball], Ball, int]  # coefficients, mass, and a bound of the rest, in units of 2^-bits


def multiply(first: list[int], second: list[int]) -> list[int]:
    """The first coefficients of a product of series with non-negative integer coefficients, exactly.

    A product of series is a product of long integers whose digits are the coefficients (Lemma 3). Digit k of it is the
    sum of a_i b_(k-i), at most (sum of all a) (sum of all b); digits are as wide as that, so nothing is ever carried.
    """
    width = (sum(first).bit_length() + sum(second).bit_length()) // 8 + 1
    long = prod(int.from_bytes(b"".join(c.to_bytes(width, "little") for c in x), "little") for x in (first, second))
    digits = long.to_bytes(width * (len(first) + len(second)), "little")
    return [int.from_bytes(digits[k : k + width], "little") for k in range(0, width * len(first), width)]


def compose(outer: list[int], inner: list[int], bits: int, up: int) -> list[int]:
    """The first coefficients of a composition of series with non-negative coefficients, rounded down (up = 0) or up."""
    size, step, room = len(inner), isqrt(len(outer)) + 1, up * ((1 << bits) - 1)
    powers, total = [[1 << bits] + [0] * (size - 1)], [0] * size
    for _ in range(step):
        powers.append([x + room >> bits for x in multiply(powers[-1], inner)])
    for k in reversed(range(0, len(outer), step)):
        moved = multiply(total, powers[step])
        sums = (sum(map(mul, outer[k : k + step], column)) for column in zip(*powers, strict=True))
        total = [(x + room >> bits) + (y + room >> bits) for x, y in zip(moved, sums, strict=True)]
    return total


def prove_series(claim: Any, input_variance: Fraction, bits: int) -> Series:
    """Prove the claimed balls of coefficients and mass, in units of 2^-bits, and of the variance, of 4^-bits."""
    line, one, activation = "proof.kernel.coefficients", 1 << bits + GUARD, claim["activation"]
    claimed = claim["s"], claim["mass"], *claim["coefficients"][: MAX_ORDER + 2]
    require(all(isinstance(pair, list) and len(pair) == 2 for pair in claimed), line, "no balls")
    pairs = [[fraction(x, f"{line}[{r - 2}]") for x in pair] for r, pair in enumerate(claimed)]
    require(all(m.denominator == r.denominator == 1 and 0 <= r >= -m for m, r in pairs), line, "no balls, or negative")
    _, mass_ball, *balls = ([int(m), int(r)] for m, r in pairs)
    variance, mass = ([(m - r) / unit, (m + r) / unit] for (m, r), unit in zip(pairs, (4**bits, 2**bits), strict=False))
    feedback = 2 * Fraction(claim["sigma_w2"])
    require(3 <= len(balls) <= MAX_ORDER + 1, line, "too many or too few")
    require(variance[0] > 0, "proof.kernel.s", "not the variance of a pre-activation")
    large = max(variance[1], mass[1]) >= 1 << MAX_SIZE
    require(not large, "proof.kernel.mass", f"a variance of 2^{MAX_SIZE} or more", UNSUPPORTED)
    order = len(balls) - 1 if parse(activation)[1] == "odd" else len(balls) * 3 // 2 + 32  # (5.5)
    squares, s, q = equilibrium(activation, feedback, input_variance, sum(variance, ZERO) / 2, order, bits)
    for name, (low, high), (a, b) in (("s", s, variance), ("mass", q, mass)):  # (4.3)
        require(a <= low and high <= b, f"proof.kernel.{name}", "the proved value is not inside")
    below, above = ([max(m + sign * r, 0) << GUARD for m, r in balls] for sign in (-1, 1))
    lower = [int((feedback * k + input_variance * one * (r == 1)) / s[1]) for r, k in enumerate(below)]  # (5.1)
    upper = [ceil((feedback * k + input_variance * one * (r == 1)) / s[0]) for r, k in enumerate(above)]
    require(sum(upper) <= one + one // 1024 and upper[0] < one, line, "more than the mass")  # (5.2)
    least = compose([int(a * one) for a, _ in squares], lower, bits + GUARD, 0)
    most = compose([ceil(b * one) for _, b in squares], upper, bits + GUARD, 1)
    tau = max(q[1] - sum(a for a, _ in squares), ZERO) if upper[0] else ZERO  # of the orders that were left out
    power = compose([0] * (order + 1) + [one], upper, bits + GUARD, 1) if tau else [0] * len(balls)
    for r, beyond in enumerate(accumulate(power, max)):  # (5.3), (5.4): Lemma 2
        require(below[r] <= least[r] and most[r] + tau * beyond <= above[r], f"{line}[{r}]", "not proved")
    return balls, mass_ball, ceil(max(mass[1] * one - sum(below), ZERO) / 2**GUARD)
