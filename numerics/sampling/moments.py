r"""Tests of means whose level holds in every finite sample: by a bound of the variance, or by a bound of the values.

Both rest on *e-values*: non-negative statistics whose expectation under the hypothesis is at most 1, so that
:math:`P(e \ge 1/a) \le a` (Markov). No law is assumed and nothing is studentised: equal replicates have no "standard
error 0" here. Proofs: ``docs/theory/finite-width.md``, section 4.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.optimize
import scipy.special
from numpy.typing import NDArray

from ...theory.errors import SpecError
from .statistics import Interval, inside

Floats = NDArray[np.float64]

EXPONENTS = np.array([10.0, 20.0, 80.0])
r"""The bets of :class:`MomentTest` are the best where :math:`-\log p` is about this; their e-values are averaged."""
STAKES = np.array([0.05, 0.1, 0.25, 0.5, 0.9])
"""Shares of the capital that are bet on values which are not negative, averaged likewise."""
LEAST_MEAN = 1e-30
"""A smaller claimed mean is replaced by this one, which a mean below it obeys as well."""


def _influence(x: Floats) -> Floats:
    r"""Catoni's function: :math:`-\log(1-x+x^2/2) \le \psi(x) \le \log(1+x+x^2/2)`."""
    size = np.abs(x)
    return np.asarray(np.sign(x) * np.log1p(size + size * size / 2))


