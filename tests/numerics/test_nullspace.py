"""A failure here means that a regular matrix is called singular, or that an exact null vector is wrong."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

import certigram as cg
from certigram.numerics.eigenvalues.monomial_rank import monomial_rank
from certigram.numerics.eigenvalues.nullspace import (
    NullVector,
    RankBound,
    consistent,
    null_vector_from_pairs,
    rational_null_vector,
)
from certigram.numerics.kernels.ballmatrix import BallMatrix
from certigram.numerics.kernels.input_gram import input_gram
from certigram.numerics.kernels.points import points
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


@pytest.mark.parametrize(
    ("kernel", "activation", "rows", "factor"),
    [
        ("nngp", "relu", [[1, 2], [2, 4]], 2),
        ("ntk", "relu", [[1, 2], [2, 4]], 2),
        ("nngp", "abs(x)", [[1, 2], [-3, -6]], 3),
        ("ntk", "x", [[1, 2], [-3, -6]], -3),
        ("nngp", "x*Max(x, 0)", [[1.5], [3]], 4),  # degree 2 in each of one layer
        ("nngp", "relu", [[1.0], [2.0], [-1.0], [-0.5]], 2),  # one dimension has two directions
        ("deq-relu", "relu", [[1, 2], [2, 4]], 2),
        ("deq-general", "leaky_relu(1/10)", [[0.1, 0.2], [0.2, 0.4]], 2),
    ],
)
def test_homogeneous_kernels_of_parallel_points_are_singular(
    kernel: str, activation: str, rows: list[list[float]], factor: int
) -> None:
    """With kept norms and no bias a multiple of a point gives a multiple of its row: exactly 0, by structure."""
    if kernel.startswith("deq"):
        k = cg.population_gram(kernel, rows, activation=activation, sigma_w2="1/16", normalize=None)
    else:
        k = getattr(cg, kernel)(rows, activation=activation, depth=1)
    null = k.instance.null_vector
    assert isinstance(null, NullVector)
    assert abs(null.entries[null.support[0]]) == abs(factor)
    assert consistent(k.matrix, null)
    entries = list(null.entries)
    entries[null.support[0]] *= 1 + Fraction(1, 10**6)
    assert not consistent(k.matrix, NullVector(tuple(entries), "a little longer"))
    found = cg.least_eigenvalue(k)
    assert (found.lower, found.upper) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("activation", "rows", "options"),
    [
        ("relu", [[1, 2], [2, 4]], {"sigma_b2": "1/10"}),  # a bias breaks homogeneity
        ("relu", [[1, 2], [-2, -4]], {}),  # opposite directions
        ("relu", [[1, 2], [2, math.nextafter(4, 5)]], {}),  # nearly parallel
        ("tanh", [[1, 2], [2, 4]], {}),  # not homogeneous
        ("relu+tanh(x)/1000", [[1, 2], [2, 4]], {}),
        ("abs(x)", [[1, 2], [-2, -4]], {"sigma_b2": [0, "1/10"]}),  # the last bias
    ],
)
def test_what_only_looks_homogeneous_is_not_called_singular(
    activation: str, rows: list[list[float]], options: dict[str, object]
) -> None:
    text = "Max(x,0)+tanh(x)/1000" if activation.startswith("relu+") else activation
    k = cg.nngp(rows, activation=text, depth=1, **options)
    assert k.instance.null_vector is None


@pytest.mark.parametrize(
    ("activation", "d", "depth", "bias", "rank"),
    [
        ("x**2", 2, 1, 0, 3),
        ("x**2", 2, 1, "1/10", 6),  # (w x + b)^2 has all monomials of degree at most 2
        ("x**2+x", 1, 1, 0, 2),
        ("x**3-3*x", 2, 1, 0, 6),  # degrees 1 and 3
        ("x**2+x**3", 1, 1, 0, 2),
        ("x", 3, 4, 0, 3),
        ("3", 3, 1, 0, 1),
    ],
)
def test_polynomial_networks_have_finite_rank(activation: str, d: int, depth: int, bias: object, rank: int) -> None:
    """One point more than there are monomials is singular; as many in general position are not."""
    x = np.random.default_rng(d).standard_normal((rank + 1, d))
    k = cg.nngp(x, activation=activation, depth=depth, sigma_b2=[bias, *[0] * depth])
    assert isinstance(k.instance.null_vector, RankBound)
    assert k.instance.null_vector.rank == rank
    assert cg.least_eigenvalue(k).upper == 0.0
    fewer = cg.nngp(x[:rank], activation=activation, depth=depth, sigma_b2=[bias, *[0] * depth])
    assert fewer.instance.null_vector is None
    assert cg.least_eigenvalue(fewer).lower > 0


def test_monomials_are_counted_on_the_points_themselves() -> None:
    on_a_line = np.array([[1.0, 2.0], [2.0, 3.0], [3.0, 4.0], [4.0, 5.0]])  # y = x + 1: degree 2 has rank 3
    assert monomial_rank(points(on_a_line), frozenset({2}), one_norm=False).rank == 3
    assert monomial_rank(points(on_a_line), frozenset({1}), one_norm=False).rank == 2
    circle = np.array([[3.0, 4.0], [4.0, 3.0], [5.0, 0.0], [0.0, 5.0], [-3.0, 4.0], [-4.0, 3.0]])
    assert monomial_rank(points(circle), frozenset({0, 2}), one_norm=True).rank == 3  # |x|^2 is constant
    assert monomial_rank(points(circle), frozenset({0, 1, 2}), one_norm=True).rank == 5
    nearly = np.array([[0.1, 0.2], [0.2, np.nextafter(0.4, 1.0)]])
    assert not monomial_rank(points(nearly), frozenset({1}), one_norm=False).singular
    exact = input_gram([["1", "1/2"], ["1/2", "1/4"]])
    assert monomial_rank(exact, frozenset({3}), one_norm=False).rank == 1


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
