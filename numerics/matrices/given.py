r"""A matrix that somebody has: which symmetric matrices a statement about it speaks of, as a ball matrix.

Everything is taken exactly: a float64 or float32 number means its binary value, an integer, fraction or decimal itself.
A statement is about *every* symmetric matrix within the radius. Where a float array is symmetric up to rounding only,
these are all symmetric matrices between :math:`a_{ij}` and :math:`a_{ji}`: the lower triangle mirrored, the upper one,
and their mean are among them. Exact numbers that are no float64 numbers are put over one denominator, so that the
matrix that is worked with is one of integers; the factor is :attr:`GivenMatrix.scale`. docs/own-matrix.md, "Which
matrix"."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...theory.errors import SpecError
from ..balls.ball import Ball
from ..balls.ends import Undecided
from ..balls.printed import text_above
from ..kernels.ballmatrix import BLOCK, BallMatrix, Radius, read_only
from .entries import middle, number_array, radius_of, require_square, sum_up
from .exact import EXTREME, TOLERANCE, exact_matrix, interval_matrix
from .given_matrix import GivenMatrix

Matrix = NDArray[np.float64]
LARGEST_RADIUS = 2.0**1000
"""Beyond this the sum of the radii in a row, and what is done with it, may leave float64."""


def given_matrix(A: object, radius: object = 0) -> GivenMatrix:
    """The matrix that is meant by an array, nested lists of exact numbers, a ball matrix, or a pair (lower, upper).

    ``radius`` is a number or an (n, n) array of them, added to what the matrix has. Raises :class:`SpecError` for what
    is not square, not symmetric up to rounding, not finite, complex, empty, or made of something else than numbers.

    >>> given_matrix([["1/3", 0], [0, 1]]).scale, given_matrix(np.eye(2, dtype=np.float32)).meaning
    (Fraction(1, 3), 'the matrix of these float32 numbers exactly')
    """
    try:
        found = _given(A, radius)
    except Undecided:
        raise SpecError(
            "A has numbers beyond the range of float64, where only exact ones without a radius are taken: scale them."
        ) from None
    if not found.matrix.radius_norm() <= LARGEST_RADIUS:
        raise SpecError("the radii are too large: keep their sum in a row below 2^1000, or scale A and them.")
    return found


def _given(A: object, radius: object) -> GivenMatrix:
    if isinstance(A, BallMatrix):
        return _balls(A, radius_of(radius, A.n))
    pair = _pair(A)
    if pair is not None:
        return interval_matrix(*pair, radius)
    if isinstance(A, np.ndarray) and A.dtype == np.float64 and not np.ma.is_masked(A):
        given: NDArray[Any] = np.asarray(A)
    else:
        given = number_array(A, "A")
    require_square(given, "A")
    name = _dtype_name(A)
    if given.dtype == object:
        return exact_matrix(given, radius, name)
    foreign = isinstance(A, np.ndarray) and np.may_share_memory(given, A)
    return _float_matrix(np.asarray(given, dtype=np.float64), radius, name, _unit(A), foreign)


def _dtype_name(A: object) -> str:
    dtype = getattr(A, "dtype", None)
    return str(dtype.newbyteorder("=")) if isinstance(dtype, np.dtype) and dtype.kind in "iuf" else "numbers"


def _unit(A: object) -> float:
    """The unit of rounding of the numbers as they came."""
    dtype = getattr(A, "dtype", None)
    return float(np.finfo(dtype).eps) if isinstance(dtype, np.dtype) and dtype.kind == "f" else 2.0**-52


def _float_matrix(a: Matrix, radius: object, name: str, unit: float, foreign: bool) -> GivenMatrix:
    """A matrix of float64 numbers, symmetrised where it is not quite symmetric."""
    extra = radius_of(radius, len(a))
    largest, worst, place = _inspect(a)
    meaning = (
        f"the matrix of these {name} exactly" if name == "numbers" else f"the matrix of these {name} numbers exactly"
    )
    if worst > 0.0:
        if not worst <= TOLERANCE * unit * largest:
            i, j = place
            told = f"A is not symmetric: A[{i}, {j}] = {float(a[i, j])!r}, A[{j}, {i}] = {float(a[j, i])!r}"
            raise SpecError(f"{told}: {_advice(a, worst, largest)}")
        mid, half = middle(a, a.T)
        extra, a, foreign = sum_up(half, extra), mid, False
        most = text_above(math.nextafter(worst, math.inf), 3)
        meaning = (
            f"every symmetric matrix between A and its transpose, which differ by at most {most} (rounding):"
            " the lower triangle mirrored, the upper one, and (A + A.T) / 2 are among them"
        )
    elif a.flags.f_contiguous and not a.flags.c_contiguous:
        a, foreign = a.T, True  # the same matrix, its rows in a row
    scale = Fraction(1)
    largest = max(largest, float(np.max(extra)))
    exponent = math.frexp(largest)[1]
    if largest and abs(exponent) > EXTREME:
        scaled = np.ldexp(a, -exponent)
        wider = np.ldexp(extra, -exponent)
        if np.array_equal(np.ldexp(scaled, exponent), a) and np.array_equal(np.ldexp(wider, exponent), extra):
            a, foreign, scale = scaled, False, Fraction(2) ** exponent
            extra = float(wider) if np.ndim(wider) == 0 else wider
    if np.any(extra) and worst == 0.0:
        meaning = f"every symmetric matrix within the radius of these {name}" + (
            "" if name == "numbers" else " numbers"
        )
    matrix = BallMatrix(a if foreign else read_only(a), extra)
    return GivenMatrix(matrix, scale, meaning, name)


def _advice(a: Matrix, worst: float, largest: float) -> str:
    """What may be meant by a matrix that is not symmetric: the mean with its transpose only where both are near."""
    for side, product, empty in (("lower", "A @ A.T", np.triu(a, 1)), ("upper", "A.T @ A", np.tril(a, -1))):
        if not empty.any():
            return (
                f"it is {side} triangular: if its mirror image is meant, give A + A.T - numpy.diag(numpy.diag(A)); if"
                f" it is a Cholesky factor, {product}."
            )
    if worst <= 1e-3 * largest:
        return (
            "give (A + A.T) / 2, or (numpy.minimum(A, A.T), numpy.maximum(A, A.T)) where every symmetric matrix between"
            " is meant."
        )
    return "the two triangles are different matrices; give the symmetric one that is meant."


def _inspect(a: Matrix) -> tuple[float, float, tuple[int, int]]:
    """The largest modulus, the largest difference of (i, j) and (j, i), and where: block by block, nothing copied."""
    n, largest, worst, place = len(a), 0.0, 0.0, (0, 0)
    for i in range(0, n, BLOCK):
        rows = a[i : i + BLOCK]
        top = float(np.abs(rows).max())
        if not math.isfinite(top):
            bad = np.argwhere(~np.isfinite(rows))[0]
            raise SpecError(
                f"A[{i + int(bad[0])}, {int(bad[1])}] is {float(rows[tuple(bad)])}: give a matrix of finite numbers."
            )
        largest = max(largest, top)
        for j in range(i, n, BLOCK):
            tile, mirror = a[i : i + BLOCK, j : j + BLOCK], a[j : j + BLOCK, i : i + BLOCK].T
            if not np.array_equal(tile, mirror):
                with np.errstate(over="ignore"):
                    apart = np.abs(tile - mirror)
                k = int(np.argmax(apart))
                if apart.flat[k] > worst:
                    worst, place = float(apart.flat[k]), (i + k // apart.shape[1], j + k % apart.shape[1])
    return largest, worst, place


def _balls(A: BallMatrix, extra: Radius) -> GivenMatrix:
    """A ball matrix; with a further radius its balls give way to midpoints and radii in float64."""
    within = "every symmetric matrix within the radii"
    if np.any(extra):
        return GivenMatrix(BallMatrix(A.mid, sum_up(A.rad, extra)), Fraction(1), within, "balls")
    if A.arb is None:
        exactly = "the matrix of these float64 numbers exactly"
        return GivenMatrix(A, Fraction(1), within if np.any(A.rad) else exactly, "balls")
    table = [[Ball(x) for x in row] for row in A.arb.table()]
    middles = [[ball.mid for ball in row] for row in table]
    radii = [[ball.rad for ball in row] for row in table]
    if not any(map(any, radii)):
        return GivenMatrix(A, Fraction(1), "the matrix of these exact numbers", "balls", entries=middles)
    return GivenMatrix(A, Fraction(1), within, "balls", entries=middles, radii=radii)


def _pair(A: object) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """The two matrices of a pair (lower, upper); None for anything else."""
    if not isinstance(A, (tuple, list)) or len(A) != 2:
        return None
    if not all(np.ndim(x) == 2 if isinstance(x, np.ndarray) else _nested(x) for x in A):
        return None
    return number_array(A[0], "lower"), number_array(A[1], "upper")


def _nested(x: object) -> bool:
    return isinstance(x, (list, tuple)) and bool(x) and all(isinstance(row, (list, tuple, np.ndarray)) for row in x)
