"""Laws on a grid against every line of Theorem 3: the largest ratios of what happens to what is bounded.

Evidence, not proof: the laws are float64 with a stated error (:mod:`.law`), the bounds are balls.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ..log_sobolev import LogSobolev
from ..setting import Batches
from ..theorem import NoisyDescent
from .envelope import envelope_on_the_line
from .law import LineLaw
from .setting import LineSetting


@dataclass(frozen=True, slots=True)
class Ratios:
    """The largest over all steps: of KL to its bound, of KL after one more step, of the excess, of the second moment.

    ``first`` is KL(ρ_1|π) and the bound K_1; ``leaked`` the largest distance of the mass on the grid from one.
    """

    entropy: float
    recursion: float
    excess: float
    second: float
    first: tuple[float, float]
    leaked: float

    @property
    def largest(self) -> float:
        """The largest of the four."""
        return max(self.entropy, self.recursion, self.excess, self.second)


def setting_of(law: LineLaw) -> LineSetting:
    """The constants that belong to a law."""
    batches = None if law.batch is None else Batches(law.batch, replacement=True)
    return LineSetting.on_the_line(law.case, batches)


def ratios(law: LineLaw, steps: int, inequality: LogSobolev | None = None, given: LineSetting | None = None) -> Ratios:
    """Along ``steps`` steps; by (a') and the constants of the law unless others are given."""
    setting = setting_of(law) if given is None else given
    used = envelope_on_the_line(setting, law.noise) if inequality is None else inequality
    run = NoisyDescent(setting, law.noise, law.step, setting.point(law.start), used)
    least = float(law.case.minimum())
    kept, cost = float(run.recursed(run.first) - run.recursion_cost) / float(run.first), float(run.recursion_cost)
    entropy = recursion = excess = second = leaked = 0.0
    before, first = None, (0.0, 0.0)
    for k, found in enumerate(law.moments(steps), 1):
        if before is None:
            first = found.entropy, float(run.first.upper())
        else:
            recursion = max(recursion, found.entropy / (kept * before + cost))
        entropy = max(entropy, found.entropy / float(run.entropy(k).upper()))
        excess = max(excess, (found.loss - least) / float(run.excess(k).upper()))
        second = max(second, found.second / float(run.second_moment(k).upper()))
        leaked, before = max(leaked, abs(found.mass - 1)), found.entropy
    return Ratios(entropy, recursion, excess, second, first, leaked)


SETTINGS: tuple[tuple[str, Fraction, Fraction, Fraction, int | None, int], ...] = (
    ("T1", Fraction(1, 2), Fraction(1, 50), Fraction(-2633, 1000), None, 3000),
    ("T1", Fraction(1, 5), Fraction(1, 20), Fraction(-2633, 1000), None, 1500),
    ("T1", Fraction(1, 10), Fraction(1, 100), Fraction(-2633, 1000), None, 3000),
    ("T2", Fraction(1, 2), Fraction(1, 5), Fraction(1, 4), None, 600),
    ("T2", Fraction(1, 5), Fraction(1, 10), Fraction(1, 4), None, 1000),
    ("T2", Fraction(1, 10), Fraction(1, 20), Fraction(1, 4), None, 1500),
    ("S1", Fraction(1, 2), Fraction(1, 5), Fraction(-7, 2), None, 1500),
    ("S1", Fraction(1, 5), Fraction(1, 5), Fraction(-7, 2), None, 1500),
    ("S1", Fraction(1, 10), Fraction(1, 5), Fraction(-7, 2), None, 1500),
    ("T1", Fraction(1, 2), Fraction(1, 100), Fraction(-2633, 1000), 1, 1500),
    ("T1", Fraction(1, 5), Fraction(1, 50), Fraction(-2633, 1000), 2, 1500),
    ("T2", Fraction(1, 5), Fraction(1, 20), Fraction(1, 4), 1, 1500),
    ("T2", Fraction(1, 10), Fraction(1, 10), Fraction(1, 4), 2, 1000),
    ("S1", Fraction(1, 10), Fraction(1, 10), Fraction(-7, 2), 1, 1500),
    ("S1", Fraction(1, 2), Fraction(1, 5), Fraction(-7, 2), 2, 1000),
)
"""Case, s, η, start (the wrong well), inputs in a batch (with replacement) or None, and steps."""
