"""Two-layer-logistic: constants of the activation and formulas of the derivatives (C1 to C3)."""

from __future__ import annotations

from dataclasses import replace

import sympy
from flint import arb, arb_mat

from .....theory.verdict import Verdict
from ....balls.precision import precision
from ....checks.evidence import SLIGHTLY, exact, note
from ....checks.registry import Outcome, check, control
from ....checks.relation import Relation, Sense, each, judge, planted
from ....checks.scope import ACTIVATION
from ....expressions.lowering import constant
from ..constants import second_derivative_supremum
from ..extremal import most_bent, most_spread
from ..hypotheses import NAMED
from ..instance import EVALUATION_BITS, NORMS, TwoLayerInstance
from . import scope
from .evidence import argued, smooth_control

SYMBOLS = {
    "size": "sup|sigma|",
    "slope": "M_1",
    "bend": "M_2",
    "third": "M_3",
    "defect": "kappa",
}


def _bend(inst: TwoLayerInstance, closed: sympy.Expr) -> tuple[Relation, arb]:
    """The enclosure of M₂ that the range analysis finds by itself, and the closed form; the closed form again."""
    found = inst.constants.bend.enclosure
    with precision(inst.budget.bits):
        value = constant(closed)
    text = "branch and bound over the line, and the largest value among critical points and ends"
    return Relation.of(text, arb("nan") if found is None else found, value, Sense.EQUAL), value


@check("villani-second-derivative", scope=ACTIVATION)
def second_derivative(inst: TwoLayerInstance) -> Outcome:
    """The supremum from its critical points, exactly, and inside the enclosure that the range analysis finds."""
    closed = second_derivative_supremum(inst.activation.name)
    relation, value = _bend(inst, closed)
    return judge(
        [relation],
        exact("the largest value among the critical points and the ends", value=str(closed)),
        value=value,
        lemma="lemma.sigmoidal-bend",
        method="critical points, and range analysis",
        detail={"quantity": "sup|sigma''|"},
    )


@control("villani-second-derivative")
def second_derivative_control(inst: TwoLayerInstance) -> Outcome:
    """The closed form times 1 + 1e-9 lies outside the enclosure."""
    if inst.activation.name not in NAMED:
        return Outcome(Verdict.NOT_APPLICABLE, reason="no closed form is claimed for this activation")
    return planted([_bend(inst, second_derivative_supremum(inst.activation.name))[0].moved()])


def _enclosures(inst: TwoLayerInstance) -> dict[str, Relation]:
    """Each supremum that was found: the enclosure by branch and bound, and its value, in closed form where known."""
    return {
        name: Relation.of(
            f"{SYMBOLS[name]}{'' if found.closed_form is None else f' = {found.closed_form}'}: branch and bound",
            found.enclosure,
            found.value,
            Sense.EQUAL,
        )
        for name, found in inst.constants.items()
        if found.value is not None and found.enclosure is not None
    }


@check("villani-constants", scope=ACTIVATION)
def activation_constants(inst: TwoLayerInstance) -> Outcome:
    """The five suprema, each by branch and bound; where a closed form is known it lies inside.

    The enclosures are the conclusion: it is computed where each one was found, and is narrow.
    """
    known = dict(inst.constants.items())
    third = known["third"]
    if third.value is None:
        return Outcome(Verdict.UNKNOWN, reason=f"M_3 was not enclosed: {third.reason}")
    infinite = [note(f"{SYMBOLS[name]} is infinite: {value.reason}") for name, value in known.items() if value.infinite]
    open_ = [SYMBOLS[name] for name, v in known.items() if v.value is None and not v.infinite]
    narrow = tuple(
        Relation.of(f"the enclosure of {SYMBOLS[name]} is narrow", v.enclosure.rad(), SLIGHTLY, condition=True)
        for name, v in known.items()
        if v.enclosure is not None
    )
    found = judge(
        [*_enclosures(inst).values(), *narrow],
        *infinite,
        value=third.value if third.enclosure is None else third.enclosure,
        argued=True,
        method="range analysis" + (f"; not found: {', '.join(open_)}" if open_ else ""),
        detail={"quantity": "sup|sigma'''|"},
    )
    return replace(found, computed=narrow if len(narrow) == len(known) else ())


@smooth_control("villani-constants")
def constants_control(inst: TwoLayerInstance) -> Outcome:
    """M₁, M₂ and M₃ times 1 + 1e-9 lie outside their enclosures."""
    found = _enclosures(inst)
    return each(found[name].moved() for name in ("slope", "bend", "third") if name in found)


def _laplacians(bend_sign: int) -> list[Relation]:
    """The formula of the Laplacian, with a sign of its second term, and the sum of second derivatives by power series.

    At a network where the term with σ'' is nearly everything, and at one where that with σ' is.
    """
    found = []
    with precision(EVALUATION_BITS):
        for extremal in (most_bent(1), most_spread()):
            network, weights = extremal.network, extremal.weights
            p, d = weights.nrows(), weights.ncols()
            units = [arb_mat(p, d, [int(i == k) for i in range(p * d)]) for k in range(p * d)]
            series = sum((network.along(weights, unit)[2] for unit in units), arb(0))
            formula = replace(network, bend_sign=bend_sign).values(weights).data_laplacian
            text = f"Laplacian with {extremal.name}: formula, power series"
            found.append(Relation.of(text, formula, series, Sense.EQUAL))
    return found


@check("villani-derivatives", scope=scope.evaluations)
def derivatives(inst: TwoLayerInstance) -> Outcome:
    """The lemma for an arbitrary smooth σ; both sides in balls along lines on the data, and for the Laplacian."""
    formulas = inst.evaluations[: len(NORMS)]
    with precision(EVALUATION_BITS):
        series = [inst.network.along(inst.weights(norm, k), inst.weights(1.0, k + 100)) for k, norm in enumerate(NORMS)]
    first, second = "first derivatives: formula, power series", "second derivatives: formula, power series"
    return argued(
        "logistic-derivatives",
        [
            Relation.of(first, [v.slope for v in formulas], [s[1] for s in series], Sense.EQUAL, place="line"),
            Relation.of(second, [v.curvature for v in formulas], [s[2] for s in series], Sense.EQUAL, place="line"),
            *_laplacians(-1),
        ],
        method="symbolic differentiation; power series in balls",
    )


@control("villani-derivatives")
def derivatives_control(inst: TwoLayerInstance) -> Outcome:
    """With the sign of its second term changed the formula is not the Laplacian, where that term counts."""
    return planted(_laplacians(1))
