r"""Strategies for data: points exactly on the sphere, their Gram matrices, and awkward tables of float64 points."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._hypothesis import strategies

KINDS = ("plain", "duplicate", "parallel", "antipodal", "near", "near-antipodal")
"""How the last row of a drawn data set relates to its first one."""


def unit_points(min_n: int = 1, max_n: int = 6, *, dimension: int = 3) -> Any:
    r"""Lists of rational points with norm exactly 1, by stereographic projection.

    >>> from hypothesis import given
    >>> from certigram.testing.numbers import reproducible
    >>> @reproducible(max_examples=20)
    ... @given(unit_points())
    ... def on_the_sphere(points):
    ...     assert all(sum(x * x for x in point) == 1 for point in points)
    >>> on_the_sphere()
    """
    st = strategies()
    plane = st.lists(
        st.fractions(-3, 3, max_denominator=12), min_size=max(dimension - 1, 1), max_size=max(dimension - 1, 1)
    )
    return st.lists(plane.map(_project), min_size=min_n, max_size=max_n)


def _project(u: Sequence[Fraction]) -> tuple[Fraction, ...]:
    square = sum((t * t for t in u), Fraction(0))
    return (*(2 * t / (1 + square) for t in u), (square - 1) / (square + 1))


def unit_gram(points: Sequence[Sequence[Fraction]]) -> list[list[Fraction]]:
    """The exact Gram matrix of rational points, as ``population_gram(input_gram=...)`` takes it."""
    return [[sum((a * b for a, b in zip(x, y, strict=True)), Fraction(0)) for y in points] for x in points]


def gram_matrices(min_n: int = 1, max_n: int = 6, *, distinct: bool = True) -> Any:
    """Exact rational correlation matrices; ``distinct``: no two of the points behind them are parallel.

    >>> from hypothesis import given
    >>> from certigram.testing.numbers import reproducible
    >>> @reproducible(max_examples=20)
    ... @given(gram_matrices(2, 4))
    ... def of_unit_points(C):
    ...     assert all(C[i][i] == 1 for i in range(len(C)))
    >>> of_unit_points()
    """

    def usable(C: list[list[Fraction]]) -> bool:
        return all(abs(C[i][j]) < 1 for i in range(len(C)) for j in range(i))

    found = unit_points(min_n, max_n).map(unit_gram)
    return found.filter(usable) if distinct else found


def data_sets(
    min_n: int = 1, max_n: int = 6, *, max_d: int = 5, kinds: Sequence[str] = KINDS, extreme: bool = True
) -> Any:
    r"""Tables of points, (n, d) float64 without zero rows, exact dyadic entries.

    Includes n = 1, d = 1, exact duplicates, parallel and antipodal rows, rows that differ by one part in 10^12
    (``kinds`` selects), and with ``extreme`` rows scaled by powers of two from 2^-500 to 2^500.

    >>> from hypothesis import given
    >>> from certigram.testing.numbers import reproducible
    >>> @reproducible(max_examples=50)
    ... @given(data_sets())
    ... def is_usable(X):
    ...     assert X.ndim == 2 and X.any(axis=1).all() and np.isfinite(X).all()
    >>> is_usable()
    """
    st = strategies()

    def table(shape: tuple[int, int]) -> Any:
        n, d = shape
        rows = st.lists(st.integers(-64, 64), min_size=d, max_size=d).filter(any)
        entries = st.lists(rows, min_size=n, max_size=n)
        scales = st.lists(st.sampled_from([0, 0, -500, -40, 40, 500] if extreme else [0]), min_size=n, max_size=n)
        return st.builds(_table, entries, scales, st.sampled_from(list(kinds)), st.integers(0, d - 1))

    return st.tuples(st.integers(min_n, max_n), st.integers(1, max_d)).flatmap(table)


def _table(entries: list[list[int]], scales: list[int], kind: str, column: int) -> NDArray[np.float64]:
    X = np.array(entries, dtype=np.float64) / 8
    if len(X) > 1 and kind != "plain":
        sign = -1.0 if "antipodal" in kind else 1.0
        X[-1] = sign * X[0] * (2.0 if kind == "parallel" else 1.0)
        if kind.startswith("near"):
            X[-1, column] += 1e-12 * float(np.abs(X[0]).max())
    X *= np.ldexp(1.0, scales)[:, None]
    return X
