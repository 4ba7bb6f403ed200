r"""The log-Sobolev constant of one neuron on the line, by Hardy's inequality on two half-lines.

For a probability density n on the line, any point m, and numbers A, B with
:math:`e^{\psi(t)}\le A+Be^t`, :math:`\psi(t)=t+t^2/(e^t-1-t)`, for all t (:data:`A`, :data:`B`),

.. math:: \operatorname{Ent}(f^2)\le4\max(B_+,B_-)\int f'^2n,\qquad
          B_+=\sup_{x>m}T\log\Bigl(A+\frac BT\Bigr)\int_m^x\frac1n,\quad T=\int_x^\infty n ,

and the mirror image for :math:`B_-`; so :math:`\alpha=1/(2\max B_\pm)`. With A = 1, B = e² this is the criterion of
Barthe and Roberto, after Bobkov and Götze; this pair is smaller, and the proof is ours. Here
:math:`n\propto e^{-bh_q}`; the tilts q are covered by boxes, on each of which the potential moves by little, and the
numbers are float64 with the number of roundings counted. docs/papers/two_layer_logistic/one-neuron.md, section 7.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from flint import arb

from ......theory.errors import DerivationGap, PrecisionExhausted
from .....balls.ball import enclose
from .....balls.ends import outward, upper_float
from .....balls.precision import precision
from .....balls.rounding import gamma
from ..log_sobolev import LogSobolev, defect, inverse_temperature
from .case import Floats, NeuronCase
from .conditional import REMAINDER, corners
from .rothaus import majorised

A, B = 7.5, 1.5
""":func:`.rothaus.majorised` proves the inequality for this pair."""
NODES = 2048
BITS = 96
SWING = 0.4
"""How much the potential may move over a box of tilts, about."""
MAX_BOXES = 1 << 14
SPAN = 40
"""How much the potential may move over all tilts: beyond, there would be too many boxes."""
ORDER = 2.0**-36
"""Relative: the queue of boxes is ordered by floats, a few roundings and two elementary functions away."""
DEPTH = 500.0
"""The largest exponent at the nodes."""
NAME = "one neuron, Hardy on half-lines"
_TABLE = 512


def half_line_constant(case: NeuronCase, noise: Fraction, swing: float = SWING) -> LogSobolev:
    """The constant with its defect; raises :class:`DerivationGap` in more than one dimension."""
    setting = case.setting
    lost = defect(setting, noise)
    assert lost is not None  # tanh is bounded
    with precision(BITS):
        b = 2 / noise / case.width
        log = least_log_constant(case, b, swing)
    with precision(setting.bits):
        rest = enclose(REMAINDER * case.outer**2 / case.width)
        log = log - enclose(b) * rest - inverse_temperature(noise).log()
        return LogSobolev(NAME, log, lost, bits=setting.bits, noise=noise)


def least_log_constant(case: NeuronCase, b: Fraction, swing: float) -> arb:
    r"""A lower bound of log α for all laws :math:`e^{-bh_q}`, by branch and bound over the tilts of the places.

    The constant of a box is the one at its centre times :math:`e^{-\delta}`, where δ is how much the potential moves
    over the box; the worst box is divided until its δ is at most ``swing``.
    """
    if case.dimension != 1:
        raise DerivationGap(f"{case.name}: Hardy's inequality on half-lines speaks of one dimension.")
    if not majorised(Fraction(A), Fraction(B)):
        raise ArithmeticError(f"the inequality behind Hardy's criterion fails for A = {A}, B = {B}.")
    low, high = corners(case)[0][0], corners(case)[-1][0]
    line = _Line.of(case, b, high)
    masses = [sum((w for x, _, w in case.data if x == place), Fraction(0)) for place in line.places]
    queue: list[tuple[float, int, tuple[Fraction, ...], tuple[Fraction, ...]]] = []
    count = itertools.count()

    def put(centre: tuple[Fraction, ...], sizes: tuple[Fraction, ...]) -> None:
        value = -math.log(2 * line.constant(centre)) - float(moved(sizes))
        heapq.heappush(queue, (value, next(count), centre, sizes))

    def moved(sizes: tuple[Fraction, ...]) -> Fraction:
        return sum((b * case.outer * w * size for w, size in zip(masses, sizes, strict=True)), Fraction(0))

    if moved((high - low,) * len(masses)) > SPAN:
        raise PrecisionExhausted(f"{case.name}: too many boxes of tilts at this temperature: take a larger s.")
    put(((low + high) / 2,) * len(masses), (high - low,) * len(masses))
    for _ in range(MAX_BOXES):
        value, _, centre, sizes = heapq.heappop(queue)
        if moved(sizes) <= swing:
            return arb(value) - ORDER * (1 + abs(arb(value)))
        k = max(range(len(sizes)), key=lambda i: masses[i] * sizes[i])
        half = tuple(s / 2 if i == k else s for i, s in enumerate(sizes))
        for sign in (-1, 1):
            put(tuple(c + sign * half[k] / 2 if i == k else c for i, c in enumerate(centre)), half)
    raise PrecisionExhausted(f"{case.name}: too many boxes of tilts at this temperature: take a larger s.")


@dataclass(eq=False)
class _Line:
    """The law of one neuron at nodes (m,): ``gauss`` and, for each place of the data, σ there and factors of tilts."""

    case: NeuronCase
    inverse: Fraction
    places: list[tuple[Fraction, ...]]
    nodes: Floats
    gauss: Floats
    columns: list[list[arb]]
    factors: dict[tuple[int, Fraction], Floats] = field(default_factory=dict)

    @classmethod
    def of(cls, case: NeuronCase, b: Fraction, high: Fraction) -> _Line:
        steep, pull = float(b * case.rate), float(case.outer * high)
        if 2 * float(b) * pull > DEPTH - 50:
            raise PrecisionExhausted(f"{case.name}: the density of one neuron varies too much: take a larger s.")
        reach = max(3.0 * math.sqrt(2 * pull / float(case.rate)), math.sqrt(12.0 / steep))
        reach = min(reach, math.sqrt(2 * (DEPTH - 2 * float(b) * pull) / steep))
        step = 2.0 ** math.ceil(math.log2(2 * reach / NODES))
        count = math.ceil(reach / step)
        nodes = np.arange(-count, count + 1, dtype=np.float64) * step
        gauss = [(-enclose(b * case.rate) / 2 * arb(x) ** 2).exp() for x in nodes]
        places = sorted({x for x, _, _ in case.data})
        columns = [[(enclose(x[0]) * arb(v)).tanh() for v in nodes] for x in places]
        return cls(case, b, places, nodes, _floats(gauss), columns)

    def factor(self, k: int, q: Fraction) -> Floats:
        """The part of the density of all data at one place: inputs at one place share an output, hence q and 1 - q."""
        if (k, q) not in self.factors:
            data = [(y, w) for x, y, w in self.case.data if x == self.places[k]]
            force = sum((w * q if y == 1 else -w * (1 - q) for y, w in data), Fraction(0))
            size = enclose(self.inverse * self.case.outer * force)
            self.factors[k, q] = _floats([(size * t).exp() for t in self.columns[k]])
        return self.factors[k, q]

    def constant(self, centre: tuple[Fraction, ...]) -> float:
        """An upper bound of max(B₊, B₋) for one choice of tilts."""
        density = self.gauss
        for k, q in enumerate(centre):
            density = density * self.factor(k, q)
        tilts = dict(zip(self.places, centre, strict=True))
        all_tilts = [tilts[x] if y == 1 else 1 - tilts[x] for x, y, _ in self.case.data]
        return _constant(self.case, self.inverse, self.nodes, density, all_tilts)


def _floats(values: list[arb]) -> Floats:
    """Positive balls as float64 numbers, each off by at most a relative 2⁻⁵²; refused where that is not so."""
    found = np.array([float(v.mid()) for v in values])
    if not all(v.rel_accuracy_bits() > 54 for v in values) or not bool(((found > 1e-280) & (found < 1e280)).all()):
        raise PrecisionExhausted("a density of one neuron was not enclosed well enough: take a larger s.")
    return found


def _constant(case: NeuronCase, b: Fraction, nodes: Floats, density: Floats, q: Sequence[Fraction]) -> float:
    """An upper bound of max(B₊, B₋) from the node nearest to the median."""
    bend, step = case.bend(q), float(nodes[1] - nodes[0])
    lift = upper_float((enclose(b) * (bend + enclose(case.rate)) * arb(step) ** 2 / 8).exp())
    sink = upper_float((enclose(b) * (bend - enclose(case.rate)).max(arb(0)) * arb(step) ** 2 / 8).exp())
    cells = (density[:-1] + density[1:]) * (step / 2 * lift)
    inverse = (1 / density[:-1] + 1 / density[1:]) * (step / 2 * sink)
    tail = _Tail.of(case, b, q, float(nodes[-1]))
    ends = density[0] * tail.mills, density[-1] * tail.mills
    total = float(cells.sum() + ends[0] + ends[1])
    middle = int(np.searchsorted(np.cumsum(cells), total / 2))
    middle = min(max(middle, 1), cells.size - 1)
    right = _one_side(cells[middle:], inverse[middle:], ends[1], float(density[-1]), total, tail)
    left = _one_side(cells[:middle][::-1], inverse[:middle][::-1], ends[0], float(density[0]), total, tail)
    return max(left, right) * (1 + gamma(8 * density.size + 256))


def _one_side(cells: Floats, inverse: Floats, end: float, last: float, total: float, tail: _Tail) -> float:
    """B₊ from the masses of the cells from m on, of the reciprocal density, and of what is beyond the nodes."""
    beyond = np.cumsum(cells[::-1])[::-1] + end  # from the left end of each cell on
    reached = np.cumsum(inverse)  # up to its right end
    inside = float((beyond * _log_above(A + B * total / beyond) * reached).max())
    return max(inside, tail.constant(float(reached[-1]) * last, total))


def _log_above(y: Floats) -> Floats:
    """An upper bound of log y, y > 0: the tangents at a table of points; off by at most 2e-6 and a few roundings."""
    part, exponent = np.frexp(y)
    place = np.clip((part * (2 * _TABLE)).astype(np.int64) - _TABLE, 0, _TABLE - 1)
    base = (place + _TABLE + 0.5) / (2 * _TABLE)
    return np.asarray(exponent * _LOG_2[(exponent > 0).astype(int)] + _LOGS[place] + (part - base) / base + 2.0**-45)


with precision(BITS):
    _LOGS = np.array([upper_float(arb((k + _TABLE + 0.5) / (2 * _TABLE)).log()) for k in range(_TABLE)])
    _LOG_2 = np.array(outward(arb(2).log()))


@dataclass(frozen=True, slots=True)
class _Tail:
    r"""What is beyond R: there :math:`h'\ge kw`, k = λp(1 - θ).

    ``mills`` bounds :math:`e^{bh(R)}\int_R^\infty e^{-bh}`; ``shrink`` is bk, ``steep`` bλp, ``pull`` bcQ.
    """

    reach: float
    mills: float
    shrink: arb
    steep: arb
    pull: arb
    spread: arb

    @classmethod
    def of(cls, case: NeuronCase, b: Fraction, q: Sequence[Fraction], reach: float) -> _Tail:
        """For a tilt; raises :class:`PrecisionExhausted` where R is too small."""
        size, steep = arb(reach), enclose(b * case.rate)
        slope = arb(0)
        for (x, _, w), v in zip(case.data, q, strict=True):
            length = abs(x[0])
            slope += enclose(case.outer * w * v * length) * 4 * (-2 * enclose(length) * size).exp()
        theta = slope / (enclose(case.rate) * size)
        shrink = steep * (1 - theta)
        if not (theta < arb("0.5") and shrink * size * size >= 6):
            raise PrecisionExhausted(f"{case.name}: the tails of one neuron begin beyond the nodes: take a smaller s.")
        spread = steep * (1 + theta) + 1 / size**2
        pull = enclose(b * case.outer * case.pull(q))
        return cls(reach, upper_float(1 / (shrink * size)), shrink, steep, pull, spread)

    def constant(self, integral: float, total: float) -> float:
        r"""A bound of B₊ over x ≥ R; ``integral`` is :math:`e^{-bh(R)}\int_m^Re^{bh}`, ``total`` the whole mass."""
        size, c = arb(self.reach), self.shrink
        most = arb(integral).max(1 / (c * size)) + 2 / (c * c * size**3)
        log = (arb(A) + arb(B) * arb(total) * size * self.spread).log()
        return upper_float(most * size / c * (self.steep / 2 + (self.pull + log) / size**2))
