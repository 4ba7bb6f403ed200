r"""A smooth function on [0, reach] in float64 with a proved error: Taylor polynomials on cells that fit the function.

Cells are as wide as the function allows and at most as wide as their distance from 0, so that :math:`t - c` is exact
(Sterbenz); where the function is a polynomial up to a proved remainder (a saturated or straight part) one cell with
c = 0 takes all the rest. On a cell with centre c and half-width h

.. math:: \Bigl|\varphi(t) - \sum_{j\le p}\tilde c_j(t-c)^j\Bigr| \le
          \sup_{\text{cell}}\frac{|\varphi^{(p+1)}|}{(p+1)!}h^{p+1} + \sum_{j\le p}|c_j-\tilde c_j|h^j,

and Horner's rule adds at most :math:`\sum_j\gamma_{2j+1}|\tilde c_j|h^j`. A library's ``tanh`` enters nowhere.
Proof: docs/theory/hermite-coefficients.md, section 9.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import sympy
from flint import arb, arb_series
from numpy.typing import NDArray

from ...theory.errors import DerivationGap
from ..balls.ends import upper_float
from ..balls.precision import precision
from ..balls.rounding import TINY, gamma
from .asymptotic import TooEarly
from .asymptotic_rules import asymptotic
from .elementary.series import coefficient
from .lowering import constant, lower_series, the_variable

Array = NDArray[np.float64]

DEGREE = 14
BITS = 96
FIRST = 2.0**-3
"""Largest width of the cell at 0."""
SHARE = 2.0**-14
"""Least width of that cell as a share of the reach."""
NARROWEST = 2.0**-7
"""Cells are not halved below this width; what is lost then is in the error."""
LONGEST = 4096.0
STARTS = (6.0, 8.0, 12.0, 16.0, 20.0, 24.0, 32.0, 40.0, 48.0, 64.0, 96.0, 128.0)
"""Where a last cell may begin."""
NEGLIGIBLE = 2.0**-57
"""Share of the size at which a remainder is small enough, and coefficients are left out."""


@dataclass(frozen=True, slots=True, eq=False)
class HalfLine:
    """The cells in order; made by :func:`half_line`.

    ``centre``, ``end``, ``error``, ``slope`` (cells,): midpoints, upper ends, bounds of the error of :meth:`values`
    and of the slope on the cell and its neighbours; ``degree`` (cells,) and ``coefficients`` (DEGREE + 1, cells);
    ``place``: the cell of each
    interval of length ``unit``, a power of two.
    """

    centre: Array
    end: Array
    error: Array
    slope: Array
    degree: NDArray[np.int64]
    coefficients: Array
    place: NDArray[np.int64]
    unit: float

    def cells(self, t: Array) -> NDArray[np.int64]:
        """The cell of each number in [0, reach]."""
        return self.place[(t * (1.0 / self.unit)).astype(np.int64)]

    def values(self, t: Array, cells: NDArray[np.int64]) -> Array:
        """The function, within ``error[cells]``.

        >>> from sympy import tanh
        >>> from ...theory.activations.functions import X
        >>> table, t = half_line(tanh(X), 30.0, 1.0, 0.25), np.array([0.0, 0.75, 25.0])
        >>> bool(np.max(np.abs(table.values(t, table.cells(t)) - np.tanh(t))) < 1e-15)
        True
        """
        away = t - self.centre[cells]
        top = int(self.degree[cells].max(initial=0))
        value = self.coefficients[top][cells]
        for row in self.coefficients[:top][::-1]:
            value *= away
            value += row[cells]
        return np.asarray(value)


def half_line(expression: sympy.Expr, reach: float, size: float, least: float) -> HalfLine | None:
    """The table of a function of x on [0, reach]; ``size`` is its typical modulus, ``least`` the smallest scale on
    which arguments lie: cells there are no wider. None where a cell has no bound.
    """
    if not (0 < reach <= LONGEST and least > 0):
        return None
    first = min(FIRST, 2.0 ** math.floor(math.log2(max(least, reach * SHARE))))
    function = lower_series(expression)
    found: list[tuple[float, float, _Cell]] = []
    with precision(BITS):
        far = next(filter(None, (_far(expression, start, reach, size) for start in STARTS if start < reach)), None)
        end = reach if far is None else far[0]
        waiting = [(0.0, first)]
        edge = first
        while edge <= end:
            waiting.append((edge, 2 * edge))
            edge *= 2
        waiting.reverse()
        while waiting:
            lo, hi = waiting.pop()
            if lo > end or (far is not None and lo >= end):
                continue
            if far is not None and hi > end:  # so that the last cell begins where another ends
                waiting += [((lo + hi) / 2, hi), (lo, (lo + hi) / 2)]
                continue
            cell = _cell(function, lo, hi)
            if (cell is None or cell.remainder > NEGLIGIBLE * size) and hi - lo > NARROWEST:
                middle = (lo + hi) / 2
                waiting += [(middle, hi), (lo, middle)]
                continue
            if cell is None:
                return None
            found.append((lo, hi, cell))
    return _assemble(found if far is None else [*found, far], size, min(first, NARROWEST))


@dataclass(frozen=True, slots=True)
class _Cell:
    centre: float
    half: float
    coefficients: list[float]
    remainder: float
    lost: float
    slope: float


def _far(expression: sympy.Expr, start: float, reach: float, size: float) -> tuple[float, float, _Cell] | None:
    """The polynomial that the function is from ``start`` on, where the remainder is negligible; else None."""
    try:
        form = asymptotic(expression, arb(start)).flat()
        steep = asymptotic(expression.diff(the_variable(expression)), arb(start)).flat()
        lost, more = form.remainder.supremum(arb(start)), steep.remainder.supremum(arb(start))
    except (DerivationGap, TooEarly):
        return None
    if form.exponent() or steep.exponent() or form.degree > 2 or not lost < NEGLIGIBLE * size:
        return None  # an exponential that grows is a factor of the polynomial, not part of it
    end = math.ceil(reach) + 1.0
    exact = [constant(c) for c in form.polynomial]
    row = [float(c.mid()) for c in exact] + [0.0] * (DEGREE + 1 - len(exact))
    lost += sum((abs(c - arb(x)) * arb(end) ** j for j, (c, x) in enumerate(zip(exact, row, strict=False))), arb(0))
    more += sum((abs(constant(c)) * arb(end) ** j for j, c in enumerate(steep.polynomial)), arb(0))
    return start, end, _Cell(0.0, end, row, 0.0, upper_float(lost), upper_float(more))


def _cell(function: Callable[[arb_series], arb_series], lo: float, hi: float) -> _Cell | None:
    centre = 0.0 if lo == 0.0 else (lo + hi) / 2
    half = hi - centre
    at_centre = function(arb_series([arb(centre), 1], prec=DEGREE + 2))
    on_cell = function(arb_series([arb(centre, half), 1], prec=DEGREE + 2))
    exact = [coefficient(at_centre, j) for j in range(DEGREE + 1)]
    h, slope = arb(half), abs(coefficient(on_cell, 1))
    remainder = abs(coefficient(on_cell, DEGREE + 1)) * h ** (DEGREE + 1)
    if not (remainder.is_finite() and slope.is_finite() and all(c.is_finite() for c in exact)):
        return None
    row = [float(c.mid()) for c in exact]
    lost = sum((abs(c - arb(x)) * h**j for j, (c, x) in enumerate(zip(exact, row, strict=True))), remainder)
    return _Cell(centre, half, row, upper_float(remainder), upper_float(lost), upper_float(slope))


def _assemble(found: list[tuple[float, float, _Cell]], size: float, unit: float) -> HalfLine:
    count = len(found)
    coefficients, degree = np.zeros((DEGREE + 1, count)), np.zeros(count, dtype=np.int64)
    error, slope = np.empty(count), np.array([cell.slope for _, _, cell in found])
    for k, (_, _, cell) in enumerate(found):
        parts = [arb(abs(c)) * arb(cell.half) ** j for j, c in enumerate(cell.coefficients)]
        top, dropped = DEGREE, arb(0)
        while top and dropped + parts[top] < NEGLIGIBLE * size / 4:
            dropped += parts[top]
            top -= 1
        rounding = sum((arb(gamma(2 * j + 1)) * part for j, part in enumerate(parts[: top + 1])), arb(0))
        error[k] = upper_float(arb(cell.lost) + dropped + rounding + arb(4 * DEGREE + 4) * arb(TINY))
        coefficients[: top + 1, k], degree[k] = cell.coefficients[: top + 1], top
    nearby = np.maximum(slope, np.maximum(np.append(slope[1:], 0.0), np.insert(slope[:-1], 0, 0.0)))
    place = np.concatenate([np.full(round((hi - lo) / unit), k) for k, (lo, hi, _) in enumerate(found)])
    centre, end = np.array([c.centre for _, _, c in found]), np.array([hi for _, hi, _ in found])
    return HalfLine(centre, end, error, nearby, degree, coefficients, place, unit)
