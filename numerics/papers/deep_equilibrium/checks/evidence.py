"""What the training checks of deep equilibrium models share: evidence along trajectories, curves, guarded controls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from flint import arb

from .....theory.verdict import Verdict
from ....balls.ends import between
from ....certificates.certificate import EvidenceItem
from ....checks.evidence import enclosed, ends, exact
from ....checks.registry import Check, Outcome, control
from ....checks.trajectories import Bounds, Verified
from ..instance import EquilibriumInstance
from ..training.laboratory import contracts


def proved_along(*found: Verified) -> EvidenceItem:
    """Evidence that inequalities hold (or fail) along a trajectory."""
    text = "; ".join(str(v) for v in found)
    return replace(exact(text), kind=enclosed("").kind, values={v.name: f"margin {v.margin:.6g}" for v in found})


def after_start(b: Bounds) -> Bounds:
    """The iterates after the first, at which both sides of the theorem's inequalities are the same number."""
    return Bounds.of(b.lower[1:], b.upper[1:])


def constant(x: arb, length: int) -> Bounds:
    """One ball at every iterate."""
    low, high = ends(x)
    return Bounds.of([low] * length, [high] * length)


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
