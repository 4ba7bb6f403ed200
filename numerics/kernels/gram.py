r"""The Gram matrix of a dot-product kernel on given cosines, float64 with a proved radius, or in ball arithmetic.

Proofs: docs/error-analysis.md, "Dot-product series".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from flint import arb, arb_mat, arb_poly

from ...theory.errors import SpecError
from ..balls.budget import Budget
from ..balls.ends import float_ball, upper_float, within_unit
from ..balls.precision import precision
from ..balls.printed import text_above
from ..balls.rounding import TINY, UNIT, up
from ..balls.threads import over_blocks, thread_count
from .ballmatrix import BallMatrix, read_only
from .cosines import Cosines, require_memory
from .cross_cosines import CrossCosines
from .horner import LEVELS, TileSeries, tile_series
from .points import Floats
from .series import DotProductSeries, FloatSeries

TILE = 160
"""Rows and columns of a tile: three of them fit the second-level cache."""
INDIVIDUAL = 4
"""At most this many times n pairs are evaluated one by one in ball arithmetic."""
ENTRY_BITS = 128
THREADED = 2048
"""Order from which several threads share the tiles."""

Entry = Callable[[arb], arb]


@dataclass(frozen=True, slots=True, eq=False)
class _Pairs:
    """Pairs (i < j) with |C_ij| > cut, and the largest modulus among the others."""

    indices: tuple[tuple[int, int], ...]
    others: float


def tiles(matrix: Floats, first: int | None = None) -> Iterator[tuple[slice, slice, Floats]]:
    """Contiguous copies of the tiles of the upper triangle, the diagonal of the matrix set to 0 in them.

    With ``first``, only the tiles of the rows that begin there.
    """
    n = matrix.shape[0]
    for i in range(0, n, TILE) if first is None else (first,):
        rows = slice(i, min(i + TILE, n))
        for j in range(i, n, TILE):
            columns = slice(j, min(j + TILE, n))
            tile = matrix[rows, columns].copy()
            if i == j:
                np.fill_diagonal(tile, 0.0)
            yield rows, columns, tile


def all_tiles(matrix: Floats) -> Iterator[tuple[slice, slice, Floats]]:
    """Contiguous copies of the tiles of a matrix of any shape, of about as many entries."""
    m, n = matrix.shape
    height = min(m, TILE)
    width = TILE * TILE // max(height, 1)
    for i in range(0, m, height or 1):
        for j in range(0, n, width):
            rows, columns = slice(i, min(i + height, m)), slice(j, min(j + width, n))
            yield rows, columns, matrix[rows, columns].copy()


def memory_estimate(n: int, *, entrywise: bool = False, overwrite: bool = False) -> int:
    """Bytes at the peak of :func:`gram` with the cosines: two matrices (one when it overwrites them), one more for
    entrywise radii, tiles, checks.
    """
    matrices = 2 - int(overwrite) + int(entrywise)
    return 8 * (matrices * n * n + (5 + 3 * _threads(n)) * min(n, TILE) ** 2) + n * n


def gram(
    series: DotProductSeries | FloatSeries,
    cosines: Cosines,
    *,
    budget: Budget | None = None,
    entry: Entry | None = None,
    radius: Literal["auto", "scalar", "entrywise"] = "auto",
    overwrite: bool = False,
) -> BallMatrix:
    r"""The matrix :math:`K_{ij} = g(C_{ij})`, :math:`g(t) = \sum_r b_r t^r`, b_r >= 0; (n, n), every entry enclosed.

    Horner's rule on tiles of the upper triangle, in :math:`t^2` when g is odd or even. With
    :math:`τ = \min(1, \max_{i≠j}|\tilde C_{ij}| + \mathrm{rad})` the error is at most

    .. math:: E(τ) = \mathrm{radius} + τ^{R+1}\,\mathrm{tail} + \text{rounding} + \mathrm{rad}\cdot p'(τ),

    p the stored polynomial (see :func:`~certigram.numerics.kernels.horner.tile_series`). The diagonal is the mass g(1).

    Pairs so near to ±1 that the tail dominates are evaluated one by one by ``entry``, an enclosure of g on balls
    (another form of g, or more terms), at most 4n of them; exact duplicates get the mass. ``radius``: one number, one
    for each entry, or (``"auto"``) one for each entry only where the tail makes them differ. ``overwrite``: the result
    takes the storage of the cosines, which cannot be used afterwards. Raises :class:`SpecError` when the matrices would
    not fit ``budget.memory``.

    >>> c = Cosines(np.array([[1.0, 0.5], [0.5, 1.0]]), 0.0)
    >>> k = gram(DotProductSeries((arb(0), arb(1) / 2, arb(1) / 2), arb(1)), c)
    >>> float(k.mid[0, 1]), k.ball(0, 1).contains("3/8"), bool(k.rad < 1e-15)
    (0.375, True, True)
    """
    n, budget = cosines.n, budget or Budget()
    require_memory("gram", n, memory_estimate(n, entrywise=radius == "entrywise", overwrite=overwrite), budget)
    fits = memory_estimate(n, entrywise=True, overwrite=overwrite) <= budget.memory
    plan = tile_series(series.to_float() if isinstance(series, DotProductSeries) else series, cosines.rad)
    pairs = _near_one(plan, cosines, entry)
    diagonal, diagonal_radius = float_diagonal(series)
    with precision(ENTRY_BITS):
        single = {ij: found for ij in pairs.indices if (found := individual(series, plan, cosines, ij, entry))}
    left = [abs(float(cosines.mid[ij])) for ij in pairs.indices if ij not in single]
    tau = reach(max([pairs.others, *left]), cosines.rad)
    rounding, rest = plan.rounding_error(tau), plan.tail_error(tau)
    worst = max([diagonal_radius, *(r for _, r in single.values()), plan.error(tau) if n > 1 else 0.0])
    provenance = (
        f"cosines known to {text_above(cosines.rad, 3)}",
        f"rounding, coefficients and cosines: {text_above(rounding, 3)}; rest of the series: {text_above(rest, 3)}",
        f"{len(single)} pairs evaluated one by one",
    )
    rad: float | Floats = worst
    if radius == "entrywise" or (radius == "auto" and n > 1 and worst > 4 * rounding and fits):
        rad = _entrywise(plan, cosines, single, diagonal_radius)
    given = cosines.release() if overwrite else cosines.mid
    mid = given if overwrite else np.empty((n, n))
    _evaluate(plan, given, mid, cosines.rad)
    for (i, j), (value, _) in single.items():
        mid[i, j] = mid[j, i] = value
    np.fill_diagonal(mid, diagonal)
    entries = rad if isinstance(rad, float) else read_only(rad)
    return BallMatrix(read_only(mid), entries, provenance=provenance)


def _threads(n: int) -> int:
    """How many threads share the tiles of a matrix of order n."""
    return thread_count() if n >= THREADED else 1


def _evaluate(plan: TileSeries, given: Floats, mid: Floats, rad: float) -> None:
    """The series on every tile of the upper triangle of ``given``, and its mirror image, into ``mid`` (or in place).

    A tile is copied before anything is written, and no tile below the diagonal is read: both may be one matrix.
    """
    n = given.shape[0]
    size = min(n, TILE)

    def fill(first: int) -> None:
        buffers = np.empty(size * size), np.empty(size * size)
        for rows, columns, t in tiles(given, first):
            out, work = (buffer[: t.size].reshape(t.shape) for buffer in buffers)
            plan.evaluate(t, out, work, reach(max(float(t.max()), -float(t.min())), rad))
            mid[rows, columns] = out
            if columns.start != rows.start:
                mid[columns, rows] = out.T

    over_blocks(fill, range(0, n, TILE), threaded=n >= THREADED)


def _entrywise(
    plan: TileSeries, cosines: Cosines, single: Mapping[tuple[int, int], tuple[float, float]], diagonal: float
) -> Floats:
    """The bound E at the next level above each |C_ij| + rad: (n, n)."""
    table = np.array([plan.error(float(level)) for level in LEVELS])
    rad = np.empty_like(cosines.mid)
    for rows, columns, t in tiles(cosines.mid):
        np.abs(t, out=t)
        t += cosines.rad
        t *= 1.0 + 4.0 * UNIT
        bound = table[np.searchsorted(LEVELS, np.minimum(t, 1.0, out=t))]
        rad[rows, columns] = bound
        rad[columns, rows] = bound.T
    for (i, j), (_, r) in single.items():
        rad[i, j] = rad[j, i] = r
    np.fill_diagonal(rad, diagonal)
    return rad


def reach(largest: float, rad: float) -> float:
    """An upper bound of true and stored cosines."""
    return min(1.0, up(largest + rad))


def _near_one(plan: TileSeries, cosines: Cosines, entry: Entry | None) -> _Pairs:
    """The pairs to be evaluated one by one: duplicates, and with ``entry`` those where the tail dominates."""
    n, delta = cosines.n, cosines.delta
    cut = 1.0 - 2.0 * cosines.rad - 4.0 * UNIT
    if entry is not None:
        good = [float(x) for x in LEVELS if plan.tail_error(float(x)) <= plan.rounding_error(float(x))]
        cut = min(cut, max(good, default=0.0))
    if n == 1 or delta <= cut:
        return _Pairs((), delta)
    found: list[tuple[float, int, int]] = []
    others = 0.0
    for rows, columns, t in tiles(cosines.mid):
        np.abs(t, out=t)
        if rows.start == columns.start:
            t[np.tri(t.shape[0], dtype=bool)] = 0.0
        where = np.argwhere(t > cut)
        found += [(float(t[a, b]), rows.start + int(a), columns.start + int(b)) for a, b in where[: INDIVIDUAL * n + 1]]
        t[t > cut] = 0.0
        others = max(others, float(t.max()))
        if len(where) > INDIVIDUAL * n:
            return _Pairs((), delta)
    found.sort(reverse=True)
    kept, left = found[: INDIVIDUAL * n], found[INDIVIDUAL * n :]
    return _Pairs(tuple((i, j) for _, i, j in kept), max([others, *(t for t, _, _ in left)]))


def individual(
    series: DotProductSeries | FloatSeries,
    plan: TileSeries,
    cosines: Cosines | CrossCosines,
    pair: tuple[int, int],
    entry: Entry | None,
) -> tuple[float, float] | None:
    """Midpoint and radius of one entry from its exact cosine; None when nothing better than the series is known."""
    t = cosines.entry(*pair)
    if t == 1:
        return _float_ball(_mass(series))
    if entry is None:
        return None
    value = entry(t)
    found = _float_ball(value) if value.is_finite() else None
    series_error = plan.error(reach(abs(float(cosines.mid[pair])), cosines.rad))
    return found if found is not None and found[1] <= series_error else None


def float_diagonal(series: DotProductSeries | FloatSeries) -> tuple[float, float]:
    """The mass of the kernel, which is the diagonal of its Gram matrix, in float64 with a radius."""
    with precision(ENTRY_BITS):
        return _float_ball(_mass(series))


def _mass(series: DotProductSeries | FloatSeries) -> arb:
    if isinstance(series, DotProductSeries):
        return series.mass
    total = sum((arb(c) for c in series.coefficients.tolist()), arb(0))
    return total + arb(0, series.radius) + arb(0).union(arb(series.tail))


def _float_ball(x: arb) -> tuple[float, float]:
    """A float64 midpoint and radius that contain the ball."""
    if not x.is_finite():
        raise SpecError("gram: an entry of the matrix is not finite: compute the series with more bits.")
    return float_ball(x)


def gram_truncated(coefficients: Mapping[int, arb], cosines: Cosines, *, budget: Budget | None = None) -> BallMatrix:
    r"""The matrix :math:`\sum_{r\in S} b_r C^{\circ r}` for finitely many b_r >= 0; diagonal :math:`\sum b_r`.

    >>> gram_truncated({2: arb(4)}, Cosines(np.array([[1.0, 0.5], [0.5, 1.0]]), 0.0)).mid.tolist()
    [[4.0, 1.0], [1.0, 4.0]]
    """
    order = max(coefficients, default=0)
    dense = tuple(coefficients.get(r, arb(0)) for r in range(order + 1))
    return gram(DotProductSeries(dense, sum(dense, arb(0))), cosines, budget=budget)


def hadamard_power(cosines: Cosines, r: int, *, budget: Budget | None = None) -> BallMatrix:
    r"""The Hadamard power :math:`C^{\circ r}` by squaring, radius :math:`γ_r τ^r + \mathrm{rad}\, r\, τ^{r-1}`.

    >>> hadamard_power(Cosines(np.array([[1.0, 0.5], [0.5, 1.0]]), 0.0), 3).mid.tolist()
    [[1.0, 0.125], [0.125, 1.0]]
    """
    if r < 0:
        raise SpecError(f"hadamard_power: the exponent {r} is negative: C^(-r) is not a Gram matrix.")
    n = cosines.n
    require_memory("hadamard_power", n, memory_estimate(n), budget or Budget())
    if r == 0:
        return BallMatrix(np.ones((n, n)), 0.0)
    mid = np.empty((n, n))
    for rows, columns, t in tiles(cosines.mid):
        out = t.copy()
        for bit in bin(r)[3:]:
            np.multiply(out, out, out=out)
            if bit == "1":
                np.multiply(out, t, out=out)
        mid[rows, columns] = out
        mid[columns, rows] = out.T
    np.fill_diagonal(mid, 1.0)
    with precision(64):
        tau = arb(cosines.delta)
        share = r * arb(UNIT) / (1 - r * arb(UNIT))
        rad = upper_float(share * tau**r + arb(cosines.rad) * r * tau ** (r - 1) + 4 * r * arb(TINY))
    return BallMatrix(
        read_only(mid), rad, provenance=(f"cosines known to {text_above(cosines.rad, 3)}, {r - 1} products",)
    )


def gram_arb(series: DotProductSeries, cosines: arb_mat, bits: int, *, entry: Entry | None = None) -> BallMatrix:
    r"""The matrix :math:`g(C_{ij})` in ball arithmetic at ``bits``; ``.arb`` holds it, ``mid ± rad`` contains it.

    An entry of ``cosines`` that is exactly 1 gives the mass; the diagonal does whatever is stored there. ``entry``,
    another enclosure of g on balls, is tried for the pairs with :math:`|C_{ij}| > 1 - 2^{-13}` where the rest of the
    series is not small, as long as there are at most 4n of them; the narrower ball is kept.

    >>> c = arb_mat([[1, arb(1) / 2], [arb(1) / 2, 1]])
    >>> gram_arb(DotProductSeries((arb(0), arb(0), arb(1)), arb(1)), c, 128).ball(0, 1).contains("1/4")
    True
    """
    n = cosines.nrows()
    with precision(bits):
        result = arb_mat(n, n)
        polynomial = arb_poly(list(series.coefficients))
        nearly, left = 1 - arb((1, -13)), INDIVIDUAL * n
        for i in range(n):
            for j in range(i + 1):
                t = cosines[i, j]
                if i == j or t == 1:
                    value = series.mass
                else:
                    t = within_unit(t)
                    value = polynomial(t) + series.tail_at(t)
                    if entry is not None and left and abs(t) > nearly and value.rel_accuracy_bits() < bits - 8:
                        left -= 1
                        other = entry(t)
                        value = other if other.is_finite() and other.rad() < value.rad() else value
                result[i, j] = result[j, i] = value
        return BallMatrix.from_arb(result, (f"ball arithmetic at {bits} bits",))
