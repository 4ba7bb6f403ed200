"""Cases that once got a wrong verdict, or a bound that did not hold, in the implicit and the residual networks.

A failure here means that one of these counterexamples is back: a true theorem is called false because a computed run
is no exact one, a bound is no bound where squares underflow, or a statement is printed without a hypothesis it needs.
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
from certigram.numerics.papers.implicit_relu.equilibrium import column_norms
from certigram.numerics.papers.implicit_relu.instance import ImplicitInstance, TrainingPlan
from certigram.numerics.papers.implicit_relu.training import Trajectory, train_output
from certigram.numerics.papers.resnet_rkhs.descent import _norm
from certigram.numerics.papers.resnet_rkhs.features import feature_field
from certigram.numerics.papers.resnet_rkhs.fields import rows
from certigram.numerics.papers.resnet_rkhs.instance import ResNetInstance
from certigram.numerics.radial.distances import exact_squared_distance, separation
from certigram.numerics.sampling.operator_norm import operator_norm
from certigram.numerics.studies.data import DataSet, load
from certigram.numerics.studies.networks import instance
from certigram.numerics.studies.study import Study
from certigram.theory.claims.system import system
from certigram.theory.errors import SpecError
from certigram.theory.verdict import Evidence, Verdict

TINY = 1.6e-162
"""Its square, 2.56e-324, is rounded to 4.94e-324: the computed norm of the number is 2.2e-162."""


def residual(data: DataSet, **parameters: str) -> ResNetInstance:
    values = {name: Fraction(value) for name, value in parameters.items()}
    study = Study("attack", ("resnet-rkhs",), (), data, {"resnet-rkhs": values}, kernels=("gaussian",))
    found = instance("resnet-rkhs", "gaussian", study)
    assert isinstance(found, ResNetInstance)
    return found


def test_a_run_of_descent_that_leaves_the_ball_does_not_refute_the_flow() -> None:
    """B18 is about gradient flow: with the step 20 the run leaves the ball at once, and the theorem stays true."""
    inst = residual(load("digits", 6), step="20", points="6", features="256", iterations="5")
    assert float(inst.lazy.run.norm.lower[1]) > float(inst.lazy.radius.upper())
    certificate, _ = decide(system("resnet-rkhs").claim("resnet-rkhs.lazy-regime"), inst)
    assert certificate.verdict is Verdict.PROVED
    assert certificate.detail["iterates_in_the_ball"] == 1


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


def test_separation_looks_at_every_tie() -> None:
    """One pair of 24 unit vectors is nearer by 2^-43: it is the last one that floats cannot tell from the others."""
    x = np.eye(24)
    x[22, 23] = 2.0**-44
    found = separation(x)
    assert found.pair == (22, 23)
    assert found.squared == min(exact_squared_distance(x, i, j) for i in range(24) for j in range(i))


@pytest.mark.parametrize("entry", [TINY, 1e-170, 1e-200, 1e-300])
def test_norms_hold_where_squares_underflow(entry: float) -> None:
    """Upper bounds of norms stay above, lower bounds below, for entries whose squares are lost or rounded up."""
    table = np.full((1, 3), entry)
    truth = Fraction(entry) ** 2 * 3
    for found in (rows(table)[0], column_norms(table.T)[0]):
        assert Fraction(float(found)) ** 2 >= truth
    bounds = operator_norm(table)
    assert Fraction(bounds.lower) ** 2 <= truth <= Fraction(bounds.upper) ** 2
    field = feature_field(np.array([[1.0, 2.0]]), 1)
    field.weights[0][:] = entry
    low, high = _norm(field)
    assert Fraction(low) ** 2 <= 4 * Fraction(entry) ** 2 <= Fraction(high) ** 2
    assert Fraction(field.norm(0)) ** 2 >= 4 * Fraction(entry) ** 2


def test_the_control_of_a_run_whose_loss_rises_is_not_proved() -> None:
    """A network of width 3 whose loss rises: twice a negative rate would be an easy statement, and a true one."""
    data = DataSet(exact_points(np.array([[1.0, 2.0]])), None, "one input", "sphere", np.array([1.0]))
    inst = ImplicitInstance(data, Fraction(1, 10), plan=TrainingPlan(width=3, points=1, steps=5))
    inst = replace(inst, budget=replace(inst.budget, seed=2))
    run = inst.trajectory
    assert isinstance(run, Trajectory)
    assert slowest(run)[0] > 1
    assert descent_control(inst).verdict is Verdict.REFUTED


def test_statements_name_the_hypotheses_of_their_proofs() -> None:
    """B14 needs a set that is not tiny, A08 no kink, B09 and B11 are decided at the recipe, B20 at infinite depth."""
    resnet, implicit = system("resnet-rkhs"), system("implicit-relu")
    assert r"\sigma_p\Delta \ge \varepsilon \implies" in resnet.claim("resnet-rkhs.uniform-features").statement
    assert "without a zero entry" in implicit.claim("implicit-relu.gradients").statement
    assert "infinite depth" in resnet.claim("resnet-rkhs.critical-points").title
    for slug in ("flow-convergence", "descent-convergence"):
        assert any("lift" in h.statement for h in resnet.claim(f"resnet-rkhs.{slug}").hypotheses)


def test_inequalities_between_enclosures_are_not_called_exact() -> None:
    """What was compared in floating point with bounds is enclosed evidence, and only symbolic work is exact."""
    inst = ImplicitInstance(load("digits", 3), plan=TrainingPlan(width=32, points=3, steps=3))
    for slug in ("equilibrium", "feature-lipschitz", "output-training", "gradient-descent"):
        certificate, _ = decide(system("implicit-relu").claim(f"implicit-relu.{slug}"), inst)
        texts = [item for item in certificate.evidence if "recorded iterate" in item.text]
        assert texts, slug
        assert all(item.kind is Evidence.ENCLOSED for item in texts), slug


@pytest.mark.parametrize("embedding", ["1e160", "1e-160"])
def test_a_lift_beyond_the_range_of_floats_is_refused(embedding: str) -> None:
    """The scale that the inputs see is the scale over the lift: it must stay where the error bounds were proved."""
    inst = residual(load("digits", 3), embedding=embedding)
    with pytest.raises(SpecError, match=r"2\^-?100"):
        inst.admit()


def test_a_gamma_beyond_the_range_of_floats_is_refused() -> None:
    """float(gamma) would overflow in the middle of a run."""
    inst = ImplicitInstance(load("digits", 3), Fraction(10**400))
    with pytest.raises(SpecError, match="at most"):
        inst.admit()
    assert math.isinf(inst.network.contraction[1])
