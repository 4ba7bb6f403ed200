"""A failure here means that the a-priori bound of the Cholesky factorisation is no bound, or not the documented one."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest

from certigram.numerics.balls.enclosure import float_below
from certigram.numerics.eigenvalues.cholesky import ShiftedCholesky, backward_error, factorise, shifted_diagonal
from certigram.numerics.eigenvalues.inverse_iteration import inverse_lanczos, start_vector
from certigram.numerics.eigenvalues.rayleigh import rayleigh_quotient
from certigram.numerics.eigenvalues.residual import residual_norm
from certigram.numerics.eigenvalues.temple import complement_lower_bound, temple_lower_bound
from certigram.numerics.kernels.ballmatrix import BallMatrix


def below(a: np.ndarray, proof: ShiftedCholesky) -> float | None:
    """The lower bound of the least eigenvalue that the residual of a factor proves."""
    norm = residual_norm(a, proof)
    return None if norm is None else float_below(Fraction(proof.shift) - Fraction(norm))


def gram(n: int, d: int, seed: int) -> np.ndarray:
    x = np.random.default_rng(seed).standard_normal((n, d))
    x /= np.linalg.norm(x, axis=1)[:, None]
    a = np.arcsin(np.clip(x @ x.T, -1, 1)) * (2 / np.pi)
    return np.asarray((a + a.T) / 2)


def exact_backward_error(a: np.ndarray, shift: float) -> tuple[float, Fraction]:
    """The proved bound, and the true largest row sum of L L^T - B in exact arithmetic."""
    proof = factorise(a, shift)
    assert proof is not None
    n = len(a)
    low = [[Fraction(float(proof.factor[i, j])) for j in range(i + 1)] for i in range(n)]
    diagonal = shifted_diagonal(np.diagonal(a), shift)
    worst = [Fraction(0)] * n
    for i in range(n):
        for j in range(i + 1):
            b = Fraction(float(diagonal[i])) if i == j else Fraction(float(a[i, j]))
            error = abs(sum((low[i][k] * low[j][k] for k in range(j + 1)), Fraction(0)) - b)
            worst[i] += error
            worst[j] += error if i != j else 0
    return proof.error, max(worst)


@pytest.mark.parametrize("n", [1, 2, 7, 40])
def test_the_bound_covers_the_exact_backward_error(n: int) -> None:
    bound, truth = exact_backward_error(gram(n, 3 * n, n), 0.0)
    assert truth <= Fraction(bound)


def test_the_formula_is_the_documented_one_and_rounded_upwards() -> None:
    for n in (1, 5, 1000):
        diagonal = np.linspace(0.1, 3.0, n)
        u = Fraction(1, 2**53)
        exact = sum(
            (Fraction(i + 2) * u / (1 - 2 * (i + 2) * u) * Fraction(float(b)) for i, b in enumerate(diagonal)),
            Fraction(0),
        )
        bound = Fraction(backward_error(diagonal))
        assert exact <= bound <= exact * (1 + Fraction(1, 10**6))


def test_out_of_range_is_refused() -> None:
    for diagonal in (np.array([2.0**501]), np.array([-1.0]), np.array([np.nan])):
        with pytest.raises(ValueError, match="holds for"):
            backward_error(diagonal)


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
def test_poison_is_not_proved(poison: float) -> None:
    for i, j in ((0, 1), (3, 4), (2, 2), (4, 4)):
        a = np.eye(5)
        a[i, j] = a[j, i] = poison
        assert factorise(a, 0.0) is None


def test_overflow_inside_the_factorisation_is_not_proved() -> None:
    a = np.eye(4)
    a[0, 0] = 1e-300
    a[0, 1:] = a[1:, 0] = 1e300
    assert factorise(a, 0.0) is None
    assert factorise(np.eye(3) * 2.0**501, 0.0) is None


def test_one_buffer_is_enough() -> None:
    a = gram(100, 64, 1)
    work = np.empty(a.shape)
    before = a.copy()
    proof = factorise(a, 0.0, work=work)
    assert proof is not None
    assert np.shares_memory(proof.factor, work)
    assert np.array_equal(a, before)
    low = np.tril(proof.factor)
    assert np.allclose(low @ low.T, a, atol=1e-14)


def test_both_bounds_lie_below_the_eigenvalue_at_fifty_digits() -> None:
    for n, seed in ((5, 0), (12, 1), (25, 2)):
        a = gram(n, 2 * n, seed)
        with mpmath.workdps(50):
            truth = min(mpmath.eigsy(mpmath.matrix(a.tolist()), eigvals_only=True))
            shift = float(truth) * (1 - 1e-12)
            proof = factorise(a, shift)
            assert proof is not None
            for bound in (proof.lower, below(a, proof)):
                assert bound is not None
                assert truth - 1e-10 < mpmath.mpf(bound) < truth


def test_the_a_posteriori_bound_is_the_tighter_one_for_large_matrices() -> None:
    a = gram(400, 64, 5)
    proof = factorise(a, 0.0)
    assert proof is not None
    bound = below(a, proof)
    assert bound is not None
    assert 100 * bound > proof.lower
    assert bound < 0.0


def exact_residual(a: np.ndarray, low: np.ndarray, diagonal: np.ndarray) -> np.ndarray:
    """B - L L^T in exact arithmetic, rounded once."""
    n = len(a)
    rows = [[Fraction(float(low[i, j])) for j in range(i + 1)] for i in range(n)]
    result = np.empty((n, n))
    for i in range(n):
        for j in range(i + 1):
            b = Fraction(float(diagonal[i])) if i == j else Fraction(float(a[i, j]))
            result[i, j] = result[j, i] = float(b - sum((rows[i][k] * rows[j][k] for k in range(j + 1)), Fraction(0)))
    return result


@pytest.mark.parametrize("panel", [4, 16, 512])
@pytest.mark.parametrize("scale", [1.0, 2.0**-150, 3.0**80])
def test_the_residual_of_a_factor_is_bounded_and_sharp(panel: int, scale: float) -> None:
    a = gram(37, 30, 3) * scale
    a += np.diag(np.linspace(0, 5, 37)) * scale
    proof = factorise(a, 0.01 * scale)
    assert proof is not None
    exact = exact_residual(a, proof.factor, shifted_diagonal(np.diagonal(a), proof.shift))
    bound = residual_norm(a, proof, panel=panel)
    truth = float(np.linalg.norm(exact, 2))
    assert bound is not None
    assert truth < bound < 12 * truth
    assert bound < proof.error / 20


@pytest.mark.parametrize("relative", [1e-12, 1e-15])
def test_a_wrong_factor_has_the_residual_it_deserves(relative: float) -> None:
    """One entry of L is moved in the last digits that matter: the bound must see it, wherever the entry is."""
    a = gram(37, 30, 4) + np.eye(37)
    for i, j in ((0, 0), (20, 3), (36, 36), (36, 0), (17, 16)):
        proof = factorise(a, 0.0)
        assert proof is not None
        proof.factor[i, j] += relative * 16
        exact = exact_residual(a, proof.factor, shifted_diagonal(np.diagonal(a), 0.0))
        bound = residual_norm(a, proof, panel=8)
        assert bound is not None
        assert np.linalg.norm(exact, 2) < bound
        assert relative < bound


def test_a_factor_out_of_range_is_refused() -> None:
    proof = factorise(np.eye(3) * 2.0**-700, 0.0)
    assert proof is not None
    assert residual_norm(np.eye(3) * 2.0**-700, proof) is None


def test_temple_is_sharper_than_the_backward_error() -> None:
    """diag(1e-9, 1, ..., 1) reflected: the backward error alone leaves 1e-4 of relative width, Temple's bound 1e-6."""
    n = 128
    v = np.ones(n)
    a = np.eye(n) - (1 - 2.0**-30) * np.outer(v, v) / n  # exact: n is a power of two; eigenvalues 2^-30 and 1
    assert not np.any(np.outer(v, v) / n * (1 - 2.0**-30) * n - (1 - 2.0**-30))
    truth = Fraction(1, 2**30)
    quotient = rayleigh_quotient(a, v / np.sqrt(n), extended=True)
    complement = complement_lower_bound(a, v / np.sqrt(n), 1.0, 0.5)
    assert complement is not None
    assert 0.4 < complement.beta < 0.5
    bound = temple_lower_bound(quotient, complement.beta)
    assert bound is not None
    assert truth * (1 - Fraction(1, 10**6)) < bound <= truth
    assert backward_error(np.diagonal(a)) > float(truth) * 1e-6


def test_the_complement_bound_is_not_proved_past_the_second_eigenvalue() -> None:
    a, v = np.diag([1.0, 5.0, 7.0]), np.array([1.0, 0.0, 0.0])
    assert complement_lower_bound(a, v, 8.0, 5.0 * (1 + 1e-9)) is None
    assert complement_lower_bound(a, np.array([0.0, 1.0, 0.0]), 8.0, 1.0 + 1e-9) is None


def test_temple_needs_the_gap() -> None:
    quotient = rayleigh_quotient(np.diag([1.0, 5.0]), np.array([1.0, 0.0]))
    assert temple_lower_bound(quotient, 1.0) is None


def test_lanczos_finds_the_lowest_pair() -> None:
    a = gram(120, 64, 9)
    proof = factorise(a, 0.0)
    assert proof is not None
    pair = inverse_lanczos(proof.solve, start_vector(120), steps=60, tolerance=1e-12)
    values = np.linalg.eigvalsh(a)
    assert abs(pair.distance - values[0]) < 1e-9
    assert abs(pair.second - values[1]) < 1e-3
    assert BallMatrix(a, 0.0).n == pair.vector.size
