"""Counterexamples to verdicts and bounds of implicit ReLU networks.

A failure here means that a true theorem is called false because a computed run is no exact one, that a bound is none
where squares underflow, or that a statement is printed without a hypothesis it needs.
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from certigram.numerics.checks.registry import decide
from certigram.numerics.kernels.points import points as exact_points
from certigram.numerics.papers.implicit_relu.checks.training import (
    descent_control,
    output_run,
    output_training,
    rate_relation,
    slowest,
)
from certigram.numerics.papers.implicit_relu.instance import ImplicitInstance, TrainingPlan
from certigram.numerics.papers.implicit_relu.network import column_norms
from certigram.numerics.papers.implicit_relu.training import Trajectory, train_output
from certigram.numerics.sampling.operator_norm import operator_norm
from certigram.numerics.studies.data import DataSet, load
from certigram.theory.claims.system import system
from certigram.theory.errors import SpecError
from certigram.theory.verdict import Evidence, Verdict

TINY = 1.6e-162
"""Its square, 2.56e-324, is rounded to 4.94e-324: the computed norm of the number is 2.2e-162."""


@pytest.mark.slow
def test_a_run_at_its_rounding_errors_does_not_refute_the_linear_recursion() -> None:
    """A17 for exact steps is a theorem; after 17000 steps the computed residual stagnates above the falling bound."""
    table = exact_points(np.array([[1.0, 0.5], [0.125, 0.3125]]))
    data = DataSet(table, None, "two inputs", "sphere", np.array([1.0, -1.0]))
    inst = ImplicitInstance(data, Fraction(1, 10), plan=TrainingPlan(width=2, points=2, steps=17000))
    least, _, run = output_run(inst)
    bare = replace(run, drift=np.zeros_like(run.drift))
    assert rate_relation(bare, least).verdict is Verdict.REFUTED
    assert rate_relation(run, least).verdict is Verdict.UNKNOWN


def test_the_rounding_of_a_run_is_counted_from_its_start() -> None:
    """The drift of the output layer's run is 0 at its start, grows with each step, and stays near the unit roundoff."""
    inst = ImplicitInstance(load("digits", 3), plan=TrainingPlan(width=32, points=3, steps=5))
    run = train_output(inst.network, inst.labels, 0.01, inst.plan.steps)
    assert run.drift[0] == 0
    assert (np.diff(run.drift) > 0).all()
    assert run.drift[-1] < 1e-11
    assert output_training(inst).verdict is Verdict.PROVED


def test_the_control_of_a_run_whose_loss_rises_is_not_proved() -> None:
    """A network of width 3 whose loss rises: twice a negative rate would be an easy statement, and a true one."""
    data = DataSet(exact_points(np.array([[1.0, 2.0]])), None, "one input", "sphere", np.array([1.0]))
    inst = ImplicitInstance(data, Fraction(1, 10), plan=TrainingPlan(width=3, points=1, steps=5))
    inst = replace(inst, budget=replace(inst.budget, seed=2))
    run = inst.trajectory
    assert isinstance(run, Trajectory)
    assert slowest(run)[0] > 1
    assert descent_control(inst).verdict is Verdict.REFUTED


def test_inequalities_between_enclosures_are_not_called_exact() -> None:
    """What was compared in floating point with bounds is enclosed evidence, and only symbolic work is exact."""
    inst = ImplicitInstance(load("digits", 3), plan=TrainingPlan(width=32, points=3, steps=3))
    for slug in ("feature-lipschitz", "output-training", "gradient-descent"):
        certificate, _ = decide(system("implicit-relu").claim(f"implicit-relu.{slug}"), inst)
        texts = [item for item in certificate.evidence if "recorded iterate" in item.text]
        assert texts, slug
        assert all(item.kind is Evidence.ENCLOSED for item in texts), slug


@pytest.mark.parametrize("entry", [TINY, 1e-170, 1e-200, 1e-300])
def test_norms_hold_where_squares_underflow(entry: float) -> None:
    """Upper bounds of norms stay above, lower bounds below, for entries whose squares are lost or rounded up."""
    table = np.full((1, 3), entry)
    truth = Fraction(entry) ** 2 * 3
    for found in (column_norms(table.T)[0],):
        assert Fraction(float(found)) ** 2 >= truth
    bounds = operator_norm(table)
    assert Fraction(bounds.lower) ** 2 <= truth <= Fraction(bounds.upper) ** 2


def test_statements_name_the_hypotheses_of_their_proofs() -> None:
    """A08 needs weights without a kink at an input."""
    assert "without a zero entry" in system("implicit-relu").claim("implicit-relu.gradients").statement


def test_a_gamma_beyond_the_range_of_floats_is_refused() -> None:
    """float(gamma) would overflow in the middle of a run."""
    inst = ImplicitInstance(load("digits", 3), Fraction(10**400))
    with pytest.raises(SpecError, match=r"from 2\^-100 to 2\^100"):
        inst.admit()
    assert math.isinf(inst.network.contraction[1])
