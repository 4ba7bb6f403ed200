r"""A document as Markdown with LaTeX formulas between dollar signs, as GitHub and notebooks show them."""

from __future__ import annotations

from ..bibliography import Entry
from .blocks import (
    Block,
    Display,
    Document,
    Facts,
    Heading,
    Items,
    Numbered,
    Paragraph,
    Table,
    Theorem,
    Writers,
    pieces,
)


class Writer(Numbered):
    """Writes one document."""

    def text(self, source: str) -> str:
        """Marked-up text as Markdown."""
        writers: Writers[str] = {
            "math": lambda content, words: f"${content}$",
            "code": lambda content, words: f"`{content}`",
            "emph": lambda content, words: f"*{self.text(content)}*",
            "prose": lambda content, words: self.text(content),
            "cite": lambda content, words: f"[{self.cited[content]}]",
            "eq": lambda content, words: f"({self.numbers[content]})",
            "ref": lambda content, words: words,
            "text": lambda content, words: content.replace("_", r"\_").replace("<", "&lt;"),
        }
        return "".join(pieces(source, writers))

    def block(self, item: Block) -> str:
        """One block."""
        match item:
            case Heading(level=2):
                return f"*{self.text(item.text)}*"
            case Heading():
                anchor = f'<a id="{item.anchor}"></a>\n' if item.anchor else ""
                return f"{anchor}{'#' * (item.level + 2)} {self.text(item.text)}"
            case Paragraph():
                return self.text(item.text)
            case Display():
                return "\n\n".join(self._row(row.formula, row.reason, row.label) for row in item.rows)
            case Theorem():
                inside = "\n\n".join(self.block(part) for part in item.content)
                quoted = "\n".join(f"> {line}".rstrip() for line in inside.splitlines())
                return f"> **{item.kind}** ({self.text(item.title)}).\n>\n{quoted}"
            case Facts():
                return "\n".join(f"* {self.text(term)}: {self.text(words)}" for term, words in item.items)
            case Items():
                return "\n".join(f"{k}. {self.text(words)}" for k, words in enumerate(item.items, start=1))
            case Table():
                rows = [item.head, tuple("---" for _ in item.head), *item.rows]
                return "\n".join(
                    "| " + " | ".join(c if c == "---" else self.text(c) for c in cells) + " |" for cells in rows
                )

    def _row(self, formula: str, reason: str, label: str) -> str:
        tag = rf" \tag{{{self.numbers[label]}}}" if label else ""
        words = f"{self.text(reason)}:\n\n" if reason else ""
        return f"{words}$$\n{formula}{tag}\n$$"


def reference(entry: Entry) -> str:
    """An entry of the bibliography."""
    link = f" <{entry.link}>" if entry.link else ""
    return f"{entry.authors.rstrip('.')}. *{entry.fields.get('title', '')}*. {entry.place}.{link}"


def render(document: Document) -> str:
    """The whole document."""
    writer = Writer(document)
    parts = [f"# {writer.text(document.title)}", writer.text(document.subtitle)]
    if document.contents:
        heads = [item for item in document.blocks if isinstance(item, Heading) and item.level < 2]
        lines = [
            f"**{writer.text(h.text)}**  " if h.level == 0 else f"* {_link(writer.text(h.text), h.anchor)}"
            for h in heads
        ]
        parts.append("\n".join(_spaced(lines)))
    parts += [writer.block(item) for item in document.blocks]
    if writer.references:
        parts.append("## References")
        parts.append("\n".join(f"{k}. {reference(entry)}" for k, entry in enumerate(writer.references, start=1)))
    return "\n\n".join(parts) + "\n"


def _link(words: str, anchor: str) -> str:
    return f"[{words}](#{anchor})" if anchor else words


def _spaced(lines: list[str]) -> list[str]:
    out: list[str] = []
    for line in lines:
        out += ["", line, ""] if line.startswith("**") else [line]
    return out
