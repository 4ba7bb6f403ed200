"""A failure here means that an eigenvector lies outside its enclosure, or that a diagnosis names the wrong rows."""

from __future__ import annotations

import re
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import certigram as cg
from certigram.numerics.balls.enclosure import Enclosure
from certigram.numerics.eigenvalues import eigenspace
from certigram.numerics.eigenvalues.eigenspace import Eigenspace, eigenspace_in_balls, eigenspace_in_floats
from certigram.numerics.matrices.diagnosis import Diagnosis, Pair
from certigram.theory.verdict import Evidence


def projector(a: np.ndarray, k: int) -> tuple[np.ndarray, float]:
    """The projector on the k lowest eigenvectors and the next eigenvalue, by mpmath with 50 digits."""
    with mpmath.workdps(50):
        values, vectors = mpmath.eigsy(mpmath.matrix(a.tolist()))
        order = sorted(range(len(a)), key=lambda i: values[i])
        V = mpmath.matrix(len(a), k)
        for column, i in enumerate(order[:k]):
            for row in range(len(a)):
                V[row, column] = vectors[row, i]
        P = V * V.T
        table = np.array([[float(P[i, j]) for j in range(len(a))] for i in range(len(a))])
        return table, float(values[order[k]]) if k < len(a) else np.inf


def distance(space: Eigenspace, P: np.ndarray) -> float:
    """The spectral norm of the difference of the projectors, to the accuracy of float64."""
    Q, _ = np.linalg.qr(space.vectors)
    return float(np.linalg.norm(P - Q @ Q.T, 2))


@pytest.mark.parametrize("angle", [1e-2, 1e-5])
def test_the_bound_is_the_angle_itself_where_davis_and_kahan_are_sharp(angle: float) -> None:
    """For diag(1, 2, 2) and a vector turned by θ the residual over the gap is sin θ: a wrong constant shows."""
    v = np.array([[np.cos(angle)], [np.sin(angle)], [0.0]])
    matrix = cg.BallMatrix(np.diag([1.0, 2.0, 2.0]), 0.0)
    found = eigenspace_in_floats(matrix, v, np.array([1.0]), 2.0)
    assert found is not None
    assert np.sin(angle) <= found.error <= np.sin(angle) / 0.899
    wide = eigenspace_in_floats(cg.BallMatrix(matrix.mid, 0.01), v, np.array([1.0]), 2.0)
    assert wide is not None
    assert wide.error >= found.error + 0.03


@settings(max_examples=20, deadline=None)
@given(st.integers(3, 7), st.integers(0, 2**32), st.integers(1, 2), st.sampled_from([1e-3, 1e-9, 1e-14]))
def test_spaces_are_enclosed(n: int, seed: int, k: int, spread: float) -> None:
    """Random matrices whose k lowest eigenvalues lie within ``spread`` of each other, guesses by LAPACK."""
    rng = np.random.default_rng(seed)
    Q, _ = np.linalg.qr(rng.standard_normal((n, n)))
    a = Q @ np.diag([*(1 + spread * np.arange(k)), *(1.5 + rng.random(n - k))]) @ Q.T
    a = (a + a.T) / 2
    P, following = projector(a, k)
    values, vectors = np.linalg.eigh(a)
    for found in (
        eigenspace_in_floats(cg.BallMatrix(a, 0.0), np.ascontiguousarray(vectors[:, :k]), values[:k], float(values[k])),
        eigenspace_in_balls(cg.BallMatrix(a, 0.0), np.ascontiguousarray(vectors), Fraction(1, 2), 128, k),
    ):
        assert found is not None
        assert found.dimension == k
        assert distance(found, P) <= found.error + 1e-14
        assert found.error < 1e-12
        assert values[k - 1] < found.next_eigenvalue <= following
        assert np.all(np.abs(found.weights - np.sqrt(np.diag(P))) <= found.entry_error + 1e-15)


def test_balls_tell_eigenvectors_apart_where_floats_cannot() -> None:
    """A gap of 2^-60 beside eigenvalues of size 1."""
    Q, _ = np.linalg.qr(np.random.default_rng(2).standard_normal((5, 5)))
    exact = [[Fraction(float(x)) for x in row] for row in Q]
    spectrum = [Fraction(1, 2**60), Fraction(1, 2**59), Fraction(1), Fraction(2), Fraction(3)]
    A = [[sum(exact[i][m] * spectrum[m] * exact[j][m] for m in range(5)) for j in range(5)] for i in range(5)]
    found = cg.diagnose(A)
    assert found.space is not None
    assert found.space.dimension == 1
    assert found.space.error < 1e-10
    assert 2.0**-60 < found.space.next_eigenvalue <= 2.0**-59 * (1 + 1e-12)


