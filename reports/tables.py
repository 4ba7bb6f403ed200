"""The tables of a finished run in a terminal: one for each system, and in a line what is not proved and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.table import Table
from rich.text import Text

from ..numerics.certificates.certificate import Certificate
from ..numerics.runs.results import Results
from ..theory.claims.claim import Claim
from ..theory.claims.system import System, system
from ..theory.verdict import Verdict
from .console import WIDE
from .notation import Bracket, Numeral, Shown, enclosure, numeral, share
from .parts import ANY, count
from .sections import gather, reason
from .words import ARGUMENT_WORDS

STYLE = {
    Verdict.PROVED: "bold green",
    Verdict.ARGUED: "blue",
    Verdict.CONSISTENT: "cyan",
    Verdict.UNKNOWN: "yellow",
    Verdict.NOT_APPLICABLE: "dim",
    Verdict.REFUTED: "bold red",
    Verdict.INCONSISTENT: "bold red",
}

ROOMY = 120
"""Columns from which on the tables show everything in one row; below, they are grouped and shortened."""


def plain(shown: Shown) -> str:
    """A numeral on one line of plain text: both ends in brackets after the digits that they share.

    >>> plain(enclosure(0.00110532913363775, 0.00110532920459)), plain(enclosure(-0.51204, -0.48659)), plain(None)
    ('1.105329[13,21]e-3', '[−0.5121, −0.4865]', '')
    """
    if shown is None:
        return ""
    if isinstance(shown, Bracket):
        return f"[{plain(shown.low)}, {plain(shown.high)}]"
    ends = f"[{shown.low},{shown.high}]" if shown.low else ""
    power = f"e{shown.exponent}" if shown.exponent else ""
    return f"{shown.relation} {shown.digits}{ends}{power}".strip()


def interval(lower: float | None, upper: float | None, digits: int = 8) -> str:
    """An enclosure for people with at most so many digits, its ends rounded outwards.

    >>> interval(0.125, 0.125), interval(0.25, None), interval(None, None)
    ('0.125', '≥ 0.25', '')
    """
    return plain(enclosure(lower, upper, digits))


def shortened(text: str, width: int) -> str:
    """The text, cut to a width.

    >>> shortened("least eigenvalue", 8)
    'least e…'
    """
    return text if len(text) <= width else text[: width - 1] + "…"


def heading(results: Results, s: System) -> Text:
    """The name of a system and its title; under it its parameters."""
    values = [f"{p.name}={results.study.parameter(s.name, p.name)}" for p in s.parameters]
    text = Text(s.name, style="bold").append(f"  {s.title}", style="default")
    return text.append(f"\n {', '.join(values)}", style="dim") if values else text


def claims_table(results: Results, s: System, width: int = WIDE) -> Table:
    """The claims of one system that apply: verdict, certified value, margin, time; narrower, grouped by subject."""
    mine = [c for c in results.certificates if c.system == s.name and c.verdict is not Verdict.NOT_APPLICABLE]
    return _roomy(mine, s) if width >= ROOMY else _grouped(mine, s)


def _roomy(certificates: list[Certificate], s: System) -> Table:
    table = Table(box=None)
    several = len({c.activation for c in certificates} - {ANY}) > 1
    for name in ("claim", "", *([s.subject] if several else []), "verdict", "by"):
        table.add_column(name, no_wrap=True)
    for name in ("certified value", "margin", "kept", "time"):
        table.add_column(name, justify="right", no_wrap=True)
    labels = {claim.id: claim.label for claim in s.claims}
    for c in certificates:
        subject = [] if not several else ["" if c.activation == ANY else c.activation]
        verdict = Text(c.verdict.name, style=STYLE[c.verdict])
        by = ARGUMENT_WORDS[c.argument] if c.verdict.rigorous else ""
        value, margin, time = _numbers(c, 8)
        table.add_row(slug(c), labels.get(c.claim, ""), *subject, verdict, by, value, margin, kept(c), time)
    return table


def _grouped(certificates: list[Certificate], s: System) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("claim", no_wrap=True, max_width=24, overflow="ellipsis")
    table.add_column("verdict", no_wrap=True)
    for name in ("certified value", "margin", "time"):
        table.add_column(name, justify="right", no_wrap=True)
    group = ""
    order = list(dict.fromkeys(c.activation for c in certificates))
    for c in sorted(certificates, key=lambda c: order.index(c.activation)):
        if group != c.activation:
            group = c.activation
            about = f"every {s.subject}" if group == ANY else group
            table.add_row(Text(shortened(about, 24), style="bold"))
        table.add_row(f" {slug(c)}", Text(c.verdict.name, style=STYLE[c.verdict]), *_numbers(c, 6))
    return table


def slug(c: Certificate) -> str:
    """The name of a claim inside its system."""
    return c.claim.partition(".")[2]


def kept(c: Certificate) -> str:
    """What the loosest inequality of a claim keeps at least of what it bounds, or that it says next to nothing here."""
    if not c.verdict.favourable or c.sharpness is None:
        return ""
    return "vacuous" if c.vacuous else plain(numeral(c.sharpness[0], "down", 2))


def _numbers(c: Certificate, digits: int) -> tuple[str, str, str]:
    margin = plain(numeral(c.margin, "down")) if c.verdict.rigorous else ""
    return interval(c.lower, c.upper, digits), margin, f"{c.seconds:.2f} s"


def eigenvalue_table(results: Results, s: System, width: int = WIDE) -> Table | None:
    """The proved least eigenvalues of a system, and its theory's bounds with the share of the truth that each keeps."""
    rows = [row for row in results.eigenvalues if row.system == s.name]
    if not rows:
        return None
    roomy = width >= ROOMY
    table = Table(title="least eigenvalue", title_justify="left", box=None, padding=(0, 1) if roomy else (0, 1, 0, 0))
    table.add_column(s.subject, no_wrap=True, max_width=24 if roomy else 16, overflow="ellipsis")
    table.add_column("proved lower end" if roomy else "at least", justify="right", no_wrap=True)
    table.add_column("proved upper end" if roomy else "at most", justify="right", no_wrap=True)
    names = sorted({name for row in rows for name in row.bounds}, reverse=True)
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        shares = []
        for name in names:
            value = row.bounds.get(name)
            kept = share(value, row.upper, 3)
            if kept is not None and kept.exponent < 0:  # far below a per cent: a lower bound of it is 0
                kept = Numeral("0")
            percent, bound = f"{plain(kept)} %" if kept else "", plain(numeral(value, "down", 4))
            shares.append(f"{bound} ({percent})" if percent and roomy else percent or bound)
        ends = plain(numeral(row.lower, "down", 10)), plain(numeral(row.upper, "up", 10))
        table.add_row(row.activation, *ends, *shares)
    return table


