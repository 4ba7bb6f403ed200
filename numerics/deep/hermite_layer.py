"""A layer with any activation on tiles, by the Hermite coefficients at each variance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flint import arb
from numpy.typing import NDArray

from ...theory.activations.activation import Activation
from ..hermite import hermite_transform, second_moments
from ..kernels.points import Floats
from .quadrature_rows import TARGET, quadrature_rows
from .series import slope
from .unit_rows import UnitRows

FEW = 8
"""Up to so many variances each has a transform of its own."""
FIRST_ORDER = 64


@dataclass(frozen=True, slots=True, eq=False)
class HermiteLayer:
    r"""Any activation: :math:`\hat\kappa_{ij}(\rho) = \sum_r \hat a_{ri}\hat a_{rj}\rho^r` with unit vectors
    :math:`\hat a_i = \mu_\cdot(\phi;\sqrt{q_i})/\|\phi\|`, and the same for φ'."""

    moments: tuple[arb, ...]
    slopes: tuple[arb, ...]
    features: UnitRows
    derivative: UnitRows | None

    @classmethod
    def of(
        cls, phi: Activation, variances: Sequence[arb], order: int, bits: int, *, slopes: bool, reach: arb
    ) -> HermiteLayer:
        """The layer with at most ``order`` orders, for correlations of at most ``reach``: from one rule for all
        variances where there are many and it applies, else from a transform for each."""
        if len(variances) > FEW:
            found = quadrature_rows(phi, variances, order, reach, slopes=slopes)
            if found is not None:
                return cls(found.moments, found.slopes, found.features, found.derivative)
        return cls._by_transforms(phi, variances, _enough(phi, variances, order, reach), bits, slopes)

    @classmethod
    def _by_transforms(
        cls, phi: Activation, variances: Sequence[arb], order: int, bits: int, slopes: bool
    ) -> HermiteLayer:
        found = [hermite_transform(phi, order + 1, q, bits) for q in variances]
        moments = tuple(h.second_moment for h in found)
        features = UnitRows.of([h.coefficients[: order + 1] for h in found], moments)
        if not slopes:
            return cls(moments, (), features, None)
        squares = second_moments(slope(phi), variances, bits)
        rows = [
            [arb(r).sqrt() * mu / q.sqrt() for r, mu in enumerate(h.coefficients) if r]
            for h, q in zip(found, variances, strict=True)
        ]
        return cls(moments, squares, features, UnitRows.of(rows, squares))

    def features_on(
        self, rows: NDArray[np.int64], columns: NDArray[np.int64], rho: Floats, slopes: bool
    ) -> tuple[Floats, Floats | None]:
        """See :class:`~certigram.numerics.deep.tile_layers.TileLayer`."""
        out = self.features.evaluate(rows, columns, rho)
        if not slopes or self.derivative is None:
            return out, None
        return out, self.derivative.evaluate(rows, columns, rho)

    def reach(self, tau: arb) -> arb:
        """See :class:`~certigram.numerics.deep.tile_layers.TileLayer`."""
        return self.features.reach(tau)

    def feature_error(self, tau: arb, distance: arb) -> arb:
        """See :class:`~certigram.numerics.deep.tile_layers.TileLayer`."""
        return self.features.error(tau, distance)

    def slope_error(self, tau: arb, distance: arb) -> arb:
        """See :class:`~certigram.numerics.deep.tile_layers.TileLayer`."""
        if self.derivative is None:
            raise ValueError("the layer was made without its derivative")
        return self.derivative.error(tau, distance)


def _enough(phi: Activation, variances: Sequence[arb], most: int, reach: arb) -> int:
    """How many orders bring the rest of the series at the largest variance below ``TARGET``: a guess, not a bound."""
    widest = max(variances, key=lambda q: float(q.mid()))
    order = min(FIRST_ORDER, most)
    while order < most:
        found = hermite_transform(phi, order, widest, 64)
        if found.tail / found.second_moment * reach ** (order + 1) < TARGET:
            break
        order = min(2 * order, most)
    return order
