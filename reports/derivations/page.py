r"""A document as one HTML page: formulas are MathML, nothing is loaded from elsewhere."""

from __future__ import annotations

import re
from importlib import resources

from markupsafe import Markup, escape

from ..html import environment, runs
from ..html import reference as entry_html
from ..mathml import formula
from ..notation import prose
from .blocks import (
    Block,
    Display,
    Document,
    Facts,
    Heading,
    Items,
    Numbered,
    Paragraph,
    Row,
    Table,
    Theorem,
    Writers,
    pieces,
)
from .breaking import width

_BIG = re.compile(r"\\[bB]ig[lr]?(?=\\)")
"""Sizes of brackets that are commands: a browser stretches them by itself."""
WIDE = 62.0
"""Width from which a formula is shown on several lines."""
_H = {0: "h2", 1: "h3", 2: "h4"}


class Writer(Numbered):
    """Writes one document."""

    def text(self, source: str) -> Markup:
        """Marked-up text as HTML."""
        writers: Writers[Markup] = {
            "math": lambda content, words: formula(content),
            "code": lambda content, words: Markup("<code>{}</code>").format(content),
            "emph": lambda content, words: Markup("<i>{}</i>").format(self.text(content)),
            "prose": lambda content, words: runs(prose(content)),
            "cite": lambda content, words: Markup('[<a href="#ref-{}">{}</a>]').format(content, self.cited[content]),
            "eq": lambda content, words: Markup('(<a href="#eq-{}">{}</a>)').format(content, self.numbers[content]),
            "ref": lambda content, words: Markup('<a href="#{}">{}</a>').format(content, words),
            "text": lambda content, words: escape(content),
        }
        return Markup("").join(pieces(source, writers))

    def block(self, item: Block) -> Markup:
        """One block."""
        match item:
            case Heading():
                tag = _H[item.level]
                name = Markup(' id="{}"').format(item.anchor) if item.anchor else ""
                return Markup("<{}{}>{}</{}>").format(Markup(tag), name, self.text(item.text), Markup(tag))
            case Paragraph():
                small = Markup(' class="small"') if item.small else ""
                return Markup("<p{}>{}</p>").format(small, self.text(item.text))
            case Display():
                return Markup('<div class="rows">{}</div>').format(Markup("").join(self._row(r) for r in item.rows))
            case Theorem():
                inside = Markup("\n").join(self.block(part) for part in item.content)
                name = Markup(' id="{}"').format(item.anchor) if item.anchor else ""
                head = Markup("<p><b>{}</b> ({}).</p>").format(item.kind, self.text(item.title))
                return Markup('<div class="theorem"{}>{}{}</div>').format(name, head, inside)
            case Facts():
                lines = (Markup("<dt>{}</dt><dd>{}</dd>").format(self.text(t), self.text(w)) for t, w in item.items)
                return Markup("<dl>{}</dl>").format(Markup("").join(lines))
            case Items():
                lines = (Markup("<li>{}</li>").format(self.text(words)) for words in item.items)
                return Markup("<ol>{}</ol>").format(Markup("").join(lines))
            case Table():
                return self._table(item)

    def _table(self, item: Table) -> Markup:
        def line(cells: tuple[str, ...], tag: str) -> Markup:
            inside = (Markup("<{}>{}</{}>").format(Markup(tag), self.text(c), Markup(tag)) for c in cells)
            return Markup("<tr>{}</tr>").format(Markup("").join(inside))

        body = Markup("").join(line(cells, "td") for cells in item.rows)
        return Markup('<div class="scroll"><table><thead>{}</thead><tbody>{}</tbody></table></div>').format(
            line(item.head, "th"), body
        )

    def _row(self, row: Row) -> Markup:
        number, name = Markup(), Markup()
        if row.label:
            number = Markup("({})").format(self.numbers[row.label])
            name = Markup(' id="eq-{}"').format(row.label)
        shift = Markup(' class="formula next"') if row.indent else Markup(' class="formula"')
        wide = row.broken.startswith(r"\begin{aligned}") and width(row.formula) > WIDE
        lines = broken_lines(row.broken) if wide else [row.formula]
        shown = Markup("").join(
            Markup('<span class="line{}">{}</span>').format(
                Markup(" more") if k else Markup(""), formula(_BIG.sub("", line), display=True)
            )
            for k, line in enumerate(lines)
        )
        return Markup(
            '<div class="row"{}><span{}>{}</span><span class="why">{}</span><span class="no">{}</span></div>\n'
        ).format(name, shift, shown, self.text(row.reason), number)


def broken_lines(aligned: str) -> list[str]:
    r"""The lines of an ``aligned`` block, without its marks.

    >>> broken_lines(r"\begin{aligned}x={}&a\\&{}+b\end{aligned}")
    ['x={}a', '{}+b']
    """
    inside = aligned.removeprefix(r"\begin{aligned}").removesuffix(r"\end{aligned}")
    return [line.replace("&", "") for line in inside.split(r"\\")]


def body(document: Document) -> Markup:
    """The blocks of a document."""
    writer = Writer(document)
    return Markup("\n").join(writer.block(item) for item in document.blocks)


def style() -> Markup:
    """The style sheet of reports, and what derivations add to it."""
    folder = resources.files(__package__.rpartition(".")[0]) / "templates"
    return Markup("\n".join((folder / name).read_text("utf-8") for name in ("report.css", "book.css")))


def render(document: Document) -> str:
    """The whole page."""
    writer = Writer(document)
    headings = [
        (item.level, item.anchor, writer.text(item.text))
        for item in document.blocks
        if isinstance(item, Heading) and item.level < 2
    ]
    return str(
        environment()
        .get_template("book.html.j2")
        .render(
            title=writer.text(document.title),
            plain=document.title.replace("`", "").replace("$", ""),
            subtitle=writer.text(document.subtitle),
            style=style(),
            headings=headings if document.contents else (),
            body=body(document),
            references=[(entry.key, entry_html(entry)) for entry in writer.references],
        )
    )


def part(document: Document) -> str:
    """The document as a part of a notebook page."""
    return f'<div class="certigram part"><style>{style()}</style>{body(document)}</div>'
