"""What makes a matrix nearly singular: the lowest eigenvectors, the rows that carry them, and pairs of rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

import numpy as np
from flint import arb_mat
from numpy.typing import NDArray
from scipy.linalg import eigh

from ..balls.budget import Budget
from ..balls.enclosure import Enclosure, float_above, float_below
from ..balls.printed import text_above, text_below
from ..eigenvalues.cholesky import LARGEST_DIAGONAL, backward_error
from ..eigenvalues.eigenspace import Eigenspace, eigenspace_in_balls, eigenspace_in_floats
from ..eigenvalues.eigenvalue import least_eigenvalue
from ..kernels.ballmatrix import BLOCK, BallMatrix
from .decision import enclosed, row_classes
from .given_matrix import GivenMatrix

Matrix = NDArray[np.float64]
COLUMNS = 8
"""Eigenvectors that are looked at, at most."""
ACCURATE = 1e-6
"""An enclosure of the space with a larger error is not worth having while there is another way."""
LARGEST_IN_BALLS, FEW = 300, 3
"""Rows, and eigenvectors together, at most, that balls are tried for."""
PAIRS, NEAR = 5, 0.9
"""Pairs that are shown at most, and the least correlation of rows that are called near duplicates or antipodes."""
SHARE = 0.99


@dataclass(frozen=True, slots=True)
class Pair:
    """Rows i and j of a matrix, by which alone its least eigenvalue is at most ``upper`` (for every member).

    ``kind`` is "equal", "opposite" (both exactly), "near duplicates", "near antipodes" or "an indefinite pair";
    ``correlation`` is a guess at :math:`a_{ij}/\\sqrt{a_{ii}a_{jj}}`.
    """

    rows: tuple[int, int]
    kind: str
    upper: float
    correlation: float

    def __str__(self) -> str:
        digits = f"{self.correlation:.12g}"
        nearly = " in its first 12 digits" if digits in ("1", "-1") and self.kind.startswith("near") else ""
        return (
            f"rows {self.rows[0]} and {self.rows[1]}: {self.kind}, correlation {digits}{nearly}; by them alone"
            f" the least eigenvalue is at most {text_above(self.upper, 6)}"
        )


@dataclass(frozen=True, slots=True, eq=False)
class Diagnosis:
    """The lowest eigenvectors of a matrix with what is proved of them.

    Attributes
    ----------
    eigenvalue: the least eigenvalue of every member, on both sides. space: the enclosed space of the k lowest
    eigenvectors, None where no gap above them is proved; k = 1 where possible. pairs: pairs of rows that are nearly
    parallel, the lowest bound first. meaning: which matrices the statement speaks of. reason: why there is no
    ``space``."""

    eigenvalue: Enclosure
    space: Eigenspace | None
    pairs: tuple[Pair, ...]
    meaning: str
    reason: str = ""

    @property
    def vector(self) -> Matrix | None:
        """The eigenvector of the least eigenvalue, (n,), within ``space.entry_error`` in every entry; None unless k =
        1."""
        return self.space.vectors[:, 0] if self.space is not None and self.space.dimension == 1 else None

    @property
    def support(self) -> tuple[int, ...]:
        """The rows that the combination is proved to contain, the heaviest first; the other ones it may not contain."""
        if self.space is None:
            return ()
        weights = self.space.weights
        order = np.argsort(-weights, kind="stable")
        return tuple(int(i) for i in order if weights[i] > self.space.entry_error)

    @property
    def carriers(self) -> tuple[int, ...]:
        """The fewest rows that are proved to carry 99 % of the squared length of the combination, or of each in the
        space."""
        if self.space is None:
            return ()
        weights = self.space.weights
        least = np.maximum(weights - self.space.entry_error, 0.0) ** 2
        order = [int(i) for i in np.argsort(-weights, kind="stable")]
        total = np.cumsum(least[order]) * (1.0 - 2.0**-40)
        enough = np.flatnonzero(total >= SHARE * self.space.dimension)
        return tuple(order[: int(enough[0]) + 1]) if enough.size else tuple(order)

    def __repr__(self) -> str:
        k = 0 if self.space is None else self.space.dimension
        return f"Diagnosis(least eigenvalue {self.eigenvalue}, {k} enclosed eigenvectors, {len(self.pairs)} near pairs)"

    def __str__(self) -> str:
        found = self.eigenvalue
        lines = [f"least eigenvalue in [{found.lower!r}, {found.upper!r}], for {self.meaning}"]
        if self.space is None:
            lines.append(f"its eigenvector is not enclosed: {self.reason}")
        else:
            lines += self._told(self.space)
        lines += [str(pair) for pair in self.pairs] or ["no two rows are nearly parallel"]
        return "\n".join(lines)

    def _told(self, space: Eigenspace) -> list[str]:
        rows, n, k = self.carriers, len(space.vectors), space.dimension
        shown = ", ".join(
            f"{i} ({space.vectors[i, 0]:+.6f})" if k == 1 else f"{i} ({space.weights[i]:.6f})" for i in rows[:COLUMNS]
        )
        more = f", and {len(rows) - COLUMNS} more" if len(rows) > COLUMNS else ""
        what = "its eigenvector" if k == 1 else f"the space of the {k} lowest eigenvectors"
        return [
            f"{what} is enclosed to {text_above(space.entry_error, 3)} in every entry; the next eigenvalue is at"
            f" least {text_below(space.next_eigenvalue, 6)}",
            f"99 % of it is carried by {len(rows)} of {n} rows: {shown}{more}",
            f"proved to be in it: {len(self.support)} of {n} rows; possibly absent: {n - len(self.support)}",
        ]


def diagnose(given: GivenMatrix, *, budget: Budget) -> Diagnosis:
    """The least eigenvalue, its eigenvector or the space of the lowest ones, and the near pairs.

    >>> from .given import given_matrix
    >>> found = diagnose(given_matrix(np.diag([1.0, 2.0, 3.0]) + 1e-3), budget=Budget())
    >>> found.space.dimension, found.carriers, found.pairs
    (1, (0,), ())
    """
    found = enclosed(given, budget=budget)
    space, reason = _space(given, found)
    if space is not None and given.scale != 1:
        following = float_below(Fraction(space.next_eigenvalue) * given.scale)
        space = Eigenspace(space.vectors, space.error, following)
    return Diagnosis(found, space, _pairs(given), given.meaning, reason)


def _space(given: GivenMatrix, found: Enclosure) -> tuple[Eigenspace | None, str]:
    """The eigenvector, in floats or in balls; else the smallest space of a cluster; the most accurate one otherwise."""
    matrix, n = given.matrix, given.n
    if n == 1:
        return None, "the matrix has one row"
    if not math.isfinite(found.lower):
        return None, "the least eigenvalue is beyond the range of float64"
    count = min(n, COLUMNS + 1)
    values, vectors = eigh(matrix.mid, subset_by_index=[0, count - 1])
    vectors = np.ascontiguousarray(vectors)
    if not (np.isfinite(values).all() and np.isfinite(vectors).all()):
        return None, "its entries are too far apart for a guess in float64"
    inside = max(matrix.mid.max(), -matrix.mid.min(), matrix.radius_norm()) <= LARGEST_DIAGONAL
    error = backward_error(np.maximum(np.diagonal(matrix.mid), 0.0)) + matrix.radius_norm() if inside else np.inf
    lower = Fraction(found.lower) / given.scale
    shift = lower - max(abs(lower), Fraction(1, 2**1000)) / 2**10

    def floats(k: int) -> Eigenspace | None:
        if not values[k] - values[k - 1] > 4.0 * error:
            return None
        return eigenspace_in_floats(matrix, np.ascontiguousarray(vectors[:, :k]), values[:k], float(values[k]))

    def balls(k: int, bits: int) -> Eigenspace | None:
        if n > LARGEST_IN_BALLS or not given.exact:
            return None
        return eigenspace_in_balls(matrix if given.refine is None else given.refine(bits), vectors, shift, bits, k)

    best: Eigenspace | None = None
    few = range(2, min(count, FEW + 1))
    for way in (
        partial(floats, 1),
        partial(balls, 1, 128),
        *(partial(floats, k) for k in range(2, count)),
        *(partial(balls, k, 128) for k in few),
        partial(balls, 1, 256),
    ):
        space = way()
        if space is not None and (best is None or space.error < best.error):
            best = space
        if best is not None and best.error <= ACCURATE:
            break
    return best, "" if best is not None else f"no gap above the lowest {count - 1} eigenvalues is proved"


def _pairs(given: GivenMatrix) -> tuple[Pair, ...]:
    """The pairs of nearly parallel rows with the lowest bounds, each bound from the balls of its four entries."""
    a, n = given.matrix.mid, given.n
    diagonal = np.diagonal(a)
    root = np.sqrt(np.maximum(diagonal, 0.0))
    candidates: list[tuple[float, int, int]] = []
    for i in range(0, n - 1, BLOCK):
        rows = slice(i, min(i + BLOCK, n))
        b = a[rows]
        half = diagonal / 2
        half, apart = half[rows, None] + half, half[rows, None] - half
        near = np.abs(b) >= NEAR * np.multiply.outer(root[rows], root)
        near &= (np.arange(n) > np.arange(rows.start, rows.stop)[:, None]) & (b != 0.0)
        at = np.argwhere(near)
        lowest = (half - np.hypot(apart, b))[near]
        for k in np.argsort(lowest, kind="stable")[:PAIRS]:
            candidates.append((float(lowest[k]), i + int(at[k][0]), int(at[k][1])))
    classes = row_classes(given) or [(i, 1) for i in range(n)]
    found = [_pair(given, i, j, classes) for _, i, j in sorted(candidates)[:PAIRS]]
    return tuple(sorted(found, key=lambda pair: pair.upper))


def _pair(given: GivenMatrix, i: int, j: int, classes: list[tuple[int, int]]) -> Pair:
    matrix, two = given.matrix, np.array([i, j])
    if matrix.arb is not None:
        table = matrix.arb
        small = BallMatrix.from_arb(arb_mat([[table[p, q] for q in (i, j)] for p in (i, j)]))
    else:
        rad = matrix.rad[np.ix_(two, two)] if isinstance(matrix.rad, np.ndarray) else matrix.rad
        small = BallMatrix(matrix.mid[np.ix_(two, two)], rad)
    upper = float_above(Fraction(least_eigenvalue(small).upper) * given.scale)
    (a, b), (_, c) = small.mid.tolist()
    product = math.copysign(math.sqrt(abs(a)), a) * math.copysign(math.sqrt(abs(c)), c)
    correlation = b / product if product > 0 else math.copysign(math.inf, b)
    if classes[i][0] == classes[j][0]:
        kind = "equal" if classes[i][1] == classes[j][1] else "opposite"
    elif not a > 0 or not c > 0 or upper < 0:
        kind = "an indefinite pair"
    else:
        kind = "near duplicates" if b > 0 else "near antipodes"
    return Pair((i, j), kind, upper, correlation)
