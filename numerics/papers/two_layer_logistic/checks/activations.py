"""Two-layer-logistic: constants of the activation and formulas of the derivatives (C1 to C3)."""

from __future__ import annotations

from functools import cache

from flint import arb

from .....theory.verdict import Verdict
from ....balls.ball import enclose, excludes
from ....balls.precision import precision
from ....certificates.certificate import EvidenceItem
from ....checks.evidence import SLIGHTLY, enclosed, ends, exact
from ....checks.registry import Outcome, check, control
from ....expressions.lowering import constant
from ..constants import Supremum
from ..hypotheses import NAMED
from ..instance import EVALUATION_BITS, NORMS, TwoLayerInstance
from ..symbolic import coordinate_identities, second_derivative_supremum, vanishes

SYMBOLS = {
    "size": "sup|sigma|",
    "slope": "M_1",
    "bend": "M_2",
    "third": "M_3",
    "defect": "kappa",
}


def not_smooth(inst: TwoLayerInstance) -> Outcome | None:
    """What a control says where the theory says nothing: the activation is not smooth, or its bounds are missing."""
    c = inst.constants
    if c.smooth is not Verdict.PROVED:
        return Outcome(Verdict.NOT_APPLICABLE, reason=f"{c.name} is not proved smooth: {c.smooth_reason}")
    for name in ("slope", "bend"):
        if getattr(c, name).value is None:
            return Outcome(Verdict.NOT_APPLICABLE, reason=f"{SYMBOLS[name]} of {c.name} is not known to be finite")
    return None


@check("villani-second-derivative")
def second_derivative(inst: TwoLayerInstance) -> Outcome:
    """The supremum from its critical points, exactly, and inside the enclosure that the range analysis finds."""
    name, bits = inst.activation.name, inst.budget.bits
    closed = second_derivative_supremum(name)
    found = inst.constants.bend.enclosure
    if found is None:
        return Outcome(Verdict.UNKNOWN, reason="the range analysis found no enclosure")
    with precision(bits):
        value = constant(closed)
        if excludes(found, value):
            return Outcome(Verdict.REFUTED, (enclosed("the enclosure excludes the closed form", found=found),))
    lower, upper = ends(value)
    return Outcome(
        Verdict.PROVED,
        (
            exact("the largest value among the critical points and the ends", value=str(closed)),
            enclosed("branch and bound over the line encloses the same number", enclosure=found),
        ),
        lower,
        upper,
        method="critical points, and range analysis",
        detail={"quantity": "sup|sigma''|"},
    )


@control("villani-second-derivative")
def second_derivative_control(inst: TwoLayerInstance) -> Outcome:
    """The closed form times 1 + 1e-9 lies outside the enclosure."""
    found = inst.constants.bend.enclosure
    if inst.activation.name not in NAMED or found is None:
        return Outcome(Verdict.NOT_APPLICABLE, reason="no closed form is claimed for this activation")
    with precision(inst.budget.bits):
        planted = constant(second_derivative_supremum(inst.activation.name)) * enclose(1 + SLIGHTLY)
        outside = not found.overlaps(planted)
    return _excluded(outside, found)


def _excluded(outside: bool, found: arb) -> Outcome:
    if outside:
        return Outcome(Verdict.REFUTED, (enclosed("the enclosure excludes the planted value", enclosure=found),))
    return Outcome(Verdict.UNKNOWN, reason="the enclosure is too wide to exclude the planted value")


@check("villani-constants")
def activation_constants(inst: TwoLayerInstance) -> Outcome:
    """The five suprema, each by branch and bound; where a closed form is known it lies inside."""
    known = dict(inst.constants.items())
    third = known["third"]
    if third.value is None:
        return Outcome(Verdict.UNKNOWN, reason=f"M_3 was not enclosed: {third.reason}")
    evidence = [
        _evidence(SYMBOLS[name], value, value.value) for name, value in known.items() if value.value is not None
    ]
    evidence += [
        exact(f"{SYMBOLS[name]} is infinite: {value.reason}") for name, value in known.items() if value.infinite
    ]
    open_ = [SYMBOLS[name] for name, value in known.items() if value.value is None and not value.infinite]
    lower, upper = ends(third.value)
    return Outcome(
        Verdict.PROVED,
        tuple(evidence),
        lower,
        upper,
        method="range analysis" + (f"; not found: {', '.join(open_)}" if open_ else ""),
        detail={"quantity": "sup|sigma'''|"},
    )


def _evidence(symbol: str, value: Supremum, ball: arb) -> EvidenceItem:
    shown = value.enclosure if value.enclosure is not None else ball
    if value.closed_form is not None:
        return enclosed(f"{symbol} = {value.closed_form} lies in the enclosure", enclosure=shown)
    return enclosed(f"{symbol} by branch and bound over the line", enclosure=shown)


@control("villani-constants")
def constants_control(inst: TwoLayerInstance) -> Outcome:
    """M₁, M₂ and M₃ times 1 + 1e-9 lie outside their enclosures."""
    missing = not_smooth(inst)
    if missing is not None:
        return missing
    with precision(inst.budget.bits):
        for name in ("slope", "bend", "third"):
            value: Supremum = getattr(inst.constants, name)
            if value.value is None or value.enclosure is None:
                continue
            if value.value.contains(0) or value.enclosure.overlaps(value.value * enclose(1 + SLIGHTLY)):
                return Outcome(Verdict.UNKNOWN, reason=f"{SYMBOLS[name]} is not separated from the planted value")
    return Outcome(Verdict.REFUTED, (enclosed("the planted M_2 is excluded", enclosure=inst.bounds.bend),))


@cache
def _identities(bend_sign: int) -> tuple[str, ...]:
    """The identities that do not vanish."""
    return tuple(name for name, residual in coordinate_identities(bend_sign) if not vanishes(residual))


@check("villani-derivatives")
def derivatives(inst: TwoLayerInstance) -> Outcome:
    """The identities for an arbitrary smooth σ symbolically; then both sides in balls on the data of the study."""
    wrong = _identities(-1)
    if wrong:
        return Outcome(Verdict.UNKNOWN, reason=f"not derived symbolically: {', '.join(wrong)}")
    agreed, bend = 0, arb(0)
    with precision(EVALUATION_BITS):
        for k, norm in enumerate(NORMS):
            weights, direction = inst.weights(norm, k), inst.weights(1.0, k + 100)
            values = inst.evaluations[k]
            _, slope, bend = inst.network.along(weights, direction)
            if excludes(values.slope, slope) or excludes(values.curvature, bend):
                return Outcome(Verdict.REFUTED, (enclosed("power series and formulas disagree", series=bend),))
            agreed += 1
    return Outcome(
        Verdict.PROVED,
        (
            exact("first and second derivatives in one and in two weights, for an arbitrary smooth function sigma"),
            enclosed(
                f"on the data of the study, formulas and power series agree along {agreed} lines",
                second_derivative=bend,
            ),
        ),
        method="symbolic differentiation; power series in balls",
    )


@control("villani-derivatives")
def derivatives_control(inst: TwoLayerInstance) -> Outcome:
    """With the sign of the second term changed the Laplacian is not an identity."""
    wrong = _identities(1)
    if wrong:
        return Outcome(Verdict.REFUTED, (exact("the planted formula is not an identity", where=", ".join(wrong)),))
    return Outcome(Verdict.PROVED, (exact("the planted formula was derived"),))
