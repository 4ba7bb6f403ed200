"""The hypotheses of the two-layer-logistic claims, settled by exact or enclosed evidence."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from flint import arb

from ....theory.claims.claim import Hypothesis
from ....theory.verdict import Verdict
from ...balls.ball import enclose
from ...balls.precision import precision
from ...certificates.certificate import Discharged
from ...checks.relation import Relation
from .constants import Supremum
from .sgd.activation import descent_activation

if TYPE_CHECKING:
    from .instance import TwoLayerInstance

Settled = tuple[Verdict, str]
NAMED = ("sigmoid", "tanh", "erf")
SUPREMA = {
    "size": "sup|sigma|",
    "slope": "sup|sigma'|",
    "bend": "sup|sigma''|",
    "defect": "kappa = sup|sigma - z sigma'|",
}


def discharge(inst: TwoLayerInstance, hypothesis: Hypothesis) -> Discharged:
    """Whether a hypothesis holds for an instance: PROVED, REFUTED or UNKNOWN, with the reason in a sentence."""
    rule = _RULES.get(hypothesis.name)
    verdict, text = rule(inst) if rule else (Verdict.UNKNOWN, "no rule decides this hypothesis")
    return Discharged(hypothesis.name, verdict, text)


def not_covered(inst: TwoLayerInstance) -> Settled | None:
    """Which of smoothness, M₁ < ∞ and M₂ < ∞ is not proved, and why; None where the theory speaks."""
    settled = (rule(inst) for rule in (_smooth, partial(_finite, "slope"), partial(_finite, "bend")))
    return next((found for found in settled if found[0] is not Verdict.PROVED), None)


def _short(x: arb) -> str:
    return str(x.str(8)).replace("+/-", "±")


def _smooth(inst: TwoLayerInstance) -> Settled:
    c = inst.constants
    return c.smooth, f"{c.name}: {c.smooth_reason}"


def _finite(name: str, inst: TwoLayerInstance) -> Settled:
    what = SUPREMA[name]
    found: Supremum = getattr(inst.constants, name)
    if found.value is not None:
        return Verdict.PROVED, f"{what} = {_short(found.value)}"
    if found.infinite:
        return Verdict.REFUTED, f"{what} is infinite: {found.reason}"
    return Verdict.UNKNOWN, f"no bound of {what} was found: {found.reason}"


def _tame(inst: TwoLayerInstance) -> Settled:
    size = inst.constants.size
    if size.value is not None:
        return _finite("size", inst)
    settled = _finite("defect", inst)
    if settled[0] is Verdict.REFUTED and not size.infinite:
        return Verdict.UNKNOWN, f"kappa is infinite, and no bound of sup|sigma| was found: {size.reason}"
    return settled


def _radial(inst: TwoLayerInstance) -> Settled:
    """Whether sup|z sigma'(z)| or kappa is finite."""
    settled = _finite("defect", inst)
    if settled[0] is Verdict.PROVED or not_covered(inst) is not None:
        return settled
    found = descent_activation(inst.activation, inst.budget.bits)
    if found.chi is not None:
        return Verdict.PROVED, f"sup|z sigma'(z)| = {_short(found.chi)}"
    if found.radially_unbounded:
        return Verdict.REFUTED, f"sup|z sigma'(z)| is infinite, and {settled[1]}"
    return Verdict.UNKNOWN, f"no bound of sup|z sigma'(z)| was found, and {settled[1]}"


def _named(inst: TwoLayerInstance) -> Settled:
    text = f"the activation is {inst.activation.name}"
    if inst.activation.name in NAMED:
        return Verdict.PROVED, text
    return Verdict.REFUTED, f"{text}, not the logistic function, tanh or erf"


def _regularised(inst: TwoLayerInstance) -> Settled:
    if inst.regularisation > 0:
        return Verdict.PROVED, f"lambda = {inst.regularisation}"
    return Verdict.REFUTED, "lambda = 0: there is no regularisation"


def _compare(low: arb, high: arb, holds: str, fails: str) -> Settled:
    """Whether ``low <= high``, from balls."""
    verdict = Relation.of(holds, low, high).verdict
    undecided = f"{_short(low)} and {_short(high)} are not separated at this precision"
    return verdict, {Verdict.PROVED: holds, Verdict.REFUTED: fails}.get(verdict, undecided)


def _where_covered(rule: Callable[[TwoLayerInstance], Settled], inst: TwoLayerInstance) -> Settled:
    """What the rule says, where its constants exist."""
    return not_covered(inst) or rule(inst)


def _wide(inst: TwoLayerInstance) -> Settled:
    with precision(inst.budget.bits):
        left = enclose(inst.outer.two_squared / inst.outer.infinity)
        right = 2 * inst.bounds.bend / inst.bounds.slope**2
    text = f"|a|_2^2/|a|_inf = {_short(left)}, and 2 M_2/M_1^2 = {_short(right)}"
    return _compare(right, left, text, text + ": the layer is too narrow")


def _small_step(inst: TwoLayerInstance) -> Settled:
    bounds = inst.convex_bounds
    with precision(inst.budget.bits):
        product = enclose(inst.step) * (bounds.strong_convexity + bounds.smoothness)
    text = f"lambda = {inst.convex_case.regularisation} there, and s (m + gLip) = {_short(product)}"
    return _compare(product, arb(2), text + " <= 2", text + " > 2: the step is above 2/(m + gLip)")


_RULES: dict[str, Callable[[TwoLayerInstance], Settled]] = {
    "smooth": _smooth,
    "bounded-slope": partial(_finite, "slope"),
    "bounded-bend": partial(_finite, "bend"),
    "regularised": _regularised,
    "bounded": partial(_finite, "size"),
    "bounded-or-homogeneous": _tame,
    "radial": _radial,
    "closed-form": _named,
    "wide": partial(_where_covered, _wide),
    "small-step": partial(_where_covered, _small_step),
}
