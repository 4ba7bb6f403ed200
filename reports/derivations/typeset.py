r"""A document as LaTeX for plain pdflatex; rows are measured there, so that nothing is wider than the text."""

from __future__ import annotations

from collections.abc import Iterable

from ..bibliography import used
from ..latex import environment as latex_environment
from ..latex import reference, runs
from ..notation import prose
from ..tex import code, escape
from .blocks import Block, Display, Document, Facts, Heading, Items, Paragraph, Row, Table, Theorem, Writers, pieces
from .breaking import width


def text(source: str) -> str:
    """Marked-up text as LaTeX.

    >>> text("by [eq:a-1], see [cite:price1958]")
    'by (\\\\ref{a-1}), see \\\\cite{price1958}'
    """
    writers: Writers[str] = {
        "math": lambda content, words: f"${content}$",
        "code": lambda content, words: code(content),
        "emph": lambda content, words: rf"\emph{{{text(content)}}}",
        "prose": lambda content, words: runs(prose(content)),
        "cite": lambda content, words: rf"\cite{{{content}}}",
        "eq": lambda content, words: rf"(\ref{{{content}}})",
        "ref": lambda content, words: rf"\hyperref[{content}]{{{escape(words)}}}",
        "text": lambda content, words: escape(content),
    }
    return "".join(pieces(source, writers))


def row(item: Row) -> str:
    """One row: whole if it fits beside its reason, else below it, else broken."""
    label = rf"\rownumber{{{item.label}}}" if item.label else ""
    shift = rf"\hphantom{{{item.indent}}}" if item.indent and width(item.indent) < 30 else ""
    versions = (shift + item.formula, item.broken or item.formula, item.narrow or item.broken or item.formula)
    whole, broken, narrow = (f"{{{version}}}" for version in versions)
    return rf"\row{whole}{broken}{{{text(item.reason)}}}{{{label}}}{narrow}"


def block(item: Block) -> str:
    """One block."""
    match item:
        case Heading(level=2):
            return rf"\runin{{{text(item.text)}}}"
        case Heading():
            name = ("part", "section")[item.level]
            label = rf"\label{{{item.anchor}}}" if item.anchor else ""
            label += "" if item.level == 0 else "\\nopagebreak"
            return rf"\{name}{{{text(item.text)}}}{label}"
        case Paragraph():
            return rf"{{\small {text(item.text)}\par}}" if item.small else rf"{text(item.text)}\par"
        case Display():
            return "\\begin{rows}\n" + "\n".join(row(r) for r in item.rows) + "\n\\end{rows}"
        case Theorem():
            label = rf"\label{{{item.anchor}}}" if item.anchor else ""
            inside = "\n".join(block(part) for part in item.content)
            name = "result" if item.kind == "Theorem" else "statement"
            return f"\\begin{{{name}}}{{{item.kind}}}{{{text(item.title)}}}{{{label}}}\n{inside}\n\\end{{{name}}}"
        case Facts():
            lines = "\n".join(rf"\item[{{{text(term)}}}] {text(words)}" for term, words in item.items)
            return f"\\begin{{facts}}\n{lines}\n\\end{{facts}}"
        case Items():
            lines = "\n".join(rf"\item {text(words)}" for words in item.items)
            return f"\\begin{{enumerate}}\n{lines}\n\\end{{enumerate}}"
        case Table():
            return _table(item)


def _table(item: Table) -> str:
    columns = "r" + "l" * (len(item.head) - 1)
    lines: Iterable[str] = (" & ".join(text(cell) for cell in cells) + r" \\" for cells in item.rows)
    head = " & ".join(text(cell) for cell in item.head)
    return (
        f"\\begin{{center}}\\small\\begin{{tabular}}{{{columns}}}\\toprule\n{head} \\\\\\midrule\n"
        + "\n".join(lines)
        + "\n\\bottomrule\\end{tabular}\\end{center}"
    )


def render(document: Document) -> str:
    """The whole LaTeX document."""
    sections = any(isinstance(item, Heading) and item.level == 0 for item in document.blocks)
    return (
        latex_environment()
        .get_template("book.tex.j2")
        .render(
            title=_raw(text(document.title)),
            subtitle=_raw(text(document.subtitle)),
            contents=document.contents,
            sections=sections,
            body=_raw(_joined(document.blocks)),
            references=[(_raw(entry.key), _raw(reference(entry))) for entry in used(document.cited())],
        )
    )


def _joined(blocks: tuple[Block, ...]) -> str:
    """The blocks; what stands between a heading and the next block stays with it."""
    out = []
    for k, item in enumerate(blocks):
        kept = k > 0 and isinstance(blocks[k - 1], Heading) and isinstance(item, Paragraph)
        out.append(block(item) + (r"\nopagebreak" if kept else ""))
    return "\n\n".join(out)


def _raw(source: str) -> str:
    from ..latex import Source

    return Source(source)
