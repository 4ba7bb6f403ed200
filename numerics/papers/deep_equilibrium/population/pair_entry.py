"""The equilibrium kernel at single cosines next to ±1, where its power series is slow: near-duplicates and antipodes.

Smooth activations go through Taylor's formula at 1 (:mod:`.near_one`), the others through their dual activation where
it has a closed form or is one integral of closed forms (:mod:`certigram.numerics.dual.common_factor`). Such pairs are
taken out of what decides the length of the series.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from flint import arb

from .....theory.activations.activation import Activation
from .....theory.closed_forms import dual_closed_form
from .....theory.errors import DerivationGap, PrecisionExhausted
from ....balls.ball import enclose
from ....dual import dual
from ....dual.common_factor import piecewise_exponential
from ....hermite import HermiteTransform, hermite_transform
from ....kernels.cosines import Cosines
from ....kernels.gram import INDIVIDUAL
from ....studies.inputs import Inputs
from .near_one import KernelNearOne
from .pair import equilibrium_pair
from .variance import VarianceFixedPoint, variance_fixed_point

PAIR_ORDER = 64
"""Hermite orders that steer Newton's method for a single pair; the enclosure does not depend on them."""
NEAR = 1.0 - 2.0**-21
"""Cosines beyond it, in modulus, are taken one by one."""
NEAR_WITH_KINKS = 1.0 - 2.0**-14
"""The same for an activation with kinks, whose series is slower."""


@dataclass(frozen=True, eq=False)
class PairEntry:
    """The kernel at one cosine, for inputs of the squared norm ``norm``; not finite where nothing is known.

    ``lipschitz`` bounds the contraction; what is needed is computed at the first call.
    """

    activation: Activation
    sigma_w2: Fraction
    norm: Fraction
    lipschitz: arb
    bits: int

    def reaches(self, sign: int) -> bool:
        """Whether entries at cosines next to ``sign`` (1 or -1) are known."""
        return self._closed or (self.near.usable and (sign > 0 or self.activation.parity == "odd"))

    @property
    def nearness(self) -> float:
        """The modulus of the cosine from which entries are taken one by one."""
        return NEAR if self.near.usable else NEAR_WITH_KINKS

    def __call__(self, cosine: arb) -> arb:
        """An enclosure of F(cosine)."""
        if self.near.usable and cosine > 0:
            value = self.near(cosine)
        elif self.near.usable and self.activation.parity == "odd":
            value = -self.near(-cosine)
        else:
            value = arb("nan")
        return value if value.is_finite() or not self._closed else self._by_closed_form(cosine)

    def correlation(self, cosine: arb) -> arb:
        """The correlation (2 sigma_w2 F(c) + v c)/s of the pre-activations."""
        feedback = enclose(2 * self.sigma_w2) * self(cosine)
        return (feedback + self._point.input_variance * cosine) / self._point.s

    @cached_property
    def near(self) -> KernelNearOne:
        """The kernel next to 1."""
        return KernelNearOne(self.activation, self._point, self.bits)

    @cached_property
    def _point(self) -> VarianceFixedPoint:
        return variance_fixed_point(
            self.activation, self.sigma_w2, self.bits, lipschitz=self.lipschitz, input_variance=2 * self.norm
        )

    @cached_property
    def _closed(self) -> bool:
        return dual_closed_form(self.activation) is not None or piecewise_exponential(self.activation)

    @cached_property
    def _transform(self) -> HermiteTransform:
        return hermite_transform(self.activation, PAIR_ORDER, self._point.s, self.bits)

    def _by_closed_form(self, cosine: arb) -> arb:
        try:
            found = equilibrium_pair(
                self.activation,
                self._transform,
                self._transform,
                self.sigma_w2,
                cosine * enclose(self.norm),
                self.bits,
                lipschitz=self.lipschitz,
                dual=lambda a, b, c: dual(self.activation, a, b, c, self.bits),
            )
        except (PrecisionExhausted, DerivationGap):
            return arb("nan")
        return found.value


def reach_of_series(inputs: Inputs, entry: PairEntry) -> float:
    """An upper bound of |C_ij| over the pairs that a series has to serve: neither parallel nor taken one by one.

    Where more pairs than can be taken one by one are next to ±1, those count as well.
    """
    cosines, known, near = inputs.cosines, inputs.parallel, entry.nearness
    if not known and cosines.delta <= near:
        return cosines.delta
    rest = cosines.mid.copy()
    np.fill_diagonal(rest, 0.0)
    for i, j, _ in known:
        rest[i, j] = rest[j, i] = 0.0
    close = np.abs(rest) > 1.0 - 4.0 * (1.0 - near)  # at least all that will be taken one by one
    if np.count_nonzero(close) // 2 + len(known) <= INDIVIDUAL * cosines.n:
        for sign in (1, -1):
            if entry.reaches(sign):
                rest[sign * rest > near] = 0.0
    return Cosines(rest, cosines.rad).delta
