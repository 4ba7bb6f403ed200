"""A failure here means that a cosine lies outside the radius that was proved for it, or that bad data got through."""

import math
from fractions import Fraction

import flint
import mpmath
import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from certigram.numerics.balls.budget import Budget
from certigram.numerics.balls.precision import precision
from certigram.numerics.kernels.cosines import (
    Cosines,
    cosines,
    cosines_arb,
    memory_estimate,
    raw_gram,
)
from certigram.numerics.kernels.input_gram import input_gram
from certigram.numerics.kernels.points import points
from certigram.numerics.kernels.split_rows import radius, split_bits
from certigram.theory.errors import SpecError


def true_cosine(x: np.ndarray, y: np.ndarray, bits: int = 200) -> arb:
    """The cosine of two float vectors, from their exact rational inner products."""
    xs, ys = [Fraction(a) for a in x.tolist()], [Fraction(a) for a in y.tolist()]
    inner = sum((a * b for a, b in zip(xs, ys, strict=True)), Fraction(0))
    norms = sum(a * a for a in xs) * sum(b * b for b in ys)
    with precision(bits):
        return arb(fmpq(inner.numerator, inner.denominator)) / arb(fmpq(norms.numerator, norms.denominator)).sqrt()


def worst_ratio(table: np.ndarray, c: Cosines) -> float:
    """The largest error of an entry, in radii; every error must be at most 1 radius."""
    worst = 0.0
    with precision(200):
        for i in range(len(table)):
            for j in range(i):
                error = abs(true_cosine(table[i], table[j]) - arb(float(c.mid[i, j])))
                assert error <= arb(c.rad), (i, j, error, c.rad)
                worst = max(worst, float(error) / c.rad)
    return worst


def adversarial(rng: np.random.Generator) -> dict[str, np.ndarray]:
    base = rng.standard_normal((6, 16))
    near = np.vstack([base, base + 1e-12 * rng.standard_normal((6, 16)), -base * 3.0, -base + 1e-12])
    scales = 10.0 ** rng.uniform(-150, 150, (12, 1))
    return {
        "near duplicates and antipodes": near,
        "huge and small rows": rng.standard_normal((12, 8)) * scales,
        "huge and small columns": rng.standard_normal((12, 8)) * 10.0 ** rng.uniform(-150, 150, 8),
        "largest and least floats": np.array([[1.7e308, 1.7e308], [5e-324, 0.0], [5e-324, 1.7e308], [1e-310, 3e-310]]),
        "one dimension": rng.standard_normal((7, 1)),
        "dyadic": rng.integers(-9, 9, (12, 5)) / 8.0 + np.eye(12, 5) / 1024.0,
        "many bits": np.abs(rng.standard_normal((10, 300))),
        "cancelling": np.hstack([np.ones((8, 40)), -np.ones((8, 40))]) * rng.uniform(1, 2, (8, 80)),
        "odd dimension": rng.standard_normal((9, 3)),
    }


@pytest.mark.parametrize("name", sorted(adversarial(np.random.default_rng(0))))
def test_every_cosine_lies_within_the_radius(name):
    table = adversarial(np.random.default_rng(1))[name]
    c = cosines(table)
    worst_ratio(table, c)
    assert np.array_equal(c.mid, c.mid.T)
    assert np.array_equal(np.diag(c.mid), np.ones(len(table)))
    assert np.abs(c.mid).max() <= 1.0


finite = st.floats(allow_nan=False, allow_infinity=False, width=64)
tables = st.tuples(st.integers(1, 6), st.integers(1, 7)).flatmap(
    lambda shape: arrays(np.float64, shape, elements=finite)
)


@settings(max_examples=150, deadline=None)
@given(tables)
def test_any_finite_table_is_enclosed_or_refused(table):
    if not table.any(axis=1).all():
        with pytest.raises(SpecError, match=f"row {int(np.argmax(~table.any(axis=1)))} is zero"):
            cosines(table)
        return
    c = cosines(table)
    worst_ratio(table, c)
    exact = cosines_arb(table, 100)
    for i in range(len(table)):
        for j in range(len(table)):
            assert exact[i, j].overlaps(true_cosine(table[i], table[j]))
            assert c.entry(i, j).overlaps(exact[i, j])


def test_the_radius_is_not_generous():
    """For 64 dimensions some entry uses a good share of the radius: the bound is about rounding."""
    table = np.random.default_rng(2).standard_normal((40, 64))
    assert 0.05 < worst_ratio(table, cosines(table)) <= 1.0


