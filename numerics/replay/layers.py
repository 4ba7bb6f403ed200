"""One layer of a deep network: E f(u)f(v) and E f'(u)f'(v) for Gaussian pairs, in balls (section 13)."""

from fractions import Fraction
from math import ceil, isqrt
from operator import mul
from typing import Any, NamedTuple, Protocol

from .activations import HINGES, Terms, parse
from .balls import Ball, ball, multiple, plus, quotient, root, times
from .elementary import Interval, angle, pi
from .elementary import root as root_of
from .pieces import closed, slope_square
from .rectifier import angle_of, arc_cosine
from .slopes import PARITY, differentiated
from .softsign import softsign, softsign_slope_square
from .transform import moments
from .verdicts import UNSUPPORTED, require
from .work import Work

MAX_ORDER, PRECISE = 1024, 8  # Hermite orders; digits of their coefficients beyond those of the entries
LINE = "proof.kernel.activation"


class Side(NamedTuple):
    """One of the two inputs of a layer: its variance, the root of it, E f^2 and E f'^2, and what the layer keeps."""

    variance: Ball
    deviation: Ball
    square: Ball
    slope_square: Ball
    kept: Any


class Layer(Protocol):
    """What a layer offers; everything is in units of 2^-bits."""

    def side(self, variance: Ball) -> Side:
        """What there is to know of an input whose pre-activation has this variance."""

    def pair(self, a: Side, b: Side, cross: Ball) -> tuple[Ball, Ball]:
        """E f(u)f(v) and, where slopes are asked for, E f'(u)f'(v), for a covariance of u and v."""


def correlation(a: Side, b: Side, cross: Ball, bits: int) -> Ball:
    """The correlation of two pre-activations; its middle is cut at -1 and 1, which moves it nearer."""
    found = quotient(cross, times(a.deviation, b.deviation, bits), bits)
    return Ball(min(max(found.middle, -1 << bits), 1 << bits), found.radius)


class Rectified:
    """f(x) = linear x + modulus |x|, in closed form (13.6)."""

    def __init__(self, terms: Terms, bits: int) -> None:
        half = Fraction(1, 2)
        linear = sum((c * a * (half if name == "relu" else 1) for c, name, a, _ in terms), Fraction(0))
        modulus = sum((c * abs(a) * half for c, name, a, _ in terms if name == "relu"), Fraction(0))
        self.bits, self.linear, self.modulus = bits, linear**2, modulus**2

    def side(self, variance: Ball) -> Side:
        """E f^2 = (linear^2 + modulus^2) v, E f'^2 the same without v."""
        whole = self.linear + self.modulus
        square = multiple(variance, whole)
        return Side(variance, root(variance, self.bits), square, ball(whole, self.bits), None)

    def pair(self, a: Side, b: Side, cross: Ball) -> tuple[Ball, Ball]:
        """By S(t) = sqrt(1 - t^2) + t arcsin t: |S'| <= pi/2, and the arcsine by its own modulus of continuity."""
        bits, one = self.bits, 1 << self.bits
        t, off = correlation(a, b, cross, bits)
        turn = pi(bits)
        high, turned = arc_cosine(t, bits)
        share = self.modulus * 2 / Fraction(turn, one)  # the circle, off by two units, moves it by less than 2 units
        bent = multiple(Ball(high - (turn * t >> bits + 1), 13), share)
        straight = multiple(Ball(t, 0), self.linear)
        spread = ceil((self.linear + self.modulus) * (off + 4))
        found = plus(plus(straight, bent), Ball(0, spread))
        _, _, moved = angle_of(t, off, bits)
        slopes = plus(multiple(Ball(turned - (turn >> 1), 12 + moved), share), ball(self.linear, bits, 4 * ceil(share)))
        return times(times(found, a.deviation, bits), b.deviation, bits), slopes


