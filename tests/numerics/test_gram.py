"""A failure here means that an entry of a Gram matrix lies outside the radius that was proved for it."""

import tracemalloc
from math import comb

import mpmath
import numpy as np
import pytest
from flint import arb, arb_mat, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from certigram.numerics.balls import threads
from certigram.numerics.balls.budget import Budget
from certigram.numerics.balls.precision import precision
from certigram.numerics.kernels import cosines as cosines_module
from certigram.numerics.kernels import gram as gram_module
from certigram.numerics.kernels.ballmatrix import BallMatrix
from certigram.numerics.kernels.cosines import Cosines, cosines, cosines_arb
from certigram.numerics.kernels.cosines import memory_estimate as cosines_memory
from certigram.numerics.kernels.gram import gram, gram_arb, gram_truncated, hadamard_power, memory_estimate
from certigram.numerics.kernels.horner import LEVELS, tile_series
from certigram.numerics.kernels.series import DotProductSeries, FloatSeries
from certigram.theory.errors import SpecError

BITS = 200


def arcsine(order, scale):
    """(2/π) asin(scale t): odd; for scale 1 its coefficients decay like r^(-3/2) and g' is infinite at 1."""
    a = arb(fmpq(*scale))
    factor = 2 / arb.pi()
    terms = [arb(0)] * (order + 1)
    for k in range((order + 1) // 2):
        terms[2 * k + 1] = factor * arb(comb(2 * k, k)) / (arb(4) ** k * (2 * k + 1)) * a ** (2 * k + 1)
    return DotProductSeries(tuple(terms), factor * a.asin()), lambda t: factor * (a * t).asin()


def exponential(order):
    """exp(t - 1): no parity, tail negligible."""
    return (
        DotProductSeries(tuple(arb(-1).exp() / arb(r).fac() for r in range(order + 1)), arb(1)),
        lambda t: (t - 1).exp(),
    )


def cosh(order):
    """cosh(2t)/4: even."""
    terms = (arb(2) ** r / arb(r).fac() / 4 * (1 - r % 2) for r in range(order + 1))
    return DotProductSeries(tuple(terms), arb(2).cosh() / 4), lambda t: (2 * t).cosh() / 4


def zero_order(order):
    """(π - arccos t)/π = 1/2 + asin(t)/π, the step's kernel: a constant and odd terms."""
    odd, _ = arcsine(order, (1, 1))
    terms = (arb(fmpq(1, 2)), *(b / 2 for b in odd.coefficients[1:]))
    return DotProductSeries(terms, arb(1)), lambda t: arb(1) if t == 1 else arb(fmpq(1, 2)) + t.asin() / arb.pi()


with precision(BITS):
    KERNELS = {
        "arcsine, 5/6": arcsine(201, (5, 6)),
        "arcsine, 1": arcsine(120, (1, 1)),
        "exponential": exponential(40),
        "exponential, cut early": exponential(4),
        "cosh": cosh(40),
        "step": zero_order(300),
        "constant": (DotProductSeries((arb(3),), arb(3)), lambda t: arb(3)),
        "linear": (DotProductSeries((arb(0), arb(3)), arb(3)), lambda t: 3 * t),
    }


def data_sets():
    rng = np.random.default_rng(0)
    base = rng.standard_normal((5, 6))
    return {
        "random": rng.standard_normal((14, 9)),
        "near duplicates": np.vstack([base, base + 1e-12 * rng.standard_normal((5, 6)), -base + 1e-9]),
        "parallel": np.vstack([base, -2.0 * base[:2], 4.0 * base[:3]]),
        "huge and small": rng.standard_normal((10, 4)) * 10.0 ** rng.uniform(-150, 150, (10, 1)),
        "one dimension": np.array([[1.0], [3.0], [-2.0]]),
        "one point": np.array([[0.3, 0.7]]),
        "dyadic": rng.integers(0, 17, (12, 8)).astype(float) + np.eye(12, 8) / 4,
    }


DATA = data_sets()


def assert_encloses(matrix: BallMatrix, exact: arb_mat, function) -> float:
    """Every entry of g at the exact cosines lies in its ball; returns the largest error in radii."""
    worst = 0.0
    with precision(BITS):
        for i in range(matrix.n):
            for j in range(i + 1):
                value = function(arb(1) if i == j else exact[i, j])
                error = abs(value - arb(float(matrix.mid[i, j])))
                assert error <= arb(matrix.radius(i, j)), (i, j, error, matrix.radius(i, j))
                assert matrix.radius(i, j) == matrix.radius(j, i)
                worst = max(worst, float(error) / (matrix.radius(i, j) or 1.0))
    return worst


@pytest.mark.parametrize("radius", ["auto", "scalar", "entrywise"])
@pytest.mark.parametrize("points", sorted(DATA))
@pytest.mark.parametrize("kernel", sorted(KERNELS))
def test_every_entry_lies_in_its_ball(kernel, points, radius):
    series, function = KERNELS[kernel]
    c = cosines(DATA[points])
    exact = cosines_arb(DATA[points], BITS)
    assert_encloses(gram(series, c, radius=radius), exact, function)
    assert_encloses(gram(series, c, radius=radius, entry=function), exact, function)


@pytest.mark.parametrize("points", sorted(DATA))
@pytest.mark.parametrize("kernel", sorted(KERNELS))
def test_ball_arithmetic_agrees(kernel, points):
    series, function = KERNELS[kernel]
    exact = cosines_arb(DATA[points], 128)
    k = gram_arb(series, exact, 128)
    assert_encloses(k, cosines_arb(DATA[points], BITS), function)
    assert k.arb is not None
    with precision(BITS):
        for i in range(k.n):
            for j in range(k.n):
                assert k.arb[i, j].overlaps(function(arb(1) if i == j else exact[i, j]))
                assert arb(float(k.mid[i, j]), k.radius(i, j)).contains(k.arb[i, j])


def test_an_independent_library_agrees():
    series, _ = KERNELS["arcsine, 5/6"]
    table = DATA["random"]
    k = gram(series, cosines(table))
    with mpmath.workdps(40):
        for i in range(3):
            for j in range(i):
                x, y = (mpmath.matrix(table[m].tolist()) for m in (i, j))
                t = mpmath.fdot(x, y) / mpmath.norm(x) / mpmath.norm(y)
                value = 2 / mpmath.pi * mpmath.asin(mpmath.mpf(5) / 6 * t)
                assert abs(value - mpmath.mpf(float(k.mid[i, j]))) <= k.radius(i, j)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=12),
    st.lists(st.floats(-1, 1), min_size=3, max_size=3),
    st.floats(0, 1e-3),
    st.floats(0, 1e-9),
)
def test_any_polynomial_and_any_perturbation_within_the_radius(coefficients, entries, tail, rad):
    """The bound holds for every true cosine within ``rad`` of the stored one and every rest of mass ``tail``."""
    a, b, c = entries
    mid = np.array([[1, a, b], [a, 1, c], [b, c, 1]], dtype=float)
    k = gram(FloatSeries(np.array(coefficients), 0.0, tail), Cosines(mid, rad))
    order = len(coefficients)
    with precision(BITS):
        for i, j in ((0, 1), (0, 2), (1, 2)):
            for shift in (-rad, 0.0, rad):
                t = arb(float(mid[i, j])) + arb(shift)
                t = t if abs(t) <= 1 else arb(1 if t > 0 else -1)
                value = sum((arb(x) * t**r for r, x in enumerate(coefficients)), arb(0))
                for power in (order, order + 1):
                    full = value + arb(tail) * t**power
                    assert abs(full - arb(float(k.mid[i, j]))) <= arb(k.radius(i, j))


