"""Numbers as the language of Coq writes them; nothing else of a certificate gets into a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

WORD = 1 << 62
"""Signed machine integers of Coq lie in [-WORD, WORD)."""
DIGITS = 12
"""Significant decimal digits of a stated bound."""

Rows = Sequence[Sequence[int]]


def fits(rows: Rows) -> bool:
    """Whether every number is a machine integer."""
    return all(-WORD <= x < WORD for row in rows for x in row)


def row(numbers: Iterable[int]) -> str:
    """A list of integers.

    >>> row([1, -2])
    '[1;-2]'
    """
    return f"[{';'.join(map(str, numbers))}]"


def table(rows: Rows) -> str:
    """Rows of integers, one a line."""
    return "[\n" + ";\n".join(map(row, rows)) + "]"


def integer(number: int) -> str:
    """One integer, as an argument.

    >>> integer(-5)
    '(-5)'
    """
    return str(number) if number >= 0 else f"({number})"


def quotient(number: Fraction) -> str:
    """A rational number as a real number.

    >>> quotient(Fraction(-1, 8))
    '(IZR (-1) / IZR 8)'
    """
    return f"(IZR {integer(number.numerator)} / IZR {number.denominator})"


def decimal(number: Fraction, *, above: bool) -> tuple[int, int]:
    """The nearest decimal of 12 digits on one side of a number: (m, k) for m / 10^k.

    >>> decimal(Fraction(2, 3), above=False), decimal(Fraction(-2, 3), above=True)
    ((666666666666, 12), (-666666666666, 12))
    """
    places = 0
    if number:
        leading = len(str(abs(number.numerator))) - len(str(number.denominator))
        places = max(DIGITS - leading, 0)
        while places and abs(number) * 10**places >= 10**DIGITS:
            places -= 1
    scaled = number * 10**places
    return (-((-scaled.numerator) // scaled.denominator) if above else scaled.numerator // scaled.denominator), places
