"""A deep equilibrium model on one data set with one activation: everything its claims ask about, computed once."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ....theory.activations.activation import Activation
from ....theory.claims.claim import Hypothesis
from ...certificates.certificate import Discharged
from ...studies.study import Study
from ...studies.workspace import Workspace
from .finite_width import require_sampled
from .hypotheses import discharge
from .population.contraction import contraction_squared
from .population.model import Population
from .training.laboratory import Laboratory, TrainingSize
from .width.certified import CertifiedWidths
from .width.setting import require_delta


@dataclass(frozen=True, eq=False)
class EquilibriumInstance(Population):
    """``deq-general`` (or a special case of it) on data: its population, and the networks that are trained."""

    training_size: TrainingSize = field(default_factory=TrainingSize)
    delta: Fraction = Fraction(1, 20)

    @classmethod
    def of(cls, system: str, activation: Activation, study: Study, workspace: Workspace, size: TrainingSize) -> Self:
        """The model of a study's data."""
        sigma_w2 = study.parameter(system, "sigma_w2")
        delta = study.parameter(system, "delta")
        return cls(system, activation, study.data, sigma_w2, study.budget, workspace, size, delta)

    @cached_property
    def training(self) -> Laboratory:
        """Networks with trained weights on some of the inputs, and what is proved along their training."""
        return Laboratory(self, self.training_size)

    @cached_property
    def widths(self) -> CertifiedWidths:
        """From which width on the theorems about random networks of a finite width speak."""
        return CertifiedWidths(self, self.delta)

    @property
    def network_inputs(self) -> NDArray[np.float64]:
        """The inputs of sampled networks, (n, d) float64: of norm sqrt(d) unless the norms are kept.

        Raises :class:`SpecError` where ``sigma_w2`` is too small for the weights of such networks.
        """
        require_sampled(self.sigma_w2)
        return self.inputs.floats

    def admit(self) -> None:
        """Raise :class:`SpecError` when ``sigma_w2`` or ``delta`` is out of range."""
        require_delta(self.system, self.delta)
        if self.regularity.lipschitz is not None:
            contraction_squared(self.activation.name, self.sigma_w2, self.mean_lipschitz)

    def discharge(self, hypothesis: Hypothesis) -> Discharged:
        """Whether a hypothesis of the theory holds here."""
        return discharge(self, self.training, hypothesis)
