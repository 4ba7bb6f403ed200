"""The commands about whole studies: the full check, and the sampling of networks alone."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from ..numerics.replay import printable
from ..theory.errors import SpecError
from .options import Jobs, Json, Strict, print_json

if TYPE_CHECKING:
    from ..numerics.studies.study import Study

StudyFile = Annotated[
    Path | None, typer.Argument(metavar="[STUDY]", help="a study file (TOML); without it, the default study")
]
Only = Annotated[str | None, typer.Option(help="check only this system (of the study file, when one is given)")]
Out = Annotated[Path, typer.Option(help="folder of the results; the study gets a folder of its own there")]


def verify(
    study: StudyFile = None,
    system: Only = None,
    out: Out = Path("out"),
    jobs: Jobs = None,
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Check every claim of a study and write its report, certificates and results.json.

    An interrupted run is continued by the same command: what was finished is read from the folder of the results.
    """
    from ..numerics.studies.runner import run
    from ..reports.terminal import LiveProgress, print_results, stderr, stdout

    chosen = _read(study, system)
    folder = _folder(out, chosen.name)
    console = stderr()
    try:
        with LiveProgress(console) as progress:
            results = run(chosen, out=folder, listen=progress, jobs=jobs)
        from ..reports.bundle import save  # matplotlib is loaded when there is something to draw
        from ..reports.model import Report

        console.print(f"writing the report to {printable(str(folder))}", markup=False, soft_wrap=True)
        files = save(Report(results), folder)
    except KeyboardInterrupt:
        _interrupted(folder)
    if as_json:
        sys.stdout.write(results.dumps())
    else:
        print_results(results, stdout(), files)
    unknown = any(c.verdict.name == "UNKNOWN" for c in results.certificates)
    raise typer.Exit(results.exit_status or (3 if strict and unknown else 0))


def sweep(
    study: StudyFile = None,
    system: Only = None,
    out: Out = Path("out"),
    jobs: Jobs = None,
    as_json: Json = False,
) -> None:
    """Sample the finite-width networks of a study, and nothing else.

    Each network is saved when it is finished; a second start continues, and `verify` with the same folder uses them.
    """
    from ..numerics.studies.runner import sample
    from ..reports.terminal import LiveProgress, stderr

    chosen = _read(study, system)
    if not chosen.widths:
        raise SpecError("the study samples no networks: give widths in [finite-width].")
    folder = _folder(out, chosen.name)
    console = stderr()
    try:
        with LiveProgress(console) as progress:
            done, total = sample(chosen, out=folder, listen=progress, jobs=jobs)
    except KeyboardInterrupt:
        _interrupted(folder)
    if as_json:
        print_json({"study": chosen.name, "sampled": done, "total": total, "folder": str(folder / "samples")})
    else:
        typer.echo(f"{done} of {total} networks are sampled in {printable(str(folder / 'samples'))}")
    raise typer.Exit(0)


def _read(path: Path | None, system: str | None) -> Study:
    from ..spec import default_study, read_study
    from ..theory.system import suggestion
    from ..theory.system import system as find

    chosen = default_study() if path is None else read_study(path)
    if system is None:
        return chosen
    if path is None:  # the default data, for any system
        system = find(system).name
    elif system not in chosen.systems:
        raise SpecError(f"--system {system!r} is not a system of the study." + suggestion(system, list(chosen.systems)))
    return replace(chosen, systems=(system,), name=f"{chosen.name}-{system}")


def _folder(out: Path, name: str) -> Path:
    """The folder of a run, made and proved writable before any work is done."""
    folder = out / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".writable"
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        raise SpecError(
            f"--out {out}: nothing can be written to {folder} ({error.strerror}): choose another folder."
        ) from None
    return folder


def _interrupted(folder: Path) -> NoReturn:
    place = printable(str(folder))
    print(
        f"certigram: interrupted; what was finished is saved in {place}, the same command continues.", file=sys.stderr
    )
    raise typer.Exit(130) from None
