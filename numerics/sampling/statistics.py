r"""Honest statistics: tests whose error is counted, and verdicts that share one error budget.

A test is of the hypothesis "the claim is true"; a true claim has a p-value below a with probability at most a, in every
finite sample. Holm's step-down procedure over all tests of a study keeps the probability of *any* INCONSISTENT verdict
on a correct theory below the budget. CONSISTENT is said only where the experiment could have seen a difference: the
interval at the study's level must exclude every stated *alternative*, a value that a false theory would predict; else
UNKNOWN. Here are the tests by counting; those of means are in :mod:`.moments`. Proofs: ``docs/theory/finite-width.md``,
sections 4 and 5.
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


@dataclass(frozen=True, slots=True, eq=False)
class MedianTest:
    r"""Whether the median of independent, equally distributed replicates lies in [``low``, ``high``]: the sign test.

    Nothing is assumed of their law. ``of_limit`` says that the claim speaks of a limit which these replicates only
    approach, by an amount of which no bound is known: then no sample contradicts it, the p-value is 1, and the interval
    of the median may support it.

    >>> test = MedianTest("slope", np.linspace(-0.6, -0.4, 40), -0.75, -0.35, (-1.0, -0.25))
    >>> test.p_value, test.not_excluded(test.interval(0.999))
    (1.0, ())
    >>> MedianTest("slope", np.linspace(-0.3, -0.2, 40), -0.75, -0.35).p_value < 1e-11
    True
    """

    name: str
    values: NDArray[np.float64]
    low: float
    high: float
    alternatives: tuple[float, ...] = ()
    of_limit: bool = False

    @property
    def estimate(self) -> float:
        """The median of the sample; NaN when a replicate is."""
        return float(np.median(self.values)) if self.values.size else math.nan

    @property
    def p_value(self) -> float:
        """Twice the smaller binomial tail: at most half of the replicates fall below the claim, and above it."""
        if self.of_limit or not self.values.size:
            return 1.0
        outside = max(int((self.values < self.low).sum()), int((self.values > self.high).sum()))
        return min(1.0, 2 * float(scipy.stats.binom.sf(outside - 1, self.values.size, 0.5)))

    def interval(self, confidence: float) -> Interval:
        """Order statistics; the whole line when there are too few, or when one is not a number.

        >>> MedianTest("twenty", np.arange(20.0), 0.0, 0.0).interval(0.9999)
        (1.0, 18.0)
        >>> MedianTest("three", np.arange(3.0), 0.0, 0.0).interval(0.9999)
        (-inf, inf)
        """
        return median_interval(self.values, confidence)

    def not_excluded(self, interval: Interval) -> tuple[float, ...]:
        """Alternatives inside the interval or inside the claim."""
        return inside(self.alternatives, interval, self.low, self.high)


def median_interval(values: NDArray[np.float64], confidence: float) -> Interval:
    """The exact interval of the median of independent replicates, between two order statistics."""
    n = values.size
    tails = scipy.stats.binom.cdf(np.arange(n // 2), n, 0.5)  # P(fewer than k + 1 replicates below the median)
    usable = int((tails <= (1 - confidence) / 2).sum())
    if usable == 0 or np.isnan(values).any():
        return -math.inf, math.inf
    ordered = np.sort(values)
    return float(ordered[usable - 1]), float(ordered[n - usable])


def inside(alternatives: tuple[float, ...], interval: Interval, low: float, high: float) -> tuple[float, ...]:
    """The alternatives that lie inside the hull of an interval and a claim."""
    first, last = min(interval[0], low), max(interval[1], high)
    return tuple(a for a in alternatives if not (a < first or a > last))


def regression_weights(design: NDArray[np.float64], coefficient: int) -> NDArray[np.float64]:
    r"""The weights c with :math:`\hat\beta_k = \sum_w c_w y_w` in the least-squares fit.

    ``design`` (points, parameters). Raises :class:`SpecError` when the design is rank-deficient: there are fewer
    different widths than parameters.

    >>> regression_weights(np.array([[1.0, 0.0], [1.0, 1.0]]), 1).round(12).tolist()
    [-1.0, 1.0]
    """
    if np.linalg.matrix_rank(design) < design.shape[1]:
        raise SpecError("statistics: a rate or a limit needs at least two different widths.")
    return np.asarray(np.linalg.pinv(design)[coefficient])


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

        >>> good = BinomialTest("event", 38, 40, 0.9, "at-least", (0.5,))
        >>> bad = BinomialTest("event, false", 3, 40, 0.9, "at-least", (0.5,))
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
                verdict, reason = Verdict.UNKNOWN, _undecided((low, high), left)
            else:
                verdict, reason = Verdict.CONSISTENT, ""
            outcomes.append(Outcome(test, verdict, p, (low, high), confidence, reason))
        return tuple(outcomes)


def _undecided(interval: Interval, left: tuple[float, ...]) -> str:
    low, high = interval
    if not math.isfinite(low + high):
        return (
            f"the experiment is too small: its interval [{low:.3g}, {high:.3g}] is unbounded; take more seeds, or"
            " widths and parameters at which the errors of the networks are bounded"
        )
    return (
        f"the experiment is too small: its interval [{low:.3g}, {high:.3g}] does not exclude "
        f"{', '.join(f'{value:.3g}' for value in left)}; take more seeds or larger widths"
    )
