r"""The independent checker of certificates: standard library and exact integers only, nothing of the prover.

:func:`check` answers VALID, INVALID (which line, and why) or UNSUPPORTED. Hermite coefficients come from the midpoint
rule, the variance from Banach's bound at one point; the claimed series must be a sub- and a super-solution of F =
kappa((wF + vc)/s); the matrix is made in fixed point, K - cI - LL^T and a Rayleigh quotient in exact integers. Only
:func:`product` may use flint. Every bound is proved in docs/certificate-format.md.

The file works alone: ``python replay.py CERTIFICATE-OR-FOLDER ... [--exact]`` prints one line for each certificate.
Exit status: 0 all are VALID; 1 one is INVALID; 3 none is INVALID, but one is UNSUPPORTED; 2 the command is not usable.
"""

from __future__ import annotations

import json
import re
import struct
import sys
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from hashlib import sha256
from importlib.util import find_spec
from itertools import accumulate, count, takewhile
from math import ceil, factorial, inf, isqrt, lcm, nextafter, prod
from operator import mul
from pathlib import Path
from typing import Any, NamedTuple
from zlib import crc32

FORMAT, ZERO, ONE, MAX_WORK = "certigram-proof/1", Fraction(0), Fraction(1), 1 << 35
VALID, INVALID, UNSUPPORTED = "VALID", "INVALID", "UNSUPPORTED"
MAX_FILE, MAX_POINTS, MAX_NUMBERS, MAX_ORDER, MAX_GRAM, MAX_LIMBS = 1 << 22, 4096, 1 << 24, 1024, 64, 8
MAX_SIZE, MAX_PIVOT = 512, 1 << 16  # bits of the mass above 1; bits of an integer times rows of an input Gram matrix
NUMBER = rb"0|[1-9][0-9]{0,9}"
NPY = rb"\x93NUMPY\x01\x00..{'descr': '<%s8', 'fortran_order': False, 'shape': \((%s), (%s)\), } *\n"
RECORD = {"format", "claim", "system", "activation", "verdict", "method", "lower", "upper", "margin", "seconds"}
RECORD |= {"reason", "hypotheses", "evidence", "detail", "proof", "prover", "digest"}
PROOF = {"format", "system", "statement", "data", "kernel", "witness"}
NAMES = {  # the activations of the catalogue by name, where they are such sums; any other label is the sum itself
    "identity": "1*x**1",
    "normal_cdf": "1*phi(1*x)",
    "abs": "1*relu(1*x) + 1*relu(-1*x)",
    "gaussian": "1*gaussian(1*x)",
    "leaky_relu": "1*relu(1*x) + -1/100*relu(-1*x)",
}
PLAIN = ("relu", "tanh", "atan", "sin", "cos", "sigmoid", "silu", "softplus", "gelu", "erf")
NAMES |= {f: f"1*{f}(1*x)" for f in PLAIN}
TERM = r"(-?[\d/]{1,121})\*(?:([a-z]+)\((-?[\d/]{1,121})\*x\)|x\*\*([01]))"
# f L rho a b parity: sup|f'| <= L, and |f(u + iv)| <= a + b|u| for |v| <= rho; x**0 is "one", x**1 is "id"
TABLE = """one 0 4 1 0 even; id 1 4 4 1 odd; relu 1 0 0 0 -; tanh 1 1 2 0 odd; atan 1 1/2 2 0 odd; sin 1 4 28 0 odd;
    cos 1 4 28 0 even; sigmoid 1/4 2 3/2 0 -; silu 1.09985 2 3 3/2 -; softplus 1 2 4 1 -; phi 0.398943 2 7 0 -;
    gelu 1.12890443 2 14 7 -; erf 1.1283791671 1 5 0 odd; gaussian 0.606531 2 8 0 even; xgaussian 1 2 16 8 odd"""
KNOWN = {x[0]: ([Fraction(y) for y in x[1:5]], x[5]) for x in map(str.split, TABLE.split(";"))}
TIMES_X = {"id": "one", "silu": "sigmoid", "gelu": "phi", "xgaussian": "gaussian"}
Terms = list[tuple[Fraction, str, Fraction]]  # c f(ax)
Ends = tuple[Fraction, Fraction]
Rows = list[list[int]]


class Check(NamedTuple):
    """VALID, INVALID or UNSUPPORTED; the line of the certificate that decided, and the reason or what is proved."""

    verdict: str
    path: str
    line: str
    reason: str


class Stop(Exception):
    """The end of a check: ``Stop(verdict, line, reason)``."""


def require(condition: Any, line: str, reason: str, verdict: str = INVALID) -> None:
    """Stop unless the condition holds."""
    if not condition:
        raise Stop(verdict, line, reason)


