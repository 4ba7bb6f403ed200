"""Training of wide random networks, end to end (T3): gradient descent, and the gradient flow."""

from __future__ import annotations

from fractions import Fraction

from flint import arb

from .....theory.errors import SpecError
from .....theory.verdict import Verdict
from ....balls.ball import enclose
from ....balls.ends import outward
from ....balls.precision import precision
from ....balls.printed import text_above
from ....checks.evidence import enclosed
from ....checks.registry import Outcome, check, control
from ....checks.relation import Relation, each, judge
from ....checks.scope import all_inputs, labels
from ....studies.data import labels as labels_of
from ..instance import EquilibriumInstance
from ..training.explicit_constants import StartingPoint, explicit_constants
from ..width.end_to_end import EndToEnd, certified_training, random_start
from ..width.exact_laws import AffineModel
from ..width.search import LARGEST_WIDTH
from ..width.setting import BITS
from .width import bias_lemmas

DELTA = Fraction(1, 20)
"""The probability to fail in the controls."""
NEURON = AffineModel(Fraction(1), Fraction(0), Fraction(1), Fraction(0))
"""A linear neuron without feedback, on one input."""
FAR = 10**9
"""Labels of the controls that no width up to theirs fits."""


def _scope(inst: EquilibriumInstance) -> str:
    return f"{all_inputs(inst)}, {labels(inst.data)}; random networks of every width from m_1 on"


def _certified(inst: EquilibriumInstance, *, flow: bool) -> EndToEnd | None:
    largest = float(abs(labels_of(inst.data, inst.budget.seed)).max())
    dimension = inst.widths.setting.dimension
    if dimension is None:
        raise SpecError("the width of training needs input points, and only their Gram matrix is given.")
    return certified_training(inst.widths.setting, arb(largest), dimension, flow=flow)


def _outcome(inst: EquilibriumInstance, *, flow: bool) -> Outcome:
    if inst.data.d is None:
        return Outcome(Verdict.UNKNOWN, reason="the norm of U needs input points, and only their Gram matrix is given")
    found = _certified(inst, flow=flow)
    if found is None:
        return Outcome(Verdict.UNKNOWN, reason=f"T3 is not certified up to the width {LARGEST_WIDTH:g}")
    constants, eta = found.constants, found.event.eta
    with precision(BITS):
        values = {"E_0": found.error, "radius": constants.radius, "rate": found.least if flow else constants.rate}
        if not flow:
            values["beta"] = constants.smoothness
            values["rate for each step at 1/beta"] = constants.rate / constants.smoothness
    text = f"the probability that the whitened norm exceeds {eta} at m_1 = {found.width}, and delta/2"
    event = Relation.of(text, found.event.failure, inst.delta / 2, condition=True)
    return judge(
        [event, *constants.hypotheses],
        enclosed("the constants of the training theorem at the bounds of a random start", **values),
        value=outward(arb(found.width)),
        lemma=("lemma.width-training", "lemma.equilibrium-training", *bias_lemmas(inst)),
        method=f"Theorem E with eta_w = {eta}, delta = {inst.delta}, E_0 at most {text_above(float(found.error), 6)}",
        detail={"quantity": "m_1", "width": found.width, "delta": str(inst.delta), "eta_w": str(eta)},
    )


@check("deq-width-descent", scope=_scope)
def width_descent(inst: EquilibriumInstance) -> Outcome:
    """Theorem E at the least width that is found: the event, (H1) and (H2') in balls, and the constants there."""
    return _outcome(inst, flow=False)


@check("deq-width-flow", scope=_scope)
def width_flow(inst: EquilibriumInstance) -> Outcome:
    """The same for the flow, whose radius is half as large."""
    return _outcome(inst, flow=True)


def _start(delta: Fraction, label: int = 0) -> StartingPoint:
    """The bounds of a random start of one linear neuron at η_w = 0."""
    return random_start(NEURON.setting(delta), arb(label), 1, 1, Fraction(0), arb(1) / 4)


def _half_of_t() -> Fraction:
    """A δ whose t is at most half of that of :data:`DELTA`: (6/δ')^4 <= 6/δ."""
    return Fraction(6 * 304, 1000)


def _control(size: arb, scale: arb, *, flow: bool) -> Outcome:
    """The tail of a normal number at a bound with half of t, against δ/6; labels for which a hypothesis fails."""
    with precision(BITS):
        tail = (size / (scale * arb(2).sqrt())).erfc()
        share = enclose(DELTA / 6)
        far = explicit_constants(_start(DELTA, FAR), arb(1), None, arb(0), flow=flow)
    return each(
        [Relation.of("the tail of a normal number beyond the bound, and delta/6", tail, share), far.hypotheses[0]]
    )


@control("deq-width-descent")
def outputs_at_the_start(inst: EquilibriumInstance) -> Outcome:
    """The output of one neuron whose Gram matrix is K has the law N(0, K)."""
    with precision(BITS):
        return _control(_start(_half_of_t()).residual, enclose(NEURON.limit).sqrt(), flow=False)


@control("deq-width-flow")
def weights_at_the_start(inst: EquilibriumInstance) -> Outcome:
    """The output weight of one neuron has the law N(0, 1)."""
    with precision(BITS):
        return _control(_start(_half_of_t()).readout, arb(1), flow=True)
