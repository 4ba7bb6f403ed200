"""Lines about descent under the PL inequality, and about singular values that move: several papers use them."""

from __future__ import annotations

import random

import sympy
from flint import fmpq, fmpq_mat

from .draws import contraction, eye, positive, share, with_spectrum
from .instances import rational
from .relations import Equation, Instances, Order, Relation, Sides, argument

N = 3
PHI, LAM, ETA, G, P, U = sympy.symbols("Phi lambda eta g p u", positive=True)
A, B = sympy.symbols("a b", positive=True)


@argument("descent-step", "margins eta u g^2/2 with u = 1 - eta beta, and eta p/2 with p = g^2 - lambda Phi")
def descent_step() -> tuple[Relation, ...]:
    beta = (1 - U) / ETA
    taylor = PHI - ETA * G**2 + beta * ETA**2 * G**2 / 2
    inequality = LAM * PHI + P  # the square of the gradient
    return (
        Order(taylor, PHI - ETA * G**2 / 2, ETA * U * G**2 / 2),
        Order(PHI - ETA * inequality / 2, (1 - ETA * LAM / 2) * PHI, ETA * P / 2),
    )


@argument("descent-root", "three margins; a and b are the roots of the loss before and after, g = sqrt(lambda) a + p")
def descent_root() -> tuple[Relation, ...]:
    root = sympy.sqrt(LAM)
    fall = ETA * G**2 / 2 + P  # at least half of eta g^2
    gradient = root * A + P
    return (
        Order((A**2 - B**2) / (2 * A), A - B, (A - B) ** 2 / (2 * A)),
        Order(ETA * G**2 / (4 * A), fall / (2 * A), P / (2 * A)),
        Order(ETA * gradient * root / 4, ETA * gradient**2 / (4 * A), ETA * gradient * P / (4 * A)),
    )


@argument("descent-telescope", "four steps, each 4/sqrt(lambda) times a difference of roots of the loss")
def descent_telescope() -> tuple[Relation, ...]:
    roots = sympy.symbols("a_0:5", positive=True)
    steps = [4 * (roots[k] - roots[k + 1]) / sympy.sqrt(LAM) for k in range(4)]
    bound = 4 * roots[0] / sympy.sqrt(LAM)
    return (
        Equation(sum(steps, sympy.Integer(0)), 4 * (roots[0] - roots[4]) / sympy.sqrt(LAM)),
        Order(4 * (roots[0] - roots[4]) / sympy.sqrt(LAM), bound, 4 * roots[4] / sympy.sqrt(LAM)),
    )


@argument("descent-inside", "the doubled line at Phi = 0, and the margin 2 a/sqrt(lambda)")
def descent_inside() -> tuple[Relation, ...]:
    start = sympy.Symbol("a_0", positive=True)
    root = sympy.sqrt(LAM)
    path = 4 * (start - A) / root + 2 * A / root
    return (
        Equation(A, 2 * (A**2 - 0) / (2 * A)),
        Equation(path, (4 * start - 2 * A) / root),
        Order(path, 4 * start / root, 2 * A / root),
    )


@argument("flow-rate", "the derivative of e^(lambda t) Phi, with Phi' = -lambda Phi - p")
def flow_rate() -> tuple[Relation, ...]:
    t = sympy.Symbol("t", nonnegative=True)
    loss = sympy.Function("Phi")(t)
    slope = sympy.diff(sympy.exp(LAM * t) * loss, t).subs(sympy.Derivative(loss, t), -LAM * loss - P)
    return (Equation(slope, -P * sympy.exp(LAM * t)),)


@argument("flow-root", "the chain rule, and the margin g p/(2 a) with g = sqrt(lambda) a + p")
def flow_root() -> tuple[Relation, ...]:
    t = sympy.Symbol("t", positive=True)
    loss = sympy.Function("Phi", positive=True)(t)
    chain = -sympy.diff(sympy.sqrt(loss), t).subs(sympy.Derivative(loss, t), -(G**2))
    gradient = sympy.sqrt(LAM) * A + P
    return (
        Equation(chain, G**2 / (2 * sympy.sqrt(loss))),
        Order(sympy.sqrt(LAM) * gradient / 2, gradient**2 / (2 * A), gradient * P / (2 * A)),
    )


@argument("flow-radius", "the path with its rest, the bound at the critical loss, and the integral of the rate")
def flow_radius() -> tuple[Relation, ...]:
    radius = sympy.Symbol("R", positive=True)
    critical = radius**2 * LAM / 4
    path, bound = 2 * (A - B) / sympy.sqrt(LAM), 2 * A / sympy.sqrt(LAM)  # a and b: roots of the first and later loss
    return (
        Order(path, bound, 2 * B / sympy.sqrt(LAM)),
        Equation(2 * sympy.sqrt(critical / LAM), radius),
        Equation(sympy.integrate(LAM * sympy.exp(-LAM * A), (A, 0, sympy.oo)), sympy.Integer(1)),
    )


@argument("singular-value-weyl", "(Z + P)'(Z + P) - (s - p)^2 I by elimination; equality for Z = sI, P = -pI")
def singular_value_weyl() -> tuple[Relation, ...]:
    def sides(z: fmpq_mat, p: fmpq_mat, room: fmpq) -> Sides:
        return eye(N, room**2), (z + p).transpose() * (z + p)

    def draw(rng: random.Random) -> Sides:
        s, part = positive(rng), share(rng)
        z = with_spectrum(rng, [s + abs(rational(rng)) for _ in range(N)])
        return sides(z, contraction(rng, N, s * part), s - s * part)

    return (Instances(draw, 116, (sides(eye(N, 4), eye(N, -1), fmpq(3)),)),)
