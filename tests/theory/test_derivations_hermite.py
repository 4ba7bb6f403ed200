"""A failure here means that a formula for Hermite coefficients, as printed, is wrong at some order."""

from fractions import Fraction

import pytest
import sympy

from certigram.numerics.balls.precision import precision
from certigram.numerics.derivation_check import check
from certigram.numerics.expressions.lowering import constant
from certigram.numerics.hermite import hermite_transform
from certigram.theory.activations.activation import activation
from certigram.theory.activations.functions import X
from certigram.theory.closed_forms import A
from certigram.theory.derivations.builder import Builder
from certigram.theory.derivations.coefficients import derive_coefficient, derive_coefficients
from certigram.theory.derivations.functions import derivative
from certigram.theory.derivations.hermite import hermite_formula
from certigram.theory.derivations.identity import identical
from certigram.theory.derivations.notation import SIGMA, K, Mean, R, TaylorCoefficient, Y
from certigram.theory.derivations.rules import RULES
from certigram.theory.derivations.step import Step
from certigram.theory.derivations.taylor import taylor_coefficient
from certigram.theory.derivations.verify import proved, verify
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
    formula = hermite_formula(phi.expression)
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
    formula, f, checked = hermite_formula(phi.expression), phi.expression, 0
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
    assert hermite_formula(activation("erf").expression).support == "odd orders"
    assert hermite_formula(activation("sin").expression).support == "odd orders"
    assert hermite_formula(activation("relu").expression).support == "even orders and 1"
    assert hermite_formula(activation("exp").expression).support == "all orders"
    assert hermite_formula(activation("x**3").expression).support == "orders 1, 3"


def test_the_classical_formulas() -> None:
    sine = hermite_formula(activation("sin").expression).odd
    expected = (-1) ** K * SIGMA ** (2 * K + 1) * sympy.exp(-(SIGMA**2) / 2) / sympy.sqrt(sympy.factorial(2 * K + 1))
    assert sympy.simplify(sine - expected) == 0
    exponential = hermite_formula(activation("exp").expression).general
    assert exponential == SIGMA**R * sympy.exp(SIGMA**2 / 2) / sympy.sqrt(sympy.factorial(R))


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "hard_tanh", "exp(x)*Max(x, 0)"])
def test_nothing_is_claimed_without_a_rule(name: str) -> None:
    with pytest.raises(DerivationGap):
        hermite_formula(activation(name).expression)


@pytest.mark.parametrize("name", [*NAMES, "erf(x) + exp(x)", "Max(x, 0) + x**2", "exp(x) + x**2"])
def test_every_formula_is_derived_line_by_line(name: str) -> None:
    phi = activation(name)
    formula, covered = hermite_formula(phi.expression), set()
    for derivation in derive_coefficients(phi.expression):
        assert derivation.derived, derivation.gaps
        assert all(verify(derivation))
        assert {step.rule for step in derivation.steps} <= set(RULES)
        order = derivation.goal.args[1]
        for k in range(9 if order.free_symbols else 1):
            r = int(order.xreplace({R: sympy.Integer(k), K: sympy.Integer(k)}))
            covered.add(r)
            value = derivation.result.xreplace({R: sympy.Integer(k), K: sympy.Integer(k)})
            assert identical(value, formula.coefficient(r)), (name, r)
    assert covered >= set(range(9))


@pytest.mark.parametrize("name", ["x**3", "exp", "cos", "gaussian(1)", "erf", "gelu", "relu"])
def test_every_line_is_enclosed(name: str) -> None:
    for derivation in derive_coefficients(activation(name).expression):
        report = check(derivation)
        assert report.derived, str(report)
        assert all(step.points >= 6 for step in report.steps), str(report)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_every_line_of_every_coefficient_is_enclosed(name: str) -> None:
    for derivation in derive_coefficients(activation(name).expression):
        report = check(derivation)
        assert report.derived, str(report)
        assert all(step.points >= 6 for step in report.steps), str(report)


def test_parameters_stay_symbols() -> None:
    alpha, omega = sympy.Symbol("alpha", positive=True), sympy.Symbol("omega", positive=True)
    for f in (sympy.exp(alpha * X), sympy.sin(omega * X), sympy.exp(-alpha * X**2), X * sympy.erf(alpha * X)):
        for derivation in derive_coefficients(f):
            assert check(derivation).derived, derivation.title


def test_false_lines_about_coefficients_are_not_proved() -> None:
    derivation = derive_coefficient(sympy.erf(X), 2 * K + 1)
    steps = derivation.steps
    assert all(verify(derivation))
    line = next(k for k, step in enumerate(steps) if step.rule == "generating-function")
    goal, after = steps[line].before, steps[line].after
    assert not proved(Step("generating-function", goal, 2 * after, steps[line].uses), steps[:line])
    assert not proved(Step("generating-function", goal, after, ()), steps[:line])
    other = goal.func(sympy.sin(X), *goal.args[1:])
    assert not proved(Step("generating-function", other, after, steps[line].uses), steps[:line])
    taylor = steps[line + 1]
    assert not proved(Step("taylor", taylor.before, -taylor.after), ())
    assert not proved(Step("taylor", taylor.before.func(taylor.before.args[0], 2 * K), taylor.after), ())


def test_a_taylor_formula_is_not_stretched_over_orders_where_it_is_false() -> None:
    """[y^n] y^2 is 1 at n = 2: no formula for all n, and none for all even n."""
    for g, order in ((Y**2, R), (Y**2, 2 * K), (Y**2, 2 * K + 2), (sympy.exp(-(Y**2)), R), (sympy.erf(Y), R)):
        with pytest.raises(DerivationGap):
            taylor_coefficient(g, order)
    assert taylor_coefficient(Y**2, 2 * K + 1) == taylor_coefficient(Y**2, R + 3) == 0
    assert not proved(Step("taylor", TaylorCoefficient(Y**2, R), sympy.S.Zero), ())
    for order in range(6):  # the falling factorial is 0 where the order is below the power
        for g in (Y**3 * sympy.exp(2 * Y), Y**2 * sympy.exp(-(Y**2)), Y**3 * sympy.erf(Y), Y * sympy.cos(Y + 1)):
            exact = sympy.series(g, Y, 0, 8).removeO().coeff(Y, order)
            assert sympy.expand(taylor_coefficient(g, sympy.Integer(order)) - exact) == 0
            try:
                shaped = taylor_coefficient(g, R).xreplace({R: sympy.Integer(order)})
            except DerivationGap:
                shaped = taylor_coefficient(g, 2 * K + order % 2).xreplace({K: sympy.Integer(order // 2)})
            assert sympy.expand(shaped - exact) == 0, (g, order)
