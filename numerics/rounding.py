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

from .enclosure import float_above

UNIT = 2.0**-53
"""Unit roundoff of float64 in round-to-nearest."""
TINY = 2.0**-1074
"""The smallest positive float64: an underflowing operation is off by at most half of it."""


def gamma(k: int) -> float:
    """An upper bound, as a float64, of ``k u / (1 − k u)``.

    >>> Fraction(gamma(3)) >= Fraction(3, 2**53 - 3)
    True
    """
    if k < 0 or k >= 2**52:
        raise ValueError(f"gamma({k}) has no useful bound")
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
