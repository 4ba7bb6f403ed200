"""Lines about two-layer networks with logistic loss: derivatives, bounds, growth, convexity, the stationary law."""

from __future__ import annotations

import random
from functools import partial

import sympy
from flint import arb, fmpq, fmpq_mat

from ...proof_lines.draws import eye, inner, positive, share, signed_share, squared, vector
from ...proof_lines.instances import rational
from ...proof_lines.relations import Equation, Growth, Instances, Order, Relation, Sides, argument
from .conditions import completed_square, squared_bounds

D_IN, UNITS = 3, 2
SIGNS = [fmpq(1), fmpq(-3)]
EXAMPLE = fmpq_mat(D_IN, 1, [1, 2, 3])
ZERO = sympy.Integer(0)
LAM, S, N_, G_, D_, LEVEL = sympy.symbols("lambda s N G D K", positive=True)
W = sympy.Symbol("w", real=True)


def _sum(parts: list[fmpq]) -> fmpq:
    return sum(parts, fmpq(0))


def _numbers(rng: random.Random) -> list[fmpq]:
    return [rational(rng) for _ in range(UNITS)]


def _slopes(rng: random.Random, largest: fmpq) -> list[fmpq]:
    return [largest * signed_share(rng) for _ in range(UNITS)]


def line_integral(integrand: sympy.Expr) -> sympy.Expr:
    """Over the real line, in W."""
    return sympy.integrate(integrand, (W, -sympy.oo, sympy.oo))


def loss_is_positive() -> Growth:
    """log(1 + t), t > 0, grows from zero."""
    t = sympy.Symbol("t", nonnegative=True)
    return Growth(ZERO, sympy.log(1 + t), t, ZERO, 1 / (1 + t))


def _bounded_sum(seed: int) -> Instances:
    """|sum of a_j s_j| <= |a|_1 M where |s_j| <= M; equality at the signs of a."""

    def sides(a: list[fmpq], values: list[fmpq], largest: fmpq) -> Sides:
        return abs(_sum([x * y for x, y in zip(a, values, strict=True)])), largest * _sum([abs(x) for x in a])

    def draw(rng: random.Random) -> Sides:
        largest = positive(rng)
        return sides(_numbers(rng), _slopes(rng, largest), largest)

    return Instances(draw, seed, (sides(SIGNS, [fmpq(2), fmpq(-2)], fmpq(2)),))


def _freed(expression: sympy.Expr, f: sympy.Expr, *weights: sympy.Symbol) -> sympy.Expr:
    """The expression with the output and its derivatives as free numbers, the mixed derivative first."""
    v = weights[-1]
    names = {sympy.diff(f, W, v): "f_wv", sympy.diff(f, W): "f_w", sympy.diff(f, v): "f_v", f: "f"}
    for node, name in names.items():
        expression = expression.subs(node, sympy.Symbol(name, real=True))
    return expression


@argument("logistic-chain", "both derivatives, for both labels and an arbitrary smooth output")
def logistic_chain() -> tuple[Relation, ...]:
    f = sympy.Function("f", real=True)(W)

    def both(y: int) -> tuple[Relation, ...]:
        q, slope = 1 / (1 + sympy.exp(y * f)), sympy.diff(f, W)
        first = sympy.diff(sympy.log(1 + sympy.exp(-y * f)), W)
        return (
            Equation(_freed(first, f, W), _freed(-y * q * slope, f, W)),
            Equation(_freed(sympy.diff(-y * q, W), f, W), _freed(q * (1 - q) * slope, f, W)),
        )

    return (*both(1), *both(-1))


@argument("logistic-second", "the mixed second derivative, for both labels and an arbitrary smooth output")
def logistic_second() -> tuple[Relation, ...]:
    v = sympy.Symbol("v", real=True)
    f = sympy.Function("f", real=True)(W, v)
    found = []
    for y in (1, -1):
        q = 1 / (1 + sympy.exp(y * f))
        left = sympy.diff(sympy.log(1 + sympy.exp(-y * f)), W, v)
        right = q * (1 - q) * sympy.diff(f, W) * sympy.diff(f, v) - y * q * sympy.diff(f, W, v)
        found.append(Equation(_freed(left, f, v), _freed(right, f, v)))
    return tuple(found)


@argument("network-derivatives", "two units with two inputs, for an arbitrary smooth activation")
def network_derivatives() -> tuple[Relation, ...]:
    z, x1, x2, a, b = sympy.symbols("z x_1 x_2 a b", real=True)
    w1, w2, v1, v2 = sympy.symbols("w_1 w_2 v_1 v_2", real=True)
    sigma = sympy.Function("sigma")
    first, second = (sympy.Subs(sympy.diff(sigma(z), z, k), z, w1 * x1 + w2 * x2).doit() for k in (1, 2))
    output = a * sigma(w1 * x1 + w2 * x2) + b * sigma(v1 * x1 + v2 * x2)
    return (
        Equation(sympy.diff(output, w1).doit(), a * first * x1),
        Equation(sympy.diff(output, w1, w2).doit(), a * second * x1 * x2),
        Equation(sympy.diff(output, w1, v1).doit(), ZERO),
    )


