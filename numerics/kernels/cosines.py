r"""Cosines of exact points by matrix products, with a proved radius (docs/error-analysis.md, "Cosines")."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, arb_mat, fmpq

from ...theory.errors import SpecError
from ..balls.budget import Budget
from ..balls.enclosure import float_above
from ..balls.ends import upper_float, within_unit
from ..balls.precision import precision
from ..balls.printed import text_above
from ..balls.rounding import gamma, up
from ..balls.threads import over_blocks, thread_count
from .ballmatrix import BallMatrix, read_only
from .input_gram import InputGram
from .points import Floats, InnerProducts, Points, points
from .split_rows import UNDERFLOW, cosine_block, split_rows

BLOCK = 256
"""Rows handled together; a block of the matrix stays in the second-level cache."""
THREADED = 4e9
"""Products n²d from which several threads are used: below, their waiting costs more than it saves."""


@dataclass(frozen=True, slots=True, eq=False)
class Cosines:
    r"""The matrix :math:`C_{ij} = \langle x_i, x_j\rangle / (|x_i||x_j|)`, entries known to ``± rad``.

    Attributes
    ----------
    mid: (n, n) float64, symmetric, entries in [-1, 1]; the diagonal is exactly 1 and has radius 0.
    rad: radius of every entry off the diagonal.
    source: where exact inner products come from, or None.
    """

    mid: Floats
    rad: float
    source: InnerProducts | None = None

    @property
    def n(self) -> int:
        """The order of the matrix."""
        return int(self.mid.shape[0])

    @property
    def points(self) -> int:
        """How many points there are."""
        return self.n

    @property
    def rows(self) -> range:
        """The points that the rows belong to: all."""
        return range(self.n)

    columns = rows

    @property
    def delta(self) -> float:
        """An upper bound of the largest ``|C_ij|`` off the diagonal, at most 1 (0 when n = 1)."""
        largest = 0.0
        for i, _, block in blocks(self.mid):
            off_diagonal(block, i)
            largest = max(largest, float(block.max()), -float(block.min()))
        return min(1.0, up(largest + self.rad)) if self.n > 1 else 0.0

    def release(self) -> Floats:
        """Hand over the storage of ``mid`` to be overwritten; any later use of it here raises ``AttributeError``.

        >>> c = cosines(np.eye(2))
        >>> c.release().shape, hasattr(c, "mid")
        ((2, 2), False)
        """
        storage = self.mid
        object.__delattr__(self, "mid")
        return storage

    def entry(self, i: int, j: int) -> arb:
        """Entry (i, j) from the exact source at the working precision; exactly ±1 for parallel points."""
        if i == j:
            return arb(1)
        if self.source is None:
            return within_unit(arb(float(self.mid[i, j]), self.rad))
        return cosine(self.source, i, j)

    def arb(self, bits: int) -> arb_mat:
        """The matrix in ball arithmetic at ``bits``; see :func:`cosines_arb`."""
        if self.source is None:
            raise SpecError("cosines: the exact points were not kept, so there is nothing to compute more bits from.")
        return cosines_arb(self.source, bits)


def blocks(matrix: Floats, rows: int = BLOCK) -> Iterator[tuple[int, int, Floats]]:
    """Copies of the upper block triangle: (first row, one past the last row, rows of ``matrix[i0:i1, i0:]``)."""
    n = matrix.shape[0]
    for i in range(0, n, rows):
        j = min(i + rows, n)
        yield i, j, matrix[i:j, i:].copy()


def off_diagonal(block: Floats, _first_row: int, value: float = 0.0) -> None:
    """Overwrite the part of the matrix diagonal inside a block of :func:`blocks`."""
    k = np.arange(block.shape[0])
    block[k, k] = value


def mirror(matrix: Floats, i: int, j: int, block: Floats) -> None:
    """Store rows i..j of the upper triangle and their mirror image; the diagonal block takes its own upper half."""
    square = block[:, : j - i]
    np.copyto(square, square.T.copy(), where=np.tri(j - i, k=-1, dtype=bool))
    matrix[i:j, i:] = block
    matrix[j:, i:j] = block[:, j - i :].T


def memory_estimate(n: int, d: int) -> int:
    """Bytes at the peak of :func:`cosines`: the matrix, up to nine tables like the points, blocks of rows thrice."""
    threads = thread_count() if n * n * d >= THREADED else 1
    return 8 * (n * n + 9 * n * d + 3 * threads * min(BLOCK, n) * n)


def require_memory(what: str, n: int, needed: int, budget: Budget) -> None:
    """Refuse before allocating: :class:`SpecError` naming n, the bytes needed and the limit."""
    if needed > budget.memory:
        raise SpecError(
            f"{what}: n = {n} needs {needed} bytes ({needed / 2**30:.1f} GiB) but the budget allows {budget.memory}: "
            "take fewer points or raise the memory budget."
        )


def cosines(values: Any, *, budget: Budget | None = None) -> Cosines:
    r"""The cosines of n exact points, shape (n, d), or of an exact :class:`InputGram`, with a proved radius.

    Each row is scaled by a power of two and split as A + B, A integers of β bits and |B| <= 1/2, so that
    :math:`A A^T` is *exact* in float64 and the rest, :math:`B H^T + H B^T` with :math:`H = A + B/2`, is small:
    the radius is about 5u whatever d is (3u for data of few bits, such as 8-bit images). Proof: docs/error-analysis.md.
    Raises :class:`SpecError` for bad rows (see :func:`points`) and when the matrix would not fit ``budget.memory``.

    >>> c = cosines(np.array([[3.0, 4.0], [4.0, 3.0], [1e-150, 0.0]]))
    >>> Fraction(abs(Fraction(float(c.mid[0, 1])) - Fraction(24, 25))) <= c.rad < 6e-16
    True
    """
    budget = budget or Budget()
    if isinstance(values, InputGram):
        return _cosines_from_gram(values, budget)
    p = points(values)
    n, d = p.n, p.d
    require_memory("cosines", n, memory_estimate(n, d), budget)
    split = split_rows(p)
    mid = np.empty((n, n))

    def fill(i: int) -> None:
        j = min(i + BLOCK, n)
        block = cosine_block(split.part(slice(i, j)), split.part(slice(i, n)))
        off_diagonal(block, i, 1.0)
        mirror(mid, i, j, block)

    over_blocks(fill, range(0, n, BLOCK), threaded=n * n * d >= THREADED)
    return Cosines(mid, split.radius, p)


def cosine(source: InnerProducts, i: int, j: int) -> arb:
    """The cosine of two points at the working precision, from exact inner products; exactly ±1 for parallel ones."""
    return _cosine(source.inner(i, j), source.inner(i, i), source.inner(j, j))


def _cosine(inner: Fraction, left: Fraction, right: Fraction) -> arb:
    square, bound = inner * inner, left * right
    if square == bound:
        return arb(1 if inner > 0 else -1)
    ratio = square / bound
    value = arb(fmpq(ratio.numerator, ratio.denominator)).sqrt()
    return within_unit(value if inner > 0 else -value)


def cosines_arb(source: Any, bits: int) -> arb_mat:
    r"""The cosines in ball arithmetic: exact integer inner products, then one division by ball norms; (n, n).

    Parallel points give exactly ±1, decided by :math:`⟨N_i,N_j⟩^2 = ⟨N_i,N_i⟩⟨N_j,N_j⟩` on the integers.

    >>> cosines_arb([[1.0, 0.0], [-2.0, 0.0], [1.0, 1.0]], 64)[0, 1]
    -1.00000000000000
    """
    if isinstance(source, Points) or not hasattr(source, "inner"):
        source = points(source)  # refuses zero rows
    n = int(source.n)
    with precision(bits + 8):
        result = arb_mat(n, n)
        if isinstance(source, Points):
            gram = source.integer_gram()
            inverse = [arb(gram[i, i]).rsqrt() for i in range(n)]
            for i in range(n):
                result[i, i] = 1
                for j in range(i):
                    inner = gram[i, j]
                    c = inner * inverse[i] * inverse[j]
                    if not bool(abs(c) < 1):
                        parallel = inner**2 == gram[i, i] * gram[j, j]
                        c = arb(1 if inner > 0 else -1) if parallel else within_unit(c)
                    result[i, j] = result[j, i] = c
            return result
        for i in range(n):
            result[i, i] = 1
            for j in range(i):
                result[i, j] = result[j, i] = _cosine(source.inner(i, j), source.inner(i, i), source.inner(j, j))
        return result


def _cosines_from_gram(gram: InputGram, budget: Budget) -> Cosines:
    n = gram.n
    require_memory("cosines", n, memory_estimate(n, 0), budget)
    exact = cosines_arb(gram, 96)
    mid, worst = np.eye(n), arb(0)
    with precision(96):
        for i in range(n):
            for j in range(i):
                mid[i, j] = mid[j, i] = m = min(1.0, max(-1.0, float(exact[i, j])))
                worst = worst.max(abs(exact[i, j] - m).upper())
        return Cosines(mid, upper_float(worst), gram)


def raw_gram(values: Any, *, budget: Budget | None = None) -> BallMatrix:
    r"""The input Gram matrix :math:`X X^T / d` of points of any norms, with a radius for each entry; (n, n).

    From the cosines and the norms :math:`r_i = |x_i|/\sqrt d`, known to one unit in the last place:
    :math:`|\tilde G_{ij} - G_{ij}| \le (\rho + γ_{10})\, r_i r_j` plus underflow. The diagonal is exact, rounded once.
    Raises :class:`SpecError` when a squared norm leaves the range of float64.
    """
    p = points(values)
    n = p.n
    budget = budget or Budget()
    require_memory("raw_gram", n, memory_estimate(n, p.d) + 16 * n * n, budget)
    c = cosines(p, budget=budget)
    exact = [p.second_moment(i) for i in range(n)]
    for i, square in enumerate(exact):
        if not Fraction(2) ** -1000 <= square <= Fraction(2) ** 1000:
            raise SpecError(f"raw_gram: the squared norm of row {i} leaves the range of float64: rescale the points.")
    norms = np.sqrt(np.array([float(q) for q in exact]))
    scale = np.multiply.outer(norms, norms)
    mid = c.mid * scale
    scale *= up(up(c.rad + gamma(10)) * up(1.0 + gamma(10)))
    scale += float(UNDERFLOW)
    k = np.arange(n)
    mid[k, k] = [float(q) for q in exact]
    scale[k, k] = [float_above(abs(Fraction(float(m)) - q)) for m, q in zip(mid[k, k], exact, strict=True)]
    return BallMatrix(
        read_only(mid),
        read_only(scale),
        provenance=(f"cosines known to {text_above(c.rad, 3)}, norms to one unit in the last place",),
    )
