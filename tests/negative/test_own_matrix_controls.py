"""A failure here means that something false about a given matrix is proved: slightly false bounds, and formulas mended.

Each control touches a formula: the spread of the radii, their diagonal, fixed signs, the member that is lowest, a row
that differs in one bit; a factor near 1 must be noticed.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

import certigram as cg
from certigram.numerics.eigenvalues import interval_rung, radius_majorant
from certigram.numerics.eigenvalues.rational import exact_spectrum
from certigram.numerics.kernels.ballmatrix import BallMatrix, read_only

PAST = Fraction(1, 10**9)


def interval(seed: int, n: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """Midpoints and radii with few digits, every vertex exact in float64."""
    rng = np.random.default_rng(seed)
    B = rng.integers(-8, 9, (n, n)) / 8
    R = rng.integers(1, 32, (n, n)) / 256
    return B @ B.T + np.eye(n), (R + R.T) / 2


def lowest(mid: np.ndarray, rad: np.ndarray) -> Fraction:
    """A number that the least eigenvalue of some vertex is below, by less than 1e-12: bisection by exact counts."""
    best = None
    for z in product((1, -1), repeat=len(mid) - 1):
        signs = np.array((1, *z))
        spectrum = exact_spectrum(cg.BallMatrix(mid - np.multiply.outer(signs, signs) * rad, 0.0))
        assert spectrum is not None
        low, high = Fraction(-64), Fraction(64) if best is None else best
        if not spectrum.below(high)[0]:
            continue
        while high - low > Fraction(1, 2**42):
            middle = (low + high) / 2
            low, high = (low, middle) if spectrum.below(middle)[0] else (middle, high)
        best = high
    assert best is not None
    return best


CASES = [(mid, rad, lowest(mid, rad)) for mid, rad in map(interval, range(8))]


def falsely_proved() -> bool:
    """Whether a bound just above the lowest vertex is proved for one of the cases."""
    return any(
        cg.certify(mid, radius=rad, at_least=least + abs(least) * PAST).verdict is cg.Verdict.PROVED
        for mid, rad, least in CASES
    )


def test_a_bound_just_above_the_lowest_member_is_never_proved() -> None:
    assert not falsely_proved()
    for mid, rad, least in CASES:
        assert cg.certify(mid, radius=rad, at_least=least - abs(least) / 10**5).verdict is cg.Verdict.PROVED


def with_radii(factor: float) -> Callable[..., BallMatrix]:
    whole = radius_majorant.majorant_matrix
    return lambda matrix, w, signs=None: whole(BallMatrix(matrix.mid, np.multiply(matrix.rad, factor)), w, signs)


def without_fixed_signs(matrix: BallMatrix, w: np.ndarray, signs: np.ndarray | None = None) -> BallMatrix:
    """A mistake: between fixed signs nothing is subtracted at all."""
    if signs is None or np.count_nonzero(signs) < 2:
        return radius_majorant.majorant_matrix(matrix, w, signs)
    fixed = np.multiply.outer(signs, signs)
    rad = np.where((fixed != 0) & ~np.eye(matrix.n, dtype=bool), 0.0, radius_majorant.symmetric_radii(matrix))
    return radius_majorant.majorant_matrix(BallMatrix(matrix.mid, rad), w, None)


def without_the_diagonal(matrix: BallMatrix, w: np.ndarray, signs: np.ndarray | None = None) -> BallMatrix:
    """A mistake: the radii of the diagonal are forgotten."""
    rad = radius_majorant.symmetric_radii(matrix)
    np.fill_diagonal(rad, 0.0)
    return radius_majorant.majorant_matrix(BallMatrix(matrix.mid, rad), w, signs)


@pytest.mark.parametrize("mutant", [with_radii(1 - 1e-6), with_radii(0.5), without_fixed_signs, without_the_diagonal])
def test_a_wrong_matrix_below_the_members_is_noticed(
    monkeypatch: pytest.MonkeyPatch, mutant: Callable[..., BallMatrix]
) -> None:
    """No lower member is looked for, so that nothing but the matrix below stands between a bound and its proof."""
    monkeypatch.setattr(interval_rung, "lowest_member", lambda matrix, x: Fraction(10**6))
    assert not falsely_proved()
    monkeypatch.setattr(interval_rung, "majorant_matrix", mutant)
    assert falsely_proved()


def test_a_member_that_is_too_low_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The upper bound of the lowest member, a little too low: it would refute what holds for every member."""
    whole = radius_majorant.lowest_member
    for mid, rad, least in CASES:
        x = np.linalg.eigh(mid)[1][:, 0]
        assert whole(cg.BallMatrix(mid, rad), x) >= least - Fraction(1, 2**41)
    monkeypatch.setattr(interval_rung, "lowest_member", lambda m, x: whole(m, x) - Fraction(1, 10**6))
    bad = 0
    for mid, rad, least in CASES:
        found = cg.certify(mid, radius=rad, at_least=least - abs(least) / 10**7)
        bad += "does not hold for every matrix" in found.reason
    assert bad


def test_false_jitters_and_false_statements_of_exact_matrices_are_not_proved() -> None:
    for n in (2, 3, 7):
        A = np.eye(n) * 0.75 - np.ones((n, n)) / 4 * 0.5
        least = Fraction(3, 4) - Fraction(n, 8)
        assert cg.certify(A, at_least=least + PAST).verdict is cg.Verdict.REFUTED
        assert cg.certify(A, at_least=least).verdict is cg.Verdict.PROVED
        found = cg.least_jitter(A)
        assert Fraction(found.lower) <= max(Fraction(0), -least) <= Fraction(found.upper)


def test_rows_that_are_equal_but_for_one_bit_are_not_called_equal() -> None:
    rng = np.random.default_rng(4)
    B = rng.integers(-9, 10, (6, 6))
    A = (B @ B.T).astype(float)
    A[5], A[:, 5] = A[4], A[:, 4]
    A[5, 5] = A[4, 4]
    assert cg.certify(A).verdict is cg.Verdict.REFUTED
    A[5, 5] = np.nextafter(A[5, 5], np.inf)
    assert cg.certify(A).verdict is cg.Verdict.PROVED
    assert read_only(A) is A
