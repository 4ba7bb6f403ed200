"""Training of the implicit ReLU network: gradient flow, output layer, gradient descent (A15 to A18)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from flint import arb
from numpy.typing import NDArray

from .....theory.errors import CertigramError
from .....theory.verdict import Verdict
from ....balls.ball import Ball, enclose
from ....balls.budget import Budget
from ....balls.enclosure import Enclosure, float_above, float_below
from ....balls.ends import between
from ....balls.precision import precision
from ....checks.evidence import as_ball, compared, enclosed, ends, exact
from ....checks.registry import Outcome, check, control
from ....checks.trajectories import Bounds, Verified, run_digest, verify_inequality
from ....eigenvalues.eigenvalue import least_eigenvalue
from ....expressions.enclosed_function import norm_up
from ....sampling.operator_norm import operator_norm
from ..closed import WIDTH_CONSTANTS, bootstrap_obligations
from ..convergence import bootstrap, norms, width_condition
from ..instance import ImplicitInstance
from ..network import Network, sample_parameters
from ..sides import combine, times
from ..tangent import add
from ..training import Trajectory, distance, gradient_flow

BITS = 96
FLOW_WIDTH, FLOW_POINTS, FLOW_TIMES = 64, 5, 41
OUTPUT_SHARE = Fraction(9, 10)
"""Step of the output layer, as a share of the largest one admitted."""
KAPPA_BOUND = Fraction(2535)


# -- A15: gradient flow -----------------------------------------------------------------


def _initial_residual(train: ImplicitInstance) -> tuple[float, float]:
    e, error = train.network.predictions(train.state, train.labels)
    return distance(e, np.zeros_like(e), norm_up(error))


def _flow_figure(train: ImplicitInstance) -> dict[str, object]:
    """A small network of the same kind, integrated; floats without proof, for the report only."""
    small = train if train.data.n <= FLOW_POINTS else train.subset(FLOW_POINTS)
    width = min(train.plan.width, FLOW_WIDTH)
    network = Network(sample_parameters(width, small.inputs.shape[1], train.budget.seed), train.gamma, small.inputs)
    rate = small.eigenvalue.lower
    times = np.linspace(0.0, 4.0, FLOW_TIMES)
    if not network.contraction[1] < 1:
        return {"flow": "not integrated: the small network has no proved equilibrium"}
    fine = gradient_flow(network, small.labels, times)
    coarse = gradient_flow(network, small.labels, times, rtol=1e-4)
    bound = fine.loss[0] * np.exp(-rate * times)
    return {
        "flow": (
            f"width {width}, {small.data.n} inputs, DOP853 with relative tolerance 1e-5 ({fine.evaluations} gradients);"
            f" with 1e-4 the losses differ by at most a share of {float(np.abs(1 - coarse.loss / fine.loss).max()):.2g}"
        ),
        "losses below the bound": bool((fine.loss <= bound * (1 + 1e-9)).all()),
        "figure": {
            "title": "Gradient flow of a small network (a differential inclusion, integrated numerically)",
            "x": {"label": "time", "values": times.tolist()},
            "series": [
                {"label": "L(t)", "values": fine.loss.tolist(), "role": "measured"},
                {"label": "exp(-lambda_0 t) L(0)", "values": bound.tolist(), "role": "bound"},
            ],
            "log": True,
        },
    }


@check("implicit-gradient-flow")
def flow(inst: ImplicitInstance) -> Outcome:
    """The obligations of the proof symbolically; the width condition and its a-posteriori form on the network."""
    failed = [name for name, good in bootstrap_obligations().items() if not good]
    if failed:
        return Outcome(Verdict.UNKNOWN, reason=f"the width condition does not imply the bound of {', '.join(failed)}")
    train = inst.training
    found = norms(train.network, _initial_residual(train), train.initial_gram)
    condition = width_condition(found, train.eigenvalue)
    posterior = bootstrap(found, train.eigenvalue)
    obligations = exact("the width condition implies the four distances and the features of the first-exit argument")
    start = enclosed("the residual at the start", E0=found.residual)
    detail: dict[str, object] = {
        "quantity": "width asked for",
        "width": train.plan.width,
        "largest residual of the a-posteriori form": posterior.largest_residual,
    }
    try:
        detail |= _flow_figure(train)
    except CertigramError as error:
        detail["flow"] = f"not integrated: {error}"
    lower = condition.needed_lower if math.isfinite(condition.needed_lower) else None
    upper = condition.needed_upper if math.isfinite(condition.needed_upper) else None
    if condition.verdict is Verdict.PROVED:
        margin = float_below(train.plan.width - Fraction(condition.needed_upper))
        text = compared(f"{condition}, and the network has width {train.plan.width}")
        return Outcome(
            Verdict.PROVED, (obligations, start, text), lower, upper, margin, "width condition", detail=detail
        )
    if posterior.verdict is Verdict.PROVED:
        text = compared(
            f"with the norms of this network the argument closes: L(t) <= exp(-{posterior.rate:.6g} t) L(0) and "
            f"gamma ||A(t)||/sqrt(m) < {posterior.contraction:.6g}, although {condition}"
        )
        return Outcome(
            Verdict.PROVED, (obligations, start, text), lower, upper, None, "a-posteriori form", detail=detail
        )
    verdict = Verdict.NOT_APPLICABLE if condition.verdict is Verdict.REFUTED else Verdict.UNKNOWN
    residual = float(Ball(found.residual).mid)
    return Outcome(
        verdict,
        (obligations, start),
        lower,
        upper,
        method="width condition",
        reason=(
            f"hypothesis (W) fails at width {train.plan.width}: {condition}; the a-posteriori form asks for a residual "
            f"E_0 of about {posterior.largest_residual:.3g} at this width, and it is {residual:.4g}"
        ),
        detail=detail,
    )


@control("implicit-gradient-flow")
def flow_control(inst: ImplicitInstance) -> Outcome:
    """The width condition with 60 in place of 64: the bound of W no longer follows."""
    failed = [name for name, good in bootstrap_obligations((Fraction(60), *WIDTH_CONSTANTS[1:])).items() if not good]
    if not failed:
        return Outcome(Verdict.PROVED, (exact("the planted condition passed"),))
    return Outcome(Verdict.REFUTED, (exact(f"the planted condition does not imply the bound of {', '.join(failed)}"),))


# -- A16: the constant ------------------------------------------------------------------


def _constant() -> arb:
    with precision(128):
        return 64 / (arb(3).sqrt() / 2 - 1 / arb(2).sqrt()) ** 2


@check("width-constant")
def width_constant(inst: ImplicitInstance) -> Outcome:
    """64/κ² in ball arithmetic."""
    value = _constant()
    with precision(128):
        margin = enclose(KAPPA_BOUND) - value
    verdict = Verdict.PROVED if margin > 0 else Verdict.REFUTED if margin < 0 else Verdict.UNKNOWN
    lower, upper = ends(value)
    return Outcome(
        verdict,
        (enclosed("64/(sqrt(3)/2 - 1/sqrt(2))^2", value=value),),
        lower,
        upper,
        ends(margin)[0],
        "ball arithmetic",
        detail={"quantity": "64/kappa^2"},
    )


@control("width-constant")
def width_constant_control(inst: ImplicitInstance) -> Outcome:
    """The bound 2534 in place of 2535."""
    value = _constant()
    verdict = Verdict.REFUTED if value > 2534 else Verdict.PROVED if value < 2534 else Verdict.UNKNOWN
    return Outcome(verdict, (enclosed("64/kappa^2", value=value),), reason="planted bound")


# -- A17: training of the output layer --------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class _Output:
    """The spectrum of M = Φ'Φ + Z'Z, the step, ‖e(k)‖ along the run, and what rounding can have done to it."""

    least: Enclosure
    largest: tuple[float, float]
    step: float
    residual: Bounds
    drift: NDArray[np.float64]


def _output(train: ImplicitInstance) -> _Output:
    matrix = add(train.tangent.features, train.tangent.states)
    least = least_eigenvalue(matrix, budget=Budget(bits=64, max_bits=64), known_psd=True, relative_width=1e-9)
    norm, radius = operator_norm(matrix.mid), Fraction(matrix.radius_norm())
    largest = float_below(Fraction(norm.lower) - radius), float_above(Fraction(norm.upper) + radius)
    step = float_below(OUTPUT_SHARE / Fraction(largest[1]))
    run = train.output_run(step)
    return _Output(least, largest, step, run.residual, run.drift)


def _rate_test(run: _Output, low: float, high: float, name: str) -> Verified:
    """‖e(k)‖ <= (1 − ηλ)^k ‖e(0)‖ for k >= 1 in exact arithmetic, λ between two floats.

    The exact residual is off the computed one by at most what rounding has done to the run.
    """
    with precision(BITS):
        first = between(arb(float(run.residual.lower[0])), arb(float(run.residual.upper[0])))
        factor = 1 - arb(run.step) * between(arb(low), arb(high))
        bounds = Bounds.of_balls([factor**k * first for k in range(1, run.residual.length)])
    least = np.maximum(run.residual.lower - run.drift, 0.0)[1:] * (1 - 2.0**-50)
    largest = (run.residual.upper + run.drift)[1:] * (1 + 2.0**-50)
    return verify_inequality(name, Bounds.of(least, largest), bounds)


@check("output-training")
def output_training(inst: ImplicitInstance) -> Outcome:
    """The exact linear recursion; on the run, both sides of the inequality enclosed at each iterate."""
    train = inst.training
    run = _output(train)
    found = _rate_test(run, run.least.lower, run.least.upper, "|e(k)| <= (1 - eta lambda)^k |e(0)|")
    verdict, reason = combine((found,))
    values = np.arange(run.residual.length)
    bound = run.residual.upper[0] * (1 - run.step * run.least.lower) ** values
    figure = {
        "title": "Training of the output layer alone",
        "x": {"label": "iteration", "values": values.astype(float).tolist()},
        "series": [
            {"label": "|e(k)|", "values": run.residual.midpoints(), "role": "measured"},
            {"label": "(1 - eta lambda_min)^k |e(0)|", "values": bound.tolist(), "role": "bound"},
        ],
        "log": True,
    }
    return Outcome(
        verdict,
        (
            exact(
                "Phi and Z do not depend on (u, v): e(k+1) = (I - eta M) e(k), and 0 <= I - eta M <= 1 - eta lambda_min"
            ),
            enclosed("the least eigenvalue of M = Phi'Phi + Z'Z", value=as_ball(run.least)),
            compared(f"{found}; eta = {run.step!r}, at most 1/lambda_max"),
        ),
        run.least.lower,
        run.least.upper,
        found.margin,
        "linear recursion",
        reason=reason,
        detail={
            "quantity": "least eigenvalue of Phi'Phi + Z'Z",
            "trained on": train.data.description,
            "figure": figure,
        },
    )


@control("output-training")
def output_control(inst: ImplicitInstance) -> Outcome:
    """The rate with the largest eigenvalue of M in place of the least."""
    run = _output(inst.training)
    found = _rate_test(run, run.largest[0], run.largest[1], "planted rate")
    return Outcome(found.verdict, (compared(str(found)),), reason=str(found))


# -- A18: gradient descent on everything ------------------------------------------------


def descent_tests(run: Trajectory, rate: arb) -> tuple[Verified, ...]:
    """γ̃‖A(k)‖ < 1 at each iterate, and L(k+1) <= (1 − rate) L(k) between neighbours, for one enclosed rate."""
    below_one = math.nextafter(1.0, 0.0)
    posed = verify_inequality(
        "gamma ||A(k)||/sqrt(m) < 1", run.contraction, Bounds.exact([below_one] * run.contraction.length)
    )
    with precision(BITS):
        factor = 1 - rate
    before = Bounds.of(run.loss.lower[:-1], run.loss.upper[:-1])
    after = Bounds.of(run.loss.lower[1:], run.loss.upper[1:])
    falling = verify_inequality("L(k+1) <= (1 - eta lambda_0/2) L(k)", after, times(factor, before))
    if run.loss.length == 1 and posed.verdict is Verdict.REFUTED:
        return (posed,)
    return posed, falling


def slowest(run: Trajectory) -> tuple[float, float]:
    """Bounds of the largest ratio L(k+1)/L(k)."""
    with np.errstate(invalid="ignore", divide="ignore"):
        low = run.loss.lower[1:] / run.loss.upper[:-1]
        high = run.loss.upper[1:] / run.loss.lower[:-1]
    return float(np.max(low, initial=0.0)) * (1 - 2.0**-50), float(np.max(high, initial=0.0)) * (1 + 2.0**-50)


def _rate(train: ImplicitInstance, multiple: int = 1) -> arb:
    lam = train.eigenvalue
    with precision(BITS):
        return multiple * arb(train.step) * between(arb(max(lam.lower, 0.0)), arb(lam.upper)) / 2


@check("implicit-descent")
def descent(inst: ImplicitInstance) -> Outcome:
    """Both inequalities at each recorded iterate of one run, both losses enclosed."""
    train = inst.training
    run = train.trajectory
    rate = _rate(train)
    tests = descent_tests(run, rate)
    verdict, reason = combine(tests)
    low, high = slowest(run)
    iterates = np.arange(run.loss.length)
    with precision(BITS):
        shown = float((1 - rate).mid())
    start = float(run.loss.upper[0])
    figure = {
        "title": "Gradient descent on all weights",
        "x": {"label": "iteration", "values": iterates.astype(float).tolist()},
        "series": [
            {"label": "L(k)", "values": run.loss.midpoints(), "role": "measured"},
            {"label": "(1 - eta lambda_0/2)^k L(0)", "values": (start * shown**iterates).tolist(), "role": "bound"},
        ],
        "log": True,
    }
    detail: dict[str, object] = {
        "quantity": "largest ratio L(k+1)/L(k)",
        "network": f"width {train.plan.width}, seed {train.budget.seed}, trained on {train.data.description}",
        "run": run_digest(run.loss, run.contraction),
        "step": train.step,
        "eta n^2/lambda_0": train.step * train.data.n**2 / train.eigenvalue.lower if train.eigenvalue.lower else None,
        "bound of the ratio": shown,
    }
    if np.isfinite(run.loss.upper).all():
        detail["figure"] = figure
    evidence = (
        *(compared(str(test)) for test in tests),
        enclosed("eta lambda_0/2 with the proved lambda_0 of the training inputs", rate=rate),
    )
    decided = run.loss.length > 1 and math.isfinite(high)
    return Outcome(
        verdict,
        evidence,
        low if decided else None,
        high if decided else None,
        tests[-1].margin if verdict is Verdict.PROVED else None,
        "both losses enclosed at each iterate",
        reason=reason,
        detail=detail,
    )


@control("implicit-descent")
def descent_control(inst: ImplicitInstance) -> Outcome:
    """Twice the slowest rate of the same run; that the loss never rises, where it does."""
    run = inst.training.trajectory
    low, _ = slowest(run)
    tests = descent_tests(run, (2 * (1 - arb(low))).max(arb(0)))
    verdict, reason = combine(tests)
    return Outcome(verdict, tuple(compared(str(test)) for test in tests), reason=reason)


def with_step(inst: ImplicitInstance, factor: Fraction) -> ImplicitInstance:
    """The same system with another step, as a multiple of 1/λ_max(H(0))."""
    return replace(inst, plan=replace(inst.plan, step=factor))
