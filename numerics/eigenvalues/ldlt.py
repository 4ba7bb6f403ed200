r"""A proved lower bound of the least eigenvalue at any precision, from an approximate :math:`LDL^T`.

The factorisation is carried out on midpoints, recursively and blocked, so that all of its cubic work is done by ball
matrix products in C; none of it is trusted. What is proved is the residual, one product in ball arithmetic:

.. math:: D > 0,\quad \|A - cI - LDL^T\|_\infty \le e \quad\Longrightarrow\quad \lambda_{\min}(A) \ge c - e

for every member A of the ball matrix, since :math:`LDL^T` is positive semidefinite for every real L. There is no
blow-up of radii as in an interval factorisation. A negative pivot :math:`d_k` gives the vector
:math:`x = L^{-T}e_k` with :math:`x^T(A-cI)x \approx d_k`, and its Rayleigh quotient, evaluated in balls, is a proof
that A - cI is not positive definite.

Our proof: ``docs/error-analysis.md``, section "LDL^T in balls".
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from flint import arb, arb_mat, fmpq

from ..balls.ball import Ball
from ..balls.precision import precision

LEAF = 12
"""Below this order the factorisation loops in Python; above, it halves."""


@dataclass(frozen=True, slots=True, eq=False)
class LDLT:
    r"""Approximations :math:`A - cI \approx LDL^T` with radius zero, and :math:`L^{-1}`; nothing is proved of them.

    Attributes
    ----------
    shift: the exact number c.
    bits: the precision it was computed at.
    lower_factor, inverse_factor: (n, n), unit lower triangular.
    pivots: the n diagonal entries of D.
    """

    shift: Fraction
    bits: int
    lower_factor: arb_mat
    inverse_factor: arb_mat
    pivots: tuple[arb, ...]

    @property
    def positive(self) -> bool:
        """Whether all pivots are positive."""
        return all(d > 0 for d in self.pivots)

    def solve(self, rhs: arb_mat) -> arb_mat:
        """An approximate solution of ``(A - cI) x = rhs`` for an (n, 1) right-hand side."""
        with precision(self.bits):
            y = (self.inverse_factor * rhs).mid()
            y = arb_mat(y.nrows(), 1, [v / d for v, d in zip(y.entries(), self.pivots, strict=True)])
            return (self.inverse_factor.transpose() * y).mid()

    def negative_direction(self) -> arb_mat | None:
        r"""The vector :math:`L^{-T}e_k`, (n, 1), of the first pivot that is not positive; None when all are."""
        for k, d in enumerate(self.pivots):
            if not d > 0:
                n = len(self.pivots)
                return arb_mat(n, 1, [self.inverse_factor[k, j] for j in range(n)])
        return None


Table = list[list[arb]]


def _mid(m: arb_mat) -> Table:
    return [list(row) for row in m.mid().table()]


def _leaf(s: Table) -> tuple[Table, Table, list[arb]]:
    """LDL^T of a small block by the textbook loops, and the inverse of its L; midpoints only."""
    n = len(s)
    zero, one = arb(0), arb(1)
    low = [[one if i == j else zero for j in range(n)] for i in range(n)]
    inv = [[one if i == j else zero for j in range(n)] for i in range(n)]
    pivots: list[arb] = []
    s = [row[:] for row in s]
    for k in range(n):
        d = s[k][k].mid()
        pivots.append(d)
        if not d != 0:
            raise ZeroDivisionError("a pivot vanished")
        for i in range(k + 1, n):
            w = s[i][k]
            factor = (w / d).mid()
            low[i][k] = factor
            for j in range(k + 1, i + 1):
                s[i][j] = (s[i][j] - factor * s[j][k]).mid()
    for i in range(n):
        for j in range(i):
            total = low[i][j]
            for k in range(j + 1, i):
                total = total + low[i][k] * inv[k][j]
            inv[i][j] = (-total).mid()
    return low, inv, pivots


def _factor(s: Table) -> tuple[Table, Table, list[arb]]:
    n = len(s)
    if n <= LEAF:
        return _leaf(s)
    h = n // 2
    low1, inv1, d1 = _factor([row[:h] for row in s[:h]])
    inverse1 = arb_mat(inv1)
    w = (arb_mat([row[:h] for row in s[h:]]) * inverse1.transpose()).mid()  # = L21 D1
    scale = [1 / d for d in d1]
    l21 = arb_mat([[(x * r).mid() for x, r in zip(row, scale, strict=True)] for row in w.table()])
    low2, inv2, d2 = _factor(_mid(arb_mat([row[h:] for row in s[h:]]) - l21 * w.transpose()))
    corner = _mid(-(arb_mat(inv2) * (l21 * inverse1).mid()))
    zeros = [arb(0)] * (n - h)
    low = [row + zeros for row in low1] + [a + b for a, b in zip(_mid(l21), low2, strict=True)]
    inv = [row + zeros for row in inv1] + [a + b for a, b in zip(corner, inv2, strict=True)]
    return low, inv, d1 + d2


def shifted(matrix: arb_mat, shift: Fraction) -> arb_mat:
    """``matrix - shift*I`` in balls at the working precision."""
    n = matrix.nrows()
    c = arb(fmpq(shift.numerator, shift.denominator))
    return matrix - arb_mat([[c if i == j else arb(0) for j in range(n)] for i in range(n)])


def ldlt(matrix: arb_mat, shift: Fraction, bits: int) -> LDLT | None:
    """Factorise the midpoint of ``matrix - shift*I`` without pivoting; None when a pivot vanishes or is not finite.

    ``matrix`` is (n, n) with symmetric midpoints. The cost is that of a few matrix products at ``bits``.

    >>> f = ldlt(arb_mat([[2.0, 1.0], [1.0, 2.0]]), Fraction(1, 2), 128)
    >>> f.positive, [round(float(d), 3) for d in f.pivots]
    (True, [1.5, 0.833])
    """
    with precision(bits):
        try:
            low, inv, pivots = _factor(_mid(shifted(matrix, shift)))
        except ZeroDivisionError:
            return None
        if not all(d.is_finite() for d in pivots):
            return None
        return LDLT(shift, bits, arb_mat(low), arb_mat(inv), tuple(pivots))


def norm_bound(matrix: arb_mat) -> Fraction | None:
    """An upper bound of the largest absolute row sum, exact; None when an entry is not finite."""
    worst = Fraction(0)
    for row in matrix.table():
        total = sum((x.abs_upper() for x in row), arb(0)).upper()
        if not total.is_finite():
            return None
        worst = max(worst, Ball(total).upper)
    return worst


def ldlt_lower_bound(matrix: arb_mat, factor: LDLT) -> Fraction | None:
    r"""A proved lower bound of the least eigenvalue of every symmetric member of ``matrix``; None without proof.

    The bound is :math:`c - \|A - cI - LDL^T\|_\infty`, evaluated in balls at the precision of the factor.

    >>> a = arb_mat([[2.0, 1.0], [1.0, 2.0]])
    >>> bound = ldlt_lower_bound(a, ldlt(a, 1 - Fraction(1, 10**30), 128))
    >>> 0 < 1 - bound < Fraction(2, 10**30)
    True
    """
    if not factor.positive:
        return None
    with precision(factor.bits):
        low = factor.lower_factor
        weighted = arb_mat([[x * d for x, d in zip(row, factor.pivots, strict=True)] for row in low.table()])
        error = norm_bound(shifted(matrix, factor.shift) - weighted * low.transpose())
    return None if error is None else factor.shift - error


def arb_rayleigh_quotient(matrix: arb_mat, vector: arb_mat, bits: int) -> arb:
    r"""The ball :math:`v^TAv/v^Tv`, for an exact nonzero (n, 1) vector; it holds for every member of ``matrix``.

    >>> q = arb_rayleigh_quotient(arb_mat([[2.0, 1.0], [1.0, 2.0]]), arb_mat(2, 1, [1, -1]), 128)
    >>> q == 1
    True
    """
    with precision(bits):
        row = vector.transpose()
        return (row * (matrix * vector))[0, 0] / (row * vector)[0, 0]
