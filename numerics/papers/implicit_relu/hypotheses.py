"""The hypotheses of the implicit network's theory, each settled by a rule."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

from ....theory.claims.claim import Hypothesis
from ....theory.errors import DerivationGap
from ....theory.verdict import Verdict
from ...certificates.certificate import Discharged
from ...checks.relation import Relation, Sense
from .sides import share_of, well_posed

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
    where = f"of the network of width {train.plan.width}, seed {train.budget.seed}"
    return well_posed(low, high).verdict, f"gamma ||A||/sqrt(m) {where} lies in [{low:.8g}, {high:.8g}]"


def _definite(inst: ImplicitInstance) -> Settled:
    train = inst.training
    found = Relation.of("0 < lambda_0", 0, train.eigenvalue, Sense.BELOW)
    ends = f"lies in [{train.eigenvalue.lower:.8g}, {train.eigenvalue.upper:.8g}]"
    what = f"is 0: {train.singularity.reason}" if found.verdict is Verdict.REFUTED else ends
    return found.verdict, f"lambda_0 of {train.data.description} {what}"


def _initial_gram(inst: ImplicitInstance) -> Settled:
    verdict, text = _definite(inst)
    if verdict is not Verdict.PROVED:
        return verdict, text
    train = inst.training
    start, least = train.initial_gram, train.eigenvalue
    kept = Relation.of("3/4 lambda_0 <= lambda_min(G(0))", share_of(Fraction(3, 4), least), start)
    text = f"lambda_min(G(0)) in [{start.lower:.6g}, {start.upper:.6g}] at width {train.plan.width}, {text}"
    return kept.verdict, text + ": take a larger width" * (kept.verdict is Verdict.REFUTED)


_RULES: dict[str, Callable[[ImplicitInstance], Settled]] = {
    "unit-inputs": _unit_inputs,
    "well-posed": _well_posed,
    "definite": _definite,
    "initial-gram": _initial_gram,
}
