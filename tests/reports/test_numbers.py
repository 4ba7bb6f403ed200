"""What is printed must follow from what was proved: a failure here means that a report can state more than a proof."""

from __future__ import annotations

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certigram.reports import html, latex
from certigram.reports.notation import Bracket, Numeral, enclosure, label, numeral, prose, share, statement_parts

FLOATS = st.floats(allow_nan=False, allow_infinity=False)


def value(n: Numeral, end: str) -> Fraction:
    """The number that a reader reads, exactly."""
    return Fraction((n.digits + end).replace("−", "-")) * Fraction(10) ** n.exponent


def ends(shown: Numeral | Bracket) -> tuple[Fraction, Fraction]:
    if isinstance(shown, Bracket):
        return value(shown.low, ""), value(shown.high, "")
    return value(shown, shown.low), value(shown, shown.high)


@given(FLOATS, FLOATS, st.integers(3, 15))
def test_a_printed_enclosure_contains_the_proved_one(x: float, y: float, digits: int) -> None:
    lower, upper = min(x, y), max(x, y)
    shown = enclosure(lower, upper, digits)
    assert shown is not None
    low, high = ends(shown)
    assert low <= Fraction(lower)
    assert Fraction(upper) <= high


@given(FLOATS.filter(lambda x: x != 0), st.floats(1e-15, 1e-3), st.integers(4, 12))
def test_a_narrow_enclosure_is_printed_as_one_numeral_not_much_wider(x: float, width: float, digits: int) -> None:
    other = x * (1 + width)
    if abs(x) < 1e-290 or abs(x) > 1e290:
        return
    shown = enclosure(min(x, other), max(x, other), digits)
    assert shown is not None
    low, high = ends(shown)
    assert high - low <= abs(Fraction(x)) * (Fraction(width) * 2 + Fraction(4, 10 ** (min(digits, 4) - 1)))


@given(FLOATS, st.integers(1, 12))
def test_one_number_is_rounded_in_the_direction_asked_for(x: float, digits: int) -> None:
    down, up = numeral(x, "down", digits), numeral(x, "up", digits)
    assert down is not None
    assert up is not None
    assert value(down, "") <= Fraction(x) <= value(up, "")


@given(st.floats(1e-300, 1e300), st.floats(1e-300, 1e300))
def test_a_printed_share_is_at_most_the_share(part: float, whole: float) -> None:
    shown = share(part, whole)
    if shown is not None:
        assert value(shown, "") <= 100 * Fraction(part) / Fraction(whole)


def test_slightly_false_digits_are_not_printed() -> None:
    # 0.9999996 is not 1, and 2.5e-7 as a float lies below the decimal 2.5e-7
    assert numeral(0.9999996, "down", 4) == Numeral("0.9999")
    assert numeral(2.5e-07, "down", 4) == Numeral("2.499", exponent=-7)
    assert enclosure(0.9999996, 0.9999997) != Numeral("1")


@pytest.mark.parametrize("x", [None, float("inf"), float("-inf"), float("nan")])
def test_absent_numbers_are_absent(x: float | None) -> None:
    assert numeral(x, "down") is None
    assert enclosure(x, x) is None


def test_one_sided_enclosures_say_so() -> None:
    assert enclosure(0.5, None) == Numeral("0.5", relation="≥")
    assert enclosure(float("-inf"), 0.5) == Numeral("0.5", relation="≤")
    assert enclosure(0.0, 0.0) == Numeral("0")


@given(st.text("abcXYZ0123 .,;:äß字<&%{}\\$#", max_size=60))
def test_prose_leaves_plain_words_alone(text: str) -> None:
    assert "".join(r.text for r in prose(text)) == text


@given(st.text(max_size=60))
def test_any_text_is_rendered_and_escaped(text: str) -> None:
    source, page = latex.runs(prose(text)), html.runs(prose(text))
    assert source.isascii()
    assert re.sub(r"\\[{}]", "", source).count("{") == re.sub(r"\\[{}]", "", source).count("}")
    assert not re.search(r"<(?!/?(?:i|sub|sup|span)\b)", page)


def test_symbols_of_certificates_are_recognised() -> None:
    runs = prose("lambda_min(G_m) >= lambda_*/2, K^(-1/2), ||x||_F, sqrt(2) sigma_w, C^(r), (2/s)^r, L~_q, 1e-9")
    symbols = [(r.text, r.sub, r.sup) for r in runs if r.symbol or r.sub or r.sup]
    assert symbols == [
        ("λ", "min", ""), ("G", "m", ""), ("λ", "*", ""), ("K", "", "−1/2"), ("", "F", ""), ("√2", "", ""),
        ("σ", "w", ""), ("C", "", "(r)"), ("", "", "r"), ("L\u0303", "q", ""), ("", "", "−9"),
    ]  # fmt: skip
    assert "".join(r.text for r in label("C13'")) == "C13′"


def test_statements_break_only_at_the_outermost_quads() -> None:
    assert statement_parts(r"a \quad \text{if \quad b}\qquad c") == ("a", r"\text{if \quad b}", "c")
    assert statement_parts(r"\{x \quad y\}") == (r"\{x", r"y\}")
