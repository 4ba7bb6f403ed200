r"""Proved upper bounds of the least eigenvalue: Rayleigh quotients of exact vectors.

.. math:: \lambda_{\min}(K) \;\le\; \frac{v^T K v}{v^T v} \qquad\text{for every } v \ne 0 .

The quotient of the float64 midpoints is evaluated in float64, or in the 80-bit (or 128-bit) ``longdouble`` where the
machine has one, with the a-priori bounds proved in ``docs/error-analysis.md``, section "Rayleigh quotient".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..balls.rounding import gamma, lowered, norm_up, raised, sum_up, up
from ..kernels.ballmatrix import BallMatrix

Vector = NDArray[np.float64]

ROWS = 64
"""Rows converted at a time in extended precision: the copy stays in the cache."""
SMALLEST_NORMAL = 2.0**-1022


@dataclass(frozen=True, slots=True)
class RayleighQuotient:
    r"""``lower <= v^T A v / v^T v <= upper``, and a bound of the residual :math:`\|Av-\sigma v\|/\|v\|`.

    ``sigma`` is the float64 number near the quotient that the residual was taken at.
    """

    lower: Fraction
    upper: Fraction
    sigma: float
    residual: float


def extended_dtype() -> Any:
    """The widest IEEE-like binary format of this machine: ``longdouble`` if its significand is known, else float64.

    Pairs of doubles that pose as ``longdouble`` (PowerPC) do not follow the standard model and are not used.
    """
    return np.longdouble if np.finfo(np.longdouble).nmant in (63, 112) else np.float64


def _gamma(k: int, nmant: int) -> Fraction:
    return Fraction(k, 2 ** (nmant + 1) - k)


def rayleigh_quotient(a: Vector, v: Vector, *, extended: bool = False) -> RayleighQuotient:
    r"""An enclosure of :math:`v^TAv/v^Tv` for the exact float64 matrix ``a`` (n, n) and vector ``v`` (n,).

    ``a`` is symmetric and finite; raises ``ValueError`` when ``v`` is zero, not finite, or so scaled that a bound
    would overflow. Proof: ``docs/error-analysis.md``, "Rayleigh quotient".

    >>> r = rayleigh_quotient(np.array([[2.0, 1.0], [1.0, 2.0]]), np.array([1.0, -1.0]))
    >>> r.lower <= 1 <= r.upper, float(r.upper - r.lower) < 1e-14, r.residual < 1e-14
    (True, True, True)
    """
    n = v.size
    scale = float(np.max(np.abs(v)))
    if not (np.isfinite(scale) and 2.0**-100 <= scale <= 2.0**100):
        raise ValueError("the vector of a Rayleigh quotient must be finite and of moderate size")
    dtype = extended_dtype() if extended else np.float64
    size = np.abs(v)
    x = v.astype(dtype)
    y = np.empty(n, dtype=dtype)
    t = np.empty(n)  # |A||v| in float64
    step = ROWS if extended else max(ROWS, (1 << 18) // n)
    with np.errstate(over="ignore", invalid="ignore"):
        for i in range(0, n, step):
            rows = a[i : i + step]
            y[i : i + step] = rows.astype(dtype, copy=False) @ x
            t[i : i + step] = np.abs(rows) @ size
        t = t * up(1.0 + gamma(n + 4)) + 4.0 * n * SMALLEST_NORMAL
        total = sum_up(raised(t * size))  # >= |v|^T |A| |v|
    return quotient_of_products(v, y, t, total)


def quotient_of_products(v: Vector, y: NDArray[Any], t: Vector, total: float) -> RayleighQuotient:
    r"""The enclosure from :math:`y \approx Av`, :math:`t \ge |A||v|` and ``total`` :math:`\ge |v|^Tt`.

    ``y`` has been computed in its own format by n products and sums for each entry, in any order. Raises ``ValueError``
    as :func:`rayleigh_quotient` does.
    """
    if not math.isfinite(total):
        raise ValueError("the entries are too large for a Rayleigh quotient in float64")
    n, scale, dtype = v.size, float(np.max(np.abs(v))), y.dtype.type
    nmant = int(np.finfo(dtype).nmant)
    x = v.astype(dtype)
    bulk = Fraction(total)
    weight = np.dot(x, x)
    numerator = Fraction(*np.dot(x, y).as_integer_ratio())
    denominator = Fraction(*weight.as_integer_ratio())
    g = _gamma(n, nmant)
    tiny = Fraction(8 * n * n) * Fraction(SMALLEST_NORMAL) * (1 + Fraction(scale))
    slack = 3 * g * bulk + tiny
    denominators = (denominator / (1 + g) - tiny, denominator / (1 - g) + tiny)
    low, high = numerator - slack, numerator + slack
    lower = low / (denominators[1] if low >= 0 else denominators[0])
    upper = high / (denominators[0] if high >= 0 else denominators[1])
    sigma = float(numerator / denominator)
    r = (y - dtype(sigma) * x).astype(np.float64)
    reach = norm_up(t) + up(abs(sigma) * norm_up(v))
    length = up(norm_up(r) + up(up(float(_gamma(n + 6, nmant))) * up(reach)) + float(tiny) * (1.0 + abs(sigma)))
    norm = lowered(math.sqrt(float(denominators[0])))
    return RayleighQuotient(lower, upper, sigma, up(length / norm))


def radius_form(matrix: BallMatrix, v: Vector) -> float:
    r"""An upper bound of :math:`|v|^T R |v| / v^T v` for the radius R of the matrix: what it can add to a quotient.

    >>> radius_form(BallMatrix(np.eye(2), 0.5), np.array([1.0, -1.0])) >= 1.0
    True
    """
    n, size = v.size, np.abs(v)
    slack = up(1.0 + gamma(3 * n + 8))
    if isinstance(matrix.rad, np.ndarray):
        form = float(size @ (matrix.rad @ size))
    else:
        form = float(matrix.rad) * float(size.sum()) ** 2
    quotient = (form * slack + 4.0 * n * n * SMALLEST_NORMAL) / (float(size @ size) / slack)
    return min(raised(quotient), matrix.radius_norm())
