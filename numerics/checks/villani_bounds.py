"""Two-layer-logistic: bounds of gradient, Laplacian and Hessian of the data term, and what they imply (C4 to C14).

The proofs are in docs/theory/two-layer-logistic.md; a check encloses the constants on the data of the study and holds
the inequality against ball evaluations at a few weights and over a box, where a violation would refute it.
"""

from __future__ import annotations

from collections.abc import Callable

from flint import arb

from ...theory.verdict import Verdict
from ..ball import enclose
from ..precision import precision
from ..villani.enclosed import EnclosedValues
from ..villani.instance import EVALUATION_BITS, TwoLayerInstance
from ..villani.symbolic import radius_identity
from .fixed_point import SLIGHTLY, enclosed, ends, exact
from .registry import Outcome, check, control
from .villani_activations import not_smooth


def _against(
    inst: TwoLayerInstance, text: str, bound: arb, left: Callable[[EnclosedValues], arb], argument: str, quantity: str
) -> Outcome:
    """``left <= bound`` by the written argument, tried on every evaluation."""
    worst = arb(0)
    with precision(EVALUATION_BITS):
        for values in inst.evaluations:
            value = left(values)
            if value > bound:
                return Outcome(Verdict.REFUTED, (enclosed("a value above the bound", value=value, bound=bound),))
            worst = worst.max(value)
    lower, upper = ends(bound)
    return Outcome(
        Verdict.PROVED,
        (
            exact(argument),
            enclosed(text, bound=bound),
            enclosed(f"the largest of {len(inst.evaluations)} evaluations, one over a box", value=worst),
        ),
        lower,
        upper,
        method="written proof with enclosed constants",
        detail={"quantity": quantity},
    )


def _planted(inst: TwoLayerInstance, left: Callable[[EnclosedValues], arb], sign: int = 1) -> Outcome:
    """Plant a bound that a value at a point misses by 1e-9: it must be refuted by that point.

    ``sign`` is 1 for an upper bound just below the value, -1 for a lower bound just above it.
    """
    missing = not_smooth(inst)
    if missing is not None:
        return missing
    with precision(EVALUATION_BITS):
        value = left(inst.evaluations[0])
        planted = (value - sign * abs(value) * enclose(SLIGHTLY)).mid()
        broken = value > planted if sign > 0 else value < planted
    if broken:
        return Outcome(Verdict.REFUTED, (enclosed("a value beyond the planted bound", value=value, planted=planted),))
    return Outcome(Verdict.UNKNOWN, reason="the value is not separated from the planted bound")


def _data_gradient(values: EnclosedValues) -> arb:
    return values.data_gradient.max(arb(0)).sqrt()


def _data_laplacian(values: EnclosedValues) -> arb:
    return abs(values.data_laplacian)


def _quotient(values: EnclosedValues) -> arb:
    """The Rayleigh quotient of the Hessian of g along the direction of the evaluation."""
    return values.curvature / values.direction_norm


@check("villani-gradient-bound")
def gradient_bound(inst: TwoLayerInstance) -> Outcome:
    """‖∇g‖ ≤ G from |q| < 1, |σ'| ≤ M₁ and ‖x‖ ≤ B."""
    argument = "each summand of the gradient has norm |q_i| |x_i| (sum_j a_j^2 sigma'^2)^(1/2) <= M_1 B |a|_2"
    return _against(inst, "G = M_1 B |a|_2", inst.bounds.gradient, _data_gradient, argument, "G")


@control("villani-gradient-bound")
def gradient_control(inst: TwoLayerInstance) -> Outcome:
    """A bound 1e-9 below a gradient that occurs."""
    return _planted(inst, _data_gradient)


@check("villani-laplacian-bound")
def laplacian_bound(inst: TwoLayerInstance) -> Outcome:
    """|Δg| ≤ D from q(1−q) ≤ 1/4."""
    argument = "0 < q (1 - q) <= 1/4 and |q| < 1 bound each summand by B^2 (M_1^2 |a|_2^2/4 + M_2 |a|_1)"
    return _against(inst, "D", inst.bounds.laplacian, _data_laplacian, argument, "D")


