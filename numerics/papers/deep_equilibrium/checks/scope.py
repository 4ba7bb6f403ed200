"""For what the verdicts on deep equilibrium models were established."""

from __future__ import annotations

from ....checks.sampled import SampledInstance
from ....checks.scope import all_inputs, inputs, labels
from ..instance import EquilibriumInstance

COVARIANCES = "all variances a, b > 0 and covariances c^2 < ab"
INPUTS = 12
"""The inputs whose pairs are looked at; their inner products are exact, whatever the size of the data."""
SUBSET = 5
"""The inputs whose Khatri-Rao powers are written out."""
ANTIPODAL_POINTS = 16
"""How many points of the data are joined by their antipodes."""


def rows(inst: EquilibriumInstance) -> str:
    """The inputs whose Khatri-Rao powers are written out."""
    return f"powers 2 and 3 of {inputs(SUBSET, inst.data.n)}"


def antipodes(inst: EquilibriumInstance) -> str:
    """Some points, joined by their antipodes."""
    return f"{inputs(len(inst.inputs.distinct(ANTIPODAL_POINTS)), inst.data.n)} and their antipodes"


def norms(inst: EquilibriumInstance) -> str:
    """Every norm in the data."""
    return f"the norms of {all_inputs(inst)}"


def pairs(inst: EquilibriumInstance) -> str:
    """Pairs of the first inputs, by their extreme and middle cosines."""
    return f"laws of pairs among {inputs(INPUTS, inst.data.n)}"


def variance(inst: EquilibriumInstance) -> str:
    """The variance at which Hermite coefficients are compared."""
    return f"orders up to 12 at one variance of {all_inputs(inst)}"


def _network(inst: EquilibriumInstance, count: int) -> str:
    lab = inst.training
    on = inputs(len(lab.chosen(count)), inst.data.n)
    return f"one network of width {lab.width} on {on}, seed {inst.budget.seed}"


def network(inst: EquilibriumInstance) -> str:
    """One network on the inputs of the training."""
    return _network(inst, inst.training.inputs)


def ordinary_run(inst: EquilibriumInstance) -> str:
    """One run from the labels of the data."""
    return f"{network(inst)}, {labels(inst.data)}"


def made_run(inst: EquilibriumInstance) -> str:
    """One run from labels that are made so that the hypotheses hold."""
    made = "labels made near the outputs at the start, so that the hypotheses hold"
    return f"{_network(inst, inst.training.made.inputs)}, {made}"


def sampled(inst: SampledInstance[EquilibriumInstance]) -> str:
    """Sampled networks on all inputs."""
    return f"sampled networks on {all_inputs(inst.base)}"
