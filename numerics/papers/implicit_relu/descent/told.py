"""Numbers that rest on float64 bounds, written as bounds: their last digits differ between processors.

What is written as a ball is an enclosure of one quantity on every machine. A rate or a width that was found from the
float64 bounds of a network or of λ_0 is true where it was found, and no such enclosure.
"""

from __future__ import annotations

from dataclasses import replace

from flint import arb

from .....theory.verdict import Evidence
from ....balls.enclosure import float_above, float_below
from ....balls.ends import outward
from ....certificates.certificate import EvidenceItem
from ....checks.relation import Relation, Side
from ....checks.trajectories import Bounds, run_digest


def bounded(
    text: str, *, at_least: dict[str, arb] | None = None, at_most: dict[str, arb] | None = None
) -> EvidenceItem:
    """Evidence from ball arithmetic, each number by the end that is meant, rounded outwards."""
    low = {name: f"at least {outward(x)[0]!r}" for name, x in (at_least or {}).items()}
    high = {name: f"at most {outward(x)[1]!r}" for name, x in (at_most or {}).items()}
    return EvidenceItem(Evidence.ENCLOSED, text, {**low, **high})


def as_bounds(relation: Relation) -> Relation:
    """The same relation with its sides written as float64 ends."""

    def told(side: Side) -> Side:
        if len(side.lower) != 1 or "±" not in side.shown:
            return side
        return replace(side, shown=f"[{float_below(side.lower[0])!r}, {float_above(side.upper[0])!r}]")

    return replace(relation, left=told(relation.left), right=told(relation.right))


def found_from(*numbers: arb) -> str:
    """Which float64 bounds a number was found from: a digest of them, as for computed runs."""
    return run_digest(Bounds.of_balls(numbers))
