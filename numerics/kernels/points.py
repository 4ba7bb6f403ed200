"""A finite set of points given by exact binary64 numbers, and the integers behind them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import numpy as np
from flint import fmpz_mat
from numpy.typing import NDArray

from ...theory.errors import SpecError
from ..rounding import require_ieee_arithmetic

Floats = NDArray[np.float64]


class InnerProducts(Protocol):
    """Where exact inner products come from: points, or an exact Gram matrix."""

    @property
    def n(self) -> int:
        """How many points there are."""
        ...

    def inner(self, i: int, j: int) -> Fraction:
        """The inner product of points i and j, exactly."""
        ...

    def second_moment(self, i: int) -> Fraction:
        """The diagonal entry of the input Gram matrix: ``|x_i|²/d`` for points."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    r"""n points in dimension d; row i of ``values`` is :math:`x_i`, a vector of exact binary64 numbers (read-only).

    Made by :func:`points`, which refuses rows that no kernel on directions can use.

    >>> p = points(np.array([[0.5, 0.25], [3.0, 0.0]]))
    >>> p.row(0), p.row(1), p.inner(0, 1), p.second_moment(1)
    ((-2, (2, 1)), (0, (3, 0)), Fraction(3, 2), Fraction(9, 2))
    """

    values: Floats

    @property
    def n(self) -> int:
        """How many points there are."""
        return int(self.values.shape[0])

    @property
    def d(self) -> int:
        """Their dimension."""
        return int(self.values.shape[1])

    def row(self, i: int) -> tuple[int, tuple[int, ...]]:
        """The pair (e, N) of an integer and a vector of integers without common factor 2 with :math:`x_i = 2^e N`."""
        parts = [entry.as_integer_ratio() for entry in self.values[i].tolist()]
        shift = max(q.bit_length() - 1 for _, q in parts)
        wide = [p << (shift - q.bit_length() + 1) for p, q in parts]
        even = min((w & -w).bit_length() - 1 for w in wide if w)
        return even - shift, tuple(w >> even for w in wide)

    def direction(self, i: int) -> tuple[int, tuple[int, ...]]:
        """The pair (sign, D), D the primitive integer vector on the line through x_i, its first nonzero entry positive.

        Two points are parallel exactly when their D agree, and point the same way exactly when their signs do.
        """
        _, wide = self.row(i)
        common = math.gcd(*wide)
        sign = 1 if next(w for w in wide if w) > 0 else -1
        return sign, tuple(sign * w // common for w in wide)

    def integer_gram(self) -> fmpz_mat:
        """The inner products of the integer rows, exactly, by one integer matrix product: (n, n)."""
        matrix = fmpz_mat(self.n, self.d, [entry for i in range(self.n) for entry in self.row(i)[1]])
        return matrix * matrix.transpose()

    def inner(self, i: int, j: int) -> Fraction:
        """The inner product of points i and j, exactly."""
        (e, x), (f, y) = self.row(i), self.row(j)
        return _shift(sum(a * b for a, b in zip(x, y, strict=True)), e + f)

    def second_moment(self, i: int) -> Fraction:
        """The diagonal entry of the input Gram matrix: :math:`|x_i|^2/d`."""
        return self.inner(i, i) / self.d


def _shift(m: int, e: int) -> Fraction:
    return Fraction(m << e) if e >= 0 else Fraction(m, 1 << -e)


def points(values: Any) -> Points:
    """Check a table of points, rows = points, and keep it as exact binary64 numbers.

    Raises :class:`SpecError` for anything but a finite real (n, d) table with n, d >= 1 and no zero row, naming the
    first bad row.

    >>> points([[1, 2], [0, 0]])
    Traceback (most recent call last):
        ...
    certigram.theory.errors.SpecError: points: row 1 is zero, so it has no direction: remove it or fill it in.
    """
    require_ieee_arithmetic()
    if isinstance(values, Points):
        return values
    if np.ma.is_masked(values):
        raise SpecError("points: some entries are masked: fill them in or remove their rows.")
    try:
        given = np.asarray(values)
    except ValueError as error:
        raise SpecError(f"points: this is not a table of numbers ({error}): give n rows of equal length.") from None
    if given.dtype.kind not in "iuf" or given.dtype.itemsize > 8:
        raise SpecError(
            f"points: entries of type {given.dtype} are not exact binary64 numbers: give float64 or integers."
        )
    if given.ndim != 2 or 0 in given.shape:
        raise SpecError(f"points: the shape {given.shape} is not (n, d) with n, d >= 1: give one row for each point.")
    table = np.ascontiguousarray(given, dtype=np.float64)
    if given.dtype.kind in "iu" and given.dtype.itemsize == 8 and not np.array_equal(table.astype(object), given):
        raise SpecError("points: some integers do not fit float64 exactly: scale them below 2^53.")
    _first_bad(~np.isfinite(table).all(axis=1), "has an entry that is NaN or infinite", "remove the row or fill it in")
    _first_bad(~table.any(axis=1), "is zero, so it has no direction", "remove it or fill it in")
    if table is values:
        table = table.copy()
    table.setflags(write=False)
    return Points(table)


def _first_bad(bad: Any, what: str, remedy: str) -> None:
    if bad.any():
        raise SpecError(f"points: row {int(np.argmax(bad))} {what}: {remedy}.")
