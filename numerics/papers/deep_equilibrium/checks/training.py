"""The theorem with explicit constants, and trajectories certified afterwards (C24, C25)."""

from __future__ import annotations

import numpy as np
from flint import arb

from .....theory.errors import DerivationGap
from .....theory.verdict import Verdict
from ....balls.ends import between
from ....balls.precision import precision
from ....balls.rounding import up
from ....certificates.certificate import EvidenceItem
from ....checks.evidence import enclosed, ends, exact, figure
from ....checks.registry import Outcome, check
from ....checks.trajectories import Bounds, Verified, run_digest, verify_inequality
from ..instance import EquilibriumInstance
from ..training.descent import Trajectory, geometric
from ..training.explicit_constants import ExplicitConstants
from ..training.iterate import BITS
from .evidence import after_start, constant, first_ball, proved_along, training_control

DIVERGING = (16.0, 12)
"""The planted step size, in units of the ordinary one, and how many steps are made with it."""


def _verdict(found: tuple[Verified, ...]) -> Verdict:
    if any(v.verdict is Verdict.REFUTED for v in found):
        return Verdict.REFUTED
    return Verdict.PROVED if all(v.verdict is Verdict.PROVED for v in found) else Verdict.UNKNOWN


# -- the theorem with explicit constants (C24) ---------------------------------------------


def _constants_evidence(found: ExplicitConstants, residual: arb) -> EvidenceItem:
    values = {
        "e0": residual,
        "radius": found.radius,
        "L rho_w": found.contraction,
        "H2 left over right": found.gap,
        "lambda_0 / 2": found.rate,
    }
    if found.smoothness.is_finite():
        values["beta"] = found.smoothness
    return enclosed("the hypotheses in ball arithmetic", **values)


def _rate_along(run: Trajectory, rate: arb) -> tuple[Verified, Bounds]:
    loss = run.bounds("loss")
    with precision(BITS):
        factor = 1 - arb(run.step) * rate
    right = geometric(loss, factor, factor, run.length)
    return verify_inequality("loss below the proved rate", after_start(loss), after_start(right)), right


def _step_by_step(run: Trajectory, rate: arb) -> Verified:
    loss = run.bounds("loss")
    with precision(BITS):
        factor = 1 - arb(run.step) * rate
        right = Bounds.of_balls(
            factor * between(arb(a), arb(b))
            for a, b in zip(loss.lower[:-1].tolist(), loss.upper[:-1].tolist(), strict=True)
        )
    return verify_inequality("each step contracts the loss", after_start(loss), right)


def _inequalities(inst: EquilibriumInstance, run: Trajectory, radius: arb | None) -> tuple[Verified, ...]:
    rate = first_ball(run.bounds("least")) / 2
    found = [_rate_along(run, rate)[0], _spectrum_along(run), _norm_along(inst, run)]
    if radius is not None:
        found.append(_step_by_step(run, rate))
        found.append(
            verify_inequality("distance within the radius", run.bounds("distance"), constant(radius, run.length))
        )
        found.append(verify_inequality("path within the radius", run.bounds("path"), constant(radius, run.length)))
    return tuple(found)


def _spectrum_along(run: Trajectory) -> Verified:
    least = run.bounds("least")
    with precision(BITS):
        half = constant(first_ball(least) / 2, run.length)
    return verify_inequality("lambda_min(G) at least lambda_0/2", half, least)


def _norm_along(inst: EquilibriumInstance, run: Trajectory) -> Verified:
    with precision(BITS):
        limit = 1 / inst.lipschitz
        scaled = constant(limit * (1 - arb((1, -40))), run.length)  # a little below 1/L: a strict inequality
    return verify_inequality("L ||W|| below 1", run.bounds("norm"), scaled)


def _loss_figure(run: Trajectory, rate: arb, title: str) -> dict[str, object]:
    _, right = _rate_along(run, rate)
    measured, bound = run.bounds("loss").midpoints(), right.midpoints()
    return figure(
        title,
        ("loss of the computed sequence", measured, "measured"),
        ("proved rate (1 - eta lambda_0/2)^t", bound, "bound"),
        log=True,
    )


