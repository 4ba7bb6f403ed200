"""A failure here means that the ladder loses the eigenvalue, its promised width, or its word on why it stopped."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from flint import arb, arb_mat

from certigram.numerics.balls.budget import Budget
from certigram.numerics.balls.precision import precision
from certigram.numerics.eigenvalues import arb_rung, rational
from certigram.numerics.eigenvalues.arb_rung import LDLTRung
from certigram.numerics.eigenvalues.eigenvalue import decide_at_least, gershgorin, least_eigenvalue
from certigram.numerics.eigenvalues.guess import single_precision_guess
from certigram.numerics.eigenvalues.ladder import Goal, Known
from certigram.numerics.eigenvalues.ldlt import LDLT, ldlt
from certigram.numerics.kernels.ballmatrix import BallMatrix
from certigram.theory.verdict import Evidence, Verdict

FLOAT_ONLY = Budget(bits=24, max_bits=64)


def rotated(spectrum: np.ndarray, seed: int) -> np.ndarray:
    n = len(spectrum)
    q, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((n, n)))
    a = (q * spectrum) @ q.T
    return np.asarray((a + a.T) / 2)


def truth(a: np.ndarray) -> Fraction:
    with mpmath.workdps(50):
        return Fraction(str(min(mpmath.eigsy(mpmath.matrix(a.tolist()), eigvals_only=True))))


SPECTRA = {
    "well conditioned": np.linspace(1, 2, 25),
    "geometric 1e-6": np.geomspace(1e-6, 1, 25),
    "one small": np.r_[1e-6, np.ones(24)],
    "geometric 1e-12": np.geomspace(1e-12, 1, 25),
    "indefinite": np.linspace(-1, 1, 25),
    "negative": np.linspace(-2, -1, 25),
    "nearly singular": np.r_[0.0, np.ones(24)],
    "large": np.linspace(1e20, 2e20, 25),
    "small": np.linspace(1e-200, 2e-200, 25),
    "a cluster": np.r_[1e-3 * np.ones(12), np.ones(13)],
    "order 3": np.array([1.0, 2.0, 3.0]),
}


@pytest.mark.parametrize("name", SPECTRA)
def test_the_enclosure_holds_at_fifty_digits(name: str) -> None:
    a = rotated(SPECTRA[name], 5)
    exact = truth(a)
    tolerance = abs(exact) * Fraction(1, 10**40)
    for budget in (FLOAT_ONLY, Budget()):
        e = least_eigenvalue(BallMatrix(a, 0.0), budget=budget)
        assert Fraction(e.lower) - tolerance <= exact <= Fraction(e.upper) + tolerance
        assert e.evidence is Evidence.ENCLOSED
        assert e.steps
        if exact > 0 and name != "nearly singular" and budget is not FLOAT_ONLY:
            assert e.relative_width <= 1e-6


@pytest.mark.parametrize("n", [100, 300])
@pytest.mark.parametrize("smallest", [1e-6, 1e-4])
def test_float64_alone_reaches_the_width(n: int, smallest: float) -> None:
    for spectrum in (np.geomspace(smallest, 1, n), np.r_[smallest, np.ones(n - 1)], np.linspace(smallest, 1, n)):
        e = least_eigenvalue(BallMatrix(rotated(spectrum, n), 0.0), budget=FLOAT_ONLY)
        assert e.relative_width <= 1e-6
        assert not any("arb" in step for step in e.steps)


@pytest.mark.parametrize("n", [120, 600])
def test_a_tight_cluster_is_enclosed_by_float64_alone(n: int) -> None:
    """A third of the eigenvalues within 2.5e-5 of 1e-6: Temple's bound sees no gap, the residual needs none."""
    a = rotated(np.r_[1e-6 + np.linspace(0, 2.5e-11, n // 3), np.linspace(0.5, 1, n - n // 3)], n)
    e = least_eigenvalue(BallMatrix(a, 0.0), budget=FLOAT_ONLY)
    assert e.relative_width <= 1e-6
    assert n < 600 or "residual" in e.method
    guess = np.linalg.eigvalsh(a)[0]
    assert e.lower - 1e-14 < guess < e.upper + 1e-14


@pytest.mark.parametrize("scale", [1.0, 1e-200, 1e150])
def test_the_single_precision_guess_finds_the_lowest_pair(scale: float) -> None:
    a = rotated(np.linspace(1, 2, 600), 8) * scale
    found = single_precision_guess(a, np.empty(a.shape), tolerance=1e-8)
    assert found is not None
    assert abs(found[1] / scale - 1) < 1e-6
    e = least_eigenvalue(BallMatrix(a, 0.0), budget=FLOAT_ONLY)
    assert e.relative_width <= 1e-6
    assert e.steps[0].startswith("float64 Cholesky: 1 factorisations")


def test_a_matrix_that_single_precision_cannot_factorise_is_enclosed_all_the_same() -> None:
    a = rotated(np.geomspace(1e-9, 1, 520), 9)
    assert single_precision_guess(a, np.empty(a.shape), tolerance=1e-8) is None
    assert least_eigenvalue(BallMatrix(a, 0.0), budget=FLOAT_ONLY).relative_width <= 1e-5


def test_radii_widen_both_ends() -> None:
    a = rotated(np.linspace(1, 2, 30), 1)
    narrow, wide = (least_eigenvalue(BallMatrix(a, r)) for r in (0.0, 1e-4))
    v = np.abs(np.linalg.eigh(a)[1][:, 0])
    assert wide.lower <= narrow.upper - 1e-4 * v.sum() ** 2 * 0.999  # a member that is lower by that much exists
    assert wide.lower >= narrow.lower - 30e-4 * 1.001  # and none is lower by more than the norm of the radii
    assert wide.upper > narrow.upper
    assert "radi" in wide.steps[-1]


def test_orders_one_and_two() -> None:
    e = least_eigenvalue(BallMatrix(np.array([[2.0]]), 0.5))
    assert (e.lower, e.upper) == (1.5, 2.5)
    e = least_eigenvalue(BallMatrix(np.array([[2.0, 1.0], [1.0, 2.0]]), 0.0))
    assert e.lower == e.upper == 1.0
    e = least_eigenvalue(BallMatrix(np.array([[1.0, 1.0], [1.0, 1.0]]), 0.25))
    assert e.lower <= -0.5
    assert e.upper >= 0.5
    verdict, e = decide_at_least(BallMatrix(np.ones((2, 2)), 0.0), Fraction(0), strict=True)
    assert verdict is Verdict.UNKNOWN or e.upper <= 0
    assert e.contains(0)
    assert decide_at_least(BallMatrix(np.array([[0.0]]), 0.0), Fraction(0), strict=True)[0] is Verdict.REFUTED


@pytest.mark.parametrize("n", [3, 30])
def test_refinement_is_asked_for_more_bits(n: int) -> None:
    asked: list[int] = []

    def refine(bits: int) -> BallMatrix:
        asked.append(bits)
        with precision(bits):
            entries = arb_mat([[arb(1) / (i + j + 1) for j in range(n)] for i in range(n)])
        return BallMatrix(start.mid, start.rad, arb=entries)

    mid = np.array([[1.0 / (i + j + 1) for j in range(n)] for i in range(n)])
    start = BallMatrix(mid, 2.0**-53)
    e = least_eigenvalue(start, refine=refine)
    assert e.relative_width <= 1e-6  # the Hilbert matrix of order 30 has condition 1e44
    if n == 30:
        assert asked[:2] == [128, 256]
        with mpmath.workdps(80):
            exact = min(mpmath.eigsy(mpmath.hilbert(n), eigvals_only=True))
            assert mpmath.mpf(e.lower) <= exact <= mpmath.mpf(e.upper)
    short = least_eigenvalue(start, refine=refine, budget=Budget(bits=24, max_bits=64))
    assert short.lower <= e.lower
    assert short.upper >= e.upper


def test_known_psd_clips_and_says_so() -> None:
    g = np.random.default_rng(0).integers(-5, 6, size=(10, 9)).astype(float)
    e = least_eigenvalue(BallMatrix(g @ g.T, 0.0), known_psd=True)
    assert e.lower == 0.0
    assert e.upper >= 0.0
    assert any("known_psd" in step for step in e.steps)


def test_decisions_near_the_truth() -> None:
    a = rotated(np.linspace(1, 2, 60), 2)
    exact = truth(a)
    for distance in (Fraction(1, 10**3), Fraction(1, 10**9), Fraction(1, 10**20)):
        below, _ = decide_at_least(BallMatrix(a, 0.0), exact * (1 - distance))
        above, e = decide_at_least(BallMatrix(a, 0.0), exact * (1 + distance))
        assert above is not Verdict.PROVED
        assert below is not Verdict.REFUTED
        if distance > Fraction(1, 10**12):
            assert below is Verdict.PROVED
            assert above is Verdict.REFUTED
            assert e.upper < exact * (1 + distance)
    assert decide_at_least(BallMatrix(a, 0.0), Fraction(0), strict=True)[0] is Verdict.PROVED
    assert decide_at_least(BallMatrix(-a, 0.0), Fraction(0), strict=True)[0] is Verdict.REFUTED


def test_a_decision_takes_one_factorisation_when_it_is_easy() -> None:
    a = rotated(np.linspace(1, 2, 60), 2)
    verdict, e = decide_at_least(BallMatrix(a, 1e-12), Fraction(9, 10))
    assert verdict is Verdict.PROVED
    assert "float64 Cholesky: 1 factorisations" in e.steps[0]


def test_the_budget_limits_the_higher_rungs_and_the_record_says_so() -> None:
    a = rotated(np.geomspace(1e-13, 1, 40), 3)
    e = least_eigenvalue(BallMatrix(a, 0.0), budget=Budget(seconds=1e-6))
    assert any("would exceed the budget" in step for step in e.steps)


def test_all_rounds_of_all_rungs_are_within_the_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a rung forecasts is one round: their number is limited, and what one rung spent the next has not."""
    made: list[int] = []

    def counted(matrix: arb_mat, shift: Fraction, bits: int) -> LDLT | None:
        made.append(bits)
        return ldlt(matrix, shift, bits)

    monkeypatch.setattr(arb_rung, "ldlt", counted)
    singular, one = BallMatrix(np.ones((30, 30)), 0.0), LDLTRung(128).seconds(30)
    for rounds in (1, 3, 5):
        made.clear()
        e = least_eigenvalue(singular, budget=Budget(seconds=(rounds + 0.5) * one))
        assert len(made) == rounds
        assert sum(LDLTRung(bits).seconds(30) for bits in made) <= (rounds + 0.5) * one
        assert any("stopped by the budget" in step or "would exceed the budget" in step for step in e.steps)
        assert e.contains(0)
    made.clear()
    least_eigenvalue(singular)
    assert len(made) > 5


def test_many_equal_entries_are_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bits of the exact rung are found in one pass over the entries: its time is the polynomial's."""
    reads = 0

    class Counted(Fraction):
        @property
        def denominator(self) -> int:
            nonlocal reads
            reads += 1
            return 1

    n = 40
    monkeypatch.setattr(rational, "_exact_entries", lambda matrix: [Counted(1)] * (n * n))
    e = least_eigenvalue(BallMatrix(np.ones((n, n)), 0.0))
    assert (e.lower, e.upper) == (0.0, 0.0)
    assert 0 < reads < 10 * n * n


def test_the_free_enclosure_holds() -> None:
    rng = np.random.default_rng(8)
    for n in (1, 4, 20):
        a = rng.standard_normal((n, n))
        a = a + a.T
        k = gershgorin(BallMatrix(a, 0.0))
        assert k.lower <= truth(a) + Fraction(1, 10**40)
        assert truth(a) <= k.upper + Fraction(1, 10**40)


def test_the_enclosure_follows_a_relabelling_and_a_power_of_two() -> None:
    a = rotated(np.geomspace(1e-3, 1, 40), 4)
    p = np.random.default_rng(0).permutation(40)
    first = least_eigenvalue(BallMatrix(a, 0.0))
    second = least_eigenvalue(BallMatrix(a[np.ix_(p, p)], 0.0))
    third = least_eigenvalue(BallMatrix(a * 1024, 0.0))
    assert max(first.lower, second.lower) <= min(first.upper, second.upper)
    assert max(first.lower * 1024, third.lower) <= min(first.upper * 1024, third.upper)


def test_contradicting_bounds_are_never_returned() -> None:
    known = Known(Fraction(1), Fraction(2), "first")
    with pytest.raises(AssertionError, match="contradict"):
        known.with_bounds("second", lower=Fraction(3))
    assert Goal(bound=Fraction(0), strict=True).reached(Fraction(0), Fraction(1)) is False


@pytest.mark.parametrize("spread", [1e160, 1e100, 1e10])
def test_order_two_does_not_cancel(spread: float) -> None:
    """diag(a, 1/a): the small eigenvalue is the determinant divided by the large one, at any spread."""
    found = least_eigenvalue(BallMatrix(np.diag([spread, 1 / spread]), 0.0))
    assert 0 < found.lower <= 1 / spread <= found.upper
    assert found.relative_width < 1e-14
    turned = least_eigenvalue(BallMatrix(np.array([[spread, 1.0], [1.0, 2 / spread]]), 0.0))
    with mpmath.workdps(700):
        a, c = mpmath.mpf(spread), mpmath.mpf(2 / spread)
        root = (a + c) / 2 - mpmath.sqrt((a - c) ** 2 / 4 + 1)
        assert mpmath.mpf(turned.lower) <= root <= mpmath.mpf(turned.upper)
    assert turned.relative_width < 1e-6
    negative = least_eigenvalue(BallMatrix(np.diag([-spread, 1 / spread]), 0.0))
    assert negative.contains(Fraction(-spread))
