"""An instance whose networks are sampled, together with the sample that its statistical claims share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, Protocol, TypeGuard, TypeVar

import numpy as np
from flint import arb
from numpy.typing import NDArray

from ...theory.activations.activation import Activation
from ...theory.claims.claim import Hypothesis
from ...theory.errors import DerivationGap
from ..balls.budget import Budget
from ..certificates.certificate import Discharged
from ..kernels.ballmatrix import BallMatrix
from ..sampling.experiment import Sample
from ..studies.instance import Instance


class Sampleable(Instance, Protocol):
    """What the sampler of Gram matrices asks of an instance."""

    @property
    def activation(self) -> Activation:
        """The activation."""

    @property
    def lipschitz(self) -> arb:
        """An enclosure of its Lipschitz constant."""

    @property
    def gram(self) -> BallMatrix:
        """The population Gram matrix, in float64 with its radius."""

    @property
    def network_inputs(self) -> NDArray[np.float64]:
        """The inputs of sampled networks, (n, d)."""


def sampleable(instance: Instance) -> TypeGuard[Sampleable]:
    """Whether networks of an instance can be sampled; nothing is computed for the answer."""
    return all(hasattr(type(instance), name) for name in ("gram", "lipschitz", "network_inputs"))


Base = TypeVar("Base", bound=Sampleable)


@dataclass(frozen=True, eq=False)
class SampledInstance(Generic[Base]):
    """An instance together with the sampled networks; ``place`` is that of its activation in the sample."""

    base: Base
    sample: Sample | None
    place: int
    why_not: str = ""

    @property
    def system(self) -> str:
        """The name of the system."""
        return self.base.system

    @property
    def activation(self) -> Activation:
        """The activation."""
        return self.base.activation

    @property
    def subject(self) -> str:
        """The name of the activation."""
        return self.base.subject

    @property
    def budget(self) -> Budget:
        """What may be spent."""
        return self.base.budget

    def admit(self) -> None:
        """The parameters are those of the instance."""
        self.base.admit()

    def discharge(self, hypothesis: Hypothesis) -> Discharged:
        """The hypotheses are those of the instance."""
        return self.base.discharge(hypothesis)

    @property
    def networks(self) -> Sample:
        """The sample; raises :class:`DerivationGap` with the reason when there is none."""
        if self.sample is None or not self.sample.units:
            raise DerivationGap(self.why_not or "no networks were sampled.")
        return self.sample
