"""Gaussian and Matérn kernels of exact points in fixed point (section 9)."""

import re
from fractions import Fraction
from functools import cache
from math import factorial, isqrt

from .elementary import decay
from .inputs import Inputs
from .matrix import Matrix
from .verdicts import UNSUPPORTED, require

MAX_ORDER = 8  # p of a Matérn kernel, nu = p + 1/2


def order_of(name: str) -> int | None:
    """p of ``matern-(2p + 1)/2``, None for ``gaussian``."""
    match = re.fullmatch(r"gaussian|matern-([1-9][0-9]?)/2", name)
    twice = int(match[1] or 1) if match else 0
    proper = twice % 2 == 1 and twice <= 2 * MAX_ORDER + 1
    require(proper, "proof.kernel.name", "neither gaussian nor matern-1/2 to matern-17/2", UNSUPPORTED)
    return twice // 2 if match and match[1] else None


def digits(p: int | None, bits: int) -> int:
    """Those of the argument of :func:`covariance`."""
    return bits if p is None else bits + 32 + p * (bits.bit_length() + 2)


@cache
def polynomial(p: int, wide: int) -> list[int]:
    """The coefficients of P in M_p(t) = exp(-t) P(t)."""
    f = factorial
    return [(f(p) * f(2 * p - j) * 2**j << wide) // (f(2 * p) * f(p - j) * f(j)) for j in range(p + 1)]


def covariance(p: int | None, argument: int, bits: int) -> int:
    """exp(-u), or M_p(t), off by less than 3 units; u, t >= 0 in units of 2^-:func:`digits`."""
    if p is None:
        return decay(argument, bits)  # (9.1)
    wide, total = digits(p, bits), 0
    if argument >> wide >= 2 * (bits + p):
        return 0
    for weight in reversed(polynomial(p, wide)):
        total = (total * argument >> wide) + weight
    return total * decay(argument, wide) >> 2 * wide - bits  # (9.2)


def radial(name: str, scale: Fraction, given: Inputs, bits: int) -> Matrix:
    """The lower triangle of k(|x_i - x_j|), each entry off by less than 3 units (9.3); the diagonal is 1."""
    p, inner = order_of(name), given.inner
    rate = (Fraction(1, 2) if p is None else Fraction(2 * p + 1)) / scale**2 * given.unit
    num, den = rate.numerator << (1 if p is None else 2) * digits(p, bits), rate.denominator
    rows = []
    for i, row in enumerate(inner):
        squares = (row[i] + inner[j][j] - 2 * row[j] for j in range(i))
        arguments = (x * num // den for x in squares)
        rows.append([covariance(p, x if p is None else isqrt(x), bits) for x in arguments] + [1 << bits])
    return Matrix(rows, [3 * (len(inner) - 1)] * len(inner), Fraction(1, 1 << bits))
