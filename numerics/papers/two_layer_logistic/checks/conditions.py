"""Two-layer-logistic: the conditions of a Villani function (C7, C8, C10, C11)."""

from __future__ import annotations

from fractions import Fraction

from flint import arb

from .....theory.verdict import Verdict
from ....balls.ball import enclose
from ....balls.precision import precision
from ....checks.evidence import enclosed, ends, exact
from ....checks.registry import Outcome, check, control
from ..conditions import VillaniConditions, villani_conditions
from ..counterexample import CounterexampleDecision, decide
from ..enclosed import EnclosedValues
from ..extremal import most_bent, steepest
from ..instance import EVALUATION_BITS, TwoLayerInstance
from ..symbolic import square_identity
from .activations import not_smooth
from .bounds import below

CLAIMED, BEYOND = Fraction(37, 100), Fraction(38, 100)
TARGET = Fraction(1)


def _shown(found: VillaniConditions) -> tuple[str, dict[str, str]]:
    return "V1 to V4", {c.name: f"{c.verdict}: {c.reason}" for c in found.conditions}


@check("villani-conditions")
def conditions(inst: TwoLayerInstance) -> Outcome:
    """V1 to V4 from the growth of the loss and of the potential."""
    found = villani_conditions(inst.constants, inst.regularisation)
    if found.verdict is not Verdict.PROVED:
        return Outcome(Verdict.UNKNOWN, reason="; ".join(c.reason for c in found.conditions))
    text, values = _shown(found)
    bounds = inst.bounds
    return Outcome(
        Verdict.PROVED,
        (
            exact(text, **values),
            enclosed(
                "thresholds side by side: sufficient in the papers (recalled), strongly convex; needed: 0",
                lambda_c=bounds.published_threshold,
                lambda_cvx=bounds.convexity_threshold,
            ),
        ),
        method="growth of the potential",
        detail={"lambda": str(inst.regularisation)},
    )


@control("villani-conditions")
def conditions_control(inst: TwoLayerInstance) -> Outcome:
    """Without regularisation V4 fails."""
    found = villani_conditions(inst.constants, Fraction(0))
    text, values = _shown(found)
    return Outcome(found.verdict, (exact(text, **values),), reason="V4 is not decided without smoothness")


@check("villani-threshold-zero")
def threshold_zero(inst: TwoLayerInstance) -> Outcome:
    """|V| ≤ G²/s + D at λ = 0, with the enclosed constants, tried on the evaluations."""
    found = villani_conditions(inst.constants, Fraction(0))
    if found["V4"].verdict is not Verdict.REFUTED:
        return Outcome(Verdict.UNKNOWN, reason=found["V4"].reason)
    ceiling = inst.bounds.ceiling(inst.step)
    with precision(EVALUATION_BITS):
        pairs = [(_unregularised(values, inst.step), ceiling) for values in inst.evaluations]
        verdict = below([*pairs, *(sharp := _sharp_ceilings(Fraction(1)))])
    text, values_text = _shown(found)
    items = (
        exact(text + " at lambda = 0", **values_text),
        enclosed(f"|V| <= G^2/s + D for all W; it holds at {len(pairs)} evaluations", bound=ceiling),
        *(enclosed("a network that nearly attains it", V=value, bound=bound) for value, bound in sharp),
    )
    if verdict is not Verdict.PROVED:
        return Outcome(verdict, items, reason="|V| is not proved to lie below the bound at an evaluation")
    lower, upper = ends(ceiling)
    return Outcome(
        verdict,
        items,
        lower,
        upper,
        method="written proof with enclosed constants",
        detail={"quantity": "G^2/s + D"},
    )


def _unregularised(values: EnclosedValues, step: Fraction) -> arb:
    """|V| without regularisation."""
    return abs(values.data_gradient / enclose(step) - values.data_laplacian)


def _sharp_ceilings(factor: Fraction) -> list[tuple[arb, arb]]:
    """|V| and the bound where D, and where G²/s, is most of it."""
    cases = ((most_bent(1), Fraction(1)), (steepest(), Fraction(1, 10**6)))
    return [(_unregularised(n.values, s), enclose(factor) * n.bounds.ceiling(s)) for n, s in cases]


