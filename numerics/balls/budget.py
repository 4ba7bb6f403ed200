"""Everything besides the statement itself that may change a result."""

from __future__ import annotations

import operator
from dataclasses import dataclass

from ...theory.errors import SpecError
from ...theory.numbers import require_short
from ...theory.printable import shown

LONGEST = 1e9
"""Seconds that a study may take at most: thirty years."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How much a computation may spend, and the seed of every experiment.

    ``bits`` is the precision asked for in enclosures, ``max_bits`` the ceiling of escalation, ``max_terms`` the longest
    series, ``seconds`` the wall time of a whole study, ``memory`` the bytes that arrays may take together.
    """

    bits: int = 128
    max_bits: int = 1024
    max_terms: int = 1024
    seconds: float = 3600.0
    memory: int = 8 << 30
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("bits", "max_bits", "max_terms", "memory", "seed"):
            value = getattr(self, name)
            try:
                if isinstance(value, bool):
                    raise TypeError
                value = operator.index(value)
            except TypeError:
                raise SpecError(f"budget: {name} = {shown(value)} is not an integer: give a whole number.") from None
            require_short(value, f"{name} of the budget")
            object.__setattr__(self, name, value)
        seconds: object = self.seconds
        if not isinstance(seconds, (int, float)) or isinstance(seconds, bool):
            raise SpecError(f"budget: seconds = {shown(seconds)} is not a number: give seconds, such as 60.")
        if not 24 <= self.bits <= self.max_bits:
            raise SpecError(f"budget: bits = {self.bits} must lie between 24 and max_bits = {self.max_bits}.")
        if self.max_terms < 1 or not 0 < self.seconds <= LONGEST or self.memory <= 0:
            raise SpecError(f"budget: max_terms, seconds (at most {LONGEST:g}) and memory must be positive.")
        if self.seed < 0:
            raise SpecError(f"budget: seed = {self.seed} is negative: give 0 or more.")
