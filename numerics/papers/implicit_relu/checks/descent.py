"""Descent with small outputs: identity, energy, budget, and the theorem for one network (A21 to A26, A30)."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
from flint import arb, fmpq, fmpq_mat

from .....theory.verdict import Verdict
from ....balls.ends import upper_float
from ....balls.precision import precision
from ....checks.evidence import figure
from ....checks.registry import Outcome, check, control
from ....checks.relation import Relation, Sense, judge, planted
from ....checks.trajectories import Bounds, run_digest
from ....proof_lines.draws import eye, matrix, positive, squared, vector
from ....proof_lines.small_outputs import solved
from ....small_output_descent.closed_forms import TABLE
from ....small_output_descent.horizon import horizon
from ....studies.workspace import Arrays
from ..descent.closed import corollary
from ..descent.extreme import NEARLY
from ..descent.measured import Closed, measure, scaled, with_outputs
from ..descent.theorem import BITS, Initial, conditions
from ..descent.told import as_bounds, bounded, found_from
from ..instance import ImplicitInstance
from ..network import Network, sample_parameters
from ..training import Trajectory, balls, descend
from . import scope
from .training import slowest

SMALLER = "the labels would have to be scaled below 2^-60"
RUN_STEPS = 12
"""Steps of the run: each is enclosed."""
OBSTACLE_WIDTH, OBSTACLE_SCALE, OBSTACLE_SEED = 64, 4.0, 0


# -- A21, A22: identity and energy -------------------------------------------------------


def _identity(after_step: bool) -> Relation:
    """Both sides, entry by entry, of a random step in rationals; with w in place of w⁺ it is false."""
    rng = random.Random(21)
    before, after, w, y = matrix(rng, 5, 3), matrix(rng, 5, 3), vector(rng, 5), vector(rng, 3)
    eta, e = positive(rng), before.transpose() * w - y
    moved = w - before * e * eta
    right = (eye(3) - before.transpose() * before * eta) * e + (after - before).transpose() * (
        moved if after_step else w
    )
    left = after.transpose() * moved - y
    return Relation.of(
        "e+ = (I - eta F'F)e + (F+ - F)'w+", _fractions(left), _fractions(right), Sense.EQUAL, place="entry"
    )


def _fractions(x: fmpq_mat) -> list[Fraction]:
    return [Fraction(int(q.p), int(q.q)) for q in x.entries()]


@check("descent-identity", scope="any features, outputs and labels")
def identity(inst: ImplicitInstance) -> Outcome:
    """Algebra; a random step in exact rationals."""
    return judge([_identity(True)], lemma="lemma.small-outputs", method="one step in rationals")


@control("descent-identity")
def identity_control(inst: ImplicitInstance) -> Outcome:
    """w in place of w⁺: the term of second order in the step is lost."""
    return planted([_identity(False)])


def _energy(factor: int) -> Relation:
    """Squares of the rise and of its bound at a step where they are equal: w = 0, y the top singular vector."""
    F, y, w = fmpq_mat(4, 3, [2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]), fmpq_mat(3, 1, [1, 0, 0]), fmpq_mat(4, 1)
    eta, e = fmpq(1, 2), F.transpose() * w - y  # eta |F|^2 = 2
    rise = squared(w - F * e * eta) - squared(w)
    sides = (rise**2, (factor * eta) ** 2 * squared(y) * squared(e))
    left, right = (Fraction(int(q.p), int(q.q)) for q in sides)
    return Relation.of(f"(|w+|^2 - |w|^2)^2 <= ({factor} eta |y||e|)^2", left, right)


@check("descent-energy", scope="any features, outputs and labels")
def energy(inst: ImplicitInstance) -> Outcome:
    """The expansion of the square; equality where nothing is given away."""
    return judge([_energy(2)], lemma="lemma.small-outputs", method="expansion of the square")


@control("descent-energy")
def energy_control(inst: ImplicitInstance) -> Outcome:
    """Without the factor 2."""
    return planted([_energy(1)])


# -- A23: the budget ---------------------------------------------------------------------


def _budget(rate: Fraction) -> list[Relation]:
    found = horizon(solved(TABLE[1]))
    assert found is not None  # the row of the table is one where it closes
    return [
        Relation.of(f"{rate} <= c/lambda where lambda^2 = 9 K |y|^2", rate, found.rate),
        Relation.of("M(T) lambda^(3/2)/|y|^2 <= 1.393 there", found.path, TABLE[1].path),
    ]


@check("descent-budget", scope="all networks of that kind, at the critical constant")
def budget(inst: ImplicitInstance) -> Outcome:
    """The equation solved in balls where the condition is an equality; beyond it by monotonicity."""
    found = _budget(TABLE[1].rate)
    return judge(
        found,
        lemma="lemma.small-outputs-table",
        value=found[0].right,
        method="the equation solved in balls",
        detail={"quantity": "c/lambda at lambda^2 = 9 K |y|^2"},
    )


@control("descent-budget")
def budget_control(inst: ImplicitInstance) -> Outcome:
    """0.506 in place of 0.504."""
    return planted(_budget(Fraction(506, 1000))[:1])


# -- A24: the theorem for one network ----------------------------------------------------


def _coupling(factor: Fraction = Fraction(1)) -> Relation:
    left, right = NEARLY.coupling(factor)
    return Relation.of("|(F+ - F)'w+| <= eta K |w||w+||e| on one unit, squared", left, right)


def _digest(start: Initial) -> str:
    """Which float64 bounds of a network a number rests on."""
    return found_from(start.least, start.contraction, start.states, start.frobenius, start.features, start.inputs)


def _told(found: Closed) -> dict[str, object]:
    """What the theorem says of a network, for the report."""
    descent, start = found.descent, found.measured.initial
    return {
        "labels scaled by": str(found.scale),
        "lambda": float(start.least.mid()),
        "c": -upper_float(-descent.horizon.rate),
        "a_*": upper_float(descent.contraction),
        "N": upper_float(descent.size),
        "largest step": -upper_float(-descent.step),
        "steps to 1e-6 of the loss": descent.steps(Fraction(1, 10**6)),
    }


@check("small-output-descent", scope=scope.network)
def small_outputs(inst: ImplicitInstance) -> Outcome:
    """The norms of the network at its start in balls, and the conditions with a_* and N found from them."""
    train = inst.training
    found = train.closed
    if found is None:
        return Outcome(Verdict.UNKNOWN, method="measured norms", reason=f"the conditions do not close: {SMALLER}")
    start, told = found.measured.initial, _told(found)
    more = "" if found.scale == 1 else "; for twice these labels no a_* and N were found"
    text = f"labels times {found.scale}: the conditions close with these numbers{more}"
    return judge(
        [*map(as_bounds, conditions(start, found.descent, Fraction(1, 2))), _coupling()],
        bounded(
            text,
            at_least={"c": found.descent.horizon.rate, "largest step": found.descent.step},
            at_most={"T": found.descent.horizon.time, "Lambda": found.descent.largest},
        ),
        lemma=("lemma.small-outputs", "lemma.implicit-drift", "lemma.small-output-descent"),
        value=found.descent.horizon.rate,
        method="measured norms",
        detail={
            "quantity": "rate c",
            "network": train.network_text,
            "output_init": str(inst.outputs),
            "run": _digest(start),
            **told,
        },
    )


@control("small-output-descent")
def small_outputs_control(inst: ImplicitInstance) -> Outcome:
    """K/2 in place of K on one unit, whose inner weights and outputs push the same way."""
    return planted([_coupling(Fraction(1, 2))])


# -- A25: a computed run ------------------------------------------------------------------


def _run(train: ImplicitInstance) -> tuple[Closed, Trajectory] | None:
    """The theorem on the first inputs of the training, and a run with the largest step that it admits."""
    few = train.few
    found = few.closed
    if found is None:
        return None
    step = -upper_float(-found.descent.step)
    labels = found.measured.labels

    def made() -> Arrays:
        return descend(found.measured.network, labels, step, RUN_STEPS).arrays()

    return found, Trajectory.from_arrays(
        few.workspace.keep(f"small outputs {few.key} {few.outputs} {found.scale}", made)
    )


def run_relations(found: Closed, run: Trajectory, rate: arb | None = None) -> list[Relation]:
    """Every bound of the theorem at each recorded iterate; ``rate``: another one in place of c."""
    descent, start = found.descent, found.measured.initial
    with precision(BITS):
        step = (-arb(upper_float(-descent.step))) * (descent.horizon.rate.lower() if rate is None else rate)
        falls = [(1 - step) ** 2 * before for before in balls(run.loss)[:-1]]
        features = descent.constants.features * descent.horizon.path
        kept = (start.least.sqrt() - features).max(arb(0)) ** 2
        w = [(u**2 + v**2).sqrt() for u, v in zip(balls(run.u), balls(run.v), strict=True)]
        moved = descent.largest.sqrt() * descent.horizon.time
    after = Bounds.of(run.loss.lower[1:], run.loss.upper[1:])
    named = Relation.of
    return [
        named("L(k+1) <= (1 - eta c)^2 L(k)", after, falls),
        named("a(k) <= a_*", run.contraction, descent.contraction),
        named("|Phi(k) - Phi(0)|_F <= J M(T)", run.features, features),
        named("(sqrt(lambda) - J M(T))^2 <= lambda_min(G(k))", kept, run.gram),
        named("|w(k) - w(0)| <= sqrt(Lambda) T", w, moved),
    ]


@check("small-output-run", scope=scope.few)
def small_output_run(inst: ImplicitInstance) -> Outcome:
    """The largest admitted step, and each bound of the theorem at each recorded iterate, enclosed."""
    made = _run(inst)
    if made is None:
        return Outcome(Verdict.UNKNOWN, method="a computed run", reason=f"the conditions do not close: {SMALLER}")
    found, run = made
    relations = run_relations(found, run)
    with precision(BITS):
        shrink = 1 + upper_float(-found.descent.step) * -upper_float(-found.descent.horizon.rate)
    shown = figure(
        "Gradient descent from small outputs, with the largest step that the theorem admits",
        ("L(k)", run.loss.midpoints(), "measured"),
        ("(1 - eta c)^(2k) L(0)", run.loss.upper[0] * shrink ** (2 * np.arange(run.loss.length)), "bound"),
        x_label="iteration",
        log=True,
    )
    return judge(
        relations,
        value=slowest(run),
        margin=relations[0].margin,
        method="every bound enclosed at each iterate",
        detail={
            "quantity": "largest ratio L(k+1)/L(k)",
            "network": inst.few.network_text,
            "run": run_digest(run.loss, run.contraction),
            "figure": shown,
            **_told(found),
        },
    )


@control("small-output-run")
def small_output_run_control(inst: ImplicitInstance) -> Outcome:
    """A rate that takes twice as much from the loss as the slowest step did."""
    made = _run(inst)
    if made is None:
        return Outcome(Verdict.UNKNOWN, reason=SMALLER)
    found, run = made
    low, _ = slowest(run)
    with precision(BITS):
        step = arb(-upper_float(-found.descent.step))
        rate = (1 - (2 * arb(low) - 1).max(arb(0)).sqrt()) / step
    return planted(run_relations(found, run, rate)[:1])


# -- A26: the corollary -------------------------------------------------------------------


def _halved(constant: Fraction) -> Relation:
    """c >= λ/2 where the width is exactly the one that a constant asks for."""
    found = horizon(solved(TABLE[1], constant))
    assert found is not None
    return Relation.of(f"1/2 <= c/lambda where m is the width with {constant}", Fraction(1, 2), found.rate)


@check("descent-corollary", scope=scope.network)
def closed_corollary(inst: ImplicitInstance) -> Outcome:
    """The width that it asks for at the norms of the network with zero outputs, labels scaled until it is there."""
    train = inst.training
    found = train.started if inst.outputs == 0 else measure(with_outputs(train.network, 0.0), train.labels)
    if found is None:
        return Outcome(Verdict.UNKNOWN, method="closed form", reason="lambda > 0 is not proved at this network")
    k, said = 0, corollary(found.initial)
    needed = said.needed
    while k < 60 and not said.needed <= train.plan.width:
        k += 1
        said = corollary(scaled(found, 2.0**-k).initial)
    detail: dict[str, object] = {
        "run": _digest(found.initial),
        "quantity": "width asked for, for labels +-1",
        "network": train.network_text,
        "labels scaled by": f"1/{2**k}",
        "largest step": -upper_float(-said.step) if said.step.is_finite() else None,
    }
    relations = map(as_bounds, said.relations(train.plan.width))
    numbers = {"a_*": said.contraction, "N": said.size, "Lambda": said.largest}
    return judge(
        [*relations, _halved(TABLE[1].constant)],
        bounded("a_*, N and Lambda as the corollary names them", at_most=numbers),
        lemma=("lemma.small-outputs-table", "lemma.implicit-drift", "lemma.small-output-descent"),
        value=needed if needed.is_finite() else None,
        method="closed form",
        detail=detail,
    )


@control("descent-corollary")
def closed_corollary_control(inst: ImplicitInstance) -> Outcome:
    """7 in place of 9: the rate at that width is a fifth of λ."""
    return planted([_halved(Fraction(7))])


# -- A30: standard outputs ----------------------------------------------------------------


def _raised(share: float) -> tuple[Relation, float]:
    """One computed step, a share of 2/(σ_1² + σ_n²), of a network with outputs 4 N(0, 1) on two orthogonal inputs."""
    weights = sample_parameters(OBSTACLE_WIDTH, 2, OBSTACLE_SEED)
    network = with_outputs(Network(weights, Fraction(1, 10), np.eye(2)), OBSTACLE_SCALE)
    labels = np.array([1.0, -1.0])
    state = network.equilibrium()
    values = np.linalg.svd(np.vstack([network.features.phi, state.z]), compute_uv=False) ** 2
    step = share * 2 / float(values[0] + values[-1])
    after = network.with_weights(network.weights.moved(step, network.gradient(state, labels)))
    losses = (network.loss(state, labels), after.loss(after.equilibrium(), labels))
    return Relation.of("L(0) < L(1)", *losses, Sense.BELOW), step


@check("standard-output-obstacle", scope="one network of width 64 on two orthogonal inputs, outputs 4 N(0, 1), seed 0")
def obstacle(inst: ImplicitInstance) -> Outcome:
    """Both losses enclosed, before and after one computed step."""
    relation, step = _raised(1.0)
    return judge(
        [relation],
        value=relation.right,
        method="one computed step",
        detail={"quantity": "L(1)", "step": step, "run": found_from(arb(step))},
    )


@control("standard-output-obstacle")
def obstacle_control(inst: ImplicitInstance) -> Outcome:
    """A tenth of the step: the loss falls."""
    return planted([_raised(0.1)[0]])
