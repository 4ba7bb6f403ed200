"""A failure here means that a dual activation breaks a law that holds for every activation and every covariance."""

from __future__ import annotations

from fractions import Fraction

import pytest
from flint import arb
from hypothesis import assume, given
from hypothesis import strategies as st

from certigram.numerics.balls.ball import enclose
from certigram.numerics.balls.precision import precision
from certigram.numerics.dual import dual
from certigram.numerics.hermite import hermite_transform, second_moment
from certigram.testing import activations, check_activation, covariances, rationals, reproducible
from certigram.theory.activations.activation import Activation, from_expression
from certigram.theory.errors import PrecisionExhausted

BITS = 48
moderate = covariances(extreme=False)


@pytest.mark.parametrize("examples", [16, pytest.param(40, marks=pytest.mark.slow)])
def test_symmetric_and_bounded_by_cauchy_schwarz(examples: int) -> None:
    @reproducible(max_examples=examples)
    @given(activations(), covariances())
    def law(phi: Activation, cov: tuple[Fraction, Fraction, Fraction]) -> None:
        a, b, c = cov
        assume(Fraction(1, 2**20) < max(a, b) < 2**12)
        try:
            here, mirrored = dual(phi, a, b, c, BITS), dual(phi, b, a, c, BITS)
            squares = second_moment(phi, a, BITS), second_moment(phi, b, BITS)
        except PrecisionExhausted:
            return  # nothing was claimed
        with precision(2 * BITS):
            assert here.overlaps(mirrored)
            assert not here * here > squares[0] * squares[1]

    law()


@pytest.mark.parametrize("examples", [10, pytest.param(25, marks=pytest.mark.slow)])
def test_at_correlation_one_it_is_a_mean_of_one_variable(examples: int) -> None:
    @reproducible(max_examples=examples)
    @given(activations(), rationals(Fraction(1, 16), 4, max_denominator=32), st.sampled_from([2, 3, Fraction(1, 3)]))
    def law(phi: Activation, a: Fraction, factor: Fraction) -> None:
        assert dual(phi, a, a, a, BITS).overlaps(second_moment(phi, a, BITS))
        if phi.parity is not None:
            sign = 1 if phi.parity == "even" else -1
            assert dual(phi, a, a, -a, BITS).overlaps(sign * second_moment(phi, a, BITS))
        b, c = a * factor**2, a * factor
        inside = dual(phi, a, b, c * (1 - Fraction(1, 10**9)), BITS)
        assert dual(phi, a, b, c, BITS).is_finite()
        assert inside.is_finite()

    law()


@pytest.mark.parametrize("examples", [8, pytest.param(25, marks=pytest.mark.slow)])
def test_bilinear(examples: int) -> None:
    """E (f + t g)(u) (f + t g)(v) = E ff + t (E fg + E gf) + t^2 E gg."""

    @reproducible(max_examples=examples)
    @given(activations(max_terms=1), activations(max_terms=1), moderate, st.integers(-3, 3))
    def law(phi: Activation, psi: Activation, cov: tuple[Fraction, Fraction, Fraction], factor: int) -> None:
        a, b, c = cov
        combined = from_expression(phi.expression + factor * psi.expression)
        whole = dual(combined, a, b, c, BITS)
        with precision(2 * BITS):
            parts = [
                dual(phi, a, b, c, BITS),
                dual(phi, a, b, c, BITS, other=psi) + dual(psi, a, b, c, BITS, other=phi),
                dual(psi, a, b, c, BITS),
            ]
            assert whole.overlaps(sum((arb(factor) ** k * p for k, p in enumerate(parts)), arb(0)))

    law()


@pytest.mark.parametrize("examples", [7, pytest.param(20, marks=pytest.mark.slow)])
def test_every_activation_passes_the_conformance_check(examples: int) -> None:
    """Engines, parity, Bessel, integration by parts, Cauchy-Schwarz and Price's identity, all by enclosures."""

    @reproducible(max_examples=examples)
    @given(activations(), rationals(Fraction(1, 4), 3, max_denominator=16))
    def law(phi: Activation, variance: Fraction) -> None:
        assert {"bessel", "dual"} <= set(check_activation(phi, variances=(variance, 1), order=5, bits=BITS))

    law()


@pytest.mark.parametrize("examples", [16, pytest.param(30, marks=pytest.mark.slow)])
def test_more_bits_agree_and_are_not_wider(examples: int) -> None:
    @reproducible(max_examples=examples)
    @given(activations(), moderate)
    def law(phi: Activation, cov: tuple[Fraction, Fraction, Fraction]) -> None:
        coarse, fine = (dual(phi, *cov, bits) for bits in (32, 96))
        assert coarse.overlaps(fine)
        assert not fine.rad() > coarse.rad() + abs(coarse) * arb((1, -28))

    law()


@reproducible(max_examples=30)
@given(activations(), rationals(Fraction(1, 16), 4, max_denominator=16))
def test_hermite_coefficients_at_more_bits_agree_and_are_not_wider(phi: Activation, variance: Fraction) -> None:
    coarse, fine = (hermite_transform(phi, 7, variance, bits) for bits in (32, 96))
    for x, y in zip(
        (*coarse.coefficients, coarse.second_moment), (*fine.coefficients, fine.second_moment), strict=True
    ):
        assert x.overlaps(y)
        assert not y.rad() > x.rad() + abs(x) * arb((1, -28))
    assert coarse.tail.overlaps(fine.tail)


@reproducible(max_examples=30)
@given(activations(max_terms=1), rationals(Fraction(1, 16), 4, max_denominator=16))
def test_negation_and_doubling_are_exact_symmetries(phi: Activation, variance: Fraction) -> None:
    doubled = from_expression(-2 * phi.expression)
    one, two = hermite_transform(phi, 5, variance, BITS), hermite_transform(doubled, 5, variance, BITS)
    with precision(2 * BITS):
        for mu, nu in zip(one.coefficients, two.coefficients, strict=True):
            assert nu.overlaps(-2 * mu)
        assert two.second_moment.overlaps(4 * one.second_moment)
        assert enclose(variance).overlaps(one.variance)
