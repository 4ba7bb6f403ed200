r"""Temperature, step and number of steps for a target, by one neuron: searched in floats, proved in balls.

The bound at step k is that of Theorem 3 on the relative entropy, with the constant of :mod:`.conditional`, followed by
:mod:`.transfer`. docs/papers/two_layer_logistic/one-neuron.md, section 5.
"""

from __future__ import annotations

import contextlib
import math
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import scipy.optimize
from flint import arb

from ......theory.errors import PrecisionExhausted, SpecError
from .....balls.ball import enclose
from .....balls.precision import precision
from ..log_sobolev import LogSobolev, defect, one_neuron
from ..setting import loss
from ..theorem import NoisyDescent, Start
from .case import NeuronCase
from .conditional import envelope_constant
from .guess import Guess, exactly
from .half_lines import half_line_constant
from .transfer import Transfer, transfer

SPLITS = (0.5, 0.7, 0.8, 0.9)
"""Shares of the room that may go to the steps' finite length."""
NOISES = 17
ROOM = 0.995
"""The search aims a little below the target, for rounding."""


def start_of(case: NeuronCase) -> Start:
    """All neurons at one place: what is known of this point mass."""
    with precision(case.setting.bits):
        w = tuple(enclose(v) for v in case.start)
        square = enclose(case.width * sum(v * v for v in case.start))
        return Start(square, equal_loss(case, w), False)


def equal_loss(case: NeuronCase, w: tuple[arb, ...]) -> arb:
    """L where all neurons are w."""
    return occupied_loss(case, (w,), (1,))


def occupied_loss(case: NeuronCase, places: tuple[tuple[arb, ...], ...], shares: tuple[Fraction | int, ...]) -> arb:
    """L where a share of the neurons (they sum to one) is at each place."""
    total = sum(
        (enclose(s) * enclose(case.rate) / 2 * v * v for w, s in zip(places, shares, strict=True) for v in w), arb(0)
    )
    for x, (_, y, mass) in zip(case.points, case.data, strict=True):
        output = arb(0)
        for w, s in zip(places, shares, strict=True):
            output += enclose(s * case.outer) * sum((a * v for a, v in zip(x, w, strict=True)), arb(0)).tanh()
        total += enclose(mass) * loss(y * output)
    return total


@dataclass(frozen=True, eq=False)
class NeuronPlan:
    """s, η, K, with what bounds the excess at every step."""

    case: NeuronCase
    steps: int
    descent: NoisyDescent
    transfer: Transfer

    @property
    def noise(self) -> Fraction:
        """s."""
        assert isinstance(self.descent.noise, Fraction)
        return self.descent.noise

    @property
    def step(self) -> Fraction:
        """η."""
        assert isinstance(self.descent.step, Fraction)
        return self.descent.step

    def excess(self, steps: int) -> arb:
        """A ball whose upper end bounds E L(W_k) - inf L, k ≥ 1: by the smaller of the two transfers."""
        with precision(self.case.setting.bits):
            return self.transfer.excess(self.descent.entropy(steps)).min(self.descent.excess(steps))

    @property
    def reached(self) -> bool:
        """Whether the target is proved to be met at K."""
        return bool(self.excess(self.steps) <= enclose(self.case.target))


def plan_with(
    case: NeuronCase,
    noise: Fraction,
    step: Fraction,
    slope: Fraction,
    inequality: LogSobolev,
    guess: Guess | None = None,
    start: Start | None = None,
) -> NeuronPlan:
    """The least K found for given s, η and t/p, from the start of the case unless one is given.

    Raises :class:`SpecError` where no K reaches the target.
    """
    guess = Guess(case) if guess is None else guess
    b = 2 / noise / case.width
    tilts = tuple(exactly(q) for q in (guess.tilt(float(b))[0], guess.tilt(float(b - slope))[0], guess.least()[0]))
    moved = transfer(case, b, slope, (tilts[0], tilts[1], tilts[2]))
    descent = NoisyDescent(case.setting, noise, step, start_of(case) if start is None else start, inequality)
    with precision(case.setting.bits):
        allowed = ((enclose(case.target) + moved.floor) * enclose(slope) - moved.offset) * case.width
        room = (allowed - inequality.defect - descent.bias).lower()
        if not room > 0:
            raise SpecError(f"{case.name}: the target {case.target} is not reached at s = {noise}, eta = {step}.")
        excess = (descent.first - inequality.defect).max(room)
        count = (excess / room).log() / (inequality.constant * enclose(step))
        steps = 1 + int(count.upper().ceil().fmpz())
    return NeuronPlan(case, steps, descent, moved)