@control("villani-laplacian-bound")
def laplacian_control(inst: TwoLayerInstance) -> Outcome:
    """A bound 1e-9 below a Laplacian that occurs."""
    return _planted(inst, _data_laplacian)


@check("villani-growth")
def growth(inst: TwoLayerInstance) -> Outcome:
    """V ≥ (λ‖W‖ − G)₊²/s − λpd − D."""
    bounds, step = inst.bounds, inst.step
    with precision(EVALUATION_BITS):
        for values in inst.evaluations:
            potential = values.potential(enclose(step))
            claimed = bounds.growth(values.norm.max(arb(0)).sqrt(), step)
            if potential < claimed:
                return Outcome(Verdict.REFUTED, (enclosed("a value below the bound", value=potential, bound=claimed),))
        floor = bounds.growth(arb(0), step)
    lower, upper = ends(floor)
    return Outcome(
        Verdict.PROVED,
        (
            exact("|grad L| >= lambda |W| - |grad g|, and Laplacian L = Laplacian g + lambda p d"),
            enclosed("the constants of the bound", G=bounds.gradient, D=bounds.laplacian),
            enclosed(f"it holds at {len(inst.evaluations)} evaluations, one over a box; V is nowhere below", V=floor),
        ),
        lower,
        upper,
        method="written proof with enclosed constants",
        detail={"quantity": "least possible V"},
    )


@control("villani-growth")
def growth_control(inst: TwoLayerInstance) -> Outcome:
    """A lower bound 1e-9 above a value of V."""
    return _planted(inst, lambda values: values.potential(enclose(inst.step)), -1)


@check("villani-radius")
def radius(inst: TwoLayerInstance) -> Outcome:
    """R(K) solves the growth bound for K; V is evaluated on that sphere."""
    if radius_identity() != 0:
        return Outcome(Verdict.UNKNOWN, reason="the growth bound at R(K) was not reduced to K symbolically")
    found = inst.bounds.radius(inst.level, inst.step)
    with precision(EVALUATION_BITS):
        values = inst.network.values(inst.weights(float(found.upper()) * (1 + 1e-9), 7))
        if not values.norm.sqrt() >= found.lower():
            return Outcome(Verdict.UNKNOWN, reason="the test point lies inside the sphere")
        potential = values.potential(enclose(inst.step))
        if potential < enclose(inst.level):
            return Outcome(Verdict.REFUTED, (enclosed("V is below K outside the sphere", V=potential),))
    lower, upper = ends(found)
    return Outcome(
        Verdict.PROVED,
        (
            exact("the growth bound is increasing in |W| beyond G/lambda and equals K at R(K)"),
            enclosed(f"the radius for K = {inst.level}", R=found),
            enclosed("V at a point of that sphere", V=potential),
        ),
        lower,
        upper,
        method="written proof with enclosed constants",
        detail={"quantity": f"R({inst.level})"},
    )


@control("villani-radius")
def radius_control(inst: TwoLayerInstance) -> Outcome:
    """A level 1e-9 above the value of V at a point of the sphere is refuted by that point."""
    missing = not_smooth(inst)
    if missing is not None:
        return missing
    if inst.regularisation <= 0:
        return Outcome(Verdict.NOT_APPLICABLE, reason="without regularisation there is no radius")
    found = inst.bounds.radius(inst.level, inst.step)
    with precision(EVALUATION_BITS):
        value = inst.network.values(inst.weights(float(found.upper()) * (1 + 1e-9), 7)).potential(enclose(inst.step))
        planted = value.mid() * enclose(1 + SLIGHTLY)
        if value < planted:
            return Outcome(Verdict.REFUTED, (enclosed("V is below the planted level", V=value, planted=planted),))
    return Outcome(Verdict.UNKNOWN, reason="V is not separated from the planted level")


