"""Planted falsehoods about implicit ReLU networks: each must be refused, refuted or found inconsistent.

A failure here means that the machinery proves something false.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from flint import arb

from certigram.numerics.checks import relation
from certigram.numerics.checks.evidence import planted_tests
from certigram.numerics.checks.registry import decide, find_check, find_control
from certigram.numerics.eigenvalues.nullspace import NullVector, consistent
from certigram.numerics.kernels.points import points
from certigram.numerics.papers.implicit_relu.checks.training import descent_relations, slowest
from certigram.numerics.papers.implicit_relu.convergence import DISPLACEMENTS, WIDTH_CONSTANTS, implied
from certigram.numerics.papers.implicit_relu.face import instance as from_study
from certigram.numerics.papers.implicit_relu.instance import ImplicitInstance, TrainingPlan
from certigram.numerics.papers.implicit_relu.lines_training import flow_widths
from certigram.numerics.sampling.statistics import BinomialTest
from certigram.numerics.studies.data import DataSet, load
from certigram.numerics.studies.study import Study
from certigram.numerics.studies.workspace import Workspace
from certigram.theory.claims.system import system
from certigram.theory.errors import SpecError
from certigram.theory.verdict import Verdict

SYSTEM = system("implicit-relu")
HEXAGON = np.array([(1, -1, 0), (1, 0, -1), (0, 1, -1), (-1, 1, 0), (-1, 0, 1), (0, -1, 1)], dtype=np.float64)
PLAN = TrainingPlan(width=64, points=6, steps=12)


def model(table: np.ndarray, **changes: object) -> ImplicitInstance:
    inst = ImplicitInstance(DataSet(points(table), None, "a table"), plan=PLAN, widths=(32, 64, 128), replicates=12)
    return replace(inst, **changes)  # type: ignore[arg-type]  # fields by name


def digits(n: int, **changes: object) -> ImplicitInstance:
    table = load("digits", n).points
    assert table is not None
    return model(table.values, **changes)


def verdict(slug: str, inst: ImplicitInstance) -> tuple[Verdict, str]:
    certificate, _ = decide(SYSTEM.claim(f"implicit-relu.{slug}"), inst)
    return certificate.verdict, certificate.reason


def test_duplicated_inputs_are_refuted() -> None:
    """A repeated direction of another length: REFUTED with the null vector e_i - e_j."""
    table = digits(5).data.points
    assert table is not None
    inst = model(np.vstack([table.values, 3.0 * table.values[1:2]]))
    certificate, _ = decide(SYSTEM.claim("implicit-relu.least-eigenvalue"), inst)
    assert certificate.verdict is Verdict.REFUTED
    assert certificate.detail["null_vector"] == {"1": "1", "5": "-1"}
    assert inst.eigenvalue.upper == 0


def test_the_hexagon_is_refuted_and_five_of_its_points_are_not() -> None:
    """Antipodes with dependent directions are fatal, and only all of them together."""
    assert verdict("least-eigenvalue", model(HEXAGON))[0] is Verdict.REFUTED
    assert verdict("least-eigenvalue", model(HEXAGON[:5]))[0] is Verdict.PROVED
    moved = HEXAGON.copy()
    moved[0, 0] += 2.0**-30
    assert verdict("least-eigenvalue", model(moved))[0] is Verdict.PROVED


def test_the_null_vector_of_the_hexagon_fits_no_other_points() -> None:
    """The vector (1, -1, 1, -1, 1, -1) against the matrix of a hexagon with one vertex moved, in balls."""
    null = NullVector(tuple(Fraction((-1) ** k) for k in range(6)), "planted")
    assert consistent(model(HEXAGON).refine(128), null)
    moved = HEXAGON.copy()
    moved[0, 0] += 2.0**-20
    assert not consistent(model(moved).refine(128), null)


def test_hypotheses_that_fail_make_nothing_proved() -> None:
    """On singular data the convergence claims name the hypothesis that fails."""
    for slug in ("feature-stability", "gradient-flow", "concentration-width"):
        found, reason = verdict(slug, model(HEXAGON))
        assert found is Verdict.NOT_APPLICABLE
        assert "lambda_0" in reason


def test_a_step_far_too_large_is_refuted() -> None:
    """Twenty times 1/lambda_max: the loss climbs at once; with half of it the same run is proved."""
    inst = digits(6)
    assert verdict("gradient-descent", inst)[0] is Verdict.PROVED
    found, reason = verdict("gradient-descent", replace(inst, plan=replace(PLAN, step=Fraction(20))))
    assert found is Verdict.REFUTED
    assert "false at recorded iterate" in reason


@pytest.mark.parametrize("factor", [2.0, 1.001])
def test_a_rate_past_the_truth_is_refuted(factor: float) -> None:
    """The slowest rate of the run times 2, and times 1.001: both false at the iterate where it was slowest."""
    run = digits(6).trajectory
    low, high = slowest(run)
    posed, falling = descent_relations(run, arb(factor) * (1 - arb(low)))
    assert posed.verdict is Verdict.PROVED
    assert falling.verdict is Verdict.REFUTED
    ratios = run.loss.upper[1:] / run.loss.upper[:-1]
    if factor < 1.5:
        assert falling.index == int(np.argmax(ratios))
    truth = descent_relations(run, arb(0.999) * (1 - arb(high)))
    assert all(test.verdict is Verdict.PROVED for test in truth)


def test_gamma_past_well_posedness_is_refuted() -> None:
    """gamma = 3/5: gamma ||A||/sqrt(m) exceeds 1 at the start, so the run's claim is REFUTED and the others say why."""
    inst = digits(6, gamma=Fraction(3, 5))
    found, reason = verdict("gradient-descent", inst)
    assert found is Verdict.REFUTED
    assert "iterate 0" in reason
    for slug in ("equilibrium", "resolvent", "tangent-order", "output-training", "gradient-flow", "feature-lipschitz"):
        found, reason = verdict(slug, inst)
        assert found is Verdict.NOT_APPLICABLE
        assert "well-posed" in reason
    assert verdict("least-eigenvalue", inst)[0] is Verdict.PROVED
    assert verdict("equilibrium-limit", inst)[0] is Verdict.UNKNOWN


