"""The closed forms of the laws of the falsifier against quadrature: a failure here is a wrong "observed" side."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from flint import arb

from certigram.numerics.balls.precision import precision
from certigram.numerics.falsify.bound import find_bound
from certigram.numerics.falsify.domain import Instance
from certigram.numerics.papers.two_layer_logistic.gap import upper_bound
from certigram.numerics.papers.two_layer_logistic.quadrature import (
    CellMoments,
    cell_moments,
    clustered_grid,
    default_reach,
)
from certigram.numerics.papers.two_layer_logistic.scalar import ScalarLoss
from certigram.theory.activations.activation import activation

PAPER = "two-layer-logistic"
OUTER, RATE, STEP = Fraction(3, 2), Fraction(1, 4), Fraction(1, 2)
VALUES = {name: np.array(float(x)) for name, x in (("lambda", RATE), ("s", STEP))}
INSTANCE = Instance(
    {"p": 1, "d": 1}, {"sigma": "sigmoid"}, {**VALUES, "a": np.array([float(OUTER)]), "y": np.array([1.0])}
)


@pytest.fixture(scope="module")
def law() -> CellMoments:
    """One weight on the input 0."""
    loss = ScalarLoss("still", activation("sigmoid"), OUTER, RATE, ((Fraction(0), 1, Fraction(1)),))
    return cell_moments(loss, STEP, clustered_grid(default_reach(loss, STEP), 400))


def side(name: str, place: int) -> arb:
    with precision(128):
        return find_bound(f"{PAPER}.{name}").enclosed(INSTANCE)[place]


def test_the_partition_function_the_excess_and_the_second_moment(law: CellMoments) -> None:
    with precision(64):
        assert law.partition.overlaps(side("partition-function", 0))
        assert law.second_moment.overlaps(side("stationary-excess/second-moment", 0))
        constant = law.loss.network().loss(np.zeros((1, 1, 1)))[0]
        assert float(law.mean_loss) - constant == pytest.approx(float(side("stationary-excess", 0)), rel=1e-9)


def test_the_gap_is_lambda(law: CellMoments) -> None:
    assert float(upper_bound(law)[2]) == pytest.approx(float(side("holley-stroock", 1)), rel=1e-3)


def test_noisy_descent_of_a_quadratic_loss() -> None:
    """The closed form of the excess after k steps, against the recursion of its variance."""
    values = {**INSTANCE.values, "k": np.array(8.0), "W": np.array([[3.0]])}
    with precision(128):
        found = find_bound(f"{PAPER}.descent").enclosed(Instance(INSTANCE.sizes, INSTANCE.choices, values))[0]
    square = Fraction(9)
    for _ in range(8):
        square = (1 - STEP * RATE) ** 2 * square + STEP**2
    assert float(found) == pytest.approx(float(RATE / 2 * square), rel=1e-15)
