"""A sample of the enclosed numbers of a study, recomputed and held against their enclosures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from random import Random

from mpmath import mp

from ...theory.errors import CertigramError
from ..studies.networks import instance, offered_by_face
from ..studies.study import Study
from ..studies.workspace import Workspace
from .equilibrium import number as exact
from .functions import Number
from .line import GUARD, Recomputed
from .recipes import EnclosedNumber, Ends, Offer, Recipe
from .recompute import FEWEST, MOST, recompute

DEFAULT = 40
"""How many numbers are recomputed if nothing is said."""
SHARP = 40
"""Digits, relative to its scale, to which a number must agree whose enclosure is narrower than that."""
SHOWN = 42
"""Digits of the numbers that are written down."""


class Agreement(Enum):
    """What a second computation says of an enclosure."""

    AGREES = "the recomputed number lies in the enclosure, up to its own error, which is small beside it"
    UNDECIDED = "mpmath did not reach the accuracy that would decide"
    CONTRADICTS = "the recomputed number lies outside the enclosure by more than its own error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One number twice.

    ``enclosure`` and ``recomputed`` are text for a reader; ``radii`` is the distance of the recomputed number from the
    middle in radii of the enclosure (None for an exact one), ``digits`` the leading digits that both have in common.
    """

    system: str
    subject: str
    claim: str
    kind: str
    where: str
    agreement: Agreement
    enclosure: str
    recomputed: str
    error: str
    radii: float | None
    digits: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SecondOpinion:
    """What the recomputation of a sample of a study's numbers showed.

    ``study`` is the digest of the study, ``asked`` how many numbers were asked for; what a study cannot offer is not
    there. ``not_enclosed`` counts numbers that were chosen and that the prover itself could not enclose.
    """

    study: str
    asked: int
    findings: tuple[Finding, ...]
    not_enclosed: int
    seconds: float

    def count(self, agreement: Agreement) -> int:
        """How many findings say this."""
        return sum(found.agreement is agreement for found in self.findings)

    @property
    def contradictions(self) -> tuple[Finding, ...]:
        """The numbers that lie outside their enclosures."""
        return tuple(found for found in self.findings if found.agreement is Agreement.CONTRADICTS)

    @property
    def kinds(self) -> tuple[tuple[str, tuple[Finding, ...]], ...]:
        """The findings by kind, in the order of the names."""
        names = sorted({found.kind for found in self.findings})
        return tuple((name, tuple(found for found in self.findings if found.kind == name)) for name in names)


Listener = Callable[[str, int, int], None]


def second_opinion(study: Study, count: int = DEFAULT, *, listen: Listener | None = None) -> SecondOpinion:
    """Recompute ``count`` enclosed numbers of a study, or all that it offers; the study's seed decides which ones.

    ``listen`` gets what is under work, how many are done, and of how many.
    """
    started = time.process_time()
    chosen = _chosen(study, count)
    total = sum(len(numbers) for _, _, numbers in chosen)
    findings: list[Finding] = []
    missing = 0
    for system, subject, numbers in chosen:
        for number in numbers:
            if listen is not None:
                listen(f"{number.kind}, {subject}, {number.where}", len(findings) + missing, total)
            try:
                ends, recipe = number.found()
            except CertigramError:
                missing += 1
                continue
            findings.append(settle(system, subject, number, ends, recipe))
    return SecondOpinion(study.digest, count, tuple(findings), missing, time.process_time() - started)


def _chosen(study: Study, count: int) -> list[tuple[str, str, list[EnclosedNumber]]]:
    """The numbers to recompute, by system and subject: kind after kind takes its turn until there are enough."""
    offered = [(system, subject, number) for system, subject, number in _offered(study, count)]
    pick = Random(f"{study.budget.seed}")
    kinds: dict[str, list[int]] = {}
    for place, (_, _, number) in enumerate(offered):
        kinds.setdefault(number.kind, []).append(place)
    for places in kinds.values():
        pick.shuffle(places)
    taken: set[int] = set()
    while len(taken) < min(count, len(offered)):
        for places in kinds.values():
            if places and len(taken) < count:
                taken.add(places.pop())
    groups: dict[tuple[str, str], list[EnclosedNumber]] = {}
    for place in sorted(taken):
        system, subject, number = offered[place]
        groups.setdefault((system, subject), []).append(number)
    return [(*key, numbers) for key, numbers in groups.items()]


