"""A failure here means that an expression is evaluated wrongly: a ball misses a value, or a box hides a pole or cut."""

from __future__ import annotations

import math
import random

import mpmath
import numpy as np
import pytest
import sympy
from flint import acb, arb, arb_series

from certigram.numerics.balls.precision import precision
from certigram.numerics.expressions.lowering import constant, lower_acb, lower_arb, lower_numpy, lower_series
from certigram.theory.activations.functions import X, normal_cdf, sigmoid, softplus
from certigram.theory.errors import DerivationGap

OWN = {
    "sigmoid": lambda t: 1 / (1 + mpmath.exp(-t)),
    "softplus": lambda t: mpmath.log1p(mpmath.exp(t)),
    "normal_cdf": mpmath.ncdf,
    "Heaviside": lambda t, h: mpmath.mpf(1) if t > 0 else mpmath.mpf(0) if t < 0 else mpmath.mpf(h),
}
SMOOTH = [
    sympy.exp(X), sympy.sin(X), sympy.cos(X), sympy.tan(X / 20), sympy.tanh(X), sympy.sinh(X), sympy.cosh(X),
    sympy.atan(X), sympy.asinh(X), sympy.erf(X), sympy.erfc(X), sigmoid(X), softplus(X), normal_cdf(X),
    sympy.log(2 + sympy.cos(X)), sympy.sqrt(1 + X**2), (1 + X**2) ** sympy.Rational(-2, 3), 1 / (3 + sympy.sin(X)),
    2**X, X**3 - 3 * X, X * normal_cdf(X), X * sympy.tanh(softplus(X)), sympy.exp(-(X**2) / 2) * X,
    sympy.sqrt(2) * X / (2 * sympy.sqrt(sympy.pi)) + sympy.E, softplus(sympy.sin(3 * X)) - sigmoid(X) ** 2,
]  # fmt: skip
KINKED = [
    sympy.Abs(X),
    sympy.Max(X, 0, X / 2),
    sympy.Min(X, 1),
    sympy.sign(X),
    sympy.Heaviside(X),
    sympy.Abs(X - 1) * X,
]


def reference(expr: sympy.Expr, t: float) -> arb:
    """The value by mpmath at 60 digits, widened by 40 digits."""
    with mpmath.workdps(60):
        value = sympy.lambdify(X, expr, [OWN, "mpmath"])(mpmath.mpf(t))
        text = mpmath.nstr(value, 50)
    with precision(300):
        ball = arb(text)
        return ball + arb(0, abs(ball) * arb("1e-40") + arb("1e-300"))


@pytest.mark.parametrize("expr", [*SMOOTH, *KINKED], ids=str)
def test_balls_and_series_contain_the_value_at_random_points(expr: sympy.Expr) -> None:
    rng = random.Random(str(expr))
    ball, series = lower_arb(expr), lower_series(expr)
    for _ in range(20):
        middle, radius = rng.uniform(-20, 20), 10 ** rng.uniform(-25, 1)
        inside = middle + radius * rng.uniform(-0.99, 0.99)
        for bits in (53, 128):
            with precision(bits):
                x = arb(middle, radius)
                for t in (middle, inside if x.contains(arb(inside)) else middle):
                    truth = reference(expr, t)
                    for found in (ball(x), series(arb_series([x, 1], prec=4))[0]):
                        assert not found.is_finite() or found.contains(truth) or found.overlaps(truth), (t, found)


@pytest.mark.parametrize("expr", SMOOTH, ids=str)
def test_boxes_contain_the_complex_value(expr: sympy.Expr) -> None:
    rng = random.Random(str(expr))
    box = lower_acb(expr)
    f = sympy.lambdify(X, expr, [OWN | {"normal_cdf": lambda z: mpmath.erfc(-z / mpmath.sqrt(2)) / 2}, "mpmath"])
    finite = 0
    for _ in range(20):
        middle = complex(rng.uniform(-6, 6), rng.uniform(-0.6, 0.6))
        radius = 10 ** rng.uniform(-20, -0.5)
        inside = middle + radius * complex(rng.uniform(-0.9, 0.9), rng.uniform(-0.9, 0.9))
        if not arb(middle.real, radius).contains(inside.real) or not arb(middle.imag, radius).contains(inside.imag):
            inside = middle  # the radius is below the spacing of floats
        with mpmath.workdps(40):
            value = mpmath.mpmathify(f(mpmath.mpc(inside)))
            parts = [mpmath.nstr(p, 35) for p in (value.real, value.imag)]
        with precision(128):
            found = box(acb(arb(middle.real, radius), arb(middle.imag, radius)))
            truth = [arb(p) + arb(0, 1e-28) * (1 + abs(arb(p))) for p in parts]
            if found.is_finite():
                finite += 1
                assert found.real.overlaps(truth[0]), (inside, found)
                assert found.imag.overlaps(truth[1]), (inside, found)
    assert finite >= 10


