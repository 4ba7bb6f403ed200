"""A failure here means: an unsound Hermite engine, or a slightly false coefficient, would go unnoticed."""

import random
from dataclasses import replace
from fractions import Fraction

import pytest
from flint import arb

from certigram.numerics.balls.precision import precision
from certigram.numerics.expressions.growth import Growth
from certigram.numerics.expressions.lowering import lower_acb, lower_arb
from certigram.numerics.hermite import hermite_transform, transform, trapezoid
from certigram.numerics.hermite.panel_error import Setting, gauss_error
from certigram.numerics.hermite.strip import Strip, strip
from certigram.theory.activations.activation import activation

BITS, ORDER = 100, 31


def coefficients(plan: trapezoid.Plan, name: str = "tanh") -> list[arb]:
    """The trapezoid engine with a plan that may be false, at variance 2."""
    phi = activation(name)
    with precision(BITS + 40):
        sigma = arb(2).sqrt()
    return trapezoid.coefficients(lower_arb(phi.expression), phi.parity, plan, sigma, ORDER, BITS)[0]


def plan_from(shape: Strip | None) -> trapezoid.Plan:
    with precision(BITS + 40):
        plan = None if shape is None else trapezoid.plan(shape, arb(2).sqrt(), ORDER, BITS)
    assert plan is not None
    return plan


def contradicts_truth(values: list[arb]) -> bool:
    truth = hermite_transform(activation("tanh"), ORDER, Fraction(2), BITS, method="panels")
    return any(not x.overlaps(y) for x, y in zip(values, truth.coefficients, strict=True))


def test_the_true_strip_agrees() -> None:
    assert not contradicts_truth(coefficients(plan_from(strip(activation("tanh").expression))))


def test_a_strip_across_the_pole_is_detected() -> None:
    """tanh has a pole at i pi/2; a strip of half-width 3 with the bound 1 is false, and so are the coefficients."""
    false = Strip(3.0, lambda y: Growth(arb(1), 0, arb(0), arb(0)))
    assert contradicts_truth(coefficients(plan_from(false)))


def test_a_bound_that_is_too_small_on_the_edge_is_detected() -> None:
    """The bound on the edge, shrunk by 1e-15, makes the step too long by more than the error claimed."""
    true = strip(activation("tanh").expression)
    assert true is not None

    def shrunk(y: arb) -> Growth | None:
        bound = true.bound(y)
        return None if bound is None else Growth(bound.constant * arb(1e-15 if y > 0 else 1), 0, arb(0), arb(0))

    assert contradicts_truth(coefficients(plan_from(Strip(true.limit, shrunk))))


def test_a_dropped_tail_is_detected() -> None:
    plan = plan_from(strip(activation("tanh").expression))
    short = replace(plan, count=2 * plan.count // 3)
    assert contradicts_truth(coefficients(short))


def test_a_strip_rule_refuses_the_pole() -> None:
    for name, beyond in (("tanh", 1.58), ("sigmoid", 3.15), ("softplus", 3.15), ("atan", 1.0), ("mish", 2.36)):
        shape = strip(activation(name).expression)
        assert shape is not None
        with precision(64):
            assert shape.bound(arb(beyond)) is None, name
            assert shape.bound(arb(0.9 * shape.limit)) is not None, name


def test_no_ellipse_is_accepted_across_a_pole() -> None:
    """A panel of half-width 8 around the poles of tanh(50 x) must be bisected, not accepted."""
    setting = Setting(Growth(arb(1), 0, arb(0), arb(0)), arb(1), 4, 2, 200, -60.0, -60.0)
    assert gauss_error(lower_acb(activation("tanh(50*x)").expression), arb(0), arb(8), setting) is None


@pytest.mark.parametrize("method", ["auto", "panels"])
def test_coefficients_moved_by_a_billionth_are_excluded(method: str) -> None:
    chance = random.Random(5)
    for name in ("tanh", "erf", "gelu", "relu", "sigmoid", "mish", "hard_tanh", "elu"):
        variance = Fraction(10 ** chance.uniform(-2, 2))
        found = hermite_transform(activation(name), 12, variance, 128, method=method)
        nonzero = [mu for mu in found.coefficients if mu != 0 and not mu.contains(0)]
        assert len(nonzero) >= 4
        with precision(300):
            for mu in (*nonzero, found.second_moment, found.tail):
                for factor in (Fraction(10**9 + 1, 10**9), Fraction(10**9 - 1, 10**9)):
                    moved = mu * factor.numerator / factor.denominator
                    assert not mu.overlaps(moved), name


def test_coefficients_above_bessel_are_refused() -> None:
    """Coefficients whose squares exceed the second moment stop the computation instead of giving a tail of 0."""
    phi = activation("tanh")
    true = hermite_transform(phi, 5, Fraction(2), 64)
    false = [mu * arb(1.1) for mu in true.coefficients]
    with pytest.raises(ArithmeticError, match="Bessel"):
        transform._assemble(phi, false, true.second_moment, arb(2), 64, "trapezoid")


def test_a_ball_around_zero_has_a_square() -> None:
    """python-flint's ``x**2`` is NaN on a ball with midpoint 0; the transform must not use it."""
    square = transform._square(arb(0, 0.5))
    assert square.is_finite()
    assert square.contains(0.25)
