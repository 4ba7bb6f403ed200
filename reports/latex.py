r"""The report as a LaTeX document for plain pdflatex with amsmath, in ASCII; its template has delimiters of its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import jinja2

from ..theory.verdict import Evidence, Verdict
from . import graph, second_opinion, words
from .bibliography import Entry
from .content import capital, content, ended, sentence
from .notation import EVIDENCE_SYMBOL, SYMBOL, TILDE, Bracket, Numeral, Run, Shown, label, prose, statement_parts
from .tex import code, escape, in_math

if TYPE_CHECKING:
    from .model import Report


UNIT, WIDEST = 0.62, 440
"""Points per unit of a graph (``\\unitlength`` in the template), and the points that a line holds."""
UNBROKEN = 58
"""Most characters of a value that is kept on one line."""


def runs(pieces: Iterable[Run]) -> str:
    r"""Runs of text, symbols as mathematics.

    >>> runs(prose("K_ij < 50 %"))
    '$K_{ij}$ \\textless{} 50 \\%'
    """
    out = []
    for run in pieces:
        ends = (f"_{{{in_math(run.sub)}}}" if run.sub else "") + (f"^{{{in_math(run.sup)}}}" if run.sup else "")
        if not run.symbol:
            out.append(escape(run.text) + (f"${ends}$" if ends else ""))
        elif run.text.startswith("√"):
            out.append(rf"$\sqrt{{{in_math(run.text[1:])}}}{ends}$")
        else:
            base = in_math(run.text).strip()
            if run.text.endswith(TILDE):
                base = rf"\tilde{{{in_math(run.text[:-1])}}}"
            elif len(run.text) > 1:
                base = rf"\mathrm{{{base}}}"
            out.append(f"${base}{ends}$")
    return "".join(out)


def number(shown: Shown, unit: str = "") -> str:
    r"""A numeral or an interval, with the digits of both ends stacked.

    >>> number(Numeral("0.12", "3", "4", -7))
    '$0.12_{3}^{4}\\cdot10^{-7}$'
    """
    if shown is None:
        return r"\none"
    if isinstance(shown, Bracket):
        return rf"$[{_digits(shown.low)},\,{_digits(shown.high)}]$"
    relation = in_math(shown.relation) if shown.relation else ""
    return f"${relation}{_digits(shown)}$" + escape(unit).replace(" ", r"\,")


def _digits(n: Numeral) -> str:
    ends = f"_{{{n.low}}}^{{{n.high}}}" if n.low else ""
    power = rf"\cdot10^{{{n.exponent}}}" if n.exponent else ""
    return n.digits.replace("−", "-") + ends + power


def verdict(v: Verdict, *, word: bool = True) -> str:
    """A verdict as its sign and word, in its colour where the class ``xcolor`` is there."""
    text = f" {words.VERDICT_WORDS[v]}" if word else ""
    return rf"\verdict{{{graph.css(v)[2:]}}}{{{escape(SYMBOL[v])}{text}}}"


def sign(v: Verdict) -> str:
    """How a hypothesis was settled, as a sign."""
    return verdict(Verdict.NOT_APPLICABLE if v is Verdict.REFUTED else v, word=False).replace(
        escape(SYMBOL[Verdict.NOT_APPLICABLE]), escape(SYMBOL[v])
    )


def evidence(kind: Evidence) -> str:
    """A kind of evidence, set apart by its sign and its face."""
    face = {Evidence.EXACT: r"\textbf", Evidence.ENCLOSED: r"\textrm"}.get(kind, r"\textit")
    return rf"{escape(EVIDENCE_SYMBOL[kind])}~{face}{{{words.EVIDENCE_WORDS[kind]}}}"


def statement(latex: str) -> str:
    r"""A displayed statement: on one line where it fits, else one line for each part."""
    lines = r" \\ ".join(statement_parts(latex))
    return rf"\statement{{{latex}}}{{{lines}}}"


def text(source: str) -> str:
    """A text of :mod:`.words`."""
    out = []
    for word in words.words(source):
        if word.kind == "math":
            out.append(f"${word.text}$")
        elif word.kind == "code":
            out.append(code(word.text))
        elif word.kind == "cite":
            out.append(rf"\cite{{{','.join(word.text.split())}}}")
        else:
            out.append(escape(word.text))
    return "".join(out)


def pair(key: str, value: str) -> str:
    """A named value of the evidence, kept on one line unless it is longer than a line."""
    shown = f"{runs(prose(key))} = {runs(prose(value))}"
    return rf"\mbox{{{shown}}}" if len(key) + len(value) <= UNBROKEN else shown


def names(list_: Sequence[str]) -> str:
    """Names of activations, each set as code."""
    return ", ".join("all" if name == "all" else code(name) for name in list_)


def reference(entry: Entry) -> str:
    r"""An entry of the bibliography, after its ``\bibitem``."""
    link = rf" \href{{{entry.link}}}{{{escape(entry.link.removeprefix('https://'))}}}." if entry.link else ""
    title = escape(entry.fields.get("title", ""))
    return rf"{escape(entry.authors.rstrip('.'))}. \emph{{{title}}}. {escape(entry.place)}.{link}"


def claim_graph(report: Report, part_index: int) -> str:
    """The claim graph as a ``picture``: straight arrows, frames by kind of evidence, signs for the verdicts."""
    page = graph.layout(report.systems[part_index].claims)
    w, h = graph.WIDTH, graph.HEIGHT
    out = [rf"\begin{{picture}}({page.width:g},{page.height:g})"]
    for a, b in page.edges:
        x0, y0, x1, y1 = a.x + w / 2, page.height - a.y, b.x - w / 2, page.height - b.y
        bend = (x0 + x1) / 2
        middle = (y0 + y1) / 2
        out.append(rf"\qbezier({x0:g},{y0:g})({(x0 + bend) / 2 + 6:g},{y0:g})({bend:g},{middle:g})")
        out.append(rf"\qbezier({bend:g},{middle:g})({(x1 + bend) / 2 - 6:g},{y1:g})({x1 - 4:g},{y1:g})")
        out.append(rf"\put({x1 - 5:g},{y1:g}){{\vector(1,0){{5}}}}")
    for node in page.nodes:
        x, y = node.x - w / 2, page.height - node.y - h / 2
        kind = graph.border(node.part.weakest)
        frame = {"cited": r"\dashbox{4}", "open": r"\dashbox{1.5}"}.get(kind, r"\framebox")
        inside = rf"\shortstack{{{runs(label(node.part.claim.label))}\\ \footnotesize {escape(node.counts)}}}"
        shown = rf"\hyperref[{node.part.anchor}]{{{inside}}}"
        out.append(rf"\put({x:g},{y:g}){{{frame}({w},{h}){{{shown}}}}}")
        if kind == "mechanical":
            out.append(rf"\put({x + 2.5:g},{y + 2.5:g}){{\framebox({w - 5},{h - 5}){{}}}}")
    drawn = "\n".join([*out, r"\end{picture}"])
    return rf"\resizebox{{\linewidth}}{{!}}{{{drawn}}}" if page.width * UNIT > WIDEST else drawn


@cache
def environment() -> jinja2.Environment:
    r"""The template engine: ``<< value >>``, ``<% block %>``; what no filter made LaTeX is escaped."""
    loader = jinja2.FunctionLoader(lambda name: (resources.files(__package__) / "templates" / name).read_text("utf-8"))
    found = jinja2.Environment(
        loader=loader, autoescape=False, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        block_start_string="<%", block_end_string="%>", variable_start_string="<<", variable_end_string=">>",
        comment_start_string="<#", comment_end_string="#>", finalize=_finalize,
    )  # fmt: skip
    found.filters.update(
        tex=lambda s: Source(escape(str(s))), runs=_source(runs), number=_source(number), verdict=_source(verdict),
        sign=_source(sign), evidence=_source(evidence), statement=_source(statement), names=_source(names),
        math=lambda s: Source(f"${s}$"), prose=lambda s: Source(runs(prose(s))), capital=capital, sentence=sentence,
        ended=ended, label=lambda s: Source(runs(label(s))), reference=_source(reference), safe=Source,
        code=_source(code),
    )  # fmt: skip
    return found


class Source(str):
    """LaTeX source: text that may be written as it is."""

    __slots__ = ()


def _source(function: Any) -> Any:
    return lambda *args, **kwargs: Source(function(*args, **kwargs))


def _finalize(value: object) -> str:
    """Escape whatever no filter has turned into source, so that nothing can be forgotten."""
    return value if isinstance(value, Source) else escape(str(value))


def render(report: Report, *, figures: Mapping[str, str] | None = None) -> str:
    """The whole document; ``figures`` are the drawings by name, with their files as the document finds them."""
    graphs = {part.system.name: Source(claim_graph(report, k)) for k, part in enumerate(report.systems) if part.claims}
    context = {
        **content(report),
        "second_opinion": Source(second_opinion.latex(report.second_opinion)),
        "words": words,
        "text": _source(text),
        "pair": _source(pair),
        "figures": {name: Source(file) for name, file in (figures or {}).items()},
        "graphs": graphs,
        "cite": lambda key: Source(rf"\cite{{{key}}}"),
        "ref": lambda anchor: Source(anchor),
    }
    return environment().get_template("report.tex.j2").render(context)
