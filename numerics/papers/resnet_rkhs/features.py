r"""Random Fourier features: sampling, the admissibility constant, and how many features suffice.

.. math:: k(z, z') = \mathbb E\cos(\omega\cdot(z - z')), \qquad
          k_m(z, z') = \tfrac1m\sum_{j\le m}\cos(\omega_j\cdot(z - z')).

ω is N(0, I/s²) for the Gaussian kernel, and multivariate Student with 2ν degrees of freedom and scale 1/ℓ for Matérn.
Proofs: ``docs/papers/resnet_rkhs/proofs.md``, "Random Fourier features".
"""

from __future__ import annotations

import math

import numpy as np
from flint import arb

from ....theory.errors import DerivationGap
from ...balls.ball import enclose
from ...balls.enclosure import Enclosure
from ...balls.rounding import gamma, up
from ...kernels.ballmatrix import BallMatrix
from ...radial.gram import largest_eigenvalue
from ...radial.kernel import RadialKernel
from .fields import FLOOR, SAFE, Array, FeatureField, rows


def frequencies(kernel: RadialKernel, count: int, dimension: int, seed: int | tuple[int, ...]) -> Array:
    """``count`` frequencies (m, q) from the spectral measure of the kernel; exact float64 numbers from here on.

    >>> from ...radial.kernel import radial_kernel
    >>> frequencies(radial_kernel("matern-5/2", 2), 4, 3, 0).shape
    (4, 3)
    """
    random = np.random.default_rng(seed)
    table = random.standard_normal((count, dimension))
    if kernel.nu is not None:
        twice = float(2 * kernel.nu)
        table *= np.sqrt(twice / random.chisquare(twice, size=(count, 1)))
    return np.asarray(table / float(kernel.scale))


def spectral_constant(table: Array) -> Enclosure:
    r"""An enclosure of :math:`\kappa_1^2 = \lambda_{\max}(\tfrac1m\sum_j\omega_j\omega_j^\top)`.

    >>> spectral_constant(np.array([[1.0, 0.0], [1.0, 0.0]])).contains(1)
    True
    """
    m = len(table)
    second = table.T @ table / m
    second = (second + second.T) / 2
    largest = float(np.max(np.einsum("ij,ij->j", table, table))) / m * SAFE
    return largest_eigenvalue(BallMatrix(second, up(gamma(m + 4) * largest * SAFE) + FLOOR))


def feature_field(table: Array, depth: int) -> FeatureField:
    """The zero control on these frequencies with proved constants κ₁ and κ₂ <= κ₁ max|ω|."""
    m, q = table.shape
    kappa1 = math.sqrt(max(spectral_constant(table).upper, 0.0)) * SAFE
    kappa2 = kappa1 * float(rows(table).max()) * SAFE
    return FeatureField(table, [np.zeros((q, 2 * m)) for _ in range(depth)], kappa1, kappa2)


def feature_gram(field: FeatureField, points: Array, doubt: Array) -> BallMatrix:
    """The kernel matrix of the features at points known up to ``doubt`` (n,), with its radius."""
    mid, wrong = field.kernel(points)
    moved = 2 * field.kappa1 * float(np.max(doubt)) * SAFE
    np.fill_diagonal(mid, 1.0)
    return BallMatrix(mid, up(wrong + moved))


def enough_uniformly(
    kernel: RadialKernel, dimension: int, count: int, diameter: arb, eigenvalue: arb, failure: arb
) -> arb:
    r"""A number of frequencies for which every configuration in a set of diameter Δ keeps half its least eigenvalue.

    .. math:: m \ge \frac{16(q+2)N^2}{\lambda^2}\Bigl(2\log\frac{2N\Delta\sigma_p}{\lambda} + \log\frac{2^9}{\tau}\Bigr)

    Raises :class:`DerivationGap` unless :math:`\sigma_p\Delta \ge \lambda/2N`, where the bound is proved.
    """
    sigma = (dimension * enclose(kernel.kappa1_squared)).sqrt()
    share = 2 * count * diameter * sigma / eigenvalue
    if not share >= 1:
        raise DerivationGap("the set is too small for the uniform bound: one feature will do.")
    return 16 * (dimension + 2) * count**2 / eigenvalue**2 * (2 * share.log() + (512 / failure).log())


def enough_at_one_configuration(count: int, eigenvalue: arb, failure: arb) -> arb:
    r"""The same for one configuration, by the matrix Chernoff bound: :math:`m \ge \frac{8N}{\lambda}\log\frac N\tau`.

    >>> float(enough_at_one_configuration(8, arb("0.0034906185"), arb("0.01"))) // 100
    1225.0
    """
    return 8 * count / eigenvalue * (count / failure).log()


def uniform_failure(kernel: RadialKernel, dimension: int, diameter: arb, tolerance: arb, count: arb | int) -> arb:
    r"""The bound :math:`2^9 (\sigma_p\Delta/\varepsilon)^2 e^{-m\varepsilon^2/(4(q+2))}` of P(sup|k_m − k| >= ε)."""
    spread = dimension * enclose(kernel.kappa1_squared) * diameter**2 / tolerance**2
    return 512 * spread * (-count * tolerance**2 / (4 * (dimension + 2))).exp()


def chernoff_failure(points: int, eigenvalue: arb, count: arb | int) -> arb:
    r"""The bound :math:`N(\sqrt2 e^{-1/2})^{m\lambda/N}` of :math:`P(\lambda_{\min}(K_m) \le \lambda/2)`."""
    return points * (count * eigenvalue / points * ((arb(2).log() - 1) / 2)).exp()
