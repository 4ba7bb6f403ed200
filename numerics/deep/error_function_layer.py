"""An error-function layer on tiles, in closed form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import sympy
from flint import arb
from numpy.typing import NDArray

from ...theory.activations.activation import Activation
from ...theory.activations.functions import X
from ..balls.rounding import UNIT
from ..expressions.lowering import constant
from ..kernels.points import Floats
from .arcsine import arcsine
from .bounds import largest, roots

LARGEST = 1.0 - 2.0**-30
"""Largest :math:`s^2` for which the layer is used: beyond, the activation is nearly a step."""
SMALLEST = 2.0**-60
"""Smallest one, so that underflow stays negligible."""


def error_function(phi: Activation) -> tuple[sympy.Expr, sympy.Expr] | None:
    r"""The pair (c, γ) with :math:`\phi(x) = c \operatorname{erf}(\gamma x)`; None for any other function.

    >>> from certigram.theory.activations.activation import activation
    >>> error_function(activation("erf(2*x)/3")), error_function(activation("erf(x) + 1"))
    ((1/3, 2), None)
    """
    c, core = phi.expression.as_independent(X, as_Add=False)
    if not isinstance(core, sympy.erf):
        return None
    gamma = core.args[0] / X
    return None if gamma.has(X) or c == 0 or gamma == 0 else (c, gamma)


@dataclass(frozen=True, slots=True, eq=False)
class ErrorFunctionLayer:
    r""":math:`\phi(x) = c\operatorname{erf}(\gamma x)`: with :math:`s_i^2 = 2\gamma^2q_i/(1+2\gamma^2q_i)` and
    :math:`x = s_is_j\rho`,

    .. math:: \hat\kappa_{ij}(\rho) = n_in_j\arcsin x, \quad n_i = (\arcsin s_i^2)^{-1/2}, \qquad
              \hat\tau_{ij}(\rho) = \frac{g_ig_j}{\sqrt{1-x^2}}, \quad g_i = (1-s_i^4)^{1/4}.
    """

    moments: tuple[arb, ...]
    slopes: tuple[arb, ...]
    widest: arb
    steepest: arb
    s: Floats
    n: Floats
    g: Floats

    @classmethod
    def of(cls, c: sympy.Expr, gamma: sympy.Expr, variances: Sequence[arb]) -> ErrorFunctionLayer | None:
        """The layer at the working precision; None where a variance is so large that the activation is a step."""
        factor, rate = constant(c), constant(2 * gamma**2)
        squares = [rate * q / (1 + rate * q) for q in variances]
        if not all(x < arb(LARGEST) and x > arb(SMALLEST) for x in squares):
            return None
        arcs, cosines = [x.asin() for x in squares], [((1 - x) * (1 + x)).sqrt() for x in squares]
        moments = tuple(factor * factor * 2 / arb.pi() * a for a in arcs)
        # 4 c^2 gamma^2 / pi / ((1 + 2 gamma^2 q) sqrt(1 - s^4)), and 1/(1 + 2 gamma^2 q) = 1 - s^2
        slopes = tuple(
            factor * factor * 2 * rate / arb.pi() * (1 - x) / r for x, r in zip(squares, cosines, strict=True)
        )
        s, n, g = roots(squares), roots([1 / x for x in arcs]), roots(cosines)
        return cls(moments, slopes, largest(squares), largest(cosines), s, n, g)

    def features_on(
        self, rows: NDArray[np.int64], columns: NDArray[np.int64], rho: Floats, slopes: bool
    ) -> tuple[Floats, Floats | None]:
        """See :class:`~certigram.numerics.deep.tile_layers.TileLayer`."""
        x = np.multiply(rho, self.s[rows] * self.s[columns])
        out = arcsine(x, np.empty_like(x))
        out *= self.n[rows] * self.n[columns]
        if not slopes:
            return out, None
        root = np.subtract(1.0, x)
        root *= 1.0 + x
        np.sqrt(root, out=root)
        return out, np.divide(self.g[rows] * self.g[columns], root, out=root)

    def reach(self, tau: arb) -> arb:
        """See :class:`~certigram.numerics.deep.tile_layers.TileLayer`; the arcsine is convex and odd."""
        return tau

    def feature_error(self, tau: arb, distance: arb) -> arb:
        """See :class:`~certigram.numerics.deep.tile_layers.TileLayer`."""
        u = arb(UNIT)
        x = self._argument(tau)
        amplified = 1 / ((1 - x) * (1 + x)).sqrt()
        return distance * amplified * (1 + 32 * u) + (20 + 7 * amplified) * u

    def slope_error(self, tau: arb, distance: arb) -> arb:
        """See :class:`~certigram.numerics.deep.tile_layers.TileLayer`."""
        u = arb(UNIT)
        x = self._argument(tau)
        room = (1 - x) * (1 + x)
        return self.steepest * x / (room * room.sqrt()) * (distance + 7 * u) * (1 + 16 * u) + 14 * u

    def _argument(self, tau: arb) -> arb:
        """An upper bound of the true and the stored x."""
        return (self.widest * tau * (1 + 16 * arb(UNIT))).upper()
