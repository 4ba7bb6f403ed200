r"""Weighted Hermite functions on a uniform grid in double-double arithmetic, with a proved error.

.. math:: T_{kr} = \sqrt{w_k}\,h_r(kh), \qquad w_k = \frac{2h}{\sqrt{2\pi}}\,e^{-(kh)^2/2}\ (k\ge1),
          \quad w_0 = \frac{h}{\sqrt{2\pi}}.

The recurrence :math:`He_{r+1}(x) = x\,He_r(x) - r\,He_{r-1}(x)` is run on unevaluated sums of two floats; x and r are
exact, powers of two keep the numbers in range. Proof of :data:`TABLE_ERROR`: docs/theory/hermite-coefficients.md,
section 7.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from flint import arb
from numpy.typing import NDArray

from ..balls.precision import precision

Array = NDArray[np.float64]

BITS = 160
TABLE_ERROR = 2.0**-69
r"""Bound of the error of every :math:`T_{kr}`, for steps of at most 1."""
LARGEST_NODE, LARGEST_ORDER, MOST_NODES = 40.0, 4096, 2**20
_SPLITTER = 2.0**27 + 1.0


@dataclass(frozen=True, slots=True, eq=False)
class HermiteTable:
    r"""``high + low`` (R + 1, M + 1) is :math:`T_{kr}/c_r` with ``scale[r]`` :math:`c_r\in[1/2, 2]` a ball.

    ``weights``: :math:`\sqrt{w_k}` as balls.
    """

    high: Array
    low: Array
    scale: tuple[arb, ...]
    weights: tuple[arb, ...]


def hermite_table(step: arb, count: int, order: int) -> HermiteTable:
    """The table for k = 0..count and r = 0..order; ``step`` is an exact number of at most six binary digits.

    Raises ``ValueError`` beyond the range that the error is proved for.

    >>> t = hermite_table(arb(1) / 4, 8, 2)
    >>> bool(abs(t.high[2, 4] * float(t.scale[2])) < 1e-30)  # h_2(1) = 0
    True
    """
    size = float(step)
    if not (order <= LARGEST_ORDER and count < MOST_NODES and count * size <= LARGEST_NODE and step.is_exact()):
        raise ValueError("the grid is beyond the range that the error of the table is proved for")
    x: Array = np.arange(count + 1) * np.float64(size)
    with precision(BITS):
        unit = 2 * step / (2 * arb.pi()).sqrt()
        roots = [(unit / 2).sqrt()]
        roots += [unit.sqrt() * (-((k * step) ** 2) / 4).exp() for k in range(1, count + 1)]
        exponents, scale = _scales(order)
    high, low = np.zeros((order + 1, count + 1)), np.zeros((order + 1, count + 1))
    high[0] = [float(w.mid()) for w in roots]
    with precision(BITS):
        low[0] = [float((w - arb(m)).mid()) for w, m in zip(roots, high[0].tolist(), strict=True)]
    _recur(x, exponents, high, low)
    return HermiteTable(high, low, scale, tuple(roots))


def _scales(order: int) -> tuple[list[int], tuple[arb, ...]]:
    r"""Exponents E_r near :math:`\log_2\sqrt{r!}`, E_0 = 0, and the balls :math:`2^{E_r}/\sqrt{r!}`."""
    exponents = [round(math.lgamma(r + 1) / math.log(4)) for r in range(order + 1)]
    factorial, scale = arb(1), []
    for r, e in enumerate(exponents):
        factorial *= max(r, 1)
        scale.append(arb((1, e)) / factorial.sqrt())
    return exponents, tuple(scale)


def _recur(x: Array, exponents: list[int], high: Array, low: Array) -> None:
    """Fill the rows r >= 1 of a table whose row 0 is given, in place."""
    hh = hl = before_hh = before_hl = np.zeros_like(x)
    for r in range(len(exponents) - 1):
        hi, lo = high[r], low[r]
        before_hh, before_hl = hh, hl
        hh, hl = _split(hi)
        outer = 2.0 ** (exponents[r] - exponents[r + 1])
        p, e = _product(x, hi, hh, hl)
        e += x * lo
        if r:
            factor = r * 2.0 ** (exponents[r - 1] - exponents[r])
            q, f = _product(factor, high[r - 1], before_hh, before_hl)
            f += factor * low[r - 1]
            total, lost = _sum(p, -q)
            lost += e - f
        else:
            total, lost = p, e
        total, lost = _sum(total, lost)
        np.multiply(total, outer, out=high[r + 1])
        np.multiply(lost, outer, out=low[r + 1])


def _split(a: Array) -> tuple[Array, Array]:
    """Veltkamp: a = h + l with at most 26 binary digits in each."""
    t = a * _SPLITTER
    h = t - (t - a)
    return h, a - h


def _product(x: Array | float, a: Array, h: Array, low: Array) -> tuple[Array, Array]:
    """Dekker: x a = p + e exactly, for x of at most 26 binary digits."""
    p = x * a
    return p, x * low - (p - x * h)


def _sum(a: Array, b: Array) -> tuple[Array, Array]:
    """Knuth: a + b = s + e exactly."""
    s = a + b
    t = s - a
    return s, (a - (s - t)) + (b - t)
