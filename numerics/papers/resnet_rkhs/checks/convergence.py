"""When residual networks in an RKHS converge: flow, descent, the recipe, critical points (B09 to B11, B13, B20)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
from flint import arb

from .....theory.errors import PrecisionExhausted
from .....theory.verdict import Verdict
from ....balls.ball import Ball, enclose
from ....balls.ends import outward
from ....balls.precision import precision
from ....checks.evidence import SLIGHTLY, figure, note, sufficient
from ....checks.registry import Outcome, check, control
from ....checks.relation import Relation, Sense, each, judge, planted
from ....checks.trajectories import Bounds
from ....radial.bounds import log10_of, wendland
from ..condition import Condition, condition
from ..descent import Descent, embed
from ..fields import KernelField
from ..instance import ResNetInstance
from ..passes import run_pass
from ..rates import path_bound
from ..recipe import Recipe
from . import scope
from .evidence import CLOSE, cited, positive, times
from .trajectories import METHOD, radius_of

FAR = 4
"""The control of gradient descent takes the step 4 N, where the loss must rise."""
BESIDE = 1e-6
"""How far from the rate of the theorem losses fall that are made to test it."""


def recipe_detail(found: Recipe | Condition) -> dict[str, object]:
    """What a report says of a recipe."""
    return {
        "quantity": "mu",
        "scale": str(found.landscape.kernel.scale),
        "lift": str(found.landscape.alpha),
        "mu": float(found.mu),
        "radius": float(found.radius),
        "points": found.landscape.count,
    }


def _flow(inst: ResNetInstance, found: Recipe | Condition) -> Outcome:
    """The condition and the bound of the path; the rate is at most the constant of the ball."""
    with precision(inst.budget.bits):
        fits, mu = found.fits, found.mu
        relations = [fits]
        if isinstance(found, Recipe):
            rate = "mu is at most the constant of the ball"
            relations.append(Relation.of(rate, mu, found.landscape.lower(found.radius), condition=True))
        outcome = judge(
            relations,
            *map(cited, ("lemma.residual-pl", "lemma.wendland", "lemma.flow-existence")),
            value=mu,
            margin=fits.margin,
            method="differential inequality; condition in balls",
            detail=recipe_detail(found),
        )
    return sufficient(outcome)


@check("resnet-flow-convergence", scope=scope.training)
def flow_convergence(inst: ResNetInstance) -> Outcome:
    """The condition at the study's own scale and lift."""
    with precision(inst.budget.bits):
        return _flow(inst, condition(inst))


@check("resnet-made-flow", scope=scope.recipe)
def made_flow(inst: ResNetInstance) -> Outcome:
    """The condition at the recipe; μ of the recipe is below the constant of the ball."""
    return _flow(inst, inst.recipe())


@control("resnet-flow-convergence")
def too_large_loss_of_the_study(inst: ResNetInstance) -> Outcome:
    """A loss a millionth above what any R allows."""
    return _beyond_the_ceiling(inst, descent=False)


def _beyond_the_ceiling(inst: ResNetInstance, *, descent: bool) -> Outcome:
    """The condition for a loss a millionth above what any R allows; a millionth below it holds for some matrix."""
    with precision(inst.budget.bits):
        found = condition(inst, descent=descent)
        if found.at_the_ceiling(1 - CLOSE).verdict is not Verdict.PROVED:
            return Outcome(Verdict.UNKNOWN, reason="the largest loss is not attained where it should be")
        grown = Ball(found.ceiling).upper * (1 + CLOSE)
        return each([replace(found, loss=grown).fits, found.at_the_ceiling(1 + CLOSE)])


@control("resnet-made-flow")
def too_large_loss(inst: ResNetInstance) -> Outcome:
    """The loss multiplied by (R/path)² (1 + 1e-9): the path no longer fits."""
    found = inst.recipe()
    with precision(inst.budget.bits):
        grown = Ball((found.radius / found.path) ** 2).upper * (1 + SLIGHTLY)
        return planted([replace(found, loss=found.loss * grown).fits])


