"""Lines about the stationary law of two-layer networks: domination, initial laws, the excess loss."""

from __future__ import annotations

import sympy

from ...proof_lines.relations import Equation, Growth, Order, Relation, argument
from .lines import G_, LAM, N_, ZERO, S, W, line_integral, loss_is_positive

BETA, LIP, R2, M_, STEP = sympy.symbols("beta gLip r2 m s", positive=True)
FIXED = STEP * N_ / (M_ * (2 - STEP * M_))
"""The fixed point of the squared distance in noisy gradient descent."""


@argument("domination-exponent", "log(1 + t), t > 0, grows from zero; the exponent, with g as a positive number")
def domination_exponent() -> tuple[Relation, ...]:
    g = sympy.Symbol("g", positive=True)
    return loss_is_positive(), Order(LAM * W**2 / S, 2 / S * (g + LAM / 2 * W**2), 2 * g / S)


@argument("domination-integral", "the integral of one weight, and the product of N")
def domination_integral() -> tuple[Relation, ...]:
    one = sympy.sqrt(sympy.pi * S / LAM)
    return Equation(line_integral(sympy.exp(-LAM * W**2 / S)), one), Equation(one**N_, (sympy.pi * S / LAM) ** (N_ / 2))


@argument("initial-exponent", "the expansion of the exponent in one coordinate")
def initial_exponent() -> tuple[Relation, ...]:
    m, tau = sympy.Symbol("m", real=True), sympy.Symbol("tau", positive=True)
    exponent = -((W - m) ** 2) / tau**2 + LAM * W**2 / S
    expanded = -(1 / tau**2 - LAM / S) * W**2 + 2 * m * W / tau**2 - m**2 / tau**2
    return Equation(exponent, expanded), Equation(1 / tau**2 - LAM / S, (S - LAM * tau**2) / (S * tau**2))


@argument("initial-integrable", "the margin is a square; the integral of the bound")
def initial_integrable() -> tuple[Relation, ...]:
    c, b = sympy.symbols("c b", positive=True)
    bound = -c * W**2 / 2 + b**2 / (2 * c)
    return (
        Order(-c * W**2 + b * W, bound, c * (W - b / c) ** 2 / 2),
        Equation(line_integral(sympy.exp(-c * W**2 / 2)), sympy.sqrt(2 * sympy.pi / c)),
    )


@argument("initial-divergent", "the margin with tau^2 = s/lambda + u")
def initial_divergent() -> tuple[Relation, ...]:
    m, u = sympy.Symbol("m", real=True), sympy.Symbol("u", nonnegative=True)
    g = sympy.Symbol("g", nonnegative=True)
    tau2 = S / LAM + u
    exponent = -((W - m) ** 2) / tau2 + LAM * W**2 / S + 2 * g / S
    return (Order((2 * m * W - m**2) / tau2, exponent, LAM**2 * u * W**2 / (S * (S + LAM * u)) + 2 * g / S),)


@argument("excess-entropy", "minus the logarithm of the density")
def excess_entropy() -> tuple[Relation, ...]:
    loss, z = sympy.Symbol("L", real=True), sympy.Symbol("Z", positive=True)
    left = sympy.expand_log(-sympy.log(sympy.exp(-BETA * loss) / z), force=True)
    return (Equation(left, BETA * loss + sympy.log(z)),)


@argument("excess-gaussian", "the cross entropy against N(0, (r^2/N) I), and its slope in the second moment")
def excess_gaussian() -> tuple[Relation, ...]:
    moment, ratio = sympy.Symbol("v", positive=True), sympy.Symbol("t", nonnegative=True)  # v = E |W|^2 <= r^2
    variance = R2 / N_
    cross = N_ / 2 * sympy.log(2 * sympy.pi * variance) + moment / (2 * variance)
    return (
        Equation(
            sympy.expand_log(cross.subs(moment, R2), force=True),
            sympy.expand_log(N_ / 2 * sympy.log(2 * sympy.pi * sympy.E * R2 / N_), force=True),
        ),
        Order(ZERO, sympy.diff(cross, moment), N_ / (2 * R2)),
        Growth(sympy.log(1 + ratio), ratio, ratio, ZERO, ratio / (1 + ratio)),  # Gibbs: log u <= u - 1
    )


