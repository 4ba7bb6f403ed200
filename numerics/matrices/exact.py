"""Matrices of exact numbers: integers over one denominator, or balls; and all matrices between two."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, arb_mat, fmpq, fmpz
from numpy.typing import NDArray

from ...theory.errors import SpecError
from ...theory.numbers import numeral
from ..balls.enclosure import float_above
from ..balls.ends import float_ball
from ..balls.precision import precision
from ..balls.printed import text_above
from ..kernels.ballmatrix import BallMatrix, Radius, read_only
from .entries import fractions, middle, radius_of, require_square, sum_up
from .given_matrix import GivenMatrix

TOLERANCE = 64
"""Entries (i, j) and (j, i) of a float array may differ by this many units of rounding of the largest entry."""
COMMON_BITS = 4096
"""A common denominator has at most so many digits; beyond it the entries become balls of any precision asked for."""
EXTREME = 200
"""Largest entries outside 2^±200 are scaled by a power of two, where that is exact."""


def exact_matrix(table: NDArray[Any], radius: object, name: str) -> GivenMatrix:
    """A matrix of exact numbers, as integers over one denominator where that is short."""
    rows = fractions(table, "A")
    n = len(rows)
    if name == "float128" or name.startswith("float"):
        mean = [[(rows[i][j] + rows[j][i]) / 2 for j in range(n)] for i in range(n)]
        worst = max(abs(rows[i][j] - rows[j][i]) for i in range(n) for j in range(n))
        if 0 < worst <= TOLERANCE * Fraction(_longdouble_unit()) * max(abs(x) for row in rows for x in row):
            found = exact_matrix(_objects(mean), sum_up(float_above(worst / 2), radius_of(radius, n)), name)
            meaning = "every symmetric matrix between A and its transpose, which differ by at most"
            meaning += f" {text_above(worst, 3)} (rounding)"
            return GivenMatrix(found.matrix, found.scale, meaning, name)
    for i in range(n):
        for j in range(i):
            if rows[i][j] != rows[j][i]:
                raise SpecError(
                    f"A is not symmetric: A[{i}, {j}] = {_short(rows[i][j])}, A[{j}, {i}] = {_short(rows[j][i])}:"
                    " exact numbers must agree; for every symmetric matrix between, give a pair (lower, upper)."
                )
    extra = radius_of(radius, n)
    meaning = (
        "the matrix of these exact numbers" if name == "numbers" else f"the matrix of these {name} numbers exactly"
    )
    if np.any(extra):
        return GivenMatrix(
            _rounded(rows, extra), Fraction(1), f"every symmetric matrix within the radius of {meaning[4:]}", name
        )
    q = 1
    for row in rows:
        q = math.lcm(q, *(x.denominator for x in row))
        if q.bit_length() > COMMON_BITS:
            return GivenMatrix(_balls(rows, 128), Fraction(1), meaning, name, lambda bits: _balls(rows, bits), rows)
    whole = [[x.numerator * (q // x.denominator) for x in row] for row in rows]
    common = math.gcd(*(x for row in whole for x in row)) or 1
    size = max(abs(x) for row in whole for x in row).bit_length() - common.bit_length()
    power = max(size - 64, 0) if size > EXTREME else 0
    matrix = BallMatrix.from_arb(arb_mat([[arb((x // common, -power)) for x in row] for row in whole]))
    if not np.any(matrix.rad):
        matrix = BallMatrix(matrix.mid, 0.0)
    return GivenMatrix(matrix, Fraction(common << power, q), meaning, name, entries=rows)


def _short(x: Fraction) -> str:
    """A number for a sentence: itself where it is short, else 17 digits of it."""
    return str(x) if len(str(x)) <= 20 else f"about {(Decimal(x.numerator) / x.denominator).normalize():.17g}"


def _objects(rows: list[list[Fraction]]) -> NDArray[Any]:
    table = np.empty((len(rows), len(rows)), dtype=object)
    for i, row in enumerate(rows):
        table[i] = row
    return table


def _longdouble_unit() -> float:
    return float(np.finfo(np.longdouble).eps)


def _balls(rows: list[list[Fraction]], bits: int) -> BallMatrix:
    with precision(bits):
        table = arb_mat([[arb(fmpq(fmpz(x.numerator), fmpz(x.denominator))) for x in row] for row in rows])
        return BallMatrix.from_arb(table)


def _rounded(rows: list[list[Fraction]], extra: Radius) -> BallMatrix:
    """Exact midpoints rounded to float64, their rounding added to the radii."""
    near = _balls(rows, 128)
    return BallMatrix(near.mid, sum_up(near.rad, extra))


def interval_matrix(lower: NDArray[Any], upper: NDArray[Any], radius: object) -> GivenMatrix:
    """Every symmetric matrix between two matrices, with ends rounded outwards where they are no float64 numbers."""
    require_square(lower, "lower")
    if upper.shape != lower.shape:
        raise SpecError(f"lower has the shape {lower.shape}, upper {upper.shape}: give two matrices of one shape.")
    n, meaning = len(lower), "every symmetric matrix between lower and upper"
    if lower.dtype == upper.dtype == np.float64 and np.isfinite(lower).all() and np.isfinite(upper).all():
        least, most = np.maximum(lower, lower.T), np.minimum(upper, upper.T)
        if (least <= most).all():
            mid, reach = middle(least, most)
            return GivenMatrix(
                BallMatrix(read_only(mid), sum_up(read_only(reach), radius_of(radius, n))),
                Fraction(1),
                meaning,
                "interval",
            )
    low, high = fractions(lower, "lower"), fractions(upper, "upper")
    mid, rad = np.empty((n, n)), np.empty((n, n))
    for i in range(n):
        for j in range(i + 1):
            below, above = max(low[i][j], low[j][i]), min(high[i][j], high[j][i])
            if below > above:
                raise SpecError(
                    f"no symmetric matrix lies between lower and upper: entry ({i}, {j}) would be at least"
                    f" {numeral(below)} and at most {numeral(above)}."
                )
            with precision(128):
                ball = arb(fmpq(below.numerator, below.denominator)).union(
                    arb(fmpq(above.numerator, above.denominator))
                )
                mid[i, j], rad[i, j] = mid[j, i], rad[j, i] = _exact_ball(below, above) or float_ball(ball)
    extra = sum_up(read_only(rad), radius_of(radius, n))
    return GivenMatrix(BallMatrix(read_only(mid), extra), Fraction(1), meaning, "interval")


def _exact_ball(low: Fraction, high: Fraction) -> tuple[float, float] | None:
    """Midpoint and radius where both are float64 numbers."""
    middle, reach = (low + high) / 2, (high - low) / 2
    try:
        found = float(middle), float(reach)
    except OverflowError:
        return None
    return found if (Fraction(found[0]), Fraction(found[1])) == (middle, reach) else None
