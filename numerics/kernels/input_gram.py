"""An exact input Gram matrix of rational numbers, checked to be one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import arb, arb_mat, fmpq

from ...theory.errors import SpecError
from ...theory.numbers import Exact, rational
from ..balls.precision import precision
from .columns import table_of

EXACT_ORDER = 60
"""Up to this order positive semidefiniteness is decided by rational elimination, beyond it by ball elimination."""
BALL_BITS = 512


@dataclass(frozen=True, slots=True, eq=False)
class InputGram:
    """A rational Gram matrix, proved positive semidefinite, diagonal positive; made by :func:`input_gram`."""

    entries: tuple[tuple[Fraction, ...], ...]

    @property
    def n(self) -> int:
        """The order of the matrix."""
        return len(self.entries)

    def inner(self, i: int, j: int) -> Fraction:
        """Entry (i, j)."""
        return self.entries[i][j]

    def second_moment(self, i: int) -> Fraction:
        """Entry (i, i)."""
        return self.entries[i][i]


def input_gram(entries: Sequence[Sequence[Exact]]) -> InputGram:
    r"""Check an input Gram matrix of exact numbers (strings, integers, fractions, floats).

    Semidefiniteness is decided by :math:`LDL^T` in rational arithmetic for n <= 60 (a zero pivot needs a zero
    column), and proved by positive pivots in ball arithmetic beyond. Raises :class:`SpecError`: not square, not
    symmetric, a diagonal entry that is not positive, a 2 × 2 minor or a pivot that is negative.

    >>> input_gram([["1", "1/2"], ["1/2", "1"]]).inner(0, 1)
    Fraction(1, 2)
    >>> input_gram([["1", "1.5"], ["1.5", "1"]])  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    certigram.theory.errors.SpecError: input_gram: |entry (0, 1)| = 3/2 exceeds what rows 0 and 1 allow ...
    """
    entries = _listed(entries, "the matrix")
    n = len(entries)
    if n == 0:
        raise SpecError("input_gram: the matrix is empty: give n rows of n numbers with n >= 1.")
    rows = []
    for i, line in enumerate(entries):
        line = [] if isinstance(line, (str, bytes)) else _listed(line, f"row {i}")
        if len(line) != n:
            raise SpecError(f"input_gram: row {i} does not have {n} entries: a Gram matrix is square.")
        rows.append(tuple(rational(x, what=f"input_gram row {i}") for x in line))
    for i in range(n):
        if rows[i][i] <= 0:
            raise SpecError(f"input_gram: the diagonal entry {i} is {rows[i][i]}: squared norms must be positive.")
        for j in range(i):
            if rows[i][j] != rows[j][i]:
                raise SpecError(f"input_gram: entries ({j}, {i}) and ({i}, {j}) differ: a Gram matrix is symmetric.")
            if rows[i][j] ** 2 > rows[i][i] * rows[j][j]:
                raise SpecError(
                    f"input_gram: |entry ({j}, {i})| = {abs(rows[i][j])} exceeds what rows {j} and {i} allow "
                    "(Cauchy-Schwarz): no points have these inner products, check the entry."
                )
    if n <= EXACT_ORDER:
        _eliminate_exactly(rows)
    else:
        _eliminate_in_balls(rows)
    return InputGram(tuple(rows))


def _listed(given: object, what: str) -> list[Any]:
    """The rows of a matrix, or the entries of a row: lists as they are, and arrays of whatever library exactly."""
    if isinstance(given, (list, tuple)):
        return list(given)
    try:
        found = table_of(given).tolist()
    except SpecError as error:
        raise SpecError(f"input_gram: {what}: {error}") from None
    if not isinstance(found, list):
        raise SpecError(f"input_gram: {what} is a single number, not a matrix: give n rows of n numbers.")
    return found


def _eliminate_exactly(rows: list[tuple[Fraction, ...]]) -> None:
    found = bad_pivot([[fmpq(x.numerator, x.denominator) for x in line] for line in rows])
    if found is not None:
        raise SpecError(
            f"input_gram: the leading {found[0] + 1} rows are not positive semidefinite (exact pivot {found[1]}): "
            "no points have these inner products."
        )


def bad_pivot(a: list[list[fmpq]]) -> tuple[int, fmpq] | None:
    """Where symmetric elimination, which overwrites ``a``, shows that a rational matrix is not positive semidefinite.

    That is a negative pivot, or a zero one whose column is not zero; None where there is none.

    >>> bad_pivot([[fmpq(1), fmpq(1)], [fmpq(1), fmpq(1)]]), bad_pivot([[fmpq(1), fmpq(2)], [fmpq(2), fmpq(1)]])
    (None, (1, -3))
    """
    n = len(a)
    for k in range(n):
        pivot = a[k][k]
        if pivot < 0 or (pivot == 0 and any(a[i][k] != 0 for i in range(k + 1, n))):
            return k, pivot
        if pivot == 0:
            continue
        for i in range(k + 1, n):
            if a[i][k] != 0:
                factor = a[i][k] / pivot
                for j in range(i, n):
                    a[j][i] -= factor * a[j][k]
    return None


def _eliminate_in_balls(rows: list[tuple[Fraction, ...]]) -> None:
    n = len(rows)
    with precision(BALL_BITS):
        table = arb_mat(n, n, [arb(fmpq(x.numerator, x.denominator)) for line in rows for x in line])
        a = [[table[i, j] for j in range(i + 1)] for i in range(n)]
        for k in range(n):
            pivot = a[k][k]
            if not pivot > 0:
                raise SpecError(
                    f"input_gram: with n = {n} > {EXACT_ORDER} positive definiteness is not proved at row {k}: "
                    "give the points themselves, or a positive definite matrix."
                )
            column = [a[i][k] for i in range(k + 1, n)]
            for i in range(k + 1, n):
                factor = column[i - k - 1] / pivot
                line = a[i]
                for j in range(k + 1, i + 1):
                    line[j] -= factor * column[j - k - 1]
