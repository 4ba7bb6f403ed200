r"""Means of a product over two correlated Gaussians, by a product rule in the plane of the two variables themselves.

.. math:: \mathbb E f(\sqrt a\,x)\,g(\sqrt b\,y) = \iint f(\sqrt a\,x)\,g(\sqrt b\,y)\,
          e^{-(x^2 - 2\rho xy + y^2)/2\tau^2}\,\frac{dx\,dy}{2\pi\tau},\qquad \tau^2 = 1-\rho^2 .

In these variables the kinks of f and g are lines parallel to the axes. Without kinks the rule is the trapezoid rule, with
kinks that of Gauss and Legendre on panels that end at them; refined until it no longer changes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

from mpmath import mp
from mpmath.calculus.quadrature import GaussLegendre

from .functions import Evaluated, Number
from .line import GUARD, Recomputed, cuts, floor, mean, reach

MOST = 1_000_000
"""Products of one rule at most; what is not settled by then stays undecided."""
LONGEST = 8
"""Length of the first panels, in standard deviations."""
DEGENERATE = 30
"""Digits: a 1 - ρ² below 10 to minus this is no plane any more."""
Table = tuple[list[Number], list[Number]]
"""Places, in standard deviations, and the weighted values there."""


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
        """The mean at one correlation in [-1, 1]."""
        with mp.workdps(self.digits + GUARD):
            spread = 1 - rho * rho
            if spread < mp.mpf(10) ** -DEGENERATE:
                return self._on_a_line(mp.sign(rho))
            level, last, most = self._first_level(spread), mp.inf, MOST // (2 if self._smooth else 4)
            while True:
                value, scale, products = self._rule(level, rho, spread)
                change = abs(value - last)
                if change <= scale * mp.mpf(10) ** -self.digits or products > most:
                    return Recomputed(value, change + floor(self.digits, scale), scale)
                level, last = level + 1, value

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
            return 0
        wanted = mp.pi * mp.sqrt(2 * spread / ((self.digits + 2) * mp.log(10)))
        level = 0
        while self._step(level) > wanted:
            level += 1
        return level

    @staticmethod
    def _step(level: int) -> Number:
        return mp.mpf(10) / round(10 * 2 ** (level / 2))

    def _rule(self, level: int, rho: Number, spread: Number) -> tuple[Number, Number, int]:
        """The value of the rule, the size of its terms, and how many they were."""
        (xs, fs), (ys, gs) = self._table(0, level), self._table(1, level)
        row = self._even_row if self._smooth else self._row
        far = max(self._reach(0), self._reach(1)) * mp.sqrt(spread)
        rows, sizes, products = [], [], 0
        for x, value in zip(xs, fs, strict=True):
            if not value:
                continue
            inside, count = row(x, rho, spread, ys, gs, far)
            products += count
            rows.append(value * inside)
            sizes.append(abs(value * inside))
        weight = 2 * mp.pi * mp.sqrt(spread)
        return mp.fsum(rows) / weight, mp.fsum(sizes) / weight, products

    @staticmethod
    def _row(
        x: Number, rho: Number, spread: Number, ys: list[Number], gs: list[Number], far: Number
    ) -> tuple[Number, int]:
        """The sum over y at places in any distance."""
        middle = rho * x
        kept = [k for k, y in enumerate(ys) if abs(y - middle) <= far and gs[k]]
        inside = [mp.exp(-((ys[k] - middle) ** 2) / (2 * spread)) for k in kept]
        return mp.fdot([gs[k] for k in kept], inside) * mp.exp(-x * x / 2), len(kept)

    @staticmethod
    def _even_row(
        x: Number, rho: Number, spread: Number, ys: list[Number], gs: list[Number], far: Number
    ) -> tuple[Number, int]:
        """The same at equal distances, where two products make the next exponential."""
        h, middle = ys[1] - ys[0], rho * x
        start = max(0, int(mp.ceil((middle - far - ys[0]) / h)))
        stop = min(len(ys), int(mp.floor((middle + far - ys[0]) / h)) + 1)
        if start >= stop:
            return mp.zero, 0
        away = ys[start] - middle
        term = mp.exp(-away * away / (2 * spread))
        ratio, bend = mp.exp(-(2 * away * h + h * h) / (2 * spread)), mp.exp(-h * h / spread)
        terms = []
        for _ in range(start, stop):
            terms.append(term)
            term *= ratio
            ratio *= bend
        return mp.fdot(gs[start:stop], terms) * mp.exp(-x * x / 2), stop - start

    def _side(self, which: int) -> tuple[Evaluated, Number]:
        return (self.g, mp.sqrt(self.b)) if which else (self.f, mp.sqrt(self.a))

    def _reach(self, which: int) -> Number:
        if which not in self.reaches:
            function, deviation = self._side(which)
            self.reaches[which] = reach(lambda z: function.value(deviation * z) ** 2, self.digits)
        return self.reaches[which]

    def _table(self, which: int, level: int) -> Table:
        """The places of a side, and the values there times the weights of the rule."""
        if (which, level) not in self.tables:
            function, deviation = self._side(which)
            far = self._reach(which)
            places, weights = self._even(far, level) if self._smooth else self._panels(which, far, level)
            values = [w * function.value(deviation * x) for x, w in zip(places, weights, strict=True)]
            self.tables[which, level] = places, values
        return self.tables[which, level]

    def _even(self, far: Number, level: int) -> Table:
        h = self._step(level)
        count = int(mp.ceil(far / h))
        return [k * h for k in range(-count, count + 1)], [h] * (2 * count + 1)

    def _panels(self, which: int, far: Number, level: int) -> Table:
        function, deviation = self._side(which)
        ends = cuts(-far, far, [k / deviation for k in function.numeric_kinks()], LONGEST / mp.sqrt(2) ** level)
        degree = 4 if self.digits <= 25 else 5  # of mpmath: 24 nodes, and 48
        nodes = [x for a, b in zip(ends, ends[1:], strict=False) for x in _rule().get_nodes(a, b, degree, mp.prec)]
        return [x for x, _ in nodes], [w for _, w in nodes]


@cache
def _rule() -> GaussLegendre:
    """The rule of mpmath, which keeps its nodes."""
    return GaussLegendre(mp)
