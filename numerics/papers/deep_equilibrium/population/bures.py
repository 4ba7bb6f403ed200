r"""The Bures–Wasserstein distance of covariance matrices of pairs, and the population map of an equilibrium model.

.. math:: d(G, G')^2 = \min\{\mathbb E\lVert\zeta-\zeta'\rVert^2 : \mathbb E\zeta\zeta^\top = G,\
          \mathbb E\zeta'\zeta'^\top = G'\}
          = \operatorname{tr}G + \operatorname{tr}G' - 2\operatorname{tr}\bigl(G^{1/2}G'G^{1/2}\bigr)^{1/2} .

The map :math:`F(G) = \mathbb E\varphi(g)\varphi(g)^\top`, :math:`g\sim N(0, 2\sigma_w^2G + 2C)`, contracts it.
Proof: ``docs/papers/deep_equilibrium/width.md``, "The population map".
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from .....theory.activations.activation import Activation
from ....balls.ball import enclose
from ....balls.ends import nonnegative
from ....dual import dual


@dataclass(frozen=True, slots=True, eq=False)
class PairCovariance:
    """The positive semidefinite matrix [[a, c], [c, b]] of balls."""

    a: arb
    b: arb
    c: arb

    @classmethod
    def of(cls, a: Fraction, b: Fraction, c: Fraction) -> PairCovariance:
        """From exact entries."""
        return cls(enclose(a), enclose(b), enclose(c))


def bures_distance(one: PairCovariance, other: PairCovariance) -> arb:
    r"""A ball around d(G, G') at the working precision.

    For two by two matrices :math:`\operatorname{tr}M^{1/2} = (\operatorname{tr}M + 2\sqrt{\det M})^{1/2}`, here with
    :math:`\operatorname{tr}M = \operatorname{tr}GG'` and :math:`\det M = \det G\det G'`.

    >>> print(bures_distance(PairCovariance.of(1, 4, 0), PairCovariance.of(4, 16, 0)).str(10, radius=False))
    2.236067977
    """
    product = one.a * other.a + one.b * other.b + 2 * one.c * other.c
    both = nonnegative(one.a * one.b - one.c**2) * nonnegative(other.a * other.b - other.c**2)
    fidelity = nonnegative(product + 2 * both.sqrt()).sqrt()
    return nonnegative(one.a + one.b + other.a + other.b - 2 * fidelity).sqrt()


@dataclass(frozen=True, slots=True)
class PopulationMap:
    """F for two inputs whose Gram matrix C = [[first, inner], [inner, second]] is exact."""

    phi: Activation
    sigma_w2: Fraction
    first: Fraction
    second: Fraction
    inner: Fraction

    def image(self, a: Fraction, b: Fraction, c: Fraction, bits: int) -> PairCovariance:
        """F(G) for G = [[a, c], [c, b]]."""
        w = 2 * self.sigma_w2
        s, t, u = w * a + 2 * self.first, w * b + 2 * self.second, w * c + 2 * self.inner
        return PairCovariance(*(dual(self.phi, *law, bits) for law in ((s, s, s), (t, t, t), (s, t, u))))
