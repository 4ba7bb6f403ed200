"""Data sets: exact binary64 points (rows), from scikit-learn's digits, the sphere, or a file."""

from __future__ import annotations

import csv
import hashlib
import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tokenize import TokenError
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...theory.errors import SpecError
from ...theory.printable import printable
from ...theory.system import suggestion
from ..kernels.input_gram import InputGram
from ..kernels.points import Points
from ..kernels.points import points as exact_points

SOURCES = ("digits", "sphere")
SUFFIXES = (".csv", ".npy", ".parquet")
DIGITS_ROWS = 1797
MAX_MISFIT_SHOWN = 40
SMALLEST, LARGEST = 1e-30, 1e30
"""Between these lie the largest entries of points whose norms are kept: variances far from 1 take unbounded time."""


@dataclass(frozen=True, eq=False)
class DataSet:
    """n points in R^d, or the exact rational Gram matrix of n inputs.

    Attributes
    ----------
    points: n exact binary64 points in dimension d; None when only a Gram matrix is given.
    input_gram: the exact rational Gram matrix ``<x_i, x_j>/d``; None when points are given.
    description: one line for the report.
    normalize: ``"sphere"`` (points are rescaled to norm sqrt(d)) or None (kept as they are).
    labels: (n,) of +1 and -1 where the source has classes (digits: even +1, odd -1), else None; see :func:`labels`.
    """

    points: Points | None
    input_gram: InputGram | None
    description: str
    normalize: str | None = "sphere"
    labels: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        if self.normalize is None and self.points is not None:
            sizes = np.abs(self.points.values).max(axis=1)
            bad = ~((sizes > SMALLEST) & (sizes < LARGEST))
            if bad.any():
                row = int(np.argmax(bad))
                raise SpecError(
                    f"data: row {row} has a largest entry of {sizes[row]:.3g}: norms that are kept must lie between"
                    f" {SMALLEST:.1g} and {LARGEST:.1g}; scale the points, or let them be rescaled to the sphere."
                )

    @property
    def n(self) -> int:
        """The number of points."""
        return self.source.n

    @property
    def d(self) -> int | None:
        """The dimension of the inputs, when points are given."""
        return None if self.points is None else self.points.d

    @property
    def source(self) -> Points | InputGram:
        """Where exact inner products come from."""
        found = self.points if self.points is not None else self.input_gram
        if found is None:
            raise ValueError("a data set has points or an input Gram matrix")
        return found

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the exact numbers, so that a certificate names its data."""
        h = hashlib.sha256(f"{self.normalize}|{self.n}|{self.d}|".encode())
        if self.points is not None:
            h.update(np.ascontiguousarray(self.points.values, dtype="<f8").tobytes())
        elif self.input_gram is not None:
            h.update(";".join(",".join(map(str, row)) for row in self.input_gram.entries).encode())
        return h.hexdigest()


def labels(data: DataSet, seed: int) -> NDArray[np.float64]:
    """The labels of a data set, (n,) of +1.0 and -1.0: its own, or random signs from the seed where it has none.

    >>> labels(load("digits", 4), 0).tolist()
    [1.0, -1.0, 1.0, -1.0]
    """
    if data.labels is not None:
        return data.labels
    return np.random.default_rng([seed, data.n, 2]).choice(np.array([-1.0, 1.0]), size=data.n)


def _digits(n: int) -> NDArray[np.float64]:
    if n > DIGITS_ROWS:
        raise SpecError(f"data: digits has {DIGITS_ROWS} images, not {n}: ask for at most {DIGITS_ROWS}.")
    return np.asarray(_load_digits().data[:n], dtype=np.float64)


def _load_digits() -> Any:
    from sklearn.datasets import load_digits

    return load_digits()


def _parity_of_digits(n: int) -> NDArray[np.float64]:
    return np.asarray(1.0 - 2.0 * (_load_digits().target[:n] % 2), dtype=np.float64)


def _sphere(n: int, d: int, seed: int) -> NDArray[np.float64]:
    rng = np.random.default_rng([seed, n, d])
    return rng.standard_normal((n, d))


def _number(field: str) -> float:
    if "_" in field:  # Python's own notation, not CSV's
        raise ValueError(field)
    return float(field)


def _is_header(fields: list[str]) -> bool:
    def numeric(field: str) -> bool:
        try:
            _number(field)
        except ValueError:
            return False
        return True

    return not any(numeric(field) for field in fields)


def _read_csv(path: Path, n: int | None) -> NDArray[np.float64]:
    rows: list[list[float]] = []
    with path.open(newline="", encoding="utf-8-sig") as file:
        try:
            for number, fields in enumerate(csv.reader(file), start=1):
                if not fields or all(not field.strip() for field in fields):
                    continue
                if n is not None and len(rows) == n:
                    break
                try:
                    row = [_number(field) for field in fields]
                except ValueError:
                    if not rows and number == 1 and _is_header(fields):
                        continue
                    shown = ", ".join(fields)[:MAX_MISFIT_SHOWN]
                    raise SpecError(
                        f"{path}: line {number} is not made of numbers ({shown!r}): write one point per line,"
                        " numbers separated by commas."
                    ) from None
                if rows and len(row) != len(rows[0]):
                    raise SpecError(
                        f"{path}: line {number} has {len(row)} columns, the first has {len(rows[0])}:"
                        " every row must have the same length."
                    )
                if not all(map(math.isfinite, row)):
                    raise SpecError(
                        f"{path}: line {number} has an entry that is NaN or infinite: remove the line or fill it in."
                    )
                if not any(row):
                    raise SpecError(
                        f"{path}: line {number} is zero, so it has no direction: remove the line or fill it in."
                    )
                rows.append(row)
        except (UnicodeDecodeError, csv.Error) as error:
            raise SpecError(f"{path}: not readable as CSV ({error}): save it as plain UTF-8 CSV.") from None
    if not rows:
        raise SpecError(f"{path}: no rows of numbers found: write one point per line, columns separated by commas.")
    return np.array(rows, dtype=np.float64)


def _read_npy(path: Path, n: int | None) -> NDArray[np.float64]:
    try:
        array = np.load(path, allow_pickle=False, mmap_mode="r")  # the header alone, until it is known to fit
    except (ValueError, SyntaxError, TokenError, OSError, EOFError) as error:  # numpy parses the header as text
        what = str(error).splitlines()[0].rstrip(".")
        if "pickle" in what:
            what = "it may hold pickled objects, which are never opened"
        raise SpecError(f"{path}: not a plain .npy array of numbers ({what}): save it with numpy.save.") from None
    if not isinstance(array, np.ndarray):
        raise SpecError(f"{path}: not a single .npy array: save one (n, d) array with numpy.save.")
    return array


def _read_parquet(path: Path, n: int | None) -> NDArray[np.float64]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise SpecError(f"{path}: reading Parquet needs pyarrow: install certigram[parquet].") from None
    try:
        table = pyarrow.parquet.read_table(path)
        if table.num_columns == 0 or table.num_rows == 0:
            raise SpecError(f"{path}: the table is empty.")
        columns = [np.asarray(column.to_numpy()) for column in table.columns]
    except (pyarrow.ArrowException, OSError) as error:
        raise SpecError(f"{path}: not readable as Parquet ({str(error).splitlines()[0]}).") from None
    for name, column in zip(table.column_names, columns, strict=True):
        if column.dtype.kind not in "fiub":
            raise SpecError(f"{path}: column {name!r} is not numeric: keep only the coordinates of the points.")
    return np.column_stack(columns)


def _anchor(path: Path) -> str:
    """What a path was taken from: the paths of a study file arrive joined with the folder of that file."""
    if path.is_absolute():
        return " (in a study file it is relative to the study file)"
    return f" (it was looked for in {Path.cwd() / path.parent})"


def load(
    source: str,
    n: int | None = None,
    *,
    d: int = 64,
    seed: int = 0,
    normalize: str | None = "sphere",
    memory: int = 8 << 30,
) -> DataSet:
    """The data set that a study names: ``digits``, ``sphere``, or the path of a .csv, .npy or .parquet file.

    ``n`` keeps the first n points (digits and sphere default to 200). Raises :class:`SpecError` naming the file and row
    for anything unusable, and before allocating when the matrices of a study would not fit into ``memory`` bytes.

    >>> data = load("digits", 3)
    >>> data.n, data.d
    (3, 64)
    """
    if n is not None and n < 1:
        raise SpecError(f"data: n = {n} is not a number of points: give at least 1.")
    path = Path(source)
    if source == "digits":
        table, what = _digits(n or 200), "handwritten digits 8×8 (scikit-learn)"
    elif source == "sphere":
        if d < 1:
            raise SpecError(f"data: d = {d} is not a dimension: give at least 1.")
        require_memory(n or 200, d, memory)
        table, what = _sphere(n or 200, d, seed), f"random points on the sphere in R^{d}, seed {seed}"
    elif path.suffix.lower() in SUFFIXES:
        if not path.is_file():
            raise SpecError(f"data: there is no file {source}: check the path{_anchor(path)}.")
        read = {".csv": _read_csv, ".npy": _read_npy, ".parquet": _read_parquet}[path.suffix.lower()]
        if path.stat().st_size > memory:
            raise SpecError(f"data: {source} is larger than the budget of {memory / 1e9:.2g} GB: raise memory.")
        table, what = read(path, n), f"points of {printable(path.name)}"
        if table.ndim == 2:
            require_memory(min(n or table.shape[0], table.shape[0]), table.shape[1], memory)
        if table.ndim == 2 and n is not None:
            if n > table.shape[0]:
                raise SpecError(f"data: {source} has {table.shape[0]} rows, not {n}: ask for fewer points.")
            table = table[:n]
    else:
        shown = source if len(source) <= MAX_MISFIT_SHOWN else source[:MAX_MISFIT_SHOWN] + "..."
        raise SpecError(
            f"data: {shown!r} is neither a known source nor a .csv, .npy or .parquet file."
            + suggestion(source, list(SOURCES))
        )
    try:
        checked = exact_points(table)
    except SpecError as error:
        raise SpecError(f"{source}: {str(error).removeprefix('points: ')}") from None
    require_memory(checked.n, checked.d, memory)
    signs = _parity_of_digits(checked.n) if source == "digits" else None
    return DataSet(checked, None, f"{checked.n} {what}", normalize, signs)


def require_memory(n: int, d: int, memory: int) -> None:
    """Refuse, before anything is allocated, a data set whose Gram matrices would not fit into ``memory`` bytes.

    >>> require_memory(10**9, 64, 8 << 30)
    Traceback (most recent call last):
        ...
    certigram.theory.errors.SpecError: n = 1000000000 points need about 2.4e+10 GB, the budget is 8.6 GB: \
take fewer points, or raise memory in [budget].
    """
    needed = 8 * (3 * n * n + 2 * n * d)
    if needed > memory:
        raise SpecError(
            f"n = {n} points need about {min(needed, 10**300) / 1e9:.2g} GB, the budget is {memory / 1e9:.2g} GB:"
            " take fewer points, or raise memory in [budget]."
        )
