r"""The same proof with the matrix spread over processes: a Cholesky factorisation by tiles on ``dask.array``.

Tile (i, j) of L is :math:`(B_{ij} - \sum_{k<j} L_{ik}L_{jk}^T)L_{jj}^{-T}`, one task for each product, none of which
sees more than three tiles. The theorem of :mod:`certigram.numerics.eigenvalues.cholesky` speaks of entries computed by
sums in *any* order and of substitutions, so the bound is that of one LAPACK call on the whole matrix. The Gram matrix
is made by tiles too (points in, tiles out), so that no process ever holds all of it.

Needs ``pip install 'certigram[cluster]'``. Plan to n = 100 000: ``docs/scale.md``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np

from ...theory.errors import SpecError
from ..eigenvalues.blocked import Matrix, factorise_tile, solve_tile
from ..eigenvalues.cholesky import LARGEST_DIAGONAL, Shifted, backward_error, shifted_diagonal

TILE = 1000
MAX_TILE = 20_000


@dataclass(frozen=True, slots=True)
class TiledProof(Shifted):
    r"""A completed factorisation by tiles: :math:`\lambda_{\min}(A) \ge \mathrm{shift} - \mathrm{error}`.

    Attributes
    ----------
    shift, error: the shift, and the bound of the backward error.
    order, tile: the order of the matrix and of its tiles.
    tiles: the tiles of the factor where they are, when they were asked for; no bound depends on them.
    """

    order: int
    tile: int
    tiles: dict[tuple[int, int], Any] | None = field(default=None, compare=False, repr=False)


def require_dask() -> Any:
    """The module ``dask``, with ``dask.array``; :class:`SpecError` with the remedy when it is not installed."""
    try:
        import_module("dask.array")
    except ImportError:
        raise SpecError("tiled proofs need dask: install it with pip install 'certigram[cluster]'.") from None
    return import_module("dask")


def checked_tiles(matrix: Any) -> Any:
    """The dask array rechunked to equal square tiles on both axes; :class:`SpecError` unless square and float64."""
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.dtype != np.float64:
        raise SpecError("tiled proofs need a square dask array of float64 numbers.")
    rows = matrix.chunks[0]
    return matrix if matrix.chunks[1] == rows else matrix.rechunk((rows, rows))


def tiled_factorise(
    matrix: Any, shift: float, *, diagonal: Matrix | None = None, keep: bool = False
) -> TiledProof | None:
    r"""Factorise ``matrix - shift*I`` by tiles; None when a pivot fails, which proves nothing.

    Parameters
    ----------
    matrix: (n, n) dask array of float64; the statement is about the symmetric matrix with its lower triangle.
    shift: the number c.
    diagonal: the diagonal of ``matrix``, (n,), when it is known; otherwise it is computed.
    keep: leave the tiles of the factor in the memory of the workers, for an approximate eigenvector.

    Raises :class:`SpecError` for other arrays. Runs wherever dask runs: threads, or the workers of a
    ``distributed.Client``. Without ``keep`` only the diagonal of the factor comes back. Reference: S. M. Rump, BIT 46
    (2006); proof in ``docs/error-analysis.md``, "Cholesky".

    >>> import dask.array as da
    >>> proof = tiled_factorise(da.from_array(np.diag([1.0, 2.0, 3.0, 4.0]) + 0.5, chunks=2), 1.0)
    >>> proof.lower > 1 - 1e-14, tiled_factorise(da.from_array(np.eye(4), chunks=2), 1 + 1e-9) is None
    (True, True)
    """
    dask = require_dask()
    matrix = checked_tiles(matrix)
    blocks = matrix.to_delayed()
    count = len(matrix.chunks[0])
    if diagonal is None:
        parts = dask.compute(*(dask.delayed(_diagonal)(blocks[i, i]) for i in range(count)))
        diagonal = np.concatenate(parts)
    reduced = shifted_diagonal(diagonal, shift)
    if not ((reduced > 0.0) & (reduced <= LARGEST_DIAGONAL)).all():
        return None
    starts = np.concatenate([[0], np.cumsum(matrix.chunks[0])])
    tile, update = dask.delayed(_with_diagonal), dask.delayed(_update)
    factor, solve = dask.delayed(_factorise), dask.delayed(_solve)
    low: dict[tuple[int, int], Any] = {}
    for j in range(count):
        for i in range(j, count):
            block = blocks[i, j]
            if i == j:
                block = tile(block, reduced[starts[i] : starts[i + 1]])
            for k in range(j):
                block = update(block, low[i, k], low[j, k])
            low[i, j] = factor(block) if i == j else solve(low[j, j], block)
    if keep:
        low = dict(zip(low, dask.persist(*low.values()), strict=True))
    pivots = dask.compute(*(dask.delayed(_pivots)(low[j, j]) for j in range(count)))
    if any(p is None for p in pivots):
        return None
    size = int(matrix.chunks[0][0])
    return TiledProof(shift, backward_error(reduced), int(matrix.shape[0]), size, low if keep else None)


def _diagonal(block: Matrix) -> Matrix:
    return np.diagonal(block).copy()


def _with_diagonal(block: Matrix, diagonal: Matrix) -> Matrix:
    """The tile with another diagonal, symmetric with the lower triangle of the given one."""
    low = np.tril(block, -1)
    tile = low + low.T
    np.fill_diagonal(tile, diagonal)
    return tile


def _update(block: Matrix | None, left: Matrix | None, right: Matrix | None) -> Matrix | None:
    """``block - left @ right.T``; None once a pivot has failed."""
    if block is None or left is None or right is None:
        return None
    return np.asarray(block - left @ right.T, dtype=np.float64)


def _factorise(block: Matrix | None) -> Matrix | None:
    return None if block is None else factorise_tile(block)


def _solve(factor: Matrix | None, block: Matrix | None) -> Matrix | None:
    """The tile below a factor; None once a pivot has failed or an entry is not finite."""
    if factor is None or block is None:
        return None
    solved = solve_tile(factor, block)
    return solved if bool(np.isfinite(solved).all()) else None


def _pivots(factor: Matrix | None) -> Matrix | None:
    """The diagonal of a tile of the factor; None when it has failed or is not finite."""
    if factor is None:
        return None
    pivots = np.diagonal(factor)
    return pivots.copy() if bool((np.isfinite(pivots) & (pivots > 0.0)).all()) else None
