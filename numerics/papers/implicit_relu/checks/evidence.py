"""What the checks of the implicit network write down: the proof behind a claim, and the network it was checked on."""

from __future__ import annotations

from .....theory.errors import DerivationGap
from ....certificates.certificate import EvidenceItem
from ....checks.evidence import lemma_evidence
from ..instance import ImplicitInstance


def proved(lemma: str) -> EvidenceItem:
    """Evidence that each line of a lemma passes its check; raises :class:`DerivationGap` where one does not."""
    found = lemma_evidence(lemma)
    if found is None:
        raise DerivationGap(f"a line of {lemma} did not pass its check: what rests on it is not proved.")
    return found


def network_text(train: ImplicitInstance) -> str:
    """The network that a statement was checked on, in one line."""
    plan = train.plan
    return (
        f"width {plan.width}, {train.data.n} inputs ({train.data.description}), gamma = {train.gamma}, "
        f"seed {train.budget.seed}"
    )
