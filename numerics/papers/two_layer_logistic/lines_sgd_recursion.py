"""Lines about one step of noisy descent in relative entropy, and about noise that is seen through a Gaussian one."""

from __future__ import annotations

import random

import sympy
from flint import arb, fmpq, fmpq_mat

from ...proof_lines.draws import diagonal, eye, inner, orthogonal, positive, signed_share, squared, vector
from ...proof_lines.identities import gaussian_moment
from ...proof_lines.relations import Equation, Growth, Instances, Order, Relation, Sides, argument
from .lines import ZERO
from .lines_finite_laws import law, mean
from .lines_sgd import T, exponential_tangents
from .lines_sgd_steps import BETA, ETA, S2, SMOOTH


@argument("entropy-flow", "both forms of the equation for arbitrary functions; the square that is completed")
def entropy_flow() -> tuple[Relation, ...]:
    x = sympy.Symbol("x", real=True)
    rho, v, drift = (sympy.Function(name, real=True)(x) for name in ("rho", "V", "b"))
    score = sympy.diff(sympy.log(rho) + v, x)
    first = sympy.diff(drift * rho, x) + sympy.diff(rho, x, 2)
    second = sympy.diff(rho * score, x) - sympy.diff(rho * (sympy.diff(v, x) - drift), x)
    f, e = sympy.symbols("f e", real=True)
    return Equation(first, second), Order(-(f**2) + f * e, -(f**2) / 2 + e**2 / 2, (f - e) ** 2 / 2)


@argument("sandwich", "H = B K B with a symmetric contraction K and B the root; equality for multiples of the identity")
def sandwich() -> tuple[Relation, ...]:
    n = 3

    def sides(root: fmpq_mat, norm: fmpq, inside: fmpq_mat, d: fmpq_mat) -> Sides:
        return squared(root * inside * root * d), norm**2 * inner(d, root * root * d)

    def draw(rng: random.Random) -> Sides:
        spectrum, q, k = [positive(rng) for _ in range(n)], orthogonal(rng, n), orthogonal(rng, n)
        inside = k * diagonal([signed_share(rng) for _ in range(n)]) * k.transpose()
        return sides(q * diagonal(spectrum) * q.transpose(), max(spectrum), inside, vector(rng, n))

    return (Instances(draw, 532, (sides(eye(n, 2), fmpq(2), eye(n), fmpq_mat(n, 1, [1, 2, 3])),)),)


@argument("step-cost", "the integral over the time of a step; Isserlis for a quadratic form in two variables")
def step_cost() -> tuple[Relation, ...]:
    trace, speed = sympy.symbols("T S", positive=True)
    t = sympy.Symbol("t", positive=True)
    integrand = BETA**2 * SMOOTH * (t**2 * BETA**2 * SMOOTH * speed + 2 * t * trace)
    cost = ETA**2 * SMOOTH * trace + ETA**3 * BETA * SMOOTH**2 * speed / 3
    h = sympy.symbols("h_11 h_12 h_22", real=True)
    form = (
        h[0] * gaussian_moment(2, 0, ZERO) + 2 * h[1] * gaussian_moment(1, 1, ZERO) + h[2] * gaussian_moment(0, 2, ZERO)
    )
    return Equation(sympy.integrate(sympy.expand(integrand), (t, 0, ETA / BETA)), cost), Equation(form, h[0] + h[2])


@argument("noise-cost", "the scaling, and both integrals over the time of a step")
def noise_cost() -> tuple[Relation, ...]:
    c, b = sympy.symbols("C_F b", positive=True)
    t = sympy.Symbol("t", positive=True)
    gamma = BETA**2 * t / 2
    exponent = (ETA * BETA / 2) * (b**2 + S2 / 2)
    end = ETA / BETA
    return (
        Equation((t * BETA / sympy.sqrt(2 * t)) ** 2, gamma),
        Equation(gamma.subs(t, end), ETA * BETA / 2),
        Equation(exponent, ETA * BETA * (b**2 / 2 + S2 / 4)),
        Equation(sympy.integrate(BETA**2 * gamma * c**2, (t, 0, end)), ETA**2 * BETA**2 * c**2 / 4),
        Equation(sympy.integrate(BETA**2 * S2, (t, 0, end)), BETA * ETA * S2),
    )


@argument("two-sources", "with the slack u of the inequality of Cauchy and Schwarz")
def two_sources() -> tuple[Relation, ...]:
    a, b, u = sympy.symbols("a b u", nonnegative=True)
    return (Order(a**2 + b**2 + 2 * (a * b - u), (a + b) ** 2, 2 * u),)


@argument("entropy-sum", "the derivative of the weighted distance, the time of a step, and the fixed point")
def entropy_sum() -> tuple[Relation, ...]:
    t, alpha, cost, q = sympy.symbols("t alpha_0 c q", positive=True)
    y = sympy.Function("y")(t)
    weighted = sympy.exp(BETA * alpha * t)
    return (
        Equation(sympy.diff(weighted * y, t), weighted * (sympy.diff(y, t) + BETA * alpha * y)),
        Equation(BETA * alpha * (ETA / BETA), alpha * ETA),
        Equation(q * cost / (1 - q) + cost, cost / (1 - q)),
    )


# -- Lemma 4 ------------------------------------------------------------------------


@argument("noise-density", "the mean of the logarithm for a law on two points; exponentials of means")
def noise_density() -> tuple[Relation, ...]:
    y = sympy.Symbol("y", real=True)
    n, r, gamma = sympy.symbols("n r gamma", positive=True)
    p = 1 / (1 + r)  # n with this probability, and -n/r

    def logarithm(z: sympy.Expr) -> sympy.Expr:
        return -((y - sympy.sqrt(gamma) * z) ** 2) / 2

    second = p * n**2 + (1 - p) * (n / r) ** 2

    def jensen(weights: list[arb], values: list[arb]) -> Sides:
        return mean(weights, values).exp(), mean(weights, [v.exp() for v in values])

    near = jensen([arb(fmpq(1, 2))] * 2, [arb(1), arb(fmpq(11, 10))])
    return (
        Equation(p * logarithm(n) + (1 - p) * logarithm(-n / r), logarithm(ZERO) - gamma * second / 2),
        Instances(lambda rng: jensen(law(rng, 4), [arb(positive(rng)) for _ in range(4)]), 533, (near,)),
    )


@argument("noise-overlap", "Gaussian integrals over one coordinate, and the sum of the four terms")
def noise_overlap() -> tuple[Relation, ...]:
    y, n, m = sympy.symbols("y n n_1", real=True)
    root = sympy.Symbol("g", positive=True)  # the square root of gamma
    ratio = root * (n + m) * y - root**2 * (n**2 + m**2) / 2 - y**2 / 2
    square = -((y - root * (n + m)) ** 2) / 2 + root**2 * n * m
    one = sympy.Symbol("e", positive=True)
    return Equation(ratio, square), Equation(one - 1 - 1 + 1, one - 1), Equation(ratio.subs(m, 0), square.subs(m, 0))


@argument("noise-exponential", "y = log(1 + t): e^y - 1 <= y e^y and 1 - e^-y <= y; then times |x| = y/gamma")
def noise_exponential() -> tuple[Relation, ...]:
    gamma, x = sympy.symbols("gamma x", positive=True)
    return (
        Growth(T, (1 + T) * sympy.log(1 + T), T, ZERO, sympy.log(1 + T)),
        exponential_tangents()[1],
        Equation(x * (gamma * x), gamma * x**2),
    )
