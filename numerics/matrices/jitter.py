r"""The least jitter: the smallest :math:`\varepsilon \ge 0` for which :math:`A + \varepsilon I` is positive
semidefinite.

It is :math:`\max(0, -\lambda_{\min}(A))`, enclosed on both sides. What a program stores is another matrix: the float
numbers :math:`\mathrm{fl}(a_{ii} + \varepsilon)` on the diagonal, where a small ε may vanish. They add at least
:math:`\delta = \min_i \mathrm{fl}(a_{ii} + \varepsilon) - a_{ii}`, exactly, and the stored matrix is positive definite
when
:math:`\delta > -\lambda_{\min}(A)`. For float32 numbers both sums have to be enough, the one rounded to float32 and the
one in float64, which ``A + stored * numpy.eye(n)`` is. docs/own-matrix.md, "Jitter".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..balls.budget import Budget
from ..balls.enclosure import Enclosure
from .decision import enclosed
from .given_matrix import GivenMatrix


@dataclass(frozen=True, slots=True, eq=False)
class Jitter:
    r"""``lower`` <= least jitter <= ``upper`` for every matrix that is meant.

    With ``upper`` every member A has :math:`A + \varepsilon I \succeq 0`, in exact arithmetic; below ``lower`` none
    has. ``stored`` is a float of ``dtype`` (float64 or float32) for which the *stored* matrix ``A + stored * I`` is
    proved positive definite, its diagonal rounded by that format and by float64; None where the matrix was not given in
    such numbers, or no such float is finite."""

    lower: float
    upper: float
    stored: float | None
    dtype: str
    eigenvalue: Enclosure
    meaning: str

    def __str__(self) -> str:
        lines = [f"least jitter in [{self.lower!r}, {self.upper!r}], for {self.meaning}, in exact arithmetic"]
        if self.stored is not None:
            kinds = "float64" if self.dtype == "float64" else f"{self.dtype} or float64"
            lines.append(
                f"stored in {kinds}, the diagonal rounded: A + {self.stored!r} * I is proved positive definite"
                if self.stored
                else f"stored in {self.dtype}: A is proved positive definite as it is"
            )
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"Jitter(lower={self.lower!r}, upper={self.upper!r}, stored={self.stored!r}, dtype={self.dtype!r})"


def least_jitter(given: GivenMatrix, *, budget: Budget, relative_width: float = 1e-6) -> Jitter:
    """The two ends, from the enclosed least eigenvalue, and the jitter to be added to the stored numbers.

    >>> from .given import given_matrix
    >>> print(least_jitter(given_matrix(np.array([[1.0, 2.0], [2.0, 1.0]])), budget=Budget()))
    least jitter in [1.0, 1.0], for the matrix of these float64 numbers exactly, in exact arithmetic
    stored in float64, the diagonal rounded: A + 1.0000000000000004 * I is proved positive definite
    """
    found = enclosed(given, budget=budget, relative_width=relative_width)
    lower, upper = max(0.0, 0.0 - found.upper), max(0.0, 0.0 - found.lower)
    stored = None
    middle = given.stated[0]
    if given.dtype in ("float64", "float32") and isinstance(middle, np.ndarray) and math.isfinite(upper):
        diagonal = np.unique(np.diagonal(middle))
        stored = 0.0 if found.lower > 0 else _stored(diagonal.astype(given.dtype), Fraction(upper))
    return Jitter(lower, upper, stored, given.dtype, found, given.meaning)


def _stored(diagonal: NDArray[Any], needed: Fraction) -> float | None:
    """The smallest float whose sums, rounded to its kind and to float64, exceed every diagonal entry by more than is
    needed; None beyond the range."""
    kind, whole = diagonal.dtype.type, np.int32 if diagonal.dtype == np.float32 else np.int64
    exact = [Fraction(float(x)) for x in diagonal]

    def enough(bits: int) -> bool:
        with np.errstate(over="ignore"):
            more = whole(bits).view(kind)
            sums = diagonal + more, diagonal + np.float64(more)
        if not np.isfinite(sums).all():
            return True  # beyond what can be stored; looked at below
        return all(Fraction(float(s)) - x > needed for row in sums for s, x in zip(row, exact, strict=True))

    low, high = 0, int(np.finfo(kind).max.view(whole))
    while high - low > 1:  # the bits of positive floats are in their order
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    found = whole(high).view(kind)
    with np.errstate(over="ignore"):
        return float(found) if np.isfinite(diagonal + found).all() else None
