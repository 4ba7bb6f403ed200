r"""Duals near |rho| = 1 and at large variances, to the accuracy asked for.

The expected values come from computations apart from the package, stated at each test: mpmath.quad at 25 digits over
the conditional mean in closed form, or a graded product rule in float64.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import product

import mpmath
import numpy as np
import pytest
import scipy.special
from flint import arb
from numpy.typing import NDArray

import certigram as cg
from certigram.numerics.balls.precision import precision
from certigram.numerics.dual import dual, dual_expression, require_digits
from certigram.numerics.dual.common_factor import common_factor_value
from certigram.numerics.dual.covariance import covariance
from certigram.numerics.dual.evaluate import trapezoid_value
from certigram.numerics.dual.far_rules import far_rules, gauss_hermite
from certigram.theory.activations.activation import activation
from certigram.theory.errors import PrecisionExhausted

BITS = 128
Law = tuple[str, str, str]
Real = Callable[[mpmath.mpf], mpmath.mpf]
Floats = NDArray[np.float64]
NEAR_ONE: Law = ("1", "1", "0.999")


def _law(law: Law) -> tuple[Fraction, Fraction, Fraction]:
    a, b, c = (Fraction(x) for x in law)
    return a, b, c


@pytest.mark.parametrize(
    ("name", "law", "expected"),
    [
        ("elu", ("100000", "1", "0"), "20.17067603613162507"),
        ("hard_tanh", NEAR_ONE, "0.5153816175469456"),
        ("elu", NEAR_ONE, "0.6442773976825382"),
    ],
)
def test_known_values(name: str, law: Law, expected: str) -> None:
    value = dual(activation(name), *_law(law), BITS)
    assert value.rel_accuracy_bits() >= BITS
    assert abs(float(value / arb(expected) - 1)) < 1e-15


EXTREME: list[Law] = [
    NEAR_ONE,
    ("1", "1", "0.999999999"),
    ("1", "1", "-0.999999"),
    ("100000000", "100000000", "99000000"),
    ("10000", "1000000", "50000"),
    ("100000000", "1/100000000", "1/2"),
]


@pytest.mark.parametrize("law", EXTREME, ids=str)
@pytest.mark.parametrize("name", ["hard_tanh", "elu", "selu", "leaky_relu(1/10)", "exp(-abs(x))", "min(max(x,0),6)"])
def test_piecewise_elementary_functions_reach_the_bits(name: str, law: Law) -> None:
    value = dual(activation(name), *_law(law), BITS)
    assert value.is_finite()
    assert value.rel_accuracy_bits() >= BITS


@pytest.mark.parametrize(
    ("name", "law"),
    [
        ("tanh", ("1000", "1000", "999")),
        ("tanh", ("100000000", "100000000", "99000000")),
        ("silu", ("10000", "1000000", "50000")),
        ("softplus", ("100000000", "1/100000000", "1/2")),
        ("atan", ("10000", "1000000", "-90000")),
        ("softsign", ("100000000", "100000000", "99000000")),
    ],
)
def test_other_functions_reach_the_bits_at_large_variance(name: str, law: Law) -> None:
    value = dual(activation(name), *_law(law), 64)
    assert value.is_finite()
    assert value.rel_accuracy_bits() >= 64


def _hard_tanh_mean(m: mpmath.mpf, s: mpmath.mpf) -> mpmath.mpf:
    low, high = (-1 - m) / s, (1 - m) / s
    outside = mpmath.ncdf(-high) - mpmath.ncdf(low)
    return outside + m * (mpmath.ncdf(high) - mpmath.ncdf(low)) - s * (mpmath.npdf(high) - mpmath.npdf(low))


def _elu_mean(m: mpmath.mpf, s: mpmath.mpf) -> mpmath.mpf:
    line = m * mpmath.ncdf(m / s) + s * mpmath.npdf(m / s)
    return line + mpmath.exp(m + s * s / 2) * mpmath.ncdf(-(m + s * s) / s) - mpmath.ncdf(-m / s)


@pytest.mark.parametrize("law", [("1", "1", "0.999999"), ("10000", "10000", "-9900")], ids=str)
@pytest.mark.parametrize(
    ("name", "function", "mean", "kinks"),
    [
        ("hard_tanh", lambda x: max(min(x, 1), -1), _hard_tanh_mean, (-1, 1)),
        ("elu", lambda x: x if x > 0 else mpmath.expm1(x), _elu_mean, (0,)),
    ],
    ids=["hard_tanh", "elu"],
)
def test_agrees_with_mpmath_to_18_digits(
    name: str, function: Real, mean: Callable[..., mpmath.mpf], kinks: tuple[int, ...], law: Law
) -> None:
    """E f(u) E[f(v) | u] by one quadrature at 25 digits, split at the kinks of f and of the conditional mean."""
    a, b, c = _law(law)
    with mpmath.workdps(25):
        sigma, ratio = mpmath.sqrt(a.numerator), mpmath.mpf(c.numerator) / c.denominator / a.numerator
        spread = mpmath.sqrt(b.numerator - ratio**2 * a.numerator)
        steps = (-12, -4, 0, 4, 12)
        ends = {mpmath.mpf(k) + t for k in kinks for t in (-40, -8, 0, 8, 40)}
        ends |= {k / ratio + t * spread / ratio for k in kinks for t in steps}
        ends |= {k * sigma for k in range(-11, 12, 2)}
        inside = sorted(x for x in ends if abs(x) <= 11 * sigma)
        density = 1 / (sigma * mpmath.sqrt(2 * mpmath.pi))
        expected = density * mpmath.quad(
            lambda x: function(x) * mean(ratio * x, spread) * mpmath.exp(-((x / sigma) ** 2) / 2), inside
        )
        text = mpmath.nstr(expected, 22)
    value = dual(activation(name), a, b, c, BITS)
    with precision(160):
        assert abs(value / arb(text) - 1) < arb("1e-18")


@pytest.mark.parametrize(
    ("name", "function"),
    [("softsign", lambda x: x / (1 + np.abs(x))), ("tanh", np.tanh), ("silu", lambda x: x / (1 + np.exp(-x)))],
)
def test_agrees_with_a_sum_in_the_plane(name: str, function: Callable[[Floats], Floats]) -> None:
    """A composite Gauss-Legendre rule in float64, in u and in v given u, graded towards 0."""
    a, b, c = 400.0, 100.0, 190.0
    spread = math.sqrt(b - c * c / a)
    x, w = np.polynomial.legendre.leggauss(24)

    def composite(ends: Floats) -> tuple[Floats, Floats]:
        half = np.diff(ends)[:, None] / 2
        return (half * x + (ends[1:] + ends[:-1])[:, None] / 2).ravel(), (half * w).ravel()

    graded = np.concatenate([[0.0], 2.0 ** np.arange(-3, 9)])
    u, weights = composite(np.concatenate([-graded[:0:-1], graded]))
    inner = np.empty_like(u)
    for i, mean in enumerate((c / a) * u):
        cuts = np.unique(np.concatenate([mean + spread * np.arange(-9.0, 10.0), [0.0], [-2.0, -0.5, 0.5, 2.0]]))
        v, part = composite(cuts)
        inner[i] = np.sum(part * function(v) * np.exp(-(((v - mean) / spread) ** 2) / 2))
    inside = np.exp(-(u * u) / (2 * a)) * weights * function(u) * inner
    expected = float(np.sum(inside)) / (2 * math.pi * math.sqrt(a) * spread)
    value = dual(activation(name), Fraction(400), Fraction(100), Fraction(190), 53)
    assert abs(float(value) / expected - 1) < 1e-11


@pytest.mark.parametrize("c", ["9/10", "-9/10"])
@pytest.mark.parametrize(("f", "g"), [("tanh", "tanh"), ("tanh", "sigmoid"), ("silu", "softplus"), ("atan", "mish")])
def test_the_common_factor_agrees_with_the_rules_in_the_plane(f: str, g: str, c: str) -> None:
    cov = covariance(Fraction(1), Fraction(2), Fraction(c))
    left, right = activation(f), activation(g)
    one = common_factor_value(left, right, cov, 64, (1.0, 1.0))
    two = trapezoid_value(left, right, cov, 80)
    assert one is not None
    assert two is not None
    assert one.rel_accuracy_bits() >= 64
    assert one.overlaps(two)
    with precision(128):
        assert not one.overlaps(two * (1 + arb((1, -60))))


@pytest.mark.parametrize("name", ["relu", "abs", "erf", "leaky_relu(-1/2)"])
def test_the_common_factor_agrees_with_closed_forms(name: str) -> None:
    for a, c in product((Fraction(1), Fraction(10**6)), (Fraction(99, 100), Fraction(-999, 1000))):
        phi = activation(name)
        cov = covariance(a, 1 / a, c)
        value = common_factor_value(phi, phi, cov, 64, (1.0, 1.0))
        assert value is not None
        assert value.rel_accuracy_bits() >= 64
        assert value.overlaps(dual(phi, a, 1 / a, c, 100))


def test_opposite_parities_give_exactly_zero() -> None:
    half = Fraction(1, 2)
    value = dual(activation("hard_tanh"), Fraction(1), Fraction(1), half, 64, other=activation("exp(-abs(x))"))
    assert value.is_zero()


def test_a_vanishing_product_is_exactly_zero() -> None:
    assert dual(activation("relu"), Fraction(1), Fraction(1), Fraction(-1), BITS).is_zero()


def test_the_derivative_of_hard_tanh_is_an_orthant_probability() -> None:
    slope = activation("hard_tanh").derivative()
    a, c = Fraction(1), Fraction(999999, 1000000)
    value = dual_expression(slope, a, a, c, 64)
    assert value.rel_accuracy_bits() >= 64
    with precision(100):
        square = (arb(1) / arb(2).sqrt()).erf()  # P(|u| < 1): an upper bound, within sqrt(1 - rho) of the value
        assert value < square
        assert value > square - arb("1e-3")


def test_balls_are_widened_around_their_centre() -> None:
    phi = activation("hard_tanh")
    with precision(160):
        a, c = arb(2, arb((1, -90))), arb("1.9999", arb((1, -90)))
        found = dual(phi, a, a, c, BITS)
    assert found.rad() < arb((1, -86))
    for shift in (Fraction(0), Fraction(1, 2**91), Fraction(-1, 2**91)):
        inside = dual(phi, Fraction(2) + shift, Fraction(2) - shift, Fraction("1.9999") + shift, 150)
        assert found.contains(inside)
    assert not found.contains(dual(phi, Fraction(2), Fraction(2), Fraction("1.9999") + Fraction(1, 2**80), 150))


def test_mean_of_selu_at_unit_variance_has_all_its_digits() -> None:
    value = dual(activation("selu"), Fraction(1), Fraction(1), Fraction(0), BITS)
    assert value.rel_accuracy_bits() >= BITS - 1


def test_gauss_hermite_nodes_are_exact_for_polynomials_of_degree_2n_minus_1() -> None:
    nodes, weights = gauss_hermite(6, 96)
    with precision(96):
        tenth = sum((w * x**10 for x, w in zip(nodes, weights, strict=True)), arb(0))
        twelfth = sum((w * x**12 for x, w in zip(nodes, weights, strict=True)), arb(0))
        assert tenth.contains(945)
        assert (twelfth + 720).contains(10395)  # E w^12 - Q(w^12) = n!


def test_far_rules_bound_their_error() -> None:
    with precision(128):
        cut = arb(13)
        for rule in far_rules(cut, 80.0, 128):
            pole = rule.wide * arb("1.0001")  # 1/(pole - w): modulus at most 1/(pole - wide) on the disc
            value = sum((w / (pole - x) for x, w in zip(rule.nodes, rule.weights, strict=True)), arb(0))
            finer = sum((w / (pole - x) for x, w in zip(*gauss_hermite(90, 128), strict=True)), arb(0))
            bound = rule.error / (rule.wide * arb("0.0001")) + arb((1, -100))
            assert abs(value - finer) < bound


def test_an_enclosure_without_a_digit_is_refused() -> None:
    phi, variances = activation("elu"), (Fraction(100000), Fraction(1))
    with pytest.raises(PrecisionExhausted, match="not one digit is known"):
        require_digits(arb(0, 1e30), phi, variances, BITS)
    with pytest.raises(PrecisionExhausted, match="more bits"):
        require_digits(arb("nan"), phi, variances, BITS)
    require_digits(arb(20, 0.25), phi, variances, BITS)
    require_digits(arb(0, 1e-30), phi, variances, BITS)  # zero to thirty digits is an answer


def _selu_mean(variance: float) -> float:
    """E selu(u) by its closed form, the tail through the scaled complementary error function."""
    alpha, scale, sigma = 1.6732632423543772, 1.0507009873554805, math.sqrt(variance)
    tail = float(scipy.special.erfcx(sigma / math.sqrt(2))) / 2
    return scale * (sigma / math.sqrt(2 * math.pi) + alpha * (tail - 0.5))


def test_the_nngp_kernel_of_selu_at_a_large_norm() -> None:
    found = cg.nngp([[1000, 0], [0, 1]], activation="selu", depth=1)
    assert abs(found.mid[0, 1] / (_selu_mean(500000.0) * _selu_mean(0.5)) - 1) < 1e-12
    assert found.accuracy_bits >= 45
    eigenvalue = cg.least_eigenvalue(found)
    assert 0.5786 < eigenvalue.lower <= eigenvalue.upper < 0.5787
