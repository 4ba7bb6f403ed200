"""Widths with probability 1 - δ: concentration of the features, descent and flow end to end (A27 to A29)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from math import comb

from flint import arb

from .....theory.numbers import numeral
from .....theory.verdict import Verdict
from ....balls.ball import enclose
from ....balls.ends import upper_float
from ....balls.precision import precision
from ....checks.registry import Outcome, check, control
from ....checks.relation import Relation, judge, planted
from ....checks.scope import inputs
from ..descent.closed import closed_width, composed_constants
from ..descent.concentration import concentrated, entropy
from ..descent.theorem import BITS, conditions
from ..descent.told import as_bounds, bounded, found_from
from ..descent.width import Setting, Width, bisected, least_width
from ..instance import ImplicitInstance

HALF = Fraction(1, 2)
ROOT = Fraction(4641, 1000)
"""The constant of the flow in closed form."""


def _scope(inst: ImplicitInstance) -> str:
    """The inputs of the training, any of the networks on them."""
    return (
        f"networks on {inputs(inst.training.data.n, inst.data.n)}, gamma = {inst.gamma}, delta = {numeral(inst.delta)}"
    )


# -- A27 ----------------------------------------------------------------------------------


def _tail(square: bool) -> Relation:
    """1000 units, one input, ψ² = 4 with probability 1/4: P(mean of ψ² at most 1/2), against the exponent."""
    m, theta = 1000, HALF
    least = sum(comb(m, k) * 3 ** (m - k) for k in range(m // 8 + 1))
    with precision(BITS):
        rate = enclose(theta) ** 2 if square else entropy(enclose(theta))
        bound = (-(arb(m) / 4) * rate).exp()
    return Relation.of("P(lost half of the mean) <= exp(-m h/R)", enclose(Fraction(least, 4**m)), bound)


@check("feature-concentration", scope=_scope)
def feature_concentration(inst: ImplicitInstance) -> Outcome:
    """The width at which three quarters of λ_0 are kept, with the best of the statements, evaluated in balls."""
    setting = inst.training.setting

    def kept(width: int) -> tuple[int, Relation, str] | None:
        found = concentrated(setting.population, width, setting.delta)
        if found is None:
            return None
        with precision(BITS):
            relation = Relation.of("3/4 lambda_0 <= the bound", 3 * setting.population.least / 4, found.least)
        return (width, relation, found.by) if relation.verdict is Verdict.PROVED else None

    best = bisected(kept)
    if best is None:
        return Outcome(Verdict.UNKNOWN, method="concentration", reason="lambda_0 is too small for the widths tried")
    width, relation, by = best
    return judge(
        [as_bounds(relation), _tail(False)],
        bounded("with failure at most delta at this width", at_least={"width": arb(width)}),
        lemma="lemma.feature-chernoff",
        value=arb(width),
        method=by,
        detail={
            "quantity": "width that keeps 3/4 of lambda_0",
            "run": found_from(setting.population.least, setting.population.inputs),
            "width": str(width),
            "by": by,
        },
    )


@control("feature-concentration")
def feature_concentration_control(inst: ImplicitInstance) -> Outcome:
    """The square of θ in place of h(θ), against the exact tail of a binomial law."""
    return planted([_tail(True)])


# -- A28, A29 -----------------------------------------------------------------------------


def _shown(found: Width, setting: Setting) -> dict[str, object]:
    descent = found.descent
    told: dict[str, object] = {
        "quantity": "width from which it converges",
        "run": found_from(setting.population.least, setting.population.inputs),
        "width": str(found.width),
        "rate": -upper_float(-descent.horizon.rate),
        "a_*": upper_float(descent.contraction),
        "N": upper_float(descent.size),
        "least eigenvalue kept by": found.by,
        "delta": numeral(setting.delta),
    }
    if not setting.flow:
        told |= {"largest step": -upper_float(-descent.step), "steps to 1e-6": descent.steps(Fraction(1, 10**6))}
    return told


def _end_to_end(inst: ImplicitInstance, setting: Setting, *more: Relation, lemma: tuple[str, ...]) -> Outcome:
    found = least_width(setting)
    if found is None:
        return Outcome(Verdict.UNKNOWN, method="bisection", reason="no width up to 10^40 was certified")
    start, descent = found.initial, found.descent
    with precision(BITS):
        fast = Relation.of(
            f"{setting.share} lambda_0 <= c", enclose(setting.share) * setting.population.least, descent.horizon.rate
        )
    closed = closed_width(replace(setting, flow=False)) if setting.outputs == 0 else None
    detail = _shown(found, setting)
    if closed is not None:
        detail |= {"width in closed form": str(closed.width), "its largest step": -upper_float(-closed.step)}
    return judge(
        [*map(as_bounds, (fast, *conditions(start, descent))), *more],
        bounded(
            "at this width",
            at_least={"lambda": start.least, "c": descent.horizon.rate},
            at_most={"E0": start.residual, "Lambda": descent.largest, "T": descent.horizon.time},
        ),
        lemma=lemma,
        value=arb(found.width),
        method="bisection over widths, each certified in balls",
        margin=fast.margin,
        detail=detail,
    )


@check("width-descent", scope=_scope)
def width_descent(inst: ImplicitInstance) -> Outcome:
    """The least certified width from the output weights of the study; the constants of the closed form."""
    setting = replace(inst.training.setting, outputs=inst.outputs)
    lemmas = ("lemma.small-output-descent", "lemma.feature-chernoff", "lemma.composed-descent")
    return _end_to_end(inst, setting, *composed_constants(), lemma=lemmas)


@control("width-descent")
def width_descent_control(inst: ImplicitInstance) -> Outcome:
    """θ_2 = 0.26: three quarters of λ_0 are no longer kept."""
    return planted(composed_constants(Fraction(26, 100))[:1])


def flow_constant(bound: Fraction = ROOT) -> Relation:
    r""":math:`1/\beta'` at :math:`1-3\beta'=2^{-3/2}` against a bound."""
    with precision(BITS):
        value = 3 / (1 - arb("0.125").sqrt())
    return Relation.of(f"1/beta' <= {bound}", value, bound)


@check("width-flow", scope=_scope)
def width_flow(inst: ImplicitInstance) -> Outcome:
    """The least certified width for outputs N(0, 1), and the constant of the closed form."""
    setting = replace(inst.training.setting, outputs=Fraction(1), flow=True)
    lemmas = ("lemma.small-output-flow", "lemma.feature-chernoff", "lemma.composed-descent")
    return _end_to_end(inst, setting, flow_constant(), lemma=lemmas)


@control("width-flow")
def width_flow_control(inst: ImplicitInstance) -> Outcome:
    """4.640 in place of 4.641."""
    return planted([flow_constant(Fraction(4640, 1000))])
