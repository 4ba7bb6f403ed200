"""A failure here means that certigram proves false bounds on a least eigenvalue: nothing it says may be trusted.

Every matrix below has a least eigenvalue that is known exactly by its construction, and every statement is false.
"""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, arb_mat, fmpq, fmpq_mat

from certigram.numerics.balls.ball import exact
from certigram.numerics.balls.budget import Budget
from certigram.numerics.balls.enclosure import float_below
from certigram.numerics.balls.precision import precision
from certigram.numerics.eigenvalues import cholesky, float_rungs
from certigram.numerics.eigenvalues.cholesky import ShiftedCholesky, factorise
from certigram.numerics.eigenvalues.eigenvalue import decide_at_least, least_eigenvalue
from certigram.numerics.eigenvalues.guess import single_precision_guess
from certigram.numerics.eigenvalues.residual import residual_norm
from certigram.numerics.kernels.ballmatrix import BallMatrix
from certigram.theory.verdict import Verdict

PAST = Fraction(1, 10**9)


def below(a: np.ndarray, proof: ShiftedCholesky) -> float | None:
    """The lower bound of the least eigenvalue that the residual of a factor proves."""
    norm = residual_norm(a, proof)
    return None if norm is None else float_below(Fraction(proof.shift) - Fraction(norm))


def reflected(spectrum: list[int], seed: int) -> tuple[np.ndarray, Fraction]:
    """H diag(spectrum) H with a Householder matrix H of dyadic entries: a float64 matrix, exact, with this spectrum."""
    rng = random.Random(seed)
    n = len(spectrum)
    support = rng.sample(range(n), max(k for k in (1, 4, 16) if k <= n))
    v = [0] * n
    for i in support:
        v[i] = rng.choice((-1, 1))
    q = len(support)  # v.v, a power of two; H = I - (2/q) v v^T
    h = [[(q if i == j else 0) - 2 * v[i] * v[j] for j in range(n)] for i in range(n)]  # q * H
    d = list(spectrum)
    rng.shuffle(d)
    a = [[sum(h[i][k] * d[k] * h[k][j] for k in range(n)) for j in range(n)] for i in range(n)]
    assert max(abs(x) for row in a for x in row) < 2**53, "the construction must be exact in float64"
    return np.array(a, dtype=np.float64) / q**2, Fraction(min(spectrum))


def spectra(count: int) -> list[list[int]]:
    rng = random.Random(20)
    result = []
    for _ in range(count):
        n = rng.randint(1, 60)
        top = 2 ** rng.randint(0, 44)
        result.append([1, *(rng.randint(1, top) for _ in range(n - 1))])
    return result


def test_a_bound_past_the_truth_is_never_proved() -> None:
    for seed, spectrum in enumerate(spectra(220)):
        a, truth = reflected(spectrum, seed)
        matrix = BallMatrix(a, 0.0)
        verdict, enclosure = decide_at_least(matrix, truth * (1 + PAST))
        assert verdict is not Verdict.PROVED, spectrum
        assert enclosure.contains(truth), spectrum
        verdict, enclosure = decide_at_least(matrix, truth * (1 - PAST))
        assert verdict is not Verdict.REFUTED, spectrum
        assert enclosure.contains(truth), spectrum


def test_some_of_these_controls_are_decided_the_right_way() -> None:
    decided = 0
    for seed, spectrum in enumerate(spectra(40)):
        a, truth = reflected(spectrum, seed)
        wrong, _ = decide_at_least(BallMatrix(a, 0.0), truth * (1 + PAST))
        right, _ = decide_at_least(BallMatrix(a, 0.0), truth * (1 - PAST))
        decided += wrong is Verdict.REFUTED and right is Verdict.PROVED
    assert decided >= 36


def test_a_radius_cannot_be_spent_twice() -> None:
    """The midpoints are pushed up along the eigenvector as far as the radius allows; the true matrix stays inside."""
    for seed, spectrum in enumerate(spectra(40)):
        a, truth = reflected([4 * min(x, 2**40) for x in spectrum], seed)
        values, vectors = np.linalg.eigh(a)
        sign = np.where(vectors[:, 0] >= 0, 1.0, -1.0)
        radius = 2.0**-20
        mid = a + radius * np.outer(sign, sign)
        inside = radius + float(np.max(np.abs(mid))) * 2.0**-50
        assert all(
            abs(Fraction(mid[i, j]) - Fraction(a[i, j])) <= Fraction(inside)
            for i in range(len(a))
            for j in range(len(a))
        )
        for rad in (inside, np.full(a.shape, inside)):
            matrix = BallMatrix(mid, rad)
            assert decide_at_least(matrix, truth * (1 + PAST))[0] is not Verdict.PROVED
            assert least_eigenvalue(matrix).contains(truth)
        assert values[0] > 0


