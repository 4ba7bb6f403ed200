r"""Temperature, step and number of steps for one weight, with the transfer to the loss by enclosed quadrature.

For every law ρ and :math:`0<t<\beta` (Donsker and Varadhan)

.. math:: \mathbb E_\rho L-\inf L \le \frac1t\Bigl[\mathrm{KL}(\rho|\pi)+\log\frac{\tilde Z(\beta-t)}{\tilde
          Z(\beta)}\Bigr],\qquad \tilde Z(b)=\int e^{-b(L-\inf L)} .

A guess in float64 is rounded to exact numbers, at which the bound of Theorem 3 and this one are evaluated in balls.
docs/papers/two_layer_logistic/sgd-one-weight.md, section 4.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from flint import arb
from numpy.typing import NDArray

from ......theory.errors import PrecisionExhausted, SpecError
from .....balls.ball import enclose
from .....balls.precision import precision
from ...quadrature import cell_moments, clustered_grid, default_reach
from ..log_sobolev import LogSobolev
from ..theorem import NoisyDescent, Start
from .envelope import envelope_on_the_line
from .setting import LineSetting

CELLS = 400
SPLITS = (0.3, 0.5, 0.7, 0.8, 0.9)
"""Shares of the entropy that a target allows, for what the length of the step costs."""
COLDEST, HOTTEST, TRIED = 1e-3, 0.5, 25
SMALLEST = -300.0
"""Logarithms of constants below this are not tried."""
Inequality = Callable[[LineSetting, Fraction], LogSobolev]


@dataclass(frozen=True, eq=False)
class LinePlan:
    """s, η, t and the number of steps (an exact ball), and the ``bound`` of the excess there, at most the target."""

    noise: Fraction
    step: Fraction
    slope: Fraction
    steps: arb
    bound: arb
    used: LogSobolev

    @property
    def log10_steps(self) -> arb:
        """The decimal logarithm of the number of steps."""
        return self.steps.log() / arb(10).log()


def line_plan(
    setting: LineSetting, start: Fraction, epsilon: Fraction, inequality: Inequality = envelope_on_the_line
) -> LinePlan:
    """The shortest plan found from the point ``start``; raises :class:`PrecisionExhausted` where none is proved."""
    guess = _Search(setting, start, float(epsilon), inequality).best()
    noise, step, slope = (Fraction(f"{x:.4e}") for x in guess)
    begin = setting.point(start)
    used = inequality(setting, noise)
    descent = NoisyDescent(setting, noise, step, begin, used)
    cost = log_ratio(setting, noise, slope)
    with precision(setting.bits):
        room = enclose(slope * epsilon) - cost - descent.bias
        if not room > 0:
            raise PrecisionExhausted("the temperature that was found leaves no room for the relative entropy.")
        wait = (descent.first / room).log().max(arb(0)) / (used.constant * enclose(step))
        steps = arb((1 + wait).upper().ceil().upper())
        bound = (descent.entropy(steps) + cost) / enclose(slope)
        if not bound <= enclose(epsilon):
            raise PrecisionExhausted(
                f"the bound {bound} after the planned steps is not proved to be at most {epsilon}."
            )
        return LinePlan(noise, step, slope, steps, bound, used)


def log_ratio(setting: LineSetting, noise: Fraction, slope: Fraction) -> arb:
    r"""A ball around :math:`\log(\tilde Z(\beta-t)/\tilde Z(\beta))`; raises :class:`SpecError` unless 0 < t < β."""
    beta = 2 / noise
    if not 0 < slope < beta:
        raise SpecError(f"t = {slope} must lie between 0 and {beta}, the inverse temperature.")
    return _log_mass(setting, 2 / (beta - slope)) - _log_mass(setting, noise)


def _log_mass(setting: LineSetting, noise: Fraction) -> arb:
    """log Z~ at the inverse temperature 2/s."""
    case = setting.line
    nodes = clustered_grid(default_reach(case, noise), CELLS)
    found = cell_moments(case, noise, nodes, count=1)
    with precision(setting.bits):
        return found.mass.log() - 2 / enclose(noise) * (found.offset - case.minimum())


@dataclass(frozen=True, eq=False)
class _Search:
    """The guess, in float64."""

    setting: LineSetting
    start: Fraction
    epsilon: float
    inequality: Inequality

    def best(self) -> tuple[float, float, float]:
        """s, η and t with the smallest number of steps."""
        grid = np.geomspace(COLDEST, HOTTEST, TRIED)
        found = min(self._at(s) for s in grid)
        for _ in range(3):
            ratio = (grid[-1] / grid[0]) ** (1 / (len(grid) - 1))
            grid = np.geomspace(found[1] / ratio, found[1] * ratio, 9)
            found = min(found, *(self._at(s) for s in grid))
        if not math.isfinite(found[0]):
            raise PrecisionExhausted(f"no temperature was found at which the target {self.epsilon:g} can be met.")
        return found[1:]

    @cached_property
    def _excess(self) -> tuple[NDArray[np.float64], float]:
        """L - min L on a grid, and its spacing."""
        x = np.linspace(-1.0, 1.0, 8001) * default_reach(self.setting.line, Fraction(HOTTEST))
        values = self.setting.line.network().loss(x[:, None, None])
        return values - values.min(), float(x[1] - x[0])

    def _log_mass(self, b: NDArray[np.float64]) -> NDArray[np.float64]:
        above, spacing = self._excess
        return np.array([math.log(float(np.exp(-t * above).sum()) * spacing) for t in b])

    def _at(self, s: float) -> tuple[float, float, float, float]:
        """log K, s, η and t; infinite where the temperature is too high."""
        c, beta = self.setting, 2 / s
        t = beta * np.linspace(0.02, 0.98, 97)
        room = t * self.epsilon - (self._log_mass(beta - t) - self._log_mass(np.array([beta])))
        k = int(room.argmax())
        if room[k] <= 0:
            return math.inf, s, 0.0, 0.0
        begin = c.point(self.start)
        log_constant = float(self.inequality(c, Fraction(s)).log_constant)
        if log_constant < SMALLEST:
            return math.inf, s, 0.0, 0.0
        found = [self._steps(s, log_constant, float(room[k]), share, begin) for share in SPLITS]
        logarithm, eta = min(found)
        return logarithm, s, eta, float(t[k])

    def _steps(self, s: float, log_constant: float, room: float, share: float, begin: Start) -> tuple[float, float]:
        """log K and η where the steps cost a share of the room."""
        c, alpha = self.setting, math.exp(log_constant)
        rate, smooth, d = float(c.rate), float(c.smoothness), float(c.laplacian)
        eta = min(1 / rate, 2 / smooth) * (1 - 1e-9)
        target = 2 * alpha * share * room
        moment = float(begin.second_moment) + (2 * float(c.radial) + float(c.gradient) ** 2 * eta + s) / rate
        a = smooth**2 / s * 2 / 3 * (rate * math.sqrt(moment) + float(c.gradient)) ** 2
        b = smooth * float(c.hessian_trace)
        eta = min(eta, 2 * target / (b + math.sqrt(b * b + 4 * a * target)))
        first = 2 / s * float(begin.loss - c.loss_floor) - math.log(2 * math.e * eta * rate) / 2 + eta * (rate + d)
        wait = max(math.log(first / ((1 - share) * room)), 1e-9)
        return math.log(1 + wait / (alpha * eta)), eta
