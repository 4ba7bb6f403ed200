"""The hypotheses of the training claims, settled on the networks that are trained."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from .....theory.verdict import Verdict
from .explicit_constants import ExplicitConstants
from .laboratory import Laboratory, contracts

Settled = tuple[Verdict, str]


def _second_derivative(lab: Laboratory) -> Settled:
    known = lab.inst.regularity
    if known.second_lipschitz is not None:
        return Verdict.PROVED, f"sup|phi''| = {known.second_lipschitz.str(8)}".replace("+/-", "±")
    name, reason = lab.inst.activation.name, known.reason("second_lipschitz")
    if "second_lipschitz" in known.infinite:
        return Verdict.REFUTED, f"the derivative of {name} is not Lipschitz: {reason}"
    return Verdict.UNKNOWN, f"no finite bound of the second derivative of {name} was found: {reason}"


def _weights_contract(lab: Laboratory) -> Settled:
    return contracts(lab)


def _met(lab: Laboratory, found: ExplicitConstants) -> Settled:
    where = f"on {len(lab.chosen(lab.certified_inputs))} inputs, width {lab.width}"
    first, second = found.hypotheses
    text = f"L rho_w = {found.contraction.str(6)}"
    if first.verdict is Verdict.PROVED:
        text = f"(H1): {text}; (H2): left side over right side = {found.gap.str(6)}"
    verdict = second.verdict if first.verdict is Verdict.PROVED else first.verdict
    return verdict, f"{text} {where}".replace("+/-", "±")


def _small_residual(lab: Laboratory, *, flow: bool = False) -> Settled:
    verdict, text = contracts(lab)
    if verdict is not Verdict.PROVED:  # then (H1) fails with it
        return verdict, text
    return _met(lab, lab.certified_constants(flow=flow))


RULES: dict[str, Callable[[Laboratory], Settled]] = {
    "second-derivative": _second_derivative,
    "weights-contract": _weights_contract,
    "small-residual": _small_residual,
    "small-residual-flow": partial(_small_residual, flow=True),
}
