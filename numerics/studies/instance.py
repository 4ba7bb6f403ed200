"""A system on the data of a study, with one subject: what is asked of every paper."""

from __future__ import annotations

from typing import Protocol

from ...theory.claims.claim import Hypothesis
from ..certificates.certificate import Discharged
from .gram_model import Modelled


class Instance(Modelled, Protocol):
    """A system with a subject, parameters and data: what the runner asks of it; a check asks for more."""

    def discharge(self, hypothesis: Hypothesis) -> Discharged:
        """Whether a hypothesis holds here: PROVED, REFUTED or UNKNOWN, with the reason in a sentence."""

    def admit(self) -> None:
        """Raise :class:`SpecError` where the parameters leave nothing of the system to check."""
