r"""The event :math:`\lVert K^{-1/2}(G_m-K)K^{-1/2}\rVert_2\le w` for one sampled network, in the order of matrices.

It says :math:`(1-w)K \preceq G_m \preceq (1+w)K`: ``docs/papers/deep_equilibrium/training.md``, "Relative
concentration".
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import scipy.linalg
from flint import arb

from ...balls.budget import Budget
from ...balls.enclosure import Enclosure, float_above, float_below
from ...balls.ends import upper_float
from ...balls.precision import precision
from ...balls.rounding import TINY, UNIT, gamma
from ...checks.relation import Relation, Sense
from ...eigenvalues.eigenvalue import least_eigenvalue
from ...expressions.enclosed_function import norm_up
from ...kernels.ballmatrix import BallMatrix
from .population.model import Population
from .training.iterate import BITS
from .training.laboratory import Laboratory

QUICK = Budget(bits=64, max_bits=64)
EVENT = Fraction(1, 2)
"""The relative deviation of the event of C21."""


def network_gram(inst: Population, lab: Laboratory) -> BallMatrix:
    """G_m of the network at the start on the chosen inputs, with a proved radius; also for inputs scaled exactly."""
    state, error = lab.start(lab.inputs)
    mid = state.T @ state / lab.width
    with precision(BITS):
        size, off = arb(norm_up(state)), arb(error)
        if inst.data.normalize is not None:  # K is that of the exact inputs, the network has them rounded
            points = lab.points(lab.inputs)
            moved = arb(gamma(points.shape[1] + 12)) * arb(norm_up(points))
            off += arb(lab.lipschitz) * arb(norm_up(lab.network.inputs)) * moved / (1 - arb(lab.theta))
        slack = (arb(gamma(lab.width + 4)) * size * size + 2 * size * off + off * off) / lab.width
        slack += arb(TINY) * (state.shape[1] * (lab.width + 4))  # underflow
    return BallMatrix((mid + mid.T) / 2, upper_float(slack))


def population_gram(inst: Population, lab: Laboratory) -> BallMatrix:
    """K on the chosen inputs."""
    chosen = np.ix_(*[lab.chosen(lab.inputs)] * 2)
    whole = inst.gram
    rad = whole.rad[chosen] if isinstance(whole.rad, np.ndarray) else whole.rad
    return BallMatrix(whole.mid[chosen].copy(), rad)


def combination(a: BallMatrix, p: float, b: BallMatrix, q: float) -> BallMatrix:
    """The symmetric matrix p A + q B in float64, with its radius."""
    mid = p * a.mid + q * b.mid
    size = np.abs(p * a.mid) + np.abs(q * b.mid)
    rad = (abs(p) * np.asarray(a.rad) + abs(q) * np.asarray(b.rad) + 4 * UNIT * size) * (1 + 8 * UNIT)
    return BallMatrix((mid + mid.T) / 2, np.maximum(rad, rad.T))


def concentrated(star: Enclosure, w: Fraction) -> Enclosure:
    """(1 − w) λ_*, what a relative deviation of at most w leaves of the least eigenvalue."""
    low, high = ((1 - w) * Fraction(end) for end in (star.lower, star.upper))
    return replace(star, lower=float_below(low), upper=float_above(high))


def within(network: BallMatrix, limit: BallMatrix, w: float) -> list[Relation]:
    """(1 - w) K below G, and G below (1 + w) K, strictly, in the order of symmetric matrices."""
    sides = {
        f"G - {1 - w:.4g} K is positive definite": combination(network, 1.0, limit, -(1.0 - w)),
        f"{1 + w:.4g} K - G is positive definite": combination(limit, 1.0 + w, network, -1.0),
    }
    return [Relation.of(text, 0, least_eigenvalue(side, budget=QUICK), Sense.BELOW) for text, side in sides.items()]


def whitened(network: BallMatrix, limit: BallMatrix) -> float:
    """The norm itself, in float64 without a bound; infinite where K is not definite to float64."""
    try:
        values = scipy.linalg.eigh(network.mid - limit.mid, limit.mid, eigvals_only=True)
    except np.linalg.LinAlgError:
        return float("inf")
    return float(np.abs(values).max())
