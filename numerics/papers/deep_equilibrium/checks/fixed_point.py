"""Existence, uniqueness and size of the equilibrium's variance and correlations (C7 to C10)."""

from __future__ import annotations

from fractions import Fraction

from flint import arb

from .....theory.errors import SpecError
from .....theory.verdict import Verdict
from ....balls.ball import Ball, enclose
from ....balls.ends import nonnegative
from ....balls.precision import precision
from ....checks.evidence import SLIGHTLY, enclosed, note
from ....checks.registry import Outcome, check, control
from ....checks.relation import Relation, Sense, judge, planted
from ....checks.scope import all_inputs
from ....expressions.lowering import lower_arb
from ....hermite import second_moment
from ..instance import EquilibriumInstance
from ..population.contraction import contraction_squared
from ..population.variance import a_priori_bound
from . import scope
from .evidence import same, study_cosines


@check("variance-contraction", scope=scope.norms)
def variance_contraction(inst: EquilibriumInstance) -> Outcome:
    """θ < 1 and, for each norm in the data, the fixed point enclosed by Banach's bound."""
    points = list(inst.variances.values())
    worst = max(points, key=lambda p: float(p.q))
    text = f"theta = {inst.contraction_name} is below 1, so T is a contraction"
    return judge(
        [Relation.of(text, worst.contraction, 1, Sense.BELOW, condition=True)],
        enclosed("Banach's a-posteriori bound around the computed fixed point", q=worst.q, s=worst.s),
        value=worst.q,
        lemma=inst.well_posed,
        method=f"Banach ball around q ({len(points)} norm{'s' if len(points) > 1 else ''})",
        detail={"quantity": "q"},
    )


@control("variance-contraction")
def not_a_fixed_point(inst: EquilibriumInstance) -> Outcome:
    """A variance that is off by 1e-9 is no fixed point; a sigma_w2 just past the range is refused."""
    past = (1 + SLIGHTLY) / (2 * Ball(inst.mean_lipschitz).lower ** 2)
    try:
        contraction_squared(inst.activation.name, past, inst.mean_lipschitz)
    except SpecError:
        pass
    else:
        return Outcome(Verdict.PROVED, (note("sigma_w2 past the range was accepted"),))
    point = max(inst.variances.values(), key=lambda p: float(p.q))
    with precision(inst.budget.bits):
        q = point.q * enclose(1 + SLIGHTLY) if point.q > 0 else enclose(SLIGHTLY)
        image = second_moment(inst.activation, point.input_variance + enclose(2 * inst.sigma_w2) * q, inst.budget.bits)
    return planted([same("a variance off by 1e-9, and its image", q, image)])


@check("correlation-contraction", scope=all_inputs)
def correlation_contraction(inst: EquilibriumInstance) -> Outcome:
    """The rate 2 σ_w² L² < 1; for each norm and the least one, the largest value of the map is at most 1."""
    text = f"the derivative is at most ({inst.contraction_name})^2 < 1 (Price)"
    return judge(
        [Relation.of(text, inst.contraction2, 1, Sense.BELOW, condition=True), _self_map(inst, Fraction(1))],
        value=inst.contraction2,
        lemma=inst.well_posed,
        method="contraction of the correlation map",
        detail={"quantity": "contraction rate"},
    )


def _self_map(inst: EquilibriumInstance, correlation: Fraction) -> Relation:
    """s_i s_j is the square of sqrt(s_i s_j) times the largest value of the map, and a square: that value is at most 1.

    ``correlation`` bounds that of the inputs. Of norms that differ, each is taken with itself and with the least one.
    """
    points = list(inst.variances.values())
    left, right = [], []
    with precision(inst.budget.bits):
        w = enclose(2 * inst.sigma_w2)
        for i, j in sorted({(0, k) for k in range(len(points))} | {(k, k) for k in range(len(points))}):
            a, b = points[i], points[j]
            one, other = (nonnegative(w * p.q).sqrt() for p in (a, b))
            first, second = (nonnegative(p.input_variance).sqrt() for p in (a, b))
            largest = one * other + enclose(correlation) * first * second
            lacking = one * second - other * first
            left.append(largest * largest + lacking * lacking)
            right.append(a.s * b.s)
    text = "(2 sigma_w2 sqrt(q_i q_j) + 2 sqrt(C_ii C_jj))^2 and the square that it lacks of s_i s_j, and s_i s_j"
    return Relation.of(text, left, right, Sense.EQUAL, place="pair of norms")


@control("correlation-contraction")
def not_a_self_map(inst: EquilibriumInstance) -> Outcome:
    """With an input correlation of 1 + 1e-9 the map leaves [-1, 1]."""
    return planted([_self_map(inst, 1 + SLIGHTLY)])


def _a_priori(inst: EquilibriumInstance) -> Relation:
    with precision(inst.budget.bits):
        at_zero = lower_arb(inst.activation.expression)(arb(0))
        roots = [point.q.sqrt() for point in inst.variances.values()]
        bounds = [
            a_priori_bound(at_zero, inst.mean_lipschitz, inst.sigma_w2, input_variance=enclose(2 * norm))
            for norm in inst.variances
        ]
    return Relation.of("sqrt(q) lies below the a-priori bound", roots, bounds, place="norm")


@check("variance-bound", scope=scope.norms)
def variance_bound(inst: EquilibriumInstance) -> Outcome:
    """sqrt(q) against the a-priori bound for every norm in the data; the least margin is reported."""
    found = _a_priori(inst)
    detail = {"quantity": "sqrt(q)"}
    return judge([found], value=found.left, lemma=inst.well_posed, method="comparison of balls", detail=detail)


@control("variance-bound")
def variance_bound_control(inst: EquilibriumInstance) -> Outcome:
    """sqrt(q) is not at most sqrt(q) (1 − 1e-9)."""
    return planted([_a_priori(inst).moved()])


def arc_cosine(x: arb) -> arb:
    r"""The normalised arc-cosine kernel :math:`Q(x) = (\sqrt{1-x^2} + x(\pi - \arccos x))/\pi` inside (-1, 1)."""
    return ((1 - x * x).sqrt() + x * (arb.pi() - x.acos())) / arb.pi()


def _closed_form(inst: EquilibriumInstance, factor: Fraction) -> list[Relation]:
    """The general engine's q and correlations against the closed forms, q multiplied by ``factor``."""
    truth = factor / (1 - inst.sigma_w2)
    found = [Relation.of("q by the general engine, and 1/(1 - sigma_w2)", inst.fixed_point.q, truth, Sense.EQUAL)]
    for cosine in study_cosines(inst):
        with precision(inst.budget.bits):
            c, w = enclose(cosine), enclose(inst.sigma_w2)
            rho = inst.float_kernel.correlation(c)
            image = w * arc_cosine(rho) + (1 - w) * c
        found.append(same(f"the correlation at cosine {float(cosine):.7g}, and its equation", rho, image))
    return found


@check("relu-fixed-point", scope=scope.pairs)
def relu_fixed_point(inst: EquilibriumInstance) -> Outcome:
    """q = 1/(1 − σ_w²) and the equation of the correlations, by their proof and by the general engine."""
    found, detail = _closed_form(inst, Fraction(1)), {"quantity": "q"}
    value = inst.fixed_point.q
    return judge(found, value=value, lemma="lemma.relu-fixed-point", method="closed form", detail=detail)


@control("relu-fixed-point", subject="relu")
def relu_control(inst: EquilibriumInstance) -> Outcome:
    """q = (1 + 1e-9)/(1 − σ_w²) is excluded by the enclosure."""
    return planted(_closed_form(inst, 1 + SLIGHTLY))
