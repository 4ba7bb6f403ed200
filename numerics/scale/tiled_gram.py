r"""The Gram matrix of a dot-product kernel as a ``dask.array``: every tile from the points, none from its neighbours.

A tile is :math:`g(C_{ij})` for two groups of points, cosines and series evaluated as everywhere else and with the
same radius. Two passes: the first finds the largest modulus of a cosine off the diagonal, on which the length of the
series and the radius rest, the second evaluates. Proofs: ``docs/error-analysis.md``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..balls.rounding import gamma, up
from ..eigenvalues.cholesky import Matrix
from ..kernels.gram import float_diagonal
from ..kernels.horner import TilePolynomial, tile_series
from ..kernels.points import points
from ..kernels.series import DotProductSeries
from ..kernels.split_rows import SplitRows, cosine_block, split_rows
from .tiled import TILE, require_dask, tiled_factorise

STRIP = 25
"""Rows of a tile that are evaluated together, so that they stay in the cache."""


@dataclass(frozen=True, slots=True, eq=False)
class TiledGram:
    """A Gram matrix spread over tiles: every entry of the kernel matrix lies within ``mid ± rad``.

    ``mid`` is an (n, n) ``dask.array`` (only its lower triangle is ever computed), ``diagonal`` its diagonal, ``rad``
    one number.
    """

    mid: Any
    diagonal: Matrix
    rad: float

    def lower_bound(self, shift: float) -> float | None:
        r"""A proved lower bound of the least eigenvalue from a factorisation at ``shift``; None when it stops.

        :math:`\lambda_{\min}(K) \ge \lambda_{\min}(\mathrm{mid}) - n\,\mathrm{rad}`.
        """
        proof = tiled_factorise(self.mid, shift, diagonal=self.diagonal)
        if proof is None:
            return None
        n = len(self.diagonal)
        spread = up(up(n * self.rad) * up(1.0 + gamma(2)))
        return float(np.nextafter(proof.lower - spread, -np.inf))


def tiled_gram(values: Any, series: Callable[[float], DotProductSeries], *, tile: int = TILE) -> TiledGram:
    r"""The matrix :math:`g(C_{ij})` of n exact points, (n, d), as tiles of ``tile`` rows.

    ``series`` gets an upper bound of :math:`|C_{ij}|`, i ≠ j, and returns the kernel with as many terms as that needs.
    Raises :class:`SpecError` for bad rows, or without dask.

    >>> from flint import arb
    >>> square = lambda delta: DotProductSeries((arb(0), arb(0), arb(1)), arb(1))
    >>> k = tiled_gram(np.array([[3.0, 4.0], [4.0, 3.0], [1.0, 0.0]]), square, tile=2)
    >>> k.mid.compute()[1].round(12).tolist(), k.rad < 2e-15
    ([0.9216, 1.0, 0.64], True)
    """
    dask = require_dask()
    array = dask.array
    rows = split_rows(points(values))
    n = len(rows.square)
    starts = list(range(0, n, tile))
    groups = [rows.part(slice(i, i + tile)) for i in starts]
    shared = [dask.delayed(g, traverse=False) for g in groups]
    largest = dask.delayed(_largest)
    count = len(starts)
    peaks = dask.compute(*(largest(shared[i], shared[j], i == j) for i in range(count) for j in range(i + 1)))
    delta = min(1.0, up(max(peaks) + rows.radius))
    found = series(delta)
    plan = tile_series(found.to_float(), rows.radius)
    diagonal, diagonal_radius = float_diagonal(found)
    evaluate = dask.delayed(_tile)
    polynomial = dask.delayed(plan.polynomial, traverse=False)
    sizes = [len(g.square) for g in groups]
    table = []
    for i in range(count):
        line = []
        for j in range(count):
            a, b = max(i, j), min(i, j)
            block = evaluate(shared[a], shared[b], polynomial, delta, diagonal if i == j else None)
            block = block if i >= j else block.T
            line.append(array.from_delayed(block, (sizes[i], sizes[j]), dtype=np.float64))
        table.append(line)
    rad = max(diagonal_radius, plan.error(delta) if n > 1 else 0.0)
    return TiledGram(array.block(table), np.full(n, diagonal), rad)


def _largest(a: SplitRows, b: SplitRows, same: bool) -> float:
    """The largest modulus of a stored cosine of different points."""
    block = cosine_block(a, b)
    if same:
        np.fill_diagonal(block, 0.0)
    return max(float(block.max()), -float(block.min()))


def _tile(a: SplitRows, b: SplitRows, polynomial: TilePolynomial, delta: float, diagonal: float | None) -> Matrix:
    """The kernel on one tile; with the diagonal given, the tile is on the diagonal of the matrix."""
    t = cosine_block(a, b)
    if diagonal is not None:
        np.fill_diagonal(t, 0.0)
    out = np.empty_like(t)
    work = np.empty((min(STRIP, len(t)), t.shape[1]))
    for i in range(0, len(t), STRIP):
        strip = t[i : i + STRIP]
        reach = max(float(strip.max()), -float(strip.min()))
        polynomial.evaluate(strip, out[i : i + STRIP], work[: len(strip)], min(delta, up(up(reach) * (1.0 + 2.0**-40))))
    if diagonal is not None:
        np.fill_diagonal(out, diagonal)
    return out
