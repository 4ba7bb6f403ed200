"""Attacks on the bounds along training of equilibrium models: a failure here is a false PROVED or REFUTED."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy
from flint import arb

from certigram.numerics.balls.budget import Budget
from certigram.numerics.balls.precision import precision
from certigram.numerics.checks.registry import find_check
from certigram.numerics.checks.relation import Relation
from certigram.numerics.expressions.enclosed_function import EnclosedFunction
from certigram.numerics.papers.deep_equilibrium.checks import training as deq_training
from certigram.numerics.papers.deep_equilibrium.instance import EquilibriumInstance
from certigram.numerics.papers.deep_equilibrium.relative import network_gram
from certigram.numerics.papers.deep_equilibrium.training.gradient import Network
from certigram.numerics.papers.deep_equilibrium.training.iterate import iterate_bounds
from certigram.numerics.papers.deep_equilibrium.training.laboratory import TrainingSize
from certigram.numerics.studies.data import load
from certigram.theory.activations.activation import activation
from certigram.theory.verdict import Verdict


@pytest.mark.parametrize("kink", ["1/32", "3/32", "5/32", "7/32", "-1/32", "-7/32"])
def test_a_kink_on_the_edge_of_two_cells_is_evaluated_by_the_right_cell(kink: str) -> None:
    """np.rint sends an edge to the even neighbour, which must have a row of the table."""
    at = float(Fraction(kink))
    t = np.array([at, at + 2.0**-40, at - 2.0**-40, -1.0, 0.0, 3.3])
    values, error = EnclosedFunction(activation(f"Max(tanh(x-({kink})),0)"))(t)
    exact = np.maximum(np.tanh(t - at), 0.0)  # numpy's own error is below 4 ulp
    assert (np.abs(values - exact) <= error + 4e-16).all()


def test_the_least_eigenvalue_of_features_that_underflow_is_still_enclosed() -> None:
    """Each product of entries 1.5e-162 is below half of the smallest float64, and their sum is not zero."""
    width, entry = 64, 1.5e-162
    network = Network(np.zeros((width, width)), np.zeros((width, 1)), np.zeros(width))
    found = iterate_bounds(network, np.ones(1), np.full((width, 1), entry), 0.0)
    exact = width * Fraction(entry) ** 2
    assert found.least.contains(arb(exact.numerator) / arb(exact.denominator))


def test_rounding_along_a_run_does_not_refute_the_theorem(monkeypatch: pytest.MonkeyPatch) -> None:
    """C24 is about exact gradient descent: a rounded run that leaves the bounds leaves the claim undecided."""
    size = TrainingSize(width=16, points=1, steps=3)
    inst = EquilibriumInstance(
        "deq-general", activation("tanh"), load("digits", 3), Fraction(1, 64), Budget(bits=64), training_size=size
    )
    assert find_check("deq-made-descent")(inst).verdict is Verdict.PROVED
    monkeypatch.setattr(deq_training, "_spectrum_along", lambda run: Relation.of("a run that left its bounds", 2, 1))
    outcome = find_check("deq-made-descent")(inst)
    assert outcome.verdict is Verdict.UNKNOWN
    assert outcome.reason == "a run that left its bounds: false"


def test_a_zero_equilibrium_is_no_error() -> None:
    """The zero activation has the equilibrium zero: nothing is divided by its norm."""
    size = TrainingSize(width=4, points=1, steps=1)
    zero = activation("0*x")
    assert zero.expression == sympy.Integer(0)
    inst = EquilibriumInstance(
        "deq-general", zero, load("digits", 3), Fraction(1, 64), Budget(bits=64), training_size=size
    )
    assert find_check("deq-picard-rate")(inst).verdict is not Verdict.REFUTED


def test_the_gram_matrix_of_a_network_covers_inputs_scaled_exactly() -> None:
    """K is about exact inputs of norm sqrt(d): a network of exact weights on them must lie in the radius."""
    size = TrainingSize(width=24, points=3, steps=1)
    inst = EquilibriumInstance(
        "deq-general", activation("identity"), load("digits", 4), Fraction(0), Budget(bits=64), training_size=size
    )
    found = network_gram(inst, inst.training)
    lab = inst.training
    rows = [[Fraction(float(x)) for x in inst.data.points.values[i]] for i in lab.chosen(3)]
    u = [[Fraction(float(x)) for x in row] for row in lab.network.inputs]
    with precision(128):
        z = []
        for row in rows:
            scale = (arb(len(row)) / arb(int(sum(x * x for x in row)))).sqrt()
            sums = [sum((a * x for a, x in zip(weights, row, strict=True)), Fraction(0)) for weights in u]
            z.append([scale * arb(s.numerator) / s.denominator for s in sums])
        for i, j in ((0, 0), (0, 1), (2, 1)):
            exact = sum((a * b for a, b in zip(z[i], z[j], strict=True)), arb(0)) / size.width
            assert abs(exact - arb(float(found.mid[i, j]))) <= arb(float(np.max(found.rad)))
