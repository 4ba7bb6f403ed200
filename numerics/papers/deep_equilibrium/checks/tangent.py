"""Deep equilibrium models at finite width: relative concentration, the tangent kernel, stability (C21, C23, C26)."""

from __future__ import annotations

import math

import numpy as np
import scipy.linalg

from .....theory.errors import DerivationGap
from .....theory.verdict import Verdict
from ....balls.ball import enclose
from ....balls.ends import upper_float
from ....balls.precision import precision
from ....checks.evidence import SLIGHTLY, as_ball, enclosed, ends, figure, observed, planted_tests
from ....checks.registry import Outcome, check, control
from ....checks.relation import Relation, Sense, judge, planted
from ....checks.scope import all_inputs
from ....eigenvalues.eigenvalue import least_eigenvalue
from ....kernels.gram import gram
from ..instance import EquilibriumInstance
from ..relative import EVENT, QUICK, concentrated, network_gram, population_gram, whitened, within
from ..training.sampled import (
    STABILITY_REPLICATES,
    STABILITY_WIDTH,
    TANGENT_REPLICATES,
    TANGENT_WIDTHS,
    convergence_probability,
    event_tests,
    radius_test,
    stability_samples,
    tangent_limit,
    tangent_samples,
    tangent_test,
)
from . import scope
from .evidence import decided, training_control
from .finite_width import Sampled

PLANTED_SCALE = 1.15


# -- relative concentration (C21) -----------------------------------------------------------


@check("deq-relative-concentration", scope=scope.network)
def relative_concentration(inst: EquilibriumInstance) -> Outcome:
    """What follows for the least eigenvalue of one sampled network, both sides enclosed; the event is a hypothesis."""
    network, limit = network_gram(inst, inst.training), population_gram(inst, inst.training)
    least = least_eigenvalue(network, budget=QUICK, known_psd=True)
    star = least_eigenvalue(limit, budget=QUICK, known_psd=True)
    half = concentrated(star, EVENT)
    return judge(
        [Relation.of("lambda_*/2 and the least eigenvalue of G", half, least)],
        lemma="lemma.relative-concentration",
        value=least,
        method=f"enclosed eigenvalues, width {inst.training.width}, {network.n} inputs",
        detail={
            "quantity": "least eigenvalue of G_m",
            "lambda_*": [star.lower, star.upper],
            "whitened norm (float)": whitened(network, limit),
            "||G - K|| over lambda_*/2 (float)": float(np.linalg.norm(network.mid - limit.mid, 2) / (star.upper / 2)),
        },
    )


@training_control("deq-relative-concentration")
def half_the_deviation(inst: EquilibriumInstance) -> Outcome:
    """The whitened norm at most half of what it is."""
    network, limit = network_gram(inst, inst.training), population_gram(inst, inst.training)
    return planted(within(network, limit, whitened(network, limit) / 2))


# -- the tangent kernel (C23) ------------------------------------------------------------------


@check("deq-tangent-order", scope=all_inputs)
def tangent_order(inst: EquilibriumInstance) -> Outcome:
    """χ < 1 in balls; Θ − K is a series in the cosines with non-negative coefficients; both eigenvalues enclosed."""
    found = inst.tangent
    theta = least_eigenvalue(
        gram(found.tangent, inst.inputs.cosines, budget=inst.budget), budget=inst.budget, known_psd=True
    )
    star = inst.eigenvalue
    contracts = Relation.of(
        "chi = 2 sigma_w2 E phi'(sqrt(s) z)^2 is below 1", found.stability, 1, Sense.BELOW, condition=True
    )
    order = Relation.of("the least eigenvalues of K and of Theta", star, theta)
    return judge(
        [contracts, *decided(order)],
        enclosed("the least eigenvalues", tangent=as_ball(theta), gram=as_ball(star)),
        value=theta,
        lemma="lemma.tangent-order",
        margin=max(order.margin, 0.0),
        method="Schur product theorem",
        detail={"quantity": "least eigenvalue of Theta", "chi": ends(found.stability), "1 - chi": contracts.margin},
    )


@control("deq-tangent-order")
def tangent_order_control(inst: EquilibriumInstance) -> Outcome:
    """Θ ⪰ (1 + t) K with t a relative 1e-9 above what the diagonal allows."""
    with precision(inst.budget.bits):
        diagonal = inst.tangent.added.mass  # (Theta - K)_ii, and t q a little above it
        above = diagonal * enclose(1 + SLIGHTLY)
    return planted([Relation.of("t K_ii and a diagonal entry of Theta - K", above, diagonal)])


