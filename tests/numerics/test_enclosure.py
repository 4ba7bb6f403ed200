"""Enclosures in float64: a failure here means that a number was rounded the wrong way on its way to the reader."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certigram.numerics.balls.enclosure import Enclosure, float_above, float_below
from certigram.numerics.balls.printed import text_above, text_below
from certigram.theory.verdict import Evidence, Verdict

TINY, HUGE = Fraction(5, 10**325), Fraction(10) ** 400
rationals = st.fractions() | st.floats(allow_nan=False, allow_infinity=False).map(Fraction)


@given(rationals)
def test_rounding_is_outwards_and_tight(q: Fraction) -> None:
    """The two floats around a rational are neighbours, or the rational itself."""
    low, high = float_below(q), float_above(q)
    assert low <= q <= high
    if low == high:
        assert Fraction(low) == q
    else:
        assert math.nextafter(low, math.inf) == high


@given(rationals, st.sampled_from([1, 3, 6, 9, 15]))
def test_printed_ends_are_outward_and_next_to_each_other(q: Fraction, digits: int) -> None:
    """Between the two decimals lies the number, and no other decimal of so many digits."""
    low, high = Fraction(text_below(q, digits)), Fraction(text_above(q, digits))
    assert low <= q <= high
    assert (high - low) * 10 ** (digits - 1) <= max(abs(low), abs(high))
    assert (low == high) is (low == q)


def test_beyond_the_range_of_float64() -> None:
    """Overflow and underflow still round outwards."""
    largest = math.nextafter(math.inf, 0)
    assert (float_below(HUGE), float_above(HUGE)) == (largest, math.inf)
    assert (float_below(-HUGE), float_above(-HUGE)) == (-math.inf, -largest)
    assert (float_below(TINY), float_above(TINY)) == (0.0, 5e-324)
    assert float_above(-TINY) == 0.0
    assert float_below(-TINY) == -5e-324
    assert math.copysign(1, float_above(Fraction(0))) == 1
    assert (text_below(HUGE, 3), text_above(-TINY, 3), text_above(math.inf, 3)) == ("1e+400", "-5e-325", "inf")


@pytest.mark.parametrize("ends", [(1.0, 0.0), (math.nan, 1.0), (0.0, math.nan)])
def test_what_is_no_enclosure(ends: tuple[float, float]) -> None:
    """Reversed ends and NaN enclose nothing."""
    with pytest.raises(ValueError, match="not an enclosure"):
        Enclosure(*ends, Evidence.ENCLOSED)


@given(st.fractions(), st.tuples(rationals, rationals).map(sorted))
def test_at_least_is_decided_only_outside(bound: Fraction, ends: list[Fraction]) -> None:
    """PROVED from the lower end on, REFUTED past the upper one, UNKNOWN between."""
    found = Enclosure(float_below(ends[0]), float_above(ends[1]), Evidence.ENCLOSED)
    verdict = found.at_least(bound)
    if verdict is Verdict.PROVED:
        assert found.lower >= bound
    elif verdict is Verdict.REFUTED:
        assert found.upper < bound
    else:
        assert found.lower < bound <= found.upper


def test_infinite_ends() -> None:
    """An end at infinity bounds nothing on its side and everything beyond it."""
    unbounded = Enclosure(-math.inf, math.inf, Evidence.ENCLOSED)
    assert unbounded.at_least(Fraction(0)) is Verdict.UNKNOWN
    assert Enclosure(1.0, math.inf, Evidence.ENCLOSED).at_least(Fraction(1)) is Verdict.PROVED
    assert unbounded.relative_width == math.inf
    assert Enclosure(0.0, 1.0, Evidence.ENCLOSED).relative_width == math.inf


def test_contains_and_text() -> None:
    """Membership is exact, and the text shows both ends in full."""
    found = Enclosure(0.1, 0.2, Evidence.ENCLOSED)
    assert found.contains(Fraction(0.1))
    assert not found.contains(Fraction("0.1"))  # a little below the float 0.1
    assert str(found) == "[0.1, 0.2]"
    assert found.relative_width == 1.0
