"""The commands about whole studies: the full check, and the sampling of networks alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace as changed
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..numerics.files import require_output
from ..theory.errors import SpecError
from .options import Jobs, Json, Level, StrictLevel
from .output import INTERRUPTED, fail, print_json, say
from .second_opinion import Sample, conclude, second_opinion

if TYPE_CHECKING:
    from ..numerics.studies.study import Study

StudyFile = Annotated[
    Path | None, typer.Argument(metavar="[STUDY]", help="a study file (TOML); without it, the default study")
]
Only = Annotated[str | None, typer.Option(help="check only this system (of the study file, when one is given)")]
Out = Annotated[Path, typer.Option(help="folder of the results; the study gets a folder of its own there")]
Replace = Annotated[bool, typer.Option("--replace", help="take the place of another study's run in that folder")]


def verify(
    study: StudyFile = None,
    system: Only = None,
    out: Out = Path("out"),
    jobs: Jobs = None,
    replace: Replace = False,
    strict: StrictLevel = None,
    as_json: Json = False,
    recomputed: Sample = None,
) -> None:
    """Check every claim of a study and write its report, certificates and results.json.

    An interrupted run is continued by the same command: what was finished is read from the folder of the results. A
    study that was edited takes the place of its last run. A second opinion that contradicts an enclosure ends with
    status 70.
    """
    from ..numerics.runs.runner import run
    from ..reports.console import stderr, stdout
    from ..reports.terminal import LiveProgress, print_results
    from ..reports.working import Working

    with _chosen(study, system, out, replace) as (chosen, folder):
        with LiveProgress(stderr()) as progress:
            results = run(chosen, out=folder, listen=progress, jobs=jobs)
        opinion = second_opinion(chosen, recomputed, folder)
        with Working(f"writing the report to {folder}") as working:
            from ..reports.bundle import save  # matplotlib is loaded when there is something to draw
            from ..reports.model import Report

            working.note(working.what)
            files = save(Report(results, second_opinion=opinion), folder, tell=working.note)
    if as_json:
        print_json(results.to_json())
    else:
        print_results(results, stdout(), files)
    open_ = {None: set(), Level.UNKNOWN: {"UNKNOWN"}, Level.PROVED: {"UNKNOWN", "ARGUED"}}[strict]
    short = any(c.verdict.name in open_ for c in results.certificates)
    raise typer.Exit(conclude(opinion, results.exit_status or (3 if short else 0)))


def sweep(
    study: StudyFile = None,
    system: Only = None,
    out: Out = Path("out"),
    jobs: Jobs = None,
    replace: Replace = False,
    as_json: Json = False,
) -> None:
    """Sample the finite-width networks of a study, and nothing else.

    Each network is saved when it is finished; a second start continues, and `verify` with the same folder uses them.
    """
    from ..numerics.runs.runner import sample
    from ..reports.console import stderr
    from ..reports.terminal import LiveProgress

    with _chosen(study, system, out, replace) as (chosen, folder):
        if not chosen.widths:
            raise SpecError("the study samples no networks: give widths in [finite-width].")
        with LiveProgress(stderr()) as progress:
            done, total = sample(chosen, out=folder, listen=progress, jobs=jobs)
    if as_json:
        print_json({"study": chosen.name, "sampled": done, "total": total, "folder": str(folder / "samples")})
    else:
        say(f"{done} of {total} networks are sampled in {folder / 'samples'}")
    raise typer.Exit(0)


@contextmanager
def _chosen(study: Path | None, system: str | None, out: Path, replace: bool) -> Iterator[tuple[Study, Path]]:
    """The study, and its folder, which no other run writes to meanwhile; an interrupt says where the work is."""
    from ..numerics.runs.folder import run_folder
    from ..reports.working import Working

    require_output(out, folder=True)
    with Working("reading the study") as working:
        chosen = _read(study, system)
    folder = out / chosen.name
    try:
        with run_folder(folder, chosen, replace=replace, tell=working.note):
            yield chosen, folder
    except KeyboardInterrupt:
        fail(f"interrupted; what was finished is saved in {folder}, the same command continues.", INTERRUPTED)


def _read(path: Path | None, system: str | None) -> Study:
    from ..spec import default_study, read_study
    from ..theory.claims.system import system as find
    from ..theory.suggestion import suggestion

    chosen = default_study() if path is None else read_study(path)
    if system is None:
        return chosen
    if path is None:  # the default data, for any system
        system = find(system).name
    elif system not in chosen.systems:
        raise SpecError(f"--system {system!r} is not a system of the study." + suggestion(system, list(chosen.systems)))
    return changed(chosen, systems=(system,), name=f"{chosen.name}-{system}")
