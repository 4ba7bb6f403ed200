r"""Frequencies drawn by leverage: how many keep the whole spectrum of the kernel matrix within a factor.

With :math:`u(\omega) = (e^{i\omega\cdot z_i})_i` and :math:`\ell(\omega) = u^*K^{-1}u`, so that
:math:`\mathbb E_p\ell = N` and :math:`\ell \le N/\lambda`, draw from :math:`\tfrac12p(1 + \ell/N)` with the weights
:math:`w = 2/(1 + \ell/N)`. Then :math:`w\ell \le 2N`, and the count depends on no eigenvalue. Proof:
``docs/papers/resnet_rkhs/recipe.md``, "How many frequencies".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from flint import arb, arb_mat

from ....theory.errors import DerivationGap
from ...balls.ball import enclose
from ...balls.enclosure import Enclosure
from ...balls.precision import precision
from ...eigenvalues.eigenvalue import least_eigenvalue
from ...kernels.ballmatrix import BallMatrix
from ...radial.gram import largest_eigenvalue, radial_gram
from ...radial.kernel import RadialKernel
from .features import frequencies
from .fields import Array
from .lazy_descent import FeatureConstants

GRID = 2.0**20
"""Weights are multiples of 1/GRID, so that they do not depend on how a processor rounds; what is enclosed is theirs."""
PROPOSALS = 1 << 12
"""Proposals that are made at once."""
MOST = 1 << 24
"""Proposals after which a draw is given up."""


@dataclass(frozen=True, eq=False)
class WeightedFrequencies:
    """Frequencies (m, q) and weights (m,): exact float64 numbers from here on, of which constants are enclosed."""

    table: Array
    weights: Array

    def gram(self, points: Array, bits: int = 96) -> BallMatrix:
        """K_m at exact points (n, q), in balls."""
        n, m = len(points), len(self.table)
        with precision(bits):
            angles = arb_mat(self.table.tolist()) * arb_mat(points.T.tolist())
            size = [(arb(w) / m).sqrt() for w in self.weights.tolist()]
            rows = [[size[j] * angles[j, i].cos() for j in range(m)] for i in range(n)]
            others = [[size[j] * angles[j, i].sin() for j in range(m)] for i in range(n)]
            psi = arb_mat([a + b for a, b in zip(rows, others, strict=True)])
            found = psi * psi.transpose()
            return BallMatrix.from_arb((found + found.transpose()) / 2)

    def constants(self, points: Array) -> FeatureConstants:
        """κ₀, κ₁, κ₂ and the eigenvalues at these points, enclosed for this draw at the working precision."""
        m, q = self.table.shape
        weights, rows = [arb(w) / m for w in self.weights.tolist()], self.table.tolist()
        second = [[arb(0)] * q for _ in range(q)]
        fourth = arb(0)
        for w, row in zip(weights, rows, strict=True):
            x = [arb(a) for a in row]
            fourth += w * sum((a * a for a in x), arb(0)) ** 2
            for a in range(q):
                for b in range(q):
                    second[a][b] += w * x[a] * x[b]
        kappa1 = largest_eigenvalue(BallMatrix.from_arb(arb_mat(second)))
        gram = self.gram(points)
        low, high = least_eigenvalue(gram), largest_eigenvalue(gram)
        return FeatureConstants(
            sum(weights, arb(0)).sqrt(),
            enclosed_root(kappa1),
            fourth.sqrt(),  # an upper bound of kappa_2
            arb(low.lower),
            arb(high.upper),
        )


def enclosed_root(found: Enclosure) -> arb:
    """The upper end of the root of an enclosed number: the constants of features are upper bounds."""
    return arb(max(found.upper, 0.0)).sqrt()


def plain_frequencies(kernel: RadialKernel, count: int, dimension: int, seed: int) -> WeightedFrequencies:
    """Frequencies from the spectral measure itself, with weights 1."""
    return WeightedFrequencies(frequencies(kernel, count, dimension, seed), np.ones(count))


def mixed_frequencies(kernel: RadialKernel, points: Array, count: int, seed: int) -> WeightedFrequencies:
    """Frequencies by leverage at these points, by rejection from the spectral measure.

    Raises :class:`DerivationGap` where the kernel matrix has no proved least eigenvalue, or when too many proposals
    are refused.

    >>> from ...radial.kernel import radial_kernel
    >>> drawn = mixed_frequencies(radial_kernel("gaussian", 1), np.array([[0.0], [1.0]]), 10, 0)
    >>> drawn.table.shape, bool(drawn.weights.max() <= 2)
    ((10, 1), True)
    """
    n, q = points.shape
    gram = radial_gram(kernel, points)
    least = least_eigenvalue(gram, known_psd=True).lower
    if not least > 0:
        raise DerivationGap(
            "the least eigenvalue of the kernel matrix is not proved positive: two points may coincide."
        )
    inverse = np.linalg.inv(gram.mid)
    most, found, random = 1 + 1 / least, [], np.random.default_rng((seed, 41))
    for attempt in range(MOST // PROPOSALS):
        table = frequencies(kernel, PROPOSALS, q, (seed, 43, attempt))
        u = np.exp(1j * (table @ points.T))
        leverage = np.einsum("ji,ik,jk->j", u.conj(), inverse, u, optimize=True).real
        kept = random.random(PROPOSALS) * most < 1 + leverage / n
        found += [(row, 2 / (1 + share / n)) for row, share in zip(table[kept], leverage[kept], strict=True)]
        if len(found) >= count:
            chosen, weights = zip(*found[:count], strict=True)
            return WeightedFrequencies(np.array(chosen), np.minimum(np.round(np.array(weights) * GRID) / GRID, 2.0))
    raise DerivationGap("too many proposals are refused: the least eigenvalue is too small for drawing by rejection.")


def upper_rate(share: arb) -> arb:
    """h(ε) = (1 + ε) log(1 + ε) − ε, the smaller of the two rates of the matrix Chernoff bounds."""
    return (1 + share) * (1 + share).log() - share


def enough_plain(count: int, eigenvalue: arb, failure: arb, share: arb) -> arb:
    """m with (1 − ε)K <= K_m <= (1 + ε)K with probability 1 − ``failure``, drawn from the spectral measure."""
    return count / (eigenvalue * upper_rate(share)) * (2 * count / failure).log()


def enough_mixed(count: int, failure: arb, share: arb) -> arb:
    """The same by leverage: 2N/h(ε) log(2N/τ).

    >>> int(enough_mixed(8, arb("0.005"), arb("0.5")).ceil().unique_fmpz())
    1194
    """
    return 2 * count / upper_rate(share) * (2 * count / failure).log()


def whitened_failure(size: arb, count: int, share: arb, m: int) -> arb:
    """The sum of both Chernoff bounds for summands of norm at most size/m (2N mixed, N/λ plain), as it is proved."""
    lower = share + (1 - share) * (1 - share).log()
    return count * ((-m * lower / size).exp() + (-m * upper_rate(share) / size).exp())


def a_priori(
    kernel: RadialKernel, dimension: int, least: arb, largest: arb, failure: arb, *, mixed: bool
) -> FeatureConstants:
    """λ/2, 3Λ/2 and Markov's bounds of κ₁ and κ₂, which fail with probability ``failure``/2 together."""
    if kernel.kappa2_squared is None:
        raise DerivationGap(f"{kernel.name} has no finite second derivative constant: take nu >= 5/2.")
    kappa1 = 4 * dimension * enclose(kernel.kappa1_squared) / failure
    kappa2 = 4 * dimension * (dimension + 2) * enclose(kernel.kappa2_squared) / (3 * failure)
    return FeatureConstants(arb(2 if mixed else 1).sqrt(), kappa1.sqrt(), kappa2.sqrt(), least / 2, 3 * largest / 2)
