"""A layer with any activation on tiles, by one Hermite transform for each variance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flint import arb, arb_poly
from numpy.typing import NDArray

from ...theory.activations.activation import Activation
from ..balls.rounding import TINY, UNIT
from ..hermite import hermite_transform, second_moment
from ..kernels.mehler import mehler
from ..kernels.points import Floats
from .series import slope


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    r"""Unit vectors of coefficients in float64 and what is lost: for each tau a bound of the error of the sum.

    ``a`` (order, classes); ``peaks`` :math:`m_r = \max_k a_{rk}^2`; ``lost`` :math:`\max\|a - \tilde a\|`;
    ``tail`` the largest rest of the squares.
    """

    a: Floats
    peaks: arb_poly
    rounding: arb_poly
    lost: arb
    tail: arb

    @classmethod
    def of(cls, coefficients: Sequence[Sequence[arb]], norms: Sequence[arb]) -> _Rows:
        a = np.empty((len(coefficients[0]), len(coefficients)))
        lost, tail = arb(0), arb(0)
        for k, (row, square) in enumerate(zip(coefficients, norms, strict=True)):
            root = square.sqrt()
            unit = [arb(0) if square.is_zero() else mu / root for mu in row]
            a[:, k] = [float(x.mid()) for x in unit]
            gap = sum(((x - arb(m)) * (x - arb(m)) for x, m in zip(unit, a[:, k].tolist(), strict=True)), arb(0))
            rest = arb(0) if square.is_zero() else 1 - sum((x * x for x in unit), arb(0))
            lost = lost.max(gap.abs_upper().sqrt()).upper()
            tail = tail.max(rest.nonnegative_part().upper()).upper()
        largest = (np.max(a * a, axis=1) * (1.0 + 8.0 * UNIT) + TINY).tolist()
        u, count = arb(UNIT), 2 * len(largest) + 2
        rounding = [arb(x) * (2 * r + 2) * u / (1 - count * u) for r, x in enumerate(largest)]
        return cls(a, arb_poly([arb(x) for x in largest]), arb_poly(rounding), lost, tail)

    def error(self, tau: arb, distance: arb) -> arb:
        order = self.a.shape[0]
        stored = self.lost * (2 + self.lost)
        underflow = arb(TINY) * (8 * order + 16)
        total: arb = self.rounding(tau) + stored + self.tail * tau**order + underflow
        moved: arb = distance * self.peaks.derivative()(tau)
        return total + moved


@dataclass(frozen=True, slots=True, eq=False)
class HermiteLayer:
    r"""Any activation: :math:`\hat\kappa_{ij}(\rho) = \sum_r \hat a_{ri}\hat a_{rj}\rho^r` with unit vectors
    :math:`\hat a_i = \mu_\cdot(\phi;\sqrt{q_i})/\|\phi\|`, and the same for φ'."""

    moments: tuple[arb, ...]
    slopes: tuple[arb, ...]
    features: _Rows
    derivative: _Rows | None

    @classmethod
    def of(cls, phi: Activation, variances: Sequence[arb], order: int, bits: int, *, slopes: bool) -> HermiteLayer:
        """The layer from one Hermite transform for each variance."""
        found = [hermite_transform(phi, order + 1, q, bits) for q in variances]
        moments = tuple(h.second_moment for h in found)
        features = _Rows.of([h.coefficients[: order + 1] for h in found], moments)
        if not slopes:
            return cls(moments, (), features, None)
        squares = tuple(second_moment(slope(phi), q, bits) for q in variances)
        rows = [
            [arb(r).sqrt() * mu / q.sqrt() for r, mu in enumerate(h.coefficients) if r]
            for h, q in zip(found, variances, strict=True)
        ]
        return cls(moments, squares, features, _Rows.of(rows, squares))

    def features_on(
        self, rows: NDArray[np.int64], columns: NDArray[np.int64], rho: Floats, slopes: bool
    ) -> tuple[Floats, Floats | None]:
        """See :class:`~certigram.numerics.deep.tile_layers.TileLayer`."""
        out, work = np.empty_like(rho), np.empty_like(rho)
        mehler(self.features.a[:, rows], self.features.a[:, columns], rho, out, work)
        if not slopes or self.derivative is None:
            return out, None
        second = np.empty_like(rho)
        mehler(self.derivative.a[:, rows], self.derivative.a[:, columns], rho, second, work)
        return out, second

    def reach(self, tau: arb) -> arb:
        """See :class:`~certigram.numerics.deep.tile_layers.TileLayer`."""
        f = self.features
        bound: arb = f.peaks(tau) + f.lost * (2 + f.lost) + f.tail * tau ** f.a.shape[0]
        return bound.min(arb(1))

    def feature_error(self, tau: arb, distance: arb) -> arb:
        """See :class:`~certigram.numerics.deep.tile_layers.TileLayer`."""
        return self.features.error(tau, distance)

    def slope_error(self, tau: arb, distance: arb) -> arb:
        """See :class:`~certigram.numerics.deep.tile_layers.TileLayer`."""
        if self.derivative is None:
            raise ValueError("the layer was made without its derivative")
        return self.derivative.error(tau, distance)
