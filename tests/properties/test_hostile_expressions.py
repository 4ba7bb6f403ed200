"""A failure here means that some expression ends in an exception that is none of ours, or in a number that is none."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction
from functools import partial

import mpmath
import pytest
from flint import arb

from certigram.numerics.dual import dual
from certigram.numerics.expressions.growth import growth
from certigram.numerics.expressions.regularity import regularity
from certigram.theory.activations.activation import Activation, activation
from certigram.theory.activations.vocabulary import FUNCTIONS
from certigram.theory.errors import DerivationGap, PrecisionExhausted, SpecError

OURS = (SpecError, DerivationGap, PrecisionExhausted)
CONSTANTS = [
    "0",
    "1",
    "2",
    "-1",
    "1/2",
    "-1/3",
    "3",
    "0.1",
    "1e-3",
    "pi",
    "e",
    "10",
    "-7/2",
    "100",
    "1e-30",
    "sqrt(2)",
    "1e6",
    "40",
    "-1/100",
]
POWERS = ["2", "3", "-1", "(1/2)", "(-1/3)", "(3/2)", "4", "(2/3)", "-2"]
UNARY = sorted(name for name, (fewest, _, _) in FUNCTIONS.items() if fewest == 1)


def _tree(rng: random.Random, depth: int) -> str:
    kind = rng.random()
    if depth == 0 or kind < 0.12:
        return "x" if rng.random() < 0.6 else rng.choice(CONSTANTS)
    inner = [_tree(rng, depth - 1) for _ in range(3)]
    if kind < 0.5:
        return f"{rng.choice(UNARY)}({inner[0]})"
    if kind < 0.78:
        return f"({inner[0]}){rng.choice('+-*/')}({inner[1]})"
    if kind < 0.87:
        return f"{rng.choice(['max', 'min'])}({inner[0]}, {inner[1]})"
    if kind < 0.93:
        return f"({inner[0]})**{rng.choice(POWERS)}"
    if kind < 0.97:
        return f"where({inner[0]} {rng.choice(['>', '>=', '<', '<='])} {inner[1]}, {inner[2]}, x)"
    return f"{rng.choice(['leaky_relu', 'elu', 'gaussian', 'celu', 'snake'])}({inner[0]}, {rng.choice(CONSTANTS)})"


def _outcome(ask: Callable[[], object]) -> object:
    """What a question gives, or the text of one of our errors; anything else is the failure looked for."""
    try:
        return ask()
    except OURS as error:
        return str(error).strip()


@pytest.mark.parametrize("seed", [0, 1, 2, 3, 5, 6])
def test_any_expression_has_exact_properties_and_a_regularity_or_a_clear_error(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(40):
        text = _tree(rng, rng.choice([1, 2, 2, 3]))
        found = _outcome(partial(activation, text))
        if not isinstance(found, Activation):
            assert str(found).endswith((".", "?")), text
            continue
        assert found.parity in ("odd", "even", None)
        assert found.continuous in (True, False)
        known = regularity(found, 24)
        assert known.lipschitz is None or known.lipschitz.is_finite(), text
        assert known.lipschitz is not None or known.reason("lipschitz"), text
        assert _outcome(partial(growth, found.expression))
        assert str(_outcome(partial(found.derivative, 2)))


@pytest.mark.parametrize(
    "text",
    [
        "relu(mish(1))",
        "x + relu(mish(1))",
        "relu(gelu(2))*x",
        "selu(gelu(-1/100)) + x",
        "elu(softplus(10), 1)*x",
        "hard_tanh(mish(1) - max(3, x))",
        "40*x/abs(x)",
        "elu(x, 0)/x",
        "x**2/(abs(x)/(1/x))",
        "tanh(x/softsign(leaky_relu(x, -1)))",
        "sign(abs(min(x, 1)))**-2",
        "(softsign(1) - 97)/sign(erf(x))",
        "min(x - x, step(x))**(-1/3)",
        "x/step(asinh(min(-1/100, x)))",
        "x*tanh(2)",
        "x + softplus(2)",
        "x*2**(1/3)",
        "sin(x)/x",
        "abs(x)**(3/2)",
        "sqrt(abs(x))",
        "max(x - sqrt(2), 0)",
        "abs(sin(x))",
    ],
)
def test_what_ended_in_foreign_exceptions_has_a_value_or_one_sentence(text: str) -> None:
    def ask() -> arb:
        phi = activation(text)
        regularity(phi, 24)
        return dual(phi, Fraction(1), Fraction(1), Fraction(0), 24)

    found = _outcome(ask)
    if isinstance(found, str):
        assert ": " in found
        assert found.endswith((".", "?"))
    else:
        assert found.is_finite()


@pytest.mark.parametrize("text", ["tanh(2)", "softplus(2)", "2**(1/3)", "gelu(1)"])
def test_constants_inside_expressions_are_numbers(text: str) -> None:
    """E (c u)(c v) is half the square of c at covariance 1/2."""
    value = dual(activation(f"x*{text}"), Fraction(1), Fraction(1), Fraction(1, 2), 64)
    c = {
        "tanh(2)": mpmath.tanh(2),
        "softplus(2)": mpmath.log(1 + mpmath.exp(2)),
        "2**(1/3)": mpmath.cbrt(2),
        "gelu(1)": mpmath.ncdf(1),
    }[text]
    assert abs(float(value) - float(c) ** 2 / 2) < 1e-13
