"""A failure here means that a regular matrix is called singular, or that an exact null vector is wrong."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from certigram.numerics.eigenvalues.nullspace import (
    NullVector,
    affine_rank,
    consistent,
    null_vector_from_pairs,
    rational_null_vector,
)
from certigram.numerics.kernels.ballmatrix import BallMatrix
from certigram.theory.errors import SpecError


def test_duplicates_are_singular_whatever_the_kernel() -> None:
    for odd in (False, True):
        null = null_vector_from_pairs([(1, 3, 1)], 4, odd=odd)
        assert null is not None
        assert null.entries == (0, 1, 0, -1)
        assert null.support == (1, 3)
        assert "equal" in null.reason


def test_antipodes_need_an_odd_kernel() -> None:
    assert null_vector_from_pairs([(1, 3, -1)], 4, odd=False) is None
    null = null_vector_from_pairs([(1, 3, -1)], 4, odd=True)
    assert null is not None
    assert null.entries == (0, 1, 0, 1)
    assert null_vector_from_pairs([(1, 3, -1), (0, 2, 1)], 4, odd=False) is not None
    assert null_vector_from_pairs([], 4, odd=True) is None


@pytest.mark.parametrize("pair", [(0, 0, 1), (0, 4, 1), (-1, 2, 1), (0, 1, 2)])
def test_nonsense_pairs_are_refused(pair: tuple[int, int, int]) -> None:
    with pytest.raises(SpecError):
        null_vector_from_pairs([pair], 4, odd=True)


def test_null_vectors_are_consistent_with_the_kernel_and_wrong_ones_are_not() -> None:
    x = np.random.default_rng(0).standard_normal((5, 3))
    x[3], x[4] = x[1], -x[0]
    x /= np.linalg.norm(x, axis=1)[:, None]
    c = x @ x.T
    k = BallMatrix((c + c.T) / 2 + ((c + c.T) / 2) ** 3, 1e-12)  # an odd kernel
    for pairs in ([(1, 3, 1)], [(0, 4, -1)]):
        null = null_vector_from_pairs(pairs, 5, odd=True)
        assert null is not None
        assert consistent(k, null)
        wrong = NullVector(
            tuple(abs(e) if pairs[0][2] == 1 else -e * (-1) ** i for i, e in enumerate(null.entries)), ""
        )
        assert not consistent(k, wrong) or wrong.entries == tuple(-e for e in null.entries)
    assert not consistent(k, NullVector((Fraction(1),) + (Fraction(0),) * 4, "wrong"))
    with pytest.raises(SpecError):
        consistent(k, NullVector((Fraction(1),), "short"))


def test_affine_rank_counts_exactly() -> None:
    assert affine_rank(np.ones((5, 2))).rank == 3  # by the number of columns, without elimination
    assert affine_rank(np.ones((3, 2))).rank == 1
    assert affine_rank(np.ones((3, 2))).singular
    x = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 1.0, 0.0]])
    assert affine_rank(x, constant=False).rank == 2
    assert affine_rank(x).rank == 3
    nearly = np.array([[0.1, 0.2], [0.2, 0.4 + 2.0**-54]])
    assert affine_rank(nearly, constant=False).rank == 1 + int(0.4 + 2.0**-54 != 0.4)
    nearly[1, 1] = np.nextafter(0.4, 1.0)
    assert not affine_rank(nearly, constant=False).singular


def test_rational_null_vectors_are_exact() -> None:
    rng = np.random.default_rng(4)
    for n in (2, 5, 9):
        g = rng.integers(-5, 6, size=(n, n - 1))
        gram = [[Fraction(int(t)) / 7 for t in row] for row in g @ g.T]
        null = rational_null_vector(gram)
        assert null is not None
        assert all(sum((a * v for a, v in zip(row, null.entries, strict=True)), Fraction(0)) == 0 for row in gram)
        gram[0][0] += 0
        regular = [[x + (Fraction(1) if i == j else 0) for j, x in enumerate(row)] for i, row in enumerate(gram)]
        assert rational_null_vector(regular) is None


def test_a_null_vector_is_not_zero() -> None:
    with pytest.raises(ValueError, match="zero"):
        NullVector((Fraction(0), Fraction(0)), "nothing")