def reasons(results: Results, s: System) -> list[str]:
    """What neither holds nor is consistent, one line for each verdict and reason, the claims by their labels."""
    silent = (Verdict.PROVED, Verdict.ARGUED, Verdict.CONSISTENT)
    mine = [c for c in results.certificates if c.system == s.name and c.verdict not in silent]
    everyone = {*results.study.subjects(s.name)}
    claims = {claim.id: claim for claim in s.claims}
    lines = []
    for (verdict, why), found in _by_reason(mine):
        named = ", ".join(_named(claims.get(id), id, () if {*names} >= everyone else names) for id, names in found)
        lines.append(f"{verdict.name} {named}: {why}")
    return lines


def scopes(results: Results, s: System) -> list[str]:
    """For what the claims that hold were established, one line for each scope, and which bounds are vacuous here."""
    mine = [c for c in results.certificates if c.system == s.name and c.verdict.favourable]
    labels = {claim.id: claim.label for claim in s.claims}
    lines = [
        f"{scope}: {', '.join(labels[id] for id in dict.fromkeys(ids))}"
        for scope, ids in gather((c.scope, c.claim) for c in mine)
    ]
    empty = dict.fromkeys(labels[c.claim] for c in mine if c.vacuous)
    return [*lines, *([f"vacuous here, keeping less than a millionth: {', '.join(empty)}"] if empty else [])]


def _by_reason(
    certificates: list[Certificate],
) -> Iterator[tuple[tuple[Verdict, str], list[tuple[str, tuple[str, ...]]]]]:
    """The claims that share a verdict and a reason, each with its subjects."""
    keys = dict.fromkeys((c.verdict, reason(c) or c.method) for c in certificates)
    for key in sorted(keys, key=lambda key: list(Verdict).index(key[0])):
        alike = [c for c in certificates if (c.verdict, reason(c) or c.method) == key]
        yield key, gather((c.claim, c.activation) for c in alike)


def _named(claim: Claim | None, id: str, names: Sequence[str]) -> str:
    """A claim by its label and name, with the subjects that are meant; none when it is about all of them."""
    shown = f"{claim.label} {id.partition('.')[2]}" if claim else id
    named = [name for name in names if name != ANY]
    return f"{shown} ({', '.join(named)})" if named else shown


def overview(results: Results, width: int = WIDE) -> Table:
    """How many certificates of each system have which verdict."""
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("system", no_wrap=True)
    shown = [v for v, _ in count(c.verdict for c in results.certificates)]
    for v in shown:
        name = "N/A" if v is Verdict.NOT_APPLICABLE and width < ROOMY else v.name
        table.add_column(name, justify="right", no_wrap=True, style=STYLE[v])
    for name in results.study.systems:
        found = dict(count(c.verdict for c in results.certificates if c.system == name))
        table.add_row(name, *(str(found.get(v, "")) for v in shown))
    return table


def summary(results: Results) -> str:
    """The counts of the verdicts, in one line."""
    counts = ", ".join(f"{n} {v.name}" for v, n in results.counts.items() if n)
    return f"{counts} in {results.seconds:.0f} s"


def systems_of(results: Results) -> tuple[System, ...]:
    """The systems of a run."""
    return tuple(system(name) for name in results.study.systems)
