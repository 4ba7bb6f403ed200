"""Counterexamples to verdicts and bounds of residual networks.

A failure here means that a true theorem is called false because a computed run is no exact one, that a bound is none
where squares underflow, or that a statement is printed without a hypothesis it needs.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from certigram.numerics.checks.registry import decide
from certigram.numerics.papers.resnet_rkhs.descent import _norm
from certigram.numerics.papers.resnet_rkhs.features import feature_field
from certigram.numerics.papers.resnet_rkhs.fields import rows
from certigram.numerics.papers.resnet_rkhs.instance import ResNetInstance
from certigram.numerics.studies.data import DataSet, load
from certigram.numerics.studies.networks import instance
from certigram.numerics.studies.study import Study
from certigram.theory.claims.system import system
from certigram.theory.errors import SpecError

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
    assert certificate.verdict.favourable
    assert certificate.detail["iterates_in_the_ball"] == 1


@pytest.mark.parametrize("entry", [TINY, 1e-170, 1e-200, 1e-300])
def test_norms_hold_where_squares_underflow(entry: float) -> None:
    """Bounds of the norms of blocks hold for entries whose squares are lost or rounded up."""
    table = np.full((1, 3), entry)
    truth = Fraction(entry) ** 2 * 3
    assert Fraction(float(rows(table)[0])) ** 2 >= truth
    field = feature_field(np.array([[1.0, 2.0]]), 1)
    field.weights[0][:] = entry
    low, high = _norm(field)
    assert Fraction(low) ** 2 <= 4 * Fraction(entry) ** 2 <= Fraction(high) ** 2
    assert Fraction(field.norm(0)) ** 2 >= 4 * Fraction(entry) ** 2


def test_statements_name_the_hypotheses_of_their_proofs() -> None:
    """B14 needs a set that is not tiny, B09 and B11 are decided at the recipe, B20 at infinite depth."""
    resnet = system("resnet-rkhs")
    assert r"\sigma_p\Delta \ge \varepsilon \implies" in resnet.claim("resnet-rkhs.uniform-features").statement
    assert "infinite depth" in resnet.claim("resnet-rkhs.critical-points").title
    for slug in ("made-flow", "made-descent"):
        assert any("lift" in h.statement for h in resnet.claim(f"resnet-rkhs.{slug}").hypotheses)


@pytest.mark.parametrize("embedding", ["1e160", "1e-160"])
def test_a_lift_beyond_the_range_of_floats_is_refused(embedding: str) -> None:
    """The scale that the inputs see is the scale over the lift: it must stay where the error bounds were proved."""
    inst = residual(load("digits", 3), embedding=embedding)
    with pytest.raises(SpecError, match=r"2\^-?100"):
        inst.admit()
