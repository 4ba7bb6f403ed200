"""A failure here means: a known digit of a Hermite coefficient lies outside our enclosure, or the radius is too large.

The digits were computed independently with mpmath at 60 digits; each stands for its own rounding interval. The
variance fixed points s are known to 39 decimals only, so they enter as balls.
"""

from fractions import Fraction

import pytest
from flint import arb

from certigram.numerics.balls.precision import precision
from certigram.numerics.hermite import hermite_transform, second_moment
from certigram.theory.activations.activation import activation

BITS = (53, 128, 333)

AT_FIXED_POINT = {
    "tanh": (
        "2.065710489712171113230277487346988692701",
        "0.5256839176973689058422198987759095416103",
        {
            1: "0.6817145724570614797516138299177790828746",
            3: "-0.2067639984770772532638298951304773879087",
            5: "0.1051512278616923151234902137216136170987",
            7: "-0.06256291165517932258540991875065213083046",
        },
    ),
    "erf": (
        "2.074565076567338898139728829460612568814",
        "0.5965206125387111851178306356849005505081",
        {
            1: "0.7162285948769039485705228966007884300119",
            3: "-0.2356129839710219923857542892970988081959",
            5: "0.1273587140271280349747782276708955311357",
            7: "-0.07917666651484790176500575461674309498699",
        },
    ),
    "sigmoid": (
        "2.039902856064082488621519218837795665399",
        "0.3192228485126599089721537507023653231902",
        {
            0: "0.5",
            1: "0.2581952699782738693059888224133319364062",
            3: "-0.04757309615920090054399299899093845739154",
            5: "0.01562897597862416467488656717039294220355",
            7: "-0.006298155085217295158197219679337466215856",
        },
    ),
    "gelu": (
        "2.122984413119080446659239456759744713228",
        "0.9838753049526435732739156540779577058228",
        {
            0: "0.4792608604010149483303268072317648861255",
            1: "0.7285232345503951816050625835331055183484",
            2: "0.4474029481659450800086232540025520061084",
            4: "-0.1303877131573559417157370907368751025321",
            6: "0.06440606273136420192559646194908052958858",
        },
    ),
}

AT_FIVE_HALVES = {
    "sin(x)": {
        1: "0.4530038593210293919601707142031",
        3: "-0.4623451278533563672941705228463",
        5: "0.25845878373648406399040860212184",
    },
    "erf": {
        1: "0.72836562039471938036225713720179",
        3: "-0.24779501613232932146374532952293",
        5: "0.13852162513938634650692571525499",
    },
}


def printed(digits: str) -> arb:
    """The ball of all numbers that round (or truncate) to these digits."""
    with precision(500):
        ulp = Fraction(1, 10 ** len(digits.partition(".")[2])) if "." in digits else Fraction(0)
        return arb(digits) + arb(0, arb(ulp.numerator) / ulp.denominator)


@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("name", AT_FIXED_POINT)
def test_coefficients_at_the_variance_fixed_point(name: str, bits: int) -> None:
    s, q, coefficients = AT_FIXED_POINT[name]
    found = hermite_transform(activation(name), 8, printed(s), bits)
    for order, digits in coefficients.items():
        enclosure = found.coefficients[order]
        assert enclosure.overlaps(printed(digits)), (name, order)
        assert enclosure.rad() <= arb(1e-15 if bits == 53 else 1e-30), (name, order)
    assert found.second_moment.overlaps(printed(q))
    assert second_moment(activation(name), printed(s), bits).overlaps(printed(q))


@pytest.mark.parametrize("method", ["closed", "trapezoid", "panels"])
@pytest.mark.parametrize("bits", BITS)
@pytest.mark.parametrize("name", AT_FIVE_HALVES)
def test_coefficients_at_variance_five_halves(name: str, bits: int, method: str) -> None:
    found = hermite_transform(activation(name), 6, Fraction(5, 2), bits, method=method)
    for order, digits in AT_FIVE_HALVES[name].items():
        enclosure = found.coefficients[order]
        assert enclosure.overlaps(printed(digits)), (name, order)
        assert enclosure.rad() <= arb(1e-15 if bits == 53 else 1e-30), (name, order)


def test_relu_at_variance_one() -> None:
    """mu_0 = 1/sqrt(2 pi), mu_1 = 1/2, mu_r = (-1)^(r/2-1) (r-3)!!/sqrt(2 pi r!) for even r, 0 for odd r >= 3."""
    found = hermite_transform(activation("relu"), 9, Fraction(1), 128)
    with precision(200):
        root = (2 * arb.pi()).sqrt()
        expected = {0: 1 / root, 1: arb(0.5), 2: 1 / (root * arb(2).sqrt()), 4: -1 / (root * arb(24).sqrt())}
        expected |= {6: 3 / (root * arb(720).sqrt()), 8: -15 / (root * arb(40320).sqrt()), 3: arb(0), 9: arb(0)}
        for order, value in expected.items():
            assert found.coefficients[order].overlaps(value), order
            assert found.coefficients[order].rad() < arb(1e-37)


def test_tail_of_tanh_beyond_order_170() -> None:
    """The sum of the squares beyond order 170 at the fixed point, known to five digits independently."""
    s = AT_FIXED_POINT["tanh"][0]
    tail = hermite_transform(activation("tanh"), 170, printed(s), 96).tail
    assert tail.overlaps(arb("8.0348e-13", "1e-16"))
    assert tail.rad() < arb(1e-25)
