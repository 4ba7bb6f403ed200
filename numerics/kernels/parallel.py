"""Points on one line through the origin, found by floating point and proved on the integers behind the floats."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from ..balls.rounding import UNIT
from .cosines import Cosines
from .cosines import cosines as _cosines
from .input_gram import InputGram
from .points import Points, points

BLOCK = 256


class ParallelPair(NamedTuple):
    """Points i < j on one line through the origin: ``sign`` +1, the same direction, or -1, opposite directions."""

    i: int
    j: int
    sign: int


def parallel_pairs(source: Any, cosines: Cosines | None = None) -> tuple[ParallelPair, ...]:
    r"""All pairs i < j with :math:`x_i = t x_j`, with the sign of t: +1 duplicates on the sphere, -1 antipodes.

    ``source`` is an (n, d) table of points, :class:`Points`, an exact :class:`InputGram`, or the :class:`Cosines` of
    one of them; ``cosines`` saves computing them again.
    A pair with :math:`|\tilde C_{ij}| < 1 - \mathrm{rad}` is not parallel; for the others the primitive integer vectors
    on their lines are compared, so every pair returned is proved, none is missing, and near-duplicates are left alone.
    For a Gram matrix the test is equality in Cauchy-Schwarz, :math:`G_{ij}^2 = G_{ii} G_{jj}`.
    Raises :class:`SpecError` as the cosines do, or ``ValueError`` for cosines that carry no exact source.

    >>> [tuple(p) for p in parallel_pairs([[1.0, 2.0], [-0.5, -1.0], [3.0, 6.0], [1.0, 2.0 + 2**-51]])]
    [(0, 1, -1), (0, 2, 1), (1, 2, -1)]
    """
    c = source if isinstance(source, Cosines) else cosines or _cosines(source)
    candidates = sorted(_candidates(c))
    if isinstance(c.source, Points):
        signs: dict[int, int] = {}
        lines: dict[int, Hashable] = {}
        for i in {k for pair in candidates for k in pair}:
            signs[i], lines[i] = c.source.direction(i)
        return tuple(ParallelPair(i, j, signs[i] * signs[j]) for i, j in _same(lines))
    if not isinstance(c.source, InputGram):
        raise ValueError("parallel pairs are decided exactly: the cosines must keep the points they came from")
    gram = c.source
    return tuple(
        ParallelPair(i, j, 1 if gram.inner(i, j) > 0 else -1)
        for i, j in candidates
        if gram.inner(i, j) ** 2 == gram.inner(i, i) * gram.inner(j, j)
    )


def duplicate_pairs(values: Any) -> list[tuple[int, int]]:
    r"""All pairs i < j of equal rows, :math:`x_i = x_j` (the duplicates when norms are kept); 0.0 equals -0.0.

    >>> duplicate_pairs([[0.0, 1.0], [0.0, 2.0], [-0.0, 1.0]])
    [(0, 2)]
    """
    given = points(values, zero_rows=True)
    table = given.values + 0.0
    return list(_same({i: given.exact.get(i, row.tobytes()) for i, row in enumerate(table)}))


def _candidates(c: Cosines) -> Iterator[tuple[int, int]]:
    """The pairs whose cosine may be ±1, a superset of the parallel ones."""
    threshold = 1.0 - c.rad - 2.0 * UNIT
    for i in range(0, c.n, BLOCK):
        block = c.mid[i : i + BLOCK, i:]
        for a, b in np.argwhere((block >= threshold) | (block <= -threshold)).tolist():
            if a < b:
                yield i + a, i + b


def _same(keys: dict[int, Hashable]) -> Iterable[tuple[int, int]]:
    """All pairs i < j with equal keys, in order."""
    groups: defaultdict[Hashable, list[int]] = defaultdict(list)
    for i in sorted(keys):
        groups[keys[i]].append(i)
    return sorted(pair for members in groups.values() for pair in combinations(members, 2))