def _with_networks(inst: Sampled) -> EquilibriumInstance:
    """The instance, unless the study samples no networks: then :class:`DerivationGap` with the reason."""
    if inst.sample is None and inst.why_not:
        raise DerivationGap(inst.why_not)
    return inst.base


@check("deq-tangent-limit", scope=scope.sampled)
def tangent_limit_check(inst: Sampled) -> Outcome:
    """H/m of sampled networks, extrapolated in 1/m, against Θ."""
    base = _with_networks(inst)
    samples, limit = tangent_samples(base), tangent_limit(base)
    test = tangent_test(samples, limit, f"tangent limit, {inst.subject}")
    low, high = test.interval(0.999)
    least = [float(scipy.linalg.eigvalsh(h).min()) for h in samples.tangent.mean(axis=1)]
    goal = float(scipy.linalg.eigvalsh(limit).min())
    return Outcome(
        Verdict.UNKNOWN,
        (observed("relative error of scale of the extrapolated H/m", scale=test.estimate, low=low, high=high),),
        low,
        high,
        method=f"{TANGENT_REPLICATES} networks at each of the widths {', '.join(map(str, TANGENT_WIDTHS))}, beside"
        " networks without feedback",
        reason="not settled yet",
        tests=(test,),
        detail={
            "quantity": "relative error of scale of H/m",
            "figure": figure(
                "Tangent Gram matrix: least eigenvalue of the mean of H/m",
                ("mean of H/m", least, "measured"),
                ("limit Theta", [goal] * len(least), "limit"),
                x=TANGENT_WIDTHS,
                x_label="width",
            ),
        },
    )


@control("deq-tangent-limit")
def tangent_limit_control(inst: Sampled) -> Outcome:
    """The same networks, said to have 1.15 Θ at these widths already."""
    limit = PLANTED_SCALE * tangent_limit(inst.base)
    test = tangent_test(tangent_samples(inst.base), limit, "planted", of_limit=False)
    return planted_tests([test], observed("planted limit", scale=test.estimate))


# -- stability (C26) ------------------------------------------------------------------------------


def _promised(inst: EquilibriumInstance) -> float:
    return convergence_probability(float(inst.sigma_w2), upper_float(inst.lipschitz))


@check("deq-stability-threshold", scope=scope.sampled)
def stability_threshold(inst: Sampled) -> Outcome:
    """The spectral radius of DW over √χ, and Picard's iteration inside and past the threshold."""
    found = stability_samples(_with_networks(inst))
    events = event_tests(found["inside"], found["past"], inst.subject, _promised(inst.base))
    if not math.isfinite(float(found["ratio"].sum())):
        raise DerivationGap("sigma_w2 = 0: there is no feedback, and the spectral radius is 0.")
    radius = radius_test(found["ratio"], f"spectral radius, {inst.subject}")
    low, high = radius.interval(0.999)
    return Outcome(
        Verdict.UNKNOWN,
        (
            observed("spectral radius of DW over sqrt(chi)", ratio=radius.estimate, low=low, high=high),
            observed(
                f"Picard's iteration at sigma_w2 = {found['sigma_w2'][0]:g}, chi = {found['chi'][0]:.4g}",
                converged=float(found["inside"].sum()),
            ),
            observed(
                f"Picard's iteration at sigma_w2 = {found['sigma_w2'][1]:g}, chi = {found['chi'][1]:.4g}",
                converged=float(found["past"].sum()),
            ),
        ),
        low,
        high,
        method=f"{STABILITY_REPLICATES} networks of width {STABILITY_WIDTH} on each side",
        reason="not settled yet",
        tests=(radius, *events),
        detail={"quantity": "spectral radius over sqrt(chi)", "chi": [float(x) for x in found["chi"]]},
    )


@control("deq-stability-threshold")
def past_the_threshold(inst: Sampled) -> Outcome:
    """The networks past the threshold, said to converge as those inside are proved to."""
    found = stability_samples(inst.base)
    test = event_tests(found["past"], found["inside"], "planted", _promised(inst.base))[0]
    return planted_tests([test], observed("planted", converged=float(test.successes)))
