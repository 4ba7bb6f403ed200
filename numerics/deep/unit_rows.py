r"""Unit vectors of Hermite coefficients in float64, one for each variance, and what Mehler's series loses by them.

Proof of the errors: docs/theory/deep-networks.md, section 6, "Any activation".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flint import arb, arb_poly
from numpy.typing import NDArray

from ..balls.rounding import TINY, UNIT
from ..kernels.horner import LEVELS
from ..kernels.mehler import mehler
from ..kernels.points import Floats

SPILL = 2.0**-56
"""What the orders left out on a tile may amount to, of a sum that is at most 1 in modulus."""


@dataclass(frozen=True, slots=True, eq=False)
class UnitRows:
    r"""Coefficients ``a`` (orders, variances) and what is lost: for each tau a bound of the error of the sum.

    ``peaks`` :math:`m_r = \max_k a_{rk}^2` and ``slope``, its derivative; ``lost`` a bound of
    :math:`\max\|a - \tilde a\|`; ``tail`` of the largest rest of the squares; ``terms`` how many
    orders are enough at each of ``LEVELS``.
    """

    a: Floats
    peaks: arb_poly
    slope: arb_poly
    rounding: arb_poly
    lost: arb
    tail: arb
    terms: NDArray[np.int64]

    @classmethod
    def stored(cls, a: Floats, lost: arb, tail: arb) -> UnitRows:
        """The rows with everything that follows from the numbers stored."""
        largest = np.max(a * a, axis=1) * (1.0 + 8.0 * UNIT) + TINY
        u, count = arb(UNIT), 2 * len(largest) + 2
        rounding = [arb(x) * (2 * r + 2) * u / (1 - count * u) for r, x in enumerate(largest.tolist())]
        peaks = arb_poly([arb(x) for x in largest.tolist()])
        return cls(a, peaks, peaks.derivative(), arb_poly(rounding), lost, tail, _terms(largest))

    @classmethod
    def of(cls, coefficients: Sequence[Sequence[arb]], norms: Sequence[arb]) -> UnitRows:
        """From enclosed coefficients, a sequence for each variance, and the sums of all their squares."""
        a = np.empty((len(coefficients[0]), len(coefficients)))
        lost, tail = arb(0), arb(0)
        for k, (row, square) in enumerate(zip(coefficients, norms, strict=True)):
            root = square.sqrt()
            unit = [arb(0) if square.is_zero() else mu / root for mu in row]
            a[:, k] = [float(x.mid()) for x in unit]
            gap = sum(((x - arb(m)) * (x - arb(m)) for x, m in zip(unit, a[:, k].tolist(), strict=True)), arb(0))
            rest = arb(0) if square.is_zero() else 1 - sum((x * x for x in unit), arb(0))
            lost = lost.max(gap.abs_upper().sqrt()).upper()
            tail = tail.max(rest.nonnegative_part().upper()).upper()
        return cls.stored(a, lost, tail)

    def evaluate(self, rows: NDArray[np.int64], columns: NDArray[np.int64], rho: Floats) -> Floats:
        """Mehler's series on a tile of correlations, with as many orders as the largest of them needs."""
        largest = float(np.max(np.abs(rho), initial=0.0))
        count = int(self.terms[min(int(np.searchsorted(LEVELS, largest)), len(LEVELS) - 1)])
        out = np.empty_like(rho)
        left, right = (self.a[:count].take(places, axis=1) for places in (rows, columns))
        mehler(left, right, rho, out, np.empty_like(rho))
        return out

    def reach(self, tau: arb) -> arb:
        """An upper bound of the modulus of the true sum, at most 1."""
        bound: arb = self.peaks(tau) + self.lost * (2 + self.lost) + self.tail * tau ** self.a.shape[0]
        return bound.min(arb(1))

    def error(self, tau: arb, distance: arb) -> arb:
        """A bound of the error where the true and the stored correlation are at most tau and ``distance`` apart."""
        order = self.a.shape[0]
        stored = self.lost * (2 + self.lost)
        underflow = arb(TINY) * (8 * order + 16)
        total: arb = self.rounding(tau) + stored + self.tail * tau**order + underflow + arb(SPILL)
        moved: arb = distance * self.slope(tau)
        return total + moved


def _terms(largest: Floats) -> NDArray[np.int64]:
    r"""For each level t the least R' with :math:`\sum_{r\ge R'} m_rt^r \le` ``SPILL``, in floats with room to spare."""
    orders = np.arange(len(largest))
    needed = np.empty(len(LEVELS), dtype=np.int64)
    for k, level in enumerate(LEVELS.tolist()):
        rest = np.cumsum((largest * level**orders)[::-1])[::-1] * 1.01
        needed[k] = max(1, int(np.count_nonzero(rest > 0.98 * SPILL)))
    return needed
