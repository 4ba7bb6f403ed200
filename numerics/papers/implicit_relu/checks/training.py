"""Training of the implicit ReLU network: gradient flow, output layer, gradient descent (A15 to A18)."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
from flint import arb

from .....theory.errors import CertigramError
from .....theory.verdict import Evidence, Verdict
from ....balls.budget import Budget
from ....balls.enclosure import Enclosure, float_above, float_below
from ....balls.precision import precision
from ....balls.printed import text_above, text_below
from ....checks.evidence import as_ball, enclosed, figure, lemma_evidence, note
from ....checks.registry import Outcome, check, control
from ....checks.relation import Relation, Sense, each, judge, planted
from ....checks.trajectories import Bounds, run_digest
from ....eigenvalues.eigenvalue import least_eigenvalue
from ....expressions.enclosed_function import norm_up
from ....sampling.operator_norm import operator_norm
from ..convergence import (
    BITS,
    WIDTH_CONSTANTS,
    bootstrap,
    half_rate,
    implied,
    norms,
    stability_constant,
    width_condition,
)
from ..instance import ImplicitInstance
from ..network import Network, sample_parameters
from ..tangent import add
from ..training import OutputRun, Trajectory, balls, distance, gradient_flow, train_output
from . import scope

FLOW_WIDTH, FLOW_POINTS, FLOW_TIMES = 64, 5, 41
OUTPUT_SHARE = Fraction(9, 10)
"""Step of the output layer, as a share of the largest one admitted."""


# -- A15: gradient flow -----------------------------------------------------------------


def _flow_figure(train: ImplicitInstance) -> dict[str, object]:
    """A small network of the same kind, integrated; floats without proof, for the report only."""
    small = train if train.data.n <= FLOW_POINTS else train.subset(FLOW_POINTS)
    width = min(train.plan.width, FLOW_WIDTH)
    network = Network(sample_parameters(width, small.inputs.shape[1], train.budget.seed), train.gamma, small.inputs)
    if not network.contraction[1] < 1:
        return {"flow": "not integrated: the small network has no proved equilibrium"}
    times = np.linspace(0.0, 4.0, FLOW_TIMES)
    fine = gradient_flow(network, small.labels, times)
    coarse = gradient_flow(network, small.labels, times, rtol=1e-4)
    bound = fine.loss[0] * np.exp(-small.eigenvalue.lower * times)
    return {
        "flow": (
            f"width {width}, {small.data.n} inputs, DOP853 with relative tolerance 1e-5 ({fine.evaluations} gradients);"
            f" with 1e-4 the losses differ by at most a share of {float(np.abs(1 - coarse.loss / fine.loss).max()):.2g}"
        ),
        "losses below the bound": bool((fine.loss <= bound * (1 + 1e-9)).all()),
        "figure": figure(
            "Gradient flow of a small network (a differential inclusion, integrated numerically)",
            ("L(t)", fine.loss.tolist(), "measured"),
            ("exp(-lambda_0 t) L(0)", bound.tolist(), "bound"),
            x=times.tolist(),
            x_label="time",
            log=True,
        ),
    }


@check("implicit-gradient-flow", scope=scope.run)
def flow(inst: ImplicitInstance) -> Outcome:
    """The argument by its lemma; the width condition, or else its a-posteriori form, on the network."""
    train = inst.training
    e, error = train.network.predictions(train.state, train.labels)
    found = norms(train.network, distance(e, np.zeros_like(e), norm_up(error)), train.initial_gram)
    condition, posterior = width_condition(found, train.eigenvalue), bootstrap(found, train.eigenvalue)
    lemma, start = "lemma.implicit-flow", enclosed("the residual at the start", E0=found.residual)
    detail: dict[str, object] = {
        "quantity": "width asked for",
        "width": train.plan.width,
        "largest residual of the a-posteriori form": posterior.largest_residual,
    }
    try:
        detail |= _flow_figure(train)
    except CertigramError as failure:
        detail["flow"] = f"not integrated: {failure}"
    value = condition.needed if condition.needed.is_finite() else None
    outcome = judge(
        [*implied().values(), *condition.relations],
        start,
        lemma=lemma,
        value=value,
        method="width condition",
        margin=condition.relations[1].margin,
        detail=detail,
    )
    if outcome.verdict is Verdict.PROVED:
        return outcome
    if posterior.relations:
        closes = note(
            f"with the norms of this network the argument closes: L(t) <= exp(-{text_below(posterior.rate, 6)} t) L(0)"
            f" and gamma ||A(t)||/sqrt(m) < {text_above(posterior.contraction, 6)}, although {condition}"
        )
        return judge(
            posterior.relations,
            start,
            closes,
            lemma="lemma.implicit-flow-posterior",
            value=value,
            method="a-posteriori form",
            detail=detail,
        )
    argued = lemma_evidence(lemma, "lemma.implicit-flow-posterior") is not None
    return replace(
        outcome,
        verdict=Verdict.NOT_APPLICABLE if argued and outcome.verdict is Verdict.REFUTED else Verdict.UNKNOWN,
        reason=(
            f"hypothesis (W) fails at width {train.plan.width}: {condition}; the a-posteriori form asks for a residual "
            f"E_0 of about {posterior.largest_residual:.3g} at this width, and it is {float(found.residual.mid()):.4g}"
        ),
    )


@control("implicit-gradient-flow")
def flow_control(inst: ImplicitInstance) -> Outcome:
    """The width condition with 60 in place of 64: the bound of W no longer follows."""
    return planted(implied((60, *WIDTH_CONSTANTS[1:])).values())


# -- A16: the constant ------------------------------------------------------------------


@check("width-constant", scope="one number")
def width_constant(inst: ImplicitInstance) -> Outcome:
    """64/κ² in ball arithmetic."""
    found = stability_constant()
    return judge([found], value=found.left, method="ball arithmetic", detail={"quantity": "64/kappa^2"})


@control("width-constant")
def width_constant_control(inst: ImplicitInstance) -> Outcome:
    """The bound 2534 in place of 2535."""
    return planted([stability_constant(2534)])


# -- A17: training of the output layer --------------------------------------------------


def output_run(train: ImplicitInstance) -> tuple[Enclosure, Enclosure, OutputRun]:
    """The ends of the spectrum of M = Φ'Φ + Z'Z, and descent on u and v alone with a step below 1/λ_max."""
    matrix = add(train.tangent.features, train.tangent.states)
    least = least_eigenvalue(matrix, budget=Budget(bits=64, max_bits=64), known_psd=True, relative_width=1e-9)
    norm, radius = operator_norm(matrix.mid), Fraction(matrix.radius_norm())
    low, high = float_below(Fraction(norm.lower) - radius), float_above(Fraction(norm.upper) + radius)
    run = train_output(train.network, train.labels, float_below(OUTPUT_SHARE / Fraction(high)), train.plan.steps)
    return least, Enclosure(low, high, Evidence.ENCLOSED, "operator norm"), run


def rate_relation(run: OutputRun, eigenvalue: Enclosure) -> Relation:
    """‖e(k)‖ <= (1 − ηλ)^k ‖e(0)‖ for k >= 1 in exact arithmetic, for an enclosed λ.

    The exact residual is off the computed one by at most what rounding has done to the run.
    """
    with precision(BITS):
        first, factor = balls(run.residual)[0], 1 - arb(run.step) * as_ball(eigenvalue)
        bounds = [factor**k * first for k in range(1, run.residual.length)]
    least = np.maximum(run.residual.lower - run.drift, 0.0)[1:] * (1 - 2.0**-50)
    largest = (run.residual.upper + run.drift)[1:] * (1 + 2.0**-50)
    return Relation.of("|e(k)| <= (1 - eta lambda)^k |e(0)|", Bounds.of(least, largest), bounds, first=1)


@check("output-training", scope=scope.run)
def output_training(inst: ImplicitInstance) -> Outcome:
    """The exact linear recursion; on the run, both sides of the inequality enclosed at each iterate."""
    train = inst.training
    least, largest, run = output_run(train)
    shrinking = (1 - run.step * least.lower) ** np.arange(run.residual.length)
    shown = figure(
        "Training of the output layer alone",
        ("|e(k)|", run.residual.midpoints(), "measured"),
        ("(1 - eta lambda_min)^k |e(0)|", run.residual.upper[0] * shrinking, "bound"),
        x_label="iteration",
        log=True,
    )
    step = Relation.of("eta <= 1/lambda_max", Fraction(run.step), 1 / Fraction(largest.upper), condition=True)
    falling = rate_relation(run, least)
    return judge(
        [step, falling],
        lemma="lemma.output-training",
        value=least,
        margin=falling.margin,
        method="linear recursion",
        detail={
            "quantity": "least eigenvalue of Phi'Phi + Z'Z",
            "trained on": train.data.description,
            "figure": shown,
        },
    )


@control("output-training")
def output_control(inst: ImplicitInstance) -> Outcome:
    """The rate with the largest eigenvalue of M in place of the least."""
    _, largest, run = output_run(inst.training)
    return planted([rate_relation(run, largest)])


# -- A18: gradient descent on everything ------------------------------------------------


def descent_relations(run: Trajectory, rate: arb) -> tuple[Relation, Relation]:
    """γ̃‖A(k)‖ < 1 at each iterate, and L(k+1) <= (1 − rate) L(k) between neighbours, for one enclosed rate."""
    with precision(BITS):
        bounds = [(1 - rate) * before for before in balls(run.loss)[:-1]]
    after = Bounds.of(run.loss.lower[1:], run.loss.upper[1:])
    return (
        Relation.of("gamma ||A(k)||/sqrt(m) < 1 from iterate 0 on", run.contraction, 1, Sense.BELOW, condition=True),
        Relation.of("L(k+1) <= (1 - eta lambda_0/2) L(k)", after, bounds),
    )


def slowest(run: Trajectory) -> tuple[float, float]:
    """Bounds of the largest ratio L(k+1)/L(k)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        low = run.loss.lower[1:] / run.loss.upper[:-1]
        high = run.loss.upper[1:] / run.loss.lower[:-1]
    return float(np.max(low, initial=0.0)) * (1 - 2.0**-50), float(np.max(high, initial=0.0)) * (1 + 2.0**-50)