@control("villani-threshold-zero")
def threshold_zero_control(inst: TwoLayerInstance) -> Outcome:
    """99/100 of G²/s + D; and with λ > 0 a weight exists where V exceeds G²/s + D."""
    missing = not_smooth(inst)
    if missing is not None:
        return missing
    with precision(EVALUATION_BITS):
        sharp = _sharp_ceilings(Fraction(99, 100))
        if not all(value > bound for value, bound in sharp):
            return Outcome(Verdict.UNKNOWN, reason="an extremal network does not exceed the planted bound")
        items = [enclosed("|V| exceeds 99/100 of the bound", V=value, planted=bound) for value, bound in sharp]
    if inst.regularisation <= 0:
        return Outcome(Verdict.REFUTED, tuple(items))
    ceiling = inst.bounds.ceiling(inst.step)
    with precision(EVALUATION_BITS):
        level = Fraction(int(ceiling.upper().ceil().fmpz()) + 1)
        radius = inst.bounds.radius(level, inst.step)
        values = inst.network.values(inst.weights(float(radius.upper()) * (1 + 1e-6), 3))
        potential = values.potential(enclose(inst.step))
        if potential > ceiling:
            items.append(enclosed("V exceeds the bound with regularisation", V=potential, bound=ceiling))
            return Outcome(Verdict.REFUTED, tuple(items))
    return Outcome(Verdict.UNKNOWN, reason="V is not proved to exceed the bound at the chosen point")


@check("villani-squared-loss")
def squared_loss(inst: TwoLayerInstance) -> Outcome:
    """V1 to V4 for the squared loss with targets ±1: bounded σ, or κ < ∞ and a complete square."""
    if square_identity() != 0:
        return Outcome(Verdict.UNKNOWN, reason="the completed square was not derived symbolically")
    found = villani_conditions(inst.constants, inst.regularisation, loss="squared")
    if found.verdict is not Verdict.PROVED:
        return Outcome(Verdict.UNKNOWN, reason="; ".join(c.reason for c in found.conditions))
    text, values = _shown(found)
    one = enclose(inst.outer.one)
    with precision(inst.budget.bits):
        size, defect = inst.constants.size.value, inst.constants.defect.value
        if size is not None:
            reach = 1 + one * size
            gradient = reach * inst.bounds.gradient
            item = enclosed("bounded: |f - y| <= R_f and |grad g| <= R_f M_1 B |a|_2", R_f=reach, G=gradient)
        elif defect is None:
            return Outcome(Verdict.UNKNOWN, reason="neither sup|sigma| nor kappa was enclosed")
        else:
            item = enclosed("<grad L, W> >= lambda |W|^2 - Q, Q = (1 + kappa |a|_1)^2/4", Q=(1 + defect * one) ** 2 / 4)
    return Outcome(
        Verdict.PROVED,
        (exact(text, **values), exact("(f - y)(f - delta) + (y - delta)^2/4 is a square"), item),
        method="growth of the potential",
    )


@control("villani-squared-loss")
def squared_loss_control(inst: TwoLayerInstance) -> Outcome:
    """Without regularisation the squared loss of a bounded activation is not Villani; else nothing is said."""
    found = villani_conditions(inst.constants, Fraction(0), loss="squared")
    text, values = _shown(found)
    return Outcome(found.verdict, (exact(text, **values),), reason="coercivity depends on the data at lambda = 0")


def _decision(regularisation: Fraction) -> CounterexampleDecision:
    return decide(Fraction(2), regularisation, Fraction(1), TARGET)


@check("villani-counterexample")
def counterexample(inst: TwoLayerInstance) -> Outcome:
    """L' has infinitely many zeros, and V = −L'' is bounded along them; the sign pattern serves every λ ≤ 0.37 a²."""
    found = _decision(CLAIMED)
    if found.verdict is not Verdict.REFUTED or found.start is None or found.ceiling is None:
        return Outcome(Verdict.UNKNOWN, reason="the sign pattern of the gradient was not proved")
    lower, upper = ends(found.least)
    return Outcome(
        Verdict.PROVED,
        (
            exact(
                "L'/w tends to a^2 phi(log(1+w^2)) + lambda, which has the period 2 pi in log(1+w^2)",
                negative_at=str(found.below),
                positive_at=str(found.above),
            ),
            enclosed("min phi, so that the signs hold for 0 < lambda <= 0.37 a^2", minimum=found.least),
            enclosed("for a = y = 1 the signs of L' agree beyond this w, and |L''| is bounded", w=found.start),
            enclosed("the bound of |L''|, hence of V along the zeros", ceiling=found.ceiling),
        ),
        lower,
        upper,
        method="certified signs and periodicity",
        detail={"quantity": "min phi"},
    )


@control("villani-counterexample")
def counterexample_control(inst: TwoLayerInstance) -> Outcome:
    """With λ = 0.38 a² the gradient has no zeros far out: V4 holds, so that the planted failure is false."""
    found = _decision(BEYOND)
    if found.verdict is Verdict.PROVED:
        return Outcome(Verdict.REFUTED, (enclosed("min phi + 0.38 is positive", minimum=found.least),))
    return Outcome(Verdict.UNKNOWN, reason="the planted case was not decided")
