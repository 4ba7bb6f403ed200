"""Which values of a kernel are wanted: those of all pairs of one set of points, or of the pairs between two sets."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np

from ...theory.errors import SpecError
from ..balls.budget import Budget
from ..kernels.ballmatrix import read_only
from ..kernels.cosines import cosines
from ..kernels.cosines import require_memory as require
from ..kernels.cross_cosines import cross_cosines
from ..kernels.points import Floats, Points
from ..studies.data import DataSet


@dataclass(frozen=True, eq=False)
class Block:
    """The rows ``left`` (m points) against the columns ``right`` (n points), or ``left`` against itself where None.

    Everything is computed from :attr:`stacked`, left above right, so that a block of the square on the stacked points
    and the rectangle are the same numbers wherever the same path computes them.
    """

    left: DataSet
    right: DataSet | None
    budget: Budget

    def __post_init__(self) -> None:
        if self.right is None:
            return
        if self.left.d is None or self.left.d != self.right.d:
            raise SpecError(
                f"kernel: the rows have {self.left.d} coordinates and the columns {self.right.d}: give points of one"
                " dimension."
            )
        if self.left.normalize != self.right.normalize:
            raise SpecError("kernel: one set of points keeps its norms and the other does not: give one normalize.")

    @property
    def symmetric(self) -> bool:
        """Whether the rows and the columns are the same points."""
        return self.right is None

    @property
    def shape(self) -> tuple[int, int]:
        """(m, n)."""
        return self.left.n, self.left.n if self.right is None else self.right.n

    @cached_property
    def stacked(self) -> DataSet:
        """All points, the rows first."""
        return self.left if self.right is None else stack(self.left, self.right)

    def require_memory(self, what: str, arrays: int) -> None:
        """Refuse, before anything is computed, what holds so many arrays of this shape beyond the budget."""
        m, n = self.shape
        require(what, max(m, n), 8 * arrays * m * n, self.budget)

    @property
    def points(self) -> Points:
        """The stacked points."""
        found = self.stacked.points
        if found is None:
            raise SpecError("kernel: only an exact input Gram matrix is given: give points.")
        return found

    def cosines(self) -> tuple[Floats, float]:
        """The cosines of the rows with the columns and their radius; 1 on the diagonal of a square, 0 beside zeros."""
        if not self.stacked.zero_rows:
            return self._cosines(self.points, self.left.n)
        kept = self.stacked.nonzero_rows
        rows, columns = ([i for i in kept if i in at] for at in (self.rows, self.columns))
        mid = np.zeros(self.shape)
        if not (rows and columns):
            return mid, 0.0
        found, rad = self._cosines(self.points.take(kept), len(rows))
        mid[np.ix_(rows, [j - self.columns.start for j in columns])] = found
        return mid, rad

    def _cosines(self, source: Points, split: int) -> tuple[Floats, float]:
        if self.symmetric:
            square = cosines(source, budget=self.budget)
            return square.mid, square.rad
        found = cross_cosines(source, range(split), range(split, source.n), budget=self.budget)
        return found.mid, found.rad

    @property
    def rows(self) -> range:
        """The places of the rows among the stacked points."""
        return range(self.left.n)

    @property
    def columns(self) -> range:
        """The places of the columns among the stacked points."""
        start = 0 if self.right is None else self.left.n
        return range(start, start + self.shape[1])


def stack(upper: DataSet, lower: DataSet) -> DataSet:
    """One data set above another; both have points of one dimension.

    >>> from ..studies.given import given_data
    >>> stack(given_data([[1, 2]], None), given_data([["0.1", "0.2"]], None)).source.entries(1)
    (Fraction(1, 10), Fraction(1, 5))
    """
    first, second = upper.points, lower.points
    if first is None or second is None:
        raise SpecError("kernel: only an exact input Gram matrix is given: give points.")
    exact = {**first.exact, **{first.n + i: row for i, row in second.exact.items()}}
    values = read_only(np.concatenate([first.values, second.values]))
    text = f"{upper.description}; {lower.description}"
    return DataSet(Points(values, MappingProxyType(exact)), None, text, upper.normalize)
