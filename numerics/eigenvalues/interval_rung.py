r"""The rung for entries with radii: one matrix below all members, then one for each pattern of signs, as few as
suffice.

Every vector has some pattern of signs (up to a common one). A pattern is proved, for a bound t, by a matrix B that lies
below all members on the vectors of that pattern (:mod:`.radius_majorant`) and has no eigenvalue below t. Where one
fails, the sign of one more index is fixed, both ways; with all of them fixed the only member left is a vertex, which
decides. At most :math:`2^{n-1}` patterns are needed, the vertices of Rohn's theorem; their number is limited, and the
record says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from ..balls.budget import Budget
from ..balls.enclosure import float_below
from ..balls.printed import interval_text, text_above
from .cholesky import LARGEST_DIAGONAL
from .float_rungs import dense_guess
from .inverse_iteration import start_vector
from .ladder import Goal, Known, Problem
from .radius_majorant import (
    Signs,
    Vector,
    lowest_member,
    majorant_matrix,
    no_signs,
    symmetric_radii,
    vertex,
    weights,
)

ROUNDS = 8
"""Weights that are tried for one pattern of signs, at most."""
PATTERNS = 4096
"""Patterns of signs, at most."""
SECONDS = 4.0
"""CPU seconds that they may take, by forecast."""
SMALL, LARGE = 64, 512
"""Up to the first order there are patterns of signs, and balls; from the second one on no vertex is searched for."""
FLOATS = 64
"""A precision at which the ladder has no rung but those of float64."""
Climb = Callable[[Problem], Known]
"""The ladder for a matrix of exact numbers."""


@dataclass(slots=True, eq=False)
class _Search:
    """The bound that all patterns are to keep, the lowest member so far, and what was spent."""

    problem: Problem
    climb: Climb
    attained: Fraction
    vector: Vector
    budget: Budget
    patterns: int = 0
    solved: int = 0

    def lower(self, signs: Signs, goal: Goal, x: Vector) -> tuple[Fraction | None, Vector]:
        """The best lower bound on one pattern, and its lowest vector; stops once the bound of the goal is kept."""
        best: Fraction | None = None
        for _ in range(ROUNDS):
            below = majorant_matrix(self.problem.matrix, weights(x), signs)
            found = self.climb(Problem(below, None, self.budget, goal))
            self.solved += 1
            gain = None if best is None else found.lower - best
            best = found.lower if best is None else max(best, found.lower)
            if found.vector is None:
                break
            self.attain(found.vector)
            x = self.steeper(found.vector, x)
            if goal.bound is not None and goal.kept(best):
                break
            enough = Fraction(goal.relative_width) * abs(found.lower) if goal.bound is None else Fraction(0)
            if gain is not None and gain <= enough:
                break
        return best, x

    def steeper(self, found: Vector, x: Vector) -> Vector:
        """The geometric mean of the moduli, with the signs found: whole steps may go to and fro."""
        mean = np.sqrt(weights(found) * weights(x))
        return np.asarray(np.where(found < 0, -mean, mean) if np.any(x != 0) else found)

    def attain(self, x: Vector) -> None:
        """Remember the member that is lowest at x, or at the lowest vector of that one, and so on while it falls."""
        matrix = self.problem.matrix
        for _ in range(ROUNDS):
            value = lowest_member(matrix, x)
            if value < self.attained:
                self.attained, self.vector = value, x
            elif self.vector is not x:
                return
            if matrix.n >= LARGE:
                return
            x = dense_guess(vertex(matrix, x))[0]


@dataclass(frozen=True, slots=True)
class IntervalRung:
    """All members of a ball matrix of positive radii, by one matrix below them, then by patterns of signs."""

    climb_exact: Climb
    name: str = "interval matrix"

    def seconds(self, n: int) -> float:
        """A rough forecast of the CPU time of one matrix below the members."""
        return 4e-3 + 4e-10 * n**3

    def climb(self, problem: Problem, known: Known) -> Known:
        """Raise the lower end towards the lowest member, or show a member below the bound of the goal."""
        matrix, goal = problem.matrix, problem.goal
        largest = float(np.abs(matrix.mid).max())
        if not 0.0 < largest <= LARGEST_DIAGONAL or not float(np.max(matrix.rad)) <= LARGEST_DIAGONAL:
            return known.saying(self.name, "not tried: the entries are out of range.")
        x = start_vector(matrix.n) if known.vector is None else known.vector
        budget = problem.budget if matrix.n <= SMALL else replace(problem.budget, bits=FLOATS, max_bits=FLOATS)
        search = _Search(problem, self.climb_exact, lowest_member(matrix, x), x, budget)
        if self._settled(known, goal, search.attained):
            text = "the radii reach below the bound" if goal.bound is not None else "the norm of the radii is attained"
            return known.attaining(search.attained).saying(self.name, f"not needed: {text}.")
        lower, x = search.lower(no_signs(matrix.n), goal, x)
        known = known.with_bounds(f"{self.name} below one matrix", lower=lower)
        stopped = "one matrix below all members was enough."
        if not self._settled(known, goal, search.attained):
            proved, stopped = None, f"no patterns of signs above the order {SMALL}."
            if matrix.n <= SMALL:
                proved, stopped = self._patterns(search, x)
            if proved is not None:
                known = known.with_bounds(f"{self.name} by patterns of signs", lower=proved)
        spent = known.spent + search.solved * self.seconds(matrix.n)
        known = replace(known, spent=spent).attaining(search.attained)
        text = f"{search.solved} matrices below the members, {search.patterns} patterns of signs; the lowest member "
        text += f"has at most {text_above(search.attained, 9)}; proved {interval_text(known.lower, known.upper)}; "
        return known.saying(self.name, text + stopped)

    def _settled(self, known: Known, goal: Goal, attained: Fraction) -> bool:
        """Whether nothing is left to win: the goal is reached, or a member stands in its way."""
        if goal.reached(known.lower, known.upper):
            return True
        if goal.bound is not None:
            return attained < goal.bound or (goal.strict and attained == goal.bound)
        return attained - known.lower <= Fraction(goal.relative_width) * abs(attained)

    def _patterns(self, search: _Search, x: Vector) -> tuple[Fraction | None, str]:
        """A depth-first search through patterns of signs; what is proved of all of them, and why it stopped."""
        matrix, goal = search.problem.matrix, search.problem.goal
        reach = np.abs(x) * (symmetric_radii(matrix) @ np.abs(x))
        order = [int(i) for i in np.argsort(-reach, kind="stable")]
        first = no_signs(matrix.n)
        first[order[0]] = 1  # x and -x have the same quotient
        open_patterns, proved = [(first, 1, x)], None
        while open_patterns:
            signs, depth, x = open_patterns.pop()
            if search.patterns >= PATTERNS or search.solved * self.seconds(matrix.n) > SECONDS:
                return None, f"stopped after {search.patterns} patterns of signs: there may be 2^{matrix.n - 1}."
            search.patterns += 1
            search.attain(dense_guess(vertex(matrix, np.where(signs == 0, x, signs)))[0])
            floor = self._floor(search, goal)
            found, x = search.lower(signs, Goal(goal.relative_width, floor, goal.strict), x)
            if goal.bound is not None and search.attained < goal.bound:
                return None, "a member does not keep the bound."
            if found is not None and Goal(bound=self._floor(search, goal), strict=goal.strict).kept(found):
                proved = found if proved is None else min(proved, found)
                continue
            if depth == matrix.n:
                return None, "stopped at a vertex by the rounding of float64."
            for sign in (-1, 1) if x[order[depth]] * x[order[0]] >= 0 else (1, -1):  # the likelier one is taken first
                following = signs.copy()
                following[order[depth]] = sign
                open_patterns.append((following, depth + 1, x))
        return proved, "all patterns are proved."

    def _floor(self, search: _Search, goal: Goal) -> Fraction:
        """What every pattern is to keep: the bound, or a float64 number a little below the lowest member so far."""
        if goal.bound is not None:
            return goal.bound
        return Fraction(float_below(search.attained - abs(search.attained) * Fraction(goal.relative_width)))
