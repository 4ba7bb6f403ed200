"""A failure here means that a forged line, or a function outside of the rules, would be called derived."""

from dataclasses import replace

import pytest
import sympy

from certigram.numerics.derivation_check import check
from certigram.theory.activations.activation import activation
from certigram.theory.activations.functions import X
from certigram.theory.closed_forms import A, B, C
from certigram.theory.derivations.dual import derive_dual, derive_expectation
from certigram.theory.derivations.identity import identical
from certigram.theory.derivations.notation import Expectation, Mean, T
from certigram.theory.derivations.step import Step
from certigram.theory.derivations.verify import proved, verify
from certigram.theory.errors import CertigramError

Z = sympy.Symbol("z")
REAL, NEGATIVE = sympy.Symbol("beta", real=True), sympy.Symbol("nu", negative=True)
POSITIVE = sympy.Symbol("alpha", positive=True)


@pytest.mark.parametrize(
    "f",
    [
        sympy.exp(POSITIVE * X**2),  # not integrable at every variance
        sympy.exp(-REAL * X**2),  # may not be
        sympy.exp(X**2 / 100),
        sympy.exp(Z * X),  # a parameter that need not be real
        sympy.cos(Z * X),
        sympy.erf(X + sympy.I),  # complex constants
        sympy.exp(sympy.I * X),
        sympy.oo * X,  # no number
        sympy.Heaviside(REAL * X),  # a jump at nobody knows which side
        sympy.erf(X) ** 2,  # outside of the rules
        1 / X,
        sympy.sqrt(X),
    ],
)
def test_functions_outside_of_the_domain_are_not_derived(f: sympy.Expr) -> None:
    try:
        derivation = derive_expectation(f, f)
    except CertigramError:
        return
    assert not derivation.derived
    assert derivation.result is None


@pytest.mark.parametrize("symbol", [A, B, C, T])
def test_the_covariance_is_no_parameter_of_an_activation(symbol: sympy.Symbol) -> None:
    with pytest.raises(CertigramError, match="covariance"):
        derive_expectation(sympy.cos(symbol * X), X)


def test_an_antiderivative_with_a_jump_is_refused() -> None:
    """arctan(c/(1-c)) has the right derivative wherever it is defined, and jumps by pi at c = 1."""
    h = 1 / ((1 - T) ** 2 + T**2)
    false = sympy.atan(C / (1 - C))
    assert identical(sympy.diff(false, C), h.xreplace({T: C}))
    assert false.xreplace({C: sympy.S.Zero}) == 0
    assert not proved(Step("antiderivative", sympy.Integral(h, (T, 0, C)), false), ())


def test_an_antiderivative_that_crosses_a_pole_is_refused() -> None:
    """1/(1-c) - 1 is an antiderivative of (1-c)^-2 on each side of the pole only."""
    integral = sympy.Integral((1 - T) ** -2, (T, 0, C))
    assert not proved(Step("antiderivative", integral, 1 / (1 - C) - 1), ())
    tame = sympy.Integral(2 * T / (1 + A * B - T**2) ** 2, (T, 0, C))
    assert proved(Step("antiderivative", tame, 1 / (1 + A * B - C**2) - 1 / (1 + A * B)), ())


@pytest.mark.parametrize(
    "law", [(A, B, 2 * sympy.sqrt(A * B)), (-A, B, C), (A, B, C + 1), (A - 1, B, C), (sympy.S.Zero, B, C)]
)
def test_a_covariance_that_is_none_is_refused(law: tuple[sympy.Expr, sympy.Expr, sympy.Expr]) -> None:
    assert not proved(Step("wick", Expectation(X, X, *law), law[2]), ())
    line = Step("wick", Expectation(X, X, A, B, C), C)
    assert proved(line, ())
    assert not proved(Step("instance", Expectation(X, X, *law), law[2], (0,)), (line,))


def test_a_negative_variance_is_refused() -> None:
    assert proved(Step("moments", Mean(X**2, A), A), ())
    assert not proved(Step("moments", Mean(X**2, -A), -A), ())
    assert not proved(Step("moments", Mean(X**2, A - B), A - B), ())


