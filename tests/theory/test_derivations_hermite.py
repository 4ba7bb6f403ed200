"""A failure here means that a formula for Hermite coefficients, as printed, is wrong at some order."""

from fractions import Fraction

import pytest
import sympy

from certigram.numerics.expressions.lowering import constant
from certigram.numerics.hermite import hermite_transform
from certigram.numerics.precision import precision
from certigram.theory.activation import activation
from certigram.theory.closed_forms import A
from certigram.theory.derivations.builder import Builder
from certigram.theory.derivations.functions import derivative
from certigram.theory.derivations.hermite import K, hermite_coefficients
from certigram.theory.derivations.identity import identical
from certigram.theory.derivations.notation import SIGMA, Mean, R
from certigram.theory.errors import DerivationGap

NAMES = [
    "identity",
    "x**5",
    "hermite(4)",
    "exp(x/2)",
    "x**2*exp(x)",
    "sin",
    "x*cos(2*x + 1)",
    "gaussian(1)",
    "x*exp(-x**2/2)",
    "erf",
    "erf(2*x)/3",
    "normal_cdf",
    "gelu",
    "x*erf(x)",
    "sign",
    "step",
    "relu",
    "abs",
    "leaky_relu(1/10)",
    "Max(x, 0)**2",
    "Max(x, 0)**5",
]


@pytest.mark.parametrize("name", NAMES)
def test_every_order_is_enclosed_by_the_engines(name: str) -> None:
    phi = activation(name)
    formula = hermite_coefficients(phi)
    assert formula is not None
    transform = hermite_transform(phi, 24, Fraction(9, 4), 100)
    for order, expected in enumerate(transform.coefficients):
        value = formula.coefficient(order).xreplace({SIGMA: sympy.Rational(3, 2)})
        with precision(140):
            found = constant(sympy.powsimp(value))
            assert found.overlaps(expected), (name, order)
            assert found.rad() < 1e-25


@pytest.mark.parametrize("name", NAMES)
def test_low_orders_symbolically_by_derivatives(name: str) -> None:
    """mu_r = sigma^r E f^(r)(sigma z) / sqrt(r!), with the mean derived by the rules."""
    phi = activation(name)
    formula, f, checked = hermite_coefficients(phi), phi.expression, 0
    assert formula is not None
    for order in range(5):
        builder = Builder()
        mean = builder.closed(builder.value(Mean(f, A)))
        expected = SIGMA**order / sympy.sqrt(sympy.factorial(order)) * mean.xreplace({A: SIGMA**2})
        assert identical(formula.coefficient(order), expected), (name, order)
        checked += 1
        try:
            f = derivative(f)
        except DerivationGap:  # a point mass has no derivative here
            break
    assert checked >= 2


def test_support_and_parity() -> None:
    assert hermite_coefficients(activation("erf")).support == "odd orders"
    assert hermite_coefficients(activation("sin")).support == "odd orders"
    assert hermite_coefficients(activation("relu")).support == "even orders and 1"
    assert hermite_coefficients(activation("exp")).support == "all orders"
    assert hermite_coefficients(activation("x**3")).support == "orders 1, 3"


def test_the_classical_formulas() -> None:
    sine = hermite_coefficients(activation("sin")).odd
    expected = (-1) ** K * SIGMA ** (2 * K + 1) * sympy.exp(-(SIGMA**2) / 2) / sympy.sqrt(sympy.factorial(2 * K + 1))
    assert sympy.simplify(sine - expected) == 0
    exponential = hermite_coefficients(activation("exp")).general
    assert exponential == SIGMA**R * sympy.exp(SIGMA**2 / 2) / sympy.sqrt(sympy.factorial(R))


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "hard_tanh", "exp(x)*Max(x, 0)"])
def test_nothing_is_claimed_without_a_rule(name: str) -> None:
    assert hermite_coefficients(activation(name)) is None
