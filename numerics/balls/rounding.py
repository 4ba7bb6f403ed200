r"""A-priori rounding bounds of float64 arithmetic, themselves rounded upwards.

The unit roundoff is :math:`u = 2^{-53}` and :math:`\gamma_k = k u / (1 - k u)` (Higham, *Accuracy and Stability of
Numerical Algorithms*, 2nd ed., Lemma 3.1). A sum or inner product of length k, evaluated in any order, with or without
fused multiply-add, is off by at most :math:`\gamma_k \sum |x_i y_i|` plus ``k * TINY`` for underflow.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ...theory.errors import SpecError
from .enclosure import float_above

UNIT = 2.0**-53
"""Unit roundoff of float64 in round-to-nearest."""
TINY = 2.0**-1074
"""The smallest positive float64: an underflowing operation is off by at most half of it."""
Numbers = TypeVar("Numbers", float, NDArray[np.float64])
_ONE, _NORMAL, _AFTER_ONE = 1.0, 2.0**-1022, 1.0 + 2.0**-52


def require_ieee_arithmetic() -> None:
    """Raise :class:`SpecError` unless this thread rounds to nearest and keeps subnormal numbers, as all bounds assume.

    Both are modes of the processor, which a library may leave changed (one compiled with ``-ffast-math``, or a call of
    ``fesetround``). A few operations on numbers that no compiler folds; well below a microsecond.
    """
    half = 0.5 * _NORMAL  # 0 where results are flushed; its double is 0 where operands are
    if not (half > 0.0 and half + half == _NORMAL and TINY * _ONE > 0.0):
        raise SpecError(
            "this thread treats subnormal numbers as zero, so that no float64 computation proves anything: a library"
            " left the processor so (-ffast-math does); work in a process, or a thread, without it."
        )
    if not (_ONE + UNIT == _ONE and _ONE + 1.5 * UNIT == _AFTER_ONE and -_ONE - 1.5 * UNIT == -_AFTER_ONE):
        raise SpecError(
            "this thread does not round to nearest, so that no float64 computation proves anything: a library left the"
            " processor so (fesetround); set it back, or work in another process."
        )


def gamma(k: int) -> float:
    """An upper bound, as a float64, of ``k u / (1 − k u)``.

    >>> Fraction(gamma(3)) >= Fraction(3, 2**53 - 3)
    True

    Raises :class:`SpecError` where the arithmetic is not the one that the bound is about.
    """
    if k < 0 or k >= 2**52:
        raise ValueError(f"gamma({k}) has no useful bound")
    require_ieee_arithmetic()
    return float_above(Fraction(k, 2**53 - k))


def up(x: float) -> float:
    """The next float64 above: an upper bound of the exact result whose rounding to nearest gave ``x``."""
    return math.nextafter(x, math.inf)


def down(x: float) -> float:
    """The next float64 below: a lower bound of the exact result whose rounding to nearest gave ``x``."""
    return math.nextafter(x, -math.inf)


def raised(x: Numbers) -> Numbers:
    """``x (1 + 2^-50)`` in float64: at least the non-negative number that at most six roundings turned into ``x``.

    A rounding multiplies by at least 1 - u, and so does the one of the product here: ``(1 + 8u)(1 - u)^7 >= 1``.
    Underflow is the caller's.
    """
    return x * (1.0 + 2.0**-50)


def lowered(x: Numbers) -> Numbers:
    """``x (1 - 2^-50)`` in float64: at most the non-negative number that at most six roundings turned into ``x``.

    For ``(1 - 8u)(1 + u)^7 <= 1``.
    """
    return x * (1.0 - 2.0**-50)


def total_up(total: float, count: int) -> float:
    """An upper bound of a sum of ``count`` non-negative float64 numbers (or products) that came out as ``total``."""
    return up(up(total * up(1.0 + gamma(max(count, 1)))))


def sum_up(values: NDArray[np.float64]) -> float:
    """An upper bound of the exact sum of non-negative float64 numbers (any shape).

    >>> sum_up(np.full(10, 0.1)) >= 1.0
    True
    """
    return total_up(float(np.sum(values)), int(np.size(values)))


def norm_up(x: NDArray[np.float64]) -> float:
    """An upper bound of the Euclidean (Frobenius) norm of a float64 array.

    >>> norm_up(np.array([3.0, 4.0])) >= 5.0, norm_up(np.zeros((2, 2)))
    (True, 0.0)
    """
    flat, scale = np.ravel(x), 1.0
    with np.errstate(over="ignore"):
        total = float(np.dot(flat, flat))
    if not 2.0**-900 <= total <= 2.0**900:
        largest = float(np.max(np.abs(flat), initial=0.0))
        if largest == 0.0 or not math.isfinite(largest):
            return largest
        scale = math.ldexp(1.0, math.frexp(largest)[1] - 1)
        flat = flat / scale
        total = float(np.dot(flat, flat))
    return up(up(math.sqrt(up(total_up(total, flat.size) + 2 * flat.size * TINY))) * scale)


def norm_down(x: NDArray[np.float64]) -> float:
    """A lower bound of the Euclidean (Frobenius) norm of a float64 array of moderate size."""
    flat = np.ravel(x)
    total = float(np.dot(flat, flat))
    return max(down(math.sqrt(max(down(down(total * down(1.0 - gamma(flat.size))) - 2 * flat.size * TINY), 0.0))), 0.0)
