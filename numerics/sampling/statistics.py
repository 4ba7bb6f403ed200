r"""Honest statistics: tests whose error is counted, and verdicts that share one error budget.

A test is of the hypothesis "the claim is true"; a true claim has a p-value below a with probability at most a. Holm's
step-down procedure over all tests of a study keeps the probability of *any* INCONSISTENT verdict on a correct theory
below the budget. CONSISTENT is said only where the experiment could have seen a difference: the interval at the study's
level must exclude every stated *alternative*, a value that a false theory would predict; else UNKNOWN. Models and
proofs: ``docs/theory/finite-width.md``, sections 4 and 5.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import scipy.stats
from numpy.typing import NDArray

from ...theory.errors import SpecError
from ...theory.verdict import Verdict

Interval = tuple[float, float]


def clopper_pearson(successes: int, trials: int, confidence: float) -> Interval:
    """The exact two-sided confidence interval of a probability (Clopper and Pearson 1934).

    >>> low, high = clopper_pearson(20, 20, 0.95)
    >>> round(low, 6), high
    (0.831567, 1.0)
    """
    found = scipy.stats.binomtest(successes, trials).proportion_ci(confidence, method="exact")
    return float(found.low), float(found.high)


class StatisticalTest(Protocol):
    """A test of "the claim is true"."""

    @property
    def name(self) -> str:
        """What is tested: unique in its study."""

    @property
    def p_value(self) -> float:
        """When the claim is true, P(p_value <= a) <= a for every a."""

    def interval(self, confidence: float) -> Interval:
        """A confidence interval of the parameter."""

    def not_excluded(self, interval: Interval) -> tuple[float, ...]:
        """The alternatives, values that a false theory would predict, which an interval does not exclude."""


@dataclass(frozen=True, slots=True)
class BinomialTest:
    """Whether an event has probability at least (``side="at-least"``) or at most (``"at-most"``) ``claimed``.

    Successes are counted in independent trials whose probabilities may differ, as long as each obeys the claim. An
    alternative stands for all probabilities on its far side: with "at-least" a false theory predicts that much or less.
    ``claimed`` may be 0 (or 1): then nothing can be INCONSISTENT, and only CONSISTENT or UNKNOWN are possible.

    >>> BinomialTest("event", 3, 20, 0.9, "at-least", (0.5,)).p_value < 1e-10
    True
    """

    name: str
    successes: int
    trials: int
    claimed: float
    side: str
    alternatives: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if self.side not in ("at-least", "at-most") or not 0 <= self.successes <= self.trials or self.trials < 1:
            raise SpecError(f"{self.name}: {self.successes} of {self.trials}, {self.side!r}, is not a binomial test.")

    @property
    def p_value(self) -> float:
        """The binomial tail at the claimed probability."""
        alternative = "less" if self.side == "at-least" else "greater"
        return float(scipy.stats.binomtest(self.successes, self.trials, self.claimed, alternative).pvalue)

    def interval(self, confidence: float) -> Interval:
        """Clopper-Pearson."""
        return clopper_pearson(self.successes, self.trials, confidence)

    def not_excluded(self, interval: Interval) -> tuple[float, ...]:
        """Alternatives that do not lie strictly beyond the interval's near end."""
        low, high = interval
        return tuple(a for a in self.alternatives if (low <= a if self.side == "at-least" else high >= a))


