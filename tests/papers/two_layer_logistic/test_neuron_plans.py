"""The example settings: not convex, not trivial, strict minima; their plans; and chains that run them."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from certigram.descent import sgd_plan
from certigram.numerics.balls.ball import enclose
from certigram.numerics.kernels.points import points
from certigram.numerics.papers.two_layer_logistic.bounds import OuterWeights, alternating
from certigram.numerics.papers.two_layer_logistic.sgd.inputs import LabelledInputs
from certigram.numerics.papers.two_layer_logistic.sgd.log_sobolev import one_neuron
from certigram.numerics.papers.two_layer_logistic.sgd.neuron.case import TANH
from certigram.numerics.papers.two_layer_logistic.sgd.neuron.chains import Chains
from certigram.numerics.papers.two_layer_logistic.sgd.neuron.minima import (
    StrictMinimum,
    find_drop,
    find_negative_curvature,
    negative_curvature,
    strict_minimum,
)
from certigram.numerics.papers.two_layer_logistic.sgd.neuron.offered import THEOREM, case_of
from certigram.numerics.papers.two_layer_logistic.sgd.neuron.plan import neuron_plan, plan_with
from certigram.numerics.papers.two_layer_logistic.sgd.neuron.planned import planned
from certigram.numerics.papers.two_layer_logistic.sgd.neuron.rows import NAMES, row
from certigram.theory.errors import DerivationGap, SpecError

ROOT = Path(__file__).parents[3]
LOG_STEPS = {"row-1": 4.21, "row-2": 6.47, "row-3": 6.77, "row-4": 7.26, "row-5": 6.95}


def minimum(name: str, wrong: int) -> StrictMinimum:
    """The strict minimum with so many neurons of 256 in the wrong well."""
    counts, near = ((256 - wrong, wrong), (0.4, -1.4)) if 0 < wrong < 256 else ((256,), (-1.4 if wrong else 0.4,))
    return strict_minimum(row(name), counts, near)


@pytest.mark.parametrize("name", NAMES)
def test_no_setting_is_convex_and_each_says_so_in_balls(name: str) -> None:
    case = row(name)
    assert not case.setting.convex
    found = find_negative_curvature(case)
    assert found.quotient < 0
    hessian = case.network().hessian(
        np.array([[float(v) for v in found.pair]] * 2 + [[float(v) for v in found.rest]] * 254)
    )
    e = np.array([float(v) for v in found.direction])
    direction = np.concatenate([e, -e, np.zeros(254 * e.size)])
    quotient = direction @ hessian @ direction / (direction @ direction) / float(case.regularisation)
    assert quotient == pytest.approx(float(found.quotient), rel=1e-9)


def test_a_convex_setting_shows_no_negative_curvature() -> None:
    convex = replace(row("row-1"), rate=Fraction(1))
    assert convex.setting.convex
    with pytest.raises(DerivationGap, match="no negative eigenvalue"):
        find_negative_curvature(convex)
    with pytest.raises(DerivationGap, match="no negative eigenvalue"):
        negative_curvature(row("row-1"), (Fraction(3),), (Fraction(-6),), (Fraction(1),))


@pytest.mark.parametrize("name", ["row-1", "row-2", "row-3"])
def test_the_zero_network_misses_the_target(name: str) -> None:
    assert find_drop(row(name))[1] > enclose(row(name).target)


@pytest.mark.parametrize("name", NAMES)
def test_the_table_says_no_more_than_is_proved(name: str) -> None:
    """Curvature, drop or spread, and both numbers of steps as docs/papers/two_layer_logistic/one-neuron.md prints
    them."""
    lines = (ROOT / "docs/papers/two_layer_logistic/one-neuron.md").read_text(encoding="utf-8").splitlines()
    cells = next(line for line in lines if line.startswith(f"| {name[-1]} |")).split("|")[1:-1]
    _, sizes, curvature, target, least, _, steps, _, fewer = (cell.strip().replace("−", "-") for cell in cells)
    assert Fraction(sizes.split(";")[1].strip()) == row(name).regularisation
    assert Fraction(target) == row(name).target
    assert find_negative_curvature(row(name)).quotient <= enclose(Fraction(curvature))
    worst, best = (24 if name == "row-5" else 0), 256
    found = minimum(name, best).loss - minimum(name, worst).loss if "spread" in least else find_drop(row(name))[1]
    assert found >= enclose(Fraction(least.removeprefix("spread ")))
    for printed, half_lines in ((steps, False), (fewer, True)):
        if "=" in printed:
            assert planned(name, half_lines=half_lines).steps == int(printed.split("=")[0].replace(" ", ""))


@pytest.mark.parametrize("name", ["row-4", "row-5"])
def test_every_occupation_is_a_strict_minimum_and_the_spread_is_above_the_target(name: str) -> None:
    found = [minimum(name, k) for k in (0, 1, 64, 128, 192, 255, 256)]
    assert all(m.curvature > 0 for m in found)
    assert found[-1].loss - found[0].loss > enclose(row(name).target)
    middle, case = found[3], row(name)
    w = np.concatenate([np.full(n, float(v)) for v, n in zip(middle.places, middle.counts, strict=True)])[:, None]
    assert np.abs(case.network().gradient(w)).max() < 1e-15
    assert np.linalg.eigvalsh(case.network().hessian(w))[0] >= float(middle.curvature) / 256 - 1e-12
    assert float(case.network().loss(w)) == pytest.approx(float(middle.loss), abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["row-4", "row-5"])
def test_all_257_occupations(name: str) -> None:
    found = [minimum(name, k) for k in range(257)]
    assert min(float(m.curvature) for m in found) >= 1.4 * float(row(name).rate)


def test_what_is_no_minimum_is_refused() -> None:
    with pytest.raises(DerivationGap, match="one well"):
        strict_minimum(row("row-4"), (128, 128), (0.4, 0.5))
    with pytest.raises(DerivationGap, match="at least one neuron"):
        strict_minimum(row("row-4"), (128, 127), (0.4, -1.4))
    with pytest.raises(DerivationGap, match="on the line"):
        strict_minimum(row("row-2"), (256,), (0.4,))


@pytest.mark.parametrize("name", [*NAMES[::2], *(pytest.param(n, marks=pytest.mark.slow) for n in NAMES[1::2])])
def test_plans_reach_their_targets_and_no_earlier_half(name: str) -> None:
    plan = planned(name)
    assert plan.reached
    assert math.log10(plan.steps) <= LOG_STEPS[name]
    assert not plan.excess(plan.steps // 2) <= enclose(plan.case.target)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["row-3", "row-4", "row-5"])
def test_steps_do_not_grow_with_the_width(name: str) -> None:
    steps = [planned(name, width) for width in (256, 512, 1024, 4096)]
    assert all(plan.reached for plan in steps)
    assert [p.steps for p in steps] == sorted((p.steps for p in steps), reverse=True)


def test_hardy_on_half_lines_needs_a_hundredth_of_the_steps() -> None:
    plan = planned("row-1", half_lines=True)
    assert plan.reached
    assert plan.steps < 1000 < planned("row-1").steps
    assert plan.descent.inequality.name == "one neuron, Hardy on half-lines"


@pytest.mark.slow
def test_a_search_finds_a_plan_as_good() -> None:
    plan = neuron_plan(row("row-5"), half_lines=False)
    assert plan.reached
    assert plan.steps <= planned("row-5").steps * 1.02


def test_a_target_out_of_reach_is_said_to_be() -> None:
    case = replace(row("row-5"), target=Fraction(1, 10**9))
    with pytest.raises(SpecError, match="is not reached at s"):
        plan_with(case, Fraction(1, 1000), Fraction(1, 100), Fraction(1), one_neuron(case.setting, Fraction(1, 1000)))
    with pytest.raises(SpecError, match="choose one of"):
        planned("row-4", half_lines=True)


# -- chains ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_a_step_is_gradient_descent(name: str) -> None:
    case = row(name, 7)
    chains = Chains(case, 1e-2, 0.3, 3, seed=5)
    chains.run(2)
    before = chains.weights.copy()
    quiet = Chains(case, 0.0, 0.3, 3, seed=5)
    quiet.weights[:] = before
    quiet.run(1)
    w = before.transpose(0, 2, 1)
    expected = w - 0.3 * case.network().gradient(w)
    assert np.abs(quiet.weights.transpose(0, 2, 1) - expected).max() < 1e-14
    assert np.abs(chains.loss() - case.network().loss(w)).max() < 1e-14


def test_the_noise_has_the_variance_of_the_recursion_and_each_chain_its_own_stream() -> None:
    case, s, eta = row("row-2"), 1e-2, 0.25
    one, two = Chains(case, s, eta, 2, seed=1), Chains(case, s, eta, 4, seed=1)
    drift = Chains(case, 0.0, eta, 1)
    one.run(1)
    two.run(1)
    drift.run(1)
    assert np.array_equal(one.weights, two.weights[:2])
    noise = two.weights - drift.weights
    assert abs(noise.var() / (s * eta) - 1) < 6 * math.sqrt(2 / noise.size)
    assert abs(np.corrcoef(noise[0].ravel(), noise[1].ravel())[0, 1]) < 0.3


def test_bad_chains_are_refused() -> None:
    with pytest.raises(SpecError, match="positive step"):
        Chains(row("row-1"), 1e-3, 0.0, 1)
    with pytest.raises(SpecError, match="increasing"):
        Chains(row("row-1"), 1e-3, 0.1, 1).recorded([3, 2])


# -- the front door -------------------------------------------------------------------


def test_equal_inputs_are_one_place_and_signs_of_outer_weights_do_not_matter() -> None:
    given = LabelledInputs.of(points([[1]] * 20), (1,) * 19 + (-1,))
    case = case_of(TANH, alternating(256, Fraction(1, 512)), given, Fraction(3, 8000), Fraction(1, 10))
    mine = row("row-1")
    assert sorted(case.data) == sorted(mine.data)
    assert (case.width, case.outer, case.rate) == (mine.width, mine.outer, mine.rate)


def test_the_signs_of_outer_weights_do_not_matter() -> None:
    case, rng = row("row-5", 6), np.random.default_rng(2)
    w, signs = rng.standard_normal((6, 1)), np.array([1.0, -1.0] * 3)
    network = case.network()
    flipped = replace(network, outer=network.outer * signs)
    assert float(flipped.loss(w * signs[:, None])) == pytest.approx(float(network.loss(w)), abs=1e-14)


def test_data_that_do_not_fit_are_refused_in_a_sentence() -> None:
    given = LabelledInputs.of(points([[1], [2]]), (1, -1))
    quarter = OuterWeights((Fraction(1, 4), Fraction(1, 2)))
    with pytest.raises(SpecError, match="outer weights of one size"):
        case_of(TANH, quarter, given, Fraction(1, 100), Fraction(1, 10))
    many = LabelledInputs.of(points([[k + 1] for k in range(5)]), (1, -1, 1, -1, 1))
    with pytest.raises(SpecError, match="at most four on a line"):
        case_of(TANH, alternating(4, Fraction(1, 4)), many, Fraction(1, 100), Fraction(1, 10))
    with pytest.raises(SpecError, match="whole gradients"):
        sgd_plan([[1]], [1], width=8, outer="1/8", batch=1, normalize=None, one_neuron=True)


@pytest.mark.slow
def test_the_plan_by_one_neuron_is_the_shortest() -> None:
    """Row 1 from the weights zero: 240 steps, where the closed form needs three million."""
    found = sgd_plan(
        [[1]] * 20, [1] * 19 + [-1], width=256, outer="1/512", regularisation="3/8000", normalize=None, one_neuron=True
    )
    assert found.best is not None
    assert found.best.theorem == THEOREM
    assert found.best.steps is not None
    assert found.best.steps < 1000
    assert found.plans[1].steps is not None
    assert found.plans[1].steps > 10**6