@pytest.mark.parametrize(
    ("A", "second"),
    [
        ([[Fraction(-1, 3) - Fraction(1, 10**16), 0, 0], [0, Fraction(-1, 3), 0], [0, 0, 1]], Fraction(-1, 3)),
        (np.diag([-2.0, np.nextafter(-2.0, 0.0), 1.0]) * 2.0**250, Fraction(np.nextafter(-2.0, 0.0)) * 2**250),
        ([["-1e-400", 0, 0], [0, "-5e-401", 0], [0, 0, "3e-400"]], Fraction("-5e-401")),
        (np.diag([1.0, 1.0 + 2.0**-52, 3.0]), 1 + Fraction(1, 2**52)),
    ],
)
def test_the_next_eigenvalue_is_rounded_down_in_the_units_that_were_given(A: object, second: Fraction) -> None:
    """The second eigenvalues are known; rounded to nearest, or towards 0, the bound would be above them."""
    found = cg.diagnose(A)
    assert found.space is not None
    assert found.space.dimension == 1
    assert Fraction(found.space.next_eigenvalue) <= second


def test_printed_bounds_are_bounds() -> None:
    """Of numbers that the nearest decimal would put on the wrong side."""
    found = str(cg.diagnose(np.diag([1.0, 2.0000009, 5.0])))
    said = re.search(r"next eigenvalue is at least (\S+)", found)
    assert said is not None
    assert 1 < float(said[1]) <= 2.0000009
    pair = str(Pair((0, 1), "near duplicates", 0.2000034, 0.9))
    assert "at most 0.200004" in pair
    assert "correlation 1 in its first 12 digits" in str(Pair((0, 1), "near duplicates", 0.1, 1 - 2.0**-50))
    space = Eigenspace(np.array([[1.0], [0.0], [0.0]]), 1e-3, 0.66666666677)
    found = str(Diagnosis(Enclosure(0.1, 0.1, Evidence.ENCLOSED), space, (), "a matrix"))
    assert "at least 0.666666" in found
    assert "enclosed to 0.00151 in" in found


def test_no_space_without_a_gap() -> None:
    assert cg.diagnose(np.eye(6)).space is None
    assert cg.diagnose(np.diag([1.0, 2.0, 3.0]), radius=0.6).space is None  # members whose eigenvalues cross
    wide = cg.diagnose(np.diag([1.0, 2.0, 3.0]), radius=0.01)
    assert wide.space is not None
    assert 0.01 < wide.space.error < 0.1


def test_a_false_guess_of_the_next_eigenvalue_proves_nothing() -> None:
    """The control: a vector that is no eigenvector, and a gap that is not there."""
    a = cg.BallMatrix(np.diag([1.0, 1.5, 4.0]), 0.0)
    assert eigenspace_in_floats(a, np.eye(3)[:, :1], np.array([1.0]), 4.0) is None  # 1.5 lies between
    assert eigenspace_in_floats(a, np.eye(3)[:, 2:], np.array([4.0]), 9.0) is None
    tilted = np.array([[0.6], [0.8], [0.0]])
    assert eigenspace_in_floats(a, tilted, np.array([1.0]), 1.5) is None


def test_a_rounding_that_is_left_out_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of the formula: with half of the residual the enclosure would miss the eigenvector."""
    angle = 1e-3
    v = np.array([[np.cos(angle)], [np.sin(angle)], [0.0]])
    whole = eigenspace._bounded
    monkeypatch.setattr(eigenspace, "_bounded", lambda u, r, g, o, f: whole(u, r / 2, g, o, f))
    found = eigenspace_in_floats(cg.BallMatrix(np.diag([1.0, 2.0, 2.0]), 0.0), v, np.array([1.0]), 2.0)
    assert found is not None
    assert found.error < np.sin(angle)


def test_rows_that_make_a_matrix_nearly_singular() -> None:
    X = np.random.default_rng(0).standard_normal((60, 5))
    X[17] = X[3] + 1e-5
    K = np.exp(-((X[:, None] - X) ** 2).sum(axis=2) / 2)
    found = cg.diagnose(K)
    assert sorted(found.carriers) == [3, 17]
    assert found.vector is not None
    assert found.vector[3] * found.vector[17] < 0
    pair = found.pairs[0]
    assert (pair.rows, pair.kind) == ((3, 17), "near duplicates")
    assert found.eigenvalue.upper <= pair.upper <= 3e-10
    text = str(found)
    assert "rows 3 and 17: near duplicates" in text
    assert "the matrix of these float64 numbers exactly" in text
    signs = np.ones(60)
    signs[17] = -1
    assert cg.diagnose(signs[:, None] * K * signs).pairs[0].kind == "near antipodes"
    K[17], K[:, 17] = K[3], K[:, 3]
    K[17, 17] = K[3, 3]
    same = cg.diagnose(K)
    assert (same.pairs[0].rows, same.pairs[0].kind, same.pairs[0].upper) == ((3, 17), "equal", 0.0)
    assert cg.diagnose([[1, 2], [2, 1]]).pairs[0].kind == "an indefinite pair"


@settings(max_examples=15, deadline=None)
@given(st.integers(2, 6), st.integers(0, 2**32))
def test_pairs_bound_the_least_eigenvalue(n: int, seed: int) -> None:
    """By Cauchy's interlacing: whatever the matrix, no pair claims less than the least eigenvalue."""
    rng = np.random.default_rng(seed)
    B = rng.standard_normal((n, 2))
    A = B @ B.T + np.diag(rng.random(n)) / 8
    A = (A + A.T) / 2
    found = cg.diagnose(A)
    assert all(pair.upper >= found.eigenvalue.lower for pair in found.pairs)
    assert list(found.pairs) == sorted(found.pairs, key=lambda pair: pair.upper)
