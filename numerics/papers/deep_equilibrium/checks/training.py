"""The theorem with explicit constants, and trajectories certified afterwards (C24, C25)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from flint import arb

from .....theory.verdict import Verdict
from ....balls.ends import between
from ....balls.precision import precision
from ....balls.printed import text_above, text_below
from ....balls.rounding import up
from ....certificates.certificate import EvidenceItem
from ....checks.evidence import enclosed, figure, sufficient
from ....checks.registry import Outcome, check
from ....checks.relation import Relation, Sense, each, judge, planted
from ....checks.trajectories import Bounds, run_digest
from ..instance import EquilibriumInstance
from ..training.descent import Trajectory, geometric
from ..training.explicit_constants import ExplicitConstants
from ..training.iterate import BITS
from ..training.theorem import TheoremInstance
from . import scope
from .evidence import after_start, first_ball, training_control

DIVERGING = (16.0, 12)
"""The planted step size, in units of the ordinary one, and how many steps are made with it."""

FAR = 1e6
"""How much farther labels are moved in the controls of the theorem."""

BESIDE = 1e-6
"""How far from the rate of the theorem losses fall that are made to test it."""

Value = Bounds | tuple[float, float]

# -- what is said along a run ---------------------------------------------------------------


def half_rate(run: Trajectory) -> arb:
    """λ_0/2, the rate of the loss in the theorem."""
    return first_ball(run.bounds("least")) / 2


def bound_of_loss(run: Trajectory) -> Bounds:
    """(1 - η λ_0/2)^t Φ_0 at each iterate."""
    with precision(BITS):
        factor = 1 - arb(run.step) * half_rate(run)
    return geometric(run.bounds("loss"), factor, factor, run.length)


def _rate_along(run: Trajectory) -> Relation:
    return Relation.of(
        "loss below the rate of the theorem", after_start(run.bounds("loss")), after_start(bound_of_loss(run)), first=1
    )


def _step_by_step(run: Trajectory) -> Relation:
    loss = run.bounds("loss")
    with precision(BITS):
        factor = 1 - arb(run.step) * half_rate(run)
        ends = zip(loss.lower[:-1].tolist(), loss.upper[:-1].tolist(), strict=True)
        right = [factor * between(arb(a), arb(b)) for a, b in ends]
    return Relation.of("each step contracts the loss", after_start(loss), right, first=1)


def _at_the_rate(run: Trajectory, beside: float) -> Relation:
    """Step by step for losses that fall at the rate of the theorem, but for a factor ``beside`` in each step."""
    loss = bound_of_loss(run).upper * beside ** np.arange(run.length)
    made = replace(run, arrays={**run.arrays, "loss_lower": loss, "loss_upper": loss})
    return replace(_step_by_step(made), text="each step contracts losses made next to the rate")


def _spectrum_along(run: Trajectory) -> Relation:
    return Relation.of("lambda_min(G) at least lambda_0/2", half_rate(run), run.bounds("least"))


def _norm_along(inst: EquilibriumInstance, run: Trajectory) -> Relation:
    norm = run.bounds("norm")
    with precision(BITS):
        ends = zip(norm.lower.tolist(), norm.upper.tolist(), strict=True)
        left = Bounds.of_balls(inst.lipschitz * between(arb(a), arb(b)) for a, b in ends)
    return Relation.of("L ||W|| below 1", left, 1, Sense.BELOW)


def _final_share(run: Trajectory) -> tuple[float, float]:
    """Bounds of the final loss over the first one."""
    loss = run.bounds("loss")
    return float(loss.lower[-1] / loss.upper[0]) * (1 - 2.0**-50), up(float(loss.upper[-1] / loss.lower[0]))


def _loss_figure(run: Trajectory, title: str) -> dict[str, object]:
    return figure(
        title,
        ("loss of the computed sequence", run.bounds("loss").midpoints(), "measured"),
        ("rate of the theorem, (1 - eta lambda_0/2)^t", bound_of_loss(run).midpoints(), "bound"),
        log=True,
    )


def _doubled(run: Trajectory) -> Relation:
    """The loss against the rate that was met, doubled."""
    loss = run.bounds("loss")
    with precision(BITS):
        met = (arb(float(loss.upper[-1])) / arb(float(loss.lower[0]))) ** (2 / arb(run.length - 1))
    right = geometric(loss, met, met, run.length)
    return Relation.of("loss below the planted rate", after_start(loss), after_start(right), first=1)


# -- the theorem with explicit constants (C24) ---------------------------------------------


def _constants_evidence(found: ExplicitConstants, residual: arb) -> EvidenceItem:
    values = {"e0": residual, "radius": found.radius, "lambda_0 / 2": found.rate}
    if found.smoothness.is_finite():
        values["beta"] = found.smoothness
    return enclosed("the constants of the theorem in ball arithmetic", **values)


def _descent(inst: EquilibriumInstance, theorem: TheoremInstance) -> Outcome:
    """(H1) to (H3) in balls on one instance; every conclusion at every iterate of the run with η = 1/β.

    The theorem is about exact steps: a rounded sequence that leaves its bounds does not contradict it.
    """
    constants, run = theorem.descent, theorem.run
    with precision(BITS):
        largest = 1 / constants.smoothness
    small = Relation.of("(H3): the step size is at most 1/beta", arb(run.step), largest, condition=True)
    found = [
        _rate_along(run),
        _spectrum_along(run),
        _norm_along(inst, run),
        _step_by_step(run),
        Relation.of("distance within the radius", run.bounds("distance"), constants.radius),
        Relation.of("path within the radius", run.bounds("path"), constants.radius),
    ]
    outcome = judge(
        [*constants.hypotheses, small, *found, _at_the_rate(run, 1 - BESIDE)],
        _constants_evidence(constants, theorem.bounds.residual),
        value=_final_share(run),
        lemma=("lemma.equilibrium-training", "lemma.equilibrium-smoothness"),
        method=f"{run.length - 1} steps with eta = 1/beta, width {inst.training.width}",
        margin=min(r.margin for r in found),
        detail={
            "quantity": "final loss over first loss",
            "run": run_digest(run.bounds("loss"), run.bounds("norm")),
            "steps": run.length - 1,
            "eta": run.step,
            "inequalities": [str(r) for r in found],
            "figure": _loss_figure(run, "Every hypothesis met: loss and rate of the theorem"),
        },
    )
    return sufficient(outcome)


def _flow(inst: EquilibriumInstance, theorem: TheoremInstance) -> Outcome:
    """(H1) and (H2') at the radius √2 ‖e_0‖/√λ_0 of the flow, in balls; the theorem needs nothing else."""
    constants = theorem.flow
    outcome = judge(
        constants.hypotheses,
        _constants_evidence(constants, theorem.bounds.residual),
        value=constants.gap,
        lemma="lemma.equilibrium-training",
        method=f"explicit constants, width {inst.training.width}",
        margin=constants.hypotheses[1].margin,
        detail={"quantity": "left side of (H2') over its right side"},
    )
    return sufficient(outcome)


@check("deq-gradient-descent", scope=scope.ordinary_run)
def gradient_descent(inst: EquilibriumInstance) -> Outcome:
    """The theorem on the inputs and labels of the study."""
    return _descent(inst, inst.training.theorem)


@check("deq-gradient-flow", scope=scope.ordinary_run)
def gradient_flow(inst: EquilibriumInstance) -> Outcome:
    """The theorem on the inputs and labels of the study."""
    return _flow(inst, inst.training.theorem)


@check("deq-made-descent", scope=scope.made_run)
def made_descent(inst: EquilibriumInstance) -> Outcome:
    """The theorem on few inputs whose labels are made."""
    return _descent(inst, inst.training.made)


@check("deq-made-flow", scope=scope.made_run)
def made_flow(inst: EquilibriumInstance) -> Outcome:
    """The theorem on few inputs whose labels are made."""
    return _flow(inst, inst.training.made)


@training_control("deq-gradient-descent")
def far_labels(inst: EquilibriumInstance) -> Outcome:
    """The labels of the data moved so far from the outputs that a hypothesis fails."""
    return planted(replace(inst.training.theorem, distance=FAR).descent.hypotheses)


@training_control("deq-gradient-flow")
def far_labels_of_the_flow(inst: EquilibriumInstance) -> Outcome:
    """The same, with the constants of the flow."""
    return planted(replace(inst.training.theorem, distance=FAR).flow.hypotheses)


@training_control("deq-made-descent")
def doubled_rate(inst: EquilibriumInstance) -> Outcome:
    """The rate that was met, doubled; step by step, losses that fall more slowly than at the rate, by a millionth."""
    if inst.regularity.second_lipschitz is None:
        return Outcome(Verdict.NOT_APPLICABLE, reason="no step size is proved small enough without a bound of phi''")
    run = inst.training.made.run
    return each([_doubled(run), _at_the_rate(run, 1 + BESIDE)])


@training_control("deq-made-flow")
def eight_times_as_far(inst: EquilibriumInstance) -> Outcome:
    """The made labels eight times as far: at four times those of descent fail, whose radius is twice as large."""
    return planted(replace(inst.training.made, distance=8.0).flow.hypotheses)


# -- ordinary instances (C25) ------------------------------------------------------------------


def _ordinary_detail(inst: EquilibriumInstance) -> dict[str, object]:
    lab = inst.training
    constants = lab.theorem.descent
    low, high = lab.theorem.excess()
    eigenvalues = np.linalg.eigvalsh(lab.ordinary_tangent)
    loss = lab.ordinary_run.bounds("loss").midpoints()
    return {
        "run": run_digest(lab.ordinary_run.bounds("loss"), lab.ordinary_run.bounds("norm")),
        "width": lab.width,
        "inputs": len(lab.chosen(lab.inputs)),
        "eta": lab.ordinary_step,
        "steps": lab.ordinary_run.length - 1,
        "hypotheses of the theorem": "; ".join(map(str, constants.hypotheses)),
        "vacuity gap": f"||e_0|| is between {text_below(low, 3)} and {text_above(high, 3)} times"
        " what (H1) and (H2') allow",
        "last ratio of losses": loss[-1] / loss[-2] if len(loss) > 1 and loss[-2] > 0 else None,
        "(1 - eta lambda_min(H(0)))^2": float((1 - lab.ordinary_step * eigenvalues[0]) ** 2),
        "1 - eta lambda_0/2": float(1 - lab.ordinary_step * lab.ordinary_run.arrays["least_lower"][0] / 2),
    }


def _ordinary(
    inst: EquilibriumInstance, found: Relation, value: Bounds | tuple[float, float], **more: object
) -> Outcome:
    """One relation along the ordinary run; of bounds along it the least and the largest are the value."""
    lab = inst.training
    if isinstance(value, Bounds):
        value = float(value.lower.min()), float(value.upper.max())
    method = f"{found.length} iterates, width {lab.width}, {len(lab.chosen(lab.inputs))} inputs"
    return judge([found], value=value, method=method, detail={**_ordinary_detail(inst), **more})


@check("deq-descent-rate", scope=scope.ordinary_run)
def descent_rate(inst: EquilibriumInstance) -> Outcome:
    """The rate along an ordinary run, both losses enclosed at every iterate."""
    run = inst.training.ordinary_run
    more = {
        "quantity": "final loss over first loss",
        "each step": str(_step_by_step(run)),
        "figure": _loss_figure(run, "Labels ±1: loss and rate of the theorem"),
    }
    return _ordinary(inst, _rate_along(run), _final_share(run), **more)


@training_control("deq-descent-rate")
def too_large_a_step(inst: EquilibriumInstance) -> Outcome:
    """The same statement for a step size sixteen times as large, and the rate that was met doubled."""
    doubled = planted([_doubled(inst.training.ordinary_run)])
    if doubled.verdict is not Verdict.REFUTED:
        return doubled
    found = planted([_rate_along(inst.training.diverging_run(*DIVERGING))])
    return replace(found, evidence=(*doubled.evidence, *found.evidence))


@check("deq-descent-spectrum", scope=scope.ordinary_run)
def descent_spectrum(inst: EquilibriumInstance) -> Outcome:
    """λ_min(G) against λ_0/2 along the same run."""
    run = inst.training.ordinary_run
    least = run.bounds("least")
    curves = figure(
        "Labels ±1: the least eigenvalue along training",
        ("lambda_min(G)", least.midpoints(), "measured"),
        ("lambda_0 / 2", [float(half_rate(run))] * run.length, "bound"),
    )
    quantity = "least eigenvalue of G along the run"
    return _ordinary(inst, _spectrum_along(run), least, quantity=quantity, figure=curves)


@training_control("deq-descent-spectrum")
def spectrum_control(inst: EquilibriumInstance) -> Outcome:
    """λ_min(G) at least 1.001 times its largest proved upper end."""
    least = inst.training.ordinary_run.bounds("least")
    return planted([Relation.of("a planted lower bound", arb(float(least.upper.max())) * arb("1.001"), least)])


@check("deq-descent-norm", scope=scope.ordinary_run)
def descent_norm(inst: EquilibriumInstance) -> Outcome:
    """‖W‖_2 against 1/L along the same run."""
    run = inst.training.ordinary_run
    norm = run.bounds("norm")
    curves = figure(
        "Labels ±1: the norm of the weights along training",
        ("proved upper bound of ||W||", norm.upper.tolist(), "measured"),
        ("1 / L", [float(1 / inst.lipschitz)] * run.length, "bound"),
    )
    quantity = "spectral norm of W along the run"
    return _ordinary(inst, _norm_along(inst, run), norm, quantity=quantity, figure=curves)


@training_control("deq-descent-norm")
def norm_control(inst: EquilibriumInstance) -> Outcome:
    """‖W‖ at most 0.999 times its proved lower end at the start."""
    norm = inst.training.ordinary_run.bounds("norm")
    return planted([Relation.of("a planted upper bound", norm, arb(float(norm.lower[0])) * arb("0.999"))])
