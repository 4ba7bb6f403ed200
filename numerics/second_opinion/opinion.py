"""A sample of the enclosed numbers of a study, recomputed and held against their enclosures."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from ...theory.errors import CertigramError, SpecError
from ...theory.version import __version__
from ..files import write_atomically
from ..records import read, written
from ..stored import read_json
from ..studies.networks import instance, offered_by_face
from ..studies.study import Study
from ..studies.workspace import Workspace
from .finding import Agreement, Finding, settle
from .recipes import EnclosedNumber, Offer

DEFAULT = 40
"""How many numbers are recomputed if nothing is said."""
FILE = "second-opinion.json"
"""Where it is kept in the folder of a run."""


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
    version: str = __version__

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

    def save(self, folder: Path) -> Path:
        """Write it into the folder of a run."""
        return write_atomically(folder / FILE, json.dumps(written(self), indent=1, ensure_ascii=False) + "\n")


def stored(folder: Path, study: str) -> SecondOpinion | None:
    """The second opinion in the folder of a run of this study by this version; None where there is none."""
    if not (folder / FILE).is_file():
        return None
    try:
        found = read(SecondOpinion, read_json(folder / FILE))
    except SpecError:
        return None
    return found if (found.study, found.version) == (study, __version__) else None


Listener = Callable[[str, int, int], None]


def second_opinion(study: Study, count: int = DEFAULT, *, listen: Listener | None = None) -> SecondOpinion:
    """Recompute ``count`` enclosed numbers of a study, or all that it offers; the study's seed decides which ones.

    ``listen`` gets what is under work, how many are done, and of how many.

    >>> from ..studies.data import load
    >>> found = second_opinion(Study("doc", ("implicit-relu",), (), load("digits", 3)), 2)
    >>> [f.agreement.name for f in found.findings], found.contradictions
    (['AGREES', 'AGREES'], ())
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
    offered = list(_offered(study, count))
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
