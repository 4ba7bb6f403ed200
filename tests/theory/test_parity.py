"""A failure here means that a symmetry or a degree is claimed that does not hold, or that an evident one is missed."""

from __future__ import annotations

import pytest
import sympy

from certigram.theory.activations.activation import activation
from certigram.theory.activations.functions import X


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tanh(x)", "odd"),
        ("x*cos(x) + sinh(x)**3", "odd"),
        ("x**2*erf(3*x)", "odd"),
        ("sigmoid(x) - 1/2", "odd"),
        ("2*Phi(3*x) - 1", "odd"),
        ("softplus(x) - x/2", "even"),
        ("relu(x) - x/2", "even"),
        ("relu(x) - relu(-x)", "odd"),
        ("relu(x) + relu(-x)", "even"),
        ("exp(x) + exp(-x)", "even"),
        ("exp(x) - exp(-x)", "odd"),
        ("step(x) - 1/2", "odd"),
        ("max(min(x, 1), -1)", "odd"),
        ("(x + 1)**3 - 3*x**2 - 1", "odd"),
        ("exp(-x**2)*cos(x)", "even"),
        ("x*tanh(x/3)", "even"),
        ("abs(x - 1) + abs(x + 1)", "even"),
        ("silu(x) - x/2", "even"),
        ("max(min(x**2, 1), 1/2)", "even"),
    ],
)
def test_symmetries_are_found(text: str, expected: str) -> None:
    assert activation(text).parity == expected


@pytest.mark.parametrize(
    "text",
    [
        "x + 1/10**30",
        "x**2*tanh(x) + 1e-40*cos(x)",
        "tanh(x) + 1e-60*x**2",
        "x**2 + 1e-90*x",
        "cos(x + 1e-30)",
        "abs(x - 1e-50)",
        "gelu(x)",
        "relu(x)",
        "exp(x)",
        "leaky_relu(x, 999999999999/1000000000000)",
        "step(x)",
        "max(min(x, 1), -1 - 1e-40)",
        "max(min(x, 1), -1) + 1e-40*sign(x)**2",
    ],
)
def test_near_symmetries_are_not_symmetries(text: str) -> None:
    assert activation(text).parity is None


def test_a_constant_plus_an_odd_function() -> None:
    half = sympy.Rational(1, 2)
    assert activation("sigmoid").odd_part_constant == half
    assert activation("normal_cdf").odd_part_constant == half
    assert activation("step").odd_part_constant == half
    assert activation("tanh").odd_part_constant == 0
    assert activation("3 + pi*sin(x)").odd_part_constant == 3
    assert activation("sigmoid(x) + 1e-50*x**2").odd_part_constant is None
    assert activation("max(min(x, 3), 1) ").odd_part_constant is None
    assert activation("max(min(x + 2, 3), 1)").odd_part_constant == 2
    assert activation("cos").odd_part_constant is None


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("x", (0, 1)),
        ("3", (3, 0)),
        ("(x + 1)**2 - x**2", (1, 2)),
        ("relu(x) - relu(-x)", (0, 1)),
        ("leaky_relu(x, 1)", (0, 1)),
        ("x + sin(x)**2 + cos(x)**2", (1, 1)),
        ("x + (sin(1)**2 + cos(1)**2 - 1)*x**2", (0, 1)),
        ("max(x, x - 1)", (0, 1)),
    ],
)
def test_affine_functions_are_recognised(text: str, line: tuple[int, int]) -> None:
    assert activation(text).affine == line


@pytest.mark.parametrize(
    "text",
    [
        "x + 1e-30*x**2",
        "x + 1e-60*tanh(x)",
        "relu(x) - relu(-x)*(1 - 1e-40)",
        "x + sign(x)**2",
        "abs(x)",
        "x + 1e-99*step(x)",
    ],
)
def test_nearly_affine_functions_are_not_affine(text: str) -> None:
    assert activation(text).affine is None


def test_degrees() -> None:
    assert activation("hermite(5)").polynomial_degree == 5
    assert activation("pi*x**3 + x").polynomial_degree == 3
    assert activation("x**2*(x + 1) - x**3").polynomial_degree == 2
    assert activation("7").polynomial_degree == 0
    assert activation("tanh").polynomial_degree is None
    assert activation("abs").polynomial_degree is None
    assert activation("(sin(1)**2 + cos(1)**2 - 1)*x**2 + x").polynomial_degree == 1


@pytest.mark.parametrize(
    "text", ["sigmoid(x)", "softplus(x)", "x*Phi(x)", "max(x, tanh(x), -1)", "min(x, 2)", "elu(x)", "step(x - 2)"]
)
def test_the_split_form_is_the_same_function(text: str) -> None:
    from certigram.theory.activations.functions import rewrite_elementary
    from certigram.theory.activations.parity import split_form

    expression = activation(text).expression
    for point in (-3, sympy.Rational(-1, 3), 0, 2, sympy.Rational(7, 2)):
        difference = (rewrite_elementary(expression) - split_form(expression)).xreplace({X: sympy.sympify(point)})
        assert abs(sympy.N(difference, 30)) < 1e-25
