"""A failure here means that a growth bound or a tail bound is not a bound, or that a divergent case was accepted."""

from __future__ import annotations

import random

import pytest
import sympy
from flint import arb

from certigram.numerics.balls.precision import precision
from certigram.numerics.expressions.growth import (
    Growth,
    gaussian_square_integrable,
    growth,
    require_square_integrable,
    square_integrable,
)
from certigram.numerics.expressions.lowering import lower_arb
from certigram.theory.activations.functions import X, normal_cdf, sigmoid, softplus
from certigram.theory.errors import DerivationGap, SpecError
from certigram.theory.verdict import Verdict

exp, tanh, sqrt = sympy.exp, sympy.tanh, sympy.sqrt

BOUNDED_BELOW = [
    tanh(X), X * normal_cdf(X), X * tanh(softplus(X)), X * exp(-(X**2) / 2), exp(X**2 / 8 - X), exp(-(X**4) + X**3),
    sympy.log(1 + exp(X)), sympy.log(sympy.cosh(X)), sqrt(1 + X**2), X / sqrt(1 + X**2),
    (1 + X**2) ** sympy.Rational(1, 3),
    sympy.Max(X, 0) + exp(sympy.Min(X, 0)) - 1, X**3 - 3 * X, sympy.sin(X) * exp(X), sympy.cosh(X) * exp(-(X**2)),
    exp(-sympy.Abs(X)), exp(-sqrt(1 + X**2)), 2**X, sympy.atan(X) * X, X * sympy.Heaviside(X - 1),
    X / (1 + sympy.Abs(X)),
    sympy.asinh(X) ** 2, sympy.erfc(X) * X,
    sigmoid(exp(X**3)), sympy.log(2 + sympy.cos(X)) ** 2, sympy.sinh(X / 2),
    exp(sympy.sin(X)), exp(softplus(X) / 3), sympy.sign(X) * X**2,
]  # fmt: skip


@pytest.mark.parametrize("expr", BOUNDED_BELOW, ids=str)
def test_growth_bounds_the_function(expr: sympy.Expr) -> None:
    rng = random.Random(str(expr))
    with precision(128):
        bound, f = growth(expr), lower_arb(expr)
        scaled = bound.scaled(arb(3) / 2)
        for _ in range(200):
            t = arb(rng.uniform(-1, 1) * 10 ** rng.uniform(-2, 1.7))
            assert abs(f(t)).lower() <= bound.bound(t)
            assert abs(f(1.5 * t)).lower() <= scaled.bound(t)
        wide = arb(0.5, 3)
        for t in (-2.4, 0.0, 3.4):
            assert abs(f(arb(t))).lower() <= bound.bound(wide)


def test_bound_of_decaying_growth_on_a_wide_ball_uses_the_nearest_point() -> None:
    decay = Growth(arb(1), 0, arb(-1), arb(-2))
    assert decay.bound(arb(0, 5)) >= 1
    assert decay.bound(arb(3, 1)) >= arb(-10).exp().lower()
    assert decay.bound(arb(3, 1)) < 1.01 * arb(-10).exp()


@pytest.mark.parametrize(
    ("expr", "variance", "verdict"),
    [
        (exp(X**2), "2", Verdict.REFUTED),
        (3 * exp(X**2 - X), "1/4", Verdict.REFUTED),
        (exp(X**2), "0.249", Verdict.PROVED),
        (exp(X**2 / 8), "1.99", Verdict.PROVED),
        (exp(X**2 / 8), "2.01", Verdict.REFUTED),
        (exp(X**2 / 8), "2", Verdict.REFUTED),
        (exp(X**2) * tanh(X), "2", Verdict.UNKNOWN),
        (exp(X**3), "1", Verdict.UNKNOWN),
        (exp(5 * X) * X**7, "100", Verdict.PROVED),
    ],
)
def test_square_integrability(expr: sympy.Expr, variance: str, verdict: Verdict) -> None:
    v = arb(sympy.Rational(variance).p) / int(sympy.Rational(variance).q)
    assert gaussian_square_integrable(expr, v) is verdict
    if verdict is Verdict.PROVED:
        assert square_integrable(require_square_integrable(expr, v), v) is Verdict.PROVED
    else:
        with pytest.raises(SpecError):
            require_square_integrable(expr, v)


def test_refusals_say_what_and_what_to_try() -> None:
    with pytest.raises(
        SpecError, match=r"exp\(x\*\*2\) is not square-integrable at variance 2.*choose a smaller variance"
    ):
        require_square_integrable(exp(X**2), arb(2))
    with pytest.raises(SpecError, match="outgrows every Gaussian"):
        growth(exp(X**3))
    with pytest.raises(SpecError, match="may outgrow every Gaussian"):
        growth(exp(exp(X)))
    for undefined in (
        sympy.log(X),
        1 / X,
        sqrt(X),
        tanh(1 / X),
        sympy.tan(X),
        1 / (1 + sympy.sin(X)),
        sympy.log(X) * 0 + sympy.log(X**2),
    ):
        with pytest.raises(DerivationGap):
            growth(undefined)


def test_the_boundary_of_integrability_is_not_accepted() -> None:
    for shift in (0, 1e-9):
        assert square_integrable(Growth(arb(1), 0, arb(0), arb(0.25) * (1 + shift)), arb(1)) is not Verdict.PROVED
    assert square_integrable(Growth(arb(1), 0, arb(0), arb(0.25) * (1 - 1e-9)), arb(1)) is Verdict.PROVED
