"""When residual networks in an RKHS converge: flow, descent, the recipe, critical points (B09 to B11, B13, B20)."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from flint import arb

from .....theory.errors import PrecisionExhausted
from .....theory.verdict import Verdict
from ....balls.ball import Ball, enclose
from ....balls.precision import precision
from ....checks.evidence import SLIGHTLY, enclosed, exact
from ....checks.registry import Outcome, check, control
from ....checks.trajectories import Bounds, verify_inequality
from ....radial.bounds import log10_of, outward, wendland
from ..descent import descend, embed
from ..fields import KernelField
from ..instance import ResNetInstance
from ..passes import run_pass
from ..recipe import Recipe
from ..symbolic import best_radius, root_loss_identity
from .trajectories import concluded, radius_of, times, verified

RADII = 40
"""Values of R that are tried when the condition is evaluated at the study's own scale."""
FAR = 4
"""The control of gradient descent takes the step 4 N, where the loss must rise."""


def condition_at_study_scale(inst: ResNetInstance) -> bool:
    """Whether L₀ < R² μ(R)/4 is proved for some R at the study's own scale and lift, infinite depth."""
    landscape, loss = inst.landscape(None), enclose(inst.loss)
    for k in range(1, RADII + 1):
        radius = arb(k) / 10 / landscape.kappa1
        if bool(loss < radius**2 * landscape.lower(radius) / 4):
            return True
    return False


def _recipe_detail(found: Recipe) -> dict[str, object]:
    return {
        "scale": str(found.landscape.kernel.scale),
        "lift": str(found.landscape.alpha),
        "mu": float(found.mu),
        "radius": float(found.radius),
        "points": found.landscape.count,
    }


@check("resnet-flow-convergence")
def flow_convergence(inst: ResNetInstance) -> Outcome:
    """The differential inequality symbolically; the condition, and the bound of the path, in balls at the recipe."""
    if not root_loss_identity():
        return Outcome(Verdict.UNKNOWN, reason="the derivative of the root of the loss was not settled symbolically")
    found = inst.recipe(depth=None, descent=False)
    with precision(inst.budget.bits):
        path, radius = found.path, found.radius
        mu, bound = found.mu, found.landscape.lower(found.radius)
        margin = outward(radius - path)[0]
        fits = bool(path < radius) and bool(mu <= bound)
        lower, upper = outward(mu)
        item = enclosed("2 sqrt(L_0/mu) < R, and mu is below the constant of the ball", path=path, radius=radius, mu=mu)
        at_study = condition_at_study_scale(inst)
    text = exact("-d sqrt(L)/ds = |grad L|^2 / (2 sqrt L) >= (sqrt(mu)/2) |grad L|, while the path stays in the ball")
    return Outcome(
        Verdict.PROVED if fits else Verdict.UNKNOWN,
        (text, item),
        lower,
        upper,
        margin,
        "differential inequality; condition in balls",
        "" if fits else "the path is not proved to fit into the ball",
        detail={"quantity": "mu", **_recipe_detail(found), "condition_at_study_scale": at_study},
    )


@control("resnet-flow-convergence")
def too_large_loss(inst: ResNetInstance) -> Outcome:
    """The loss multiplied by (R/path)² (1 + 1e-9): the path no longer fits."""
    found = inst.recipe(depth=None, descent=False)
    with precision(inst.budget.bits):
        grown = Ball((found.radius / found.path) ** 2).upper * (1 + SLIGHTLY)
        planted = Recipe(found.landscape, found.rho, False, found.loss * grown)
        item = enclosed("the planted path, and R", path=planted.path, radius=planted.radius)
        if planted.holds():
            return Outcome(Verdict.PROVED, (item,))
        refuted = bool(planted.path >= planted.radius)
    return Outcome(Verdict.REFUTED if refuted else Verdict.UNKNOWN, (item,), reason="the planted condition is open")


