r"""The unit vectors of Hermite coefficients at many variances at once, by one rule in float64 with a proved error.

The trapezoid rule in a strip, :math:`\mu_r(\sigma) \approx \sum_k w_k\,\varphi(\sigma x_k)h_r(x_k)`, holds with one
step and one error for every :math:`\sigma` of an interval, so that the coefficients at all variances are one product of
two tables: :math:`\sqrt{w_k}\varphi(\sigma_ix_k)` and :math:`\sqrt{w_k}h_r(x_k)`. Proof:
docs/theory/hermite-coefficients.md, section 10.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from flint import arb

from ...theory.activations.activation import Activation
from ...theory.activations.functions import X
from ..balls.ends import between, upper_float
from ..balls.rounding import UNIT, gamma
from ..expressions.half_line import HalfLine, half_line
from ..hermite import second_moments, trapezoid
from ..hermite.strip import strip
from ..hermite.table import LARGEST_NODE, TABLE_ERROR, HermiteTable, hermite_table
from ..kernels.points import Floats
from ..kernels.split_product import Factor, split_product
from .bounds import roots
from .series import slope
from .unit_rows import UnitRows

RULE_BITS = 44
"""The error of the rule is about 2^-56 of the smallest size of the function."""
MOMENT_BITS = 72
"""The second moments are known to about this relative precision, far beyond float64."""
MOST_NODES = 4000
CHUNK = 64
"""Columns evaluated together: far out the function needs fewer terms."""
LEAST = 8
TARGET = 2.0**-48
"""Rest of Mehler's series beyond which more orders are taken."""
COARSE = 2.0**-44
"""Error of the slopes beyond which they get a rule of their own."""
SMALLEST = 2.0**-60
"""Functions of a smaller size are left to single transforms."""
USELESS = 2.0**-36
"""Error of the vectors beyond which single transforms are better."""
SLACK = 1.0 + 2.0**-10
"""More than all roundings of the norms and sums of non-negative numbers below."""


@dataclass(frozen=True, slots=True, eq=False)
class QuadratureRows:
    """Second moments of the activation and of its slope, and the unit vectors of both."""

    moments: tuple[arb, ...]
    slopes: tuple[arb, ...]
    features: UnitRows
    derivative: UnitRows | None


def quadrature_rows(
    phi: Activation, variances: Sequence[arb], most: int, reach: arb, *, slopes: bool
) -> QuadratureRows | None:
    """The vectors with at most ``most`` orders, fewer where correlations up to ``reach`` need fewer; None where the
    activation is not known to be analytic in a strip, or the rule would need too many nodes.
    """
    shape = strip(phi.expression)
    if shape is None or not all(q > 0 for q in variances):
        return None
    sigma = [q.sqrt() for q in variances]
    hull = between(min(s.lower() for s in sigma), max(s.upper() for s in sigma))
    moments = second_moments(phi, variances, MOMENT_BITS)
    size = min(float(m.lower()) for m in moments) ** 0.5 if all(m > 0 for m in moments) else 0.0
    if not size > SMALLEST:
        return None
    plan = trapezoid.plan(shape, hull, most + 1, RULE_BITS + max(0, -math.frexp(size)[1]))
    if plan is None or plan.count > MOST_NODES or plan.count * float(plan.step) > LARGEST_NODE:
        return None
    reached = upper_float(hull) * plan.count * float(plan.step) * (1.0 + 2.0**-40)
    halves = _halves(phi, reached, size, float(hull.lower()) / 4)
    if halves is None:
        return None
    nodes: Floats = np.arange(plan.count + 1) * np.float64(plan.step)
    table = hermite_table(plan.step, plan.count, most + 1)
    scale = roots(variances)
    groups = _values(halves, phi.parity, scale, nodes, table)
    widest = int(np.argmax(scale))
    order = _enough(groups, table, widest, float(moments[widest]), float(reach))
    a, lost = _coefficients(groups, table, order + 1, roots([1 / m for m in moments]), upper_float(plan.error))
    if not lost < USELESS:
        return None
    features = UnitRows.stored(np.ascontiguousarray(a[: order + 1]), arb(lost), _tail(a[: order + 1], lost))
    if not slopes:
        return QuadratureRows(moments, (), features, None)
    steep = second_moments(slope(phi), variances, MOMENT_BITS)
    if not all(m > 0 for m in steep):
        return None
    shares = roots([m / (q * s) for m, q, s in zip(moments, variances, steep, strict=True)])
    b = a[1:] * np.sqrt(np.arange(1.0, order + 2.0))[:, None] * shares
    longest = math.sqrt(float((b * b).sum(axis=0).max()))
    worse = SLACK * (math.sqrt(order + 1.0) * float(shares.max()) * lost + 8.0 * UNIT * longest)
    if worse > COARSE:  # small variances: the slope of its own rule loses no factor of the order
        alone = quadrature_rows(slope(phi), variances, most, reach, slopes=False)
        if alone is not None and alone.features.lost < worse:
            return QuadratureRows(moments, steep, features, alone.features)
    return QuadratureRows(moments, steep, features, UnitRows.stored(b, arb(worse), _tail(b, worse)))


