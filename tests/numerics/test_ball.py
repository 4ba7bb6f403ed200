"""Balls: a failure here means that a printed, compared, pickled or tested number is not the one that was proved."""

import copy
import pickle
from fractions import Fraction

import pytest
from flint import arb
from hypothesis import given
from hypothesis import strategies as st

from certigram.numerics.balls.ball import Ball, enclose, exact, excludes
from certigram.numerics.balls.precision import precision
from certigram.theory.errors import PrecisionExhausted, SpecError
from certigram.theory.verdict import Verdict

THIRD = Ball(arb(1) / 3)
NAN, INFINITE = Ball(arb("nan")), Ball(arb("inf"))
WIDE = Ball(arb(0, 1))
dyadics = st.builds(lambda m, e: Fraction(m) * Fraction(2) ** e, st.integers(-(10**9), 10**9), st.integers(-40, 40))


def ball(mid: Fraction, rad: Fraction) -> Ball:
    """A ball with these exact ends, rounded outwards where the radius needs it."""
    return Ball(arb(enclose(mid), enclose(rad)))


def test_ends_are_exact_and_contain() -> None:
    """1/3 lies strictly inside its ball, and a number past the end does not."""
    assert THIRD.lower < Fraction(1, 3) < THIRD.upper
    assert THIRD.contains("1/3")
    assert THIRD.contains(THIRD.upper)
    assert not THIRD.contains(THIRD.upper + Fraction(1, 10**40))
    assert THIRD.lower == THIRD.mid - THIRD.rad


def test_a_decimal_means_that_rational() -> None:
    """A decimal string is not rounded on its way in; a float means its binary value."""
    half = Ball.exactly("0.5")
    assert half.rad == 0
    assert not half.contains("0.50000000000000000000000000000001")
    tenth = Ball.exactly("0.1")
    assert tenth.contains("0.1")
    assert tenth.rad > 0
    assert Ball.exactly(0.1).rad == 0
    assert Ball.exactly(0.1).mid == Fraction(0.1) != Fraction("0.1")


@given(a=dyadics, b=dyadics, r=dyadics)
def test_comparisons_are_verdicts(a: Fraction, b: Fraction, r: Fraction) -> None:
    """A comparison is PROVED or REFUTED only when it is so for all members, and UNKNOWN otherwise."""
    x, y = ball(a, abs(r)), ball(b, Fraction(0))
    for verdict, always, never in (
        (x < y, x.upper < y.lower, x.lower >= y.upper),
        (x <= y, x.upper <= y.lower, x.lower > y.upper),
        (x > y, x.lower > y.upper, x.upper <= y.lower),
        (x >= y, x.lower >= y.upper, x.upper < y.lower),
    ):
        expected = Verdict.PROVED if always else Verdict.REFUTED if never else Verdict.UNKNOWN
        assert verdict is expected


def test_comparisons_have_no_truth_value() -> None:
    """`if x < y` must not compile an UNKNOWN into a no."""
    with pytest.raises(TypeError, match="no truth value"):
        bool(THIRD < WIDE)


@pytest.mark.parametrize("odd", [NAN, INFINITE])
def test_what_is_not_finite_proves_nothing(odd: Ball) -> None:
    """NaN and infinity: no ends, no comparison decided with a number, everything inside."""
    assert not odd.finite
    assert odd.contains(10**6)
    for verdict in (odd < 0, odd <= 0, odd >= odd):
        assert verdict in (Verdict.UNKNOWN, Verdict.REFUTED, Verdict.PROVED)
    for end in ("lower", "upper", "mid"):
        with pytest.raises(ValueError, match="not finite"):
            getattr(odd, end)
    assert "nan" in str(odd) or "inf" in str(odd)


def test_nan_decides_no_comparison() -> None:
    """Whatever NaN is compared with, the answer is UNKNOWN."""
    for other in (THIRD, NAN, INFINITE, 0):
        for verdict in (other > NAN, other >= NAN, other < NAN, other <= NAN):
            assert verdict is Verdict.UNKNOWN


@given(mid=dyadics, rad=dyadics)
def test_pickling_never_narrows(mid: Fraction, rad: Fraction) -> None:
    """Pickle and copy keep the midpoint at any working precision; the radius grows by at most one unit of 2^-29."""
    x = ball(mid, abs(rad))
    data = pickle.dumps(x)
    with precision(24):
        again = pickle.loads(data)
        assert again == copy.deepcopy(x) == Ball.from_dyadic(*x.dyadic())
        assert again.mid == x.mid
        assert x.rad <= again.rad <= x.rad * (1 + Fraction(1, 2**29))
    assert again.contains(x)
    once = Ball.from_dyadic((1, 0), (3, -40))
    assert pickle.loads(pickle.dumps(once)) == once
    assert hash(pickle.loads(pickle.dumps(once))) == hash(once)


def test_what_is_not_finite_can_be_pickled() -> None:
    """It comes back as not finite, never as a number."""
    for odd in (NAN, INFINITE):
        again = pickle.loads(pickle.dumps(odd))
        assert not again.finite
        assert again == odd


def test_immutable_and_hashable() -> None:
    """A ball cannot be changed after it was proved."""
    with pytest.raises(AttributeError, match="immutable"):
        THIRD._arb = arb(0)
    assert len({THIRD, Ball(arb(1) / 3), WIDE}) == 2
    assert (THIRD == 1) is False


@given(mid=dyadics, rad=dyadics)
def test_the_printed_ball_contains_the_ball(mid: Fraction, rad: Fraction) -> None:
    """What is shown is wider than what is known, never narrower."""
    x = ball(mid, abs(rad) / 2**60)
    text = str(x)
    if "±" not in text:
        assert (x.lower, x.upper) == (Fraction(text), Fraction(text))
        return
    shown_mid, shown_rad = (Fraction(part or 0) for part in text.strip("[]").replace(" ", "").split("±"))
    assert shown_mid - shown_rad <= x.lower
    assert x.upper <= shown_mid + shown_rad


def test_overlaps() -> None:
    """Two balls overlap when they share a point, a common end included."""
    assert Ball(arb(0, 1)).overlaps(Ball(arb(2, 1)))
    assert not Ball(arb(0, 1)).overlaps(Ball(arb(3, 1)))


def test_exact_refuses_what_has_no_value() -> None:
    """No fraction stands for NaN or infinity, and no word for a number."""
    with pytest.raises(ValueError, match="not finite"):
        exact(arb("nan"))
    with pytest.raises(SpecError, match="not a number"):
        Ball.exactly("one third")


def test_a_ball_that_is_not_finite_agrees_with_nothing() -> None:
    """It overlaps with everything, so an agreement with it would be empty."""
    for lost in (arb("nan"), arb("inf")):
        with pytest.raises(PrecisionExhausted, match="not finite"):
            excludes(arb(1), lost)
