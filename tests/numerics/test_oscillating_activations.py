"""A failure here means that an oscillating activation has a wrong or a needlessly wide Lipschitz constant."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
import sympy
from flint import arb

import certigram as cg
from certigram.numerics.balls.precision import precision
from certigram.numerics.expressions.lowering import constant, lower_numpy
from certigram.numerics.expressions.range import infimum, supremum
from certigram.numerics.expressions.regularity import lipschitz_by_range, regularity
from certigram.numerics.papers.deep_equilibrium.population.contraction import contraction_squared
from certigram.numerics.papers.deep_equilibrium.population.variance import variance_fixed_point
from certigram.theory.activations.activation import activation
from certigram.theory.activations.functions import X
from certigram.theory.activations.periodicity import independent, oscillating_terms, period, periodic_parts
from certigram.theory.errors import DerivationGap, PrecisionExhausted, SpecError

BITS = 128
TIGHT = arb(10) ** -30
ROOT = sympy.sqrt


def _slope(text: str, bits: int = BITS) -> arb | None:
    """The enclosure of sup|phi'|, by range analysis alone."""
    with precision(bits):
        return lipschitz_by_range(activation(text), 1, bits).value


def _encloses(value: arb | None, exact: sympy.Expr, width: arb = TIGHT) -> bool:
    assert value is not None
    with precision(200):
        return bool(value.overlaps(constant(sympy.sympify(exact))) and value.rad() < width)


@pytest.mark.parametrize(
    ("text", "exact"),
    [
        ("sin(x)**3", 2 / ROOT(3)),
        ("cos(x)**3", 2 / ROOT(3)),
        ("sin(x)**4", 3 * ROOT(3) / 4),  # sup of 4 s^3 c
        ("x + sin(x)**2", 2),
        ("sin(x)*sin(2*x)", 2),  # -2 at pi: sin' sin + sin sin'
        ("sin(pi*x)**2", sympy.pi),
        ("cos(x)**2/2 + x", sympy.Rational(3, 2)),
        ("exp(sin(x))", sympy.exp((ROOT(5) - 1) / 2) * ROOT((ROOT(5) - 1) / 2)),  # cos^2 = sin at the best point
        ("log(2 + cos(x))", 1 / ROOT(3)),
        ("sin(x) + sin(sqrt(2)*x)", 1 + ROOT(2)),
        ("sin(x)*sin(sqrt(2)*x)", ROOT(2)),
        ("sin(tanh(x))", 1),
        ("tanh(x)*cos(x)", 1),
        ("tanh(x)*sin(x)**3", 2 / ROOT(3)),  # not attained: the limit of the slopes
        ("softplus(sin(x) - x)", 2),
        ("exp(-x**2)*sin(5*x)", 5),
        ("sin(x + abs(x))", 2),
    ],
)
def test_lipschitz_constants(text: str, exact: sympy.Expr) -> None:
    assert _encloses(_slope(text), exact)


def test_a_slightly_wrong_constant_is_excluded() -> None:
    found = _slope("sin(x)**3")
    assert not _encloses(found, 2 / ROOT(3) + sympy.Rational(1, 10**28), arb(1))


def test_an_oscillation_that_decays_slowly_or_mixes_frequencies_is_still_bounded() -> None:
    for text, low, high in (("atan(x)*sin(x)", 1.57, 1.58), ("sin(x)*sin(sqrt(2)*x)*cos(pi*x)", 3.0, 3.15)):
        found = _slope(text, 32)
        assert found is not None
        assert low < float(found.lower()) <= float(found.upper()) < high


@pytest.mark.parametrize("text", ["x*sin(x)", "sin(x**2)", "sin(exp(x))", "x**2*cos(x)", "exp(x)*sin(x)"])
def test_no_constant_is_invented_for_growing_oscillations(text: str) -> None:
    """An oscillation times something that grows, or of growing frequency, has no period and no bounded slope."""
    assert period(activation(text).expression) is None
    assert periodic_parts(activation(text).expression) is None
    assert _slope(text, 32) is None


def test_periods() -> None:
    s, c = sympy.sin, sympy.cos
    assert period(s(X) * c(sympy.Rational(2, 3) * X)) == 6 * sympy.pi
    assert period(s(sympy.pi * X)) == 2
    assert period(c(s(X))) == 2 * sympy.pi
    assert period(s(X) + X / 10**9) is None
    assert period(s(X) + s(ROOT(2) * X)) is None
    assert period(s(ROOT(8) * X) + s(ROOT(2) * X)) == ROOT(2) * sympy.pi
    assert not independent((s(X), s(ROOT(2) * X), s(sympy.pi * X)))
    assert oscillating_terms(1 / (2 + s(X))) is None