@argument("laplacian-sum", "two units, three inputs, slopes and bends as free numbers")
def laplacian_sum() -> tuple[Relation, ...]:
    def draw(rng: random.Random) -> Sides:
        x, y, q = vector(rng, D_IN), rng.choice((1, -1)), share(rng)
        units = list(zip(_numbers(rng), _numbers(rng), _numbers(rng), strict=True))  # a, sigma', sigma''
        pure = [q * (1 - q) * (a * s * t) ** 2 - y * q * a * b * t**2 for a, s, b in units for t in x.entries()]
        squares, bend = _sum([a**2 * s**2 for a, s, _ in units]), _sum([a * b for a, _, b in units])
        return _sum(pure), squared(x) * (q * (1 - q) * squares - y * q * bend)

    return (Instances(draw, 501, equal=True),)


@argument("logistic-weights", "q = 1/(1 + t) with t > 0")
def logistic_weights() -> tuple[Relation, ...]:
    t, q = sympy.Symbol("t", positive=True), sympy.Symbol("q", real=True)
    return (
        Order(q * (1 - q), sympy.Rational(1, 4), (q - sympy.Rational(1, 2)) ** 2),
        Order(1 / (1 + t), sympy.Integer(1), t / (1 + t)),
    )


@argument(
    "gradient-rank-one", "squares of both sides, two inputs of length at most B; equality for one input with q = 1"
)
def gradient_rank_one() -> tuple[Relation, ...]:
    def sides(parts: list[tuple[fmpq, fmpq_mat, list[fmpq]]], a: list[fmpq], m1: fmpq) -> Sides:
        total, largest = fmpq_mat(UNITS, D_IN), fmpq(0)
        for weight, x, slopes in parts:
            column = fmpq_mat(UNITS, 1, [a[j] * slopes[j] for j in range(UNITS)])
            total = total + column * x.transpose() * weight
            largest = max(largest, squared(x))
        return squared(total), m1**2 * largest * _sum([value**2 for value in a])

    def draw(rng: random.Random) -> Sides:
        m1, first = positive(rng), share(rng)
        weights = (first * share(rng), (1 - first) * share(rng))  # omega q with omega summing to one
        parts = [(weight, vector(rng, D_IN), _slopes(rng, m1)) for weight in weights]
        return sides(parts, _numbers(rng), m1)

    one = [(fmpq(1), EXAMPLE, [fmpq(2), fmpq(2)])]
    return (Instances(draw, 502, (sides(one, SIGNS, fmpq(2)),)),)


@argument("laplacian-parts", "both inequalities; equality at q = 1/2, and at q = 1")
def laplacian_parts() -> tuple[Relation, ...]:
    def squares(q: fmpq, a: list[fmpq], slopes: list[fmpq], m1: fmpq) -> Sides:
        total = _sum([a[j] ** 2 * slopes[j] ** 2 for j in range(UNITS)])
        return q * (1 - q) * total, m1**2 * _sum([value**2 for value in a]) / 4

    def bends(q: fmpq, a: list[fmpq], second: list[fmpq], m2: fmpq) -> Sides:
        return abs(q * _sum([a[j] * second[j] for j in range(UNITS)])), m2 * _sum([abs(value) for value in a])

    def case(rng: random.Random) -> tuple[fmpq, list[fmpq], list[fmpq], fmpq]:
        largest = positive(rng)
        return share(rng), _numbers(rng), _slopes(rng, largest), largest

    return (
        Instances(lambda rng: squares(*case(rng)), 503, (squares(fmpq(1, 2), SIGNS, [fmpq(2)] * 2, fmpq(2)),)),
        Instances(lambda rng: bends(*case(rng)), 504, (bends(fmpq(1), SIGNS, [fmpq(2), fmpq(-2)], fmpq(2)),)),
    )


@argument("villani-gradient", "unit directions with rational norms; equality for opposite directions")
def villani_gradient() -> tuple[Relation, ...]:
    def sides(g: fmpq_mat, bound: fmpq, lam: fmpq, size: fmpq) -> Sides:
        w = fmpq_mat(D_IN, 1, [size * fmpq(2, 7), size * fmpq(3, 7), size * fmpq(6, 7)])  # of norm `size`
        return max(lam * size - bound, fmpq(0)) ** 2, squared(g + w * lam)

    def draw(rng: random.Random) -> Sides:
        g = vector(rng, D_IN)
        bound = _sum([abs(g[i, 0]) for i in range(D_IN)])  # at least its norm
        return sides(g, bound, positive(rng), 9 * positive(rng))

    opposite = fmpq_mat(D_IN, 1, [fmpq(-2, 7), fmpq(-3, 7), fmpq(-6, 7)])
    return (Instances(draw, 505, (sides(opposite, fmpq(1), fmpq(2), fmpq(3)),)),)


