"""A failure here means that a derivation is wrong, has a gap, or calls something derived that is not."""

import random
from fractions import Fraction

import pytest
import sympy
from flint import arb

import certigram as cg
from certigram.numerics.balls.precision import precision
from certigram.numerics.derivation_check import Status, check, special
from certigram.numerics.derivation_check.points import points
from certigram.numerics.derivation_check.value import enclose
from certigram.numerics.dual import dual
from certigram.numerics.dual.covariance import covariance
from certigram.numerics.dual.series import series_value
from certigram.theory.activations.activation import activation, from_expression
from certigram.theory.activations.functions import X
from certigram.theory.closed_forms import A, B, C, dual_closed_form
from certigram.theory.derivations.dual import derive_dual, derive_expectation
from certigram.theory.derivations.functions import derivative
from certigram.theory.derivations.identity import identical
from certigram.theory.derivations.notation import Expectation, bivariate_normal_cdf
from certigram.theory.derivations.rules import RULES
from certigram.theory.derivations.step import Step
from certigram.theory.derivations.verify import proved, verify

ELEMENTARY = [
    "identity",
    *(f"monomial({k})" for k in range(2, 11)),
    "x**3 - 2*x + 1",
    *(f"hermite({k})" for k in range(2, 7)),
    "exp",
    "exp(x/2)",
    "sin",
    "cos",
    "sin(2*x + 1/3)",
    "cos(x/2 - 1)",
    "gaussian(1/2)",
    "gaussian(1)",
    "exp(-x**2/4)*sin(3*x)",
    "exp(-x**2)*cos(x + 1)",
    "x*exp(-x**2/2)",
    "erf",
    "erf(2*x)/3",
    "normal_cdf",
    "normal_cdf(x/2)",
    "gelu",
    "x*erf(x)",
    "step",
    "sign",
    "relu",
    "leaky_relu(1/10)",
    "abs",
    *(f"Max(x, 0)**{k}" for k in range(2, 6)),
    "2*Max(x, 0) + 3*Min(x, 0)",
    "erf(x) + exp(-x**2)",
    "Max(x, 0) + x**2",
    "Max(x, 0) + erf(x)",
]
"""Activations with an elementary closed form at unequal variances."""
WITH_QUADRANTS = ["elu(1)", "elu(1/2)", "selu", "hard_tanh", "erf(x + 1)", "Max(x - 1, 0)"]
"""Activations whose closed form needs the bivariate normal distribution function."""
CROSS = [("relu", "erf"), ("erf", "exp(-x**2)"), ("relu", "step"), ("x", "gelu"), ("cos", "exp"), ("sign", "x**3")]
DERIVATIVES = ["erf", "gelu", "relu", "sin", "leaky_relu(1/10)", "hard_tanh", "elu(1)", "gaussian(1)"]
SLOPES = [
    "exp(-x**2)",
    "erf(x/sqrt(2))/2 + 1/2 + x*exp(-x**2/2)/sqrt(2*pi)",
    "step(x) + step(-x)/10",
    "step(x + 1) - step(x - 1)",
    "step(x) + exp(x)*step(-x)",
    "x*exp(-x**2)",
    "(1 - x**2)*exp(-x**2/2)",
    "2*Max(x, 0)",
    "normal_cdf(x) + x*exp(-x**2/2)/sqrt(2*pi)",
]
"""Derivatives, up to factors: erf, GELU, leaky ReLU, hard tanh, ELU, exp(-x^2), x exp(-x^2/2), max(x, 0)^2, GELU."""
NONE_KNOWN = ["tanh", "sigmoid", "softplus", "silu", "mish", "atan"]


@pytest.mark.parametrize("name", [*ELEMENTARY, *WITH_QUADRANTS])
def test_every_line_is_proved_and_the_chain_ends_in_the_goal(name: str) -> None:
    derivation = derive_dual(activation(name))
    assert derivation.derived, derivation.gaps
    assert all(verify(derivation))
    assert {step.rule for step in derivation.steps} <= set(RULES)
    assert not derivation.result.has(Expectation, sympy.Integral, sympy.Derivative, sympy.Piecewise, sympy.DiracDelta)


@pytest.mark.parametrize("name", ELEMENTARY)
def test_the_table_of_closed_forms_agrees(name: str) -> None:
    table = dual_closed_form(activation(name))
    assert table is not None
    assert identical(derive_dual(activation(name)).result, table)


PRICE = ["erf", "gelu", "relu", "abs", "sin", "exp", "monomial(4)", "x*exp(-x**2/2)", "elu(1)", "Max(x - 1, 0)"]
"""The fast part of the mixed derivative check."""


