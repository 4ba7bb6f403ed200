"""Verdicts of deep equilibrium models where the answer is known: sharp controls, antipodes.

A failure here means that a planted statement is merely undecided where it should be refuted, or that a singular matrix
is not seen.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from certigram.numerics.balls.budget import Budget
from certigram.numerics.checks.registry import control_subject, decide, find_control
from certigram.numerics.kernels.points import points
from certigram.numerics.papers.deep_equilibrium.instance import EquilibriumInstance
from certigram.numerics.studies.data import DataSet, load
from certigram.theory.activations.activation import activation
from certigram.theory.claims.system import systems
from certigram.theory.verdict import Verdict


@pytest.mark.parametrize("method", ["variance-contraction", "variance-bound", "relu-fixed-point", "psd-order",
                                    "lower-bound-correlation", "lower-bound-schur", "least-eigenvalue",
                                    "antipodal-odd", "correlation-contraction"])  # fmt: skip
def test_sharp_controls_are_refuted(method: str) -> None:
    """Where the planted statement is off by 1e-9, 128 bits see it: the control is refuted, not merely undecided."""
    phi = activation(control_subject(method) or "tanh")
    model = EquilibriumInstance("deq-general", phi, load("digits", 12), Fraction(1, 16), Budget())
    assert find_control(method)(model).verdict is Verdict.REFUTED


def test_antipodes_refute_an_odd_activation_only() -> None:
    """tanh on antipodal images is singular with the null vector e_i + e_j; gelu on the same images is not."""
    first = load("digits", 4).points.values  # type: ignore[union-attr]  # digits are points
    data = DataSet(points(np.vstack([first, -first[:1]])), None, "an antipodal pair")
    claim = systems()["deq-general"].claim("deq-general.least-eigenvalue")
    odd = EquilibriumInstance("deq-general", activation("tanh"), data, Fraction(1, 16), Budget())
    other = EquilibriumInstance("deq-general", activation("gelu"), data, Fraction(1, 16), Budget())
    assert decide(claim, odd)[0].verdict is Verdict.REFUTED
    assert decide(claim, odd)[0].detail["null_vector"] == {"0": "1", "4": "1"}
    assert decide(claim, other)[0].verdict is Verdict.PROVED