@check("resnet-optimal-radius")
def optimal_radius(inst: ResNetInstance) -> Outcome:
    """The maximum symbolically; for Matérn kernels the power law below Wendland's bound, in balls at the best R."""
    if not best_radius():
        return Outcome(Verdict.REFUTED, (exact("the maximum of R^2 exp(-bR) is elsewhere"),))
    evidence = [exact("R^2 exp(-bR) has its only maximum at R = 2/b, with the value 4/(eb)^2")]
    nu = inst.kernel.nu
    if nu is None:
        return Outcome(Verdict.PROVED, tuple(evidence), method="symbolic maximum")
    with precision(inst.budget.bits):
        landscape = inst.landscape(None)
        start = landscape.separated(arb(0))
        base = 2 * wendland(inst.kernel, inst.dimension, start) / len(inst.chosen)
        rate = 2 + 2 * enclose(nu)
        radius = 2 / (rate * landscape.kappa1)
        law = base * (-2 * arb(1)).exp()  # mu_0 exp(-a kappa_1 R) at a kappa_1 R = 2
        bound = landscape.lower(radius)
        threshold = base / (arb(1).exp() * rate * landscape.kappa1) ** 2
        item = enclosed("the power law is below the constant of the ball at the best R", law=law, mu=bound)
        holds = bool(law <= bound)
        lower, upper = outward(threshold)
        log = log10_of(threshold)
    return Outcome(
        Verdict.PROVED if holds else Verdict.UNKNOWN,
        (*evidence, item),
        lower,
        upper,
        None,
        "symbolic maximum; power law in balls",
        "" if holds else "the power law is not proved to lie below the constant",
        detail={"quantity": "threshold of the loss", "log10": log},
    )


@control("resnet-optimal-radius")
def lower_supremum(inst: ResNetInstance) -> Outcome:
    """The value at R = 2/b exceeds the supremum reduced by 1e-9."""
    with precision(inst.budget.bits):
        value = 4 * (-arb(2)).exp()
        planted = 4 / arb(1).exp() ** 2 * enclose(1 - SLIGHTLY)
        item = enclosed("the value at R = 2/b for b = 1, and the planted supremum", value=value, planted=planted)
        refuted = bool(value > planted)
    return Outcome(Verdict.REFUTED if refuted else Verdict.PROVED, (item,))


def decrease(run_loss: Bounds, eta: float, mu: arb) -> tuple[Bounds, Bounds]:
    """Both sides of L(k+1) <= (1 − ημ/2) L(k)."""
    with precision(128):
        factor = 1 - arb(eta) * mu / 2
    left = Bounds.of(run_loss.lower[1:], run_loss.upper[1:])
    right = Bounds.of(run_loss.lower[:-1], run_loss.upper[:-1])
    return left, times([factor] * right.length, right)


@check("resnet-descent-convergence")
def descent_convergence(inst: ResNetInstance) -> Outcome:
    """The condition in balls; the decrease, the path and the ball at every iterate of the run."""
    found, run = inst.certified_recipe, inst.certified
    with precision(inst.budget.bits):
        if not found.holds():
            return Outcome(Verdict.UNKNOWN, reason="the condition of gradient descent is not proved at the recipe")
        mu, path, radius = found.mu, found.path, found.radius
        condition = enclosed("4 sqrt(L_0/mu) < R", path=path, radius=radius, mu=mu)
        limits = Bounds.of_balls([path])
        ball = Bounds.of_balls([radius] * run.norm.length)
        lower, upper = outward(mu)
    items = [
        verify_inequality("L(k+1) <= (1 - eta mu/2) L(k)", *decrease(run.loss, inst.eta, mu)),
        verify_inequality("length of the path <= 4 sqrt(L_0/mu)", Bounds.of(*[[x] for x in run.path]), limits),
        verify_inequality("|v| <= R", run.norm, ball),
    ]
    if not root_loss_identity():
        return Outcome(Verdict.UNKNOWN, reason="the step of the root of the loss was not settled symbolically")
    text = exact("the descent lemma on the segment, and sqrt(L_k) - sqrt(L_(k+1)) >= (eta sqrt(mu)/4) |grad L|")
    steps = [float(k) for k in range(run.loss.length)]
    rate = 1 - inst.eta * float(mu) / 2
    first = run.loss.midpoints()[0]
    figure = {
        "title": f"Gradient descent at the scale of the recipe, {inst.subject}",
        "x": {"label": "step", "values": steps},
        "series": [
            {"label": "loss", "values": run.loss.midpoints(), "role": "measured"},
            {"label": "proved rate", "values": [first * rate**k for k in steps], "role": "bound"},
        ],
        "log": True,
    }
    return concluded(items, (text, condition), (lower, upper), "mu", figure=figure, **_recipe_detail(found))


@control("resnet-descent-convergence")
def too_large_step(inst: ResNetInstance) -> Outcome:
    """A run with the step 4 N, far beyond 1/beta: the loss must be seen to rise."""
    found = inst.certified_recipe
    landscape = found.landscape
    field = KernelField(landscape.kernel, inst.depth, inst.dimension)
    eta = float(FAR * len(inst.chosen))
    try:
        run = descend(field, inst.problem(landscape.alpha), eta, 2)
    except PrecisionExhausted as error:
        return Outcome(Verdict.UNKNOWN, reason=str(error))
    with precision(inst.budget.bits):
        mu = found.mu
    return concluded([verify_inequality("planted step", *decrease(run.loss, eta, mu))], (), (0.0, np.inf), "planted")


