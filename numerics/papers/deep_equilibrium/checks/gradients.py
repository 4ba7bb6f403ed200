"""Gradients through the equilibrium, and Picard's iteration (C19, C20)."""

from __future__ import annotations

import math
import random

import numpy as np
from flint import arb, fmpq

from .....theory.verdict import Verdict
from ....balls.ends import between, upper_float
from ....balls.precision import precision
from ....checks.evidence import ends, figure, sufficient
from ....checks.registry import Outcome, check, control
from ....checks.relation import Relation, Sense, judge, planted
from ....checks.trajectories import Bounds
from ....expressions.enclosed_function import norm_down, norm_up
from ..instance import EquilibriumInstance
from ..lines_training import output_derivatives
from ..training.gradient import Network, equilibrium, gradient, sample_network
from ..training.iterate import BITS, step_slack
from . import scope
from .evidence import training_control

DIFFERENCE_WIDTH = 48
"""Width at which the gradient is compared with finite differences."""
DIFFERENCE_AGREES = 1e-5
"""Relative disagreement above which nothing is proved: the code would not compute what the formulas say."""
PICARD_STEPS = 30
CLEAR_OF_ROUNDING = 1e3
"""Iterates are compared while theta^l ||Z|| is this many times the proved error of the computed equilibrium."""

# -- gradients (C19) --------------------------------------------------------------------


@check("deq-implicit-gradients", scope=scope.network)
def implicit_gradients(inst: EquilibriumInstance) -> Outcome:
    """The formulas by their proof, the equilibrium they are used at enclosed, the code against finite differences."""
    error = _finite_differences(inst)
    if math.isnan(error):
        reason = f"every gradient of a network of width {DIFFERENCE_WIDTH} is zero here: there is nothing to compare"
        return Outcome(Verdict.UNKNOWN, reason=reason)
    if not error <= DIFFERENCE_AGREES:
        reason = f"finite differences at width {DIFFERENCE_WIDTH} disagree with the gradient by {error:.2g} (relative)"
        return Outcome(Verdict.UNKNOWN, reason=reason)
    state, distance = inst.training.start(inst.training.inputs)
    known = Relation.of(
        f"the distance of the computed equilibrium is at most a thousandth of its norm, width {inst.training.width}",
        arb(distance),
        arb(norm_down(state)) * arb((1, -10)),
        condition=True,
    )
    outcome = judge(
        [known],
        lemma="lemma.implicit-gradients",
        method="implicit differentiation",
        detail={"quantity": "identities", "finite_differences": {"width": DIFFERENCE_WIDTH, "relative_error": error}},
    )
    return sufficient(outcome)


def _finite_differences(inst: EquilibriumInstance) -> float:
    """How far a central difference of the loss is from the gradient's inner product with the direction, relatively.

    NaN where all gradients are zero, as with units that are never active.
    """
    lab = inst.training
    x, y = lab.points(3), lab.labels(3)
    network = sample_network(DIFFERENCE_WIDTH, x.shape[1], inst.sigma_w2, lab.seed(DIFFERENCE_WIDTH, 1))
    found = gradient(lab.phi, network, x, y, tolerance=1e-13)
    rng = np.random.Generator(np.random.PCG64(lab.seed(DIFFERENCE_WIDTH, 2)))
    direction = [rng.standard_normal(p.shape) for p in (network.recurrent, network.inputs, network.readout)]
    slope = sum(
        float((g * v).sum()) for g, v in zip((found.recurrent, found.inputs, found.readout), direction, strict=True)
    )

    def loss(h: float) -> float:
        moved = Network(
            network.recurrent + h * direction[0], network.inputs + h * direction[1], network.readout + h * direction[2]
        )
        state = equilibrium(lab.phi, moved, x, tolerance=1e-14).state
        return 0.5 * float(np.sum((state.T @ moved.readout - y) ** 2))

    h = 2.0**-20
    size = sum(float((g * g).sum()) for g in (found.recurrent, found.inputs, found.readout)) ** 0.5
    scale = max(abs(slope), 1e-3 * size)
    if not scale > 0:
        return math.nan
    return float(abs((loss(h) - loss(-h)) / (2 * h) - slope) / scale)


