"""Lines about implicit ReLU networks: concentration, stability, gradient flow, training of the output layer."""

from __future__ import annotations

import random

import sympy
from flint import arb, fmpq, fmpq_mat

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
from .convergence import DISPLACEMENTS, WIDTH_CONSTANTS, kappa
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
    root = sympy.sqrt(N_) * E0 / LAM
    return (
        Equation(FEATURES * RESIDUAL, 4 * C * root),
        Equation(STATES * RESIDUAL, 4 * C * root / (1 - G0)),
        Equation(GAMMA / sympy.sqrt(M_) * ADJOINT * STATES * RESIDUAL, 4 * C * G0 * root / (1 - G0) ** 2),
    )


@argument("flow-input-weights", "the product, and the margin for gamma_0 = g/(g + h)")
def flow_input_weights() -> tuple[Relation, ...]:
    g, h = sympy.symbols("g h", positive=True)
    rest = h / (g + h)  # 1 - gamma_0
    product = 2 * C * sympy.sqrt(M_) * 2 / rest / sympy.sqrt(M_) * sympy.sqrt(N_) * RESIDUAL
    return (
        Order(1 / rest + 1, 2 / rest, g / h),
        Equation(product, 8 * C * sympy.sqrt(N_) * E0 / (rest * LAM)),
    )


@argument("flow-widths", "the squares of the four bounds over c^2")
def flow_widths() -> tuple[Relation, ...]:
    g = sympy.Symbol("gamma_0", positive=True)
    root, common = C * sympy.sqrt(N_) * E0 / LAM, N_ * E0**2 / LAM**2
    return (
        Equation((4 * root / C) ** 2, DISPLACEMENTS["v"] * common),
        Equation((4 * root / (1 - g) / C) ** 2, DISPLACEMENTS["u"] / (1 - g) ** 2 * common),
        Equation((8 * root / (1 - g) / C) ** 2, DISPLACEMENTS["W"] / (1 - g) ** 2 * common),
        Equation((4 * g * root / (1 - g) ** 2 / C) ** 2, DISPLACEMENTS["A"] * g**2 / (1 - g) ** 4 * common),
    )


@argument("flow-stability-width", "the solved inequality, and the constant in balls")
def flow_stability_width() -> tuple[Relation, ...]:
    g, root, x = sympy.symbols("gamma_0 kappa X", positive=True)
    moved = 8 * C * sympy.sqrt(N_) * E0 / ((1 - g) * LAM) * x

    def constant(_: random.Random) -> Sides:
        return 64 / kappa() ** 2, arb(WIDTH_CONSTANTS[2])

    width = 64 / root**2 * C**2 * x**2 * N_ * E0**2 / ((1 - g) ** 2 * LAM**3)
    return Equation(moved**2 / (root**2 * LAM), width), Instances(constant, 216)


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
