"""A failure here means that a confidence level or a verdict of a statistical claim is not what it says."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import scipy.stats

from certigram.numerics.sampling.statistics import (
    BinomialTest,
    ErrorBudget,
    FamilyTest,
    MeanTest,
    clopper_pearson,
    contrast,
    holm,
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
    groups = [random.standard_normal(5) - 0.5 * value for value in x]
    weights = regression_weights(np.column_stack([np.ones(3), x]), np.array([5.0, 5.0, 5.0]), 1)
    expected = scipy.stats.linregress(np.repeat(x, 5), np.concatenate(groups)).slope
    assert float(contrast(groups, weights).estimate) == pytest.approx(expected, rel=1e-12)


def test_weighted_intercept_is_that_of_the_normal_equations() -> None:
    x, precision, y = np.array([1.0, 0.5, 0.25]), np.array([1.0, 2.0, 4.0]), np.array([3.0, 1.0, 0.7])
    design = np.column_stack([np.ones(3), x])
    expected = np.linalg.solve(design.T @ np.diag(precision) @ design, design.T @ (precision * y))[0]
    assert regression_weights(design, precision, 0) @ y == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("spread", [(1.0, 1.0, 1.0), (10.0, 1.0, 0.1)])
def test_student_level_holds_for_unequal_variances(spread: tuple[float, ...]) -> None:
    random = np.random.default_rng(1)
    studies, level = 20_000, 0.01
    groups = [s * random.standard_normal((4, studies)) for s in spread]
    found = contrast(groups, np.array([1.0, -2.0, 1.0]))
    rejected = int((2 * scipy.stats.t.sf(abs(found.estimate) / found.standard_error, found.degrees) <= level).sum())
    assert clopper_pearson(rejected, studies, 0.9999)[0] <= level


def test_interval_and_p_value_agree() -> None:
    test = MeanTest("mean", 0.3, 0.1, 7, 0.0, 0.0)
    low, _ = test.interval(1 - test.p_value)
    assert low == pytest.approx(0.0, abs=1e-12)


def test_claimed_interval_counts_only_the_distance_outside() -> None:
    inside = MeanTest("rate", -0.5, 0.01, 9, -0.75, -0.35)
    outside = MeanTest("rate", -0.32, 0.01, 9, -0.75, -0.35)
    assert inside.p_value == 1.0
    assert outside.p_value == pytest.approx(2 * scipy.stats.t.sf(3.0, 9), rel=1e-9)


def test_replicates_without_spread_decide_exactly() -> None:
    assert MeanTest("constant", 0.5, 0.0, 3, 0.5, 0.5).p_value == 1.0
    assert MeanTest("constant", 0.6, 0.0, 3, 0.5, 0.5).p_value == 0.0


def test_holm_is_the_closed_test_of_bonferroni() -> None:
    """The adjusted p-value is the largest Bonferroni p-value over all intersections that contain the hypothesis."""
    random = np.random.default_rng(2)
    for _ in range(20):
        p = random.uniform(0, 0.4, size=5).tolist()
        subsets = [s for r in range(1, 6) for s in itertools.combinations(range(5), r)]
        expected = [max(min(1.0, len(s) * min(p[k] for k in s)) for s in subsets if i in s) for i in range(5)]
        assert holm(p) == pytest.approx(tuple(expected), rel=1e-12)


def test_family_counts_its_members_and_its_summary() -> None:
    summary = MeanTest("scale", 0.0, 0.01, 9, 0.0, 0.0, (-0.05, 0.05))
    errors, zeros = np.ones(100), np.zeros(100)
    estimates = zeros.copy()
    estimates[17] = 8.0
    family = FamilyTest("limit", estimates, errors, 9, zeros, summary)
    assert family.p_value == pytest.approx(200 * 2 * scipy.stats.t.sf(8.0, 9), rel=1e-9)
    assert FamilyTest("limit", zeros, errors, 9, zeros, summary).p_value == 1.0
    off = MeanTest("scale", 0.05, 0.001, 9, 0.0, 0.0)
    assert FamilyTest("limit", zeros, errors, 9, zeros, off).p_value < 1e-9


def test_a_small_experiment_is_unknown_and_a_large_one_is_not() -> None:
    small = MeanTest("rate", -0.5, 0.3, 4, -0.75, -0.35, (-0.25, -1.0))
    large = MeanTest("rate", -0.5, 0.01, 19, -0.75, -0.35, (-0.25, -1.0))
    few = BinomialTest("event", 3, 3, 0.9, "at-least", (0.5,))
    nothing = MeanTest("rate", math.nan, math.nan, 3, 0.0, 0.0, (1.0,))
    verdicts = [outcome.verdict for outcome in ErrorBudget().settle([small, large, few, nothing])]
    assert verdicts == [Verdict.UNKNOWN, Verdict.CONSISTENT, Verdict.UNKNOWN, Verdict.UNKNOWN]


def test_an_event_that_is_rare_is_not_called_common_for_being_clear() -> None:
    """The interval [0.1, 0.4] excludes 1/2, and yet it does not support 'at least'."""
    rare = BinomialTest("event", 50, 200, 0.0, "at-least", (0.5,))
    common = BinomialTest("event", 195, 200, 0.0, "at-least", (0.5,))
    frequent = BinomialTest("tail", 180, 200, 1.0, "at-most", (0.8,))
    verdicts = [outcome.verdict for outcome in ErrorBudget().settle([rare, common, frequent])]
    assert verdicts == [Verdict.UNKNOWN, Verdict.CONSISTENT, Verdict.UNKNOWN]


def test_an_alternative_inside_the_claim_is_never_excluded() -> None:
    vacuous = MeanTest("limit", 0.0, 1e-6, 20, -math.inf, math.inf, (-0.05, 0.05))
    assert ErrorBudget().settle([vacuous])[0].verdict is Verdict.UNKNOWN


def test_more_tests_make_each_verdict_harder() -> None:
    borderline = MeanTest("mean", 0.4, 0.1, 30, 0.0, 0.0)
    assert 1e-4 < borderline.p_value < 1e-3
    alone = ErrorBudget().settle([borderline])[0]
    among = ErrorBudget().settle([borderline] + [MeanTest("fine", 0.0, 1.0, 30, 0.0, 0.0)] * 20)[0]
    assert alone.verdict is Verdict.INCONSISTENT
    assert among.verdict is Verdict.CONSISTENT
    assert among.confidence > alone.confidence


def test_unusable_input_is_refused() -> None:
    with pytest.raises(SpecError, match="two replicates"):
        contrast([np.array([1.0])], np.array([1.0]))
    with pytest.raises(SpecError, match="two different widths"):
        regression_weights(np.ones((2, 2)), np.ones(2), 0)
    with pytest.raises(SpecError, match="binomial"):
        BinomialTest("event", 5, 3, 0.5, "at-least")
    with pytest.raises(SpecError, match="alpha"):
        ErrorBudget(0.0)
