r"""Strategies for dot-product kernels and for ball matrices whose spectrum is known exactly."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..numerics.balls.ball import enclose
from ..numerics.balls.precision import precision
from ..numerics.kernels.ballmatrix import BallMatrix
from ..numerics.kernels.series import DotProductSeries
from ._hypothesis import strategies
from .numbers import dyadics


def dot_product_series(*, max_order: int = 12) -> Any:
    r"""Certified series :math:`\sum_r b_r t^r` with exact dyadic :math:`b_r \ge 0`, with a tail or without one.

    >>> from hypothesis import given
    >>> from certigram.testing.numbers import reproducible
    >>> @reproducible(max_examples=20)
    ... @given(dot_product_series())
    ... def has_a_tail(series):
    ...     assert series.tail >= 0
    >>> has_a_tail()
    """
    st = strategies()
    value = st.one_of(st.just(Fraction(0)), dyadics(bits=8, exponents=(-12, 2), positive=True))

    def build(values: list[Fraction], rest: Fraction) -> DotProductSeries:
        with precision(128):
            return DotProductSeries(tuple(enclose(b) for b in values), enclose(sum(values, rest)))

    return st.builds(build, st.lists(value, min_size=1, max_size=max_order + 1), value)


class SpectrumMatrix(NamedTuple):
    """A symmetric float64 matrix without radius and its eigenvalues in ascending order, all exact."""

    matrix: BallMatrix
    eigenvalues: tuple[Fraction, ...]

    def with_radius(self, radius: float) -> BallMatrix:
        """The ball matrix of the same midpoints; the least eigenvalue of a member differs by at most n * radius."""
        return BallMatrix(self.matrix.mid, radius)


def spectrum_matrices(max_blocks: int = 2, *, positive: bool = False) -> Any:
    r"""Matrices with exactly known spectra: permuted direct sums of :math:`2^k Q D Q`, D integer and diagonal,
    :math:`Q = I - \frac2n ss^T` the reflection of a sign vector s of length n = 1, 2, 4 or 8.

    >>> from hypothesis import given
    >>> from certigram.testing.numbers import reproducible
    >>> @reproducible(max_examples=20)
    ... @given(spectrum_matrices())
    ... def trace_is_the_sum(drawn):
    ...     trace = sum(Fraction(x) for x in np.diagonal(drawn.matrix.mid))
    ...     assert trace == sum(drawn.eigenvalues)
    >>> trace_is_the_sum()
    """
    st = strategies()
    low = 1 if positive else -(2**20)
    eigenvalue = st.one_of(st.integers(1 if positive else -9, 9), st.integers(low, 2**20))

    def block(n: int) -> Any:
        signs = st.lists(st.sampled_from([1, -1]), min_size=n, max_size=n)
        return st.tuples(st.lists(eigenvalue, min_size=n, max_size=n), signs)

    blocks = st.lists(st.sampled_from([1, 2, 4, 8]).flatmap(block), min_size=1, max_size=max_blocks)
    return st.builds(_direct_sum, blocks, st.integers(-40, 20), st.randoms(use_true_random=False))


def _direct_sum(blocks: list[tuple[list[int], list[int]]], exponent: int, random: Any) -> SpectrumMatrix:
    order = sum(len(values) for values, _ in blocks)
    mid: NDArray[np.float64] = np.zeros((order, order))
    start, spectrum = 0, []
    for values, signs in blocks:
        n = len(values)
        s = np.array(signs, dtype=np.float64)
        Q = np.eye(n) - (2.0 / n) * np.outer(s, s)
        mid[start : start + n, start : start + n] = Q @ np.diag(np.array(values, dtype=np.float64)) @ Q
        start += n
        spectrum += values
    keep = list(range(order))
    random.shuffle(keep)
    mid = mid[np.ix_(keep, keep)] * 2.0**exponent
    return SpectrumMatrix(BallMatrix(mid, 0.0), tuple(sorted(Fraction(v) * Fraction(2) ** exponent for v in spectrum)))
