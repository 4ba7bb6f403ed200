"""The search: draws, then local optimisation of left/right from the best of them; floats, which prove nothing."""

from __future__ import annotations

import time
import zlib
from dataclasses import dataclass, field, replace

import numpy as np
from scipy.optimize import minimize

from ...theory.errors import DerivationGap, PrecisionExhausted
from ...theory.verdict import Verdict
from .bound import Bound
from .domain import Array, Instance, Outside, rounded
from .draws import draw
from .evaluation import evaluate, score

DRAWN, CLIMBED = 0.25, 0.35
"""The shares of the evaluations that are spent on draws, and on climbing from the best of them; hops take the rest."""
HOP = 25
"""Evaluations of a climb after a hop, for each coordinate."""
RESIZED = 0.25
"""The share of the hops that change a size or a choice."""
STARTS = 6
"""Draws from which local optimisation starts, each of other sizes and choices than those before where there are."""
ENOUGH = 1.0 + 1e-6
"""A quotient above this ends the search if the bound is proved to be false there."""
KEPT = 1e-10
"""What rounding to a shorter instance may lose of the quotient, relatively."""


@dataclass(frozen=True, slots=True)
class Found:
    """The best instances of a search, best first, each with its quotient in floats; ``cut``: the time was up before."""

    candidates: tuple[tuple[float, Instance], ...]
    tried: int
    cut: bool


class _Over(Exception):
    """This part of the search is over: no evaluation is left, or no second, or a counterexample was found."""


def _refuted(bound: Bound, instance: Instance) -> bool:
    try:
        return evaluate(bound, instance).verdict is Verdict.REFUTED
    except (Outside, DerivationGap, PrecisionExhausted):
        return False


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
        if found > ENOUGH and not _refuted(self.bound, instance):
            found = -np.inf  # floats said so, or too few bits
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
        pool = _draws(trial, random, max(1, round(DRAWN * total))) or _draws(trial, random, total)
        for _, start in pool:
            if not trial.finished():
                _climb(trial, start, random, round(CLIMBED * total / len(pool)))
        while trial.best and not trial.finished() and len(bound.domain.coordinates(trial.best[0][1])):
            place = 0 if random.random() < 0.7 else int(random.integers(min(len(trial.best), STARTS)))
            start = _hop(bound, trial.best[place][1], random)
            _climb(trial, start, random, HOP * (2 + len(bound.domain.coordinates(start))))
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


def _hop(bound: Bound, instance: Instance, random: np.random.Generator) -> Instance:
    """The instance with some coordinates moved, made zero, or exchanged for those of another draw; or another size."""
    if random.random() < RESIZED:
        return _resized(bound, instance, random)
    x = bound.domain.coordinates(instance)
    chosen = random.random(x.size) < random.choice((0.2, 0.5, 1.0))
    kind = random.random()
    if kind < 0.6:
        moved = x + (np.abs(x) + 0.1) * random.standard_normal(x.size) * 10.0 ** random.uniform(-3, 0.3)
    elif kind < 0.8:
        moved = np.zeros(x.size)
    else:
        moved = bound.domain.coordinates(_drawn_like(bound, instance, random))
    return bound.domain.at(instance, np.where(chosen, moved, x))


def _resized(bound: Bound, instance: Instance, random: np.random.Generator) -> Instance:
    """Another size or choice; what has the same shape as before is kept."""
    names = [*instance.sizes, *instance.choices]
    if not names:
        return instance
    name = str(random.choice(names))
    if name in instance.sizes:
        size = int(random.choice(bound.domain.sizes[name]))
        instance = replace(instance, sizes={**instance.sizes, name: size})
    else:
        choice = str(random.choice(bound.domain.choices[name]))
        instance = replace(instance, choices={**instance.choices, name: choice})
    fresh = _drawn_like(bound, instance, random)
    kept = {k: x if x.shape == fresh[k].shape else fresh[k] for k, x in instance.values.items()}
    return replace(instance, values=kept)


def _drawn_like(bound: Bound, instance: Instance, random: np.random.Generator) -> Instance:
    """A draw with the sizes and choices of an instance."""
    sizes = {name: (value,) for name, value in instance.sizes.items()}
    choices = {name: (value,) for name, value in instance.choices.items()}
    return draw(replace(bound.domain, sizes=sizes, choices=choices), random)


def _climb(trial: _Trial, start: Instance, random: np.random.Generator, share: int) -> None:
    """Gradients by differences, then simplices of shrinking size around the best point so far."""
    domain = trial.bound.domain
    x = domain.coordinates(start)
    if not x.size:
        return
    trial.limit = min(trial.evaluations, trial.tried + share)
    best, place = -np.inf, x

    def objective(y: Array) -> float:
        nonlocal best, place
        found = trial.of(domain.at(start, y)) if np.all(np.isfinite(y)) else -np.inf
        if found > best:
            best, place = found, y.copy()
        return -found if found > -np.inf else 1e300

    try:
        if x.size <= share // 8:
            minimize(objective, x, method="L-BFGS-B", options={"maxfun": share // 3, "maxiter": 50})
        for size in (0.3, 0.05, 0.5, 0.01):
            y = place
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