def test_the_radius_hardly_depends_on_the_dimension():
    assert radius(64, whole=False) < 6e-16
    assert radius(3000, whole=False) < 1e-15
    assert radius(10**6, whole=True) == radius(2, whole=True) < 3.4e-16


@pytest.mark.parametrize("d", [1, 2, 3, 63, 64, 65, 4096, 4097])
def test_the_whole_part_has_exact_inner_products(d):
    beta = split_bits(d)
    assert d * 4**beta <= 2**53 < 4 * d * 4**beta * 2


def test_images_of_few_bits_have_no_rest():
    table = np.random.default_rng(3).integers(0, 17, (30, 64)).astype(float)
    c = cosines(table)
    assert c.rad == radius(64, whole=True)
    worst_ratio(table, c)


def test_powers_of_two_do_not_matter():
    rng = np.random.default_rng(4)
    table = rng.standard_normal((9, 5))
    scaled = np.ldexp(table, rng.integers(-400, 400, (9, 1)))
    assert np.array_equal(cosines(table).mid, cosines(scaled).mid)


def test_permuted_points_give_overlapping_cosines():
    rng = np.random.default_rng(5)
    table = rng.standard_normal((300, 20))
    order = rng.permutation(300)
    c, p = cosines(table), cosines(table[order])
    assert np.abs(c.mid[np.ix_(order, order)] - p.mid).max() <= c.rad + p.rad


def test_blocks_agree_with_one_product():
    table = np.random.default_rng(6).standard_normal((600, 10))
    c = cosines(table)
    unit = table / np.linalg.norm(table, axis=1, keepdims=True)
    assert np.abs(c.mid - unit @ unit.T).max() < 1e-14


def test_delta_bounds_every_pair():
    table = np.random.default_rng(7).standard_normal((20, 3))
    c = cosines(table)
    largest = max(float(abs(true_cosine(table[i], table[j]))) for i in range(20) for j in range(i))
    assert largest <= c.delta <= largest + 2 * c.rad + 1e-15
    assert cosines([[2.0]]).delta == 0.0


def test_parallel_points_give_exactly_one_in_ball_arithmetic():
    exact = cosines_arb([[0.1, 0.3], [-0.2, -0.6], [0.1, 0.3 + 2**-52], [0.3, 0.9]], 64)
    assert exact[0, 1] == -1
    assert not exact[0, 2].is_exact()  # one unit in the last place away from parallel, and 64 bits cannot tell
    assert cosines_arb([[0.1, 0.3], [0.1, 0.3 + 2**-52]], 256)[0, 1] < 1


def test_more_bits_give_smaller_balls_that_overlap():
    table = np.random.default_rng(8).standard_normal((5, 4))
    few, many = cosines_arb(table, 64), cosines_arb(table, 333)
    for i in range(5):
        for j in range(i):
            assert few[i, j].contains(many[i, j])
            assert many[i, j].rad() < arb(2) ** -330


def test_an_independent_library_agrees():
    table = np.random.default_rng(9).standard_normal((6, 5))
    c = cosines(table)
    with mpmath.workdps(40):
        for i in range(6):
            for j in range(i):
                x, y = (mpmath.matrix(table[k].tolist()) for k in (i, j))
                value = mpmath.fdot(x, y) / mpmath.norm(x) / mpmath.norm(y)
                assert abs(value - mpmath.mpf(float(c.mid[i, j]))) <= c.rad


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ([[1.0, 2.0], [math.nan, 0.0]], "row 1 has an entry that is NaN"),
        ([[math.inf, 2.0]], "row 0 has an entry that is NaN or infinite"),
        ([[1.0], [0.0], [0.0]], "row 1 is zero"),
        ([1.0, 2.0], r"the shape \(2,\)"),
        (np.zeros((0, 3)), r"the shape \(0, 3\)"),
        ([[1.0], [1.0, 2.0]], "not a table of numbers"),
        ([["a", "b"]], "'a' is not a number for row 0"),
        (np.array([[1.0 + 0.0j, 1.0]]), "not real numbers"),
        ([[1.0, None]], "row 0 has a missing entry"),
    ],
)
def test_bad_points_are_refused_with_a_reason(table, says):
    with pytest.raises(SpecError, match=says):
        cosines(table)


