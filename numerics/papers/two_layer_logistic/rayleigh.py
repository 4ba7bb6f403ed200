r"""A proved upper bound of the spectral gap: the Rayleigh quotient of a test function, in balls.

.. math:: \lambda_s\le\frac s2\,\frac{\int u'^2\,d\mu_s}{\int u^2\,d\mu_s-(\int u\,d\mu_s)^2}

for every non-constant piecewise linear u, continued by constants. The test function comes from :mod:`.spectrum`, and
nothing is assumed of it. docs/papers/two_layer_logistic/proofs.md, section 10.
"""

from __future__ import annotations

import numpy as np
from flint import arb
from numpy.typing import NDArray

from ....theory.errors import PrecisionExhausted, SpecError
from ...balls.ball import enclose
from ...balls.precision import precision
from .quadrature import CellMoments, up_to


def rayleigh_bound(moments: CellMoments, values: NDArray[np.float64]) -> arb:
    """The quotient of the continuous piecewise linear function with these values at the nodes: at least the gap.

    Raises :class:`SpecError` for a wrong number of values, :class:`PrecisionExhausted` when the variance is not proved
    positive.
    """
    if values.shape != moments.nodes.shape or not bool(np.isfinite(values).all()):
        raise SpecError("a test function needs one finite value at each node of the grid.")
    with precision(moments.bits):
        m0, m1, m2 = moments.moments[:3]
        energy, first, second = arb(0), arb(0), arb(0)
        nodes = [arb(float(x)) for x in moments.nodes]
        heights = [arb(float(v)) for v in values]
        for i, centre in enumerate(moments.centres):
            slope = (heights[i + 1] - heights[i]) / (nodes[i + 1] - nodes[i])
            level = heights[i] + slope * (centre - nodes[i])
            energy += slope * slope * m0[i]
            first += level * m0[i] + slope * m1[i]
            second += level * level * m0[i] + 2 * level * slope * m1[i] + slope * slope * m2[i]
        largest = abs(heights[0]).max(abs(heights[-1]))
        outside = up_to(moments.tails[0])
        first += arb(0, (largest * outside).abs_upper())
        second += largest * largest * outside
        mass = moments.mass
        mean = first / mass
        variance = second / mass - mean * mean
        if not variance > 0:
            raise PrecisionExhausted("the variance of the test function is not proved positive: use more bits.")
        return enclose(moments.step) / 2 * (energy / mass) / variance
