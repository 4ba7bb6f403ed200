r"""The checker's own Hermite coefficients and variance of an equilibrium: standard library and exact integers only.

Part of the independent checker, :mod:`certigram.numerics.replay`, and like it without anything of the prover. Smooth
activations: the midpoint rule with an error bound of its own, all orders from one set of nodes; polynomials and
rectifiers: rational numbers up to 2/pi. The variance: Banach's bound at one exact point. Proofs:
docs/certificate-format.md.
"""

from __future__ import annotations

import re
from fractions import Fraction
from math import factorial, isqrt
from operator import mul
from typing import NamedTuple

ZERO, ONE = Fraction(0), Fraction(1)
Ends = tuple[Fraction, Fraction]


class Stop(Exception):
    """The end of a check: ``Stop(verdict, line, reason)``."""


def require(condition: bool, line: str, reason: str, verdict: str = "INVALID") -> None:
    """Stop unless the condition holds."""
    if not condition:
        raise Stop(verdict, line, reason)


# --- elementary functions: x is an integer at scale 2^-p, the result is off by less than 2 units of 2^-p --------------


def exp(x: int, p: int) -> int:
    """exp(x), x <= 0: the argument is halved h times below 2^-8, 64 guard digits."""
    h, q, k = max(0, (-x).bit_length() - p + 8), p + 64, 0
    t, term = (x << 64) >> h, 1 << q
    total = term
    while term not in (0, -1):
        k += 1
        term = (term * t >> q) // k
        total += term
    for _ in range(h):
        total = total * total >> q
    return total >> 64


def wave(x: int, p: int, odd: int) -> int:
    """sin(x) (odd = 1) or cos(x) (odd = 0), with guard digits for the cancellation."""
    g = 2 * (abs(x) >> p) + 64
    t, k = x << g, 0
    total = term = t if odd else 1 << p + g
    while term not in (0, -1) or k <= g:
        k += 1
        term = -((term * t >> p + g) * t >> p + g) // ((2 * k - 1 + odd) * (2 * k + odd))
        total += term
    return total >> g


def arc(num: int, den: int, p: int, sign: int) -> int:
    """artanh (sign = 1) or artan (sign = -1) of num/den in [0, 1/3]."""
    power, k, total = (num << p + 64) // den, 0, 0
    square = power * power >> p + 64
    while power:
        total += (sign**k) * power // (2 * k + 1)
        power, k = power * square >> p + 64, k + 1
    return total >> 64


def pi(p: int) -> int:
    """Machin's formula."""
    return 16 * arc(1, 5, p + 8, -1) - 4 * arc(1, 239, p + 8, -1) >> 8


