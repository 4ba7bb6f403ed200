r"""Gaussian smoothings by quadrature, for functions made of pieces that can be evaluated on complex boxes.

Far from the ends of the pieces, measured in units of :math:`\beta`, one Gauss-Legendre rule around the point serves.
Elsewhere the line is cut into cells of length :math:`\beta`; inside a cell panels gather where the function bends, and
all of them are condensed into moments, since for y in a cell with centre p

.. math:: e^{-(y-m)^2/2\beta^2}=e^{-(p-m)^2/2\beta^2}\,e^{-\delta^2/2\beta^2}
          \sum_j\frac{1}{j!}\Bigl(\frac\delta\beta\Bigr)^j\Bigl(\frac{m-p}\beta\Bigr)^j,\qquad \delta=y-p .

A cell is computed once and then costs one short polynomial for each m. Proofs of the error bounds:
docs/theory/dual-activations.md, section 10.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache, reduce
from operator import mul

from flint import arb, arb_mat, arb_poly

from ...theory.errors import PrecisionExhausted
from ..balls.precision import precision
from ..expressions.growth import Growth
from ..hermite.bounds import Envelope, choose_cut, growth_tail, log_float
from ..hermite.panel_error import modulus
from .far_rules import FarRule, far_rules
from .gauss import cover, legendre, node_count
from .grid import BOUND_BITS
from .smoothing import Scales, Stretch

MAX_PANELS = 6000
"""Most panels in all cells together before the quadrature gives up."""


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """Its centre p/beta, its moments as a polynomial in (m - p)/beta, and the error of its rule and of the series.

    ``error`` holds at every m: the weight of the cell at m is in it.
    """

    place: arb
    moments: arb_poly
    error: arb


@dataclass(slots=True, eq=False)
class QuadratureSmoothing:
    r"""F with an absolute error of about ``exp(log_tolerance)`` at the points ``|z| <= reach``; ``bits`` to work at."""

    scales: Scales
    reach: arb
    log_tolerance: float
    bits: int
    cut: arb = field(init=False)
    tail: arb = field(init=False)
    degree: int = field(init=False)
    far: list[FarRule] = field(init=False)
    cells: dict[tuple[int, int], Cell] = field(default_factory=dict)
    panels: int = 0

    def __post_init__(self) -> None:
        with precision(BOUND_BITS):
            g, beta = self.scales.function.bound, self.scales.beta
            around = Growth(g.bound(self.scales.alpha * self.reach), g.degree, g.rate, arb(0))
            found = choose_cut(around, beta, 0, self.log_tolerance)
            if found is None:
                raise PrecisionExhausted("the Gaussian tail of the function has no bound here.")
            self.cut = arb(math.ceil(found[0] * 8) / 8)
            self.tail = growth_tail(around, beta, Envelope(arb(1), arb(0)), self.cut)
        self.degree = _moments_needed(float(self.cut), -self.log_tolerance + log_float(around.constant))
        log_far = 8.0 + max(log_float(self.scales.function.bound.bound(self.scales.beta * self.cut)), 0.0)
        self.far = far_rules(self.cut, -self.log_tolerance + log_far, self.bits)

    def values(self, points: list[arb]) -> list[arb]:
        """F at real points with ``|z| <= reach``; the points of one call should lie close together."""
        with precision(self.bits):
            means = [self.scales.alpha * z for z in points]
            far = self._far_piece(reduce(arb.union, means))
            if far is not None:
                return [self._far(far[0].real, far[1], m) + arb(0, far[2]) for m in means]
            return [self._near(m) for m in means]

    def _far_piece(self, means: arb) -> tuple[Stretch, FarRule, arb] | None:
        """The piece and the shortest rule that serve for all these means, with the error; None where none does."""
        with precision(BOUND_BITS):
            beta = self.scales.beta
            for rule in self.far:
                left, right = means.lower() - beta * rule.wide, means.upper() + beta * rule.wide
                for piece in self.scales.function.stretches:
                    if piece.holds(left, right):
                        size = modulus(piece.box, arb(1), (left + right) / 2, (right - left) / 2, beta * rule.high)
                        if size is not None and log_float(rule.error * size) <= self.log_tolerance + 3.0:
                            return piece, rule, arb((rule.error * size + self.tail).upper())
            return None

    def _far(self, function: Callable[[arb], arb], rule: FarRule, mean: arb) -> arb:
        beta = self.scales.beta
        values = [function(mean + beta * x) for x in rule.nodes]
        return sum(map(mul, values, rule.weights), arb(0))

    def _near(self, mean: arb) -> arb:
        place, total, missing = mean / self.scales.beta, arb(0), self.tail
        for cell in self._reached(mean):
            x = place - cell.place
            total += (-x * x / 2).exp() * cell.moments(x)
            missing += cell.error
        return total + arb(0, missing.upper())

    def _reached(self, mean: arb) -> list[Cell]:
        """The cells that meet the interval of half-width cut times beta around the mean."""
        found, reach = [], self.cut * self.scales.beta
        for number, piece in enumerate(self.scales.function.stretches):
            anchor, width, count = self._layout(piece)
            low, high = ((mean - anchor - reach) / width).lower(), ((mean - anchor + reach) / width).upper()
            first, last = _floor(low), _floor(high)
            if piece.lo is not None:
                first = max(first, 0)
                last = last if count is None else min(last, count - 1)
            elif piece.hi is not None:
                last = min(last, -1)
            for k in range(first, last + 1):
                if (number, k) not in self.cells:
                    if self.panels > MAX_PANELS:
                        raise PrecisionExhausted(f"more than {MAX_PANELS} panels are needed for this function.")
                    self.cells[number, k] = self._cell(piece, anchor + width * k, anchor + width * (k + 1))
                found.append(self.cells[number, k])
        return found

    def _layout(self, piece: Stretch) -> tuple[arb, arb, int | None]:
        """Where the cells of a piece begin, their length (at most beta), and their number on a finite piece."""
        beta = self.scales.beta
        if piece.lo is None or piece.hi is None:
            end = piece.hi if piece.lo is None else piece.lo
            return arb(0) if end is None else arb(end), beta, None
        length = arb(piece.hi - piece.lo)
        count = _floor((length / beta).upper()) + 1
        return arb(piece.lo), length / count, count

    def _cell(self, piece: Stretch, lo: arb, hi: arb) -> Cell:
        beta = self.scales.beta
        norm = beta * (2 * arb.pi()).sqrt()
        size = log_float(self.scales.function.bound.bound(lo.union(hi)))
        count = -(-node_count((size - self.log_tolerance) / math.log(2)) // 8) * 8

        def bound(centre: arb, wide: arb, high: arb) -> arb:
            if not high < 6 * beta:
                return arb.pos_inf()
            inside = modulus(piece.box, arb(1), centre, wide, high)
            return arb.pos_inf() if inside is None else inside * (high * high / (2 * beta * beta)).exp() / norm

        place, rule = (lo + hi) / (2 * beta), legendre(count, self.bits)
        panels = cover(lo, hi, count, self.log_tolerance, bound, MAX_PANELS - self.panels)
        self.panels += len(panels)
        rows, error, mass = [], arb(0), arb(0)
        for panel in panels:
            nodes = [panel.centre + panel.half * x for x, _ in rule]
            offsets, scale = [y / beta - place for y in nodes], panel.half / norm
            row = [
                scale * w * piece.real(y) * (-x * x / 2).exp()
                for y, x, (_, w) in zip(nodes, offsets, rule, strict=True)
            ]
            error += panel.error
            mass += sum(map(abs, row), arb(0))
            rows.append(row)
        sums = arb_mat(rows) * _powers(count, self.degree, self.bits)
        moments = arb_poly([])
        for number, panel in enumerate(panels):
            along = _exponential(panel.half / beta, self.degree)
            own = arb_poly([sums[number, j] * along[j] for j in range(self.degree)])
            moments += (own * arb_poly(_exponential(panel.centre / beta - place, self.degree))).truncate(self.degree)
        with precision(BOUND_BITS):
            j, q = arb(self.degree), (self.cut + arb(1.01)) / 2
            rest = mass * (j / 4).sqrt() ** self.degree * (-j / 2).exp() / j.fac() / (1 - q / (j + 1))
            return Cell(place, moments, arb((error + rest).upper()))


@lru_cache(maxsize=16)
def _powers(count: int, degree: int, bits: int) -> arb_mat:
    """The powers below ``degree`` of the nodes on [-1, 1], a row for each node."""
    with precision(bits):
        rows, powers = [], [arb(1)] * count
        for _ in range(degree):
            rows.append(powers)
            powers = [x * power for (x, _), power in zip(legendre(count, bits), powers, strict=True)]
        return arb_mat(rows).transpose()


def _exponential(x: arb, length: int) -> list[arb]:
    """The coefficients of exp(x t)."""
    found = [arb(1)]
    for j in range(1, length):
        found.append(found[-1] * x / j)
    return found


def _floor(x: arb) -> int:
    """The floor of an exact number."""
    found = x.floor().unique_fmpz()
    if found is None:
        raise PrecisionExhausted("the cells of a function cannot be counted: ask for more bits.")
    return int(found)


def _moments_needed(cut: float, digits: float) -> int:
    """A length J at which Lemma 10.1 leaves about exp(-digits) per unit of mass to all cells in use together."""
    j = int(cut + 1.01) + 2
    while j / 2 * (math.log(j / 4) - 1) - math.lgamma(j + 1) > -digits - math.log(2 * cut + 2) - 2.0:
        j += 1
    return j
