"""What may be said of a claim: its verdict, by which kind of argument, and on which kind of evidence."""

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

    PROVED = "true: a machine has established all of it, from exact or enclosed evidence only"
    ARGUED = "its hypotheses are proved here, and it follows from them by a proof that people wrote, not a machine"
    REFUTED = "false, from exact or enclosed evidence only"
    CONSISTENT = "experiments agree with it at the error level of the study; nothing is proved"
    INCONSISTENT = "experiments contradict it at the error level of the study"
    UNKNOWN = "neither proved nor refuted: the budget ran out, or no rule applies"
    NOT_APPLICABLE = "a hypothesis of the claim fails, so it says nothing here"

    def __bool__(self) -> NoReturn:
        raise TypeError("a Verdict has no truth value: compare it with `is`, e.g. `verdict is Verdict.PROVED`")

    @property
    def rigorous(self) -> bool:
        """Whether the verdict is a mathematical statement (PROVED, ARGUED or REFUTED)."""
        return self in (Verdict.PROVED, Verdict.ARGUED, Verdict.REFUTED)

    @property
    def favourable(self) -> bool:
        """Whether the claim holds, by a machine or by a written argument (PROVED or ARGUED)."""
        return self is Verdict.PROVED or self is Verdict.ARGUED

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
    NOTE = "a sentence, which carries no weight"

    @property
    def rigorous(self) -> bool:
        """Whether this kind of evidence may support PROVED, ARGUED or REFUTED."""
        return self is Evidence.EXACT or self is Evidence.ENCLOSED

    def __str__(self) -> str:
        return self.name


class Argument(Enum):
    """How it is known that a claim follows from its hypotheses; the value is the sentence a reader needs.

    >>> [kind.name for kind in Argument if kind.mechanical]
    ['DIRECT', 'KERNEL', 'SYMBOLIC']
    """

    DIRECT = "no implication is used: the conclusion itself was computed on this data"
    KERNEL = "by a theorem that the kernel of a proof assistant has checked"
    SYMBOLIC = "by a proof each line of which was decided exactly, for every size and order"
    WRITTEN = "by a proof in the documentation; what a program can test of its lines was tested"
    CITED = "by a published theorem that is not proved here"
    OPEN = "by nothing yet: the argument is an obligation"

    @property
    def mechanical(self) -> bool:
        """Whether a machine has established it: only then may a claim be PROVED."""
        return self in (Argument.DIRECT, Argument.KERNEL, Argument.SYMBOLIC)

    def __str__(self) -> str:
        return self.name
