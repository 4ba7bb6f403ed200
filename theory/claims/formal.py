"""Which lines of lemmas the kernel of Coq has accepted, and as which theorem.

``theory/formal/lemmas`` holds the theorems, ``lines.toml`` says which line is which of them, and ``accepted.json`` is
what a run of Coq left behind: the digest of the sources that it compiled, the theorems, and the axioms they rest on.
A line counts as accepted only while the sources and the list are the very ones that were compiled
(``tests/theory/test_formal_lines.py`` compiles them again where Coq is installed).
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType

from .lemma import arguments, lemmas

SHARED = ("RealSums", "LeastEigenvalue")
"""Files of the library above that the theorems require, in order."""
RECORD, LINES, LIBRARY = "accepted.json", "lines.toml", "Certigram.lemmas"


@dataclass(frozen=True, slots=True)
class FormalLine:
    """A line of a lemma, by its check, and the theorem of Coq that states it: the file and its name."""

    lemma: str
    check: str
    file: str
    theorem: str


def sources() -> Mapping[str, Traversable]:
    """The files of the theorems by name, without their ending, in the order of the alphabet."""
    found = {file.name.removesuffix(".v"): file for file in _folder().iterdir() if file.name.endswith(".v")}
    return MappingProxyType(dict(sorted(found.items())))


def shared_sources() -> Mapping[str, Traversable]:
    """The files of the library in ``theory/formal`` that the theorems require, in order."""
    above = resources.files(__package__.rpartition(".")[0]).joinpath("formal")
    return MappingProxyType({name: above.joinpath(f"{name}.v") for name in SHARED})


def _folder() -> Traversable:
    return resources.files(__package__.rpartition(".")[0]).joinpath("formal", "lemmas")


def digest() -> str:
    """The digest of the sources, of what they require and of the list of lines: 64 hexadecimal digits."""
    total = hashlib.sha256()
    for name, file in (*shared_sources().items(), *sources().items(), (LINES, _folder().joinpath(LINES))):
        text = file.read_text(encoding="utf-8").replace("\r\n", "\n")
        total.update(f"{name}\n{len(text)}\n{text}".encode())
    return total.hexdigest()


def stated_lines() -> tuple[FormalLine, ...]:
    """The lines that ``lines.toml`` lists, accepted or not."""
    listed = tomllib.loads(_folder().joinpath(LINES).read_text(encoding="utf-8"))
    return tuple(
        FormalLine(lemma, check, *place.split(".")) for lemma, found in listed.items() for check, place in found.items()
    )


@cache
def accepted_lines() -> Mapping[tuple[str, str], FormalLine]:
    """The lines accepted by Coq by lemma and check; none where the sources are not those that were compiled.

    >>> accepted_lines()["lemma.pl-descent", "descent-root"].theorem
    'descent_root'
    """
    record = json.loads(_folder().joinpath(RECORD).read_text(encoding="utf-8"))
    if record["digest"] != digest():
        return MappingProxyType({})
    known = set(record["theorems"])
    found = (line for line in stated_lines() if f"{line.file}.{line.theorem}" in known)
    return MappingProxyType({(line.lemma, line.check): line for line in found})


def lines_of(claim: str) -> tuple[int, int]:
    """How many lines of the lemmas behind a claim Coq has accepted, and how many there are; by the id of the claim.

    >>> lines_of("two-layer-logistic.villani")
    (8, 12)
    """
    todo, found = [lemma.id for lemma in arguments(claim)], set[str]()
    while todo:
        id_ = todo.pop()
        if id_ not in found:
            found.add(id_)
            todo += lemmas()[id_].uses
    lines = [(id_, step.check) for id_ in found for step in lemmas()[id_].proof]
    return sum(line in accepted_lines() for line in lines), len(lines)
