"""A failure here means that a false statement about a deep network's kernel would have been accepted."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from flint import arb

import certigram as cg
from certigram.deep import nngp, ntk
from certigram.numerics.balls.precision import precision
from certigram.numerics.deep import layerwise
from certigram.numerics.deep.arcsine import ARCSINE_ERROR, COEFFICIENTS, arcsine
from certigram.numerics.deep.conventions import TangentConvention
from certigram.numerics.deep.network import deep_network
from certigram.numerics.deep.pair import pair_kernels
from certigram.numerics.deep.series import deep_series
from certigram.numerics.kernels.cosines import cosines
from certigram.numerics.kernels.series import DotProductSeries
from certigram.theory.verdict import Verdict

HALF = Fraction(1, 2)
ONE = Fraction(1)


@pytest.mark.parametrize("name", ["tanh", "erf", "relu"])
def test_conventions_do_not_overlap(name: str) -> None:
    """Taking one kernel called NTK for another is noticed on any pair."""
    values = {}
    for convention in TangentConvention:
        network = deep_network(name, 3, sigma_w2="9/4", sigma_b2="1/100", convention=convention)
        values[convention] = pair_kernels(network, ONE, ONE, HALF, 80, convention)[1]
    for a, b in combinations(TangentConvention, 2):
        left, right = values[a], values[b]
        assert left is not None
        assert right is not None
        assert not left.overlaps(right), (a, b)


@pytest.mark.parametrize("order", [0, 1, 3, 20])
def test_a_moved_coefficient_is_noticed(order: int) -> None:
    network = deep_network("gelu", 2, sigma_w2=2, sigma_b2="1/10")
    series = deep_series(network, 60, 96).nngp
    truth = pair_kernels(network, ONE, ONE, HALF, 80)[0]
    assert series(arb(0.5)).overlaps(truth)
    moved = list(series.coefficients)
    moved[order] += arb(1) / 10**9 * 2**order
    with precision(128):
        wrong = DotProductSeries(tuple(moved), series.mass + 1)
        wrong = replace(wrong, mass=sum(moved, arb(0)) + series.tail)
        assert not wrong(arb(0.5)).overlaps(truth)


def test_a_layer_left_out_is_noticed() -> None:
    shallow, deep = (
        pair_kernels(deep_network("tanh", depth), ONE, ONE, HALF, 80, TangentConvention.READOUT) for depth in (2, 3)
    )
    assert not shallow[0].overlaps(deep[0])


def test_the_arcsine_misses_its_bound_when_one_coefficient_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.linspace(-1.0, 1.0, 4001).reshape(1, -1)

    def worst() -> float:
        found = arcsine(x.copy(), np.empty_like(x))
        with precision(96):
            return max(
                float(abs(arb(a).asin() - arb(b)).upper())
                for a, b in zip(x[0].tolist(), found[0].tolist(), strict=True)
            )

    assert worst() <= ARCSINE_ERROR
    wrong = COEFFICIENTS.copy()
    wrong[3] *= 1 + 2.0**-40
    monkeypatch.setattr("certigram.numerics.deep.arcsine.COEFFICIENTS", wrong)
    assert worst() > ARCSINE_ERROR


def test_radii_are_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the errors of the cosines taken ten million times too large the radius grows: it is not a constant."""
    table = np.random.default_rng(0).standard_normal((5, 4))
    network = deep_network("relu", 2)
    exact = cosines(table)
    blurred = type(exact)(exact.mid, 1e-8, exact.source)
    sharp, _ = layerwise.layerwise_gram(network, [ONE], [0] * 5, exact, order=64)
    wide, _ = layerwise.layerwise_gram(network, [ONE], [0] * 5, blurred, order=64)
    assert sharp.radius(0, 1) < 1e-13
    assert wide.radius(0, 1) > 1e-9


@pytest.mark.parametrize("kernel", [nngp, ntk])
def test_a_bound_moved_past_the_truth_is_not_proved(kernel: object) -> None:
    table = np.random.default_rng(1).standard_normal((12, 5))
    K = kernel(table, activation="erf", depth=2, sigma_w2=2, sigma_b2="1/10")  # type: ignore[operator]  # both front doors
    enclosure = cg.least_eigenvalue(K)
    assert enclosure.lower > 0
    past = Fraction(enclosure.upper) * (1 + Fraction(1, 10**9))
    assert cg.certify(K, at_least=past).verdict is Verdict.REFUTED
    assert cg.certify(K, at_least=Fraction(enclosure.lower) * Fraction(999, 1000)).verdict is Verdict.PROVED


def test_singular_data_refute_positivity() -> None:
    table = np.array([[1.0, 2.0], [3.0, -1.0], [2.0, 4.0]])
    same = ntk(table, activation="relu", depth=2, normalize="sphere")
    assert cg.certify(same, at_least="1e-30").verdict is Verdict.REFUTED
    kept = ntk(table, activation="relu", depth=2, sigma_b2="1/10")
    assert kept.instance.null_vector is None  # of different norms, and with a bias: not the same input
    antipodes = np.array([[1.0, 2.0], [-1.0, -2.0], [1.0, 0.0]])
    for name, singular in (("tanh", True), ("abs", True), ("gelu", False)):
        K = nngp(antipodes, activation=name, depth=2)
        assert (K.instance.null_vector is not None) is singular, name
    assert nngp(antipodes, activation="tanh", depth=2, sigma_b2="1/10").instance.null_vector is None
    line = np.random.default_rng(2).standard_normal((6, 3))
    assert nngp(line, activation="identity", depth=4, sigma_b2=1).instance.null_vector is not None
