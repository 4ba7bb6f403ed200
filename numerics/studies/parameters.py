"""Which values a parameter of a system may take: one rule for all systems, and one sentence for what is refused."""

from __future__ import annotations

from fractions import Fraction

from ...theory.errors import SpecError
from ...theory.numbers import numeral
from ..balls.budget import Budget

LARGEST = Fraction(2**100)
"""Scales and steps lie between this and its reciprocal: their squares and products are then float64 numbers."""
MOST = 10**9
"""The largest count."""


def whole(system: str, name: str, value: Fraction, least: int = 1) -> int:
    """A parameter that counts something; :class:`SpecError` unless it is an integer from ``least`` to 10^9.

    >>> whole("deq-relu", "training_width", Fraction("1e200"))
    Traceback (most recent call last):
        ...
    certigram.theory.errors.SpecError: deq-relu: training_width = 1e+200: give a whole number from 1 to 10^9.
    """
    if value.denominator != 1 or not least <= value <= MOST:
        raise SpecError(f"{system}: {name} = {numeral(value)}: give a whole number from {least} to 10^9.")
    return int(value)


def require_scale(system: str, name: str, value: Fraction, *, zero: bool = False, signed: bool = False) -> None:
    """Raise :class:`SpecError` unless a parameter lies between 2^-100 and 2^100.

    ``zero`` allows 0 as well, ``signed`` also the negatives of all these.

    >>> require_scale("resnet-rkhs", "step", Fraction(0))
    Traceback (most recent call last):
        ...
    certigram.theory.errors.SpecError: resnet-rkhs: step = 0: give a number from 2^-100 to 2^100.
    """
    if not (1 / LARGEST <= (abs(value) if signed else value) <= LARGEST or (zero and value == 0)):
        which = f"{'0, or ' * zero}a number from 2^-100 to 2^100{', of either sign' * signed}"
        raise SpecError(f"{system}: {name} = {numeral(value)}: give {which}.")


def require_memory(system: str, what: str, needed: int, budget: Budget) -> None:
    """Raise :class:`SpecError` where so many bytes are more than the budget allows.

    >>> require_memory("deq-relu", "training_width = 10000000", 64 * 10**14, Budget())
    Traceback (most recent call last):
        ...
    certigram.theory.errors.SpecError: deq-relu: training_width = 10000000 needs about 6.4e+06 GB, and the budget is \
8.6 GB: choose less, or raise memory in [budget].
    """
    if needed > budget.memory:
        raise SpecError(
            f"{system}: {what} needs about {needed / 1e9:.2g} GB, and the budget is {budget.memory / 1e9:.2g} GB:"
            " choose less, or raise memory in [budget]."
        )
