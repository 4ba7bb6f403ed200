"""Residual networks along their training runs: separation and the two inequalities (B02 to B05)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
from flint import arb

from .....theory.verdict import Evidence, Verdict
from ....balls.ball import enclose
from ....balls.enclosure import float_below
from ....balls.ends import between
from ....balls.precision import precision
from ....certificates.certificate import EvidenceItem
from ....checks.evidence import enclosed, exact
from ....checks.registry import Outcome, check, control
from ....checks.trajectories import Bounds, Verified, run_digest, verify_inequality
from ....eigenvalues.eigenvalue import least_eigenvalue
from ....radial.bounds import log10_of, outward
from ....radial.gram import largest_eigenvalue
from ....radial.kernel import RadialKernel
from ..descent import Descent, descend
from ..extremal import strongest_compression, strongest_gradient, strongest_stretch, weakest_gradient
from ..fields import KernelField
from ..instance import ResNetInstance
from ..rates import Landscape
from ..symbolic import inverse_layer_bound

ATTAINED = Fraction(1, 10**6)
PLANTED = 1e-6
"""How far the planted constants are from what was observed: well beyond the width of the enclosures."""

Factor = Callable[[Landscape, arb], arb]


def verified(item: Verified) -> EvidenceItem:
    """An inequality along a run as evidence."""
    return EvidenceItem(Evidence.ENCLOSED, str(item), {"margin": repr(item.margin)})


def concluded(
    items: list[Verified],
    extra: tuple[EvidenceItem, ...],
    observed: tuple[float, float],
    quantity: str,
    **detail: object,
) -> Outcome:
    """One outcome from several inequalities: REFUTED if one is, UNKNOWN if one is open or there is none."""
    if not items:
        return Outcome(Verdict.UNKNOWN, extra, *observed, reason="nothing was compared", detail={"quantity": quantity})
    bad = next((v for v in items if v.verdict is Verdict.REFUTED), None)
    open_ = next((v for v in items if v.verdict is Verdict.UNKNOWN), None)
    worst = bad or open_
    margins = [v.margin for v in items if np.isfinite(v.margin)]
    return Outcome(
        Verdict.PROVED if worst is None else worst.verdict,
        (*extra, *map(verified, items)),
        observed[0],
        observed[1],
        min(margins) if worst is None and margins else None,
        "enclosed at every recorded iterate",
        "" if worst is None else str(worst),
        detail={"quantity": quantity, **detail},
    )


def times(factors: list[arb], bounds: Bounds) -> Bounds:
    """The products of positive balls and bounds."""
    with precision(64):
        pairs = [
            (outward(f * arb(float(low)))[0], outward(f * arb(float(high)))[1])
            for f, low, high in zip(factors, bounds.lower, bounds.upper, strict=True)
        ]
    return Bounds.of([a for a, _ in pairs], [b for _, b in pairs])


def along(run: Descent, landscape: Landscape, factor: Factor) -> list[arb]:
    """A constant of the theory at R = ‖v‖ of each iterate."""
    return [factor(landscape, arb(float(r))) for r in run.norm.upper]


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


def on_ball(run: Descent, landscape: Landscape, factor: Factor) -> list[arb]:
    """A constant of the theory at the R of a ball that contains the whole run, once for each iterate."""
    return [factor(landscape, enclose(radius_of(run)))] * run.norm.length


def decided(item: Verified) -> list[Verified]:
    """An extra inequality in which both sides may be equal (two points, one point): kept unless it stays open."""
    return [] if item.verdict is Verdict.UNKNOWN else [item]


def recorded(run: Descent) -> str:
    """Which run the numbers of a certificate belong to."""
    return run_digest(run.loss, run.gradient_squared, run.norm)


def ratio(run: Descent) -> tuple[float, float]:
    """Bounds of the least ‖∇L‖²/L of a run."""
    with np.errstate(over="ignore"):
        low = run.gradient_squared.lower / run.loss.upper
        high = run.gradient_squared.upper / np.maximum(run.loss.lower, 1e-300)
    return float(low.min()) * (1 - 2.0**-50), float(high.min()) * (1 + 2.0**-50)


def runs(inst: ResNetInstance) -> dict[str, tuple[Descent, Landscape]]:
    """The two runs of finite depth with the constants that belong to them."""
    return {
        "the study's scale": (inst.plain, inst.landscape(inst.depth)),
        "the recipe": (inst.certified, inst.certified_recipe.landscape),
    }


def initial(inst: ResNetInstance) -> tuple[Bounds, Bounds, Bounds]:
    """‖∇L‖² and L at the zero control of the study's scale: there the depth does not matter."""
    run = inst.plain
    first = Bounds.of(run.gradient_squared.lower[:1], run.gradient_squared.upper[:1])
    return first, Bounds.of(run.loss.lower[:1], run.loss.upper[:1]), run.loss


