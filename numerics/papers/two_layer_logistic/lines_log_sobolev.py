"""Lines about logarithmic Sobolev inequalities: perturbation, convex envelopes, the mean field, the gap."""

from __future__ import annotations

import itertools
import random

import sympy
from flint import arb, fmpq, fmpq_mat

from ...proof_lines.draws import diagonal, eye, inner, positive, squared, vector, with_spectrum
from ...proof_lines.instances import gram, rational
from ...proof_lines.relations import Equation, Growth, Instances, Relation, Sides, argument
from .lines import ZERO
from .lines_finite_laws import entropy, law, mean
from .lines_finite_neurons import Neurons
from .lines_sgd import T, total

LAM, BETA, B = sympy.symbols("lambda beta b", positive=True)
X = sympy.Symbol("x", real=True)


def loss(margin: arb) -> arb:
    """log(1 + exp(-m)) for a moderate margin."""
    return (-margin).exp().log1p()


def slope(margin: arb) -> arb:
    """Its derivative."""
    return -1 / (1 + margin.exp())


@argument("entropy-variational", "y log y - y + 1 at y = 1 + t and at y = 1/(1 + t); the value at the mean, in balls")
def entropy_variational() -> tuple[Relation, ...]:
    def draw(rng: random.Random) -> Sides:
        weights, values = law(rng, 4), [arb(positive(rng)) for _ in range(4)]
        t = mean(weights, values)
        return mean(weights, [v * (v / t).log() - v + t for v in values]), mean(
            weights, [v * v.log() for v in values]
        ) - t * t.log()

    y = 1 / (1 + T)
    return (
        Growth(ZERO, (1 + T) * sympy.log(1 + T) - T, T, ZERO, sympy.log(1 + T)),
        Growth(sympy.log(1 + T), T, T, ZERO, T / (1 + T)),
        Equation((1 + T) * (-y * sympy.log(1 + T) - y + 1), T - sympy.log(1 + T)),
        Instances(draw, 540, equal=True),
    )


@argument("envelope-mollified", "maxima of affine functions under laws of mean zero; equality for one affine function")
def envelope_mollified() -> tuple[Relation, ...]:
    def sides(pieces: list[tuple[fmpq, fmpq]], x: fmpq, shifts: list[fmpq], weights: list[fmpq]) -> Sides:
        def convex(z: fmpq) -> fmpq:
            return max(a * z + b for a, b in pieces)

        return convex(x), total([w * convex(x + t) for w, t in zip(weights, shifts, strict=True)])

    def draw(rng: random.Random) -> Sides:
        t, w = positive(rng), fmpq(1, rng.randint(3, 9))
        pieces = [(rational(rng), rational(rng)) for _ in range(3)]
        return sides(pieces, rational(rng), [-t, fmpq(0), t], [w, 1 - 2 * w, w])

    one = sides([(fmpq(2), fmpq(1))], fmpq(3), [fmpq(-1), fmpq(1)], [fmpq(1, 2)] * 2)
    return (Instances(draw, 541, (one,)),)


@argument("envelope-flatter", "second derivatives at theta z; the oscillation of five numbers, equality for c and -c")
def envelope_flatter() -> tuple[Relation, ...]:
    theta = sympy.Symbol("theta", positive=True)

    def bent(function: sympy.Expr) -> Relation:
        second = sympy.diff(function, X, 2)
        return Equation(sympy.diff(function.subs(X, theta * X), X, 2), theta**2 * second.subs(X, theta * X))

    def sides(values: list[fmpq]) -> Sides:
        return max(values) - min(values), 2 * max(map(abs, values))

    return (
        bent(sympy.tanh(X)),
        bent(1 / (1 + sympy.exp(-X))),
        Instances(lambda rng: sides([rational(rng) for _ in range(5)]), 542, (sides([fmpq(3), fmpq(-3)]),)),
    )


# -- the mean field -----------------------------------------------------------------


@argument("mean-field-partition", "two neurons with three states each, at any point f_*; nearly affine risks")
def mean_field_partition() -> tuple[Relation, ...]:
    def sides(case: Neurons) -> Sides:
        return case.log_partition(), case.tangent_partition()

    return (Instances(lambda rng: sides(Neurons.draw(rng)), 543, (sides(Neurons.nearly_affine()),)),)


