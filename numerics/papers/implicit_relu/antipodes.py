r"""Exactly when the arc-cosine Gram matrix is singular, decided on the integers behind the inputs.

Equal directions give the null vector :math:`e_i - e_j`. A point and its antipode contribute
:math:`\sigma(w\cdot x) - \sigma(-w\cdot x) = w\cdot x`, a linear function, so p antipodal pairs lose exactly
:math:`p - \mathrm{rank}` of their p directions; nothing else does. So the nullity is known exactly, with null vectors.
Proof: ``docs/papers/implicit_relu/proofs.md``, "Positive definiteness".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import sympy
from flint import fmpq, fmpq_mat

from ...eigenvalues.nullspace import rational_null_vector
from ...kernels.points import InnerProducts


@dataclass(frozen=True, slots=True)
class RootVector:
    r"""An exact vector with entries :math:`a_i\sqrt{s_i}`, a_i rational and s_i > 0 rational; zero entries left out.

    >>> RootVector({0: (Fraction(1), Fraction(1)), 3: (Fraction(-2), Fraction(3, 2))}).text
    {'0': '1', '3': '-sqrt(6)'}
    """

    entries: dict[int, tuple[Fraction, Fraction]]

    @property
    def text(self) -> dict[str, str]:
        """The entries by index, as text."""
        return {
            str(i): str(sympy.Rational(a) * sympy.sqrt(sympy.Rational(s))) for i, (a, s) in sorted(self.entries.items())
        }


@dataclass(frozen=True, slots=True)
class Singularity:
    """What the exact nullity of the matrix consists of, one null vector if there is one, and the reason."""

    repetitions: int
    pairs: int
    rank: int
    null_vector: RootVector | None
    reason: str

    @property
    def nullity(self) -> int:
        """Repetitions, and antipodal pairs less the rank of their directions; 0: the matrix is positive definite."""
        return self.repetitions + self.pairs - self.rank


def antipodal(parallel: Sequence[tuple[int, int, int]]) -> tuple[dict[int, int], list[tuple[int, int]]]:
    """The repetitions, each with the first input of its direction, and the antipodal pairs among the other inputs.

    >>> antipodal([(0, 1, -1), (0, 2, 1), (1, 2, -1)])
    ({2: 0}, [(0, 1)])
    """
    repeated = {j: i for i, j, sign in sorted(parallel, reverse=True) if sign > 0}
    return repeated, [(i, j) for i, j, s in sorted(parallel) if s < 0 and i not in repeated and j not in repeated]


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
    repeated, opposite = antipodal(parallel)
    heads = [i for i, _ in opposite]
    gram = [[source.inner(i, j) for j in heads] for i in heads]
    exact = fmpq_mat(len(heads), len(heads), [fmpq(q.numerator, q.denominator) for row in gram for q in row])
    rank = int(exact.rref()[1]) if heads else 0
    counts = len(repeated), len(opposite), rank
    count, one = len(opposite), Fraction(1)
    if repeated:
        i, j = min((i, j) for j, i in repeated.items())
        return Singularity(
            *counts, RootVector({i: (one, one), j: (-one, one)}), f"inputs {i} and {j} have the same direction"
        )
    if count > rank:
        reason = f"the {count} directions of the antipodal pairs are linearly dependent (rank {rank})"
        return Singularity(*counts, _dependent(gram, opposite), reason)
    if opposite:
        return Singularity(*counts, None, f"the directions of the {count} antipodal pairs are linearly independent")
    return Singularity(*counts, None, "no two inputs are parallel")


def _dependent(gram: list[list[Fraction]], opposite: list[tuple[int, int]]) -> RootVector:
    r"""From :math:`\sum_k a_k x_k = 0` the null vector with entries :math:`\pm a_k|x_k|` at x_k and its antipode.

    ``gram`` holds the inner products of the directions, which are dependent.
    """
    found = rational_null_vector(gram)
    assert found is not None  # their rank is below their number
    lead = found.support[0]
    entries: dict[int, tuple[Fraction, Fraction]] = {}
    for k in found.support:
        (i, j), a, ratio = opposite[k], found.entries[k] / found.entries[lead], gram[k][k] / gram[lead][lead]
        entries[i], entries[j] = (a, ratio), (-a, ratio)
    return RootVector(entries)