def pl_figure(run: Descent, factors: list[arb], title: str) -> dict[str, object]:
    """‖∇L‖² beside μ L."""
    observed = run.gradient_squared.midpoints()
    bound = [max(float(f.mid()) * x, 1e-300) for f, x in zip(factors, run.loss.midpoints(), strict=True)]
    return {
        "title": title,
        "x": {"label": "step", "values": [float(k) for k in range(len(observed))]},
        "series": [
            {"label": "squared gradient", "values": observed, "role": "measured"},
            {"label": "lower bound mu L", "values": bound, "role": "bound"},
            {"label": "loss", "values": run.loss.midpoints(), "role": "measured"},
        ],
        "log": True,
    }


def _kept(name: str, run: Descent, landscape: Landscape) -> list[Verified]:
    """Both bounds of the ratios at every iterate but the first, where v = 0 and every ratio is exactly 1."""
    far = Bounds.of_balls(along(run, landscape, lambda s, r: (s.kappa1 * r).exp()))
    near = Bounds.of_balls(along(run, landscape, lambda s, r: (-s.compression(r)).exp()))
    stretch, compression = _later(run.stretch), _later(run.compression)
    return [
        verify_inequality(f"stretch, {name}", stretch, _later(far)),
        verify_inequality(f"compression, {name}", _later(near), compression),
    ]


def extremal_distances(kernel: RadialKernel) -> list[Verified]:
    """Both bounds on networks that stretch and compress as much as their norms allow, nearly."""
    far, near = strongest_stretch(kernel), strongest_compression(kernel)
    return [
        verify_inequality(
            "the stretch of an extremal network",
            far.run.stretch,
            Bounds.of_balls(along(far.run, far.landscape, lambda s, r: (s.kappa1 * r).exp())),
        ),
        verify_inequality(
            "the compression of an extremal network",
            Bounds.of_balls(along(near.run, near.landscape, lambda s, r: (-s.compression(r)).exp())),
            near.run.compression,
        ),
    ]


def extremal_lower(kernel: RadialKernel) -> Verified:
    """The lower inequality on a network whose gradient is nearly as small as its norm allows."""
    found = weakest_gradient(kernel)
    factors = along(found.run, found.landscape, lambda s, r: s.lower(r))
    return verify_inequality("an extremal network", times(factors, found.run.loss), found.run.gradient_squared)


def extremal_upper(kernel: RadialKernel) -> Verified:
    """The upper inequality on a network whose gradient is nearly as large as its norm allows."""
    found = strongest_gradient(kernel)
    factors = along(found.run, found.landscape, lambda s, r: s.upper(r))
    return verify_inequality("an extremal network", found.run.gradient_squared, times(factors, found.run.loss))


def attained_at_zero(inst: ResNetInstance, side: str) -> list[Verified]:
    """At v = 0, labels along an eigenvector of K: the factor of the side, with the true eigenvalue, is attained.

    Nothing is said where float64 cannot tell: the least eigenvalue may be far below the rounding of K.
    """
    landscape, gram = inst.landscape(None), inst.training_gram
    vectors = np.linalg.eigh(gram.mid)[1]
    with precision(inst.budget.bits):
        if side == "lower":
            found = least_eigenvalue(gram, budget=inst.budget, known_psd=True)
            factor = landscape.lower(arb(0), between(arb(found.lower), arb(found.upper)))
        else:
            found = largest_eigenvalue(gram, budget=inst.budget)
            factor = landscape.upper(arb(0), between(arb(found.lower), arb(found.upper)))
        less, more = factor * enclose(1 - ATTAINED), factor * enclose(1 + ATTAINED)
    labels = vectors[:, :1] if side == "lower" else vectors[:, -1:]
    field = KernelField(inst.kernel, 1, inst.dimension)
    run = descend(field, replace(inst.problem(inst.alpha), targets=labels), 1.0, 0)
    name = f"the {side} inequality is attained at v = 0 by labels along an eigenvector, up to 1e-6"
    below = verify_inequality(f"{name}, from below", times([less], run.loss), run.gradient_squared)
    above = verify_inequality(f"{name}, from above", run.gradient_squared, times([more], run.loss))
    return [*decided(below), *decided(above)]