@pytest.mark.parametrize("n", [2, 3, 10, 40])
def test_a_hair_of_indefiniteness_is_not_proved_away(n: int) -> None:
    """Least eigenvalues of about -1e-17 of the norm: no float64 method can see the sign, none may claim it."""
    tiny = 1e-17
    a = np.eye(n)
    a[0, 0] = a[1, 1] = 0.5
    a[0, 1] = a[1, 0] = 0.5 + 2.0**-53  # eigenvalues 1 + 2^-53 and -2^-53, exactly
    assert decide_at_least(BallMatrix(a, 0.0), Fraction(0), strict=True)[0] is not Verdict.PROVED
    assert decide_at_least(BallMatrix(a, 0.0), Fraction(0))[0] is not Verdict.PROVED
    with_radius = BallMatrix(np.full((n, n), 0.5), tiny)
    assert decide_at_least(with_radius, Fraction(0), strict=True)[0] is not Verdict.PROVED
    diagonal = np.eye(n)
    diagonal[-1, -1] = -tiny
    assert decide_at_least(BallMatrix(diagonal, 0.0), Fraction(0), strict=True)[0] is not Verdict.PROVED
    assert decide_at_least(BallMatrix(diagonal, 0.0), Fraction(0))[0] is not Verdict.PROVED


@pytest.mark.parametrize("n", [4, 12, 40])
def test_a_singular_matrix_is_neither_positive_nor_refuted_by_rounding(n: int) -> None:
    rng = np.random.default_rng(n)
    g = rng.integers(-9, 10, size=(n, n - 1)).astype(np.float64)
    matrix = BallMatrix(g @ g.T, 0.0)  # integers: exact, of rank at most n - 1
    with_radius = BallMatrix(g @ g.T, 2.0**-60)
    for verdict, enclosure in (
        decide_at_least(matrix, Fraction(0), budget=Budget(bits=24, max_bits=64), strict=True),
        decide_at_least(with_radius, Fraction(0), strict=True),
    ):
        assert verdict is Verdict.UNKNOWN
        assert enclosure.lower <= 0 <= enclosure.upper
        assert enclosure.upper - enclosure.lower < 1e-8
    verdict, enclosure = decide_at_least(matrix, Fraction(0), strict=True)
    assert verdict is Verdict.REFUTED
    assert (enclosure.lower, enclosure.upper) == (0.0, 0.0)
    assert decide_at_least(matrix, Fraction(0))[0] is Verdict.PROVED
    assert decide_at_least(matrix, Fraction(1, 10**300))[0] is Verdict.REFUTED


LAPACK = cholesky.dpotrf


def arrows(n: int = 200, count: int = 60) -> list[np.ndarray]:
    """[[I, w], [w^T, t]] with t < w.w: indefinite, by less than one rounding of t; all roundings of w.w fall alike."""
    rng = np.random.default_rng(7)
    result = []
    while len(result) < count:
        w = float(rng.uniform(0.01, 0.03))
        corner = float_below(n * Fraction(w) ** 2)
        if Fraction(corner) < n * Fraction(w) ** 2:
            a = np.eye(n + 1)
            a[n, :n] = a[:n, n] = w
            a[n, n] = corner
            result.append(a)
    return result


@pytest.fixture
def sums_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Factors of arrows with each sum taken from left to right in binary64, whatever the BLAS of this machine does.

    It is one of the orders that the backward error is proved for.
    """

    def dpotrf(a: np.ndarray, *, lower: int, clean: int, overwrite_a: int) -> tuple[np.ndarray, int]:
        head, row = np.diagonal(a)[:-1].copy(), a[-1, :-1].copy()
        if np.count_nonzero(np.tril(a[:-1, :-1], -1)):
            return LAPACK(a, lower=lower, clean=clean, overwrite_a=overwrite_a)
        pivots = np.sqrt(head)
        row /= pivots
        corner = float(a[-1, -1])
        for x in row.tolist():
            corner -= x * x
        if not corner > 0:
            return a, len(a)
        np.fill_diagonal(a, np.append(pivots, np.sqrt(corner)))
        a[-1, :-1] = row
        return a, 0

    monkeypatch.setattr(cholesky, "dpotrf", dpotrf)


def test_lapack_proves_nothing_of_an_indefinite_matrix() -> None:
    """Where LAPACK runs to completion on an arrow, the bound is negative."""
    assert all(proof.lower < 0 for a in arrows() if (proof := factorise(a, 0.0)) is not None)


@pytest.mark.usefixtures("sums_in_order")
def test_rumps_constant_is_needed_and_sufficient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cholesky does run to completion on indefinite matrices; only the backward error saves the statement."""
    completed = [proof for a in arrows() if (proof := factorise(a, 0.0)) is not None]
    assert len(completed) >= 3
    assert all(proof.lower < 0 for proof in completed)
    monkeypatch.setattr(cholesky, "backward_error", lambda diagonal: 0.0)
    false = [proof for a in arrows() if (proof := factorise(a, 0.0)) is not None and proof.lower >= 0]
    assert len(false) >= 3


