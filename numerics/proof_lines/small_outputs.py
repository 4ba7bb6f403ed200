"""Lines about gradient descent with small output weights: several papers use them."""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction
from functools import partial

import sympy
from flint import arb, fmpq, fmpq_mat

from ..balls.ball import enclose
from ..balls.precision import precision
from ..small_output_descent.closed_forms import TABLE, Row
from ..small_output_descent.horizon import Start, horizon
from .draws import diagonal, eye, inner, matrix, orthogonal, positive, share, squared, vector
from .registry import Checked, Kind, line
from .relations import BITS, Equation, Instances, Order, Relation, Sides, argument

N, ROWS = 3, 4
ETA, LAM, TOP, P, U, Q, GAP = sympy.symbols("eta lambda Lambda p u q g", positive=True)
OMEGA, Y, T, K, J = sympy.symbols("omega_0 Y t K J", positive=True)
A, B, DELTA = sympy.symbols("a b Delta", positive=True)
THETA = sympy.Symbol("theta", positive=True)


@argument("small-output-identity", "two networks with other features, in rationals")
def identity() -> tuple[Relation, ...]:
    def draw(rng: random.Random) -> Sides:
        before, after, w, y = matrix(rng, ROWS, N), matrix(rng, ROWS, N), vector(rng, ROWS), vector(rng, N)
        eta, e = positive(rng), before.transpose() * w - y
        moved = w - before * e * eta
        right = (eye(N) - before.transpose() * before * eta) * e + (after - before).transpose() * moved
        return after.transpose() * moved - y, right

    return (Instances(draw, 401, equal=True),)


@argument("small-output-no-overshoot", "eta lambda <= 1 with Lambda = lambda + p, and the margin u (T - T_k)")
def no_overshoot() -> tuple[Relation, ...]:
    past, rest = sympy.symbols("T_k g", positive=True)  # rest = T - T_k
    return (
        Order(2 * LAM / (LAM + P + LAM), sympy.Integer(1), P / (2 * LAM + P)),
        Order(past + (1 - U) * rest, past + rest, U * rest),
    )


def _known(rng: random.Random) -> tuple[fmpq_mat, fmpq]:
    """A rational matrix with a known norm."""
    values = [abs(positive(rng)) for _ in range(N)]
    return orthogonal(rng, ROWS) * _tall(values) * orthogonal(rng, N), max(values)


def _tall(values: list[fmpq]) -> fmpq_mat:
    return fmpq_mat(ROWS, N, [values[j] if i == j else fmpq(0) for i in range(ROWS) for j in range(N)])


@argument("small-output-energy", "the expansion; squares of both sides of the bound, eta |F|^2 = 2 at the most")
def energy() -> tuple[Relation, ...]:
    def expanded(rng: random.Random) -> Sides:
        F, w, y, eta = matrix(rng, ROWS, N), vector(rng, ROWS), vector(rng, N), positive(rng)
        e = F.transpose() * w - y
        right = squared(w) - 2 * eta * squared(e) - 2 * eta * inner(y, e) + eta**2 * squared(F * e)
        return squared(w - F * e * eta), right

    def sides(F: fmpq_mat, norm: fmpq, w: fmpq_mat, y: fmpq_mat, part: fmpq) -> Sides:
        eta = 2 * part / norm**2
        e = F.transpose() * w - y
        rise = squared(w - F * e * eta) - squared(w)  # at most 2 eta |y||e|: compared by squares where it is positive
        return max(rise, fmpq(0)) ** 2, 4 * eta**2 * squared(y) * squared(e)

    def draw(rng: random.Random) -> Sides:
        F, norm = _known(rng)
        return sides(F, norm, vector(rng, ROWS) * share(rng), vector(rng, N), share(rng))

    top = fmpq_mat(N, 1, [1, 0, 0])
    extremal = sides(_tall([fmpq(2), fmpq(1), fmpq(1)]), fmpq(2), fmpq_mat(ROWS, 1), top, fmpq(1))
    return Instances(expanded, 402, equal=True), Instances(draw, 403, (extremal,))


@argument("small-output-path", "a and b = a + g are the roots at both ends: b^2 - a^2 = 2 Y Delta")
def path() -> tuple[Relation, ...]:
    root = A + GAP
    length = (root**2 - A**2) / (2 * Y)
    s = sympy.Symbol("s", positive=True)
    return (
        Equation(sympy.integrate(s**2 / Y, (s, A, B)), (B**3 - A**3) / (3 * Y)),  # ds = u du/Y at u = sqrt(omega + 2Ys)
        Order(length * A, (root**3 - A**3) / (3 * Y), GAP**2 * (3 * A + 2 * GAP) / (6 * Y)),
    )


