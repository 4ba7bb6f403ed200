"""A first guess of temperature, step and number of steps in float64: it proves nothing, and is checked in balls."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from flint import arb

from .log_sobolev import INEQUALITIES, ONE_NEURON, defect, roughly
from .setting import SgdSetting
from .theorem import Start

SPLITS = (0.05, 0.3, 0.5, 0.7, 0.8, 0.9, 0.97)
"""Shares of the room that the step may cost."""
HALVINGS = 60
REFINEMENTS = 24


@dataclass(frozen=True, slots=True)
class Guess:
    """The noise s, the logarithms of the step and of the number of steps, for the inequality of a name."""

    name: str
    noise: float
    log_step: float
    log_steps: float


@dataclass(frozen=True, slots=True)
class Floats:
    """The constants of a setting and a start in float64."""

    rate: float
    parameters: int
    smoothness: float
    hessian_trace: float
    gradient: float
    laplacian: float
    radial: float
    noise: float
    frobenius: float
    bound: float
    start_moment: float
    start_loss: float
    defect: float

    @classmethod
    def of(cls, c: SgdSetting, start: Start) -> Floats:
        """``defect`` is Δ/β of the one-neuron inequality, infinite where there is none."""
        lost = defect(c, arb(2))
        return cls(
            float(c.rate),
            c.parameters,
            float(c.smoothness),
            float(c.hessian_trace),
            float(c.gradient),
            float(c.laplacian),
            float(c.radial),
            float(c.noise),
            float(c.noise_frobenius),
            float(c.noise_bound),
            float(start.second_moment),
            float(start.loss - c.loss_floor),
            math.inf if lost is None else float(lost),
        )

    def floor_moment(self, eta: float, s: float) -> float:
        """What R_k tends to."""
        drift = 2 * (1 - eta * self.rate) * self.radial + eta * (self.gradient**2 + self.noise) + s * self.parameters
        return drift / (self.rate * (2 - eta * self.rate))

    def thermal(self, s: float, moment: float) -> float:
        """What temperature costs."""
        n, beta = self.parameters, 2 / s
        return n / (2 * beta) * math.log(math.e * beta * (self.rate + self.laplacian / n) * moment / n)

    def log_bias(self, log_eta: float, s: float, log_alpha: float) -> float:
        """The logarithm of what the costs of all steps sum up to."""
        eta, beta = math.exp(log_eta), 2 / s
        moment = self.start_moment + self.floor_moment(eta, s)
        speed = (self.rate * math.sqrt(moment) + self.gradient) ** 2 + self.noise
        log_a = 2 * log_eta + math.log(
            self.smoothness * self.hessian_trace + eta * beta * self.smoothness**2 * speed / 3
        )
        log_b = -math.inf
        if self.noise > 0:
            first = math.log(beta) + log_eta + math.log(self.noise)
            exponent = eta * beta * (self.bound**2 / 2 + self.noise / 4)
            log_b = min(first, 2 * (log_eta + math.log(beta * self.frobenius / 2)) + exponent)
        rate = log_alpha + log_eta
        contraction = rate if rate < -30 else math.log(-math.expm1(-math.exp(rate)))
        return 2 * _log_add(log_a / 2, log_b / 2) - math.log(2) - contraction

    def steps(self, s: float, log_eta: float, log_alpha: float, lost: float, epsilon: float) -> float:
        """The logarithm of the number of steps until the bound is ε; infinite where it never is."""
        beta, eta = 2 / s, math.exp(log_eta)
        n, decay = self.parameters, log_eta + math.log(self.rate)  # 1 - eta * rate = exp(-exp(decay)), or less
        warm = eta * (self.rate * n + self.laplacian) + beta * self.smoothness * eta**2 * self.noise / 2
        first = beta * self.start_loss - n / 2 * (math.log(2 * math.e * self.rate) + log_eta) + warm
        bias = math.exp(min(700.0, self.log_bias(log_eta, s, log_alpha)))
        found = 0.0
        for _ in range(3):
            left = math.exp(-2 * math.exp(min(700.0, found + decay)))
            moment = left * self.start_moment + self.floor_moment(eta, s)
            room = beta * (epsilon - self.thermal(s, moment) - lost) - bias
            if not room > 0:
                found = max(found, 4.0 - decay)  # wait for R_k
                continue
            excess = first - beta * lost
            wait = math.log(excess / room) if excess > room else 0.0
            found = max(_log_add(0.0, math.log(wait) - log_alpha - log_eta) if wait > 0 else 0.0, 0.0)
        return found if room > 0 else math.inf


def guesses(setting: SgdSetting, start: Start, epsilon: float, tied: bool) -> Iterator[Guess]:
    """For each inequality the temperature and the step with the fewest steps found."""
    floats = Floats.of(setting, start)
    hottest = _hottest(floats, epsilon)
    for name in INEQUALITIES:
        lost = floats.defect if name == ONE_NEURON else 0.0
        if not lost < epsilon or hottest == 0.0:
            continue

        def at(log_s: float, name: str = name, lost: float = lost) -> Guess:
            s = math.exp(log_s)
            alpha = roughly(setting, s, name)
            return _steps_at(floats, name, s, alpha, lost, epsilon, tied) if alpha > -math.inf else _none(name, s)

        found = _least(at, math.log(hottest))
        if found.log_steps < math.inf:
            yield found


def again(setting: SgdSetting, start: Start, epsilon: float, guess: Guess, log_constant: float, tied: bool) -> Guess:
    """The step and the number of steps for the constant that was enclosed, at the same temperature."""
    floats = Floats.of(setting, start)
    lost = floats.defect if guess.name == ONE_NEURON else 0.0
    return _steps_at(floats, guess.name, guess.noise, log_constant, lost, epsilon, tied)


def _none(name: str, s: float) -> Guess:
    return Guess(name, s, 0.0, math.inf)


def _steps_at(floats: Floats, name: str, s: float, log_alpha: float, lost: float, epsilon: float, tied: bool) -> Guess:
    """The best step at one temperature."""
    cap = math.log(min(1 / floats.rate, 2 / floats.smoothness)) - 1e-9
    room = 2 / s * (epsilon - floats.thermal(s, floats.floor_moment(0.0, s)) - lost)
    if not room > 0:
        return _none(name, s)
    tries = [min(cap, math.log(s))] if tied else []
    for split in () if tied else SPLITS:
        target, high = math.log(split * room), cap
        low = min(cap, target + log_alpha) - 200.0
        if floats.log_bias(high, s, log_alpha) > target:
            for _ in range(HALVINGS):
                middle = (low + high) / 2
                low, high = (middle, high) if floats.log_bias(middle, s, log_alpha) <= target else (low, middle)
            high = low
        tries.append(high)
    found = [(floats.steps(s, log_eta, log_alpha, lost, epsilon), log_eta) for log_eta in tries]
    steps, log_eta = min(found)
    return Guess(name, s, log_eta, steps)


def _hottest(floats: Floats, epsilon: float) -> float:
    """About the largest s at which temperature costs less than ε."""
    low, high = -300.0, 300.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        s = math.exp(middle)
        fits = floats.thermal(s, floats.floor_moment(0.0, s)) < epsilon
        low, high = (middle, high) if fits else (low, middle)
    return math.exp(low)


def _least(at: Callable[[float], Guess], top: float) -> Guess:
    """The best guess below a temperature: a coarse scan, then a finer one around its best."""
    offsets = [0.02, 0.05, *(0.1 * 1.35**k for k in range(16))]
    scan = [at(top - offset) for offset in offsets]
    k = min(range(len(scan)), key=lambda i: scan[i].log_steps)
    best = scan[k]
    low, high = offsets[max(k - 1, 0)], offsets[min(k + 1, len(offsets) - 1)]
    for i in range(1, REFINEMENTS):
        guess = at(top - low - (high - low) * i / REFINEMENTS)
        best = guess if guess.log_steps < best.log_steps else best
    return best


def _log_add(a: float, b: float) -> float:
    """The logarithm of a sum of exponentials."""
    high, low = max(a, b), min(a, b)
    return high if high == -math.inf else high + math.log1p(math.exp(low - high))