def neuron_plan(case: NeuronCase, *, half_lines: bool = True, start: Start | None = None) -> NeuronPlan:
    """The plan with the fewest steps that a search found; raises :class:`SpecError` where none reaches the target.

    Without ``half_lines`` the constant is that of the envelope or of the closed form.
    """
    guess = Guess(case, half_lines)
    begin = start_of(case) if start is None else start
    floor = guess.least()[1]
    best: tuple[float, float, float, float] | None = None
    scale = float(case.target) / case.width
    for noise in scale * np.geomspace(0.08, 4.0, NOISES):
        best = _better(best, _searched(case, guess, floor, float(noise), begin))
    if best is None:
        raise SpecError(f"{case.name}: no temperature was found at which the target {case.target} is reached.")
    centre = best[1]
    for noise in centre * np.geomspace(0.85, 1.18, 9):
        best = _better(best, _searched(case, guess, floor, float(noise), begin))
    assert best is not None
    exact = _short(best[1])
    inequality = best_inequality(case, exact, guess)
    found = _searched(case, guess, floor, float(exact), begin, float(inequality.log_constant))
    if found is None:
        raise SpecError(f"{case.name}: the target {case.target} is not reached at s = {exact}.")
    return plan_with(case, exact, _short(found[2]), _short(found[3]), inequality, guess, begin)


def best_inequality(case: NeuronCase, noise: Fraction, guess: Guess | None = None) -> LogSobolev:
    """The largest constant of one neuron: closed form, convex envelope, Hardy's inequality; its name says which."""
    found = [one_neuron(case.setting, noise)]
    if case.dimension == 1:
        guess = Guess(case) if guess is None else guess
        found.append(envelope_constant(case, noise, guess.envelope(float(noise))[0]))
        if guess.half_lines:
            with contextlib.suppress(PrecisionExhausted):
                found.append(half_line_constant(case, noise))
    return max((x for x in found if x is not None), key=lambda x: x.log_constant.lower())


Found = tuple[float, float, float, float]
"""log K, s, η and t/p."""


def _better(old: Found | None, new: Found | None) -> Found | None:
    return new if old is None or (new is not None and new[0] < old[0]) else old


def _searched(
    case: NeuronCase, guess: Guess, floor: float, noise: float, start: Start, known: float | None = None
) -> Found | None:
    b = 2 / noise / case.width
    below = guess.log_mass_below(guess.tilt(b)[0], b)

    def budget(slope: float) -> float:
        return slope * (ROOM * float(case.target) + floor) - guess.tilt(b - slope)[1] + below

    found = scipy.optimize.minimize_scalar(lambda t: -budget(t), bounds=(0.02 * b, 0.98 * b), method="bounded")
    slope, exact = float(found.x), Fraction(noise)
    closed, lost = one_neuron(case.setting, exact), defect(case.setting, exact)
    assert closed is not None
    assert lost is not None
    constant = float(closed.log_constant) if known is None else known
    if case.dimension == 1 and known is None:
        envelope = guess.envelope(noise)[1] + math.log(case.regularisation)
        constant = max(constant, envelope, guess.half_line(noise))
    room = -float(found.fun) * case.width - float(lost)
    if not room > 0:
        return None
    inequality = replace(closed, log_constant=arb(constant))
    most = min(1 / float(case.regularisation), 2 / float(case.setting.smoothness)) * (1 - 1e-6)
    best = None
    for split in SPLITS:
        low, high = -60.0, math.log(most)
        for _ in range(40):
            middle = (low + high) / 2
            descent = NoisyDescent(case.setting, exact, Fraction(math.exp(middle)), start, inequality)
            low, high = (middle, high) if float(descent.bias) <= split * room else (low, middle)
        descent = NoisyDescent(case.setting, exact, Fraction(math.exp(low)), start, inequality)
        ratio = max((float(descent.first) - float(lost)) / ((1 - split) * room), 1.0)
        count = math.log(max(math.log(ratio), 1e-9)) - constant - low
        best = _better(best, (count, noise, math.exp(low), slope))
    return best


def _short(value: float) -> Fraction:
    """Three significant digits, towards zero."""
    place = Fraction(10) ** (2 - math.floor(math.log10(value)))
    return math.floor(Fraction(value) * place) / place
