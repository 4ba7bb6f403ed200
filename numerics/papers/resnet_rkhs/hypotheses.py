"""How the hypotheses of ``resnet-rkhs`` are settled on an instance."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from flint import arb

from ....theory.claims.claim import Hypothesis
from ....theory.errors import DerivationGap, PrecisionExhausted
from ....theory.verdict import Verdict
from ...balls.ball import Ball, enclose
from ...balls.precision import precision
from ...certificates.certificate import Discharged

if TYPE_CHECKING:
    from .instance import ResNetInstance


def discharge(inst: ResNetInstance, hypothesis: Hypothesis) -> Discharged:
    """Decide one hypothesis by its name; raises :class:`DerivationGap` for a name without a rule."""
    rules = {
        "translation-invariant": _translation_invariant,
        "admissible": _admissible,
        "strongly-admissible": _strongly_admissible,
        "distinct": _distinct,
        "readout": _readout,
        "training-distinct": _training_distinct,
        "matern": _matern,
        "invertible-layers": _invertible,
        "small-loss": _small_loss,
        "step-size": _step_size,
        "lazy": _lazy,
    }
    if hypothesis.name not in rules:
        raise DerivationGap(f"no rule decides the hypothesis {hypothesis.name!r} of {inst.system}.")
    verdict, text = rules[hypothesis.name](inst)
    return Discharged(hypothesis.name, verdict, text)


Found = tuple[Verdict, str]


def _settled(proved: bool, refuted: bool) -> Verdict:
    return Verdict.PROVED if proved else Verdict.REFUTED if refuted else Verdict.UNKNOWN


def _translation_invariant(inst: ResNetInstance) -> Found:
    return Verdict.PROVED, f"{inst.subject} is a function of the distance"


def _admissible(inst: ResNetInstance) -> Found:
    return Verdict.PROVED, f"kappa_0 = 1 and kappa_1^2 = {inst.kernel.kappa1_squared} for {inst.subject}"


def _strongly_admissible(inst: ResNetInstance) -> Found:
    square = inst.kernel.kappa2_squared
    if square is None:
        return Verdict.REFUTED, f"the third derivative of {inst.subject} jumps at 0, so kappa_2 is infinite"
    return Verdict.PROVED, f"kappa_2^2 = {square}"


def _distinct(inst: ResNetInstance) -> Found:
    if inst.repeated:
        return Verdict.REFUTED, f"points {inst.repeated[0][0]} and {inst.repeated[0][1]} are equal"
    return Verdict.PROVED, "no two points are equal, decided exactly"


def _training_distinct(inst: ResNetInstance) -> Found:
    return Verdict.PROVED, f"the {len(inst.chosen)} training points are distinct by choice, decided exactly"


def _readout(inst: ResNetInstance) -> Found:
    return (
        Verdict.PROVED,
        "A = (alpha I; 0), alpha > 0, is injective, B = (0, I) surjective, its singular values are 1",
    )


def _matern(inst: ResNetInstance) -> Found:
    if inst.kernel.nu is None:
        return Verdict.REFUTED, "the Gaussian kernel has no power law in the separation"
    return Verdict.PROVED, f"Matern with nu = {inst.kernel.nu}"


def _invertible(inst: ResNetInstance) -> Found:
    try:
        return _norms_along_runs(inst)
    except PrecisionExhausted as error:
        return Verdict.UNKNOWN, str(error)


def _norms_along_runs(inst: ResNetInstance) -> Found:
    for name, run, kernel in (
        ("the study's scale", inst.plain, inst.kernel),
        ("the recipe", inst.certified, inst.certified_recipe.landscape.kernel),
    ):
        largest = float(np.max(run.norm.upper))
        with precision(inst.budget.bits):
            reach = enclose(kernel.kappa1_squared).sqrt() * arb(largest)
            if not reach < arb(inst.depth).sqrt():
                low = enclose(kernel.kappa1_squared).sqrt() * arb(float(np.max(run.norm.lower)))
                refuted = bool(low >= arb(inst.depth).sqrt())
                return _settled(False, refuted), f"kappa_1 ||v|| reaches {Ball(reach)} on the run at {name}"
    return Verdict.PROVED, f"kappa_1 ||v|| stays below the square root of the depth {inst.depth} on both runs"


def _small_loss(inst: ResNetInstance) -> Found:
    found = inst.recipe(depth=None, descent=False)
    with precision(inst.budget.bits):
        proved = found.holds()
    return _settled(proved, False), (
        f"with the scale {found.landscape.kernel.scale} and the lift {found.landscape.alpha} of the recipe"
    )


def _step_size(inst: ResNetInstance) -> Found:
    if inst.kernel.kappa2_squared is None:
        return Verdict.UNKNOWN, "beta is not finite without kappa_2"
    with precision(inst.budget.bits):
        beta = inst.smoothness()
        product = arb(inst.eta) * beta
        verdict = _settled(bool(product <= 1), bool(product > 1))
    return verdict, f"eta = {inst.eta!r} and beta = {float(beta):.4g} on the ball of the recipe"


def _lazy(inst: ResNetInstance) -> Found:
    found = inst.lazy
    holds = found.holds
    text = f"2 sqrt(L_0/mu) = {float(found.path):.4g} and R = {float(found.radius):.4g} with {found.features} features"
    return _settled(holds is True, holds is False), text
