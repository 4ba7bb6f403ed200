"""The constants of activations against an independent computation with mpmath at 40 digits.

A failure means that a certified supremum does not contain the true one, so that every bound of the two-layer theory
that uses it may be wrong; or that the enclosures became too slow to be computed for any activation a user types.
"""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
import sympy
from flint import arb

from certigram.numerics.balls.ball import Ball
from certigram.numerics.balls.precision import precision
from certigram.numerics.papers.two_layer_logistic.constants import activation_constants
from certigram.theory.activations.activation import activation
from certigram.theory.activations.functions import X, rewrite_elementary
from certigram.theory.activations.suprema import CLOSED_FORMS
from certigram.theory.verdict import Verdict

BUILT_IN = (
    "sigmoid", "tanh", "erf", "softplus", "normal_cdf", "sin", "cos", "atan", "gelu", "silu", "mish", "gaussian",
)  # fmt: skip
USER = (
    "tanh(2*x)/3 + x/5",
    "x*atan(x)/(1 + x**2)",
    "erf(x)*exp(-x**2/4)",
    "sin(x) + tanh(x)",
    "softplus(2*x) - softplus(x - 1)",
    "x*normal_cdf(3*x/2)",
    "log(1 + x**2)",
    "sqrt(1 + x**2) - 1",
)
NAMES = ("size", "slope", "bend", "third", "defect")
NOT_FINITE = {
    "softplus": {"size"},
    "gelu": {"size"},
    "silu": {"size"},
    "mish": {"size"},
    "sin": {"defect"},
    "cos": {"defect"},
    "tanh(2*x)/3 + x/5": {"size"},
    "sin(x) + tanh(x)": {"defect"},
    "softplus(2*x) - softplus(x - 1)": {"size"},
    "x*normal_cdf(3*x/2)": {"size"},
    "log(1 + x**2)": {"size", "defect"},
    "sqrt(1 + x**2) - 1": {"size"},
}
"""Suprema that are infinite."""
SLOW_LIMITS = {
    ("atan", "size"): lambda: mpmath.pi / 2,
    ("atan", "defect"): lambda: mpmath.pi / 2,
    ("sqrt(1 + x**2) - 1", "slope"): lambda: mpmath.mpf(1),
    ("sqrt(1 + x**2) - 1", "defect"): lambda: mpmath.mpf(1),
    ("sin(x) + tanh(x)", "size"): lambda: mpmath.mpf(2),
    ("sin(x) + tanh(x)", "third"): lambda: mpmath.mpf(3),
}
"""Suprema that are limits at infinity, or maxima of a function with a period, at which no point of a grid arrives."""


def _functions(text: str) -> dict[str, sympy.Expr]:
    sigma = rewrite_elementary(activation(text).expression)
    return {
        "size": sigma,
        "slope": sympy.diff(sigma, X),
        "bend": sympy.diff(sigma, X, 2),
        "third": sympy.diff(sigma, X, 3),
        "defect": sigma - X * sympy.diff(sigma, X),
    }


def _largest(expression: sympy.Expr) -> mpmath.mpf:
    """The largest |f| over a grid's local maxima, each refined by Newton's method, and far out."""
    f, slope = sympy.lambdify(X, expression, "mpmath"), sympy.lambdify(X, sympy.diff(expression, X), "mpmath")
    grid = np.linspace(-9, 9, 241)
    with mpmath.workdps(15):
        values = np.array([abs(float(f(mpmath.mpf(x)))) for x in grid])
    with mpmath.workdps(50):
        best = max(abs(f(mpmath.mpf(x))) for x in (-150, 150))
        peaks = [k for k in range(1, 240) if values[k] >= max(values[k - 1], values[k + 1])]
        for k in sorted(peaks, key=lambda k: -values[k])[:4]:
            best = max(best, abs(f(mpmath.mpf(grid[k]))))
            try:
                root = mpmath.findroot(slope, mpmath.mpf(grid[k]))
            except (ValueError, ZeroDivisionError):
                continue
            best = max(best, abs(f(root)))
        return best