class ErrorFunctions:
    """f(x) = c_0 + sum c_k erf(sqrt(q_k) x): arcsines of 2 sqrt(qp)C/sqrt((1 + 2qa)(1 + 2pb)) (13.7)."""

    def __init__(self, terms: Terms, bits: int) -> None:
        zero, half = Fraction(0), Fraction(1, 2)
        constant = sum((c * (half if name == "phi" else 1) for c, name, _, _ in terms if name != "erf"), zero)
        waves = [
            (c if name == "erf" else c / 2, a, a * a / (1 if name == "erf" else 2))
            for c, name, a, _ in terms
            if name != "one"
        ]
        self.bits, self.constant = bits, ball(constant**2, bits)
        self.pairs = [
            (c * d, q, p, root_of(q * p, bits)[0] * (1 if a * b > 0 else -1)) for c, a, q in waves for d, b, p in waves
        ]

    def side(self, variance: Ball) -> Side:
        """The two inputs are one."""
        alone = Side(variance, root(variance, self.bits), variance, variance, None)
        square, slopes = self.pair(alone, alone, variance)
        return alone._replace(square=square, slope_square=slopes)

    def pair(self, a: Side, b: Side, cross: Ball) -> tuple[Ball, Ball]:
        """The arcsine as the angle of a vector whose length is at least 1, so that no error grows."""
        bits, one = self.bits, Ball(1 << self.bits, 0)
        turn, total, slopes = Ball(pi(bits), 2), self.constant, Ball(0, 0)
        for factor, q, p, joint in self.pairs:
            across = plus(multiple(cross, 2 * joint), Ball(0, (abs(cross.middle) + cross.radius >> bits - 1) + 2))
            left, right = plus(one, multiple(a.variance, 2 * q)), plus(one, multiple(b.variance, 2 * p))
            square = plus(times(left, right, bits), multiple(times(across, across, bits), Fraction(-1)))
            height = root(Ball(max(square.middle, 1 << bits), square.radius), bits)  # it is at least 1
            turned = angle(abs(across.middle), height.middle, bits)
            bent = Ball(turned if across.middle > 0 else -turned, 4 + across.radius + height.radius)
            total = plus(total, multiple(quotient(bent, turn, bits), 2 * factor))
            steep = plus(multiple(quotient(one, times(turn, height, bits), bits), 4 * factor * joint), Ball(0, 4))
            slopes = plus(slopes, Ball(steep.middle, steep.radius + 4 * ceil(abs(factor))))
        return total, slopes


class Kept(NamedTuple):
    """Hermite coefficients, by how much each is off at most, and a bound of the square sum of the others."""

    coefficients: list[int]
    off: int
    rest: int


def kept(pairs: list[Interval], square: Ball, more: int, bits: int) -> Kept:
    """Coefficients from intervals; ``more`` is what they are off besides."""
    middles = [int((low + high) / 2 * (1 << bits)) for low, high in pairs]
    off = 1 + more + max(ceil((high - low) * (1 << bits) / 2) for low, high in pairs)
    known = sum(max(abs(m) - off, 0) ** 2 >> bits for m in middles)
    return Kept(middles, off, max(square.middle + square.radius - known, 0))


