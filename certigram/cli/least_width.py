"""The command that asks from which width sampled networks show what the width theorems promise."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..theory.errors import SpecError
from .matrices import data_of_points, named_subject
from .options import (
    Columns,
    Drop,
    Header,
    Jobs,
    Json,
    KeepNorms,
    Member,
    Numbers,
    Parameters,
    Source,
    Strict,
    SystemName,
    finite,
    named_values,
)
from .output import print_json, say
from .own_matrix import reading_of

if TYPE_CHECKING:
    from ..numerics.runs.widths import WidthGap

Activations = Annotated[
    list[str] | None, typer.Option("--activation", help="an activation by name, or an expression; again for more")
]
Counts = Annotated[list[int] | None, typer.Option("--n", help="number of points; again for more")]
Strengths = Annotated[list[str] | None, typer.Option("--sigma-w2", help="a value of sigma_w2; again for more")]
Widths = Annotated[
    str | None,
    typer.Option(
        help="widths to try, such as 64,128,256 (default: from the number of points on, at least 8, doubled 4 times)"
    ),
]


def least_width(
    source: Source = "digits",
    activation: Activations = None,
    system: SystemName = None,
    sigma_w2: Strengths = None,
    n: Counts = None,
    parameter: Parameters = None,
    keep_norms: KeepNorms = None,
    numbers: Numbers = "decimal",
    header: Header = None,
    columns: Columns = None,
    drop: Drop = None,
    array: Member = None,
    event: Annotated[str | None, typer.Option(help="whitened, or least-eigenvalue (default: both)")] = None,
    widths: Widths = None,
    delta: Annotated[str, typer.Option(help="the event is to have probability at least 1 - delta")] = "1/20",
    alpha: Annotated[str, typer.Option(help="the error of all statements together")] = "1/1000",
    networks: Annotated[int, typer.Option(help="networks of one width at most", min=1)] = 400,
    seed: Annotated[int, typer.Option(help="of the networks", min=0)] = 0,
    out: Annotated[Path, typer.Option(help="folder that keeps the networks")] = Path("out/least-width"),
    figure: Annotated[
        Path | None, typer.Option(help="draw certified and sampled widths into this .svg or .pdf file")
    ] = None,
    jobs: Jobs = None,
    strict: Strict = False,
    as_json: Json = False,
) -> None:
    """Say from which width sampled networks show an event of the width theorems, beside the width that is certified.

    Networks are sampled at each width until it is stated that the event has probability at least 1 - delta there, or
    that it has a smaller one. All statements of one call share alpha. Each network is kept when it is finished, and
    the same command continues. With several activations, numbers of points or values of sigma_w2: all combinations.
    """
    import os

    from ..finite_width import width_gap
    from ..numerics.files import require_output
    from ..reports.working import Working
    from ..theory.numbers import rational

    require_output(out, folder=True)
    if figure is not None:
        if figure.suffix not in (".svg", ".pdf"):
            raise SpecError(f"--figure {figure}: choose a name that ends in .svg or .pdf.")
        require_output(figure)
    tried = None if widths is None else [_width(text) for text in widths.split(",")]
    names, strengths, counts = activation or (None,), sigma_w2 or (None,), n or (None,)
    rows = list(itertools.product(names, strengths, counts))
    share = rational(alpha, what="alpha") / len(rows)
    reading = reading_of(numbers, header, columns, drop, array)
    processes = jobs or max(1, min(os.cpu_count() or 1, 16))
    gaps, notes = [], dict[str, None]()
    with Working("reading the points") as working:
        for name, strength, count in rows:
            values: dict[str, Any] = dict(named_values(parameter, strength))
            meant, subject = named_subject(name, None, system)
            data = data_of_points(source, subject, meant, values, count, keep_norms, reading)
            named = [f"{key} = {x}" for key, x in values.items()]
            about = ", ".join([meant, *subject.values(), *named, f"n = {data.n}"])
            working.stage(f"{about}: enclosing the kernel and the certified width")
            notes.update(dict.fromkeys(data.notes))

            def progress(text: str, done: int, most: int, about: str = about) -> None:
                working.stage(f"{about}: {text}, {done} of at most {most}")

            gap = width_gap(
                meant, data, **subject, **values, event=event, widths=tried, delta=delta, alpha=share,
                networks=networks, seed=seed, jobs=processes, out=out, progress=progress,
            )  # fmt: skip
            gaps.append(gap)
        if figure is not None:
            from ..reports.width_gap import save_gaps

            working.stage(f"drawing {figure}")
            save_gaps(gaps, figure)
    if as_json:
        print_json({"delta": delta, "alpha": alpha, "notes": list(notes), "networks": [_document(gap) for gap in gaps]})
    else:
        for note in notes:
            say(f"data: {note}")
        for gap in gaps:
            say(_text(gap))
        say(f"sampled, not proved: all statements hold together with confidence 1 - {alpha}; networks kept in {out}")
    short = any(one.standing.verdict.name == "UNKNOWN" for gap in gaps for one in gap.sampled.statements)
    raise typer.Exit(3 if strict and short else 0)


def _width(text: str) -> int:
    if not text.strip().isdecimal():
        raise SpecError(f"--widths: {text.strip()!r} is not a width: give whole numbers with commas, such as 64,128.")
    return int(text)


def _text(gap: WidthGap) -> str:
    """One paragraph: what it is about, and a line for each event."""
    named = [f"{key} = {value}" for key, value in gap.parameters.items()]
    lines = [", ".join([gap.system, gap.subject, *named, f"n = {gap.n}"])]
    question = gap.sampled.question
    for event in question.events:
        least, certified = gap.sampled.least(event), gap.certified.get(event)
        stated = "at no width tried" if least is None else f"at width {least}, the least of those tried"
        proved = "certified from no width" if certified is None else f"certified from {certified}"
        lines.append(f"  {event}: probability at least {1 - question.delta} {stated}; {proved}")
        for standing in ("at least", "below", "open"):
            chosen = [s for s in gap.sampled.statements if s.event == event and s.standing.value == standing]
            if chosen:
                lines.append(f"    {standing:<9} {', '.join(str(s.width) for s in chosen)}")
    return "\n".join(lines)


def _document(gap: WidthGap) -> dict[str, Any]:
    rows = [
        {
            "event": one.event,
            "width": one.width,
            "standing": one.standing.value,
            "verdict": one.standing.verdict.name,
            "networks": one.judged.trials,
            "happened": one.judged.happened,
            "failed": one.judged.failed,
            "undecided": one.judged.undecided,
        }
        for one in gap.sampled.statements
    ]
    events = gap.sampled.question.events
    return {
        "system": gap.system,
        "subject": gap.subject,
        "parameters": dict(gap.parameters),
        "n": gap.n,
        "error of each statement": finite(gap.sampled.level),
        "look": gap.sampled.look,
        "complete": gap.sampled.complete,
        "least": {event: gap.sampled.least(event) for event in events},
        "largest below": {event: gap.sampled.opposite(event) for event in events},
        "certified": {event: gap.certified.get(event) for event in events},
        "statements": rows,
    }
