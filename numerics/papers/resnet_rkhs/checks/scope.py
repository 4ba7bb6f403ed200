"""For what the verdicts on residual networks in an RKHS were established."""

from __future__ import annotations

from ....checks.scope import inputs, labels
from ..instance import ResNetInstance

POINTS, DEPTH = 3, 3
"""Inputs and layers of the small network whose derivatives are computed in balls."""

KERNEL = "the kernel alone"


def training_inputs(inst: ResNetInstance) -> str:
    """The inputs of the training."""
    return inputs(len(inst.chosen), inst.data.n)


def training(inst: ResNetInstance) -> str:
    """The study's own inputs, labels, scale and lift."""
    return f"{training_inputs(inst)} with {labels(inst.data)}, at the study's scale and lift"


def runs(inst: ResNetInstance) -> str:
    """The runs of one study, and networks that nearly attain the bounds."""
    return f"runs on {training_inputs(inst)} with {labels(inst.data)}, and networks that nearly attain the bound"


def recipe(inst: ResNetInstance) -> str:
    """The scale of the kernel and the lift are those of the recipe."""
    return f"{training_inputs(inst)} with {labels(inst.data)}, at a kernel scale and a lift made to fit"


def small_network(inst: ResNetInstance) -> str:
    """A network of few layers on few inputs."""
    return f"one network of {DEPTH} layers on {inputs(min(POINTS, len(inst.chosen)), inst.data.n)}"


def draw(inst: ResNetInstance) -> str:
    """One or two draws of random features on the inputs of the training."""
    return f"draws of random features on {training_inputs(inst)}"


def features(inst: ResNetInstance) -> str:
    """Many draws of random features on few points."""
    return f"draws of random features on {inputs(len(inst.sampled_points), inst.data.n)}"


def training_radius(inst: ResNetInstance) -> str:
    """The balls that contain the runs."""
    return f"{training_inputs(inst)}, balls that contain the runs"
