"""Small proved steps shared by the layers: largest balls, and square roots rounded to float64."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import sympy
from flint import arb, ctx

from ...theory.errors import PrecisionExhausted
from ..balls.precision import precision
from ..balls.rounding import UNIT
from ..expressions.lowering import constant
from ..kernels.points import Floats

MOST_BITS = 8192
"""Cancellation in a constant is followed up to so many bits."""


def sharp_constant(node: sympy.Expr, *, scale: int = 0) -> arb:
    """A constant to 80 bits, relative to itself or, if that is more, to ``scale``; cancellation costs more bits.

    >>> from ..balls.precision import precision
    >>> with precision(96):
    ...     print(sharp_constant(sympy.sqrt(10**80 + 1) - 10**40).mid().str(12, radius=False))
    5.00000000000e-41

    Raises :class:`PrecisionExhausted` where 8192 bits do not give it, as for a hidden zero.
    """
    bits = int(ctx.prec)
    while bits <= MOST_BITS:
        with precision(bits):
            found = constant(node)
        if found.is_exact() or found.rad() <= arb((1, -80)) * abs(found).lower().max(arb(scale)):
            return found
        bits *= 2
    raise PrecisionExhausted(
        f"a constant of the activation is only known to {found.str(8)}: write it without numbers that cancel."
    )


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