def test_the_radius_is_not_generous():
    series, function = KERNELS["arcsine, 5/6"]
    rng = np.random.default_rng(3)
    c = cosines(rng.integers(0, 17, (40, 64)).astype(float))
    exact = cosines_arb(c.source, BITS)
    assert 0.02 < assert_encloses(gram(series, c), exact, function) <= 1.0


def test_digit_images_are_known_to_1e_14():
    from sklearn.datasets import load_digits

    c = cosines(load_digits().data[:200])
    assert 0.98 < c.delta < 0.99
    k = gram(KERNELS["arcsine, 5/6"][0], c)
    assert isinstance(k.rad, float)
    assert k.rad < 1e-14


def test_each_entry_gets_its_own_radius_where_the_tail_matters():
    series, _ = KERNELS["step"]
    c = cosines(
        np.vstack([np.random.default_rng(4).standard_normal((30, 40)), np.ones((1, 40)), np.ones((1, 40)) + 1e-3])
    )
    near = np.zeros((2, 40))
    near[0, 0], near[1, :2] = 1.0, (1.0, 1e-4)
    k = gram(series, cosines(np.vstack([c.source.values[:20], near])))
    assert isinstance(k.rad, np.ndarray)
    assert k.radius(20, 21) > 1e-3
    assert np.median(k.rad) < 1e-14


