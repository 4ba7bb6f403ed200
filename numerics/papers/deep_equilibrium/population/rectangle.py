"""The equilibrium kernel between two sets of points: only the entries of the rectangle are computed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np
from flint import arb, arb_mat

from .....theory.errors import DerivationGap
from ....balls.precision import precision
from ....hermite import hermite_transform
from ....kernels.ballarray import BallArray
from ....kernels.border import bordered_rectangle
from ....kernels.cosines import cosine
from ....kernels.cross_cosines import cross_cosines
from ....kernels.gram import ENTRY_BITS
from ....kernels.gram_block import gram_block
from .gram_unequal import gram_unequal
from .model import FLOAT_BITS, FLOAT_TARGET, UNEQUAL_ORDER, Population
from .pair import EquilibriumPairs, zero_input


def kernel_rectangle(model: Population, split: int) -> BallArray:
    """The kernel of the first ``split`` inputs of a model with its others, (m, n), every entry enclosed.

    Inputs of one norm: the power series, and pairs next to ±1 one by one; others: the fixed point of each pair on
    tiles; zero inputs by themselves. Raises as the properties of :class:`Population` do.
    """
    kept = model.data.nonzero_rows
    rows, columns = [i for i in kept if i < split], [j - split for j in kept if j >= split]
    block = None
    if rows and columns:
        rest = replace(model, data=model.data.take(kept, model.data.description)) if model.data.zero_rows else model
        block = _between(rest, len(rows))

    def entry(i: int, j: int) -> arb:
        return _beside_zero(model, i, split + j, FLOAT_BITS)

    return bordered_rectangle(block, rows, columns, (split, model.data.n - split), entry)


def kernel_balls(model: Population, rows: Sequence[int], columns: Sequence[int], bits: int) -> arb_mat:
    """Entries of the same kernel in ball arithmetic, pair by pair."""
    zero = set(model.data.zero_rows)
    entry = _of_one_norm(model, bits) if model.inputs.common_norm is not None and not zero else _of_any(model, bits)
    result = arb_mat(len(rows), len(columns))
    for a, i in enumerate(rows):
        for b, j in enumerate(columns):
            result[a, b] = _beside_zero(model, i, j, bits) if i in zero or j in zero else entry(i, j)
    return result


def _between(model: Population, split: int) -> BallArray:
    points = model.data.points
    if points is None:
        raise DerivationGap("a rectangle needs input points, and only their Gram matrix is given.")
    cosines = cross_cosines(points, range(split), range(split, points.n), budget=model.budget)
    if model.inputs.common_norm is None:
        order = min(UNEQUAL_ORDER, model.budget.max_terms)
        place = {norm: k for k, norm in enumerate(model.variances)}
        return gram_unequal(
            [hermite_transform(model.activation, order, p.s, FLOAT_BITS) for p in model.variances.values()],
            [place[norm] for norm in model.inputs.norms],
            cosines,
            sigma_w2=model.sigma_w2,
            lipschitz=model.mean_lipschitz,
            budget=model.budget,
        )
    entry = model.pair_entry(ENTRY_BITS)
    alone = np.zeros(cosines.mid.shape, dtype=bool)
    for sign in (1, -1):
        if entry.reaches(sign):
            alone |= sign * cosines.mid > entry.nearness
    if np.count_nonzero(alone) > 4 * points.n:
        alone[:] = False
    reach = float(np.max(np.abs(cosines.mid), initial=0.0, where=~alone)) + cosines.rad
    series = model.kernel(max(model.order_at(reach, FLOAT_TARGET, FLOAT_BITS), 8), FLOAT_BITS).series
    return gram_block(series, cosines, entry=entry if alone.any() else None)


def _beside_zero(model: Population, i: int, j: int, bits: int) -> arb:
    norms = [model.inputs.norms[k] for k in (i, j)]
    return zero_input(
        model.activation,
        [max(norms), Fraction(0)],
        model.sigma_w2,
        bits,
        lipschitz=model.mean_lipschitz,
        max_terms=model.budget.max_terms,
    )[0 if any(norms) else 1]


def _of_one_norm(model: Population, bits: int) -> Callable[[int, int], arb]:
    series = model.kernel(model.order_for(arb((1, -bits)), bits), bits).series
    alone, source = model.pair_entry(bits), model.data.source

    def entry(i: int, j: int) -> arb:
        with precision(bits):
            t = cosine(source, i, j)
            if t == 1:
                return series.mass
            value = series(t)
            other = alone(t) if abs(t) > alone.nearness else arb("nan")
            return other if other.is_finite() and other.rad() < value.rad() else value

    return entry


def _of_any(model: Population, bits: int) -> Callable[[int, int], arb]:
    pairs = EquilibriumPairs(model.activation, model.sigma_w2, bits, model.mean_lipschitz, model.budget.max_terms)
    norms, source, d = model.inputs.norms, model.data.source, model.data.d or 1

    def entry(i: int, j: int) -> arb:
        with precision(bits):
            inner = source.inner(i, j) / d
            if norms[i] == norms[j] == inner:
                return pairs.transform(norms[i]).second_moment
            return pairs.entry(norms[i], norms[j], inner)

    return entry
