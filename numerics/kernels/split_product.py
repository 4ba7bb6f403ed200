"""A product of two tables of floats nearly as exact as its last rounding, by splitting rows into integers and rests.

Proof: docs/error-analysis.md, "Products of split tables".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..balls.rounding import TINY, gamma
from .points import Floats
from .split_rows import Exponents, split_table

BLOCK = 256
LONGEST = 2**15
SLACK = 1.0 + 2.0**-10
"""More than what the norms of integer parts exceed those of the rows by, and the roundings of norms and products."""


@dataclass(frozen=True, slots=True, eq=False)
class Factor:
    """The rows of one table, each times a power of two, as integers of β bits and rests; made by :meth:`of`.

    ``whole``, ``rest``, ``full`` (n, d): the two parts and their sum; ``sizes`` (2, n): the Euclidean norms of the
    rests and of the rows, as they were before the scaling.
    """

    whole: Floats
    rest: Floats
    full: Floats
    exponents: Exponents
    sizes: Floats

    @classmethod
    def of(cls, values: Floats, low: Floats | None = None) -> Factor:
        """The rows of ``values``, or of the unevaluated sum ``values + low``, |low| below a unit in the last place."""
        if values.shape[1] > LONGEST:
            raise ValueError(f"rows of {values.shape[1]} entries are longer than the bound of the error allows")
        whole, rest, exponents = split_table(values)
        if low is not None:
            rest += np.ldexp(low, exponents[:, None])
        full = whole + rest
        squares = np.stack([np.einsum("ij,ij->i", part, part) for part in (rest, full)])
        return cls(whole, rest, full, exponents, np.ldexp(np.sqrt(squares), -exponents))


def split_product(left: Factor, right: Factor) -> tuple[Floats, Floats]:
    r"""The products :math:`\langle x_i, y_j\rangle` (n, m), and for each i a bound of the Euclidean norm over j of
    their errors, the last rounding of each product, at most u of its modulus, left out.

    >>> a = Factor.of(np.array([[0.1, 0.2], [3.0, 4.0]]))
    >>> values, lost = split_product(a, a)
    >>> values[1].round(12).tolist(), bool(lost.max() < 1e-17)
    ([1.1, 25.0], True)
    """
    n, m, d = len(left.whole), len(right.whole), left.whole.shape[1]
    values = np.empty((n, m))
    for start in range(0, n, BLOCK):
        rows = slice(start, start + BLOCK)
        small = left.rest[rows] @ right.full.T
        small += left.whole[rows] @ right.rest.T
        small += left.whole[rows] @ right.whole.T  # exact: integers below 2^53
        np.ldexp(small, -(left.exponents[rows, None] + right.exponents), out=values[rows])
    rest, full = np.sqrt(np.sum(right.sizes**2, axis=1)).tolist()
    lost = SLACK * gamma(d + 6) * (left.sizes[0] * full + left.sizes[1] * rest)
    return values, np.asarray(lost + 8.0 * m * d * TINY)
