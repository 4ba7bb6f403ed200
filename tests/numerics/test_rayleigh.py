"""A failure here means that an upper bound of a least eigenvalue lies below it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from certigram.numerics.balls.rounding import norm_up
from certigram.numerics.eigenvalues.rayleigh import (
    radius_form,
    rayleigh_quotient,
)
from certigram.numerics.kernels.ballmatrix import BallMatrix


def exact_quotient(a: np.ndarray, v: np.ndarray) -> tuple[Fraction, Fraction]:
    """The Rayleigh quotient, and the square of its residual at that quotient, in exact arithmetic."""
    x = [Fraction(float(t)) for t in v]
    y = [sum((Fraction(float(a[i, j])) * x[j] for j in range(len(x))), Fraction(0)) for i in range(len(x))]
    weight = sum(t * t for t in x)
    q = sum((s * t for s, t in zip(x, y, strict=True)), Fraction(0)) / weight
    return q, sum(((s - q * t) ** 2 for s, t in zip(y, x, strict=True)), Fraction(0)) / weight


@pytest.mark.parametrize("extended", [False, True])
def test_the_quotient_is_enclosed(extended: bool) -> None:
    rng = np.random.default_rng(3)
    for n in (1, 2, 5, 33, 70):
        for scale in (1e-150, 1e-5, 1.0, 1e120):
            a = rng.standard_normal((n, n)) * scale
            a = a + a.T
            v = rng.standard_normal(n)
            found = rayleigh_quotient(a, v, extended=extended)
            truth, residual_squared = exact_quotient(a, v)
            assert found.lower <= truth <= found.upper
            assert found.upper - found.lower < Fraction(scale) * n * n * Fraction(1, 10**13)
            assert Fraction(found.residual) ** 2 >= residual_squared


@pytest.mark.parametrize("extended", [False, True])
def test_near_eigenvectors_where_everything_cancels(extended: bool) -> None:
    for n in (4, 30):
        x = np.random.default_rng(n).standard_normal((n, n - 1))
        a = x @ x.T
        a = (a + a.T) / 2
        v = np.linalg.eigh(a)[1][:, 0]
        found = rayleigh_quotient(a, v, extended=extended)
        truth, residual_squared = exact_quotient(a, v)
        assert found.lower <= truth <= found.upper
        assert Fraction(found.residual) ** 2 >= residual_squared


def test_unusable_vectors_are_refused() -> None:
    for v in (np.zeros(2), np.array([np.nan, 1.0]), np.array([np.inf, 1.0]), np.array([1e-40, 0.0])):
        with pytest.raises(ValueError, match="vector"):
            rayleigh_quotient(np.eye(2), v)
    with pytest.raises(ValueError, match="too large"):
        rayleigh_quotient(np.full((2, 2), 1e308), np.array([1.0, 1.0]))


def test_the_radius_is_added() -> None:
    rng = np.random.default_rng(0)
    for n in (2, 9):
        v = rng.standard_normal(n)
        rad = rng.random((n, n))
        rad = (rad + rad.T) / 2
        matrix = BallMatrix(np.eye(n), rad)
        size = [Fraction(float(abs(t))) for t in v]
        form = sum(
            (size[i] * size[j] * Fraction(float(rad[i, j])) for i in range(n) for j in range(n)), Fraction(0)
        ) / sum(t * t for t in size)
        assert Fraction(radius_form(matrix, v)) >= form
        scalar = sum(size, Fraction(0)) ** 2 / sum(t * t for t in size) / 4
        assert Fraction(radius_form(BallMatrix(np.eye(n), 0.25), v)) >= scalar


def test_norms_are_rounded_upwards() -> None:
    rng = np.random.default_rng(1)
    for scale in (1e-300, 1.0, 1e300):
        for n in (1, 3, 100):
            x = rng.standard_normal(n) * scale
            assert Fraction(norm_up(x)) ** 2 >= sum(Fraction(float(t)) ** 2 for t in x)
    assert norm_up(np.zeros(3)) == 0.0
