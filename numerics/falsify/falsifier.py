"""Search, prove, record; and replay what was recorded without searching."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from ...theory.errors import DerivationGap, PrecisionExhausted, SpecError
from ...theory.verdict import Verdict
from ..balls.precision import undisturbed
from .bound import Bound
from .domain import Instance, Outside
from .evaluation import Evaluation, evaluate
from .record import FORMAT, VERSION, Record, decimal, entries, versions
from .search import search

SECONDS = 60.0
"""Processor time that a search may take unless something else is asked for."""


@dataclass(frozen=True, slots=True, eq=False)
class Falsified:
    """What the falsifier says of one bound: REFUTED with a counterexample, or UNKNOWN with a proved sharpness.

    ``tried`` counts the instances that were evaluated in floats, ``quotient`` is the largest left/right among them.
    """

    bound: Bound
    record: Record
    instance: Instance
    tried: int
    quotient: float

    @property
    def verdict(self) -> Verdict:
        """REFUTED or UNKNOWN."""
        return Verdict[self.record.verdict]

    @property
    def sharpness(self) -> Fraction | None:
        """A proved lower bound of the largest left/right: no bound smaller by more than this factor holds."""
        return self.record.sharpness


@dataclass(frozen=True, slots=True)
class Falsification:
    """What the falsifier says of a claim: of each of its bounds."""

    parts: tuple[Falsified, ...]

    @property
    def verdict(self) -> Verdict:
        """REFUTED where one bound is, else UNKNOWN."""
        return Verdict.REFUTED if any(part.record.refuted for part in self.parts) else Verdict.UNKNOWN

    @property
    def sharpness(self) -> Fraction | None:
        """The largest proved left/right of its bounds."""
        return max((part.sharpness for part in self.parts if part.sharpness is not None), default=None)


@undisturbed
def falsify(bound: Bound, *, seed: int = 0, seconds: float = SECONDS, evaluations: int | None = None) -> Falsified:
    """Search for an instance where the bound fails, and prove what is found in balls.

    Raises :class:`PrecisionExhausted` when no instance was proved to satisfy the hypotheses within the budget.
    """
    found = search(bound, seed, seconds, evaluations)
    best: tuple[Evaluation, Instance] | None = None
    for _, instance in found.candidates:
        try:
            bound.domain.require(instance)
            proved = evaluate(bound, instance)
        except (Outside, DerivationGap, PrecisionExhausted):
            continue
        if best is None or _rank(proved) > _rank(best[0]):
            best = proved, instance
        if proved.verdict is Verdict.REFUTED:
            break
    if best is None:
        raise PrecisionExhausted(
            f"{bound.name}: none of {found.tried} instances was proved to satisfy the hypotheses; raise the budget."
        )
    proved, instance = best
    record = Record(
        FORMAT,
        VERSION,
        bound.name,
        bound.speaks_of,
        bound.text,
        bound.formula,
        proved.verdict.name,
        decimal(proved.ratio),
        proved.left,
        proved.right,
        proved.bits,
        dict(instance.sizes),
        dict(instance.choices),
        {name: entries(array) for name, array in instance.values.items()},
        seed,
        found.tried,
        found.cut,
        versions(),
    )
    return Falsified(bound, record, instance, found.tried, found.candidates[0][0])


def _rank(found: Evaluation) -> tuple[bool, Fraction]:
    return found.verdict is Verdict.REFUTED, Fraction(-1) if found.ratio is None else found.ratio


@undisturbed
def replay(bound: Bound, record: Record) -> Evaluation:
    """Evaluate a record rigorously with the formula as it is now, without searching.

    Raises :class:`SpecError` where the record speaks of another bound, its instance lies outside of the domain or is
    not proved to satisfy the hypotheses, or less is proved than it says.
    """
    if record.bound != bound.name:
        raise SpecError(f"the record is one of {record.bound}, not of {bound.name}.")
    instance = record.instance()
    bound.domain.require(instance)
    try:
        found = evaluate(bound, instance)
    except (Outside, DerivationGap) as reason:
        raise SpecError(f"{record.bound}: the instance is not proved to satisfy the hypotheses: {reason}.") from None
    known, stated = found.ratio or Fraction(0), record.sharpness or Fraction(0)
    if known < stated or (record.refuted and found.verdict is not Verdict.REFUTED):
        raise SpecError(
            f"{record.bound}: the record states {record.verdict} and {record.ratio or 'no'} sharpness,"
            f" and {found.verdict} and {decimal(found.ratio) or 'none'} is proved."
        )
    return found