@pytest.mark.parametrize("name", PRICE)
def test_price_identity_holds_symbolically_for_the_result(name: str) -> None:
    _price(name, name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [n for n in [*ELEMENTARY, *WITH_QUADRANTS] if n not in PRICE])
def test_price_identity_holds_symbolically_for_every_result(name: str) -> None:
    _price(name, name)


@pytest.mark.slow
@pytest.mark.parametrize(("first", "second"), CROSS)
def test_price_identity_holds_symbolically_for_cross_duals(first: str, second: str) -> None:
    _price(first, second)


def _price(first: str, second: str) -> None:
    f, g = activation(first), activation(second)
    slope = derive_expectation(derivative(f.expression), derivative(g.expression))
    assert slope.derived, slope.gaps
    assert identical(sympy.diff(derive_dual(f, g).result, C), slope.result)


@pytest.mark.parametrize(("first", "second"), CROSS)
def test_cross_duals(first: str, second: str) -> None:
    report = check(derive_dual(activation(first), activation(second)), generic=2, corners=False)
    assert report.derived, str(report)


@pytest.mark.parametrize("name", ["erf", "gelu", "relu", "sin"])
def test_every_line_is_enclosed_at_random_and_extreme_points(name: str) -> None:
    report = check(derive_dual(activation(name)))
    assert report.derived, str(report)
    assert all(step.points >= 6 for step in report.steps), str(report)
    assert max(step.agreement for step in report.steps) < 1e-9


@pytest.mark.slow
@pytest.mark.parametrize("name", [*ELEMENTARY, *WITH_QUADRANTS])
def test_every_line_of_every_derivation_is_enclosed(name: str) -> None:
    report = check(derive_dual(activation(name)))
    assert report.derived, str(report)
    assert all(step.points >= 5 for step in report.steps), str(report)


@pytest.mark.parametrize("name", DERIVATIVES)
def test_duals_of_derivatives(name: str) -> None:
    slope = activation(name).derivative()
    derivation = derive_expectation(slope, slope)
    assert derivation.derived, derivation.gaps
    assert check(derivation, generic=2, corners=False).derived


def _overlaps(first: str, second: str, count: int, seed: int, bits: int, radius: float) -> None:
    """The result against the Hermite series, at random covariances of correlation up to 0.85."""
    source = random.Random(f"{first} {second} {seed}")
    f, g = activation(first), activation(second)
    result = derive_dual(f, g).result
    for _ in range(count):
        a, b = (Fraction(source.randint(20, 240), 80) for _ in range(2))
        root = Fraction(int((float(a) * float(b)) ** 0.5 * 2**20), 2**20)
        c = Fraction(source.choice((-1, 1)) * source.randint(5, 85), 100) * root
        closed = enclose(result, {A: a, B: b, C: c}, bits)
        series = series_value(f, g, covariance(a, b, c), bits, 1024)
        assert closed.overlaps(series), (first, second, a, b, c)
        for ball in (closed, series):  # radii are absolute where the dual is 0
            assert ball.rad() <= radius * (1 if closed.is_zero() else abs(ball).upper()), (first, second, a, b, c)


@pytest.mark.parametrize("name", ["erf", "gelu", "relu", "sin", "Max(x, 0)**2", "x*exp(-x**2/2)", "hard_tanh"])
def test_the_closed_form_meets_the_hermite_series(name: str) -> None:
    _overlaps(name, name, 8, 0, 128, 1e-25)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*ELEMENTARY, *WITH_QUADRANTS, *SLOPES])
def test_the_closed_form_meets_the_hermite_series_at_two_hundred_covariances(name: str) -> None:
    _overlaps(name, name, 200, 1, 128, 1e-25)


@pytest.mark.slow
@pytest.mark.parametrize(("first", "second"), CROSS)
def test_the_cross_dual_meets_the_hermite_series_at_two_hundred_covariances(first: str, second: str) -> None:
    _overlaps(first, second, 200, 2, 128, 1e-25)


@pytest.mark.parametrize("name", NONE_KNOWN)
def test_no_closed_form_is_claimed_where_none_is_known(name: str) -> None:
    derivation = derive_dual(activation(name))
    assert derivation.result is None
    assert not derivation.derived
    assert "no closed form is known" in derivation.gaps[0].reason or "no rule" in derivation.gaps[0].reason
    assert not check(derivation).derived


