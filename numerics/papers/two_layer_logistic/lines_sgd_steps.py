"""Lines about noisy descent: free energy, moments, the first step, Theorem 6, stationarity."""

from __future__ import annotations

import random

import sympy
from flint import arb, fmpq

from ...proof_lines.draws import positive
from ...proof_lines.relations import Equation, Instances, Order, Relation, Sides, argument
from .lines import ZERO
from .lines_finite_laws import entropy, law, mean, relative_entropy
from .lines_sgd import T

BETA, LAM, ETA, TAU, N, D, G, X, S2, SMOOTH, R, S = sympy.symbols(
    "beta lambda eta tau N D G X sigma Lambda R s", positive=True
)
"""sigma stands for the variance of the noise."""
M = sympy.Symbol("m", positive=True)
HEAT = N / (BETA * (LAM * N + D))


def expanded(expression: sympy.Expr) -> sympy.Expr:
    """With every logarithm written out."""
    return sympy.expand(sympy.expand_log(expression, force=True))


# -- free energy --------------------------------------------------------------------


@argument("free-energy", "laws on five points, both sides in balls")
def free_energy() -> tuple[Relation, ...]:
    def draw(rng: random.Random) -> Sides:
        rho, loss, beta = law(rng, 5), [arb(positive(rng)) for _ in range(5)], arb(positive(rng))
        weights = [(-beta * x).exp() for x in loss]
        z = sum(weights, arb(0))
        return beta * mean(rho, loss), relative_entropy(rho, [w / z for w in weights]) + entropy(rho) - z.log()

    return (Instances(draw, 530, equal=True),)


@argument("loss-heat", "exponentials of every frequency, of which all functions are sums; the trace of a Hessian")
def loss_heat() -> tuple[Relation, ...]:
    k, x = sympy.symbols("k x", real=True)
    spread = sympy.exp(k * x + k**2 * TAU / 2)  # the mean of exp(k(x + sqrt(tau) xi))
    u = sympy.Symbol("u", nonnegative=True)
    gauss = sympy.exp(-((S - k * TAU) ** 2) / (2 * TAU))
    return (
        Equation(sympy.diff(spread, TAU), sympy.diff(spread, x, 2) / 2),
        Equation(sympy.exp(k * S - S**2 / (2 * TAU)), gauss * sympy.exp(k**2 * TAU / 2)),
        Order(sympy.integrate((LAM * N + D - u) / 2, (S, 0, TAU)), TAU * (LAM * N + D) / 2, TAU * u / 2),
    )


@argument("free-energy-sum", "the best temperature of the Gaussian, the difference, and a quadratic loss")
def free_energy_sum() -> tuple[Relation, ...]:
    upper = N / 2 * sympy.log(2 * sympy.pi * sympy.E * R / N)
    lower = N / 2 * sympy.log(2 * sympy.pi * HEAT)
    bound = N / (2 * BETA) * sympy.log(sympy.E * BETA * (LAM + D / N) * R / N)
    gibbs = -BETA * TAU / 2 * (LAM * N + D) + N / 2 * sympy.log(2 * sympy.pi * sympy.E * TAU)
    combined = N / 2 * sympy.log(2 * sympy.pi * sympy.E * R / N / (2 * sympy.pi * HEAT)) / BETA
    return (
        Equation(expanded(gibbs.subs(TAU, HEAT)), expanded(lower)),
        Equation(expanded((upper - lower) / BETA), expanded(combined)),
        Equation(sympy.E * BETA * (LAM + D / N) * R / N, 2 * sympy.pi * sympy.E * R / N / (2 * sympy.pi * HEAT)),
        Equation(bound.subs(D, 0).subs(R, N / (BETA * LAM)), N / (2 * BETA)),
    )


# -- moments and the first step -----------------------------------------------------


@argument("moment-step", "with the slack u of the radial bound, v of |grad g|^2 <= G^2, and c = 1 - eta lambda >= 0")
def moment_step() -> tuple[Relation, ...]:
    c, u, v, w = sympy.symbols("c u v w", nonnegative=True)
    inner_product, gradient = u - X, G**2 - v  # W . grad g and |grad g|^2
    left = c**2 * w**2 - 2 * ETA * c * inner_product + ETA**2 * gradient
    return (Order(left, c**2 * w**2 + 2 * ETA * c * X + ETA**2 * G**2, 2 * ETA * c * u + ETA**2 * v),)


@argument("moment-fixed-point", "one step from the floor of R_k; a quadratic loss has this variance")
def moment_fixed_point() -> tuple[Relation, ...]:
    shrink = 1 - ETA * LAM
    floor = (2 * shrink * X + ETA * (G**2 + S2) + S * N) / (LAM * (2 - ETA * LAM))
    added = 2 * ETA * shrink * X + ETA**2 * G**2 + ETA**2 * S2 + ETA * S * N
    return Equation(shrink**2 * floor + added, floor), Equation(ETA * (1 - shrink**2) / ETA**2, LAM * (2 - ETA * LAM))


