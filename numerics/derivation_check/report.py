"""What the check of a derivation found, line by line."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ...theory.derivations.step import Derivation


class Status(Enum):
    """The outcome for one line."""

    PROVED = "an instance of its rule, or implied by the lines it uses; the enclosures agree"
    ENCLOSED = "no exact proof was found; both sides were enclosed at random points and agree"
    GAP = "neither an exact proof nor enclosures settle it"
    CONTRADICTED = "the two sides have disjoint enclosures at a point: the line is false"

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class StepReport:
    """One line: its rule, the exact proof, the points at which both sides were enclosed, the widest of their radii.

    ``agreement`` is the largest relative radius over the generic points, ``where`` the point of a contradiction.
    """

    index: int
    rule: str
    proved: bool
    points: int
    agreement: float
    status: Status
    where: str = ""


@dataclass(frozen=True, slots=True)
class CheckReport:
    """All lines of a derivation; ``derived`` only when every one is proved and the chain ends in the goal."""

    derivation: Derivation
    steps: tuple[StepReport, ...]

    @property
    def gaps(self) -> tuple[StepReport, ...]:
        """The lines that are not settled."""
        return tuple(s for s in self.steps if s.status in (Status.GAP, Status.CONTRADICTED))

    @property
    def settled(self) -> bool:
        """Whether no line is a gap and the chain ends in the goal."""
        return self.derivation.derived and not self.gaps

    @property
    def derived(self) -> bool:
        """Whether every line is proved, none is contradicted, and the chain ends in the goal."""
        return self.derivation.derived and all(s.status is Status.PROVED for s in self.steps)

    def __str__(self) -> str:
        head = f"{self.derivation.title}: {'derived' if self.derived else 'NOT derived'}, {len(self.steps)} lines"
        lines = [
            f"  {s.index + 1}. {s.rule}: {s.status}"
            + (f", enclosed at {s.points} points (relative radius <= {s.agreement:.1e})" if s.points else "")
            + (f" at {s.where}" if s.where else "")
            for s in self.steps
        ]
        reasons = [f"  gap: {gap.reason}" for gap in self.derivation.gaps]
        return "\n".join([head, *lines, *reasons])
