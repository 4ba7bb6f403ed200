"""Everything besides the statement itself that may change a result."""

from __future__ import annotations

from dataclasses import dataclass

from ..theory.errors import SpecError


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
            if not isinstance(value, int) or isinstance(value, bool):
                raise SpecError(f"budget: {name} = {value!r} is not an integer: give a whole number.")
        if not isinstance(self.seconds, (int, float)):
            raise SpecError(f"budget: seconds = {self.seconds!r} is not a number: give seconds, such as 60.")
        if not 24 <= self.bits <= self.max_bits:
            raise SpecError(f"budget: bits = {self.bits} must lie between 24 and max_bits = {self.max_bits}.")
        if self.max_terms < 1 or self.seconds <= 0 or self.memory <= 0:
            raise SpecError("budget: max_terms, seconds and memory must be positive.")
