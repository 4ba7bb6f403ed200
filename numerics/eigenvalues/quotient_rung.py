"""The rung of upper bounds alone: a quotient without rounding, for a sign that float64 leaves open.

A stored kernel matrix that is singular up to rounding has eigenvalues of the size of one rounding on both sides of 0.
Their vectors are found in float64, but the signs of their quotients are lost in its roundings. In balls the form on the
space of a few of them costs so many times n² products, and the lowest vector in this space has a quotient with a sign.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import arb_mat
from scipy.linalg import LinAlgError, eigh

from ..balls.ball import Ball
from ..balls.precision import precision
from ..balls.printed import interval_text
from .arb_rung import entries_in_balls
from .ladder import Known, Problem
from .ldlt import arb_rayleigh_quotient

BITS, VECTORS = 192, 12
SMALLEST, LARGEST = 128, 2500
"""Below so many rows a factorisation in balls is as quick and says more; above, the balls would fill the memory."""


@dataclass(frozen=True, slots=True)
class QuotientRung:
    """An upper bound from a vector in the span of LAPACK's lowest ones, for a matrix of exact float64 numbers."""

    name: str = "quotient in balls"

    def climb(self, problem: Problem, known: Known) -> Known:
        """The lowest vector of the form on the space, and its quotient; the lower end stays."""
        matrix, goal = problem.matrix, problem.goal
        edge = goal.bound or 0
        if not (SMALLEST <= matrix.n <= LARGEST and known.lower <= edge <= known.upper):
            return known
        if matrix.arb is not None or np.any(matrix.rad):
            return known
        try:
            vectors = eigh(matrix.mid, subset_by_index=[0, VECTORS - 1])[1]
        except (LinAlgError, ValueError):
            return known
        a, n = entries_in_balls(matrix), matrix.n
        with precision(BITS):
            space = arb_mat(n, VECTORS, vectors.ravel().tolist())
            form = (space.transpose() * (a * space)).mid()
            largest = max((abs(x) for x in form.entries()), key=float)
            if not (largest.is_finite() and largest > 0):
                return known
            table = np.array([[float(form[i, j] / largest) for j in range(VECTORS)] for i in range(VECTORS)])
            weights = np.linalg.eigh((table + table.T) / 2)[1][:, 0]
            lowest = (space * arb_mat(VECTORS, 1, weights.tolist())).mid()
        quotient = arb_rayleigh_quotient(a, lowest, BITS)
        if quotient.is_finite():
            known = known.with_bounds(self.name, upper=Ball(quotient).upper)
        return known.saying(self.name, f"{VECTORS} vectors; proved {interval_text(known.lower, known.upper)}.")
