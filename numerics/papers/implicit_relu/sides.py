"""Both sides of inequalities, enclosed: what the checks of the implicit network share."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from flint import arb
from numpy.typing import NDArray

from ...balls.enclosure import Enclosure
from ...balls.ends import between
from ...balls.rounding import gamma
from ...checks.relation import Relation, Sense
from ...checks.trajectories import Bounds
from ...expressions.enclosed_function import norm_up
from ...sampling.operator_norm import operator_norm
from .equilibrium import SLACK, Network

Floats = NDArray[np.float64]


def well_posed(low: float, high: float) -> Relation:
    """a < 1, for a contraction a between two floats."""
    return Relation.of("a = gamma ||A||/sqrt(m) < 1", Bounds.of([low], [high]), 1, Sense.BELOW)


def share_of(factor: Fraction, whole: Enclosure) -> Bounds:
    """A positive multiple of an enclosed number, rounded outwards."""
    ends = Bounds.exact([factor * Fraction(whole.lower), factor * Fraction(whole.upper)])
    return Bounds.of(ends.lower[:1], ends.upper[1:])


def span(low: float, high: float) -> arb:
    """The numbers between two floats as a ball, which is not finite where one of them is not."""
    return between(arb(low), arb(high))


def balls(bounds: Bounds) -> list[arb]:
    """The bounds at each iterate as balls."""
    return list(map(span, bounds.lower.tolist(), bounds.upper.tolist()))


def over_gap(network: Network, left: Floats, right: Floats) -> Bounds:
    """Norms with bounds ``left`` and ``right`` divided by 1 − a."""
    low, high = network.contraction
    return Bounds.of(left / (1 - low) * (1 - 2.0**-50), right / (1 - high) * (1 + 2.0**-50))


def resolvent_norm(matrix: Floats) -> tuple[float, float]:
    r"""Bounds of :math:`\lVert(I-B)^{-1}\rVert_2` for a float64 matrix B: an approximate inverse R and its residual.

    With :math:`\varepsilon \ge \lVert I - R(I-B)\rVert_F` below 1 the norm lies between
    :math:`\lVert R\rVert/(1+\varepsilon)` and :math:`\lVert R\rVert/(1-\varepsilon)`.

    >>> low, high = resolvent_norm(np.eye(3) / 2)
    >>> low <= 2.0 <= high
    True
    """
    m = matrix.shape[0]
    full = np.eye(m) - matrix  # each diagonal entry is rounded once; the rest is exact
    inverse = np.asarray(np.linalg.inv(full), dtype=np.float64)
    size, length = norm_up(inverse), norm_up(full)
    error = norm_up(np.asarray(np.eye(m) - inverse @ full, dtype=np.float64)) + 2 * gamma(m + 4) * (size * length + m)
    error *= SLACK
    norm = operator_norm(inverse)
    if not error < 1:
        return 0.0, math.inf
    return norm.lower / (1 + error) * (1 - 2.0**-50), norm.upper / (1 - error) * (1 + 2.0**-50)
