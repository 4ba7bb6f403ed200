"""A failure here means that a slightly false bound was proved: the range analysis is unsound."""

from __future__ import annotations

import pytest
import sympy
from flint import arb

from certigram.numerics.balls.ball import Ball
from certigram.numerics.balls.precision import precision
from certigram.numerics.expressions.lowering import constant
from certigram.numerics.expressions.range import supremum, supremum_of_absolute_value
from certigram.numerics.expressions.regularity import lipschitz_by_range, regularity
from certigram.theory.activations import catalogue
from certigram.theory.activations.activation import activation
from certigram.theory.activations.functions import X
from certigram.theory.verdict import Verdict

NUDGE = arb(10) ** -9
WITH_CONSTANTS = [
    (name, order, value)
    for name, family in catalogue.FAMILIES.items()
    if family.default != ""
    for order, value in ((1, catalogue.entry(name).lipschitz), (2, catalogue.entry(name).second_lipschitz))
    if value is not None and value not in (sympy.oo, 0)
]


@pytest.mark.parametrize(("name", "order", "value"), WITH_CONSTANTS)
@pytest.mark.parametrize("bits", [53, 128])
def test_a_lipschitz_constant_moved_by_a_billionth_is_not_proved(
    name: str, order: int, value: sympy.Expr, bits: int
) -> None:
    with precision(bits):
        found = lipschitz_by_range(activation(name), order, bits).value
        assert found is not None
        claim = Ball(found)
        below, above = constant(value) * (1 - NUDGE), constant(value) * (1 + NUDGE)
        assert (claim <= Ball(below)) is not Verdict.PROVED  # "L is an upper bound of the slopes"
        assert (claim >= Ball(above)) is not Verdict.PROVED  # "the slopes reach more than L"
        assert (claim <= Ball(above)) is Verdict.PROVED
        assert (claim >= Ball(below)) is Verdict.PROVED


@pytest.mark.parametrize("text", ["mish", "silu", "tanh(x**3)", "x*exp(-x**2/2)", "x*atan(x)", "sin(x)*exp(-x**2)"])
def test_a_supremum_is_not_proved_below_a_value_that_is_taken(text: str) -> None:
    phi = activation(text)
    found = supremum_of_absolute_value(phi.derivative(), bits=64)
    assert not found.upper < found.lower
    coarse = supremum_of_absolute_value(phi.derivative(), bits=30, budget=50)
    assert coarse.upper >= found.lower
    assert coarse.lower <= found.upper


@pytest.mark.parametrize("far", [10, 10**3, 10**6])
def test_a_bump_far_away_is_not_missed(far: int) -> None:
    bump = 2 * sympy.exp(-((X - far) ** 2)) + sympy.exp(-(X**2))
    found = supremum(bump, bits=40)
    assert found.upper >= 2
    assert not found.upper <= 2 * (1 - NUDGE)


def test_a_narrow_bump_between_the_probes_is_not_missed() -> None:
    place = sympy.Rational(123457, 100000)
    spike = sympy.tanh(X) + sympy.exp(-((10**5 * (X - place)) ** 2))
    found = supremum(spike, bits=40)
    assert found.upper >= 1 + constant(sympy.tanh(place)).lower()


def test_almost_affine_and_almost_bounded_functions() -> None:
    barely = regularity(activation("x + sin(x)/10**30"), 53)
    assert barely.non_affine is not Verdict.REFUTED
    slow = regularity(activation("tanh(x) + x/10**30"), 128)
    assert slow.bounded is Verdict.REFUTED
    assert slow.supremum is None


def test_an_almost_continuous_function_is_not_lipschitz() -> None:
    phi = activation("tanh(x) + Heaviside(x)/10**40")
    found = lipschitz_by_range(phi, 1, 64)
    assert found.value is None
