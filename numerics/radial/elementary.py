r"""exp(−x), cos and sin on float64 arrays with a proved error, from multiplications and additions alone.

A library's elementary functions come with no bound that could be proved here. Both functions below subtract a multiple
of ln 2/32 (of π/32), use a short Taylor polynomial for the rest and a table that ball arithmetic rounds correctly. The
errors :data:`EXP_ERROR` and :data:`TRIG_ERROR` are proved in ``docs/error-analysis.md``, "Radial kernels".
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cache

import numpy as np
from flint import arb
from numpy.typing import NDArray

from ...theory.errors import PrecisionExhausted, SpecError
from ..balls.ball import Ball
from ..balls.precision import precision
from ..balls.rounding import UNIT

Array = NDArray[np.float64]

EXP_ERROR = 4 * UNIT
"""Relative error of :func:`exp_minus`, beside an absolute one of :data:`EXP_ABSOLUTE`."""
EXP_ABSOLUTE = 2.0**-1000
TRIG_ERROR = 6 * UNIT
"""Absolute error of :func:`cos_sin`."""
LARGEST_EXPONENT = 745.0
LARGEST_ANGLE = 2.0**20
STEPS = 32
BLOCK = 4096
BITS = 160
HEAD_EXP, HEAD_TRIG = 36, 29


@dataclass(frozen=True, slots=True, eq=False)
class _Reduction:
    """A step in two parts, ``head`` of few bits so that n·head is exact, and the table at multiples of the step."""

    inverse: float
    head: float
    tail: float
    table: Array
    other: Array


def _nearest(x: arb) -> float:
    return float(Ball(x).mid)


def _split(step: arb, bits: int) -> tuple[float, float]:
    """The head: the step with ``bits`` binary digits; the tail: the rest, rounded to float64."""
    mid = Ball(step).mid
    exponent = 0
    while mid * Fraction(2) ** exponent < 2 ** (bits - 1):
        exponent += 1
    head = Fraction(int(mid * 2**exponent), 2**exponent)
    return float(head), float(mid - head)


@cache
def _exponential() -> _Reduction:
    with precision(BITS):
        step = arb.const_log2() / STEPS
        head, tail = _split(step, HEAD_EXP)
        short = np.array([_nearest((-j * step).exp()) for j in range(STEPS)])
        places = np.arange(int(LARGEST_EXPONENT / head) + 3)
        table = np.ldexp(short[places % STEPS], -(places // STEPS))  # exact down to the subnormal numbers
        return _Reduction(_nearest(1 / step), head, tail, table, short)


@cache
def _circle() -> _Reduction:
    with precision(BITS):
        step = arb.pi() / STEPS
        head, tail = _split(step, HEAD_TRIG)
        cosine = np.array([_nearest((j * step).cos()) for j in range(2 * STEPS)])
        sine = np.array([_nearest((j * step).sin()) for j in range(2 * STEPS)])
        return _Reduction(_nearest(1 / step), head, tail, cosine, sine)


def exp_minus(x: Array) -> Array:
    r"""The values :math:`e^{-x}` for an array of numbers :math:`x \ge 0`; relative error at most :data:`EXP_ERROR`.

    Results below :math:`2^{-1000}` are off by at most :data:`EXP_ABSOLUTE`. Raises :class:`SpecError` for NaN or a
    negative argument.

    >>> exp_minus(np.array([0.0, 1.0])).round(15).tolist()
    [1.0, 0.367879441171442]
    """
    if x.size and not float(x.min()) >= 0:
        raise SpecError("exp_minus: an argument is negative or not a number.")
    result = np.minimum(x, LARGEST_EXPONENT, order="C")
    flat = result.reshape(-1)
    for start in range(0, flat.size, BLOCK):
        _exponentials(flat[start : start + BLOCK])
    return flat.reshape(x.shape)


def _exponentials(x: Array) -> None:
    """One block that stays in the cache, in place."""
    r = _exponential()
    n = x * r.inverse
    np.rint(n, out=n)
    np.subtract(n * r.head, x, out=x)
    x += n * r.tail
    p = x * (1 / 5040)
    for c in (1 / 720, 1 / 120, 1 / 24, 1 / 6, 0.5, 1.0):
        p += c
        p *= x
    p += 1.0
    np.multiply(p, r.table[n.astype(np.intp)], out=x)


def cos_sin(theta: Array) -> tuple[Array, Array]:
    r"""The cosines and sines of an array of angles, each with an absolute error of at most :data:`TRIG_ERROR`.

    Raises :class:`SpecError` for NaN, :class:`PrecisionExhausted` for an angle beyond :math:`2^{20}`, where the
    reduction would lose digits.

    >>> c, s = cos_sin(np.array([0.0, 2.0]))
    >>> c.round(15).tolist(), s.round(15).tolist()
    ([1.0, -0.416146836547142], [0.0, 0.909297426825682])
    """
    r = _circle()
    largest = float(np.abs(theta).max()) if theta.size else 0.0
    if np.isnan(largest):
        raise SpecError("cos_sin: an angle is not a number.")
    if largest > LARGEST_ANGLE:
        raise PrecisionExhausted(f"an angle of {largest:.3g} leaves too few digits: take better separated points.")
    n = np.rint(theta * r.inverse)
    f = theta - n * r.head - n * r.tail
    square = f * f
    sine = f - f * square * (1 / 6 - square * (1 / 120 - square * (1 / 5040)))
    cosine = 1.0 - square * (0.5 - square * (1 / 24 - square * (1 / 720 - square * (1 / 40320))))
    place = n.astype(np.int64) & (2 * STEPS - 1)
    c, s = r.table[place], r.other[place]
    return c * cosine - s * sine, s * cosine + c * sine