@control("deq-implicit-gradients")
def without_transpose(inst: EquilibriumInstance) -> Outcome:
    """The adjoint equation with W in place of its transpose, in rationals at a random layer."""
    forward, adjoint = output_derivatives(random.Random(inst.budget.seed), transposed=False)
    text = "the derivative of the output, and the adjoint formula without the transpose"
    assert isinstance(forward, fmpq)  # inner products of rational matrices
    assert isinstance(adjoint, fmpq)
    return planted([Relation.of(text, arb(forward), arb(adjoint), Sense.EQUAL)])


# -- Picard's iteration (C20) --------------------------------------------------------------


def _picard(inst: EquilibriumInstance) -> tuple[Bounds, arb]:
    """‖Z* − Z^(l)‖_F for l = 1, 2, ..., and a ball around ‖Z*‖_F; the iterates use the enclosed activation."""
    lab = inst.training
    x = lab.points(inst.training.inputs)
    state, error = lab.start(inst.training.inputs)
    bias = lab.network.inputs @ x.T
    current, slack = np.zeros_like(state), 0.0
    lower, upper = [], []
    size = norm_down(state)
    usable = 0 < lab.theta < 1 and size > 0  # the equilibrium may be zero
    most = math.log(CLEAR_OF_ROUNDING * error / size) / math.log(lab.theta) if usable else 1.0
    for _ in range(max(1, min(PICARD_STEPS, int(most)))):
        rounding = step_slack(lab.network, x, current)
        current, slips = lab.enclosed(lab.network.recurrent @ current + bias)
        with precision(BITS):
            step = arb(norm_up(slips)) + arb(lab.lipschitz) * rounding
            slack = upper_float(arb(lab.theta) * arb(slack) + step)
            distance = norm_down(state - current), norm_up(state - current)
            rounded = arb(0, 2.0**-50) + 1  # of the subtraction
            lower.append(ends(arb(distance[0]) * rounded - arb(error) - arb(slack))[0])
            upper.append(ends(arb(distance[1]) * rounded + arb(error) + arb(slack))[1])
    with precision(BITS):
        length = between(arb(size) - arb(error), arb(norm_up(state)) + arb(error))
    return Bounds.of(np.maximum(lower, 0.0), upper), length


def geometric_bound(size: arb, rate: float, length: int) -> Bounds:
    """rate^l ``size`` for l = 1, 2, ..."""
    with precision(BITS):
        return Bounds.of_balls(arb(rate) ** k * size for k in range(1, length + 1))


@check("deq-picard-rate", scope=scope.network)
def picard_rate(inst: EquilibriumInstance) -> Outcome:
    """One equilibrium with θ = L‖W‖ < 1, and θ^l‖Z‖ against the proved distance of each iterate."""
    lab = inst.training
    distances, size = _picard(inst)
    right = geometric_bound(size, lab.theta, distances.length)
    with precision(BITS):
        rate = inst.lipschitz * between(arb(lab.norm.lower), arb(lab.norm.upper))
    contraction = Relation.of(f"theta = L ||W||_2 below 1, width {lab.width}", rate, 1, Sense.BELOW, condition=True)
    return judge(
        [contraction, Relation.of("distance to the equilibrium", distances, right, place="Picard iterate")],
        value=rate,
        lemma="lemma.picard-rate",
        margin=contraction.margin,
        method=f"{distances.length} iterates from zero, width {lab.width}, {len(lab.chosen(lab.inputs))} inputs",
        detail={
            "quantity": "theta",
            "figure": figure(
                "Picard's iteration from zero",
                ("proved bound of the distance", distances.upper.tolist(), "measured"),
                ("theta^l ||Z||", right.midpoints(), "bound"),
                log=True,
            ),
        },
    )


@training_control("deq-picard-rate")
def picard_control(inst: EquilibriumInstance) -> Outcome:
    """The rate that was met, squared."""
    distances, size = _picard(inst)
    k = min(6, distances.length)
    met = (distances.upper[k - 1] / float(size)) ** (1 / k)
    right = geometric_bound(size, float(met) ** 2, distances.length)
    return planted([Relation.of("distance to the equilibrium", distances, right)])
