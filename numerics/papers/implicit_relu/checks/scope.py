"""For what the verdicts on implicit ReLU networks were established."""

from __future__ import annotations

from ....checks.scope import inputs, labels
from ..instance import ImplicitInstance

PAIRS = 200
"""Pairs of inputs at which two forms of the kernel are compared."""


def pairs(inst: ImplicitInstance) -> str:
    """The first pairs of inputs, and a grid."""
    n = inst.data.n
    return f"a grid of cosines and {min(n * (n - 1) // 2, PAIRS)} of {n * (n - 1) // 2} pairs of inputs"


def network(inst: ImplicitInstance) -> str:
    """One network on the inputs of the training."""
    train = inst.training
    return f"one network of width {train.plan.width} on {inputs(train.data.n, inst.data.n)}, seed {inst.budget.seed}"


def run(inst: ImplicitInstance) -> str:
    """One run from the labels of the data."""
    return f"{network(inst)}, {labels(inst.data)}"


def few(inst: ImplicitInstance) -> str:
    """One run on the first of the inputs."""
    run, total = inst.few, inst.data.n
    where = f"one network of width {run.plan.width} on {inputs(run.data.n, total)}"
    return f"{where}, seed {inst.budget.seed}, its labels scaled"


def sampled(inst: ImplicitInstance) -> str:
    """Sampled networks."""
    return f"sampled networks on the first of {inst.data.n} inputs"
