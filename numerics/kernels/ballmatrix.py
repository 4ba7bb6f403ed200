"""A symmetric matrix known entry by entry up to a proved radius."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from flint import arb, arb_mat
from numpy.typing import NDArray

from ...theory.errors import SpecError
from ..balls.rounding import total_up
from .ballarray import BallArray, finite_ball
from .ballarray import Radius as Radius
from .ballarray import midpoints as midpoints
from .ballarray import read_only as read_only

BLOCK = 256


def _symmetric(a: NDArray[np.float64]) -> bool:
    """The check on blocks that stay in the cache, without a second matrix."""
    n = a.shape[0]
    for i in range(0, n, BLOCK):
        for j in range(i, n, BLOCK):
            if not np.array_equal(a[i : i + BLOCK, j : j + BLOCK], a[j : j + BLOCK, i : i + BLOCK].T):
                return False
    return True


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class BallMatrix(BallArray):
    """All symmetric matrices whose entries differ from ``mid`` by at most ``rad``: a square :class:`BallArray`.

    ``mid`` is (n, n), symmetric and finite; ``rad`` a float or (n, n). :class:`SpecError` for anything else.

    >>> K = BallMatrix(np.eye(2), 0.0)
    >>> K.mid[0, 1] = 7.0
    Traceback (most recent call last):
        ...
    ValueError: assignment destination is read-only
    """

    def __post_init__(self) -> None:
        BallArray.__post_init__(self)
        if self.mid.shape[0] != self.mid.shape[1]:
            raise SpecError(f"a Gram matrix is square, not {self.mid.shape}: give an (n, n) array.")
        if not _symmetric(self.mid):
            raise SpecError("the midpoints must be finite and symmetric")

    @classmethod
    def from_arb(cls, matrix: arb_mat, provenance: tuple[str, ...] = ()) -> BallMatrix:
        """The float64 view of a symmetric (n, n) matrix of finite balls, rounded outwards, with the balls kept."""
        n = matrix.nrows()
        mid, rad = np.empty((n, n)), np.empty((n, n))
        for i in range(n):
            for j in range(i + 1):
                mid[i, j], rad[i, j] = mid[j, i], rad[j, i] = finite_ball(matrix[i, j], i, j)
        return cls(read_only(mid), read_only(rad), arb=matrix, provenance=provenance)

    @property
    def n(self) -> int:
        """The order of the matrix."""
        return int(self.mid.shape[0])

    def part(self, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> BallArray:
        """The entries in some rows and some columns; a :class:`BallMatrix` where both are the same."""
        mid, rad, balls = self._part(rows, columns)
        kind = BallMatrix if np.array_equal(rows, columns) else BallArray
        return kind(mid, rad, arb=balls, provenance=self.provenance)

    def radius_norm(self) -> float:
        """An upper bound of the spectral norm of any symmetric E with |E| <= rad: the largest row sum, rounded up."""
        with np.errstate(over="ignore"):  # infinity is an upper bound
            rows = self.rad.sum(axis=1) if isinstance(self.rad, np.ndarray) else np.array([self.n * float(self.rad)])
        return total_up(float(rows.max()), self.n + 1)

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
