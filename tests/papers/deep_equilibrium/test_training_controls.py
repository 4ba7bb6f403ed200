"""A failure here means that training certificates prove too much: a falsehood about a run was not refuted.

Each planted statement is false by a clear amount: a step size far too large, a variance past the threshold, repeated
inputs, a rate doubled past the truth, an iterate with a NaN, a stored run that is not the claim's.
"""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from flint import arb

import certigram as cg
from certigram.numerics.checks.registry import decide, find_control
from certigram.numerics.checks.relation import Relation
from certigram.numerics.checks.trajectories import Bounds
from certigram.numerics.expressions.enclosed_function import EnclosedFunction
from certigram.numerics.kernels.points import points
from certigram.numerics.papers.deep_equilibrium.checks.finite_width import SampledInstance
from certigram.numerics.papers.deep_equilibrium.checks.training import _rate_along, bound_of_loss
from certigram.numerics.papers.deep_equilibrium.instance import EquilibriumInstance
from certigram.numerics.papers.deep_equilibrium.training.descent import certified_descent, geometric
from certigram.numerics.papers.deep_equilibrium.training.equilibrium import differentiable
from certigram.numerics.papers.deep_equilibrium.training.gradient import gradient, sample_network
from certigram.numerics.papers.deep_equilibrium.training.sampled import (
    convergence_probability,
    event_tests,
    radius_test,
    stability_samples,
)
from certigram.numerics.sampling.statistics import ErrorBudget
from certigram.numerics.studies.data import DataSet, load
from certigram.numerics.studies.networks import instance
from certigram.numerics.studies.study import Study
from certigram.theory.activations.activation import activation
from certigram.theory.claims.system import systems
from certigram.theory.verdict import Verdict


@cache
def model(system: str, name: str, sigma_w2: str = "1/16") -> EquilibriumInstance:
    study = Study(
        "controls", (system,), (name,), load("digits", 10), parameters={system: {"sigma_w2": Fraction(sigma_w2)}}
    )
    found = instance(system, name, study)
    assert isinstance(found, EquilibriumInstance)
    return found


def rate_of(run: Bounds, factor: float) -> Verdict:
    right = geometric(run, arb(factor), arb(factor), run.length)
    tail = slice(1, None)
    left = Bounds.of(run.lower[tail], run.upper[tail])
    return Relation.of("rate", left, Bounds.of(right.lower[tail], right.upper[tail])).verdict


@pytest.mark.parametrize(("system", "name"), [("deq-relu", "relu"), ("deq-general", "tanh")])
def test_a_step_size_far_too_large_is_refuted(system: str, name: str) -> None:
    """With sixteen times the step the loss rises; the rate at that step size is refuted at some iterate."""
    lab = model(system, name).training
    run = lab.diverging_run(16.0, 12)
    factor = 1 - run.step * float(run.arrays["least_lower"][0]) / 2
    assert rate_of(run.bounds("loss"), factor) is Verdict.REFUTED


def test_a_loss_that_rises_at_once_is_false_at_the_first_step() -> None:
    """Iterates are numbered from the start, at which both sides are the same number and nothing is compared."""
    run = model("deq-relu", "relu").training.diverging_run(16.0, 12)
    loss = run.bounds("loss")
    rises = next(k for k in range(1, loss.length) if loss.lower[k] > bound_of_loss(run).upper[k])
    assert rises == 1
    assert str(_rate_along(run)) == "loss below the rate of the theorem: false at recorded iterate 1"


@pytest.mark.parametrize(("system", "name"), [("deq-relu", "relu"), ("deq-general", "sigmoid")])
def test_a_rate_doubled_past_the_truth_is_refuted(system: str, name: str) -> None:
    loss = model(system, name).training.ordinary_run.bounds("loss")
    met = float(loss.upper[-1] / loss.lower[0]) ** (1 / (loss.length - 1))
    assert rate_of(loss, met**2) is Verdict.REFUTED
    assert rate_of(loss, met**0.2) is Verdict.PROVED  # the same machinery proves what is true


@pytest.mark.parametrize(("system", "name"), [("deq-relu", "relu"), ("deq-general", "tanh")])
def test_past_the_threshold_nothing_is_proved_about_given_weights(system: str, name: str) -> None:
    """sigma_w² = 2/5: the weights do not contract, which is proved, so every claim about them says so."""
    inst = model(system, name, "2/5")
    for slug in ("picard-rate", "gradient-flow", "descent-rate", "relative-concentration"):
        certificate, _ = decide(systems()[system].claim(f"{system}.{slug}"), inst)
        assert certificate.verdict is Verdict.NOT_APPLICABLE
        assert "weights-contract" in certificate.reason


@pytest.mark.parametrize(("system", "name"), [("deq-relu", "relu"), ("deq-general", "tanh")])
def test_convergence_past_the_threshold_is_inconsistent(system: str, name: str) -> None:
    """The networks with chi of 2 or more, said to converge; and the spectral radius said to be the root of 2 chi."""
    inst = model(system, name)
    found = stability_samples(inst)
    planted = event_tests(found["past"], found["inside"], "planted", 0.99)[0]
    wrong = radius_test(found["ratio"] / np.sqrt(2.0), "planted", of_limit=False)
    assert [o.verdict for o in ErrorBudget().settle([planted, wrong])] == [Verdict.INCONSISTENT] * 2
    assert find_control("deq-stability-threshold")(SampledInstance(inst, None, 0)).verdict is Verdict.INCONSISTENT


