"""The entries of a given matrix and its radii: arrays of numbers, checked, exact, and rounded upwards."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...theory.errors import SpecError
from ...theory.numbers import MAX_BITS, MAX_DIGITS, rational
from ..balls.enclosure import float_above
from ..kernels.ballmatrix import BallMatrix, Radius, read_only
from ..kernels.columns import exact_array
from ..kernels.exact_rows import exact_entries

Matrix = NDArray[np.float64]


def number_array(A: object, what: str) -> NDArray[Any]:
    kind = getattr(getattr(A, "dtype", None), "kind", "")
    if kind == "c":
        raise SpecError(f"{what} is complex: give a real symmetric matrix.")
    if kind == "b" or _truth(A):
        raise SpecError(f"{what} is made of truth values: give numbers.")
    try:
        return exact_array(A)
    except SpecError as error:
        raise SpecError(f"{what}: {error}") from None


def _truth(A: object) -> bool:
    """Whether lists, or an array of objects, hold a truth value, which Python takes for an integer."""
    if isinstance(A, np.ndarray):
        return A.dtype.kind == "b" or (A.dtype.kind == "O" and any(map(_truth, A.ravel().tolist())))
    return any(map(_truth, A)) if isinstance(A, (list, tuple)) else isinstance(A, (bool, np.bool_))


def require_square(a: NDArray[Any], what: str) -> None:
    if a.ndim != 2 or a.shape[0] != a.shape[1] or a.size == 0:
        raise SpecError(f"{what} has the shape {a.shape}: give a square matrix, (n, n) with n >= 1.")


def fractions(table: NDArray[Any], what: str) -> list[list[Fraction]]:
    rows = []
    for i, row in enumerate(table):
        entries = exact_entries(row, f"{what}: row {i}")
        try:
            found = [Fraction(*x.as_integer_ratio()) for x in entries]
        except (ValueError, OverflowError):
            raise SpecError(f"{what}: row {i} has an entry that is NaN or infinite: give finite numbers.") from None
        if max(max(abs(x.numerator), x.denominator).bit_length() for x in found) > MAX_BITS:
            raise SpecError(f"{what}: row {i} has a number of more than {MAX_DIGITS} digits: give shorter numbers.")
        rows.append(found)
    return rows


def middle(low: Matrix, high: Matrix) -> tuple[Matrix, Matrix]:
    """Midpoints, and radii that reach both ends."""
    mid = low * 0.5 + high * 0.5
    reach = np.maximum(np.abs(high - mid), np.abs(mid - low))
    return mid, np.where(reach > 0.0, np.nextafter(reach, np.inf), 0.0)


def sum_up(one: Radius, two: Radius) -> Radius:
    """The sum of two radii, rounded upwards where it is not one of them."""
    if not np.any(two):
        return one
    if not np.any(one):
        return two
    total = np.nextafter(np.add(one, two), np.inf)
    return float(total) if np.ndim(total) == 0 else read_only(total)


def radius_of(radius: object, n: int) -> Radius:
    """A radius as float64 numbers, rounded upwards: a number, or a matrix, of which the larger of (i, j) and (j, i)
    counts."""
    if isinstance(radius, (bool, np.bool_)):
        raise SpecError(f"radius: {radius!r} is a truth value: give a number.")
    if isinstance(radius, str):
        radius = rational(radius, what="radius")
    many = isinstance(radius, (list, tuple)) or (isinstance(radius, np.ndarray) and radius.ndim > 0)
    if many:
        radius = number_array(radius, "radius")
        if radius.shape != (n, n):
            raise SpecError(
                f"radius has the shape {radius.shape}, A has {(n, n)}: give one number, or one for each entry."
            )
        if radius.dtype == object:
            radius = np.array([[float_above(x) for x in row] for row in fractions(radius, "radius")])
        radius = np.maximum(radius, radius.T)
    try:
        return BallMatrix(np.zeros((n, n) if many else (1, 1)), radius).rad  # type: ignore[arg-type]  # it checks
    except SpecError as error:
        raise SpecError(f"radius: {str(error).rstrip('.')}.") from None
