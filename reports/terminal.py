"""What a person sees in the terminal: live progress while a study runs, and its tables afterwards."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from ..numerics.certificate import Certificate
from ..numerics.studies.results import Results
from ..numerics.studies.runner import Event
from ..theory.system import system
from ..theory.verdict import Verdict
from .notation import Bracket, Numeral, Shown, enclosure, numeral, share

STYLE = {
    Verdict.PROVED: "bold green",
    Verdict.CONSISTENT: "cyan",
    Verdict.UNKNOWN: "yellow",
    Verdict.NOT_APPLICABLE: "dim",
    Verdict.REFUTED: "bold red",
    Verdict.INCONSISTENT: "bold red",
}

WIDE = 160
"""Columns used when the output goes to a file or a pipe."""
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


class LiveProgress:
    """A listener of a run: a live display on a terminal, plain lines otherwise."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.started = time.monotonic()
        self.live = console.is_terminal
        self.lines_at = 0.0
        self.progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24 if console.width >= ROOMY else 12),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self.claims: TaskID | None = None
        self.networks: TaskID | None = None

    def __enter__(self) -> LiveProgress:
        if self.live:
            self.progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.live:
            self.progress.stop()

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if self.live:
            self._show(event)
        else:
            self._line(event)

    def _show(self, event: Event) -> None:
        if event.kind == "note":
            self.progress.console.print(event.text, markup=False)
            return
        if event.kind == "sample":
            if self.networks is None:
                self.networks = self.progress.add_task(event.text, total=event.total)
            self.progress.update(self.networks, description=event.text, completed=event.done, total=event.total)
            return
        room = max(self.console.width - 44, 20)
        if self.claims is None:
            self.claims = self.progress.add_task(event.text, total=event.total)
        if event.kind == "claim" and event.certificate is not None:
            self.progress.console.print(self.sentence(event.certificate), no_wrap=True, overflow="ellipsis")
            self.progress.update(self.claims, completed=event.done)
        else:
            self.progress.update(self.claims, description=shortened(event.text, room), total=event.total)

    def _line(self, event: Event) -> None:
        now = time.monotonic() - self.started
        if event.kind == "claim" and event.certificate is not None:
            text = self.sentence(event.certificate)
            self.console.print(Text(f"{now:7.1f} s  [{event.done}/{event.total}] ").append(text))
        elif event.kind == "sample":
            if now - self.lines_at >= 5.0 or event.done == event.total:
                self.lines_at = now
                self.console.print(f"{now:7.1f} s  {event.text}: {event.done} of {event.total}", markup=False)
        elif event.kind in ("start", "note"):
            self.console.print(f"{now:7.1f} s  {event.text}", markup=False)

    def sentence(self, found: Certificate) -> Text:
        """One certificate in one line, as wide as the console allows."""
        roomy = self.console.width >= ROOMY
        claim = f"{found.claim:<36}" if roomy else f"{found.claim.partition('.')[2]:<23}"
        text = Text(f"{found.verdict.name:<14}", style=STYLE[found.verdict])
        text.append(f" {claim} {shortened(found.activation, 24 if roomy else 11):<11}", style="default")
        text.append(f" {interval(found.lower, found.upper):>19}", style="default")
        text.append(f" {found.seconds:5.2f} s", style="dim")
        return text


def shortened(text: str, width: int) -> str:
    """The text, cut to a width.

    >>> shortened("least eigenvalue", 8)
    'least e…'
    """
    return text if len(text) <= width else text[: width - 1] + "…"


def claims_table(results: Results, width: int = WIDE) -> Table:
    """The claims of a run: verdict, certified value, margin, time; grouped by activation where there is less room."""
    if width < ROOMY:
        return _grouped_claims(results)
    table = Table(title=f"{results.study.name}: {results.study.data.description}", title_justify="left", box=None)
    for heading, justify in (("claim", "left"), ("", "left"), ("activation", "left"), ("verdict", "left")):
        table.add_column(heading, justify=justify, no_wrap=True)  # type: ignore[arg-type]  # literals lost in the tuple
    for heading in ("certified value", "margin", "time"):
        table.add_column(heading, justify="right", no_wrap=True)
    label = {claim.id: claim.label for s in results.study.systems for claim in system(s).claims}
    for c in results.certificates:
        margin = plain(numeral(c.margin, "down")) if c.verdict.rigorous else ""
        table.add_row(
            c.claim,
            label.get(c.claim, ""),
            c.activation,
            Text(c.verdict.name, style=STYLE[c.verdict]),
            interval(c.lower, c.upper),
            margin,
            f"{c.seconds:.2f} s",
        )
    return table