@argument("gibbs-principle", "laws on four points against a partition function; a law that is nearly the minimiser")
def gibbs_principle() -> tuple[Relation, ...]:
    def sides(weights: list[arb], potential: list[arb]) -> Sides:
        return entropy(weights) - mean(weights, potential), sum(((-v).exp() for v in potential), arb(0)).log()

    def draw(rng: random.Random) -> Sides:
        return sides(law(rng, 4), [arb(positive(rng)) for _ in range(4)])

    t, energy = sympy.symbols("t L", positive=True)
    return (
        Instances(draw, 544, (sides([arb(fmpq(51, 100)), arb(fmpq(49, 100))], [arb(0), arb(0)]),)),
        Equation(sympy.exp(t * energy) * sympy.exp(-BETA * energy), sympy.exp(-(BETA - t) * energy)),
    )


@argument("logistic-quadratic", "the loss against its quadratic bound, nearly equal for a small move at 0")
def logistic_quadratic() -> tuple[Relation, ...]:
    def sides(margin: arb, move: arb) -> Sides:
        return loss(margin + move) - loss(margin) - slope(margin) * move, move**2 / 8

    def draw(rng: random.Random) -> Sides:
        return sides(arb(rational(rng)), arb(positive(rng)) * rng.choice((-1, 1)))

    return (Instances(draw, 545, (sides(arb(0), arb(fmpq(1, 100))),)),)


@argument("logistic-convex", "sums of three losses; two points that are close")
def logistic_convex() -> tuple[Relation, ...]:
    def sides(weights: list[arb], at: list[arb], start: list[arb]) -> Sides:
        rise = mean(weights, [loss(x) - loss(y) for x, y in zip(at, start, strict=True)])
        return rise, mean(weights, [slope(x) * (x - y) for x, y in zip(at, start, strict=True)])

    def draw(rng: random.Random) -> Sides:
        return sides(law(rng, 3), [arb(rational(rng)) for _ in range(3)], [arb(rational(rng)) for _ in range(3)])

    close = sides([arb(1)], [arb(0)], [arb(fmpq(1, 1000))])
    return (Instances(draw, 546, (close,)),)


@argument("mean-field-assembly", "two neurons: the sum of both bounds, term by term")
def mean_field_assembly() -> tuple[Relation, ...]:
    risk, start = sympy.symbols("F F_*", real=True)
    normaliser, mass, square = (sympy.symbols(f"{name}_1 {name}_2", real=True) for name in ("l", "f", "m"))
    osc, a = sympy.Symbol("o", positive=True), sympy.symbols("a_1 a_2", real=True)
    w = sympy.symbols("w_1 w_2", real=True)
    h = [normaliser[j] + BETA * (mass[j] + LAM / 2 * square[j]) for j in range(2)]  # mass is u . E phi_j
    cross = risk - start  # the least value of the sum of the linear terms
    lower = BETA * cross + sum(
        (h[j] + BETA * (-(osc**2) * a[j] ** 2 / 8 + LAM / 2 * (w[j] ** 2 - square[j])) for j in range(2)), ZERO
    )
    potential = BETA * (risk + LAM / 2 * (w[0] ** 2 + w[1] ** 2))
    partition = -BETA * start + BETA * (mass[0] + mass[1]) + normaliser[0] + normaliser[1]
    defect = BETA / 8 * osc**2 * (a[0] ** 2 + a[1] ** 2)
    return (Equation(lower, potential + partition - defect),)


@argument("han", "laws on eight points; one that is nearly a product")
def han() -> tuple[Relation, ...]:
    cells = list(itertools.product(range(2), repeat=3))

    def sides(weights: list[arb]) -> Sides:
        whole = entropy(weights)

        def others(j: int) -> arb:
            kept: dict[tuple[int, ...], arb] = {}
            for cell, w in zip(cells, weights, strict=True):
                key = tuple(x for k, x in enumerate(cell) if k != j)
                kept[key] = kept.get(key, arb(0)) + w
            return entropy(list(kept.values()))

        return sum((whole - others(j) for j in range(3)), arb(0)), whole

    near = [arb(fmpq(1, 8) + fmpq((-1) ** sum(cell), 200)) for cell in cells]
    return (Instances(lambda rng: sides(law(rng, 8)), 547, (sides(near),)),)