@argument("excess-partition", "the integral of one weight, and the logarithm of the product of N")
def excess_partition() -> tuple[Relation, ...]:
    one = sympy.sqrt(2 * sympy.pi / (BETA * LIP))
    return (
        Equation(line_integral(sympy.exp(-BETA * LIP * W**2 / 2)), one),
        Equation(
            sympy.expand_log(N_ * sympy.log(one), force=True),
            sympy.expand_log(N_ / 2 * sympy.log(2 * sympy.pi / (BETA * LIP)), force=True),
        ),
    )


@argument("excess-difference", "the difference of both bounds over beta, beta = 2/s")
def excess_difference() -> tuple[Relation, ...]:
    upper = N_ / 2 * sympy.log(2 * sympy.pi * sympy.E * R2 / N_)
    lower = N_ / 2 * sympy.log(2 * sympy.pi / (2 / S * LIP))
    stated = S * N_ / 4 * sympy.log(2 * sympy.E * LIP * R2 / (S * N_))
    return (
        Equation(
            sympy.expand_log((upper - lower) / (2 / S), force=True),
            sympy.expand_log(stated, force=True),
        ),
    )


@argument("excess-moment", "the derivative that integrates to zero, and the root of the quadratic equation")
def excess_moment() -> tuple[Relation, ...]:
    loss = sympy.Function("L")(W)
    weight = sympy.exp(-BETA * loss)
    radius = (G_ + sympy.sqrt(G_**2 + 2 * LAM * N_ * S)) / (2 * LAM)
    return (
        Equation(sympy.diff(W * weight, W), weight - BETA * W * sympy.diff(loss, W) * weight),
        Equation(LAM * radius**2 - G_ * radius, N_ * S / 2),
        Equation(N_ / (2 / S), N_ * S / 2),
    )


@argument("descent-contraction", "with h = m + u, Lambda = h + v and 2/s = m + Lambda + w for u, v, w >= 0")
def descent_contraction() -> tuple[Relation, ...]:
    u, v, w = sympy.symbols("u v w", nonnegative=True)
    step = 2 / (2 * M_ + u + v + w)
    h = M_ + u
    return (
        Order(1 - step * h, 1 - step * M_, step * u),
        Order(step * h - 1, 1 - step * M_, 2 * (v + w) / (2 * M_ + u + v + w)),
    )


@argument("descent-fixed-point", "the fixed point of the recursion")
def descent_fixed_point() -> tuple[Relation, ...]:
    return (Equation((1 - STEP * M_) ** 2 * FIXED + STEP**2 * N_, FIXED),)


@argument(
    "descent-distance", "one step of the recursion seen from its fixed point; the quadratic upper bound of a loss"
)
def descent_distance() -> tuple[Relation, ...]:
    e, slack = sympy.symbols("e u", nonnegative=True)
    return (
        Equation((1 - STEP * M_) ** 2 * e + STEP**2 * N_ - FIXED, (1 - STEP * M_) ** 2 * (e - FIXED)),
        Equation(sympy.integrate((LIP - slack) * (1 - BETA), (BETA, 0, 1)), LIP / 2 - slack / 2),
    )


@argument("descent-equality", "the variance of the autoregressive sequence, times lambda/2")
def descent_equality() -> tuple[Relation, ...]:
    variance = STEP**2 * N_ / (1 - (1 - STEP * LAM) ** 2)
    bound = LAM / 2 * STEP * N_ / (LAM * (2 - STEP * LAM))
    return Equation(LAM / 2 * variance, bound), Equation(bound, STEP * N_ / 4 / (1 - STEP * LAM / 2))
