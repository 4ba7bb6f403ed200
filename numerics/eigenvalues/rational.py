r"""Least eigenvalues of exact matrices, decided over the rationals: the last rung, and the only one that sees equality.

All roots of the characteristic polynomial p of a symmetric matrix are real, so that Descartes' rule is exact: the
number of eigenvalues above c, with multiplicity, is the number of sign changes in the coefficients of
:math:`p(x + c)`, and c itself is one exactly when :math:`p(c) = 0`. Proof: ``docs/error-analysis.md``, "Exact rung".
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from flint import arb_mat, fmpz_mat, fmpz_poly

from ..balls.ball import exact
from ..balls.printed import interval_text
from ..kernels.ballmatrix import BallMatrix
from .ladder import Goal, Known, Problem

STEPS = 400
DOUBLINGS = 15
LARGEST_ORDER = 300


@dataclass(frozen=True, slots=True, eq=False)
class ExactSpectrum:
    r"""The characteristic polynomial of :math:`2^k A`, which has integer entries; made by :func:`exact_spectrum`."""

    polynomial: fmpz_poly
    scale: int

    def below(self, c: Fraction) -> tuple[int, bool]:
        """How many eigenvalues are below c, with multiplicity, and whether c is one.

        >>> exact_spectrum(BallMatrix(np.diag([1.0, 2.0, 2.0, 3.0]), 0.0)).below(Fraction(2))
        (1, True)
        """
        n = self.polynomial.degree()
        q, p = c.denominator, c.numerator << self.scale
        # q^n p(x/q) has integer coefficients and the roots q * 2^k * lambda; shift it by p
        cleared = fmpz_poly([self.polynomial[i] * q ** (n - i) for i in range(n + 1)])
        shifted = cleared(fmpz_poly([p, 1]))
        signs = [int(x > 0) * 2 - 1 for x in shifted.coeffs() if x != 0]
        at_zero = next(i for i in range(n + 1) if shifted[i] != 0)
        above = sum(s != t for s, t in pairwise(signs))
        return n - above - at_zero, at_zero > 0


def exact_spectrum(matrix: BallMatrix) -> ExactSpectrum | None:
    """The characteristic polynomial of a matrix whose entries are all exact; None when one is a ball.

    >>> exact_spectrum(BallMatrix(np.eye(2), 0.5)) is None
    True
    """
    entries = _exact_entries(matrix)
    if entries is None:
        return None
    scale = max(x.denominator.bit_length() - 1 for x in entries)
    n = matrix.n
    integers = fmpz_mat(n, n, [x.numerator << (scale - x.denominator.bit_length() + 1) for x in entries])
    return ExactSpectrum(integers.charpoly(), scale)


def _exact_entries(matrix: BallMatrix) -> list[Fraction] | None:
    if matrix.arb is not None:
        entries: arb_mat = matrix.arb
        values = entries.entries()
        return [exact(x) for x in values] if all(x.is_exact() and x.is_finite() for x in values) else None
    return None if np.any(matrix.rad) else [Fraction(x) for x in matrix.mid.ravel().tolist()]


def isolate(spectrum: ExactSpectrum, low: Fraction, high: Fraction, goal: Goal) -> tuple[Fraction, Fraction]:
    r"""Bisect [low, high], which contains the least eigenvalue, until the goal is reached; equal ends mean equality.

    The bound of the goal and 0 are tried first, since a least eigenvalue that *is* one of them never shows otherwise.

    >>> s = exact_spectrum(BallMatrix(np.ones((3, 3)), 0.0))
    >>> isolate(s, Fraction(-1), Fraction(1), Goal())
    (Fraction(0, 1), Fraction(0, 1))
    """

    def split(c: Fraction) -> None:
        nonlocal low, high
        if low <= c <= high:
            count, root = spectrum.below(c)
            low, high = (low, c) if count else (c, c if root else high)

    for c in (goal.bound, Fraction(0)):
        if c is not None:
            split(c)
    edge = Fraction(0) if goal.bound is None else goal.bound
    for doublings in range(DOUBLINGS):  # nearer and nearer to an end that may be missed by next to nothing
        if low == high or goal.reached(low, high) or edge not in (low, high):
            break
        gap = (high - low) / 2 ** (2**doublings)
        split(low + gap if low == edge else high - gap)
    for _ in range(STEPS):
        if low == high or goal.reached(low, high) or high - low <= abs(high) / 2**60:
            break
        split(_between(low, high))
    return low, high


def _between(low: Fraction, high: Fraction) -> Fraction:
    """A number with few digits inside an interval; halfway between the exponents when they differ."""
    if low > 0:
        e, f = (x.numerator.bit_length() - x.denominator.bit_length() for x in (low, high))
        if f - e > 3:
            return Fraction(2) ** ((e + f) // 2)
    middle, width = (low + high) / 2, high - low
    digits = max(width.denominator.bit_length() - width.numerator.bit_length(), 0) + 12
    rounded = Fraction(round(middle * 2**digits), 2**digits)
    return rounded if low < rounded < high else middle


@dataclass(frozen=True, slots=True)
class RationalRung:
    """Exact arithmetic for matrices of exact entries: settles equality, which no enclosure of positive width can."""

    name: str = "exact characteristic polynomial"

    def seconds(self, n: int, bits: int) -> float:
        """A rough forecast of the CPU time."""
        return 2e-11 * n**4 * bits

    def climb(self, problem: Problem, known: Known) -> Known:
        """Count eigenvalues on either side of rational numbers."""
        n = problem.matrix.n
        matrix = problem.matrix
        if problem.refine is not None and _exact_entries(matrix) is None:
            matrix = problem.refine(problem.budget.max_bits)
        entries = _exact_entries(matrix)
        if entries is None:
            return known.saying(self.name, "not tried: the entries are balls, not exact numbers.")
        bits = max(x.denominator.bit_length() for x in entries) + max(x.numerator.bit_length() for x in entries)
        if n > LARGEST_ORDER:
            return known.saying(self.name, f"not tried: the order {n} is above {LARGEST_ORDER}.")
        if self.seconds(n, bits) > known.seconds_left(problem):
            return known.saying(self.name, f"not tried: {n} rows of {bits} bits would exceed the budget.")
        spectrum = exact_spectrum(matrix)
        assert spectrum is not None
        low, high = isolate(spectrum, known.lower, known.upper, problem.goal)
        known = known.with_bounds(self.name, lower=low, upper=high)
        text = f"the least eigenvalue is exactly {low}." if low == high else f"proved {interval_text(low, high)}."
        return known.saying(self.name, text)
