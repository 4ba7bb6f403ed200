"""Small proved steps shared by the layers: largest balls, and square roots rounded to float64."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from flint import arb

from ...theory.errors import PrecisionExhausted
from ..balls.rounding import UNIT
from ..kernels.points import Floats


def largest(values: Iterable[arb]) -> arb:
    """An upper bound of the numbers in all balls, at least 0, exact.

    >>> print(largest([arb(1), arb(2)]))
    2.00000000000000
    """
    top = arb(0)
    for x in values:
        top = top.max(x.upper()).upper()
    return top


def least(values: Iterable[arb]) -> arb:
    """A lower bound of the numbers in all balls, exact, at least 0.

    >>> print(least([arb(1), arb(2)]))
    1.00000000000000
    """
    low = arb("inf")
    for x in values:
        low = low.min(x.lower()).lower()
    return low.max(arb(0))


def roots(squares: Sequence[arb]) -> Floats:
    """Square roots of non-negative numbers in float64, proved to a relative error of at most 2u.

    >>> from ..balls.precision import precision
    >>> with precision(96):
    ...     roots([arb(2), arb(0)]).tolist()
    [1.4142135623730951, 0.0]
    """
    balls = [x.nonnegative_part().sqrt() for x in squares]
    found = [float(root.mid()) for root in balls]
    for root, x in zip(balls, found, strict=True):
        if not abs(root - arb(x)) <= 2 * arb(UNIT) * arb(x):
            raise PrecisionExhausted(f"a standard deviation is only known to {root.str(8)}: scale the activation.")
    return np.array(found)
