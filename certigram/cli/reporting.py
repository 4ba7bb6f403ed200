"""The command that renders a finished run again: nothing is computed, no certificate is touched."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from .options import Json
from .second_opinion import conclude

Run = Annotated[Path, typer.Argument(metavar="RUN", help="the folder of a finished run, such as out/digits")]
Out = Annotated[Path | None, typer.Option(help="folder of the report (default: that of the run)")]


def report(run: Run, out: Out = None, as_json: Json = False) -> None:
    """Write the report of a finished run again, from its results.json and its certificates."""
    from ..numerics.files import require_output
    from ..numerics.runs.archive import read_document, read_results
    from ..numerics.runs.folder import locked
    from ..numerics.second_opinion.opinion import stored
    from ..reports.bundle import save
    from ..reports.console import stdout
    from ..reports.model import Report
    from ..reports.terminal import print_results
    from ..reports.working import Working

    results = read_results(run)
    home, _ = read_document(run)
    folder = home if out is None else out
    require_output(folder, folder=True)
    elsewhere = folder.resolve() != home.resolve()
    with Working(f"writing the report to {folder}") as working, nullcontext() if elsewhere else locked(folder):
        working.note(working.what)
        opinion = stored(home, results.study.digest)
        files = save(Report(results, second_opinion=opinion), folder, tell=working.note, results=elsewhere)
    if as_json:
        sys.stdout.write(results.dumps())
    else:
        print_results(results, stdout(), files)
    raise typer.Exit(conclude(opinion, results.exit_status))
