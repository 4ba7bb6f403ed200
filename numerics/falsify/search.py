"""The search: draws, then local optimisation of left/right from the best of them; floats, which prove nothing."""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import minimize

from .bound import Bound
from .domain import Array, Instance, rounded
from .draws import draw
from .evaluation import score

DRAWN = 0.3
"""The share of the evaluations that is spent on draws."""
STARTS = 6
"""Draws from which local optimisation starts, each of other sizes and choices than those before where there are."""
ENOUGH = 1.0 + 1e-6
"""A quotient above this ends the search: what is left is to prove that the bound is false there."""
KEPT = 1e-10
"""What rounding to a shorter instance may lose of the quotient, relatively."""


@dataclass(frozen=True, slots=True)
class Found:
    """The best instances of a search, best first, each with its quotient in floats; ``cut``: the time was up before."""

    candidates: tuple[tuple[float, Instance], ...]
    tried: int
    cut: bool


class _Over(Exception):
    """The search is over: no evaluation is left, or no second, or a counterexample seems found."""


@dataclass
class _Trial:
    """Evaluations of one search, counted."""

    bound: Bound
    evaluations: int
    until: float
    tried: int = 0
    cut: bool = False
    limit: int = 0
    best: list[tuple[float, Instance]] = field(default_factory=list)

    def of(self, instance: Instance) -> float:
        """The quotient at an instance."""
        if self.tried >= self.limit:
            raise _Over
        if time.process_time() > self.until:
            self.cut = True
            raise _Over
        self.tried += 1
        found = score(self.bound, instance)
        if found > -np.inf and (len(self.best) < 2 * STARTS or found > self.best[-1][0]):
            self.best.append((found, instance))
            self.best.sort(key=lambda pair: -pair[0])
            del self.best[4 * STARTS :]
        if found > ENOUGH:
            raise _Over
        return found

    def finished(self) -> bool:
        """Whether nothing more is to be tried."""
        return self.cut or self.tried >= self.evaluations or bool(self.best and self.best[0][0] > ENOUGH)


def search(bound: Bound, seed: int, seconds: float, evaluations: int | None = None) -> Found:
    """Look for the largest left/right; the same for the same seed unless ``seconds`` of processor time cut it short.

    Everything a search does is decided by the seed, the name of the bound and the number of evaluations.
    """
    total = bound.evaluations if evaluations is None else evaluations
    random = np.random.default_rng([seed, zlib.crc32(bound.name.encode())])
    trial = _Trial(bound, total, time.process_time() + seconds)
    with np.errstate(all="ignore"):
        pool = _draws(trial, random, max(1, round(DRAWN * total)))
        for k, (_, start) in enumerate(pool):
            if trial.finished():
                break
            share = (total - trial.tried) // (len(pool) - k + 1)
            _climb(trial, start, random, share)
        if trial.best and not trial.finished():
            _climb(trial, trial.best[0][1], random, total - trial.tried)
    candidates = [_shortened(bound, *trial.best[0]), *trial.best] if trial.best else []
    return Found(tuple(candidates[:STARTS]), trial.tried, trial.cut)


def _draws(trial: _Trial, random: np.random.Generator, count: int) -> list[tuple[float, Instance]]:
    """The best draws; first the best one of each size and choice."""
    drawn: list[tuple[float, Instance]] = []
    trial.limit = count
    try:
        while True:
            instance = draw(trial.bound.domain, random)
            drawn.append((trial.of(instance), instance))
    except _Over:
        pass
    drawn = sorted((pair for pair in drawn if pair[0] > -np.inf), key=lambda pair: -pair[0])
    first: dict[tuple[object, ...], tuple[float, Instance]] = {}
    for pair in drawn:
        first.setdefault((*pair[1].sizes.items(), *pair[1].choices.items()), pair)
    heads = sorted(first.values(), key=lambda pair: -pair[0])[: STARTS - 2]
    rest = [pair for pair in drawn if all(pair is not head for head in heads)]
    return [*heads, *rest[: STARTS - len(heads)]]


def _climb(trial: _Trial, start: Instance, random: np.random.Generator, share: int) -> None:
    """Gradients by differences, then simplices of shrinking size around the best point so far."""
    domain = trial.bound.domain
    x = domain.coordinates(start)
    if not x.size:
        return
    trial.limit = min(trial.evaluations, trial.tried + share)
    best = [-np.inf, x]

    def objective(y: Array) -> float:
        found = trial.of(domain.at(start, y)) if np.all(np.isfinite(y)) else -np.inf
        if found > best[0]:
            best[:] = [found, y.copy()]
        return -found if found > -np.inf else 1e300

    try:
        if x.size <= share // 8:
            minimize(objective, x, method="L-BFGS-B", options={"maxfun": share // 3, "maxiter": 50})
        for size in (0.3, 0.05, 0.5, 0.01):
            y = np.asarray(best[1])
            steps = size * (np.abs(y) + 0.3) * random.choice((-1.0, 1.0), size=y.size)
            simplex = np.vstack([y, y + np.diag(steps)])
            options = {"initial_simplex": simplex, "adaptive": x.size > 3, "xatol": 1e-9, "fatol": 1e-13}
            minimize(objective, y, method="Nelder-Mead", options={**options, "maxfev": max(share // 4, 20)})
    except _Over:
        pass


def _shortened(bound: Bound, found: float, instance: Instance) -> tuple[float, Instance]:
    """The instance with as few binary digits as keep its quotient."""
    x = bound.domain.coordinates(instance)
    for digits in (1, 2, 3, 4, 6, 8, 12, 16, 24):
        shorter = bound.domain.at(instance, rounded(x, digits))
        quotient = score(bound, shorter)
        if quotient >= found - KEPT * abs(found):
            return quotient, shorter
    return found, instance
