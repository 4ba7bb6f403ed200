"""A failure here means that a kernel of a deep network disagrees with its own recursion, done by other means."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import arb

import certigram
from certigram.numerics.balls.ball import enclose
from certigram.numerics.balls.precision import precision
from certigram.numerics.deep.conventions import TangentConvention
from certigram.numerics.deep.layerwise import layerwise_gram
from certigram.numerics.deep.network import DeepNetwork, deep_network
from certigram.numerics.deep.pair import pair_kernels
from certigram.numerics.deep.series import deep_series
from certigram.numerics.kernels.cosines import cosines
from certigram.numerics.kernels.points import points
from certigram.theory.errors import CertigramError, DerivationGap, SpecError

CASES: dict[str, tuple[Callable[[mpmath.mpf], mpmath.mpf], Callable[[mpmath.mpf], mpmath.mpf]]] = {
    "tanh": (mpmath.tanh, lambda x: 1 - mpmath.tanh(x) ** 2),
    "sin": (mpmath.sin, mpmath.cos),
    "softplus": (lambda x: mpmath.log1p(mpmath.exp(x)), lambda x: 1 / (1 + mpmath.exp(-x))),
}


def mean(
    f: Callable[..., mpmath.mpf], a: mpmath.mpf, b: mpmath.mpf, c: mpmath.mpf, nodes: int, floor: mpmath.mpf
) -> mpmath.mpf:
    """E f(u) f(v) by the trapezoid rule on the plane, step 1/nodes: fast for functions analytic in a strip."""
    root, h = mpmath.sqrt(b - c * c / a), mpmath.mpf(1) / nodes
    steps = range(-13 * nodes, 13 * nodes + 1)
    rule = [(k * h, p) for k in steps if (p := mpmath.exp(-((k * h) ** 2) / 2)) > floor]
    total = mpmath.mpf(0)
    for x, p in rule:
        u = mpmath.sqrt(a) * x
        total += p * f(u) * sum(q * f(c / a * u + root * y) for y, q in rule if p * q > floor)
    return total * h * h / (2 * mpmath.pi)


def by_mpmath(
    name: str, network: DeepNetwork, a: str, b: str, c: str, nodes: int, floor: mpmath.mpf
) -> tuple[mpmath.mpf, mpmath.mpf]:
    """NNGP and N1 of two points, written as in a textbook, by code that shares nothing with the package."""
    f, df = CASES[name]
    w = [mpmath.mpf(x.numerator) / x.denominator for x in network.sigma_w2]
    v = [mpmath.mpf(x.numerator) / x.denominator for x in network.sigma_b2]
    s = [w[0] * mpmath.mpf(x) + v[0] for x in (a, b, c)]
    theta = s[2]

    def square(q: mpmath.mpf) -> mpmath.mpf:
        return mpmath.quad(lambda z: f(mpmath.sqrt(q) * z) ** 2 * mpmath.npdf(z), mpmath.linspace(-14, 14, 15))

    for w_next, v_next in zip(w[1:], v[1:], strict=True):
        cross, slopes = mean(f, *s, nodes, floor), mean(df, *s, nodes, floor)
        s = [w_next * x + v_next for x in (square(s[0]), square(s[1]), cross)]
        theta = s[2] + w_next * theta * slopes
    return s[2], theta


@pytest.mark.parametrize(
    ("name", "nodes", "digits"),
    [
        ("sin", 3, 30),
        ("tanh", 5, 14),
        pytest.param("tanh", 9, 30, marks=pytest.mark.slow),
        pytest.param("softplus", 9, 30, marks=pytest.mark.slow),
    ],
)
def test_pairs_agree_with_a_textbook_recursion(name: str, nodes: int, digits: int) -> None:
    network = deep_network(name, 2, sigma_w2=["3/2", "5/4", "2"], sigma_b2=["1/10", "0", "1/7"])
    with mpmath.workdps(digits + 8):
        truth = by_mpmath(name, network, "1", "0.75", "0.25", nodes, mpmath.mpf(10) ** (-digits - 6))
        texts = [mpmath.nstr(x, digits) for x in truth]
    found = pair_kernels(network, Fraction(1), Fraction(3, 4), Fraction(1, 4), 110, TangentConvention.PREACTIVATION)
    with precision(160):
        for value, text in zip(found, texts, strict=True):
            assert value is not None
            assert abs(value - arb(text)) < arb(10) ** (2 - digits)


@pytest.mark.parametrize("convention", TangentConvention)
@pytest.mark.parametrize("name", ["tanh", "gelu", "relu", "exp"])
def test_series_and_pairs_enclose_the_same_numbers(name: str, convention: TangentConvention) -> None:
    w2, b2 = ("1/8", "1/9") if name == "exp" else ("9/4", "1/100")
    network = deep_network(name, 3, sigma_w2=w2, sigma_b2=b2, convention=convention)
    series = deep_series(network, 96, 96, input_variance=Fraction(4, 3), convention=convention)
    for t in (Fraction(1, 2), Fraction(-3, 5), Fraction(0)):
        pair = pair_kernels(network, Fraction(4, 3), Fraction(4, 3), Fraction(4, 3) * t, 80, convention)
        with precision(128):
            for kernel, value in zip((series.nngp, series.tangent), pair, strict=True):
                assert kernel is not None
                assert value is not None
                enclosed = kernel(enclose(t))
                assert enclosed.overlaps(value)
                assert enclosed.rad() < 1e-6


def test_masses_are_the_diagonal() -> None:
    network = deep_network("tanh", 3, sigma_w2=2, sigma_b2="1/10")
    series = deep_series(network, 16, 96, convention=TangentConvention.PREACTIVATION)
    one = Fraction(1)
    nngp, tangent = pair_kernels(network, one, one, one, 96, TangentConvention.PREACTIVATION)
    assert series.tangent is not None
    assert tangent is not None
    assert series.nngp.mass.overlaps(nngp)
    assert series.tangent.mass.overlaps(tangent)
    assert series.tangent.mass.rad() < 1e-25


def test_relu_closed_form() -> None:
    """One layer with sigma_w2 = (1, 2): Sigma = (sin θ + (π - θ) cos θ)/π, Theta = Sigma + cos θ (π - θ)/π."""
    network = deep_network("relu", 1, sigma_w2=[1, 2])
    t = Fraction(1, 2)
    nngp, tangent = pair_kernels(network, Fraction(1), Fraction(1), t, 128, TangentConvention.PREACTIVATION)
    with precision(160):
        third = arb.pi() / 3
        sigma = (third.sin() + 2 * third * arb(0.5)) / arb.pi()
        assert nngp.overlaps(sigma)
        assert tangent is not None
        assert tangent.overlaps(sigma + arb(0.5) * 2 * third / arb.pi())
        assert tangent.rad() < 1e-38


POINTS = np.random.default_rng(5).standard_normal((7, 6))
POINTS[1] = 0.5 * POINTS[0]  # parallel, of another norm
POINTS[2] = -POINTS[3]
POINTS[4] = POINTS[5] * (1 + 1e-3) + 1e-7
POINTS[6] *= 40


@pytest.mark.parametrize("convention", [None, *TangentConvention])
@pytest.mark.parametrize(
    "names", ["relu", "erf", "abs", ["leaky_relu(1/10)", "erf(3*x)/2", "identity"], ["relu", "sin", "gelu"]]
)
def test_every_entry_of_unequal_norms_lies_within_its_radius(
    names: str | list[str], convention: TangentConvention | None
) -> None:
    depth = 3 if isinstance(names, list) else 2
    default = TangentConvention.PREACTIVATION
    network = deep_network(names, depth, sigma_w2="9/4", sigma_b2="1/50", convention=convention or default)
    exact = points(POINTS)
    norms = [exact.second_moment(i) for i in range(7)]
    matrices = layerwise_gram(network, norms, range(7), cosines(exact), order=160, convention=convention)
    sharp = 0
    for i in range(7):
        for j in range(i + 1):
            c = exact.inner(i, j) / 6
            values = pair_kernels(network, norms[i], norms[j], c, 200, convention)
            for matrix, value in zip(matrices, values, strict=True):
                if matrix is None or value is None:
                    assert convention is None
                    continue
                with precision(256):
                    gap = abs(value - arb(float(matrix.mid[i, j])))
                    assert not gap > arb(matrix.radius(i, j)), (i, j)
                    sharp += bool(gap <= arb(matrix.radius(i, j)))
                assert i == j or matrix.radius(i, j) > 0
    assert sharp >= 26 * (1 if convention is None else 2)


def test_radii_away_from_the_ends_are_a_few_units_of_rounding() -> None:
    exact = points(POINTS[[0, 2, 5]])
    norms = [exact.second_moment(i) for i in range(3)]
    for name in ("relu", "erf", "tanh"):
        network = deep_network(name, 3, sigma_w2="9/4", sigma_b2="1/50")
        k, t = layerwise_gram(
            network, norms, range(3), cosines(exact), order=256, convention=TangentConvention.PREACTIVATION
        )
        assert t is not None
        assert k.radius(0, 1) < 1e-13 * k.mid.max()
        assert t.radius(0, 1) < 1e-12 * t.mid.max()


def test_networks_are_read_exactly_or_refused() -> None:
    network = deep_network(["tanh", "relu"], 2, sigma_w2=[0.1, "1/3", 2], sigma_b2=0)
    assert network.sigma_w2 == (Fraction(0.1), Fraction(1, 3), Fraction(2))
    for bad in (
        {"depth": 0},
        {"depth": 2, "sigma_w2": [1, 1]},
        {"depth": 2, "sigma_w2": 0},
        {"depth": 2, "sigma_b2": "-1/2"},
    ):
        with pytest.raises(SpecError, match=r"deep network"):
            deep_network("tanh", **bad)  # type: ignore[arg-type]  # the point of the test
    with pytest.raises(SpecError, match="2 activations for 3"):
        deep_network(["tanh", "relu"], 3)
    with pytest.raises(DerivationGap, match="not proved continuous"):
        deep_series(deep_network("step", 1), 8, 64, convention=TangentConvention.READOUT)
    assert deep_series(deep_network("step", 1), 8, 64).nngp.coefficients[0].contains(arb(0.25))


def _cosine_network(cosine: str, depth: int) -> tuple[mpmath.mpf, mpmath.mpf]:
    """NNGP and tangent kernel of cos at unit norms: E cos u cos v = e^-q cosh c, E sin u sin v = e^-q sinh c."""
    q, c = mpmath.mpf(1), mpmath.mpf(Fraction(cosine).numerator) / Fraction(cosine).denominator
    tangent = c
    for _ in range(depth):
        tangent *= mpmath.exp(-q) * mpmath.sinh(c)
        q, c = (1 + mpmath.exp(-2 * q)) / 2, mpmath.exp(-q) * mpmath.cosh(c)
        tangent += c
    return c, tangent


@pytest.mark.parametrize(("cosine", "depth", "place", "bits"), [("1/2", 50, 1, None), ("-1/3", 40, 0, 64)])
def test_correlations_that_no_precision_tells_apart_from_one(
    cosine: str, depth: int, place: int, bits: int | None
) -> None:
    """Deep in a network of cosines every pair is nearly parallel: no series at 1, but the layers one by one."""
    points = [[1.0, 0.0], [float(Fraction(cosine)), math.sqrt(1 - float(Fraction(cosine)) ** 2)]]
    where = {"input_gram": [["1", cosine], [cosine, "1"]]} if bits else {"X": points, "normalize": "sphere"}
    found = (certigram.nngp, certigram.ntk)[place](activation="cos", depth=depth, bits=bits, **where)
    with mpmath.workdps(80):
        expected = [mpmath.nstr(_cosine_network(c, depth)[place], 60) for c in (cosine, "1")]
    for ball, value in zip((found.ball(0, 1), found.ball(1, 1)), expected, strict=True):
        assert abs(ball.mid - Fraction(value)) <= ball.rad + Fraction(1, 10**15 if bits is None else 10**50)
        assert ball.rad < Fraction(1, 10**12)


@pytest.mark.parametrize("bits", [None, 64])
@pytest.mark.parametrize("points", [[[1.0]], [[1.0, 0.0], [0.0, 3.0]], [[1.0, 0.0], [0.0, 1.0]]])
def test_kernels_beyond_float64_are_refused_in_a_sentence(points: list[list[float]], bits: int | None) -> None:
    """E exp(x/2) at a variance of at least 10^6 / 2 is above e^60000."""
    for make in (certigram.nngp, certigram.ntk):
        with pytest.raises(CertigramError, match="scale the activation"):
            make(points, activation="exp(x/4)", depth=1, sigma_w2=[10**6, 1], bits=bits)