@argument("small-output-contraction", "an eigenvalue lambda_k + p = Lambda - q, and eta (Lambda + lambda_k) = 2 - u")
def contraction() -> tuple[Relation, ...]:
    bottom = sympy.Symbol("lambda_k", positive=True)
    top = bottom + P + Q
    eta = (2 - U) / (top + bottom)
    value = bottom + P
    over = U + ETA * Q

    def draw(rng: random.Random) -> Sides:
        low = positive(rng)
        values = [low + positive(rng) * share(rng) for _ in range(N)]
        size = 2 * share(rng) / (max(values) + low)
        q = orthogonal(rng, N)
        step = eye(N) - q * diagonal(values) * q.transpose() * size
        return step.transpose() * step, eye(N, (1 - size * low) ** 2)

    return (
        Order(1 - ETA * value, 1 - ETA * bottom, ETA * P),
        Equation((1 - eta * bottom) - (eta * value - 1), over.subs(ETA, eta)),
        Instances(draw, 404, ((eye(N, fmpq(1, 4)), eye(N, fmpq(1, 4))),)),
    )


@argument("small-output-decrease", "the square of what is left, the mean of two squares, and the integral of a line")
def decrease() -> tuple[Relation, ...]:
    lost, kept, first = sympy.symbols("q g T_k", positive=True)  # kept + lost is left at T_k, kept is left later
    size = OMEGA + 2 * Y * T
    return (
        Order(kept**2, (kept + lost) ** 2, lost * (lost + 2 * kept)),
        Order(A * B, (A**2 + B**2) / 2, (A - B) ** 2 / 2),
        Equation(
            ((OMEGA + 2 * Y * first) + (OMEGA + 2 * Y * (first + DELTA))) / 2, OMEGA + Y * (first + first + DELTA)
        ),
        Equation(
            sympy.integrate(K * size, (T, first, first + DELTA)), K * (OMEGA + Y * (first + first + DELTA)) * DELTA
        ),
    )


@argument("small-output-rate", "a step with the integral c Delta + p, Delta = eta e; three steps of the product")
def rate() -> tuple[Relation, ...]:
    c, e = sympy.symbols("c e", positive=True)
    shrunk = (1 - ETA * c) ** 3 * e
    return (
        Order(e - (c * ETA * e + P), (1 - ETA * c) * e, P),
        Equation(shrunk**2 / 2, (1 - ETA * c) ** 6 * (e**2 / 2)),
    )


def _in_time(expr: sympy.Expr) -> sympy.Expr:
    """With a = sqrt(omega_0) and t = (b^2 - a^2)/(2Y)."""
    return expr.subs(T, (B**2 - A**2) / (2 * Y))


@argument("small-output-integrals", "antiderivatives in b, dt = b db/Y; the formulas of the program at random numbers")
def integrals() -> tuple[Relation, ...]:
    s = sympy.Symbol("s", positive=True)
    moved = (s**3 - A**3) / (3 * Y)
    once = 2 * T**2 * (2 * B**3 + 4 * A * B**2 + 6 * A**2 * B + 3 * A**3) / (15 * (A + B) ** 2)
    q = 5 * B**5 + 15 * A * B**4 + 30 * A**2 * B**3 + 34 * A**3 * B**2 + 27 * A**4 * B + 9 * A**5
    twice = T**3 * q / (45 * (A + B) ** 3)
    exact = {
        "path": (moved.subs(s, B), 2 * T * (A**2 + A * B + B**2) / (3 * (A + B))),
        "once": (sympy.integrate(sympy.expand(moved * s / Y), (s, A, B)), once),
        "twice": (sympy.integrate(sympy.expand(moved**2 * s / Y), (s, A, B)), twice),
    }
    left = sympy.sqrt(LAM) - J * moved
    total = sympy.integrate(sympy.expand((left**2 - K * s**2) * s / Y), (s, A, B))

    def draw(rng: random.Random, which: str) -> Sides:
        a, gap = positive(rng), positive(rng)
        root, drift, size, half = positive(rng), positive(rng), positive(rng), positive(rng)
        start = Start(*map(arb, (root**2, drift, size, a**2, half, fmpq(1))))
        t = arb(((a + gap) ** 2 - a**2) / (2 * half))
        point = {A: a, B: a + gap, LAM: root**2, J: drift, K: size, Y: half}
        at = {symbol: sympy.Rational(int(x.p), int(x.q)) for symbol, x in point.items()}
        computed = start.path(t) if which == "path" else start.covered(t)
        true = (moved.subs(s, B) if which == "path" else total).subs(at)
        return computed, enclose(Fraction(int(true.p), int(true.q)))

    return (
        *(Equation(one, _in_time(other)) for one, other in exact.values()),
        *(Instances(partial(draw, which=which), 405 + k, equal=True) for k, which in enumerate(("path", "covered"))),
    )


