"""The section "Second opinion" of a report: numbers that were computed again in another way, in all formats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ..numerics.balls.printed import text_above
from ..numerics.second_opinion.finding import Agreement, Finding
from ..numerics.second_opinion.opinion import SecondOpinion
from .tex import escape

TITLE = "Second opinion"
READING = (
    "A sample of the enclosed numbers of this study, chosen by its seed, was computed again with mpmath at up to 50"
    " digits, from the definitions and without any formula of the prover. Agreement proves nothing; a contradiction"
    " says that one of the two programs is wrong."
)
NOTHING = "This study has no enclosed numbers that can be computed again."
COLUMNS = (
    "kind of number",
    "recomputed",
    "agree",
    "undecided",
    "contradict",
    "farthest, in radii",
    "fewest digits in common",
)


@dataclass(frozen=True, slots=True)
class KindRow:
    """What was found for one kind of number; ``radii`` is empty where all enclosures are exact."""

    kind: str
    counts: tuple[int, int, int, int]
    radii: str
    digits: str

    @property
    def cells(self) -> tuple[str, ...]:
        """The cells of the table."""
        return (self.kind, *map(str, self.counts), self.radii, self.digits)


def rows(opinion: SecondOpinion) -> tuple[KindRow, ...]:
    """The table, kind by kind; the last two columns are about the numbers that were settled from both sides."""
    return tuple(_row(kind, findings) for kind, findings in opinion.kinds)


def _row(kind: str, findings: Sequence[Finding]) -> KindRow:
    counts = tuple(sum(f.agreement is a for f in findings) for a in Agreement)
    settled = [f for f in findings if f.agreement is not Agreement.UNDECIDED]
    radii = [f.radii for f in settled if f.radii is not None]
    return KindRow(
        kind,
        (len(findings), *counts),  # type: ignore[arg-type]  # as many as there are members
        text_above(max(radii), 3) if radii else "",
        str(min(f.digits for f in settled)) if settled else "",
    )


def sentences(opinion: SecondOpinion) -> tuple[str, ...]:
    """What a reader must not miss: the count, then each contradiction and each number that stayed undecided."""
    if not opinion.findings:
        return (f"second opinion: {NOTHING[0].lower()}{NOTHING[1:]}",)
    total, agreed = len(opinion.findings), opinion.count(Agreement.AGREES)
    counted = f"second opinion: {agreed} of {total} recomputed numbers agree"
    undecided = opinion.count(Agreement.UNDECIDED)
    counted += f", {undecided} undecided" if undecided else ""
    against = len(opinion.contradictions)
    counted += f", {against} contradict{'s' if against == 1 else ''} the enclosure" if against else ""
    return (f"{counted}.", *details(opinion))


def details(opinion: SecondOpinion) -> tuple[str, ...]:
    """Each contradiction, and each number that stayed undecided, in a sentence."""
    lines = [
        f"CONTRADICTION in {_name(f)}: enclosed as {f.enclosure}, recomputed as {f.recomputed} (error about {f.error})."
        for f in opinion.contradictions
    ]
    lines += [f"undecided: {_name(f)}: {f.reason}." for f in opinion.findings if f.agreement is Agreement.UNDECIDED]
    if opinion.not_enclosed:
        lines.append(f"{opinion.not_enclosed} of the numbers that were chosen are not enclosed in this study.")
    return tuple(lines)


def _name(f: Finding) -> str:
    return f"{f.claim} ({f.subject}), {f.kind}, {f.where}"


def html(opinion: SecondOpinion | None) -> Markup:
    """The section of the page; empty where nobody asked."""
    if opinion is None:
        return Markup()
    inside = Markup("<p>{}</p>").format(READING if opinion.findings else NOTHING)
    if opinion.findings:
        head = Markup().join(
            Markup('<th scope="col"{}>{}</th>').format(Markup(' class="r"') if k else "", text)
            for k, text in enumerate(COLUMNS)
        )
        body = Markup().join(
            Markup('<tr><th scope="row">{}</th>{}</tr>').format(
                row.kind, Markup().join(Markup('<td class="r tab">{}</td>').format(cell) for cell in row.cells[1:])
            )
            for row in rows(opinion)
        )
        inside += Markup('<div class="scroll"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>').format(
            head, body
        )
    inside += Markup().join(Markup("<p>{}</p>").format(line) for line in details(opinion))
    return Markup('<section id="second-opinion"><h2>{}</h2>{}</section>').format(TITLE, inside)


def latex(opinion: SecondOpinion | None) -> str:
    """The section of the document; empty where nobody asked."""
    if opinion is None:
        return ""
    out = [rf"\section{{{TITLE}}}", escape(READING if opinion.findings else NOTHING), ""]
    if opinion.findings:
        columns = r"@{}>{\raggedright\arraybackslash}p{0.32\linewidth}rrrrrr@{}"
        heads = [r"\parbox[b]{0.09\linewidth}{\raggedleft " + escape(text) + "}" for text in COLUMNS[1:]]
        out += [rf"{{\small\setlength{{\tabcolsep}}{{4pt}}\begin{{longtable}}{{{columns}}}", r"\toprule"]
        out += [" & ".join([escape(COLUMNS[0]), *heads]) + r" \\", r"\midrule", r"\endhead"]
        out += [" & ".join(map(escape, row.cells)) + r" \\" for row in rows(opinion)]
        out += [r"\bottomrule", r"\end{longtable}}"]
    return "\n".join([*out, *(f"{escape(line)}\n" for line in details(opinion))])
