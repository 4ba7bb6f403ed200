"""For what the verdicts on residual networks in an RKHS were established."""

from __future__ import annotations

from ....checks.scope import inputs, labels
from ..instance import ResNetInstance
from ..recipe import Recipe

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


def _made(inst: ResNetInstance, found: Recipe) -> str:
    scale, lift = found.landscape.kernel.scale, found.landscape.alpha
    where = f"at the kernel scale {scale} and the lift {lift}, made to fit"
    return f"{training_inputs(inst)} with {labels(inst.data)}, {where}"


def recipe(inst: ResNetInstance) -> str:
    """The scale of the kernel and the lift are those of the recipe for the flow."""
    return _made(inst, inst.recipe())


def descent_recipe(inst: ResNetInstance) -> str:
    """The scale of the kernel and the lift are those of the recipe for gradient descent."""
    return _made(inst, inst.certified_recipe)


def lazy(inst: ResNetInstance) -> str:
    """The scale of the kernel and the lift are made to fit the features."""
    found = inst.lazy
    where = f"at the kernel scale {found.kernel.scale} and the lift {found.alpha}, made to fit"
    return f"{training_inputs(inst)} with {labels(inst.data)}, {found.features} random features, {where}"


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


def features_at_scale(inst: ResNetInstance) -> str:
    """Random features at the study's scale and lift; the readout is made to fit."""
    where = f"{inst.integer('features')} random features at the study's scale and lift, the readout made to fit"
    return f"{training_inputs(inst)} with {labels(inst.data)}, {where}"


def line_network(inst: ResNetInstance) -> str:
    """One network on the line."""
    return f"one network of {inst.depth} layers on the line"
