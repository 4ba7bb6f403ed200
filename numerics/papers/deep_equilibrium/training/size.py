"""How large the networks are that a deep equilibrium model is trained with."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from .....theory.errors import SpecError
from ....studies.study import Study


@dataclass(frozen=True, slots=True)
class TrainingSize:
    """Neurons m, inputs, and steps of gradient descent."""

    width: int = 512
    points: int = 8
    steps: int = 200


def training_size(study: Study, system: str) -> TrainingSize:
    """The size that a study asks for; :class:`SpecError` unless the numbers are whole, positive and fit into memory.

    >>> from certigram.numerics.studies.data import load
    >>> training_size(Study("s", ("deq-relu",), ("relu",), load("digits", 2)), "deq-relu").width
    512
    """
    values = {name: study.parameter(system, f"training_{name}") for name in ("width", "points", "steps")}
    for name, value in values.items():
        _require_positive(f"{system}: training_{name}", value)
    size = TrainingSize(**{name: int(value) for name, value in values.items()})
    needed = 8 * 8 * size.width**2
    if needed > study.budget.memory:
        raise SpecError(
            f"{system}: training_width = {size.width} needs about {needed / 1e9:.2g} GB: choose a smaller width, or"
            " raise memory in [budget]."
        )
    return size


def _require_positive(what: str, value: Fraction) -> None:
    if value.denominator != 1 or value < 1:
        raise SpecError(f"{what} = {value} must be a whole number of at least 1.")
