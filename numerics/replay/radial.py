"""Gaussian and Matérn kernels of exact points in fixed point (section 9)."""

import re
from fractions import Fraction
from math import factorial, isqrt

from .elementary import decay
from .inputs import Inputs
from .matrix import Matrix
from .verdicts import UNSUPPORTED, require

MAX_ORDER = 8  # p of a Matérn kernel, nu = p + 1/2


def order_of(name: str) -> int | None:
    """p of ``matern-(2p + 1)/2``, None for ``gaussian``."""
    match = re.fullmatch(r"gaussian|matern-([1-9][0-9]?)/2", name)
    twice = int(match[1] or 3) if match else 0
    proper = twice % 2 == 1 and 3 <= twice <= 2 * MAX_ORDER + 1
    require(proper, "proof.kernel.name", "neither gaussian nor matern-3/2 to matern-17/2", UNSUPPORTED)
    return twice // 2 if match and match[1] else None


def radial(name: str, scale: Fraction, given: Inputs, bits: int) -> Matrix:
    """The lower triangle of k(|x_i - x_j|), each entry off by less than 3 units (9.3); the diagonal is 1."""
    p, inner = order_of(name), given.inner
    rate = (Fraction(1, 2) if p is None else Fraction(2 * p + 1)) / scale**2 * given.unit
    wide = bits if p is None else bits + 32 + p * (bits.bit_length() + 2)
    num, den, f = rate.numerator << (1 if p is None else 2) * wide, rate.denominator, factorial
    weights = [] if p is None else [f(p) * f(2 * p - j) * 2**j << wide for j in range(p + 1)]
    weights = [a // (f(2 * p) * f(p - j) * f(j)) for j, a in enumerate(weights)] if p else weights
    rows = []
    for i, row in enumerate(inner):
        rows.append([1 << bits] * (i + 1))
        for j in range(i):
            argument = (row[i] + inner[j][j] - 2 * row[j]) * num // den
            if p is None:
                rows[i][j] = decay(argument, bits)  # (9.1)
                continue
            t, total = isqrt(argument), 0
            if t >> wide >= 2 * (bits + p):
                rows[i][j] = 0
                continue
            for weight in reversed(weights):
                total = (total * t >> wide) + weight
            rows[i][j] = total * decay(t, wide) >> 2 * wide - bits  # (9.2)
    return Matrix(rows, [3 * (len(inner) - 1)] * len(inner), Fraction(1, 1 << bits))
