r"""Theorem B (T1): :math:`\lVert G_m - K\rVert_F \le \epsilon` with probability at least 1 − δ.

.. math:: \epsilon = \lVert D\rVert_F + \tfrac32 e_F + \frac{2\ell B\sqrt\Gamma}{\sqrt m}\sqrt{2\log(1/\delta)},
          \qquad e_F = \frac{2\ell}{\sqrt m}\Bigl(\sum_i R_i^2 \sum_j S_j^2\Bigr)^{1/2} .

Proof: ``docs/papers/deep_equilibrium/width.md``, "Fluctuations".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from ....balls.ball import enclose
from ....balls.precision import precision
from .bias import Bias
from .scale import Moments, Scale, scale
from .setting import BITS, WidthSetting
from .smoothed import bias


@dataclass(frozen=True, slots=True, eq=False)
class Gram:
    """Theorem B at one width: ``distance`` is ε, of which ``bias`` is the part of the mean."""

    width: int
    distance: arb
    bias: arb
    largest_bias: arb
    rho: Fraction


def spread(k: Scale, inputs: Sequence[Moments]) -> arb:
    r"""e_F, at least the root of the mean of :math:`\lVert\mathsf G - \mathbb E\,\mathsf G\rVert_F^2`."""
    states = sum((x.count * x.state**2 for x in inputs), arb(0))
    arguments = sum((x.count * x.argument**2 for x in inputs), arb(0))
    return 2 * k.ell / k.root * (states * arguments).sqrt()


def drive_norm(setting: WidthSetting, k: Scale, found: Bias) -> tuple[arb, arb]:
    r"""X_0, with :math:`X_0^2 \ge \mathbb E\,\mathsf X^2`, and a bound of :math:`\mathbb E\lVert\mathsf G\rVert_2`."""
    total = sum((x.count * x.square for x in found.inputs), arb(0))
    norm = total.min(setting.gram_norm + found.frobenius + spread(k, found.inputs))
    return (k.w * norm + 2 * setting.input_norm).sqrt(), norm


def slope(k: Scale, drive: arb, norm: arb) -> arb:
    r"""The Lipschitz constant :math:`2\ell B\sqrt\Gamma/\sqrt m` of G where :math:`\mathsf X\le B` and ‖G‖ <= Γ."""
    return 2 * k.ell * drive * norm.sqrt() / k.root


def gram_at(setting: WidthSetting, k: Scale, rho: Fraction) -> Gram:
    """Theorem B from the numbers at one width; its probability holds for p_a <= δ/4, which ρ² >= 1/4 gives."""
    found = bias(setting, k)
    first, norm = drive_norm(setting, k, found)
    t_1 = (2 * enclose(4 / setting.delta).log()).sqrt()
    growth = k.sigma * t_1
    # Gamma = (B^2 - 2|C|)/w with B = X_0 e^(sigma t_1), written so that nothing cancels
    inflated = norm * (2 * growth).exp() + 2 * setting.input_norm * (2 * growth).expm1() / k.w
    deviation = slope(k, first * growth.exp(), inflated) * (2 * enclose(1 / setting.delta).log()).sqrt()
    distance = found.frobenius + 3 * spread(k, found.inputs) / 2 + deviation
    return Gram(k.width, distance.upper(), found.frobenius, found.largest, rho)


def gram(setting: WidthSetting, width: int, rho: Fraction = Fraction(1)) -> Gram | None:
    """Theorem B at a width; None where a < 1 or a finite bias is not proved there, or where there is no feedback."""
    with precision(BITS):
        k = scale(setting, width, rho)
        if k is None or not k.w > 0 or not k.p_a <= enclose(setting.delta / 4):
            return None
        found = gram_at(setting, k, rho)
        return found if found.distance.is_finite() else None
