"""A failure here means: two engines contradict each other, a variance ball is not covered, or a bad input passes."""

import random
from fractions import Fraction

import pytest
from flint import acb, arb

from certigram.numerics.balls.precision import precision
from certigram.numerics.expressions.lowering import lower_acb
from certigram.numerics.hermite import HermiteTransform, gaussian_mean, hermite_transform, second_moment
from certigram.numerics.hermite.bounds import envelopes
from certigram.numerics.hermite.moments import hermite_sums
from certigram.theory.activations.activation import activation
from certigram.theory.activations.functions import X
from certigram.theory.errors import DerivationGap, SpecError

SEVERAL = {
    "erf": ("closed", "trapezoid", "panels"),
    "erf(2*x)/3": ("closed", "trapezoid", "panels"),
    "normal_cdf": ("closed", "trapezoid", "panels"),
    "gelu": ("closed", "trapezoid", "panels"),
    "sin(3*x+1)": ("closed", "trapezoid", "panels"),
    "x*cos(x)": ("closed", "trapezoid", "panels"),
    "x**3-2*x": ("closed", "trapezoid", "panels"),
    "x*exp(-x**2/2)": ("closed", "trapezoid", "panels"),
    "gaussian": ("closed", "trapezoid", "panels"),
    "identity": ("closed", "trapezoid", "panels"),
    "sin(x)+erf(x)/2-1": ("closed", "trapezoid", "panels"),
    "relu": ("closed", "panels"),
    "leaky_relu": ("closed", "panels"),
    "abs": ("closed", "panels"),
    "step": ("closed", "panels"),
    "sign": ("closed", "panels"),
    "x*Abs(x)-Max(x, -3*x)": ("closed", "panels"),
    "tanh": ("trapezoid", "panels"),
    "tanh(2*x+1)": ("trapezoid", "panels"),
    "sigmoid": ("trapezoid", "panels"),
    "softplus": ("trapezoid", "panels"),
    "silu": ("trapezoid", "panels"),
    "mish": ("trapezoid", "panels"),
    "atan": ("trapezoid", "panels"),
    "sqrt(1+x**2)": ("trapezoid", "panels"),
    "x/sqrt(1+x**2)": ("trapezoid", "panels"),
    "1/(1+2*x**2)": ("trapezoid", "panels"),
    "1/cosh(x)**2": ("trapezoid", "panels"),
    "sin(x)**2*tanh(x)": ("trapezoid", "panels"),
}


def agree(a: HermiteTransform, b: HermiteTransform) -> bool:
    """Whether all balls of two transforms have points in common."""
    pairs = zip((*a.coefficients, a.second_moment, a.tail), (*b.coefficients, b.second_moment, b.tail), strict=True)
    return all(x.is_finite() and y.is_finite() and x.overlaps(y) for x, y in pairs)


@pytest.mark.parametrize("name", SEVERAL)
def test_engines_overlap_at_random_variances(name: str) -> None:
    chance = random.Random(name)
    phi = activation(name)
    for exponent in (-6, chance.uniform(-5, 0), chance.uniform(0, 1), chance.uniform(1, 2.5)):
        variance, bits = Fraction(10**exponent), chance.choice((53, 80, 128))
        order = chance.choice((0, 1, 7, 24, 65))
        first, *others = [hermite_transform(phi, order, variance, bits, method=m) for m in SEVERAL[name]]
        for other in others:
            assert agree(first, other), (name, float(variance), bits, other.method)
        assert second_moment(phi, variance, bits).overlaps(first.second_moment)


@pytest.mark.parametrize("name", ["erf", "sigmoid", "relu", "elu", "hard_tanh", "softsign"])
def test_engines_overlap_at_variance_ten_thousand(name: str) -> None:
    phi, methods = activation(name), SEVERAL.get(name, ("auto", "panels"))
    found = [hermite_transform(phi, 12, Fraction(10_000), 64, method=m) for m in methods]
    assert all(agree(found[0], other) for other in found[1:])


@pytest.mark.parametrize("name", ["tanh", "gelu", "mish", "hard_tanh", "elu", "x*exp(-x**2/2)"])
def test_radii_at_128_bits(name: str) -> None:
    for variance in (Fraction(1, 1000), Fraction(1), Fraction(37, 2)):
        found = hermite_transform(activation(name), 100, variance, 128)
        assert all(mu.rad() <= arb(1e-36) for mu in found.coefficients)
        assert found.tail.rad() <= arb(1e-35)


@pytest.mark.parametrize("name", ["tanh", "gelu", "hard_tanh"])
def test_a_variance_ball_covers_every_variance_in_it(name: str) -> None:
    with precision(200):
        ball = arb(2, 1e-9)
    wide = hermite_transform(activation(name), 40, ball, 128)
    assert max(float(mu.rad()) for mu in wide.coefficients) < 1e-7
    for shift in (Fraction(-1, 10**9), Fraction(0), Fraction(99, 10**11)):
        exact = hermite_transform(activation(name), 40, 2 + shift, 128)
        assert all(w.contains(e) for w, e in zip(wide.coefficients, exact.coefficients, strict=True))
        assert wide.second_moment.contains(exact.second_moment)


