"""What a person sees in the terminal: live progress while a study runs, and its tables afterwards."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from ..numerics.certificates.certificate import Certificate
from ..numerics.runs.results import Results
from ..numerics.runs.runner import Event
from ..theory.verdict import Verdict
from .tables import (
    ROOMY,
    STYLE,
    claims_table,
    eigenvalue_table,
    heading,
    interval,
    overview,
    reasons,
    scopes,
    shortened,
    summary,
    systems_of,
)
from .working import Working


class LiveProgress:
    """A listener of a run: a live display on a terminal; plain lines otherwise, one every few seconds at least."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.started = time.monotonic()
        self.live = console.is_terminal
        self.lines_at = 0.0
        self.working = Working("starting")
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
        else:
            self.working.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.live:
            self.progress.stop()
        else:
            self.working.__exit__(kind, error, trace)

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
        self.working.stage(event.text)
        if event.kind == "claim" and event.certificate is not None:
            line = Text(f"[{event.done}/{event.total}] ").append(self.sentence(event.certificate))
        elif event.kind == "sample" and (now - self.lines_at >= 5.0 or event.done == event.total):
            self.lines_at = now
            line = Text(f"{event.text}: {event.done} of {event.total}")
        elif event.kind in ("start", "note"):
            line = Text(event.text)
        else:
            return
        self.working.spoken()
        self.console.print(Text(f"{now:7.1f} s  ").append(line))

    def sentence(self, found: Certificate) -> Text:
        """One certificate in one line, as wide as the console allows."""
        roomy = self.console.width >= ROOMY
        claim = f"{found.claim:<36}" if roomy else f"{found.claim.partition('.')[2]:<23}"
        text = Text(f"{found.verdict.name:<14}", style=STYLE[found.verdict])
        text.append(f" {claim} {shortened(found.activation, 24 if roomy else 11):<11}", style="default")
        text.append(f" {interval(found.lower, found.upper):>19}", style="default")
        text.append(f" {found.seconds:5.2f} s", style="dim")
        return text


def print_results(results: Results, console: Console, files: Sequence[Path]) -> None:
    """For each system its tables and the reasons of what is not proved; then the counts, and where it is written."""
    console.print(f"{results.study.name}: {results.study.data.description}", markup=False)
    for s in systems_of(results):
        console.print()
        console.print(heading(results, s))
        console.print(claims_table(results, s, console.width))
        eigenvalues = eigenvalue_table(results, s, console.width)
        if eigenvalues is not None:
            console.print()
            console.print(eigenvalues)
        established = scopes(results, s)
        if established:
            console.print("\nestablished for", style="bold")
        for line in established:
            console.print(f" {line}", markup=False)
        lines = reasons(results, s)
        if lines:
            console.print()
        for line in lines:
            console.print(line, markup=False)
    console.print()
    if len(results.study.systems) > 1:
        console.print(overview(results, console.width))
        console.print()
    debt = results.counts[Verdict.ARGUED]
    told = "PROVED: a machine has established all of it. ARGUED: it has proved the hypotheses; the rest is on paper."
    for line in (*results.notes, *([told] if debt else []), summary(results)):
        console.print(line, markup=False)
    if files:
        names = ", ".join(file.name for file in files if file.suffix != ".pdf" or file.parent == files[0].parent)
        console.print(f"written to {files[0].parent}: {names}", markup=False, soft_wrap=True)