def _log_capitals(values: Floats, mean: float) -> Floats:
    r"""The logarithms of :math:`\prod_i(1+c(y_i/h-1))` for every share c and column of (observations, parameters).

    Increasing in the values, of which nothing is known but :math:`y_i \ge 0` where one is not a number.
    """
    known = np.maximum(np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0), 0.0)
    return np.asarray(np.log1p(np.multiply.outer(STAKES, known / max(mean, LEAST_MEAN) - 1)).sum(axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class MomentTest:
    r"""Whether means lie in [``low``, ``high``], from independent observations of bounded variance (Catoni 2012).

    ``lower``, ``upper``: (observations, parameters), enclosures of the observations; a row is one draw, its entries may
    depend on each other. ``variances``: (observations,), positive bounds of the variance of each entry of the row *when
    the claim is true*, known without the sample. The first column gets half of the level, the others share the rest;
    the interval and the alternatives are those of the first. ``departure`` bounds the distance
    in total variation between the law of all observations and one for which the above holds.

    Each side has :math:`e = \prod_i e^{\psi(\lambda_i(y_i-\mu))}/(1+\lambda_i^2v_i/2)` with
    :math:`\lambda_i = \lambda/v_i`. Observations said to be ``nonnegative`` are tested for a mean above the claim by
    the bets of :class:`BoundedTest` instead, which are sharper for a mean near 0.

    >>> y = np.array([[0.9], [1.1], [1.0], [1.2]])
    >>> MomentTest("mean", y, y, np.full(4, 0.01), 1.0, 1.0).p_value
    1.0
    >>> MomentTest("mean", y, y, np.full(4, 0.0001), 2.0, 2.0).p_value < 1e-6
    True
    """

    name: str
    lower: Floats
    upper: Floats
    variances: Floats
    low: float
    high: float
    alternatives: tuple[float, ...] = ()
    departure: float = 0.0
    nonnegative: bool = False

    def __post_init__(self) -> None:
        if self.lower.shape != self.upper.shape or self.lower.shape[:1] != self.variances.shape:
            raise SpecError(f"{self.name}: observations and variances of different shapes are not a test.")
        if not (self.variances > 0).all():
            raise SpecError(f"{self.name}: the bounds of the variances must be positive.")

    @property
    def estimate(self) -> float:
        """The mean of the first column, each observation weighted with the inverse of its variance."""
        used = np.isfinite(self.variances)
        weights, low, high = 1 / self.variances[used], self.lower[used, 0], self.upper[used, 0]
        if not (used.any() and np.isfinite(low).all() and np.isfinite(high).all()):
            return math.nan
        return float(weights @ (low + (high - low) / 2) / weights.sum())

    @property
    def p_value(self) -> float:
        """Bonferroni: twice the p-value of the first column, and of each other one twice their number."""
        columns = self.lower.shape[1]
        shares = np.full(columns, math.log(2 * max(columns - 1, 1)))
        shares[0] = math.log(2) if columns > 1 else 0.0
        least = float((shares - self._log_e(self.low, self.high)).min())
        return min(1.0, math.exp(min(least, 0.0)) + self.departure)

    def interval(self, confidence: float) -> Interval:
        """The means of the first column that are not rejected at 1 - ``confidence``."""
        level, centre = 1 - confidence - self.departure, self.estimate
        precision = float((1 / self.variances).sum())
        if level <= 0 or not math.isfinite(centre) or precision == 0:
            return -math.inf, math.inf
        goal = -math.log(level)

        def excess(mean: float) -> float:
            return float(self._log_e(mean, mean, first=True)[0]) - goal

        step = 1 / math.sqrt(precision)
        low, high = _crossing(excess, centre, -step), _crossing(excess, centre, step)
        return max(low, 0.0) if self.nonnegative else low, high

    def not_excluded(self, interval: Interval) -> tuple[float, ...]:
        """Alternatives inside the interval or inside the claim."""
        return inside(self.alternatives, interval, self.low, self.high)

    def _log_e(self, low: float, high: float, *, first: bool = False) -> Floats:
        """The logarithm of the e-value of each column: the mean over both sides and all bets."""
        used, end = np.isfinite(self.variances), 1 if first else None
        weights = 1 / self.variances[used]
        total = float(weights.sum())
        if total == 0:
            return np.zeros(self.lower[:, :end].shape[1])
        logs = list(_log_capitals(self.lower[used, :end], high)) if self.nonnegative else []
        above = np.nan_to_num(self.lower[used, :end] - high, nan=-math.inf, posinf=math.inf, neginf=-math.inf)
        below = np.nan_to_num(low - self.upper[used, :end], nan=-math.inf, posinf=math.inf, neginf=-math.inf)
        for bet in np.sqrt(2 * EXPONENTS / total):
            price = float(np.log1p(bet * bet * weights / 2).sum())
            for side in (below,) if self.nonnegative else (above, below):
                gain = np.where(np.isneginf(side), -math.inf, _influence(bet * weights[:, None] * side))
                logs.append(gain.sum(axis=0) - price)
        return np.asarray(scipy.special.logsumexp(logs, axis=0) - math.log(len(logs)))


@dataclass(frozen=True, slots=True, eq=False)
class BoundedTest:
    r"""Whether the mean of independent values in [0, ``bound``] is at most ``claimed``: by betting against it.

    A capital that bets the share c on each value is multiplied by :math:`1+c(y_i/h-1) \ge 0`, whose expectation is at
    most 1 when :math:`\mathbb Ey_i \le h`. ``bound`` may be infinite; then the interval has no upper end.

    >>> BoundedTest("mean", np.full(50, 0.4), 0.2, 1.0).p_value < 1e-7
    True
    >>> low, high = BoundedTest("mean", np.full(50, 0.4), 0.5, 1.0).interval(0.99)
    >>> 0.2 < low < 0.4 < high < 0.6
    True
    """

    name: str
    values: Floats
    claimed: float
    bound: float
    alternatives: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not 0 < self.claimed <= self.bound:
            raise SpecError(f"{self.name}: a mean of {self.claimed} is not one of values between 0 and {self.bound}.")

    @property
    def estimate(self) -> float:
        """The mean of the sample."""
        return float(self.values.mean()) if self.values.size else math.nan

    @property
    def p_value(self) -> float:
        """One over the final capital."""
        return math.exp(min(-self._log_capital(self.values, self.claimed), 0.0))

    def interval(self, confidence: float) -> Interval:
        """The means that neither side of the bet rejects at half of 1 - ``confidence``."""
        goal, mean = math.log(2 / (1 - confidence)), self.estimate
        if not (self.values.size and 0 <= mean <= self.bound):
            return -math.inf, math.inf
        low = self._end(self.values, goal)
        high = self.bound - self._end(self.bound - self.values, goal) if math.isfinite(self.bound) else math.inf
        return low, high

    def not_excluded(self, interval: Interval) -> tuple[float, ...]:
        """Alternatives inside the interval or inside the claim."""
        return inside(self.alternatives, interval, -math.inf, self.claimed)

    def _end(self, values: Floats, goal: float) -> float:
        """The largest mean below that of ``values`` that is rejected."""
        centre = float(values.mean())
        least = centre * 2.0**-60
        if centre == 0 or self._log_capital(values, least) < goal:
            return 0.0

        def excess(mean: float) -> float:
            return self._log_capital(values, mean) - goal

        return float(scipy.optimize.brentq(excess, least, centre))

    @staticmethod
    def _log_capital(values: Floats, mean: float) -> float:
        return float(scipy.special.logsumexp(_log_capitals(values[:, None], mean)) - math.log(len(STAKES)))


def _crossing(excess: Callable[[float], float], centre: float, step: float) -> float:
    """Where a function that is negative at ``centre`` becomes positive, in the direction of ``step``."""
    if not excess(centre) < 0:
        return math.copysign(math.inf, step)
    for _ in range(80):
        if excess(centre + step) > 0:
            return float(scipy.optimize.brentq(excess, centre, centre + step))
        step *= 2
    return math.copysign(math.inf, step)
