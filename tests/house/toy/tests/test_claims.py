"""The linear network: its list of claims is complete, and its check sees a planted row."""

from __future__ import annotations

import numpy as np

from certigram.numerics.checks.registry import decide, find_control
from certigram.numerics.kernels.points import points
from certigram.numerics.studies.data import DataSet
from certigram.numerics.studies.networks import instance
from certigram.numerics.studies.study import Study
from certigram.theory.claims.system import system
from certigram.theory.verdict import Verdict


def test_no_claim_is_missing() -> None:
    assert [claim.label for claim in system("toy").claims] == ["T1"]


def test_parallel_points_are_the_edge() -> None:
    """Equality holds for parallel points: the claim is proved there, and its control is not."""
    data = DataSet(points(np.array([[1.0, 2.0], [2.0, 4.0]])), None, "two parallel points")
    model = instance("toy", "identity", Study("toy", ("toy",), (), data))
    certificate, _ = decide(system("toy").claims[0], model)
    assert certificate.verdict is Verdict.PROVED
    assert certificate.evidence[0].values["margin"] == "0.0"
    assert certificate.scope == "all 2 inputs"
    assert find_control("toy-cauchy-schwarz")(model).verdict is Verdict.REFUTED
