"""Two-layer-logistic: plain mini-batch descent that never leaves a poor well (C29)."""

from __future__ import annotations

from fractions import Fraction

from flint import arb

from ....balls.ball import enclose
from ....balls.precision import precision
from ....checks.evidence import enclosed
from ....checks.registry import Outcome, check, control
from ....checks.relation import Relation, Sense, judge, planted
from ..instance import TwoLayerInstance
from ..sgd.one_weight.trapped import BITS, TrappedDescent, the_example
from . import scope

LARGEST_STEP = Fraction(8)
KEPT = Fraction(1406, 10_000)
CURVED = Fraction(375, 100)
NOT_TRAPPED = Fraction(-1, 2)


def _signs(example: TrappedDescent) -> list[Relation]:
    """The slope of every batch's loss at both ends."""
    ends = ((example.low, Sense.BELOW), (example.high, None))
    found = []
    for weight, below in ends:
        for loss, slope in zip(example.batches, example.slopes(weight), strict=True):
            text = f"the slope of {loss.name}, at {weight}"
            sides: tuple[arb | int, arb | int] = (slope, 0) if below else (0, slope)
            found.append(Relation.of(text, *sides, Sense.BELOW))
    return found


@check("sgd-trapped", scope=scope.model)
def trapped(_: TwoLayerInstance) -> Outcome:
    """Four signs, one bound of the second derivative, and the least loss on the interval."""
    example = the_example()
    with precision(BITS):
        moved = enclose(LARGEST_STEP) * example.bend
    return judge(
        [
            *_signs(example),
            Relation.of("the second derivative of each batch's loss on the line", example.bend_anywhere, CURVED),
            Relation.of(f"eta L_B'' on the interval, eta <= {LARGEST_STEP}", moved, 1),
            Relation.of("the excess on the whole interval", KEPT, example.excess),
        ],
        enclosed("on the interval the second derivative is at most", bend=example.bend),
        value=example.excess,
        lemma="lemma.trapped-descent",
        method="signs, ranges and a least loss in balls",
        detail={"quantity": "excess of the loss that is never lost"},
    )


@control("sgd-trapped")
def trapped_control(_: TwoLayerInstance) -> Outcome:
    """With the right end at -1/2 a slope has the wrong sign."""
    return planted(_signs(the_example(NOT_TRAPPED)))
