"""The hypotheses of the training claims, settled on the networks that are trained."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .....theory.verdict import Verdict
from .explicit_constants import ExplicitConstants
from .laboratory import Laboratory, contracts

if TYPE_CHECKING:
    from ..instance import EquilibriumInstance

Settled = tuple[Verdict, str]


def _second_derivative(inst: EquilibriumInstance) -> Settled:
    known = inst.regularity
    if known.second_lipschitz is not None:
        return Verdict.PROVED, f"sup|phi''| = {known.second_lipschitz.str(8)}".replace("+/-", "±")
    name, reason = inst.activation.name, known.reason("second_lipschitz")
    if "second_lipschitz" in known.infinite:
        return Verdict.REFUTED, f"the derivative of {name} is not Lipschitz: {reason}"
    return Verdict.UNKNOWN, f"no finite bound of the second derivative of {name} was found: {reason}"


def _weights_contract(inst: EquilibriumInstance) -> Settled:
    return contracts(inst.training)


def _met(lab: Laboratory, found: ExplicitConstants) -> Settled:
    where = f"on {len(lab.chosen(lab.certified_inputs))} inputs, width {lab.width}"
    first, second = found.hypotheses
    text = f"L rho_w = {found.contraction.str(6)}"
    if first.verdict is Verdict.PROVED:
        text = f"(H1): {text}; (H2): left side over right side = {found.gap.str(6)}"
    verdict = second.verdict if first.verdict is Verdict.PROVED else first.verdict
    return verdict, f"{text} {where}".replace("+/-", "±")


def _small_residual(inst: EquilibriumInstance, *, flow: bool = False) -> Settled:
    verdict, text = contracts(inst.training)
    if verdict is not Verdict.PROVED:  # then (H1) fails with it
        return verdict, text
    return _met(inst.training, inst.training.certified_constants(flow=flow))


def _small_residual_for_the_flow(inst: EquilibriumInstance) -> Settled:
    return _small_residual(inst, flow=True)


RULES: dict[str, Callable[[EquilibriumInstance], Settled]] = {
    "second-derivative": _second_derivative,
    "weights-contract": _weights_contract,
    "small-residual": _small_residual,
    "small-residual-flow": _small_residual_for_the_flow,
}