@check("deq-gradient-descent")
def gradient_descent(inst: EquilibriumInstance) -> Outcome:
    """(H1) to (H3) in balls on one instance; every conclusion at every iterate of the run with η = 1/β."""
    lab = inst.training
    constants, run = lab.certified_constants(), lab.certified_run
    found = _inequalities(inst, run, constants.radius)
    with precision(BITS):
        allowed = 1 / constants.smoothness
        small = arb(run.step) <= allowed
    if not small:
        raise DerivationGap("the step size of the stored run is not proved to be at most 1/beta.")
    loss = run.bounds("loss")
    # the theorem is about exact steps: a rounded sequence that leaves its bounds does not contradict it
    verdict = Verdict.PROVED if _verdict(found) is Verdict.PROVED else Verdict.UNKNOWN
    return Outcome(
        verdict,
        (
            _constants_evidence(constants, lab.certified_residual),
            enclosed("(H3): the step size is at most 1/beta", step=arb(run.step), limit=allowed),
            proved_along(*found),
        ),
        float(loss.lower[-1] / loss.upper[0]) * (1 - 2.0**-50),
        up(float(loss.upper[-1] / loss.lower[0])),
        min(v.margin for v in found),
        f"{run.length - 1} steps with eta = 1/beta, width {inst.training.width}",
        reason="" if verdict is Verdict.PROVED else "; ".join(map(str, found)),
        detail={
            "quantity": "final loss over first loss",
            "run": run_digest(run.bounds("loss"), run.bounds("norm")),
            "steps": run.length - 1,
            "eta": run.step,
            "inequalities": [str(v) for v in found],
            "figure": _loss_figure(run, constants.rate, "Every hypothesis met: loss and proved rate"),
        },
    )


@training_control("deq-gradient-descent")
def doubled_rate(inst: EquilibriumInstance) -> Outcome:
    """The rate that was met, doubled."""
    if inst.regularity.second_lipschitz is None:
        return Outcome(Verdict.NOT_APPLICABLE, reason="no step size is proved small enough without a bound of phi''")
    return _doubled(inst.training.certified_run)


def _doubled(run: Trajectory) -> Outcome:
    loss = run.bounds("loss")
    with precision(BITS):
        met = (arb(float(loss.upper[-1])) / arb(float(loss.lower[0]))) ** (2 / arb(run.length - 1))
    right = geometric(loss, met, met, run.length)
    found = verify_inequality("loss below the planted rate", after_start(loss), after_start(right))
    return Outcome(found.verdict, (proved_along(found),), reason="a planted rate")


@check("deq-gradient-flow")
def gradient_flow(inst: EquilibriumInstance) -> Outcome:
    """(H1) and (H2) with the radius of the flow, in balls; the theorem needs nothing else."""
    constants = inst.training.certified_constants(flow=True)
    with precision(BITS):
        margin = 1 - constants.gap
    low, high = ends(constants.gap)
    met = constants.well_posed is Verdict.PROVED and constants.small_radius is Verdict.PROVED
    return Outcome(
        Verdict.PROVED if met else Verdict.UNKNOWN,
        (
            _constants_evidence(constants, inst.training.certified_residual),
            exact("(H1) and (H2) at the radius sqrt(2) ||e_0|| / sqrt(lambda_0) imply the statement for the flow"),
        ),
        low,
        high,
        ends(margin)[0],
        f"explicit constants, width {inst.training.width}",
        "" if met else "(H1) and (H2) are not both proved",
        detail={"quantity": "left side of (H2) over its right side"},
    )


@training_control("deq-gradient-flow")
def far_labels(inst: EquilibriumInstance) -> Outcome:
    """The same network with labels so far away that (H2) fails."""
    constants = inst.training.ordinary_constants
    verdicts = (constants.well_posed, constants.small_radius)
    if Verdict.REFUTED in verdicts:
        text = "labels of size one: a hypothesis is proved to fail"
        return Outcome(Verdict.REFUTED, (enclosed(text, contraction=constants.contraction),))
    met = all(v is Verdict.PROVED for v in verdicts)
    return Outcome(
        Verdict.PROVED if met else Verdict.UNKNOWN,
        (enclosed("labels of size one", contraction=constants.contraction),),
        reason="the hypotheses are undecided for labels of size one",
    )


# -- ordinary instances (C25) ------------------------------------------------------------------


def _ordinary_detail(inst: EquilibriumInstance) -> dict[str, object]:
    lab = inst.training
    constants = lab.ordinary_constants
    low, high = lab.ordinary_gap
    eigenvalues = np.linalg.eigvalsh(lab.ordinary_tangent)
    loss = lab.ordinary_run.bounds("loss").midpoints()
    return {
        "run": run_digest(lab.ordinary_run.bounds("loss"), lab.ordinary_run.bounds("norm")),
        "width": lab.width,
        "inputs": len(lab.chosen(lab.inputs)),
        "eta": lab.ordinary_step,
        "steps": lab.ordinary_run.length - 1,
        "hypotheses of the theorem": f"(H1) {constants.well_posed.name}, (H2) {constants.small_radius.name}",
        "vacuity gap": f"||e_0|| is between {low:.3g} and {high:.3g} times what (H1) and (H2) allow",
        "last ratio of losses": loss[-1] / loss[-2] if len(loss) > 1 and loss[-2] > 0 else None,
        "(1 - eta lambda_min(H(0)))^2": float((1 - lab.ordinary_step * eigenvalues[0]) ** 2),
        "1 - eta lambda_0/2": float(1 - lab.ordinary_step * lab.ordinary_run.arrays["least_lower"][0] / 2),
    }


