"""A failure here means that a function given by cases is not the function that its text says."""

from __future__ import annotations

import pytest
import sympy
from sympy import Rational

from certigram.theory.activations.activation import activation
from certigram.theory.activations.functions import X
from certigram.theory.activations.pieces import value_at
from certigram.theory.errors import SpecError

POINTS = [Rational(k, 4) for k in range(-16, 17)]


@pytest.mark.parametrize(
    ("text", "python"),
    [
        ("where(x > 0, x, exp(x) - 1)", lambda x: x if x > 0 else sympy.exp(x) - 1),
        ("x if x > 0 else exp(x) - 1", lambda x: x if x > 0 else sympy.exp(x) - 1),
        ("Piecewise((x**2, x < -1), (1, x <= 1), (x, True))", lambda x: x**2 if x < -1 else 1 if x <= 1 else x),
        ("x if -1 < x < 1 else sign(x)", lambda x: x if -1 < x < 1 else sympy.sign(x)),
        ("1 if x >= 1/2 else 0", lambda x: sympy.Integer(1) if x >= Rational(1, 2) else sympy.Integer(0)),
        ("1 if x > 1/2 else 0", lambda x: sympy.Integer(1) if x > Rational(1, 2) else sympy.Integer(0)),
        ("where(abs(x) > 1/2, x, 0)", lambda x: x if abs(x) > Rational(1, 2) else sympy.Integer(0)),
        ("where(x > 0 and x <= 1 or x > 3, x + 1, 0)", lambda x: x + 1 if 0 < x <= 1 or x > 3 else sympy.Integer(0)),
        ("where((x + 1)*(x - 2) < 0, 3, tanh(x))", lambda x: sympy.Integer(3) if -1 < x < 2 else sympy.tanh(x)),
        ("2*(x if x > 1 else 1) - 1", lambda x: 2 * x - 1 if x > 1 else sympy.Integer(1)),
        ("where(x > 1, 2, 1 if x > 0 else 0)", lambda x: sympy.Integer(2 if x > 1 else 1 if x > 0 else 0)),
        ("where((x > 0) and (not_x(x) > 0), 1, 0)", None),
        ("where(exp(x) - 1 > 0, x, 2*x)", lambda x: x if x > 0 else 2 * x),
    ],
)
def test_the_value_is_that_of_python(text: str, python: object) -> None:
    if python is None:
        with pytest.raises(SpecError, match="unknown function"):
            activation(text)
        return
    expression = activation(text).expression
    for point in POINTS:
        assert sympy.simplify(value_at(expression, point) - python(point)) == 0, point


def test_the_formula_of_celu_is_celu() -> None:
    for text in ("where(x > 0, x, 2*(exp(x/2) - 1))", "max(0, x) + min(0, 2*(exp(x/2) - 1))"):
        found = activation(text)
        assert found.continuous
        assert found.breakpoints == (0,)
        left, right = found.pieces()
        assert (left.expression, right.expression) == (2 * sympy.exp(X / 2) - 2, X)
    assert activation("where(x > 0, x, 2*exp(x/2) - 2)").expression == activation("celu(2)").expression
    assert activation("x if x > 0 else exp(x) - 1") == activation("elu")


def test_a_jump_is_a_jump_and_a_corner_a_corner() -> None:
    jump, corner = activation("where(x > 0, 1, x)"), activation("where(x > 0, x, 2*x)")
    assert (jump.continuous, jump.lipschitz) == (False, sympy.oo)
    assert (corner.continuous, corner.lipschitz, corner.second_lipschitz) == (True, 2, sympy.oo)
    same = activation("where(x > 0, tanh(x), tanh(x))")
    assert len(same.pieces()) == 1


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("where(x > sqrt(2), x, 0)", "not known exactly"),
        ("where(x**2 > 2, x, 0)", "irrational zero"),
        ("where(x > 0, log(x), 0)", "no finite real value at x = 0"),
        ("where(x, 1, 0)", "expected a comparison"),
        ("x if x > 0", 'expected "else"'),
        ("Piecewise((x, x > 0))", "condition True"),
        ("x > 0", "a comparison alone"),
    ],
)
def test_one_clear_sentence(text: str, hint: str) -> None:
    with pytest.raises(SpecError, match=hint) as refusal:
        activation(text)
    assert str(refusal.value).endswith((".", "?"))
