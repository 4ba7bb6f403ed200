r"""The spectral gap of a one-dimensional loss, enclosed: the best of several proved lower bounds, and Rayleigh's above.

Lower bounds: Chen and Wang's variational formula (:mod:`.barta`), Bakry and Emery's :math:`\inf L''`, Holley and
Stroock's :math:`\lambda e^{-2\operatorname{osc}(g)/s}`; 0 when none applies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import arb

from ....theory.errors import DerivationGap
from ...balls.precision import precision
from ...expressions.range import infimum
from .barta import gap_lower_bound
from .bounds import holley_stroock
from .quadrature import CellMoments
from .rayleigh import rayleigh_bound
from .spectrum import spectrum

LARGEST = 1e6
"""Eigenfunctions are clipped here, where the density is negligible."""


@dataclass(frozen=True, slots=True)
class GapEnclosure:
    """Proved ``lower <= gap <= upper``; ``estimate`` is the float64 eigenvalue, ``method`` names the lower bound."""

    lower: arb
    upper: arb
    estimate: float
    second: float
    method: str
    candidates: tuple[tuple[str, arb], ...]


def gap_enclosure(moments: CellMoments) -> GapEnclosure:
    """Enclose the gap of the loss and noise level of ``moments`` (orders 0 to 3).

    >>> from fractions import Fraction
    >>> from certigram.numerics.papers.two_layer_logistic.quadrature import cell_moments, clustered_grid, default_reach
    >>> from certigram.numerics.papers.two_layer_logistic.scalar import reference
    >>> t1, s = reference("T1"), Fraction(1, 2)
    >>> found = gap_enclosure(cell_moments(t1, s, clustered_grid(default_reach(t1, s), 800)))
    >>> bool(found.lower < 0.014171662) and bool(found.upper > 0.014171662), found.method
    (True, 'variational formula')
    """
    loss, step = moments.loss, moments.step
    numeric = spectrum(loss.network(), float(step), (moments.nodes,))
    function = np.clip(numeric.functions[1], -LARGEST, LARGEST)
    upper = rayleigh_bound(moments, function).quotient
    candidates: list[tuple[str, arb]] = []
    variational = gap_lower_bound(moments, function, float(upper))
    if variational is not None:
        candidates.append(("variational formula", variational))
    curvature = _least_curvature(moments)
    if curvature is not None:
        candidates.append(("Bakry-Emery", curvature))
    try:
        oscillation = loss.oscillation()
    except DerivationGap:
        oscillation = None
    if oscillation is not None and oscillation.is_finite():
        with precision(moments.bits):
            perturbed = arb(holley_stroock(loss.regularisation, oscillation, step).lower())
        if perturbed > 0:
            candidates.append(("Holley-Stroock", perturbed))
    method, lower = max(candidates, key=lambda c: float(c[1]), default=("none", arb(0)))
    return GapEnclosure(lower, upper, numeric.gap, float(numeric.eigenvalues[2]), method, tuple(candidates))


def _least_curvature(moments: CellMoments) -> arb | None:
    """A positive lower bound of L'' on the line, when there is one."""
    try:
        found = infimum(moments.loss.derivative(2), bits=40)
    except DerivationGap:
        return None
    bottom = arb((-found.upper).lower()) if found.upper.is_finite() else arb(0)
    return bottom if bottom > 0 else None
