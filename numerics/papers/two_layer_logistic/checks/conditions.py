"""Two-layer-logistic: the conditions of a Villani function (C7, C8, C10, C11)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from flint import arb

from .....theory.verdict import Verdict
from ....balls.ball import enclose
from ....balls.precision import precision
from ....certificates.certificate import EvidenceItem
from ....checks.evidence import enclosed, exact
from ....checks.registry import Outcome, check, control
from ....checks.relation import Relation, Sense, each, judge, planted
from ..conditions import VillaniConditions, completed_square, squared_bounds, villani_conditions
from ..counterexample import decide
from ..enclosed import EnclosedValues
from ..extremal import most_bent, steepest
from ..instance import EVALUATION_BITS, TwoLayerInstance
from . import scope
from .bounds import NEARLY
from .evidence import argued, smooth_control

CLAIMED, BEYOND = Fraction(37, 100), Fraction(38, 100)


def _shown(found: VillaniConditions, where: str = "") -> EvidenceItem:
    return exact(f"V1 to V4{where}", **{c.name: f"{c.verdict}: {c.reason}" for c in found.conditions})


@check("villani-conditions", scope=scope.setting)
def conditions(inst: TwoLayerInstance) -> Outcome:
    """V1 to V4 from the growth of the loss and of the potential."""
    found, bounds = villani_conditions(inst.constants, inst.regularisation), inst.bounds
    if found.verdict is not Verdict.PROVED:
        return Outcome(Verdict.UNKNOWN, reason="; ".join(c.reason for c in found.conditions))
    thresholds = enclosed(
        "thresholds side by side: sufficient in the papers (recalled), strongly convex; needed: 0",
        lambda_c=bounds.published_threshold,
        lambda_cvx=bounds.convexity_threshold,
    )
    return argued(
        "villani",
        [Relation.of("0 < lambda", 0, inst.regularisation, Sense.BELOW)],
        _shown(found),
        thresholds,
        method="growth of the potential",
        detail={"lambda": str(inst.regularisation)},
    )


@control("villani-conditions")
def conditions_control(inst: TwoLayerInstance) -> Outcome:
    """Without regularisation V4 fails."""
    found = villani_conditions(inst.constants, Fraction(0))
    return Outcome(found.verdict, (_shown(found),), reason="V4 is not decided without smoothness")


def _unregularised(values: EnclosedValues, step: Fraction) -> arb:
    """|V| without regularisation."""
    data = replace(values, gradient=values.data_gradient, laplacian=values.data_laplacian)
    return abs(data.potential(enclose(step)))


def _ceilings(largest_q: Fraction) -> list[Relation]:
    """|V| and its bound where D, and where G²/s, is most of it, with another bound of |q| in the formula."""
    with precision(EVALUATION_BITS):
        return [
            Relation.of(
                "|V| <= G^2/s + D, nearly attained",
                _unregularised(n.values, s),
                replace(n.bounds, largest_q=largest_q).ceiling(s),
            )
            for n, s in ((most_bent(1), Fraction(1)), (steepest(), Fraction(1, 10**6)))
        ]


@check("villani-threshold-zero", scope=scope.evaluations)
def threshold_zero(inst: TwoLayerInstance) -> Outcome:
    """|V| ≤ G²/s + D at λ = 0, with the enclosed constants, tried on the evaluations."""
    found, ceiling = villani_conditions(inst.constants, Fraction(0)), inst.bounds.ceiling(inst.step)
    if found["V4"].verdict is not Verdict.REFUTED:
        return Outcome(Verdict.UNKNOWN, reason=found["V4"].reason)
    with precision(EVALUATION_BITS):
        values = [_unregularised(v, inst.step) for v in inst.evaluations]
    text = "|V| <= G^2/s + D, at three weights and over a box"
    return argued(
        "villani-threshold",
        [Relation.of(text, values, ceiling, place="evaluation")],
        _shown(found, " at lambda = 0"),
        sharp=_ceilings(Fraction(1)),
        value=ceiling,
        detail={"quantity": "G^2/s + D"},
    )


@smooth_control("villani-threshold-zero")
def threshold_zero_control(inst: TwoLayerInstance) -> Outcome:
    """99/100 of the bound of |q|; and the bound at a positive regularisation, where a weight exceeds it."""
    relations, ceiling = _ceilings(NEARLY), inst.bounds.ceiling(inst.step)
    if inst.regularisation > 0:
        with precision(EVALUATION_BITS):
            radius = inst.bounds.radius(Fraction(int(ceiling.upper().ceil().fmpz()) + 1), inst.step)
            values = inst.network.values(inst.weights(float(radius.upper()) * (1 + 1e-6), 3))
            potential = values.potential(enclose(inst.step))
        relations.append(Relation.of("V <= G^2/s + D with regularisation", potential, ceiling))
    return each(relations)


@check("villani-squared-loss", scope=scope.setting)
def squared_loss(inst: TwoLayerInstance) -> Outcome:
    """V1 to V4 for the squared loss with targets ±1: bounded σ, or κ < ∞ and a complete square."""
    found = villani_conditions(inst.constants, inst.regularisation, loss="squared")
    size, defect = inst.constants.size.value, inst.constants.defect.value
    if found.verdict is not Verdict.PROVED:
        return Outcome(Verdict.UNKNOWN, reason="; ".join(c.reason for c in found.conditions))
    with precision(inst.budget.bits):
        one = enclose(inst.outer.one)
        if size is not None:
            reach, gradient = squared_bounds(one, size, inst.bounds.gradient)
            item = enclosed("bounded: |f - y| <= R_f and |grad g| <= R_f M_1 B |a|_2", R_f=reach, G=gradient)
        else:
            assert defect is not None  # V4 is PROVED by one of the two
            square = completed_square(one, defect)
            item = enclosed("<grad L, W> >= lambda |W|^2 - Q, Q = (1 + kappa |a|_1)^2/4", Q=square)
    return argued(
        "squared-loss",
        [Relation.of("0 < lambda", 0, inst.regularisation, Sense.BELOW)],
        _shown(found),
        item,
        method="growth of the potential",
    )


@control("villani-squared-loss")
def squared_loss_control(inst: TwoLayerInstance) -> Outcome:
    """Without regularisation the squared loss of a bounded activation is not Villani; else nothing is said."""
    found = villani_conditions(inst.constants, Fraction(0), loss="squared")
    return Outcome(found.verdict, (_shown(found),), reason="coercivity depends on the data at lambda = 0")


def _negative(least: arb, regularisation: Fraction) -> Relation:
    """Whether φ + λ/a² takes negative values, so that L' has zeros far out."""
    with precision(EVALUATION_BITS):
        return Relation.of(f"min phi + {regularisation} < 0", least + enclose(regularisation), 0, Sense.BELOW)


