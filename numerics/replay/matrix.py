"""Symmetric matrices in integers: A A^T exactly, and the kernel matrix in fixed point (section 6)."""

from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from importlib.util import find_spec
from math import isqrt
from operator import mul
from typing import NamedTuple

from .series import Series

Rows = list[list[int]]  # of a matrix, or of its lower triangle


class Matrix(NamedTuple):
    """The lower triangle in a unit; for each row a bound of the sum of its radii; the radii, where they are kept."""

    rows: Rows
    errors: list[int]
    unit: Fraction
    radii: Rows | None = None


def row_sums(lower: Rows, weights: list[int]) -> list[int]:
    """For a symmetric matrix E >= 0, from its lower triangle, (E w)_i/w_i for positive weights w, rounded up."""
    sums = [0] * len(lower)
    for i, row in enumerate(lower):
        sums[i] += sum(map(mul, row, weights))
        for j, x in enumerate(row[:i]):
            sums[j] += x * weights[i]
    return [-(-total // w) for total, w in zip(sums, weights, strict=True)]


def product(rows: Rows, accelerate: bool) -> Rows:
    """The lower triangle of A A^T in integers, by flint where it is allowed and installed."""
    if accelerate and find_spec("flint"):
        a = __import__("flint").fmpz_mat([row + [0] * (len(rows[-1]) - len(row)) for row in rows])
        return [[int(x) for x in row[: i + 1]] for i, row in enumerate((a * a.transpose()).tolist())]
    return [[sum(map(mul, a, b)) for b in rows[: i + 1]] for i, a in enumerate(rows)]


def cosines(inner: Rows, bits: int) -> Iterator[tuple[int, int, int]]:
    """The places i >= j, each row from its diagonal on, and the cosines there, within 2 units (6.1)."""
    scales = [bits + 16 + (row[i].bit_length() + 1) // 2 for i, row in enumerate(inner)]
    roots = [isqrt((1 << 2 * g) // row[i]) for i, (g, row) in enumerate(zip(scales, inner, strict=True))]
    for i, row in enumerate(inner):
        yield i, i, 1 << bits
        for j in range(i):
            yield i, j, row[j] * roots[i] * roots[j] >> scales[i] + scales[j] - bits


def matrix(series: Series, inner: Rows, bits: int) -> Matrix:
    """The lower triangle of the matrix in units of 2^-bits, and for each row the sum of the radii of its entries."""
    balls, (mass, off), tail = series
    one, middles, rows, errors = 1 << bits, [m for m, _ in balls], [], [off] * len(inner)
    # (6.2): for cosines of so many digits, the terms that reach a unit, from the last one on
    reach = [[k for k, m in enumerate(middles) if m >> max(bits - size, 0) * k] for size in range(bits + 2)]
    short = [middles[max(k, default=0) :: -1] for k in reach]

    @cache
    def radius(gap: int) -> int:
        """(6.3), for cosines of modulus at most 1 - gap, and two units more."""
        error = tail
        for _, r in reversed(balls):
            error = (error * min(one - gap + 2, one) >> bits) + 1 + r
        return error + 4 * len(middles) * ((sum(map(abs, middles)) >> bits) + 2)

    for i, j, cosine in cosines(inner, bits):
        if i == j:
            rows.append([0] * i + [mass])
            continue
        entry = 0
        for coefficient in short[abs(cosine).bit_length()]:
            entry = (entry * cosine >> bits) + coefficient
        drop = max((one - abs(cosine)).bit_length() - 7, 0)
        lost = radius(one - abs(cosine) >> drop << drop)
        rows[i][j], errors[i], errors[j] = entry, errors[i] + lost, errors[j] + lost  # (6.4)
    return Matrix(rows, errors, Fraction(1, one))
