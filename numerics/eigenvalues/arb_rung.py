"""The rung of arbitrary precision: approximate LDL^T with a residual in balls, shifts by inverse iteration."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from flint import arb, arb_mat, fmpq

from ..balls.ball import Ball
from ..balls.precision import precision
from ..balls.printed import interval_text, text_above
from ..kernels.ballmatrix import BallMatrix
from .inverse_iteration import start_vector
from .ladder import Known, Problem
from .ldlt import LDLT, arb_rayleigh_quotient, ldlt, ldlt_lower_bound

ROUNDS = 12
ITERATIONS = 24


def entries_in_balls(matrix: BallMatrix) -> arb_mat:
    """The entries as an ``arb_mat``: the high-precision ones when there are any, else ``mid ± rad`` (exact ends).

    >>> entries_in_balls(BallMatrix(np.eye(2), 0.5))[0, 0].contains(1.5)
    True
    """
    if matrix.arb is not None:
        return matrix.arb
    n = matrix.n
    if not np.any(matrix.rad):
        return arb_mat(n, n, matrix.mid.ravel().tolist())
    return arb_mat([[arb(float(matrix.mid[i, j]), matrix.radius(i, j)) for j in range(n)] for i in range(n)])


@dataclass(frozen=True, slots=True)
class LDLTRung:
    """One precision of the ladder.

    A shift is placed just below the best Rayleigh quotient; its factor either proves the shift as a lower bound, or
    gives a direction with a smaller quotient. Inverse iteration with the same factor sharpens the quotient.
    """

    bits: int

    @property
    def name(self) -> str:
        """The rung with its precision."""
        return f"arb LDL^T at {self.bits} bits"

    def seconds(self, n: int) -> float:
        """A rough forecast of the CPU time of one round, from n³ products at this precision."""
        return 4e-8 * n**3 * max(1.0, self.bits / 256)

    def climb(self, problem: Problem, known: Known) -> Known:
        """Raise the shift until the goal is reached, the precision is spent, or the rounds are."""
        n, goal = problem.matrix.n, problem.goal
        rounds = int(min(ROUNDS, known.seconds_left(problem) / self.seconds(n)))
        if rounds < 1:
            return known.saying(self.name, f"not tried: about {self.seconds(n):.0f} s would exceed the budget.")
        matrix = problem.matrix if problem.refine is None else problem.refine(self.bits)
        if matrix.n != n:
            raise ValueError(f"refine({self.bits}) gave a matrix of order {matrix.n} instead of {n}")
        a = entries_in_balls(matrix)
        start = start_vector(n) if known.vector is None else known.vector
        vector = arb_mat(n, 1, start.tolist())
        shift = self._first_shift(known, problem)
        tried, stopped = 0, ""
        resolution = _largest_diagonal(problem.matrix) / 2 ** (self.bits - 32)  # until a residual is known
        for _ in range(rounds):
            factor = ldlt(a, shift, self.bits)
            tried += 1
            if factor is None:
                shift = (shift + known.lower) / 2
                continue
            bound = ldlt_lower_bound(a, factor)
            direction = factor.negative_direction()
            if direction is not None:
                vector = self._better(a, vector, direction)
            vector, quotient = self._iterate(a, factor, vector)
            upper = Ball(quotient).upper if quotient.is_finite() else None
            known = known.with_bounds(self.name, lower=bound, upper=upper)
            if bound is not None:
                resolution = shift - bound
            if goal.reached(known.lower, known.upper):
                break
            following = self._next_shift(known, problem, shift, bound is not None, resolution)
            if following is None:
                stopped = f"by the residual {text_above(resolution, 3)} (rounding and radii of the entries)"
                break
            shift = following
        else:
            stopped = "by the budget" if rounds < ROUNDS else "after the last round"
        known = replace(known, spent=known.spent + tried * self.seconds(n))
        text = f"{tried} factorisations; proved {interval_text(known.lower, known.upper)}; "
        if goal.reached(known.lower, known.upper):
            text += "good enough."
        else:
            text += f"stopped {stopped}."
        return known.saying(self.name, text)

    def _first_shift(self, known: Known, problem: Problem) -> Fraction:
        goal = problem.goal
        if goal.bound is not None and known.lower < goal.bound < known.upper:
            return goal.bound
        if known.lower <= 0 < known.upper:
            return Fraction(0)
        return known.upper - abs(known.upper) * Fraction(goal.relative_width) / 2

    def _next_shift(
        self, known: Known, problem: Problem, shift: Fraction, proved: bool, resolution: Fraction
    ) -> Fraction | None:
        """Just below the best quotient; after a failure, four times further away; None: no progress left."""
        goal, low, high = problem.goal, known.lower, known.upper
        if goal.bound is not None and low <= goal.bound < high:
            following = max(goal.bound + resolution * 2, high - (high - goal.bound) / 2)
        else:
            following = high - abs(high) * Fraction(goal.relative_width) / 2
        if not proved and high < 0:  # indefinite: first a shift below the whole spectrum, where inverse iteration works
            following = 2 * min(shift, high)
        elif not proved and following >= shift:
            step = max(4 * (high - shift), abs(high) * Fraction(goal.relative_width), 4 * resolution)
            following = high - step
        if following - resolution * 2 <= low:
            following = (low + high) / 2
        if high - low <= 8 * resolution or (high - low) <= abs(high) / 2 ** (self.bits - 8):
            return None
        return following

    def _better(self, a: arb_mat, first: arb_mat, second: arb_mat) -> arb_mat:
        one, two = (arb_rayleigh_quotient(a, v, self.bits) for v in (first, second))
        return second if two < one else first

    def _iterate(self, a: arb_mat, factor: LDLT, vector: arb_mat) -> tuple[arb_mat, arb]:
        """Inverse iteration with the given factor while the Rayleigh quotient falls noticeably."""
        best = arb_rayleigh_quotient(a, vector, self.bits)
        for _ in range(ITERATIONS):
            with precision(self.bits):
                w = factor.solve(vector)
                largest = max((abs(x).mid() for x in w.entries()), key=float)
                if not largest.is_finite() or not largest > 0:
                    break
                candidate = (w * (1 / largest)).mid()
                quotient = arb_rayleigh_quotient(a, candidate, self.bits)
                if not quotient < best:
                    break
                small = (best - quotient) < abs(quotient) * arb(fmpq(1, 10**12))
            vector, best = candidate, quotient
            if small:
                break
        return vector, best


def _largest_diagonal(matrix: BallMatrix) -> Fraction:
    return Fraction(float(np.max(np.abs(np.diagonal(matrix.mid)))))
