"""The deep equilibrium model with a general activation, on the data of a study."""

from __future__ import annotations

from ....theory.activations.activation import Activation, activation
from ...studies.gram_model import GramModel
from ...studies.study import Study
from ...studies.workspace import Workspace
from .certified_widths import certified_widths
from .enclosed_numbers import enclosed_numbers
from .finite_width import sample_grams
from .instance import EquilibriumInstance
from .large import prove_large, prove_tiled
from .population.rectangle import kernel_balls, kernel_rectangle
from .training.laboratory import TrainingSize, training_size
from .witness import equilibrium_proof as proof

NAME = "deq-general"

__all__ = [
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


def instance(name: str, study: Study, workspace: Workspace) -> EquilibriumInstance:
    """The model of the study's data with one activation; its population kernel is that of the limit m → ∞.

    Raises :class:`SpecError` when the activation is not known to be square-integrable on these inputs.
    """
    model = EquilibriumInstance.of(NAME, activation(name), study, workspace, training_size(study, NAME))
    model.require_square_integrable()
    return model


def gram_model(name: str | Activation, study: Study, workspace: Workspace) -> GramModel:
    """The same without networks to be trained, of any activation, also one that no text describes."""
    phi = activation(name) if isinstance(name, str) else name
    model = EquilibriumInstance.of(NAME, phi, study, workspace, TrainingSize())
    model.require_square_integrable()
    return model
