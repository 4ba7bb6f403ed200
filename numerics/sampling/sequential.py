r"""Whether an event has at least a given probability, decided one independent trial after the other.

The evidence is an *e-process*: a non-negative process of expectation at most 1 at every time when a hypothesis holds,
so that it ever reaches 1/a with probability at most a (Ville). One may look after every trial, stop when one likes and
go on later. Proof: ``docs/theory/least-width.md``, "Trials".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np
import scipy.special
import scipy.stats
from numpy.typing import NDArray

from ...theory.errors import SpecError
from ...theory.verdict import Verdict

Counts = NDArray[np.int64]


class Standing(Enum):
    """What is stated of a probability p and a claimed one."""

    AT_LEAST = "at least"
    BELOW = "below"
    OPEN = "open"

    @property
    def verdict(self) -> Verdict:
        """The verdict about "p is at least the claimed probability"; sampling says no more than these three."""
        return {
            Standing.AT_LEAST: Verdict.CONSISTENT,
            Standing.BELOW: Verdict.INCONSISTENT,
            Standing.OPEN: Verdict.UNKNOWN,
        }[self]


def log_evidence(successes: Counts, failures: Counts, claimed: float) -> NDArray[np.float64]:
    r"""The logarithm of the e-process against "the probability of a success is at most ``claimed``".

    It is the mean likelihood ratio over the alternatives: half of the weight on q = 1, half spread evenly over
    [claimed, 1]. Arrays of one shape, or numbers.

    >>> log_evidence(np.array([100]), np.array([0]), 0.95) > math.log(100) > log_evidence(np.array([99]), 1, 0.95)
    array([ True])
    """
    s, f = np.asarray(successes, dtype=np.float64), np.asarray(failures, dtype=np.float64)
    base = s * math.log(claimed) + f * math.log1p(-claimed)
    sure = np.where(f == 0, 0.0, -math.inf)
    spread = scipy.special.betaln(s + 1, f + 1) + scipy.stats.beta.logsf(claimed, s + 1, f + 1) - math.log1p(-claimed)
    return np.asarray(np.logaddexp(sure, spread) - math.log(2) - base)


@dataclass(frozen=True, slots=True)
class Judged:
    """What some trials say: the standing, after how many trials, and their counts up to there.

    ``undecided`` are trials of which it is not known whether the event happened.
    """

    standing: Standing
    trials: int
    happened: int
    failed: int

    @property
    def undecided(self) -> int:
        """Trials that were not decided: each counts against either statement."""
        return self.trials - self.happened - self.failed


def judged(happened: NDArray[np.bool_], failed: NDArray[np.bool_], claimed: float, level: float) -> Judged:
    r"""The first statement that the trials, in their order, allow at error ``level``.

    ``happened`` and ``failed``: (trials,), what is known of each; a trial that is neither counts as a failure for
    "at least ``claimed``" and as a success for "below". A probability makes one of the two statements true, so that the
    other one is ever made with probability at most ``level``.

    >>> yes, no = np.ones(200, dtype=bool), np.zeros(200, dtype=bool)
    >>> judged(yes, no, 0.95, 1e-3).standing.name, judged(no, yes, 0.95, 1e-3).trials
    ('AT_LEAST', 3)
    >>> judged(no, no, 0.95, 1e-3).standing.name
    'OPEN'
    """
    if not (0 < claimed < 1 and 0 < level < 1 and happened.shape == failed.shape and not (happened & failed).any()):
        raise SpecError("sequential test: probabilities lie between 0 and 1, and no trial has two outcomes.")
    n = np.arange(1, happened.size + 1)
    yes, no = np.cumsum(happened.astype(np.int64)), np.cumsum(failed.astype(np.int64))
    above = log_evidence(yes, n - yes, claimed)
    below = log_evidence(no, n - no, 1 - claimed)
    settled = np.flatnonzero(np.maximum(above, below) >= -math.log(level))
    last = int(settled[0]) if settled.size else happened.size - 1
    if not settled.size:
        standing = Standing.OPEN
    else:
        standing = Standing.AT_LEAST if above[last] >= below[last] else Standing.BELOW
    if last < 0:
        return Judged(standing, 0, 0, 0)
    return Judged(standing, last + 1, int(yes[last]), int(no[last]))


def fewest(claimed: float, level: float) -> int:
    """How many trials, all successful, allow the statement "at least ``claimed``": by bisection, as each one helps.

    >>> fewest(0.95, 1e-3), fewest(0.5, 1e-3)
    (146, 11)
    """
    too_few, enough = 0, 1 + math.ceil(math.log(level / 2) / math.log(claimed))
    while enough - too_few > 1:
        n = (too_few + enough) // 2
        stated = log_evidence(np.array(n), np.array(0), claimed) >= -math.log(level)
        too_few, enough = (too_few, n) if stated else (n, enough)
    return enough
