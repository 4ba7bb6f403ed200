r"""Means of a product over two correlated Gaussians, by a product rule in the plane of the two variables themselves.

.. math:: \mathbb E f(\sqrt a\,x)\,g(\sqrt b\,y) = \iint f(\sqrt a\,x)\,g(\sqrt b\,y)\,
          e^{-(x^2 - 2\rho xy + y^2)/2\tau^2}\,\frac{dx\,dy}{2\pi\tau},\qquad \tau^2 = 1-\rho^2 .

In these variables the kinks of f and g are lines parallel to the axes. Without kinks the rule is the trapezoid rule,
with kinks that of Gauss and Legendre on panels that end at them; refined until it no longer changes.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

from mpmath import mp
from mpmath.calculus.quadrature import GaussLegendre

from .functions import Evaluated, Number
from .line import GUARD, Recomputed, cuts, floor, mean, reach, step

MOST_EVEN, MOST_UNEVEN = 3_000_000, 400_000
"""Products of one rule at most, at equal distances and at others; what is not settled by then stays undecided."""
LONGEST = 8
"""Length of the first panels, in standard deviations."""
DEGENERATE = 30
"""Digits: a 1 - ρ² below 10 to minus this is no plane any more."""


@dataclass(frozen=True, slots=True)
class Table:
    """Places of one variable, in standard deviations, and the values there times the weights of the rule.

    ``whole`` are the values as integers, in units of two to minus ``shift``.
    """

    places: list[Number]
    values: list[Number]
    whole: list[int]
    shift: int


@dataclass
class Plane:
    """The mean of f(u) g(v) for variances a, b and any correlation; the values of f and g are kept between calls."""

    f: Evaluated
    g: Evaluated
    a: Number
    b: Number
    digits: int
    tables: dict[tuple[int, int], Table] = field(default_factory=dict)
    reaches: dict[int, Number] = field(default_factory=dict)

    def mean(self, rho: Number) -> Recomputed:
        """The mean at one correlation in [-1, 1]; raises ``ArithmeticError`` where the two are too nearly parallel."""
        with mp.workdps(self.digits + GUARD):
            spread = 1 - rho * rho
            if spread < mp.mpf(10) ** -DEGENERATE:
                return self._on_a_line(mp.sign(rho))
            level, found = self._first_level(spread), None
            while True:
                if self._cost(level, spread) > (MOST_EVEN if self._smooth else MOST_UNEVEN):
                    if found is None:
                        raise ArithmeticError("the correlation is too near 1 or -1 for a rule in the plane")
                    return found
                value, scale = self._rule(level, rho, spread)
                change = mp.inf if found is None else abs(value - found.value)
                found = Recomputed(value, change + floor(self.digits, scale), scale)
                if change <= scale * mp.mpf(10) ** -self.digits:
                    return found
                level += 1

    @property
    def _smooth(self) -> bool:
        return self.f.smooth and self.g.smooth

    def _on_a_line(self, sign: Number) -> Recomputed:
        root_a, root_b = mp.sqrt(self.a), sign * mp.sqrt(self.b)
        kinks = [k / root_a for k in self.f.numeric_kinks()] + [k / root_b for k in self.g.numeric_kinks()]
        return mean(lambda z: self.f.value(root_a * z) * self.g.value(root_b * z), kinks, self.digits)

    def _first_level(self, spread: Number) -> int:
        """The level at which the Gaussian by itself is resolved."""
        if not self._smooth:
            return int(mp.ceil(1 / (2 * mp.sqrt(spread)))) - 1
        wanted = mp.pi * mp.sqrt(2 * spread / ((self.digits + 2) * mp.log(10)))
        return max(0, int(mp.ceil(-2 * mp.log(wanted, 2))))

    def _cost(self, level: int, spread: Number) -> Number:
        """About how many products the rule takes."""
        far = max(self._reach(0), self._reach(1))
        if self._smooth:
            count = 2 * far / step(level)
        else:
            kinks = max(len(self.f.kinks), len(self.g.kinks))
            count = (2 * far / LONGEST + (kinks + 1) * (level + 1)) * (24 if self._degree == 4 else 48)
        return count * (count * min(mp.one, 2 * mp.sqrt(spread)) + 1)

    def _rule(self, level: int, rho: Number, spread: Number) -> tuple[Number, Number]:
        """The value of the rule, and the size of its terms."""
        first, second = self._table(0, level), self._table(1, level)
        row = _even_row if self._smooth else _row
        far = max(self._reach(0), self._reach(1)) * mp.sqrt(spread)
        terms = [
            value * mp.exp(-x * x / 2) * row(rho * x, spread, second, far)
            for x, value in zip(first.places, first.values, strict=True)
            if value
        ]
        weight = 2 * mp.pi * mp.sqrt(spread)
        return mp.fsum(terms) / weight, mp.fsum(terms, absolute=True) / weight

    def _side(self, which: int) -> tuple[Evaluated, Number]:
        return (self.g, mp.sqrt(self.b)) if which else (self.f, mp.sqrt(self.a))

    def _reach(self, which: int) -> Number:
        if which not in self.reaches:
            function, deviation = self._side(which)
            self.reaches[which] = reach(lambda z: function.value(deviation * z) ** 2, self.digits)
        return self.reaches[which]

    def _table(self, which: int, level: int) -> Table:
        if (which, level) not in self.tables:
            function, deviation = self._side(which)
            places, weights = self._even(which, level) if self._smooth else self._panels(which, level)
            values = [w * function.value(deviation * x) for x, w in zip(places, weights, strict=True)]
            shift = int(mp.prec) + 20
            self.tables[which, level] = Table(places, values, [int(mp.ldexp(v, shift)) for v in values], shift)
        return self.tables[which, level]

    def _even(self, which: int, level: int) -> tuple[list[Number], list[Number]]:
        h = step(level)
        count = int(mp.ceil(self._reach(which) / h))
        return [k * h for k in range(-count, count + 1)], [h] * (2 * count + 1)

    @property
    def _degree(self) -> int:
        """Of the rule on a panel, as mpmath counts: 24 nodes, and 48."""
        return 4 if self.digits <= 25 else 5

    def _panels(self, which: int, level: int) -> tuple[list[Number], list[Number]]:
        function, deviation = self._side(which)
        far = self._reach(which)
        ends = cuts(-far, far, [k / deviation for k in function.numeric_kinks()], LONGEST, level)
        nodes = sorted(node for a, b in pairwise(ends) for node in _gauss().get_nodes(a, b, self._degree, mp.prec))
        return [x for x, _ in nodes], [w for _, w in nodes]


def _row(middle: Number, spread: Number, table: Table, far: Number) -> Number:
    """The sum over y of the values times the Gaussian around the middle."""
    first, last = (bisect_left(table.places, middle + side * far) for side in (-1, 1))
    here = slice(first, last)
    inside = [
        mp.exp(-((y - middle) ** 2) / (2 * spread)) if g else mp.zero
        for y, g in zip(table.places[here], table.values[here], strict=True)
    ]
    return mp.fdot(table.values[here], inside)


def _even_row(middle: Number, spread: Number, table: Table, far: Number) -> Number:
    """The same at equal distances, from the middle outwards: two products make the next exponential, in integers."""
    ys, values, shift = table.places, table.whole, table.shift
    h = ys[1] - ys[0]
    start = max(0, int(mp.ceil((middle - far - ys[0]) / h)))
    stop = min(len(ys), int(mp.floor((middle + far - ys[0]) / h)) + 1)
    if start >= stop:
        return mp.zero
    centre = min(max(int(mp.nint((middle - ys[0]) / h)), start), stop - 1)
    away = ys[centre] - middle
    bend = int(mp.ldexp(mp.exp(-h * h / spread), shift))
    total = 0
    for sign, places in ((1, range(centre, stop)), (-1, range(centre - 1, start - 1, -1))):
        origin = away if sign > 0 else away - h
        term = int(mp.ldexp(mp.exp(-origin * origin / (2 * spread)), shift))
        ratio = int(mp.ldexp(mp.exp(-(2 * sign * origin * h + h * h) / (2 * spread)), shift))
        for k in places:
            total += values[k] * term
            term = term * ratio >> shift
            ratio = ratio * bend >> shift
    return mp.ldexp(mp.mpf(total), -2 * shift)


@cache
def _gauss() -> GaussLegendre:
    """The rule of mpmath, which keeps its nodes."""
    return GaussLegendre(mp)