@check("implicit-descent", scope=scope.run)
def descent(inst: ImplicitInstance) -> Outcome:
    """Both inequalities at each recorded iterate of one run, both losses enclosed."""
    train = inst.training
    run, least = train.trajectory, train.eigenvalue
    with precision(BITS):
        rate = half_rate(train.step, as_ball(least))
        shown = float((1 - rate).mid())
    posed, falling = descent_relations(run, rate)
    ratio = slowest(run)
    detail: dict[str, object] = {
        "quantity": "largest ratio L(k+1)/L(k)",
        "network": train.network_text,
        "run": run_digest(run.loss, run.contraction),
        "step": train.step,
        "eta n^2/lambda_0": train.step * train.data.n**2 / least.lower if least.lower else None,
        "bound of the ratio": shown,
    }
    if np.isfinite(run.loss.upper).all():
        detail["figure"] = figure(
            "Gradient descent on all weights",
            ("L(k)", run.loss.midpoints(), "measured"),
            ("(1 - eta lambda_0/2)^k L(0)", run.loss.upper[0] * shown ** np.arange(run.loss.length), "bound"),
            x_label="iteration",
            log=True,
        )
    return judge(
        [posed, falling],
        enclosed("eta lambda_0/2 with the proved lambda_0 of the training inputs", rate=rate),
        value=ratio if run.loss.length > 1 and math.isfinite(ratio[1]) else None,
        margin=falling.margin,
        method="both losses enclosed at each iterate",
        detail=detail,
    )


@control("implicit-descent")
def descent_control(inst: ImplicitInstance) -> Outcome:
    """Twice the slowest rate of the same run (that the loss never rises, where it does); a run of contraction 1."""
    run = inst.training.trajectory
    low, _ = slowest(run)
    _, falling = descent_relations(run, (2 * (1 - arb(low))).max(arb(0)))
    posed, _ = descent_relations(replace(run, contraction=Bounds.exact([1.0])), arb(0))
    return each([falling, posed])