def _grouped_claims(results: Results) -> Table:
    table = Table(
        title=f"{results.study.name}: {results.study.data.description}",
        title_justify="left",
        box=None,
        padding=(0, 1, 0, 0),
    )
    table.add_column("claim", no_wrap=True, max_width=24, overflow="ellipsis")
    table.add_column("verdict", no_wrap=True)
    for heading in ("certified value", "margin", "time"):
        table.add_column(heading, justify="right", no_wrap=True)
    group: tuple[str, str] | None = None
    for c in results.certificates:
        if group != (c.system, c.activation):
            group = (c.system, c.activation)
            about = "every activation" if c.activation == "any" else c.activation
            table.add_row(Text(shortened(about, 24), style="bold"))
        table.add_row(
            " " + c.claim.partition(".")[2],
            Text(c.verdict.name, style=STYLE[c.verdict]),
            interval(c.lower, c.upper, 6),
            plain(numeral(c.margin, "down")) if c.verdict.rigorous else "",
            f"{c.seconds:.2f} s",
        )
    return table


def eigenvalue_table(results: Results, width: int = WIDE) -> Table:
    """The proved least eigenvalues and the theory's own lower bounds, with the share of the truth that each keeps."""
    roomy = width >= ROOMY
    padding = (0, 1) if roomy else (0, 1, 0, 0)
    title = "least eigenvalue of the population Gram matrix"
    table = Table(title=title, title_justify="left", box=None, padding=padding)
    table.add_column("activation", no_wrap=True, max_width=24 if roomy else 16, overflow="ellipsis")
    table.add_column("proved lower end" if roomy else "at least", justify="right", no_wrap=True)
    table.add_column("proved upper end" if roomy else "at most", justify="right", no_wrap=True)
    names = sorted({name for row in results.eigenvalues for name in row.bounds}, reverse=True)
    for name in names:
        table.add_column(name, justify="right", no_wrap=True)
    for row in results.eigenvalues:
        shares = []
        for name in names:
            value = row.bounds.get(name)
            kept = share(value, row.upper, 3)
            if kept is not None and kept.exponent < 0:  # far below a per cent: a lower bound of it is 0
                kept = Numeral("0")
            percent, bound = f"{plain(kept)} %" if kept else "", plain(numeral(value, "down", 4))
            shares.append(f"{bound} ({percent})" if percent and width >= ROOMY else percent or bound)
        ends = plain(numeral(row.lower, "down", 10)), plain(numeral(row.upper, "up", 10))
        table.add_row(row.activation, *ends, *shares)
    return table


def reasons(results: Results) -> list[str]:
    """One line for each claim that is neither proved nor consistent, with its reason."""
    silent = (Verdict.PROVED, Verdict.CONSISTENT)
    return [
        f"{c.verdict.name} {c.claim} ({c.activation}): {c.reason or c.method}"
        for c in results.certificates
        if c.verdict not in silent
    ]


def summary(results: Results) -> str:
    """The counts of the verdicts, in one line."""
    counts = ", ".join(f"{n} {v.name}" for v, n in results.counts.items() if n)
    return f"{counts} in {results.seconds:.0f} s"


def print_results(results: Results, console: Console, files: Sequence[Path]) -> None:
    """The tables of a finished run, the reasons of what is not proved, the counts, and where everything was written."""
    console.print(claims_table(results, console.width))
    console.print()
    if results.eigenvalues:
        console.print(eigenvalue_table(results, console.width))
        console.print()
    for line in (*reasons(results), *results.notes, summary(results)):
        console.print(line, markup=False)
    if files:
        names = ", ".join(file.name for file in files)
        console.print(f"written to {files[0].parent}: {names}", markup=False, soft_wrap=True)


def stdout() -> Console:
    """The console of the results; wide when it is not a terminal, so that tables are not folded in a file."""
    return Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)


def stderr() -> Console:
    """The console of progress and errors."""
    return Console(stderr=True, highlight=False, width=None if sys.stderr.isatty() else WIDE)
