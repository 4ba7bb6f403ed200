r"""The Gram matrix of a translation-invariant kernel on exact points: float64 with a proved radius, or in balls.

Proofs: ``docs/error-analysis.md``, "Radial kernels".
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
from flint import arb, arb_mat, fmpq
from numpy.typing import NDArray

from ..balls.budget import Budget
from ..balls.enclosure import Enclosure, rounded_outward
from ..balls.precision import precision
from ..balls.printed import text_above
from ..balls.rounding import UNIT, raised, up
from ..eigenvalues.eigenvalue import least_eigenvalue
from ..kernels.ballarray import BallArray
from ..kernels.ballmatrix import BallMatrix, read_only
from ..kernels.cosines import require_memory
from .distances import integer_rows, relative_error, squared_distances
from .kernel import RadialKernel

Array = NDArray[np.float64]
VARIATION = 0.375
"""More than 1/e, which is sup |u k_u|, u the squared distance, for every mixture of Gaussian kernels."""


def gram_radius(kernel: RadialKernel, dimension: int) -> float:
    """The radius of the entries of :func:`radial_gram`."""
    return up(raised(VARIATION * relative_error(dimension)) + kernel.value_error)


def radial_gram(kernel: RadialKernel, points: Array, *, budget: Budget | None = None) -> BallMatrix:
    r"""The matrix :math:`K_{ij} = k(|x_i - x_j|)` of n exact points (n, d); diagonal exactly 1.

    >>> from .kernel import radial_kernel
    >>> K = radial_gram(radial_kernel("gaussian", 1), np.array([[0.0], [1.0]]))
    >>> K.ball(0, 1).contains("0.60653065971263342360379953499118"), bool(K.rad < 1e-14)
    (True, True)
    """
    found = radial_block(kernel, points, points, budget=budget)
    mid = np.triu(found.mid, 1)
    mid += mid.T
    np.fill_diagonal(mid, 1.0)
    return BallMatrix(read_only(mid), found.rad, provenance=found.provenance)


def radial_block(kernel: RadialKernel, left: Array, right: Array, *, budget: Budget | None = None) -> BallArray:
    r"""The matrix :math:`K_{ij} = k(|x_i - y_j|)` of two sets of exact points, (m, d) and (n, d).

    >>> from .kernel import radial_kernel
    >>> K = radial_block(radial_kernel("matern-3/2", 1), np.array([[0.0]]), np.array([[0.0], [1.0]]))
    >>> K[0, 0].contains(1), round(float(K[0, 1]), 12)
    (True, 0.483357724597)
    """
    (m, d), n = left.shape, len(right)
    require_memory("radial_gram", max(m, n), 8 * (4 * m * n + (m + n) * d) + (1 << 23), budget or Budget())
    mid = kernel.values(squared_distances(left, right))
    note = f"{kernel.name}, distances known to {text_above(relative_error(d), 3)}"
    return BallArray(read_only(mid), gram_radius(kernel, d), provenance=(note,))


def radial_gram_arb(kernel: RadialKernel, points: Array, bits: int) -> BallMatrix:
    r"""The same matrix in ball arithmetic, from exact integer distances; ``.arb`` holds it.

    >>> from .kernel import radial_kernel
    >>> K = radial_gram_arb(radial_kernel("matern-3/2", 1), np.array([[0.0], [1.0]]), 128)
    >>> round(float(K.ball(0, 1)), 12), K.ball(0, 1).rad < 1e-36
    (0.483357724597, True)
    """
    n = len(points)
    rows, exponent = integer_rows(points)
    inner = rows * rows.transpose()
    with precision(bits):
        result = arb_mat(n, n)
        for i in range(n):
            result[i, i] = 1
            for j in range(i):
                u = Fraction(int(inner[i, i] + inner[j, j] - 2 * inner[i, j])) * Fraction(2) ** (2 * exponent)
                result[i, j] = result[j, i] = kernel.value(arb(fmpq(u.numerator, u.denominator)))
        return BallMatrix.from_arb(result, (f"{kernel.name} in ball arithmetic at {bits} bits",))


def largest_eigenvalue(matrix: BallMatrix, *, budget: Budget | None = None) -> Enclosure:
    r"""An interval that contains :math:`\lambda_{\max}(A)`, from :math:`\lambda_{\min}(cI - A)` with c a power of two.

    >>> largest_eigenvalue(BallMatrix(np.array([[2.0, 1.0], [1.0, 2.0]]), 0.0)).contains(3)
    True
    """
    n = matrix.n
    c = 2.0 ** int(np.ceil(np.log2(max(float(np.abs(matrix.mid).sum(axis=1).max()), 2.0**-900))) + 1)
    mid = -matrix.mid
    diagonal = np.arange(n)
    mid[diagonal, diagonal] = c - matrix.mid[diagonal, diagonal]
    rad = np.max(matrix.rad) + 2 * c * UNIT  # the subtraction on the diagonal is rounded
    quick = replace(budget or Budget(), bits=64, max_bits=64)
    found = least_eigenvalue(BallMatrix(mid, float(up(float(rad)))), budget=quick, relative_width=1e-12)
    lower, upper = Fraction(c) - Fraction(found.upper), Fraction(c) - Fraction(found.lower)
    return rounded_outward(lower, upper, "least eigenvalue of cI - A")