@pytest.mark.parametrize("gamma", ["1/2", "7/6", "3/2", "10"])
def test_no_limit_at_infinite_width_is_no_error(gamma: str) -> None:
    """From 3 gamma^2 = 4 on the map of the limit does not contract; the claim stays open, and the study goes on."""
    found, reason = verdict("equilibrium-limit", digits(3, gamma=Fraction(gamma)))
    assert found is Verdict.UNKNOWN
    assert "gamma < 1/2" in reason


@pytest.mark.parametrize(
    ("place", "constant", "broken"),
    [(0, 63, "W"), (0, 15, "u"), (1, 15, "A"), (2, 2534, "features")],
)
def test_smaller_constants_do_not_imply_the_bootstrap(place: int, constant: int, broken: str) -> None:
    constants = list(WIDTH_CONSTANTS)
    constants[place] = constant
    assert implied((constants[0], constants[1], constants[2]))[broken].verdict is Verdict.REFUTED
    assert all(relation.verdict is Verdict.PROVED for relation in implied().values())


@pytest.mark.parametrize("name", DISPLACEMENTS)
def test_the_widths_of_the_condition_are_those_of_the_proof(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A smaller number for one weight makes the line false that proves how far it moves."""
    assert all(relation.holds() for relation in flow_widths())
    monkeypatch.setitem(DISPLACEMENTS, name, DISPLACEMENTS[name] - 1)
    assert not all(relation.holds() for relation in flow_widths())


@pytest.mark.parametrize(
    "slug",
    ["arc-cosine-kernel", "arc-cosine-series", "least-eigenvalue", "hermite-bound", "closed-forms", "equilibrium",
     "resolvent", "gradients", "tangent-order", "feature-lipschitz", "feature-stability", "gradient-flow",
     "width-constant", "output-training", "gradient-descent"],
)  # fmt: skip
def test_every_rigorous_control_is_refuted(slug: str) -> None:
    """The planted statements are decided the other way, not merely left open."""
    method = SYSTEM.claim(f"implicit-relu.{slug}").method
    assert find_control(method)(digits(6)).verdict is Verdict.REFUTED


@pytest.mark.parametrize(
    ("slug", "table", "gamma"),
    [
        ("output-training", [[1.0, 2.0, 3.0]], "1/5"),  # one input: both sides are one number
        ("tangent-order", [[1.0, 2.0, 3.0], [1.0, 2.0, 3.0 + 2.0**-40]], "1/5"),  # an eigenvalue below the rounding
        ("equilibrium", [[1.0, 2.0, 3.0], [2.0, -1.0, 1.0]], "1/1000000000000000000"),  # z and phi agree to 18 digits
    ],
)
def test_what_was_not_enclosed_is_unknown(slug: str, table: list[list[float]], gamma: str) -> None:
    """True, by a proof, and not decided by the enclosures of this data: the check does not say that it holds."""
    found, reason = verdict(slug, model(np.array(table), gamma=Fraction(gamma)))
    assert found is Verdict.UNKNOWN
    assert reason
    assert verdict(slug, digits(4))[0].favourable


@pytest.mark.parametrize("slug", ["closed-forms", "arc-cosine-kernel", "feature-stability", "output-training"])
def test_a_proof_with_a_line_that_fails_proves_nothing(slug: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The numbers agree, and the lemma behind the claim does not pass: UNKNOWN."""
    monkeypatch.setattr(relation, "lemma_evidence", lambda *names: None)
    found, reason = verdict(slug, digits(4))
    assert found is Verdict.UNKNOWN
    assert "did not pass its check" in reason


@pytest.mark.parametrize("method", ["implicit-concentration", "concentration-width"])
def test_statistics_do_not_stand_for_a_lemma_that_fails(method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the argument fails no test is settled, so that nothing turns UNKNOWN into CONSISTENT."""
    assert find_check(method)(digits(4)).tests
    monkeypatch.setattr(relation, "lemma_evidence", lambda *names: None)
    found = find_check(method)(digits(4))
    assert (found.verdict, found.tests) == (Verdict.UNKNOWN, ())
    assert "did not pass its check" in found.reason


def test_a_repeated_input_leaves_the_order_of_the_distinct_ones() -> None:
    """H - Phi'Phi is singular with a repeated input, and still proved to be semidefinite."""
    table = np.array([[1.0, 2.0, 3.0], [2.0, -1.0, 1.0], [2.0, 4.0, 6.0]])
    assert verdict("tangent-order", model(table))[0].favourable


def test_statistics_notice_a_false_bound() -> None:
    """Exceedances of half the networks where a tenth is claimed: INCONSISTENT; of none: not."""
    many, none = (BinomialTest("planted", count, 100, 0.1, "at-most", (0.5,)) for count in (50, 0))
    assert planted_tests([many]).verdict is Verdict.INCONSISTENT
    assert planted_tests([none]).verdict is Verdict.CONSISTENT


def test_malformed_studies_are_refused() -> None:
    data = load("digits", 3)
    for parameters, message in (
        ({"gamma": Fraction(-1)}, "gamma"),
        ({"width": Fraction(1)}, "width"),
        ({"step": Fraction(0)}, "step"),
        ({"steps": Fraction(1, 2)}, "whole number"),
    ):
        study = Study("bad", ("implicit-relu",), ("relu",), data, parameters={"implicit-relu": parameters})
        with pytest.raises(SpecError, match=message):
            from_study("relu", study, Workspace()).admit()
    with pytest.raises(SpecError, match="memory"):
        digits(3, plan=replace(PLAN, width=10**6)).admit()
    with pytest.raises(SpecError, match="ReLU"):
        from_study("tanh", Study("bad", ("implicit-relu",), (), data), Workspace())


def test_a_gram_matrix_gives_the_kernel_claims_and_no_network() -> None:
    """Inner products alone: the eigenvalue is proved, and what needs a network says so."""
    from certigram.numerics.kernels.input_gram import input_gram

    data = DataSet(None, input_gram([["1", "1/2"], ["1/2", "1"]]), "two inner products")
    inst = ImplicitInstance(data, plan=PLAN)
    assert verdict("least-eigenvalue", inst)[0] is Verdict.PROVED
    found, reason = verdict("equilibrium", inst)
    assert found is Verdict.UNKNOWN
    assert "points" in reason
    fewer = replace(inst, plan=replace(PLAN, points=1))  # fewer inputs are trained on than there are
    assert verdict("least-eigenvalue", fewer)[0] is Verdict.PROVED


def test_checks_are_not_their_controls() -> None:
    for claim in SYSTEM.claims:
        assert find_check(claim.method) is not find_control(claim.method)
