r"""Rows of exact points split into integers and small rests, from which any block of their cosines can be computed.

Proof of the radius: docs/error-analysis.md, "Cosines".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ..balls.enclosure import float_above
from ..balls.rounding import gamma
from .points import Floats, Points

Exponents = NDArray[np.int32]
UNDERFLOW = Fraction(1, 2**1000)
"""Bound of everything that underflow can contribute to a cosine, for d <= 2^40."""


def split_bits(d: int) -> int:
    r"""The largest β with :math:`d\,2^{2β} \le 2^{53}`: integers up to :math:`2^β` have exact inner products."""
    return (53 - (d - 1).bit_length()) // 2


def radius(d: int, *, whole: bool, rounded: bool = False) -> float:
    r"""The proved radius of cosines from split rows; ``whole``: every scaled entry is an integer of β bits.

    ``rounded``: the rows are the nearest binary64 numbers of exact ones, which turns each by an angle of at most
    :math:`u(1+2^{-40})`.

    With :math:`η = \sqrt d\,2^{-β}(1 + \sqrt d\,2^{-β-1})`, :math:`e = (1+u)\,2η(γ_{2d+1} + u(1+γ_{2d+1})) + u`
    (0 when whole) and :math:`k = (1+u)/((1-e)(1-u)^2) - 1`, the radius is :math:`k(1+e) + e` plus underflow.

    >>> radius(64, whole=True) < 3.4e-16 < radius(64, whole=False) < 5.7e-16
    True
    """
    u, beta = Fraction(1, 2**53), split_bits(d)
    e = Fraction(0)
    if not whole:
        root = Fraction(math.isqrt(d - 1) + 1)
        eta = root / 2**beta * (1 + root / 2 ** (beta + 1))
        g = Fraction(gamma(2 * d + 1))
        e = (1 + u) * 2 * eta * (g + u * (1 + g)) + u
    k = (1 + u) / ((1 - e) * (1 - u) ** 2) - 1
    turned = 2 * u * (1 + Fraction(1, 2**40)) if rounded else Fraction(0)
    return float_above(k * (1 + e) + e + turned + UNDERFLOW)


@dataclass(frozen=True, slots=True, eq=False)
class SplitRows:
    """n rows in dimension d, each times a power of two, as A + B; made by :func:`split_rows`.

    Attributes
    ----------
    whole: (n, d), A, integers of β bits.
    left, right: (n, 2d), [B, H] and [H, B] with H = A + B/2; None when B vanishes for all rows.
    square: (n,), the squared norms of the rows.
    rounded: whether the rows were the nearest binary64 numbers of exact ones, and not these.
    """

    whole: Floats
    left: Floats | None
    right: Floats | None
    square: Floats
    rounded: bool = False

    @property
    def radius(self) -> float:
        """The radius of every cosine of different rows."""
        return radius(int(self.whole.shape[1]), whole=self.left is None, rounded=self.rounded)

    def part(self, rows: slice) -> SplitRows:
        """Some of the rows; rests are kept even where they vanish, so that the radius is that of all rows."""
        left = None if self.left is None else self.left[rows]
        right = None if self.right is None else self.right[rows]
        return SplitRows(self.whole[rows], left, right, self.square[rows], self.rounded)


def cosine_block(a: SplitRows, b: SplitRows) -> Floats:
    r"""The cosines of the rows of ``a`` with those of ``b``, clipped to [-1, 1]; a row with itself is *not* set to 1.

    Both are parts of the same split rows, whose radius holds for every entry of two different rows.

    >>> from .points import points
    >>> r = split_rows(points([[3.0, 4.0], [4.0, 3.0]]))
    >>> cosine_block(r.part(slice(0, 1)), r.part(slice(1, 2))).tolist()
    [[0.96]]
    """
    block: Floats = a.whole @ b.whole.T
    if a.left is not None and b.right is not None:
        block += a.left @ b.right.T
    scale = np.multiply.outer(a.square, b.square)
    block /= np.sqrt(scale, out=scale)
    return np.clip(block, -1.0, 1.0, out=block)


def split_rows(given: Points) -> SplitRows:
    """Scale and split the rows of n points in dimension d."""
    whole, rest, _ = split_table(given.values)
    square, rounded = np.einsum("ij,ij->i", whole, whole), bool(given.exact)
    if not rest.any():
        return SplitRows(whole, None, None, square, rounded)
    middle = rest * 0.5
    middle += whole
    square += 2.0 * np.einsum("ij,ij->i", rest, middle)
    return SplitRows(whole, np.hstack([rest, middle]), np.hstack([middle, rest]), square, rounded)


def split_table(values: Floats, least: float = 0.0) -> tuple[Floats, Floats, Exponents]:
    """Each row of a table (n, d) times a power of two, as integers of β bits and the rest; and the exponents.

    Rows of entries below ``least`` are scaled as if they had an entry of that size.
    """
    largest = np.maximum(np.abs(values).max(axis=1), least)
    exponents = split_bits(int(values.shape[1])) - np.frexp(largest)[1]
    rest = np.ldexp(values, exponents[:, None])
    whole = np.rint(rest)
    rest -= whole
    return whole, rest, exponents
