r"""Moments of the stationary density over the cells of a grid, with a proved error.

On a cell of half-width h around c the integrand :math:`F=e^{-2(L-L_0)/s}` is expanded to order J at c in balls; the
Lagrange remainder is the coefficient of order J over the whole cell. So
:math:`\int(x-c)^kF=\sum_{j<J}F_j\int t^{k+j}+[F_J]\int|t|^{k+J}` with every rounding inside the balls. Beyond the grid
:math:`L\ge\tfrac\lambda2x^2` bounds the tails by incomplete Gamma functions. docs/theory/two-layer-logistic.md,
section 10.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from flint import arb, arb_series
from numpy.typing import NDArray

from ...theory.errors import SpecError
from ..ball import enclose
from ..expressions.elementary.series import coefficient
from ..expressions.lowering import lower_series
from ..precision import precision
from .scalar import ScalarLoss

ORDER = 10


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
    def mass(self) -> arb:
        """An enclosure of the integral of F over the line."""
        with precision(self.bits):
            return sum(self.moments[0], arb(0)) + _up_to(self.tails[0])

    @property
    def partition(self) -> arb:
        r"""An enclosure of :math:`Z_s=\int e^{-2L/s}`."""
        with precision(self.bits):
            return self.mass * (-2 * self.offset / enclose(self.step)).exp()


def _up_to(bound: arb) -> arb:
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
    """The moments of orders below ``count`` on each cell; see :class:`CellMoments`."""
    with precision(bits):
        offset = arb(float(np.float64(loss.network().loss(nodes[:, None, None]).min())))
        series = lower_series(loss.expression)
        factor = -2 / enclose(step)
        ends = [arb(float(x)) for x in nodes]
        rows: list[list[arb]] = [[] for _ in range(count)]
        centres: list[arb] = []
        excess = arb(0)
        for a, b in pairwise(ends):
            centre = ((a + b) / 2).mid()
            half = (b - centre).max(centre - a)
            left, right = a - centre, b - centre
            around, above = _density(series, factor, offset, centre, ORDER)
            over, above_over = _density(series, factor, offset, centre + arb(0, half.upper()), ORDER + 1)
            centres.append(centre)
            powers = [(right ** (j + 1) - left ** (j + 1)) / (j + 1) for j in range(ORDER + count)]
            sizes = [arb(0, (2 * half.upper() ** (j + 1) / (j + 1)).upper()) for j in range(ORDER, ORDER + count)]
            for k in range(count):
                total = over[ORDER] * sizes[k]
                for j in range(ORDER):
                    total += around[j] * powers[j + k]
                rows[k].append(total)
            excess += above_over[ORDER] * sizes[0]
            for j in range(ORDER):
                excess += above[j] * powers[j]
        low, high = float(nodes[0]), float(nodes[-1])
        rate = loss.regularisation / step
        lift = (2 * offset / enclose(step)).exp()
        tails = tuple(arb((lift * _tail(rate, low, high, k)).upper()) for k in range(count + 1))
        far = lift * enclose(step) / arb.const_e() * _tail(rate / 2, low, high, 0) + abs(offset) * tails[0]
        excess += arb(0, far.upper())
    return CellMoments(loss, step, nodes, tuple(centres), tuple(map(tuple, rows)), tails, offset, excess, bits)


def _density(
    series: Callable[[arb_series], arb_series], factor: arb, offset: arb, at: arb, length: int
) -> tuple[arb_series, arb_series]:
    """The series of F and of (L - L0) F."""
    above = series(arb_series([at, 1], prec=length)) - offset
    density = (factor * above).exp()
    return density, above * density


def _tail(rate: Fraction, low: float, high: float, power: int) -> arb:
    r""":math:`\int_{x<low,\,x>high}|x|^ke^{-cx^2}dx` with c = ``rate``."""
    if not low < 0 < high:
        raise SpecError("the grid must have zero inside.")
    c, a = enclose(rate), enclose(Fraction(power + 1, 2))
    total = arb(0)
    for reach in (arb(low), arb(high)):
        total += (c * reach * reach).gamma_upper(a) / (2 * c**a)
    return total
