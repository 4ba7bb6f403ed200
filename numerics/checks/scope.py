"""For what a verdict was established: how many of the inputs, which labels, which networks, in a few words."""

from __future__ import annotations

from typing import Protocol

from ..studies.data import DataSet

NO_DATA = "no data"
ACTIVATION = "the activation alone"


class OnData(Protocol):
    """An instance with inputs."""

    @property
    def data(self) -> DataSet:
        """The inputs."""


def inputs(count: int, of: int) -> str:
    """How many of the inputs.

    >>> inputs(8, 200), inputs(200, 200), inputs(1, 1)
    ('8 of 200 inputs', 'all 200 inputs', 'the one input')
    """
    if of == 1:
        return "the one input"
    return f"all {of} inputs" if count >= of else f"{count} of {of} inputs"


def all_inputs(inst: OnData) -> str:
    """All inputs of the instance."""
    return inputs(inst.data.n, inst.data.n)


def labels(data: DataSet) -> str:
    """Whose the labels are."""
    return "random labels" if data.labels is None else "the data's own labels"
