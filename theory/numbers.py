"""Numbers enter the theory exactly: strings, integers, fractions, and floats as their binary value."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction
from numbers import Rational
from typing import TypeAlias

from .errors import SpecError
from .printable import shown

Exact: TypeAlias = str | int | float | Fraction | Decimal
"""What a caller may pass where an exact rational is meant."""

MAX_DIGITS = 4000
"""Longest numeral accepted; a longer one is a mistake or an attack."""
MAX_BITS = 14000
"""Longest numerator and denominator: a little more than those digits, and less than the 4300 that Python writes."""
MAX_EXPONENT = 20000
"""Largest decimal exponent that is read at all."""


def rational(value: Exact, *, what: str = "number") -> Fraction:
    """The exact rational meant by ``value``; a float means its exact binary value, and so does a scalar of an array
    library, of any precision (a 0-d array holds such a scalar).

    Raises :class:`SpecError` for anything that is not a finite rational number, or too long to be written as one.

    >>> rational("1/16"), rational("0.02"), rational(0.5), rational("1e-3")
    (Fraction(1, 16), Fraction(1, 50), Fraction(1, 2), Fraction(1, 1000))
    >>> rational(Decimal("0.1"))
    Fraction(1, 10)
    >>> rational("one half", what="q")
    Traceback (most recent call last):
        ...
    certigram.theory.errors.SpecError: 'one half' is not a number for q: write a decimal or a fraction like "1/16".
    >>> rational("1/" + 5000 * "9", what="q")
    Traceback (most recent call last):
        ...
    certigram.theory.errors.SpecError: the numeral for q is too long: give at most 4000 digits.
    """
    found = _rational(value, what)
    require_short(found.numerator, what)
    require_short(found.denominator, what)
    return found


def require_short(value: int, what: str) -> None:
    """Refuse an integer of more digits than Python writes.

    >>> require_short(10**5000, "seed")
    Traceback (most recent call last):
        ...
    certigram.theory.errors.SpecError: the numeral for seed is too long: give at most 4000 digits.
    """
    if value.bit_length() > MAX_BITS:
        raise SpecError(f"the numeral for {what} is too long: give at most {MAX_DIGITS} digits.")


def numeral(value: Fraction) -> str:
    """A rational number as a sentence shows it: itself where that is short, else six digits of it.

    >>> numeral(Fraction(1, 3)), numeral(Fraction("-1e-200"))
    ('1/3', '-1e-200')
    """
    text = str(value)
    return text if len(text) <= 40 else f"{(Decimal(value.numerator) / value.denominator).normalize():.6g}"


def _rational(value: Exact, what: str) -> Fraction:
    if isinstance(value, bool):
        raise SpecError(f'{value!r} is not a number for {what}: write a decimal or a fraction like "1/16".')
    if isinstance(value, (int, Fraction)):
        if max(abs(value.numerator), value.denominator).bit_length() > MAX_BITS:
            raise SpecError(f"the number for {what} is too long: give at most {MAX_DIGITS} digits.")
        return Fraction(value)
    if isinstance(value, Rational):  # numpy's integers, sympy's rationals
        return Fraction(int(value.numerator), int(value.denominator))
    if getattr(value, "shape", None) == () and not isinstance(value, (str, bytes)):
        return _scalar(value, what)
    if isinstance(value, Decimal):
        value = str(value)  # exact, under the limits of a numeral
    if isinstance(value, float):
        if not math.isfinite(value):
            raise SpecError(f"{value!r} is not a finite number for {what}: write a finite decimal or a fraction.")
        return Fraction(value)
    if not isinstance(value, str):
        raise SpecError(f'{value!r} is not a number for {what}: write a decimal or a fraction like "1/16".')
    text = value.strip()
    _, _, exponent = text.lower().partition("e")
    try:
        short = len(text) <= MAX_DIGITS and abs(int(exponent or 0)) <= MAX_EXPONENT
        found = Fraction(text) if short else None
    except (ValueError, ZeroDivisionError):
        shown = text if len(text) <= 60 else text[:57] + "..."
        raise SpecError(f'{shown!r} is not a number for {what}: write a decimal or a fraction like "1/16".') from None
    if found is None:
        raise SpecError(f"the numeral for {what} is too long: give at most {MAX_DIGITS} digits.")
    return found


def _scalar(value: object, what: str) -> Fraction:
    """What a 0-d array of whatever library holds; its ``item`` is a number of Python, or has ``as_integer_ratio``."""
    try:
        held = value.item()  # type: ignore[attr-defined]  # what has no item is refused
        if isinstance(held, (bool, int, float, str)):
            return _rational(held, what)
        numerator, denominator = held.as_integer_ratio()  # extended precision
        return Fraction(int(numerator), int(denominator))
    except SpecError:
        raise
    except Exception:  # whatever a foreign object raises
        raise SpecError(
            f'{shown(value)} is not a number for {what}: write a decimal or a fraction like "1/16".'
        ) from None