@pytest.mark.parametrize(("name", "order"), [("tanh", 5), ("softplus", 4), ("sqrt(1+x**2)", 6)])
def test_against_the_adaptive_integration_of_flint(name: str, order: int) -> None:
    """Arb's own rigorous integrator, one order at a time, on [-18, 18]; beyond, the integrand is below 1e-60."""
    with precision(110):
        sigma, function = arb(3).sqrt(), lower_acb(activation(name).expression)

        def integrand(z: acb, _: bool) -> acb:
            previous, current = acb(0), acb(1)
            for r in range(order):
                previous, current = current, (z * current - arb(r).sqrt() * previous) / arb(r + 1).sqrt()
            return function(sigma * z) * current * (-z * z / 2).exp() / (2 * arb.pi()).sqrt()

        reference = acb.integral(integrand, acb(-18), acb(18)).real + arb(0, 1e-50)
    assert reference.rad() < arb(1e-25)
    assert hermite_transform(activation(name), order, Fraction(3), 100).coefficients[order].overlaps(reference)


def test_parity_zeros_are_exact() -> None:
    for name, excluded in (("tanh", 0), ("sin", 0), ("abs", 1), ("cos", 1), ("sqrt(1+x**2)", 1)):
        found = hermite_transform(activation(name), 9, Fraction(2), 64)
        assert all(found.coefficients[r].is_zero() for r in range(excluded, 10, 2)), name


def test_variance_zero_is_the_constant() -> None:
    found = hermite_transform(activation("softplus"), 3, Fraction(0), 100)
    assert found.coefficients[0].overlaps(arb.const_log2())
    assert all(mu.is_zero() for mu in (*found.coefficients[1:], found.tail))
    assert second_moment(activation("step"), Fraction(0), 100) == arb(0.25)
    assert gaussian_mean(X + 3, Fraction(0), 100) == 3


def test_order_two_thousand_in_closed_form() -> None:
    found = hermite_transform(activation("gelu"), 2000, Fraction(2), 128)
    assert all(mu.is_finite() for mu in found.coefficients)
    assert found.tail < arb(1e-36)
    slow = hermite_transform(activation("relu"), 2000, Fraction(1), 128)
    assert slow.tail > 0  # the squares decay like r^(-5/2) only
    assert slow.coefficients[2000].rad() < arb(1e-36)


@pytest.mark.parametrize("order", [1, 3, 40])
def test_envelopes_hold_on_a_grid(order: int) -> None:
    with precision(100):
        nodes = [arb(k) / 4 for k in range(100)]
        for x in nodes:
            values = hermite_sums([x], [arb(1)], [arb(1)], order, 60)
            for envelope in envelopes(order):
                bound = envelope.constant * (envelope.rate * x * x).exp()
                assert all(abs(value) < bound * (1 + arb(2) ** -40) for value in values)


def test_gaussian_means_of_derivatives() -> None:
    """E phi'(u)^2 at the fixed point, 40 digits from an independent computation."""
    for name, s, expected in (
        ("tanh", "2.065710489712171113230277487346988692701", "0.3446419165732523616365806324582124847524"),
        ("gelu", "2.122984413119080446659239456759744713228", "0.4915605672019965112064888465908951417639"),
        ("sigmoid", "2.039902856064082488621519218837795665399", "0.03679562123558150908296249886672547029966"),
    ):
        with precision(200):
            variance, value = arb(s, 1e-39), arb(expected, 1e-39)
        found = gaussian_mean(activation(name).derivative() ** 2, variance, 128)
        assert found.overlaps(value)
        assert found.rad() < arb(1e-37)
    assert gaussian_mean(activation("hard_tanh").derivative() ** 2, Fraction(1), 100).overlaps(arb(0.5).sqrt().erf())


def test_refusals() -> None:
    with pytest.raises(SpecError, match="not square-integrable"):
        hermite_transform(activation("exp(x**2)"), 3, Fraction(2), 64)
    with pytest.raises(SpecError, match="square-integrable"):
        hermite_transform(
            activation("exp(x**2/3)"), 3, Fraction(1), 64
        )  # its mean is finite, that of its square is not
    with pytest.raises(SpecError, match="not positive"):
        hermite_transform(activation("tanh"), 3, Fraction(-1), 64)
    with pytest.raises(SpecError, match="not positive"):
        hermite_transform(activation("tanh"), 3, arb(0, 1), 64)
    with pytest.raises(SpecError, match="method"):
        hermite_transform(activation("tanh"), 3, Fraction(1), 64, method="guess")
    with pytest.raises(SpecError, match="order"):
        hermite_transform(activation("tanh"), -1, Fraction(1), 64)
    with pytest.raises(DerivationGap, match="does not apply"):
        hermite_transform(activation("tanh"), 3, Fraction(1), 64, method="closed")
    with pytest.raises(SpecError, match="integrable"):
        gaussian_mean(activation("exp(x**2)").expression, Fraction(1), 64)
