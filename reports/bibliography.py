r"""The references that a report actually uses, from ``theory/references.bib`` and the rooms of the papers."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from ..theory.discovery import bibliography
from ..theory.errors import SpecError

_ACCENTS = {'"': "\u0308", "'": "\u0301", "`": "\u0300", "^": "\u0302", "~": "\u0303", "c": "\u0327", "v": "\u030c"}
_ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5})")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the bibliography; ``fields`` are plain Unicode text."""

    key: str
    kind: str
    fields: Mapping[str, str]

    @property
    def authors(self) -> str:
        """``Family, Given and ...`` as ``Given Family, ... and ...``."""
        names = []
        for name in re.split(r"\s+and\s+", self.fields.get("author", "")):
            family, _, given = name.partition(",")
            names.append(f"{given.strip()} {family.strip()}".strip())
        return names[0] if len(names) < 2 else f"{', '.join(names[:-1])} and {names[-1]}"

    @property
    def place(self) -> str:
        """Journal or book, volume, pages, publisher, year."""
        f = self.fields
        journal = f.get("journal") or f.get("booktitle") or ""
        volume = f.get("volume", "") + (f"({f['number']})" if "number" in f else "")
        edition = f"{f['edition']} ed." if "edition" in f else ""
        head = f"{journal} {volume}".strip()
        pages = f.get("pages", "").replace("--", "–")
        return ", ".join(x for x in (head, pages, f.get("publisher", ""), edition, f.get("year", "")) if x)

    @property
    def link(self) -> str:
        """The address of a preprint, or an empty string."""
        found = _ARXIV.search(self.fields.get("note", ""))
        return f"https://arxiv.org/abs/{found.group(1)}" if found else ""


def plain(text: str) -> str:
    r"""A BibTeX value as Unicode: accents composed, braces dropped, white space normalised.

    >>> plain('Schr{\\"o}dinger and {Gau\\ss}')
    'Schrödinger and Gauß'
    """
    text = text.replace(r"\ss", "ß").replace(r"\&", "&").replace(r"\%", "%").replace(r"\_", "_").replace("~", " ")

    def accent(found: re.Match[str]) -> str:
        return unicodedata.normalize("NFC", found.group(2) + _ACCENTS[found.group(1)])

    text = re.sub(r"\\([\"'`^~])\s*\{?([A-Za-z])\}?", accent, text)
    text = re.sub(r"\\([cv])\s*\{([A-Za-z])\}", accent, text)
    return " ".join(text.replace("{", "").replace("}", "").split())


def parse(text: str) -> Mapping[str, Entry]:
    """The entries of a BibTeX file by key; raises :class:`SpecError` for a brace that is never closed.

    >>> parse("@book{a1, title = {On {Gaps}}, year = 1911}")["a1"].fields["title"]
    'On Gaps'
    """
    entries: dict[str, Entry] = {}
    for found in re.finditer(r"@(\w+)\s*\{\s*([^,\s]+)\s*,", text):
        fields = {name.lower(): plain(value) for name, value in _fields(text, found.end(), found.group(2))}
        entries[found.group(2)] = Entry(found.group(2), found.group(1).lower(), MappingProxyType(fields))
    return MappingProxyType(entries)


def _fields(text: str, at: int, key: str) -> Iterator[tuple[str, str]]:
    name = re.compile(r"\s*,?\s*(\w+)\s*=\s*")
    while found := name.match(text, at):
        at = found.end()
        if text[at : at + 1] == "{":
            start, depth = at + 1, 1
            while depth:
                at += 1
                if at >= len(text):
                    raise SpecError(f"references.bib: a brace of {key} is never closed.")
                depth += {"{": 1, "}": -1}.get(text[at], 0) if text[at - 1] != "\\" else 0
            yield found.group(1), text[start:at]
            at += 1
        else:
            value = re.compile(r'"([^"]*)"|(\w+)').match(text, at)
            if value is None:
                return
            yield found.group(1), value.group(1) or value.group(2)
            at = value.end()


@cache
def library() -> Mapping[str, Entry]:
    """All entries: those that papers share, and those of each paper."""
    return parse(bibliography())


def used(keys: Iterable[str]) -> tuple[Entry, ...]:
    """The entries with these keys, sorted by author and year; raises :class:`SpecError` for a key that is not there.

    >>> [entry.key for entry in used(["rump2006", "holm1979", "rump2006"])]
    ['holm1979', 'rump2006']
    """
    found = []
    for key in dict.fromkeys(keys):
        if key not in library():
            raise SpecError(
                f"references.bib has no entry {key!r}: add one to theory/references.bib, or to a"
                " references.bib in the room of its paper."
            )
        found.append(library()[key])
    return tuple(sorted(found, key=lambda e: (e.fields.get("author", "").lower(), e.fields.get("year", ""))))
