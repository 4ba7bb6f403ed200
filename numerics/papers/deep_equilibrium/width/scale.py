r"""The numbers that depend on the width alone, and the moments of one input (width.md, "Lipschitz estimates").

For :math:`t_a > 0` with :math:`a = \theta(2 + t_a) < 1`:
:math:`\kappa = 1/(1-a)`, :math:`\ell = L\kappa`, :math:`a_0 = \theta(2 + t_a/2)`, :math:`\sigma = \ell\sqrt{w/m}`,
:math:`p_a = e^{-mt_a^2/2}`, :math:`p_0 = e^{-mt_a^2/8}`. Here

.. math:: t_a = \rho\,\sqrt{8(\log(4/\delta) + 2\log m)/m},\qquad p_0 = (\delta/(4m^2))^{\rho^2},\quad p_a = p_0^4 ,

which does not increase with m for :math:`\delta \le 1/5`, since :math:`\log 20 > 2`; ρ = 1 is the default.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from ....balls.ball import enclose
from .setting import ActivationBounds, NormGroup, WidthSetting


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """The numbers that depend on the width alone; ``gap`` is a − a_0."""

    width: int
    w: arb
    theta: arb
    a: arb
    gap: arb
    kappa: arb
    ell: arb
    sigma: arb
    p_a: arb
    p_0: arb

    @property
    def m(self) -> arb:
        """The width as a ball."""
        return arb(self.width)

    @property
    def root(self) -> arb:
        """√m."""
        return self.m.sqrt()


def scale(setting: WidthSetting, width: int, rho: Fraction = Fraction(1)) -> Scale | None:
    """The numbers at a width and a ρ > 0; None where a < 1 is not proved."""
    m, w, theta, lipschitz = arb(width), setting.w, setting.theta, setting.phi.lipschitz
    share = enclose(rho)
    exponent = (enclose(4 / setting.delta)).log() + 2 * m.log()
    t_a = share * (8 * exponent / m).sqrt()
    a = theta * (2 + t_a)
    if not a < 1:
        return None
    kappa = 1 / (1 - a)
    ell = lipschitz * kappa
    p_0 = (-share * share * exponent).exp()
    return Scale(width, w, theta, a, theta * t_a / 2, kappa, ell, ell * (w / m).sqrt(), p_0**4, p_0)


@dataclass(frozen=True, slots=True, eq=False)
class Moments:
    r"""What is known of one input, or of several at once: balls around c and K_ii, upper bounds of the moments.

    ``square`` is :math:`\hat q \ge \mathbb E\,\mathsf G_{ii}` and ``drive`` is :math:`\hat s = w\hat q + 2c`;
    ``state``, ``argument`` and ``output`` are R, S and P. ``floor`` is below every variance that a pre-activation has
    on the way: 2c, and :math:`w\varphi(0)^2/(1+a)^2` for an input that is 0.
    """

    count: int
    norm: arb
    variance: arb
    square: arb
    drive: arb
    state: arb
    argument: arb
    output: arb
    floor: arb


def first_square(k: Scale, phi: ActivationBounds, c: arb) -> arb:
    r""":math:`\min\{\Phi_\infty^2, \kappa^2(\varphi_0 + L\sqrt{2c})^2\}`, a first bound of the mean of G_ii."""
    found = (k.kappa * (phi.at_zero + phi.lipschitz * (2 * c).sqrt())) ** 2
    return _capped(found, None if phi.supremum is None else phi.supremum**2).upper()


def moments(k: Scale, phi: ActivationBounds, group: NormGroup, square: arb) -> Moments:
    """R, S and P of the inputs of a group from a bound of the mean of G_ii."""
    c, m, sigma2, ell = group.norm, k.m, k.sigma**2, k.ell
    drive = k.w * square + 2 * c
    argument = drive.sqrt() * (2 * sigma2).exp()
    poincare = square**2 + 4 * ell**2 / (k.m) * _over(drive**2 * (8 * sigma2).exp(), k.w)
    share = 4 * ell**2 / m * argument**2
    hoelder = (share + (share**2 + 4 * square**2).sqrt()) / 2
    state = hoelder.sqrt()
    if poincare.is_finite():
        state = state.min(poincare.sqrt().sqrt())
    state = _capped(state, phi.supremum)
    reach = k.a / phi.lipschitz * state + (2 * c).sqrt() * (1 + 2 / m).sqrt().sqrt()
    output = phi.at_zero + phi.lipschitz * (drive / (1 - k.p_0)).sqrt().max(reach)
    floor = k.w * (phi.at_zero.lower() / (1 + k.a)) ** 2 if c == 0 else 2 * c
    return Moments(group.count, c, group.variance, square, drive, state, argument, _capped(output, phi.supremum), floor)


def _over(x: arb, w: arb) -> arb:
    return x / w if w > 0 else arb("inf")


def _capped(x: arb, cap: arb | None) -> arb:
    return x if cap is None else x.min(cap)
