"""The errors of certigram: each message says what, where, and what to try."""

from __future__ import annotations


class CertigramError(Exception):
    """Base of all errors raised on purpose; its message is made of full sentences."""


class SpecError(CertigramError, ValueError):
    """The input is not usable: an unknown name, a malformed file, a parameter out of range."""


class DerivationGap(CertigramError, NotImplementedError):
    """No rule is known for this object; nothing was guessed in its place."""


class Unfinished(CertigramError):
    """Something outside stood in the way; what was finished is kept, and a second start may well succeed."""


class PrecisionExhausted(CertigramError, ArithmeticError):
    """The budget was too small to decide; more bits or more terms may help.

    ``reached`` says in words how far the computation came.
    """

    def __init__(self, message: str, *, reached: str = "") -> None:
        super().__init__(message)
        self.reached = reached
