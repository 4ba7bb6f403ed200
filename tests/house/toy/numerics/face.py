"""The linear network on the data of a study."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ....theory.claims.claim import Hypothesis
from ....theory.errors import DerivationGap
from ....theory.verdict import Verdict
from ...balls.budget import Budget
from ...certificates.certificate import Discharged
from ...studies.data import DataSet
from ...studies.study import Study
from ...studies.workspace import Workspace

NAME = "toy"


@dataclass(frozen=True, slots=True)
class LinearInstance:
    """``toy`` on data."""

    data: DataSet
    budget: Budget
    system: str = NAME
    subject: str = "identity"

    def entry(self, i: int, j: int) -> Fraction:
        """An entry of the Gram matrix, exactly."""
        if self.data.points is None:
            raise DerivationGap("the linear network needs input points.")
        return self.data.points.inner(i, j) / self.data.points.d

    def discharge(self, hypothesis: Hypothesis) -> Discharged:
        """Whether a hypothesis holds here."""
        given = self.data.points is not None
        return Discharged(hypothesis.name, Verdict.PROVED if given else Verdict.REFUTED, f"points: {given}")

    def admit(self) -> None:
        """There are no parameters."""


def instance(name: str, study: Study, workspace: Workspace) -> LinearInstance:
    """The system on the data of a study."""
    return LinearInstance(study.data, study.budget)
