"""The command that checks certificates with the independent checker."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from .formal import Backend, with_coq
from .options import Json, Strict
from .output import print_json, say


def check(
    paths: Annotated[list[Path], typer.Argument(help="certificates (.json), folders of them, or folders of runs")],
    exact: Annotated[bool, typer.Option("--exact", help="use the Python standard library alone, not flint")] = False,
    coq: Annotated[bool, typer.Option("--coq", help="let Coq check certificates, or files of `export --coq`")] = False,
    coqchk: Annotated[bool, typer.Option("--coqchk", help="with --coq: check what coqc compiled once more")] = False,
    backend: Backend = "float",
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Check certificates without the prover: VALID, INVALID (which line, and why) or UNSUPPORTED.

    With --coq the kernel of Coq checks them, as theorems; Coq must be installed.

    Exit status: 0 nothing is INVALID; 1 something is; 2 there is no certificate, or no Coq; 3, with --strict,
    UNSUPPORTED.
    """
    if coq:
        with_coq(paths, backend, coqchk, strict, as_json)
    from ..numerics.certificates.checking import INVALID, UNSUPPORTED, Checked, check_files
    from ..reports.working import Working

    parts = []
    with Working("checking") as working:
        for path, part in ((one, part) for one in paths for part in check_files(one, accelerate=not exact)):
            parts.append(part)
            working.stage(f"checking, {len(parts)} done")
            if not as_json and not (path.is_dir() and part.line == "proof"):  # claims of other kinds carry no proof
                place = f" at {part.line}" if part.line else ""
                say(f"{part.verdict:<11} {Path(part.path).name}{place}: {part.reason}")
                working.spoken()
    found = Checked(", ".join(map(str, paths)), tuple(parts))
    if as_json:
        print_json({"verdict": found.verdict, "parts": [part._asdict() for part in parts]})
    elif len(parts) > 1:
        say(str(found))
    unsure = strict and found.count(UNSUPPORTED) > 0
    raise typer.Exit(1 if found.verdict == INVALID else 3 if unsure else 0)
