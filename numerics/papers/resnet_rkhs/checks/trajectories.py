"""Residual networks along their training runs: separation and the two inequalities (B02 to B05)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
from flint import arb

from .....theory.verdict import Verdict
from ....balls.ball import enclose
from ....balls.enclosure import float_below
from ....balls.ends import outward
from ....balls.precision import precision
from ....checks.evidence import enclosed, figure
from ....checks.registry import Outcome, check, control
from ....checks.relation import Relation, judge, planted
from ....checks.trajectories import Bounds
from ....radial.bounds import log10_of
from ....radial.kernel import RadialKernel
from ..descent import Descent, descend
from ..extremal import lone_compression, strongest_compression, strongest_gradient, strongest_stretch, weakest_gradient
from ..fields import KernelField
from ..instance import ResNetInstance
from ..rates import Landscape
from . import scope
from .evidence import CLOSE, cited, largest, least, quotients, times

METHOD = "enclosed at every recorded iterate"

Factor = Callable[[Landscape, arb], arb]


def runs(inst: ResNetInstance) -> list[tuple[str, Descent, Landscape]]:
    """The two runs of finite depth and that of infinite depth, with the constants that belong to them."""
    return [
        (f"the study's scale, {inst.depth} layers", inst.plain, inst.landscape(inst.depth)),
        (f"the recipe, {inst.depth} layers", inst.certified, inst.certified_recipe.landscape),
        ("infinite depth", inst.deep, inst.deep_recipe.landscape),
    ]


def radius_of(run: Descent) -> Fraction:
    """R of a ball that contains a run: a bound of its norms with few digits, which are the same on any machine."""
    return coarse(float(run.norm.upper.max()))


def coarse(x: float) -> Fraction:
    """A number that is at least x >= 0, by a relative 2^-10 at most, with eleven binary digits.

    >>> coarse(2.0000001), coarse(0.0)
    (Fraction(1025, 512), Fraction(0, 1))
    """
    mantissa, exponent = math.frexp(x)
    return math.ceil(mantissa * 2**11) * Fraction(2) ** (exponent - 11)


def below(text: str, factor: arb, run: Descent, **constants: arb) -> Relation:
    """μ L <= ‖∇L‖² at each iterate."""
    return Relation.of(
        f"mu L <= |grad L|^2, {text}", times(factor, run.loss), run.gradient_squared, constants=constants
    )


def above(text: str, factor: arb, run: Descent, **constants: arb) -> Relation:
    """‖∇L‖² <= C L at each iterate."""
    return Relation.of(f"|grad L|^2 <= C L, {text}", run.gradient_squared, times(factor, run.loss), constants=constants)


def on_ball(
    name: str,
    run: Descent,
    landscape: Landscape,
    bound: Callable[..., Relation] = below,
    factor: Factor = Landscape.lower,
) -> Relation:
    """One of both with its constant at the R of a ball that contains the whole run."""
    radius = radius_of(run)
    constant = factor(landscape, enclose(radius))
    return bound(f"{name}, R = {float(radius)!r}, a ball that contains the run", constant, run, constant=constant)


def kept(
    name: str, run: Descent, landscape: Landscape, compression: Factor = Landscape.compression, first: int = 1
) -> list[Relation]:
    """Both bounds of the ratios of distances at the iterates from the ``first`` on: at v = 0 every ratio is 1."""
    radii = [arb(r) for r in run.norm.upper[first:].tolist()]
    stretch, squeeze = (Bounds.of(b.lower[first:], b.upper[first:]) for b in (run.stretch, run.compression))
    far = Bounds.of_balls((landscape.kappa1 * r).exp() for r in radii)
    near = Bounds.of_balls((-compression(landscape, r)).exp() for r in radii)
    return [Relation.of(f"stretch, {name}", stretch, far), Relation.of(f"compression, {name}", near, squeeze)]


def extremal_distances(kernel: RadialKernel, compression: Factor = Landscape.compression) -> list[Relation]:
    """Both bounds on networks that stretch and compress as much as their norms allow, nearly."""
    networks = {
        "stretches": strongest_stretch(kernel),
        "compresses": strongest_compression(kernel),
        "compresses in one of four layers": lone_compression(kernel),
    }
    return [
        relation
        for name, network in networks.items()
        for relation in kept(f"an extremal network that {name}", *network, compression, 0)
    ]


def extremal_lower(kernel: RadialKernel, factor: Factor = Landscape.lower) -> Relation:
    """The lower inequality on a network whose gradient is nearly as small as its norm allows."""
    run, landscape = weakest_gradient(kernel)
    return below("an extremal network", factor(landscape, arb(float(run.norm.upper[0]))), run)


def extremal_upper(kernel: RadialKernel, factor: Factor = Landscape.upper) -> Relation:
    """The upper inequality on a network whose gradient is nearly as large as its norm allows."""
    run, landscape = strongest_gradient(kernel)
    return above("an extremal network", factor(landscape, arb(float(run.norm.upper[0]))), run)


def at_zero(inst: ResNetInstance, side: str) -> list[Relation]:
    """At v = 0 with the proved eigenvalue of K: for the study's labels; by others the factor of the side is attained.

    These labels lie along an eigenvector. Nothing is said where float64 cannot tell, or both sides may be equal: the
    least eigenvalue may be far below the rounding of K, and a single point has one eigenvalue only.
    """
    (smallest, greatest), landscape, run = inst.training_eigenvalues, inst.landscape(None), inst.plain
    vectors = np.linalg.eigh(inst.training_gram.mid)[1]
    start = replace(run, loss=run.loss.first(1), gradient_squared=run.gradient_squared.first(1))
    with precision(inst.budget.bits):
        if side == "lower":
            bound, labels, factor = below, vectors[:, :1], landscape.lower(arb(0), arb(smallest.lower))
        else:
            bound, labels, factor = above, vectors[:, -1:], landscape.upper(arb(0), arb(greatest.upper))
        less, more = factor * enclose(1 - CLOSE), factor * enclose(1 + CLOSE)
    field = KernelField(inst.kernel, 1, inst.dimension)
    attained = descend(field, replace(inst.problem(inst.alpha), targets=labels), 1.0, 0)
    name = f"the {side} inequality is attained at v = 0 by labels along an eigenvector, up to 1e-6"
    found = [bound("v = 0", factor, start), below(name, less, attained), above(name, more, attained)]
    return [relation for relation in found if relation.verdict is not Verdict.UNKNOWN]


@check("resnet-separation", scope=scope.runs)
def separation_check(inst: ResNetInstance) -> Outcome:
    """The extreme ratios of distances over layers and pairs, at each iterate of three runs."""
    with precision(inst.budget.bits):
        relations = [relation for run in runs(inst) for relation in kept(*run)]
        relations += extremal_distances(inst.kernel)
    return judge(
        relations,
        cited("lemma.state-separation"),
        cited("lemma.finite-depth"),
        value=largest(inst.plain.stretch),
        method=METHOD,
        detail={"quantity": "largest stretch at the study's scale", "run": inst.plain.digest},
    )


@control("resnet-separation")
def less_compression(inst: ResNetInstance) -> Outcome:
    """κ₁R in place of c_D, for one layer that pulls two states together as much as its norm allows, nearly."""
    return planted(extremal_distances(inst.kernel, lambda landscape, radius: landscape.kappa1 * radius))


@check("resnet-pl-lower", scope=scope.runs)
def pl_lower(inst: ResNetInstance) -> Outcome:
    """Infinite depth: iterates enclosed through Euler's rule with its error; and v = 0 with the true eigenvalue."""
    run, far = inst.deep, radius_of(inst.plain)
    with precision(inst.budget.bits):
        study = inst.landscape(None).lower(enclose(far))
        relations = [on_ball(*runs(inst)[2]), extremal_lower(inst.kernel)]
    return judge(
        [*relations, *at_zero(inst, "lower")],
        cited("lemma.residual-pl"),
        enclosed(f"mu(R) at the study's scale at R = {float(far)!r}", mu=study),
        value=least(quotients(run)),
        method=METHOD,
        detail={
            "quantity": "least |grad L|^2 / L at infinite depth",
            "mu": float(relations[0].constants["constant"]),
            "log10_mu_at_study_scale": log10_of(study),
            "points": len(inst.chosen),
            "run": run.digest,
        },
    )


