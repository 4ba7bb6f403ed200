"""A failure here means that descent from zero outputs is said to converge where it need not, or is bounded wrongly."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import scipy.sparse.linalg
from flint import arb
from hypothesis import given, settings
from hypothesis import strategies as st

from certigram.numerics.checks.registry import find_check
from certigram.numerics.checks.relation import Relation
from certigram.numerics.papers.deep_equilibrium import general, relu
from certigram.numerics.papers.deep_equilibrium.instance import EquilibriumInstance
from certigram.numerics.papers.deep_equilibrium.lines_zero_output import share_holds, worst_holds
from certigram.numerics.papers.deep_equilibrium.training.gradient import Network
from certigram.numerics.papers.deep_equilibrium.training.iterate import lower_float
from certigram.numerics.papers.deep_equilibrium.zero_output.along import along, largest_ratio
from certigram.numerics.papers.deep_equilibrium.zero_output.composed import Composed
from certigram.numerics.papers.deep_equilibrium.zero_output.composed import composed as at_event
from certigram.numerics.papers.deep_equilibrium.zero_output.one_neuron import overshoot
from certigram.numerics.papers.deep_equilibrium.zero_output.theorem import best, corollary, descent
from certigram.numerics.sampling.operator_norm import NormBounds
from certigram.numerics.studies.given import given_data
from certigram.numerics.studies.study import Study
from certigram.numerics.studies.workspace import Workspace
from certigram.theory.claims.system import system
from certigram.theory.errors import SpecError
from certigram.theory.verdict import Evidence, Verdict

from .zero_output_networks import FIVE, ORTHOGONAL, Case


def orthogonal(name: str, sigma_w2: str) -> EquilibriumInstance:
    """Two orthogonal inputs with labels of size 1."""
    of = "deq-relu" if name == "relu" else "deq-general"
    study = Study("x", (of,), (name,), given_data(np.eye(2), "sphere"), {of: {"sigma_w2": Fraction(sigma_w2)}})
    return (relu if of == "deq-relu" else general).instance(name, study, Workspace())


def composed(name: str, sigma_w2: str) -> Composed:
    """D5 for them."""
    found = orthogonal(name, sigma_w2).zero_output_width
    assert found is not None
    return found


def named(relations: list[Relation], start: str) -> Relation:
    """The relation whose text begins so."""
    return next(r for r in relations if r.text.startswith(start))


@pytest.mark.parametrize(
    ("name", "sigma_w2", "low", "high"),
    [("relu", "1/128", 4300, 5100), ("tanh", "1/128", 4050, 4400), ("tanh", "1/16", 30_800, 35_000)],
)
def test_two_orthogonal_inputs_have_widths_that_can_be_run(name: str, sigma_w2: str, low: int, high: int) -> None:
    """Above the width of the whitened theorem alone, and not far above it; every condition is proved at it."""
    found = composed(name, sigma_w2)
    assert low <= found.width <= high
    assert all(r.verdict is Verdict.PROVED for r in found.relations)
    assert found.event.failure <= arb(1) / 20
    assert 5 <= found.steps <= 40


def test_the_rate_is_stated_for_every_least_eigenvalue_that_the_enclosure_holds() -> None:
    """c is at least m/2 times the upper end: with an upper end 1 percent higher the same event no longer gives it."""
    found = composed("tanh", "1/128")
    data = given_data(np.eye(2), "sphere")
    study = Study("x", ("deq-general",), ("tanh",), data, {"deq-general": {"sigma_w2": Fraction(1, 128)}})
    setting = general.instance("tanh", study, Workspace()).widths.setting
    labels = arb(2).sqrt()
    again = at_event(setting, labels, found.event)
    assert again is not None
    assert again.descent.rate >= found.width * setting.most / 2
    assert at_event(replace(setting, most=setting.most * 101 / 100), labels, found.event) is None


@pytest.mark.slow
@pytest.mark.parametrize(("method", "name"), [("deq-zero-output-width", "tanh"), ("deq-width-flow", "relu")])
def test_a_statement_at_a_width_runs_the_lines_of_its_probability(method: str, name: str) -> None:
    """The event fails with probability δ by the whitened theorem, and that rests on the bias."""
    outcome = find_check(method)(orthogonal(name, "1/128"))
    assert outcome.verdict is Verdict.PROVED
    notes = " ".join(item.text for item in outcome.evidence if item.kind is Evidence.NOTE)
    assert all(f"lemma.{needed}" in notes for needed in ("whitened-net", "whitened-trace", "width-bias"))
    assert ("lemma.smoothed-activation" in notes) == (name == "relu")


@pytest.mark.slow
def test_at_the_certified_width_every_inequality_holds_in_25_networks() -> None:
    """ReLU, two orthogonal inputs, labels ±1: to a millionth of the loss, from 25 seeds; ‖W‖ is estimated."""
    found = composed("relu", "1/128")
    worst: dict[str, float] = {}
    for seed in range(25):
        case = Case.of("relu", found.width, np.array([1.0, -1.0]), seed=seed, norm=NormBounds(0.0, 1.0))
        norm = float(scipy.sparse.linalg.svds(case.network.recurrent, k=1, return_singular_vectors=False, tol=1e-4)[0])
        assert 1.001 * norm <= found.event.a
        case = replace(case, norm=NormBounds(0.0, 1.001 * norm))
        run = case.run(lower_float(found.descent.step), found.steps, share=1e-3)
        assert run.bounds("residual").upper[-1] <= 1e-3 * run.bounds("residual").lower[0]
        assert run.bounds("least").lower[0] >= found.descent.initial.least
        assert run.bounds("norm").upper[0] <= found.descent.initial.state
        for r in along(run, found.descent):
            assert r.verdict is Verdict.PROVED, (seed, str(r))
            worst[r.text] = max(worst.get(r.text, 0.0), largest_ratio(r))
    for text, ratio in worst.items():
        print(f"{ratio:.4f}  {text}")
    assert max(worst.values()) <= 1


@pytest.mark.parametrize("name", FIVE)
@settings(max_examples=4, deadline=None)
@given(data=st.data())
def test_every_inequality_holds_on_random_networks(name: str, data: st.DataObject) -> None:
    """Widths, inputs (also nearly parallel), weights and labels at random; those that the theorem admits are run."""
    seed = data.draw(st.integers(0, 10**6))
    rng = np.random.default_rng(seed)
    width, n = data.draw(st.integers(8, 60)), data.draw(st.integers(1, 3))
    points = rng.standard_normal((n, 3))
    if n > 1 and data.draw(st.booleans()):
        points[1] = points[0] + 0.1 * rng.standard_normal(3)
    case = Case.of(name, width, rng.standard_normal(n), points=points, sigma_w2=Fraction(1, 32), seed=seed)
    if not case.initial().recurrent < 1:
        return
    at = case.initial()
    size = at.least / (at.slope * (at.state**2 + at.points**2).sqrt()) / (np.linalg.norm(case.labels) * 4)
    case = replace(case, labels=case.labels * float(size.mid()))
    found = best(case.initial())
    if not found.holds:
        return
    for r in along(case.run(lower_float(found.step), 6), found):
        assert r.verdict is not Verdict.REFUTED, str(r)
        assert largest_ratio(r) <= 1 + 1e-6, str(r)


@pytest.mark.parametrize("factor", [1.3, 2.0])
def test_a_larger_step_is_rejected_and_fails(factor: float) -> None:
    """Equal labels: the residual lies along the top eigenvector, which such a step overshoots."""
    case = Case.of("relu", 400, np.full(2, 0.02))
    found = best(case.initial())
    assert found.holds
    step = factor * lower_float(found.step)
    assert Relation.of("(H3)", arb(step), found.step).verdict is Verdict.REFUTED
    assert named(along(case.run(step, 2), found), "each step").verdict is Verdict.REFUTED
    good = along(case.run(lower_float(found.step), 2), found)
    assert named(good, "each step").verdict is Verdict.PROVED


def test_large_outputs_are_rejected_and_one_step_fails() -> None:
    """Outputs of the standard law and more, with the step that quadratic losses would allow: the residual grows."""
    case = Case.of("relu", 100, np.array([1.0, -1.0]), sigma_w2=Fraction(1, 128), outputs=3.0)
    at = case.initial()
    assert not best(at).holds
    residual = case.run(float((2 / (at.state**2 + at.least)).mid()), 1).bounds("residual")
    assert residual.lower[1] > residual.upper[0]
    assert best(Case.of("relu", 100, np.full(2, 0.01), outputs=2.0**-10).initial()).holds


def test_the_constants_are_noticed() -> None:
    """0.1 for 10.5, 0.1313 for 0.132, 17.2 for 17.3, and L for l in (c)."""
    assert overshoot().verdict is Verdict.PROVED
    assert overshoot(Fraction(1, 10)).verdict is Verdict.REFUTED
    assert share_holds(Fraction("0.132"))
    assert not share_holds(Fraction("0.1313"))
    assert worst_holds(Fraction("17.3"))
    assert not worst_holds(Fraction("17.2"))


def test_the_slope_in_the_coupling_counts() -> None:
    """One neuron with w = 0.8: with L in place of l the bound of (c) is too small by a factor of up to 25 squared."""
    case = Case.of("relu", 1, np.array([0.06]), points=np.array([[0.2]]))
    network = Network(np.array([[0.8]]), np.array([[1.0]]), np.array([0.05]))
    case = replace(case, network=network, norm=NormBounds(0.8, 0.8000001))
    found = descent(case.initial(), arb("0.82"), arb("1.1"))
    assert found.solved is not None
    run = case.run(0.5, 1)
    good = named(along(run, found), "(c)")
    assert good.verdict is Verdict.PROVED
    small = replace(found, start=replace(found.start, coupling=found.start.coupling / found.slope**2))
    assert named(along(run, small), "(c)").verdict is Verdict.REFUTED


def test_the_corollary_needs_zero_outputs() -> None:
    case = Case.of("relu", 200, np.full(2, 0.01))
    at = case.initial()
    assert corollary(at).holds
    assert best(at).holds
    assert not corollary(replace(at, outputs=arb("1e-9"))).holds


def test_what_outputs_start_from_is_a_number_or_a_word() -> None:
    parameter = system("deq-relu").parameter("output_init")
    assert [parameter.value(word) for word in ("zero", "small", "standard")] == [0, Fraction(1, 1024), 1]
    with pytest.raises(SpecError, match="give a number, or one of the words"):
        parameter.value("tiny")
    for bad in (Fraction(-1), Fraction(2) ** 200):
        study = Study("x", ("deq-relu",), ("relu",), given_data(ORTHOGONAL, None), {"deq-relu": {"output_init": bad}})
        with pytest.raises(SpecError, match="output_init"):
            relu.instance("relu", study, Workspace())
