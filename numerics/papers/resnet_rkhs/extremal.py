r"""Networks on which the bounds of the theory are attained, or nearly so: one direction, one point that does not move.

A layer :math:`v_l(z) = a_l\,(k(z - h) - k(z + h))` on the line leaves 0 where it is, and its slope there is nearly
:math:`\pm\kappa_1\|v_l\|`, the largest that its norm allows. So the adjoint changes by the factor
:math:`1 \pm \kappa_1\|v_l\|/D` in each layer, and distances near 0 do too.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from ...radial.kernel import RadialKernel
from .descent import Descent, Problem, descend
from .fields import Array, KernelField
from .passes import form
from .rates import Landscape

NEAR = 2.0**-5
"""The distance h of the centres from 0 over the scale: the slope then misses its largest value by a share of 1e-3."""
PAIR = 2.0**-8 * np.array([[1.0], [-1.0]])
"""The two states whose distance is observed."""
SUBSTEPS = 64
LAYERS = 16
"""Layers of the networks of infinite depth: their control is constant on sixteenths of the unit interval."""


Extremal = tuple[Descent, Landscape]
"""The one iterate of such a network, everything enclosed, and the constants that belong to it."""


def stretching_field(kernel: RadialKernel, reach: Array) -> KernelField:
    r"""The control on the line with :math:`\kappa_1\|v_l\|` about ``reach`` (D,); negative entries pull together.

    >>> from ...radial.kernel import radial_kernel
    >>> field = stretching_field(radial_kernel("gaussian", 2), np.array([1.0, -0.5]))
    >>> [round(field.kappa1 * field.norm(layer), 2) for layer in range(2)]
    [1.0, 0.5]
    """
    depth, h = len(reach), NEAR * float(kernel.scale)
    centres, sides = np.array([[h], [-h]]), np.array([[1.0], [-1.0]])
    empty = KernelField(kernel, depth, 1)
    unit = form(empty, centres, sides)[1] ** 0.5
    coefficients = [sides * (share / kernel.kappa1 / unit) for share in reach.tolist()]
    squared = np.array([np.maximum(form(empty, centres, c), 0.0) for c in coefficients])
    return empty.step([centres] * depth, coefficients, squared)


def _observed(
    kernel: RadialKernel, reach: Array, start: Array, flow: bool, scale: Fraction = Fraction(1, 2)
) -> Extremal:
    """At a scale where κ₁ is not 1, so that a factor too much or too few shows."""
    unit = kernel.with_scale(scale)
    problem = Problem(start, np.zeros(len(start)), start - 1.0)
    run = descend(stretching_field(unit, reach), problem, 1.0, 0, substeps=SUBSTEPS if flow else 1, flow=flow)
    return run, Landscape(unit, 1, 1, Fraction(1), Fraction(1), None if flow else len(reach))


def weakest_gradient(kernel: RadialKernel, reach: float = 0.5) -> Extremal:
    r"""One input, infinite depth, :math:`\|v_t\|` growing like t and pulling: the adjoint shrinks as fast as it can.

    It has the least :math:`\|\nabla L\|^2/L` for its norm, nearly: between :math:`2e^{-2\kappa_1R}` and
    :math:`2e^{-\kappa_1R}`.
    """
    times = (np.arange(LAYERS) + 0.5) / LAYERS
    return _observed(kernel, -reach * times / np.sqrt(np.mean(times**2)), np.zeros((1, 1)), True)


def strongest_gradient(kernel: RadialKernel, reach: float = 1.0) -> Extremal:
    r"""One input, infinite depth, a constant stretching control: the ratio is above :math:`2e^{\kappa_1R}`."""
    return _observed(kernel, np.full(LAYERS, reach), np.zeros((1, 1)), True)


def strongest_compression(kernel: RadialKernel, reach: float = 0.5) -> Extremal:
    r"""Two states, one layer that pulls them together by nearly :math:`1 - \kappa_1R < e^{-\kappa_1R}`."""
    return _observed(kernel, np.array([-reach]), PAIR, False)


def lone_compression(kernel: RadialKernel, reach: float = 1.98) -> Extremal:
    r"""Two states, four layers of which one pulls: by nearly :math:`1 - \kappa_1R/\sqrt4`, which is next to 0.

    It has the whole norm, so that :math:`\kappa_1\|v_1\| = \sqrt4\,\kappa_1R`.
    """
    return _observed(kernel, np.array([-2 * reach, 0.0, 0.0, 0.0]), PAIR, False)


def strongest_stretch(kernel: RadialKernel, reach: float = 0.5) -> Extremal:
    r"""Two states, sixteen layers that stretch alike: their distance grows by :math:`(1 + \kappa_1R/D)^D`, nearly."""
    return _observed(kernel, np.full(LAYERS, reach), PAIR, False, Fraction(4))
