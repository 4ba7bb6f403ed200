"""The command that writes derivations."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..theory.errors import SpecError


class Format(StrEnum):
    """What a derivation is written as."""

    tex = "tex"
    md = "md"
    html = "html"
    pdf = "pdf"


def derive(
    name: Annotated[str | None, typer.Argument(help="an activation, an expression in x, a lemma, or a system")] = None,
    format: Annotated[Format, typer.Option("--format", "-f", help="what to write")] = Format.tex,
    out: Annotated[Path | None, typer.Option(help="the file (with --all: the folder) to write")] = None,
    everything: Annotated[bool, typer.Option("--all", help="write the whole book: tex, md, html, pdf")] = False,
) -> None:
    """Derive a closed form line by line, each line checked, or write the proof of a lemma.

    Text goes to standard output unless --out names a file; a PDF goes to NAME.pdf. Where no closed form is known, the
    document says so and has the certified Hermite series instead.
    """
    from ..derivations import derive as find
    from ..derivations import write, write_book

    if everything:
        if name is not None:
            raise SpecError(f"derive --all writes everything: leave out {name!r}, or leave out --all.")
        for path in write_book(out or Path("out/book")):
            typer.echo(str(path))
        return
    if name is None:
        raise SpecError("derive needs a name: give an activation such as gelu, a lemma, a system, or --all.")
    found = find(name)
    if format is Format.pdf or out is not None:
        from ..reports.derivations.book import slug

        path = write(found.document, format.value, out or Path(f"{slug(name)}.pdf"))
        typer.echo(str(path))
        return
    text = {Format.tex: found.latex, Format.md: found.markdown, Format.html: found.html}[format]()
    sys.stdout.write(text)