def test_an_entry_function_makes_the_worst_pairs_as_good_as_the_others():
    series, function = KERNELS["step"]
    x = np.random.default_rng(5).standard_normal((20, 40))
    near = np.zeros((2, 40))
    near[0, 0], near[1, :2] = 1.0, (1.0, 1e-4)
    k = gram(series, cosines(np.vstack([x, near])), entry=function)
    assert np.max(k.rad) < 1e-14
    assert any("1 pairs evaluated" in line for line in k.provenance)


def test_an_entry_function_that_knows_nothing_does_no_harm():
    series, function = KERNELS["step"]
    c = cosines(DATA["near duplicates"])
    for useless in (lambda t: arb("nan"), lambda t: arb(0, 100)):
        assert_encloses(gram(series, c, entry=useless), cosines_arb(c.source, BITS), function)


def test_duplicates_have_the_mass():
    series, _ = KERNELS["step"]
    k = gram(series, cosines(DATA["parallel"]))
    assert k.mid[0, 7] == k.mid[0, 0] == 1.0
    assert k.radius(0, 7) == 0.0


def test_the_order_of_the_points_does_not_matter():
    series, _ = KERNELS["exponential"]
    rng = np.random.default_rng(6)
    table = rng.standard_normal((350, 12))
    order = rng.permutation(350)
    k, p = gram(series, cosines(table)), gram(series, cosines(table[order]))
    assert np.abs(k.mid[np.ix_(order, order)] - p.mid).max() <= np.max(k.rad) + np.max(p.rad)


def test_tiles_cover_the_matrix():
    series, _ = KERNELS["exponential"]
    c = cosines(np.random.default_rng(7).standard_normal((500, 10)))
    k = gram(series, c)
    assert np.abs(k.mid - np.exp(c.mid - 1)).max() < 1e-14
    assert np.array_equal(k.mid, k.mid.T)


def test_parity_halves_the_work():
    for kernel, shape in (("arcsine, 1", (1, 2)), ("cosh", (0, 2)), ("exponential", (0, 1)), ("step", (0, 1))):
        plan = tile_series(KERNELS[kernel][0].to_float(), 1e-16)
        assert (plan.offset, plan.stride) == shape


def test_fewer_terms_are_used_where_the_cosines_are_small():
    plan = tile_series(KERNELS["arcsine, 1"][0].to_float(), 1e-16)
    assert plan.terms[0] < 12
    assert plan.terms[-1] == 60
    assert (np.diff(plan.terms) >= 0).all()
    assert (np.diff(LEVELS) > 0).all()
    assert LEVELS[-1] == 1.0


def test_what_is_left_out_is_less_than_the_spill():
    series = KERNELS["step"][0].to_float()
    plan = tile_series(series, 0.0)
    with precision(BITS):
        for level, count in zip(LEVELS[::7].tolist(), plan.terms[::7].tolist(), strict=True):
            rest = sum((arb(c) * arb(level) ** r for r, c in enumerate(series.coefficients) if r >= count), arb(0))
            assert rest <= plan.fixed


def test_a_wide_diagonal_does_not_widen_the_other_entries():
    k = gram(FloatSeries(np.array([0.0, 1.0]), 0.0, 0.5), cosines(np.eye(4) + 0.01))
    assert isinstance(k.rad, np.ndarray)
    assert k.radius(0, 0) >= 0.25
    assert k.radius(0, 1) < 1e-3


@pytest.mark.parametrize("r", [0, 1, 2, 3, 7, 64, 1001])
@pytest.mark.parametrize("points", sorted(DATA))
def test_hadamard_powers(points, r):
    exact = cosines_arb(DATA[points], BITS)
    assert_encloses(hadamard_power(cosines(DATA[points]), r), exact, lambda t: t**r)


