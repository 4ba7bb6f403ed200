"""A failure here means that a jitter is called enough which is not, or that less is called too little."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import certigram as cg
from certigram.numerics.eigenvalues.rational import exact_spectrum


def below(a: np.ndarray, c: Fraction) -> int:
    """How many eigenvalues of an exact matrix are below c, exactly."""
    spectrum = exact_spectrum(cg.BallMatrix(a, 0.0))
    assert spectrum is not None
    return spectrum.below(c)[0]


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 6), st.integers(0, 2**32), st.sampled_from([np.float64, np.float32]), st.integers(-12, 3))
def test_both_ends_and_the_stored_one_by_exact_counts(n: int, seed: int, kind: type, exponent: int) -> None:
    rng = np.random.default_rng(seed)
    B = rng.standard_normal((n, max(1, n - 1)))
    A = (B @ B.T + 10.0**exponent * np.diag(rng.standard_normal(n))).astype(kind)
    A = (A + A.T) / 2
    found = cg.least_jitter(A)
    wide = A.astype(np.float64)
    assert not below(wide, -Fraction(found.upper))
    assert found.lower == 0 or below(wide, Fraction(1, 2**1000) - Fraction(found.lower))
    assert found.upper - found.lower <= 1e-6 * found.upper
    assert found.stored is not None
    assert found.dtype == A.dtype
    stored = A + kind(found.stored) * np.eye(n, dtype=kind)
    assert stored.dtype == kind
    for sums in (stored.astype(np.float64), A + found.stored * np.eye(n)):  # np.eye(n) makes float64 of float32
        enough = exact_spectrum(cg.BallMatrix(sums, 0.0))
        assert enough is not None
        assert enough.below(Fraction(0)) == (0, False)


def test_the_stored_jitter_of_float32_numbers_is_enough_in_float64_too() -> None:
    """Float32 sums happen to be rounded up here by more than the jitter; in float64 that help is gone."""
    x = np.random.default_rng(1).random(40)
    A = np.exp(-((x[:, None] - x) ** 2) / 2).astype(np.float32)
    found = cg.least_jitter(A)
    assert found.stored is not None
    assert found.stored == float(np.float32(found.stored)) > found.upper
    assert cg.certify(A + found.stored * np.eye(40)).verdict is cg.Verdict.PROVED
    assert cg.certify(A + np.float32(found.stored) * np.eye(40, dtype=np.float32)).verdict is cg.Verdict.PROVED
    assert "stored in float32 or float64" in str(found)


def test_numbers_far_from_one_have_a_stored_jitter_too() -> None:
    A = np.ldexp(np.array([[1.0, 2.0], [2.0, 1.0]]), 300)
    found = cg.least_jitter(A)
    assert found.stored is not None
    assert cg.certify(A + found.stored * np.eye(2)).verdict is cg.Verdict.PROVED


def test_the_jitter_that_vanishes_in_the_addition_is_told_from_the_one_that_does_not() -> None:
    """1 + 1e-17 is stored as 1: the exact jitter is far below what the diagonal can hold."""
    A = np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, -1e-17]])
    found = cg.least_jitter(A)
    assert 0.99e-17 < found.lower <= found.upper < 1.01e-17
    assert found.stored is not None
    assert found.stored > 1e-16
    assert not below(A + found.stored * np.eye(3), Fraction(0))
    assert "in exact arithmetic" in str(found)
    assert "stored in float64" in str(found)


def test_jitter_of_members_and_of_exact_numbers() -> None:
    wide = cg.least_jitter([[2, -1], [-1, 2]], radius=1)  # eigenvalues of members from -1 to 3
    assert wide.lower == 0.0
    assert 1.0 <= wide.upper < 1.000001
    exact = cg.least_jitter([["1/3", "2/3"], ["2/3", "1/3"]])
    assert exact.stored is None
    assert Fraction(exact.lower) <= Fraction(1, 3) <= Fraction(exact.upper)
    assert (cg.least_jitter(np.eye(3)).upper, cg.least_jitter(np.eye(3)).stored) == (0.0, 0.0)
    K = cg.population_gram("deq-general", [[1.0, 0.0], [1.0, 0.0]], activation="tanh")
    assert 0.0 < cg.least_jitter(K).upper < 1e-14  # singular: what is left are the radii of the entries
    assert cg.diagnose(K).pairs[0].kind == "near duplicates"
    with pytest.raises(cg.SpecError, match="relative_width"):
        cg.least_jitter(np.eye(2), relative_width=0)
