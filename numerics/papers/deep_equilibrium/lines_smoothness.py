"""Lines about the smoothness of the loss of an equilibrium model, and the constants of the training theorem in use."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import partial

import sympy
from flint import arb, fmpq, fmpq_mat

from ...proof_lines.draws import eye, matrix, positive, share, with_spectrum
from ...proof_lines.instances import hadamard
from ...proof_lines.relations import Equation, Instances, Order, Relation, Sides, argument
from .training.explicit_constants import StartingPoint, explicit_constants

N = 3
WIDTH, RECURRENT, INPUTS, READOUT, POINTS, FIRST, SECOND, E0, LAM, STATE, LIP, BEND, ZERO, MOST = SYMBOLS = (
    sympy.symbols("m w u a X x_1 x_2 e_0 lambda_0 Z L L_2 phi_0 phi_inf", positive=True)
)
RADIUS = sympy.Symbol("R", positive=True)
RHO_W, RHO_U, RHO_A = RECURRENT + RADIUS, INPUTS + RADIUS, READOUT + RADIUS
KAPPA = 1 / (1 - LIP * RHO_W)
ELL = LIP * KAPPA
SIZE = sympy.Min(
    KAPPA * (ZERO * sympy.sqrt(2 * WIDTH) + LIP * RHO_U * sympy.sqrt(FIRST**2 + SECOND**2)),
    MOST * sympy.sqrt(2 * WIDTH),
    evaluate=False,
)
SLOPE2 = SIZE**2 + (SIZE**2 + POINTS**2) * RHO_A**2 * ELL**2


def _bend(x: sympy.Expr) -> sympy.Expr:
    """The bound of the second derivative of the output at one of the two inputs, of norm x."""
    b = KAPPA * (ZERO * sympy.sqrt(WIDTH) + LIP * RHO_U * x)
    b = sympy.Min(b, MOST * sympy.sqrt(WIDTH), evaluate=False)
    q = sympy.sqrt(b**2 + x**2)
    return RHO_A * (BEND * KAPPA**3 * q**2 + 2 * ELL**2 * q) + ELL * q


STATED = {
    "radius": RADIUS,
    "contraction": LIP * RHO_W,
    "gap": ELL * sympy.sqrt(STATE**2 + POINTS**2) * RADIUS / ((1 - 1 / sympy.sqrt(2)) * sympy.sqrt(LAM)),
    "smoothness": SLOPE2 + (E0 + sympy.sqrt(SLOPE2) * RADIUS) * sympy.sqrt(_bend(FIRST) ** 2 + _bend(SECOND) ** 2),
    "rate": LAM / 2,
}
"""The constants of the theorem for two inputs, as the lemma states them."""
SPEEDS = {False: 2, True: 1}
"""Descent has twice the radius of the flow."""


@argument("smoothness-state", "1 + rho_w l = kappa")
def smoothness_state() -> tuple[Relation, ...]:
    w, lip = sympy.symbols("rho_w L", positive=True)
    kappa = 1 / (1 - lip * w)
    return (Equation(1 + w * lip * kappa, kappa),)


@argument("smoothness-output", "the margin for s^2 + t^2 = 1, with r for rho_a times the bracket")
def smoothness_output() -> tuple[Relation, ...]:
    r, p = sympy.symbols("r p", positive=True)
    s, t = sympy.symbols("s t", real=True)
    one = s**2 + t**2
    return (Order(r * s**2 + 2 * s * t * p, (r + p) * one, r * t**2 + p * (s - t) ** 2),)


@argument(
    "smoothness-slope", "Schur products with a matrix of known spectrum, by elimination; equality for multiples of I"
)
def smoothness_slope() -> tuple[Relation, ...]:
    def sides(a: fmpq_mat, largest: fmpq, b: fmpq_mat) -> Sides:
        return hadamard(a, b), eye(N, largest * max(b[i, i] for i in range(N)))

    def draw(rng: random.Random) -> Sides:
        eigenvalues, b = [positive(rng) for _ in range(N)], matrix(rng, N, N)
        return sides(with_spectrum(rng, eigenvalues), max(eigenvalues), b * b.transpose())

    return (Instances(draw, 110, (sides(eye(N, 2), fmpq(2), eye(N, 3)),)),)


def _start(rng: random.Random, least: arb) -> StartingPoint:
    """Norms that no network need have."""
    u, a, X, x, y, z = (arb(positive(rng)) for _ in range(6))
    return StartingPoint(rng.randint(1, 9), arb(share(rng)) / 2, u, a, X, (x, y), arb(share(rng)) / 64, least, z)


def _values(s: StartingPoint, lip: arb, bend: arb, zero: arb, most: arb, radius: arb) -> tuple[arb, ...]:
    """The values of the symbols at a start."""
    return (
        *(arb(s.width), s.recurrent, s.inputs, s.readout, s.points, *s.point_norms, s.residual, s.least, s.state),
        *(lip, bend, zero, most, radius),
    )


def _at(name: str) -> Callable[..., arb]:
    found: Callable[..., arb] = sympy.lambdify(
        (*SYMBOLS, RADIUS), STATED[name], modules=[{"sqrt": lambda x: arb(x).sqrt(), "min": lambda x, y: arb(x).min(y)}]
    )
    return found


@argument("smoothness-in-use", "at made starting points with two inputs, for descent and for the flow")
def smoothness_in_use() -> tuple[Relation, ...]:
    def draw(rng: random.Random, name: str, value: Callable[..., arb]) -> Sides:
        start, lip, flow = _start(rng, arb(share(rng)) + 1), arb(1) - arb(share(rng)) / 2, rng.random() < 0.5
        bend, zero, most = (arb(positive(rng)) for _ in range(3))
        radius = SPEEDS[flow] * arb(2).sqrt() * start.residual / start.least.sqrt()
        found = explicit_constants(start, lip, bend, zero, most, flow=flow)
        return getattr(found, name), value(*_values(start, lip, bend, zero, most, radius))

    def singular(rng: random.Random) -> Sides:
        """With lambda_0 = 0 nothing is said but the contraction at the start."""
        start, one = _start(rng, arb(0)), arb(1)
        lip = one - arb(share(rng)) / 2
        found = explicit_constants(start, lip, one, one)
        return found.contraction, _at("contraction")(*_values(start, lip, one, one, one, arb(0)))

    constants = (
        Instances(partial(draw, name=name, value=_at(name)), 111 + k, equal=True) for k, name in enumerate(STATED)
    )
    return *constants, Instances(singular, 118, equal=True)
