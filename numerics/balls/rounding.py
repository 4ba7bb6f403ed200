r"""A-priori rounding bounds of float64 arithmetic, themselves rounded upwards.

The unit roundoff is :math:`u = 2^{-53}` and :math:`\gamma_k = k u / (1 - k u)` (Higham, *Accuracy and Stability of
Numerical Algorithms*, 2nd ed., Lemma 3.1). A sum or inner product of length k, evaluated in any order, with or without
fused multiply-add, is off by at most :math:`\gamma_k \sum |x_i y_i|` plus ``k * TINY`` for underflow.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ...theory.errors import SpecError
from .enclosure import float_above

UNIT = 2.0**-53
"""Unit roundoff of float64 in round-to-nearest."""
TINY = 2.0**-1074
"""The smallest positive float64: an underflowing operation is off by at most half of it."""
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


def sum_up(values: NDArray[np.float64]) -> float:
    """An upper bound of the exact sum of non-negative float64 numbers (any shape).

    >>> sum_up(np.full(10, 0.1)) >= 1.0
    True
    """
    total = float(np.sum(values))
    return up(up(total * up(1.0 + gamma(max(int(np.size(values)), 1)))))
