"""The commands about a matrix in a file: certify with --matrix, jitter, diagnose."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, overload

import typer

from ..theory.errors import SpecError
from .options import Columns, Drop, Header, Json, Member, Numbers, finite
from .output import print_json, say

if TYPE_CHECKING:
    from ..numerics.certificates.certificate import Certificate
    from ..numerics.studies.reading import Reading

MatrixFile = Annotated[
    str, typer.Argument(help="a file with a square symmetric matrix (.npy, .npz, .csv, .tsv, .txt, .parquet)")
]
RadiusOption = Annotated[
    str, typer.Option("--radius", help="how far each entry may be off: a number, or a file with a matrix of radii")
]


def jitter(
    matrix: MatrixFile,
    radius: RadiusOption = "0",
    numbers: Numbers = "decimal",
    header: Header = None,
    columns: Columns = None,
    drop: Drop = None,
    array: Member = None,
    relative_width: Annotated[str, typer.Option(help="how narrow the two ends are to be, relatively")] = "1e-6",
    as_json: Json = False,
) -> None:
    """Enclose the least jitter: the smallest e >= 0 for which A + e*I is positive semidefinite."""
    from ..own_matrix import least_jitter
    from ..reports.working import Working

    reading = reading_of(numbers, header, columns, drop, array)
    with Working("reading the matrix") as working:
        A, R, notes = read(matrix, radius, reading)
        working.stage("enclosing the least eigenvalue")
        found = least_jitter(A, radius=R, relative_width=relative_width)
    if as_json:
        print_json(
            {
                "lower": finite(found.lower),
                "upper": finite(found.upper),
                "stored": found.stored,
                "dtype": found.dtype,
                "least_eigenvalue": {"lower": finite(found.eigenvalue.lower), "upper": finite(found.eigenvalue.upper)},
                "meaning": found.meaning,
                "notes": list(notes),
            }
        )
        return
    for note in (f"{len(A)} × {len(A)}", *notes):
        say(f"matrix: {note}")
    say(str(found))


def diagnose(
    matrix: MatrixFile,
    radius: RadiusOption = "0",
    numbers: Numbers = "decimal",
    header: Header = None,
    columns: Columns = None,
    drop: Drop = None,
    array: Member = None,
    as_json: Json = False,
) -> None:
    """Say what makes a matrix nearly singular: the enclosed lowest eigenvector, the rows that carry it, near pairs."""
    from ..own_matrix import diagnose as find
    from ..reports.working import Working

    reading = reading_of(numbers, header, columns, drop, array)
    with Working("reading the matrix") as working:
        A, R, notes = read(matrix, radius, reading)
        working.stage("enclosing the lowest eigenvectors")
        found = find(A, radius=R)
    if as_json:
        space = found.space
        print_json(
            {
                "least_eigenvalue": {"lower": finite(found.eigenvalue.lower), "upper": finite(found.eigenvalue.upper)},
                "dimension": 0 if space is None else space.dimension,
                "vectors": None if space is None else space.vectors.T.tolist(),
                "entry_error": None if space is None else space.entry_error,
                "next_eigenvalue": None if space is None else finite(space.next_eigenvalue),
                "support": list(found.support),
                "carriers": list(found.carriers),
                "pairs": [
                    {
                        "rows": list(p.rows),
                        "kind": p.kind,
                        "upper": finite(p.upper),
                        "correlation": finite(p.correlation),
                    }
                    for p in found.pairs
                ],
                "reason": found.reason,
                "meaning": found.meaning,
                "notes": list(notes),
            }
        )
        return
    for note in (f"{len(A)} × {len(A)}", *notes):
        say(f"matrix: {note}")
    say(str(found))


def certified(matrix: str, radius: str, bound: str | None, reading: Reading) -> tuple[Certificate, tuple[str, ...]]:
    """The certificate of a matrix in a file, and what was assumed when it was read."""
    from ..own_matrix import certify_matrix
    from ..reports.working import Working

    with Working("reading the matrix") as working:
        A, R, notes = read(matrix, radius, reading)
        asked = "positive" if bound is None else f"at least {bound}"
        working.stage(f"deciding whether the least eigenvalue is {asked}")
        return certify_matrix(A, R, bound, None), notes


def read(matrix: str, radius: str, reading: Reading) -> tuple[Any, Any, tuple[str, ...]]:
    """The matrix of a file, the radius, and what was left out or assumed."""
    from ..numerics.matrices.file import read_matrix
    from ..theory.numbers import rational

    A, found = read_matrix(Path(matrix), reading)
    notes = tuple(found)
    try:
        return A, rational(radius, what="--radius"), notes
    except SpecError:
        if not Path(radius).suffix:
            raise
    R, more = read_matrix(Path(radius), replace(reading, array=None, columns=(), drop=()))
    return A, R, (*notes, *(f"radius: {note}" for note in more))


def reading_of(
    numbers: str, header: bool | None, columns: list[str] | None, drop: list[str] | None, array: str | None
) -> Reading:
    """How a file is to be read; a column that is written in digits is meant by its place."""
    from ..numerics.studies.reading import Reading

    kept, left = (tuple(map(place, given or ())) for given in (columns, drop))
    return Reading(numbers=numbers, header=header, columns=kept, drop=left, array=array)


@overload
def place(column: str) -> str | int: ...
@overload
def place(column: None) -> None: ...
def place(column: str | None) -> str | int | None:
    """A column by its name, or by its place where it is written in digits."""
    return int(column) if column and column.isascii() and column.isdigit() and len(column) < 10 else column
