"""A failure here means that the bounds of arbitrary precision are wrong, where nothing cheaper can step in."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import arb, arb_mat, fmpq

from certigram.numerics.balls.ball import Ball
from certigram.numerics.balls.precision import precision
from certigram.numerics.eigenvalues.ldlt import (
    LEAF,
    arb_rayleigh_quotient,
    ldlt,
    ldlt_lower_bound,
    norm_bound,
)


def hilbert(n: int, bits: int) -> arb_mat:
    with precision(bits):
        return arb_mat([[arb(fmpq(1, i + j + 1)) for j in range(n)] for i in range(n)])


def floats(n: int, seed: int) -> np.ndarray:
    x = np.random.default_rng(seed).standard_normal((n, 2 * n))
    a = x @ x.T / n
    return np.asarray((a + a.T) / 2)


@pytest.mark.parametrize("n", [1, 2, LEAF, LEAF + 1, 3 * LEAF + 1])
def test_the_factorisation_reproduces_the_matrix(n: int) -> None:
    a = arb_mat(floats(n, n).tolist())
    factor = ldlt(a, Fraction(0), 200)
    assert factor is not None
    assert factor.positive
    with precision(200):
        product = factor.lower_factor * arb_mat(
            [[factor.pivots[i] if i == j else arb(0) for j in range(n)] for i in range(n)]
        )
        assert norm_bound(product * factor.lower_factor.transpose() - a) < Fraction(1, 2**170)
        rhs = arb_mat(n, 1, list(range(1, n + 1)))
        residual = a * factor.solve(rhs) - rhs
        assert norm_bound(residual) < Fraction(1, 2**150)


def test_the_lower_bound_is_sharp_and_below_the_truth() -> None:
    for n in (3, 20, 40):
        a = floats(n, n)
        with mpmath.workdps(60):
            truth = Fraction(str(min(mpmath.eigsy(mpmath.matrix(a.tolist()), eigvals_only=True))))
        matrix = arb_mat(a.tolist())
        below, above = (ldlt(matrix, truth * (1 + s * Fraction(1, 10**20)), 128) for s in (-1, 1))
        assert below is not None
        assert above is not None
        bound = ldlt_lower_bound(matrix, below)
        assert bound is not None
        assert truth * (1 - Fraction(2, 10**20)) < bound < truth
        assert ldlt_lower_bound(matrix, above) is None
        direction = above.negative_direction()
        assert direction is not None
        quotient = Ball(arb_rayleigh_quotient(matrix, direction, 128))
        assert truth - Fraction(1, 10**37) <= quotient.upper < truth * (1 + Fraction(1, 10**20))


def test_radii_enter_the_bound() -> None:
    radius = Fraction(1, 1024)
    n = 6
    fuzzy = arb_mat([[arb(1.0 if i == j else 0.0, 2.0**-10) for j in range(n)] for i in range(n)])
    factor = ldlt(fuzzy, Fraction(1, 2), 128)
    assert factor is not None
    bound = ldlt_lower_bound(fuzzy, factor)
    assert bound is not None
    assert bound <= Fraction(1, 2) - n * radius


def test_a_vanishing_pivot_is_no_proof() -> None:
    assert ldlt(arb_mat([[0.0, 1.0], [1.0, 0.0]]), Fraction(0), 128) is None
    assert ldlt(arb_mat([[arb("nan")]]), Fraction(0), 128) is None
    assert norm_bound(arb_mat([[arb("inf")]])) is None
