"""A failure here means that a kernel known as a power series was evaluated, combined or rounded outside its bounds."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, fmpq

from certigram.numerics.balls.ball import enclose, exact
from certigram.numerics.balls.precision import precision
from certigram.numerics.kernels.series import DotProductSeries

POINTS = [Fraction(p, 16) for p in range(-16, 17)]


def geometric(order: int) -> DotProductSeries:
    """1/(2 − t) = Σ 2^{−r−1} t^r."""
    return DotProductSeries(tuple(arb((1, -r - 1)) for r in range(order + 1)), arb(1))


def exponential(order: int) -> DotProductSeries:
    """e^{t−1} = Σ t^r / (e r!)."""
    return DotProductSeries(tuple((-arb(1)).exp() / arb(r).fac() for r in range(order + 1)), arb(1))


def ball(x: Fraction) -> arb:
    return arb(fmpq(x.numerator, x.denominator))


@pytest.mark.parametrize("order", [0, 1, 2, 5, 30])
@pytest.mark.parametrize("t", POINTS)
def test_values_lie_inside(order: int, t: Fraction) -> None:
    with precision(200):
        assert geometric(order)(ball(t)).contains(1 / ball(2 - t))
        assert exponential(order)(ball(t)).overlaps((ball(t) - 1).exp())


@pytest.mark.parametrize("order", [0, 1, 4, 5])
def test_tail_knows_its_sign(order: int) -> None:
    series = geometric(order)
    tail = series.tail_at(arb("0.75"))
    assert tail.lower() >= -tail.upper() * arb((1, -28))
    for t in (Fraction(-3, 4), Fraction(3, 4)):
        true = 1 / (2 - t) - sum(Fraction(1, 2 ** (r + 1)) * t**r for r in range(order + 1))
        assert series.tail_at(ball(t)).contains(ball(true))
        assert abs(true) <= exact(series.tail_at(ball(t)).abs_upper()) <= abs(t) ** (order + 1) / 2 ** (order + 1) * 2


def test_wide_balls_contain_all_their_points() -> None:
    series = geometric(6)
    value = series(arb(0, "0.5"))
    for t in (Fraction(-1, 2), Fraction(-1, 10), Fraction(0), Fraction(1, 3), Fraction(1, 2)):
        assert value.contains(ball(1 / (2 - t)))


@pytest.mark.parametrize("x", [Fraction(0), Fraction(1, 100), Fraction(1, 3), Fraction(9, 10)])
@pytest.mark.parametrize("order", [0, 3, 12])
def test_recentre_encloses_every_taylor_coefficient(order: int, x: Fraction) -> None:
    """1/(2 − t) has Taylor coefficients 1/(2 − x)^{k+1} at x."""
    with precision(128):
        for k, coefficient in enumerate(geometric(order).recentre(ball(x), 20)):
            assert coefficient.contains(ball(1 / (2 - x) ** (k + 1))), k
            if x == 0 and k <= order:
                assert coefficient.is_exact()


def test_recentre_is_sharp_when_the_tail_is_one_monomial() -> None:
    """For g = t^7 stored to order 2, the bound of coefficient k at x is attained by the worst monomial."""
    with precision(100):
        series = DotProductSeries((arb(0), arb(0), arb(0)), arb(1))
        x = Fraction(7, 10)
        for k, coefficient in enumerate(series.recentre(ball(x), 9)):
            worst = max(math.comb(r, k) * x ** (r - k) for r in range(max(3, k), 200))
            assert coefficient.contains(ball(worst))
            assert exact(coefficient.upper()) <= worst * (1 + Fraction(1, 10**6))


def test_derivative() -> None:
    with precision(100):
        for t in (Fraction(-9, 10), Fraction(-1, 3), Fraction(0), Fraction(1, 2), Fraction(99, 100)):
            assert geometric(8).derivative(ball(t)).contains(ball(1 / (2 - t) ** 2))
        assert geometric(40).derivative(arb("0.5")).upper() >= enclose("0.44444")
    with pytest.raises(ValueError, match="is not proved"):
        geometric(3).derivative(arb(1))


def test_algebra() -> None:
    with precision(128):
        g, h, t = geometric(12), exponential(9), ball(Fraction(-5, 7))
        g_t, h_t = 1 / (2 - t), (t - 1).exp()
        assert (g + h)(t).overlaps(g_t + h_t)
        assert (g + h).mass.contains(2)
        assert (g * h)(t).overlaps(g_t * h_t)
        assert (g * h).order == 9
        assert g.scale(arb(3))(t).contains(3 * g_t)
        assert g.compose(h)(t).overlaps(1 / (2 - h_t))
        assert h.compose(g)(t).overlaps((g_t - 1).exp())
        assert g.truncate(2)(t).contains(g_t)
        assert g.truncate(2).mass.contains(1)


def test_composition_coefficients_are_exact_order_by_order() -> None:
    """g(t²) for g = 1/(2 − t): coefficient 2r is 2^{−r−1}, odd ones vanish; with a constant term inside the exact
    coefficients of 1/(2 − (1 + t)/2) = 2/(3 − t) are 2/3^{r+1}."""
    square = DotProductSeries((arb(0), arb(0), arb(1)), arb(1))
    composed = geometric(10).compose(square)
    assert [str(b) for b in composed.coefficients[1::2]] == ["0"] * 5
    assert all(b.contains(arb((1, -r - 1))) for r, b in enumerate(composed.coefficients[0::2]))
    with precision(128):
        shifted = geometric(100).compose(DotProductSeries((arb("0.5"), arb("0.5")), arb(1)))
        for r in range(20):
            assert shifted.coefficients[r].contains(ball(Fraction(2, 3 ** (r + 1))))
            assert shifted.coefficients[r].rad() < 1e-15


def test_polynomials_keep_every_order() -> None:
    p = DotProductSeries((arb(0), arb("0.5"), arb("0.5")), arb(1))
    assert p.tail.is_zero()
    assert (p * p).order == 4
    assert (p * p).tail.is_zero()
    assert p.compose(p).order == 4
    assert (p + geometric(6)).order == 6


@pytest.mark.parametrize("t", [-1.0, -0.7, 0.0, 0.3, 1.0])
def test_float_series_keeps_its_promise(t: float) -> None:
    """The inequality that to_float states, checked with exact rationals."""
    with precision(200):
        coefficients = tuple(arb(fmpq(1, 3 ** (r + 1))) * 2 for r in range(21))
        series = DotProductSeries(coefficients, arb(1)).to_float()
    x = Fraction(t)
    value = sum((Fraction(c) * x**r for r, c in enumerate(series.coefficients.tolist())), Fraction(0))
    assert abs(2 / (3 - x) - value) <= Fraction(series.radius) + abs(x) ** 21 * Fraction(series.tail)
    assert 0 < series.radius < 1e-15
    assert (series.coefficients >= 0).all()
    assert series.coefficients.dtype == np.float64
    with pytest.raises(ValueError, match="read-only"):
        series.coefficients[0] = 1.0


def test_float_radius_counts_the_radii() -> None:
    series = DotProductSeries((arb("0.5", "1e-3"), arb("0.25", "1e-4")), arb(1)).to_float()
    assert 1.1e-3 <= series.radius < 1.1001e-3
    assert series.tail >= 0.25 + 1.1e-3


def test_refuses_what_is_proved_false() -> None:
    with pytest.raises(ValueError, match="proved negative"):
        DotProductSeries((arb(1), arb(-1, "0.5")), arb(1))
    with pytest.raises(ValueError, match="proved smaller"):
        DotProductSeries((arb("0.5"), arb("0.5")), arb(1) - arb((1, -40)))
    with pytest.raises(ValueError, match="not finite"):
        DotProductSeries((arb("nan"),), arb(1))
    with pytest.raises(ValueError, match="evaluated on"):
        geometric(3)(arb("1.001"))
    with pytest.raises(ValueError, match="mass at most 1"):
        geometric(3).compose(DotProductSeries((arb(0), arb("1.25")), arb("1.25")))
    with pytest.raises(ValueError, match="non-negative number"):
        geometric(3).scale(arb(-1))
    with pytest.raises(ValueError, match="must lie in"):
        geometric(3).recentre(arb("-0.1"), 3)


def test_straddling_balls_are_cut_to_the_non_negative_side() -> None:
    series = DotProductSeries((arb("0.1", "0.2"), arb(0)), arb("0.3", "0.5"))
    assert series.coefficients[0].lower() >= -1e-9
    assert series.coefficients[0].contains(arb("0.29"))
    assert series.tail.lower() >= -1e-8
    assert series.tail.contains(arb("0.5"))


def test_tail_is_not_blurred_by_the_ambient_precision() -> None:
    with precision(300):
        series = DotProductSeries(tuple(arb(fmpq(2, 3 ** (r + 1))) for r in range(101)), arb(1))
    again = DotProductSeries(series.coefficients, series.mass)
    assert again.tail.rad() < 1e-80
    assert again.truncate(99).tail.rad() < 1e-80
