"""A failure here means that a closed form of a dual activation, as printed, is not the expectation it stands for."""

import mpmath
import pytest
import sympy

from certigram.theory.activations.activation import activation
from certigram.theory.activations.functions import X, normal_cdf
from certigram.theory.closed_forms import A, B, C, closed_form, closed_mean, dual_closed_form

TABLE = {
    "identity": X,
    "polynomial": X**3 - 2 * X + 1,
    "exp": sympy.exp(X / 2),
    "sin": sympy.sin(X),
    "shifted sin": sympy.sin(2 * X + sympy.Rational(1, 3)),
    "cos": sympy.cos(X),
    "sin^2 + x": sympy.sin(X) ** 2 + X,
    "erf": sympy.erf(X),
    "erf(2x)/3": sympy.erf(2 * X) / 3,
    "normal_cdf": normal_cdf(X),
    "gaussian": sympy.exp(-(X**2)),
    "bell": X * sympy.exp(-(X**2) / 2),
    "gabor": sympy.exp(-(X**2)) * sympy.sin(X),
    "gelu": X * normal_cdf(X),
    "relu": sympy.Max(X, 0),
    "leaky relu": sympy.Max(X, X / 10),
    "abs": sympy.Abs(X),
    "relu^2": sympy.Max(X, 0) ** 2,
    "x cos x": X * sympy.cos(X),
    "sinh": sympy.sinh(X / 3),
}
JUMPS = {"step": sympy.Heaviside(X), "sign": sympy.sign(X), "x + 2 step": X + 2 * sympy.Heaviside(X)}


@pytest.mark.parametrize("name", TABLE)
def test_price_identity_holds_symbolically(name: str) -> None:
    f = TABLE[name]
    dual, slope = closed_form(f), closed_form(f.diff(X))
    assert dual is not None
    assert slope is not None
    assert sympy.simplify(dual.diff(C) - slope) == 0


@pytest.mark.parametrize("name", [*TABLE, *JUMPS])
def test_value_at_independence_is_the_product_of_the_means(name: str) -> None:
    f = (TABLE | JUMPS)[name]
    dual, mean = closed_form(f), closed_mean(f)
    assert dual is not None
    assert mean is not None
    at_zero = dual.subs(C, 0).replace(sympy.Pow, lambda base, exponent: sympy.factor(base) ** exponent)
    assert sympy.simplify(at_zero - mean * mean.subs(A, B)) == 0


@pytest.mark.parametrize("name", [*TABLE, *JUMPS])
def test_exchange_of_the_variances_changes_nothing(name: str) -> None:
    dual = closed_form((TABLE | JUMPS)[name])
    assert sympy.simplify(dual - dual.subs({A: B, B: A}, simultaneous=True)) == 0


@pytest.mark.parametrize("name", [*TABLE, *JUMPS])
def test_second_moment_on_the_diagonal_by_independent_quadrature(name: str) -> None:
    f = (TABLE | JUMPS)[name]
    dual = closed_form(f)
    with mpmath.workdps(25):
        value = sympy.lambdify(X, f.rewrite(sympy.Piecewise).replace(normal_cdf, _cdf), "mpmath")
        s = mpmath.mpf(7) / 5
        weighted = [-12 * mpmath.sqrt(s), 0, 12 * mpmath.sqrt(s)]
        expected = mpmath.quad(lambda x: value(x) ** 2 * mpmath.npdf(x, 0, mpmath.sqrt(s)), weighted)
        formula = dual.subs({A: sympy.Rational(7, 5), B: sympy.Rational(7, 5), C: sympy.Rational(7, 5)})
        assert mpmath.almosteq(mpmath.mpf(formula.evalf(25)), expected, rel_eps=mpmath.mpf(10) ** -18)


def _cdf(x: sympy.Expr) -> sympy.Expr:
    return (1 + sympy.erf(x / sympy.sqrt(2))) / 2


def test_the_formulas_are_the_classical_ones() -> None:
    arc = sympy.asin(C / (sympy.sqrt(A) * sympy.sqrt(B)))
    root = sympy.sqrt(A * B - C**2)
    assert closed_form(sympy.Max(X, 0)) == C / 4 + C * arc / (2 * sympy.pi) + root / (2 * sympy.pi)
    assert closed_form(sympy.sign(X)) == 2 * arc / sympy.pi
    assert closed_form(sympy.cos(X)) == sympy.exp(-A / 2 - B / 2) * sympy.cosh(C)
    d = (1 + A) * (1 + B) - C**2
    gelu = C / 4 + C / (2 * sympy.pi) * sympy.atan(C / sympy.sqrt(d))
    gelu += (A * B * d + C**2) / (2 * sympy.pi * (1 + A) * (1 + B) * sympy.sqrt(d))
    difference = dual_closed_form(activation("gelu")) - gelu
    for point in ((1, 2, 1), (3, 1, -1), (sympy.Rational(1, 3), 5, 0)):
        assert abs(difference.subs(dict(zip((A, B, C), point, strict=True))).evalf(40)) < sympy.Float("1e-38", 40)


def test_cross_duals_are_bilinear_and_obey_price() -> None:
    relu, erf, bump = sympy.Max(X, 0), sympy.erf(X), sympy.exp(-(X**2))
    cross = closed_form(relu, erf)
    assert sympy.simplify(closed_form(relu + 3 * bump, erf) - cross - 3 * closed_form(bump, erf)) == 0
    step = sympy.Heaviside(X)
    assert sympy.simplify(cross.diff(C) - closed_form(step, erf.diff(X))) == 0
    swapped = closed_form(erf, relu).subs({A: B, B: A}, simultaneous=True)
    assert sympy.simplify(cross - swapped) == 0


def test_even_against_odd_is_zero() -> None:
    assert sympy.simplify(closed_form(sympy.erf(X), sympy.exp(-(X**2)))) == 0


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "softplus", "silu", "mish", "elu", "atan"])
def test_what_has_no_closed_form_gets_none(name: str) -> None:
    assert dual_closed_form(activation(name)) is None


@pytest.mark.parametrize(
    "f",
    [
        sympy.exp(X**2 / 8),  # square-integrable only at small variance
        sympy.erf(X + 1),
        sympy.Max(X - 1, 0),
        sympy.erf(X) ** 2,
        sympy.cos(X) * sympy.erf(X),
        1 / (1 + X**2),
        sympy.exp(sympy.sin(X)),
    ],
)
def test_neighbours_of_the_table_are_not_guessed(f: sympy.Expr) -> None:
    assert closed_form(f) is None


def test_every_catalogue_derivative_of_an_entry_is_an_entry() -> None:
    for name in ("erf", "sin", "cos", "exp", "gelu", "relu", "leaky_relu(1/10)", "gaussian(1)", "abs", "normal_cdf"):
        assert closed_form(activation(name).derivative()) is not None, name