def _offered(study: Study, count: int) -> Iterator[tuple[str, str, EnclosedNumber]]:
    """What the papers offer, a little of each kind from each subject."""
    for system in study.systems:
        offer: Offer | None = offered_by_face(system, "enclosed_numbers")
        for subject in study.subjects(system) if offer is not None and count > 0 else ():
            try:
                model = instance(system, subject, study, Workspace())
                model.admit()
            except CertigramError:  # the run says why this subject has no numbers
                continue
            assert offer is not None
            for number in offer(model, Random(f"{study.budget.seed} {system} {subject}"), count):
                yield system, subject, number


def settle(system: str, subject: str, number: EnclosedNumber, ends: Ends, recipe: Recipe) -> Finding:
    """Recompute a number and hold it against the ends of its enclosure."""
    about = system, subject, number.claim, number.kind, number.where
    lower, upper = ends
    try:
        found, agreement = _recomputed(recipe, ends)
    except (CertigramError, ArithmeticError, ValueError) as error:  # mpmath raises the latter two
        why = f"mpmath: {error}".rstrip(".")
        return Finding(*about, Agreement.UNDECIDED, _enclosure(ends), "", "", None, 0, why)
    with mp.workdps(MOST + GUARD):
        low, high = map(exact, ends)
        middle, radius = (low + high) / 2, (high - low) / 2
        off = abs(found.value - middle)
        common = int(mp.floor(-mp.log10(off / max(abs(middle), off)))) if off else MOST
        return Finding(
            *about,
            agreement,
            _enclosure(ends),
            mp.nstr(found.value, SHOWN),
            mp.nstr(found.error, 3),
            None if lower == upper else float(off / radius),
            min(common, MOST),
        )


def _recomputed(recipe: Recipe, ends: Ends) -> tuple[Recomputed, Agreement]:
    """The number, with more digits a second time where the first ones do not decide."""
    digits = digits_for(ends)
    found = recompute(recipe, digits)
    with mp.workdps(MOST + GUARD):
        low, high = map(exact, ends)
        agreement = verdict(found, low, high)
        allowed = max((high - low) / 4, found.scale * mp.mpf(10) ** -SHARP)
        if agreement is not Agreement.UNDECIDED or found.error <= allowed or digits == MOST:
            return found, agreement
        more = min(MOST, digits + int(mp.ceil(mp.log10(found.error / allowed))) + 1)
        found = recompute(recipe, more)
        return found, verdict(found, low, high)


def verdict(found: Recomputed, low: Number, high: Number) -> Agreement:
    """Whether a recomputed number with its error lies in an interval."""
    outside = max(low - found.value, found.value - high)
    if found.lower_bound:
        outside = found.value - high
    if outside > found.error:
        return Agreement.CONTRADICTS
    if found.lower_bound and found.value + found.error < low:
        return Agreement.UNDECIDED
    sharp = found.error <= max((high - low) / 4, found.scale * mp.mpf(10) ** -SHARP)
    return Agreement.AGREES if sharp else Agreement.UNDECIDED


def digits_for(ends: Ends) -> int:
    """The digits that tell the ends apart, and some more.

    >>> from fractions import Fraction
    >>> digits_for((Fraction(1), Fraction(1) + Fraction(1, 10**30))), digits_for((Fraction(1), Fraction(1)))
    (35, 50)
    """
    lower, upper = ends
    size = max(abs(lower), abs(upper))
    if lower == upper or not size:
        return MOST
    with mp.workdps(15):
        return max(FEWEST, min(MOST, int(mp.ceil(-mp.log10(exact((upper - lower) / size)))) + 5))


def _enclosure(ends: Ends) -> str:
    with mp.workdps(MOST + GUARD):
        low, high = map(exact, ends)
        return f"{mp.nstr((low + high) / 2, SHOWN)} ± {mp.nstr((high - low) / 2, 3)}"