@check("resnet-recipe")
def recipe_check(inst: ResNetInstance) -> Outcome:
    """Scale and lift as rationals; λ >= 1/2, μ = e^(−2)/N and the condition in balls, strictly."""
    found = inst.recipe(depth=None, descent=False)
    with precision(inst.budget.bits):
        half = found.landscape.eigenvalue(found.radius)
        item = enclosed(
            "lambda >= 1/2 on the ball, and 2 sqrt(L_0/mu) < R",
            eigenvalue=half,
            path=found.path,
            radius=found.radius,
            mu=found.mu,
        )
        holds = found.holds()
        lower, upper = outward(found.mu)
        margin = outward(found.radius - found.path)[0]
    return Outcome(
        Verdict.PROVED if holds else Verdict.UNKNOWN,
        (
            exact("at v = 0 the readout of A = (alpha I; 0) is 0: L_0 is half the mean square of the labels"),
            item,
        ),
        lower,
        upper,
        margin,
        "condition in balls at rational scale and lift",
        "" if holds else "the condition is not proved",
        detail={"quantity": "mu", **_recipe_detail(found)},
    )


@control("resnet-recipe")
def smaller_scale(inst: ResNetInstance) -> Outcome:
    """The scale reduced until R is 0.99 times the path."""
    found = inst.recipe(depth=None, descent=False)
    with precision(inst.budget.bits):
        room = Fraction(Ball(found.path / found.radius).upper) * Fraction(99, 100)
        old = found.landscape
        kernel = old.kernel.rescaled(room)
        landscape = type(old)(kernel, old.count, old.dimension, old.alpha, old.separation_squared, old.depth)
        planted = Recipe(landscape, found.rho, False, found.loss)
        item = enclosed("the planted path, and R", path=planted.path, radius=planted.radius)
        if planted.holds():
            return Outcome(Verdict.PROVED, (item,))
        refuted = bool(planted.path >= planted.radius)
    return Outcome(Verdict.REFUTED if refuted else Verdict.UNKNOWN, (item,), reason="the planted condition is open")


@check("resnet-critical-points")
def critical_points(inst: ResNetInstance) -> Outcome:
    """μ(R) > 0 at a radius that contains both runs, and at ten times that: then |∇L|² >= μ L leaves L = 0."""
    with precision(inst.budget.bits):
        radius = max(radius_of(inst.plain), radius_of(inst.certified))
        values = {
            f"mu({name})": inst.landscape(None).lower(enclose(k * radius)) for name, k in (("R", 1), ("10 R", 10))
        }
        item = enclosed(f"mu at the study's scale, R = {radius}, which contains both runs", **values)
        positive = all(bool(x > 0) for x in values.values())
        logs = {name: log10_of(x) for name, x in values.items()}
        lower, upper = outward(values["mu(R)"])
    text = exact("0 = |grad L|^2 >= mu(R) L with mu(R) > 0 for every finite R, because Wendland's bound is positive")
    return Outcome(
        Verdict.PROVED if positive else Verdict.UNKNOWN,
        (text, item),
        lower,
        upper,
        None,
        "positivity of mu in balls",
        "" if positive else "mu is not separated from 0",
        detail={"quantity": "mu(R)", "R": str(radius), "log10": logs},
    )


@control("resnet-critical-points")
def two_labels(inst: ResNetInstance) -> Outcome:
    """One input twice with the labels 1 and −1: v = 0 is critical, its loss 1/2."""
    points = np.vstack([inst.points[:1], inst.points[:1]])
    problem = embed(points, np.array([[1.0], [-1.0]]), float(inst.alpha), 2.0**-52)
    field = KernelField(inst.kernel, inst.depth, inst.dimension)
    found = run_pass(field, problem.start, problem.start_error, problem.targets)
    cancels = bool(np.array_equal(found.adjoints[:, 0], -found.adjoints[:, 1]))
    item = verify_inequality(
        "0.49 <= L", Bounds.exact([Fraction(49, 100)]), Bounds.of([found.loss[0]], [found.loss[1]])
    )
    if cancels and item.verdict is Verdict.PROVED:
        text = exact("z^1 = z^2 and p^1 = -p^2, so grad L = 0, while L = 1/2")
        return Outcome(Verdict.REFUTED, (text, verified(item)))
    return Outcome(Verdict.UNKNOWN, reason="the planted critical point was not recognised")