@pytest.mark.usefixtures("sums_in_order")
def test_without_the_constant_the_ladder_proves_a_falsehood(monkeypatch: pytest.MonkeyPatch) -> None:
    budget = Budget(bits=24, max_bits=64)
    assert all(
        decide_at_least(BallMatrix(a, 0.0), Fraction(0), budget=budget)[0] is not Verdict.PROVED for a in arrows()
    )
    for module in (cholesky, float_rungs):
        monkeypatch.setattr(module, "backward_error", lambda diagonal: 0.0)
    proved = 0
    for a in arrows():
        try:
            proved += decide_at_least(BallMatrix(a, 0.0), Fraction(0), budget=budget)[0] is Verdict.PROVED
        except AssertionError:  # the ladder noticed that its bounds contradict each other
            proved += 1
    assert proved >= 3


def eigenvalues_below(a: fmpq_mat, x: Fraction) -> bool:
    """Whether some eigenvalue of the symmetric rational matrix is below x: Descartes' rule, exact for real roots."""
    n = a.nrows()
    shifted = fmpq_mat(
        [[a[i, j] - (fmpq(x.numerator, x.denominator) if i == j else 0) for j in range(n)] for i in range(n)]
    )
    coefficients = shifted.charpoly().coeffs()
    return any((-1) ** (n - k) * c < 0 for k, c in enumerate(coefficients))


@pytest.mark.parametrize("n", [3, 6, 10, 13])
def test_hilbert_matrices(n: int) -> None:
    rational = fmpq_mat([[fmpq(1, i + j + 1) for j in range(n)] for i in range(n)])

    def refine(bits: int) -> BallMatrix:
        with precision(bits):
            entries = arb_mat([[arb(1) / (i + j + 1) for j in range(n)] for i in range(n)])
            mid = np.array([[float(1 / (i + j + 1)) for j in range(n)] for i in range(n)])
        return BallMatrix(mid, 2.0**-53, arb=entries)

    enclosure = least_eigenvalue(refine(200), refine=refine)
    assert enclosure.relative_width < 1e-6
    assert not eigenvalues_below(rational, Fraction(enclosure.lower))
    assert eigenvalues_below(rational, Fraction(enclosure.upper) * (1 + Fraction(1, 2**52)))
    truth_above = Fraction(enclosure.upper)
    verdict, _ = decide_at_least(refine(200), truth_above * (1 + PAST), refine=refine)
    assert verdict is Verdict.REFUTED


@pytest.mark.parametrize("n", [3, 17, 60])
def test_toeplitz(n: int) -> None:
    a = 2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)
    with precision(200):
        truth = 2 - 2 * (arb.pi() / (n + 1)).cos()
        above, below = (
            exact((truth * (1 + arb(2) ** -30)).upper().mid()),
            exact((truth * (1 - arb(2) ** -30)).lower().mid()),
        )
    assert decide_at_least(BallMatrix(a, 0.0), above)[0] is not Verdict.PROVED
    assert decide_at_least(BallMatrix(a, 0.0), below)[0] is Verdict.PROVED


@pytest.mark.usefixtures("sums_in_order")
def test_the_residual_of_a_factor_proves_no_falsehood_either() -> None:
    """Cholesky completes on indefinite matrices: what the residual then says must still lie below the eigenvalue."""
    seen = 0
    for a in arrows():
        proof = factorise(a, 0.0)
        if proof is not None:
            bound = below(a, proof)
            assert bound is not None
            assert bound < 0
            seen += 1
    assert seen >= 3
    for seed, spectrum in enumerate(spectra(60)):
        a, truth = reflected(spectrum, seed)
        for hair in (2.0**-20, 2.0**-40, 2.0**-52, 0.0):
            proof = factorise(a, float(truth) * (1 - hair))
            if proof is not None:
                bound = below(a, proof)
                assert bound is not None
                assert Fraction(bound) <= truth


@pytest.mark.parametrize("lie", ["above", "below", "nonsense vector"])
def test_a_guess_that_lies_costs_width_and_never_truth(lie: str, monkeypatch: pytest.MonkeyPatch) -> None:
    n = 64
    monkeypatch.setattr(float_rungs, "SMALLEST_ORDER", 1)
    v = np.ones(n)
    a = np.eye(n) - (1 - 2.0**-10) * np.outer(v, v) / n  # exact: eigenvalues 2^-10 and 1
    truth = Fraction(1, 2**10)
    honest = single_precision_guess(a, np.empty(a.shape), tolerance=1e-8)
    assert honest is not None
    pair, value = honest
    found = {
        "above": (replace(pair, error=0.0), value * (1 + 1e-6)),
        "below": (replace(pair, error=0.0), value * (1 - 1e-3)),
        "nonsense vector": (replace(pair, vector=np.eye(n)[0]), value),
    }[lie]
    monkeypatch.setattr(float_rungs, "single_precision_guess", lambda *_, **__: found)
    for budget in (Budget(bits=24, max_bits=64), Budget()):
        e = least_eigenvalue(BallMatrix(a, 0.0), budget=budget)
        assert e.contains(truth)
        assert decide_at_least(BallMatrix(a, 0.0), truth * (1 + PAST), budget=budget)[0] is not Verdict.PROVED
        assert decide_at_least(BallMatrix(a, 0.0), truth * (1 - PAST), budget=budget)[0] is not Verdict.REFUTED
