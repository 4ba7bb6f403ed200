"""A failure here means that the least eigenvalue over an interval matrix is enclosed wrongly, or too coarsely.

The oracle is exact: the vertices of Rohn's theorem, each by the integer characteristic polynomial of its matrix.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import certigram as cg
from certigram.numerics.eigenvalues import interval_rung
from certigram.numerics.eigenvalues.eigenvalue import climb, decide_at_least
from certigram.numerics.eigenvalues.ladder import Goal, Known, Problem
from certigram.numerics.eigenvalues.radius_majorant import majorant_matrix, weights
from certigram.numerics.eigenvalues.rational import exact_spectrum

PASCAL = np.array([[1.0, 1.0, 1.0], [1.0, 2.0, 3.0], [1.0, 3.0, 6.0]])


def below(a: np.ndarray, c: Fraction) -> int:
    """How many eigenvalues of an exact matrix are below c, exactly."""
    spectrum = exact_spectrum(cg.BallMatrix(a, 0.0))
    assert spectrum is not None
    return spectrum.below(c)[0]


def vertices(mid: np.ndarray, rad: np.ndarray) -> list[np.ndarray]:
    """The 2^(n-1) matrices of Rohn's theorem; the entries here are short enough for float64 to be exact."""
    signs = (np.array((1, *z)) for z in product((1, -1), repeat=len(mid) - 1))
    return [mid - np.multiply.outer(z, z) * rad for z in signs]


def climbed(mid: np.ndarray, rad: np.ndarray | float, goal: Goal | None = None) -> Known:
    return climb(Problem(cg.BallMatrix(mid, rad), None, cg.Budget(), goal or Goal()))


@st.composite
def interval_matrices(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Symmetric midpoints and radii with few digits, so that every vertex is a matrix of float64 numbers exactly."""
    n = draw(st.integers(3, 5))
    entry, radius = st.integers(-64, 64), st.integers(0, 40)
    mid, rad = np.zeros((n, n)), np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            mid[i, j] = mid[j, i] = draw(entry) / 16 + (draw(st.integers(0, 12)) if i == j else 0)
            rad[i, j] = rad[j, i] = draw(radius) / 64
    return mid, rad


@settings(max_examples=25, deadline=None)
@given(interval_matrices())
def test_the_lower_end_is_that_of_the_lowest_vertex(matrix: tuple[np.ndarray, np.ndarray]) -> None:
    mid, rad = matrix
    known = climbed(mid, rad)
    corners = vertices(mid, rad)
    assert not any(below(a, known.lower) for a in corners)
    if known.attained is not None:  # one member is at most this; then the lowest vertex is
        assert any(below(a, known.attained + Fraction(1, 2**60)) for a in corners)
        assert known.attained - known.lower <= Fraction(2e-5) * max(abs(known.lower), Fraction(1, 1000))
    inside = mid + rad * np.where(np.add.outer(np.arange(len(mid)), np.arange(len(mid))) % 3, 0.5, -0.25)
    assert not below(inside, known.lower)
    assert below(inside, known.upper + Fraction(1, 2**60))


@settings(max_examples=25, deadline=None)
@given(interval_matrices(), st.integers(-8, 40))
def test_a_bound_is_decided_as_the_vertices_say(matrix: tuple[np.ndarray, np.ndarray], sixteenths: int) -> None:
    """PROVED where no vertex has an eigenvalue below the bound, never otherwise."""
    mid, rad = matrix
    bound = Fraction(sixteenths, 16)
    verdict = decide_at_least(cg.BallMatrix(mid, rad), bound)[0]
    kept = not any(below(a, bound) for a in vertices(mid, rad))
    assert kept or verdict is not cg.Verdict.PROVED
    assert not kept or verdict is not cg.Verdict.REFUTED
    clear = not any(below(a, bound + Fraction(1, 10**4)) for a in vertices(mid, rad))
    assert not clear or verdict is cg.Verdict.PROVED


def test_the_interval_matrix_around_pascal() -> None:
    """The norm of the radii is larger than the least eigenvalue of the midpoints, and every member is definite."""
    rad = np.full((3, 3), 0.04)
    least = np.linalg.eigvalsh(PASCAL)[0]
    wide = np.full((3, 3), 0.045)
    assert 3 * 0.045 > least > 0.12  # the norm bound says nothing
    for radii in (rad, wide):
        assert cg.certify(PASCAL, radius=radii).verdict is cg.Verdict.PROVED
    found = cg.certify(PASCAL, radius=np.full((3, 3), 0.049))
    assert found.verdict is cg.Verdict.UNKNOWN
    assert "does not hold for every matrix" in found.reason  # a member that is indefinite was found
    assert cg.certify(PASCAL, radius=wide).lower == pytest.approx(
        min(np.linalg.eigvalsh(a)[0] for a in vertices(PASCAL, wide)), rel=1e-5
    )


def test_where_one_matrix_below_all_members_is_not_enough_patterns_of_signs_are() -> None:
    """The radii are the same everywhere, the midpoints are the identity: all patterns are alike, none is below."""
    rad = np.full((4, 4), 0.24) + 0.01 * np.eye(4)
    known = climbed(np.eye(4) + 0.2 * np.ones((4, 4)) - 0.3 * np.diag([1.0, 0.0, 1.0, 0.0]), rad)
    step = next(s for s in known.steps if s.startswith("interval matrix"))
    assert "patterns" in step
    assert known.attained is not None
    assert known.attained - known.lower < Fraction(1, 10**4)


def test_patterns_of_signs_are_limited_and_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interval_rung, "PATTERNS", 3)
    rng = np.random.default_rng(5)
    mid = rng.standard_normal((9, 9))
    mid, rad = mid @ mid.T / 9, rng.random((9, 9))
    known = climbed((mid + mid.T) / 2, (rad + rad.T) / 6)
    assert any("stopped after 3 patterns of signs: there may be 2^8" in s for s in known.steps)
    assert known.attained is not None
    assert known.lower < known.attained


@settings(max_examples=30, deadline=None)
@given(interval_matrices(), st.integers(0, 2**32))
def test_the_matrix_below_is_below_every_member_exactly(matrix: tuple[np.ndarray, np.ndarray], seed: int) -> None:
    mid, rad = matrix
    rng = np.random.default_rng(seed)
    n = len(mid)
    signs = rng.integers(-1, 2, n).astype(np.int8)
    B = majorant_matrix(cg.BallMatrix(mid, rad), weights(rng.standard_normal(n)), signs).mid
    x = [Fraction(int(k), 8) for k in np.where(signs, signs * rng.integers(0, 9, n), rng.integers(-8, 9, n))]
    form = sum(x[i] * x[j] * Fraction(B[i, j]) for i in range(n) for j in range(n))
    least = sum(
        x[i] * x[j] * Fraction(mid[i, j]) - abs(x[i] * x[j]) * Fraction(rad[i, j]) for i in range(n) for j in range(n)
    )
    assert form <= least


def test_a_negative_eigenvalue_is_enclosed_to_a_relative_width() -> None:
    a = np.diag([-3.0, 1.0, 2.0, 5.0]) + 0.25
    found = cg.least_eigenvalue(a)
    assert found.upper < 0
    assert (found.upper - found.lower) <= 1e-6 * -found.upper
    assert not below(a, Fraction(found.lower))
    assert below(a, Fraction(found.upper) + Fraction(1, 2**60))
