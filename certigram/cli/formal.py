"""The commands that write bounds as theorems of Coq, and let Coq check them."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from ..theory.errors import SpecError
from .options import Json
from .output import print_json, say

if TYPE_CHECKING:
    from ..numerics.certificates.coq.verdict import FormalVerdict

Backend = Annotated[str, typer.Option("--backend", help="how Coq computes: float, bigint (more digits) or z (slow)")]


def export(
    certificate: Annotated[Path, typer.Argument(help="a certificate (.json) with its arrays (.npz) beside it")],
    coq: Annotated[bool, typer.Option("--coq", help="as theorems of Coq")] = False,
    backend: Backend = "float",
    out: Annotated[Path | None, typer.Option("--out", help="the file; default: standard output")] = None,
    as_json: Json = False,
) -> None:
    """Write the bounds of a certificate as theorems of Coq, with the data in their statements.

    Exit status: 0 written; 2 there is no certificate, or no theorem about its kernel.
    """
    from ..numerics.certificates.coq.theorem import theorem_of_file
    from ..numerics.files import require_output, write_atomically

    if not coq:
        raise SpecError("export: say in which language: `certigram export --coq CERTIFICATE`.")
    if out is not None:
        require_output(out)
    text = theorem_of_file(certificate, backend=backend)
    if out is not None:
        write_atomically(out, text)
    if as_json:
        print_json(
            {"backend": backend, "file": None if out is None else str(out), "text": text if out is None else None}
        )
    else:
        say(text.removesuffix("\n") if out is None else f"{out}: `certigram check --coq {out}` checks it")


def with_coq(paths: list[Path], backend: str, coqchk: bool, strict: bool, as_json: bool) -> NoReturn:
    """Check each path with Coq, say what it finds, and end."""
    from ..numerics.certificates.coq.verdict import FormalVerdict, NoTheorem, check_with_coq
    from ..numerics.replay import INVALID, UNSUPPORTED, certificate_files
    from ..reports.working import Working

    files = [file for path in paths for file in ([path] if path.suffix == ".v" else certificate_files(path))]
    if not files:
        raise SpecError("check: there is no certificate and no exported file (.v) here: name one, or a folder of them.")
    found = []
    with Working("checking with Coq") as working:
        for file in files:
            try:
                part = check_with_coq(file, backend=backend, coqchk=coqchk)
            except NoTheorem as error:
                part = FormalVerdict(UNSUPPORTED, str(file), str(error))
            found.append(part)
            if not as_json:
                say(
                    "\n".join(
                        [f"{part.verdict:<11} {file.name}{': ' * bool(part.reason)}{part.reason}", *_details(part)]
                    )
                )
                working.spoken()
    if as_json:
        print_json({"parts": [asdict(part) for part in found]})
    verdicts = {part.verdict for part in found}
    raise typer.Exit(1 if INVALID in verdicts else 3 if strict and UNSUPPORTED in verdicts else 0)


def _details(part: FormalVerdict) -> list[str]:
    """The theorems, on what they rest, what it took."""
    from ..numerics.certificates.coq.verdict import REALS

    lines = [f"  {' '.join(text.split())}" for text in part.theorems]
    if part.assumptions:
        primitive = [x for x in part.assumptions if x not in REALS]
        more = f", and {len(primitive)} descriptions of machine words and floats" if primitive else ""
        lines.append(f"  rests on {len(part.assumptions) - len(primitive)} axioms of the real numbers{more}")
    if part.seconds is not None:
        again = "; coqchk agrees" if part.rechecked else ""
        lines.append(f"  coqc took {part.seconds:.1f} s of CPU and {part.megabytes} MB{again}")
    return lines
