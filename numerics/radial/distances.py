r"""Squared distances of exact binary64 points: float64 with a relative bound, exactly, and the separation of a set.

The differences :math:`x_{ia} - x_{ja}` are formed first, so that no digits cancel:
:math:`|\tilde u_{ij} - u_{ij}| \le \gamma_{d+2}\,u_{ij}` whatever the norms are (``docs/error-analysis.md``, "Radial
kernels").
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpz_mat
from numpy.typing import NDArray

from ...theory.errors import SpecError
from ..balls.rounding import gamma, raised

Array = NDArray[np.float64]

BLOCK_BYTES = 1 << 22
LARGEST, SMALLEST = 2.0**500, 2.0**-500


def squared_distances(left: Array, right: Array) -> Array:
    r"""The (n, m) squared distances of two sets of points in float64, relative error at most :math:`\gamma_{d+2}`.

    Differences below :math:`2^{-500}` may underflow; they add at most :math:`2^{-900}` in all. Raises
    :class:`SpecError` for entries beyond :math:`2^{500}`, whose squares would overflow.

    >>> squared_distances(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]])).tolist()
    [[25.0]]
    """
    for table in (left, right):
        if table.size and not float(np.abs(table).max()) <= LARGEST:
            raise SpecError("squared_distances: a coordinate is not a number or beyond 2^500: rescale the points.")
    result = np.empty((len(left), len(right)))
    rows = max(1, BLOCK_BYTES // (8 * max(right.size, 1)))
    for start in range(0, len(left), rows):
        gap = left[start : start + rows, None, :] - right[None, :, :]
        result[start : start + rows] = np.einsum("ijk,ijk->ij", gap, gap)
    return result


def relative_error(dimension: int) -> float:
    """The relative error of :func:`squared_distances` in a dimension."""
    return gamma(dimension + 2)


@dataclass(frozen=True, slots=True)
class Separation:
    """The least squared distance of a set of points, exactly, and the first pair that has it."""

    squared: Fraction
    pair: tuple[int, int]


def _integers(points: Array) -> tuple[list[list[int]], int]:
    """Rows of integers N and an exponent e with points = 2^e N, exactly."""
    parts = [[entry.as_integer_ratio() for entry in row] for row in points.tolist()]
    shift = max((q.bit_length() - 1 for row in parts for _, q in row), default=0)
    return [[p << (shift - q.bit_length() + 1) for p, q in row] for row in parts], -shift


def integer_rows(points: Array) -> tuple[fmpz_mat, int]:
    """Integers N and an exponent e with points = 2^e N, exactly."""
    rows, exponent = _integers(points)
    return fmpz_mat(len(points), points.shape[1], [entry for row in rows for entry in row]), exponent


def exact_squared_distance(points: Array, i: int, j: int) -> Fraction:
    """The squared distance of two rows of binary64 numbers, exactly.

    >>> exact_squared_distance(np.array([[0.5], [0.25]]), 0, 1)
    Fraction(1, 16)
    """
    pairs = zip(points[i].tolist(), points[j].tolist(), strict=True)
    return sum(((Fraction(a) - Fraction(b)) ** 2 for a, b in pairs), Fraction(0))


def separation(points: Any) -> Separation:
    r"""The least squared distance :math:`\delta^2 = \min_{i<j} |x_i - x_j|^2` of n >= 2 points, exactly.

    Float64 distances with their bound leave candidates; all of those are compared exactly. Zero means equal points.

    >>> separation(np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]]))
    Separation(squared=Fraction(1, 1), pair=(0, 2))
    """
    table = np.asarray(points, dtype=np.float64)
    n, d = table.shape
    if n < 2:
        raise SpecError("separation: a single point has no distance to another.")
    slack = raised((1 + relative_error(d)) / (1 - relative_error(d)))
    threshold = min(float(u.min()) for _, u in _above_diagonal(table)) * slack + SMALLEST
    exact, exponent = _integers(table)
    best: tuple[int, int, int] | None = None
    for start, u in _above_diagonal(table):
        for i, j in np.argwhere(u <= threshold).tolist():
            square = sum((a - b) ** 2 for a, b in zip(exact[start + i], exact[j], strict=True))
            if best is None or square < best[0]:
                best = square, start + i, j
    if best is None:
        raise SpecError("separation: no pair of points is at a finite distance.")
    return Separation(best[0] * Fraction(2) ** (2 * exponent), best[1:])


def largest_squared_distance(points: Any) -> Fraction:
    """The largest squared distance of any two points, exactly; 0 for a single one. Found as :func:`separation` is.

    >>> largest_squared_distance(np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0]]))
    Fraction(25, 1)
    """
    table = np.asarray(points, dtype=np.float64)
    u, error = squared_distances(table, table), relative_error(table.shape[1])
    threshold = float(u.max()) * (1 - error) / (1 + error) * (1 - 2.0**-50) - SMALLEST
    pairs = [(i, j) for i, j in np.argwhere(u >= threshold).tolist() if i < j]
    return max((exact_squared_distance(table, i, j) for i, j in pairs), default=Fraction(0))


def _above_diagonal(table: Array) -> Iterator[tuple[int, Array]]:
    """The squared distances of all pairs i < j in float64, block by block, infinite elsewhere; the first i of each."""
    n, d = table.shape
    rows = max(1, BLOCK_BYTES // (8 * n * max(d, 1)))
    for start in range(0, n, rows):
        u = squared_distances(table[start : start + rows], table)
        u[np.arange(n)[None, :] <= np.arange(start, min(start + rows, n))[:, None]] = np.inf
        yield start, u
