"""Two-layer-logistic: bounds of gradient, Laplacian and Hessian of the data term, and what they imply (C4 to C14).

The proofs are in docs/papers/two_layer_logistic/proofs.md; a check encloses the constants on the data of the study and
holds the inequality against ball evaluations at a few weights and over a box, where a violation would refute it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from flint import arb

from .....theory.verdict import Verdict
from ....balls.ball import enclose, excludes
from ....balls.precision import precision
from ....checks.evidence import enclosed, ends, exact
from ....checks.registry import Outcome, check, control
from ..bounds import LogisticBounds
from ..enclosed import EnclosedValues
from ..extremal import RATE, ExtremalNetwork, most_bent, most_spread, steepest
from ..instance import EVALUATION_BITS, TwoLayerInstance
from ..symbolic import radius_identity
from .activations import not_smooth

NEARLY = Fraction(99, 100)
"""The share of a bound that its extremal networks exceed."""
FAR, LEVEL = 200.0, Fraction(1000)
"""Where the growth of V is compared at an extremal network: a norm, and a level of V."""


def below(pairs: Iterable[tuple[arb, arb]]) -> Verdict:
    """Whether each left side is at most its right side: PROVED when all are, REFUTED when one is not, else UNKNOWN."""
    verdict = Verdict.PROVED
    for left, right in pairs:
        if left > right:
            return Verdict.REFUTED
        if not left <= right:
            verdict = Verdict.UNKNOWN
    return verdict


@dataclass(frozen=True)
class _UpperBound:
    """A bound as a function of the constants, the quantity below it, and the networks that nearly attain it."""

    text: str
    quantity: str
    argument: str
    bound: Callable[[LogisticBounds], arb]
    left: Callable[[EnclosedValues, arb], arb]
    attained: tuple[ExtremalNetwork, ...]

    def check(self, inst: TwoLayerInstance) -> Outcome:
        """The written argument with enclosed constants, and both sides decided at every evaluation."""
        bound, rate = self.bound(inst.bounds), enclose(inst.regularisation)
        with precision(EVALUATION_BITS):
            found = [self.left(values, rate) for values in inst.evaluations]
            sharp = self._sharp(Fraction(1))
            verdict = below([*((value, bound) for value in found), *sharp])
            worst = found[0]
            for value in found[1:]:
                worst = worst.max(value)
        items = (
            exact(self.argument),
            enclosed(self.text, bound=bound),
            enclosed(f"the largest of {len(found)} evaluations, one over a box", value=worst),
            enclosed("networks that nearly attain it: the least share", share=self._share(sharp)),
        )
        if verdict is not Verdict.PROVED:
            return Outcome(verdict, items, reason="an evaluation is not proved to lie below the bound")
        lower, upper = ends(bound)
        return Outcome(
            verdict,
            items,
            lower,
            upper,
            method="written proof with enclosed constants",
            detail={"quantity": self.quantity},
        )

    def control(self, inst: TwoLayerInstance) -> Outcome:
        """The formula lowered by one percent: each extremal network must exceed it."""
        missing = not_smooth(inst)
        if missing is not None:
            return missing
        with precision(EVALUATION_BITS):
            pairs = self._sharp(NEARLY)
            if all(value > bound for value, bound in pairs):
                items = [enclosed("a value above 99/100 of the bound", value=v, planted=b) for v, b in pairs]
                return Outcome(Verdict.REFUTED, tuple(items))
        return Outcome(Verdict.UNKNOWN, reason="an extremal network does not exceed the planted bound")

    def _sharp(self, factor: Fraction) -> list[tuple[arb, arb]]:
        rate = enclose(RATE)
        return [(self.left(n.values, rate), enclose(factor) * self.bound(n.bounds)) for n in self.attained]

    @staticmethod
    def _share(pairs: list[tuple[arb, arb]]) -> arb:
        return min((value / bound for value, bound in pairs), key=float)


def _data_gradient(values: EnclosedValues, rate: arb) -> arb:
    return values.data_gradient.max(arb(0)).sqrt()


def _data_laplacian(values: EnclosedValues, rate: arb) -> arb:
    return abs(values.data_laplacian)


def _curvature(values: EnclosedValues, rate: arb) -> arb:
    """The Rayleigh quotient of the Hessian of L along the direction of the evaluation."""
    return values.curvature / values.direction_norm + rate


GRADIENT = _UpperBound(
    "G = M_1 B |a|_2",
    "G",
    "each summand of the gradient has norm |q_i| |x_i| (sum_j a_j^2 sigma'^2)^(1/2) <= M_1 B |a|_2",
    lambda bounds: bounds.gradient,
    _data_gradient,
    (steepest(),),
)
LAPLACIAN = _UpperBound(
    "D",
    "D",
    "0 < q (1 - q) <= 1/4 and |q| < 1 bound each summand by B^2 (M_1^2 |a|_2^2/4 + M_2 |a|_1)",
    lambda bounds: bounds.laplacian,
    _data_laplacian,
    (most_bent(1), most_spread()),
)
SMOOTHNESS = _UpperBound(
    "bound of the Lipschitz constant",
    "gLip",
    "Hess g = mean of q (1-q) grad f grad f^T - y q Hess f; Hess f has blocks a_j sigma''(z_ij) x_i x_i^T",
    lambda bounds: bounds.smoothness,
    lambda values, rate: abs(_curvature(values, rate)),
    (most_bent(1), most_spread()),
)
CONVEXITY = _UpperBound(
    "lambda_cvx - lambda",
    "lambda_cvx - lambda",
    "the first term of Hess g is positive semidefinite, the second at least -B^2 M_2 |a|_inf",
    lambda bounds: -bounds.strong_convexity,
    lambda values, rate: -_curvature(values, rate),
    (most_bent(-1),),
)


@check("villani-gradient-bound")
def gradient_bound(inst: TwoLayerInstance) -> Outcome:
    """‖∇g‖ ≤ G from |q| < 1, |σ'| ≤ M₁ and ‖x‖ ≤ B."""
    return GRADIENT.check(inst)


