"""Tables as Python has them, taken exactly: arrays, nested lists, and data frames column by column."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...theory.errors import SpecError
from .exact_rows import Floats, exact_entries

Array = NDArray[Any]
INTEGERS = 2**53
"""Up to this modulus every integer is a binary64 number."""
UNREADABLE = "this is not a table of numbers"
UNNAMED = re.compile(r"(Unnamed: \d+(_level_\d+)?(\.\d+)*)?")
"""Headings of an index that has no name: pandas writes the empty one, and reads it as the others."""
RECORDS = re.compile("index|level_0")
"""The first field of the records that pandas makes of a frame with its index."""


class Column(NamedTuple):
    """One column of a table: its name, None where there is none, and its entries, (n,)."""

    name: str | None
    entries: Array


def table_of(values: object) -> Array:
    """A fresh array of float64 where it holds the numbers exactly, otherwise of objects that do; of any shape.

    Raises :class:`SpecError` for what is no array of real numbers, and for masked or missing entries.

    >>> table_of([[1, 2.5]]).dtype, table_of([[2**53 + 1, 1.0]]).tolist()
    (dtype('float64'), [[9007199254740993, 1.0]])
    """
    found = frame_columns(values)
    if found is None:
        return exact_array(values)
    names = [str(column.name) for column in found]
    for k in record_index(names) if isinstance(values, np.ndarray) else unnamed_index(names):
        raise _indexed(names[k])
    return join(found)


def exact_array(values: object) -> Array:
    """The same for an array or nested lists."""
    if isinstance(values, (str, bytes, os.PathLike)):
        raise SpecError(f"{UNREADABLE} but a text ({str(values)[:60]!r}): give an array; files are read by a study.")
    if hasattr(values, "toarray") and hasattr(values, "nnz"):
        raise SpecError(f"{UNREADABLE} but a sparse {type(values).__name__}: give its toarray().")
    if isinstance(values, (Mapping, set, frozenset)):
        raise SpecError(f"{UNREADABLE} but a {type(values).__name__}: give an array or a data frame.")
    if hasattr(values, "mid") and hasattr(values, "rad"):
        raise SpecError(f"{UNREADABLE} but a {type(values).__name__}, whose radii would be lost: give its mid.")
    if _masked(values):
        raise SpecError("some entries are masked: fill them in or remove their rows.")
    exactly = isinstance(values, (list, tuple)) and not _floats(values)
    try:
        if not exactly and hasattr(values, "__dlpack__") and not hasattr(values, "__array__"):
            values = np.from_dlpack(values)  # an array of another library, by the array API standard
        given = np.array(values, dtype=object) if exactly else np.asarray(values)
    except Exception as error:  # whatever __array__ of a foreign object raises
        what = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise SpecError(f"{UNREADABLE} ({what}): give n rows of equal length.") from None
    if exactly and any(isinstance(x, (list, tuple)) for x in given.ravel().tolist()):
        raise SpecError(f"{UNREADABLE} (its rows differ in length): give n rows of equal length.")
    return _exactly(np.asarray(given), type(values).__name__)


def _exactly(given: Array, origin: str) -> Array:
    kind = given.dtype.kind
    if kind == "b" or (kind in "iuf" and given.dtype.itemsize < 8):
        return np.array(given, dtype=np.float64, order="C")
    if kind in "iuf":
        table = np.array(given, dtype=np.float64, order="C")
        if given.dtype == np.float64:
            return table
        if kind in "iu":
            fits = not given.size or (int(given.max()) <= INTEGERS and int(given.min()) >= -INTEGERS)
        else:
            fits = bool(((table == given) | ~np.isfinite(given)).all())
        return table if fits else given.astype(object)
    if given.shape == ():
        hint = "give its values, as in k(X)" if callable(given.item()) else "give n rows of equal length"
        raise SpecError(f"{UNREADABLE} but a {origin}: {hint}.")
    if kind == "O":
        return _narrow(given)
    if kind in "US":
        try:
            return _narrow(given.astype(str).astype(object))
        except (ValueError, SystemError, OverflowError):  # bytes that are no ASCII, code points that are none
            raise SpecError(f"entries of type {given.dtype} are not numerals: give numbers.") from None
    raise SpecError(f"entries of type {given.dtype} are not real numbers: give float64, integers or exact numbers.")


def _narrow(given: Array) -> Array:
    """Objects as float64 where each of them is a binary64 number, otherwise as they are."""
    flat = given.astype(object).ravel()
    if all(type(x) is float or (type(x) is int and -INTEGERS <= x <= INTEGERS) for x in flat.tolist()):
        return given.astype(np.float64)
    return given.astype(object)


def _floats(values: Sequence[object]) -> bool:
    """Whether these are lists of Python's floats: the common case, which needs no second look."""
    return all(isinstance(row, (list, tuple)) and all(type(x) is float for x in row) for row in values)


def _masked(values: object) -> bool:
    if isinstance(values, (list, tuple)):
        return any(_masked(x) for x in values if not isinstance(x, (float, int, str)))
    return bool(np.ma.is_masked(values))


