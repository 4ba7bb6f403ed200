r"""Kernels with finitely many polynomial features: their rank is that of sums of Hadamard powers, taken exactly.

If :math:`K(x,y)=\mathbb E f(x)f(y)` with random polynomials f whose monomials have degrees in S, the range of K lies in
the span of the vectors :math:`(x_i^\alpha)_i`, :math:`|\alpha|\in S`, which is the range of
:math:`\sum_{r\in S}G^{\circ r}`, :math:`G_{ij}=\langle x_i,x_j\rangle` (positive weights change nothing). On inputs of
one norm :math:`|x|^2` is constant, so a degree absorbs every smaller one of its parity; rescaling rows to the sphere
multiplies a Hadamard power by diagonal matrices and keeps its rank. docs/theory/deep-networks.md, section 4.
"""

from __future__ import annotations

from math import comb, lcm

from flint import fmpz_mat, nmod_mat

from ..kernels.input_gram import InputGram
from ..kernels.points import Points
from .nullspace import RankBound

LARGEST = 400
"""Largest order of an exact elimination; beyond it only features are counted."""
PRIME = (1 << 61) - 1


def monomial_rank(
    source: Points | InputGram, degrees: frozenset[int], *, one_norm: bool, what: str = "the kernel"
) -> RankBound:
    """An upper bound of the rank of a kernel matrix whose features are polynomials with monomials of these degrees.

    ``one_norm``: all inputs have one norm, or are rescaled to one. ``what`` begins the sentence that says why.

    >>> from ..kernels.points import points
    >>> monomial_rank(points([[1.0], [2.0], [4.0], [5.0]]), frozenset({0, 1, 2}), one_norm=False).rank
    3
    """
    blocks = [degrees] if not one_norm else [frozenset(r for r in degrees if r % 2 == parity) for parity in (0, 1)]
    if one_norm:
        blocks = [frozenset({max(block)}) for block in blocks if block]
    n, rank, texts = source.n, 0, []
    for block in blocks:
        names = "degree " + " or ".join(str(r) for r in sorted(block))
        count = None if isinstance(source, InputGram) else sum(comb(source.d + r - 1, r) for r in block)
        if count is not None and (count < n or n > LARGEST):
            rank += min(count, n)
            texts.append(f"there are {count} monomials of {names}")
        elif n > LARGEST:
            rank = n
        else:
            found = exact_rank(_power_sum(source, block))
            rank += found
            texts.append(f"the monomials of {names} have rank {found} on the inputs (exact elimination)")
    return RankBound(min(rank, n), n, f"{what} is a polynomial of the inputs: {', and '.join(texts)}")


def exact_rank(matrix: fmpz_mat) -> int:
    """The rank of a square integer matrix; a full rank shows modulo one prime.

    >>> exact_rank(fmpz_mat(2, 2, [1, 2, 2, 4]))
    1
    """
    n = matrix.nrows()
    return n if nmod_mat(matrix, PRIME).rank() == n else int(matrix.rank())


def _power_sum(source: Points | InputGram, degrees: frozenset[int]) -> fmpz_mat:
    """The sum of the Hadamard powers of the inner products, all scaled by one number so that they are integers."""
    n, inner = source.n, _integer_inner_products(source)
    total = fmpz_mat(n, n)
    for i in range(n):
        for j in range(i + 1):
            x = inner[i, j]
            total[i, j] = total[j, i] = sum(x**r for r in degrees)
    return total


def _integer_inner_products(source: Points | InputGram) -> fmpz_mat:
    """The inner products times one positive number, in integers: for points by one exact matrix product."""
    n = source.n
    if isinstance(source, InputGram):
        scale = lcm(*(value.denominator for row in source.entries for value in row))
        return fmpz_mat(
            n, n, [value.numerator * (scale // value.denominator) for row in source.entries for value in row]
        )
    rows = [source.row(i) for i in range(n)]
    scale = lcm(*(t.denominator for t, _ in rows))
    factors = [t.numerator * (scale // t.denominator) for t, _ in rows]
    matrix = fmpz_mat(n, source.d, [factor * x for factor, (_, row) in zip(factors, rows, strict=True) for x in row])
    return matrix * matrix.transpose()
