"""Lines about the spectral gap of a law on the line."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import sympy
from flint import arb, fmpq, fmpq_mat

from ...proof_lines.draws import eye, inner, positive, squared, vector, with_spectrum
from ...proof_lines.instances import rational
from ...proof_lines.relations import BITS, Equation, Instances, Order, Relation, Sides, argument
from .lines import LAM, S
from .quadrature import CellMoments
from .rayleigh import rayleigh_bound
from .scalar import reference

N = 4
MADE = reference("T1")
"""The loss that made moments name; nothing of it is used."""
X, M_ = sympy.symbols("x m", real=True)
BAR, C, EPS, T = sympy.symbols("lambda_bar c epsilon t", positive=True)


def _sum(terms: list[fmpq]) -> fmpq:
    return sum(terms, fmpq(0))


@argument("least-quotient", "forms of known spectrum; equality for a multiple of the identity")
def least_quotient() -> tuple[Relation, ...]:
    def sides(form: fmpq_mat, least: fmpq, u: fmpq_mat) -> Sides:
        return least * squared(u), inner(u, form * u)

    def draw(rng: random.Random) -> Sides:
        spectrum = [positive(rng) for _ in range(N)]
        return sides(with_spectrum(rng, spectrum), min(spectrum), vector(rng, N))

    return (Instances(draw, 420, (sides(eye(N, 2), fmpq(2), fmpq_mat(N, 1, [1, 2, 3, 4])),)),)


@argument("weighted-increment", "sums over four cells; equality where u' is a multiple of f'")
def weighted_increment() -> tuple[Relation, ...]:
    def sides(u: list[fmpq], f: list[fmpq], cells: list[fmpq]) -> Sides:
        increment = _sum([a * h for a, h in zip(u, cells, strict=True)])
        weighted = _sum([a * a / b * h for a, b, h in zip(u, f, cells, strict=True)])
        return increment**2, weighted * _sum([b * h for b, h in zip(f, cells, strict=True)])

    def draw(rng: random.Random) -> Sides:
        u, f, cells = [rational(rng) for _ in range(N)], *([positive(rng) for _ in range(N)] for _ in range(2))
        return sides(u, f, cells)

    same = [fmpq(k) for k in (1, 2, 3)]
    return (Instances(draw, 421, (sides([2 * x for x in same], same, same[::-1]),)),)


@argument("variance-pairs", "a law on four points, exactly")
def variance_pairs() -> tuple[Relation, ...]:
    def draw(rng: random.Random) -> Sides:
        weights, u = [positive(rng) for _ in range(N)], [rational(rng) for _ in range(N)]
        total = _sum(weights)
        mass = [w / total for w in weights]
        mean = _sum([p * x for p, x in zip(mass, u, strict=True)])
        variance = _sum([p * (x - mean) ** 2 for p, x in zip(mass, u, strict=True)])
        return variance, _sum([mass[i] * mass[j] * (u[j] - u[i]) ** 2 for j in range(N) for i in range(j)])

    return (Instances(draw, 422, equal=True),)


def _quotient(rng: random.Random, outside: fmpq) -> Sides:
    """Rayleigh's bound in use for a law on points of two cells, with ``outside`` beyond the last node, and exactly."""
    nodes, centres = (fmpq(-1), fmpq(1), fmpq(2)), (fmpq(0), fmpq(3, 2))
    heights = [fmpq(rng.randint(-4, 4)), fmpq(rng.randint(-4, 4)), fmpq(rng.choice((-8, 8)))]
    slopes = [(heights[i + 1] - heights[i]) / (nodes[i + 1] - nodes[i]) for i in range(2)]
    law = [(i, fmpq(k, 4), positive(rng)) for i, k in ((0, -3), (0, -1), (0, 2), (1, 5), (1, 7))]
    values = [(heights[i] + slopes[i] * (x - nodes[i]), p) for i, x, p in law] + [(heights[2], outside)]
    total = _sum([p for _, p in values])
    mean = _sum([u * p for u, p in values]) / total
    variance = _sum([u * u * p for u, p in values]) / total - mean**2
    energy = _sum([slopes[i] ** 2 * p for i, _, p in law]) / total

    def moment(cell: int, k: int) -> arb:
        return arb(_sum([p * (x - centres[cell]) ** k for i, x, p in law if i == cell]))

    rows = tuple((moment(0, k), moment(1, k)) for k in range(3))
    floats = np.array([float(int(x.p) / int(x.q)) for x in nodes])
    made = CellMoments(
        MADE, Fraction(1, 3), floats, tuple(map(arb, centres)), rows, (arb(outside),), arb(0), arb(0), BITS
    )
    found = rayleigh_bound(made, np.array([float(int(x.p)) for x in heights]))
    return found, arb(energy / variance / 6)


