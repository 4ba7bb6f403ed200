r"""The space of the lowest eigenvectors, enclosed: a proved bound of the angle to a space that was guessed.

Let the k columns of V be exact and of norm 1, :math:`\|V^TV-I\| \le \omega`, :math:`R = AV - VM` with a symmetric M
whose eigenvalues are at most μ, and :math:`x^TAx \ge \beta\|x\|^2` for all :math:`x \perp V`. If

.. math:: s = \frac{\|R\|}{(\beta - \mu)\sqrt{1-\omega}} < 1 ,

then exactly k eigenvalues of A lie below β, and the orthogonal projector P on their eigenvectors differs from the one
on the columns of V by at most s in the spectral norm. The hypothesis about β is one factorisation of
:math:`A + \tau VV^T - cI`. Source: C. Davis, W. M. Kahan, *The rotation of eigenvectors by a perturbation III*, SIAM J.
Numer. Anal. 7 (1970) 1-46; our proof: ``docs/own-matrix.md``, "Eigenvectors".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import arb, arb_mat, fmpq
from numpy.typing import NDArray

from ..balls.ball import Ball
from ..balls.enclosure import float_above, float_below
from ..balls.precision import precision
from ..balls.rounding import gamma, norm_up, raised, up
from ..kernels.ballmatrix import BallMatrix
from .arb_rung import entries_in_balls
from .cholesky import SMALLEST_NORMAL, factorise_in_place, shifted_diagonal
from .ldlt import ldlt, ldlt_lower_bound
from .rayleigh import rayleigh_quotient

Matrix = NDArray[np.float64]
GRAM_BITS = 128
ROUNDS, STEPS = 4, 12
"""Shifts of the inverse iteration in balls, and steps with each of them."""


@dataclass(frozen=True, slots=True, eq=False)
class Eigenspace:
    """``vectors`` (n, k), columns of norm about 1; the projector on the k lowest eigenvectors is within ``error`` of
    theirs.

    ``next_eigenvalue`` is a proved lower bound of the (k+1)-st eigenvalue. It was above the k lowest ones before it was
    rounded down to float64, where it may fall on one of them. With k = 1 a unit eigenvector differs from the column
    (brought to norm 1) by at most √2 ``error`` in every entry.
    """

    vectors: Matrix
    error: float
    next_eigenvalue: float

    @property
    def dimension(self) -> int:
        """k."""
        return int(self.vectors.shape[1])

    @property
    def entry_error(self) -> float:
        """How far the length of a row of ``vectors`` may be from that of the projection of its unit vector."""
        return up(up(self.error * 1.5) + (sum(self.vectors.shape) + 8) * 2.0**-51)

    @property
    def weights(self) -> Matrix:
        """(n,) lengths of the projections of the unit vectors, each within ``entry_error``; for k = 1 the moduli of the
        entries."""
        return np.asarray(np.sqrt(np.sum(np.square(self.vectors), axis=1)), dtype=np.float64)


def eigenspace_in_floats(matrix: BallMatrix, vectors: Matrix, values: Matrix, following: float) -> Eigenspace | None:
    """The enclosure for guesses in float64: ``vectors`` (n, k), their Ritz values, and the next one; None without
    proof.

    >>> found = eigenspace_in_floats(BallMatrix(np.diag([1.0, 5.0, 7.0]), 0.0), np.eye(3)[:, :1], np.ones(1), 5.0)
    >>> found.error < 1e-14, found.next_eigenvalue > 3
    (True, True)
    """
    a, n, k = matrix.mid, *vectors.shape
    radius = matrix.radius_norm()
    residuals, top = [], -math.inf
    for j in range(k):
        quotient = rayleigh_quotient(a, vectors[:, j], extended=True)
        residuals.append(up(quotient.residual + radius))
        top = max(top, quotient.sigma)
    tau = 2.0 ** math.ceil(math.log2(max(float(np.diagonal(a).max()), abs(following), 2.0**-900)) + 1)
    buffer = vectors @ vectors.T
    buffer *= tau
    buffer += a
    shift = top + 0.9 * (following - top)
    np.fill_diagonal(buffer, shifted_diagonal(np.diagonal(buffer), shift))
    proof = factorise_in_place(buffer, shift)
    if proof is None:
        return None
    size, spread = norm_up(a), norm_up(vectors)
    spread = up(up(spread * spread) * tau)
    forming = raised(gamma(k + 1) * spread + gamma(2) * (size + spread)) + 8.0 * n * n * SMALLEST_NORMAL * (1.0 + tau)
    beta = Fraction(proof.lower) - Fraction(up(forming)) - Fraction(radius)
    omega = _not_orthonormal(arb_mat(n, k, vectors.ravel().tolist()))
    gap = beta - Fraction(top)
    if gap <= 0 or not omega < Fraction(1, 4):
        return None
    return _bounded(vectors, Fraction(norm_up(np.array(residuals))), gap, omega, float_below(beta))


def eigenspace_in_balls(matrix: BallMatrix, start: Matrix, shift: Fraction, bits: int, k: int) -> Eigenspace | None:
    """The same for k columns at any precision: inverse iteration from ``start`` (n, m) with a shift below the spectrum.

    >>> found = eigenspace_in_balls(BallMatrix(np.diag([1.0, 1 + 2.0**-50, 7.0]), 0.0), np.eye(3), Fraction(0), 128, 1)
    >>> found.error < 1e-15, found.next_eigenvalue > 1
    (True, True)
    """
    a = entries_in_balls(matrix)
    n, m = start.shape
    with precision(bits):
        found = _iterated(a, arb_mat(n, m, start.ravel().tolist()), shift, bits, k)
        if found is None:
            return None
        basis, values = found
        v = arb_mat([list(row[:k]) for row in basis.table()])
        middle = arb_mat([[values[i] if i == j else arb(0) for j in range(k)] for i in range(k)])
        residual = a * v - v * middle
        gram = v.transpose() * v
        shortest = min(Ball(gram[j, j]).lower for j in range(k))  # of the squared norms of the columns, about 1
        length = sum((x.abs_upper() ** 2 for x in residual.entries()), arb(0)).sqrt().upper()
        top = max(Ball(x).mid for x in values[:k])
        omega = _not_orthonormal(v)
        tau = abs(a[0, 0]).mid() + 1
        c = top + (Ball(values[k]).mid - top if k < m else abs(top)) * Fraction(9, 10)
        deflated = a + tau * (v * v.transpose())
        proof = ldlt(deflated.mid(), c, bits)
        bound = None if proof is None else ldlt_lower_bound(deflated, proof)
        if bound is None or not length.is_finite() or not (omega < Fraction(1, 4) and shortest > Fraction(1, 2)):
            return None
        gap = bound - top
        if gap <= 0:
            return None
        plain = np.array([[float(x) for x in row] for row in v.table()])
        longest = up(math.sqrt(float_above(Ball(length).upper ** 2 / shortest)))
        return _bounded(plain, Fraction(longest), gap, omega, float_below(bound))


def _bounded(
    vectors: Matrix, residual: Fraction, gap: Fraction, omega: Fraction, following: float
) -> Eigenspace | None:
    """The bound s, with columns that are brought to norm 1; None when it says nothing."""
    scaled = (residual / gap) ** 2 / (1 - omega)
    error = up(math.sqrt(float_above(scaled)))
    error = up(error + up(2.0 * float_above(omega)))
    return Eigenspace(vectors / np.sqrt(np.sum(np.square(vectors), axis=0)), error, following) if error < 0.5 else None


def _not_orthonormal(v: arb_mat) -> Fraction:
    r"""An upper bound of :math:`\|\hat V^T\hat V - I\|_F` for the columns of V brought to norm 1."""
    with precision(GRAM_BITS):
        gram = v.transpose() * v
        k = gram.nrows()
        parts = [gram[i, j] ** 2 / (gram[i, i] * gram[j, j]) for i in range(k) for j in range(k) if i != j]
        bound = sum((x.abs_upper() for x in parts), arb(0)).sqrt()
        return Ball(bound).upper if bound.is_finite() else Fraction(1)


def _orthonormal(v: arb_mat) -> arb_mat:
    """Columns made orthonormal up to rounding, by Gram and Schmidt twice; midpoints."""
    columns = [list(c) for c in v.transpose().table()]
    for _ in range(2):
        done: list[list[arb]] = []
        for column in columns:
            for other in done:
                inner = sum((x * y for x, y in zip(column, other, strict=True)), arb(0)).mid()
                column = [(x - inner * y).mid() for x, y in zip(column, other, strict=True)]
            length = sum((x * x for x in column), arb(0)).sqrt().mid()
            done.append([(x / length).mid() for x in column])
        columns = done
    return arb_mat(columns).transpose()


def _iterated(a: arb_mat, basis: arb_mat, shift: Fraction, bits: int, k: int) -> tuple[arb_mat, list[arb]] | None:
    """Orthogonal inverse iteration: columns towards the eigenvectors, and their quotients; midpoints.

    After a few steps the shift moves up to just below the quotients, so that a small gap is large beside it.
    """
    found: tuple[arb_mat, list[arb]] | None = None
    for _ in range(ROUNDS):
        factor = ldlt(a.mid(), shift, bits)
        if factor is None or not factor.positive:
            break
        inverse = factor.inverse_factor
        for _ in range(STEPS):
            y = (inverse * basis).mid()
            y = arb_mat([[x / d for x in row] for row, d in zip(y.table(), factor.pivots, strict=True)])
            basis = _orthonormal((inverse.transpose() * y).mid())
            values = _quotients(a, basis)
            if not all(x.is_finite() for x in values):
                return None
            done = found is not None and _settled(found[1], values, k)
            found = basis, values
            if done:
                return found
        if k == len(values):
            break
        lowest, gap = Ball(values[0]).mid, Ball(values[k]).mid - Ball(values[k - 1]).mid
        shift = max(shift, lowest - abs(gap) / 8)
    return found


def _quotients(a: arb_mat, v: arb_mat) -> list[arb]:
    """The Rayleigh quotients of columns of norm 1; midpoints."""
    image = a.mid() * v
    n, k = v.nrows(), v.ncols()
    return [sum((v[i, j] * image[i, j] for i in range(n)), arb(0)).mid() for j in range(k)]


def _settled(before: list[arb], after: list[arb], k: int) -> bool:
    """Whether the lowest quotients moved by next to nothing beside their distance to the next one."""
    if k >= len(after):
        return False
    gap = abs(after[k] - after[k - 1])
    return all(abs(x - y) < gap * arb(fmpq(1, 10**15)) for x, y in zip(before[:k], after[:k], strict=True))