PARTS = [
    "sin(x)",
    "cos(2*x)",
    "sin(3*x/2 + 1)",
    "cos(sqrt(2)*x)",
    "tanh(x)",
    "1/(1 + x**2)",
    "exp(-x**2)",
    "sigmoid(x)",
    "2",
    "x",
]
WRAPPED = ["({})", "({})**2", "tanh({})", "sin({})", "({})**3"]


def test_random_oscillations_stay_inside_their_enclosures() -> None:
    rng = random.Random(4)
    points = np.concatenate([np.linspace(-40.0, 40.0, 20001), np.linspace(-2000.0, 2000.0, 50001)])
    finite = 0
    for _ in range(16):
        a, b, c = (rng.choice(PARTS) for _ in range(3))
        first, second = rng.choices("+-*", k=2)
        text = rng.choice(WRAPPED).format(f"({a}){first}({b})") + f"{second}({c})"
        expression = activation(text).expression
        if not expression.has(X):
            continue
        try:
            top, bottom = supremum(expression, bits=24, budget=120), infimum(expression, bits=24, budget=120)
        except DerivationGap:  # x times an oscillation
            continue
        values = lower_numpy(expression)(points)
        finite += top.upper.is_finite()
        assert top.unbounded or values.max() <= float(top.upper) + 1e-9 * max(1.0, abs(values.max())), text
        assert bottom.unbounded or -values.min() <= float(bottom.upper) + 1e-9 * max(1.0, abs(values.min())), text
        assert top.lower <= top.upper
    assert finite >= 8


@pytest.mark.parametrize(
    ("text", "sigma_w2", "variance"),
    [("sin(x)**3", "1/64", "0.304076187691"), ("cos(x)**3", "1/64", None), ("sin(x)**4", "1/64", None)],
)
def test_the_equilibrium_of_powers_of_sines(text: str, sigma_w2: str, variance: str | None) -> None:
    """Inputs of norm sqrt(d), so that a pre-activation has variance 2 + 2 sigma_w^2 K."""
    gram = cg.population_gram("deq-general", [[1.0, 0.0], [0.0, 1.0]], activation=text, sigma_w2=sigma_w2)
    found = cg.least_eigenvalue(gram)
    assert 0 < found.lower <= found.upper < found.lower * (1 + 1e-5)
    if variance is not None:
        assert abs(gram.ball(0, 0).arb - arb(variance)) < 1e-12


def test_the_variance_solves_its_equation_in_plain_floats() -> None:
    """E sin^6 is elementary: the fixed point is that of s = 2 + 2 sigma_w^2 E sin^6."""
    weight, s = 1 / 64, 2.0
    for _ in range(16):
        e = [np.exp(-(k**2) * s / 2) for k in (2, 4, 6)]
        q = (10 - 15 * e[0] + 6 * e[1] - e[2]) / 32
        s = 2 + 2 * weight * q
    found = variance_fixed_point(
        activation("sin(x)**3"), Fraction(1, 64), 96, lipschitz=regularity(activation("sin(x)**3"), 96).lipschitz
    )
    assert abs(float(found.q) - q) < 1e-14


def test_the_edge_of_the_range_of_a_shifted_square() -> None:
    with pytest.raises(SpecError, match=r"sigma_w2 < 1/\(2 L\^2\) = (1/8|0.12500000) of x"):
        contraction_squared("x + sin(x)**2", Fraction(1, 7), regularity(activation("x + sin(x)**2"), BITS).lipschitz)
    assert contraction_squared("x", Fraction(1, 9), regularity(activation("x + sin(x)**2"), BITS).lipschitz) < 1


def test_a_wide_enclosure_of_the_slope_gives_numbers_and_an_honest_sentence() -> None:
    """Its square dips below 0 as a ball; neither NaN nor an end of the range of 0 may come of it."""
    wide = arb(2.075, 0.925)  # [1.15, 3]
    with precision(BITS):
        squared = contraction_squared("f", Fraction(1, 64), wide)
        assert squared >= 0
        assert squared < 1
        assert squared.sqrt().is_finite()
        with pytest.raises(
            PrecisionExhausted, match=r"\(between 0.05555\d+ and 0.37807\d+\).*only between 1.1(5|4999) and 3.0"
        ):
            contraction_squared("f", Fraction(1, 16), wide)
        with pytest.raises(SpecError, match=r"outside the contraction range sigma_w2 < 1/\(2 L\^2\) \(between"):
            contraction_squared("f", Fraction(1), wide)
        with pytest.raises(PrecisionExhausted, match=r"at least 0\.0555"):
            contraction_squared("f", Fraction(1, 16), arb(1.5, 1.5))
        found = variance_fixed_point(activation("sin(x)**3"), Fraction(1, 64), BITS, lipschitz=wide)
        assert abs(found.q - arb("0.304076187691")) < 1e-12