@dataclass(frozen=True, slots=True, eq=False)
class _Group:
    r"""The values :math:`\sqrt{w_k}\varphi(\sigma_ix_k)` (variances, nodes) that serve the orders of one parity, and
    for each variance bounds of the Euclidean norms of their errors and of themselves."""

    parity: int
    values: Floats
    lost: Floats
    size: Floats


def _halves(phi: Activation, reach: float, size: float, least: float) -> tuple[HalfLine, HalfLine | None] | None:
    """The activation on the right half-line and, without parity, on the left one."""
    right = half_line(phi.expression, reach, size, least)
    if right is None or phi.parity is not None:
        return None if right is None else (right, None)
    left = half_line(phi.expression.xreplace({X: -X}), reach, size, least)
    return None if left is None else (right, left)


def _values(
    halves: tuple[HalfLine, HalfLine | None], parity: str | None, scale: Floats, nodes: Floats, table: HermiteTable
) -> tuple[_Group, ...]:
    """One group for an odd or an even function, two otherwise."""
    weights = np.array([float(w.mid()) for w in table.weights])
    sides = [side for side in halves if side is not None]
    values = [np.empty((len(scale), len(nodes))) for _ in sides]
    squares = [np.zeros(len(scale)) for _ in sides]
    for start in range(0, len(nodes), CHUNK):
        columns = slice(start, start + CHUNK)
        t = np.multiply.outer(scale, nodes[columns])
        for side, found, square in zip(sides, values, squares, strict=True):
            cells = side.cells(t)
            np.multiply(side.values(t, cells), weights[columns], out=found[:, columns])
            worst = side.error + 4.0 * UNIT * side.end * side.slope  # t is known to a relative 3.1u
            square += (worst * worst)[cells] @ weights[columns] ** 2
    # with two roundings for the weights and for the products with them
    lost = [np.sqrt(square) + 3.0 * UNIT * _sizes(found) for square, found in zip(squares, values, strict=True)]
    if parity is not None:
        return (_Group(int(parity == "odd"), values[0], SLACK * lost[0], SLACK * _sizes(values[0])),)
    groups = []
    for k, found in enumerate((values[0] + values[1], values[0] - values[1])):
        found *= 0.5
        size = _sizes(found)
        groups.append(_Group(k, found, SLACK * (0.5 * (lost[0] + lost[1]) + 2.0 * UNIT * size), SLACK * size))
    return tuple(groups)


def _sizes(values: Floats) -> Floats:
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", values, values)))


def _enough(groups: Sequence[_Group], table: HermiteTable, widest: int, moment: float, reach: float) -> int:
    """How many orders bring the rest of the series below ``TARGET`` at the largest variance: a guess, not a bound."""
    most = len(table.high) - 2
    squares = np.zeros(most + 2)
    for group in groups:
        which = np.arange(group.parity, most + 2, 2)
        squares[which] = (table.high[which] @ group.values[widest] * _scale(table)[which]) ** 2 / moment
    rest = np.maximum(1.0 - np.cumsum(squares), 1e-15)
    good = np.flatnonzero(rest * min(reach, 1.0) ** np.arange(1.0, most + 3.0) <= TARGET)
    return min(max(int(good[0]) if len(good) else most, LEAST), most)


def _scale(table: HermiteTable) -> Floats:
    return np.array([float(c.mid()) for c in table.scale])


def _coefficients(
    groups: Sequence[_Group], table: HermiteTable, order: int, inverse: Floats, rule: float
) -> tuple[Floats, float]:
    r"""The unit vectors up to ``order`` (order + 1, variances), and a bound of the norm of the error of each.

    The steps are those of docs/theory/hermite-coefficients.md, section 10.
    """
    a = np.zeros((order + 1, len(inverse)))
    lost = np.zeros(len(inverse))
    scale = _scale(table)
    for group in groups:
        which = np.arange(group.parity, order + 1, 2)
        found, product = split_product(Factor.of(group.values), Factor.of(table.high[which], table.low[which]))
        a[which] = (found * scale[which]).T * inverse
        functions = table.high[which] * scale[which][:, None]
        cells = np.sqrt(float(functions.shape[1]) * len(which))
        lost += _norm(functions) * group.lost + 1.5 * product
        lost += np.sqrt(float(len(which))) * rule + TABLE_ERROR * cells * group.size
    return a, float(SLACK * (lost * inverse).max() + 8.0 * UNIT)


def _norm(functions: Floats) -> float:
    """An upper bound of the spectral norm of the exact table, of which a float64 table is known to a relative 3u."""
    squares = float(np.sum(functions * functions))
    gram = functions @ functions.T
    largest = float(np.abs(gram).sum(axis=1).max()) + gamma(functions.shape[1] + 2) * SLACK * squares
    return SLACK * (math.sqrt(largest) + 4.0 * UNIT * math.sqrt(squares))


def _tail(a: Floats, lost: float) -> arb:
    """An upper bound of what the squares stored are short of 1, for vectors of norm 1 that are known to ``lost``."""
    least = np.einsum("ij,ij->j", a, a) * (1.0 - gamma(len(a) + 4))
    short = float(np.max(1.0 - least)) + 4.0 * UNIT + 2.0 * SLACK * lost
    return arb(max(short, 0.0))