@check("villani-smoothness")
def smoothness(inst: TwoLayerInstance) -> Outcome:
    """The largest curvature of L, and the step 1/gLip."""
    argument = "Hess g = mean of q (1-q) grad f grad f^T - y q Hess f; Hess f has blocks a_j sigma''(z_ij) x_i x_i^T"
    bounds = inst.bounds

    def curvature(values: EnclosedValues) -> arb:
        return abs(_quotient(values) + enclose(inst.regularisation))

    outcome = _against(inst, "bound of the Lipschitz constant", bounds.smoothness, curvature, argument, "gLip")
    if outcome.verdict is Verdict.PROVED:
        with precision(inst.budget.bits):
            outcome.detail["largest step"] = str((1 / bounds.smoothness).str(8)).replace("+/-", "±")
    return outcome


@control("villani-smoothness")
def smoothness_control(inst: TwoLayerInstance) -> Outcome:
    """A constant 1e-9 below a curvature that occurs."""
    return _planted(inst, lambda values: abs(_quotient(values) + enclose(inst.regularisation)))


@check("villani-strong-convexity")
def strong_convexity(inst: TwoLayerInstance) -> Outcome:
    """The least curvature is at least λ − λ_cvx; whether that is positive is reported."""
    bounds = inst.bounds
    with precision(EVALUATION_BITS):
        modulus = bounds.strong_convexity
        for values in inst.evaluations:
            curvature = _quotient(values) + enclose(inst.regularisation)
            if curvature < modulus:
                return Outcome(Verdict.REFUTED, (enclosed("a smaller curvature", curvature=curvature),))
    lower, upper = ends(modulus)
    convex = "strongly convex" if modulus > 0 else "not covered by convexity" if modulus <= 0 else "undecided"
    return Outcome(
        Verdict.PROVED,
        (
            exact("the first term of Hess g is positive semidefinite, the second at least -B^2 M_2 |a|_inf"),
            enclosed(
                "thresholds side by side (lambda_c as recalled from the papers)",
                lambda_cvx=bounds.convexity_threshold,
                lambda_c=bounds.published_threshold,
            ),
            enclosed(f"lambda = {inst.regularisation}: {convex}", modulus=modulus),
        ),
        lower,
        upper,
        method="written proof with enclosed constants",
        detail={"quantity": "lambda - lambda_cvx", "case": convex},
    )


@control("villani-strong-convexity")
def strong_convexity_control(inst: TwoLayerInstance) -> Outcome:
    """A lower bound 1e-9 above a curvature that occurs."""
    return _planted(inst, lambda values: _quotient(values) + enclose(inst.regularisation), -1)


@check("villani-convex-case")
def convex_case(inst: TwoLayerInstance) -> Outcome:
    """λ_c − λ_cvx = (B²‖a‖_∞ M₁²/2)(‖a‖₂²/‖a‖_∞ − 2M₂/M₁²) ≥ 0."""
    bounds = inst.bounds
    with precision(inst.budget.bits):
        difference = bounds.published_threshold - bounds.convexity_threshold
    if difference < 0:
        return Outcome(Verdict.REFUTED, (enclosed("the published threshold is smaller", difference=difference),))
    lower, upper = ends(bounds.published_threshold)
    return Outcome(
        Verdict.PROVED,
        (
            exact("lambda_c - lambda_cvx = (B^2 |a|_inf M_1^2/2) (|a|_2^2/|a|_inf - 2 M_2/M_1^2)"),
            enclosed("both thresholds", lambda_c=bounds.published_threshold, lambda_cvx=bounds.convexity_threshold),
        ),
        lower,
        upper,
        max(ends(difference)[0], 0.0),
        method="arithmetic with enclosed constants",
        detail={"quantity": "lambda_c"},
    )


@control("villani-convex-case")
def convex_case_control(inst: TwoLayerInstance) -> Outcome:
    """The opposite strict inequality λ_c < λ_cvx, where the layer is wide enough."""
    missing = not_smooth(inst)
    if missing is not None:
        return missing
    with precision(inst.budget.bits):
        difference = inst.bounds.published_threshold - inst.bounds.convexity_threshold
    if difference >= 0:
        return Outcome(Verdict.REFUTED, (enclosed("lambda_c - lambda_cvx is not negative", difference=difference),))
    return Outcome(Verdict.NOT_APPLICABLE, reason="the layer is not proved wide enough")