def printable(text: str) -> str:
    """Text for one line of a terminal: whatever would not print is escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def fraction(text: Any, line: str) -> Fraction:
    """An exact rational as text, p or p/q in lowest terms."""
    plain = isinstance(text, str) and re.fullmatch(r"-?\d{1,1200}(/\d{1,1200})?", text)
    require(plain and str(Fraction(text)) == text, line, "not a rational number p or p/q in lowest terms")
    return Fraction(text)


def taylor(first: int, step: Any) -> int:
    """The sum of a series of integers, ``step(term, k)`` being term k, until they vanish."""
    return sum(takewhile(bool, accumulate(count(1), step, initial=first)))


def exp(x: int, p: int) -> int:
    """exp(x) for x <= 0 at scale 2^-p, off by less than 2 units: halved h times below 2^-8, 64 guard digits."""
    h, q = max(0, (-x).bit_length() - p + 8), p + 64
    require(h <= 40 and p <= 1 << 13, "proof.kernel.activation", "an exponential beyond 2^-2^32", UNSUPPORTED)
    t = x << 64 >> h
    total = taylor(1 << q, lambda term, k: (term * t >> q) // k)
    for _ in range(h):
        total = total * total >> q
    return total >> 64


def arc(num: int, den: int, p: int, sign: int) -> int:
    """artan (sign = 1) of num/den in [0, 1], or artanh (sign = -1) of at most 1/3, by Euler's series; also 2 units."""
    q, norm = p + 64, den * den + sign * num * num
    y = sign * (num * num << q) // norm
    return taylor((num * den << q) // norm, lambda term, k: (term * y >> q) * 2 * k // (2 * k + 1)) >> 64


@cache
def pi(p: int) -> int:
    """Machin's formula, off by less than 2 units."""
    return 16 * arc(1, 5, p + 8, 1) - 4 * arc(1, 239, p + 8, 1) >> 8


def value(name: str, x: int, p: int) -> int:
    """A known smooth function, off by less than 7 (1 + |x|) units of 2^-p."""
    one, size, sign = 1 << p, abs(x), 1 if x > 0 else -1
    if name in TIMES_X:
        return x * value(TIMES_X[name], x, p) >> p
    if name in ("one", "gaussian"):
        return one if name == "one" else exp(-x * x >> p + 1, p)
    if name in ("sin", "cos"):  # with guard digits for the cancellation
        odd, q = int(name == "sin"), p + 2 * (size >> p) + 64
        first, y = x << q - p if odd else 1 << q, (x << q - p) ** 2 >> q
        return taylor(first, lambda term, k: -(term * y >> q) // ((2 * k - 1 + odd) * (2 * k + odd))) >> q - p
    if name == "atan":
        return sign * (arc(size, one, p, 1) if size <= one else (pi(p + 1) >> 2) - arc(one, size, p, 1))
    if name in ("erf", "phi"):  # exp(-ax^2/2) times a series of positive terms, divided by sqrt(pi/2a)
        a = 2 if name == "erf" else 1
        big = a * x * x >> 2 * p
        q, y, share = p + big + 64, size << big + 64, one
        if big <= 3 * p // 2 + 12:  # beyond, it is 1 - 2^-p at least
            total = taylor(y, lambda term, k: a * (term * y >> q) * y // ((2 * k + 1) << q))
            share = (total * exp(-a * y * y >> q + 1, q) >> q + big + 64 - p) // isqrt((pi(p) << p) // (2 * a))
        return sign * share if name == "erf" else one + sign * share >> 1
    small = exp(-2 * size if name == "tanh" else -size, p)
    if name == "tanh":
        return sign * ((one - small) << p) // (one + small)
    if name == "softplus":
        return max(x, 0) + 2 * arc(small, 2 * one + small, p, -1)
    return ((one if x > 0 else small) << p) // (one + small)  # sigmoid


def parse(text: str) -> tuple[Terms, str, Fraction]:
    """The activation from terms ``c*f(a*x)``, ``c*x**0`` and ``c*x**1`` joined by `` + ``; its parity; sup|f'|."""
    line, parts, found = "proof.kernel.activation", text.split(" + ", 16), []
    for match in (re.fullmatch(TERM, part) for part in parts):
        found += [match.groups()] if match and (match[2] or "id") in KNOWN else []
    require(len(text) <= 2000 and len(found) == len(parts), line, "too long, or an unknown term", UNSUPPORTED)
    terms = [(fraction(c, line), f or ("one", "id")[int(k)], fraction(a or "1", line)) for c, f, a, k in found]
    kinds, slope = {KNOWN[f][1] for _, f, _ in terms}, sum((abs(c * a) * KNOWN[f][0][0] for c, f, a in terms), ZERO)
    return terms, kinds.pop() if len(kinds) == 1 else "-", slope


def root(q: Fraction, p: int) -> Ends:
    """The square root of a number >= 0, to 2^-p."""
    low = isqrt(max((q.numerator << 2 * p) // q.denominator, 0))
    return Fraction(low, 1 << p), Fraction(low + 1, 1 << p)


def moments(terms: Terms, s: Fraction, order: int, t: int) -> tuple[Fraction, list[Ends], Ends]:
    """An exact sigma near the root of s, E f(sigma z) h_r(z) for r <= order, E f(sigma z)^2, all to about 2^-t."""
    p, cut = 2 * t + 80, isqrt(3 * t) + 2
    strip = min(KNOWN[f][0][1] / max(root(a * a * s, 8)[1], Fraction(1, 9)) for _, f, a in terms)
    n = int((t * Fraction(7, 10) / strip + isqrt(order) + strip + 3) * Fraction(100, 628)) + 1
    work = n * cut * p * (order * order // 64 + len(terms) * p * p // 256)
    require(n <= 128 and work <= MAX_WORK, "proof.kernel.activation", "too steep, or too many digits", UNSUPPORTED)
    unit, nodes = int(root(s, p)[0] * 2**p) // (2 * n), range(1 - 2 * n * cut, 2 * n * cut, 2)
    values, sigma, size, noise = [0] * len(nodes), Fraction(2 * n * unit, 1 << p), ZERO, 2
    for c, f, a in terms:
        known = (value(f, unit * x * a.numerator // a.denominator, p) for x in nodes)
        values = [y + z * c.numerator // c.denominator for y, z in zip(values, known, strict=True)]
        slope, _, first, second = KNOWN[f][0]
        size += abs(c) * (first + (second + 2 * slope) * abs(a) * sigma)
        noise += int(abs(c) * (9 + 9 * abs(a) * sigma * cut)) + 2
    mean, size = isqrt(2 * pi(2 * p) << 2 * p), size + Fraction(abs(values[n * cut]) + noise, 1 << p)
    density = [(exp(-(x * x << 2 * p) // (8 * n * n), 2 * p) << 2 * p) // mean for x in nodes]

    def total(
        first: list[int], second: list[int], off: int, size: Fraction
    ) -> Ends:  # off: of the first; 4 of the other
        lost = 4 * sum(map(abs, first)) + off * (sum(map(abs, second)) + 4 * len(nodes))
        middle, error = sum(map(mul, first, second)), 8 * size / 2**t  # of the quadrature and of the cut
        return Fraction(middle - lost, n << 2 * p) - error, Fraction(middle + lost, n << 2 * p) + error

    noisy, found = (noise * (2 * max(map(abs, values)) + noise) >> p) + 2, []  # of a square, and its rounding
    square = total([y * y >> p for y in values], [g >> p for g in density], noisy, size**2)
    before, hermite = [0] * len(nodes), [1] * len(nodes)
    for r in range(order + 1):
        divisor = isqrt(factorial(r) << 2 * p) * (2 * n) ** r
        found.append(total(values, [g * h // divisor for g, h in zip(density, hermite, strict=True)], noise, size))
        before, hermite = hermite, [x * h - 4 * n * n * r * g for x, g, h in zip(nodes, before, hermite, strict=True)]
    return sigma, found, square


def equilibrium(f: str, w: Fraction, v: Fraction, s: Fraction, order: int, bits: int) -> tuple[list[Ends], Ends, Ends]:
    """Enclosures of the squared Hermite coefficients, of the variance (near s), and of the second moment."""
    (terms, parity, steep), squares = parse(f), []
    names, p = {name for _, name, _ in terms}, 2 * bits + 112
    if names <= {"relu", "id"}:  # cx + e|x|: rational up to 2/pi
        e = sum((c * abs(a) / 2 for c, name, a in terms if name == "relu"), ZERO)
        c = sum((c * a / (2 if name == "relu" else 1) for c, name, a in terms), ZERO)
        s, even, turn = v / (1 - w * (c * c + e * e)), 2 * e * e, pi(p)
        for r in range(order + 1):
            even *= Fraction((r - 3) ** 2, r * (r - 1)) if r and r % 2 == 0 else ONE  # 2 e^2 ((r - 3)!!)^2/r!
            linear = c * c * s if r == 1 else ZERO
            squares.append((linear, linear) if r % 2 else (even * s * 2**p / (turn + 2), even * s * 2**p / (turn - 2)))
        return squares, (s, s), ((c * c + e * e) * s, (c * c + e * e) * s)
    require("relu" not in names, "proof.kernel.activation", "a rectifier together with another function", UNSUPPORTED)
    sigma, mu, square = moments(terms, s, order, bits + 24)
    theta, ends = root(w * steep**2, p)[1], (root(v + w * square[0], p)[0], root(v + w * square[1], p)[1])
    require(theta < 1, "proof.kernel.sigma_w2", "no contraction")
    error = steep * max(ends[1] - sigma, sigma - ends[0]) / (1 - theta)  # L |sqrt s - sigma|, by Banach's bound
    low, high = max(root(square[0], p)[0] - error, ZERO), root(square[1], p)[1] + error
    for r, (a, b) in enumerate(mu):
        near, far = max(a - error, -b - error, ZERO), max(-a, b) + error
        squares.append((ZERO, ZERO) if (parity, r % 2) in (("odd", 0), ("even", 1)) else (near**2, far**2))
    return squares, (v + w * low * low, v + w * high * high), (low * low, high * high)


def multiply(first: list[int], second: list[int]) -> list[int]:
    """The first coefficients of a product of series with non-negative integer coefficients, exactly.

    A product of series is a product of long integers whose digits are the coefficients. Digit k of it is the sum of
    a_i b_(k-i), at most (sum of all a) (sum of all b); digits are made as wide as that, so nothing is ever carried.
    """
    width = (sum(first).bit_length() + sum(second).bit_length()) // 8 + 1
    long = prod(int.from_bytes(b"".join(c.to_bytes(width, "little") for c in x), "little") for x in (first, second))
    digits = long.to_bytes(width * (len(first) + len(second)), "little")
    return [int.from_bytes(digits[k : k + width], "little") for k in range(0, width * len(first), width)]


def compose(outer: list[int], inner: list[int], scale: int, up: int) -> list[int]:
    """The first coefficients of a composition of series with non-negative coefficients, rounded down (up = 0) or up."""
    size, step, lost = len(inner), isqrt(len(outer)) + 1, up * ((1 << scale) - 1)
    powers, total = [[1 << scale] + [0] * (size - 1)], [0] * size
    for _ in range(step):
        powers.append([x + lost >> scale for x in multiply(powers[-1], inner)])
    for k in reversed(range(0, len(outer), step)):
        moved = multiply(total, powers[step])
        sums = (sum(map(mul, outer[k : k + step], column)) for column in zip(*powers, strict=True))
        total = [(x + lost >> scale) + (y + lost >> scale) for x, y in zip(moved, sums, strict=True)]
    return total


def kernel(claim: Any, v: Fraction, bits: int) -> Rows:
    """Prove the claimed balls of coefficients, variance and mass, at scale 2^-bits; mass and tail come last."""
    line, one, f, w = "proof.kernel.coefficients", 1 << bits + 16, claim["activation"], 2 * Fraction(claim["sigma_w2"])
    claimed = claim["s"], claim["mass"], *claim["coefficients"][: MAX_ORDER + 2]
    require(all(isinstance(pair, list) and len(pair) == 2 for pair in claimed), line, "no balls")
    pairs = [[fraction(x, f"{line}[{r - 2}]") for x in pair] for r, pair in enumerate(claimed)]
    require(all(m.denominator == r.denominator == 1 and 0 <= r >= -m for m, r in pairs), line, "no balls, or negative")
    ((m, e), mass), balls = pairs[:2], [[int(m), int(e)] for m, e in pairs[2:]]
    known = ((m - e) / 4**bits, (m + e) / 4**bits), ((mass[0] - mass[1]) / 2**bits, sum(mass) / 2**bits)
    require(3 <= len(balls) <= MAX_ORDER + 1, line, "too many or too few")
    require(known[0][0] > 0, "proof.kernel.s", "not the variance of a pre-activation")
    large = max(known[0][1], known[1][1]) >= 1 << MAX_SIZE
    require(not large, "proof.kernel.mass", f"a variance of 2^{MAX_SIZE} or more", UNSUPPORTED)
    order = len(balls) - 1 if parse(f)[1] == "odd" else len(balls) * 3 // 2 + 32
    squared, s, q = equilibrium(f, w, v, sum(known[0]) / 2, order, bits)
    for name, (low, high), (a, b) in zip(("s", "mass"), (s, q), known, strict=True):
        require(a <= low and high <= b, f"proof.kernel.{name}", "the proved value is not inside")
    below, above = ([max(m + sign * r, 0) << 16 for m, r in balls] for sign in (-1, 1))
    lower = [int((w * k + v * one * (r == 1)) / s[1]) for r, k in enumerate(below)]
    upper = [ceil((w * k + v * one * (r == 1)) / s[0]) for r, k in enumerate(above)]
    require(sum(upper) <= one + one // 1024 and upper[0] < one, line, "more than the mass")
    least = compose([int(a * one) for a, _ in squared], lower, bits + 16, 0)
    most = compose([ceil(b * one) for _, b in squared], upper, bits + 16, 1)
    rest = max(q[1] - sum(a for a, _ in squared), ZERO) if upper[0] else ZERO  # of the orders that were left out
    power = compose([0] * (order + 1) + [one], upper, bits + 16, 1) if rest else [0] * len(balls)
    for r, beyond in enumerate(accumulate(power, max)):
        require(below[r] <= least[r] and most[r] + rest * beyond <= above[r], f"{line}[{r}]", "not proved")
    return [*balls, [int(mass[0]), int(mass[1])], [ceil(max(known[1][1] * one - sum(below), ZERO) / 2**16), 0]]


def matrix(balls: Rows, inner: Rows, bits: int) -> tuple[Rows, list[int]]:
    """The lower triangle of the matrix at scale 2^-bits, and for each row the sum of the radii of its entries."""
    *series, mass, (tail, _) = balls
    one, n, mids, rows, errors = 1 << bits, len(inner), [m for m, _ in series], [], [mass[1]] * len(inner)
    reach = [[k for k, m in enumerate(mids) if m >> max(bits - size, 0) * k] for size in range(bits + 2)]
    short = [mids[max(k, default=0) :: -1] for k in reach]  # for cosines of so many digits: the terms that reach a unit

    @cache
    def radius(low: int) -> int:  # for cosines at most 1 - low, and two units more
        e = tail
        for _, r in reversed(series):
            e = (e * min(one - low + 2, one) >> bits) + 1 + r
        return e + 4 * len(mids) * ((sum(map(abs, mids)) >> bits) + 2)

    scales = [bits + 16 + (row[i].bit_length() + 1) // 2 for i, row in enumerate(inner)]
    roots = [isqrt((1 << 2 * g) // row[i]) for i, (g, row) in enumerate(zip(scales, inner, strict=True))]
    for i in range(n):
        rows.append([0] * i + [mass[0]])
        for j in range(i):
            t, entry = inner[i][j] * roots[i] * roots[j] >> scales[i] + scales[j] - bits, 0
            for c in short[abs(t).bit_length()]:
                entry = (entry * t >> bits) + c
            drop = max((one - abs(t)).bit_length() - 7, 0)
            lost = radius(one - abs(t) >> drop << drop)
            rows[i][j], errors[i], errors[j] = entry, errors[i] + lost, errors[j] + lost
    return rows, errors


def product(rows: Rows, accelerate: bool) -> Rows:
    """The lower triangle of A A^T in integers, by flint where it is allowed and installed."""
    if accelerate and find_spec("flint"):
        a = __import__("flint").fmpz_mat([row + [0] * (len(rows[-1]) - len(row)) for row in rows])
        return [[int(x) for x in row[: i + 1]] for i, row in enumerate((a * a.transpose()).tolist())]
    return [[sum(map(mul, a, b)) for b in rows[: i + 1]] for i, a in enumerate(rows)]


def members(raw: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Names and contents of a zip file of stored members, where no reader can see anything else.

    Members follow each other from the first byte on, the directory repeats what they say, the end record is the end:
    no byte is left over for a second reading, and no comment, flag, extra field (but the sizes in 64 bits) or gap.
    """
    line, end = "arrays", len(raw) - 22
    mark, disk, first, here, total, size, start, comment = struct.unpack("<4s4H2LH", raw[max(end, 0) :])
    plain = (mark, disk, first, comment, here, start + size) == (b"PK\5\6", 0, 0, 0, total, end)
    require(plain and total <= 3, line, "not a zip file of at most three arrays and nothing else")
    place, entry = 0, start
    for _ in range(total):
        mark, _, _, flags, method, _, _, crc, packed, size, named, extra, comment, disk, _, _, where = struct.unpack(
            "<4s6H3L5H2L", raw[entry : entry + 46]
        )
        plain = (mark, flags, method, extra, comment, disk, where) == (b"PK\1\2", 0, 0, 0, 0, 0, place)
        name, entry = raw[entry + 46 : entry + 46 + named], entry + 46 + named
        head = struct.unpack("<4s5H3L2H", raw[place : place + 30])
        begin = place + 30 + named + head[10]
        more = raw[place + 30 + named : begin]
        same = (head[0], head[2], head[3], head[6], head[9]) == (b"PK\3\4", 0, 0, crc, named)
        sizes = head[7:9] == (size, size) and not more
        sizes |= head[7:9] == (2**32 - 1, 2**32 - 1) and more == struct.pack("<2H2Q", 1, 16, size, size)
        require(plain and same and sizes and packed == size, line, "a member that not every reader sees in one way")
        require(raw[place + 30 : place + 30 + named] == name, line, "a member of two names")
        place = begin + size
        require(place <= start and crc32(raw[begin:place]) == crc, line, "a damaged member")
        yield name, raw[begin:place]
    require((place, entry) == (start, end), line, "bytes that belong to no array")


def arrays(path: Path, names: set[str]) -> dict[str, tuple[list[int], bytes, tuple[Any, ...]]]:
    """The arrays of a sidecar, exactly those of these names, '<f8' or '<i8' of two axes: shape, bytes and numbers."""
    require(path.is_file(), "arrays", "the sidecar (.npz) is missing")
    require(path.stat().st_size <= 24 * MAX_NUMBERS, "arrays", "too long", UNSUPPORTED)
    kinds = {"points": (b"f", "d"), "factor": (b"i", "q"), "vector": (b"i", "q")}
    found: dict[str, tuple[list[int], bytes, tuple[Any, ...]]] = {}
    for name, content in members(path.read_bytes()):
        short = name.decode("ascii").removesuffix(".npy")
        require(short in names - set(found) and name == short.encode() + b".npy", "arrays", "an array too many")
        kind, code = kinds[short]
        match = re.match(NPY % (kind, NUMBER, NUMBER), content, re.S)
        if match is None:
            raise Stop(INVALID, f"arrays.{short}", "no plain array of the expected kind")
        body, shape = content[match.end() :], [int(match[1]), int(match[2])]
        whole = match.end() == 10 + int.from_bytes(content[8:10], "little") and len(body) == 8 * prod(shape)
        require(whole, f"arrays.{short}", "not of the length that its header says")
        found[short] = shape, body, struct.unpack(f"<{prod(shape)}{code}", body)
    require(set(found) == names, "arrays", "an array is missing")
    return found


def inputs(data: Any, found: Any, accelerate: bool) -> tuple[Rows, int, Fraction]:
    """Inner products as integers, up to a positive factor for each input; the dimension; the variance 2 C_ii."""
    line, gram, sphere = "proof.data", data["input_gram"], data["normalize"] == "sphere"
    require(data["normalize"] is None or (sphere and gram is None), f"{line}.normalize", "neither null nor sphere")
    if gram is None:
        (n, d), content, numbers = found["points"]
        require(1 <= n <= MAX_POINTS and d, line, f"not between 1 and {MAX_POINTS} points", UNSUPPORTED)
        unit, points = max(x.as_integer_ratio()[1] for x in numbers), (numbers[i * d : i * d + d] for i in range(n))
        inner = product([[p * (unit // q) for p, q in map(float.as_integer_ratio, x)] for x in points], accelerate)
        sizes = [Fraction(row[i], unit * unit * d) for i, row in enumerate(inner)]
    else:
        line, n = f"{line}.input_gram", len(gram)
        require(1 <= n <= MAX_GRAM, line, f"not between 1 and {MAX_GRAM} rows", UNSUPPORTED)
        require(all(isinstance(row, list) and len(row) == n for row in gram), line, "not a square of numbers")
        table = [[fraction(x, line) for x in row] for row in gram]
        unit, content = 1, ";".join(map(",".join, gram)).encode()
        for x in (x for row in table for x in row):  # elimination multiplies the digits by the number of rows
            unit = lcm(unit, x.denominator)
            length = (unit * (abs(x.numerator) // x.denominator + 1)).bit_length()
            require(n * length <= MAX_PIVOT, line, "too many digits", UNSUPPORTED)
        inner, d, last = [[int(x * unit) for x in row] for row in table], None, 1
        sizes, rows = [row[i] for i, row in enumerate(table)], [row[:] for row in inner]
        for k, row in enumerate(rows):  # Bareiss: semidefinite when every pivot is positive, or 0 with its whole row
            proper = [r[k] for r in inner] == inner[k] and (row[k] > 0 or not any(row[k:]))
            require(proper, line, "not symmetric and positive semidefinite")
            for other in rows[k + 1 :] if row[k] else []:
                other[:] = [(x * row[k] - other[k] * y) // last for x, y in zip(other, row, strict=True)]
            last = row[k] or last
    digest = sha256(f"{data['normalize']}|{n}|{d}|".encode() + content).hexdigest()
    said = [data["n"], data["d"], data["sha256"]]
    require(repr(said) == repr([n, d, digest]), line, "not the size or the digest of the data")  # true is not 1
    require(min(sizes) > 0 and (sphere or len(set(sizes)) == 1), line, "a zero input, or different norms", UNSUPPORTED)
    return inner, d or n, 2 * (ONE if sphere else sizes[0])


def singular(proof: Any, f: str, inner: Rows, d: int) -> Ends:
    """Prove K v = 0, hence the bounds 0 and 0: by parallel inputs, or by the rank of an affine activation."""
    line, sums, (terms, parity, _) = "proof.witness.null_vector", [ZERO] * len(inner), parse(f)
    names, vector = {name for _, name, _ in terms}, proof["witness"]["null_vector"]
    affine = vector is None and names <= {"one", "id"} and len(inner) > d + ("one" in names)
    require(vector or affine, line, "nothing shows that K is singular")
    for key, text in (vector or {}).items():
        i, x = int(key[:9]), fraction(text, line)
        require(0 <= i < len(inner) and str(i) == key and x, line, "not an entry")
        same = (j for j in range(i + 1) if inner[i][j] ** 2 == inner[i][i] * inner[j][j])
        first = next(j for j in same if inner[i][j] > 0 or parity == "odd")
        sums[first] += x if inner[i][first] > 0 else -x
    require(not any(sums), line, "not a null vector by parallel inputs")
    return ZERO, ZERO


def spectrum(proof: Any, found: Any, inner: Rows, v: Fraction, accelerate: bool) -> Ends:
    """Proved bounds of the least eigenvalue, from the factor L and the vector."""
    line, n, exponent, lists = "proof.witness", len(inner), proof["witness"]["exponent"], []
    for name, length in (("factor", n * (n + 1) // 2), ("vector", n)):
        (limbs, size), _, numbers = found[name]
        require(1 <= limbs <= MAX_LIMBS and size == length, line, f"{name} has a wrong shape")
        lists.append([sum(x << 62 * k for k, x in enumerate(numbers[i::length])) for i in range(length)])
    (factor, vector), bits, sums, form = lists, 64 * limbs, [0] * n, 0
    require(type(exponent) is int and 0 <= exponent <= bits + 64 and any(vector), line, "wrong exponent, or no vector")
    rows, errors = matrix(kernel(proof["kernel"], v, bits), inner, bits)
    squares = product([factor[i * (i + 1) // 2 : (i + 1) * (i + 2) // 2] for i in range(n)], accelerate)
    shift, scale = int(fraction(proof["witness"]["shift"], f"{line}.shift") * 2**bits), max(bits, 2 * exponent)
    for i, (row, square) in enumerate(zip(rows, squares, strict=True)):
        form += vector[i] * (2 * sum(map(mul, row[:i], vector)) + row[i] * vector[i])
        row[i] -= shift
        for j, (x, y) in enumerate(zip(row, square, strict=True)):
            gap = abs((x << scale - bits) - (y << scale - 2 * exponent))
            sums[i] += gap
            sums[j] += gap if i != j else 0
    worst = max((s >> scale - bits) + 1 + e for s, e in zip(sums, errors, strict=True))
    most = form // sum(map(mul, vector, vector)) + 1 + max(errors)
    return Fraction(shift - worst, 1 << bits), Fraction(most, 1 << bits)


def words(document: Any, proof: Any, low: Fraction, high: Fraction, bound: Fraction) -> None:
    """The record around the proof must say the same as the proof: names, data, parameters, bounds and verdict."""
    f, said, detail, data = proof["kernel"]["activation"], proof["statement"], document["detail"], proof["data"]
    label, about = document["activation"], f"{document['system']}.least-eigenvalue"
    require(document["claim"] == about, "claim", f"not {about}, which the proof is about")
    same = sorted(NAMES.get(label, label).split(" + ")) == sorted(f.split(" + "))
    require(same, "activation", "not the one of the proof")
    for key in ("n", "d", "normalize", "sha256"):
        told = detail.get("data", {}).get(key, data[key])
        require(repr(told) == repr(data[key]), f"detail.data.{key}", "not the one of the proof")
    stated = f"lambda_min(K) {said['relation']} {said['bound']}"
    for key, value in (("statement", stated), ("quantity", "least eigenvalue")):
        require(detail.get(key, value) == value, f"detail.{key}", "not the one of the proof")
    w = proof["kernel"]["sigma_w2"]
    require(detail.get("parameters", {}).get("sigma_w2", w) == w, "detail.parameters", "not the one of the proof")
    parts = [("", document), *((f"evidence[{k}].values.", e["values"]) for k, e in enumerate(document["evidence"]))]
    floats = [(place + k, part.get(k), x) for place, part in parts for k, x in (("lower", low), ("upper", high))]
    for line, text, end in [*floats, ("margin", document["margin"], low - bound)]:
        spare = (end - Fraction(float(text or 0))) * (-1 if line.endswith("upper") else 1)
        require(text is None or (spare >= 0 and repr(float(text)) == text), line, "beyond the statement, or no float")
    proved, refuted = {">": (low > bound, high <= bound), ">=": (low >= bound, high < bound)}[said["relation"]]
    require({"PROVED": proved, "REFUTED": refuted, "UNKNOWN": True}[document["verdict"]], "verdict", "does not follow")
    held = all(h["verdict"] == "PROVED" for h in document["hypotheses"])
    require(held or document["verdict"] != "PROVED", "hypotheses", "one of them is not proved")
    own = document.get("prover", {})
    for key, sign, end in (("lower", 1, high), ("upper", -1, low)):
        text = own.get(key)
        require(text is None or sign * Fraction(float(text)) <= sign * end, f"prover.{key}", "contradicts the proof")


def verify(document: Any, path: Path, accelerate: bool) -> str:
    """The statement that is proved; :class:`Stop` where it is not, or where the record around it says more."""
    require(isinstance(document, dict), "format", "not a JSON object")
    require(document["format"] == "certigram-certificate/1", "format", "not of this version", UNSUPPORTED)
    require(set(document) <= RECORD, "format", "a key that the format does not have")
    proof, line, deep = document.get("proof"), "proof.kernel", document["system"] in ("nngp", "ntk")
    why = "there is no rule for the kernels of plain deep networks" if deep else "the certificate carries no proof"
    require(proof is not None, "proof", why, UNSUPPORTED)
    require(isinstance(proof, dict) and proof["format"] == FORMAT, "proof", "not of this version", UNSUPPORTED)
    require(set(proof) == PROOF, "proof", "not the keys of this version")
    claim, said, f, kind = proof["kernel"], proof["statement"], proof["kernel"]["activation"], proof["witness"]["kind"]
    require(proof["system"] == document["system"], "proof.system", "not the one of the record")
    known = proof["system"] == "deq-general" or (proof["system"] == "deq-relu" and f == NAMES["relu"])
    require(known, "proof.system", "no rule for this system", UNSUPPORTED)
    slope, w = fraction(claim["lipschitz"], f"{line}.lipschitz"), 2 * fraction(claim["sigma_w2"], f"{line}.sigma_w2")
    require(slope >= parse(f)[2], f"{line}.lipschitz", "not a proved bound of the slope of the activation")
    require(w >= 0 and w * slope**2 < 1, f"{line}.sigma_w2", "outside the range where K is defined")
    require(kind in ("factor", "singular"), "proof.witness.kind", "neither factor nor singular")
    names = {"points"} if proof["data"]["input_gram"] is None else set()
    found = arrays(path.with_suffix(".npz"), names | ({"factor", "vector"} if kind == "factor" else set()))
    inner, d, v = inputs(proof["data"], found, accelerate)
    ends = singular(proof, f, inner, d) if kind == "singular" else spectrum(proof, found, inner, v, accelerate)
    low, high, bound = (fraction(said[key], f"proof.statement.{key}") for key in ("lower", "upper", "bound"))
    require(low <= ends[0], "proof.statement.lower", "above what is proved")
    require(ends[1] <= high, "proof.statement.upper", "below what is proved")
    words(document, proof, low, high, bound)
    a, b = (float(x) if Fraction(float(x)) == x else nextafter(float(x), way) for x, way in ((low, -inf), (high, inf)))
    about = f"{f}, sigma_w2 = {w / 2}, n = {len(inner)}, data {proof['data']['sha256'][:16]}"
    return f"{a} <= least eigenvalue <= {b}; {proof['system']}, {about}"


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object in which no key occurs twice."""
    require(len(dict(pairs)) == len(pairs), "format", "a key occurs twice")
    return dict(pairs)


def check(path: str | Path, *, accelerate: bool = True) -> Check:
    """Check one certificate, hostile or not; ``accelerate`` allows flint for exact integer products."""
    path = Path(path)
    try:
        require(path.is_file(), "file", "not a regular file")
        require(path.stat().st_size <= MAX_FILE, "file", "too long", UNSUPPORTED)
        read = json.JSONDecoder(parse_float=str, object_pairs_hook=once).decode
        return Check(VALID, str(path), "", verify(read(path.read_text("utf-8")), path, accelerate))
    except Stop as stop:
        return Check(stop.args[0], str(path), stop.args[1], printable(stop.args[2]))
    except MemoryError:
        return Check(UNSUPPORTED, str(path), "file", "not enough memory to check it")
    except Exception as error:  # whatever a malformed file runs into, it proves nothing
        return Check(INVALID, str(path), "format", printable(f"{type(error).__name__}: {str(error)[:200]}"))


def certificate_files(path: Path) -> list[Path]:
    """The certificate files that a path means: itself, or the .json files of the folder or of its ``certificates``."""
    if path.is_dir():
        inner = path / "certificates"
        return sorted((inner if inner.is_dir() else path).glob("*.json"))
    return [path] if path.is_file() else []


def main(arguments: list[str]) -> int:
    """Check what the arguments name, print one line for each certificate; the exit status."""
    paths = [Path(x) for x in arguments if x != "--exact"]
    wrong = [x for x in paths if str(x).startswith("-") or not certificate_files(x)]
    if not paths or wrong:
        what = f"{printable(str(wrong[0]))}: there is no certificate here" if wrong else "nothing to check"
        print(f"{what}: give a .json certificate, or a folder of them [--exact: without flint].", file=sys.stderr)
        return 2
    verdicts = set()
    for file in (file for path in paths for file in certificate_files(path)):
        found = check(file, accelerate="--exact" not in arguments)
        verdicts.add(found.verdict)
        place = f" at {found.line}" if found.line else ""
        print(f"{found.verdict:<11} {printable(found.path)}{place}: {found.reason}")
    return 1 if INVALID in verdicts else 3 if UNSUPPORTED in verdicts else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
