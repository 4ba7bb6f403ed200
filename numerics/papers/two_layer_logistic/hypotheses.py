"""The hypotheses of the two-layer-logistic claims, settled by exact or enclosed evidence."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flint import arb

from ....theory.claims.claim import Hypothesis
from ....theory.verdict import Verdict
from ...balls.ball import enclose
from ...balls.precision import precision
from ...certificates.certificate import Discharged
from .constants import Supremum

if TYPE_CHECKING:
    from .instance import TwoLayerInstance

Settled = tuple[Verdict, str]
NAMED = ("sigmoid", "tanh", "erf")


def discharge(inst: TwoLayerInstance, hypothesis: Hypothesis) -> Discharged:
    """Whether a hypothesis holds for an instance: PROVED, REFUTED or UNKNOWN, with the reason in a sentence."""
    rule = _RULES.get(hypothesis.name)
    if rule is None:
        return Discharged(hypothesis.name, Verdict.UNKNOWN, "no rule decides this hypothesis")
    verdict, text = rule(inst)
    return Discharged(hypothesis.name, verdict, text)


def _short(x: arb) -> str:
    return str(x.str(8)).replace("+/-", "±")


def _smooth(inst: TwoLayerInstance) -> Settled:
    c = inst.constants
    return c.smooth, f"{c.name}: {c.smooth_reason}"


def _finite(what: str, value: Supremum) -> Settled:
    if value.value is not None:
        return Verdict.PROVED, f"{what} = {_short(value.value)}"
    if value.infinite:
        return Verdict.REFUTED, f"{what} is infinite: {value.reason}"
    return Verdict.UNKNOWN, f"no bound of {what} was found: {value.reason}"


def _slope(inst: TwoLayerInstance) -> Settled:
    return _finite("sup|sigma'|", inst.constants.slope)


def _bend(inst: TwoLayerInstance) -> Settled:
    return _finite("sup|sigma''|", inst.constants.bend)


def _bounded(inst: TwoLayerInstance) -> Settled:
    return _finite("sup|sigma|", inst.constants.size)


def _tame(inst: TwoLayerInstance) -> Settled:
    size, defect = inst.constants.size, inst.constants.defect
    if size.value is not None:
        return _bounded(inst)
    settled = _finite("kappa = sup|sigma - z sigma'|", defect)
    if settled[0] is Verdict.REFUTED and not size.infinite:
        return Verdict.UNKNOWN, f"kappa is infinite, and no bound of sup|sigma| was found: {size.reason}"
    return settled


def _named(inst: TwoLayerInstance) -> Settled:
    name = inst.activation.name
    if name in NAMED:
        return Verdict.PROVED, f"the activation is {name}"
    return Verdict.REFUTED, f"the activation is {name}, not the logistic function, tanh or erf"


def _regularised(inst: TwoLayerInstance) -> Settled:
    if inst.regularisation > 0:
        return Verdict.PROVED, f"lambda = {inst.regularisation}"
    return Verdict.REFUTED, "lambda = 0: there is no regularisation"


def _compare(low: arb, high: arb, holds: str, fails: str) -> Settled:
    """Whether ``low <= high``, from balls."""
    if low <= high:
        return Verdict.PROVED, holds
    if low > high:
        return Verdict.REFUTED, fails
    return Verdict.UNKNOWN, f"{_short(low)} and {_short(high)} are not separated at this precision"


def _missing(inst: TwoLayerInstance) -> Settled | None:
    for settled in (_smooth(inst), _slope(inst), _bend(inst)):
        if settled[0] is not Verdict.PROVED:
            return settled
    return None


def _wide(inst: TwoLayerInstance) -> Settled:
    missing = _missing(inst)
    if missing is not None:
        return missing
    with precision(inst.budget.bits):
        left = enclose(inst.outer.two_squared / inst.outer.infinity)
        right = 2 * inst.bounds.bend / inst.bounds.slope**2
    text = f"|a|_2^2/|a|_inf = {_short(left)}, and 2 M_2/M_1^2 = {_short(right)}"
    return _compare(right, left, text, text + ": the layer is too narrow")


def _small_step(inst: TwoLayerInstance) -> Settled:
    missing = _missing(inst)
    if missing is not None:
        return missing
    bounds = inst.convex_bounds
    with precision(inst.budget.bits):
        product = enclose(inst.step) * (bounds.strong_convexity + bounds.smoothness)
    text = f"lambda = {inst.convex_case.regularisation} there, and s (m + gLip) = {_short(product)}"
    return _compare(product, arb(2), text + " <= 2", text + " > 2: the step is above 2/(m + gLip)")


_RULES: dict[str, Callable[[TwoLayerInstance], Settled]] = {
    "smooth": _smooth,
    "bounded-slope": _slope,
    "bounded-bend": _bend,
    "regularised": _regularised,
    "bounded": _bounded,
    "bounded-or-homogeneous": _tame,
    "closed-form": _named,
    "wide": _wide,
    "small-step": _small_step,
}
