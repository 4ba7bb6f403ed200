"""A rectifier layer on tiles, in closed form: relu, leaky relu, the absolute value, the identity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sympy
from flint import arb
from numpy.typing import NDArray

from ...theory.activations.activation import Activation
from ...theory.activations.functions import X
from ...theory.errors import DerivationGap
from ..balls.rounding import UNIT
from ..kernels.points import Floats
from .arcsine import arcsine, arcsine_bound, arcsine_change
from .bounds import sharp_constant


def rectifier(phi: Activation) -> tuple[sympy.Expr, sympy.Expr] | None:
    r"""The slopes (p, n) of :math:`\phi(x) = p\max(x,0) + n\min(x,0)`; None for any other function (and for zero).

    >>> from certigram.theory.activations.activation import activation
    >>> rectifier(activation("leaky_relu(1/10)")), rectifier(activation("tanh"))
    ((1, 1/10), None)
    """
    try:
        found = phi.pieces()
    except DerivationGap:
        return None
    if len(found) > 2 or (len(found) == 2 and found[0].hi != 0) or not phi.continuous:
        return None
    lines = [piece.expression / X for piece in found]
    if any(line.has(X) for line in lines) or all(line == 0 for line in lines):
        return None
    return lines[-1], lines[0]


@dataclass(frozen=True, slots=True, eq=False)
class RectifierLayer:
    r""":math:`\phi(x) = p\max(x,0) + n\min(x,0)`: with :math:`S(\rho) = \sqrt{1-\rho^2} + \rho\arcsin\rho`,

    .. math:: \hat\kappa(\rho) = \mu\rho + \nu S(\rho), \quad \hat\tau(\rho) = \hat\kappa'(\rho) = \mu + \nu\arcsin\rho,
       \quad \mu = \frac{(p+n)^2}{2(p^2+n^2)}, \quad \nu = \frac2\pi(1-\mu).
    """

    moments: tuple[arb, ...]
    slopes: tuple[arb, ...]
    mu: arb
    nu: arb

    @classmethod
    def of(cls, p: sympy.Expr, n: sympy.Expr, variances: Sequence[arb]) -> RectifierLayer:
        """The layer at the working precision, its constants to 80 bits at least: the tiles take their midpoints."""
        squares = p**2 + n**2
        mu = sharp_constant((p + n) ** 2 / (2 * squares), scale=1)
        mean = sharp_constant(squares / 2)
        return cls(tuple(mean * q for q in variances), (mean,) * len(variances), mu, 2 * (1 - mu) / arb.pi())

    def features_on(
        self, rows: NDArray[np.int64], columns: NDArray[np.int64], rho: Floats, slopes: bool
    ) -> tuple[Floats, Floats | None]:
        """See :class:`~certigram.numerics.deep.tile_layers.TileLayer`."""
        mu, nu = float(self.mu.mid()), float(self.nu.mid())
        arc = arcsine(rho, np.empty_like(rho))
        root = np.subtract(1.0, rho)
        root *= 1.0 + rho
        np.sqrt(root, out=root)
        root += rho * arc
        root *= nu
        root += mu * rho
        if not slopes:
            return root, None
        arc *= nu
        arc += mu
        return root, arc

    def reach(self, tau: arb) -> arb:
        """See :class:`~certigram.numerics.deep.tile_layers.TileLayer`; the coefficients of κ̂ are non-negative."""
        return self.mu * tau + self.nu * ((1 - tau * tau).nonnegative_part().sqrt() + tau * arcsine_bound(tau))

    def feature_error(self, tau: arb, distance: arb) -> arb:
        """See :class:`~certigram.numerics.deep.tile_layers.TileLayer`."""
        return (self.mu + self.nu * arcsine_bound(tau)) * distance + 12 * arb(UNIT)

    def slope_error(self, tau: arb, distance: arb) -> arb:
        """See :class:`~certigram.numerics.deep.tile_layers.TileLayer`."""
        return self.nu * arcsine_change(tau, distance) + 8 * arb(UNIT)
