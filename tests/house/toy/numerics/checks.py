"""The check of the claim, and its negative control."""

from __future__ import annotations

from fractions import Fraction

from ...checks.registry import Outcome, check, control
from ...checks.relation import Relation, judge, planted
from ...checks.scope import all_inputs
from .face import LinearInstance


def _relation(inst: LinearInstance, factor: Fraction) -> Relation:
    pairs = [(i, j) for i in range(inst.data.n) for j in range(i + 1)]
    left = [inst.entry(i, j) ** 2 for i, j in pairs]
    right = [factor * inst.entry(i, i) * inst.entry(j, j) for i, j in pairs]
    return Relation.of("K_ij^2 <= K_ii K_jj", left, right, place="pair")


@check("toy-cauchy-schwarz", scope=all_inputs)
def cauchy_schwarz(inst: LinearInstance) -> Outcome:
    """All pairs, in rational arithmetic."""
    return judge([_relation(inst, Fraction(1))], method="rational arithmetic")


@control("toy-cauchy-schwarz")
def cauchy_schwarz_control(inst: LinearInstance) -> Outcome:
    """The right side a little smaller: false on the diagonal."""
    return planted([_relation(inst, 1 - Fraction(1, 10**9))])
