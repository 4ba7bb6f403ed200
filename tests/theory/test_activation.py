"""A failure here means that an activation is not the exact value object that the rest of the program takes it for."""

from __future__ import annotations

import pickle

import pytest
import sympy
from sympy import exp, oo, pi, sqrt

from certigram.theory.activations.activation import Activation, activation
from certigram.theory.activations.functions import X, sigmoid
from certigram.theory.errors import SpecError


def test_value_semantics() -> None:
    assert activation("tanh") is activation("tanh")
    assert activation("tanh(x)") == activation("tanh")
    assert activation("Max(x, 0)") == activation("relu")
    assert activation("swish") == activation("silu")
    assert activation("elu(1)") == activation("elu")
    assert activation("tanh(x) + 1e-50*x") != activation("tanh")
    assert len({activation("tanh"), activation("tanh(x)"), activation("erf")}) == 2


@pytest.mark.parametrize("text", ["gelu", "softplus", "leaky_relu(1/10)", "erf(2*x)/3", "mish"])
def test_pickling(text: str) -> None:
    phi = activation(text)
    again = pickle.loads(pickle.dumps(phi))
    assert again == phi
    assert hash(again) == hash(phi)
    assert again.derivative() == phi.derivative()


def test_names() -> None:
    assert activation("leaky_relu(1/10)").name == "leaky_relu(1/10)"
    assert activation("leaky_relu(0.1)") == activation("leaky_relu(1/10)")
    assert activation(" hermite( 3 ) ").expression == X**3 - 3 * X
    assert activation("erf(2*x)/3").name == "erf(2*x)/3"
    assert str(activation("gelu")) == "gelu"
    assert activation("leaky_relu(1)").expression == X
    assert activation("sinh").expression == sympy.sinh(X)
    for phi in map(activation, ("elu(2)", "erf(2*x)/3", "gaussian(3)", "monomial(2)")):
        assert activation(phi.name) == phi


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("tahn", "Did you mean"),
        ("tanhh(x)", "Did you mean tanh"),
        ("hermite", "needs its order"),
        ("gaussian(-1)", "positive alpha"),
        ("leaky_relu(pi)", "not rational"),
        ("__import__('os').system('x')", "cannot read"),
    ],
)
def test_mistakes_get_one_clear_sentence(text: str, hint: str) -> None:
    with pytest.raises(SpecError, match=hint):
        activation(text)


@pytest.mark.parametrize(
    "text",
    ["silu(2)", "swish(2)", "gelu(1)", "tanh(2)", " softplus( 2 ) ", "exp(1)", "relu(gelu(2))", "max(1, 2)", "GELU(0)"],
)
def test_a_function_of_a_number_is_not_taken_for_a_family(text: str) -> None:
    with pytest.raises(SpecError, match=r"is a number, the same at every x: write .* or the constant as 0\*x \+ "):
        activation(text)


def test_constants_and_families_keep_their_meaning() -> None:
    assert activation("0*x + silu(2)").expression == 2 * sigmoid(2)
    assert activation("7").expression == 7
    assert activation("exp(1) + log(2)").lipschitz == 0
    assert activation("x*tanh(2)").lipschitz == sympy.tanh(2)
    assert activation("hermite(0, x)").expression == 1
    for text in ("elu(2)", "leaky_relu(2)", "celu(2)", "snake(2)", "softshrink(2)", "gaussian(2)", "monomial(2)"):
        assert activation(text).expression.has(X)


def test_something_that_is_not_text_is_refused() -> None:
    with pytest.raises(SpecError, match="not an activation"):
        activation(3)  # type: ignore[arg-type]  # the mistake under test


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [
        ("erf(2*x)/3", 4 / (3 * sqrt(pi)), 8 * sqrt(2 / (pi * sympy.E)) / 3),
        ("5 - 3*tanh(2*x - 1)", 6, 16 / sqrt(3)),
        ("sin(pi*x)", pi, pi**2),
        ("3*gelu(-2*x)", 6 * activation("gelu").lipschitz, 12 * sqrt(2 / pi)),
        ("x*Phi(2*x)", activation("gelu").lipschitz, 2 * sqrt(2 / pi)),
        ("4*exp(-(x - 1)**2 + 1)", 4 * sympy.E * sqrt(2) * exp(-sympy.Rational(1, 2)), 8 * sympy.E),
        ("7 - 2*x", 2, 0),
        ("7", 0, 0),
        ("3*x**2", oo, 6),
        ("x**3 + x", oo, oo),
        ("relu(x) + abs(x - 1)", 2, oo),
        ("relu(x) - relu(x - 1)", 1, oo),
        ("max(min(x, 1), -1)**2", 2, oo),
        ("x*abs(x)", oo, 2),
        ("relu(x)**2 - relu(x - 1)**2 - relu(x - 2)**2 + relu(x - 3)**2", 2, 2),
        ("step(x)*x + 1e-30*step(x)", oo, oo),
    ],
)
def test_exact_constants_of_expressions(text: str, first: sympy.Expr, second: sympy.Expr) -> None:
    phi = activation(text)
    for ours, theirs in ((phi.lipschitz, first), (phi.second_lipschitz, second)):
        assert ours == theirs or sympy.simplify(ours - theirs) == 0


@pytest.mark.parametrize(
    "text", ["tanh(x) + sin(x)", "x*exp(-x**2/2)", "abs(sin(x))", "tanh(x**2)", "exp(-x**4)", "1/x", "tanh(x)*relu(x)"]
)
def test_no_constant_is_invented(text: str) -> None:
    assert activation(text).lipschitz is None


def test_an_undecided_leading_coefficient_decides_nothing() -> None:
    phi = activation(
        "(sin(1)**2 + cos(1)**2 - 1)*x**2 + x"
    )  # the coefficient is zero, which expansion alone does not show
    assert phi.lipschitz is None or phi.lipschitz == 1


def test_rendering() -> None:
    assert activation("gelu")._repr_latex_() == r"$\displaystyle \varphi(x) = x \Phi\left(x\right)$"
    assert r"\operatorname{sigmoid}^{2}" in sympy.latex(activation("sigmoid(x)**2").expression)


def test_it_is_frozen() -> None:
    with pytest.raises(AttributeError):
        activation("tanh").name = "other"  # type: ignore[misc]  # the mistake under test
    assert isinstance(activation("tanh"), Activation)
