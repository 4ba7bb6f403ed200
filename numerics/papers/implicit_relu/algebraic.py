r"""Points with exact algebraic coordinates: regular polygons and whatever else no binary64 number can name.

Which points are parallel, and how many antipodal directions are dependent, is decided in the number field that the
coordinates generate (sympy's ``DomainMatrix``, exact); cosines are balls at any precision.
Proof: ``docs/papers/implicit_relu/proofs.md``, "Positive definiteness".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, product

import sympy
from flint import arb, arb_mat
from sympy.polys.matrices import DomainMatrix

from ....theory.errors import PrecisionExhausted, SpecError
from ....theory.verdict import Evidence
from ...balls.budget import Budget
from ...balls.enclosure import Enclosure
from ...balls.ends import within_unit
from ...balls.precision import precision
from ...eigenvalues.eigenvalue import least_eigenvalue
from ...expressions.lowering import lower_arb
from ...kernels.ballmatrix import BallMatrix
from .antipodes import antipodal
from .arc_cosine import GUARD_BITS, arc_cosine_matrix

SIGN_BITS = 512


@dataclass(frozen=True, eq=False)
class AlgebraicPoints:
    """n points in R^d, rows = points, every coordinate an exact real algebraic number; made by :func:`algebraic`."""

    rows: sympy.ImmutableMatrix
    field: DomainMatrix

    @property
    def n(self) -> int:
        """How many points there are."""
        return int(self.rows.shape[0])

    @cached_property
    def inner(self) -> DomainMatrix:
        """The inner products, exactly, in the number field of the coordinates."""
        return self.field * self.field.transpose()

    def _number(self, i: int, j: int) -> sympy.Expr:
        return self.inner.domain.to_sympy(self.inner[i, j].element)

    def cosines_arb(self, bits: int) -> arb_mat:
        """The cosines as balls, (n, n); exactly ±1 for parallel points."""
        signs = {(i, i): 1 for i in range(self.n)}
        signs |= {pair: sign for i, j, sign in self.parallel_pairs() for pair in ((i, j), (j, i))}
        with precision(bits + GUARD_BITS):
            table = arb_mat(self.n, self.rows.shape[1], [lower_arb(x)(arb(0)) for x in self.rows])
            inner = table * table.transpose()
            norms = [inner[i, i].sqrt() for i in range(self.n)]
            cosines = [
                signs[i, j] if (i, j) in signs else within_unit(inner[i, j] / (norms[i] * norms[j]))
                for i, j in product(range(self.n), repeat=2)
            ]
            return arb_mat(self.n, self.n, cosines)

    def parallel_pairs(self) -> tuple[tuple[int, int, int], ...]:
        """All pairs i < j on one line through the origin with the sign of their cosine: equality in Cauchy–Schwarz."""
        found = []
        for i, j in combinations(range(self.n), 2):
            square, norms = self.inner[i, j].element ** 2, self.inner[i, i].element * self.inner[j, j].element
            if square == norms:
                with precision(SIGN_BITS):  # inner = ±|x||y| is not zero, so that enough bits show its sign
                    value = lower_arb(self._number(i, j))(arb(0))
                if value.contains(0):
                    raise PrecisionExhausted(
                        f"the sign of {self._number(i, j)} is not seen with {SIGN_BITS} bits: scale the points."
                    )
                found.append((i, j, 1 if value > 0 else -1))
        return tuple(found)

    def gram(self, bits: int) -> BallMatrix:
        """The arc-cosine Gram matrix on the directions of the points."""
        return arc_cosine_matrix(self.cosines_arb(bits), bits)

    def null_vectors(self) -> tuple[tuple[sympy.Expr, ...], ...]:
        r"""A basis of the null space of :math:`G^\infty`, exact; empty when it is positive definite.

        Repeated directions give :math:`e_i - e_j`; a dependency :math:`\sum_k a_k x_k = 0` of antipodal directions
        gives :math:`\pm a_k|x_k|` at the points and their antipodes.
        """
        repeated, opposite = antipodal(self.parallel_pairs())
        basis = [{i: sympy.Integer(1), j: sympy.Integer(-1)} for j, i in sorted(repeated.items())]
        heads = [i for i, _ in opposite]
        directions = self.field.extract(heads, list(range(self.rows.shape[1]))).transpose()
        for vector in directions.nullspace().to_Matrix().tolist() if heads else ():
            lead = next(k for k, a in enumerate(vector) if a != 0)
            entries: dict[int, sympy.Expr] = {}
            for (i, j), a in zip(opposite, vector, strict=True):
                ratio = self._number(i, i) / self._number(heads[lead], heads[lead])
                entries[i] = sympy.simplify(sympy.radsimp(a / vector[lead] * sympy.sqrt(ratio)))
                entries[j] = -entries[i]
            basis.append(entries)
        return tuple(tuple(entries.get(i, sympy.Integer(0)) for i in range(self.n)) for entries in basis)

    def least_eigenvalue(self, budget: Budget | None = None) -> Enclosure:
        """The least eigenvalue of the Gram matrix; exactly 0 where a null vector is known."""
        found = self.null_vectors()
        if found:
            return Enclosure(0.0, 0.0, Evidence.EXACT, f"exactly singular: nullity {len(found)}")
        return least_eigenvalue(self.gram(128), budget=budget, refine=self.gram, known_psd=True)


def algebraic(rows: Sequence[Sequence[sympy.Expr | int | str]]) -> AlgebraicPoints:
    r"""Check points given by exact numbers: integers, rationals and sympy expressions such as ``sqrt(3)/2``.

    Raises :class:`SpecError` unless they form a table without a zero row and every entry is a real algebraic number
    of the field that they generate.

    >>> square = algebraic([[1, 0], [0, 1], [-1, 0], [0, -1]])
    >>> square.least_eigenvalue().contains(0.18169011381620932)
    True
    """
    table = [[sympy.Rational(x) if isinstance(x, str) else sympy.sympify(x, strict=True) for x in row] for row in rows]
    if not table or not table[0] or len({len(row) for row in table}) != 1:
        raise SpecError("algebraic points: give n rows of equal length, n >= 1.")
    if any(x.free_symbols or not x.is_real for row in table for x in row):
        raise SpecError("algebraic points: every coordinate must be an exact real number without symbols.")
    matrix = sympy.ImmutableMatrix(table)
    domain = DomainMatrix.from_Matrix(matrix, extension=True).to_field()
    if not (domain.domain.is_QQ or domain.domain.is_AlgebraicField):
        raise SpecError(f"algebraic points: the coordinates generate {domain.domain}, which is no number field.")
    if any(all(x == 0 for x in row) for row in domain.to_list()):
        raise SpecError("algebraic points: a row is zero, so it has no direction.")
    return AlgebraicPoints(matrix, domain)


def regular_polygon(n: int) -> AlgebraicPoints:
    r"""The n vertices :math:`(\cos 2\pi k/n, \sin 2\pi k/n)`, exact; n in 3, 4, 5, 6, 8, 10, 12 and other small ones.

    >>> regular_polygon(6).null_vectors()
    ((1, -1, 1, -1, 1, -1),)
    """
    if not 3 <= n <= 24:
        raise SpecError(f"regular_polygon: n = {n} must lie between 3 and 24.")
    angles = [2 * sympy.pi * sympy.Rational(k, n) for k in range(n)]
    return algebraic([[sympy.cos(a), sympy.sin(a)] for a in angles])
