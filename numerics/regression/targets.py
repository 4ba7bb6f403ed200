"""Exact targets of a regression: float64 numbers where they are, a second float and the fractions behind them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import arb, arb_mat, fmpq
from numpy.typing import NDArray

from ...theory.errors import SpecError
from ..balls.rounding import UNIT
from ..kernels.columns import exact_array, frame_columns, join
from ..kernels.exact_rows import exact_entries
from .products import LOST, Floats


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """Targets (n, o), each exactly ``exact`` where that is given, and ``leading`` otherwise.

    ``leading + rest`` is each target up to ``error``, (n, o); ``rest`` is 0 for float64 numbers.
    """

    leading: Floats
    rest: Floats
    error: Floats
    exact: tuple[tuple[Fraction, ...], ...] | None = None

    @property
    def outputs(self) -> int:
        """How many targets each point has."""
        return int(self.leading.shape[1])

    @property
    def zero(self) -> bool:
        """Whether every target is exactly 0, and so is every mean."""
        return not (self.leading.any() or self.error.any())

    def balls(self) -> arb_mat:
        """The targets as balls at the working precision; exact for float64 numbers."""
        n, o = self.leading.shape
        if self.exact is None:
            return arb_mat(n, o, self.leading.ravel().tolist())
        return arb_mat(n, o, [arb(fmpq(q.numerator, q.denominator)) for row in self.exact for q in row])


def targets(values: object, n: int) -> tuple[Targets, bool]:
    """The targets of n points: n numbers, or a table of n rows; and whether they are a vector.

    Raises :class:`SpecError` for what is no table of finite numbers, or has another number of rows.

    >>> t, vector = targets([2**53 + 1, 1, "1/3"], 3)
    >>> float(t.leading[0, 0]) == 2.0**53, float(t.rest[0, 0]), vector
    (True, 1.0, True)
    """
    columns = frame_columns(values)
    try:
        table: NDArray[np.generic] = exact_array(values) if columns is None else join(columns)
    except SpecError as error:
        raise SpecError(f"targets: {error}") from None
    vector = table.ndim == 1
    if vector:
        table = table.reshape(-1, 1)
    if table.ndim != 2 or table.shape[0] != n or table.shape[1] == 0:
        raise SpecError(f"the targets have shape {table.shape}, and there are {n} points: give one row for each point.")
    if table.dtype == np.float64:
        leading = np.array(table, dtype=np.float64)
        if not np.isfinite(leading).all():
            raise SpecError("a target is NaN or infinite: remove its row or fill it in.")
        return Targets(leading, np.zeros_like(leading), np.zeros_like(leading)), vector
    try:
        rows = tuple(
            tuple(Fraction(x) for x in exact_entries(np.array(row, dtype=object), f"target of point {i}"))
            for i, row in enumerate(table.tolist())
        )
        leading = np.array([[float(q) for q in row] for row in rows])
    except SpecError:
        raise
    except (OverflowError, ValueError):
        raise SpecError("a target is NaN, infinite or beyond the range of float64: remove or scale it.") from None
    pairs = zip(rows, leading.tolist(), strict=True)
    left = [[q - Fraction(x) for q, x in zip(row, near, strict=True)] for row, near in pairs]
    rest, inexact = (np.array([[kind(q) for q in row] for row in left]) for kind in (float, bool))
    return Targets(leading, rest, np.abs(rest) * (2.0 * UNIT) + LOST * inexact, rows), vector