def test_truncated_sums():
    exact = cosines_arb(DATA["random"], BITS)
    with precision(BITS):
        b = {1: arb(fmpq(1, 3)), 4: arb(2).sqrt()}
        k = gram_truncated(b, cosines(DATA["random"]))
    assert_encloses(k, exact, lambda t: b[1] * t + b[4] * t**4)
    assert isinstance(k.rad, float)
    assert k.rad < 1e-14
    assert np.abs(gram_truncated({}, cosines(DATA["random"])).mid).max() == 0.0


def test_negative_powers_are_refused():
    with pytest.raises(SpecError, match="exponent -1 is negative"):
        hadamard_power(cosines([[1.0]]), -1)


def test_too_large_a_matrix_is_refused_before_it_is_allocated():
    c = cosines(np.random.default_rng(8).standard_normal((50, 3)))
    for call in (
        lambda b: gram(KERNELS["exponential"][0], c, budget=b),
        lambda b: hadamard_power(c, 2, budget=b),
    ):
        with pytest.raises(SpecError, match=r"n = 50 needs \d+ bytes"):
            call(Budget(memory=1000))
    assert memory_estimate(25_000) < 1.07 * 2 * 8 * 25_000**2


def test_the_memory_estimate_holds():
    table = np.random.default_rng(9).standard_normal((1500, 16))
    tracemalloc.start()
    try:
        c = cosines(table)
        assert tracemalloc.get_traced_memory()[1] <= cosines_memory(1500, 16)
        for radius in ("scalar", "entrywise"):
            tracemalloc.reset_peak()
            others = tracemalloc.get_traced_memory()[0] - c.mid.nbytes
            gram(FloatSeries(np.ones(9), 0.0, 0.1), c, radius=radius)
            peak = tracemalloc.get_traced_memory()[1] - others
            assert peak <= memory_estimate(1500, entrywise=radius == "entrywise")
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("radius", ["scalar", "entrywise"])
@pytest.mark.parametrize("points", ["random", "parallel", "near duplicates"])
def test_in_place_and_in_threads_the_result_is_the_same(points, radius, monkeypatch):
    series, function = KERNELS["step"]
    table = np.vstack([DATA[points], np.random.default_rng(11).standard_normal((350, DATA[points].shape[1]))])
    plain = gram(series, cosines(table), entry=function, radius=radius)
    for module in (gram_module, cosines_module):
        monkeypatch.setattr(module, "THREADED", 0)
    monkeypatch.setattr(threads, "thread_count", lambda: 3)
    c = cosines(table)
    storage = c.mid
    k = gram(series, c, entry=function, radius=radius, overwrite=True)
    assert np.array_equal(k.mid, plain.mid)
    assert np.array_equal(k.rad, plain.rad)
    assert k.mid.base is storage  # the matrix lies where the cosines lay
    with pytest.raises(AttributeError):
        _ = c.mid
    with pytest.raises(AttributeError):
        gram(series, c)


def test_from_points_to_the_matrix_takes_one_matrix_and_a_half():
    n = 1500
    table = np.random.default_rng(9).standard_normal((n, 16))
    tracemalloc.start()
    try:
        k = gram(FloatSeries(np.ones(9), 0.0, 0.1), cosines(table), radius="scalar", overwrite=True)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert k.n == n
    assert peak <= 1.5 * 8 * n * n
    assert max(memory_estimate(n, overwrite=True), cosines_memory(n, 16)) <= 1.7 * 8 * n * n


def test_entrywise_radii_are_given_up_when_they_do_not_fit():
    series, _ = KERNELS["step"]
    c = cosines(DATA["near duplicates"])
    enough, less = memory_estimate(c.n, entrywise=True), memory_estimate(c.n, entrywise=True) - 8
    assert isinstance(gram(series, c, budget=Budget(memory=enough)).rad, np.ndarray)
    assert isinstance(gram(series, c, budget=Budget(memory=less)).rad, float)


def test_an_infinite_mass_is_refused():
    with pytest.raises(SpecError, match="not finite"):
        gram(FloatSeries(np.array([1.0]), np.inf, 0.0), cosines(np.eye(2)))
