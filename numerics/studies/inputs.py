"""What is known of the inputs of a model, exactly or with a radius: norms, cosines, parallels, their separation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from flint import arb
from numpy.typing import NDArray

from ...theory.errors import DerivationGap
from ..balls.budget import Budget
from ..kernels.cosines import Cosines, cosine, cosines
from ..kernels.parallel import ParallelPair, parallel_pairs
from .data import DataSet


@dataclass(frozen=True, eq=False)
class Inputs:
    """The inputs of a data set; each property is computed at its first use and kept.

    >>> from .data import load
    >>> Inputs(load("digits", 4), Budget()).common_norm
    Fraction(1, 1)
    """

    data: DataSet
    budget: Budget

    @cached_property
    def norms(self) -> tuple[Fraction, ...]:
        """``|x_i|²/d`` for each input, exactly: 1 after rescaling to the sphere."""
        source = self.data.source
        if self.data.normalize == "sphere":
            return (Fraction(1),) * source.n
        return tuple(source.second_moment(i) for i in range(source.n))

    @property
    def common_norm(self) -> Fraction | None:
        """The common value of :attr:`norms`, or None when they differ."""
        return self.norms[0] if len(set(self.norms)) == 1 else None

    @property
    def nonzero(self) -> Inputs | None:
        """The inputs that are not zero, in order; None where all are."""
        kept = self.data.nonzero_rows
        if not self.data.zero_rows:
            return self
        return Inputs(self.data.take(kept, f"{self.data.description}, without zeros"), self.budget) if kept else None

    @cached_property
    def cosines(self) -> Cosines:
        """The cosines in float64, with a radius; :class:`SpecError` where an input is zero."""
        return cosines(self.data.source, budget=self.budget)

    @cached_property
    def parallel(self) -> tuple[ParallelPair, ...]:
        """All pairs (i, j, ±1) of parallel inputs that are not zero, +1 if they point the same way; decided exactly.

        >>> from ..kernels.points import points
        >>> table = points([[0, 0], [1, 2], [3, 1], [-2, -4]], zero_rows=True)
        >>> [tuple(pair) for pair in Inputs(DataSet(table, None, "", None), Budget()).parallel]
        [(1, 3, -1)]
        """
        kept, rest = self.data.nonzero_rows, self.nonzero
        pairs = parallel_pairs(rest.cosines) if rest is not None else ()
        return tuple(ParallelPair(kept[i], kept[j], sign) for i, j, sign in pairs)

    @property
    def separation(self) -> float:
        """An upper bound of |C_ij| over the pairs i ≠ j that are not parallel."""
        if not self.parallel:
            return self.cosines.delta
        masked = self.cosines.mid.copy()
        for i, j, _ in self.parallel:
            masked[i, j] = masked[j, i] = 0.0
        return Cosines(masked, self.cosines.rad).delta

    def distinct(self, count: int) -> list[int]:
        """The first ``count`` inputs that are not zero and of which no two point the same or the opposite way."""
        again = {(i, j) for i, j, _ in self.parallel}
        found: list[int] = []
        for j in self.data.nonzero_rows:
            if len(found) < count and not any((i, j) in again for i in found):
                found.append(j)
        return found

    @property
    def floats(self) -> NDArray[np.float64]:
        """The inputs as sampled networks take them, (n, d) float64: of norm sqrt(d) unless the norms are kept.

        Raises :class:`DerivationGap` where only inner products are given, or a row that is kept is not binary64.
        """
        if self.data.points is None:
            raise DerivationGap("networks need input points, and only their Gram matrix is given.")
        values = self.data.points.values
        if self.data.normalize is None:
            if self.data.points.exact:
                raise DerivationGap(
                    'networks take binary64 inputs, and some rows are not: read them with numbers = "binary64".'
                )
            return values
        scaled = values / np.abs(values).max(axis=1, keepdims=True)
        return np.asarray(scaled * (math.sqrt(values.shape[1]) / np.linalg.norm(scaled, axis=1, keepdims=True)))


def input_covariance(data: DataSet, i: int, j: int) -> Fraction | arb:
    r"""The inner product :math:`\langle x_i, x_j\rangle/d` of two points, exact where norms are kept; on the sphere the
    cosine, a ball at the working precision unless it is 0 or ±1.

    >>> from .given import given_data
    >>> input_covariance(given_data([[1, 2], [3, 4]], None), 0, 1)
    Fraction(11, 2)
    >>> input_covariance(given_data([[1], [-3]], "sphere"), 0, 1)
    Fraction(-1, 1)
    """
    source = data.source
    if data.normalize != "sphere":
        inner = source.inner(i, j)
        return inner if data.d is None else inner / data.d
    value = cosine(source, i, j)
    whole = value.unique_fmpz() if value.is_exact() else None
    return value if whole is None else Fraction(int(whole))