@argument("first-entropy", "minus the entropy of a Gaussian law of variance 2 eta/beta")
def first_entropy() -> tuple[Relation, ...]:
    w = sympy.Symbol("w", real=True)
    density = sympy.exp(-(w**2) / (2 * TAU)) / sympy.sqrt(2 * sympy.pi * TAU)
    logarithm = -(w**2) / (2 * TAU) - sympy.log(2 * sympy.pi * TAU) / 2
    negative = sympy.integrate(sympy.expand(density * logarithm), (w, -sympy.oo, sympy.oo))
    return (
        Equation(expanded(negative), expanded(-sympy.log(2 * sympy.pi * sympy.E * TAU) / 2)),
        Equation(2 * sympy.pi * sympy.E * (2 * ETA / BETA), 4 * sympy.pi * sympy.E * ETA / BETA),
        Equation(ETA * (2 / BETA), 2 * ETA / BETA),
    )


@argument("first-partition", "the sum of both logarithms, and beta times the heat of the variance 2 eta/beta")
def first_partition() -> tuple[Relation, ...]:
    both = -N / 2 * sympy.log(4 * sympy.pi * sympy.E * ETA / BETA) + N / 2 * sympy.log(2 * sympy.pi / (BETA * LAM))
    return (
        Equation(expanded(both), expanded(N / 2 * sympy.log(1 / (2 * sympy.E * ETA * LAM)))),
        Equation(BETA * (2 * ETA / BETA) / 2 * (LAM * N + D), ETA * (LAM * N + D)),
    )


@argument("first-descent", "with the gradient's square v and Lambda = 2/(eta + u): the margin; the mean of the square")
def first_descent() -> tuple[Relation, ...]:
    u, v, loss = sympy.symbols("u v L_0", nonnegative=True)
    smooth = 2 / (ETA + u)
    after = loss - ETA * v + smooth * ETA**2 / 2 * (v + S2)  # E|grad L + n|^2 = |grad L|^2 + E|n|^2
    return (
        Equation(after, loss - ETA * (1 - smooth * ETA / 2) * v + smooth * ETA**2 / 2 * S2),
        Order(after, loss + smooth * ETA**2 / 2 * S2, ETA * u * v / (ETA + u)),
    )


@argument("entropy-convex", "mixtures of laws on four points; nearly equal ones")
def entropy_convex() -> tuple[Relation, ...]:
    def sides(first: list[arb], second: list[arb], target: list[arb], t: arb) -> Sides:
        mixed = [t * x + (1 - t) * y for x, y in zip(first, second, strict=True)]
        return relative_entropy(mixed, target), t * relative_entropy(first, target) + (1 - t) * relative_entropy(
            second, target
        )

    def draw(rng: random.Random) -> Sides:
        return sides(law(rng, 4), law(rng, 4), law(rng, 4), arb(fmpq(rng.randint(1, 9), 10)))

    near = [arb(fmpq(7, 10)), arb(fmpq(3, 10))], [arb(fmpq(71, 100)), arb(fmpq(29, 100))]
    return (Instances(draw, 531, (sides(*near, [arb(fmpq(1, 10)), arb(fmpq(9, 10))], arb(fmpq(1, 2))),)),)


# -- Theorem 6 and stationarity -----------------------------------------------------


@argument("convex-fixed-point", "one step from the floor; a quadratic loss with m = lambda and no batches")
def convex_fixed_point() -> tuple[Relation, ...]:
    floor = (S * N + ETA * S2) / (M * (2 - ETA * M))
    variance = ETA * S * N / (1 - (1 - ETA * LAM) ** 2)
    return (
        Equation((1 - ETA * M) ** 2 * floor + ETA**2 * S2 + ETA * S * N, floor),
        Equation(variance, floor.subs({S2: 0, M: LAM})),
    )


@argument("decreasing-steps", "j = 2 + t: three margins; the step and its condition")
def decreasing_steps() -> tuple[Relation, ...]:
    j = 2 + T
    c = sympy.Symbol("C", positive=True)
    bound = (1 - 2 / j) * c / j + c / j**2
    return (
        Order((1 - 2 / j) ** 2, 1 - 2 / j, 2 * T / j**2),
        Order(bound, c / (j + 1), c / (j**2 * (j + 1))),
        Equation((2 / (M * (1 + SMOOTH / M))), 2 / (M + SMOOTH)),
        Equation((2 / (M * j)) ** 2 * S2, 4 * S2 / M**2 / j**2),
    )


@argument("minimiser-size", "where the gradient vanishes, and where the loss is at most that at zero")
def minimiser_size() -> tuple[Relation, ...]:
    u, w, start, floor = sympy.symbols("u w g_0 g_inf", nonnegative=True)
    return (
        Order((X - u) / LAM, X / LAM, u / LAM),
        Order((G - u) * w / LAM, G * w / LAM, u * w / LAM),
        Order(2 * (start - floor - u) / LAM, 2 * (start - floor) / LAM, 2 * u / LAM),
    )


@argument("stationarity-sum", "1 - Lambda eta/2 = (1 + u)/2; two steps, summed")
def stationarity_sum() -> tuple[Relation, ...]:
    u, rest = sympy.symbols("u r", nonnegative=True)
    v = sympy.symbols("v_0 v_1", nonnegative=True)
    k = sympy.Symbol("K", positive=True)
    cost = SMOOTH * ETA**2 / 2 * S2
    last = R + sum((-ETA * (1 + u) / 2 * x + cost for x in v), ZERO)  # E L(W_2) from R = E L(W_0)
    return (
        Order(ETA / 2 * (v[0] + v[1]), R - last + 2 * cost, ETA * u / 2 * (v[0] + v[1])),
        Equation((R - rest + k * cost) / (ETA * k / 2), 2 * (R - rest) / (ETA * k) + ETA * SMOOTH * S2),
    )
