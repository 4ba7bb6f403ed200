r"""Moments of the stationary density over the cells of a grid, with a proved error.

On a cell of half-width h around c the integrand :math:`F=e^{-2(L-L_0)/s}` is expanded to order J at c in balls; the
Lagrange remainder is the coefficient of order J over the whole cell. So
:math:`\int(x-c)^kF=\sum_{j<J}F_j\int t^{k+j}+[F_J]\int|t|^{k+J}` with every rounding inside the balls. Beyond the grid
:math:`L\ge\tfrac\lambda2x^2` bounds the tails by incomplete Gamma functions. docs/papers/two_layer_logistic/proofs.md,
section 10.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from math import comb

import numpy as np
from flint import arb, arb_series
from numpy.typing import NDArray

from ....theory.errors import SpecError
from ...balls.ball import enclose
from ...balls.precision import precision
from ...expressions.elementary.series import coefficient
from ...expressions.lowering import lower_series
from .scalar import ScalarLoss

ORDER = 10
DEPTH = 6
"""How often a cell is halved at most, where the density varies faster than the grid."""
ACCURACY = 30
"""The mass of a cell is known to 2^-ACCURACY of the mean mass of the cells, unless DEPTH is too small for that."""


@dataclass(frozen=True, eq=False)
class CellMoments:
    r"""Moments of the unnormalised density on the cells of a grid.

    ``nodes`` (m+1,) are exact floats; ``centres`` the exact midpoints; ``moments[k][i]`` encloses
    :math:`\int_{cell\,i}(x-c_i)^kF\,dx`; ``tails[k]`` bounds :math:`\int_{|x|>R}|x|^kF\,dx` for both sides together;
    ``offset`` is :math:`L_0`, an exact float; ``excess`` encloses :math:`\int(L-L_0)F\,dx` over the line.
    """

    loss: ScalarLoss
    step: Fraction
    nodes: NDArray[np.float64]
    centres: tuple[arb, ...]
    moments: tuple[tuple[arb, ...], ...]
    tails: tuple[arb, ...]
    offset: arb
    excess: arb
    bits: int

    @property
    def mean_loss(self) -> arb:
        r"""An enclosure of :math:`\mathbb E_{\mu_s}L`."""
        with precision(self.bits):
            return self.offset + self.excess / self.mass

    @property
    def second_moment(self) -> arb:
        r"""An enclosure of :math:`\mathbb E_{\mu_s}x^2`."""
        with precision(self.bits):
            cells = zip(self.centres, *self.moments[:3], strict=True)
            inside = sum((m2 + 2 * c * m1 + c * c * m0 for c, m0, m1, m2 in cells), arb(0))
            return (inside + up_to(self.tails[2])) / self.mass

    @property
    def mass(self) -> arb:
        """An enclosure of the integral of F over the line."""
        with precision(self.bits):
            return sum(self.moments[0], arb(0)) + up_to(self.tails[0])

    @property
    def partition(self) -> arb:
        r"""An enclosure of :math:`Z_s=\int e^{-2L/s}`."""
        with precision(self.bits):
            return self.mass * (-2 * self.offset / enclose(self.step)).exp()


def up_to(bound: arb) -> arb:
    """The ball of [0, bound]."""
    return bound / 2 + arb(0, (bound / 2).upper())


def clustered_grid(reach: float, cells: int, sharpness: float = 5.0) -> NDArray[np.float64]:
    """A symmetric grid of [-reach, reach], fine near zero: nodes ``reach sinh(k t)/sinh(k)``.

    >>> clustered_grid(10.0, 4)[2], len(clustered_grid(10.0, 4))
    (np.float64(0.0), 5)
    """
    if reach <= 0 or cells < 2:
        raise SpecError("a grid needs a positive reach and at least two cells.")
    t = np.linspace(-1.0, 1.0, cells + 1)
    nodes = reach * np.sinh(sharpness * t) / np.sinh(sharpness)
    nodes[0], nodes[-1] = -reach, reach
    if cells % 2 == 0:
        nodes[cells // 2] = 0.0
    return np.asarray(nodes, dtype=np.float64)


def default_reach(loss: ScalarLoss, step: Fraction, exponent: float = 60.0) -> float:
    r"""A reach R with :math:`\lambda R^2/s\ge` ``exponent`` plus what the data term and the offset may cost."""
    rate, s = float(loss.regularisation), float(step)
    return float(np.ceil(np.sqrt((exponent * s + 4.0) / rate)))


def cell_moments(
    loss: ScalarLoss, step: Fraction, nodes: NDArray[np.float64], *, count: int = 4, bits: int = 64
) -> CellMoments:
    """The moments of orders below ``count`` on each cell; see :class:`CellMoments`.

    A cell is halved, up to :data:`DEPTH` times, where the remainder is not small against the mass.
    """
    with precision(bits):
        values = loss.network().loss(nodes[:, None, None])
        offset = arb(float(np.float64(values.min())))
        rule = _Rule(lower_series(loss.expression), -2 / enclose(step), offset, count)
        guess = float(np.sum(np.exp(-2 * (values[:-1] - values.min()) / float(step)) * np.diff(nodes)))
        fine = arb(guess / len(nodes)) * arb((1, -ACCURACY))
        ends = [arb(float(x)) for x in nodes]
        centres = tuple(((a + b) / 2).mid() for a, b in pairwise(ends))
        cells = (rule.over_cell(a, b, c, fine) for (a, b), c in zip(pairwise(ends), centres, strict=True))
        *rows, above = zip(*cells, strict=True)
        low, high = float(nodes[0]), float(nodes[-1])
        rate = loss.regularisation / step
        lift = (2 * offset / enclose(step)).exp()
        tails = tuple(arb((lift * _tail(rate, low, high, k)).upper()) for k in range(count + 1))
        far = lift * enclose(step) / arb.const_e() * _tail(rate / 2, low, high, 0) + abs(offset) * tails[0]
        excess = sum(above, arb(0)) + arb(0, far.upper())
    return CellMoments(loss, step, nodes, centres, tuple(rows), tails, offset, excess, bits)


@dataclass(frozen=True, slots=True)
class _Rule:
    r"""Taylor's formula with its remainder for :math:`F=e^{c(L-L_0)}` and for :math:`(L-L_0)F` on an interval."""

    series: Callable[[arb_series], arb_series]
    factor: arb
    offset: arb
    count: int

    def over_cell(self, a: arb, b: arb, centre: arb, fine: arb) -> list[arb]:
        r""":math:`\int_a^b(x-c)^kF` for k below ``count``, then :math:`\int_a^b(L-L_0)F`.

        The parts of a cell are halved until each knows its mass to ``fine``.
        """
        total = [arb(0)] * (self.count + 1)
        parts = [(a, b, 0)]
        while parts:
            low, high, depth = parts.pop()
            middle = ((low + high) / 2).mid()
            remainders = self._densities(middle + arb(0, self._half(low, high, middle)), ORDER + 1)
            rest = abs(coefficient(remainders[0], ORDER)) * _even(self._half(low, high, middle), ORDER)
            if depth < DEPTH and not rest <= fine:
                parts += [(low, middle, depth + 1), (middle, high, depth + 1)]
                continue
            *about, above = self._over_part(low, high, middle, remainders)
            shift = middle - centre
            for k in range(self.count):
                total[k] += sum((comb(k, j) * shift ** (k - j) * about[j] for j in range(k + 1)), arb(0))
            total[-1] += above
        return total

    def _over_part(self, low: arb, high: arb, middle: arb, remainders: tuple[arb_series, arb_series]) -> list[arb]:
        """The same for one part, about its own middle; at least as sharp as the range of F times the width."""
        around = self._densities(middle, ORDER)
        left, right, half = low - middle, high - middle, self._half(low, high, middle)
        powers = [(right ** (j + 1) - left ** (j + 1)) / (j + 1) for j in range(ORDER + self.count)]
        found: list[arb] = []
        for k in (*range(self.count), 0):
            value, over = (around[0], remainders[0]) if len(found) < self.count else (around[1], remainders[1])
            total = coefficient(over, ORDER) * arb(0, _even(half, ORDER + k))
            for j in range(ORDER):
                total += coefficient(value, j) * powers[j + k]
            crude = coefficient(over, 0) * (powers[k] if k % 2 == 0 else arb(0, _even(half, k)))
            found.append(_both(total, crude))
        return found

    def _densities(self, at: arb, length: int) -> tuple[arb_series, arb_series]:
        """The series of F and of (L - L0) F."""
        above = self.series(arb_series([at, 1], prec=length)) - self.offset
        density = (self.factor * above).exp()
        return density, above * density

    @staticmethod
    def _half(low: arb, high: arb, middle: arb) -> arb:
        """The larger distance of an end from the middle, rounded up."""
        return (high - middle).max(middle - low).upper()


def _even(half: arb, power: int) -> arb:
    r"""An upper bound of :math:`\int_{-h}^h|t|^k\,dt`."""
    return (2 * half ** (power + 1) / (power + 1)).upper()


def _both(first: arb, second: arb) -> arb:
    """What two enclosures of one number leave; the finite one where only one is."""
    if not (first.is_finite() and second.is_finite()):
        return second if second.is_finite() else first
    return first.intersection(second)


def _tail(rate: Fraction, low: float, high: float, power: int) -> arb:
    r""":math:`\int_{x<low,\,x>high}|x|^ke^{-cx^2}dx` with c = ``rate``."""
    if not low < 0 < high:
        raise SpecError("the grid must have zero inside.")
    c, a = enclose(rate), enclose(Fraction(power + 1, 2))
    return sum(((c * reach * reach).gamma_upper(a) / (2 * c**a) for reach in (arb(low), arb(high))), arb(0))
