"""Data sets from what a caller has in memory: arrays, nested lists, data frames."""

from __future__ import annotations

import math
from typing import Any

from ...theory.errors import SpecError
from ..kernels.columns import index_places, table_of
from ..kernels.points import points
from .data import DataSet


def given_data(values: object, normalize: str | None) -> DataSet:
    """The data set of points in memory; axes beyond the first are laid out in one row, and the description says so.

    Raises :class:`SpecError` for what is no table of exact numbers; see :func:`points`.

    >>> given_data([[[1, 2], [3, 4]]], "sphere").description
    'points given as an array, each of shape (2, 2) laid out as a row of 4'
    """
    text = "points given as an array"
    try:
        values, notes = _without_index(values)
        table = table_of(values)
    except SpecError as error:
        raise SpecError(f"points: {error}") from None
    if table.ndim > 2 and 0 not in table.shape:
        shape = tuple(table.shape[1:])
        table = table.reshape(table.shape[0], -1)
        text += f", each of shape {shape} laid out as a row of {math.prod(shape)}"
    return DataSet(points(table, zero_rows=normalize is None), None, text, normalize, notes=notes)


def _without_index(values: Any) -> tuple[Any, tuple[str, ...]]:
    """A pyarrow table without the columns that are the index of a data frame, and what was left out."""
    if not (hasattr(values, "schema") and hasattr(values, "column_names") and hasattr(values, "drop_columns")):
        return values, ()
    names = [str(name) for name in values.column_names]
    index = [names[k] for k in index_places(values)]
    notes = tuple(f"column {name!r} is left out: it is the index of a data frame" for name in index)
    return (values.drop_columns(index) if index else values), notes