@argument("conditional-score", "the logarithmic derivative of a function over any function of the other variable")
def conditional_score() -> tuple[Relation, ...]:
    w, v = sympy.symbols("w v", real=True)
    joint, marginal = sympy.Function("h", positive=True)(w, v), sympy.Function("H", positive=True)(v)
    return (Equation(sympy.diff(sympy.log(joint / marginal), w), sympy.diff(joint, w) / joint),)


@argument("popoviciu", "laws on four points; equality for the two ends")
def popoviciu() -> tuple[Relation, ...]:
    def sides(weights: list[fmpq], values: list[fmpq]) -> Sides:
        first = total([w * v for w, v in zip(weights, values, strict=True)])
        variance = total([w * v * v for w, v in zip(weights, values, strict=True)]) - first**2
        return variance, (max(values) - min(values)) ** 2 / 4

    def draw(rng: random.Random) -> Sides:
        found = [positive(rng) for _ in range(4)]
        return sides([w / total(found) for w in found], [rational(rng) for _ in range(4)])

    ends = sides([fmpq(1, 2)] * 2, [fmpq(0), fmpq(3)])
    return Instances(draw, 548, (ends,)), Equation(sympy.Rational(1, 8) * B / 4, B / 32)


# -- the gap ------------------------------------------------------------------------


@argument("bochner", "two variables, arbitrary functions: the difference is the divergence against exp(-V)")
def bochner() -> tuple[Relation, ...]:
    x = sympy.symbols("x_1 x_2", real=True)
    phi, v = sympy.Function("phi")(*x), sympy.Function("V")(*x)
    grad = [sympy.diff(phi, s) for s in x]
    pull = [sympy.diff(v, s) for s in x]
    generator = sum((sympy.diff(phi, s, 2) - p * g for s, p, g in zip(x, pull, grad, strict=True)), ZERO)
    square = sum((g**2 for g in grad), ZERO)
    field = [generator * g - sympy.diff(square, s) / 2 for s, g in zip(x, grad, strict=True)]
    divergence = sum((sympy.diff(f, s) - p * f for s, p, f in zip(x, pull, field, strict=True)), ZERO)
    hessian = sum((sympy.diff(phi, s, r) ** 2 for s in x for r in x), ZERO)
    curvature = sum(
        (sympy.diff(v, s, r) * g * k for s, g in zip(x, grad, strict=True) for r, k in zip(x, grad, strict=True)), ZERO
    )
    return (Equation(generator**2 - divergence, hessian + curvature),)


@argument("gap-squared", "forms of known spectrum; equality for a multiple of the identity")
def gap_squared() -> tuple[Relation, ...]:
    def sides(form: fmpq_mat, least: fmpq, u: fmpq_mat) -> Sides:
        return least * inner(u, form * u), squared(form * u)

    def draw(rng: random.Random) -> Sides:
        spectrum = [positive(rng) for _ in range(3)]
        return sides(with_spectrum(rng, spectrum), min(spectrum), vector(rng, 3))

    return (Instances(draw, 549, (sides(eye(3, 2), fmpq(2), fmpq_mat(3, 1, [1, 2, 3])),)),)


@argument("block-diagonal", "what the blocks off the diagonal take away; equality on the kernel")
def block_diagonal() -> tuple[Relation, ...]:
    def sides(whole: fmpq_mat, u: fmpq_mat) -> Sides:
        blocks = diagonal([whole[k, k] for k in range(whole.nrows())])
        return inner(u, (blocks - whole) * u), inner(u, blocks * u)

    kernel = sides(fmpq_mat(2, 2, [1, 1, 1, 1]), fmpq_mat(2, 1, [1, -1]))
    return (Instances(lambda rng: sides(gram(rng, 3, 2), vector(rng, 3)), 550, (kernel,)),)
