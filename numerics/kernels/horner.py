r"""A series with non-negative coefficients on tiles of float64 numbers, with the error of its evaluation as a theorem.

Proofs: docs/error-analysis.md, "Dot-product series".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import arb, arb_poly
from numpy.typing import NDArray

from ..balls.ends import upper_float
from ..balls.precision import precision
from ..balls.rounding import TINY, UNIT, sum_up, up
from .points import Floats
from .series import BOUND_BITS, FloatSeries

LEVELS: Floats = np.concatenate([2.0 ** (-np.arange(60, 9, -1) / 3.0), 1.0 - 2.0 ** (-np.arange(1, 240) / 6.0), [1.0]])
"""Grid of |t| for bounds that are increasing in |t|; it thickens towards 1, where tails change fast."""
SPILL = 2.0**-56
"""Share of the sum of the coefficients that the terms left out on a tile may amount to."""
PARITY = 2.0**-70
"""Share below which the odd (even) coefficients are left out, and their sum goes into the radius."""


def horner(coefficients: Floats, variable: Floats, out: Floats) -> None:
    r""":math:`\sum_k c_k v^k` on a contiguous tile, in place: two passes over ``out`` for each coefficient."""
    out.fill(coefficients[-1])
    for c in coefficients[-2::-1].tolist():
        np.multiply(out, variable, out=out)
        np.add(out, c, out=out)


@dataclass(frozen=True, slots=True, eq=False)
class TilePolynomial:
    r"""The polynomial :math:`\sum_k c_k t^{a + m k}` of a :class:`TileSeries`, in numpy alone: processes can send it.

    ``coefficients`` (K,), ``offset`` a, ``stride`` m, and ``terms``: for each of ``LEVELS`` how many are enough there.
    """

    coefficients: Floats
    offset: int
    stride: int
    terms: NDArray[np.int64]

    def evaluate(self, t: Floats, out: Floats, work: Floats, largest: float) -> None:
        """Values at the tile ``t``, |t| <= ``largest``, into ``out``; ``work`` is scratch; all three contiguous."""
        count = int(self.terms[min(int(np.searchsorted(LEVELS, largest)), len(LEVELS) - 1)])
        variable = t
        if self.stride == 2:
            variable = np.multiply(t, t, out=work)
        horner(self.coefficients[:count], variable, out)
        if self.offset:
            np.multiply(out, t, out=out)


@dataclass(frozen=True, slots=True, eq=False)
class TileSeries(TilePolynomial):
    r"""A float series :math:`\sum_k c_k t^{a + m k}` ready for tiles; made by :func:`tile_series`.

    Attributes
    ----------
    coefficients: (K,) float64, non-negative.
    offset, stride: a and m, which are (0, 1), or (0, 2) for an even series, (1, 2) for an odd one.
    terms: for each of ``LEVELS`` how many coefficients are enough there; what is left out is part of ``fixed``.
    fixed: the part of the error bound that does not depend on t.
    growth: polynomial bounding rounding and the radius of the cosines, increasing on [0, 1].
    tail, first: the rest of the series is at most :math:`|t|^{first}\, tail`.
    """

    fixed: arb
    growth: arb_poly
    tail: float
    first: int

    @property
    def polynomial(self) -> TilePolynomial:
        """The part that is evaluated."""
        return TilePolynomial(self.coefficients, self.offset, self.stride, self.terms)

    def rounding_error(self, tau: float) -> float:
        r"""Upper bound of every error but the tail's, wherever the true and the stored cosine are at most ``tau``."""
        with precision(BOUND_BITS):
            return upper_float(self.fixed + self.growth(arb(tau)))

    def tail_error(self, tau: float) -> float:
        r"""Upper bound of the rest of the series, :math:`τ^{R+1}\,\mathrm{tail}`."""
        with precision(BOUND_BITS):
            return upper_float(arb(tau) ** self.first * arb(self.tail))

    def error(self, tau: float) -> float:
        r"""Upper bound of :math:`|g(C_{ij}) - \tilde K_{ij}|` where true and stored cosine are at most ``tau``."""
        return up(self.rounding_error(tau) + self.tail_error(tau))


def tile_series(series: FloatSeries, rad: float) -> TileSeries:
    r"""Prepare a series for cosines known to ``± rad``: its parity, how many terms a level needs, its error.

    .. math:: E(τ) = \mathrm{radius} + τ^{R+1}\,\mathrm{tail} + σ
              + \sum_r c_r\bigl(k_r \tfrac{u}{1-Ku}\, τ^r + \mathrm{rad}\; r\, τ^{r-1}\bigr),

    :math:`k_r` the number of roundings that term r goes through, K the largest, σ what truncation, parity and underflow
    may lose.

    >>> t = tile_series(FloatSeries(np.array([0.0, 0.5, 0.0, 0.25]), 0.0, 0.25), 1e-16)
    >>> (t.offset, t.stride), bool(t.error(0.5) > 0.25 * 0.5**4)
    ((1, 2), True)
    """
    c = np.asarray(series.coefficients, dtype=np.float64)
    total, even, odd = sum_up(c), sum_up(c[0::2]), sum_up(c[1::2])
    offset, stride, neglected = 0, 1, 0.0
    if odd <= PARITY * total:
        stride, neglected = 2, odd
    elif even <= PARITY * total:
        offset, stride, neglected = 1, 2, even
    kept = np.ascontiguousarray(c[offset::stride])
    length = len(kept)
    powers = (2 if stride == 1 else 3) * np.arange(length) + 1 + offset
    spill = total * SPILL
    with precision(BOUND_BITS):
        share = arb(UNIT) / (1 - int(powers[-1]) * arb(UNIT))
        growth = [arb(0)] * (len(c) + 1)
        for k, (value, count) in enumerate(zip(kept.tolist(), powers.tolist(), strict=True)):
            r = offset + stride * k
            growth[r] += arb(value) * count * share
            if r:
                growth[r - 1] += arb(value) * r * arb(rad)
        underflow = arb(TINY) * (4 * length + 8) * (1 + arb(total))
        fixed = (arb(series.radius) + arb(spill) + arb(neglected) + underflow).upper()
    return TileSeries(
        kept, offset, stride, _terms(kept, offset, stride, spill), fixed, arb_poly(growth), series.tail, len(c)
    )


def _terms(kept: Floats, offset: int, stride: int, spill: float) -> NDArray[np.int64]:
    """For each level, a number of leading coefficients after which the others add up to less than ``spill`` there."""
    if spill < 2.0**-900:
        return np.full(len(LEVELS), len(kept))
    factors = np.repeat((LEVELS**stride)[:, None], len(kept), axis=1)
    factors[:, 0] = LEVELS**offset
    rest = np.cumsum((np.cumprod(factors, axis=1) * kept)[:, ::-1], axis=1)[:, ::-1]
    needed: NDArray[np.int64] = np.maximum((1.001 * rest > 0.99 * spill).sum(axis=1), 1)
    return needed
