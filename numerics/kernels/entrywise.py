"""Sums, products and scalings of matrices of balls, entry by entry in float64, with every rounding in the radius.

Proof: docs/error-analysis.md, "Sums and products of matrices".
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ...theory.errors import SpecError
from ..balls.enclosure import float_above
from ..balls.rounding import TINY, UNIT, raised
from .ballarray import BallArray, read_only
from .ballmatrix import BallMatrix

Floats = NDArray[np.float64]
BEYOND = "kernel: a value is beyond the range of float64, about 1e308: scale the points or the kernel."


def in_float64(value: Fraction) -> tuple[float, float]:
    """An exact number as a float64 and its error, rounded upwards; :class:`SpecError` beyond the range.

    >>> in_float64(Fraction(1, 4))
    (0.25, 0.0)
    """
    try:
        number = float(value)
    except OverflowError:
        raise SpecError(BEYOND) from None
    return number, float_above(abs(value - Fraction(number)))


def like(mid: Floats, rad: Floats, *parts: BallArray) -> BallArray:
    """The matrix with these entries: symmetric where all ``parts`` are, by the same operations on equal numbers."""
    if not np.isfinite(mid).all():
        raise SpecError(BEYOND)
    kind = BallMatrix if all(isinstance(part, BallMatrix) for part in parts) else BallArray
    notes = dict.fromkeys(note for part in parts for note in part.provenance)
    return kind(read_only(mid), read_only(rad), provenance=tuple(notes))


def add(a: BallArray, b: BallArray) -> BallArray:
    """The sum, of the same shape.

    >>> one = BallArray(np.array([[1.0, 0.1]]), 0.0)
    >>> total = add(one, one)
    >>> total[0, 1].contains(2 * Fraction(0.1)), bool(np.max(total.rad) < 1e-15)
    (True, True)
    """
    with np.errstate(over="ignore", invalid="ignore"):
        mid = a.mid + b.mid
    return like(mid, _up(np.abs(mid) * UNIT + (a.rad + b.rad)), a, b)


def multiply(a: BallArray, b: BallArray) -> BallArray:
    """The product entry by entry, of the same shape.

    >>> a = BallArray(np.array([[0.1]]), 2.0**-20)
    >>> multiply(a, a)[0, 0].contains((Fraction(0.1) + Fraction(1, 2**20)) ** 2)
    True
    """
    with np.errstate(over="ignore", invalid="ignore"):  # what is beyond the range is refused
        mid = a.mid * b.mid
        spread = np.abs(a.mid) * b.rad
        spread += np.abs(b.mid) * a.rad
        return like(mid, _up(spread + (np.abs(mid) * UNIT + np.multiply(a.rad, b.rad))), a, b)


def scale(a: BallArray, factor: Fraction) -> BallArray:
    """The matrix times an exact number.

    >>> scale(BallArray(np.array([[3.0]]), 0.0), Fraction(1, 3))[0, 0].contains(1)
    True
    """
    number, lost = in_float64(factor)
    with np.errstate(over="ignore", invalid="ignore"):
        mid = a.mid * number
    spread = np.abs(a.mid) * lost
    spread += a.rad * (abs(number) + lost)
    return like(mid, _up(spread + np.abs(mid) * UNIT), a)


def power(a: BallArray, exponent: int) -> BallArray:
    """The Hadamard power with an exponent of at least 1, by squaring.

    >>> power(BallArray(np.array([[2.0]]), 0.0), 5).mid.tolist()
    [[32.0]]
    """
    result = a
    for bit in bin(exponent)[3:]:
        result = multiply(result, result)
        if bit == "1":
            result = multiply(result, a)
    return result


def _up(radius: Floats) -> Floats:
    """Six roundings of non-negative numbers, and what underflow took from at most eight of them."""
    return np.asarray(raised(radius) + 8.0 * TINY)
