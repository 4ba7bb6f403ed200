"""Two-layer-logistic: noisy descent: log-Sobolev inequalities, the theorems at every step, and plans (C24 to C28)."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache

from flint import arb

from .....theory.verdict import Verdict
from ....balls.ball import Ball, enclose
from ....balls.precision import precision
from ....certificates.certificate import EvidenceItem
from ....checks.evidence import enclosed, note
from ....checks.registry import Outcome, check
from ....checks.relation import Relation, Sense, each
from ....studies.descent_plan import Plan, SgdPlan, digits
from ..extremal import NOISE, bump_law
from ..gap import upper_bound
from ..instance import TwoLayerInstance
from ..quadrature import cell_moments, clustered_grid, default_reach
from ..scalar import reference
from ..sgd.extremal import Quadratic
from ..sgd.log_sobolev import CITED, INEQUALITIES, LogSobolev, holley_stroock, options
from ..sgd.setting import SgdSetting
from ..sgd.theorem import ConvexDescent, NoisyDescent, Start, stationarity
from ..sgd.worked import worked, worked_inequalities
from . import scope
from .evidence import argued, smooth_control

NEARLY = Fraction(99, 100)
COLD = Fraction(1, 10)
"""A noise level at which the gap of T1 is well below its regularisation."""


# -- logarithmic Sobolev inequalities -----------------------------------------------


@cache
def _cold_gap() -> arb:
    """An upper bound of the spectral gap of T1 at that level: an enclosed quotient."""
    loss = reference("T1")
    return upper_bound(cell_moments(loss, COLD, clustered_grid(default_reach(loss, COLD), 400)))[2]


def _below_the_gap(kept: bool = True) -> list[Relation]:
    """Each constant of T1 against the enclosed gap; or λ, which each is without its loss."""
    setting = SgdSetting.scalar(reference("T1"))
    found = options(setting, COLD)
    upper = _cold_gap()
    return [
        Relation.of(
            f"{option.name}: the constant is at most the gap of T1 at s = {COLD}",
            option.constant if kept else setting.rate,
            upper,
        )
        for option in found
        if not option.defect > 0
    ]


def _barrier(share: Fraction) -> Relation:
    """A share of the exponent of Holley and Stroock where a barrier is the whole oscillation."""
    law = bump_law()
    setting = SgdSetting.scalar(law.loss)
    assert setting.oscillation is not None  # the bump is bounded
    with precision(setting.bits):
        found = holley_stroock(setting, NOISE, setting.oscillation * enclose(share))
    assert found is not None
    text = f"{share} of the exponent, where a barrier is the whole oscillation"
    return Relation.of(text, found.constant, upper_bound(law)[2])


def by_hand(found: list[tuple[str, arb, arb]]) -> list[Relation]:
    """Formulas at simple constants, worked out by hand."""
    return [Relation.of(f"{text}, by hand", left, right, Sense.EQUAL) for text, left, right in found]


def _listed(found: tuple[LogSobolev, ...]) -> list[EvidenceItem]:
    return [
        enclosed(f"{option.name}: {CITED[option.name]}", log10=option.log10_constant, defect=option.defect)
        for option in found
    ]


@check("sgd-log-sobolev", scope=scope.constants)
def log_sobolev(inst: TwoLayerInstance) -> Outcome:
    """All constants on the data of the study at its noise level; those of T1 against the enclosed gap."""
    found = options(inst.sgd, inst.step)
    best = max(found, key=lambda option: option.log_constant.lower())
    return argued(
        ("holley-stroock-envelope", "mean-field-log-sobolev"),
        _below_the_gap(),
        *_listed(found),
        sharp=[_barrier(Fraction(1)), *by_hand(worked_inequalities())],
        value=best.log10_constant,
        method="perturbation, convexity, one neuron at a time; enclosed constants",
        detail={"quantity": "log10 of the constant", "case": best.name},
    )


@smooth_control("sgd-log-sobolev")
def log_sobolev_control(_: TwoLayerInstance) -> Outcome:
    """λ in the place of each constant, and two thirds of the exponent of Holley and Stroock."""
    return each([*_below_the_gap(kept=False), _barrier(Fraction(2, 3))])


# -- Theorem 3 ----------------------------------------------------------------------

WARM = Quadratic(Fraction(1), Fraction(20), Fraction(1, 10))
"""A quadratic loss with λ = 1/100, and a step of a fifth of 1/λ."""
EARLY, LATE = 3, 40
DESCENT = (
    "noisy-sgd-free-energy",
    "noisy-sgd-moments",
    "noisy-sgd-first-step",
    "noisy-sgd-recursion",
    "conditional-noise",
)
PLANTS = ("R_k", "K_1", "N", "step")


def _quadratic(name: str, share: Fraction = Fraction(1)) -> Relation:
    """One line of the theorem against the exact laws of a quadratic loss, with a share of what it adds."""
    law = WARM
    descent = NoisyDescent(law.setting, law.noise, law.step, law.start, law.inequality)
    with precision(descent.setting.bits):
        part = enclose(share)
        match name:
            case "R_k":
                return Relation.of("E|W_k|^2 <= R_k, late", law.second_moment(LATE), part * descent.second_moment(LATE))
            case "K_1":
                return Relation.of("KL(rho_1|pi) <= K_1", law.entropy(1), part * descent.first)
            case "N":
                cost = descent.thermal(law.second_moment(EARLY))
                relative = law.entropy(EARLY) * enclose(law.noise) / 2
                return Relation.of("the transfer to the loss, early", law.excess(EARLY), relative + part * cost)
            case _:
                bound = descent.recursed(law.entropy(LATE)) - (1 - part) * descent.recursion_cost
                return Relation.of("KL after one more step, late", law.entropy(LATE + 1), bound)


@check("sgd-descent", scope=scope.setting)
def descent(inst: TwoLayerInstance) -> Outcome:
    """The bound at every step, with every constant enclosed; its lines against the laws of a quadratic loss."""
    found = [
        (kind, plans, setting)
        for kind, plans, setting in zip(KINDS, inst.sgd_plans, (inst.sgd, inst.sgd_with_batches), strict=True)
    ]
    relations = [*(_quadratic(name) for name in PLANTS), *by_hand(worked())]
    shown: list[EvidenceItem] = []
    value: arb | None = None
    detail: dict[str, object] = {}
    for kind, plans, setting in found:
        plan = next((p for p in plans.plans if p.inequality is not None), None)
        if plan is None:
            continue
        run = _run(inst, setting, plan)
        steps = plan.exact_steps.arb
        items = {"K_1": run.first, "bias": run.bias, "R": run.second_moment(steps), "bound": run.excess(steps)}
        shown.append(
            enclosed(f"{kind}: s = {digits(plan.noise)}, eta = {digits(plan.step)}, {plan.inequality}", **items)
        )
        if value is None:
            value, detail = run.first, {"quantity": "K_1", "case": kind}
    if value is None:
        return Outcome(Verdict.UNKNOWN, reason="no temperature and step were found that bring the bound to epsilon")
    return argued(DESCENT, relations, *shown, value=value, detail=detail)


@smooth_control("sgd-descent")
def descent_control(_: TwoLayerInstance) -> Outcome:
    """99/100 of R_k, K_1 and the transfer, and nothing for a step, for a quadratic loss."""
    return each([*(_quadratic(name, NEARLY) for name in PLANTS[:3]), _quadratic("step", Fraction(0))])


# -- plans --------------------------------------------------------------------------

KINDS = ("Gaussian noise", "mini-batches and Gaussian noise")


def _run(inst: TwoLayerInstance, setting: SgdSetting, plan: Plan) -> NoisyDescent:
    start = Start.gaussian(setting, inst.initial_variance)
    assert plan.inequality is not None  # the plan is one by relative entropy
    used = INEQUALITIES[plan.inequality](setting, plan.noise)
    assert used is not None  # it was used for the plan
    step = plan.step.arb if isinstance(plan.step, Ball) else plan.step
    return NoisyDescent(setting, plan.noise, step, start, used)


def _said(kind: str, plans: SgdPlan) -> list[EvidenceItem]:
    """The plans of one kind, and what else is known of the target."""
    trivial = "the weights zero meet the target" if plans.trivial is Verdict.ARGUED else "not known to be trivial"
    convex = "the loss is strongly convex" if plans.convex is Verdict.ARGUED else "not covered by convexity"
    items = [enclosed(f"{kind}: {plan}", log10_K=plan.log10_steps.arb, bound=plan.bound.arb) for plan in plans.plans]
    return [*items, enclosed(f"{kind}: {trivial}; {convex}", room_at_zero=plans.room_at_zero.arb)]


@check("sgd-plan", scope=scope.setting)
def plan(inst: TwoLayerInstance) -> Outcome:
    """The right side of the theorem at the number of steps found, in balls, for both kinds of noise."""
    found = dict(zip(KINDS, inst.sgd_plans, strict=True))
    best = {kind: plans.best for kind, plans in found.items()}
    first = best[KINDS[0]]
    if first is None:
        return Outcome(Verdict.UNKNOWN, reason="no plan was found: no constant is large enough to be used")
    relations = [
        Relation.of(f"{kind}: E L(W_K) - inf L <= {inst.epsilon}", one.bound.arb, inst.epsilon)
        for kind, one in best.items()
        if one is not None
    ]
    detail: dict[str, object] = {"quantity": "log10 of the number of steps", "case": first.inequality or first.theorem}
    return argued(
        (*DESCENT, "holley-stroock-envelope", "mean-field-log-sobolev", "strongly-convex-sgd"),
        relations,
        *(item for kind, plans in found.items() for item in _said(kind, plans)),
        value=first.log10_steps.arb,
        detail=detail,
    )


@cache
def _closed_formula() -> tuple[Fraction, arb]:
    """What the bound is at the number of steps of the closed formula, where the step is long: ε, and the bound.

    The formula takes what temperature costs for η → 0 and a step at which the rest costs 4/5 of the room.
    """
    law = WARM
    c = law.setting
    descent = NoisyDescent(c, law.noise, law.step, Start.point(c), law.inequality)
    with precision(c.bits):
        beta = 2 / enclose(law.noise)
        temperature = descent.thermal(enclose(law.noise) * c.parameters / (2 * c.rate))
        target = temperature + descent.bias * 5 / (4 * beta)
        epsilon = Fraction(math.ceil(float(target.upper()) * 2**40) + 1, 2**40)
        room = beta * (enclose(epsilon) - temperature)
        waiting = (5 * descent.first / room).log().max(arb(0)) / (c.rate * enclose(law.step))
        return epsilon, descent.excess(1 + int(waiting.upper().ceil().fmpz()))


@smooth_control("sgd-plan")
def plan_control(_: TwoLayerInstance) -> Outcome:
    """The number of steps of the closed formula: the bound there is above the target."""
    epsilon, bound = _closed_formula()
    return each([Relation.of("the bound at the number of steps of the closed formula", bound, epsilon)])


# -- Theorem 6 and stationarity -----------------------------------------------------

FORGETTING = Quadratic(Fraction(1, 10**9), Fraction(1), Fraction(1))


def _convex(law: Quadratic, steps: int, share: Fraction = Fraction(1)) -> Relation:
    """The excess of a quadratic loss and a share of its bound."""
    bound = ConvexDescent(law.setting, law.noise, law.step, law.start).excess(steps)
    with precision(law.setting.bits):
        text = f"the excess of a quadratic loss after {steps} steps, s = {law.noise}"
        return Relation.of(text, law.excess(steps), enclose(share) * bound)


@check("sgd-strongly-convex", scope=scope.setting)
def strongly_convex(inst: TwoLayerInstance) -> Outcome:
    """Plans above λ_cvx for the three kinds of noise: at the λ of the study, or at twice λ_cvx where that is larger."""
    found = inst.sgd_convex_plans
    shown, relations = [], []
    for kind, one in found.items():
        relations.append(Relation.of(f"{kind}: E L(W_K) - inf L <= {inst.epsilon}", one.bound.arb, inst.epsilon))
        shown.append(enclosed(f"{kind}: {one}", log10_K=one.log10_steps.arb, bound=one.bound.arb))
    if not found:
        return Outcome(Verdict.UNKNOWN, reason="no plan was found")
    rate = inst.sgd_convex_rate
    first = next(iter(found.values()))
    return argued(
        "strongly-convex-sgd",
        relations,
        *shown,
        note(f"lambda = {rate}; that of the study is {inst.regularisation}"),
        sharp=[_convex(WARM, LATE), _convex(FORGETTING, 1)],
        value=first.log10_steps.arb,
        detail={"quantity": f"log10 of the number of steps at lambda = {rate}"},
    )


@smooth_control("sgd-strongly-convex")
def strongly_convex_control(_: TwoLayerInstance) -> Outcome:
    """99/100 of what remains, and of what is forgotten, for a quadratic loss."""
    return each([_convex(WARM, LATE, NEARLY), _convex(FORGETTING, 1, NEARLY)])


ONE_STEP = Quadratic(Fraction(1), Fraction(999, 10), Fraction(1))


def _one_step(share: Fraction = Fraction(1)) -> Relation:
    """The squared gradient of a quadratic loss at the start, and a share of its bound for one step."""
    c, start = ONE_STEP.setting, ONE_STEP.start
    with precision(c.bits):
        gradient = c.rate**2 * enclose(ONE_STEP.norm_squared)
        bound = enclose(share) * stationarity(c, ONE_STEP.step, 1, start)
        return Relation.of("the squared gradient of a quadratic loss at its start", gradient, bound)


@check("sgd-stationarity", scope=scope.setting)
def stationary_points(inst: TwoLayerInstance) -> Outcome:
    """Plain mini-batches with the step that balances both terms over a million steps."""
    c = inst.sgd_with_batches
    start = Start.gaussian(c, inst.initial_variance)
    steps = 10**6
    with precision(c.bits):
        best = 1 / c.smoothness
        if c.noise > 0:  # it is zero where all inputs are
            best = best.min((2 * (start.loss - c.loss_floor) / (steps * c.smoothness * c.noise)).sqrt())
        step = Fraction(math.floor(Ball(best).lower * 2**60), 2**60)
    bound = stationarity(c, step, steps, start)
    initial = stationarity(c, step, 1, start)
    return argued(
        "sgd-stationarity",
        [Relation.of(f"the bound after {steps} steps is at most the one after 1", bound, initial)],
        enclosed(
            f"batches of {inst.batch} with replacement, eta = {digits(step)}", sigma2=c.noise, Lambda=c.smoothness
        ),
        sharp=[_one_step()],
        value=bound,
        detail={"quantity": f"mean squared gradient over {steps} steps"},
    )


@smooth_control("sgd-stationarity")
def stationarity_control(_: TwoLayerInstance) -> Outcome:
    """99/100 of the first term, for a quadratic loss and one step."""
    return each([_one_step(NEARLY)])