@dataclass(frozen=True, slots=True)
class MeanTest:
    r"""Whether a parameter lies in [``low``, ``high``], from an estimate with a standard error.

    With t the distance of the estimate from [low, high] in standard errors, :math:`p = P(|T_\nu| \ge t)`, T a Student
    variable. For a :func:`contrast` of Gaussian replicates this is an upper bound of the true p-value whatever the
    variances are.

    >>> MeanTest("slope", -0.5, 0.03, 19, -0.75, -0.35).p_value
    1.0
    >>> MeanTest("slope", -0.25, 0.01, 19, -0.75, -0.35).p_value < 1e-7
    True
    """

    name: str
    estimate: float
    standard_error: float
    degrees: float
    low: float
    high: float
    alternatives: tuple[float, ...] = ()

    @property
    def p_value(self) -> float:
        """Two-sided, at the nearest point of the claimed interval."""
        return float(_p_values(np.array(self.estimate), self.standard_error, self.degrees, self.low, self.high))

    def interval(self, confidence: float) -> Interval:
        """The Student interval around the estimate."""
        half = float(scipy.stats.t.isf((1 - confidence) / 2, self.degrees)) * self.standard_error
        return self.estimate - half, self.estimate + half

    def not_excluded(self, interval: Interval) -> tuple[float, ...]:
        """Alternatives inside the interval or inside the claim; all of them when the estimate is not a number."""
        low, high = min(interval[0], self.low), max(interval[1], self.high)
        return tuple(a for a in self.alternatives if not (a < low or a > high))


@dataclass(frozen=True, slots=True, eq=False)
class FamilyTest:
    """Whether *every* one of several parameters is zero up to its tolerance: a maximum test with Bonferroni's factor.

    ``estimates``, ``standard_errors``, ``tolerances``: arrays of one shape. ``summary`` is one of the parameters, or
    another of the same claim; its interval and its alternatives speak for the family, and it takes part in the test.
    """

    name: str
    estimates: NDArray[np.float64]
    standard_errors: NDArray[np.float64]
    degrees: float
    tolerances: NDArray[np.float64]
    summary: MeanTest

    @property
    def p_values(self) -> NDArray[np.float64]:
        """One per parameter, not adjusted."""
        return _p_values(self.estimates, self.standard_errors, self.degrees, -self.tolerances, self.tolerances)

    @property
    def p_value(self) -> float:
        """Bonferroni over the parameters, and then over the two parts (parameters, summary)."""
        values = self.p_values
        smallest = float(values.min(initial=1.0, where=~np.isnan(values))) * max(self.estimates.size, 1)
        return min(1.0, 2 * min(smallest, self.summary.p_value))

    def interval(self, confidence: float) -> Interval:
        """That of the summary."""
        return self.summary.interval(confidence)

    def not_excluded(self, interval: Interval) -> tuple[float, ...]:
        """Those of the summary; all of them when a parameter of the family is not a number."""
        return self.summary.alternatives if np.isnan(self.p_values).any() else self.summary.not_excluded(interval)


