"""Proved ends with few digits, for sentences: what is printed as a bound is one, because it is rounded outwards."""

from __future__ import annotations

import math
from decimal import MAX_EMAX, MIN_EMIN, ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from fractions import Fraction


def text_below(x: Fraction | float, digits: int) -> str:
    """The largest decimal of so many digits (at most 15) that is at most ``x``, written like ``f"{x:.{digits}g}"``.

    >>> text_below(Fraction(2, 3), 6), text_below(-1e-5 / 3, 3), text_below(2.0**-1074, 2), text_below(300.0, 3)
    ('0.666666', '-3.34e-06', '4.9e-324', '300')
    """
    return _text(x, digits, ROUND_FLOOR)


def text_above(x: Fraction | float, digits: int) -> str:
    """The smallest decimal of so many digits that is at least ``x``: of a radius, of an upper bound.

    >>> text_above(Fraction(2, 3), 6), text_above(0.25, 3), text_above(float("inf"), 3), text_above(Fraction(0), 3)
    ('0.666667', '0.25', 'inf', '0')
    """
    return _text(x, digits, ROUND_CEILING)


def interval_text(lower: Fraction | float, upper: Fraction | float, digits: int = 9) -> str:
    """The interval for a sentence, both ends rounded outwards.

    >>> interval_text(Fraction(1, 3), Fraction(2, 3))
    '[0.333333333, 0.666666667]'
    """
    return f"[{text_below(lower, digits)}, {text_above(upper, digits)}]"


def _text(x: Fraction | float, digits: int, rounding: str) -> str:
    if isinstance(x, float) and not math.isfinite(x):
        return f"{x:g}"
    numerator, denominator = x.as_integer_ratio()
    with localcontext() as context:
        context.prec, context.rounding, context.Emin, context.Emax = digits, rounding, MIN_EMIN, MAX_EMAX
        rounded = Decimal(numerator) / Decimal(denominator)
        text = f"{float(rounded):.{digits}g}"
        return text if Decimal(text) == rounded else f"{rounded.normalize():g}"
