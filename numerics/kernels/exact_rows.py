"""Exact numbers as people have them, row by row: binary64 numbers, or integers over one denominator."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from numbers import Rational

import numpy as np
from numpy.typing import NDArray

from ...theory.errors import SpecError
from ...theory.numbers import rational

Floats = NDArray[np.float64]
Number = int | float | Fraction | Decimal
ExactRow = tuple[int, tuple[int, ...]]
"""(q, N): the row N/q, q a positive integer without a factor common to all of N."""

LONGEST_DIGITS = 4000
LONGEST = 10**LONGEST_DIGITS
"""Integers and denominators below this are taken; longer ones are a mistake or an attack."""
LEAST, MOST = 2.0**-900, 2.0**1000
"""Between these lies the largest entry of a row that no binary64 numbers give exactly: its rounding has a bound."""


def split_row(entries: Sequence[Number], where: str) -> tuple[list[float], ExactRow | None]:
    """The nearest binary64 numbers of a row, and the row exactly where these are not its numbers.

    ``where`` names the row in the :class:`SpecError` raised for NaN, infinity, and numbers out of range.

    >>> split_row([1, 0.5], "row 0"), split_row([Decimal("0.1"), Fraction(1, 4)], "row 1")
    (([1.0, 0.5], None), ([0.1, 0.25], (20, (2, 5))))
    """
    try:
        ratios = [x.as_integer_ratio() for x in entries]
    except (ValueError, OverflowError):
        raise SpecError(f"{where} has an entry that is NaN or infinite: remove the row or fill it in.") from None
    if any(not -LONGEST < p < LONGEST or q > LONGEST for p, q in ratios):
        raise SpecError(f"{where} has a number of more than {LONGEST_DIGITS} digits: give shorter numbers.")
    try:
        floats = [p / q for p, q in ratios]  # correctly rounded
    except OverflowError:
        raise SpecError(f"{where} has an entry beyond the range of float64: scale the points.") from None
    if all(x.as_integer_ratio() == ratio for x, ratio in zip(floats, ratios, strict=True)):
        return floats, None
    if not LEAST <= max(map(abs, floats)) <= MOST:
        raise SpecError(f"{where} has a largest entry that is not between 2^-900 and 2^1000: scale the points.")
    q = math.lcm(*(q for _, q in ratios))
    return floats, (q, tuple(p * (q // s) for p, s in ratios))


def exact_entries(table: NDArray[np.object_], where: str) -> list[Number]:
    """The entries of one row of objects as exact numbers; :class:`SpecError` for what is none.

    >>> exact_entries(np.array([True, np.float32(0.5), "1/3", Decimal("0.1")], dtype=object), "row 0")
    [1, 0.5, Fraction(1, 3), Decimal('0.1')]
    """
    return [x if type(x) in (int, float) else _exact(x, where) for x in table.tolist()]


def _exact(x: object, where: str) -> Number:
    if isinstance(x, (bool, np.bool_)):
        return int(x)
    if isinstance(x, np.longdouble):
        if not np.isfinite(x):
            return math.nan
        p, q = x.as_integer_ratio()
        return Fraction(p, q)
    if isinstance(x, np.generic):
        x = x.item()
    if isinstance(x, (list, tuple, np.ndarray)):
        raise SpecError(f"{where} does not have as many entries as the others: give n rows of equal length.")
    if isinstance(x, Decimal):
        if x.is_finite() and abs(x.adjusted()) > LONGEST_DIGITS:
            raise SpecError(f"{where} has a number of more than {LONGEST_DIGITS} digits: give shorter numbers.")
        return x
    if isinstance(x, (int, float, Fraction)):
        return x
    if isinstance(x, Rational):
        return Fraction(int(x.numerator), int(x.denominator))
    if isinstance(x, str):
        return rational(x, what=where)
    if x is None or type(x).__name__ in ("NAType", "NaTType", "MaskedConstant"):
        raise SpecError(f"{where} has a missing entry: remove the row or fill it in.")
    raise SpecError(f"{where} has an entry of type {type(x).__name__}: give real numbers, exact or float64.")


def split_rows_exactly(rows: Iterable[Sequence[Number]]) -> tuple[Floats, dict[int, ExactRow]]:
    """A whole table by :func:`split_row`, (n, d), and its rows that no binary64 numbers give, by their places."""
    values: list[list[float]] = []
    exact: dict[int, ExactRow] = {}
    for i, entries in enumerate(rows):
        floats, row = split_row(entries, f"row {i}")
        if values and len(floats) != len(values[0]):
            raise SpecError(f"row {i} does not have as many entries as the others: give n rows of equal length.")
        values.append(floats)
        if row is not None:
            exact[i] = row
    return np.array(values, dtype=np.float64), exact
