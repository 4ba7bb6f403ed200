r"""Theorems C1 and C2 (T2): the probability that :math:`\lVert K^{-1/2}(G_m - K)K^{-1/2}\rVert_2 > \eta`.

With :math:`\beta = \lVert D\rVert_F/\lambda_*`, :math:`B = X_0e^{\sigma t_1}`,
:math:`\lambda_1 = \ell B/\sqrt{m\lambda_*}` and
:math:`\varpi = \frac{B^2}{w\lambda_*}e^{-t_1^2/2}\frac{t_1}{t_1 - 2\sigma}`, the first theorem (a net of the sphere)
says that this is at most

.. math:: p_a + e^{-t_1^2/2} + 2(1 + 2/\varepsilon)^n e^{-\tau^2/(2\lambda_1^2)},\qquad
          \tau = \min\{\sqrt{1-\beta-\varpi-\lambda_1^2} - \sqrt{1-\eta'},\ \sqrt{1+\eta'} - \sqrt{1+\beta+\varpi}\},

:math:`\eta' = (1-2\varepsilon)\eta`, and the second (a trace) that it is at most
:math:`p_a + e^{-t_1^2/2} + e^{-t^2/2}` with
:math:`\lambda_1t = \min\{\sqrt{1-x} - \sqrt{1-\eta},\ \sqrt{1+\eta} - \sqrt{1+x}\}` and x as there.
In both the event that may fail contains :math:`L\lVert W\rVert_2 > a`.
Proofs: ``docs/papers/deep_equilibrium/width.md``, "The whitened theorem".
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from flint import arb

from ....balls.ball import enclose
from ....balls.precision import precision
from .bias import Bias
from .gram import drive_norm
from .scale import Scale, scale
from .setting import BITS, WidthSetting
from .smoothed import bias

RHOS = (Fraction(1, 2), Fraction(3, 5), Fraction(5, 7), Fraction(1))
"""The multiples of the default t_a that are tried."""
NETS = tuple(Fraction(k, 1000) for k in (1, 3, 10, 20, 30, 40, 50, 60, 70, 80, 100, 120, 140, 170, 200, 250, 300))
COARSE = (NETS[0], Fraction(7, 100))
"""The ε with which t_1 is chosen: for a bias near η, and for a small one."""
Form = Literal["net", "trace"]


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """What a bound of the probability was evaluated with: ρ, t_1, the smoothing, and ε for the net."""

    rho: Fraction
    t_1: arb
    net: Fraction | None


@dataclass(frozen=True, slots=True, eq=False)
class Whitened:
    r"""At one width: with probability at least 1 − ``failure`` the whitened norm is at most ``eta`` and
    :math:`L\lVert W\rVert_2 \le` ``a``.

    ``failure`` and ``a`` are balls whose upper ends are meant; ``form`` says which theorem gave it, ``bias`` is the
    bound of :math:`\lVert D\rVert_F` behind it, ``largest_bias`` that of the largest entry.
    """

    width: int
    eta: Fraction
    failure: arb
    a: arb
    form: Form
    bias: arb
    largest_bias: arb
    choice: Choice


@dataclass(frozen=True, slots=True, eq=False)
class Concentration:
    """What both theorems need at one width: the bias β relative to λ_*, X_0, and the numbers of the width."""

    setting: WidthSetting
    k: Scale
    found: Bias
    beta: arb
    first: arb

    @classmethod
    def of(cls, setting: WidthSetting, k: Scale) -> Concentration:
        """From the setting at a width."""
        found = bias(setting, k)
        return cls(setting, k, found, found.frobenius / setting.least, drive_norm(setting, k, found)[0])

    def slope(self, t_1: arb) -> arb:
        r"""λ_1, the Lipschitz constant of :math:`\lVert Zv\rVert/\sqrt m`, ‖v‖² <= 1/λ_*, where X <= B."""
        return self.k.ell * self.first * (self.k.sigma * t_1).exp() / (self.k.m * self.setting.least).sqrt()

    def tail(self, t_1: arb) -> arb:
        """ϖ, what the complement of X <= B may hold of the second moment, for t_1 > 2σ; 0 without feedback."""
        if self.k.w == 0:
            return arb(0)
        square = (self.first * (self.k.sigma * t_1).exp()) ** 2
        return square / (self.k.w * self.setting.least) * (-(t_1**2) / 2).exp() * t_1 / (t_1 - 2 * self.k.sigma)

    def reach(self, inner: arb, t_1: arb) -> arb | None:
        """τ of Theorem C1 for η' = ``inner``; None unless η' < 1, β + ϖ + λ_1² < 1 and t_1 > 2σ."""
        if not t_1 > 2 * self.k.sigma:
            return None
        shift = self.beta + self.tail(t_1)
        below = 1 - shift - self.slope(t_1) ** 2
        if not (below > 0 and inner < 1):
            return None
        reach: arb = (below.sqrt() - (1 - inner).sqrt()).min((1 + inner).sqrt() - (1 + shift).sqrt())
        return reach

    def net(self, eta: arb, t_1: arb, epsilon: arb) -> arb | None:
        """The right side of Theorem C1, or None where it says nothing."""
        reach = self.reach((1 - 2 * epsilon) * eta, t_1)
        if reach is None or not reach > 0:
            return None
        return self._base(t_1) + net_failure(self.setting.n, epsilon, reach, self.slope(t_1))

    def trace(self, eta: arb, t_1: arb) -> arb | None:
        """The right side of Theorem C2, or None where it says nothing."""
        if not (-(t_1**2) / 2).exp() <= enclose(Fraction(1, 20)):
            return None
        k, first, least = self.k, self.first, self.setting.least
        grown, m = (4 * k.sigma**2).exp(), k.m
        share = 4 * k.ell**2 / (m * least)
        mean = first**2 * grown * self.setting.n * (1 + self.beta) + share * first**4 * grown**2
        e_2 = (4 * k.ell**2 / m * self.setting.inverse_trace * mean).sqrt()
        x = self.beta + 3 * e_2 / 2
        if not x < 1:
            return None
        t = ((1 - x).sqrt() - (1 - eta).sqrt()).min((1 + eta).sqrt() - (1 + x).sqrt()) / self.slope(t_1)
        return self._base(t_1) + (-(t**2) / 2).exp() if t > 0 else None

    def _base(self, t_1: arb) -> arb:
        return self.k.p_a + (-(t_1**2) / 2).exp()


def net_failure(n: int, epsilon: arb, reach: arb, slope: arb) -> arb:
    r"""A net and the tail of a Lipschitz function: :math:`2(1+2/\varepsilon)^ne^{-\tau^2/(2\lambda_1^2)}`."""
    return 2 * (1 + 2 / epsilon) ** n * (-((reach / slope) ** 2) / 2).exp()


def whitened(
    setting: WidthSetting, width: int, eta: Fraction, goal: Fraction | None = None, rhos: tuple[Fraction, ...] = RHOS
) -> Whitened | None:
    r"""The whitened theorem at one width, for 0 < ``eta`` <= 1/2; None where neither form says anything.

    t_a, t_1 and ε are chosen among a few, since each choice is a theorem: the smallest t_a, and with it a, for which
    the probability is at most ``goal`` (the δ of the setting), and where there is none the one with the least.
    """
    best: Whitened | None = None
    with precision(BITS):
        wanted = enclose(setting.delta if goal is None else goal)
        for rho in rhos:
            found = whitened_at(setting, width, eta, rho)
            if found is not None and found.failure <= wanted:
                return found
            if found is not None and (best is None or found.failure < best.failure):
                best = found
    return best


def whitened_at(setting: WidthSetting, width: int, eta: Fraction, rho: Fraction) -> Whitened | None:
    """The same at one ρ, with t_1 and ε chosen for the least probability."""
    with precision(BITS):
        k = scale(setting, width, rho)
        if k is None or not (k.w > 0 or k.w == 0) or not setting.least > 0:
            return None
        c = Concentration.of(setting, k)
        if not c.beta < 1:
            return None
        best: tuple[arb, Form, arb, Fraction | None] | None = None
        goal = enclose(eta)

        def offer(failure: arb | None, form: Form, t_1: arb, net: Fraction | None) -> None:
            nonlocal best
            if failure is not None and failure.is_finite() and (best is None or failure.upper() < best[0].upper()):
                best = failure, form, t_1, net

        times = _times(c)
        for t_1 in times:
            offer(c.trace(goal, t_1), "trace", t_1, None)
            for epsilon in COARSE:
                offer(c.net(goal, t_1, enclose(epsilon)), "net", t_1, epsilon)
        chosen = times[0] if best is None else best[2]
        for epsilon in NETS:
            offer(c.net(goal, chosen, enclose(epsilon)), "net", chosen, epsilon)
        if best is None:
            return None
        failure, form, t_1, net = best
        return Whitened(width, eta, failure, k.a, form, c.found.frobenius, c.found.largest, Choice(rho, t_1, net))


def _times(c: Concentration) -> list[arb]:
    """Values of t_1 that are tried: e^(-t_1²/2) below a share of δ, and ϖ small."""
    delta = enclose(c.setting.delta)
    size = c.first**2 / (c.k.w * c.setting.least) if c.k.w > 0 else arb(1)
    least = (2 / delta).max(8 * size)
    bases = [2 / delta, *(least * 4**j for j in range(7))]
    return [(2 * base.log()).sqrt().mid() for base in bases]
