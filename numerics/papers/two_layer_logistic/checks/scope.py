"""For what the verdicts on two-layer networks with logistic loss were established."""

from __future__ import annotations

from ....checks.scope import all_inputs, labels
from ..instance import TwoLayerInstance

MODEL = "a model problem in one dimension"


def evaluations(inst: TwoLayerInstance) -> str:
    """The weights at which both sides are enclosed."""
    return f"{setting(inst)}: three weights, a box, and networks that nearly attain the bound"


def setting(inst: TwoLayerInstance) -> str:
    """The constants of the network."""
    return f"{inst.width} hidden units on {all_inputs(inst)}, {labels(inst.data)}"


def constants(inst: TwoLayerInstance) -> str:
    """The constants on the data, and one-dimensional cases for the comparison."""
    return f"constants for {setting(inst)}; compared on {MODEL}"


def model(inst: TwoLayerInstance) -> str:
    """A model problem alone."""
    return MODEL
