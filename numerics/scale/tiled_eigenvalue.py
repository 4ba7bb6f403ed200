r"""Both sides of the least eigenvalue of a matrix in tiles: a factorisation below, a Rayleigh quotient above.

.. math:: c - \mathrm{error} - n\,\mathrm{rad} \;\le\; \lambda_{\min}(K) \;\le\; \frac{v^TAv}{v^Tv} + n\,\mathrm{rad}

for every shift c at which the factorisation by tiles runs to its end, and every vector v. Both come from a Lanczos
process with the inverse, two substitutions by tiles for each step, of which nothing is believed: a poor vector costs
width. Proofs: ``docs/error-analysis.md``, "Cholesky", "Rayleigh quotient" and "Panels and tiles".
"""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
from scipy.linalg import solve_triangular

from ..balls.enclosure import Enclosure, rounded_outward
from ..balls.rounding import gamma, raised, sum_up, up
from ..eigenvalues.blocked import Matrix, Progress
from ..eigenvalues.inverse_iteration import inverse_lanczos, start_vector
from ..eigenvalues.rayleigh import SMALLEST_NORMAL, RayleighQuotient, quotient_of_products
from .tiled import TiledProof, checked_tiles, require_dask, tiled_factorise
from .tiled_gram import TiledGram

STEPS = 12
"""Steps of the Lanczos process at each factorisation."""
FACTORISATIONS = 6
"""Factorisations at most; three are the rule."""


def tiled_least_eigenvalue(
    gram: TiledGram, *, relative_width: float = 1e-6, progress: Progress | None = None
) -> Enclosure:
    """The least eigenvalue of a Gram matrix in tiles, which is positive semidefinite, on both sides.

    The first factorisation is at the shift 0, the next ones are below the Rayleigh quotient by a sixteenth of its
    residual, by half the width that is wanted, or, after a failure, four times as far. Raises :class:`SpecError`
    without dask.

    >>> from flint import arb
    >>> from certigram.numerics.kernels.series import DotProductSeries
    >>> from certigram.numerics.scale.tiled_gram import tiled_gram
    >>> square = lambda delta: DotProductSeries((arb(0), arb(0), arb(1)), arb(1))
    >>> found = tiled_least_eigenvalue(tiled_gram(np.array([[3.0, 4.0], [4.0, 3.0]]), square, tile=1))
    >>> found.contains(Fraction(49, 625)), found.relative_width < 1e-6
    (True, True)
    """
    tell = progress or (lambda what, share: None)
    n, spread = len(gram.diagonal), Fraction(up(len(gram.diagonal) * gram.rad))
    lower, upper = Fraction(0), Fraction(float(gram.diagonal.min())) + spread
    shift, vector, distance = 0.0, start_vector(n), 0.0
    for k in range(FACTORISATIONS):
        tell(f"factorisation {k + 1} by tiles", k / FACTORISATIONS)
        proof = tiled_factorise(gram.mid, shift, diagonal=gram.diagonal, keep=True)
        if proof is not None:
            lower = max(lower, Fraction(proof.lower) - spread)
            tell(f"eigenvector {k + 1} by tiles", (k + 0.5) / FACTORISATIONS)
            vector = inverse_lanczos(partial(_solve, proof), vector, steps=STEPS, tolerance=1e-14).vector
            found = tiled_rayleigh_quotient(gram.mid, vector)
            upper = min(upper, found.upper + spread)
            wanted = max(relative_width * float(upper) / 2, 2 * proof.error)
            distance = max(found.residual / 16, wanted)  # the error of the quotient is of second order
            if upper - lower <= relative_width * lower or shift >= float(upper) - 2 * wanted:
                break
        else:
            if shift == 0.0:
                break
            distance *= 4
        shift = max(float(upper) - distance, (float(lower) + float(upper)) / 2 if proof is None else 0.0, 0.0)
    tell("done", 1.0)
    method = f"Cholesky factorisation by tiles of {gram.mid.chunks[0][0]} rows"
    return rounded_outward(lower, upper, method)