def test_parameters_stay_symbols() -> None:
    alpha, omega, phase = (
        sympy.Symbol("alpha", positive=True),
        sympy.Symbol("omega", real=True),
        sympy.Symbol("theta", real=True),
    )
    for f in (
        sympy.exp(alpha * X),
        sympy.erf(alpha * X),
        sympy.exp(-alpha * X**2),
        sympy.sin(omega * X + phase),
        sympy.exp(-alpha * X**2) * sympy.cos(omega * X),
    ):
        derivation = derive_expectation(f, f)
        report = check(derivation, generic=2, corners=False)
        assert report.derived, str(report)
        assert derivation.parameters


def test_a_forged_line_is_not_proved() -> None:
    root = sympy.sqrt(A * B - C**2)
    assert proved(Step("antiderivative", _area(1 / root), sympy.asin(C / sympy.sqrt(A * B))), ())
    assert not proved(Step("antiderivative", _area(1 / root), sympy.asin(C / sympy.sqrt(A * B)) + 1), ())
    assert not proved(Step("antiderivative", _area(1 / root), sympy.asin(C / sympy.sqrt(A * B + 1))), ())
    relu = Expectation(sympy.Max(X, 0), sympy.Max(X, 0), A, B, C)
    assert not proved(Step("price", sympy.Derivative(relu, C), relu), ())
    assert not proved(Step("substitution", relu, C, (3,)), ())
    growing = Expectation(
        sympy.exp(X**2 / 8), X, A, B, C
    )  # an even function against an odd one, defined for a < 4 only
    assert not proved(Step("symmetry", growing, sympy.S.Zero), ())
    assert not proved(Step("wick", Expectation(X, X, A, B, C), C + sympy.Symbol("new", real=True)), ())


def _area(h: sympy.Expr) -> sympy.Expr:
    from certigram.theory.derivations.notation import T

    return sympy.Integral(h.xreplace({C: T}), (T, 0, C))


def test_a_true_line_without_a_proof_does_not_make_a_derivation() -> None:
    derivation = derive_dual(activation("sign"))
    steps = list(derivation.steps)
    steps[-1] = Step("wick", steps[-1].before, steps[-1].after)
    report = check(type(derivation)(derivation.title, derivation.goal, tuple(steps), derivation.result))
    assert report.steps[-1].status is Status.ENCLOSED
    assert report.settled
    assert not report.derived


def test_points_are_admissible() -> None:
    for point in points((), 50, 7):
        values = point.environment
        assert values[C] ** 2 < values[A] * values[B]


def test_gelu_is_the_formula_of_the_literature() -> None:
    d = (1 + A) * (1 + B) - C**2
    classical = C / 4 + C / (2 * sympy.pi) * sympy.asin(C / sympy.sqrt((1 + A) * (1 + B)))
    classical += (A * B * d + C**2) / (2 * sympy.pi * (1 + A) * (1 + B) * sympy.sqrt(d))
    assert identical(derive_dual(activation("gelu")).result, classical)


def test_functions_outside_of_the_rules_leave_a_gap() -> None:
    for f in (1 / (1 + X**2), sympy.exp(sympy.sin(X)), sympy.erf(X) * sympy.cos(X), sympy.exp(X**2 / 8)):
        assert not derive_dual(from_expression(f)).derived


@pytest.mark.parametrize("name", ["hard_tanh", "elu(1)"])
def test_the_front_door_gives_forms_with_quadrant_probabilities(name: str) -> None:
    form = cg.activation(name).dual_closed_form()
    assert form is not None
    assert form.has(bivariate_normal_cdf)
    a, b, c = Fraction(3, 2), Fraction(1, 2), Fraction(-1, 3)
    expected = dual(activation(name), a, b, c, 100)
    assert enclose(form, {A: a, B: b, C: c}, 100).overlaps(expected)


@pytest.mark.parametrize(("h", "k"), [("-1", "-1"), ("1/2", "-1/3"), ("2", "2"), ("1/2", "-1/2")])
def test_quadrant_probabilities_at_the_ends(h: str, k: str) -> None:
    """At correlation 1 both coordinates are one, at -1 opposite: Phi(min(h, k)) and max(Phi(h) + Phi(k) - 1, 0)."""
    with precision(80):
        x, y = (arb(Fraction(t).numerator) / Fraction(t).denominator for t in (h, k))
        first, second = special.normal_cdf(x), special.normal_cdf(y)
        same, opposite = (special.bivariate_normal_cdf(x, y, arb(sign)) for sign in (1, -1))
        assert same.overlaps(first.min(second))
        assert opposite.overlaps((first + second - 1).max(arb(0)))
        assert max(float(same.rad()), float(opposite.rad())) < 1e-20


def test_the_front_door_gives_no_form_where_none_is_proved() -> None:
    assert cg.activation("tanh").dual_closed_form() is None
    assert cg.activation("silu").dual_closed_form() is None
