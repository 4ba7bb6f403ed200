"""The command that writes derivations."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from ..theory.errors import SpecError
from .output import say, write_document


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
    from ..numerics.files import require_output
    from ..reports.working import Working

    if everything:
        if name is not None:
            raise SpecError(f"derive --all writes everything: leave out {name!r}, or leave out --all.")
        folder = out or Path("out/book")
        require_output(folder, folder=True)
        with Working("the book") as working:
            files = write_book(folder, tell=working.stage)
        for path in files:
            say(str(path))
        return
    if name is None:
        raise SpecError("derive needs a name: give an activation such as gelu, a lemma, a system, or --all.")
    found = find(name)
    if format is Format.pdf or out is not None:
        from ..reports.derivations.book import slug

        place = out or Path(f"{slug(name)}.pdf")
        require_output(place)
        with Working(f"the derivation of {name}"):
            write(found.document, format.value, place)
        say(str(place))
        return
    with Working(f"the derivation of {name}"):
        text = {Format.tex: found.latex, Format.md: found.markdown, Format.html: found.html}[format]()
    write_document(text, markup=format is Format.html)