def frame_columns(values: object) -> list[Column] | None:
    """The columns of a data frame (pandas, or what speaks the Arrow protocol) or of a structured array; else None."""
    if isinstance(values, np.ndarray):
        names = values.dtype.names
        if names is None or values.ndim != 1:
            return None
        return [Column(name, exact_array(values[name])) for name in names]
    if hasattr(values, "iloc") and hasattr(values, "columns"):  # names may repeat: columns are taken by place
        return [_pandas(str(name), values.iloc[:, k]) for k, name in enumerate(values.columns)]
    if hasattr(values, "__arrow_c_stream__") and hasattr(values, "columns"):
        table = _arrow().table(values)
        for k in index_places(table):
            raise _indexed(table.column_names[k])
        return arrow_columns(table)
    return None


def _pandas(name: str, column: Any) -> Column:
    if str(column.dtype) == "category":
        raise SpecError(f"column {name!r} holds categories, not coordinates: leave it out.")
    missing = np.asarray(column.isna(), dtype=bool)
    if missing.any():
        raise SpecError(
            f"column {name!r}: row {int(np.argmax(missing))} has an entry that is NaN, infinite or missing:"
            " remove the row or fill it in."
        )
    return _column(name, np.asarray(column))


def _column(name: str, given: Array) -> Column:
    try:
        return Column(name, _exactly(given, "column"))
    except SpecError as error:
        raise SpecError(f"column {name!r}: {error}") from None


def _arrow() -> Any:
    try:
        import pyarrow
    except ImportError:
        raise SpecError("reading this table needs pyarrow: install certigram[parquet].") from None
    return pyarrow


def _indexed(name: str) -> SpecError:
    return SpecError(f"column {name!r} is the index of a data frame: leave it out.")


def unnamed_index(names: Sequence[str]) -> list[int]:
    """The places of the first columns with headings of an unnamed index; one column at least is none.

    >>> unnamed_index(["", "", "a"]), unnamed_index(["", "Unnamed: 0", "a", ""]), unnamed_index([""])
    ([0, 1], [0, 1], [])
    """
    first = next((k for k, name in enumerate(names) if not UNNAMED.fullmatch(name)), 1)
    return list(range(min(first, len(names) - 1)))


def record_index(names: Sequence[str]) -> list[int]:
    """The places of the first fields of a structured array that are the index of a frame, as pandas names them.

    >>> record_index(["index", "a"]), record_index(["level_0", "level_1", "a"]), record_index(["a", "index"])
    ([0], [0, 1], [])
    """
    if len(names) < 2 or not RECORDS.fullmatch(names[0]):
        return []
    levels = next((k for k, name in enumerate(names) if name != f"level_{k}"), 1)
    return list(range(min(max(levels, 1), len(names) - 1)))


def index_places(table: Any) -> list[int]:
    """The places of the columns of a pyarrow table that hold the index of a pandas frame, by what pandas wrote."""
    try:
        described = json.loads((table.schema.metadata or {}).get(b"pandas", b"{}"))
        stored = described.get("index_columns", []) if isinstance(described, dict) else []
    except (ValueError, RecursionError):
        stored = []
    listed = {name for name in stored if isinstance(name, str)} if isinstance(stored, list) else set()
    names = list(map(str, table.column_names))
    return [k for k, name in enumerate(names) if name in listed] or unnamed_index(names)


def arrow_columns(table: Any) -> list[Column]:
    """The columns of a pyarrow table, each with its own type: integers and decimals are not turned into floats."""
    return [arrow_column(str(name), column) for name, column in zip(table.column_names, table.columns, strict=True)]


def arrow_column(name: str, column: Any) -> Column:
    """One column of it; :class:`SpecError` where entries are missing or no numbers."""
    kinds = _arrow().types
    kind = column.type
    numeric = kinds.is_integer(kind) or kinds.is_floating(kind) or kinds.is_decimal(kind) or kinds.is_boolean(kind)
    if not numeric:
        raise SpecError(f"column {name!r} is not numeric ({kind}): keep only the coordinates of the points.")
    if column.null_count:
        row = next(i for i, x in enumerate(column) if not x.is_valid)
        raise SpecError(f"column {name!r}: row {row} has a missing entry: remove the row or fill it in.")
    if kinds.is_decimal(kind):
        return _column(name, np.array(column.to_pylist(), dtype=object))
    return _column(name, np.asarray(column.to_numpy()))


def join(columns: Sequence[Column]) -> Array:
    """The columns side by side, (n, d), each entry as exact as it was."""
    if not columns:
        raise SpecError("the table has no columns: give one column for each coordinate.")
    if all(c.entries.dtype == np.float64 for c in columns):
        table: Floats = np.column_stack([c.entries for c in columns])
        return table
    wide = np.empty((len(columns[0].entries), len(columns)), dtype=object)
    for k, c in enumerate(columns):
        wide[:, k] = exact_entries(c.entries.astype(object), f"column {c.name!r}")
    return wide
