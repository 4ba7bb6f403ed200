"""A failure here means that a matrix whose least eigenvalue is far below float64 is not certified, or wrongly so."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest
from flint import arb_mat, fmpq, fmpq_mat

from certigram.numerics.balls.budget import Budget
from certigram.numerics.balls.precision import precision
from certigram.numerics.eigenvalues.eigenvalue import decide_at_least, least_eigenvalue
from certigram.numerics.eigenvalues.rational import exact_spectrum
from certigram.numerics.kernels.ballmatrix import BallMatrix
from certigram.theory.verdict import Verdict


def reflected(n: int, smallest: Fraction, seed: int) -> fmpq_mat:
    """H D H with a Householder matrix H of dyadic entries: exact rationals, spectrum ``smallest`` and [1/2, 1]."""
    rng = random.Random(seed)
    q = 1 << (n.bit_length() - 1)
    v = [rng.choice((-1, 1)) if i < q else 0 for i in range(n)]
    d = [smallest, *(Fraction(rng.randint(2**20, 2**21), 2**21) for _ in range(n - 1))]
    diagonal = [[fmpq(d[i].numerator, d[i].denominator) if i == j else 0 for j in range(n)] for i in range(n)]
    h = fmpq_mat(n, n, [fmpq((q if i == j else 0) - 2 * v[i] * v[j], q) for i in range(n) for j in range(n)])
    return h * fmpq_mat(diagonal) * h


def in_balls(a: fmpq_mat, bits: int) -> BallMatrix:
    n = a.nrows()
    with precision(bits):
        entries = arb_mat(a)
        mid = np.array([[float(entries[i, j].mid()) for j in range(n)] for i in range(n)])
    return BallMatrix(mid, 2.0**-52, arb=entries)


@pytest.mark.parametrize("exponent", [20, 40])
def test_far_below_float64(exponent: int) -> None:
    smallest = Fraction(1, 10**exponent)
    a = reflected(200, smallest, exponent)
    start = in_balls(a, 64)
    e = least_eigenvalue(start, refine=lambda bits: in_balls(a, bits))
    assert e.relative_width <= 1e-6
    assert e.contains(smallest)
    assert e.method.endswith(f"arb LDL^T at {128 if exponent == 20 else 256} bits")
    assert any("radius of the entries" in step for step in e.steps)
    past = smallest * (1 + Fraction(1, 10**9))
    assert decide_at_least(start, past, refine=lambda bits: in_balls(a, bits))[0] is Verdict.REFUTED
    short = smallest * (1 - Fraction(1, 10**9))
    assert decide_at_least(start, short, refine=lambda bits: in_balls(a, bits))[0] is Verdict.PROVED


def test_a_sign_that_only_exact_arithmetic_sees() -> None:
    """Least eigenvalues 2^-2000, 0 and -2^-2000: balls of at most 256 bits tell none of them apart."""
    budget = Budget(max_bits=256)
    for smallest, verdict in (
        (Fraction(1, 2**2000), Verdict.PROVED),
        (Fraction(0), Verdict.REFUTED),
        (-Fraction(1, 2**2000), Verdict.REFUTED),
    ):
        a = reflected(12, smallest, 1)
        with precision(3000):
            entries = arb_mat(a)
        assert all(x.is_exact() for x in entries.entries())
        mid = np.array([[float(x) for x in row] for row in entries.tolist()])
        matrix = BallMatrix(mid, 2.0**-52, arb=entries)
        found, e = decide_at_least(matrix, Fraction(0), budget=budget, strict=True)
        assert found is verdict
        assert "exact characteristic polynomial" in e.method
        assert decide_at_least(matrix, smallest, budget=budget)[0] is Verdict.PROVED
        hair = Fraction(1, 2**5000)
        assert decide_at_least(matrix, smallest + hair, budget=budget)[0] is Verdict.REFUTED
        assert decide_at_least(matrix, smallest - hair, budget=budget)[0] is Verdict.PROVED


def test_eigenvalues_are_counted_exactly() -> None:
    rng = random.Random(3)
    for n in (1, 2, 5, 9):
        spectrum = sorted(rng.choice((-2, -1, 0, 0, 1, 3)) for _ in range(n))
        q = 1 << (n.bit_length() - 1)
        v = np.array([rng.choice((-1.0, 1.0)) if i < q else 0.0 for i in range(n)])
        h = np.eye(n) - 2 / q * np.outer(v, v)
        counted = exact_spectrum(BallMatrix(h @ np.diag(np.array(spectrum, dtype=float)) @ h, 0.0))
        assert counted is not None
        for c in (Fraction(-3), Fraction(-2), Fraction(-1, 3), Fraction(0), Fraction(1), Fraction(5, 2), Fraction(4)):
            assert counted.below(c) == (sum(x < c for x in spectrum), c in spectrum)


def test_balls_are_not_taken_for_numbers() -> None:
    e = least_eigenvalue(BallMatrix(np.ones((4, 4)), 2.0**-40))
    assert e.lower < 0 < e.upper
    assert not any("exactly" in step for step in e.steps)
    assert least_eigenvalue(BallMatrix(np.ones((4, 4)), 0.0)).upper == 0.0
