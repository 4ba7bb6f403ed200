r"""The spectral gap of a one-dimensional loss, enclosed: the best of several proved lower bounds, and Rayleigh's above.

Lower bounds: Chen and Wang's variational formula (:mod:`.barta`), Bakry and Emery's :math:`\inf L''`, Holley and
Stroock's :math:`\lambda e^{-2\operatorname{osc}(g)/s}`; 0 when none applies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import arb

from ....theory.errors import DerivationGap
from ...expressions.range import infimum
from .barta import gap_lower_bound
from .bounds import holley_stroock
from .loss import Floats
from .quadrature import CellMoments
from .rayleigh import rayleigh_bound
from .spectrum import Spectrum, spectrum

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
    numeric, function, upper = upper_bound(moments)
    candidates = [
        ("variational formula", gap_lower_bound(moments, function, float(upper))),
        ("Bakry-Emery", _least_curvature(moments)),
        ("Holley-Stroock", _perturbed(moments)),
    ]
    found = tuple((name, bound) for name, bound in candidates if bound is not None and bound > 0)
    method, lower = max(found, key=lambda c: float(c[1]), default=("none", arb(0)))
    return GapEnclosure(lower, upper, numeric.gap, float(numeric.eigenvalues[2]), method, found)


def upper_bound(moments: CellMoments) -> tuple[Spectrum, Floats, arb]:
    """The spectrum in float64, the test function that comes from it, and its Rayleigh quotient: a proved bound."""
    numeric = spectrum(moments.loss.network(), float(moments.step), (moments.nodes,))
    function = np.clip(numeric.functions[1], -LARGEST, LARGEST)
    return numeric, function, rayleigh_bound(moments, function)


def _least_curvature(moments: CellMoments) -> arb | None:
    """A lower bound of L'' on the line, when there is one."""
    try:
        found = infimum(moments.loss.derivative(2), bits=40).upper
    except DerivationGap:
        return None
    return arb((-found).lower()) if found.is_finite() else None


def _perturbed(moments: CellMoments) -> arb | None:
    """Holley and Stroock's bound, when the oscillation of the data term is known."""
    try:
        oscillation = moments.loss.oscillation()
    except DerivationGap:
        return None
    rate, step = moments.loss.regularisation, moments.step
    return None if oscillation is None else arb(holley_stroock(rate, oscillation, step, moments.bits).lower())
