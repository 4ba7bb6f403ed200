r"""A document as data: parts, sections, paragraphs, numbered equations, theorems, lists, tables.

Texts carry a little markup: ``$math$``, ```code```, ``*emphasis*``, ``~ASCII formula in words~``, ``[cite:key]``,
``[eq:label]``, ``[ref:anchor|words]``. Everything else is plain text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from ..bibliography import used

S = TypeVar("S")

MARKUP = re.compile(
    r"\$(?P<math>[^$]+)\$|`(?P<code>[^`]+)`|\*(?P<emph>[^*]+)\*|~(?P<prose>[^~]+)~|\[cite:(?P<cite>[^\]]+)\]|\[eq:(?P<eq>[^\]]+)\]"
    r"|\[ref:(?P<ref>[^|\]]+)\|(?P<words>[^\]]+)\]"
)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 0 is a part, 1 a section, 2 a run-in heading of a paragraph."""

    level: int
    text: str
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of marked-up text; ``small`` for remarks on how something was checked."""

    text: str
    small: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a display: the formula on one line and broken, the reason, and a label where it is numbered.

    A row that continues a chain is indented by the width of ``indent``, the left side of the chain. ``narrow`` is the
    formula broken into shorter lines, for the case that the broken one is still too wide.
    """

    formula: str
    broken: str = ""
    reason: str = ""
    label: str = ""
    indent: str = ""
    narrow: str = ""


@dataclass(frozen=True, slots=True)
class Display:
    """Rows that belong together."""

    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Theorem:
    """A statement set apart: its kind, title and content."""

    kind: str
    title: str
    content: tuple[Paragraph | Display, ...]
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """Terms with their explanations."""

    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Items:
    """A numbered list."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A small table; the cells are marked-up text."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Block = Heading | Paragraph | Display | Theorem | Facts | Items | Table


@dataclass(frozen=True, slots=True)
class Document:
    """A title, what it is about, and the blocks; ``contents`` asks for a table of contents."""

    title: str
    subtitle: str
    blocks: tuple[Block, ...]
    contents: bool = False
    numbers: dict[str, str] = field(default_factory=dict, compare=False)

    def texts(self) -> Iterator[str]:
        """All marked-up texts."""
        for block in self.blocks:
            yield from texts(block)

    def cited(self) -> tuple[str, ...]:
        """The keys of the bibliography that the texts cite, in order of first use."""
        found = (key for text in self.texts() for m in MARKUP.finditer(text) if m["cite"] for key in [m["cite"]])
        return tuple(dict.fromkeys(found))

    def equation_numbers(self) -> dict[str, str]:
        """The number of every labelled row: within sections when there are parts, else through the document."""
        parts = any(isinstance(block, Heading) and block.level == 0 for block in self.blocks)
        section, k, out = 0, 0, {}
        for block in self.blocks:
            if isinstance(block, Heading) and block.level == 1:
                section += 1
                k = 0 if parts else k
            for row in labelled(block):
                k += 1
                out[row.label] = f"{section}.{k}" if parts else str(k)
        return out


def labelled(block: Block) -> Iterator[Row]:
    """The labelled rows of a block, in order."""
    if isinstance(block, Display):
        yield from (row for row in block.rows if row.label)
    elif isinstance(block, Theorem):
        for part in block.content:
            yield from labelled(part)


def texts(block: Block) -> Iterator[str]:
    """The marked-up texts of a block."""
    match block:
        case Heading() | Paragraph():
            yield block.text
        case Display():
            yield from (row.reason for row in block.rows)
        case Theorem():
            yield block.title
            for part in block.content:
                yield from texts(part)
        case Facts():
            for term, text in block.items:
                yield term
                yield text
        case Items():
            yield from block.items
        case Table():
            yield from block.head
            for row in block.rows:
                yield from row


def spans(text: str) -> Iterator[tuple[str, str, str]]:
    """The pieces (kind, content, words) of a marked-up text.

    >>> list(spans("by [eq:3] and $x$"))
    [('text', 'by ', ''), ('eq', '3', ''), ('text', ' and ', ''), ('math', 'x', '')]
    """
    at = 0
    for found in MARKUP.finditer(text):
        if found.start() > at:
            yield "text", text[at : found.start()], ""
        kind = found.lastgroup if found["ref"] is None else "ref"
        yield str(kind), found[str(kind)], found["words"] or ""
        at = found.end()
    if at < len(text):
        yield "text", text[at:], ""


Writers = Mapping[str, Callable[[str, str], S]]
"""For each kind of piece, how its content and words are written."""


def pieces(text: str, writers: Writers[S]) -> Iterator[S]:
    """The pieces of a marked-up text, written."""
    return (writers[kind](content, words) for kind, content, words in spans(text))


def listed(parts: Sequence[str]) -> str:
    """``x``, ``x and y``, ``x, y and z``."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), *parts[-1:]]))


class Numbered:
    """What a writer of one document looks up: the numbers of the LaTeX version, the references and their places."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.numbers = document.equation_numbers()
        self.references = used(document.cited())
        self.cited = {entry.key: k for k, entry in enumerate(self.references, start=1)}
