"""How much may be done for one kernel that is written out: counted before it is done, for all its parts (12.6)."""

from .balls import Ball
from .verdicts import UNSUPPORTED, require

LINE = "proof.kernel.expression"
MAX_WORK = 1 << 31  # some minutes
MAX_HELD, MAX_LENGTH = 1 << 32, 1 << 15  # bits of all numbers that are held at once, and of one
ROUGH = 1 << 8  # of the units in which transforms count, in one of these


def free(amount: int) -> None:
    """Where a limit of its own is enough."""


def length(x: Ball) -> int:
    """The bits of the longer one of middle and radius."""
    return max(abs(x.middle), x.radius).bit_length()


class Work:
    """What is left."""

    def __init__(self) -> None:
        self.left, self.room = MAX_WORK, MAX_HELD

    def spend(self, amount: int) -> None:
        """Count what is about to be done."""
        self.left -= amount
        require(self.left >= 0, LINE, "too much work: points, layers, parts or digits", UNSUPPORTED)

    def transform(self, amount: int) -> None:
        """The same in the units of a transform."""
        self.spend(amount // ROUGH + 1)

    def short(self, x: Ball) -> Ball:
        """An entry that somebody goes on with, as it is; what a product of two such costs is counted."""
        digits = length(x)
        require(digits <= MAX_LENGTH, LINE, "too many digits", UNSUPPORTED)
        self.spend(8 + (digits >> 6) ** 2 // 1024)
        return x

    def hold(self, x: Ball) -> Ball:
        """An entry that is kept until the kernel is done."""
        self.room -= length(x) + 512
        require(self.room >= 0, LINE, "too many entries and digits to hold", UNSUPPORTED)
        return x