def _later(bounds: Bounds) -> Bounds:
    return Bounds.of(bounds.lower[1:], bounds.upper[1:])


@check("resnet-separation")
def separation_check(inst: ResNetInstance) -> Outcome:
    """The extreme ratios of distances over layers and pairs, at each iterate of three runs."""
    items = []
    with precision(inst.budget.bits):
        for name, (run, landscape) in runs(inst).items():
            items += _kept(f"{name}, {inst.depth} layers", run, landscape)
        items += _kept("infinite depth", inst.deep, inst.deep_recipe.landscape)
        items += extremal_distances(inst.kernel)
    stretch = inst.plain.stretch
    evidence = exact("Groenwall's inequality for |z^i - z^j|; at v = 0 every ratio is exactly 1")
    place = int(np.argmax(stretch.lower))
    observed = (float(stretch.lower[place]), float(stretch.upper.max()))
    return concluded(items, (evidence,), observed, "largest stretch at the study's scale", run=recorded(inst.plain))


@control("resnet-separation")
def less_compression(inst: ResNetInstance) -> Outcome:
    """κ₁R in place of c_D, for one layer that pulls two states together as much as its norm allows, nearly."""
    found = strongest_compression(inst.kernel)
    planted = Bounds.of_balls(along(found.run, found.landscape, lambda s, r: (-s.kappa1 * r).exp()))
    item = verify_inequality("planted compression", planted, found.run.compression)
    return concluded([item], (), (0.0, np.inf), "planted")


@check("resnet-pl-lower")
def pl_lower(inst: ResNetInstance) -> Outcome:
    """Infinite depth: iterates enclosed through Euler's rule with its error; and v = 0 with the true eigenvalue."""
    run, landscape = inst.deep, inst.deep_recipe.landscape
    gradient, loss, _ = initial(inst)
    true = least_eigenvalue(inst.training_gram, budget=inst.budget, known_psd=True)
    with precision(inst.budget.bits):
        factors = on_ball(run, landscape, lambda s, r: s.lower(r))
        mu = factors[0]
        at_zero = inst.landscape(None).lower(arb(0), arb(true.lower))
        far = radius_of(inst.plain)
        study = inst.landscape(None).lower(enclose(far))
        log = log10_of(study)
    items = [
        verify_inequality("mu(R) L <= |grad L|^2, infinite depth", times(factors, run.loss), run.gradient_squared),
        extremal_lower(inst.kernel),
        *decided(verify_inequality("at v = 0 with the proved least eigenvalue", times([at_zero], loss), gradient)),
        *attained_at_zero(inst, "lower"),
    ]
    evidence = enclosed(
        f"mu(R) at R = {radius_of(run)}, which contains the run, and at the study's scale at R = {far}",
        mu=mu,
        study=study,
    )
    return concluded(
        items,
        (exact("lower Groenwall bounds of the adjoint and of the separation"), evidence),
        ratio(run),
        "least |grad L|^2 / L at infinite depth",
        mu=float(mu),
        log10_mu_at_study_scale=log,
        points=len(inst.chosen),
        run=recorded(run),
    )


@control("resnet-pl-lower")
def slower_decay(inst: ResNetInstance) -> Outcome:
    """The exponent −κ₁R in place of −2κ₁R, on a network whose gradient is nearly as small as its norm allows."""
    found = weakest_gradient(inst.kernel)
    factors = along(found.run, found.landscape, lambda s, r: s.lower(r) * s.compression(r).exp())
    item = verify_inequality("planted", times(factors, found.run.loss), found.run.gradient_squared)
    return concluded([item], (), (0.0, np.inf), "planted")


