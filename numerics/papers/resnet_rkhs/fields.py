r"""Controls of a residual network, layer by layer, with a proved bound for every float64 evaluation.

A control in the RKHS of a kernel is :math:`v_l = \sum_m k(\cdot, \zeta_m) c_m` with float64 centres and coefficients
that are *exact*: they define the control, however they were found. With random features it is :math:`v_l = W_l\psi`
with exact weights. Both give values, the action of :math:`Dv_l^\top`, and the kernel of a set of states. Bounds are
Euclidean norms of rows; each is a sum of products of non-negative numbers and is multiplied by :data:`SAFE`.
Proofs: ``docs/error-analysis.md``, "Residual networks".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ...balls.rounding import UNIT, gamma
from ...radial.elementary import TRIG_ERROR, cos_sin
from ...radial.kernel import RadialKernel

Array = NDArray[np.float64]

SAFE = 1.0 + 2.0**-30
"""Covers the rounding of a bound itself: at most 2^20 float64 operations on non-negative numbers."""
FLOOR = 1e-290
"""Added to every bound: more than all underflows of one evaluation together."""
ROW_FLOOR = 1e-150
"""Added to every norm of a row of fewer than 2^40 entries: more than the root of all squares that underflow."""


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """A field at n exact points: ``value`` (n, q), ``error`` (n,) of its rows.

    ``pull`` takes exact vectors (n, q) to the rows :math:`Dv(z_i)^T p_i` and bounds of their errors.
    """

    value: Array
    error: Array
    pull: Callable[[Array], tuple[Array, Array]]


def rows(table: Array) -> Array:
    """Upper bounds of the Euclidean norms of the rows."""
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", table, table)) * SAFE + ROW_FLOOR)


def squared_distances(left: Array, right: Array) -> tuple[Array, Array]:
    """Squared distances (n, m) of exact rows, and the bound η of each row: "Squared distances by a product"."""
    a, b = np.einsum("ij,ij->i", left, left), np.einsum("ij,ij->i", right, right)
    u = left @ right.T
    u *= -2.0
    u += a[:, None] + b[None, :]
    np.maximum(u, 0.0, out=u)
    reach = np.sqrt(a) + float(np.sqrt(b.max()))
    return u, gamma(left.shape[1] + 4) * reach * reach * SAFE + FLOOR


@dataclass(eq=False)
class KernelField:
    """A control in the RKHS of a kernel: the same number of centres in each layer, appended by :meth:`step`.

    ``squared`` holds proved bounds (lower, upper) of the squared norm of each layer, (depth, 2).
    """

    radial: RadialKernel
    depth: int
    dimension: int
    centres: list[Array] = field(default_factory=list)
    coefficients: list[Array] = field(default_factory=list)
    squared: Array = field(default_factory=lambda: np.zeros((0, 2)))

    def __post_init__(self) -> None:
        if not self.centres:
            self.centres = [np.zeros((0, self.dimension)) for _ in range(self.depth)]
            self.coefficients = [np.zeros((0, self.dimension)) for _ in range(self.depth)]
            self.squared = np.zeros((self.depth, 2))

    @property
    def kappa1(self) -> float:
        """An upper bound of κ₁."""
        return self.radial.kappa1

    @property
    def kappa2(self) -> float:
        """An upper bound of κ₂."""
        return self.radial.kappa2

    def norm(self, layer: int) -> float:
        """An upper bound of the norm of one layer."""
        return float(np.sqrt(self.squared[layer, 1])) * SAFE

    def curvature(self, layer: int) -> float:
        """The smaller of κ₂‖v‖ and κ₁² Σ|c_m|."""
        total = float(np.sum(rows(self.coefficients[layer]))) * SAFE
        return min(self.kappa2 * self.norm(layer) if self.norm(layer) > 0 else 0.0, self.kappa1**2 * total) * SAFE

    def evaluate(self, layer: int, points: Array) -> Evaluation:
        """Values through one matrix product, with the bound of "Field at an exact point"."""
        z, c = self.centres[layer], self.coefficients[layer]
        if not len(z):
            nothing = np.zeros_like(points), np.zeros(len(points))
            return Evaluation(*nothing, lambda vectors: nothing)
        u, change = squared_distances(points, z)
        k, slopes = self.radial.values_and_slopes(u)
        total = float(np.sum(rows(c)))
        off = self.kappa1**2 / 2 * change + self.radial.value_error + gamma(len(z) + 2)
        return Evaluation(k @ c, off * total * SAFE + FLOOR, partial(self._pull, layer, points, slopes, change, total))

    def _pull(
        self, layer: int, points: Array, slopes: Array, change: Array, total: float, vectors: Array
    ) -> tuple[Array, Array]:
        r"""The rows :math:`-\kappa_1^2\sum_m m(u_{im})(c_m\cdot p_i)(z_i - \zeta_m)`: "Adjoint at an exact point"."""
        z, c = self.centres[layer], self.coefficients[layer]
        weights = slopes * (vectors @ c.T)
        factor = float(self.radial.kappa1_squared)
        value = factor * (weights @ z - weights.sum(axis=1)[:, None] * points)
        reach = rows(points) + float(rows(z).max())
        off = self.radial.slope_change(change) + self.radial.slope_error
        off = off + gamma(points.shape[1] + 2) + gamma(len(z) + 3) + 8 * UNIT
        return value, self.kappa1**2 * rows(vectors) * total * reach * off * SAFE + FLOOR

    def kernel(self, points: Array) -> tuple[Array, float]:
        """The kernel matrix, with exact ones on the diagonal."""
        u, change = squared_distances(points, points)
        k = self.radial.values(u)
        np.fill_diagonal(k, 1.0)
        return k, float(np.max(self.kappa1**2 / 2 * change + self.radial.value_error)) * SAFE

    def step(self, states: list[Array], coefficients: list[Array], squared: Array) -> KernelField:
        """The control with the sections at ``states`` added in each layer, and bounds of its squared norms."""
        return KernelField(
            self.radial,
            self.depth,
            self.dimension,
            [np.vstack([a, b]) for a, b in zip(self.centres, states, strict=True)],
            [np.vstack([a, b]) for a, b in zip(self.coefficients, coefficients, strict=True)],
            squared,
        )


@dataclass(eq=False)
class FeatureField:
    r"""A control :math:`v_l(z) = W_l\psi(z)`, :math:`\psi(z) = m^{-1/2}(\cos\omega_j\cdot z, \sin\omega_j\cdot z)_j`.

    ``frequencies`` (m, q) and ``weights``, one (q, 2m) array per layer, are exact float64 numbers.
    """

    frequencies: Array
    weights: list[Array]
    kappa1: float
    kappa2: float

    @property
    def depth(self) -> int:
        """How many layers there are."""
        return len(self.weights)

    def norm(self, layer: int) -> float:
        """An upper bound of the Hilbert-Schmidt norm of one layer."""
        return float(np.linalg.norm(self.weights[layer])) * SAFE + ROW_FLOOR

    def curvature(self, layer: int) -> float:
        """κ₂‖W‖."""
        return self.kappa2 * self.norm(layer) * SAFE

    def features(self, points: Array) -> tuple[Array, Array]:
        r"""The features (n, 2m), and bounds of the norms of the errors of their rows, by "Random features"."""
        m, q = self.frequencies.shape
        c, s = cos_sin(points @ self.frequencies.T)
        largest = float(rows(self.frequencies).max())
        off = gamma(q + 1) * largest * rows(points) + 1.5 * TRIG_ERROR + 4 * UNIT
        return np.hstack([c, s]) / np.sqrt(m), off * SAFE + FLOOR

    def evaluate(self, layer: int, points: Array) -> Evaluation:
        """Values through two matrix products, likewise."""
        psi, off = self.features(points)
        error = self.norm(layer) * (off + gamma(psi.shape[1] + 2) * 1.01) * SAFE
        return Evaluation(psi @ self.weights[layer].T, error, partial(self._pull, layer, psi, off))

    def _pull(self, layer: int, psi: Array, off: Array, vectors: Array) -> tuple[Array, Array]:
        r"""The rows :math:`\sum_j \omega_j\bigl(-\psi^s_j (W^c p)_j + \psi^c_j (W^s p)_j\bigr)`."""
        m, q = self.frequencies.shape
        back = vectors @ self.weights[layer]
        inner = psi[:, :m] * back[:, m:] - psi[:, m:] * back[:, :m]
        size = float(np.linalg.norm(self.frequencies)) * SAFE
        # entries of psi are off by at most off in norm, of back by gamma_q |p| |W|; |inner| <= |psi| |back|
        error = size * self.norm(layer) * rows(vectors) * (off + gamma(q + 2) + gamma(m + 3) + 4 * UNIT)
        return inner @ self.frequencies, 1.1 * error * SAFE + FLOOR

    def kernel(self, points: Array) -> tuple[Array, float]:
        """The kernel matrix of the features."""
        psi, off = self.features(points)
        k = psi @ psi.T
        worst = float(off.max())
        return (k + k.T) / 2, (2.01 * worst + gamma(psi.shape[1] + 3) * 1.01) * SAFE + FLOOR


Field = KernelField | FeatureField
"""A control, layer by layer, on R^q."""
