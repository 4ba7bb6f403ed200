"""The kernel of an equilibrium model on inputs of any norms: a fixed point for each norm and each pair (section 14)."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from math import ceil

from .activations import parse
from .balls import Ball, ball, multiple, plus, root, times
from .elementary import root as root_of
from .layers import Hermite, Layer, Rectified, Side, in_closed_form, layer
from .verdicts import UNSUPPORTED, require
from .work import LINE, Work

STEPS, ROUGH = 24, 64  # of the secant method; digits of its first steps for a variance
RELU = "1*relu(1*x)"
Entry = tuple[int, int, Ball]


def steepness(activation: str) -> tuple[Fraction, Fraction]:
    """Bounds of |dG/dc| and of sup|f'|^2 (14.1)."""
    terms, _, slope = parse(activation)
    own = Rectified(terms, ROUGH) if in_closed_form(terms) is Rectified else None
    return own.linear + own.modulus if own else slope**2, slope**2


def require_defined(activation: str | None, sigma_w2: Fraction) -> None:
    """The range in which K is defined; of ReLU, in its own range, without an activation."""
    steep, square = steepness(activation or RELU)
    proper = sigma_w2 >= 0 and 2 * sigma_w2 * steep < 1 and (activation is None or 2 * sigma_w2 * square < 1)
    require(proper, LINE, "outside the range where K is defined")


class Equilibrium:
    """K = E f(u)f(v), the covariance of u and v being w K + 2 <x, y>/d, w = 2 sigma_w2; everything in balls."""

    def __init__(self, activation: str, sigma_w2: Fraction, order: int, bits: int, work: Work) -> None:
        self.own, self.rough = layer(activation, order, False, bits, work), layer(activation, 3, False, ROUGH, work)
        self.w, self.bits, self.steep = 2 * sigma_w2, bits, steepness(activation)[0]

    def alone(self, v: Fraction) -> Side:
        """The fixed point s = v + w E f(sqrt(s) z)^2, by Banach's bound for the root of it (14.2)."""
        s = v / (1 - self.w * self.steep / 2)
        for own, bits in ((self.rough, ROUGH), (self.own, self.bits)):
            s = self._solve(own, v, s, bits)
        found = self.own.side(ball(s, self.bits))
        image = root(plus(ball(v, self.bits), multiple(found.square, self.w)), self.bits)
        gap = abs(image.middle - found.deviation.middle) + image.radius + found.deviation.radius
        theta = root_of(self.w * self.steep, self.bits)[1]
        require(theta < 1, LINE, "no contraction")
        deviation = Ball(found.deviation.middle, found.deviation.radius + ceil(gap / (1 - theta)))
        return self.own.side(times(deviation, deviation, self.bits))

    def _solve(self, own: Layer, v: Fraction, s: Fraction, bits: int) -> Fraction:
        """A few secant steps; wherever they end, the bound is proved there."""
        before, one = None, 1 << bits
        for _ in range(STEPS):
            at = Fraction(round(s * one), one)
            off = v + self.w * Fraction(own.side(ball(at, bits)).square.middle, one) - at
            slope = Fraction(1) if before is None or before[0] == at else (before[1] - off) / (at - before[0])
            before, s = (at, off), at + off / max(slope, 1 - self.w * self.steep)
            if abs(off) * one <= 4:
                break
        return s

    def pair(self, a: Side, b: Side, inner: Ball) -> Ball:
        """The fixed point c = w E f(u)f(v) + 2 <x, y>/d of a map of slope w steep at most; E f(u)f(v) there (14.3)."""
        bits, (w, q) = self.bits, self.w.as_integer_ratio()
        limit = (a.deviation.middle - a.deviation.radius) * (b.deviation.middle - b.deviation.radius) >> bits
        base, before = multiple(inner, Fraction(2)), None
        c = min(max(base.middle, -limit), limit)
        for _ in range(STEPS):
            features, _ = self.own.pair(a, b, Ball(c, 0))
            off = base.middle + features.middle * w // q - c
            if abs(off) <= 2 or (before is not None and before[0] == c):
                break
            slope = Fraction(1) if before is None else Fraction(before[1] - off, c - before[0])
            before = c, off
            c = min(max(c + round(off / max(slope, 1 - self.w * self.steep)), -limit), limit)
        features, _ = self.own.pair(a, b, Ball(c, 0))
        image = plus(base, multiple(features, self.w))
        gap = (abs(image.middle - c) + image.radius) / (1 - self.w * self.steep)
        return Ball(features.middle, features.radius + ceil(gap * self.steep))


def equilibrium_values(
    activation: str | None,
    sigma_w2: Fraction,
    sizes: list[Fraction],
    cross: Iterable[Entry],
    order: int,
    bits: int,
    work: Work,
) -> Iterator[Ball]:
    """The entries, in the order of the covariances <x_i, x_j>/d; of ReLU, in its own range, without an activation."""
    require_defined(activation, sigma_w2)
    model = Equilibrium(activation or RELU, sigma_w2, order, bits, work)
    work.spend(len(sizes) ** 2 * 8 * (64 + order * isinstance(model.own, Hermite)) * (bits // 64))
    require(min(sizes) > 0, "proof.data", "a zero input", UNSUPPORTED)
    known = {size: model.alone(2 * size) for size in set(sizes)}
    for i, j, inner in cross:
        a, b = known[sizes[i]], known[sizes[j]]
        yield a.square if i == j else model.pair(a, b, inner)
