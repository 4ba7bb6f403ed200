"""Arrays and tables in the formats of numpy and Apache Parquet, read without losing the type of any column."""

from __future__ import annotations

import math
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ...theory.errors import SpecError
from ...theory.printable import shown
from ..kernels.columns import Array, Column, arrow_column, exact_array, frame_columns, index_places, join, record_index
from ..kernels.exact_rows import exact_entries, split_rows_exactly
from .reading import Contents, Reading, choose


def contents_of(
    given: Array, reading: Reading, where: str, n: int | None, names: Sequence[str] | None = None
) -> Contents:
    """The first ``n`` points of an array, axes beyond the first laid out in one row, columns chosen as asked."""
    notes: list[str] = []
    if given.ndim > 2:
        notes.append(f"each point of shape {given.shape[1:]} is laid out as a row of {math.prod(given.shape[1:])}")
        given = given.reshape(given.shape[0], -1)
    if given.ndim != 2 or 0 in given.shape:
        raise SpecError(f"{where}: the shape {given.shape} is not (n, d) with n, d >= 1: give one row for each point.")
    labels: list[object] | None = None
    index = [] if names is None else record_index(names)
    if index or reading.columns or reading.drop or reading.labels is not None:
        choice = choose(names, given.shape[1], index, reading, where)
        labels = None if choice.label is None else _labels(given[:n, choice.label], where)
        given = given[:, list(choice.kept)]
        notes += choice.notes
    table = exact_array(given if n is None else given[:n])
    if table.dtype != object:
        return Contents(table, {}, labels, tuple(notes))
    values, exact = split_rows_exactly(exact_entries(row, f"{where}: row {i}") for i, row in enumerate(table))
    return Contents(values, exact, labels, tuple(notes))


def read_npy(path: Path, n: int | None, reading: Reading, memory: int) -> Contents:
    """An .npy file: the header alone, until it is known to fit into ``memory`` bytes."""
    try:
        array = np.load(path, allow_pickle=False, mmap_mode="r")
    except Exception as error:  # numpy parses the header as Python's literals, and lets every error of that through
        raise _no_array(path, error) from None
    if not isinstance(array, np.ndarray):
        raise SpecError(f"{path}: not a single .npy array: save one (n, d) array with numpy.save.")
    _require(path, array.nbytes, memory)
    return _array_contents(np.asarray(array), reading, str(path), n)


def read_npz(path: Path, n: int | None, reading: Reading, memory: int) -> Contents:
    """One array of an .npz file: the only one, or the one that ``array`` names; labels may be another."""
    try:
        with zipfile.ZipFile(path) as archive:
            members = [info for info in archive.infolist() if info.filename.endswith(".npy")]
        names = [info.filename.removesuffix(".npy") for info in members]
        sizes = {name: info.file_size for name, info in zip(names, members, strict=True)}
    except Exception as error:  # zipfile raises a dozen kinds for a damaged archive
        raise _no_array(path, error) from None
    if len(sizes) != len(names):
        raise SpecError(f"{path}: it holds two arrays of one name: save it again with numpy.savez.")
    label = reading.labels if isinstance(reading.labels, str) and reading.labels in sizes else None
    left = [name for name in names if name != label]
    chosen = reading.array or (left[0] if len(left) == 1 else None)
    if chosen is None or chosen not in sizes:
        held = ", ".join(repr(name)[:40] for name in names[:8]) or "nothing"
        absent = f"no array {shown(chosen)}; " if chosen is not None else ""
        raise SpecError(f"{path}: {absent}it holds {held}: say in [data] which one by array = ... (--array).")
    _require(path, sum(sizes[name] for name in (chosen, label) if name is not None), memory)
    try:
        with np.load(path, allow_pickle=False) as stored:
            array = stored[chosen]
            raw = None if label is None else stored[label]
    except Exception as error:
        raise _no_array(path, error) from None
    if label is None:
        return _array_contents(array, reading, f"{path}: {chosen}", n)
    if raw is None or raw.ndim != 1 or len(raw) != len(array):
        raise SpecError(f"{path}: the labels {label!r} are not one number for each point of {chosen!r}.")
    found = _array_contents(array, Reading(columns=reading.columns, drop=reading.drop), f"{path}: {chosen}", n)
    return found._replace(labels=_labels(raw[:n], f"{path}: {label}"))


def _array_contents(array: Array, reading: Reading, where: str, n: int | None) -> Contents:
    try:
        columns = frame_columns(array)
        if columns is not None:
            return contents_of(join(columns), reading, where, n, [str(c.name) for c in columns])
        return contents_of(array, reading, where, n)
    except SpecError as error:
        text = str(error)
        raise SpecError(text if text.startswith(where) else f"{where}: {text}") from None


def _labels(given: Array, where: str) -> list[object]:
    try:
        return list(given.tolist())
    except (ValueError, SystemError):  # code points that are none
        raise SpecError(f"{where}: the labels are no text and no numbers: save them again.") from None


def _no_array(path: Path, error: Exception) -> SpecError:
    what = (str(error).splitlines() or [""])[0].rstrip(".:")[:80] or type(error).__name__
    if "pickle" in what.lower():
        what = "it may hold pickled objects, which are never opened"
    return SpecError(f"{path}: not a plain {path.suffix} array of numbers ({what}): save it with numpy.save.")


def _require(path: Path, size: int, memory: int) -> None:
    if size > memory:
        raise SpecError(f"data: {path} needs {size / 1e9:.2g} GB, the budget is {memory / 1e9:.2g} GB: raise memory.")


def read_parquet(path: Path, n: int | None, reading: Reading, memory: int) -> Contents:
    """A Parquet file; columns that pandas' metadata name as the index are left out, the others keep their own types."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise SpecError(f"{path}: reading Parquet needs pyarrow: install certigram[parquet].") from None
    try:
        table = pyarrow.parquet.read_table(path)
        names = [str(name) for name in table.column_names]  # decoded here: a damaged one is no UTF-8
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise SpecError(f"{path}: not readable as Parquet ({(str(error).splitlines() or [''])[0]}).") from None
    if table.num_columns == 0 or table.num_rows == 0:
        raise SpecError(f"{path}: the table is empty.")
    if n is not None:
        table = table.slice(0, n)
    choice = choose(names, len(names), index_places(table), reading, str(path))
    try:
        columns = [arrow_column(names[k], table.column(k)) for k in choice.kept]
        labels = None if choice.label is None else table.column(choice.label).to_pylist()
        joined = join([Column(c.name, c.entries) for c in columns])
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from None
    found = contents_of(joined, Reading(), str(path), None)
    return Contents(found.values, found.exact, labels, choice.notes)