@control("resnet-pl-lower")
def slower_decay(inst: ResNetInstance) -> Outcome:
    """The exponent −κ₁R in place of −2κ₁R, on a network whose gradient is nearly as small as its norm allows."""
    return planted([extremal_lower(inst.kernel, lambda s, radius: s.lower(radius) * s.compression(radius).exp())])


@check("resnet-pl-upper", scope=scope.runs)
def pl_upper(inst: ResNetInstance) -> Outcome:
    """The upper inequality on all three runs; at v = 0 also with the true largest eigenvalue."""
    with precision(inst.budget.bits):
        relations = [on_ball(*run, above, Landscape.upper) for run in runs(inst)]
        relations.append(extremal_upper(inst.kernel))
    return judge(
        [*relations, *at_zero(inst, "upper")],
        cited("lemma.residual-pl"),
        value=largest(quotients(inst.plain)),
        method=METHOD,
        detail={
            "quantity": "largest |grad L|^2 / L at the study's scale",
            "largest_eigenvalue": inst.training_eigenvalues[1].upper,
            "run": inst.plain.digest,
        },
    )


@control("resnet-pl-upper")
def slower_growth(inst: ResNetInstance) -> Outcome:
    """The exponent κ₁R in place of 2κ₁R, on a network whose gradient is nearly as large as its norm allows."""
    return planted([extremal_upper(inst.kernel, lambda s, radius: s.upper(radius) * (-s.kappa1 * radius).exp())])


@check("resnet-pl-finite-depth", scope=scope.runs)
def pl_finite_depth(inst: ResNetInstance) -> Outcome:
    """The inequality of D layers with c_D at each iterate of both runs."""
    run = inst.certified
    with precision(inst.budget.bits):
        relations = [on_ball(*one) for one in runs(inst)[:2]]
    observed, mu = least(quotients(run)), relations[1].constants["constant"]
    return judge(
        relations,
        cited("lemma.finite-depth"),
        value=observed,
        method=METHOD,
        detail={
            "quantity": "least |grad L|^2 / L on the run of the recipe",
            "mu": float(mu),
            "margin_of_mu": float_below(Fraction(observed[0]) - Fraction(outward(mu)[1])),
            "points": len(inst.chosen),
            "run": run.digest,
            "figure": figure(
                f"Training {inst.depth} layers: the lower inequality, {inst.subject}",
                ("squared gradient", run.gradient_squared.midpoints(), "measured"),
                ("lower bound mu L", times(mu, run.loss).midpoints(), "bound"),
                ("loss", run.loss.midpoints(), "measured"),
                log=True,
            ),
        },
    )


@control("resnet-pl-finite-depth")
def larger_mu_of_layers(inst: ResNetInstance) -> Outcome:
    """mu a little above the least ratio that was observed on the run."""
    run = inst.certified
    with precision(inst.budget.bits):
        mu = arb(least(quotients(run))[1]) * enclose(1 + CLOSE)
    return planted([below("a mu above the observed one", mu, run)])