@control("villani-gradient-bound")
def gradient_control(inst: TwoLayerInstance) -> Outcome:
    """99/100 of G."""
    return GRADIENT.control(inst)


@check("villani-laplacian-bound")
def laplacian_bound(inst: TwoLayerInstance) -> Outcome:
    """|Δg| ≤ D from q(1−q) ≤ 1/4."""
    return LAPLACIAN.check(inst)


@control("villani-laplacian-bound")
def laplacian_control(inst: TwoLayerInstance) -> Outcome:
    """99/100 of D."""
    return LAPLACIAN.control(inst)


def _far_out(norm: float) -> ExtremalNetwork:
    return steepest().along_the_input(norm)


def _norm(values: EnclosedValues) -> arb:
    return values.norm.max(arb(0)).sqrt()


@check("villani-growth")
def growth(inst: TwoLayerInstance) -> Outcome:
    """V ≥ (λ‖W‖ − G)₊²/s − λpd − D, decided at every evaluation."""
    bounds, step, far = inst.bounds, inst.step, _far_out(FAR)
    with precision(EVALUATION_BITS):
        pairs = [(bounds.growth(_norm(v), step), v.potential(enclose(step))) for v in inst.evaluations]
        sharp = far.bounds.growth(_norm(far.values), step), far.values.potential(enclose(step))
        verdict = below([*pairs, sharp])
        floor = bounds.growth(arb(0), step)
    items = (
        exact("|grad L| >= lambda |W| - |grad g|, and Laplacian L = Laplacian g + lambda p d"),
        enclosed("the constants of the bound", G=bounds.gradient, D=bounds.laplacian),
        enclosed(f"V is nowhere below; it holds at {len(pairs)} evaluations, one over a box", V=floor),
        enclosed("a network that nearly attains it", bound=sharp[0], V=sharp[1]),
    )
    if verdict is not Verdict.PROVED:
        return Outcome(verdict, items, reason="V is not proved to lie above the bound at an evaluation")
    lower, upper = ends(floor)
    return Outcome(
        verdict,
        items,
        lower,
        upper,
        method="written proof with enclosed constants",
        detail={"quantity": "least possible V"},
    )


@control("villani-growth")
def growth_control(inst: TwoLayerInstance) -> Outcome:
    """The right side raised by one percent."""
    missing = not_smooth(inst)
    if missing is not None:
        return missing
    far = _far_out(FAR)
    with precision(EVALUATION_BITS):
        planted = far.bounds.growth(_norm(far.values), inst.step) / enclose(NEARLY)
        value = far.values.potential(enclose(inst.step))
        if value < planted:
            return Outcome(Verdict.REFUTED, (enclosed("a value below the planted bound", V=value, planted=planted),))
    return Outcome(Verdict.UNKNOWN, reason="the value is not separated from the planted bound")


@check("villani-radius")
def radius(inst: TwoLayerInstance) -> Outcome:
    """R(K) solves the growth bound for K; V is evaluated on that sphere, and where it barely exceeds a level."""
    if radius_identity() != 0:
        return Outcome(Verdict.UNKNOWN, reason="the growth bound at R(K) was not reduced to K symbolically")
    found = inst.bounds.radius(inst.level, inst.step)
    with precision(EVALUATION_BITS):
        values = inst.network.values(inst.weights(float(found.upper()) * (1 + 1e-9), 7))
        sharp, far = _on_its_sphere(inst, Fraction(1))
        if not (values.norm.sqrt() >= found.lower() and far >= sharp.lower()):
            return Outcome(Verdict.UNKNOWN, reason="a test point lies inside its sphere")
        potential, barely = values.potential(enclose(inst.step)), _beyond(inst, float(sharp))
        verdict = below([(enclose(inst.level), potential), (enclose(LEVEL), barely)])
    items = (
        exact("the growth bound is increasing in |W| beyond G/lambda and equals K at R(K)"),
        enclosed(f"the radius for K = {inst.level}", R=found),
        enclosed("V at a point of that sphere", V=potential),
        enclosed(f"a network whose V barely exceeds K = {LEVEL} there", R=sharp, V=barely),
    )
    if verdict is not Verdict.PROVED:
        return Outcome(verdict, items, reason="V is not proved to exceed the level on the sphere")
    lower, upper = ends(found)
    return Outcome(
        verdict,
        items,
        lower,
        upper,
        method="written proof with enclosed constants",
        detail={"quantity": f"R({inst.level})"},
    )


