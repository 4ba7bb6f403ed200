"""A matrix in a file: the readers of data sets, without what they do to points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...theory.errors import SpecError
from ..studies.data import SUFFIXES, read_contents
from ..studies.reading import Reading

MEMORY = 8 << 30
"""Bytes that a file may fill."""


def read_matrix(path: Path, reading: Reading) -> tuple[NDArray[Any], Sequence[str]]:
    """The table of a file, float64 where that is exact and otherwise of exact numbers, and what was left out or
    assumed.

    A .npy file keeps its type, so that float32 numbers are known to be such. Raises :class:`SpecError` as the readers
    of points do (docs/data.md).

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "K.csv"
    ...     _ = path.write_text("1,1/2\\n1/2,1\\n".replace("1/2", "0.5"))
    ...     read_matrix(path, Reading())[0].tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    if not path.name.lower().endswith(SUFFIXES):
        raise SpecError(
            f"{str(path)[:60]!r} is no file of a matrix: its name must end in one of {', '.join(SUFFIXES)}."
        )
    plain = _plain(path, reading)
    if plain is not None:
        return plain, ()
    found = read_contents(path, None, replace(reading, zero_rows=True, square=True), MEMORY)
    if not found.exact:
        return found.values, found.notes
    table = found.values.astype(object)
    for i, (q, row) in found.exact.items():
        table[i] = [Fraction(p, q) for p in row]
    return table, found.notes


def _plain(path: Path, reading: Reading) -> NDArray[Any] | None:
    """An array in numpy's own formats as it is, of two axes; None for everything that needs a second look."""
    array = _array(path, reading)
    if array is None:
        return None
    if array.ndim != 2:
        raise SpecError(f"{str(path)[:60]!r} holds an array of the shape {array.shape}: give a square matrix, (n, n).")
    if array.dtype.kind == "b":
        raise SpecError(f"{str(path)[:60]!r} is made of truth values: give numbers.")
    if array.dtype.kind not in "iuf" or reading != Reading(array=reading.array):
        return None
    return np.array(array, dtype=array.dtype.newbyteorder("="))


def _array(path: Path, reading: Reading) -> NDArray[Any] | None:
    kind = path.suffix.lower()
    if kind not in (".npy", ".npz") or (kind == ".npy" and reading.array is not None):
        return None
    try:
        if path.stat().st_size > MEMORY or not path.is_file():
            return None
        array = np.load(path, allow_pickle=False, mmap_mode="r" if kind == ".npy" else None)
        if kind == ".npz":
            with array as stored:
                names = stored.files
                array = stored[reading.array or names[0]] if reading.array or len(names) == 1 else None
    except Exception:  # the reader says what is wrong with it
        return None
    return array if isinstance(array, np.ndarray) and array.dtype.names is None else None