def _p_values(
    estimate: NDArray[np.float64],
    error: float | NDArray[np.float64],
    degrees: float,
    low: float | NDArray[np.float64],
    high: float | NDArray[np.float64],
) -> NDArray[np.float64]:
    distance = np.maximum(np.maximum(low - estimate, estimate - high), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(distance == 0, 0.0, distance / error)
    return np.asarray(np.minimum(2 * scipy.stats.t.sf(ratio, degrees), 1.0))


@dataclass(frozen=True, slots=True, eq=False)
class Contrast:
    """An estimate of a linear combination of group means, with its standard error; arrays of the replicates' shape."""

    estimate: NDArray[np.float64]
    standard_error: NDArray[np.float64]
    degrees: float


def contrast(groups: Sequence[NDArray[np.float64]], weights: NDArray[np.float64]) -> Contrast:
    r"""Estimate :math:`\sum_w c_w \mathbb E y_w` from independent replicates whose variances may differ between groups.

    ``groups[w]`` is (replicates, ...). The standard error is :math:`(\sum_w c_w^2 s_w^2/n_w)^{1/2}`; with
    :math:`\min_w n_w - 1` degrees of freedom Student's tail is an upper bound for Gaussian replicates (Hájek 1962; a
    proof in three lines: ``docs/theory/finite-width.md``, section 4). Raises :class:`SpecError` when a group with a
    weight has fewer than two replicates.

    >>> c = contrast([np.array([1.0, 2.0, 3.0]), np.array([5.0, 5.0])], np.array([-1.0, 1.0]))
    >>> float(c.estimate), round(float(c.standard_error), 6), c.degrees
    (3.0, 0.57735, 1.0)
    """
    used = [(group, c) for group, c in zip(groups, weights, strict=True) if c != 0]
    if not used or min(len(group) for group, _ in used) < 2:
        raise SpecError("statistics: at least two replicates (seeds) per width are needed to know their spread.")
    estimate = sum(c * group.mean(axis=0) for group, c in used)
    variance = sum(c * c * group.var(axis=0, ddof=1) / len(group) for group, c in used)
    degrees = float(min(len(group) for group, _ in used) - 1)
    return Contrast(np.asarray(estimate), np.sqrt(np.asarray(variance)), degrees)


def regression_weights(
    design: NDArray[np.float64], precision: NDArray[np.float64], coefficient: int
) -> NDArray[np.float64]:
    r"""The weights c with :math:`\hat\beta_k = \sum_w c_w \bar y_w` in the weighted least-squares fit.

    ``design`` (groups, parameters), ``precision`` (groups,) positive. Raises :class:`SpecError` when the design is
    rank-deficient: there are fewer different widths than parameters.

    >>> regression_weights(np.array([[1.0, 0.0], [1.0, 1.0]]), np.ones(2), 1).round(12).tolist()
    [-1.0, 1.0]
    """
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise SpecError("statistics: a rate or a limit needs at least two different widths.")
    root = np.sqrt(precision)
    return np.asarray(np.linalg.pinv(design * root[:, None])[coefficient] * root)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A settled test: its verdict, Holm's adjusted p-value, and the interval at the study's simultaneous level."""

    test: StatisticalTest
    verdict: Verdict
    adjusted_p: float
    interval: Interval
    confidence: float
    reason: str


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm's adjusted p-values (1979), in the given order: rejecting those <= a errs anywhere with probability <= a.

    >>> holm([0.01, 0.04, 0.03])
    (0.03, 0.06, 0.06)
    """
    order = sorted(range(len(p_values)), key=lambda k: p_values[k])
    adjusted, running = [0.0] * len(p_values), 0.0
    for rank, k in enumerate(order):
        running = max(running, min(1.0, (len(p_values) - rank) * p_values[k]))
        adjusted[k] = running
    return tuple(adjusted)


@dataclass(frozen=True, slots=True)
class ErrorBudget:
    """The probability with which a study may call anything INCONSISTENT although every claim of it is true."""

    alpha: float = 1e-3

    def __post_init__(self) -> None:
        if not 0 < self.alpha < 1:
            raise SpecError(f"alpha = {self.alpha} is a probability: choose it between 0 and 1, e.g. 0.001.")

    def settle(self, tests: Sequence[StatisticalTest]) -> tuple[Outcome, ...]:
        """Verdicts for all tests of a study at once, in their order.

        >>> good = MeanTest("rate", -0.52, 0.02, 19, -0.75, -0.35, (-0.25, -1.0))
        >>> bad = MeanTest("rate, false", -0.26, 0.01, 19, -0.75, -0.35, (-0.25, -1.0))
        >>> [outcome.verdict.name for outcome in ErrorBudget().settle([good, bad])]
        ['CONSISTENT', 'INCONSISTENT']
        """
        confidence = 1 - self.alpha / max(len(tests), 1)
        adjusted = holm([1.0 if math.isnan(test.p_value) else test.p_value for test in tests])
        outcomes = []
        for test, p in zip(tests, adjusted, strict=True):
            low, high = test.interval(confidence)
            left = test.not_excluded((low, high))
            if p <= self.alpha:
                verdict, reason = Verdict.INCONSISTENT, f"p = {p:.2g} after Holm's correction for {len(tests)} tests"
            elif left or not math.isfinite(low + high):
                verdict = Verdict.UNKNOWN
                reason = (
                    f"the experiment is too small: its interval [{low:.3g}, {high:.3g}] does not exclude "
                    f"{', '.join(f'{value:.3g}' for value in left) or 'anything'}; take more seeds or larger widths"
                )
            else:
                verdict, reason = Verdict.CONSISTENT, ""
            outcomes.append(Outcome(test, verdict, p, (low, high), confidence, reason))
        return tuple(outcomes)
