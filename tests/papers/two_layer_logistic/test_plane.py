"""The spectral gap with two weights: a float spectrum between proved bounds.

A failure means that the two-dimensional discretisation, or one of the proved bounds, is wrong.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from flint import arb, arb_mat

from certigram.numerics.balls.ball import enclose
from certigram.numerics.balls.precision import precision
from certigram.numerics.papers.two_layer_logistic.bounds import LogisticBounds, OuterWeights, holley_stroock
from certigram.numerics.papers.two_layer_logistic.constants import activation_constants
from certigram.numerics.papers.two_layer_logistic.enclosed import EnclosedNetwork
from certigram.numerics.papers.two_layer_logistic.loss import TwoLayerLogistic
from certigram.numerics.papers.two_layer_logistic.plane import best_direction, plane_moments, plane_rayleigh_bound
from certigram.numerics.papers.two_layer_logistic.spectrum import spectrum
from certigram.theory.activations.activation import activation
from certigram.theory.errors import PrecisionExhausted, SpecError

RATE, STEP = Fraction(1, 5), Fraction(1)
SIGMA = activation("tanh")


def _case(
    points: list[list[float]], outer: tuple[int, ...]
) -> tuple[TwoLayerLogistic, EnclosedNetwork, LogisticBounds]:
    weights = OuterWeights(tuple(map(Fraction, outer)))
    net = TwoLayerLogistic(SIGMA, np.array(points), np.array([1.0, -1.0]), np.array(outer, dtype=float), float(RATE))
    c = activation_constants(SIGMA)
    assert c.slope.value is not None
    assert c.bend.value is not None
    with precision(64):
        balls = EnclosedNetwork(
            SIGMA, arb_mat(points), (1, -1), tuple(map(arb, outer)), enclose(RATE), (arb(1) / 2, arb(1) / 2)
        )
    norm = max(sum(Fraction(x) ** 2 for x in row) for row in points)
    return net, balls, LogisticBounds(c.slope.value, c.bend.value, weights, enclose(norm), len(points[0]), RATE)


@pytest.mark.parametrize(
    ("points", "outer", "cells"),
    [([[1.0], [0.5]], (1, -1), 110), pytest.param([[1.0, 0.0], [0.5, -0.5]], (2,), 240, marks=pytest.mark.slow)],
)
def test_the_gap_lies_between_its_bounds(points: list[list[float]], outer: tuple[int, ...], cells: int) -> None:
    """Two weights as two units on scalar data, and as one unit in the plane: Holley-Stroock below, Rayleigh above."""
    net, balls, bounds = _case(points, outer)
    axis = np.linspace(-8.0, 8.0, 121)
    found = spectrum(net, float(STEP), (axis, axis))
    upper = plane_rayleigh_bound(plane_moments(balls, bounds, STEP, 8, cells), STEP, best_direction(found))
    lower = holley_stroock(RATE, enclose(bounds.outer.one), STEP)
    assert abs(found.eigenvalues[0]) < 1e-8
    assert lower < found.gap
    assert found.gap * (1 - 1e-3) < upper.upper()
    assert float(upper) < 1.25 * found.gap
    finer = spectrum(net, float(STEP), (np.linspace(-8.0, 8.0, 161),) * 2)
    assert finer.gap == pytest.approx(found.gap, rel=2e-4)


def test_too_few_cells_prove_nothing() -> None:
    """A coarse grid gives a wide ball or says that it is too coarse, never a bound below the gap."""
    net, balls, bounds = _case([[1.0], [0.5]], (1, -1))
    axis = np.linspace(-8.0, 8.0, 81)
    found = spectrum(net, float(STEP), (axis, axis))
    try:
        upper = plane_rayleigh_bound(plane_moments(balls, bounds, STEP, 8, 30), STEP, (1.0, -1.0))
    except PrecisionExhausted:
        return
    assert upper.upper() > found.gap * 0.999


def test_more_than_two_weights_are_refused() -> None:
    """Neither the spectrum nor the moments pretend to handle more dimensions."""
    net, balls, bounds = _case([[1.0, 0.0], [0.5, -0.5]], (1, -1))
    with pytest.raises(SpecError, match="one or two weights"):
        spectrum(net, 1.0, (np.linspace(-1, 1, 5),) * 4)
    with pytest.raises(SpecError, match="two weights"):
        plane_moments(balls, bounds, STEP, 8, 10)
