r"""Singular matrices recognised exactly: null vectors and rank arguments from what is known of the data.

A floating-point or ball computation can never prove that a matrix is singular; structure can. A kernel matrix on the
sphere, :math:`K_{ij} = g(\langle x_i, x_j\rangle)`, has

* the null vector :math:`e_i - e_j` when :math:`x_i = x_j`, whatever g;
* the null vector :math:`e_i + e_j` when :math:`x_i = -x_j` and g is odd;
* rank at most d + 1 when g is affine, :math:`K = \alpha\,\mathbf{1}\mathbf{1}^T + \beta XX^T`: that of :math:`[X\;1]`.

These facts come from the caller, who proves them exactly on the integers behind the floats; nothing here rounds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import arb, fmpq, fmpq_mat

from ...theory.errors import SpecError
from ..balls.precision import precision
from ..kernels.ballmatrix import BallMatrix
from ..kernels.points import InnerProducts
from .arb_rung import entries_in_balls


@dataclass(frozen=True, slots=True)
class NullVector:
    """An exact vector v != 0 with K v = 0, and the reason why; ``equal`` where it only says that two points are equal.

    >>> NullVector((Fraction(1), Fraction(-1)), "points 0 and 1 are equal").support
    (0, 1)
    """

    entries: tuple[Fraction, ...]
    reason: str
    equal: bool = False

    def __post_init__(self) -> None:
        if not any(self.entries):
            raise ValueError("a null vector must not be zero")

    @property
    def support(self) -> tuple[int, ...]:
        """The indices of the entries that are not zero."""
        return tuple(i for i, x in enumerate(self.entries) if x)


@dataclass(frozen=True, slots=True)
class RankBound:
    """A proved upper bound of the rank of an n×n matrix; below n it means that the matrix is singular."""

    rank: int
    n: int
    reason: str

    @property
    def singular(self) -> bool:
        """Whether the bound proves singularity.

        >>> RankBound(3, 5, "").singular, RankBound(5, 5, "").singular
        (True, False)
        """
        return self.rank < self.n


def by_theorem(found: NullVector | RankBound | None) -> bool:
    """Whether the matrix is singular by a theorem about its kernel: two equal points need none.

    >>> by_theorem(null_vector_from_pairs([(0, 1, 1)], 2, odd=True)), by_theorem(RankBound(1, 2, ""))
    (False, True)
    """
    return found is not None and not (isinstance(found, NullVector) and found.equal)


def null_vector_from_pairs(pairs: Iterable[tuple[int, int, int]], n: int, *, odd: bool) -> NullVector | None:
    r"""A null vector from a pair of equal points, or of antipodal points when the kernel is odd; None if there is none.

    Parameters
    ----------
    pairs: triples (i, j, sign) with :math:`x_j = \mathrm{sign}\cdot x_i` proved exactly, sign ±1.
    n: the order of the matrix.
    odd: whether :math:`g(-t) = -g(t)` is proved (odd activation).

    Raises :class:`SpecError` for a triple that is not such a pair.

    >>> null_vector_from_pairs([(0, 2, -1)], 3, odd=True).entries
    (Fraction(1, 1), Fraction(0, 1), Fraction(1, 1))
    >>> null_vector_from_pairs([(0, 2, -1)], 3, odd=False) is None
    True
    """
    for i, j, sign in pairs:
        if not (0 <= i < n and 0 <= j < n and i != j and sign in (-1, 1)):
            raise SpecError(f"({i}, {j}, {sign}) is not a pair of parallel points among {n}.")
        if sign == 1 or odd:
            entries = [Fraction(0)] * n
            entries[i], entries[j] = Fraction(1), Fraction(-sign)
            what = "are equal" if sign == 1 else "are antipodal and the kernel is odd"
            return NullVector(tuple(entries), f"points {i} and {j} {what}", sign == 1)
    return None


def proportional_pair(
    source: InnerProducts,
    pairs: Iterable[tuple[int, int, int]],
    factor: Callable[[Fraction], Fraction | None],
    *,
    sphere: bool,
) -> NullVector | None:
    r"""A null vector from two parallel points whose rows of the matrix are proportional; None if there are none.

    Parameters
    ----------
    source: the points, n of them.
    pairs: triples (i, j, sign) of parallel points, sign +1 where they point the same way, proved exactly.
    factor: for an exact t the f with :math:`K(tx,\cdot) = f K(x,\cdot)`, or None.
    sphere: whether the points are rescaled to one norm, so that t is the sign.

    >>> from ..kernels.points import points
    >>> proportional_pair(points([[1.0, 2.0], [2.0, 4.0]]), [(0, 1, 1)], lambda t: t, sphere=False).entries
    (Fraction(2, 1), Fraction(-1, 1))
    """
    for i, j, sign in pairs:
        t = Fraction(sign) if sphere else source.inner(i, j) / source.inner(i, i)
        f = factor(t)
        if f is not None:
            entries = [Fraction(0)] * source.n
            entries[i], entries[j] = (f, Fraction(-1)) if f > 0 else (-f, Fraction(1))
            what = {1: "equal", -1: "antipodal"}.get(int(t) if abs(t) == 1 else 0, "parallel")
            rows = "" if f == 1 else ", and so are their rows of the matrix"
            return NullVector(tuple(entries), f"points {i} and {j} are {what}{rows}", t == 1)
    return None


def zero_inputs(zeros: Sequence[int], n: int, reason: str | None) -> NullVector | None:
    """A null vector from two zero inputs, or from one whose row of the matrix is zero for a proved ``reason``.

    >>> zero_inputs([1], 2, "the kernel vanishes at 0").reason
    'point 1 is zero, and so is its row of the matrix: the kernel vanishes at 0'
    """
    if not zeros or (len(zeros) == 1 and reason is None):
        return None
    entries = [Fraction(0)] * n
    entries[zeros[0]] = Fraction(1)
    if reason is not None:
        return NullVector(tuple(entries), f"point {zeros[0]} is zero, and so is its row of the matrix: {reason}")
    entries[zeros[1]] = Fraction(-1)
    return NullVector(tuple(entries), f"points {zeros[0]} and {zeros[1]} are both zero, so they are equal", True)


def rational_null_vector(gram: Sequence[Sequence[Fraction]], reason: str = "exact elimination") -> NullVector | None:
    r"""A null vector of an exact rational matrix (n, n) by elimination; None when it is regular.

    >>> rational_null_vector([[Fraction(1), Fraction(2)], [Fraction(2), Fraction(4)]]).entries
    (Fraction(-2, 1), Fraction(1, 1))
    """
    n = len(gram)
    matrix = fmpq_mat(n, n, [fmpq(q.numerator, q.denominator) for row in gram for q in row])
    reduced, rank = matrix.rref()
    if rank == n:
        return None
    pivots: list[int] = []
    for i in range(int(rank)):
        pivots.append(next(j for j in range(n) if reduced[i, j] != 0))
    free = next(j for j in range(n) if j not in pivots)
    entries = [Fraction(0)] * n
    entries[free] = Fraction(1)
    for i, j in enumerate(pivots):
        value = -reduced[i, free]
        entries[j] = Fraction(int(value.p), int(value.q))
    return NullVector(tuple(entries), reason)


def consistent(matrix: BallMatrix, null: NullVector, *, bits: int = 128) -> bool:
    """Whether K v encloses 0 in every entry: false means that the null vector is wrong, true proves nothing.

    >>> import numpy as np
    >>> consistent(BallMatrix(np.ones((2, 2)), 0.0), NullVector((Fraction(1), Fraction(-1)), "equal points"))
    True
    """
    if len(null.entries) != matrix.n:
        raise SpecError(f"a null vector of length {len(null.entries)} does not fit a matrix of order {matrix.n}.")
    with precision(bits):
        a = entries_in_balls(matrix)
        weights = [(j, arb(fmpq(null.entries[j].numerator, null.entries[j].denominator))) for j in null.support]
        return all(sum((a[i, j] * w for j, w in weights), arb(0)).contains(0) for i in range(matrix.n))
