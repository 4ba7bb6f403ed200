r"""A matrix that somebody has: which symmetric matrices a statement about it speaks of, as a ball matrix.

Everything is taken exactly: a float64 or float32 number means its binary value, an integer, fraction or decimal itself.
A statement is about *every* symmetric matrix within the radius. Where a float array is symmetric up to rounding only,
these are all symmetric matrices between :math:`a_{ij}` and :math:`a_{ji}`: the lower triangle mirrored, the upper one, and
their mean are among them. Exact numbers that are no float64 numbers are put over one denominator, so that the matrix that
is worked with is one of integers; the factor is :attr:`GivenMatrix.scale`. docs/own-matrix.md, "Which matrix".
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np
from flint import arb, arb_mat, fmpq, fmpz
from numpy.typing import NDArray

from ...theory.errors import SpecError
from ...theory.numbers import rational
from ..balls.enclosure import float_above
from ..balls.ends import float_ball
from ..balls.precision import precision
from ..kernels.ballmatrix import BLOCK, BallMatrix, Radius, read_only
from ..kernels.columns import exact_array
from ..kernels.exact_rows import exact_entries

Matrix = NDArray[np.float64]
TOLERANCE = 64
"""Entries (i, j) and (j, i) of a float array may differ by this many units of rounding of the largest entry."""
COMMON_BITS = 4096
"""A common denominator has at most so many digits; beyond it the entries become balls of any precision asked for."""
EXTREME = 200
"""Largest entries outside 2^±200 are scaled by a power of two, where that is exact."""


@dataclass(frozen=True, eq=False)
class GivenMatrix:
    """What was given: every symmetric matrix ``scale * A`` with A a member of ``matrix``.

    Attributes
    ----------
    matrix: (n, n) midpoints and radii, with exact balls where float64 numbers are not enough.
    scale: an exact positive number.
    meaning: which matrices a statement speaks of, in words.
    dtype: what the numbers came as: float64, float32, exact numbers, an interval, ...
    refine: the same matrix at more bits, where its entries are neither float64 numbers nor over one denominator.
    entries: the entries themselves, where they came as exact numbers that are no float64 numbers.
    """

    matrix: BallMatrix
    scale: Fraction
    meaning: str
    dtype: str
    refine: Callable[[int], BallMatrix] | None = None
    entries: list[list[Fraction]] | None = None

    @property
    def n(self) -> int:
        """The order."""
        return self.matrix.n

    @property
    def exact(self) -> bool:
        """Whether exactly one matrix is meant."""
        return self.entries is not None or not self._has_radii

    @cached_property
    def _has_radii(self) -> bool:
        if self.matrix.arb is not None:
            return not all(x.is_exact() for x in self.matrix.arb.entries())
        return bool(np.any(self.matrix.rad))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the order, the entries and the radius: ``n|entries|radius``.

        Entries and radii that are float64 numbers are their bytes, row by row, the lower end of each number first; exact
        ones are fractions, with commas between them and a semicolon between rows; one radius for all is a fraction.
        """
        found = sha256(f"{self.n}|".encode())
        if self.entries is not None:
            found.update(";".join(",".join(map(str, row)) for row in self.entries).encode())
        else:
            for i in range(0, self.n, BLOCK):
                found.update(self._bytes(self.matrix.mid[i : i + BLOCK]))
        rad = self.matrix.rad
        one = "0" if self.exact or not isinstance(rad, np.ndarray) else None
        if one is not None and not self.exact:
            one = str(Fraction(float(rad)) * self.scale)  # type: ignore[arg-type]  # it is a number
        found.update(b"|" + (self._bytes(rad) if one is None else one.encode()))  # type: ignore[arg-type]
        return found.hexdigest()

    def _bytes(self, numbers: Matrix) -> bytes:
        """Numbers of float64 in the units that were given, as bytes."""
        exponent = math.frexp(float(self.scale))[1] - 1
        return np.ascontiguousarray(np.ldexp(numbers, exponent) if exponent else numbers, dtype="<f8").tobytes()

    @property
    def radius_text(self) -> str:
        """The radius in words: 0, a number, or the largest of a matrix of them."""
        if self.exact:
            return "0"
        rad = self.matrix.rad
        largest = float(np.max(rad)) * float(self.scale) if self.scale != 1 else float(np.max(rad))
        return f"at most {largest!r}" if isinstance(rad, np.ndarray) else repr(largest)

    def described(self) -> dict[str, Any]:
        """The matrix in a certificate: which one it is, and what is meant by it."""
        return {
            "sha256": self.digest,
            "n": self.n,
            "dtype": self.dtype,
            "radius": self.radius_text,
            "meaning": self.meaning,
        }


