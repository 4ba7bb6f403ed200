r"""An activation on float64 arrays with a proved error: Taylor polynomials on small cells, from ball arithmetic.

On the cell of width h = 1/16 around :math:`c = kh`, with :math:`|t - c| \le h/2` and degree p,

.. math:: \Bigl|\varphi(t) - \sum_{j\le p} c_j (t-c)^j\Bigr| \le
          \sup_{\text{cell}} \frac{|\varphi^{(p+1)}|}{(p+1)!}\,(h/2)^{p+1} .

The coefficients are balls rounded to float64, the remainder is a ball evaluation of the series on the whole cell, and
Horner's rule on exact differences :math:`t - c` adds an a-priori rounding bound. A library's ``tanh`` enters nowhere.
Proof: ``docs/papers/deep_equilibrium/training.md``, "The activation with a proved error".
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
import sympy
from flint import arb, arb_series
from numpy.typing import NDArray

from ...theory.activations.activation import Activation
from ...theory.errors import DerivationGap
from ..balls.ends import upper_float
from ..balls.precision import precision
from ..balls.rounding import TINY, gamma
from ..balls.rounding import norm_down as norm_down
from ..balls.rounding import norm_up as norm_up
from .elementary.series import coefficient
from .lowering import lower_series

CELL = 2.0**-4
"""Width h of a cell; a power of two, so that centres are exact and t − c is exact (Sterbenz)."""
DEGREE = 10
"""Degree p of the Taylor polynomials."""
BITS = 96
"""Precision of the coefficients, far beyond float64."""
REACH = 256.0
"""Arguments beyond this are refused: the table would be long, and no trained network here comes near."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """The Taylor polynomials of one smooth piece on [lo, hi]: ``coefficients`` (cells, p + 1), ``error`` (cells,)."""

    lo: float
    hi: float
    first: int
    coefficients: Array
    error: Array


@dataclass(eq=False)
class EnclosedFunction:
    """One activation; tables are made for the range of arguments asked for and kept.

    Raises :class:`DerivationGap` when the pieces of the activation do not meet at float64 numbers, when an argument is
    beyond ``REACH``, or when a cell cannot be bounded.

    >>> from certigram.theory.activations.activation import activation
    >>> values, error = EnclosedFunction(activation("tanh"))(np.array([0.0, 0.5]))
    >>> bool(abs(values[1] - 0.46211715726000973) <= error[1] < 1e-14)
    True
    """

    activation: Activation
    _reach: float = field(default=0.0, init=False)
    _tables: list[Table] = field(default_factory=list, init=False)

    def __call__(self, t: Array) -> tuple[Array, Array]:
        """Values (the shape of ``t``) and, entry by entry, upper bounds of their errors."""
        largest = float(np.abs(t).max(initial=0.0))
        if not largest <= REACH:
            raise DerivationGap(
                f"a pre-activation of size {largest:.3g} is beyond {REACH:g}, the range in which activations are"
                " evaluated with a proved error: scale the weights down."
            )
        if largest > self._reach or not self._tables:
            self._reach = min(max(2 * self._reach, 1.25 * largest, 4.0), REACH)
            self._tables = self._build(self._reach)
        values, error = _evaluate(self._tables[0], t)
        for table in self._tables[1:]:
            beyond = t >= table.lo
            if beyond.any():
                there, there_error = _evaluate(table, t)
                values, error = np.where(beyond, there, values), np.where(beyond, there_error, error)
        return values, error

    def _build(self, reach: float) -> list[Table]:
        with precision(BITS):
            return [
                _table(piece.expression, _end(piece.lo, -reach), _end(piece.hi, reach))
                for piece in self.activation.pieces()
                if _end(piece.lo, -reach) < reach and _end(piece.hi, reach) > -reach
            ]


def _end(x: Any, reach: float) -> float:
    """The end of a piece as a float64, cut to the reach; it must be one exactly."""
    if not x.is_finite:
        return reach
    value = float(x)
    if Fraction(value) != Fraction(int(x.p), int(x.q)):
        raise DerivationGap(
            f"the pieces of the activation meet at {x}, which is no float64 number: training is not certified."
        )
    return min(max(value, -abs(reach)), abs(reach))


def _table(expression: sympy.Expr, lo: float, hi: float) -> Table:
    """Cells k with centres kh that cover [lo, hi]; the bound of a cell covers all of it."""
    first, last = math.floor(lo / CELL), math.ceil(hi / CELL)  # wherever rint sends a boundary between two cells
    function, half = lower_series(expression), arb(CELL / 2)
    rows, errors = [], []
    for k in range(first, last + 1):
        at_centre = function(arb_series([arb(k * CELL), 1], prec=DEGREE + 2))
        on_cell = function(arb_series([arb(k * CELL, CELL / 2), 1], prec=DEGREE + 2))
        exact = [coefficient(at_centre, j) for j in range(DEGREE + 1)]
        remainder = abs(coefficient(on_cell, DEGREE + 1)) * half ** (DEGREE + 1)
        if not (remainder.is_finite() and all(c.is_finite() for c in exact)):
            raise DerivationGap(f"the derivatives of {expression} near x = {k * CELL} could not be bounded.")
        row = [float(c.mid()) for c in exact]
        lost = sum((abs(c - arb(x)) * half**j for j, (c, x) in enumerate(zip(exact, row, strict=True))), remainder)
        size = sum((abs(arb(x)) * half**j for j, x in enumerate(row)), arb(0))
        horner = arb(gamma(2 * DEGREE + 2)) * size + arb(4 * DEGREE) * arb(TINY)
        rows.append(row)
        errors.append(upper_float(lost + horner))
    return Table(lo, hi, first, np.array(rows), np.array(errors))


def _evaluate(table: Table, t: Array) -> tuple[Array, Array]:
    inside = np.clip(t, table.lo, table.hi)
    cell = np.rint(inside / CELL)
    u = inside - cell * CELL  # exact: |u| <= h/2, and for cell != 0 Sterbenz's condition holds
    index = cell.astype(np.intp) - table.first
    columns = table.coefficients[index]
    value = columns[..., DEGREE].copy()
    for j in range(DEGREE - 1, -1, -1):
        value *= u
        value += columns[..., j]
    return value, table.error[index]
