"""A failure here means that a supremum, an infimum or a tail bound was enclosed wrongly."""

from __future__ import annotations

import random

import mpmath
import pytest
import sympy
from flint import arb

from certigram.numerics.balls.precision import precision
from certigram.numerics.expressions.asymptotic import Envelope, TooEarly
from certigram.numerics.expressions.asymptotic_rules import asymptotic
from certigram.numerics.expressions.interval import Interval, natural_range
from certigram.numerics.expressions.lowering import constant, lower_arb
from certigram.numerics.expressions.range import infimum, supremum, supremum_of_absolute_value
from certigram.theory.activations.functions import X, normal_cdf, sigmoid, softplus
from certigram.theory.errors import DerivationGap

sqrt, exp, pi, tanh = sympy.sqrt, sympy.exp, sympy.pi, sympy.tanh

KNOWN = [
    (tanh(X), sympy.Integer(1)),
    (1 - tanh(X) ** 2, sympy.Integer(1)),
    (sympy.diff(tanh(X), X, 2), 4 / (3 * sqrt(3))),
    (sympy.diff(sympy.erf(X), X, 2), 2 * sqrt(2 / (pi * sympy.E))),
    (sympy.diff(sigmoid(X), X, 2), 1 / (6 * sqrt(3))),
    (sigmoid(X), sympy.Integer(1)),
    (sympy.diff(sympy.atan(X), X, 2), 3 * sqrt(3) / 8),
    (sympy.diff(X * normal_cdf(X), X), (1 + sympy.erf(1)) / 2 + exp(-1) / sqrt(pi)),
    (sympy.diff(X * normal_cdf(X), X, 2), sqrt(2 / pi)),
    (X * exp(-(X**2) / 2), exp(-sympy.Rational(1, 2))),
    (X / sqrt(1 + X**2), sympy.Integer(1)),
    (exp(X) / (1 + exp(X)), sympy.Integer(1)),
    (1 / (X**2 - X + 1), sympy.Rational(4, 3)),
    (-((X - 5) ** 2) - 1, sympy.Integer(-1)),
    (X**3 * exp(-(X**4)), (sympy.Rational(3, 4)) ** sympy.Rational(3, 4) * exp(-sympy.Rational(3, 4))),
    (exp(X - exp(X)), exp(-1)),
    (sympy.cos(3 * X) + 2, sympy.Integer(3)),
]


@pytest.mark.parametrize(("expr", "truth"), KNOWN, ids=lambda e: str(e))
@pytest.mark.parametrize("bits", [40, 64, 128])
def test_known_suprema(expr: sympy.Expr, truth: sympy.Expr, bits: int) -> None:
    found = supremum(expr, bits=bits)
    with precision(256):
        exact = constant(truth)
        assert found.lower <= exact.upper()
        assert found.upper >= exact.lower()
        assert found.upper - found.lower <= abs(exact) * arb(2) ** (2 - bits)


def test_suprema_on_intervals_and_half_lines() -> None:
    third = sympy.Rational(1, 3)
    cases = [
        (X**2, -third, third, sympy.Rational(1, 9)),
        (X / (1 + X), sympy.Integer(0), sympy.oo, sympy.Integer(1)),
        (X * exp(-X), sympy.Integer(2), sympy.oo, 2 * exp(-2)),
        (exp(X), -sympy.oo, third, exp(third)),
        (sympy.log(X), third, sympy.E, sympy.Integer(1)),
        (1 / X, third, sympy.oo, sympy.Integer(3)),
    ]
    with precision(128):
        for expr, lo, hi, truth in cases:
            found = supremum(expr, lo, hi, bits=90).ball
            assert found is not None
            assert found.overlaps(constant(truth)), expr
            assert found.rad() < 1e-25, expr


def test_infimum_is_the_supremum_of_the_negative() -> None:
    with precision(128):
        silu = X * sigmoid(X)
        low = infimum(silu, bits=100).ball
        with mpmath.workdps(50):
            t = mpmath.findroot(lambda z: 1 + mpmath.exp(-z) + z * mpmath.exp(-z), -1.278)
            value = -t / (1 + mpmath.exp(-t))
        assert low is not None
        assert low.overlaps(arb(mpmath.nstr(value, 45)) + arb(0, 1e-40))
        assert supremum(silu).unbounded


def test_suprema_are_never_below_sampled_values() -> None:
    rng = random.Random(3)
    smooth = [tanh(X), sigmoid(X), exp(-(X**2)), sympy.sin(X), sympy.atan(X), 1 / (1 + X**2), normal_cdf(X)]
    atoms = [*smooth, X * exp(-(X**2) / 3)]
    for _ in range(25):
        a, b, c = (rng.choice(atoms) for _ in range(3))
        shift, scale = sympy.Rational(rng.randint(-8, 8), 4), sympy.Rational(rng.randint(1, 8), 4)
        expr = a * b.xreplace({X: scale * X + shift}) + rng.randint(-3, 3) * c
        found = supremum_of_absolute_value(expr, bits=40)
        f = lower_arb(expr)
        best = max(abs(f(arb(rng.uniform(-1, 1) * 10 ** rng.uniform(-2, 2)))).lower() for _ in range(300))
        assert found.upper >= best, expr
        assert found.lower <= found.upper


