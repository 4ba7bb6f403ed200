"""Lines about Picard's iteration of a network whose weights contract, in rationals with a piecewise linear phi."""

from __future__ import annotations

import random

import sympy
from flint import fmpq, fmpq_mat

from ...proof_lines.draws import contraction, eye, matrix, share, squared
from ...proof_lines.relations import Equation, Instances, Relation, Sides, argument

N, COLUMNS, STEPS = 3, 2, 4


def _kinked(x: fmpq_mat, slope: fmpq) -> fmpq_mat:
    """An activation with the slopes ``slope`` and -``slope``/2, and the value 1 at 0."""
    values = [slope * t + 1 if t > 0 else 1 - slope * t / 2 for t in x.entries()]
    return fmpq_mat(x.nrows(), x.ncols(), values)


def _draw(rng: random.Random) -> tuple[fmpq_mat, fmpq_mat, fmpq, fmpq]:
    """Weights W of norm at most theta/L, the term UX, L and theta."""
    theta, slope = share(rng), share(rng) * 3
    return contraction(rng, N, theta / slope), matrix(rng, N, COLUMNS), slope, theta


@argument("picard-contraction", "squares of both sides for an activation with a kink; equality for a multiple of I")
def picard_contraction() -> tuple[Relation, ...]:
    def sides(w: fmpq_mat, bias: fmpq_mat, slope: fmpq, theta: fmpq, y: fmpq_mat, z: fmpq_mat) -> Sides:
        moved = _kinked(w * y + bias, slope) - _kinked(w * z + bias, slope)
        return squared(moved), theta**2 * squared(y - z)

    def draw(rng: random.Random) -> Sides:
        return sides(*_draw(rng), matrix(rng, N, COLUMNS), matrix(rng, N, COLUMNS))

    ones = fmpq_mat(N, COLUMNS, [1] * N * COLUMNS)
    return (Instances(draw, 150, (sides(eye(N, fmpq(1, 4)), ones, fmpq(2), fmpq(1, 2), ones * 3, ones),)),)


@argument("picard-iterates", "four iterates towards a known equilibrium; equality for a linear map")
def picard_iterates() -> tuple[Relation, ...]:
    def sides(w: fmpq_mat, slope: fmpq, theta: fmpq, z: fmpq_mat, bias: fmpq_mat) -> Sides:
        current = fmpq_mat(N, COLUMNS)
        for _ in range(STEPS):
            current = _kinked(w * current + bias, slope)
        return squared(z - current), theta ** (2 * STEPS) * squared(z)

    def draw(rng: random.Random) -> Sides:  # the equilibrium z >= 1 is given, and the bias that belongs to it
        w, _, slope, theta = _draw(rng)
        z = fmpq_mat(N, COLUMNS, [1 + abs(t) for t in matrix(rng, N, COLUMNS).entries()])
        argument_ = fmpq_mat(N, COLUMNS, [(t - 1) / slope if t > 1 else fmpq(0) for t in z.entries()])
        return sides(w, slope, theta, z, argument_ - w * z)

    ones = fmpq_mat(N, COLUMNS, [1] * N * COLUMNS)
    # with W = I/4 and slope 2, z = 2 = 2(z/4 + bias) + 1 at bias = 0: the iterates are 2 - 2/2^l
    return (Instances(draw, 151, (sides(eye(N, fmpq(1, 4)), fmpq(2), fmpq(1, 2), ones * 2, ones * 0),)),)


@argument("picard-residual", "t = r + theta t at the stated bound")
def picard_residual() -> tuple[Relation, ...]:
    theta, r = sympy.symbols("theta r", positive=True)
    bound = r / (1 - theta)
    return (Equation(bound, r + theta * bound),)
