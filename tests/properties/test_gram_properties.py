"""A failure here means that a Gram matrix or a verdict on it depends on what it must not: order, scale, precision."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

import certigram as cg
from certigram.numerics.balls.ball import Ball, enclose
from certigram.numerics.balls.precision import precision
from certigram.numerics.eigenvalues.eigenvalue import decide_at_least, least_eigenvalue
from certigram.numerics.kernels.series import DotProductSeries
from certigram.testing import (
    SpectrumMatrix,
    assert_encloses,
    assert_psd,
    balls,
    data_sets,
    dot_product_series,
    gram_matrices,
    rationals,
    reproducible,
    spectrum_matrices,
)

ACTIVATIONS = st.sampled_from(["tanh", "erf", "gelu", "relu", "sigmoid", "x*exp(-x**2/2)", "Max(Min(x, 1), -1)"])
EXACT_KINDS = ("plain", "duplicate", "parallel", "antipodal")
Table = NDArray[np.float64]


def gram(X: Table, name: str, **options: Any) -> cg.PopulationGram:
    budget = cg.Budget(max_bits=256)
    return cg.population_gram("deq-general", X, activation=name, sigma_w2="1/32", budget=budget, **options)


def opposite(one: cg.Verdict, other: cg.Verdict) -> bool:
    return {one, other} == {cg.Verdict.PROVED, cg.Verdict.REFUTED}


def radii(K: cg.PopulationGram) -> Table:
    return np.broadcast_to(np.asarray(K.rad), (K.n, K.n))


@pytest.mark.parametrize("examples", [6, pytest.param(15, marks=pytest.mark.slow)])
def test_symmetric_positive_semidefinite_constant_diagonal(examples: int) -> None:
    @reproducible(max_examples=examples)
    @given(data_sets(), ACTIVATIONS)
    def law(X: Table, name: str) -> None:
        K = gram(X, name)
        assert np.array_equal(K.mid, K.mid.T)
        assert np.array_equal(radii(K), radii(K).T)
        assert_psd(K.matrix)
        for i in range(1, K.n):
            assert K.ball(0, 0).overlaps(K.ball(i, i))

    law()


@reproducible(max_examples=12)
@given(data_sets(min_n=2), ACTIVATIONS, st.randoms(use_true_random=False))
def test_permutation_equivariant_and_scale_invariant(X: Table, name: str, random: Any) -> None:
    order = list(range(len(X)))
    random.shuffle(order)
    scale = np.ldexp(1.0, [random.randint(-200, 200) for _ in order])
    K, moved = gram(X, name), gram(X[order] * scale[:, None], name)
    for i, p in enumerate(order):
        for j, q in enumerate(order):
            assert moved.ball(i, j).overlaps(K.ball(p, q))
    one, other = cg.least_eigenvalue(K), cg.least_eigenvalue(moved)
    assert max(one.lower, other.lower) <= min(one.upper, other.upper)


@reproducible(max_examples=8)
@given(data_sets(min_n=2, kinds=EXACT_KINDS, extreme=False), ACTIVATIONS, st.sampled_from([3.0, 7.0, 0.625]))
def test_scaling_by_integers_keeps_the_directions(X: Table, name: str, factor: float) -> None:
    K, scaled = gram(X, name), gram(X * factor, name)  # exact: the entries have at most 8 bits
    one, other = cg.least_eigenvalue(K), cg.least_eigenvalue(scaled)
    assert max(one.lower, other.lower) <= min(one.upper, other.upper)
    for bound in (one.lower, one.upper):
        assert not opposite(cg.certify(K, at_least=bound).verdict, cg.certify(scaled, at_least=bound).verdict)


@pytest.mark.parametrize("examples", [4, pytest.param(8, marks=pytest.mark.slow)])
def test_precision_never_turns_a_verdict_around(examples: int) -> None:
    @reproducible(max_examples=examples)
    @given(data_sets(min_n=2, max_n=4, kinds=EXACT_KINDS, extreme=False), ACTIVATIONS)
    def law(X: Table, name: str) -> None:
        coarse = gram(X, name)
        middle = cg.least_eigenvalue(coarse)
        for bound in (middle.lower, (middle.lower + middle.upper) / 2, middle.upper, 0.0):
            verdicts = [
                cg.certify(K, at_least=bound).verdict for K in (coarse, gram(X, name, bits=64), gram(X, name, bits=192))
            ]
            assert not opposite(verdicts[0], verdicts[1])
            assert not opposite(verdicts[1], verdicts[2])
            assert not opposite(verdicts[0], verdicts[2])

    law()


@pytest.mark.parametrize("examples", [3, pytest.param(6, marks=pytest.mark.slow)])
def test_certify_is_monotone_in_the_bound(examples: int) -> None:
    @reproducible(max_examples=examples)
    @given(gram_matrices(2, 4), ACTIVATIONS, st.integers(1, 12))
    def law(C: list[list[Fraction]], name: str, digits: int) -> None:
        K = cg.population_gram("deq-general", input_gram=C, activation=name, sigma_w2="1/32")
        found = cg.least_eigenvalue(K)
        step = Fraction(found.upper) / 10**digits
        ranks = {cg.Verdict.PROVED: 0, cg.Verdict.UNKNOWN: 1, cg.Verdict.REFUTED: 2}
        bounds = [Fraction(found.lower) + k * step for k in (-9, -1, 0, 1, 9)]
        verdicts = [ranks[cg.certify(K, at_least=bound).verdict] for bound in bounds]
        assert verdicts[0] == 0
        for k, low in enumerate(verdicts):
            assert all(not (low == 2 and high == 0) for high in verdicts[k:])

    law()


@pytest.mark.parametrize("examples", [5, pytest.param(10, marks=pytest.mark.slow)])
def test_more_bits_overlap_and_are_not_wider(examples: int) -> None:
    @reproducible(max_examples=examples)
    @given(gram_matrices(2, 4), ACTIVATIONS)
    def law(C: list[list[Fraction]], name: str) -> None:
        coarse, fine = (
            cg.population_gram("deq-general", input_gram=C, activation=name, sigma_w2="1/32", bits=bits)
            for bits in (40, 120)
        )
        for i in range(len(C)):
            for j in range(i + 1):
                assert coarse.ball(i, j).overlaps(fine.ball(i, j))
                assert fine.ball(i, j).rad <= coarse.ball(i, j).rad + Fraction(1, 2**36)

    law()


@reproducible(max_examples=60)
@given(spectrum_matrices(), st.sampled_from([0.0, 2.0**-60, 2.0**-20]))
def test_exactly_known_least_eigenvalues(drawn: SpectrumMatrix, relative: float) -> None:
    truth = drawn.eigenvalues[0]
    assert_encloses(least_eigenvalue(drawn.matrix), truth, what="least eigenvalue")
    radius = relative * float(np.abs(drawn.matrix.mid).max())
    inside = least_eigenvalue(drawn.with_radius(radius))
    for shift in (-Fraction(radius), Fraction(0), Fraction(radius)):
        assert inside.lower <= truth + shift <= inside.upper
    off = abs(truth) / 10**9 or Fraction(1, 10**30)
    assert decide_at_least(drawn.matrix, truth + off)[0] is not cg.Verdict.PROVED
    assert decide_at_least(drawn.matrix, truth - off)[0] is not cg.Verdict.REFUTED


@reproducible(max_examples=60)
@given(dot_product_series(), dot_product_series(), rationals(-1, 1, max_denominator=50))
def test_series_algebra_is_the_algebra_of_the_functions(f: DotProductSeries, g: DotProductSeries, t: Fraction) -> None:
    with precision(100):
        x = enclose(t)
        assert (f + g)(x).overlaps(f(x) + g(x))
        assert (f * g)(x).overlaps(f(x) * g(x))
        assert f(x).abs_lower() <= f.mass
        inside = f.to_float()
        value = sum((Fraction(float(c)) * t**r for r, c in enumerate(inside.coefficients)), Fraction(0))
        slack = Fraction(inside.radius) + abs(t) ** (inside.order + 1) * Fraction(inside.tail)
        assert f(x).overlaps(arb(enclose(value), enclose(slack).upper()))


@reproducible(max_examples=100)
@given(balls(), balls(), rationals(0, 1, max_denominator=16), rationals(0, 1, max_denominator=16))
def test_ball_arithmetic_contains_the_results_on_members(x: Ball, y: Ball, s: Fraction, t: Fraction) -> None:
    p, q = (b.lower + u * (b.upper - b.lower) for b, u in ((x, s), (y, t)))
    assert x.contains(p)
    with precision(60):
        assert Ball(x.arb + y.arb).contains(p + q)
        assert Ball(x.arb * y.arb).contains(p * q)
        if (x < y) is cg.Verdict.PROVED:
            assert p < q
        if (x < y) is cg.Verdict.REFUTED:
            assert p >= q
    assert Ball.from_dyadic(*x.dyadic()) == x
    assert x.contains(x)
    assert x.overlaps(x)
    assert x.lower <= x.mid <= x.upper


@reproducible(max_examples=60)
@given(balls(finite=False), balls(finite=False))
def test_comparisons_of_any_balls_are_consistent(x: Ball, y: Ball) -> None:
    assert not opposite(x < y, x <= y) or (x <= y) is cg.Verdict.PROVED
    assert {(x < y), (y > x)} in ({cg.Verdict.PROVED}, {cg.Verdict.REFUTED}, {cg.Verdict.UNKNOWN})
    if not x.finite:
        assert x.contains(0)
        assert math.isnan(float(x)) or math.isinf(float(x)) or x.arb.contains(0)
