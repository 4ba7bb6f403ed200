"""A failure here means that a duplicate or antipode was missed, or that two different directions were called equal."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certigram.numerics.kernels.cosines import Cosines, cosines
from certigram.numerics.kernels.input_gram import input_gram
from certigram.numerics.kernels.parallel import duplicate_pairs, parallel_pairs
from certigram.numerics.kernels.points import points


def plain(pairs):
    return [tuple(p) for p in pairs]


def test_multiples_are_found_with_their_sign():
    x = np.array([3.0, -1.0, 0.5, 0.0])
    table = np.vstack([x, -x, 2.5 * x, [1.0, 0, 0, 0], x * 2.0**-300, -x * 2.0**300])
    found = plain(parallel_pairs(table))
    signs = {0: 1, 1: -1, 2: 1, 4: 1, 5: -1}
    assert found == [(i, j, signs[i] * signs[j]) for i in signs for j in signs if i < j]


@pytest.mark.parametrize("ulps", [1, 2, 1000])
def test_near_duplicates_are_left_alone(ulps):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((5, 10))
    y = x.copy()
    y[:, 3] += ulps * np.spacing(y[:, 3])
    assert parallel_pairs(np.vstack([x, y, -y])) == tuple((i, i + 5, -1) for i in range(5, 10))


def test_a_rounded_multiple_is_no_multiple():
    x = np.array([0.1, 0.7, 0.3])
    table = np.vstack([x, x * 3.0])
    exact = all(float(3 * a) == b and (3 * a).hex() == b.hex() for a, b in zip(x, x * 3.0, strict=True))
    truly = points(table).direction(0)[1] == points(table).direction(1)[1]
    assert exact
    assert not truly
    assert parallel_pairs(table) == ()


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.lists(st.integers(-3, 3), min_size=2, max_size=2).filter(any), min_size=1, max_size=8),
    st.lists(st.integers(-60, 60), min_size=8, max_size=8),
)
def test_it_agrees_with_cross_products(rows, exponents):
    table = np.array([[v * 2.0**e for v in row] for row, e in zip(rows, exponents, strict=False)])
    expected = [
        (i, j, 1 if a[0] * b[0] + a[1] * b[1] > 0 else -1)
        for i, a in enumerate(rows)
        for j, b in enumerate(rows)
        if i < j and a[0] * b[1] == a[1] * b[0]
    ]
    assert plain(parallel_pairs(table)) == expected


def test_cosines_may_be_given_instead_of_points():
    table = [[1.0, 1.0], [2.0, 2.0], [1.0, -1.0]]
    c = cosines(table)
    assert parallel_pairs(c) == parallel_pairs(table, c) == parallel_pairs(table) == ((0, 1, 1),)
    with pytest.raises(ValueError, match="keep the points"):
        parallel_pairs(Cosines(c.mid, c.rad))


def test_an_exact_gram_matrix_is_decided_by_cauchy_schwarz():
    near = "0.99999999999999999999999999999999"
    gram = input_gram([["1", "-2", "0"], ["-2", "4", "0"], ["0", "0", "1"]])
    assert plain(parallel_pairs(gram)) == [(0, 1, -1)]
    assert parallel_pairs(input_gram([["1", near], [near, "1"]])) == ()


def test_many_duplicates_are_all_listed():
    table = np.tile([[1.0, 2.0, 3.0]], (300, 1))
    assert len(parallel_pairs(table)) == 300 * 299 // 2


def test_equal_rows():
    assert duplicate_pairs([[1.0, 0.0], [2.0, 0.0], [1.0, -0.0], [1.0, 5e-324]]) == [(0, 2)]