def bell(x: int, p: int, a: int) -> int:
    """The integral of exp(-a t^2/2) from 0 to x >= 0, a = 1 or 2, by exp(-a x^2/2) times a series of positive terms."""
    size = a * x * x >> 2 * p
    if size > 3 * p // 2 + 12:  # all but exp(-a x^2/2)/(a x) < 2^-p of the half line
        return isqrt((pi(p + 8) << p + 8) // (2 * a)) >> 8
    q, k = p + size + 64, 0
    y = total = term = x << size + 64
    while term or k <= size + 2:
        k += 1
        term = a * (term * y >> q) * y // ((2 * k + 1) << q)
        total += term
    return total * exp(-a * y * y >> q + 1, q) >> q + size + 64


# name: (L, rho, a, b, parity) with sup|f'| <= L and |f(u + iv)| <= a + b|u| for |v| <= rho
KNOWN: dict[str, tuple[Fraction, int, Fraction, Fraction, str]] = {
    "tanh": (ONE, 1, Fraction(2), ZERO, "odd"),
    "sigmoid": (Fraction(1, 4), 2, Fraction(3, 2), ZERO, ""),
    "softplus": (ONE, 2, Fraction(4), ONE, ""),
    "silu": (Fraction(109985, 100000), 2, Fraction(3), Fraction(3, 2), ""),
    "erf": (Fraction(11283791671, 10**10), 1, Fraction(5), ZERO, "odd"),
    "gelu": (Fraction(112890443, 10**8), 2, Fraction(14), Fraction(7), ""),
    "sin": (ONE, 4, Fraction(28), ZERO, "odd"),
    "cos": (ONE, 4, Fraction(28), ZERO, "even"),
    "relu": (ONE, 0, ZERO, ZERO, ""),
}


def value(name: str, x: int, p: int) -> int:
    """A known smooth function, off by less than 7 (1 + |x|) units of 2^-p."""
    one = 1 << p
    if name in ("sin", "cos"):
        return wave(x, p, name == "sin")
    if name == "tanh":
        return 2 * value("sigmoid", 2 * x, p) - one
    if name in ("erf", "gelu"):
        half = bell(abs(x), p, 2 if name == "erf" else 1) * (1 if x > 0 else -1)
        if name == "erf":
            return (half << p + 1) // isqrt(pi(p) << p)
        return x * (one // 2 + (half << p) // isqrt(2 * pi(p) << p)) >> p
    small = exp(-abs(x), p)
    if name == "softplus":
        return max(x, 0) + 2 * arc(small, 2 * one + small, p, 1)
    logistic = ((one if x > 0 else small) << p) // (one + small)
    return logistic if name == "sigmoid" else x * logistic >> p


NUMBER = r"(-?\d{1,60}(?:/\d{1,60})?)"
TERM = re.compile(NUMBER + r"\*(?:([a-z]+)\(" + NUMBER + r"\*x\)|x\*\*(\d{1,2}))")


class Activation(NamedTuple):
    """A sum of terms c f(ax), f known, and of a polynomial {power: coefficient}; its parity and a bound of sup|f'|."""

    terms: list[tuple[Fraction, str, Fraction]]
    polynomial: dict[int, Fraction]
    parity: str
    lipschitz: Fraction


def parse(text: str, line: str = "proof.kernel.activation") -> Activation:
    """The activation from terms ``c*f(a*x)`` and ``c*x**k`` joined by `` + ``, numbers p or p/q."""
    terms, powers = [], dict.fromkeys(range(100), ZERO)
    require(len(text) <= 2000, line, "longer than 2000 characters", "UNSUPPORTED")
    for match in map(TERM.fullmatch, text.split(" + ", 16)):
        if match is None or (match[2] and match[2] not in KNOWN):
            raise Stop("UNSUPPORTED", line, "a term that is neither c*f(a*x) with a known function nor c*x**k")
        if match[4]:
            powers[int(match[4])] += fraction(match[1], line)
        else:
            terms.append((fraction(match[1], line), match[2], fraction(match[3], line)))
    polynomial = {k: c for k, c in powers.items() if c}
    kinds = {KNOWN[name][4] for _, name, _ in terms} | {("even", "odd")[k % 2] for k in polynomial}
    slope = abs(powers[1]) + sum((abs(c * a) * KNOWN[f][0] for c, f, a in terms), ZERO)
    return Activation(terms, polynomial, kinds.pop() if len(kinds) == 1 else "", slope)


def fraction(text: object, line: str) -> Fraction:
    """An exact rational, written p or p/q."""
    match = re.fullmatch(r"(-?\d{1,1200})(?:/(\d{1,1200}))?", text if isinstance(text, str) else "")
    if match is None or not int(match[2] or 1):
        raise Stop("INVALID", line, "not a rational number written p or p/q")
    return Fraction(int(match[1]), int(match[2] or 1))


def root(q: Fraction, p: int) -> Ends:
    """The square root of a number >= 0, to 2^-p."""
    low = isqrt(max((q.numerator << 2 * p) // q.denominator, 0))
    return Fraction(low, 1 << p), Fraction(low + 1, 1 << p)


def moments(f: Activation, s: Fraction, order: int, t: int) -> tuple[Fraction, list[Ends], Ends]:
    """An exact sigma near the root of s, E f(sigma z) h_r(z) for r <= order, E f(sigma z)^2, all to about 2^-t."""
    p, cut = 2 * t + 80, isqrt(3 * t) + 2
    strip = min(KNOWN[g][1] / max(abs(a) * root(s, 8)[1], Fraction(1, 9)) for _, g, a in f.terms)
    n = int((t * Fraction(7, 10) / strip + isqrt(order) + strip + 3) * Fraction(100, 628)) + 1
    require(n <= 128, "proof.kernel.activation", "too steep for 128 nodes in a unit", "UNSUPPORTED")
    unit = int(root(s, p)[0] * 2**p) // (2 * n)
    sigma, nodes, steep = Fraction(2 * n * unit, 1 << p), range(1 - 2 * n * cut, 2 * n * cut, 2), f.lipschitz
    values, size, noise = [0] * len(nodes), ONE, 2
    for c, name, a in [*f.terms, *((c, "", Fraction(k)) for k, c in f.polynomial.items())]:
        for j, x in enumerate(nodes):
            y = unit * x * a.numerator // a.denominator
            known = value(name, y, p) if name else unit * x if a else 1 << p
            values[j] += known * c.numerator // c.denominator
        _, _, first, second, _ = KNOWN.get(name, (0, 0, ONE - a + a * strip * sigma, a, ""))
        size += abs(c) * (first + second * abs(a) * sigma)
        noise += int(abs(c) * (9 + 9 * abs(a) * sigma * cut)) + 2
    mean = isqrt(2 * pi(2 * p) << 2 * p)
    density = [(exp(-(x * x << 2 * p) // (8 * n * n), 2 * p) << 2 * p) // mean for x in nodes]
    error = 8 * (size + abs(Fraction(values[len(nodes) // 2], 1 << p)) + 2 * steep * sigma) ** 2 / 2**t
    before, hermite, found = [0] * len(nodes), [1] * len(nodes), []

    def total(first: list[int], second: list[int], off: int) -> Ends:  # off: of the first factor; 4 of the second
        lost = 4 * sum(map(abs, first)) + off * (sum(map(abs, second)) + 4 * len(nodes))
        middle = sum(map(mul, first, second))
        return Fraction(middle - lost, n << 2 * p) - error, Fraction(middle + lost, n << 2 * p) + error

    weights = [w >> p for w in density]
    square = total([y * y >> p for y in values], weights, 3 * noise * ((max(map(abs, values)) >> p) + 1))
    for r in range(order + 1):
        divisor = isqrt(factorial(r) << 2 * p) * (2 * n) ** r
        weights = [w * h // divisor for w, h in zip(density, hermite, strict=True)]
        zero = (f.parity, r % 2) in (("odd", 0), ("even", 1))
        found.append((ZERO, ZERO) if zero else total(values, weights, noise))
        grown = [x * h - 4 * n * n * r * g for x, g, h in zip(nodes, before, hermite, strict=True)]
        before, hermite = hermite, grown
    return sigma, found, square


def equilibrium(
    f: Activation, w: Fraction, v: Fraction, s: Fraction, order: int, bits: int
) -> tuple[list[Ends], Ends, Ends]:
    """Enclosures of the squared Hermite coefficients, of the variance (near s), and of the second moment."""
    line, L = "proof.kernel.s", f.lipschitz
    if all(name == "relu" for _, name, _ in f.terms):  # polynomials and rectifiers: rational up to 2/pi
        c, bend = dict(f.polynomial), sum((c * abs(a) / 2 for c, _, a in f.terms), ZERO)
        c[1] = c.get(1, ZERO) + sum((c * a / 2 for c, _, a in f.terms), ZERO)
        require(bend == 0 or set(c) == {1}, line, "a rectifier together with a constant or a power", "UNSUPPORTED")
        s = (v + w * c.get(0, ZERO) ** 2) / (1 - w * (c[1] ** 2 + bend**2))
        exact, squares, half = [], [], ONE
        for r in range(order + 1):
            parts = [(j, c.get(r + 2 * j, ZERO) * factorial(r + 2 * j)) for j in range(50)]
            inner = sum((a * s**j / (factorial(j) << j) for j, a in parts if a), ZERO)
            exact.append(s**r * inner**2 / factorial(r) if inner else ZERO)
            half *= ONE if r < 4 or r % 2 else (r - 3) ** 2  # ((r - 3)!!)^2
            kink = ZERO if r % 2 else bend**2 * s * half / factorial(r) * 2 ** (bits + 17)
            squares.append((exact[r] + kink / (pi(bits + 16) + 2), exact[r] + kink / (pi(bits + 16) - 2)))
        q = sum(exact, bend**2 * s)
        return squares, (s, s), (q, q)
    smooth = all(name != "relu" for _, name, _ in f.terms)
    require(smooth, line, "a rectifier together with another function", "UNSUPPORTED")
    sigma, mu, square = moments(f, s, order, bits + 24)
    p = 2 * bits + 112
    norm, theta = (root(square[0], p)[0], root(square[1], p)[1]), root(w * L**2, p)[1]
    if w:  # Banach's bound at the root of (sigma^2 - v)/w
        require(sigma**2 >= v and theta < 1, line, "smaller than the input variance, or no contraction")
        low, high = root((sigma**2 - v) / w, p)
        error = max(norm[1] - low, high - norm[0]) / (1 - theta)
        low, high, error = max(low - error, ZERO), high + error, error * root(w, p)[1]
    else:
        error = max(abs(end - sigma) for end in root(v, p))
        low, high = max(norm[0] - L * error, ZERO), norm[1] + L * error
    found = []
    for a, b in mu:  # |mu_r(sqrt s) - mu_r(sigma)| <= L |sqrt s - sigma|
        ends = max(a - L * error, -b - L * error, ZERO) ** 2, (max(-a, b) + L * error) ** 2
        found.append(ends if a or b else (a, b))
    return found, (v + w * low * low, v + w * high * high), (low * low, high * high)
