"""A block of pairs of images, and how numbers of the single images are spread over it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ...kernels.points import Floats
from .labels import Labels

Index = NDArray[np.int64]
Entries = TypeVar("Entries", Floats, Index)


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Pairs (i[k], j[k]) of images; entries of a block are (positions of i, positions of j, pair) if ``full``, and
    (position, pair), the position that of both, if not. ``side``: the number of positions. ``labels``: those of the
    activation under way, if needed.
    """

    i: Index
    j: Index
    full: bool
    side: int
    labels: Callable[[], Labels] | None = None

    def rows(self, values: Entries) -> Entries:
        """(positions, n) to what multiplies a block for the first image of each pair."""
        taken = values.take(self.i, axis=1)
        return taken[:, None, :] if self.full else taken

    def columns(self, values: Entries) -> Entries:
        """The same for the second image."""
        taken = values.take(self.j, axis=1)
        return taken[None, :, :] if self.full else taken

    def scaled(self, block: Floats, factor: Floats) -> Floats:
        """The block times the factors of both positions, a new array in the order of its indices."""
        result: Floats = np.multiply(block, self.rows(factor), order="C")
        result *= self.columns(factor)
        return result

    def scale(self, block: Floats, factor: Floats) -> None:
        """The same in place."""
        block *= self.rows(factor)
        block *= self.columns(factor)

    def known_signs(self, places: Index, possible: NDArray[np.bool_]) -> Index:
        """For flat places in a block: 1 or -1 where the correlation is exactly that, 0 where this is not known.

        ``possible`` is False where the correlation is known to be neither.
        """
        left, right = self._positions(places)
        signs: Index = ((left[0] == right[0]) & (left[1] == right[1])).astype(np.int64)
        where = np.flatnonzero(possible & (signs == 0))
        if where.size:
            if self.labels is None:
                raise ValueError("the labels of this block were not given")
            labels = self.labels()
            ids, scales = (x.reshape(-1, x.shape[-1]) for x in (labels.ids, labels.scales))
            left, right = ((position[where], image[where]) for position, image in (left, right))
            signs[where] = np.where(ids[left] == ids[right], np.sign(scales[left]) * np.sign(scales[right]), 0)
        return signs

    def products_at(self, places: Index, factor: Floats) -> Floats:
        """The products of the factors of both positions at flat places of a block."""
        left, right = self._positions(places)
        return factor[left] * factor[right]

    def _positions(self, places: Index) -> tuple[tuple[Index, Index], tuple[Index, Index]]:
        """(position, image) of the first and of the second of each flat place."""
        rest, k = np.divmod(places, len(self.i))
        p, q = np.divmod(rest, self.side) if self.full else (rest, rest)
        return (p, self.i[k]), (q, self.j[k])
