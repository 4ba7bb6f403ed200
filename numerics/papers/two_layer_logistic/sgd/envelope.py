r"""How far a function on the line is above its convex envelope: an upper bound from values at nodes.

For v with :math:`-\kappa_-\le v''\le\kappa_+` on [-R, R] and nodes at the distance δ, the interpolant P of the values
satisfies :math:`P-\kappa_+\delta^2/8\le v\le P+\kappa_-\delta^2/8`. A maximum of lines that lie below P at every node
is convex and below P. Beyond the nodes v must be convex, and at the two ends it must rise at least as steeply as the
steepest of the lines; then the minorant goes on as v less a constant, and nothing is worse there.
docs/papers/two_layer_logistic/one-neuron.md, section 4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .....theory.errors import SpecError
from ....balls.rounding import gamma

Floats = NDArray[np.float64]
BLOCK = 1 << 21
"""How many distances of nodes from lines are held at once."""


@dataclass(frozen=True, eq=False)
class Sampled:
    r"""v at increasing nodes (m,), exact float64 numbers at equal distances: ``lower`` ≤ v ≤ ``upper`` there (m,).

    ``rise`` and ``fall`` bound :math:`\kappa_+` and :math:`\kappa_-`; ``left`` is at least v' at the first node,
    ``right`` at most v' at the last. The caller vouches that v is convex beyond both.
    """

    nodes: Floats
    lower: Floats
    upper: Floats
    rise: float
    fall: float
    left: float
    right: float

    def __post_init__(self) -> None:
        gaps = np.diff(self.nodes)
        if self.nodes.size < 3 or not bool((gaps == gaps[0]).all()) or not gaps[0] > 0:
            raise SpecError("an envelope needs at least three nodes at equal distances that float64 holds exactly.")


def envelope_gap(v: Sampled) -> float | None:
    r"""An upper bound of sup(v - conv v) over the line; None where the lines are steeper than v at an end.

    >>> x = np.arange(-64, 65) / 16.0
    >>> well = x**2 / 2 + 8 * np.exp(-(x**2))
    >>> gap = envelope_gap(Sampled(x, well, well, 9.0, 15.1, -3.9, 3.9))
    >>> bool(6.0 < gap < 6.4)
    True
    """
    slopes, heights = _lines(v)
    if not slopes.size or not (float(slopes.max()) <= v.right and float(slopes.min()) >= v.left):
        return None
    cells = np.full(v.nodes.size - 1, np.inf)  # a line and the interpolant are farthest apart at an end of the cell
    rows = max(1, BLOCK // v.nodes.size)
    for k in range(0, slopes.size, rows):
        above = v.upper - (heights[k : k + rows, None] + slopes[k : k + rows, None] * v.nodes)
        cells = np.minimum(cells, np.maximum(above[:, :-1], above[:, 1:]).min(axis=0))
    gap = float(cells.max()) + 2 * _rounding(v, slopes)
    step = float(v.nodes[1] - v.nodes[0])
    return (max(gap, 0.0) + (max(v.rise, 0.0) + max(v.fall, 0.0)) * step * step / 8) * (1 + gamma(16))


def lower_hull(x: Floats, y: Floats) -> list[int]:
    """Which of the points (x, y), x increasing, are corners of their lower convex hull, in float64.

    >>> lower_hull(np.arange(4.0), np.array([1.0, 3.0, 0.0, 2.0]))
    [0, 2, 3]
    """
    hull: list[int] = []
    for i in range(x.size):
        while len(hull) > 1 and (y[hull[-1]] - y[hull[-2]]) * (x[i] - x[hull[-2]]) >= (y[i] - y[hull[-2]]) * (
            x[hull[-1]] - x[hull[-2]]
        ):
            hull.pop()
        hull.append(i)
    return hull


def _lines(v: Sampled) -> tuple[Floats, Floats]:
    """Slopes and heights at 0 of lines that are below the lower values at all nodes, up to :func:`_rounding`."""
    x, y = v.nodes, v.lower
    hull = lower_hull(x, y)
    slopes = np.diff(y[hull]) / np.diff(x[hull])
    slopes = slopes[(slopes >= v.left) & (slopes <= v.right)]
    heights = np.empty(slopes.size)
    rows = max(1, BLOCK // x.size)
    for k in range(0, slopes.size, rows):
        heights[k : k + rows] = (y - slopes[k : k + rows, None] * x).min(axis=1)
    return slopes, heights - _rounding(v, slopes)


def _rounding(v: Sampled, slopes: Floats) -> float:
    """A bound of the errors of one product, one sum and one difference of the numbers that occur."""
    reach = float(np.abs(v.nodes[[0, -1]]).max())
    size = float(np.abs(v.lower).max() + np.abs(v.upper).max())
    steep = float(np.abs(slopes).max()) if slopes.size else 0.0
    return gamma(8) * (size + 3 * steep * reach) * (1 + gamma(16))
