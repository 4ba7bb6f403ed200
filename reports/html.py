"""The report as one HTML page that needs nothing else: no script, font, style sheet or picture from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import jinja2
from markupsafe import Markup, escape

from ..theory.printable import printable
from ..theory.verdict import Evidence, Verdict
from . import second_opinion, words
from .bibliography import Entry
from .content import capital, content, ended, sentence
from .graph import css, svg
from .mathml import formula
from .notation import EVIDENCE_SYMBOL, SYMBOL, TILDE, Bracket, Numeral, Run, Shown, label, prose, statement_parts

if TYPE_CHECKING:
    from .model import Report

SPACES = "\n\t\u00a0"
"""What a page holds besides printable characters; others came from outside."""


def runs(pieces: Iterable[Run]) -> Markup:
    """Runs of text; symbols are slanted.

    >>> runs(prose("K_ij < 1"))
    Markup('<i>K</i><sub>ij</sub> &lt; 1')
    """
    out = Markup()
    for run in pieces:
        upright = not run.symbol or len(run.text.rstrip(TILDE)) > 1
        text = escape(run.text) if upright else Markup("<i>{}</i>").format(run.text)
        if run.sub and run.sup:
            out += text + Markup('<span class="ends">{}</span>').format(_sup(run.sup) + _sub(run.sub))
        else:
            out += text + _sub(run.sub) + _sup(run.sup)
    return out


def _sub(text: str) -> Markup:
    return Markup("<sub>{}</sub>").format(text) if text else Markup()


def _sup(text: str) -> Markup:
    return Markup("<sup>{}</sup>").format(text) if text else Markup()


def number(shown: Shown, unit: str = "") -> Markup:
    """A numeral or an interval, with the digits of both ends stacked.

    >>> number(Numeral("0.12", "3", "4"))
    Markup('<span class="num">0.12<span class="ends"><sup>4</sup><sub>3</sub></span></span>')
    """
    if shown is None:
        return Markup('<span class="none">·</span>')
    if isinstance(shown, Bracket):
        return Markup('<span class="num">[{}, {}]</span>').format(_digits(shown.low), _digits(shown.high))
    relation = f"{shown.relation} " if shown.relation else ""
    return Markup('<span class="num">{}{}{}</span>').format(relation, _digits(shown), unit)


def _digits(n: Numeral) -> Markup:
    ends = Markup('<span class="ends">{}</span>').format(_sup(n.high) + _sub(n.low)) if n.low else ""
    power = " × 10" + _sup(str(n.exponent).replace("-", "−")) if n.exponent else ""
    return escape(n.digits) + ends + power


def verdict(v: Verdict, *, word: bool = True) -> Markup:
    """A verdict as a coloured badge with its sign."""
    text = words.VERDICT_WORDS[v]
    shown = Markup("<span>{}</span>").format(text) if word else Markup('<span class="hidden">{}</span>').format(text)
    return Markup('<span class="verdict {}" title="{}"><b>{}</b>{}</span>').format(css(v), v.value, SYMBOL[v], shown)


def sign(v: Verdict) -> Markup:
    """How a hypothesis was settled, as a sign: one that fails is no alarm."""
    meaning = {Verdict.PROVED: "holds", Verdict.REFUTED: "fails"}.get(v, "undecided")
    shade = Verdict.NOT_APPLICABLE if v is Verdict.REFUTED else v
    return Markup('<span class="verdict {}" title="{}"><b>{}</b><span class="hidden">{}</span></span>').format(
        css(shade), meaning, SYMBOL[v], meaning
    )


def evidence(kind: Evidence) -> Markup:
    """A kind of evidence as a badge with its sign."""
    text = words.EVIDENCE_WORDS[kind]
    return Markup('<span class="evidence e-{}" title="{}">{} {}</span>').format(
        text, kind.value, EVIDENCE_SYMBOL[kind], text
    )


def statement(latex: str) -> Markup:
    """A displayed statement, its parts side by side where there is room."""
    parts = [Markup("<span>{}</span>").format(formula(part, display=True)) for part in statement_parts(latex)]
    return Markup('<div class="statement">{}</div>').format(Markup("").join(parts))


def text(source: str, citations: dict[str, int]) -> Markup:
    """A text of :mod:`.words`."""
    out = Markup()
    for word in words.words(source):
        if word.kind == "math":
            out += formula(word.text)
        elif word.kind == "code":
            out += Markup("<code>{}</code>").format(word.text)
        elif word.kind == "cite":
            out += cite(word.text.split(), citations)
        else:
            out += escape(word.text)
    return out


def cite(keys: Iterable[str], citations: dict[str, int]) -> Markup:
    """Numbers of references, linked to the list at the end."""
    links = [Markup('<a href="#ref-{}">{}</a>').format(key, citations[key]) for key in keys]
    return Markup("[{}]").format(Markup(", ").join(links))


def reference(entry: Entry) -> Markup:
    """An entry of the bibliography."""
    shown = entry.link.removeprefix("https://")
    link = Markup(' <a href="{}">{}</a>.').format(entry.link, shown) if entry.link else ""
    title = entry.fields.get("title", "")
    return Markup("{}. <cite>{}</cite>. {}.{}").format(entry.authors.rstrip("."), title, entry.place, link)


@cache
def environment() -> jinja2.Environment:
    """The template engine: everything is escaped unless it is markup already, and an unknown name is an error."""
    loader = jinja2.FunctionLoader(lambda name: (resources.files(__package__) / "templates" / name).read_text("utf-8"))
    found = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    found.filters.update(
        runs=runs, number=number, verdict=verdict, sign=sign, capital=capital, sentence=sentence, ended=ended,
        evidence=evidence,
        statement=statement, math=formula, reference=reference,
        prose=lambda s: runs(prose(s)), label=lambda s: runs(label(s)),
    )  # fmt: skip
    return found


def _context(report: Report) -> dict[str, Any]:
    shared = content(report)
    numbers = {entry.key: k for k, entry in enumerate(shared["references"], start=1)}
    return {
        **shared,
        "second_opinion": second_opinion.html(report.second_opinion),
        "words": words,
        "style": Markup((resources.files(__package__) / "templates" / "report.css").read_text("utf-8")),
        "text": lambda source: text(source, numbers),
        "cite": lambda key: cite([key], numbers),
    }


def render(report: Report) -> str:
    """The whole page."""
    context = _context(report)
    figures = {drawing.name: drawing.svg() for drawing in report.drawings}
    graphs = {part.system.name: svg(part.claims, part.system.name) for part in report.systems if part.claims}
    page = environment().get_template("report.html.j2").render(context | {"figures": figures, "graphs": graphs})
    return printable(page, keep=SPACES)


def render_summary(report: Report) -> str:
    """The verdicts, the eigenvalues and the claims, for a notebook."""
    return printable(environment().get_template("summary.html.j2").render(_context(report)), keep=SPACES)