def test_too_large_a_matrix_is_refused_before_it_is_allocated():
    table = np.ones((100_000, 1))
    with pytest.raises(SpecError, match=r"n = 100000 needs \d+ bytes"):
        cosines(table)
    with pytest.raises(SpecError, match="n = 10 needs"):
        cosines(np.ones((10, 1)), budget=Budget(memory=100))
    assert memory_estimate(1000, 64) < 3 * 8 * 1000**2


def test_points_are_kept_as_they_were_given():
    table = np.ones((2, 2))
    p = points(table)
    table[0, 0] = 5.0
    assert p.values[0, 0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        p.values[0, 0] = 2.0


@pytest.mark.parametrize("scale", [1.0, 1e-60, 1e60])
def test_the_raw_gram_matrix_is_enclosed_entry_by_entry(scale):
    rng = np.random.default_rng(10)
    table = rng.standard_normal((12, 7)) * 10.0 ** rng.uniform(-20, 20, (12, 1)) * scale
    gram = raw_gram(table)
    for i in range(12):
        for j in range(12):
            exact = sum((Fraction(a) * Fraction(b) for a, b in zip(table[i], table[j], strict=True)), Fraction(0)) / 7
            assert abs(Fraction(float(gram.mid[i, j])) - exact) <= Fraction(gram.radius(i, j))
            bound = 1e-14 * math.sqrt(gram.mid[i, i] * gram.mid[j, j])
            assert gram.radius(i, j) <= bound


def test_the_raw_gram_matrix_refuses_norms_out_of_range():
    with pytest.raises(SpecError, match="row 1 leaves the range"):
        raw_gram([[1.0], [1e200]])


def test_an_exact_gram_matrix_gives_exact_cosines():
    g = input_gram([["1", "1/2", "-1/4"], ["1/2", "1", "1/5"], ["-1/4", "1/5", "1"]])
    c = cosines(g)
    assert c.mid[0, 1] == 0.5
    assert c.mid[0, 2] == -0.25
    assert abs(Fraction(float(c.mid[1, 2])) - Fraction(1, 5)) <= Fraction(c.rad) <= Fraction(1, 2**54)
    with precision(333):
        assert abs(c.arb(333)[1, 2] - arb(fmpq(1, 5))) < arb(2) ** -325


def test_an_exact_gram_matrix_of_unequal_norms():
    c = cosines(input_gram([["4", "1"], ["1", "2"]]))
    with precision(200):
        assert abs(arb(float(c.mid[0, 1])) - 1 / arb(8).sqrt()) <= c.rad


@pytest.mark.parametrize(
    ("entries", "says"),
    [
        ([], "empty"),
        ([["1", "0"]], "does not have 1 entries"),
        ([["1", "1/2"], ["1/3", "1"]], "differ"),
        ([["1", "0"], ["0", "0"]], "diagonal entry 1 is 0"),
        ([["1", "1.0000001"], ["1.0000001", "1"]], "Cauchy-Schwarz"),
        ([["1", "0.9", "-0.9"], ["0.9", "1", "0.9"], ["-0.9", "0.9", "1"]], "leading 3 rows are not positive"),
        ([["1", "1", "0"], ["1", "1", "1/2"], ["0", "1/2", "1"]], "leading 2 rows are not positive"),
        (["12", "21"], "does not have 2 entries"),
    ],
)
def test_what_is_no_gram_matrix_is_refused(entries, says):
    with pytest.raises(SpecError, match=says):
        input_gram(entries)


def test_singular_gram_matrices_are_accepted():
    c = cosines(input_gram([["1", "1", "0"], ["1", "1", "0"], ["0", "0", "1"]]))
    assert c.entry(0, 1) == 1


def test_large_exact_gram_matrices_are_proved_in_balls():
    n = 64
    identity = [[Fraction(int(i == j)) + Fraction(1, 3) for j in range(n)] for i in range(n)]
    assert input_gram(identity).n == n
    identity[n - 1][n - 2] = identity[n - 2][n - 1] = Fraction(4, 3)
    identity[n - 1][0] = identity[0][n - 1] = Fraction(1, 2)
    with pytest.raises(SpecError, match="positive definiteness is not proved"):
        input_gram(identity)


def test_the_precision_is_put_back():
    before = flint.ctx.prec
    cosines_arb([[1.0, 2.0], [2.0, 1.0]], 500)
    assert flint.ctx.prec == before
