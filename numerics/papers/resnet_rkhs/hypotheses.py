"""How the hypotheses of ``resnet-rkhs`` are settled on an instance."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from flint import arb

from ....theory.claims.claim import Hypothesis
from ....theory.errors import DerivationGap, PrecisionExhausted
from ....theory.verdict import Verdict
from ...balls.precision import precision
from ...certificates.certificate import Discharged
from ...checks.relation import Relation, Sense
from .checks.evidence import times
from .condition import condition
from .setting import Setting

Found = tuple[Verdict, str]


def discharge(inst: Setting, hypothesis: Hypothesis) -> Discharged:
    """Decide one hypothesis by its name; raises :class:`DerivationGap` for a name without a rule."""
    if hypothesis.name not in RULES:
        raise DerivationGap(f"no rule decides the hypothesis {hypothesis.name!r} of {inst.system}.")
    return Discharged(hypothesis.name, *RULES[hypothesis.name](inst))


def _either(holds: bool, text: str, otherwise: str = "") -> Found:
    return (Verdict.PROVED, text) if holds else (Verdict.REFUTED, otherwise)


def _invertible(inst: Setting) -> Found:
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


def _small_loss(inst: Setting) -> Found:
    found = inst.recipe()
    with precision(inst.budget.bits):
        verdict = Verdict.PROVED if found.holds() else Verdict.UNKNOWN
    scale, lift = found.landscape.kernel.scale, found.landscape.alpha
    return verdict, f"with the scale {scale} and the lift {lift} of the recipe"


def _condition(inst: Setting, *, descent: bool) -> Found:
    with precision(inst.budget.bits):
        return condition(inst, descent=descent).settled()


def _step_size(inst: Setting, *, made: bool) -> Found:
    if inst.kernel.kappa2_squared is None:
        return Verdict.UNKNOWN, "beta is not finite without kappa_2"
    with precision(inst.budget.bits):
        found = inst.certified_recipe if made else condition(inst, descent=True)
        beta = inst.smoothness(found.landscape, found.radius)
        relation = Relation.of("eta beta <= 1", arb(inst.eta) * beta, 1)
    where = "of the recipe" if made else "at the study's scale"
    return relation.verdict, f"eta = {inst.eta!r} and beta = {float(beta):.4g} on the ball {where}"


def _lazy(inst: Setting) -> Found:
    found = inst.lazy
    return found.condition.verdict, (
        f"2 sqrt(L_0/mu) = {float(found.path):.4g} and R = {float(found.radius):.4g} with {found.features} features"
    )


RULES: dict[str, Callable[[Setting], Found]] = {
    "translation-invariant": lambda inst: _either(True, f"{inst.subject} is a function of the distance"),
    "admissible": lambda inst: _either(
        True, f"kappa_0 = 1 and kappa_1^2 = {inst.kernel.kappa1_squared} for {inst.subject}"
    ),
    "readout": lambda inst: _either(
        True, "A = (alpha I; 0), alpha > 0, is injective, B = (0, I) surjective, its singular values are 1"
    ),
    "training-distinct": lambda inst: _either(
        True, f"the {len(inst.chosen)} training points are distinct by choice, decided exactly"
    ),
    "strongly-admissible": lambda inst: _either(
        inst.kernel.kappa2_squared is not None,
        f"kappa_2^2 = {inst.kernel.kappa2_squared}",
        f"the third derivative of {inst.subject} jumps at 0, so kappa_2 is infinite",
    ),
    "distinct": lambda inst: _either(
        not inst.repeated,
        "no two points are equal, decided exactly",
        "; ".join(f"points {i} and {j} are equal" for i, j in inst.repeated[:1]),
    ),
    "several-points": lambda inst: _either(inst.data.n > 1, f"N = {inst.data.n}", "a single point has no separation"),
    "invertible-layers": _invertible,
    "small-loss": partial(_condition, descent=False),
    "small-loss-descent": partial(_condition, descent=True),
    "small-loss-made": _small_loss,
    "step-size": partial(_step_size, made=False),
    "step-size-made": partial(_step_size, made=True),
    "lazy": _lazy,
}
