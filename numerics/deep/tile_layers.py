r"""One hidden layer on tiles of correlations, normalised to unit second moments, with the error of its evaluation.

For points i, j with pre-activation variances :math:`q_i, q_j` and correlation :math:`\rho` a layer gives

.. math:: \hat\kappa_{ij} = \frac{\mathbb E\,\phi(u_i)\phi(u_j)}{\sqrt{\mathbb E\phi(u_i)^2\,\mathbb E\phi(u_j)^2}},
   \qquad \hat\tau_{ij} = \frac{\mathbb E\,\phi'(u_i)\phi'(u_j)}{\sqrt{\mathbb E\phi'(u_i)^2\,\mathbb E\phi'(u_j)^2}}.

Both are at most 1 in modulus. Proofs of the errors: docs/theory/deep-networks.md, sections 5 and 6.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from flint import arb
from numpy.typing import NDArray

from ...theory.activations.activation import Activation
from ..kernels.points import Floats
from .error_function_layer import ErrorFunctionLayer, error_function
from .hermite_layer import HermiteLayer
from .rectifier_layer import RectifierLayer, rectifier

Index = NDArray[np.int64]


class TileLayer(Protocol):
    r"""What the recursion needs of a layer. ``moments[k]``, ``slopes[k]`` are :math:`\mathbb E\phi^2, \mathbb E\phi'^2`
    for the k-th variance; in the error functions, the true and the stored correlation are at most ``tau`` in modulus
    and differ by at most ``distance``."""

    @property
    def moments(self) -> tuple[arb, ...]:
        """One second moment for each variance."""
        ...

    @property
    def slopes(self) -> tuple[arb, ...]:
        """One second moment of the derivative for each variance; empty when it was not asked for."""
        ...

    def features_on(self, rows: Index, columns: Index, rho: Floats, slopes: bool) -> tuple[Floats, Floats | None]:
        r"""The tiles of :math:`\hat\kappa` and, if wanted, of :math:`\hat\tau`; ``rows`` and ``columns``, which
        variance each point has, broadcast to the tile."""
        ...

    def reach(self, tau: arb) -> arb:
        r"""An upper bound of :math:`|\hat\kappa_{ij}|`."""
        ...

    def feature_error(self, tau: arb, distance: arb) -> arb:
        r"""An upper bound of the error of :math:`\hat\kappa_{ij}`."""
        ...

    def slope_error(self, tau: arb, distance: arb) -> arb:
        r"""An upper bound of the error of :math:`\hat\tau_{ij}`."""
        ...


def tile_layer(
    phi: Activation, variances: Sequence[arb], order: int, bits: int, *, slopes: bool, reach: arb
) -> TileLayer:
    """The layer at these variances: in closed form for rectifiers and error functions, else by Hermite series.

    ``order`` is the largest one; correlations of at most ``reach`` decide how many are taken.
    """
    line = rectifier(phi)
    if line is not None:
        return RectifierLayer.of(*line, variances)
    wave = error_function(phi)
    layer = None if wave is None else ErrorFunctionLayer.of(*wave, variances)
    if layer is not None:
        return layer
    return HermiteLayer.of(phi, variances, order, bits, slopes=slopes, reach=reach)
