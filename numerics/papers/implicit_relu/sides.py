"""Both sides of inequalities, enclosed: what the checks of the implicit network share."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from flint import arb
from numpy.typing import NDArray

from ....theory.verdict import Verdict
from ...balls.ball import enclose
from ...balls.precision import precision
from ...balls.rounding import gamma
from ...checks.trajectories import Bounds, Verified
from ...expressions.enclosed_function import norm_up
from ...sampling.operator_norm import operator_norm
from .network import SLACK, Network

Floats = NDArray[np.float64]
BITS = 96


def combine(found: tuple[Verified, ...]) -> tuple[Verdict, str]:
    """REFUTED when one inequality is, else UNKNOWN when one is undecided, else PROVED; with the sentence for it.

    Of several that fail, the one that fails first is named; where there is none, nothing was compared: UNKNOWN.

    >>> combine(())[1]
    'nothing was compared'
    """
    if not found:
        return Verdict.UNKNOWN, "nothing was compared"
    for verdict in (Verdict.REFUTED, Verdict.UNKNOWN):
        bad = [v for v in found if v.verdict is verdict]
        if bad:
            return verdict, str(min(bad, key=lambda v: v.iterates if v.index is None else v.index))
    return Verdict.PROVED, ""


def scaled_below(left: Bounds, right: Bounds) -> Bounds:
    """The right side multiplied so that somewhere it lies a relative 1e-9 below the left side."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(right.lower > 0, left.lower / right.upper, 0.0)
    factor = float(np.nanmax(ratio)) * (1 - 1e-9)
    return Bounds.of(right.lower * factor * (1 - 2.0**-50), right.upper * factor * (1 + 2.0**-50))


def over_gap(network: Network, left: Floats, right: Floats) -> Bounds:
    """Norms with bounds ``left`` and ``right`` divided by 1 − a."""
    low, high = network.contraction
    return Bounds.of(left / (1 - low) * (1 - 2.0**-50), right / (1 - high) * (1 + 2.0**-50))


def times(factor: arb, bounds: Bounds) -> Bounds:
    """Every entry of a trajectory times one enclosed number."""
    with precision(BITS):
        balls = (
            factor * enclose(Fraction(low)).union(enclose(Fraction(high)))
            if math.isfinite(low) and math.isfinite(high)
            else arb("nan")
            for low, high in zip(bounds.lower.tolist(), bounds.upper.tolist(), strict=True)
        )
        return Bounds.of_balls(balls)


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
