"""How the hypotheses of ``resnet-rkhs`` are settled on an instance."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from flint import arb

from ....theory.claims.claim import Hypothesis
from ....theory.errors import DerivationGap, PrecisionExhausted
from ....theory.verdict import Verdict
from ...balls.precision import precision
from ...certificates.certificate import Discharged
from ...checks.relation import Relation, Sense
from .checks.evidence import times

if TYPE_CHECKING:
    from .instance import ResNetInstance

Found = tuple[Verdict, str]
CERTAIN: dict[str, Callable[[ResNetInstance], str]] = {
    "translation-invariant": lambda inst: f"{inst.subject} is a function of the distance",
    "admissible": lambda inst: f"kappa_0 = 1 and kappa_1^2 = {inst.kernel.kappa1_squared} for {inst.subject}",
    "readout": lambda inst: (
        "A = (alpha I; 0), alpha > 0, is injective, B = (0, I) surjective, its singular values are 1"
    ),
    "training-distinct": lambda inst: f"the {len(inst.chosen)} training points are distinct by choice, decided exactly",
}
"""What holds on every instance, and why."""


def discharge(inst: ResNetInstance, hypothesis: Hypothesis) -> Discharged:
    """Decide one hypothesis by its name; raises :class:`DerivationGap` for a name without a rule."""
    name = hypothesis.name
    if name in CERTAIN:
        return Discharged(name, Verdict.PROVED, CERTAIN[name](inst))
    if name not in RULES:
        raise DerivationGap(f"no rule decides the hypothesis {name!r} of {inst.system}.")
    return Discharged(name, *RULES[name](inst))


def _strongly_admissible(inst: ResNetInstance) -> Found:
    square = inst.kernel.kappa2_squared
    if square is None:
        return Verdict.REFUTED, f"the third derivative of {inst.subject} jumps at 0, so kappa_2 is infinite"
    return Verdict.PROVED, f"kappa_2^2 = {square}"


def _distinct(inst: ResNetInstance) -> Found:
    if inst.repeated:
        return Verdict.REFUTED, f"points {inst.repeated[0][0]} and {inst.repeated[0][1]} are equal"
    return Verdict.PROVED, "no two points are equal, decided exactly"


def _several_points(inst: ResNetInstance) -> Found:
    if inst.data.n == 1:
        return Verdict.REFUTED, "a single point has no separation"
    return Verdict.PROVED, f"N = {inst.data.n}"


def _invertible(inst: ResNetInstance) -> Found:
    try:
        landscapes = ((inst.plain, inst.landscape(inst.depth)), (inst.certified, inst.certified_recipe.landscape))
    except PrecisionExhausted as error:
        return Verdict.UNKNOWN, str(error)
    with precision(inst.budget.bits):
        below = [
            Relation.of(
                f"kappa_1 |v| < sqrt(D), D = {inst.depth}, on the run at scale {landscape.kernel.scale}",
                times(landscape.kappa1, run.norm),
                arb(inst.depth).sqrt(),
                Sense.BELOW,
            )
            for run, landscape in landscapes
        ]
    worst = next((relation for relation in below if relation.verdict is not Verdict.PROVED), below[-1])
    return worst.verdict, str(worst)


def _small_loss(inst: ResNetInstance) -> Found:
    found = inst.recipe(depth=None, descent=False)
    with precision(inst.budget.bits):
        verdict = Verdict.PROVED if found.holds() else Verdict.UNKNOWN
    scale, lift = found.landscape.kernel.scale, found.landscape.alpha
    return verdict, f"with the scale {scale} and the lift {lift} of the recipe"


def _step_size(inst: ResNetInstance) -> Found:
    if inst.kernel.kappa2_squared is None:
        return Verdict.UNKNOWN, "beta is not finite without kappa_2"
    with precision(inst.budget.bits):
        beta = inst.smoothness()
        relation = Relation.of("eta beta <= 1", arb(inst.eta) * beta, 1)
    return relation.verdict, f"eta = {inst.eta!r} and beta = {float(beta):.4g} on the ball of the recipe"


def _lazy(inst: ResNetInstance) -> Found:
    found = inst.lazy
    text = f"2 sqrt(L_0/mu) = {float(found.path):.4g} and R = {float(found.radius):.4g} with {found.features} features"
    return found.condition.verdict, text


RULES: dict[str, Callable[[ResNetInstance], Found]] = {
    "strongly-admissible": _strongly_admissible,
    "distinct": _distinct,
    "several-points": _several_points,
    "invertible-layers": _invertible,
    "small-loss": _small_loss,
    "step-size": _step_size,
    "lazy": _lazy,
}
