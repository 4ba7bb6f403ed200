r"""A dot-product kernel between two sets of points: the rectangle of its values, float64 with radii.

Proofs: docs/error-analysis.md, "Dot-product series".
"""

from __future__ import annotations

import numpy as np

from ..balls.precision import precision
from ..balls.printed import text_above
from ..balls.rounding import UNIT
from .ballarray import BallArray, read_only
from .cross_cosines import CrossCosines
from .gram import ENTRY_BITS, INDIVIDUAL, Entry, all_tiles, individual, reach
from .horner import LEVELS, tile_series
from .series import DotProductSeries


def gram_block(series: DotProductSeries, cosines: CrossCosines, *, entry: Entry | None = None) -> BallArray:
    r"""The matrix :math:`g(C_{ij})` of a rectangle of cosines; (m, n), a radius for each entry.

    Pairs that may be equal, and with ``entry`` those where the rest of the series dominates, are evaluated one by one,
    at most four times as many as there are points; see :func:`~certigram.numerics.kernels.gram.gram`.

    >>> from flint import arb
    >>> from .cross_cosines import cross_cosines
    >>> from .points import points
    >>> found = cross_cosines(points([[1.0, 0.0], [1.0, 0.0], [3.0, 4.0]]), range(1), range(1, 3))
    >>> K = gram_block(DotProductSeries((arb(0), arb(1) / 2, arb(1) / 2), arb(1)), found)
    >>> K[0, 0].contains(1), K[0, 1].contains("0.48")
    (True, True)
    """
    plan = tile_series(series.to_float(), cosines.rad)
    mid, rad = np.empty(cosines.mid.shape), np.empty(cosines.mid.shape)
    known = np.full(len(LEVELS), np.nan)
    for rows, columns, t in all_tiles(cosines.mid):
        out, work = np.empty_like(t), np.empty_like(t)
        plan.evaluate(t, out, work, reach(max(float(t.max()), -float(t.min())), cosines.rad))
        mid[rows, columns] = out
        level = np.minimum((np.abs(t) + cosines.rad) * (1.0 + 4.0 * UNIT), 1.0)
        at = np.searchsorted(LEVELS, level)
        for k in np.unique(at).tolist():
            if np.isnan(known[k]):
                known[k] = plan.error(float(LEVELS[k]))
        rad[rows, columns] = known[at]
    cut = 1.0 - 2.0 * cosines.rad - 4.0 * UNIT
    if entry is not None:
        good = [float(x) for x in LEVELS if plan.tail_error(float(x)) <= plan.rounding_error(float(x))]
        cut = min(cut, max(good, default=0.0))
    near = np.argwhere(np.abs(cosines.mid) > cut)
    with precision(ENTRY_BITS):
        for i, j in near[: INDIVIDUAL * cosines.points].tolist():
            found = individual(series, plan, cosines, (i, j), entry)
            if found is not None:
                mid[i, j], rad[i, j] = found
    note = (
        f"cosines known to {text_above(cosines.rad, 3)}; {min(len(near), INDIVIDUAL * cosines.points)} pairs one by one"
    )
    return BallArray(read_only(mid), read_only(rad), provenance=(note,))
