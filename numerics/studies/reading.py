"""How a file of data is to be read: the settings of [data], which columns are coordinates, and what labels mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...theory.errors import SpecError
from ...theory.printable import shown
from ...theory.suggestion import suggestion
from ..kernels.exact_rows import ExactRow, Floats

NUMBERS = ("decimal", "binary64")


@dataclass(frozen=True, slots=True)
class Reading:
    """The settings of [data] that say how a file is read.

    Attributes
    ----------
    numbers: what the numerals of a text file mean: "decimal", exactly what is written, or "binary64", the nearest one.
    header: whether the first line of a text file is a heading; None: by the rule of docs/data.md.
    columns, drop: the columns to keep, or those to leave out, by name (text) or place (an integer, from 0).
    labels: the column of the labels, or the file that holds them; None: the file has none.
    array: the array of an .npz file.
    zero_rows: whether a zero row is a point; no setting, it follows from normalize.
    square: whether the file holds a square matrix, whose first column may well count its rows; no setting either.
    """

    numbers: str = "decimal"
    header: bool | None = None
    columns: tuple[str | int, ...] = ()
    drop: tuple[str | int, ...] = ()
    labels: str | int | None = None
    array: str | None = None
    zero_rows: bool = False
    square: bool = False

    def __post_init__(self) -> None:
        if self.numbers not in NUMBERS:
            raise SpecError(f'data: numbers = {self.numbers!r}: choose "decimal" or "binary64".')
        if self.columns and self.drop:
            raise SpecError("data: columns and drop are both given: name the columns to keep, or those to leave out.")


class Contents(NamedTuple):
    """What a file holds: points (n, d), the rows that are not binary64, raw labels, what was left out or assumed."""

    values: Floats
    exact: dict[int, ExactRow]
    labels: list[object] | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Choice:
    """The places of the coordinates, that of the labels, and what is to be told about the others."""

    kept: tuple[int, ...]
    label: int | None
    notes: tuple[str, ...] = field(default=())


def choose(names: Sequence[str] | None, width: int, index: Sequence[int], reading: Reading, where: str) -> Choice:
    """Which of ``width`` columns are coordinates; ``index`` are the places of a data frame's index, left out unasked.

    Raises :class:`SpecError` for a column that is not there, that is named twice, and when none is left.

    >>> choose(["", "a", "b", "y"], 4, [0], Reading(labels="y"), "x.csv")
    Choice(kept=(1, 2), label=3, notes=('column 0 is left out: it is the index of a data frame',))
    """

    def place(which: str | int) -> int:
        if isinstance(which, int):
            if not 0 <= which < width:
                raise SpecError(f"{where}: there is no column {shown(which)}: there are {width}, counted from 0.")
            return which
        if names is None:
            raise SpecError(f"{where}: no heading names the column {which!r}: give its place, counted from 0.")
        if which not in names:
            raise SpecError(f"{where}: there is no column {which!r}." + suggestion(which, list(names)))
        if names.count(which) > 1:
            raise SpecError(f"{where}: more than one column is named {which!r}: give its place, counted from 0.")
        return names.index(which)

    def named(k: int) -> str:
        return f"column {k}" if names is None or not names[k] else f"column {names[k]!r}"

    label = None if reading.labels is None else place(reading.labels)
    if reading.columns:
        kept = tuple(place(c) for c in reading.columns)
        left_out = [k for k in range(width) if k not in kept and k != label]
        notes = [f"{named(k)} is left out: it is not among the columns asked for" for k in left_out]
        if len(notes) > 3:
            notes = [f"{len(notes)} columns are left out: they are not among the columns asked for"]
    else:
        dropped = [place(c) for c in reading.drop]
        kept = tuple(k for k in range(width) if k not in dropped and k not in index and k != label)
        notes = [f"{named(k)} is left out: it is the index of a data frame" for k in index if k != label]
        notes += [f"{named(k)} is left out as asked" for k in dropped]
    if not kept:
        raise SpecError(f"{where}: no column is left for the coordinates of the points: keep at least one.")
    return Choice(kept, label, tuple(notes))


def signs(given: Sequence[object], what: str) -> tuple[NDArray[np.float64], str]:
    """Labels of two classes as +1 and -1, and the sentence that says which is which: the smaller one is -1.

    Numbers are compared as numbers, anything else as text. Raises :class:`SpecError` unless there are two classes, or
    one of the numbers +1 and -1.

    >>> signs(["yes", "no", "yes"], "column 'y'")
    (array([ 1., -1.,  1.]), "labels from column 'y': no is -1, yes is +1")
    """
    numbers = [_number(x) for x in given]
    keys: list[object] = list(numbers) if None not in numbers else [str(x).strip() for x in given]
    classes = sorted(set(keys))  # type: ignore[type-var]  # all numbers, or all text
    if any(isinstance(k, str) and not k for k in classes):
        raise SpecError(f"{what}: a label is missing: remove the row or fill it in.")
    if set(classes) <= {Decimal(-1), Decimal(1)}:
        return np.array([float(str(k)) for k in keys]), f"labels from {what}: as they are, +1 and -1"
    if len(classes) != 2:
        raise SpecError(f"{what} holds {len(classes)} different labels: give labels of two classes, such as 0 and 1.")
    low, high = classes
    return (
        np.where([k == low for k in keys], -1.0, 1.0),
        f"labels from {what}: {_short(low)} is -1, {_short(high)} is +1",
    )


def _number(x: object) -> Decimal | None:
    try:
        found = Decimal(int(x)) if isinstance(x, (bool, np.bool_)) else Decimal(str(x).strip())
    except (InvalidOperation, ValueError):
        return None
    return found if found.is_finite() else None


def _short(x: object) -> str:
    text = str(x)
    return text if len(text) <= 20 else text[:17] + "..."


def label_file(path: Path) -> bool:
    """Whether a ``labels`` setting names a file rather than a column."""
    return path.suffix.lower() in (".csv", ".txt", ".tsv", ".npy", ".gz")
