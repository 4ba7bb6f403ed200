r"""The equilibrium kernel of high-dimensional Gaussian mixtures against its equivalent: samples, in float64.

Two classes of equal size, :math:`x_i = (\mu_a + C_a^{1/2}z_i)/\sqrt p` with :math:`\mu_{1,2} = \pm e_1` and
:math:`C_{1,2} = (1 \pm p^{-1/2})I`, so :math:`\tau_0^2 = 1`; n = p. The activation is
:math:`\sin x + \cos x - e^{-\tau_*^2/2}`, whose dual is elementary,

.. math:: e^{-(a+b)/2+c} - m(e^{-a/2} + e^{-b/2}) + m^2, \qquad m = e^{-\tau_*^2/2} .

Experimental: statistics only, never a proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.linalg
from numpy.typing import NDArray

from .....theory.errors import PrecisionExhausted

Floats = NDArray[np.float64]
TOLERANCE, MOST = 1e-13, 200


@dataclass(frozen=True, slots=True)
class Constants:
    r"""The constants of the equivalent as floats: variances, centre, second moment, :math:`\alpha_1,\alpha_2,\alpha_3`.

    The activation is sin + cos minus ``centre``.
    """

    sigma_a2: float
    sigma_b2: float
    centre: float
    second_moment: float
    alpha: tuple[float, float, float]


def mixture(p: int, rng: np.random.Generator) -> Floats:
    """Inputs of both classes, (p, p): as many as their dimension.

    >>> mixture(8, np.random.default_rng(0)).shape
    (8, 8)
    """
    n = p
    sign = np.where(np.arange(n) < n // 2, 1.0, -1.0)
    x = np.sqrt(1 + sign / np.sqrt(p))[:, None] * rng.standard_normal((n, p))
    x[:, 0] += sign
    return np.asarray(x / np.sqrt(p))


def kernel(products: Floats, constants: Constants) -> Floats:
    r"""The fixed point :math:`G = \hat\varphi(\Sigma)`, :math:`\Sigma = \sigma_a^2G + \sigma_b^2X^\top X`, (n, n).

    Raises :class:`PrecisionExhausted` when the iteration does not settle.
    """
    a2, inputs, m = constants.sigma_a2, constants.sigma_b2 * products, constants.centre
    g = np.zeros_like(products)
    for _ in range(MOST):
        sigma = a2 * g + inputs
        bell = np.exp(-np.diag(sigma) / 2)
        image = bell[:, None] * bell[None, :] * np.exp(sigma) - m * (bell[:, None] + bell[None, :]) + m * m
        change = float(np.abs(image - g).max())
        g = image
        if change <= TOLERANCE:
            return np.asarray(g)
    raise PrecisionExhausted("the sampled fixed point did not settle: choose a smaller sigma_a2.")


def equivalent(products: Floats, constants: Constants) -> Floats:
    r"""The matrix :math:`\bar G` of the same inputs, (n, n)."""
    a1, a2, a3 = constants.alpha
    chi = np.diag(products) - 1.0
    g = a1 * products + a2 * np.outer(chi, chi) + a3 * products**2
    np.fill_diagonal(g, constants.second_moment)
    return np.asarray(g)


def deviations(
    dimensions: Sequence[int], replicates: int, seed: int, constants: Constants, planted: Constants
) -> dict[str, Floats]:
    """Norms of the deviation for every dimension and replicate, (dimensions, replicates) each.

    ``frobenius`` is divided by sqrt(n); ``planted`` is the spectral norm against the equivalent with those constants.
    The same arguments give the same arrays, read-only.
    """
    return dict(_deviations(tuple(dimensions), replicates, seed, constants, planted))


@lru_cache(maxsize=4)
def _deviations(
    dimensions: tuple[int, ...], replicates: int, seed: int, constants: Constants, planted: Constants
) -> dict[str, Floats]:
    shape = (len(dimensions), replicates)
    found = {name: np.empty(shape) for name in ("frobenius", "spectral", "planted")}
    for i, p in enumerate(dimensions):
        for k in range(replicates):
            x = mixture(p, np.random.default_rng([seed, p, k]))
            products = x @ x.T
            g = kernel(products, constants)
            gap = g - equivalent(products, constants)
            found["frobenius"][i, k] = np.linalg.norm(gap) / np.sqrt(len(x))
            found["spectral"][i, k] = _spectral(gap)
            found["planted"][i, k] = _spectral(g - equivalent(products, planted))
    for values in found.values():
        values.flags.writeable = False
    return found


def _spectral(matrix: Floats) -> float:
    values = scipy.linalg.eigvalsh(matrix)
    return float(max(abs(values[0]), abs(values[-1])))
