"""Lines about implicit ReLU networks: concentration, stability, gradient flow, training of the output layer."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import sympy
from flint import arb, fmpq, fmpq_mat

from ....theory.verdict import Evidence
from ...balls.ball import enclose
from ...balls.enclosure import Enclosure
from ...proof_lines.draws import (
    contraction,
    entrywise_relu,
    eye,
    matrix,
    positive,
    share,
    squared,
    vector,
    with_spectrum,
)
from ...proof_lines.relations import Equation, Instances, Order, Relation, Sides, argument
from .convergence import WIDTH_CONSTANTS, Norms, implied, kappa, width_condition
from .lines import PI, N


@argument("relu-moments", "the half of an even Gaussian moment, p = 1 to 6")
def relu_moments() -> tuple[Relation, ...]:
    z = sympy.Symbol("z", positive=True)
    density = sympy.exp(-(z**2) / 2) / sympy.sqrt(2 * PI)
    return tuple(
        Equation(sympy.integrate(z ** (2 * p) * density, (z, 0, sympy.oo)), sympy.factorial2(2 * p - 1) / 2)
        for p in range(1, 7)
    )


@argument("double-factorial", "the step of the induction, the first case, and the rewriting of the bound")
def double_factorial() -> tuple[Relation, ...]:
    p = sympy.Symbol("p", integer=True, positive=True)
    odd = sympy.Symbol("f", positive=True)  # p!
    return (
        Order(2 * p + 1, 2 * (p + 1), sympy.Integer(1)),
        Order(sympy.factorial2(1), 2 * sympy.factorial(1), sympy.Integer(1)),
        Equation(odd * 2**p / 2, odd / 2 * 4 * 2 ** (p - 2)),
    )


@argument("bernstein-exponent", "the exponent at v = 4m, c = 2, and the number of events")
def bernstein_exponent() -> tuple[Relation, ...]:
    m, t, n = sympy.symbols("m t n", positive=True)
    exponent = (m * t) ** 2 / (2 * (4 * m + 2 * m * t))
    return (
        Equation(exponent, m * t**2 / (2 * (4 + 2 * t))),
        Equation(2 * (n + n * (n - 1) / 2), n * (n + 1)),
    )


@argument("concentration-width-constant", "with lambda_0 = 1/2 - u and n = 1 + k; the exponent; |E| <= n max |E_ij|")
def concentration_width_constant() -> tuple[Relation, ...]:
    u, k, log, lam = sympy.symbols("u k log lambda", positive=True)
    n = 1 + k
    t = (sympy.Rational(1, 2) - u) / (4 * n)
    width = 136 * n**2 / lam**2 * log

    def sides(e: fmpq_mat) -> Sides:
        return e.transpose() * e, eye(N, (N * max(map(abs, e.entries()))) ** 2)

    def draw(rng: random.Random) -> Sides:
        e = matrix(rng, N, N)
        return sides(e + e.transpose())

    return (
        Order(2 * (4 + 2 * t), sympy.Rational(17, 2), (k + 2 * u) / (2 * (1 + k))),
        Equation(width * (lam / (4 * n)) ** 2 / sympy.Rational(17, 2), log),
        Instances(draw, 213, (sides(fmpq_mat(N, N, [1] * N * N)),)),
    )


@argument("feature-entries", "squares of both sides; equality while every unit stays active")
def feature_entries() -> tuple[Relation, ...]:
    def sides(w: fmpq_mat, v: fmpq_mat, x: fmpq_mat) -> Sides:
        moved = entrywise_relu(w * x.transpose()) - entrywise_relu(v * x.transpose())
        return squared(moved), squared((w - v) * x.transpose())

    def draw(rng: random.Random) -> Sides:
        return sides(*(matrix(rng, N, N) for _ in range(3)))

    return (Instances(draw, 214, (sides(eye(N, 3), eye(N, 2), eye(N)),)),)


@argument("frobenius-spectral", "squares of both sides, X of known norm; equality for X = bI")
def frobenius_spectral() -> tuple[Relation, ...]:
    def sides(m: fmpq_mat, x: fmpq_mat, b: fmpq) -> Sides:
        return squared(m * x.transpose()), squared(m) * b**2

    def draw(rng: random.Random) -> Sides:
        b = positive(rng)
        return sides(matrix(rng, N, N), contraction(rng, N, b), b)

    return (Instances(draw, 215, (sides(eye(N), eye(N, 2), fmpq(2)),)),)


@argument("stability-constant", "the root of three quarters, less kappa")
def stability_constant() -> tuple[Relation, ...]:
    lam = sympy.Symbol("lambda_0", positive=True)
    kappa = sympy.sqrt(3) / 2 - 1 / sympy.sqrt(2)
    start = sympy.sqrt(sympy.Rational(3, 4) * lam)
    return (Equation(start - kappa * sympy.sqrt(lam), sympy.sqrt(lam / 2)),)


C, GAMMA, M_, N_, E0, LAM = sympy.symbols("c gamma m n E_0 lambda_0", positive=True)
G0 = 2 * C * GAMMA
FEATURES = 2 * C * sympy.sqrt(N_)
STATES = FEATURES / (1 - G0)
ADJOINT = 2 * C * sympy.sqrt(M_) / (1 - G0)
RESIDUAL = 2 * E0 / LAM
ROOT = sympy.sqrt(N_) * E0 / LAM
MOVED = {
    "v": 4 * C * ROOT,
    "u": 4 * C * ROOT / (1 - G0),
    "W": 8 * C * ROOT / (1 - G0),
    "A": 4 * C * G0 * ROOT / (1 - G0) ** 2,
}
"""How far each weight moves at the most, as the lemma states it."""


@argument("flow-residual", "the integral, and the norm of the features")
def flow_residual() -> tuple[Relation, ...]:
    t = sympy.Symbol("t", positive=True)
    integral = sympy.integrate(sympy.exp(-LAM * t / 2) * E0, (t, 0, sympy.oo))
    return (
        Equation(integral, RESIDUAL),
        Equation(2 * C * sympy.sqrt(M_) * sympy.sqrt(N_) / sympy.sqrt(M_), FEATURES),
    )


@argument("flow-displacements", "the three products of norms")
def flow_displacements() -> tuple[Relation, ...]:
    return (
        Equation(FEATURES * RESIDUAL, MOVED["v"]),
        Equation(STATES * RESIDUAL, MOVED["u"]),
        Equation(GAMMA / sympy.sqrt(M_) * ADJOINT * STATES * RESIDUAL, MOVED["A"]),
    )


@argument("flow-input-weights", "the product, and the margin for gamma_0 = g/(g + h)")
def flow_input_weights() -> tuple[Relation, ...]:
    g, h = sympy.symbols("g h", positive=True)
    rest = h / (g + h)  # 1 - gamma_0
    product = 2 * C * sympy.sqrt(M_) * 2 / (1 - G0) / sympy.sqrt(M_) * sympy.sqrt(N_) * RESIDUAL
    return Order(1 / rest + 1, 2 / rest, g / h), Equation(product, MOVED["W"])


@argument("flow-widths", "the squares of the four bounds over c^2, and the constants of the condition")
def flow_widths() -> tuple[Relation, ...]:
    conditions = implied()
    asked = {name: sympy.Rational(conditions[name].left.lower[0]) for name in MOVED}
    allowed = {name: sympy.Rational(conditions[name].right.lower[0]) for name in MOVED}
    first, second = (max(asked[name] for name in names) for names in ("uvW", "A"))
    powers = {"v": 1, "u": 1 / (1 - G0) ** 2, "W": 1 / (1 - G0) ** 2, "A": G0**2 / (1 - G0) ** 4}
    return (
        *(Equation((MOVED[name] / C) ** 2, asked[name] * power * ROOT**2) for name, power in powers.items()),
        *(Equation(second if name == "A" else first, allowed[name]) for name in MOVED),
    )


def made_start(rng: random.Random) -> dict[str, Fraction]:
    """Norms by the fields of :class:`Norms`, which no network need have: each weight has its turn to set c."""
    m, largest = rng.choice((4, 9, 64)), rng.choice((Fraction(1, 2), Fraction(1), Fraction(3, 2)))
    sizes = {name: Fraction(rng.randint(1, 4), 4) for name in "AWuv"} | {rng.choice("AWuv"): Fraction(1)}
    others = ("X", "residual", "features", "features_frobenius", "least")
    found = {name: Fraction(rng.randint(1, 9), rng.choice((1, 2, 4))) for name in others}
    found |= {name: size * largest * math.isqrt(m) for name, size in sizes.items()}
    gamma = Fraction(rng.choice((1, 5, 8, 9)), 10) / (2 * max(largest, Fraction(1)))
    return found | {"n": Fraction(rng.randint(1, 9)), "m": Fraction(m), "gamma": gamma}


def norms_at(start: dict[str, Fraction]) -> Norms:
    """The norms as the conditions of the theorem take them."""
    balls = {name: enclose(value) for name, value in start.items() if name not in {"n", "m", "gamma"}}
    return Norms(int(start["n"]), int(start["m"]), start["gamma"], **balls)


def at(expression: sympy.Expr, values: dict[sympy.Symbol, Fraction]) -> arb:
    """A rational expression at rational values."""
    found = sympy.Rational(expression.subs(values))
    return enclose(Fraction(int(found.p), int(found.q)))


@argument(
    "flow-stability-width", "the solved inequality, the constant in balls, and the whole condition at made starts"
)
def flow_stability_width() -> tuple[Relation, ...]:
    root, x = sympy.symbols("kappa X", positive=True)
    stability = (MOVED["W"] * x) ** 2 / (root**2 * LAM)
    asked = [(moved / C) ** 2 for moved in MOVED.values()] + [
        stability.subs(root, sympy.sqrt(sympy.Rational(64, 2535)))
    ]

    def constant(_: random.Random) -> Sides:
        return 64 / kappa() ** 2, arb(WIDTH_CONSTANTS[2])

    def whole(rng: random.Random) -> Sides:
        start, least = made_start(rng), 2.0 ** rng.choice((-3, 40, 50))
        c = max(Fraction(1), *(start[name] / math.isqrt(int(start["m"])) for name in "AWuv"))
        named = {
            C: c,
            GAMMA: start["gamma"],
            N_: start["n"],
            E0: start["residual"],
            x: start["X"],
            LAM: Fraction(least),
        }
        found = width_condition(norms_at(start), Enclosure(least, least, Evidence.EXACT))
        return found.needed, max(at(width, named) for width in asked)

    width = 64 / root**2 * C**2 * x**2 * N_ * E0**2 / ((1 - G0) ** 2 * LAM**3)
    smallest = sympy.ceiling(64 / (sympy.sqrt(3) / 2 - 1 / sympy.sqrt(2)) ** 2)
    return (
        Equation(stability, width),
        Equation(smallest, sympy.Rational(implied()["features"].right.lower[0])),
        Instances(constant, 216),
        Instances(whole, 221, equal=True),
    )


@argument("output-step", "the residual after one step of gradient descent on both output vectors")
def output_step() -> tuple[Relation, ...]:
    def draw(rng: random.Random) -> Sides:
        z, phi, u, v, y = (*(matrix(rng, N, 2) for _ in range(2)), *(vector(rng, N) for _ in range(2)), vector(rng, 2))
        eta = share(rng)
        e = z.transpose() * u + phi.transpose() * v - y
        after = z.transpose() * (u - z * e * eta) + phi.transpose() * (v - phi * e * eta) - y
        return after, (eye(2) - (phi.transpose() * phi + z.transpose() * z) * eta) * e

    return (Instances(draw, 217, equal=True),)


def _spectral(rng: random.Random) -> tuple[fmpq_mat, fmpq, fmpq]:
    """A positive definite matrix, its least and its largest eigenvalue."""
    eigenvalues = [positive(rng) for _ in range(N)]
    return with_spectrum(rng, eigenvalues), min(eigenvalues), max(eigenvalues)


@argument(
    "output-spectrum",
    "I - eta M below (1 - eta lambda) I, and M below lambda_max I, by elimination; equality for M = lambda I",
)
def output_spectrum() -> tuple[Relation, ...]:
    def sides(m: fmpq_mat, eta: fmpq, least: fmpq) -> Sides:
        return eye(N) - m * eta, eye(N, 1 - eta * least)

    def draw(rng: random.Random) -> Sides:
        m, least, largest = _spectral(rng)
        return sides(m, share(rng) / largest, least)

    def below(rng: random.Random) -> Sides:
        m, _, largest = _spectral(rng)
        return m, eye(N, largest)

    return (
        Instances(draw, 218, (sides(eye(N, 2), fmpq(1, 4), fmpq(2)),)),
        Instances(below, 219, ((eye(N, 2), eye(N, 2)),)),
    )


@argument("output-rate", "three steps, squares of both sides; equality for M = lambda I")
def output_rate() -> tuple[Relation, ...]:
    def sides(m: fmpq_mat, eta: fmpq, least: fmpq, e: fmpq_mat) -> Sides:
        step = eye(N) - m * eta
        return squared(step * step * step * e), (1 - eta * least) ** 6 * squared(e)

    def draw(rng: random.Random) -> Sides:
        m, least, largest = _spectral(rng)
        return sides(m, share(rng) / largest, least, vector(rng, N))

    return (Instances(draw, 220, (sides(eye(N, 2), fmpq(1, 4), fmpq(2), fmpq_mat(N, 1, [1] * N)),)),)
