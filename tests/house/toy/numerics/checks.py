"""The check of the claim, and its negative control."""

from __future__ import annotations

from fractions import Fraction

from ....theory.verdict import Verdict
from ...checks.evidence import exact
from ...checks.registry import Outcome, check, control
from .face import LinearInstance


def _decided(inst: LinearInstance, factor: Fraction) -> Outcome:
    n = inst.data.n
    worst = min(
        factor * inst.entry(i, i) * inst.entry(j, j) - inst.entry(i, j) ** 2 for i in range(n) for j in range(i + 1)
    )
    verdict = Verdict.PROVED if worst >= 0 else Verdict.REFUTED
    return Outcome(verdict, (exact("the smallest difference", value=str(worst)),), method="rational arithmetic")


@check("toy-cauchy-schwarz")
def cauchy_schwarz(inst: LinearInstance) -> Outcome:
    """All pairs, in rational arithmetic."""
    return _decided(inst, Fraction(1))


@control("toy-cauchy-schwarz")
def cauchy_schwarz_control(inst: LinearInstance) -> Outcome:
    """The right side a little smaller: false on the diagonal."""
    return _decided(inst, 1 - Fraction(1, 10**9))
