"""A symmetric matrix known entry by entry up to a proved radius."""

from __future__ import annotations

import math
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
from ..balls.rounding import total_up
from .columns import exact_array

Radius = float | NDArray[np.float64]
BLOCK = 256


def read_only(array: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same array, given away: nobody writes to it any more, so that a :class:`BallMatrix` need not copy it."""
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


def _finite_and_symmetric(a: NDArray[np.float64]) -> bool:
    """The check of the midpoints on blocks that stay in the cache, without a second matrix."""
    n = a.shape[0]
    for i in range(0, n, BLOCK):
        for j in range(i, n, BLOCK):
            tile = a[i : i + BLOCK, j : j + BLOCK]
            if not (np.isfinite(tile).all() and np.array_equal(tile, a[j : j + BLOCK, i : i + BLOCK].T)):
                return False
    return True


@dataclass(frozen=True, slots=True, eq=False)
class BallMatrix:
    """All symmetric matrices whose entries differ from ``mid`` by at most ``rad``.

    Attributes
    ----------
    mid: (n, n) float64, symmetric and finite, read-only; :class:`SpecError` for any other type, whose roundings no
        bound counts.
    rad: a float (the same radius everywhere) or an (n, n) float64 array, non-negative, read-only; a number of another
        type is rounded upwards.
    arb: the same entries at higher precision, when they were computed that way; each is contained in ``mid ± rad``.
    provenance: one sentence per contribution to the radius.

    What is given is copied, unless it was given away by :func:`read_only`: nothing that happens to it later, or that is
    attempted with ``mid`` and ``rad``, changes what is proved.

    >>> K = BallMatrix(np.eye(2), 0.0)
    >>> K.mid[0, 1] = 7.0
    Traceback (most recent call last):
        ...
    ValueError: assignment destination is read-only
    """

    mid: NDArray[np.float64]
    rad: Radius
    arb: arb_mat | None = None
    provenance: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        given: object = self.mid
        mid = given if isinstance(given, np.ndarray) else exact_array(given)
        if mid.ndim != 2 or mid.shape[0] != mid.shape[1]:
            raise SpecError(f"a Gram matrix is square, not {mid.shape}: give an (n, n) array.")
        if mid.dtype != np.float64:
            raise SpecError(f"the midpoints must be float64, not {mid.dtype}: the bounds count its roundings")
        if np.ma.is_masked(mid):
            raise SpecError("some midpoints are masked: fill them in")
        mid, rad = _own(mid), _radius(self.rad)
        if not _finite_and_symmetric(mid):
            raise SpecError("the midpoints must be finite and symmetric")
        if np.shape(rad) not in ((), mid.shape) or not np.all(np.asarray(rad) >= 0) or not np.isfinite(rad).all():
            raise SpecError("the radius must be finite and non-negative, a number or an (n, n) array")
        object.__setattr__(self, "mid", mid)
        object.__setattr__(self, "rad", _own(rad) if isinstance(rad, np.ndarray) else rad)
        if self.arb is not None:
            object.__setattr__(self, "arb", arb_mat(self.arb))

    @classmethod
    def from_arb(cls, matrix: arb_mat, provenance: tuple[str, ...] = ()) -> BallMatrix:
        """The float64 view of a symmetric (n, n) matrix of finite balls, rounded outwards, with the balls kept."""
        n = matrix.nrows()
        mid, rad = np.empty((n, n)), np.empty((n, n))
        for i in range(n):
            for j in range(i + 1):
                x = matrix[i, j]
                if not x.is_finite():
                    raise Undecided(f"entry ({i}, {j}) is not finite: compute it with more bits.")
                mid[i, j], rad[i, j] = mid[j, i], rad[j, i] = float_ball(x)
        return cls(read_only(mid), read_only(rad), arb=matrix, provenance=provenance)

    @property
    def n(self) -> int:
        """The order of the matrix."""
        return int(self.mid.shape[0])

    def radius(self, i: int, j: int) -> float:
        """The radius of entry (i, j)."""
        return float(self.rad[i, j]) if isinstance(self.rad, np.ndarray) else float(self.rad)

    @property
    def shape(self) -> tuple[int, int]:
        """(n, n)."""
        return self.n, self.n

    def __len__(self) -> int:
        return self.n

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        """A writeable copy of the midpoints alone, (n, n) float64: what numpy makes of it knows no radius.

        >>> np.asarray(BallMatrix([[1, 0], [0, 1]], 2**-40)).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
        """
        return midpoints(self.mid, dtype, copy)

    def ball(self, i: int, j: int) -> Ball:
        """Entry (i, j), at the highest precision it is known to."""
        if self.arb is not None:
            return Ball(self.arb[i, j])
        return Ball(arb(float(self.mid[i, j]), self.radius(i, j)))

    def radius_norm(self) -> float:
        """An upper bound of the spectral norm of any symmetric E with |E| <= rad: the largest row sum, rounded up."""
        rows = self.rad.sum(axis=1) if isinstance(self.rad, np.ndarray) else np.array([self.n * float(self.rad)])
        return total_up(float(rows.max()), self.n + 1)

    @property
    def accuracy(self) -> str:
        """How well the entries are known, in words."""
        return f"entries known to ± {float(np.max(self.rad)):.3g}"

    @property
    def accuracy_bits(self) -> int | None:
        r"""The correct bits of the worst entry, relative to :math:`\sqrt{K_{ii}K_{jj}}`; None when all are exact.

        0 where an entry is not known to one bit, or a diagonal entry not to be positive.

        >>> BallMatrix(np.array([[1.0, 0.5], [0.5, 1.0]]), 2.0**-40).accuracy_bits
        39
        """
        if self.arb is not None:
            return self._bits_of_balls(self.arb)
        if not np.any(self.rad):
            return None
        least = np.diag(self.mid) - np.diag(np.broadcast_to(self.rad, self.mid.shape))
        if not (least > 0).all():
            return 0
        root = np.sqrt(least)
        worst = 0.0
        for i in range(self.n):
            row = self.rad[i] if isinstance(self.rad, np.ndarray) else self.rad
            worst = max(worst, float(np.max(row / root / root[i])))
        return max(0, -math.frexp(worst)[1])

    def _bits_of_balls(self, table: arb_mat) -> int | None:
        least = [table[i, i].lower() for i in range(self.n)]
        if not all(x > 0 for x in least):
            return 0
        root = [x.sqrt() for x in least]
        worst = arb(0)
        for i in range(self.n):
            for j in range(i + 1):
                worst = worst.max((table[i, j].rad() / (root[i] * root[j])).upper())
        return None if worst.is_zero() else max(0, -math.ceil(float(worst.log() / arb(2).log())))

    def __repr__(self) -> str:
        return f"BallMatrix(n={self.n}, {self.accuracy})"

    def _repr_html_(self) -> str:
        return f"<b>BallMatrix</b> {self.n} × {self.n}, {self.accuracy}"
