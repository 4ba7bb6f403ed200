"""A matrix of any shape known entry by entry up to a proved radius."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, arb_mat
from numpy.typing import DTypeLike, NDArray

from ...theory.errors import SpecError
from ..balls.ball import Ball
from ..balls.enclosure import float_above
from ..balls.ends import Undecided, float_ball
from ..balls.printed import text_above
from .columns import exact_array

Radius = float | NDArray[np.float64]
Place = int | slice | Sequence[int] | NDArray[np.int64]


def read_only(array: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same array, given away: nobody writes to it any more, so that a :class:`BallArray` need not copy it."""
    array.setflags(write=False)
    return array


def midpoints(mid: NDArray[np.float64], dtype: DTypeLike | None, copy: bool | None) -> NDArray[Any]:
    """What ``__array__`` of a matrix with radii returns: always a copy, so ``copy=False`` is a :class:`ValueError`."""
    if copy is False:
        raise ValueError("the midpoints are given away as a copy only: what is proved of them must not change")
    return np.array(mid, dtype=dtype)


def _own(array: NDArray[np.float64]) -> NDArray[np.float64]:
    """A read-only view of numbers that nobody else can change: of the array where it was given away, or of a copy."""
    owner = array if array.base is None else array.base
    if not (type(owner) is np.ndarray and owner.flags.owndata and not owner.flags.writeable):
        owner = array = read_only(np.array(array, dtype=np.float64))
    return array.view(np.ndarray)


def _radius(given: object) -> Radius:
    """A radius in float64, never below the one that is given."""
    if isinstance(given, np.ndarray) and given.ndim == 0:
        given = given[()]
    if isinstance(given, (np.integer, np.bool_)):
        given = int(given)
    if isinstance(given, (float, int, np.floating, Fraction, Decimal)):
        try:
            return float_above(Fraction(*given.as_integer_ratio()))
        except (ValueError, OverflowError):
            raise SpecError("the radius must be finite and non-negative, a number or an (n, n) array") from None
    if not isinstance(given, np.ndarray):
        try:
            given = exact_array(given)
        except SpecError:
            raise SpecError(
                f"the radius is a {type(given).__name__}: give a number or an (n, n) float64 array"
            ) from None
    if given.dtype == np.longdouble and given.dtype != np.float64:
        near = np.array(given, dtype=np.float64)
        return read_only(np.where(near < given, np.nextafter(near, np.inf), near))
    if given.dtype != np.float64:
        raise SpecError(f"the radii must be float64, not {given.dtype}: the bounds count its roundings")
    return given


