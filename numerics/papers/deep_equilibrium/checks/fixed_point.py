"""Existence, uniqueness and size of the equilibrium's variance and correlations (C7 to C10)."""

from __future__ import annotations

import sympy
from flint import arb

from .....theory.activations.activation import activation
from .....theory.closed_forms import A, B, C, dual_closed_form
from .....theory.errors import SpecError
from .....theory.verdict import Verdict
from ....balls.ball import Ball, enclose
from ....balls.precision import precision
from ....checks.evidence import SLIGHTLY, enclosed, ends, exact
from ....checks.registry import Outcome, check, control
from ....expressions.lowering import lower_arb
from ....hermite import second_moment
from ..instance import EquilibriumInstance
from ..population.contraction import contraction_squared
from ..population.variance import a_priori_bound


@check("variance-contraction")
def variance_contraction(inst: EquilibriumInstance) -> Outcome:
    """θ < 1 and, for each norm in the data, the fixed point enclosed by Banach's bound."""
    points = list(inst.variances.values())
    worst = max(points, key=lambda p: float(p.q))
    with precision(inst.budget.bits):
        margin = 1 - worst.contraction
    lower, upper = ends(worst.q)
    return Outcome(
        Verdict.PROVED,
        (
            enclosed(f"theta = {inst.contraction_name} is below 1, so T is a contraction", theta=worst.contraction),
            enclosed("Banach's a-posteriori bound around the computed fixed point", q=worst.q, s=worst.s),
        ),
        lower,
        upper,
        ends(margin)[0],
        f"Banach ball around q ({len(points)} norm{'s' if len(points) > 1 else ''})",
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
        return Outcome(Verdict.PROVED, (enclosed("sigma_w2 past the range was accepted"),))
    point = next(iter(inst.variances.values()))
    with precision(inst.budget.bits):
        q = point.q * enclose(1 + SLIGHTLY)
        image = second_moment(inst.activation, point.input_variance + enclose(2 * inst.sigma_w2) * q, inst.budget.bits)
        residual = image - q
    if residual.contains(0):
        return Outcome(Verdict.UNKNOWN, reason="the residual of the planted value contains 0")
    return Outcome(Verdict.REFUTED, (enclosed("the residual of the planted value excludes 0", residual=residual),))


@check("correlation-contraction")
def correlation_contraction(inst: EquilibriumInstance) -> Outcome:
    """The rate 2 σ_w² L² < 1; the self-map holds exactly because s = 2 σ_w² q + 2."""
    rate = inst.contraction2
    with precision(inst.budget.bits):
        margin = 1 - rate
    lower, upper = ends(rate)
    return Outcome(
        Verdict.PROVED,
        (
            exact(
                "|kappa_s| <= kappa_s(1) = q (squares as coefficients) and 2 sigma_w2 q + 2 = s: a self-map of [-1, 1]"
            ),
            enclosed(f"the derivative is at most ({inst.contraction_name})^2 < 1 (Price)", rate=rate),
        ),
        lower,
        upper,
        ends(margin)[0],
        "contraction of the correlation map",
        detail={"quantity": "contraction rate"},
    )


@control("correlation-contraction")
def not_a_self_map(inst: EquilibriumInstance) -> Outcome:
    """With an input correlation of 1 + 1e-9 the map leaves [-1, 1]."""
    point = inst.fixed_point
    with precision(inst.budget.bits):
        largest = (enclose(2 * inst.sigma_w2) * point.q + point.input_variance * enclose(1 + SLIGHTLY)) / point.s
    if largest > 1:
        return Outcome(Verdict.REFUTED, (enclosed("the largest value of the planted map", value=largest),))
    return Outcome(Verdict.UNKNOWN, reason="the largest value of the planted map is not separated from 1")


@check("variance-bound")
def variance_bound(inst: EquilibriumInstance) -> Outcome:
    """sqrt(q) against the a-priori bound for every norm in the data; the least margin is reported."""
    found: list[tuple[arb, arb, arb]] = []
    with precision(inst.budget.bits):
        at_zero = lower_arb(inst.activation.expression)(arb(0))
        for norm, point in inst.variances.items():
            bound = a_priori_bound(at_zero, inst.mean_lipschitz, inst.sigma_w2, input_variance=enclose(2 * norm))
            root = point.q.sqrt()
            found.append((bound - root, root, bound))
    left = [triple for triple in found if not triple[0] >= 0]
    margin, root, bound = left[0] if left else min(found, key=lambda triple: Ball(triple[0]).lower)
    if left:
        verdict = Verdict.REFUTED if any(m < 0 for m, _, _ in left) else Verdict.UNKNOWN
        reason = "sqrt(q) and its bound are enclosed by overlapping balls: they may be equal"
        return Outcome(verdict, (enclosed("the bound and the root", bound=bound, root=root),), reason=reason)
    lower, upper = ends(root)
    return Outcome(
        Verdict.PROVED,
        (enclosed("sqrt(q) lies below the a-priori bound", root=root, bound=bound),),
        lower,
        upper,
        ends(margin)[0],
        "comparison of balls",
        detail={"quantity": "sqrt(q)"},
    )


@control("variance-bound")
def variance_bound_control(inst: EquilibriumInstance) -> Outcome:
    """sqrt(q) is not at most sqrt(q) (1 − 1e-9)."""
    point = next(iter(inst.variances.values()))
    with precision(inst.budget.bits):
        root = point.q.sqrt()
        margin = root * enclose(1 - SLIGHTLY) - root
    if margin < 0:
        return Outcome(Verdict.REFUTED, (enclosed("the planted bound lies below sqrt(q)", margin=margin),))
    return Outcome(Verdict.UNKNOWN, reason="the planted bound is not separated from sqrt(q)")


def _relu_variance() -> sympy.Expr:
    """q in σ_w², from s = 2 + 2 σ_w² q and q = s/2 (half the mass of a centred Gaussian's square)."""
    w, q, z = sympy.symbols("sigma_w2 q z", positive=True)
    half = sympy.integrate(z**2 * sympy.exp(-(z**2) / 2) / sympy.sqrt(2 * sympy.pi), (z, 0, sympy.oo))
    (solution,) = sympy.solve(sympy.Eq(q, half * (2 + 2 * w * q)), q)
    return sympy.simplify(solution - 1 / (1 - w))


def _relu_correlation() -> tuple[sympy.Expr, sympy.Expr]:
    """Arc-cosine kernel minus s Q(ρ)/2, and (2 σ_w² s Q/2 + 2 C)/s at s = 2/(1 − σ_w²) minus what is claimed: 0, 0."""
    w, s = sympy.symbols("sigma_w2 s", positive=True)
    rho, c = sympy.symbols("rho c", real=True)
    q_of_rho = (sympy.sqrt(1 - rho**2) + rho * (sympy.pi - sympy.acos(rho))) / sympy.pi
    dual = dual_closed_form(activation("relu"))
    assert dual is not None  # it is in the table
    kernel = dual.subs({A: s, B: s, C: s * rho}, simultaneous=True)
    image = ((w * s * q_of_rho + 2 * c) / s).subs(s, 2 / (1 - w))
    return (
        sympy.simplify((kernel - s * q_of_rho / 2).rewrite(sympy.asin)),
        sympy.simplify(image - (w * q_of_rho + (1 - w) * c)),
    )


@check("relu-fixed-point")
def relu_fixed_point(inst: EquilibriumInstance) -> Outcome:
    """q = 1/(1 − σ_w²) and the equation of the correlations symbolically, and the general engine's enclosure of q."""
    if _relu_variance() != 0:
        return Outcome(Verdict.UNKNOWN, reason="the linear equation for q was not solved symbolically")
    if _relu_correlation() != (0, 0):
        return Outcome(Verdict.UNKNOWN, reason="the equation for the correlations was not derived symbolically")
    truth = 1 / (1 - inst.sigma_w2)
    q = inst.fixed_point.q
    if not Ball(q).contains(truth):
        return Outcome(Verdict.REFUTED, (enclosed("the enclosed q excludes the closed form", q=q),))
    lower, upper = ends(q)
    return Outcome(
        Verdict.PROVED,
        (
            exact("E relu(sqrt(s) z)^2 = s/2 and s = 2 + 2 sigma_w2 q give q = 1/(1 - sigma_w2)", q=str(truth)),
            exact("K_ij = q Q(cos theta_ij) by the arc-cosine kernel, and (2 sigma_w2 K_ij + 2 C_ij)/s = cos theta_ij"),
            enclosed("the general engine agrees", q=q),
        ),
        lower,
        upper,
        None,
        "symbolic solution",
        detail={"quantity": "q"},
    )


@control("relu-fixed-point", subject="relu")
def relu_control(inst: EquilibriumInstance) -> Outcome:
    """q = (1 + 1e-9)/(1 − σ_w²) is excluded by the enclosure."""
    planted = (1 + SLIGHTLY) / (1 - inst.sigma_w2)
    q = inst.fixed_point.q
    if Ball(q).contains(planted):
        return Outcome(Verdict.UNKNOWN, reason="the enclosure of q is too wide")
    return Outcome(Verdict.REFUTED, (enclosed("the enclosed q excludes the planted value", q=q),))
