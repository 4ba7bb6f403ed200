"""A failure here means that a confidence level or a verdict of a statistical claim is not what it says."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pytest
import scipy.stats

from certigram.numerics.sampling.looks import look, share
from certigram.numerics.sampling.moments import BoundedTest, MomentTest
from certigram.numerics.sampling.statistics import (
    BinomialTest,
    ErrorBudget,
    MedianTest,
    clopper_pearson,
    holm,
    median_interval,
    regression_weights,
)
from certigram.theory.errors import SpecError
from certigram.theory.verdict import Verdict


@pytest.mark.parametrize("trials", [1, 7, 20])
@pytest.mark.parametrize("confidence", [0.9, 0.999])
def test_clopper_pearson_covers_at_every_probability(trials: int, confidence: float) -> None:
    intervals = [clopper_pearson(k, trials, confidence) for k in range(trials + 1)]
    for p in np.linspace(0.003, 0.997, 71):
        covered = sum(
            scipy.stats.binom.pmf(k, trials, p) for k, (low, high) in enumerate(intervals) if low <= p <= high
        )
        assert covered >= confidence - 1e-12


def test_clopper_pearson_at_the_ends_is_the_closed_form() -> None:
    low, high = clopper_pearson(20, 20, 0.95)
    assert low == pytest.approx(0.025 ** (1 / 20), rel=1e-12)
    assert high == 1.0
    assert clopper_pearson(0, 20, 0.95)[1] == pytest.approx(1 - 0.025 ** (1 / 20), rel=1e-12)


@pytest.mark.parametrize("side", ["at-least", "at-most"])
def test_binomial_p_values_never_exceed_their_level(side: str) -> None:
    trials, claimed = 15, 0.8
    p_values = [BinomialTest("event", k, trials, claimed, side).p_value for k in range(trials + 1)]
    inside = (0.8, 0.9, 1.0) if side == "at-least" else (0.8, 0.5, 0.0)
    for truth, level in itertools.product(inside, (0.05, 0.01, 1e-3, 1e-6)):
        rejected = sum(scipy.stats.binom.pmf(k, trials, truth) for k, p in enumerate(p_values) if p <= level)
        assert rejected <= level * (1 + 1e-9)


def test_the_slope_is_that_of_least_squares() -> None:
    random = np.random.default_rng(0)
    x = np.log([64.0, 128.0, 512.0])
    y = random.standard_normal(3) - 0.5 * x
    weights = regression_weights(np.column_stack([np.ones(3), x]), 1)
    assert float(weights @ y) == pytest.approx(scipy.stats.linregress(x, y).slope, rel=1e-12)


@pytest.mark.parametrize("trials", [5, 12, 20])
@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.999])
def test_the_interval_of_the_median_covers_it(trials: int, confidence: float) -> None:
    """The chance that too many of the replicates fall on one side, exactly."""
    low, high = median_interval(np.arange(float(trials)), confidence)
    missed = 0.0
    for below in range(trials + 1):  # how many of the ordered replicates lie below the true median
        if not low < below - 0.5 < high:
            missed += float(scipy.stats.binom.pmf(below, trials, 0.5))
    assert missed <= 1 - confidence


def test_sign_test_p_values_never_exceed_their_level() -> None:
    trials = 15
    values = [np.concatenate([np.full(k, -1.0), np.full(trials - k, 1.0)]) for k in range(trials + 1)]
    p_values = [MedianTest("median", v, 0.0, 0.0).p_value for v in values]
    for level in (0.2, 0.05, 1e-3):
        rejected = sum(scipy.stats.binom.pmf(k, trials, 0.5) for k, p in enumerate(p_values) if p <= level)
        assert rejected <= level * (1 + 1e-9)


def test_a_limit_is_supported_and_never_contradicted() -> None:
    far, near = np.linspace(3.0, 4.0, 40), np.linspace(-0.01, 0.01, 40)
    tests = [
        MedianTest("far", far, 0.0, 0.0, (-1.0, 1.0), of_limit=True),
        MedianTest("near", near, -0.05, 0.05, (-1.0, 1.0), of_limit=True),
        MedianTest("far, said of these widths", far, 0.0, 0.0, (-1.0, 1.0)),
    ]
    verdicts = [outcome.verdict for outcome in ErrorBudget().settle(tests)]
    assert verdicts == [Verdict.UNKNOWN, Verdict.CONSISTENT, Verdict.INCONSISTENT]


def two_points(probability: float, count: int) -> tuple[list[float], np.ndarray, float]:
    """Laws of one number: x = 1/probability with that probability, else 0; mean 1; all outcomes of ``count`` draws."""
    chances = [float(scipy.stats.binom.pmf(k, count, probability)) for k in range(count + 1)]
    outcomes = np.array([[1 / probability] * k + [0.0] * (count - k) for k in range(count + 1)])
    return chances, outcomes, 1 / probability - 1


def moment_test(y: np.ndarray, variance: float, *, claimed: float = 1.0, nonnegative: bool = False) -> MomentTest:
    y = y[:, None]
    return MomentTest("mean", y, y, np.full(y.size, variance), claimed, claimed, nonnegative=nonnegative)


@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize("probability", [0.5, 0.1, 0.01, 1e-4])
def test_moment_p_values_never_exceed_their_level(probability: float, nonnegative: bool) -> None:
    """Exactly, for replicates that are nearly always equal: no standard error is taken from them."""
    chances, outcomes, variance = two_points(probability, 20)
    p_values = [moment_test(y, variance, nonnegative=nonnegative).p_value for y in outcomes]
    for level in (0.5, 0.05, 1e-3, 1e-6):
        assert sum(c for c, p in zip(chances, p_values, strict=True) if p <= level) <= level


@pytest.mark.parametrize("probability", [0.5, 0.1, 0.01])
def test_betting_p_values_never_exceed_their_level(probability: float) -> None:
    chances, outcomes, _ = two_points(probability, 20)
    p_values = [BoundedTest("mean", y, 1.0, 1 / probability).p_value for y in outcomes]
    for level in (0.5, 0.05, 1e-3, 1e-6):
        assert sum(c for c, p in zip(chances, p_values, strict=True) if p <= level) <= level


@pytest.mark.parametrize("nonnegative", [False, True])
@pytest.mark.parametrize("probability", [0.5, 0.1, 0.01, 1e-4])
def test_the_expectation_of_an_e_value_is_at_most_one(probability: float, nonnegative: bool) -> None:
    """Exactly, at the boundary of the claim; and not for a mean that is larger than claimed, or a larger variance."""
    chances, outcomes, variance = two_points(probability, 20)

    def expectation(claimed: float, bound: float) -> float:
        tests = [moment_test(y, bound, claimed=claimed, nonnegative=nonnegative) for y in outcomes]
        return sum(c * math.exp(float(t._log_e(claimed, claimed)[0])) for c, t in zip(chances, tests, strict=True))

    assert expectation(1.0, variance) <= 1 + 1e-12
    assert (expectation(0.5, variance) if nonnegative else expectation(1.0, variance / 100)) > 1e4


def test_observations_that_are_not_negative_say_more_near_zero() -> None:
    """Squares of standard Gaussians, of mean 1 and variance 2: the lower end of the interval; the upper one stays."""
    y = np.random.default_rng(5).standard_normal(40) ** 2
    plain, bets = moment_test(y, 2.5), moment_test(y, 2.5, nonnegative=True)
    (low, high), (near, far) = plain.interval(1 - 1e-5), bets.interval(1 - 1e-5)
    assert low < 0 < 0.25 < near < plain.estimate
    assert high == pytest.approx(far, rel=0.02)
    assert moment_test(y, 2.5, claimed=0.1, nonnegative=True).p_value < 1e-9
    assert moment_test(y, 2.5, claimed=8.0, nonnegative=True).p_value < 1e-9
    zeros = moment_test(np.zeros(40), 2.5, nonnegative=True)
    assert zeros.interval(1 - 1e-5)[0] == 0.0
    assert zeros.p_value < 2e-3  # the other side still knows the variance


def test_bets_on_enclosures_use_their_lower_ends() -> None:
    """A lower end that is negative or not a number counts as 0; wider enclosures make no p-value smaller."""
    y = np.full((30, 1), 0.8)
    variances = np.full(30, 0.5)
    exact = MomentTest("mean", y, y, variances, 0.2, 0.2, nonnegative=True)
    loose = MomentTest("mean", y - 0.3, y + 0.3, variances, 0.2, 0.2, nonnegative=True)
    nothing = [MomentTest("mean", y * c, y + 9, variances, 0.2, 0.2, nonnegative=True) for c in (0.0, -2.0, math.nan)]
    assert exact.p_value < loose.p_value < 1e-4
    assert [test.p_value for test in nothing] == [1.0] * 3


@pytest.mark.parametrize("probability", [0.5, 0.1, 0.01])
@pytest.mark.parametrize("confidence", [0.9, 0.999])
def test_intervals_of_means_cover_them(probability: float, confidence: float) -> None:
    chances, outcomes, variance = two_points(probability, 20)
    missed = np.zeros(3)
    for chance, y in zip(chances, outcomes, strict=True):
        moments, both = (moment_test(y, variance, nonnegative=known) for known in (False, True))
        intervals = [
            test.interval(confidence) for test in (moments, both, BoundedTest("mean", y, 1.0, 1 / probability))
        ]
        missed += [0.0 if low <= 1.0 <= high else chance for low, high in intervals]
    assert missed.max() <= 1 - confidence


def test_unequal_variances_and_errors_keep_the_level() -> None:
    """Enclosures of the observations: wider ones never make a p-value smaller."""
    random = np.random.default_rng(1)
    spread = np.array([10.0, 1.0, 0.1] * 4)
    y = 0.7 + spread[:, None] * random.standard_normal((12, 1))
    exact = MomentTest("mean", y, y, spread**2, 0.0, 0.0)
    loose = MomentTest("mean", y - 0.1, y + 0.1, spread**2, 0.0, 0.0)
    assert exact.p_value <= loose.p_value
    assert exact.estimate == pytest.approx(float(np.average(y[:, 0], weights=spread**-2.0)), rel=1e-12)
    low, high = exact.interval(0.99)
    assert loose.interval(0.99)[0] < low < exact.estimate < high < loose.interval(0.99)[1]


def test_equal_replicates_decide_nothing_by_themselves() -> None:
    """Twenty zeros where a unit is active once in ten thousand: a true theory, whose standard error is 0."""
    zeros = np.zeros((20, 1))
    assert MomentTest("rare", zeros, zeros, np.full(20, 9999.0), 1.0, 1.0).p_value == 1.0
    assert MomentTest("constant", zeros + 0.5, zeros + 0.5, np.full(20, 1e-12), 0.5, 0.5).p_value == 1.0
    assert MomentTest("constant", zeros + 0.6, zeros + 0.6, np.full(20, 1e-12), 0.5, 0.5).p_value < 1e-12


def test_claimed_interval_counts_only_the_distance_outside() -> None:
    y = np.full((30, 1), -0.5)
    assert MomentTest("rate", y, y, np.full(30, 1e-4), -0.75, -0.35).p_value == 1.0
    outside = MomentTest("rate", y, y, np.full(30, 1e-4), -0.45, -0.35)
    assert outside.p_value == MomentTest("rate", y, y, np.full(30, 1e-4), -0.45, 7.0).p_value < 1e-6


def test_nothing_is_concluded_from_numbers_that_are_not_known() -> None:
    nan, wide = np.full((9, 2), math.nan), np.full((9, 2), math.inf)
    tests = [
        MomentTest("nan", nan, nan, np.ones(9), 0.0, 0.0, (1.0,)),
        MomentTest("unbounded", -wide, wide, np.ones(9), 0.0, 0.0, (1.0,)),
        MomentTest("no variance", np.ones((9, 1)), np.ones((9, 1)), np.full(9, math.inf), 0.0, 0.0, (1.0,)),
        MomentTest("another law", np.ones((9, 1)), np.ones((9, 1)), np.full(9, 1e-6), 0.0, 0.0, (1.0,), 0.5),
        BoundedTest("nan", np.full(9, math.nan), 0.5, 1.0, (1.0,)),
        MedianTest("nan", np.full(9, math.nan), 0.0, 0.0, (1.0,)),
        MedianTest("nothing", np.empty(0), 0.0, 0.0, (1.0,)),
    ]
    for outcome in ErrorBudget().settle(tests):
        assert outcome.verdict is Verdict.UNKNOWN
        assert "unbounded" in outcome.reason


def test_holm_is_the_closed_test_of_bonferroni() -> None:
    """The adjusted p-value is the largest Bonferroni p-value over all intersections that contain the hypothesis."""
    random = np.random.default_rng(2)
    for _ in range(20):
        p = random.uniform(0, 0.4, size=5).tolist()
        subsets = [s for r in range(1, 6) for s in itertools.combinations(range(5), r)]
        expected = [max(min(1.0, len(s) * min(p[k] for k in s)) for s in subsets if i in s) for i in range(5)]
        assert holm(p) == pytest.approx(tuple(expected), rel=1e-12)


def test_a_family_shares_its_level() -> None:
    """Half of it for the first column, the rest for the others together."""
    y = np.zeros((20, 101))
    y[:, 17] = 0.3
    found = MomentTest("family", y, y, np.full(20, 0.01), 0.0, 0.0).p_value
    alone = MomentTest("alone", y[:, 17:18], y[:, 17:18], np.full(20, 0.01), 0.0, 0.0).p_value
    assert found == pytest.approx(200 * alone, rel=1e-9)
    assert found < 1e-3
    y[:, 0], y[:, 17] = 0.3, 0.0
    assert MomentTest("first", y, y, np.full(20, 0.01), 0.0, 0.0).p_value == pytest.approx(2 * alone, rel=1e-9)


def test_a_small_experiment_is_unknown_and_a_large_one_is_not() -> None:
    slopes = np.linspace(-0.6, -0.4, 40)
    small = MedianTest("rate", slopes[:4], -0.75, -0.35, (-0.25, -1.0))
    large = MedianTest("rate", slopes, -0.75, -0.35, (-0.25, -1.0))
    few = BinomialTest("event", 3, 3, 0.9, "at-least", (0.5,))
    verdicts = [outcome.verdict for outcome in ErrorBudget().settle([small, large, few])]
    assert verdicts == [Verdict.UNKNOWN, Verdict.CONSISTENT, Verdict.UNKNOWN]


def test_an_event_that_is_rare_is_not_called_common_for_being_clear() -> None:
    """The interval [0.1, 0.4] excludes 1/2, and yet it does not support 'at least'."""
    rare = BinomialTest("event", 50, 200, 0.0, "at-least", (0.5,))
    common = BinomialTest("event", 195, 200, 0.0, "at-least", (0.5,))
    frequent = BinomialTest("tail", 180, 200, 1.0, "at-most", (0.8,))
    verdicts = [outcome.verdict for outcome in ErrorBudget().settle([rare, common, frequent])]
    assert verdicts == [Verdict.UNKNOWN, Verdict.CONSISTENT, Verdict.UNKNOWN]


def test_an_alternative_inside_the_claim_is_never_excluded() -> None:
    vacuous = MedianTest("limit", np.zeros(60), -math.inf, math.inf, (-0.05, 0.05))
    assert ErrorBudget().settle([vacuous])[0].verdict is Verdict.UNKNOWN


def test_more_tests_make_each_verdict_harder() -> None:
    borderline = BinomialTest("event", 30, 40, 0.95, "at-least", (0.25,))
    assert 1e-6 < borderline.p_value < 1e-3
    alone = ErrorBudget().settle([borderline])[0]
    among = ErrorBudget().settle([borderline] + [BinomialTest("fine", 20, 20, 0.5, "at-least")] * 60)[0]
    assert alone.verdict is Verdict.INCONSISTENT
    assert among.verdict is Verdict.CONSISTENT
    assert among.confidence > alone.confidence


def test_every_look_at_more_samples_is_paid_for(tmp_path: Path) -> None:
    """The shares of all looks add up to 1; the same outcomes are the same look; damage costs a look, not the level."""
    tests = [BinomialTest("event", k, 20, 0.5, "at-least") for k in range(5)]
    assert [look(tmp_path, "a study", [test]) for test in tests] == [1, 2, 3, 4, 5]
    assert look(tmp_path, "a study", tests[1:2]) == 2
    assert look(tmp_path, "another study", tests[1:2]) == 6
    (tmp_path / "looks.txt").write_bytes(b"\xff\xfe\n" * 3)
    assert look(tmp_path, "a study", tests[:1]) == 4
    assert look(None, "kept nowhere", tests) == 1
    assert sum(share(k) for k in range(1, 10_000)) < 1


def test_unusable_input_is_refused() -> None:
    with pytest.raises(SpecError, match="two different widths"):
        regression_weights(np.ones((2, 2)), 0)
    with pytest.raises(SpecError, match="binomial"):
        BinomialTest("event", 5, 3, 0.5, "at-least")
    with pytest.raises(SpecError, match="alpha"):
        ErrorBudget(0.0)
    with pytest.raises(SpecError, match="positive"):
        MomentTest("mean", np.ones((2, 1)), np.ones((2, 1)), np.zeros(2), 0.0, 0.0)
    with pytest.raises(SpecError, match="shapes"):
        MomentTest("mean", np.ones((2, 1)), np.ones((3, 1)), np.ones(2), 0.0, 0.0)
    with pytest.raises(SpecError, match="between 0 and"):
        BoundedTest("mean", np.ones(2), 0.0, 1.0)