@check("resnet-pl-upper")
def pl_upper(inst: ResNetInstance) -> Outcome:
    """The upper inequality on all three runs; at v = 0 also with the true largest eigenvalue."""
    items = []
    gradient, loss, _ = initial(inst)
    largest = largest_eigenvalue(inst.training_gram, budget=inst.budget)
    with precision(inst.budget.bits):
        every = {**runs(inst), "infinite depth": (inst.deep, inst.deep_recipe.landscape)}
        for name, (run, landscape) in every.items():
            factors = on_ball(run, landscape, lambda s, r: s.upper(r))
            items.append(verify_inequality(f"upper inequality, {name}", run.gradient_squared, times(factors, run.loss)))
        at_zero = inst.landscape(None).upper(arb(0), arb(largest.upper))
        items.append(extremal_upper(inst.kernel))
    items += attained_at_zero(inst, "upper")
    items += decided(verify_inequality("at v = 0 with the proved largest eigenvalue", gradient, times([at_zero], loss)))
    run = inst.plain
    with np.errstate(over="ignore"):
        high = run.gradient_squared.upper / np.maximum(run.loss.lower, 1e-300)
    observed = (float((run.gradient_squared.lower / run.loss.upper).max()), float(high.max()) * (1 + 2.0**-50))
    return concluded(
        items,
        (exact("upper Groenwall bound of the adjoint, and Lambda <= N by the trace"),),
        observed,
        "largest |grad L|^2 / L at the study's scale",
        largest_eigenvalue=largest.upper,
        run=recorded(run),
    )


@control("resnet-pl-upper")
def slower_growth(inst: ResNetInstance) -> Outcome:
    """The exponent κ₁R in place of 2κ₁R, on a network whose gradient is nearly as large as its norm allows."""
    found = strongest_gradient(inst.kernel)
    factors = along(found.run, found.landscape, lambda s, r: s.upper(r) * (-s.kappa1 * r).exp())
    item = verify_inequality("planted", found.run.gradient_squared, times(factors, found.run.loss))
    return concluded([item], (), (0.0, np.inf), "planted")


@check("resnet-pl-finite-depth")
def pl_finite_depth(inst: ResNetInstance) -> Outcome:
    """The inequality of D layers with c_D at each iterate of both runs."""
    items = []
    with precision(inst.budget.bits):
        for name, (run, landscape) in runs(inst).items():
            factors = on_ball(run, landscape, lambda s, r: s.lower(r))
            items.append(
                verify_inequality(f"mu_D L <= |grad L|^2, {name}", times(factors, run.loss), run.gradient_squared)
            )
    run = inst.certified
    margin = float_below(Fraction(ratio(run)[0]) - Fraction(outward(factors[-1])[1]))
    if not inverse_layer_bound():
        return Outcome(Verdict.UNKNOWN, reason="log(1 - x) >= -x/(1 - x) was not decided symbolically")
    text = exact("log(1 - x) >= -x/(1 - x) on [0, 1): equal at 0, and the derivative of the difference is x/(1 - x)^2")
    return concluded(
        items,
        (text,),
        ratio(run),
        "least |grad L|^2 / L on the run of the recipe",
        mu=float(factors[-1]),
        margin_of_mu=margin,
        points=len(inst.chosen),
        run=recorded(run),
        figure=pl_figure(run, factors, f"Training {inst.depth} layers: the lower inequality, {inst.subject}"),
    )


@control("resnet-pl-finite-depth")
def larger_mu_of_layers(inst: ResNetInstance) -> Outcome:
    """mu a little above the least ratio that was observed on the run."""
    run = inst.certified
    with np.errstate(over="ignore"):
        ratios = run.gradient_squared.upper / np.maximum(run.loss.lower, 1e-300)
    mu = float(ratios.min()) * (1 + PLANTED)
    item = verify_inequality("planted", times([arb(mu)] * run.loss.length, run.loss), run.gradient_squared)
    return concluded([item], (), (0.0, np.inf), "planted")
