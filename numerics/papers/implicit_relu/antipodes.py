r"""Exactly when the arc-cosine Gram matrix is singular, decided on the integers behind the inputs.

Equal directions give the null vector :math:`e_i - e_j`. A point and its antipode contribute
:math:`\sigma(w\cdot x) - \sigma(-w\cdot x) = w\cdot x`, a linear function, so p antipodal pairs lose exactly
:math:`p - \mathrm{rank}` of their p directions; nothing else does. So the nullity is known exactly, with null vectors.
Proof: ``docs/papers/implicit_relu/proofs.md``, "Positive definiteness".
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from flint import fmpq, fmpq_mat

from ...eigenvalues.nullspace import rational_null_vector
from ...kernels.points import InnerProducts


@dataclass(frozen=True, slots=True)
class RootVector:
    r"""An exact vector with entries :math:`a_i\sqrt{s_i}`, a_i rational and s_i > 0 rational; zero entries left out.

    >>> RootVector({0: (Fraction(1), Fraction(1)), 3: (Fraction(-2), Fraction(3, 2))}).text
    {'0': '1', '3': '-2*sqrt(3/2)'}
    """

    entries: dict[int, tuple[Fraction, Fraction]]

    @property
    def text(self) -> dict[str, str]:
        """The entries by index, as text."""
        return {str(i): _root_text(a, s) for i, (a, s) in sorted(self.entries.items())}


@dataclass(frozen=True, slots=True)
class Singularity:
    """The exact nullity of the matrix (0: it is positive definite), one null vector if there is one, and the reason."""

    nullity: int
    null_vector: RootVector | None
    reason: str


def nullity(source: InnerProducts, parallel: Sequence[tuple[int, int, int]]) -> Singularity:
    r"""The nullity of :math:`G^\infty` on the directions of n inputs; rank decisions by elimination over the rationals.

    Parameters
    ----------
    source: exact inner products of the inputs (any norms).
    parallel: all pairs (i, j, ±1) of parallel inputs, proved (:func:`~...kernels.parallel.parallel_pairs`).

    >>> from ...kernels.parallel import parallel_pairs
    >>> from ...kernels.points import points
    >>> hexagon = points([[1, -1, 0], [1, 0, -1], [0, 1, -1], [-1, 1, 0], [-1, 0, 1], [0, -1, 1]])
    >>> found = nullity(hexagon, parallel_pairs(hexagon))
    >>> found.nullity, found.null_vector.text
    (1, {'0': '1', '1': '-1', '2': '1', '3': '-1', '4': '1', '5': '-1'})
    """
    lines = _lines(source.n, parallel)
    repeated = [(same[0], same[1]) for line in lines for same in line if len(same) > 1]
    lost = sum(len(same) - 1 for line in lines for same in line if same)
    opposite = [(plus[0], minus[0]) for plus, minus in lines if plus and minus]
    heads = [i for i, _ in opposite]
    rank = _rank(source, heads)
    total = lost + len(opposite) - rank
    if repeated:
        i, j = repeated[0]
        one = Fraction(1)
        vector = RootVector({i: (one, one), j: (-one, one)})
        return Singularity(total, vector, f"inputs {i} and {j} have the same direction")
    if total:
        return Singularity(
            total,
            _dependent(source, opposite),
            f"the {len(opposite)} directions of the antipodal pairs are linearly dependent (rank {rank})",
        )
    if opposite:
        return Singularity(0, None, f"the directions of the {len(opposite)} antipodal pairs are linearly independent")
    return Singularity(0, None, "no two inputs are parallel")


def _lines(n: int, parallel: Sequence[tuple[int, int, int]]) -> list[tuple[list[int], list[int]]]:
    """The lines through the origin that carry at least two inputs: those on the side of the first, and the others."""
    first: dict[int, int] = {}
    sign: dict[int, int] = {}
    for i, j, s in sorted(parallel):
        head = first.setdefault(i, i)
        sign.setdefault(i, 1)
        if j not in first:
            first[j], sign[j] = head, sign[i] * s
    lines: dict[int, tuple[list[int], list[int]]] = {}
    for i in range(n):
        if i in first:
            lines.setdefault(first[i], ([], []))[0 if sign[i] > 0 else 1].append(i)
    return list(lines.values())


def _rank(source: InnerProducts, indices: list[int]) -> int:
    """The rank of some inputs, from their exact Gram matrix."""
    if not indices:
        return 0
    entries = [source.inner(i, j) for i in indices for j in indices]
    matrix = fmpq_mat(len(indices), len(indices), [fmpq(q.numerator, q.denominator) for q in entries])
    return int(matrix.rref()[1])


def _dependent(source: InnerProducts, opposite: list[tuple[int, int]]) -> RootVector:
    r"""From :math:`\sum_k a_k x_k = 0` the null vector with entries :math:`\pm a_k|x_k|` at x_k and its antipode."""
    heads = [i for i, _ in opposite]
    found = rational_null_vector([[source.inner(i, j) for j in heads] for i in heads])
    if found is None:
        raise AssertionError("the rank said that the directions are dependent")
    unit = next(k for k, a in enumerate(found.entries) if a)
    scale, square = found.entries[unit], source.inner(heads[unit], heads[unit])
    entries: dict[int, tuple[Fraction, Fraction]] = {}
    for (i, j), a in zip(opposite, found.entries, strict=True):
        if a:
            ratio = source.inner(i, i) / square
            entries[i], entries[j] = (a / scale, ratio), (-a / scale, ratio)
    return RootVector(entries)


def _root_text(a: Fraction, s: Fraction) -> str:
    p, q = math.isqrt(s.numerator), math.isqrt(s.denominator)
    if p * p == s.numerator and q * q == s.denominator:
        return str(a * Fraction(p, q))
    return f"sqrt({s})" if a == 1 else f"-sqrt({s})" if a == -1 else f"{a}*sqrt({s})"