@argument("rayleigh-quotient", "laws on five points, exactly; and with some mass beyond the last node")
def rayleigh_quotient() -> tuple[Relation, ...]:
    return (
        Instances(lambda rng: _quotient(rng, fmpq(0)), 423, equal=True),
        Instances(lambda rng: _quotient(rng, fmpq(1, 1000)), 424, equal=True),
    )


@argument("gap-bracket", "with the two parts of the mean, a below z and b above it")
def gap_bracket() -> tuple[Relation, ...]:
    below, above, share = sympy.symbols("a b F", real=True)
    return (Equation(share * above - (1 - share) * below, above - (1 - share) * (below + above)),)


@argument("gap-equation", "the quotient rule; the error of linear interpolation at x in [0, h]")
def gap_equation() -> tuple[Relation, ...]:
    loss, f, tail = (sympy.Function(name)(X) for name in ("L", "f", "T"))
    density = sympy.exp(-2 * loss / S)
    slope = sympy.diff(tail / density, X).subs(sympy.diff(tail, X), -(f - M_) * density)
    a, b = sympy.symbols("a b", positive=True)  # distances from both ends of the cell
    return (
        Equation(slope, 2 / S * sympy.diff(loss, X) * (tail / density) - (f - M_)),
        Order(a * b / 2, (a + b) ** 2 / 8, (a - b) ** 2 / 8),
    )


@argument("gap-tail", "the product rule with the equation of W")
def gap_tail() -> tuple[Relation, ...]:
    loss, f, s, w = (sympy.Function(name)(X) for name in ("L", "f", "S", "W"))
    density = sympy.exp(-2 * loss / S)
    equation = 2 / S * sympy.diff(loss, X) * w - (f - M_)
    left = sympy.diff((s - w) * density, X).subs(sympy.diff(w, X), equation)
    return (Equation(left, (sympy.diff(s, X) - 2 / S * sympy.diff(loss, X) * s + f - M_) * density),)


def _polynomial(k: int, v: sympy.Expr, start: sympy.Expr, reach: sympy.Expr) -> sympy.Expr:
    """P(v) with its stated coefficients; ``start`` is f at the start of the tail less m, ``reach`` is phi."""
    a, b = C / EPS * (LAM / BAR - sympy.Rational(1, k + 1)), C / BAR * (reach - LAM / EPS)
    c, h = S * C * k * EPS / (2 * BAR), start - C / (EPS * (k + 1))
    return a * v ** (k + 1) + b * v**k - c * v ** (k - 1) - h


@argument(
    "gap-polynomial", "k = 0 is linear; k = 1, 2: the condition is P(v), and P(1 + t) - P(1) has no negative term"
)
def gap_polynomial() -> tuple[Relation, ...]:
    start, reach = sympy.symbols("f_X phi", real=True)
    a, rest, c = sympy.symbols("A B_C C", positive=True)  # B = C + rest
    flat = 2 / S * (reach + LAM * T) * S / (2 * BAR) * C - (start + C * T)
    found: list[Relation] = [Equation(flat, C * reach / BAR - start + C * (LAM / BAR - 1) * T)]
    for k in (1, 2):
        v = 1 + EPS * T
        trial, omega = C * v**k, S / (2 * BAR)
        value = start + C * (v ** (k + 1) - 1) / (EPS * (k + 1))
        condition = 2 / S * (reach + LAM * T) * omega * trial - value - sympy.diff(omega * trial, T)
        found.append(Equation(condition, _polynomial(k, v, start, reach)))
        u = 1 + T
        growth = a * (u ** (k + 1) - 1) + rest * (u**k - 1) + c * T * u ** (k - 1)
        grown = a * u ** (k + 1) + (c + rest) * u**k - c * u ** (k - 1)
        found.append(Order(a + rest, grown, sympy.expand(growth)))
    return tuple(found)
