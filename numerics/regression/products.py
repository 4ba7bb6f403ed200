r"""Matrix products of float64 arrays to about 74 bits, by float64 products alone, with a proved error.

Every row of A and column of B is scaled by a power of two and split into integers of β bits and a rest. The product of
the integers is exact; what is left is :math:`2^{-β}` times smaller, and so is its rounding.
Proof: ``docs/prediction.md``, section 2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...theory.errors import PrecisionExhausted
from ..balls.rounding import UNIT, gamma, raised, up
from ..kernels.split_rows import split_table

Floats = NDArray[np.float64]

EXPONENTS = 300
"""Rows with entries of 2^300 and more are refused; those below 2^-300 are scaled by 2^300 and no more."""
LOST = 2.0**-990
"""More than 2^26 times what one underflow changes, flushed to zero or not."""


class OutOfRange(PrecisionExhausted):
    """Numbers too large for products in float64."""


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Rows (m, k), each times a power of two, as integers up to 2^β and rests of modulus at most 1/2.

    ``middle`` is whole + rest/2, ``size`` the row sums of its modulus, ``shrink`` what scales the rows back.
    """

    whole: Floats
    rest: Floats
    middle: Floats
    size: Floats
    shrink: Floats


class Product(NamedTuple):
    """``leading + rest``, each (m, l), is the product up to ``error``, entry by entry."""

    leading: Floats
    rest: Floats
    error: Floats


def split(rows: Floats) -> Split:
    """Split the rows of a finite (m, k) array; :class:`OutOfRange` for numbers of 2^300 and more.

    >>> tiny = split(np.array([[2.0**-301, 2.0**-1000]]))
    >>> bool(tiny.shrink[0] * (tiny.whole + tiny.rest)[0, 0] == 2.0**-301)
    True
    """
    if not np.abs(rows).max(initial=0.0) < 2.0**EXPONENTS:
        raise OutOfRange("numbers of 2^300 and more leave the range of float64 products: scale kernel and targets.")
    whole, rest, exponents = split_table(rows, 2.0 ** -(EXPONENTS + 1))
    middle = rest * 0.5
    middle += whole
    return Split(whole, rest, middle, np.abs(middle).sum(axis=1), np.ldexp(1.0, -exponents))


def product(left: Split, right: Split) -> Product:
    """The product of A, split by rows, and B, split by columns (``right`` has the rows of the transpose of B).

    >>> a, b = np.array([[1.0, 2.0**-60]]), np.array([[1.0], [1.0]])
    >>> p = product(split(a), split(b.T))
    >>> float(p.leading[0, 0]), float(p.rest[0, 0]) == 2.0**-60, bool(p.error[0, 0] < 2.0**-70)
    (1.0, True, True)
    """
    scale = np.multiply.outer(left.shrink, right.shrink)
    leading = left.whole @ right.whole.T
    leading *= scale
    rest = left.rest @ right.middle.T
    rest += left.middle @ right.rest.T
    rest *= scale
    size = np.add.outer(left.size, right.size)
    return Product(leading, rest, _error(size, scale, left.whole.shape[1]))


def row_products(left: Split, right: Split) -> Product:
    """The inner products of the rows of ``left`` with the same rows of ``right``: three arrays (m,).

    >>> p = row_products(split(np.array([[3.0, 4.0]])), split(np.array([[1.0, 0.5]])))
    >>> float(p.leading[0]), float(p.rest[0])
    (5.0, 0.0)
    """
    scale = left.shrink * right.shrink
    leading = (left.whole * right.whole).sum(axis=1) * scale
    rest = ((left.rest * right.middle).sum(axis=1) + (left.middle * right.rest).sum(axis=1)) * scale
    return Product(leading, rest, _error(left.size + right.size, scale, left.whole.shape[1]))


def _error(size: Floats, scale: Floats, k: int) -> Floats:
    return raised((gamma(2 * k + 16) * 0.5 * size + (8.0 * k + 32.0) * LOST) * scale) + LOST


def majorant(a: Floats, b: Floats) -> Floats:
    """An upper bound, entry by entry, of the exact product of non-negative arrays (m, k) and (k, l), or (k,).

    >>> bool((majorant(np.full((1, 10), 0.1), np.ones(10)) >= 1.0).all())
    True
    """
    k = a.shape[-1]
    return raised((a @ b) * up(1.0 + gamma(k + 4)) + (4.0 * k + 4.0) * LOST)


def column_norms(x: Floats) -> Floats:
    """Upper bounds of the Euclidean norms of the columns of an (n, c) array: (c,).

    >>> bool(column_norms(np.array([[3.0], [4.0]]))[0] >= 5.0)
    True
    """
    exponents = np.frexp(np.max(np.abs(x), axis=0, initial=0.0))[1]
    scaled = x * np.ldexp(1.0, -np.clip(exponents, -1000, 1000))
    squares = np.square(scaled).sum(axis=0) * up(1.0 + gamma(x.shape[0] + 8)) + (4.0 * x.shape[0] + 4.0) * LOST
    norms: Floats = raised(np.sqrt(squares)) * np.ldexp(1.0, np.clip(exponents, -1000, 1000)) + LOST
    return norms


def sums(*terms: Floats) -> Floats:
    """An upper bound of the sum of a few non-negative arrays.

    >>> bool(sums(np.array([0.1]), np.array([0.2]))[0] >= 0.3)
    True
    """
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total * up(1.0 + gamma(len(terms) + 2))


def rounded(*values: Floats) -> Floats:
    """A bound of the roundings whose results these are: u times the sum of their moduli."""
    return sums(*(np.abs(v) for v in values)) * (2.0 * UNIT) + LOST


def finite(x: Floats) -> bool:
    """Whether all numbers are finite, so that they bound something."""
    return bool(np.isfinite(x).all())
