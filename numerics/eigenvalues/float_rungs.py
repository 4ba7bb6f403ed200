"""The float64 rungs of the eigenvalue ladder: Rump's Cholesky, then Temple's bound on a deflated Cholesky."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from scipy.linalg import LinAlgError, eigh
from scipy.sparse.linalg import ArpackError, eigsh

from ..balls.enclosure import float_above
from ..balls.printed import interval_text, text_above, text_below
from .blocked import Progress
from .cholesky import LARGEST_DIAGONAL, Matrix, ShiftedCholesky, backward_error, factorise
from .guess import SMALLEST_ORDER, single_precision_guess
from .inverse_iteration import RitzPair, inverse_lanczos, start_vector
from .ladder import Goal, Known, Problem
from .rayleigh import radius_form, rayleigh_quotient
from .temple import complement_lower_bound, temple_lower_bound

LANCZOS_STEPS = 64
ROUNDS = 6
TRIES = 5
RESTARTS = 20
"""Restarts of ARPACK, twenty products each; what has not converged then is a cluster, which LAPACK finds sooner."""


@dataclass(slots=True, eq=False)
class _Search:
    """The best factorisation so far and the buffer that it lives in."""

    a: Matrix
    work: Matrix
    error: float
    progress: Progress | None = None
    proof: ShiftedCholesky | None = None
    factorisations: int = 0

    def attempt(self, shift: float) -> ShiftedCholesky | None:
        self.factorisations += 1
        self.proof = factorise(self.a, shift, work=self.work, progress=self.progress)
        return self.proof


@dataclass(frozen=True, slots=True)
class CholeskyRung:
    r"""Float64: a shift just below a guess of the least eigenvalue, proved by one completed factorisation.

    For large matrices the guess comes from a single precision factor (:mod:`.guess`), so that one factorisation in
    double precision is enough; otherwise, or to sharpen it, from inverse Lanczos on the factor of the previous shift,
    the first shift being 0. A factorisation that stops makes the distance to the guess eight times larger. With a
    bound as the goal, the first shift is the bound itself plus all that is lost on the way.
    """

    name: str = "float64 Cholesky"

    def climb(self, problem: Problem, known: Known) -> Known:
        """Two-sided bounds from at most a few factorisations and O(n²) besides."""
        matrix, goal = problem.matrix, problem.goal
        diagonal = np.diagonal(matrix.mid)
        if not 0.0 < float(diagonal.max()) <= LARGEST_DIAGONAL:
            return known.saying(self.name, "not tried: the diagonal has no positive entry, or is out of range.")
        error = backward_error(np.maximum(diagonal, 0.0))
        radius = matrix.radius_norm()
        search = _Search(matrix.mid, np.empty(matrix.mid.shape), error, problem.progress)
        lowers: list[float] = []
        if goal.bound is not None:
            aimed = search.attempt(float_above(goal.bound + Fraction(radius) + Fraction(error) * Fraction(9, 8)))
            if aimed is not None:
                lowers.append(aimed.lower)
        pair, value = self._approach(search, goal, radius, lowers)
        quotient = rayleigh_quotient(matrix.mid, pair.vector)
        if quotient.upper - quotient.lower > Fraction(goal.relative_width) / 8 * abs(quotient.lower):
            quotient = rayleigh_quotient(matrix.mid, pair.vector, extended=True)
        known = replace(known, vector=pair.vector, second=pair.second)
        lower = Fraction(max(lowers)) - Fraction(radius) if lowers else None
        upper = quotient.upper + Fraction(radius_form(matrix, pair.vector))
        known = known.with_bounds(self.name, lower=lower, upper=upper)
        text = (
            f"{search.factorisations} factorisations, backward error {text_above(error, 3)}, radius of the entries"
            f" {text_above(radius, 3)}, guess {value:.9g}; proved {interval_text(known.lower, known.upper)}; "
        )
        return known.saying(self.name, text + why(problem, known, error))

    def _approach(self, search: _Search, goal: Goal, radius: float, lowers: list[float]) -> tuple[RitzPair, float]:
        """Raise the shift towards the least eigenvalue; returns the guessed pair and appends what was proved."""
        a, error, width = search.a, search.error, goal.relative_width
        n = a.shape[0]
        v, value, pair = start_vector(n), math.nan, RitzPair(start_vector(n), 0.0, math.inf, math.inf)
        guess = None
        if search.proof is None and n >= SMALLEST_ORDER:
            if search.progress is not None:
                search.progress("guess in single precision", 0.0)
            guess = single_precision_guess(a, search.work, tolerance=width / 32)
        if guess is not None:
            pair, value = guess
            v = pair.vector
            if goal.bound is not None and value < goal.bound:
                return pair, value  # a Rayleigh quotient below the bound settles it
            likely = min(max(4.0 * pair.error, width * abs(value) / 8), width * abs(value) / 2)  # estimates exaggerate
            self._below(search, value, max(likely, error / 16), lowers)
        if search.proof is None and search.attempt(0.0) is None and search.attempt(-4.0 * error) is None:
            v, value = dense_guess(a)
            pair = RitzPair(v, 0.0, math.inf, math.inf)
            self._below(search, value, 2.0 * error + 1e-14 * abs(value), lowers)
            if search.proof is None:
                return pair, value
        for _ in range(ROUNDS):
            proof = search.proof
            if proof is None:
                break
            lowers.append(proof.lower)
            if self._enough(goal, max(lowers) - radius, value):
                break
            pair = inverse_lanczos(proof.solve, v, steps=LANCZOS_STEPS, tolerance=width / 64, shift=proof.shift)
            v = polished(proof, pair.vector)
            value = min(float(v @ (a @ v)), proof.shift + pair.distance)
            pair = replace(pair, vector=v, second=proof.shift + pair.second)
            if value - max(lowers) <= 1.25 * error or self._enough(goal, max(lowers) - radius, value):
                break
            margin = max(4.0 * pair.error, error / 16, 4e-16 * abs(value), width * abs(value) / 16)
            if not self._below(search, value, margin, lowers):
                break
        return pair, value

    def _enough(self, goal: Goal, lower: float, value: float) -> bool:
        """Whether ``lower`` and the guess would reach the goal with something to spare."""
        if not (math.isfinite(lower) and math.isfinite(value)):
            return False
        if goal.bound is None:
            nearer = min(abs(lower), abs(value)) if (lower > 0) is (value > 0) else 0.0
            return value - lower <= goal.relative_width * nearer * 0.75
        return goal.reached(Fraction(lower), Fraction(value))

    def _below(self, search: _Search, value: float, margin: float, lowers: list[float]) -> bool:
        """Factorise a little below ``value``, stepping back geometrically; whether this gave a better bound."""
        best = max(lowers, default=-math.inf)
        for _ in range(TRIES):
            shift = value - margin
            if shift - search.error <= best:
                return False
            if search.attempt(shift) is not None:
                return True
            margin *= 8.0
        return False


@dataclass(frozen=True, slots=True)
class TempleRung:
    """Float64 with an error quadratic in the residual: for a least eigenvalue near the backward error of Cholesky."""

    name: str = "deflated Cholesky with Temple's bound"

    def climb(self, problem: Problem, known: Known) -> Known:
        """One or two factorisations of the deflated matrix, and one extended-precision product with the vector."""
        matrix, v = problem.matrix, known.vector
        a, radius = matrix.mid, matrix.radius_norm()
        if v is None:
            return known.saying(self.name, "not tried: no approximate eigenvector.")
        if radius > problem.goal.relative_width * abs(float(known.upper)):
            return known.saying(
                self.name, f"not tried: the radius of the entries, {text_above(radius, 3)}, is what is left."
            )
        v = v / np.linalg.norm(v)
        quotient = rayleigh_quotient(a, v, extended=True)
        error = backward_error(np.maximum(np.diagonal(a), 0.0))
        known = known.with_bounds(self.name, upper=quotient.upper + Fraction(radius_form(matrix, v)))
        work = np.empty(a.shape)
        tau = max(2.0 * abs(quotient.sigma), 4.0 * error, float(np.diagonal(a).max()) / 16)
        complement = complement_lower_bound(a, v, tau, quotient.sigma, work=work)
        if complement is None:
            return known.saying(
                self.name, "the deflated matrix does not factorise: the second eigenvalue is too close."
            )
        guess = inverse_lanczos(complement.solve, start_vector(v.size), steps=LANCZOS_STEPS, tolerance=1e-3)
        for fraction in (0.7, 0.3, 0.1):
            complement = complement_lower_bound(a, v, tau, quotient.sigma + fraction * guess.distance, work=work)
            bound = None if complement is None else temple_lower_bound(quotient, complement.beta)
            if bound is not None and complement is not None:
                known = known.with_bounds(self.name, lower=bound - Fraction(radius))
                text = f"residual {text_above(quotient.residual, 3)}, "
                text += f"form above {text_below(complement.beta, 6)} off the vector; "
                text += f"proved {interval_text(known.lower, known.upper)}; "
                return known.saying(self.name, text + why(problem, known, 0.0))
        return known.saying(
            self.name,
            f"the gap to the second eigenvalue, about {guess.distance:.3g}, is below the backward error"
            f" {text_above(error, 3)}.",
        )


def polished(proof: ShiftedCholesky, v: Matrix) -> Matrix:
    """One inverse iteration: a Ritz vector of the inverse has traces of the upper spectrum, which A would magnify."""
    w = proof.solve(v)
    largest = float(np.max(np.abs(w)))
    if not 0.0 < largest < math.inf:
        return v
    w = w / largest
    return np.asarray(w / np.linalg.norm(w), dtype=np.float64)


def dense_guess(a: Matrix) -> tuple[Matrix, float]:
    """An approximate lowest eigenpair by LAPACK, or by ARPACK for many rows: for matrices that are not definite."""
    if a.shape[0] >= SMALLEST_ORDER:
        try:
            values, vectors = eigsh(a, k=1, which="SA", v0=start_vector(a.shape[0]), tol=1e-6, maxiter=RESTARTS)
            return np.ascontiguousarray(vectors[:, 0]), float(values[0])
        except ArpackError:
            pass
    try:
        values, vectors = eigh(a, subset_by_index=[0, 0])
        return np.ascontiguousarray(vectors[:, 0]), float(values[0])
    except (LinAlgError, ValueError):
        i = int(np.argmin(np.diagonal(a)))
        v = np.zeros(a.shape[0])
        v[i] = 1.0
        return v, float(a[i, i])


def why(problem: Problem, known: Known, error: float) -> str:
    """Why a float64 rung stopped where it did."""
    if problem.goal.reached(known.lower, known.upper):
        return "good enough."
    radius = problem.matrix.radius_norm()
    width = float(known.upper - known.lower)
    if radius > width / 8:
        return "stopped by the radius of the entries."
    if error > width / 8:
        return "stopped by the backward error of the factorisation."
    return "stopped by the rounding of float64."
