"""A failure here means that a slightly false statement about an equilibrium kernel was accepted."""

from __future__ import annotations

from fractions import Fraction

import pytest
from flint import arb

from certigram.numerics.balls.precision import precision
from certigram.numerics.expressions.lowering import lower_arb
from certigram.numerics.hermite import hermite_transform
from certigram.numerics.kernels.series import DotProductSeries
from certigram.numerics.papers.deep_equilibrium.population.contraction import contraction_squared, refuse_understated
from certigram.numerics.papers.deep_equilibrium.population.kernel import equilibrium_kernel
from certigram.numerics.papers.deep_equilibrium.population.pair import equilibrium_pair
from certigram.numerics.papers.deep_equilibrium.population.variance import variance_fixed_point
from certigram.theory.activations.activation import activation
from certigram.theory.errors import PrecisionExhausted, SpecError

NAMES = ["tanh", "erf", "sigmoid", "gelu", "sin", "softplus", "relu"]
SLIGHTLY = arb(1) + arb((1, -30))
"""A factor of 1 + 1e-9."""


def lipschitz(name: str) -> arb:
    with precision(256):
        return lower_arb(activation(name).lipschitz)(arb(0))


@pytest.mark.parametrize("factor", [SLIGHTLY, 1 / SLIGHTLY])
@pytest.mark.parametrize("name", NAMES)
def test_a_moved_fixed_point_is_not_inside(name: str, factor: arb) -> None:
    point = variance_fixed_point(activation(name), Fraction(1, 16), 53, lipschitz=lipschitz(name))
    assert not point.q.overlaps(point.q.mid() * factor)
    assert not point.s.overlaps(point.s.mid() * factor)


@pytest.mark.parametrize("factor", [SLIGHTLY, 1 / SLIGHTLY])
@pytest.mark.parametrize("name", NAMES)
def test_moved_coefficients_are_not_inside(name: str, factor: arb) -> None:
    kernel = equilibrium_kernel(activation(name), Fraction(1, 16), 12, 80, lipschitz=lipschitz(name))
    for series in (kernel.series, kernel.correlation):
        for r, b in enumerate(series.coefficients):
            if not b.is_zero():
                assert not b.overlaps(b.mid() * factor), r
        assert not series(arb("0.25")).overlaps(series.truncate(6)(arb("0.25")).upper() * 2)


@pytest.mark.parametrize("name", ["erf", "gelu", "sigmoid"])
def test_a_mass_below_the_truth_is_refused_once_the_tail_is_shorter_than_the_lie(name: str) -> None:
    kernel = equilibrium_kernel(activation(name), Fraction(1, 16), 120, 80, lipschitz=lipschitz(name))
    assert DotProductSeries(kernel.series.coefficients, kernel.series.mass).order == 120
    with pytest.raises(ValueError, match="proved smaller"):
        DotProductSeries(kernel.series.coefficients, kernel.series.mass / SLIGHTLY)


@pytest.mark.parametrize("name", NAMES)
def test_an_understated_lipschitz_constant_is_refused(name: str) -> None:
    refuse_understated(activation(name), lipschitz(name), 128)
    # the supremum 1 of softplus' is reached only at infinity, so only a coarse lie shows on a bounded grid
    lie = lipschitz(name) * arb("0.98") if name == "softplus" else lipschitz(name) / SLIGHTLY
    if name == "relu":  # only the mean of its squared slope, 1/2, is used: less than that is the lie
        lie = arb("0.5").sqrt() / SLIGHTLY
    with pytest.raises(SpecError, match="too small"):
        variance_fixed_point(activation(name), Fraction(1, 16), 64, lipschitz=lie)
    with pytest.raises(SpecError, match="too small"):
        equilibrium_kernel(activation(name), Fraction(1, 16), 8, 64, lipschitz=lie)