def power_law(inst: ResNetInstance, nu: Fraction) -> tuple[list[Relation], arb]:
    """The power law of a Matérn kernel at the best R, below the constant of the ball; and the threshold of the loss.

    A loss of the threshold has a path as long as the best R, by the law.
    """
    landscape, a = inst.landscape(None), 2 + 2 * enclose(nu)
    start = 2 * wendland(inst.kernel, inst.dimension, landscape.separated(arb(0))) / len(inst.chosen)  # mu_0
    law = start * (-2 * arb(1)).exp()  # mu_0 exp(-a kappa_1 R) at a kappa_1 R = 2
    radius = 2 / (a * landscape.kappa1)
    threshold = start / (arb(1).exp() * a * landscape.kappa1) ** 2
    relations = [
        Relation.of("the power law is at most the constant of the ball at the best R", law, landscape.lower(radius)),
        Relation.of("the path of the threshold is the best R", path_bound(threshold, law), radius, Sense.EQUAL),
        Relation.of(
            "(2 + 2 nu) kappa_1 times it is 2", radius * landscape.kappa1 * enclose(2 + 2 * nu), 2, Sense.EQUAL
        ),
    ]
    return relations, threshold


def supremum(b: arb) -> Relation:
    """The value of R² e^(−bR) at R = 2/b."""
    radius = 2 / b
    value, stated = radius**2 * (-b * radius).exp(), 4 / (arb(1).exp() * b) ** 2
    return Relation.of("R^2 exp(-bR) at R = 2/b is 4/(eb)^2", value, stated, Sense.EQUAL)


@check("resnet-optimal-radius", scope=scope.training_inputs)
def optimal_radius(inst: ResNetInstance) -> Outcome:
    """The maximum symbolically; for Matérn kernels the power law below Wendland's bound, in balls at the best R."""
    nu = inst.kernel.nu
    with precision(inst.budget.bits):
        relations = [supremum(2 * inst.landscape(None).kappa1)]
        if nu is None:
            return judge(relations, cited("lemma.best-radius"), argued=True, method="symbolic maximum")
        law, threshold = power_law(inst, nu)
        found = judge(
            [*relations, *law],
            cited("lemma.best-radius"),
            argued=True,
            value=threshold,
            method="symbolic maximum; power law in balls",
            detail={"quantity": "threshold of the loss", "log10": log10_of(threshold)},
        )
    return replace(found, margin=None)  # the relations are not about the quantity


@control("resnet-optimal-radius")
def lower_supremum(inst: ResNetInstance) -> Outcome:
    """The supremum reduced by 1e-9, which the value at R = 2/b exceeds."""
    with precision(inst.budget.bits):
        return planted([supremum(arb(1)).moved()])


def decrease(loss: Bounds, eta: float, mu: arb) -> Relation:
    """L(k+1) <= (1 − ημ/2) L(k) at each iterate but the last."""
    with precision(128):
        factor = 1 - arb(eta) * mu / 2
    before, after = loss.first(loss.length - 1), Bounds.of(loss.lower[1:], loss.upper[1:])
    return Relation.of("L(k+1) <= (1 - eta mu/2) L(k)", after, times(factor, before))


def at_the_rate(loss: Bounds, eta: float, mu: arb, beside: float) -> Relation:
    """The decrease of losses that fall at the rate of the theorem, but for a factor ``beside`` in each step."""
    made = loss.upper[0] * (beside * np.exp(np.log1p(-eta * float(mu) / 2))) ** np.arange(loss.length)
    return replace(decrease(Bounds.of(made, made), eta, mu), text="the decrease, for losses made next to the rate")


def _descent(inst: ResNetInstance, found: Recipe | Condition, run: Descent) -> Outcome:
    """The condition in balls; the decrease, the path and the ball at every iterate of the run."""
    low, high = run.path
    with precision(inst.budget.bits):
        mu, limit = found.mu, found.path
        conditions = [found.separates, found.fits] if isinstance(found, Recipe) else [found.fits]
        relations = [
            *conditions,
            decrease(run.loss, inst.eta, mu),
            Relation.of("length of the path <= 4 sqrt(L_0/mu)", Bounds.of([low], [high]), limit),
            Relation.of("|v| <= R", run.norm, found.radius),
        ]
        detail = recipe_detail(found)
    if any(relation.verdict is not Verdict.PROVED for relation in conditions):
        return sufficient(judge(conditions))
    beside = [at_the_rate(run.loss, inst.eta, mu, 1 - BESIDE)] if inst.eta * float(mu) < 2 else []
    measured, rate = run.loss.midpoints(), 1 - inst.eta * float(mu) / 2
    curves = figure(
        f"Gradient descent at the scale {detail['scale']}, {inst.subject}",
        ("loss", measured, "measured"),
        ("rate of the theorem", [measured[0] * rate**k for k in range(len(measured))], "bound"),
        log=True,
    )
    return judge(
        [*relations, *beside],
        *map(cited, ("lemma.pl-descent", "lemma.residual-smoothness", "lemma.finite-depth")),
        value=mu,
        margin=min(relation.margin for relation in relations[len(conditions) :]),
        method=METHOD,
        detail={**detail, "figure": curves},
    )