def _on_its_sphere(inst: TwoLayerInstance, share: Fraction) -> tuple[arb, arb]:
    """A share of the radius of the extremal network for LEVEL, and the norm of the weights that are taken for it."""
    sharp = steepest().bounds.radius(LEVEL, inst.step) * enclose(share)
    return sharp, _norm(_far_out(float(sharp)).values)


def _beyond(inst: TwoLayerInstance, norm: float) -> arb:
    return _far_out(norm).values.potential(enclose(inst.step))


@control("villani-radius")
def radius_control(inst: TwoLayerInstance) -> Outcome:
    """Nine tenths of the radius: V is still below the level there."""
    missing = not_smooth(inst)
    if missing is not None:
        return missing
    if inst.regularisation <= 0:
        return Outcome(Verdict.NOT_APPLICABLE, reason="without regularisation there is no radius")
    with precision(EVALUATION_BITS):
        planted, norm = _on_its_sphere(inst, Fraction(9, 10))
        value = _beyond(inst, float(planted))
        if norm >= planted.lower() and value < enclose(LEVEL):
            return Outcome(Verdict.REFUTED, (enclosed("V is below the level", V=value, planted=planted),))
    return Outcome(Verdict.UNKNOWN, reason="V is not separated from the level")


@check("villani-smoothness")
def smoothness(inst: TwoLayerInstance) -> Outcome:
    """The largest curvature of L, and the step 1/gLip."""
    outcome = SMOOTHNESS.check(inst)
    if outcome.verdict is Verdict.PROVED:
        with precision(inst.budget.bits):
            outcome.detail["largest step"] = str((1 / inst.bounds.smoothness).str(8)).replace("+/-", "±")
    return outcome


@control("villani-smoothness")
def smoothness_control(inst: TwoLayerInstance) -> Outcome:
    """99/100 of the constant."""
    return SMOOTHNESS.control(inst)


@check("villani-strong-convexity")
def strong_convexity(inst: TwoLayerInstance) -> Outcome:
    """The least curvature is at least λ − λ_cvx; whether that is positive is reported."""
    outcome, bounds = CONVEXITY.check(inst), inst.bounds
    modulus = bounds.strong_convexity
    convex = "strongly convex" if modulus > 0 else "not covered by convexity" if modulus <= 0 else "undecided"
    thresholds = enclosed(
        "thresholds side by side (lambda_c as recalled from the papers)",
        lambda_cvx=bounds.convexity_threshold,
        lambda_c=bounds.published_threshold,
    )
    case = enclosed(f"lambda = {inst.regularisation}: {convex}", modulus=modulus)
    lower, upper = ends(modulus)
    known = outcome.verdict is Verdict.PROVED
    return replace(
        outcome,
        evidence=(*outcome.evidence, thresholds, case),
        lower=lower if known else None,
        upper=upper if known else None,
        detail={"quantity": "lambda - lambda_cvx", "case": convex},
    )


@control("villani-strong-convexity")
def strong_convexity_control(inst: TwoLayerInstance) -> Outcome:
    """99/100 of λ_cvx − λ where it is positive."""
    return CONVEXITY.control(inst)


@check("villani-convex-case")
def convex_case(inst: TwoLayerInstance) -> Outcome:
    """λ_c − λ_cvx = (B²‖a‖_∞ M₁²/2)(‖a‖₂²/‖a‖_∞ − 2M₂/M₁²) ≥ 0."""
    bounds = inst.bounds
    with precision(inst.budget.bits):
        difference = bounds.published_threshold - bounds.convexity_threshold
        factored = _factored(bounds)
    items = (
        exact("lambda_c - lambda_cvx = (B^2 |a|_inf M_1^2/2) (|a|_2^2/|a|_inf - 2 M_2/M_1^2)"),
        enclosed("both thresholds", lambda_c=bounds.published_threshold, lambda_cvx=bounds.convexity_threshold),
        enclosed("both sides of the identity", difference=difference, factored=factored),
    )
    if excludes(difference, factored) or difference < 0:
        return Outcome(Verdict.REFUTED, items)
    if not factored >= 0:
        return Outcome(Verdict.UNKNOWN, items, reason="the sign of the difference is not decided")
    lower, upper = ends(bounds.published_threshold)
    return Outcome(
        Verdict.PROVED,
        items,
        lower,
        upper,
        max(ends(difference)[0], 0.0),
        method="arithmetic with enclosed constants",
        detail={"quantity": "lambda_c"},
    )


def _factored(bounds: LogisticBounds) -> arb:
    """The right side of the identity, from the constants themselves."""
    largest, squares = enclose(bounds.outer.infinity), enclose(bounds.outer.two_squared)
    half = bounds.norm_squared * largest * bounds.slope**2 / 2
    return half * (squares / largest - 2 * bounds.bend / bounds.slope**2)


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