def test_divergence_is_proved_and_not_guessed() -> None:
    for expr in (X, X**3, softplus(X), X * tanh(X), exp(X) * X, sqrt(1 + X**2)):
        assert supremum_of_absolute_value(expr).unbounded, expr
    for expr in (sympy.sin(X**2) * X, X * sympy.cos(X), exp(X) / (1 + X**2)):
        with pytest.raises(DerivationGap):
            supremum(expr)


def test_a_budget_too_small_gives_a_wide_but_true_enclosure() -> None:
    expr = sympy.sin(X) * exp(-(X**2) / 50) * sympy.cos(7 * X)
    rough, fine = supremum(expr, bits=60, budget=5), supremum(expr, bits=60)
    assert rough.lower <= fine.upper
    assert rough.upper >= fine.lower
    assert rough.upper - rough.lower > fine.upper - fine.lower


def test_suprema_that_are_not_attained_on_a_quasiperiodic_function_stay_honest() -> None:
    found = supremum(sympy.sin(X) + sympy.sin(sqrt(2) * X))
    assert found.upper >= 2
    assert found.lower <= 2


FORMS = [
    tanh(X), tanh(-X), 1 - tanh(X) ** 2, X * (1 - tanh(X) ** 2), sigmoid(X), sigmoid(-X), softplus(X), softplus(-X),
    X * normal_cdf(X), X * normal_cdf(-X), X * tanh(softplus(X)), X * tanh(softplus(-X)), sympy.atan(X), X / (1 + X),
    X / sqrt(1 + X**2), sqrt(1 + X**2), (X**3 + 1) / (X**2 - X + 1), sympy.log(1 + exp(X)), sympy.log(sympy.cosh(X)),
    exp(-exp(X)), exp(X) * exp(-exp(X)), exp(-(X**4) + X**3), tanh(X**3), X * sympy.erfc(X), sympy.erf(X**2 - X),
    exp(X) / (1 + exp(X)), exp(1 / (1 + X**2)), sympy.sin(1 / (1 + X)), sympy.sinh(X) / sympy.cosh(X), 2 ** (-X),
    (1 + X**2) ** sympy.Rational(1, 3) / (1 + X**2), sympy.asinh(X) * exp(-X), sympy.log(2 + X**2) / (1 + X**2),
    1 / sigmoid(X), softplus(1 / (1 + X**2)), sigmoid(-exp(X)), X**2 * exp(-X) - 3 * exp(-2 * X),
]  # fmt: skip


@pytest.mark.parametrize("expr", FORMS, ids=str)
def test_asymptotic_forms_enclose_the_function(expr: sympy.Expr) -> None:
    with precision(200):
        f = lower_arb(expr)
        for start in (1, 2, 4, 8, 16, 32):
            try:
                form = asymptotic(expr, arb(start))
            except TooEarly:
                continue
            for t in (start, start * 1.001, start + 0.5, start * 1.5, start * 2.25, start * 5):
                x = arb(t)
                main = sum((constant(c) * x**k for k, c in enumerate(form.polynomial)), arb(0))
                weight = (constant(form.rate) * x + constant(form.quadratic) * x**2).exp()
                bound = form.remainder
                radius = (
                    bound.constant
                    * x**bound.degree
                    * (constant(bound.rate) * x + constant(bound.quadratic) * x**2).exp()
                    * (1 + arb(10) ** -40)
                )
                rest = f(x) / weight - main
                assert rest.lower() <= radius.upper(), (start, t)
                assert rest.upper() >= -radius.upper(), (start, t)
                if bound.sign and not bound.zero:
                    assert not bound.sign * rest < 0, (start, t)
            return
        pytest.fail("no start was late enough")


def test_envelopes_of_sums_refuse_to_start_too_early() -> None:
    rising = Envelope(arb(1), 5, sympy.Integer(-1))
    with pytest.raises(TooEarly):
        rising.supremum(arb(2))
    assert rising.supremum(arb(8)) >= arb(8) ** 5 * arb(-8).exp()
    with pytest.raises(DerivationGap):
        Envelope(arb(1), 1).supremum(arb(8))


def test_natural_ranges() -> None:
    assert natural_range(1 + X**2).lo == 1
    assert natural_range(2 + sympy.cos(X)).lo == 1
    assert natural_range(X * tanh(X), Interval(arb(1), arb(2))).hi <= 2
    for expr in (1 / X, sympy.log(X), sqrt(X), tanh(1 / X), 1 / (1 + sympy.sin(X)), sympy.tan(X)):
        with pytest.raises(DerivationGap):
            natural_range(expr)


def test_range_of_the_logistic_function() -> None:
    low, high = -infimum(sigmoid(X)).upper, supremum(sigmoid(X)).upper
    assert low <= 0
    assert low > -1e-15
    assert high >= 1
    assert high < 1 + 1e-15