def test_a_limit_promises_no_convergence_at_one_width() -> None:
    """At chi just below 1 the iteration was stopped after 300 steps, and INCONSISTENT said of a true theory."""
    assert convergence_probability(9 / 10, 1.0) == convergence_probability(49 / 100, 1.0) == 0.0
    assert convergence_probability(1 / 8, 1.0) < 0.99 == convergence_probability(1 / 16, 1.0)
    never = np.zeros(24)
    for sigma_w2 in (9 / 10, 49 / 100):
        events = event_tests(never, never, "near 1", convergence_probability(sigma_w2, 1.0))
        assert [o.verdict for o in ErrorBudget().settle(events)] == [Verdict.UNKNOWN, Verdict.CONSISTENT]
    far = radius_test(np.full(24, 2.0), "near 1")
    assert [o.verdict for o in ErrorBudget().settle([far])] == [Verdict.UNKNOWN]


@pytest.mark.parametrize("flow", [False, True])
def test_the_factor_by_which_the_hypotheses_fail(flow: bool) -> None:
    """Labels nearer by a little more than the upper factor meet them, by a little less than the lower one do not."""
    theorem = model("deq-general", "tanh").training.theorem
    low, high = theorem.excess(flow=flow)
    assert 1 < low < high == 2 * low
    near, far = (replace(theorem, distance=1 / factor) for factor in (1.01 * high, 0.99 * low))
    found = [x.flow if flow else x.descent for x in (near, far)]
    assert all(h.verdict is Verdict.PROVED for h in found[0].hypotheses)
    assert any(h.verdict is Verdict.REFUTED for h in found[1].hypotheses)


def test_units_that_are_never_active_have_no_gradient_to_compare() -> None:
    certificate, _ = decide(
        systems()["deq-general"].claim("deq-general.implicit-gradients"), model("deq-general", "max(x-40, 0)")
    )
    assert certificate.verdict is Verdict.UNKNOWN
    assert "every gradient" in certificate.reason


def test_repeated_inputs_with_opposite_labels_refute_any_rate() -> None:
    """Two equal inputs, labels +1 and -1: the loss cannot fall below 1, and lambda_0 > 0 is not proved."""
    phi = activation("relu")
    x = np.random.default_rng(3).standard_normal((3, 6))
    x = np.vstack([x, x[:1]])
    y = np.array([1.0, -1.0, 1.0, -1.0])
    network = sample_network(64, 6, 1 / 16, 4)
    f = differentiable(phi)
    start = gradient(f, network, x, y)
    step = 0.1 / float(np.linalg.norm(start.recurrent))
    run = certified_descent(f, EnclosedFunction(phi), network, x, y, step=step, steps=60)
    assert run.arrays["least_lower"][0] <= 0.0  # nothing positive is proved of a singular matrix
    assert run.arrays["loss_lower"][-1] >= 0.999
    distinct = certified_descent(f, EnclosedFunction(phi), network, x[:3], y[:3], step=step, steps=1)
    factor = 1 - step * float(distinct.arrays["least_lower"][0]) / 2  # the rate of the three distinct inputs
    assert rate_of(run.bounds("loss"), min(factor, 0.9)) is Verdict.REFUTED


def test_repeated_inputs_are_left_out_of_training_and_refute_positivity() -> None:
    table = np.vstack([load("digits", 6).points.values, 2.0 * load("digits", 1).points.values])  # type: ignore[union-attr]  # digits are points
    study = Study("repeated", ("deq-relu",), ("relu",), DataSet(points(table), None, "a repeated direction"))
    inst = instance("deq-relu", "relu", study)
    assert isinstance(inst, EquilibriumInstance)
    assert inst.training.chosen(8) == [0, 1, 2, 3, 4, 5]
    certificate, _ = decide(systems()["deq-relu"].claim("deq-relu.least-eigenvalue"), inst)
    assert certificate.verdict is Verdict.REFUTED


def test_an_iterate_that_is_not_finite_proves_nothing() -> None:
    """Infinite weights end the run with infinite bounds; NaN labels give no bound of the loss."""
    phi = activation("tanh")
    network, x = sample_network(16, 3, 1 / 16, 0), np.eye(3)
    run = certified_descent(differentiable(phi), EnclosedFunction(phi), network, x, np.ones(3), step=1e6, steps=10)
    assert run.arrays["loss_upper"][-1] == np.inf
    assert rate_of(run.bounds("loss"), 0.999) is not Verdict.PROVED


def test_controls_of_the_training_claims_are_refuted() -> None:
    """Each negative control of the rigorous training claims is refuted, not merely undecided."""
    inst = model("deq-general", "tanh")
    for claim in systems()["deq-general"].claims:
        if claim.method.startswith("deq-") and not claim.statistical:
            assert find_control(claim.method)(inst).verdict is Verdict.REFUTED, claim.id


def test_a_certificate_of_the_relu_system_is_checked_and_bound_to_its_activation(tmp_path: Path) -> None:
    """The independent checker repeats the proof; with another activation the record is not one of this system."""
    inst = model("deq-relu", "relu")
    certificate, _ = decide(systems()["deq-relu"].claim("deq-relu.least-eigenvalue"), inst)
    path = certificate.save(tmp_path / "relu.json")
    assert cg.check(path).verdict == "VALID"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["activation"] = "tanh"
    path.write_text(json.dumps(document), encoding="utf-8")
    assert cg.check(path).verdict != "VALID"
