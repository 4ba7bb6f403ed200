"""Cosines of some points with some others, by the same products and with the same radius as those of all pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import arb

from ..balls.budget import Budget
from ..balls.rounding import up
from .cosines import cosine, require_memory
from .points import Floats, Points
from .split_rows import cosine_block, split_rows


@dataclass(frozen=True, slots=True, eq=False)
class CrossCosines:
    r"""The rectangle :math:`C_{ij} = \langle x_i, x_j\rangle/(|x_i||x_j|)`, i of ``rows`` and j of ``columns``.

    Attributes
    ----------
    mid: (m, n) float64, entries in [-1, 1]; equal points have a cosine within ``rad`` of 1 here.
    rad: radius of every entry.
    source: the points that rows and columns are numbers of.
    """

    mid: Floats
    rad: float
    source: Points
    rows: range
    columns: range

    @property
    def points(self) -> int:
        """How many points there are."""
        return self.source.n

    @property
    def delta(self) -> float:
        """An upper bound of the largest ``|C_ij|``, at most 1."""
        largest = max(float(self.mid.max(initial=0.0)), -float(self.mid.min(initial=0.0)))
        return min(1.0, up(largest + self.rad))

    def entry(self, a: int, b: int) -> arb:
        """Entry (a, b) from the exact points at the working precision; exactly ±1 for parallel ones."""
        return cosine(self.source, self.rows[a], self.columns[b])


def cross_cosines(source: Points, rows: range, columns: range, *, budget: Budget | None = None) -> CrossCosines:
    """The cosines of two contiguous sets of points that are not zero; :class:`SpecError` where one is.

    The radius is that of all ``source``: docs/error-analysis.md, "Cosines".

    >>> from .points import points
    >>> cross_cosines(points([[3.0, 4.0], [4.0, 3.0], [1.0, 0.0]]), range(2), range(2, 3)).mid.round(12).tolist()
    [[0.6], [0.8]]
    """
    source.require_directions()
    m, n, d = len(rows), len(columns), source.d
    require_memory("cosines", max(m, n), 8 * (3 * m * n + 9 * (m + n) * d), budget or Budget())
    split = split_rows(source)
    parts = (split.part(slice(at.start, at.stop)) for at in (rows, columns))
    return CrossCosines(np.asarray(cosine_block(*parts)), split.radius, source, rows, columns)
