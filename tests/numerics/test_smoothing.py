"""Gaussian smoothings F(z) = E f(alpha z + beta w): bounds off the real line, and quadrature against closed forms.

For the rectifier F(z) = m Phi(m/beta) + beta phi(m/beta) with m = alpha z, an entire function that flint evaluates.
"""

from __future__ import annotations

import math

import pytest
from flint import acb, arb

from certigram.numerics.balls.precision import precision
from certigram.numerics.dual.cells import QuadratureSmoothing
from certigram.numerics.dual.exponential_pieces import ClosedSmoothing, exponential_parts
from certigram.numerics.dual.smoothing import Scales, function_pieces
from certigram.theory.activations.activation import activation

WORK = 140


def _scales(name: str, alpha: str, beta: str) -> Scales:
    pieces = function_pieces(activation(name))
    assert pieces is not None
    return Scales(pieces, arb(alpha), arb(beta))


def _rectified(z: acb, alpha: arb, beta: arb) -> acb:
    m = z * alpha
    x = m / beta
    return m * (-x / arb(2).sqrt()).erfc() / 2 + beta * (-x * x / 2).exp() / (2 * arb.pi()).sqrt()


@pytest.mark.parametrize(("alpha", "beta"), [("1", "0.125"), ("3", "2"), ("1000", "1")])
def test_bounds_hold_on_the_boxes_they_are_for(alpha: str, beta: str) -> None:
    with precision(WORK):
        a, b = arb(alpha), arb(beta)
        pieces = function_pieces(activation("relu"))
        assert pieces is not None
        scales, reached = Scales(pieces, a, b), 0.0
        for centre, wide, high in (
            (0.0, 0.1, 0.1),
            (1.0, 0.25, 0.5),
            (2.0, 0.5, 0.25),
            (-2.0, 0.5, 0.5),
            (0.0, 2, 0.01),
        ):
            bound = scales.bound(arb(centre), arb(wide), arb(high))
            for x in (centre - wide, centre, centre + wide):
                size = _rectified(acb(x, high), a, b).abs_upper()
                assert size <= bound
                reached = max(reached, float(size / bound)) if bound.is_finite() else reached
        assert reached > 0.01  # a bound a hundred times smaller would be noticed


@pytest.mark.parametrize("name", ["relu", "elu", "hard_tanh", "exp(-abs(x))"])
def test_quadrature_agrees_with_the_closed_form(name: str) -> None:
    """Near kinks (cells) and far from them (Gauss-Hermite and Gauss-Legendre), at two widths."""
    for alpha, beta, points in ((1, 4, [0.0, 0.25, -3.0]), (1024, 1, [0.0, 2.0**-9, 0.021, 0.05, -0.2, -2.5])):
        with precision(WORK):
            scales = _scales(name, str(alpha), str(beta))
            parts = exponential_parts(scales.function)
            assert parts is not None
            closed = ClosedSmoothing(scales, parts)
            rule = QuadratureSmoothing(scales, arb(8), -80 * math.log(2), WORK)
            for z in points:
                (one,), (two,) = closed.values([arb(z)]), rule.values([arb(z)])
                assert two.rad() < arb((1, -60))
                assert one.overlaps(two)
                assert not one.overlaps(two + arb((1, -50)))


@pytest.mark.parametrize("degree", [12, 24])
def test_moments_that_are_left_out_are_in_the_radius(degree: int) -> None:
    """Lemma 10.1 with few moments: it holds at every point, and a bound a thousand times smaller would be noticed."""
    with precision(WORK):
        scales, reached = _scales("elu", "1", "4"), 0.0
        parts = exponential_parts(scales.function)
        assert parts is not None
        closed, rule = ClosedSmoothing(scales, parts), QuadratureSmoothing(scales, arb(8), -80 * math.log(2), WORK)
        rule.degree = degree
        for z in (arb(k) / 8 for k in range(-24, 25)):
            (value,) = rule.values([z])
            assert value.rad() > arb((1, -60))
            assert value.overlaps(closed.value(z))
            reached = max(reached, float(abs(value.mid() - closed.value(z)) / value.rad()))
        assert reached > 0.001
