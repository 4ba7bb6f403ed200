r"""Derivations as data: rules, steps, derivations.

A derivation proves one equation ``goal = result``. It is an ordered list of steps, each an equation ``before = after``
that is an instance of one named rule or follows from earlier steps (``uses``). The last step is the goal itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy

from ..claims.claim import Reference


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of derivation.

    Attributes
    ----------
    name: its stable identifier, e.g. ``price``.
    title: what the line of a derivation calls it.
    statement: the rule in LaTeX (without dollar signs).
    conditions: what must hold for it, in words with LaTeX inside.
    reference: the published statement and our proof.
    """

    name: str
    title: str
    statement: str
    conditions: tuple[str, ...]
    reference: Reference


@dataclass(frozen=True, slots=True)
class Step:
    """One checked line, ``before = after``, by the rule called ``rule``; ``uses`` are positions of earlier steps.

    ``values`` are the values that parameters take, for the rule ``specialisation`` only.
    """

    rule: str
    before: sympy.Expr
    after: sympy.Expr
    uses: tuple[int, ...] = ()
    values: tuple[tuple[sympy.Symbol, sympy.Expr], ...] = ()

    @property
    def equation(self) -> sympy.Eq:
        """The line as an equation that is not evaluated."""
        return sympy.Eq(self.before, self.after, evaluate=False)


@dataclass(frozen=True, slots=True)
class Gap:
    """A place where no rule applied: the expression, and why in one sentence."""

    expression: sympy.Expr
    reason: str


@dataclass(frozen=True, slots=True)
class Derivation:
    """A derivation of ``goal = result``; with a gap there is no result and nothing is called derived.

    Attributes
    ----------
    title: what is derived, in plain words.
    goal: the left side.
    steps: the lines, each of which may use earlier ones only.
    result: the closed form, or ``None``.
    gaps: where no rule applied.
    parameters: free symbols besides a, b, c; their sympy assumptions are their domain.
    """

    title: str
    goal: sympy.Expr
    steps: tuple[Step, ...]
    result: sympy.Expr | None
    gaps: tuple[Gap, ...] = ()
    parameters: tuple[sympy.Symbol, ...] = ()

    @property
    def derived(self) -> bool:
        """Whether the chain ends in the goal and has no gap; the steps themselves are checked elsewhere."""
        return (
            self.result is not None
            and not self.gaps
            and bool(self.steps)
            and (self.steps[-1].before, self.steps[-1].after) == (self.goal, self.result)
        )

    @property
    def rules(self) -> tuple[str, ...]:
        """The names of the rules used, in order of first use."""
        return tuple(dict.fromkeys(step.rule for step in self.steps))