def _ordinary(
    inst: EquilibriumInstance, found: Verified, quantity: str, low: float, high: float, curves: object
) -> Outcome:
    lab = inst.training
    return Outcome(
        found.verdict,
        (proved_along(found),),
        low,
        high,
        found.margin,
        f"{found.iterates} iterates, width {lab.width}, {len(lab.chosen(lab.inputs))} inputs",
        reason="" if found.verdict is not Verdict.UNKNOWN else str(found),
        detail={"quantity": quantity, **_ordinary_detail(inst), "figure": curves},
    )


@check("deq-descent-rate")
def descent_rate(inst: EquilibriumInstance) -> Outcome:
    """The rate along an ordinary run, both losses enclosed at every iterate."""
    run = inst.training.ordinary_run
    rate = first_ball(run.bounds("least")) / 2
    found, _ = _rate_along(run, rate)
    loss = run.bounds("loss")
    low, high = float(loss.lower[-1] / loss.upper[0]) * (1 - 2.0**-50), up(float(loss.upper[-1] / loss.lower[0]))
    outcome = _ordinary(
        inst, found, "final loss over first loss", low, high, _loss_figure(run, rate, "Labels ±1: loss and proved rate")
    )
    outcome.detail["each step"] = str(_step_by_step(run, rate))
    return outcome


@training_control("deq-descent-rate")
def too_large_a_step(inst: EquilibriumInstance) -> Outcome:
    """The same statement for a step size sixteen times as large, and the rate that was met doubled."""
    factor, steps = DIVERGING
    doubled = _doubled(inst.training.ordinary_run)
    run = inst.training.diverging_run(factor, steps)
    found, _ = _rate_along(run, first_ball(run.bounds("least")) / 2)
    worst = doubled if doubled.verdict is not Verdict.REFUTED else None
    return worst or Outcome(found.verdict, (*doubled.evidence, proved_along(found)), reason="a planted step size")


@check("deq-descent-spectrum")
def descent_spectrum(inst: EquilibriumInstance) -> Outcome:
    """λ_min(G) against λ_0/2 along the same run."""
    run = inst.training.ordinary_run
    least = run.bounds("least")
    half = float(first_ball(least)) / 2
    curves = figure(
        "Labels ±1: the least eigenvalue along training",
        ("lambda_min(G)", least.midpoints(), "measured"),
        ("lambda_0 / 2", [half] * run.length, "bound"),
    )
    return _ordinary(
        inst, _spectrum_along(run), "least eigenvalue of G along the run", float(least.lower.min()),
        float(least.upper.max()), curves,
    )  # fmt: skip


@training_control("deq-descent-spectrum")
def spectrum_control(inst: EquilibriumInstance) -> Outcome:
    """λ_min(G) at least 1.001 times its largest proved upper end."""
    least = inst.training.ordinary_run.bounds("least")
    planted = constant(arb(float(least.upper.max())) * arb("1.001"), least.length)
    found = verify_inequality("a planted lower bound", planted, least)
    return Outcome(found.verdict, (proved_along(found),), reason="a planted bound")


@check("deq-descent-norm")
def descent_norm(inst: EquilibriumInstance) -> Outcome:
    """‖W‖_2 against 1/L along the same run."""
    run = inst.training.ordinary_run
    norm = run.bounds("norm")
    curves = figure(
        "Labels ±1: the norm of the weights along training",
        ("proved upper bound of ||W||", norm.upper.tolist(), "measured"),
        ("1 / L", [float(1 / inst.lipschitz)] * run.length, "bound"),
    )
    return _ordinary(
        inst, _norm_along(inst, run), "spectral norm of W along the run", float(norm.lower.min()),
        float(norm.upper.max()), curves,
    )  # fmt: skip


@training_control("deq-descent-norm")
def norm_control(inst: EquilibriumInstance) -> Outcome:
    """‖W‖ at most 0.999 times its proved lower end at the start."""
    norm = inst.training.ordinary_run.bounds("norm")
    planted = constant(arb(float(norm.lower[0])) * arb("0.999"), norm.length)
    found = verify_inequality("a planted upper bound", norm, planted)
    return Outcome(found.verdict, (proved_along(found),), reason="a planted bound")