@pytest.mark.parametrize("text", [*BUILT_IN, *USER])
def test_each_enclosure_contains_the_value_at_forty_digits(text: str) -> None:
    """Five suprema for each activation: inside the enclosure, whose width is near that of 128 bits."""
    constants = activation_constants(activation(text), 128)
    for name, expression in _functions(text).items():
        found = getattr(constants, name)
        if name in NOT_FINITE.get(text, set()):
            assert found.value is None, (text, name)
            continue
        assert found.value is not None, (text, name, found.reason)
        with mpmath.workdps(50):
            truth = SLOW_LIMITS[(text, name)]() if (text, name) in SLOW_LIMITS else _largest(expression)
            ball = Ball(found.enclosure)
            low, high = (mpmath.mpf(q.numerator) / q.denominator for q in (ball.lower, ball.upper))
            assert low - mpmath.mpf(10) ** -40 <= truth <= high + mpmath.mpf(10) ** -40, (text, name, truth, low, high)
            assert high - low <= mpmath.mpf(10) ** -36 * (1 + abs(truth)), (text, name)


@pytest.mark.parametrize("name", sorted(CLOSED_FORMS))
def test_closed_forms_are_not_what_is_enclosed(name: str) -> None:
    """The enclosure comes from range analysis alone; each closed form lies in it, a larger one does not."""
    constants = activation_constants(activation(name), 128)
    for attribute in NAMES:
        found = getattr(constants, attribute)
        if found.closed_form in (None, sympy.oo):
            continue
        assert found.enclosure is not None
        assert found.enclosure.overlaps(found.value)
        with precision(160):
            assert not found.enclosure.overlaps(found.value * (1 + arb(10) ** -20)), attribute


@pytest.mark.parametrize(
    ("text", "attribute", "digits"),
    [
        ("sigmoid", "bend", "0.09622504486493762741819146"),
        ("tanh", "bend", "0.7698003589195010193455317"),
        ("erf", "slope", "1.128379167095512573896159"),
        ("erf", "bend", "0.9678828980765733991913208"),
        ("erf", "third", "2.2567583341910251478"),
        ("gelu", "slope", "1.128904145185154786340744"),
        ("gelu", "bend", "0.7978845608028653558798921"),
        ("gelu", "third", "0.7787696350557322867"),
        ("gelu", "defect", "0.29352532634747979979"),
        ("silu", "defect", "0.4392"),
        ("softplus", "bend", "0.25"),
        ("tanh", "third", "2"),
        ("sigmoid", "third", "0.125"),
    ],
)
def test_table_of_constants(text: str, attribute: str, digits: str) -> None:
    """The published digits of the constants: the enclosure meets the interval that they stand for."""
    ball = Ball(getattr(activation_constants(activation(text)), attribute).value)
    places = len(digits.partition(".")[2])
    unit = sympy.Rational(1, 10**places) if places else sympy.Integer(0)
    stated = sympy.Rational(digits)
    assert sympy.Rational(ball.lower.numerator, ball.lower.denominator) <= stated + unit
    assert sympy.Rational(ball.upper.numerator, ball.upper.denominator) >= stated - unit


def test_scaled_softplus() -> None:
    """log(1 + exp(b x))/b has M_2 = b/4, M_3 = b^2/(6 sqrt 3), kappa = log 2/b, for b = 3."""
    c = activation_constants(activation("log(1+exp(3*x))/3"))
    if c.bend.value is None:  # written through the library's own softplus
        c = activation_constants(activation("softplus(3*x)/3"))
    assert c.bend.value is not None
    assert Ball(c.bend.value).contains("0.75")
    assert float(c.third.value) == pytest.approx(9 / (6 * 3**0.5), rel=1e-15)
    assert float(c.defect.value) == pytest.approx(float(mpmath.log(2)) / 3, rel=1e-15)


@pytest.mark.parametrize(("text", "order"), [("relu", 1), ("abs", 1), ("elu", 2), ("selu", 1), ("softsign", 2)])
def test_kinks_are_found(text: str, order: int) -> None:
    """Activations with a kink are proved not smooth, at the right derivative."""
    c = activation_constants(activation(text))
    assert c.smooth is Verdict.REFUTED
    assert f"order {order}" in c.smooth_reason
    assert c.slope.value is None


@pytest.mark.parametrize("text", ["x**2", "exp"])
def test_unbounded_slopes_are_proved_infinite(text: str) -> None:
    """The theorem does not apply there: M_1 is infinite."""
    c = activation_constants(activation(text))
    assert c.slope.finite is Verdict.REFUTED
