r"""The residual of a Cholesky factor, evaluated with about twice the digits of float64 by matrix products alone.

The a-priori bound of :mod:`.cholesky` holds for the worst rounding of every operation. What really happened is the
residual :math:`B - LL^T`, thousands of times smaller, and :math:`\lambda_{\min}(B) \ge -\|B - LL^T\|_2` holds for any L
whatever. Each row of L is split into integers of β bits and a rest, so that the integer part of :math:`LL^T` is *exact*
in float64 and the other part is :math:`2^{-\beta}` times smaller, and so is its rounding.
Proof: ``docs/error-analysis.md``, section "Residual of a factor".
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..balls.rounding import UNIT, gamma, raised, up
from ..kernels.split_rows import split_bits
from .cholesky import SMALLEST_NORMAL, Matrix, ShiftedCholesky, shifted_diagonal

PANEL = 512
"""Rows of a panel, and the inner length of the products of rests."""
EXPONENTS = 300
"""Rows of the factor whose largest entry is outside 2^±300 are refused: products could leave the float64 range."""


@dataclass(frozen=True, slots=True, eq=False)
class _Panel:
    """Some rows of L, scaled by powers of two, as columns: integers, rests, and integers + rests/2."""

    whole: Matrix
    rest: Matrix
    middle: Matrix


def residual_norm(a: Matrix, proof: ShiftedCholesky, *, panel: int = PANEL) -> float | None:
    r"""An upper bound of :math:`\|B - LL^T\|_2`, B the matrix ``a`` with its shifted diagonal; None when out of range.

    ``a`` is (n, n) float64, symmetric; the cost is that of about five factorisations, the memory a few panels of
    ``panel`` rows.

    >>> from certigram.numerics.eigenvalues.cholesky import factorise
    >>> a = np.array([[2.0, 1.0], [1.0, 2.0]])
    >>> residual_norm(a, factorise(a, 0.5)) < 1e-15
    True
    """
    n = a.shape[0]
    transposed = proof.factor.T  # C order; L^T is its upper triangle
    exponents = np.frexp([float(np.abs(transposed[: i + 1, i]).max()) for i in range(n)])[1]
    if int(np.abs(exponents).max()) > EXPONENTS:
        return None
    beta = split_bits(n)
    grow, shrink = np.ldexp(1.0, beta - exponents), np.ldexp(1.0, exponents - beta)
    diagonal = shifted_diagonal(np.diagonal(a), proof.shift)
    rows, squares, first, rests, middles = np.zeros(n), 0.0, 0.0, 0.0, 0.0
    for j in _panels(n, panel):
        right = _panel(transposed, j, j.stop, grow)
        rests += float(np.sum(np.square(right.rest * shrink[j])))
        middles += float(np.sum(np.square(right.middle * shrink[j])))
        for i in _panels(n, panel, j.start):
            left = right if i.start == j.start else _panel(transposed, i, j.stop, grow)
            scale = np.multiply.outer(shrink[i], shrink[j])
            block = left.whole.T @ right.whole
            block *= scale
            given = a[i, j].copy()
            if i.start == j.start:
                np.fill_diagonal(given, diagonal[i])
            np.subtract(given, block, out=block)
            twice = 1.0 if i.start == j.start else 2.0
            first += twice * float(np.sum(np.square(block)))
            block -= _product_of_rests(left, right, panel) * scale
            squares += twice * float(np.sum(np.square(block)))
            np.abs(block, out=block)
            rows[i] += block.sum(axis=1)
            if i.start != j.start:
                rows[j] += block.sum(axis=0)
    slack, tiny = up(1.0 + gamma(2 * n * n + 16)), 8.0 * n * n * SMALLEST_NORMAL
    norms = [up(math.sqrt(up(x * slack + tiny))) for x in (squares, first, rests, middles)]
    frobenius, before = norms[:2]
    rounding = up(UNIT * up(frobenius + before))
    depth = panel + 2 * -(-n // panel) + 2
    lost = up(up(2.0 * gamma(depth)) * up(norms[2] * norms[3]))
    underflow = up(n * (8.0 * n + 32.0) * SMALLEST_NORMAL * max(1.0, float(shrink.max())) ** 2)
    total = raised(up(up(up(min(frobenius, float(rows.max()) * slack) + rounding) + lost) + underflow))
    return total if math.isfinite(total) else None


def _panels(n: int, panel: int, start: int = 0) -> Iterator[slice]:
    for i in range(start, n, panel):
        yield slice(i, min(i + panel, n))


def _panel(transposed: Matrix, rows: slice, stop: int, grow: NDArray[np.float64]) -> _Panel:
    """The first ``stop`` entries of some rows of L, split."""
    part = transposed[:stop, rows] * grow[rows]
    if stop > rows.start:  # the triangle below the diagonal of L^T is not part of the factor
        part[rows.start :] = np.triu(part[rows.start :])
    whole = np.rint(part)
    part -= whole
    middle = part * 0.5
    middle += whole
    return _Panel(whole, part, middle)


def _product_of_rests(left: _Panel, right: _Panel, panel: int) -> Matrix:
    r"""The sum :math:`\sum_k R_{ki}M_{kj} + M_{ki}R_{kj}`, in products of inner length ``panel``."""
    total = np.zeros((left.rest.shape[1], right.rest.shape[1]))
    for k in _panels(right.rest.shape[0], panel):
        total += left.rest[k].T @ right.middle[k]
        total += left.middle[k].T @ right.rest[k]
    return total
