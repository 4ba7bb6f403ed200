"""A failure here means that a text is misread, or can do something other than describe a function of x."""

from __future__ import annotations

import time

import pytest
import sympy
from sympy import Rational

from certigram.theory.activations.functions import X, normal_cdf, sigmoid, softplus
from certigram.theory.activations.grammar import parse
from certigram.theory.errors import SpecError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-x**2", -(X**2)),
        ("2**3**2 * x", 512 * X),
        ("2^-1*x", X / 2),
        ("1 - 2 - x", -1 - X),
        ("8/4/x", 2 / X),
        ("--x", X),
        ("0.1*x", X / 10),
        ("1.5e-3*x + .5", Rational(3, 2000) * X + Rational(1, 2)),
        ("e**x + pi", sympy.exp(X) + sympy.pi),
        ("max(x, -x, 0.5)", sympy.Max(X, -X, Rational(1, 2))),
        ("log1p(x**2)", sympy.log(1 + X**2)),
        ("erfc(x)", 1 - sympy.erf(X)),
        ("gelu(2*x)", 2 * X * normal_cdf(2 * X)),
        ("swish(x)", X * sigmoid(X)),
        ("mish(x)", X * sympy.tanh(softplus(X))),
        ("leaky_relu(2*x, 1/10)", sympy.Max(2 * X, 0) + sympy.Min(2 * X, 0) / 10),
        ("hermite(3)", X**3 - 3 * X),
        ("hermite(2, x + 1)", (X + 1) ** 2 - 1),
        ("sqrt(1 + x^2)", sympy.sqrt(1 + X**2)),
        ("log(sigmoid(2*x))", -softplus(-2 * X)),
        ("log(1 + exp(-x))", softplus(-X)),
        ("log1p(exp(x))", softplus(X)),
        ("log(1/(1 + exp(-x)))", -softplus(-X)),
        ("clip(x, -1, 1)", sympy.Max(sympy.Min(X, 1), -1)),
        ("step(x - 1, 0)", sympy.Heaviside(X - 1, 0)),
        ("x + relu(gelu(2))", X + 2 * normal_cdf(2)),
    ],
)
def test_texts_mean_what_they_say(text: str, expected: sympy.Expr) -> None:
    assert parse(text) == expected


HOSTILE = [
    "__import__('os').system('x')",
    "x.__class__.__mro__",
    "lambda: 0",
    "[x for x in x]",
    "x; x",
    "x\x00",
    "ｘ",  # a full-width letter
    "²",
    "9**9**9",
    "((9**64)**64)**64",
    "exp(exp(exp(exp(9))))",
    "Max(exp(exp(9)), 1)",
    "exp(1/(sin(1) - 84147098480789650665/100000000000000000000))",
    "cosh(9000)*cosh(9000)*x",
    "exp(exp(exp(exp(x))))",
    "x**65",
    "((x + 1)**64 + 1)**64",
    "hermite(64, hermite(64, x))",
    "(" * 300 + "x" + ")" * 300,
    "-" * 900 + "x",
    "x**" * 300 + "x",
    "gelu(" * 30 + "x" + ")" * 30,
    "x" * 2001,
    "x+" * 990 + "x",
    "1e999999999",
    "1" * 1000,
    "1/0",
    "1/(1 - 1)",
    "0**(-1)",
    "log(0)",
    "log(-1)",
    "sqrt(-2)",
    "(-2)**(1/3)",
    "x**x",
    "2**x",
    "nan(x)",
    "oo*x",
    "I*x",
    "zoo",
    "tanh",
    "tanh()",
    "tanh(x, x)",
    "tanh(x",
    "tanh x",
    "max(x)",
    "2x",
    "x(2)",
    "",
    "   ",
    "Max(x, pi)",
    "leaky_relu(x, pi)",
    "2*leaky_relu(1/10)",
    "hermite(65)",
    "hermite(1/2)",
    "x < 1",
    "x if x > 0",
    "x if else 0",
    "where(x, 1, 0)",
    "where(x > sqrt(2), x, 0)",
    "where(x**2 > 2, x, 0)",
    "where(sin(x) > 0, x, 0)",
    "where(x > 0, log(x), 0)",
    "where(x > 0, 1/x, 0)",
    "where(x > 0, 1, 0) if x > 1/0 else 0",
    "Piecewise((x, x > 0))",
    "Piecewise()",
    "x if x == 0 else 1",
    "x and 1",
    "where(" * 30 + "x > 0, x, 0" + ")" * 30,
    "x if x > 0 else " * 60 + "0",
    "(" * 30 + "x > 0" + ")" * 30,
    "relu(x)(2)",
    "clip(x, x, 1)",
    "clip(x, 0)",
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:30]))
def test_everything_else_is_refused_quickly_in_a_full_sentence(text: str) -> None:
    start = time.process_time()
    with pytest.raises(SpecError) as refusal:
        parse(text)
    message = str(refusal.value)
    assert ": " in message
    assert message.endswith((".", "?"))
    assert len(message) < 800
    assert time.process_time() - start < 5


def test_the_column_and_a_suggestion_are_named() -> None:
    with pytest.raises(SpecError, match=r'unknown function "sigmiod" at column 5 of .*Did you mean sigmoid'):
        parse("x + sigmiod(x)")


def test_what_is_printed_can_be_read_again() -> None:
    for text in (
        "erf(2*x)/3",
        "x*exp(-x**2/2)",
        "elu(x)",
        "max(min(x, 1), -1)",
        "e*sqrt(2)*Phi(x) - sign(x)",
        "step(x - 1/3)",
        "where(x >= 1/3, x, -1)",
    ):
        expression = parse(text)
        assert parse(str(expression)) == expression