@argument("small-output-scaling", "r and its integral at t = (Y/lambda) theta, omega_0 = 0")
def scaling() -> tuple[Relation, ...]:
    s = sympy.Symbol("s", positive=True)
    moved = 2 * sympy.sqrt(2) / 3 * sympy.sqrt(Y) * s ** sympy.Rational(3, 2)
    falls = (sympy.sqrt(LAM) - J * moved) ** 2 - 2 * K * Y * s
    beta, kappa = sympy.symbols("beta kappa", positive=True)
    named = {J: 3 * beta * LAM**2 / (2 * sympy.sqrt(2) * Y**2), K: kappa * LAM**2 / (2 * Y**2)}
    integral = sympy.integrate(sympy.expand(falls), (s, 0, Y * THETA / LAM))
    polynomial = (
        THETA
        - sympy.Rational(4, 5) * beta * THETA ** sympy.Rational(5, 2)
        + beta**2 * THETA**4 / 4
        - kappa * THETA**2 / 2
    )
    root = sympy.Symbol("rho", positive=True)
    speed = (1 - beta * THETA ** sympy.Rational(3, 2)) ** 2 - kappa * THETA
    return (
        Equation(sympy.integrate(sympy.sqrt(2 * Y * s), s), moved),
        Equation((integral.subs(named) / Y).subs(THETA, root**2), polynomial.subs(THETA, root**2)),
        Equation((falls.subs(s, Y * THETA / LAM).subs(named) / LAM).subs(THETA, root**2), speed.subs(THETA, root**2)),
    )


@argument("small-output-slopes", "kappa and beta from the constant; r with less of either")
def slopes() -> tuple[Relation, ...]:
    constant = sympy.Symbol("C", positive=True)
    size = LAM**2 / (constant * Y**2)
    kappa, scale = 2 * size * Y**2 / LAM**2, 2 * sympy.sqrt(2) / 3 * Y**2 / LAM**2

    def row(which: int) -> Instances:
        def draw(rng: random.Random) -> Sides:
            features, number = rng.random() < 0.5, Fraction(rng.randint(70, 400), 10)
            found = Row(features, number, *[Fraction(1)] * 3).slopes()[which]
            true = 2 / enclose(number)
            return found, (true, true / (3 if features else 3 / arb(2).sqrt()))[which]

        return Instances(draw, 408 + which, equal=True)

    return (
        Equation(kappa, 2 / constant),
        Equation(scale * size / sympy.sqrt(2), 2 / constant / 3),
        Equation(scale * size, sympy.sqrt(2) / 3 * (2 / constant)),
        row(0),
        row(1),
    )


@line("small-output-table")
def table() -> Checked:
    return Checked(Kind.ENCLOSURE, all(row.holds() for row in TABLE), f"{len(TABLE)} rows, three bounds in each")


def solved(row: Row, constant: Fraction | None = None) -> Start:
    """The start with λ = Y = E_0 = 1 that a row speaks of, or with another constant."""
    with precision(BITS):
        size = 1 / enclose(row.constant if constant is None else constant)
        one = arb(1)
        return Start(one, size / arb(2).sqrt() if row.features else size, size, arb(0), one, one)


def agrees(row: Row) -> bool:
    """Whether the equation solved without the table keeps what the row states."""
    found = horizon(solved(row))
    with precision(BITS):
        return (
            found is not None
            and bool(found.rate >= enclose(row.rate))
            and bool(found.path <= enclose(row.path))
            and bool(found.time <= enclose(row.theta))
        )


@line("small-output-solved")
def solutions() -> Checked:
    nine = TABLE[1]
    sharp = not agrees(replace(nine, rate=Fraction(506, 1000)))
    passed = all(map(agrees, TABLE)) and sharp and horizon(solved(nine, Fraction(66, 10))) is None
    return Checked(Kind.ENCLOSURE, passed, f"{len(TABLE)} solutions; 0.506 and 6.6 are refused")