def given_matrix(A: object, radius: object = 0) -> GivenMatrix:
    """The matrix that is meant by an array, nested lists of exact numbers, a ball matrix, or a pair (lower, upper).

    ``radius`` is a number or an (n, n) array of them, added to what the matrix has. Raises :class:`SpecError` for what is
    not square, not symmetric up to rounding, not finite, complex, empty, or made of something else than numbers.

    >>> given_matrix([["1/3", 0], [0, 1]]).scale, given_matrix(np.eye(2, dtype=np.float32)).meaning
    (Fraction(1, 3), 'the matrix of these float32 numbers exactly')
    """
    if isinstance(A, BallMatrix):
        extra = _radius(radius, A.n)
        if not np.any(extra):
            return GivenMatrix(A, Fraction(1), _ball_meaning(A), "balls")
        wide = BallMatrix(A.mid, _sum_up(A.rad, extra))
        return GivenMatrix(wide, Fraction(1), "every symmetric matrix within the radii", "balls")
    pair = _pair(A)
    if pair is not None:
        return _interval(*pair, radius)
    if isinstance(A, np.ndarray) and A.dtype == np.float64 and not np.ma.is_masked(A):
        given: NDArray[Any] = np.asarray(A)
    else:
        given = _array(A, "A")
    _require_square(given, "A")
    name = _dtype_name(A)
    if given.dtype == object:
        return _exact_matrix(given, radius, name)
    foreign = isinstance(A, np.ndarray) and np.may_share_memory(given, A)
    return _float_matrix(np.asarray(given, dtype=np.float64), radius, name, _unit(A), foreign)


def _array(A: object, what: str) -> NDArray[Any]:
    kind = getattr(getattr(A, "dtype", None), "kind", "")
    if kind == "c":
        raise SpecError(f"{what} is complex: give a real symmetric matrix.")
    if kind == "b":
        raise SpecError(f"{what} is made of truth values: give numbers.")
    try:
        return exact_array(A)
    except SpecError as error:
        raise SpecError(f"{what}: {error}") from None


def _require_square(a: NDArray[Any], what: str) -> None:
    if a.ndim != 2 or a.shape[0] != a.shape[1] or a.size == 0:
        raise SpecError(f"{what} has the shape {a.shape}: give a square matrix, (n, n) with n >= 1.")


def _dtype_name(A: object) -> str:
    dtype = getattr(A, "dtype", None)
    return str(dtype) if isinstance(dtype, np.dtype) and dtype != object else "numbers"


def _unit(A: object) -> float:
    """The unit of rounding of the numbers as they came."""
    dtype = getattr(A, "dtype", None)
    return float(np.finfo(dtype).eps) if isinstance(dtype, np.dtype) and dtype.kind == "f" else 2.0**-52


def _float_matrix(a: Matrix, radius: object, name: str, unit: float, foreign: bool) -> GivenMatrix:
    """A matrix of float64 numbers, symmetrised where it is not quite symmetric."""
    extra = _radius(radius, len(a))
    largest, worst, place = _inspect(a)
    meaning = (
        f"the matrix of these {name} exactly" if name == "numbers" else f"the matrix of these {name} numbers exactly"
    )
    if worst > 0.0:
        if not worst <= TOLERANCE * unit * largest:
            i, j = place
            raise SpecError(
                f"A is not symmetric: A[{i}, {j}] = {float(a[i, j])!r}, A[{j}, {i}] = {float(a[j, i])!r}: give"
                " (A + A.T) / 2, or (numpy.minimum(A, A.T), numpy.maximum(A, A.T)) if every symmetric matrix between is meant."
            )
        mid, half = _middle(a, a.T)
        extra, a, foreign = _sum_up(half, extra), mid, False
        meaning = (
            f"every symmetric matrix between A and its transpose, which differ by at most {worst:.3g} (rounding): the lower"
            " triangle mirrored, the upper one, and (A + A.T) / 2 are among them"
        )
    scale = Fraction(1)
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


def _middle(low: Matrix, high: Matrix) -> tuple[Matrix, Matrix]:
    """Midpoints, and radii that reach both ends."""
    mid = low * 0.5 + high * 0.5
    reach = np.maximum(np.abs(high - mid), np.abs(mid - low))
    return mid, np.where(reach > 0.0, np.nextafter(reach, np.inf), 0.0)


def _sum_up(one: Radius, two: Radius) -> Radius:
    """The sum of two radii, rounded upwards where it is not one of them."""
    if not np.any(two):
        return one
    if not np.any(one):
        return two
    total = np.nextafter(np.add(one, two), np.inf)
    return float(total) if np.ndim(total) == 0 else read_only(total)


def _radius(radius: object, n: int) -> Radius:
    """A radius as float64 numbers, rounded upwards: a number, or a matrix, of which the larger of (i, j) and (j, i) counts."""
    if isinstance(radius, str):
        radius = rational(radius, what="radius")
    many = isinstance(radius, (list, tuple)) or (isinstance(radius, np.ndarray) and radius.ndim > 0)
    if many:
        radius = _array(radius, "radius")
        if radius.shape != (n, n):
            raise SpecError(
                f"radius has the shape {radius.shape}, A has {(n, n)}: give one number, or one for each entry."
            )
        if radius.dtype == object:
            radius = np.array([[float_above(x) for x in row] for row in _fractions(radius, "radius")])
        radius = np.maximum(radius, radius.T)
    try:
        return BallMatrix(np.zeros((n, n) if many else (1, 1)), radius).rad  # type: ignore[arg-type]  # it checks
    except SpecError as error:
        raise SpecError(f"radius: {str(error).rstrip('.')}.") from None