def test_parameters_take_values_of_their_domain_only() -> None:
    n = sympy.Symbol("n", positive=True, integer=True)
    whole = Step("wick", Expectation(sympy.cos(sympy.pi * n) ** 2 * X, X, A, B, C), C)
    values = ((n, sympy.Rational(1, 2)),)
    before = whole.before.xreplace(dict(values))
    assert not proved(Step("specialisation", before, C, (0,), values), (whole,))


def test_roots_of_negative_numbers_are_not_split() -> None:
    """sqrt(xyz) = sqrt(x) sqrt(y) sqrt(z) is false where all three are imaginary."""
    x, y, z = (sympy.sqrt(-s, evaluate=False) for s in (A, B, POSITIVE))
    assert not identical(sympy.sqrt(x * y * z), sympy.sqrt(x) * sympy.sqrt(y) * sympy.sqrt(z))
    p, q = A - B, B - A
    assert not identical(sympy.sqrt(p * q), sympy.sqrt(p) * sympy.sqrt(q))
    assert not identical(sympy.sqrt((A - B) ** 2), A - B)


def test_a_line_cannot_use_itself_or_a_later_one() -> None:
    derivation = derive_dual(activation("erf"))
    last = len(derivation.steps) - 1
    circular = Step("substitution", derivation.goal, 2 * derivation.result, (last,))
    forged = replace(derivation, steps=(*derivation.steps[:-1], circular), result=circular.after)
    assert forged.derived  # the chain alone looks right
    assert not check(forged).derived


def test_the_result_may_not_be_about_another_pair() -> None:
    first, second = (derive_dual(activation(name)) for name in ("erf", "sign"))
    forged = replace(first, steps=second.steps, result=second.result)
    assert not check(forged).derived


@pytest.mark.parametrize(
    ("spelling", "plain"),
    [
        ("sqrt(x**2)", "abs"),
        ("(x + abs(x))/2", "relu"),
        ("x*step(x)", "relu"),
        ("x*sign(x)", "abs"),
        ("sign(x)**3", "sign"),
        ("step(x)**2", "step"),
        ("step(x)*sign(x)", "step"),
        ("2*normal_cdf(sqrt(2)*x) - 1", "erf"),
        ("exp(x)**2", "exp(2*x)"),
        ("sin(x + pi/2)", "cos"),
        ("x*(1 + erf(x/sqrt(2)))/2", "gelu"),
        ("Max(Min(x, 1), -1)", "hard_tanh"),
        ("Max(-x, 0)*Max(x, 0)", "0*x"),
        ("2*sin(x)*cos(x)", "sin(2*x)"),
    ],
)
def test_another_spelling_gives_the_same_dual(spelling: str, plain: str) -> None:
    derivations = [derive_dual(activation(text)) for text in (spelling, plain)]
    assert all(d.derived and all(verify(d)) for d in derivations), [d.gaps for d in derivations]
    assert identical(derivations[0].result, derivations[1].result)


@pytest.mark.parametrize("law", [(2, sympy.Rational(1, 3), 0), (1, 1, 1), (1, 1, -1), (4, 1, 2)])
@pytest.mark.parametrize("name", ["erf", "gelu", "relu", "sign", "x*exp(-x**2/2)", "sin", "x**3", "elu(1)"])
def test_the_boundary_of_the_domain_is_not_claimed(name: str, law: tuple[sympy.Expr, ...]) -> None:
    """At |rho| = 1 no line is an instance; at c = 0 the formula is the product of the means."""
    derivation = derive_dual(activation(name))
    a, b, c = map(sympy.sympify, law)
    f = activation(name).expression
    step = Step("instance", Expectation(f, f, a, b, c), derivation.result.xreplace({A: a, B: b, C: c}), (0,))
    whole = Step(derivation.steps[-1].rule, derivation.goal, derivation.result, derivation.steps[-1].uses)
    assert proved(step, (whole,)) == (c**2 < a * b)
