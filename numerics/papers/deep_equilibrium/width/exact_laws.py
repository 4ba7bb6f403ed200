r"""Networks whose law at a finite width is known exactly: what the theorems say of them is compared with the truth.

* An affine network of one neuron, :math:`\varphi(x) = \alpha x + \beta`, one input with :math:`\lvert x\rvert^2/d = c`:
  its equilibrium is :math:`(\beta + \alpha u)/(1 - \alpha\bar W)` with :math:`u\sim N(0,2c)` and W cut to
  :math:`\lvert\bar W\rvert\le a/L`, so that
  :math:`\mathbb E\,\mathsf G = (\beta^2+2\alpha^2c)\,\mathbb E(1-\alpha\bar W)^{-2}`.
* A linear layer without feedback, one input: :math:`G_m/K = \chi^2_m/m`.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from ....balls.ball import enclose
from .scale import Scale
from .setting import ActivationBounds, NormGroup, WidthSetting


@dataclass(frozen=True, slots=True)
class AffineModel:
    """φ(x) = alpha x + beta with alpha ≠ 0, one input of squared norm ``norm`` over d, weights of variance sigma_w2."""

    alpha: Fraction
    beta: Fraction
    norm: Fraction
    sigma_w2: Fraction

    @property
    def drive(self) -> Fraction:
        """E φ(u)² for u ~ N(0, 2c), without feedback."""
        return self.beta**2 + 2 * self.alpha**2 * self.norm

    @property
    def limit(self) -> Fraction:
        """K, for 2 sigma_w2 alpha² < 1."""
        return self.drive / (1 - 2 * self.sigma_w2 * self.alpha**2)

    def setting(self, delta: Fraction) -> WidthSetting:
        """What the theorems are told of it, exactly, at the working precision."""
        lipschitz, k = enclose(abs(self.alpha)), enclose(self.limit)
        phi = ActivationBounds(lipschitz, arb(0), enclose(abs(self.beta)), None, lipschitz, lipschitz)
        group = NormGroup(1, enclose(self.norm), k)
        c, w = enclose(self.norm), enclose(2 * self.sigma_w2)
        return WidthSetting(delta, 1, 1, phi, w, (group,), c, k, k, k, 1 / k)

    def mean_below(self, k: Scale) -> arb:
        r"""A lower bound of :math:`\mathbb E\,\mathsf G` at width 1, with W cut where ‖W‖ = a/L.

        :math:`(1-x)^{-2} = \sum_j(j+1)x^j`; odd moments vanish, the fourth is at least the square of the second, and
        those of higher order are left out.
        """
        alpha, edge = enclose(self.alpha), k.a / enclose(abs(self.alpha))
        second = cut_variance(k.w, edge)
        square: arb = alpha**2 * second
        return enclose(self.drive) * (1 + 3 * square + 5 * square**2)


def cut_variance(w: arb, edge: arb) -> arb:
    r"""The variance of a normal variable of variance w cut to [-edge, edge], with z = edge/√w:
    :math:`w(1 - \operatorname{erfc}(z/\sqrt2) - 2z\phi(z)) + \text{edge}^2\operatorname{erfc}(z/\sqrt2)`.

    >>> cut_variance(arb(1), arb(1)).str(8, radius=False), cut_variance(arb(0), arb(1)).str(5)
    ('0.51605855', '0')
    """
    if not w > 0:
        return arb(0)
    z = edge / w.sqrt()
    beyond, density = (z / arb(2).sqrt()).erfc(), (-(z**2) / 2).exp() / (2 * arb.pi()).sqrt()
    found: arb = w * (1 - beyond - 2 * z * density) + edge**2 * beyond
    return found


def linear_tail(width: int, eta: arb) -> arb:
    r"""P(G_m/K > 1 + η) for the linear layer of an even width: with m = 2s and x = (1 + η)s,
    :math:`e^{-x}\sum_{k<s}x^k/k!`.

    >>> linear_tail(2, arb("0.5")).str(8, radius=False), linear_tail(4, arb(1)).str(8, radius=False)
    ('0.22313016', '0.091578194')
    """
    half = width // 2
    x, term, total = (1 + eta) * half, arb(1), arb(0)
    for k in range(half):
        total += term
        term = term * x / (k + 1)
    return total * (-x).exp()
