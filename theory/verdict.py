"""What may be said of a claim, and on what kind of evidence."""

from __future__ import annotations

from enum import Enum
from typing import NoReturn


class Verdict(Enum):
    """The outcome of checking a claim; the value is the sentence a reader needs.

    A verdict is not a truth value: ``bool(verdict)`` raises, so that "not proved" can never be mistaken for "false".

    >>> Verdict.PROVED.rigorous, Verdict.CONSISTENT.rigorous
    (True, False)
    >>> if Verdict.UNKNOWN: pass
    Traceback (most recent call last):
        ...
    TypeError: a Verdict has no truth value: compare it with `is`, e.g. `verdict is Verdict.PROVED`
    """

    PROVED = "true, from exact or enclosed evidence only"
    REFUTED = "false, from exact or enclosed evidence only"
    CONSISTENT = "experiments agree with it at the error level of the study; nothing is proved"
    INCONSISTENT = "experiments contradict it at the error level of the study"
    UNKNOWN = "neither proved nor refuted: the budget ran out, or no rule applies"
    NOT_APPLICABLE = "a hypothesis of the claim fails, so it says nothing here"

    def __bool__(self) -> NoReturn:
        raise TypeError("a Verdict has no truth value: compare it with `is`, e.g. `verdict is Verdict.PROVED`")

    @property
    def rigorous(self) -> bool:
        """Whether the verdict is a mathematical statement (PROVED or REFUTED)."""
        return self is Verdict.PROVED or self is Verdict.REFUTED

    @property
    def against(self) -> bool:
        """Whether the verdict speaks against the claim (REFUTED or INCONSISTENT)."""
        return self is Verdict.REFUTED or self is Verdict.INCONSISTENT

    def __str__(self) -> str:
        return self.name


class Evidence(Enum):
    """How a value was obtained; only the first two may carry a proof."""

    EXACT = "rational or symbolic computation"
    ENCLOSED = "ball arithmetic, or floating point with an a-priori error bound"
    EXPERIMENTAL = "sampling"

    @property
    def rigorous(self) -> bool:
        """Whether this kind of evidence may support PROVED or REFUTED."""
        return self is not Evidence.EXPERIMENTAL

    def __str__(self) -> str:
        return self.name
