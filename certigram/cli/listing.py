"""The command that lists what there is: systems, activations, and claims with the verdict of the last run."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..theory.errors import SpecError
from ..theory.printable import printable
from .options import Json
from .output import print_json

if TYPE_CHECKING:
    from rich.console import Console

    from ..theory.claims.claim import Claim
    from ..theory.claims.system import System

Runs = Mapping[str, tuple[Path, dict[str, Any]]]


class Kind(StrEnum):
    """What can be listed."""

    systems = "systems"
    activations = "activations"
    claims = "claims"


def list_(
    what: Annotated[Kind, typer.Argument(help="what to list")],
    out: Annotated[
        Path | None, typer.Option(help="folder of results, or one run, where the last verdicts are read (default: out)")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the systems, the activations, or the claims: how each is checked, and what the last run said of it."""
    from ..reports.console import stdout

    if out is not None and not out.is_dir():
        raise SpecError(f"--out {out}: there is no such folder: give a folder of results, or leave it out.")
    if what is Kind.claims:
        _claims(stdout(), out or Path("out"), as_json)
        return
    rows = _systems() if what is Kind.systems else _activations()
    if as_json:
        print_json({what.value: rows})
    else:
        _print(stdout(), rows)


def _print(console: Console, rows: list[dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for heading in rows[0]:
        table.add_column(heading, no_wrap=heading in ("claim", "label", "system", "activation"))
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    console.print(table)


def _systems() -> list[dict[str, Any]]:
    from ..theory.claims.system import systems

    return [
        {
            "system": s.name,
            "title": s.title,
            "claims": len(s.claims),
            "checked with": f"{s.subject}s" if not s.fixed else ", ".join(s.default_activations),
            "paper": s.paper,
        }
        for s in systems().values()
    ]


def _activations() -> list[dict[str, Any]]:
    from ..theory.activations.catalogue import FAMILIES

    return [
        {"activation": name if family.default != "" else f"{name}(k)", "meaning": family.meaning}
        for name, family in sorted(FAMILIES.items())
    ]


# -- claims ----------------------------------------------------------------------------------------------------------


def _claims(console: Console, out: Path, as_json: bool) -> None:
    from ..numerics.runs.archive import last_runs
    from ..theory.claims.kernel_claims import CLAIMS, MATRIX_CLAIMS
    from ..theory.claims.system import systems

    runs = last_runs(out)
    if as_json:
        rows = [row for s in systems().values() for row in _documents(s.claims, s.name, runs)]
        print_json({"claims": [*rows, *_documents(CLAIMS, "kernel", {}), *_documents(MATRIX_CLAIMS, "matrix", {})]})
        return
    for s in systems().values():
        console.print(f"{s.name}  {s.title}", style="bold", markup=False, soft_wrap=True)
        console.print(_last(s, runs, out), style="dim", markup=False, soft_wrap=True)
        _print(console, _shown(s, runs, roomy=console.width >= 120))
        console.print()
    console.print("kernel  One kernel matrix on data", style="bold", markup=False, soft_wrap=True)
    console.print("by certify, for any kernel; in no study.", style="dim", markup=False, soft_wrap=True)
    _print(console, [{"claim": c.id.partition(".")[2], "label": c.label, "title": c.title} for c in CLAIMS])
    console.print()
    console.print("matrix  A matrix that was given", style="bold", markup=False, soft_wrap=True)
    console.print("by certify, for any symmetric matrix; in no study.", style="dim", markup=False, soft_wrap=True)
    _print(console, [{"claim": c.id.partition(".")[2], "label": c.label, "title": c.title} for c in MATRIX_CLAIMS])


def _last(s: System, runs: Runs, out: Path) -> str:
    """Which run the verdicts are from, in a sentence."""
    if s.name not in runs:
        place = printable(str(out))
        return f"no run of {s.name} in {place}: `certigram verify --system {s.name}` makes one; no verdicts are shown."
    folder, document = runs[s.name]
    when = time.strftime("%Y-%m-%d %H:%M", time.localtime((folder / "results.json").stat().st_mtime))
    unfinished = "" if document.get("complete") else ", not complete"
    place, version = (printable(str(x)) for x in (folder, document.get("version", "?")))
    return f"verdicts of the last run: {place}, {when}, certigram {version}{unfinished}"


def _verdicts(claim: str, system: str, runs: Runs) -> dict[str, str] | None:
    """The verdicts of the last run by subject; None when there was no run."""
    if system not in runs:
        return None
    return {str(row["activation"]): str(row["verdict"]) for row in runs[system][1]["claims"] if row.get("id") == claim}


def _shown(s: System, runs: Runs, *, roomy: bool) -> list[dict[str, Any]]:
    rows = []
    for c in s.claims:
        key, where = c.reference.key, c.reference.where
        found = _verdicts(c.id, s.name, runs)
        counts = Counter((found or {}).values())
        said = ", ".join(v if len(counts) == 1 else f"{n} {v}" for v, n in counts.most_common())
        row: dict[str, Any] = {"claim": c.id.partition(".")[2], "label": c.label}
        row["last verdict"] = said or ("not checked" if found is not None else "-")
        row["title"] = c.title
        if roomy:
            row |= {"method": c.method, "reference": f"{key}, {where}" if where else key}
        rows.append(row)
    return rows


def _documents(claims: tuple[Claim, ...], system: str, runs: Runs) -> list[dict[str, Any]]:
    return [
        {
            "id": c.id,
            "label": c.label,
            "system": system,
            "title": c.title,
            "method": c.method,
            "statistical": c.statistical,
            "reference": str(c.reference),
            "statement": c.statement,
            "obligation": c.obligation,
            "verdicts": _verdicts(c.id, system, runs),
            "run": str(runs[system][0]) if system in runs else None,
        }
        for c in claims
    ]
