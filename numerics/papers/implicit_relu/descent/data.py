"""What the width statements need of the inputs: n, the norm, λ_0 and the fourth moments."""

from __future__ import annotations

from flint import arb, arb_mat

from ....balls.enclosure import Enclosure
from ....balls.precision import precision
from ....checks.evidence import as_ball
from ....kernels.cosines import Cosines
from ....sampling.operator_norm import operator_norm
from .concentration import Population
from .moments import BITS, pair, variance

MOMENTS = 64
"""For more inputs than this the fourth moments are left out: they decide only where there are few."""


def population(cosines: Cosines, least: Enclosure) -> Population:
    r"""From the cosines of the inputs and an enclosed λ_0: :math:`\lVert X\rVert^2` is the norm of their matrix."""
    n = cosines.n
    with precision(BITS):
        norm = (arb(operator_norm(cosines.mid).upper) + n * arb(cosines.rad)).sqrt()
        eigenvalue = as_ball(least)
        if n > MOMENTS:
            return Population(n, norm, eigenvalue)
        table = arb_mat(n, n, [arb(1) if i == j else cosines.entry(i, j) for i in range(n) for j in range(n)])
        both = pair(table[0, 1]) if n == 2 else None
        return Population(n, norm, eigenvalue, variance(table), both)