def test_taylor_coefficients_are_derivatives() -> None:
    for expr in SMOOTH:
        with precision(200):
            coefficients = lower_series(expr)(arb_series([arb(0.3), 1], prec=6))
            for k in range(1, 6):
                exact = lower_arb(sympy.diff(expr, X, k))(arb(0.3)) / math.factorial(k)
                assert coefficients[k].overlaps(exact), (expr, k)
                assert coefficients[k].rad() < 1e-40


def test_long_series_agree_with_short_recursions() -> None:
    with precision(256):
        u = arb_series([arb("0.7"), 1, arb("0.25")], prec=40)
        for expr in (sympy.tanh(X), sigmoid(X), softplus(X)):
            long = lower_series(expr)(u)
            short = lower_series(expr)(arb_series([arb("0.7"), 1, arb("0.25")], prec=8))
            for k in range(8):
                assert long[k].overlaps(short[k])
                assert long[k].rad() < 1e-60


@pytest.mark.parametrize(
    ("expr", "real", "imag"),
    [
        (1 / X, (0, 1), (0, 1)),
        (1 / (1 + X**2), (0, 0.5), (1, 0.5)),
        (sympy.log(X), (-1, 0.5), (0, 0.1)),
        (sympy.sqrt(X), (-2, 0.1), (0, 1e-30)),
        (X ** sympy.Rational(1, 3), (-2, 0.1), (0.05, 0.1)),
        (sympy.atan(X), (0, 0.1), (1, 0.1)),
        (sympy.atan(X), (0, 1e-20), (3, 0.1)),
        (sympy.atan(X), (0, 50), (-1.5, 0.1)),
        (sympy.asinh(X), (0, 0.1), (1.2, 0.1)),
        (sympy.asinh(X), (0, 40), (1.2, 0.1)),
        (sympy.tanh(X), (0, 0.2), (math.pi / 2, 0.1)),
        (sympy.tanh(X), (0, 40), (math.pi / 2, 0.01)),
        (sympy.tanh(X), (0, 40), (0, 2)),
        (sympy.tan(X), (math.pi / 2, 0.1), (0, 0.1)),
        (sigmoid(X), (0, 0.2), (math.pi, 0.1)),
        (sigmoid(X), (0, 40), (-math.pi, 0.1)),
        (softplus(X), (0, 0.2), (math.pi, 0.1)),
        (softplus(X), (0.1, 0.2), (3 * math.pi, 0.1)),
        (softplus(X), (10, 20), (3.2, 0.1)),
        (softplus(X), (0, 1), (2 * math.pi, 0.1)),
        (sympy.log(1 + sympy.exp(X)), (5, 0.2), (math.pi, 0.1)),
        (X * sympy.tanh(softplus(X)), (0, 0.1), (math.pi, 0.2)),
        (sympy.sqrt(1 + X**2), (0, 1), (1.2, 0.1)),
        (sympy.tanh(1 / X), (0, 1), (0, 0.1)),
    ],
)
def test_boxes_that_meet_a_pole_or_a_cut_are_not_finite(
    expr: sympy.Expr, real: tuple[float, float], imag: tuple[float, float]
) -> None:
    for bits in (53, 128):
        with precision(bits):
            assert not lower_acb(expr)(acb(arb(*real), arb(*imag))).is_finite()


@pytest.mark.parametrize(("x", "y"), [(5, math.pi), (0.5, 9.5), (30, -40), (2, 3.2)])
def test_softplus_is_continued_from_the_positive_axis(x: float, y: float) -> None:
    """To the right of 0 it is z + log(1 + exp(-z)) at every height, the principal logarithm of a number near 1."""
    z = mpmath.mpc(x, y)
    expected = z + mpmath.log(1 + mpmath.exp(-z))
    for radius in (0.0, 0.25):
        found = lower_acb(softplus(X))(acb(arb(x, radius), arb(y, radius)))
        assert abs(complex(found.mid()) - complex(expected)) <= 2 * radius + 1e-12
        assert found.real.overlaps(arb(float(expected.real), 1e-12))
        assert found.imag.overlaps(arb(float(expected.imag), 1e-12))


@pytest.mark.parametrize("expr", [sympy.tanh(X), sigmoid(X), softplus(X), sympy.asinh(X), normal_cdf(X)], ids=str)
def test_wide_boxes_inside_the_strip_of_analyticity_stay_finite(expr: sympy.Expr) -> None:
    found = lower_acb(expr)(acb(arb(0, 40), arb(0.25, 0.25)))
    assert found.is_finite()
    assert found.real.abs_upper() < 10_000


