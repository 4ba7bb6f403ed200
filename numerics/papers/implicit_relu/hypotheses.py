"""The hypotheses of the implicit network's theory, each settled by a rule."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

from ....theory.claims.claim import Hypothesis
from ....theory.errors import DerivationGap
from ....theory.verdict import Verdict
from ...certificates.certificate import Discharged

if TYPE_CHECKING:
    from .instance import ImplicitInstance

Settled = tuple[Verdict, str]


def discharge(inst: ImplicitInstance, hypothesis: Hypothesis) -> Discharged:
    """Whether a hypothesis holds on an instance; raises :class:`DerivationGap` for one without a rule."""
    rule = _RULES.get(hypothesis.name)
    if rule is None:
        raise DerivationGap(f"no rule settles the hypothesis {hypothesis.name!r} of implicit-relu.")
    verdict, text = rule(inst)
    return Discharged(hypothesis.name, verdict, text)


def _unit_inputs(inst: ImplicitInstance) -> Settled:
    return Verdict.PROVED, f"the {inst.data.n} inputs are non-zero and enter through their directions"


def _well_posed(inst: ImplicitInstance) -> Settled:
    train = inst.training
    low, high = train.network.contraction
    what = f"gamma ||A||/sqrt(m) of the network of width {train.plan.width}, seed {train.budget.seed}"
    if high < 1:
        return Verdict.PROVED, f"{what}, lies in [{low:.8g}, {high:.8g}]"
    if low >= 1:
        return Verdict.REFUTED, f"{what}, is at least {low:.8g}"
    return Verdict.UNKNOWN, f"{what}, lies in [{low:.8g}, {high:.8g}], which contains 1"


def _definite(inst: ImplicitInstance) -> Settled:
    found = inst.training.eigenvalue
    where = f"lambda_0 of {inst.training.data.description}"
    if found.lower > 0:
        return Verdict.PROVED, f"{where} lies in [{found.lower:.8g}, {found.upper:.8g}]"
    if found.upper <= 0:
        return Verdict.REFUTED, f"{where} is 0: {inst.training.singularity.reason}"
    return Verdict.UNKNOWN, f"{where} is not separated from 0"


def _initial_gram(inst: ImplicitInstance) -> Settled:
    verdict, text = _definite(inst)
    if verdict is not Verdict.PROVED:
        return verdict, text
    train = inst.training
    start, least = train.initial_gram, train.eigenvalue
    text = f"lambda_min(G(0)) in [{start.lower:.6g}, {start.upper:.6g}] at width {train.plan.width}, {text}"
    if Fraction(start.lower) >= Fraction(3, 4) * Fraction(least.upper):
        return Verdict.PROVED, text
    if Fraction(start.upper) < Fraction(3, 4) * Fraction(least.lower):
        return Verdict.REFUTED, f"{text}: below three quarters, take a larger width"
    return Verdict.UNKNOWN, text


_RULES: dict[str, Callable[[ImplicitInstance], Settled]] = {
    "unit-inputs": _unit_inputs,
    "well-posed": _well_posed,
    "definite": _definite,
    "initial-gram": _initial_gram,
}