def tiled_rayleigh_quotient(matrix: Any, v: Matrix) -> RayleighQuotient:
    r"""An enclosure of :math:`v^TAv/v^Tv`, A the symmetric matrix with the lower tiles of a dask array, v exact.

    Each worker forms the products of its tiles with v and with |v|; an entry of Av is a sum of n products in some
    order, which is all that the bound of :func:`~certigram.numerics.eigenvalues.rayleigh.rayleigh_quotient` needs.

    >>> import dask.array as da
    >>> a = da.from_array(np.array([[2.0, 1.0], [1.0, 2.0]]), chunks=1)
    >>> found = tiled_rayleigh_quotient(a, np.array([1.0, -1.0]))
    >>> found.lower <= 1 <= found.upper, float(found.upper - found.lower) < 1e-14
    (True, True)
    """
    dask = require_dask()
    matrix = checked_tiles(matrix)
    parts, blocks = _parts(matrix.chunks[0], v), matrix.to_delayed()
    products = dask.delayed(_products)
    count = len(parts)
    places = [(i, j) for i in range(count) for j in range(i + 1)]
    found = dask.compute(*(products(blocks[i, j], parts[i], parts[j], i == j) for i, j in places))
    y, t = [np.zeros_like(p) for p in parts], [np.zeros_like(p) for p in parts]
    for (i, j), (down, down_size, across, across_size) in zip(places, found, strict=True):
        y[i], t[i] = y[i] + down, t[i] + down_size
        if i != j:
            y[j], t[j] = y[j] + across, t[j] + across_size
    n = v.size
    size = np.concatenate(t) * up(1.0 + gamma(n + 4)) + 4.0 * n * SMALLEST_NORMAL
    total = sum_up(raised(size * np.abs(v)))
    return quotient_of_products(v, np.concatenate(y), size, total)


def _products(tile: Matrix, left: Matrix, right: Matrix, diagonal: bool) -> tuple[Matrix, Matrix, Matrix, Matrix]:
    """``tile @ right``, ``tile.T @ left``, and the same with absolute values; a diagonal tile by its lower triangle."""
    if diagonal:
        low = np.tril(tile, -1)
        tile = low + low.T + np.diag(np.diagonal(tile))
    size = np.abs(tile)
    return tile @ right, size @ np.abs(right), tile.T @ left, size.T @ np.abs(left)


def _parts(chunks: tuple[int, ...], v: Matrix) -> list[Matrix]:
    return np.split(v, np.cumsum(chunks)[:-1])


def _solve(proof: TiledProof, b: Matrix) -> Matrix:
    """``(A - shift)^-1 b`` by two substitutions with the tiles of the factor."""
    dask, low = require_dask(), proof.tiles
    assert low is not None  # factorised with keep
    count = max(i for i, _ in low) + 1
    sizes = [proof.tile] * (count - 1) + [proof.order - proof.tile * (count - 1)]
    parts: list[Any] = _parts(tuple(sizes), b)
    substitute, reduce = dask.delayed(_substitute), dask.delayed(_reduce)
    for i in range(count):
        for k in range(i):
            parts[i] = reduce(parts[i], low[i, k], parts[k], False)
        parts[i] = substitute(low[i, i], parts[i], False)
    for i in reversed(range(count)):
        for k in range(i + 1, count):
            parts[i] = reduce(parts[i], low[k, i], parts[k], True)
        parts[i] = substitute(low[i, i], parts[i], True)
    return np.concatenate(dask.compute(*parts))


def _reduce(b: Matrix, tile: Matrix, x: Matrix, transposed: bool) -> Matrix:
    return np.asarray(b - (tile.T if transposed else tile) @ x, dtype=np.float64)


def _substitute(factor: Matrix, b: Matrix, transposed: bool) -> Matrix:
    return np.asarray(solve_triangular(factor, b, lower=True, trans=int(transposed)), dtype=np.float64)