@pytest.mark.parametrize("expr", KINKED, ids=str)
def test_kinks_are_refused_in_the_complex_plane(expr: sympy.Expr) -> None:
    with pytest.raises(DerivationGap, match="resolve the kinks into pieces first"):
        lower_acb(expr)


def test_wide_and_huge_arguments_saturate() -> None:
    wide, big = arb(0, 40), arb(10) ** 6
    for expr, low, high in ((sympy.tanh(X), -1, 1), (sigmoid(X), 0, 1), (sympy.erf(X), -1, 1), (normal_cdf(X), 0, 1)):
        f = lower_arb(expr)
        assert f(wide).lower() > low - 1e-6
        assert f(wide).upper() < high + 1e-6
        assert abs(f(big) - high) < 1e-12
        assert abs(f(-big) - low) < 1e-12
    f = lower_arb(softplus(X))
    assert abs(f(big) - big) < 1e-6
    assert 0 < f(-big) < 1e-300
    assert f(wide).upper() < 40.001


def test_nothing_undefined_becomes_finite() -> None:
    for expr, x in (
        (sympy.log(X), arb(0, 1)),
        (sympy.sqrt(X), arb(0, 1)),
        (1 / X, arb(0, 1)),
        (sympy.tanh(sympy.log(X)), arb(-2)),
        (sympy.erf(1 / X), arb(0, 1)),
        (sigmoid(sympy.sqrt(X)), arb(-1)),
        (X ** sympy.Rational(1, 3), arb(-1)),
    ):
        assert not lower_arb(expr)(x).is_finite(), expr


def test_constants_follow_the_precision_of_the_call() -> None:
    f = lower_arb(X + sympy.pi + sympy.sqrt(2) / 3)
    with precision(53):
        coarse = f(arb(0))
    with precision(1000):
        fine = f(arb(0))
    with precision(53):
        again = f(arb(0))
    assert fine.rad() < arb(10) ** -290
    assert coarse.rad() > 1e-17
    assert coarse.contains(fine)
    assert again.rad() == coarse.rad()


def test_unknown_nodes_are_named() -> None:
    with pytest.raises(DerivationGap, match="besselj"):
        lower_arb(sympy.besselj(0, X))
    with pytest.raises(DerivationGap, match="zeta"):
        lower_arb(X + sympy.zeta(3))
    with pytest.raises(DerivationGap, match="unknowns"):
        lower_arb(X + sympy.Symbol("y"))


def test_constants_agree_with_mpmath() -> None:
    with precision(128), mpmath.workdps(40):
        for expr, value in (
            (sympy.sqrt(2) / sympy.pi, mpmath.sqrt(2) / mpmath.pi),
            (
                sympy.exp(-1) / sympy.sqrt(sympy.pi) + sympy.erf(1) / 2,
                mpmath.exp(-1) / mpmath.sqrt(mpmath.pi) + mpmath.erf(1) / 2,
            ),
            (sigmoid(sympy.Rational(1, 3)), 1 / (1 + mpmath.exp(-mpmath.mpf(1) / 3))),
            (sympy.Max(1, sympy.sqrt(3)), mpmath.sqrt(3)),
            (2 ** sympy.sqrt(2), 2 ** mpmath.sqrt(2)),
        ):
            assert constant(expr).overlaps(arb(mpmath.nstr(value, 39)) + arb(0, 1e-36))
            assert constant(expr).rad() < 1e-36


@pytest.mark.parametrize("expr", [*SMOOTH, *KINKED, sympy.Integer(3)], ids=str)
def test_float_arrays_are_accurate_and_keep_their_type(expr: sympy.Expr) -> None:
    f = lower_numpy(expr)
    points = np.linspace(-9.5, 9.5, 39)
    values = f(points)
    scale = 1 + max(abs(values))
    for t, value in zip(points, values, strict=True):
        assert abs(float(reference(expr, float(t))) - value) <= 1e-13 * (abs(value) + 1e-3 * scale)
    single = f(points.astype(np.float32))
    assert single.dtype == np.float32
    assert single.shape == points.shape
    assert np.allclose(single, values, rtol=2e-4, atol=1e-4 * scale)


def test_float_arrays_do_not_overflow() -> None:
    points = np.array([-1e6, 1e6])
    for expr, expected in ((sigmoid(X), [0, 1]), (softplus(X), [0, 1e6]), (normal_cdf(X), [0, 1])):
        assert lower_numpy(expr)(points).tolist() == expected
