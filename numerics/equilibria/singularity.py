"""Exact reasons why the population Gram matrix of an equilibrium model is singular.

Source: docs/theory/deep-equilibrium.md, "Singular cases". Everything is decided on exact numbers; nothing here rounds.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from flint import fmpq, fmpq_mat

from ..eigenvalues.nullspace import NullVector, RankBound, null_vector_from_pairs
from ..kernels.input_gram import InputGram

if TYPE_CHECKING:
    from .instance import EquilibriumInstance


def equilibrium_singularity(inst: EquilibriumInstance) -> NullVector | RankBound | None:
    """Repeated inputs, antipodes of an odd activation, or the rank of an affine one; None when nothing is known."""
    return _from_pairs(inst) or _from_rank(inst)


def _from_pairs(inst: EquilibriumInstance) -> NullVector | None:
    """Pairs of inputs that are equal or opposite as inputs of the model (of the same norm, unless it is rescaled)."""
    source, sphere = inst.data.source, inst.data.normalize == "sphere"
    pairs = [
        (i, j, sign) for i, j, sign in inst.parallel if sphere or source.second_moment(i) == source.second_moment(j)
    ]
    n, parity = inst.data.n, inst.activation.parity
    found = null_vector_from_pairs(pairs, n, odd=parity == "odd")
    if found is None and parity == "even" and inst.sigma_w2 == 0 and pairs:
        i, j, _ = pairs[0]
        entries = [Fraction(0)] * n
        entries[i], entries[j] = Fraction(1), Fraction(-1)
        return NullVector(tuple(entries), f"points {i} and {j} are antipodal, the activation is even, and sigma_w = 0")
    return found


def _from_rank(inst: EquilibriumInstance) -> RankBound | None:
    """rank K <= rank X + 1 for an affine activation, and rank X without the constant; the rank of X is exact."""
    affine = inst.activation.affine
    if affine is None:
        return None
    beta, alpha = affine
    source, n = inst.data.source, inst.data.n
    rank = 0
    if alpha != 0:
        if isinstance(source, InputGram):
            entries = [fmpq(q.numerator, q.denominator) for row in source.entries for q in row]
            matrix = fmpq_mat(n, n, entries)
        else:
            matrix = fmpq_mat(source.integer_rows())
        rank = int(matrix.rref()[1]) if n <= matrix.ncols() else min(n, matrix.ncols())
    bound = RankBound(
        rank + (0 if beta == 0 else 1),
        n,
        f"{inst.activation.name} is constant, so the rank of K is at most one"
        if alpha == 0
        else f"{inst.activation.name} is affine, so the rank of K is at most that of the inputs, {rank}"
        + ("" if beta == 0 else ", plus one"),
    )
    return bound if bound.singular else None
