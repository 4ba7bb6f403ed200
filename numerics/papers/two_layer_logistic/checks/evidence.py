"""What these checks share: a lemma as the argument, controls where the theory applies, several planted statements."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flint import arb

from .....theory.verdict import Verdict
from ....certificates.certificate import EvidenceItem
from ....checks.evidence import lemma_evidence
from ....checks.registry import Check, Outcome, control
from ....checks.relation import Relation, judge
from ..hypotheses import not_covered
from ..instance import TwoLayerInstance


def argued(
    name: str | tuple[str, ...],
    relations: Iterable[Relation],
    *evidence: EvidenceItem,
    sharp: Iterable[Relation] = (),
    value: arb | None = None,
    method: str = "written proof with enclosed constants",
    detail: dict[str, object] | None = None,
) -> Outcome:
    """The outcome of relations that ``lemma.name``, or several, prove in general; UNKNOWN where one of its lines fails.

    ``sharp`` are those at objects of their own, where both sides are nearly equal: the margin is that of the others.
    """
    found = list(relations)
    names = [f"lemma.{one}" for one in ((name,) if isinstance(name, str) else name)]
    proof = lemma_evidence(*names)
    if proof is None:
        return Outcome(Verdict.UNKNOWN, reason=f"a line of {' or '.join(names)} did not pass its check")
    return judge(
        [*found, *sharp],
        proof,
        *evidence,
        value=value,
        argued=True,
        method=method,
        margin=judge(found).margin,
        detail=detail,
    )


def smooth_control(method: str) -> Callable[[Check], Check]:
    """Register a control that needs the constants of the activation: NOT_APPLICABLE where one of them is missing."""

    def register(plant: Check) -> Check:
        def guarded(inst: TwoLayerInstance) -> Outcome:
            missing = not_covered(inst)
            return plant(inst) if missing is None else Outcome(Verdict.NOT_APPLICABLE, reason=missing[1])

        control(method)(guarded)
        return plant

    return register
