"""The implicit ReLU network on the data of a study."""

from __future__ import annotations

from collections.abc import Callable

from ....theory.errors import SpecError
from ...studies.gram_model import GramModel
from ...studies.parameters import whole
from ...studies.study import Study
from ...studies.workspace import Workspace
from .enclosed_numbers import enclosed_numbers
from .instance import SYSTEM, ImplicitInstance, TrainingPlan
from .witness import arc_cosine_proof as proof

NAME = SYSTEM

__all__ = ["enclosed_numbers", "gram_model", "instance", "proof"]


def instance(subject: str, study: Study, workspace: Workspace) -> ImplicitInstance:
    """The system on the data of a study; raises :class:`SpecError` for any activation but ReLU."""
    if subject != "relu":
        raise SpecError(f"implicit-relu is about ReLU networks, not {subject!r}: choose deq-general for activations.")

    def count(name: str, least: int = 1) -> int:
        return whole(NAME, name, study.parameter(NAME, name), least)

    return ImplicitInstance(
        study.data,
        study.parameter(NAME, "gamma"),
        study.budget,
        workspace,
        TrainingPlan(count("width", 2), count("training_points"), count("steps"), study.parameter(NAME, "step")),
        study.widths,
        study.replicates,
        study.parameter(NAME, "output_init"),
        study.parameter(NAME, "delta"),
    )


gram_model: Callable[[str, Study, Workspace], GramModel] = instance
"""It has a population Gram matrix; see :func:`~certigram.numerics.studies.networks.gram_model`."""
