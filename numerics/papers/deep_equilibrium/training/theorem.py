"""The instances on which the theorem with explicit constants is checked: that of the study, and one that is made.

On ordinary data the hypotheses fail by a large factor. So there is a second instance, of few inputs, whose labels lie
so near the outputs of the network at the start that every hypothesis is met.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from flint import arb
from numpy.typing import NDArray

from .....theory.errors import DerivationGap
from ....balls.precision import precision
from .descent import TOLERANCE, Trajectory
from .explicit_constants import (
    ExplicitConstants,
    StartingPoint,
    admissible_residual,
    explicit_constants,
    starting_point,
)
from .iterate import BITS, IterateBounds, iterate_bounds, lower_float

if TYPE_CHECKING:
    from .laboratory import Laboratory

MADE_INPUTS = 4
"""Inputs at most of the instance whose labels are made."""


@dataclass(frozen=True, eq=False)
class TheoremInstance:
    """The networks of a laboratory with labels: those of the data, or ``made`` ones.

    ``distance`` multiplies how far they are from the outputs of the network at the start.
    """

    lab: Laboratory
    made: bool
    distance: float = 1.0

    @property
    def inputs(self) -> int:
        """How many inputs it has at most."""
        return min(self.lab.inputs, MADE_INPUTS) if self.made else self.lab.inputs

    @cached_property
    def labels(self) -> NDArray[np.float64]:
        """Those of the data; or at a distance of the outputs for which (H1) and (H2') hold, where there is one."""
        lab = self.lab
        signs = lab.labels(self.inputs)
        if not self.made and self.distance == 1.0:
            return signs
        state, error = lab.start(self.inputs)
        output = state.T @ lab.network.readout
        if not self.made:
            return np.asarray(output + self.distance * (signs - output))
        probe = iterate_bounds(lab.network, output - 1.0, state, error)
        start = starting_point(lab.network, lab.points(self.inputs), state, probe, norm=lab.norm)
        size = admissible_residual(start, lab.inst.lipschitz) or 2.0**-10
        return np.asarray(output - signs * (self.distance * size / math.sqrt(signs.size)))

    @cached_property
    def bounds(self) -> IterateBounds:
        """Bounds at the first iterate."""
        state, error = self.lab.start(self.inputs)
        return iterate_bounds(self.lab.network, self.labels, state, error)

    @cached_property
    def start(self) -> StartingPoint:
        """What the theorem knows of the first iterate."""
        lab = self.lab
        state, _ = lab.start(self.inputs)
        return starting_point(lab.network, lab.points(self.inputs), state, self.bounds, norm=lab.norm)

    def _constants(self, *, flow: bool) -> ExplicitConstants:
        known, lipschitz = self.lab.inst.regularity, self.lab.inst.lipschitz
        return explicit_constants(
            self.start, lipschitz, known.second_lipschitz, known.at_zero, known.supremum, flow=flow
        )

    @cached_property
    def descent(self) -> ExplicitConstants:
        """The constants of the theorem about gradient descent."""
        return self._constants(flow=False)

    @cached_property
    def flow(self) -> ExplicitConstants:
        """The constants of the theorem about the gradient flow."""
        return self._constants(flow=True)

    @cached_property
    def step(self) -> float:
        """The largest float64 that is proved to be at most 1/β."""
        with precision(BITS):
            inverse = 1 / self.descent.smoothness
        if not inverse > 0:
            raise DerivationGap("no bound of the second derivatives is known, so no step size is proved small enough.")
        return lower_float(inverse)

    @cached_property
    def run(self) -> Trajectory:
        """Gradient descent with this step, with bounds at each iterate."""
        name = "made" if self.made else "study"
        lab = self.lab
        return lab.run(name, self.inputs, lambda: self.labels, lambda: self.step, lab.steps, 0.0, TOLERANCE)

    def excess(self, *, flow: bool = False) -> tuple[float, float]:
        """Between which factors the residual exceeds what (H1) and (H2') allow; 0 and infinity when unknown.

        The radius of the ``flow`` is half as large, so that it allows twice the residual.
        """
        inst = self.lab.inst
        allowed = (4 if flow else 2) * admissible_residual(self.start, inst.lipschitz)
        residual = float(arb(self.start.residual).mid())
        return (residual / (2 * allowed), residual / allowed) if allowed > 0 else (0.0, math.inf)