class Hermite:
    """Any other sum, by Mehler's series up to an order, with a bound of what is beyond it (13.8)."""

    def __init__(
        self, terms: Terms, parity: str, slope: Fraction, order: int, slopes: bool, bits: int, work: Work
    ) -> None:
        names = {name for _, name, _, _ in terms}
        bent = names & {"relu", "elu", "softsign"}
        alone = not bent or names <= ({"softsign"} if "softsign" in bent else HINGES)
        require(alone, LINE, "a hinge together with a smooth function", UNSUPPORTED)
        require(3 <= order <= MAX_ORDER, "proof.kernel.order", f"not between 3 and {MAX_ORDER}")
        self.terms, self.parity, self.slope, self.order, self.bits = terms, parity, slope, order, bits
        self.slopes, self.bent, self.sides, self.work = slopes, bent, dict[Ball, Side](), work

    def _slope_square(self, sigma: Fraction, t: int) -> Interval:
        if "softsign" in self.bent:
            return softsign_slope_square(self.terms, sigma, t)
        if self.bent:
            return slope_square(self.terms, sigma, t, self.work.transform)
        return moments(differentiated(self.terms), sigma**2, 0, t, PARITY[self.parity], self.work.transform)[2]

    def side(self, variance: Ball) -> Side:
        """By the transform at one exact deviation; |mu_r(sigma) - mu_r(s)| <= L|sigma - s| (4.2)."""
        if variance in self.sides:
            return self.sides[variance]
        bits, one, rule = self.bits, 1 << self.bits, softsign if "softsign" in self.bent else moments
        near = Fraction(variance.middle, one)
        require(near > 0, "proof.data", "a variance that may be 0", UNSUPPORTED)
        rule = closed if self.bent and rule is moments else rule
        t = bits + PRECISE
        sigma, pairs, square = rule(self.terms, near, self.order + 1, t, self.parity, self.work.transform)
        deviation = root(variance, bits)
        off = abs(sigma - Fraction(deviation.middle, one)) * one + deviation.radius
        more = ceil(self.slope * off)
        ends = [root_of(x, t) for x in square]
        low, high = (int(ends[0][0] * one) - more - 1, ceil(ends[1][1] * one) + more)
        norm = Ball((low + high) // 2, (high - low) // 2 + 1)
        whole = times(norm, norm, bits)
        found, steep, steepness = kept(pairs[:-1], whole, more, bits), None, Ball(0, 0)
        if self.slopes:
            least = deviation.middle - off
            require(least > 0, "proof.data", "a variance that may be 0", UNSUPPORTED)
            left, right = (x * one for x in self._slope_square(sigma, t))
            moved = ceil(3 * self.slope**2 / 2 * off * one / least)  # sqrt(2) L^2 |sigma - s|/s
            steepness = Ball(int((left + right) / 2), ceil((right - left) / 2) + moved + 1)
            steep = self._steep(pairs, steepness, deviation, more)
        self.sides[variance] = Side(variance, deviation, whole, steepness, (found, steep))
        return self.sides[variance]

    def _steep(self, pairs: list[Interval], square: Ball, deviation: Ball, more: int) -> Kept:
        """The coefficients sqrt(r + 1) mu_(r + 1)/s of the derivative."""
        bits = self.bits
        one, found = 1 << bits, []
        for r, (low, high) in enumerate(pairs[1:], 1):
            middle = int((low + high) / 2 * one)
            own = Ball(middle, 1 + more + ceil((high - low) * one / 2))
            grown = quotient(times(own, Ball(isqrt(r << 2 * bits), 1), bits), deviation, bits)
            found.append(grown)
        intervals = [(Fraction(m - r, one), Fraction(m + r, one)) for m, r in found]
        return kept(intervals, square, 0, bits)

    def pair(self, a: Side, b: Side, cross: Ball) -> tuple[Ball, Ball]:
        """The series at the correlation; E f(u)f(v) has slope at most L^2 in the covariance, E f'(u)f'(v) (13.9)."""
        bits, one = self.bits, 1 << self.bits
        t, off = correlation(a, b, cross, bits)
        size = a.deviation.middle + a.deviation.radius, b.deviation.middle + b.deviation.radius
        found = series(a.kept[0], b.kept[0], t, bits)
        moved = ceil(self.slope**2 * off * size[0] * size[1] / (one * one))
        features = Ball(found.middle, found.radius + moved)
        if not self.slopes:
            return features, Ball(0, 0)
        far = abs(t) + off
        require(far < one, "proof.data", "inputs too nearly parallel for the slopes of this activation", UNSUPPORTED)
        steep = series(a.kept[1], b.kept[1], t, bits)
        moved = ceil(3 * self.slope**2 / 2 * off * one * one / (one * one - far * far))
        return features, Ball(steep.middle, steep.radius + moved)


def series(a: Kept, b: Kept, t: int, bits: int) -> Ball:
    """sum a_r b_r t^r, |t| <= 1, by Horner's rule, and the terms beyond: |t|^(R + 1) times the root of both rests."""
    total, count = 0, len(a.coefficients)
    for x in map(mul, reversed(a.coefficients), reversed(b.coefficients)):
        total = (total * t >> bits) + (x >> bits)
    largest = [max(map(abs, side.coefficients)) for side in (a, b)]
    lost = (a.off * largest[1] + b.off * largest[0] + a.off * b.off >> bits) + 3
    beyond = isqrt(a.rest * b.rest) + 1
    power, base, k = 1 << bits, abs(t), count
    while k:
        power = (power * base >> bits) + 1 if k & 1 else power
        base, k = (base * base >> bits) + 1, k >> 1
    return Ball(total, count * lost + (beyond * power >> bits) + 1)


def in_closed_form(terms: Terms) -> type[Rectified] | type[ErrorFunctions] | None:
    """The closed form of a sum of terms, where there is one."""
    names = {name for _, name, _, _ in terms}
    if names <= {"relu", "id"} and not any(shift for *_, shift in terms):
        return Rectified
    return ErrorFunctions if names <= {"erf", "phi", "one"} else None


def layer(activation: str, order: int, slopes: bool, bits: int, work: Work) -> Layer:
    """The layer of an activation, in closed form where there is one."""
    terms, parity, slope = parse(activation)
    closed_form = in_closed_form(terms)
    return closed_form(terms, bits) if closed_form else Hermite(terms, parity, slope, order, slopes, bits, work)