@argument("villani-laplacian", "the Laplacian of the regularisation for one to three weights")
def villani_laplacian() -> tuple[Relation, ...]:
    def laplacian(w: tuple[sympy.Symbol, ...]) -> sympy.Expr:
        term = LAM / 2 * sum((x**2 for x in w), ZERO)
        return sum((sympy.diff(term, x, 2) for x in w), ZERO)

    return tuple(Equation(laplacian(sympy.symbols(f"w_1:{n + 1}", real=True)), LAM * n) for n in range(1, 4))


@argument("villani-insertion", "the margin, with |grad L| = h + p, h = lambda |W| - G, and Laplacian D + lambda N - r")
def villani_insertion() -> tuple[Relation, ...]:
    h, p, r = sympy.symbols("h p r", positive=True)
    potential = (h + p) ** 2 / S - (D_ + LAM * N_ - r)
    return (Order(h**2 / S - LAM * N_ - D_, potential, (2 * h * p + p**2) / S + r),)


@argument("villani-radius", "the bound at the radius, and its slope there with lambda w = G + h")
def villani_radius() -> tuple[Relation, ...]:
    w, h = sympy.symbols("w h", positive=True)
    radius = (G_ + sympy.sqrt(S * (LEVEL + LAM * N_ + D_))) / LAM
    bound = (LAM * w - G_) ** 2 / S - LAM * N_ - D_
    slope = sympy.diff(bound, w).subs(w, (G_ + h) / LAM)
    return Equation(bound.subs(w, radius), LEVEL), Order(ZERO, slope, 2 * LAM * h / S)


@argument("villani-integrable", "log(1 + e^(-m)) = log(1 + t), t > 0, grows from zero; the integral of one weight")
def villani_integrable() -> tuple[Relation, ...]:
    return loss_is_positive(), Equation(line_integral(sympy.exp(-LAM * W**2 / S)), sympy.sqrt(sympy.pi * S / LAM))


@argument("threshold-potential", "both margins, with G = n + p and D = d + r")
def threshold_potential() -> tuple[Relation, ...]:
    n, p, d, r = sympy.symbols("n p d r", positive=True)
    above = (n + p) ** 2 / S + (d + r)
    return (
        Order(n**2 / S + d, above, (2 * n * p + p**2) / S + r),
        Order(-above, n**2 / S - d, ((n + p) ** 2 + n**2) / S + r),
    )


@argument(
    "threshold-loss", "the derivative of the logistic loss, and |f| <= |a|_1 sup|sigma|; equality at the signs of a"
)
def threshold_loss() -> tuple[Relation, ...]:
    m = sympy.Symbol("m", real=True)
    return Equation(sympy.diff(sympy.log(1 + sympy.exp(-m)), m), -1 / (1 + sympy.exp(m))), _bounded_sum(506)


@argument("euler-defect", "the derivative along W of one unit with two inputs; the bound, equality at the signs of a")
def euler_defect() -> tuple[Relation, ...]:
    z, a, x1, x2, w1, w2 = sympy.symbols("z a x_1 x_2 w_1 w_2", real=True)
    sigma = sympy.Function("sigma")
    inner_ = w1 * x1 + w2 * x2
    output = a * sigma(inner_)
    slope = sympy.Subs(sympy.diff(sigma(z), z), z, inner_).doit()
    along = (w1 * sympy.diff(output, w1) + w2 * sympy.diff(output, w2)).doit()
    defect = a * (sigma(inner_) - inner_ * slope)
    return Equation(along, output - defect), _bounded_sum(507)


@argument(
    "square-completed",
    "the identity, the dropped square, and the quarter; equality for opposite y and delta, where Q in use is attained",
)
def square_completed() -> tuple[Relation, ...]:
    f, y, delta = sympy.symbols("f y delta", real=True)
    quarter = (y - delta) ** 2 / 4

    def lost(label: fmpq, defect: fmpq) -> fmpq:
        return (label - defect) ** 2 / 4

    def sides(label: fmpq, size: fmpq, defect: fmpq, bound: fmpq) -> Sides:
        return lost(label, defect), (size + bound) ** 2 / 4

    def draw(rng: random.Random) -> Sides:
        size, bound = positive(rng), positive(rng)
        return sides(size * signed_share(rng), size, bound * signed_share(rng), bound)

    def in_use(rng: random.Random) -> Sides:
        one, most = positive(rng), positive(rng)
        return completed_square(arb(one), arb(most)), arb(lost(fmpq(-1), one * most))

    return (
        Equation((f - y) * (f - delta), (f - (y + delta) / 2) ** 2 - quarter),
        Order(-quarter, (f - y) * (f - delta), (f - (y + delta) / 2) ** 2),
        Instances(draw, 508, (sides(fmpq(1), fmpq(1), fmpq(-2), fmpq(2)),)),
        Instances(in_use, 516, equal=True),
    )