def _ball_meaning(A: BallMatrix) -> str:
    return "every symmetric matrix within the radii" if np.any(A.rad) else "the matrix of these float64 numbers exactly"


# -- exact numbers ---------------------------------------------------------------------------------------------------


def _fractions(table: NDArray[Any], what: str) -> list[list[Fraction]]:
    rows = []
    for i, row in enumerate(table):
        entries = exact_entries(row, f"{what}: row {i}")
        try:
            rows.append([Fraction(*x.as_integer_ratio()) for x in entries])
        except (ValueError, OverflowError):
            raise SpecError(f"{what}: row {i} has an entry that is NaN or infinite: give finite numbers.") from None
    return rows


def _exact_matrix(table: NDArray[Any], radius: object, name: str) -> GivenMatrix:
    """A matrix of exact numbers, as integers over one denominator where that is short."""
    rows = _fractions(table, "A")
    n = len(rows)
    if name == "float128" or name.startswith("float"):
        mean = [[(rows[i][j] + rows[j][i]) / 2 for j in range(n)] for i in range(n)]
        worst = max(abs(rows[i][j] - rows[j][i]) for i in range(n) for j in range(n))
        if 0 < worst <= TOLERANCE * Fraction(_longdouble_unit()) * max(abs(x) for row in rows for x in row):
            found = _exact_matrix(_objects(mean), _sum_up(float_above(worst / 2), _radius(radius, n)), name)
            meaning = f"every symmetric matrix between A and its transpose, which differ by at most {float(worst):.3g} (rounding)"
            return GivenMatrix(found.matrix, found.scale, meaning, name)
    for i in range(n):
        for j in range(i):
            if rows[i][j] != rows[j][i]:
                raise SpecError(
                    f"A is not symmetric: A[{i}, {j}] = {rows[i][j]}, A[{j}, {i}] = {rows[j][i]}: exact numbers must agree;"
                    " for every symmetric matrix between, give a pair (lower, upper)."
                )
    extra = _radius(radius, n)
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
    return BallMatrix(near.mid, _sum_up(near.rad, extra))


# -- a pair of matrices ----------------------------------------------------------------------------------------------


def _pair(A: object) -> tuple[NDArray[Any], NDArray[Any]] | None:
    """The two matrices of a pair (lower, upper); None for anything else."""
    if not isinstance(A, (tuple, list)) or len(A) != 2:
        return None
    if not all(np.ndim(x) == 2 if isinstance(x, np.ndarray) else _nested(x) for x in A):
        return None
    return _array(A[0], "lower"), _array(A[1], "upper")


def _nested(x: object) -> bool:
    return isinstance(x, (list, tuple)) and bool(x) and all(isinstance(row, (list, tuple, np.ndarray)) for row in x)


def _interval(lower: NDArray[Any], upper: NDArray[Any], radius: object) -> GivenMatrix:
    """Every symmetric matrix between two matrices, with ends rounded outwards where they are no float64 numbers."""
    _require_square(lower, "lower")
    if upper.shape != lower.shape:
        raise SpecError(f"lower has the shape {lower.shape}, upper {upper.shape}: give two matrices of one shape.")
    n, meaning = len(lower), "every symmetric matrix between lower and upper"
    if lower.dtype == upper.dtype == np.float64 and np.isfinite(lower).all() and np.isfinite(upper).all():
        least, most = np.maximum(lower, lower.T), np.minimum(upper, upper.T)
        if (least <= most).all():
            middle, reach = _middle(least, most)
            return GivenMatrix(
                BallMatrix(read_only(middle), _sum_up(read_only(reach), _radius(radius, n))),
                Fraction(1),
                meaning,
                "interval",
            )
    low, high = _fractions(lower, "lower"), _fractions(upper, "upper")
    mid, rad = np.empty((n, n)), np.empty((n, n))
    for i in range(n):
        for j in range(i + 1):
            below, above = max(low[i][j], low[j][i]), min(high[i][j], high[j][i])
            if below > above:
                raise SpecError(
                    f"no symmetric matrix lies between lower and upper: entry ({i}, {j}) would be at least {float(below)!r} and"
                    f" at most {float(above)!r}."
                )
            with precision(128):
                ball = arb(fmpq(below.numerator, below.denominator)).union(
                    arb(fmpq(above.numerator, above.denominator))
                )
                mid[i, j], rad[i, j] = mid[j, i], rad[j, i] = _exact_ball(below, above) or float_ball(ball)
    extra = _sum_up(read_only(rad), _radius(radius, n))
    return GivenMatrix(BallMatrix(read_only(mid), extra), Fraction(1), meaning, "interval")


def _exact_ball(low: Fraction, high: Fraction) -> tuple[float, float] | None:
    """Midpoint and radius where both are float64 numbers."""
    middle, reach = (low + high) / 2, (high - low) / 2
    try:
        found = float(middle), float(reach)
    except OverflowError:
        return None
    return found if (Fraction(found[0]), Fraction(found[1])) == (middle, reach) else None
