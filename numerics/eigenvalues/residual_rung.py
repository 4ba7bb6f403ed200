"""The float64 rung for tight clusters: a factor very near to the eigenvalue, and its residual to more digits."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from ..balls.printed import interval_text, text_above
from .cholesky import LARGEST_DIAGONAL, Matrix, ShiftedCholesky, factorise
from .float_rungs import LANCZOS_STEPS, polished, why
from .inverse_iteration import RitzPair, inverse_lanczos
from .ladder import Goal, Known, Problem
from .rayleigh import radius_form, rayleigh_quotient
from .residual import residual_norm

ROUNDS = 6
TRIES = 6


@dataclass(frozen=True, slots=True)
class ResidualRung:
    r"""Float64: :math:`\lambda_{\min}(A) \ge c - \|A - cI - LL^T\|` with the residual to twice the digits.

    A factorisation runs to the end much nearer to the least eigenvalue than its a-priori error bound tells, and close
    by inverse Lanczos tells the eigenvalues of a cluster apart.
    """

    name: str = "float64 Cholesky with its residual"

    def climb(self, problem: Problem, known: Known) -> Known:
        """A few factorisations and one residual, which costs as much as five of them."""
        matrix, v = problem.matrix, known.vector
        a, radius, goal = matrix.mid, matrix.radius_norm(), problem.goal
        if v is None or not 0.0 < float(np.diagonal(a).max()) <= LARGEST_DIAGONAL:
            return known.saying(self.name, "not tried: no approximate eigenvector.")
        if radius > goal.relative_width * abs(float(known.upper)):
            return known.saying(
                self.name, f"not tried: the radius of the entries, {text_above(radius, 3)}, is what is left."
            )
        proof, pair, count = self._approach(a, v, goal, float(known.lower))
        quotient = rayleigh_quotient(a, pair.vector, extended=True)
        known = replace(known, vector=pair.vector, second=pair.second)
        known = known.with_bounds(self.name, upper=quotient.upper + Fraction(radius_form(matrix, pair.vector)))
        if proof is None:
            return known.saying(self.name, f"{count} factorisations nearer to the eigenvalue stopped.")
        norm = residual_norm(a, proof)
        if norm is None:
            return known.saying(self.name, "the factor leaves the range in which its residual is bounded.")
        known = known.with_bounds(self.name, lower=Fraction(proof.shift) - Fraction(norm) - Fraction(radius))
        text = f"{count} factorisations, shift {proof.shift:.17g}, residual at most {text_above(norm, 3)}; "
        return known.saying(
            self.name, text + f"proved {interval_text(known.lower, known.upper)}; " + why(problem, known, norm)
        )

    def _approach(self, a: Matrix, v: Matrix, goal: Goal, lower: float) -> tuple[ShiftedCholesky | None, RitzPair, int]:
        """Factors at shifts nearer and nearer to the least eigenvalue; the last one that ran to the end."""
        value = float(v @ (a @ v)) / float(v @ v)
        pair = RitzPair(v, 0.0, math.inf, math.inf)
        work, count = np.empty(a.shape), 0
        margin, floor, proof = self._margin(goal, value), lower, None
        for _ in range(ROUNDS):
            found = None
            for _ in range(TRIES):
                if not value - margin > floor:
                    break
                count += 1
                found = factorise(a, value - margin, work=work)
                if found is not None:
                    break
                margin *= 8.0
            if found is None:
                if proof is not None:  # the buffer holds what is left of a later attempt
                    proof = factorise(a, proof.shift, work=work)
                    count += 1
                break
            proof, floor = found, found.shift
            pair = inverse_lanczos(found.solve, pair.vector, steps=LANCZOS_STEPS, tolerance=1e-13, shift=found.shift)
            w = polished(found, pair.vector)
            pair = replace(pair, vector=w, second=found.shift + pair.second)
            value = min(float(w @ (a @ w)), value)
            margin = self._margin(goal, value)
            if value - found.shift <= 2.0 * margin:
                break
        return proof, pair, count

    def _margin(self, goal: Goal, value: float) -> float:
        """How far below the guess the shift should lie for the goal."""
        if goal.bound is not None and goal.bound < value:
            return float(Fraction(value) - goal.bound) / 2
        return goal.relative_width * abs(value) / 4