@argument("squared-gradient", "the inequality of Cauchy and Schwarz, equality for multiples; the margin Q^2/w^2")
def squared_gradient() -> tuple[Relation, ...]:
    w, q = sympy.symbols("w Q", positive=True)

    def sides(x: fmpq_mat, y: fmpq_mat) -> Sides:
        return inner(x, y) ** 2, squared(x) * squared(y)

    return (
        Instances(lambda rng: sides(vector(rng, D_IN), vector(rng, D_IN)), 509, (sides(EXAMPLE, EXAMPLE * 2),)),
        Order(LAM**2 * w**2 - 2 * LAM * q, (LAM * w - q / w) ** 2, q**2 / w**2),
    )


@argument("squared-growth", "the margin is a square")
def squared_growth() -> tuple[Relation, ...]:
    w, b = sympy.symbols("w beta", real=True)
    rate = LAM**2 / S
    return (Order(rate * w**2 / 2 - b**2 / (2 * rate), rate * w**2 - b * w, rate * (w - b / rate) ** 2 / 2),)


@argument("squared-bounded", "|f - y|; equality for opposite signs, where the bounds in use are attained")
def squared_bounded() -> tuple[Relation, ...]:
    def sides(f: fmpq, largest: fmpq, y: fmpq, size: fmpq) -> Sides:
        return abs(f - y), size + largest

    def draw(rng: random.Random) -> Sides:
        largest, size = positive(rng), positive(rng)
        return sides(largest * signed_share(rng), largest, size * signed_share(rng), size)

    def in_use(rng: random.Random, which: int) -> Sides:
        one, most, gradient = positive(rng), positive(rng), positive(rng)
        distance = one * most - fmpq(-1)  # |f - y| for the largest f and y = -1
        return squared_bounds(arb(one), arb(most), arb(gradient))[which], arb(distance * (gradient if which else 1))

    return (
        Instances(draw, 510, (sides(fmpq(3), fmpq(3), fmpq(-1), fmpq(1)),)),
        *(Instances(partial(in_use, which=which), 517 + which, equal=True) for which in (0, 1)),
    )


@argument(
    "hessian-outer", "both orders by elimination, equality along the gradient at q = 1/2; the norm of the gradient"
)
def hessian_outer() -> tuple[Relation, ...]:
    def above(q: fmpq, gradient: fmpq_mat) -> Sides:
        return gradient * gradient.transpose() * (q * (1 - q)), eye(D_IN, squared(gradient) / 4)

    def norm(a: list[fmpq], slopes: list[fmpq], x: fmpq_mat) -> Sides:
        rows = fmpq_mat(UNITS, 1, [a[j] * slopes[j] for j in range(UNITS)])
        return squared(rows * x.transpose()), squared(x) * _sum([a[j] ** 2 * slopes[j] ** 2 for j in range(UNITS)])

    return (
        Instances(lambda rng: above(share(rng), vector(rng, D_IN)), 511, (above(fmpq(1, 2), EXAMPLE),)),
        Instances(lambda rng: norm(_numbers(rng), _numbers(rng), vector(rng, D_IN)), 512, equal=True),
    )


@argument("hessian-blocks", "both orders by elimination; equality along x at q = 1")
def hessian_blocks() -> tuple[Relation, ...]:
    def sides(weight: fmpq, x: fmpq_mat, largest: fmpq) -> Sides:
        return x * x.transpose() * weight, eye(D_IN, squared(x) * largest)

    def draw(rng: random.Random, sign: int) -> Sides:
        largest = positive(rng)  # of |a_j sigma''|
        return sides(sign * largest * signed_share(rng) * share(rng), vector(rng, D_IN), largest)

    extremal = sides(fmpq(2), EXAMPLE, fmpq(2))
    return tuple(Instances(partial(draw, sign=sign), 513 + (sign < 0), (extremal,)) for sign in (1, -1))


@argument("threshold-difference", "the difference of both thresholds")
def threshold_difference() -> tuple[Relation, ...]:
    b, m1, m2, two, largest = sympy.symbols("B M_1 M_2 a_2 a_inf", positive=True)
    left = m1**2 * b**2 * two**2 / 2 - b**2 * m2 * largest
    return (Equation(left, b**2 * m1**2 * largest / 2 * (two**2 / largest - 2 * m2 / m1**2)),)
