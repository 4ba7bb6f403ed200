"""What the width statements need of the inputs: n, the norm, λ_0 and the fourth moments."""

from __future__ import annotations

import numpy as np
from flint import arb, arb_mat

from ....balls.budget import Budget
from ....balls.enclosure import Enclosure
from ....balls.precision import precision
from ....balls.rounding import UNIT
from ....checks.evidence import as_ball
from ....eigenvalues.eigenvalue import least_eigenvalue
from ....kernels.ballmatrix import BallMatrix
from ....kernels.cosines import Cosines
from ....sampling.operator_norm import operator_norm
from .concentration import Population
from .moments import BITS, pair, variance

MOMENTS = 64
"""For more inputs than this the fourth moments are left out: they decide only where there are few."""


def population(cosines: Cosines, least: Enclosure) -> Population:
    r"""From the cosines of the inputs and an enclosed λ_0: :math:`\lVert X\rVert^2` is the norm of their matrix."""
    n, square = cosines.n, largest_eigenvalue(cosines)
    with precision(BITS):
        norm = square.sqrt()
        eigenvalue = as_ball(least)
        if n > MOMENTS:
            return Population(n, norm, eigenvalue)
        table = arb_mat(n, n, [arb(1) if i == j else cosines.entry(i, j) for i in range(n) for j in range(n)])
        both = pair(table[0, 1]) if n == 2 else None
        return Population(n, norm, eigenvalue, variance(table), both)


def largest_eigenvalue(cosines: Cosines) -> arb:
    """An upper bound of the largest eigenvalue of the matrix of cosines C: c less the least one of cI - C.

    c lies a hundredth above a proved bound of the norm, so that cI - C is definite and its least eigenvalue small.
    """
    shift = 1.01 * operator_norm(cosines.mid).upper
    gap = -cosines.mid
    gap[np.diag_indices(cosines.n)] += shift
    rounding = cosines.rad + 2 * UNIT * shift  # the diagonal is rounded once
    found = least_eigenvalue(BallMatrix(gap, rounding), budget=Budget(bits=64, max_bits=64))
    return (arb(shift) - arb(found.lower)).upper()


def least_norm(cosines: Cosines) -> arb:
    r"""A lower bound of :math:`\lVert X\rVert`, which is at least 1 for unit inputs."""
    with precision(BITS):
        square = arb(operator_norm(cosines.mid).lower) - cosines.n * arb(cosines.rad)
        return square.max(arb(1)).sqrt().lower()
