"""The kernels of a deep network between two sets of points: only the entries of the rectangle are computed."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from flint import arb, arb_mat

from ...theory.errors import PrecisionExhausted
from ..balls.budget import Budget
from ..balls.ends import float_ball
from ..balls.precision import precision
from ..kernels.ballarray import BallArray, read_only
from ..kernels.border import bordered_rectangle
from ..kernels.cross_cosines import cross_cosines
from ..studies.data import DataSet
from ..studies.inputs import input_covariance
from .conventions import TangentConvention
from .instance import FLOAT_BITS, INDIVIDUAL, LAYER_ORDER, NEARLY_PARALLEL, PAIR_BITS
from .layerwise import layerwise_gram
from .network import DeepNetwork
from .pair import GUARD_BITS, has_closed_forms, pair_kernels


def deep_rectangle(
    network: DeepNetwork, data: DataSet, split: int, convention: TangentConvention | None, budget: Budget
) -> BallArray:
    r"""The kernel of the first ``split`` points of ``data`` with the others, (m, n), every entry enclosed.

    The tangent kernel with a convention, the NNGP kernel without one: layer by layer, nearly parallel pairs one by one
    where there are closed forms, and zero inputs by themselves. Raises as :func:`layerwise_gram` does.

    >>> from ..studies.given import given_data
    >>> from .network import deep_network
    >>> points = given_data([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]], None)
    >>> K = deep_rectangle(deep_network("relu", 1, sigma_w2=2), points, 2, None, Budget())
    >>> K[0, 0].contains("0.31830988618379067153776752674502872"), K[1, 0].contains(0)  # 1/pi, 0
    (True, True)
    """
    entries = _Entries(network, data, convention)
    kept = data.nonzero_rows
    rows, columns = [i for i in kept if i < split], [j - split for j in kept if j >= split]
    block = None
    if rows and columns:
        rest = data.take(kept, data.description) if data.zero_rows else data
        block = _between(network, rest, len(rows), convention, budget)
    shape = (split, data.n - split)
    return bordered_rectangle(block, rows, columns, shape, lambda i, j: entries.value(i, split + j, FLOAT_BITS))


def deep_rectangle_balls(
    network: DeepNetwork,
    data: DataSet,
    rows: Sequence[int],
    columns: Sequence[int],
    convention: TangentConvention | None,
    bits: int,
) -> arb_mat:
    """Entries pair by pair in ball arithmetic; :class:`PrecisionExhausted` for one that is not finite."""
    entries = _Entries(network, data, convention)
    result = arb_mat(len(rows), len(columns))
    for a, i in enumerate(rows):
        for b, j in enumerate(columns):
            result[a, b] = value = entries.value(i, j, bits)
            if not value.is_finite():
                raise PrecisionExhausted(f"entry ({a}, {b}) is not finite at {bits} bits: ask for more.")
    return result


def _between(
    network: DeepNetwork, data: DataSet, split: int, convention: TangentConvention | None, budget: Budget
) -> BallArray:
    """The same for points of which none is zero."""
    assert data.points is not None
    norms = sorted(set(data.moments))
    place = {norm: k for k, norm in enumerate(norms)}
    cosines = cross_cosines(data.points, range(split), range(split, data.n), budget=budget)
    nngp, tangent = layerwise_gram(
        network,
        norms,
        [place[m] for m in data.moments],
        cosines,
        order=min(LAYER_ORDER, budget.max_terms),
        convention=convention,
        budget=budget,
    )
    found = nngp if tangent is None else tangent
    if not has_closed_forms(network, slopes=convention is not None):
        return found
    entries, where = _Entries(network, data, convention), np.argwhere(np.abs(cosines.mid) > NEARLY_PARALLEL)
    mid, rad = found.mid.copy(), np.array(found.rad)
    for i, j in where[: INDIVIDUAL * data.n].tolist():
        value = entries.value(i, split + j, PAIR_BITS)
        centre, spread = float_ball(value) if value.is_finite() else (0.0, float("inf"))
        if spread < rad[i, j]:
            mid[i, j], rad[i, j] = centre, spread
    return BallArray(read_only(mid), read_only(rad), provenance=found.provenance)


class _Entries:
    """Single entries from exact inner products; those of equal inner products and norms are computed once."""

    def __init__(self, network: DeepNetwork, data: DataSet, convention: TangentConvention | None) -> None:
        self._network, self._data, self._convention = network, data, convention
        self._known: dict[tuple[Fraction, Fraction, Fraction, int], arb] = {}

    def value(self, i: int, j: int, bits: int) -> arb:
        """Entry (i, j) of the last kernel asked for."""
        a, b = self._data.moments[i], self._data.moments[j]
        with precision(bits + GUARD_BITS):
            cross = input_covariance(self._data, i, j)
        key = (a, b, cross, bits) if isinstance(cross, Fraction) else None
        if key is not None and key in self._known:
            return self._known[key]
        nngp, tangent = pair_kernels(self._network, a, b, cross, bits, self._convention)
        value = nngp if tangent is None else tangent
        if key is not None:
            self._known[key] = value
        return value
