r"""The deep equilibrium model with ReLU: the networks are those of a general activation, the population is wider.

With :math:`\Lambda^2 = \mathbb E\varphi'(z)^2 = 1/2` in place of L² = 1 every map of the population contracts for
:math:`\sigma_w^2 < 1` (``docs/papers/deep_equilibrium/training.md``, "The range of ReLU").
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flint import arb

from ....theory.activations.activation import activation
from ....theory.errors import SpecError
from ....theory.numbers import numeral
from ...balls.ball import enclose
from ...balls.precision import precision
from ...studies.gram_model import GramModel
from ...studies.study import Study
from ...studies.workspace import Workspace
from .certified_widths import certified_widths
from .enclosed_numbers import enclosed_numbers
from .finite_width import sample_grams
from .instance import EquilibriumInstance
from .large import prove_large, prove_tiled
from .population.contraction import homogeneous_mean_square
from .population.rectangle import kernel_balls, kernel_rectangle
from .training.laboratory import training_size
from .width.setting import require_delta
from .witness import equilibrium_proof as proof

NAME = "deq-relu"

__all__ = [
    "ReluInstance",
    "certified_widths",
    "enclosed_numbers",
    "gram_model",
    "instance",
    "kernel_balls",
    "kernel_rectangle",
    "proof",
    "prove_large",
    "prove_tiled",
    "sample_grams",
]


@dataclass(frozen=True, eq=False)
class ReluInstance(EquilibriumInstance):
    """The instance of ``deq-relu``; with another activation (in negative controls) it is that of ``deq-general``."""

    @property
    def mean_lipschitz(self) -> arb:
        """Λ = sqrt(1/2) for ReLU, likewise for other positively homogeneous activations; else L."""
        mean = homogeneous_mean_square(self.activation)
        if mean is None:
            return self.lipschitz
        with precision(self.budget.bits):
            return enclose(mean).sqrt()

    @property
    def contraction_name(self) -> str:
        """θ in the words of this system."""
        return "sigma_w" if self.activation.name == "relu" else super().contraction_name

    @property
    def well_posed(self) -> str:
        """For homogeneous activations the range is wider than that of L."""
        return super().well_posed if homogeneous_mean_square(self.activation) is None else "lemma.relu-range"

    def admit(self) -> None:
        """Raise :class:`SpecError` unless ``sigma_w2`` lies in [0, 1) and ``delta`` is in range."""
        require_delta(self.system, self.delta)
        if not 0 <= self.sigma_w2 < 1:
            raise SpecError(
                f"deq-relu: sigma_w2 = {numeral(self.sigma_w2)} is outside [0, 1), where the population fixed point"
                " q = 1/(1 - sigma_w2) exists; networks of finite width are known to have an equilibrium below about"
                " 1/8. Choose a smaller sigma_w2."
            )


def instance(name: str, study: Study, workspace: Workspace) -> EquilibriumInstance:
    """The model of the study's data; ``name`` is ReLU, the only activation that this system has.

    Raises :class:`SpecError` for any other.
    """
    phi = activation(name)
    if phi.expression != activation("relu").expression:
        raise SpecError(f"deq-relu has one activation, relu, and not {name!r}: other activations are in deq-general.")
    return ReluInstance.of(NAME, phi, study, workspace, training_size(study, NAME))


gram_model: Callable[[str, Study, Workspace], GramModel] = instance
"""It has a population Gram matrix; see :func:`~certigram.numerics.studies.networks.gram_model`."""
