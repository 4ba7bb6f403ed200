r"""How to choose temperature, step and number of steps so that the loss is proved to be within ε of its infimum.

A guess in float64 (:mod:`.search`) is rounded to exact numbers; the right side of Theorem 3 or 6 is then evaluated in
balls at the number of steps itself, which is the least at which its upper end is at most ε. (Corollary 5, repaired: at
no place is a formula for the number of steps trusted.) docs/papers/two_layer_logistic/sgd.md, section 3.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from flint import arb

from .....theory.errors import SpecError
from .....theory.verdict import Verdict
from ....balls.ball import Ball, enclose, exact
from ....balls.precision import precision
from ....studies.descent_plan import LARGEST_WRITTEN, Plan, SgdPlan
from .log_sobolev import INEQUALITIES, LogSobolev
from .search import again, guesses
from .setting import SgdSetting
from .theorem import ConvexDescent, NoisyDescent, Real, Start, ball

ENTROPY, CONVEX = "relative entropy (Theorem 3)", "strong convexity (Theorem 6)"
MANTISSA = 61
CONVEX_SHARES = tuple(Fraction(k, 100) for k in (90, 80, 70, 50, 30, 20, 10, 5, 2, 1))
"""Shares of ε that the noise may cost in the strongly convex case."""
STEP_HALVINGS = 24
GIVE_UP = 1 << (MANTISSA + 7)


def sgd_plan(setting: SgdSetting, epsilon: Fraction, start: Start | None = None, *, tied: bool = False) -> SgdPlan:
    """Plans for E L(W_K) - inf L ≤ ε from a start (the weights zero where none is given).

    ``tied`` takes the step as temperature, η = s. Raises :class:`SpecError` for ε ≤ 0.

    """
    if epsilon <= 0:
        raise SpecError(f"epsilon = {epsilon}: the distance to the infimum must be positive.")
    begin = Start.point(setting) if start is None else start
    found = [*by_entropy(setting, epsilon, begin, tied=tied), *by_convexity(setting, epsilon, begin, tied=tied)]
    return SgdPlan(
        epsilon,
        tuple(sorted(found, key=lambda plan: float(plan.log10_steps))),
        Verdict.ARGUED if setting.room_at_zero < enclose(epsilon) else Verdict.UNKNOWN,
        Ball(setting.room_at_zero),
        Verdict.ARGUED if setting.convex else Verdict.UNKNOWN,
    )


# -- Theorem 3 ----------------------------------------------------------------------


def by_entropy(setting: SgdSetting, epsilon: Fraction, start: Start, *, tied: bool = False) -> Iterator[Plan]:
    """At most one plan for each log-Sobolev inequality."""
    for guess in guesses(setting, start, float(epsilon), tied):
        noise = _decimal(math.log(guess.noise))
        inequality = INEQUALITIES[guess.name](setting, noise)
        if inequality is None:
            continue
        guess = again(setting, start, float(epsilon), guess, float(inequality.log_constant.lower()), tied)
        step = noise if tied else _decimal(guess.log_step)
        try:
            descent = NoisyDescent(setting, noise, step, start, inequality)
        except SpecError:  # the rounded step is not proved to be small enough
            continue
        steps = _least_steps(descent, epsilon, guess.log_steps / math.log(2))
        if steps is not None:
            yield _written(ENTROPY, descent, steps, inequality)


def _written(theorem: str, descent: NoisyDescent | ConvexDescent, steps: arb, used: LogSobolev | None = None) -> Plan:
    with precision(descent.setting.bits):
        logarithm = steps.log() / arb(10).log()
    number = int(steps.fmpz()) if steps <= LARGEST_WRITTEN else None
    step = Ball(descent.step) if isinstance(descent.step, arb) else descent.step
    noise = exact(descent.noise) if isinstance(descent.noise, arb) else descent.noise
    bound, name = Ball(descent.excess(steps)), None if used is None else used.name
    return Plan(theorem, noise, step, number, Ball(steps), Ball(logarithm), bound, name)


# -- Theorem 6 ----------------------------------------------------------------------


def by_convexity(
    setting: SgdSetting, epsilon: Fraction, start: Start, *, tied: bool = False, plain: bool = False
) -> Iterator[Plan]:
    """At most one plan, where λ > λ_cvx is proved; ``plain`` for s = 0: mini-batches without added noise."""
    if not setting.convex:
        return
    with precision(setting.bits):
        top = math.log(float((2 / (setting.strong_convexity + setting.smoothness)).lower()))
    best: tuple[arb, ConvexDescent] | None = None
    for halvings in range(STEP_HALVINGS if setting.noise_share else 1):
        step = _decimal(top - halvings * math.log(2), below=True)
        for noise in _noises(setting, epsilon, step, tied=tied, plain=plain):
            descent = ConvexDescent(setting, noise, step, start)
            steps = _least_steps(descent, epsilon, _roughly(descent, epsilon))
            if steps is not None and (best is None or steps < best[0]):
                best = (steps, descent)
    if best is not None:
        steps, descent = best
        yield _written(CONVEX, descent, steps)


def _noises(setting: SgdSetting, epsilon: Fraction, step: Real, *, tied: bool, plain: bool) -> list[Real]:
    """The temperatures that are tried with a step, highest first."""
    if tied or plain:
        return [step if tied else Fraction(0)]
    with precision(setting.bits):
        eta, m = ball(step), setting.strong_convexity
        factor = 2 * m * (2 - eta * m) / setting.smoothness
        budgets = (enclose(share * epsilon) * factor - eta * setting.noise for share in CONVEX_SHARES)
        return [_decimal(float((budget / setting.parameters).log())) for budget in budgets if budget > 0]


def _roughly(descent: ConvexDescent, epsilon: Fraction) -> float:
    """About the binary logarithm of the number of steps; 0 where there is no such number."""
    c = descent.setting
    with precision(c.bits):
        room = enclose(epsilon) - descent.floor
        if not room > 0:
            return 0.0
        wait = (c.smoothness / 2 * descent.start.distance_squared(c) / room).log()
        rate = -2 * (-ball(descent.step) * c.strong_convexity).log1p()
        return math.log2(max(1.0, float(wait / rate))) if rate.is_finite() else 0.0


# -- numbers ------------------------------------------------------------------------


def _decimal(logarithm: float, *, below: bool = False) -> Real:
    """An exact number near e^logarithm, or below it: of four decimal digits, or dyadic where it is astronomical."""
    if abs(logarithm) < 600:
        return Fraction(f"{math.exp(logarithm) * (1 - 1e-4 * below):.4e}")
    binary = logarithm / math.log(2) - 1e-9 * below
    exponent = math.floor(binary)
    return arb((math.floor(2.0 ** (binary - exponent) * 2**52), exponent - 52))


def _grid(index: int) -> arb:
    """The index-th of the integers with at most 62 binary digits that count: all up to 2^62, sparser beyond."""
    if index < 2 << MANTISSA:
        return arb(index)
    exponent = (index >> MANTISSA) - 1
    return arb(((index & ((1 << MANTISSA) - 1)) | 1 << MANTISSA, exponent))


def _index(log2: float) -> int:
    """The index of about 2^log2."""
    if log2 < MANTISSA:
        return max(1, math.ceil(math.pow(2, log2)))
    whole = math.floor(log2)
    return ((whole - MANTISSA + 1) << MANTISSA) + int((2.0 ** (log2 - whole) - 1) * 2**MANTISSA)


def _least_steps(descent: NoisyDescent | ConvexDescent, epsilon: Fraction, log2: float) -> arb | None:
    """The least number of steps at which the bound is proved to be at most ε; None where none was found.

    The bound falls as the number grows: outwards from a guess by doubling, then inwards by bisection.
    """

    def reached(index: int) -> bool:
        with precision(descent.setting.bits):
            return bool(descent.excess(_grid(index)) <= enclose(epsilon))

    low, high, stride = 0, _index(log2), 1
    if reached(high):
        while high > 1 and reached(max(1, high - stride)):
            high, stride = max(1, high - stride), 2 * stride
        low = max(0, high - stride)
    else:
        while not reached(high):
            if stride > GIVE_UP:
                return None
            low, high, stride = high, high + stride, 2 * stride
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return _grid(high)
