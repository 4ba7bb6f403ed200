"""A finite set of points given by exact numbers: binary64 where they are, and integers behind them always."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
from flint import fmpz_mat

from ...theory.errors import SpecError
from ..balls.rounding import require_ieee_arithmetic
from .ballmatrix import read_only
from .columns import table_of
from .exact_rows import ExactRow, exact_entries, split_rows_exactly
from .exact_rows import Floats as Floats


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
    r"""n points in dimension d: row i of ``values`` is :math:`x_i`, exactly, unless ``exact`` has that row.

    Made by :func:`points`. A zero row has no direction: it is there only where a caller of :func:`points` allowed it.

    Attributes
    ----------
    values: (n, d) float64, read-only, the binary64 numbers nearest to the entries.
    exact: for each row that binary64 numbers do not give exactly, the pair (q, N) with :math:`x_i = N/q`.

    >>> p = points(np.array([[0.5, 0.25], [3.0, 0.0]]))
    >>> p.row(0), p.row(1), p.inner(0, 1), p.second_moment(1)
    ((Fraction(1, 4), (2, 1)), (Fraction(1, 1), (3, 0)), Fraction(3, 2), Fraction(9, 2))
    >>> points([["0.1", "0.2"]]).row(0)
    (Fraction(1, 10), (1, 2))
    """

    values: Floats
    exact: Mapping[int, ExactRow] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def n(self) -> int:
        """How many points there are."""
        return int(self.values.shape[0])

    @property
    def d(self) -> int:
        """Their dimension."""
        return int(self.values.shape[1])

    def row(self, i: int) -> tuple[Fraction, tuple[int, ...]]:
        """The pair (t, N) of a positive rational and a vector of integers, not all even, with :math:`x_i = t N`."""
        if not self.values[i].any():  # an exact row has a float64 entry that is not zero
            return Fraction(1), (0,) * self.d
        if i in self.exact:
            q, wide = self.exact[i]
            even = min((w & -w).bit_length() - 1 for w in wide if w)
            return Fraction(1 << even, q), tuple(w >> even for w in wide)
        parts = [entry.as_integer_ratio() for entry in self.values[i].tolist()]
        shift = max(q.bit_length() - 1 for _, q in parts)
        wide = tuple(p << (shift - q.bit_length() + 1) for p, q in parts)
        even = min((w & -w).bit_length() - 1 for w in wide if w)
        return Fraction(1 << even, 1 << shift), tuple(w >> even for w in wide)

    def direction(self, i: int) -> tuple[int, tuple[int, ...]]:
        """The pair (sign, D), D the primitive integer vector on the line through x_i, its first nonzero entry positive.

        Two points are parallel exactly when their D agree, and point the same way exactly when their signs do. Raises
        :class:`SpecError` for a zero row, which has none.
        """
        _, wide = self.row(i)
        if not any(wide):
            raise SpecError(_no_direction(i))
        common = math.gcd(*wide)
        sign = 1 if next(w for w in wide if w) > 0 else -1
        return sign, tuple(sign * w // common for w in wide)

    @property
    def zero_rows(self) -> tuple[int, ...]:
        """The rows that are zero."""
        return tuple(np.flatnonzero(~self.values.any(axis=1)).tolist())

    def require_directions(self) -> None:
        """Raise :class:`SpecError` for the first zero row."""
        for i in self.zero_rows[:1]:
            raise SpecError(_no_direction(i))

    def integer_rows(self) -> fmpz_mat:
        """Positive multiples of the points that are integers, (n, d)."""
        return fmpz_mat(self.n, self.d, [entry for i in range(self.n) for entry in self.row(i)[1]])

    def integer_gram(self) -> fmpz_mat:
        """The inner products of the integer rows, exactly, by one integer matrix product: (n, n)."""
        matrix = self.integer_rows()
        return matrix * matrix.transpose()

    def inner(self, i: int, j: int) -> Fraction:
        """The inner product of points i and j, exactly."""
        s, x = self.row(i)
        t, y = (s, x) if i == j else self.row(j)
        return s * t * sum(a * b for a, b in zip(x, y, strict=True))

    def second_moment(self, i: int) -> Fraction:
        """The diagonal entry of the input Gram matrix: :math:`|x_i|^2/d`."""
        return self.inner(i, i) / self.d

    def entries(self, i: int) -> tuple[Fraction, ...]:
        """Point i, exactly."""
        t, wide = self.row(i)
        return tuple(t * w for w in wide)

    def take(self, rows: Iterable[int]) -> Points:
        """Some of the points, in the order given."""
        chosen = list(rows)
        exact = {k: self.exact[i] for k, i in enumerate(chosen) if i in self.exact}
        return Points(read_only(self.values[chosen]), MappingProxyType(exact))

    def on_sphere(self) -> Points:
        """The same directions with as many rows as possible in binary64: a positive multiple stands for its row.

        >>> points([["0.1", "0.2", "0.7"]]).on_sphere().values.tolist()
        [[1.0, 2.0, 7.0]]
        """
        values, rest = self.values.copy(), dict(self.exact)
        for i, (_, wide) in self.exact.items():
            common = math.gcd(*wide)
            whole = [w // common for w in wide]
            if max(map(int.bit_length, whole)) > 1000:
                continue  # beyond what binary64 can hold: the row stays as it is
            floats, exact = split_rows_exactly([whole])
            if not exact:
                values[i] = floats[0]
                del rest[i]
        return Points(read_only(values), MappingProxyType(rest)) if len(rest) < len(self.exact) else self


def points(values: Any, *, zero_rows: bool = False) -> Points:
    """Check a table of points, rows = points, and keep it as exact numbers, copied.

    Arrays of any real dtype, nested lists of floats, integers, fractions, decimals and numerals, and data frames,
    column by column, enter exactly: what does not fit binary64 is kept as integers beside the nearest such numbers.
    Raises :class:`SpecError` for anything but a finite real (n, d) table with n, d >= 1, naming the first bad row, and
    for a zero row unless ``zero_rows``.

    >>> points([[1, 2], [0, 0]])
    Traceback (most recent call last):
        ...
    certigram.theory.errors.SpecError: points: row 1 is zero, so it has no direction: remove it or fill it in.
    >>> points([[2**53 + 1, 1.0]]).entries(0)
    (Fraction(9007199254740993, 1), Fraction(1, 1))
    """
    require_ieee_arithmetic()
    if isinstance(values, Points):
        if not zero_rows:
            values.require_directions()
        return values
    try:
        given = table_of(values)
        if given.ndim != 2 or 0 in given.shape:
            raise SpecError(f"the shape {given.shape} is not (n, d) with n, d >= 1: give one row for each point.")
        exact: Mapping[int, ExactRow] = {}
        if given.dtype == object:
            table, exact = split_rows_exactly(exact_entries(row, f"row {i}") for i, row in enumerate(given))
        else:
            table = given
    except SpecError as error:
        raise SpecError(f"points: {error}") from None
    bad = ~np.isfinite(table).all(axis=1)
    if bad.any():
        raise SpecError(
            f"points: row {int(np.argmax(bad))} has an entry that is NaN or infinite: remove the row or fill it in."
        )
    return points(Points(read_only(table), MappingProxyType(exact)), zero_rows=zero_rows)


def _no_direction(i: int) -> str:
    return f"points: row {i} is zero, so it has no direction: remove it or fill it in."
