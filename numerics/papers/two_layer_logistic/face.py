r"""Two-layer networks with a fixed outer layer and logistic loss, :math:`f(x)=a^\top\sigma(Wx)`.

The loss and its derivatives are in :mod:`.loss` (float64) and :mod:`.enclosed` (balls).
"""

from __future__ import annotations

from ....theory.activations.activation import activation
from ...studies.study import Study
from ...studies.workspace import Workspace
from .enclosed_numbers import enclosed_numbers
from .instance import TwoLayerInstance

NAME = "two-layer-logistic"

__all__ = ["enclosed_numbers", "instance"]


def instance(name: str, study: Study, workspace: Workspace) -> TwoLayerInstance:
    """The network of a study with one activation.

    >>> from certigram.numerics.studies.data import load
    >>> study = Study("doc", ("two-layer-logistic",), ("tanh",), load("digits", 3))
    >>> instance("tanh", study, Workspace()).norm_squared
    Fraction(64, 1)
    """
    system = "two-layer-logistic"
    return TwoLayerInstance(
        activation(name),
        study.data,
        regularisation=study.parameter(system, "regularisation"),
        width=study.parameter(system, "width"),
        outer_size=study.parameter(system, "outer"),
        step=study.parameter(system, "step"),
        level=study.parameter(system, "level"),
        initial_variance=study.parameter(system, "initial_variance"),
        noise=study.parameter(system, "noise"),
        epsilon=study.parameter(system, "epsilon"),
        batch=study.parameter(system, "batch"),
        budget=study.budget,
        workspace=workspace,
    )