@dataclass(frozen=True, slots=True, eq=False)
class BallArray:
    """All (m, n) matrices whose entries differ from ``mid`` by at most ``rad``.

    Attributes
    ----------
    mid: (m, n) float64, finite, read-only; :class:`SpecError` for any other type, whose roundings no bound counts.
    rad: a float (the same radius everywhere) or an (m, n) float64 array, non-negative, read-only; a number of another
        type is rounded upwards.
    arb: the same entries at higher precision, when they were computed that way; each is contained in ``mid ± rad``.
    provenance: one sentence per contribution to the radius.

    What is given is copied, unless it was given away by :func:`read_only`: nothing that happens to it later, or that is
    attempted with ``mid`` and ``rad``, changes what is proved.

    >>> K = BallArray(np.array([[1.0, 0.5, 0.25]]), 2.0**-40)
    >>> K.shape, K[0, 1].contains("1/2"), K[:, 1:].mid.tolist()
    ((1, 3), True, [[0.5, 0.25]])
    """

    mid: NDArray[np.float64]
    rad: Radius
    arb: arb_mat | None = None
    provenance: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        given: object = self.mid
        mid = given if isinstance(given, np.ndarray) else exact_array(given)
        if mid.ndim != 2:
            raise SpecError(f"a matrix has two axes, not the shape {mid.shape}: give an (m, n) array.")
        if mid.dtype != np.float64:
            raise SpecError(f"the midpoints must be float64, not {mid.dtype}: the bounds count its roundings")
        if np.ma.is_masked(mid):
            raise SpecError("some midpoints are masked: fill them in")
        mid, rad = _own(mid), _radius(self.rad)
        if not np.isfinite(mid).all():
            raise SpecError("the midpoints must be finite")
        if np.shape(rad) not in ((), mid.shape) or not np.all(np.asarray(rad) >= 0) or not np.isfinite(rad).all():
            raise SpecError("the radius must be finite and non-negative, a number or an array of the same shape")
        object.__setattr__(self, "mid", mid)
        object.__setattr__(self, "rad", _own(rad) if isinstance(rad, np.ndarray) else rad)
        if self.arb is not None:
            object.__setattr__(self, "arb", arb_mat(self.arb))

    @classmethod
    def from_balls(cls, matrix: arb_mat, provenance: tuple[str, ...] = ()) -> BallArray:
        """The float64 view of an (m, n) matrix of finite balls, rounded outwards, with the balls kept."""
        mid, rad = np.empty((matrix.nrows(), matrix.ncols())), np.empty((matrix.nrows(), matrix.ncols()))
        for i in range(matrix.nrows()):
            for j in range(matrix.ncols()):
                mid[i, j], rad[i, j] = finite_ball(matrix[i, j], i, j)
        return BallArray(read_only(mid), read_only(rad), arb=matrix, provenance=provenance)

    @property
    def shape(self) -> tuple[int, int]:
        """(m, n)."""
        return int(self.mid.shape[0]), int(self.mid.shape[1])

    def __len__(self) -> int:
        return int(self.mid.shape[0])

    def radius(self, i: int, j: int) -> float:
        """The radius of entry (i, j)."""
        return float(self.rad[i, j]) if isinstance(self.rad, np.ndarray) else float(self.rad)

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        """A writeable copy of the midpoints alone, (m, n) float64: what numpy makes of it knows no radius.

        >>> np.asarray(BallArray([[1, 0]], 2**-40)).tolist()
        [[1.0, 0.0]]
        """
        return midpoints(self.mid, dtype, copy)

    def ball(self, i: int, j: int) -> Ball:
        """Entry (i, j), at the highest precision it is known to."""
        if self.arb is not None:
            rows, columns = self.shape
            return Ball(self.arb[i % rows if -rows <= i < rows else i, j % columns if -columns <= j < columns else j])
        return Ball(arb(float(self.mid[i, j]), self.radius(i, j)))

    def __getitem__(self, places: tuple[Place, Place]) -> Any:
        """``K[i, j]`` is a :class:`Ball`; with a slice or a list of places on either axis, a :class:`BallArray`."""
        given: object = places
        if not (isinstance(given, tuple) and len(given) == 2):
            raise SpecError("a matrix has two axes: ask for an entry K[i, j] or a part K[2:5, :].")
        i, j = (np.arange(size)[at] for size, at in zip(self.shape, places, strict=True))
        if np.ndim(i) == np.ndim(j) == 0:
            return self.ball(int(i), int(j))
        return self.part(np.atleast_1d(i), np.atleast_1d(j))

    __iter__ = None

    def part(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> BallArray:
        """The entries in some rows and some columns, in the order given."""
        mid, rad, balls = self._part(rows, columns)
        return BallArray(mid, rad, arb=balls, provenance=self.provenance)

    def _part(
        self, rows: NDArray[np.int64], columns: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], Radius, arb_mat | None]:
        places, balls = np.ix_(rows, columns), None
        if self.arb is not None:
            picked = [self.arb[int(i), int(j)] for i in rows for j in columns]
            balls = arb_mat(len(rows), len(columns), picked)
        rad = read_only(self.rad[places]) if isinstance(self.rad, np.ndarray) else self.rad
        return read_only(self.mid[places]), rad, balls

    @property
    def accuracy(self) -> str:
        """How well the entries are known, in words."""
        return f"entries known to ± {text_above(float(np.max(self.rad, initial=0.0)), 3)}"

    @property
    def accuracy_bits(self) -> int | None:
        """The correct bits of the worst entry, relative to the largest modulus; None when all entries are exact.

        0 where the largest modulus is not known to one bit.

        >>> BallArray(np.array([[1.0, 0.5]]), 2.0**-40).accuracy_bits
        39
        """
        if self.arb is not None:
            rads = [x.rad() for x in self.arb.entries()]
            worst = max(rads, key=float, default=arb(0))
            size = max((x.abs_lower() for x in self.arb.entries()), key=float, default=arb(0))
            if worst.is_zero():
                return None
            ratio = (worst / size).upper() if size > 0 else arb(1)
            return max(0, -math.ceil(float(ratio.log() / arb(2).log())))
        radius = float(np.max(self.rad, initial=0.0))
        if radius == 0.0:
            return None
        least = float(np.max(np.abs(self.mid) - self.rad, initial=0.0))
        return max(0, -math.frexp(radius / least)[1]) if least > 0 else 0

    def __repr__(self) -> str:
        return f"{type(self).__name__}(shape={self.shape}, {self.accuracy})"

    def _repr_html_(self) -> str:
        rows, columns = self.shape
        return f"<b>{type(self).__name__}</b> {rows} × {columns}, {self.accuracy}"


def finite_ball(x: arb, i: int, j: int) -> tuple[float, float]:
    """The float64 ball around entry (i, j); :class:`Undecided` where it is not finite."""
    if not x.is_finite():
        raise Undecided(f"entry ({i}, {j}) is not finite: compute it with more bits.")
    return float_ball(x)
