"""A failure here means that a slightly false value of a dual activation is accepted, or an invalid covariance is."""

from fractions import Fraction as F

import pytest
from flint import arb, fmpq

from certigram.numerics.balls.precision import precision
from certigram.numerics.dual import dual
from certigram.theory.activations.activation import activation
from certigram.theory.errors import SpecError

NAMES = ["tanh", "sigmoid", "softplus", "gelu", "relu", "erf", "sin", "abs", "silu", "elu", "mish", "atan"]
LAWS = [("13/10", "7/10", "-2/5"), ("1", "1", "1/2"), ("1", "1", "1"), ("4", "1", "-1.99"), ("1e-8", "1e-6", "5e-8")]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("law", LAWS)
def test_a_value_off_by_one_part_in_a_billion_is_outside(name: str, law: tuple[str, str, str]) -> None:
    if name == "elu" and law[2] == "-1.99":
        law = ("4", "1", "-1")
    phi, entries = activation(name), [F(x) for x in law]
    value, better = dual(phi, *entries, 64), dual(phi, *entries, 100)
    with precision(200):
        for factor in (1 + arb(fmpq(1, 10**9)), 1 - arb(fmpq(1, 10**9))):
            assert not value.overlaps(better * factor)


@pytest.mark.parametrize("sign", [1, -1])
def test_covariance_invalid_by_one_part_in_1e30_is_refused(sign: int) -> None:
    """c^2 = ab (1 + 1e-30) up to the square: no rounding may let it pass."""
    c = F(sign) * (1 + F(1, 2 * 10**30))
    with pytest.raises(SpecError, match=r"c\*\*2 exceeds a\*b"):
        dual(activation("tanh"), F(1), F(1), c, 53)
    dual(activation("tanh"), F(1), F(1), F(sign), 53)


@pytest.mark.parametrize(
    ("law", "words"),
    [
        ((F(-1), F(1), F(0)), "variance is negative"),
        ((F(1), F(-1, 10**40), F(0)), "variance is negative"),
        ((F(0), F(1), F(1, 10**40)), "exceeds"),
        ((arb(1), arb(1), arb(2, 0.5)), "exceeds"),
        ((arb(-1, 0.5), arb(1), arb(0)), "variance is negative"),
        ((arb("nan"), arb(1), arb(0)), "not finite"),
    ],
)
def test_impossible_covariances_are_refused_in_one_sentence(law: tuple[F | arb, ...], words: str) -> None:
    with pytest.raises(SpecError, match=words) as caught:
        dual(activation("relu"), *law, 53)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)


def test_jumps_take_the_value_of_the_expression_not_of_a_limit() -> None:
    step = activation("step")
    assert dual(step, F(0), F(0), F(0), 64) == arb(0.25)
    assert not dual(step, F(0), F(0), F(0), 64).overlaps(dual(step, F(1, 10**60), F(1, 10**60), F(1, 10**60), 64))
