"""Bounds of the least eigenvalue from the witness that the certificate carries (section 7)."""

from collections.abc import Callable
from fractions import Fraction
from math import floor
from operator import mul
from typing import Any

from .elementary import Interval
from .matrix import Matrix, product
from .sidecar import Arrays
from .verdicts import fraction, require

MAX_LIMBS, LIMB = 32, 62  # digits of the long integers, and bits of each
Maker = Callable[[int, list[int] | None], Matrix]  # of the matrix, for so many bits and perhaps weights of its radii


def spectrum(witness: Any, found: Arrays, n: int, make: Maker, accelerate: bool) -> Interval:
    """Proved bounds of the least eigenvalue, from the factor L, the shift c and the vector x."""
    line, exponent, lists, text = "proof.witness", witness["exponent"], [], witness.get("weights")
    for name, length in (("factor", n * (n + 1) // 2), ("vector", n)):
        (limbs, size), _, numbers = found[name]
        require(1 <= limbs <= MAX_LIMBS and size == length, line, f"{name} has a wrong shape")
        lists.append([sum(x << LIMB * k for k, x in enumerate(numbers[i::length])) for i in range(length)])
    (factor, vector), bits, sums, form = lists, 64 * limbs, [0] * n, 0
    require(type(exponent) is int and 0 <= exponent <= bits + 64 and any(vector), line, "wrong exponent, or no vector")
    weights = None if text is None else [int(fraction(x, f"{line}.weights")) for x in text]
    require(weights is None or (len(weights) == n and min(weights) > 0), f"{line}.weights", "not n positive integers")
    rows, errors, unit, radii = make(bits, weights)
    squares = product([factor[i * (i + 1) // 2 : (i + 1) * (i + 2) // 2] for i in range(n)], accelerate)
    shift, scale = floor(fraction(witness["shift"], f"{line}.shift") / unit), max(bits, 2 * exponent)
    sizes, slack = list(map(abs, vector)), 0
    for i, (row, square) in enumerate(zip(rows, squares, strict=True)):
        form += vector[i] * (2 * sum(map(mul, row[:i], vector)) + row[i] * vector[i])
        if radii:
            slack += sizes[i] * (2 * sum(map(mul, radii[i][:i], sizes)) + radii[i][i] * sizes[i])
        row[i] -= shift
        for j, (entry, other) in enumerate(zip(row, square, strict=True)):  # |D_ij| in units of 2^-scale
            gap = abs((entry << scale - bits) - (other << scale - 2 * exponent))
            sums[i] += gap
            sums[j] += gap if i != j else 0
    worst = max((total >> scale - bits) + 1 + error for total, error in zip(sums, errors, strict=True))
    length = sum(map(mul, vector, vector))
    most = Fraction(form + (slack if radii else max(errors) * length), length)  # (7.2)
    return (shift - worst) * unit, most * unit  # (7.1)
