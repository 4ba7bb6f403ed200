"""The command that searches for instances where a claimed bound fails, and replays what it found."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..theory.errors import SpecError
from .options import Json
from .output import print_json, say

if TYPE_CHECKING:
    from ..numerics.falsify.falsifier import Falsified
    from ..numerics.falsify.record import Record

Budget = Annotated[float, typer.Option("--budget", help="processor seconds for each bound", min=0.1, max=1e6)]


def falsify(
    claim: Annotated[str | None, typer.Argument(help="a claim, a lemma, a bound or a system; none: list them")] = None,
    budget: Budget = 60.0,
    seed: Annotated[int, typer.Option(help="of every draw: the same seed finds the same instance", min=0)] = 0,
    evaluations: Annotated[
        int | None, typer.Option(help="instances to try for each bound (default: what the bound says)", min=1)
    ] = None,
    out: Annotated[Path, typer.Option(help="the folder of the records")] = Path("out/falsified"),
    replay: Annotated[
        Path | None, typer.Option("--replay", help="evaluate a record, or a folder of them, without searching")
    ] = None,
    as_json: Json = False,
) -> None:
    """Search for an instance where a claimed bound fails or is nearly attained, and prove what is found.

    The result is a proved lower bound of the sharpness (the larger side over the smaller one, never above 1 for a true
    bound), or REFUTED with a counterexample. Without a claim: the bounds, and the sharpness that ships with each.
    Exit status: 0 nothing is REFUTED; 1 something is; 2 there is no such claim, or a record does not say the truth.
    """
    if replay is not None:
        if claim is not None:
            raise SpecError(f"falsify --replay reads the bound from the record: leave out {claim!r}.")
        _replay(replay, as_json)
    elif claim is None:
        _list(as_json)
    else:
        _search(claim, budget, seed, evaluations, out, as_json)


def _search(claim: str, budget: float, seed: int, evaluations: int | None, out: Path, as_json: bool) -> None:
    from ..numerics.falsify.bound import find_bounds
    from ..numerics.falsify.falsifier import falsify as find
    from ..numerics.files import require_output
    from ..reports.working import Working

    meant = find_bounds(claim)
    require_output(out, folder=True)
    refuted, documents = False, []
    with Working(f"looking for counterexamples to {claim}") as working:
        for bound in meant:
            working.stage(f"looking for counterexamples to {bound.name}")
            found = find(bound, seed=seed, seconds=budget, evaluations=evaluations)
            place = found.record.save(out)
            refuted = refuted or found.verdict.against
            documents.append(_document(found.record))
            if not as_json:
                say(_text(found, place))
                working.spoken()
    if as_json:
        print_json({"records": documents})
    raise typer.Exit(1 if refuted else 0)


def _text(found: Falsified, place: Path) -> str:
    record = found.record
    how = f"{found.tried} instances tried from seed {record.seed}"
    how += ", until the budget was spent" if record.cut else ""
    lines = [
        f"{record.bound}: {_conclusion(record)}",
        f"  speaks of  {', '.join(record.speaks_of)}",
        f"  bound      {record.text}",
        f"  formula    {record.formula}",
        f"  search     {how}; largest left/right in floats {found.quotient:.9g}",
        f"  left       {record.left}",
        f"  right      {record.right}",
        f"  instance   {found.instance}",
        f"  record     {place}",
    ]
    return "\n".join(lines)


def _conclusion(record: Record) -> str:
    if record.refuted:
        return f"REFUTED, left/right >= {record.ratio or 'nothing'} is proved at an instance"
    if not record.ratio:
        return "not refuted, and no sharpness is proved"
    return f"not refuted; sharpness >= {record.ratio} is proved"


def _document(record: Record) -> dict[str, Any]:
    from ..numerics.records import written

    return written(record)


def _replay(path: Path, as_json: bool) -> None:
    from ..numerics.falsify.bound import find_bound
    from ..numerics.falsify.falsifier import replay
    from ..numerics.falsify.record import decimal, load
    from ..theory.verdict import Verdict

    files = sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not files:
        raise SpecError(f"{path} holds no record of the falsifier (*.json): give a record, or a folder of them.")
    refuted, rows = False, []
    for file in files:
        record = load(file)
        found = replay(find_bound(record.bound), record)
        refuted = refuted or found.verdict is Verdict.REFUTED
        rows.append({"record": str(file), "bound": record.bound, "verdict": found.verdict.name, "ratio": record.ratio})
        if not as_json:
            ratio = decimal(found.ratio) or "nothing"
            word = "REFUTED" if found.verdict is Verdict.REFUTED else "not refuted"
            say(f"{record.bound}: {word}; left/right >= {ratio} is proved at the instance of {file.name}")
    if as_json:
        print_json({"records": rows})
    raise typer.Exit(1 if refuted else 0)


def _list(as_json: bool) -> None:
    from ..numerics.falsify.bound import bounds
    from ..numerics.falsify.shipped import shipped

    known = shipped()
    rows = [
        {
            "bound": found.name,
            "sharpness": known[found.name].ratio if found.name in known else "",
            "text": found.text,
            "speaks of": ", ".join(found.speaks_of),
        }
        for found in bounds()
    ]
    if as_json:
        print_json({"bounds": rows})
        return
    say("\n".join(f"{row['bound']:<48} {row['sharpness'] or '-':<12} {row['text']}" for row in rows))