@check("villani-counterexample", scope=scope.model)
def counterexample(_: TwoLayerInstance) -> Outcome:
    """L' has infinitely many zeros, and V = −L'' is bounded along them; the sign pattern serves every λ ≤ 0.37 a²."""
    found = decide(Fraction(2), CLAIMED, Fraction(1), Fraction(1))
    if found.verdict is not Verdict.REFUTED or found.start is None or found.ceiling is None:
        return Outcome(Verdict.UNKNOWN, reason="the sign pattern of the gradient was not proved")
    return judge(
        [_negative(found.least, CLAIMED)],
        exact(
            "L'/w tends to a^2 phi(log(1+w^2)) + lambda, which has the period 2 pi in log(1+w^2)",
            negative_at=str(found.below),
            positive_at=str(found.above),
        ),
        enclosed("for a = y = 1 the signs of L' agree beyond this w, and |L''| is bounded", w=found.start),
        enclosed("the bound of |L''|, hence of V along the zeros", ceiling=found.ceiling),
        value=found.least,
        lemma="lemma.needed-threshold",
        method="certified signs and periodicity",
        detail={"quantity": "min phi"},
    )


@control("villani-counterexample")
def counterexample_control(_: TwoLayerInstance) -> Outcome:
    """With λ = 0.38 a² the gradient has no zeros far out."""
    return planted([_negative(decide(Fraction(2), BEYOND, Fraction(1), Fraction(1)).least, BEYOND)])
