"""Checks of proof lines by name, and what a checked lemma looks like."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cache

from ...theory.claims.lemma import Lemma, ProofStep
from ...theory.discovery import Register, modules, on_floor
from ..balls.precision import undisturbed


class Kind(Enum):
    """How a line was checked."""

    IDENTITY = "exact symbolic identity"
    INSTANCES = "exact arithmetic on random rational instances"
    ENCLOSURE = "both sides enclosed in ball arithmetic at random points"


@dataclass(frozen=True, slots=True)
class Checked:
    """The outcome of one check: what kind it was, whether it passed, and what was looked at."""

    kind: Kind
    passed: bool
    text: str


@dataclass(frozen=True, slots=True)
class CheckedLemma:
    """A lemma with the outcome for each of its lines."""

    lemma: Lemma
    lines: tuple[tuple[ProofStep, Checked], ...]

    @property
    def passed(self) -> bool:
        """Whether every line passed."""
        return all(outcome.passed for _, outcome in self.lines)


LineCheck = Callable[[], Checked]


@cache
def _discover() -> None:
    modules(__package__)
    on_floor("numerics")


line = Register[LineCheck](_discover, "no check is called {}: add one to the room of its paper in numerics/papers.")
"""Registers the check of the proof lines that name it."""


@cache
def outcome(name: str) -> Checked:
    """The outcome of a check; raises :class:`DerivationGap` for a name without one.

    >>> outcome("ntk-coefficients").passed
    True
    """
    return line.find(name)()


@undisturbed
def check_lemma(lemma: Lemma) -> CheckedLemma:
    """Check every line of a lemma."""
    return CheckedLemma(lemma, tuple((step, outcome(step.check)) for step in lemma.proof))
