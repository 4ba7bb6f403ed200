"""The three answers of the checker, how a check ends, and the numbers that a certificate may hold."""

import re
from fractions import Fraction
from typing import Any, NamedTuple

VALID, INVALID, UNSUPPORTED = "VALID", "INVALID", "UNSUPPORTED"


class Check(NamedTuple):
    """VALID, INVALID or UNSUPPORTED; the line of the certificate that decided, and the reason or what is proved."""

    verdict: str
    path: str
    line: str
    reason: str


class Stop(Exception):
    """The end of a check: ``Stop(verdict, line, reason)``."""


def require(condition: Any, line: str, reason: str, verdict: str = INVALID) -> None:
    """Stop unless the condition holds."""
    if not condition:
        raise Stop(verdict, line, reason)


def printable(text: str) -> str:
    """Text for one line of a terminal: whatever would not print is escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)


def fraction(text: Any, line: str) -> Fraction:
    """An exact rational as text, p or p/q in lowest terms."""
    plain = isinstance(text, str) and re.fullmatch(r"-?\d{1,1200}(/\d{1,1200})?", text)
    require(plain and str(Fraction(text)) == text, line, "not a rational number p or p/q in lowest terms")
    return Fraction(text)