@check("resnet-descent-convergence", scope=scope.training)
def descent_convergence(inst: ResNetInstance) -> Outcome:
    """The theorem along the run at the study's own scale and lift."""
    with precision(inst.budget.bits):
        found = condition(inst, descent=True)
    return _descent(inst, found, inst.plain)


@check("resnet-made-descent", scope=scope.descent_recipe)
def made_descent(inst: ResNetInstance) -> Outcome:
    """The theorem along the run at the recipe."""
    return _descent(inst, inst.certified_recipe, inst.certified)


@control("resnet-descent-convergence")
def too_large_a_loss_for_descent(inst: ResNetInstance) -> Outcome:
    """A loss a millionth above what any R allows."""
    return _beyond_the_ceiling(inst, descent=True)


@control("resnet-made-descent")
def too_large_step(inst: ResNetInstance) -> Outcome:
    """A run with the step 4 N, far beyond 1/beta: the loss must be seen to rise; losses next to the rate, above it."""
    found, eta = inst.certified_recipe, float(FAR * len(inst.chosen))
    try:
        run = inst.train(found.landscape, eta, 2, stop=0.0)
    except PrecisionExhausted as error:
        return Outcome(Verdict.UNKNOWN, reason=str(error))
    with precision(inst.budget.bits):
        slower = at_the_rate(inst.certified.loss, inst.eta, found.mu, 1 + BESIDE)
        return each([decrease(run.loss, eta, found.mu), slower])


@check("resnet-recipe", scope=scope.recipe)
def recipe_check(inst: ResNetInstance) -> Outcome:
    """Scale and lift as rationals; λ >= 1/2, μ = e^(−2)/N and the condition in balls, strictly."""
    found = inst.recipe()
    with precision(inst.budget.bits):
        outcome = judge(
            [found.separates, found.fits],
            *map(
                cited, ("lemma.recipe",) if inst.kernel.order is None else ("lemma.kernel-gershgorin", "lemma.pl-flow")
            ),
            value=found.mu,
            margin=found.fits.margin,
            method="condition in balls at rational scale and lift",
            detail=recipe_detail(found),
        )
    return sufficient(outcome)


@control("resnet-recipe")
def smaller_scale(inst: ResNetInstance) -> Outcome:
    """The scale reduced until R is 0.99 times the path."""
    found = inst.recipe()
    with precision(inst.budget.bits):
        room = Ball(found.path / found.radius).upper * Fraction(99, 100)
        smaller = replace(found.landscape, kernel=found.landscape.kernel.rescaled(room))
        return planted([replace(found, landscape=smaller).fits])


@check("resnet-critical-points", scope=scope.training_radius)
def critical_points(inst: ResNetInstance) -> Outcome:
    """μ(R) > 0 at a radius that contains both runs, and at ten times that: then |∇L|² >= μ L leaves L = 0."""
    radius = max(radius_of(inst.plain), radius_of(inst.certified))
    with precision(inst.budget.bits):
        values = {
            f"mu({name})": inst.landscape(None).lower(enclose(k * radius)) for name, k in (("R", 1), ("10 R", 10))
        }
        relations = [positive(f"{name} at the study's scale, R = {float(radius)!r}", x) for name, x in values.items()]
        logs = {name: log10_of(x) for name, x in values.items()}
    return judge(
        relations,
        *map(cited, ("lemma.residual-pl", "lemma.wendland")),
        value=outward(values["mu(R)"]),
        method="positivity of mu in balls",
        detail={"quantity": "mu(R)", "R": str(radius), "log10": logs},
    )


@control("resnet-critical-points")
def two_labels(inst: ResNetInstance) -> Outcome:
    """One input twice with the labels 1 and −1: v = 0 is critical, its loss 1/2."""
    points = np.vstack([inst.points[:1], inst.points[:1]])
    problem = embed(points, np.array([[1.0], [-1.0]]), float(inst.alpha), 2.0**-52)
    field = KernelField(inst.kernel, inst.depth, inst.dimension)
    found = run_pass(field, problem.start, problem.start_error, problem.targets)
    if not np.array_equal(found.adjoints[:, 0], -found.adjoints[:, 1]):
        return Outcome(Verdict.UNKNOWN, reason="the planted critical point was not recognised")
    low, high = found.loss
    text = note("z^1 = z^2 and p^1 = -p^2, so grad L = 0")
    return planted([Relation.of("L <= 0.49 at a critical point", Bounds.of([low], [high]), Fraction(49, 100))], text)
