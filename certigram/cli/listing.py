"""The command that lists what there is."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from .options import Json, print_json


class Kind(StrEnum):
    """What can be listed."""

    systems = "systems"
    activations = "activations"
    claims = "claims"


def list_(what: Annotated[Kind, typer.Argument(help="what to list")], as_json: Json = False) -> None:
    """List the systems, the activations, or the claims with how each is checked."""
    from rich.table import Table

    from ..reports.terminal import stdout

    rows = _rows(what, as_json)
    if as_json:
        print_json({what.value: rows})
        return
    table = Table(box=None, pad_edge=False)
    for heading in rows[0]:
        table.add_column(heading, no_wrap=heading in ("id", "label", "system", "activation"))
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    stdout().print(table)


def _rows(what: Kind, everything: bool) -> list[dict[str, Any]]:
    from ..theory.system import systems

    if what is Kind.systems:
        return [
            {"system": s.name, "title": s.title, "claims": len(s.claims), "paper": s.paper} for s in systems().values()
        ]
    if what is Kind.activations:
        from ..theory.catalogue import FAMILIES

        return [
            {"activation": name if family.default != "" else f"{name}(k)", "meaning": family.meaning}
            for name, family in sorted(FAMILIES.items())
        ]
    return [
        {"id": c.id, "label": c.label, "title": c.title}
        | ({"method": c.method, "reference": str(c.reference), "statement": c.statement} if everything else {})
        for s in systems().values()
        for c in s.claims
    ]
