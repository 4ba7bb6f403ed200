r"""Two-layer networks with a fixed outer layer and logistic loss, :math:`f(x)=a^\top\sigma(Wx)`.

The loss and its derivatives are in :mod:`.loss` (float64) and :mod:`.enclosed` (balls).
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from ....theory.activations.activation import Activation, activation
from ....theory.errors import SpecError
from ...balls.budget import Budget
from ...studies.data import DataSet, labels
from ...studies.descent_plan import SgdPlan
from ...studies.parameters import require_memory, require_scale
from ...studies.study import Study
from ...studies.workspace import Workspace
from .bounds import OuterWeights
from .enclosed_numbers import enclosed_numbers
from .instance import TwoLayerInstance, points_of
from .sgd.inputs import LabelledInputs
from .sgd.neuron.offered import case_of, plan_by_neuron
from .sgd.plan import sgd_plan
from .sgd.setting import Batches, SgdSetting
from .sgd.theorem import Start

NAME = "two-layer-logistic"

__all__ = ["descent_plan", "enclosed_numbers", "instance"]


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


def descent_plan(
    phi: Activation,
    data: DataSet,
    outer: tuple[Fraction, ...],
    regularisation: Fraction,
    epsilon: Fraction,
    *,
    batch: int | None,
    replacement: bool,
    initial_variance: Fraction,
    tied: bool,
    one_neuron: bool,
    budget: Budget,
) -> SgdPlan:
    """Plans of noisy descent on labelled data; labels are seeded signs where the data have none.

    Raises :class:`SpecError` for parameters that describe no network, no law or no batch, and
    :class:`DerivationGap` for an activation without two bounded derivatives.
    """
    require_scale(NAME, "regularisation", regularisation)
    require_scale(NAME, "epsilon", epsilon)
    require_scale(NAME, "initial_variance", initial_variance, zero=True)
    for value in outer:
        require_scale(NAME, "outer", value, zero=True, signed=True)
    given = points_of(data)
    require_memory(NAME, f"{given.n} inputs of dimension {given.d}", 500 * given.n * given.d, budget)
    signs = tuple(int(y) for y in labels(data, budget.seed))
    inputs = LabelledInputs.of(given, signs, on_sphere=data.normalize == "sphere")
    batches = None if batch is None else Batches(batch, replacement)
    setting = SgdSetting.of(phi, OuterWeights(outer), inputs, regularisation, batches, budget.bits)
    start = Start.gaussian(setting, initial_variance)
    found = sgd_plan(setting, epsilon, start, tied=tied)
    if not one_neuron:
        return found
    if batch is not None or tied:
        raise SpecError("sgd_plan: the plan by one neuron is for whole gradients and a step of its own.")
    extra = plan_by_neuron(case_of(phi, setting.outer, inputs, regularisation, epsilon), initial_variance)
    plans = [*found.plans, *([] if extra is None else [extra])]
    return replace(found, plans=tuple(sorted(plans, key=lambda plan: float(plan.log10_steps))))