@pytest.mark.parametrize("name", NAMES)
def test_just_past_the_contraction_range_is_refused(name: str) -> None:
    with precision(128):
        edge = float((1 / (2 * lipschitz(name) ** 2)).mid())
    inside, outside = Fraction(edge) * (1 - Fraction(1, 10**9)), Fraction(edge) * (1 + Fraction(1, 10**9))
    with precision(128):
        assert contraction_squared(name, inside, lipschitz(name)) < 1
    for call in (variance_fixed_point, equilibrium_kernel):
        extra = () if call is variance_fixed_point else (8,)
        with pytest.raises(SpecError, match="outside the contraction range"):
            call(activation(name), outside, *extra, 64, lipschitz=lipschitz(name))


@pytest.mark.parametrize(("sigma_w2", "text"), [(Fraction(1, 2), "= 1/2 is"), (Fraction(2), "= 2 is")])
def test_the_sentence_names_the_range_and_what_is_left(sigma_w2: Fraction, text: str) -> None:
    with pytest.raises(SpecError) as error:
        variance_fixed_point(activation("tanh"), sigma_w2, 64, lipschitz=arb(1))
    message = str(error.value)
    assert text in message
    assert "1/(2 L^2) = 1/2 of tanh" in message
    assert "may still converge while 2 sigma_w2 E phi'(g)^2 < 1" in message


def test_an_undecided_comparison_is_not_a_proof() -> None:
    with pytest.raises(PrecisionExhausted, match="cannot be told apart"):
        variance_fixed_point(activation("tanh"), Fraction(4999, 10000), 64, lipschitz=arb(1, "1e-3"))


def test_unusable_parameters() -> None:
    tanh = activation("tanh")
    with pytest.raises(SpecError, match="negative"):
        variance_fixed_point(tanh, Fraction(-1, 16), 64, lipschitz=arb(1))
    with pytest.raises(SpecError, match="no finite Lipschitz constant"):
        variance_fixed_point(tanh, Fraction(1, 16), 64, lipschitz=None)
    with pytest.raises(SpecError, match="not proved non-negative"):
        variance_fixed_point(tanh, Fraction(1, 16), 64, lipschitz=arb(1), input_variance=Fraction(-1))
    with pytest.raises(SpecError, match="too small"):
        equilibrium_kernel(tanh, Fraction(1, 16), 0, 64, lipschitz=arb(1))
    with pytest.raises(SpecError, match="norm zero"):
        equilibrium_kernel(tanh, Fraction(1, 16), 8, 64, lipschitz=arb(1), input_variance=Fraction(0))


def test_a_gram_entry_beyond_cauchy_schwarz_is_refused() -> None:
    tanh, sigma_w2 = activation("tanh"), Fraction(1, 16)
    point = variance_fixed_point(tanh, sigma_w2, 100, lipschitz=arb(1))
    transform = hermite_transform(tanh, 40, point.s, 100)
    with pytest.raises(SpecError, match="Cauchy-Schwarz"):
        equilibrium_pair(tanh, transform, transform, sigma_w2, 1 + Fraction(1, 10**9), 100, lipschitz=arb(1))
    with pytest.raises(SpecError, match="outside the contraction range"):
        equilibrium_pair(tanh, transform, transform, Fraction(1, 2), Fraction(0), 100, lipschitz=arb(1))


@pytest.mark.parametrize("factor", [SLIGHTLY, 1 / SLIGHTLY])
def test_a_moved_entry_is_not_inside(factor: arb) -> None:
    gelu, sigma_w2 = activation("gelu"), Fraction(1, 16)
    point = variance_fixed_point(gelu, sigma_w2, 80, lipschitz=lipschitz("gelu"))
    transform = hermite_transform(gelu, 80, point.s, 80)
    found = equilibrium_pair(gelu, transform, transform, sigma_w2, Fraction(1, 3), 80, lipschitz=lipschitz("gelu"))
    assert not found.rho.overlaps(found.rho.mid() * factor)
    assert not found.value.overlaps(found.value.mid() * factor)
