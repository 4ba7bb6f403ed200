"""Two-layer-logistic: bounds of gradient, Laplacian and Hessian of the data term, and what they imply (C4 to C14).

Each lemma is proved line by line (docs/papers/two_layer_logistic/proofs.md); a check encloses the constants on the data
of the study and compares both sides at a few weights, over a box, and where they are nearly equal: there a smaller
constant in the formula is false.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

from flint import arb

from .....theory.verdict import Verdict
from ....balls.ball import Ball, enclose
from ....balls.precision import precision
from ....certificates.certificate import EvidenceItem
from ....checks.evidence import enclosed
from ....checks.registry import Outcome, check
from ....checks.relation import Relation, Sense, each
from ..bounds import LogisticBounds
from ..enclosed import EnclosedValues
from ..extremal import POINT, RATE, ExtremalNetwork, most_bent, most_spread, steepest
from ..instance import EVALUATION_BITS, TwoLayerInstance
from . import scope
from .evidence import argued, smooth_control

NEARLY = Fraction(99, 100)
"""The share of a constant whose formula an extremal network contradicts."""
FAR, LEVEL, STEP = 200.0, Fraction(1000), Fraction(1, 64)
"""Where the growth of V is compared at an extremal network: a norm, a level of V, a noise level."""
NOISY = Fraction(1000)
"""A noise level at which λpd and D are most of V, at that norm."""


@dataclass(frozen=True)
class _UpperBound:
    """A bound as a function of the constants, the quantity below it, and the networks that nearly attain it.

    Beside each of these stands the constant of the formula that counts there.
    """

    lemma: str
    quantity: str
    bound: Callable[[LogisticBounds], arb]
    left: Callable[[EnclosedValues, arb], arb]
    attained: tuple[tuple[ExtremalNetwork, str], ...]

    def check(
        self,
        inst: TwoLayerInstance,
        *shown: EvidenceItem,
        value: arb | None = None,
        detail: dict[str, object] | None = None,
    ) -> Outcome:
        """The lemma with enclosed constants, and both sides at every evaluation and extremal network."""
        bound, rate = self.bound(inst.bounds), enclose(inst.regularisation)
        with precision(EVALUATION_BITS):
            found = [self.left(values, rate) for values in inst.evaluations]
        return argued(
            self.lemma,
            [Relation.of(f"{self.quantity}, at three weights and over a box", found, bound, place="evaluation")],
            *shown,
            sharp=self._attained(Fraction(1)),
            value=bound if value is None else value,
            detail={"quantity": self.quantity, **(detail or {})},
        )

    def control(self, _: TwoLayerInstance) -> Outcome:
        """99/100 of a constant in the formula: the network where it counts must exceed the bound."""
        return each(self._attained(NEARLY))

    def _attained(self, share: Fraction) -> list[Relation]:
        """Both sides at each extremal network, with a share of the constant that counts there."""
        with precision(EVALUATION_BITS):
            return [
                Relation.of(
                    f"{self.quantity}, nearly attained where {name} counts, with {share} of it in the formula",
                    self.left(network.values, enclose(RATE)),
                    self.bound(replace(network.bounds, **{name: share * getattr(network.bounds, name)})),
                )
                for network, name in self.attained
            ]


def _curvature(values: EnclosedValues, rate: arb) -> arb:
    """The Rayleigh quotient of the Hessian of L along the direction of the evaluation."""
    return values.curvature / values.direction_norm + rate


GRADIENT = _UpperBound(
    "logistic-bounds",
    "G",
    lambda bounds: bounds.gradient,
    lambda values, _: values.data_gradient.nonnegative_part().sqrt(),
    ((steepest(), "largest_q"),),
)
LAPLACIAN = _UpperBound(
    "logistic-bounds",
    "D",
    lambda bounds: bounds.laplacian,
    lambda values, _: abs(values.data_laplacian),
    ((most_bent(1), "largest_q"), (most_spread(), "largest_spread")),
)
SMOOTHNESS = _UpperBound(
    "logistic-hessian",
    "gLip",
    lambda bounds: bounds.smoothness,
    lambda values, rate: abs(_curvature(values, rate)),
    ((most_bent(1), "largest_q"), (most_spread(), "largest_spread")),
)
CONVEXITY = _UpperBound(
    "logistic-hessian",
    "lambda_cvx - lambda",
    lambda bounds: -bounds.strong_convexity,
    lambda values, rate: -_curvature(values, rate),
    ((most_bent(-1), "largest_q"),),
)

check("villani-gradient-bound", scope=scope.evaluations)(GRADIENT.check)
check("villani-laplacian-bound", scope=scope.evaluations)(LAPLACIAN.check)
smooth_control("villani-gradient-bound")(GRADIENT.control)
smooth_control("villani-laplacian-bound")(LAPLACIAN.control)
smooth_control("villani-smoothness")(SMOOTHNESS.control)
smooth_control("villani-strong-convexity")(CONVEXITY.control)


@check("villani-smoothness", scope=scope.evaluations)
def smoothness(inst: TwoLayerInstance) -> Outcome:
    """The largest curvature of L, and the step 1/gLip."""
    with precision(inst.budget.bits):
        step = (1 / inst.bounds.smoothness).str(8).replace("+/-", "±")
    return SMOOTHNESS.check(inst, detail={"largest step": step})


@check("villani-strong-convexity", scope=scope.evaluations)
def strong_convexity(inst: TwoLayerInstance) -> Outcome:
    """The least curvature is at least λ − λ_cvx; whether that is positive is reported."""
    bounds, modulus = inst.bounds, inst.bounds.strong_convexity
    convex = "strongly convex" if modulus > 0 else "not covered by convexity" if modulus <= 0 else "undecided"
    thresholds = enclosed(
        "thresholds side by side (lambda_c as recalled from the papers)",
        lambda_cvx=bounds.convexity_threshold,
        lambda_c=bounds.published_threshold,
    )
    case = enclosed(f"lambda = {inst.regularisation}: {convex}", modulus=modulus)
    return CONVEXITY.check(
        inst, thresholds, case, value=modulus, detail={"case": convex, "quantity": "lambda - lambda_cvx"}
    )


def _norm(values: EnclosedValues) -> arb:
    return values.norm.nonnegative_part().sqrt()


def _growth_far_out(step: Fraction, planted: Fraction, largest_q: Fraction = Fraction(1)) -> Relation:
    """The growth bound where V barely exceeds it, with another number in the place of s, and with a bound of |q|."""
    far = steepest().along_the_input(FAR)
    with precision(EVALUATION_BITS):
        bound = replace(far.bounds, largest_q=largest_q).growth(_norm(far.values), planted)
        return Relation.of("the growth bound, nearly attained", bound, far.values.potential(enclose(step)))


def _growth_where_bent(dimension: int = len(POINT)) -> Relation:
    """The growth bound where V is hardly more than −λpd − D, with a dimension d in the formula."""
    far = most_bent(1).along_the_input(FAR)
    with precision(EVALUATION_BITS):
        bound = replace(far.bounds, dimension=dimension).growth(_norm(far.values), NOISY)
        right = far.values.potential(enclose(NOISY))
        return Relation.of("the growth bound where -lambda p d - D is most of it", bound, right)


@check("villani-growth", scope=scope.evaluations)
def growth(inst: TwoLayerInstance) -> Outcome:
    """V ≥ (λ‖W‖ − G)₊²/s − λpd − D, at every evaluation and where it is nearly an equality."""
    bounds, step = inst.bounds, inst.step
    with precision(EVALUATION_BITS):
        left = [bounds.growth(_norm(values), step) for values in inst.evaluations]
        right = [values.potential(enclose(step)) for values in inst.evaluations]
    text = "the growth bound is at most V, at three weights and over a box"
    return argued(
        "villani",
        [Relation.of(text, left, right, place="evaluation")],
        enclosed("the constants of the bound", G=bounds.gradient, D=bounds.laplacian),
        sharp=[_growth_far_out(step, step), _growth_where_bent()],
        value=bounds.growth(arb(0), step),
        detail={"quantity": "least possible V"},
    )


@smooth_control("villani-growth")
def growth_control(_: TwoLayerInstance) -> Outcome:
    """99/100 of s in the formula, 9/10 of G, and half of λpd."""
    far = [_growth_far_out(STEP, NEARLY * STEP), _growth_far_out(STEP, STEP, Fraction(9, 10))]
    return each([*far, _growth_where_bent(len(POINT) // 2)])


def _on_the_sphere(level: Fraction, radius: arb, values: EnclosedValues, step: Fraction) -> Relation:
    """Whether V reaches the level at weights on or beyond the sphere; nothing is compared for weights inside it."""
    text = f"K = {level} <= V on the sphere of its radius"
    with precision(EVALUATION_BITS):
        if not _norm(values) >= radius.lower():
            return Relation.of(text, [], [])
        return Relation.of(text, level, values.potential(enclose(step)))


def _barely(step: Fraction, planted: Fraction) -> Relation:
    """The same where V barely exceeds the level, with another number in the place of s in the formula of the radius."""
    radius = steepest().bounds.radius(LEVEL, planted)
    return _on_the_sphere(LEVEL, radius, steepest().along_the_input(float(radius)).values, step)


def _radius_where_bent(dimension: int = len(POINT)) -> Relation:
    """|W| against the radius of the level V(W), where −λpd − D is most of V, with a dimension d in the formula."""
    far = most_bent(1).along_the_input(FAR)
    with precision(EVALUATION_BITS):
        level = Ball(far.values.potential(enclose(NOISY))).upper
        found = replace(far.bounds, dimension=dimension).radius(level, NOISY)
        return Relation.of("|W| <= R(V(W)), where -lambda p d - D is most of V", _norm(far.values), found)


@check("villani-radius", scope=scope.evaluations)
def radius(inst: TwoLayerInstance) -> Outcome:
    """R(K) solves the growth bound for K; V is evaluated on that sphere, and where it barely exceeds a level."""
    found = inst.bounds.radius(inst.level, inst.step)
    with precision(EVALUATION_BITS):
        values = inst.network.values(inst.weights(float(found.upper()) * (1 + 1e-9), 7))
    return argued(
        "villani",
        [_on_the_sphere(inst.level, found, values, inst.step)],
        sharp=[_barely(inst.step, inst.step), _radius_where_bent()],
        value=found,
        detail={"quantity": f"R({inst.level})"},
    )


@smooth_control("villani-radius")
def radius_control(_: TwoLayerInstance) -> Outcome:
    """81/100 of s in the formula, so that the radius is nine tenths: V is below the level there; and half of λpd."""
    return each([_barely(STEP, Fraction(81, 100) * STEP), _radius_where_bent(len(POINT) // 2)])


def _thresholds(bounds: LogisticBounds, factor: Fraction = Fraction(2)) -> tuple[arb, arb]:
    """λ_c − λ_cvx, and (B²‖a‖_∞ M₁²/2)(‖a‖₂²/‖a‖_∞ − 2M₂/M₁²) with another factor in the place of the last 2."""
    with precision(bounds.bits):
        largest, squares = enclose(bounds.outer.infinity), enclose(bounds.outer.two_squared)
        half = bounds.norm_squared * largest * bounds.slope**2 / 2
        factored = half * (squares / largest - enclose(factor) * bounds.bend / bounds.slope**2)
        return bounds.published_threshold - bounds.convexity_threshold, factored


@check("villani-convex-case", scope=scope.setting)
def convex_case(inst: TwoLayerInstance) -> Outcome:
    """λ_c − λ_cvx = (B²‖a‖_∞ M₁²/2)(‖a‖₂²/‖a‖_∞ − 2M₂/M₁²) ≥ 0, with the constants of its table."""
    bounds = inst.bounds
    difference, factored = _thresholds(bounds)
    apart = Relation.of("lambda_cvx <= lambda_c", bounds.convexity_threshold, bounds.published_threshold)
    found = argued(
        "logistic-hessian",
        [
            Relation.of("lambda_c - lambda_cvx, and its factors", difference, factored, Sense.EQUAL),
            Relation.of("0 <= lambda_c - lambda_cvx", 0, factored, condition=True),
        ],
        enclosed("both thresholds", lambda_c=bounds.published_threshold, lambda_cvx=bounds.convexity_threshold),
        value=bounds.published_threshold,
        method="arithmetic with enclosed constants",
        detail={"quantity": "lambda_c"},
    )
    return replace(found, sharpness=apart.kept)


@smooth_control("villani-convex-case")
def convex_case_control(inst: TwoLayerInstance) -> Outcome:
    """99/100 of the factor 2 in the identity; and the opposite strict inequality, where the layer is wide enough."""
    bounds = inst.bounds
    opposite = Relation.of("lambda_c < lambda_cvx", bounds.published_threshold, bounds.convexity_threshold, Sense.BELOW)
    if opposite.verdict is not Verdict.REFUTED:
        return Outcome(Verdict.NOT_APPLICABLE, reason="the layer is not proved wide enough")
    identity = Relation.of("the identity", *_thresholds(most_bent(1).bounds, 2 * NEARLY), Sense.EQUAL)
    return each([opposite, identity])
