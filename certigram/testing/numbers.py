r"""Strategies for numbers: rationals, dyadic rationals, balls, and covariances up to and on the boundary."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from ..numerics.balls.ball import Ball
from ._hypothesis import strategies

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy


class CovarianceEntries(NamedTuple):
    """The covariance [[a, c], [c, b]], exactly: a, b >= 0 and c^2 <= ab."""

    a: Fraction
    b: Fraction
    c: Fraction


def rationals(lower: Fraction | int = -4, upper: Fraction | int = 4, *, max_denominator: int = 1000) -> Any:
    """Exact rationals in [lower, upper], simple ones first.

    >>> from hypothesis import find
    >>> find(rationals(1, 2), lambda q: True, settings=reproducible())
    Fraction(1, 1)
    """
    found: SearchStrategy[Fraction] = strategies().fractions(lower, upper, max_denominator=max_denominator)
    return found


def dyadics(*, bits: int = 12, exponents: tuple[int, int] = (-30, 30), positive: bool = False) -> Any:
    r"""Dyadic rationals :math:`m 2^e` with :math:`|m| < 2^{\mathrm{bits}}`: exact in binary64 when bits <= 53.

    >>> from hypothesis import find
    >>> find(dyadics(positive=True), lambda q: q < 1, settings=reproducible())
    Fraction(1, 2)
    """
    st = strategies()
    mantissas = st.integers(1 if positive else 1 - 2**bits, 2**bits - 1)
    return st.builds(lambda m, e: Fraction(m) * Fraction(2) ** e, mantissas, st.integers(*exponents))


def covariances(*, extreme: bool = True, degenerate: bool = True) -> Any:
    r"""Valid covariances :class:`CovarianceEntries` of Gaussian pairs, exact rationals.

    They include :math:`|\rho|=1` and zero variances (``degenerate``), :math:`|\rho|=1-10^{-k}` for k up to 40, and
    variances from :math:`2^{-60}` to :math:`2^{60}` (``extreme``).

    >>> from hypothesis import given
    >>> @reproducible(max_examples=50)
    ... @given(covariances())
    ... def is_valid(cov):
    ...     assert cov.a >= 0 and cov.b >= 0 and cov.c**2 <= cov.a * cov.b
    >>> is_valid()
    """
    st = strategies()
    ordinary = st.fractions(Fraction(1, 8), 3, max_denominator=64)
    scales = st.one_of(ordinary, dyadics(bits=6, exponents=(-30, 24), positive=True)) if extreme else ordinary
    near_one = st.integers(1, 40).map(lambda k: 1 - Fraction(1, 10**k))
    sizes = [st.fractions(0, 1, max_denominator=1000), near_one]
    if degenerate:
        sizes.append(st.just(Fraction(1)))
    correlations = st.builds(lambda size, sign: size * sign, st.one_of(sizes), st.sampled_from([1, -1]))

    def on_squares(p: Fraction, q: Fraction, rho: Fraction) -> CovarianceEntries:
        return CovarianceEntries(p * p, q * q, rho * p * q)

    def on_any(a: Fraction, b: Fraction, rho: Fraction) -> CovarianceEntries:
        return CovarianceEntries(a, b, rho * min(a, b))

    kinds = [
        st.builds(on_squares, scales, scales, correlations),
        st.builds(on_any, scales, scales, correlations),
        st.builds(lambda p, rho: on_squares(p, p, rho), scales, correlations),
    ]
    if degenerate:
        zero = st.just(Fraction(0))
        kinds += [st.builds(CovarianceEntries, zero, scales, zero), st.builds(CovarianceEntries, scales, zero, zero)]
    return st.one_of(kinds)


def balls(*, finite: bool = True) -> Any:
    """Balls with dyadic midpoint and radius (possibly zero); with ``finite=False`` also NaN and unbounded ones.

    >>> from hypothesis import find
    >>> find(balls(finite=False), lambda x: not x.finite, settings=reproducible())
    Ball([nan ± inf])
    """
    st = strategies()
    from flint import arb

    def build(mid: Fraction, rad: Fraction) -> Ball:
        return Ball.from_dyadic(_dyadic(mid), _dyadic(rad))

    radii = st.one_of(st.just(Fraction(0)), dyadics(bits=8, exponents=(-80, 4), positive=True))
    ordinary = st.builds(build, dyadics(bits=40, exponents=(-60, 30)), radii)
    if finite:
        return ordinary
    others = st.sampled_from([("nan", 0), ("inf", 0), ("-inf", 0), (0, "inf")])
    return st.one_of(ordinary, others.map(lambda pair: Ball(arb(*pair))))


def reproducible(max_examples: int = 100) -> Any:
    """Settings of a reproducible hypothesis run: derandomised, without deadline and without a database of examples."""
    strategies()
    import hypothesis

    return hypothesis.settings(max_examples=max_examples, derandomize=True, deadline=None, database=None)


def _dyadic(q: Fraction) -> tuple[int, int]:
    return q.numerator, 1 - q.denominator.bit_length()
