"""What the checks of deep equilibrium models share: instances of theorems, parts of trajectories, guarded controls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from flint import arb

from .....theory.verdict import Verdict
from ....balls.ends import between
from ....checks.registry import Check, Outcome, control
from ....checks.relation import Relation
from ....checks.trajectories import Bounds
from ..instance import EquilibriumInstance
from ..training.laboratory import contracts


def decided(relation: Relation) -> list[Relation]:
    """An instance of an inequality that a lemma proves: where the enclosures overlap it shows nothing."""
    return [] if relation.verdict is Verdict.UNKNOWN else [relation]


def sufficient(outcome: Outcome) -> Outcome:
    """The relations suffice for the statement and are not necessary: a false one leaves it undecided."""
    return replace(outcome, verdict=Verdict.UNKNOWN) if outcome.verdict is Verdict.REFUTED else outcome


def after_start(b: Bounds) -> Bounds:
    """The iterates after the first, at which both sides of the theorem's inequalities are the same number."""
    return Bounds.of(b.lower[1:], b.upper[1:])


def first_ball(b: Bounds) -> arb:
    """The first bounds as a ball."""
    return between(arb(float(b.lower[0])), arb(float(b.upper[0])))


def training_control(method: str) -> Callable[[Check], Check]:
    """Register a control that trains: NOT_APPLICABLE where the weights do not contract, as the claim itself is."""

    def register(plant: Check) -> Check:
        def guarded(inst: EquilibriumInstance) -> Outcome:
            verdict, text = contracts(inst.training)
            if verdict is not Verdict.PROVED:
                return Outcome(Verdict.NOT_APPLICABLE, reason=text)
            return plant(inst)

        control(method)(guarded)
        return plant

    return register
