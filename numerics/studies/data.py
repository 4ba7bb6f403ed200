"""Data sets: exact points (rows), from scikit-learn's digits, the sphere, or a file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...theory.errors import SpecError
from ...theory.printable import printable, shown
from ...theory.suggestion import suggestion
from ..kernels.input_gram import InputGram
from ..kernels.points import Points
from ..kernels.points import points as exact_points
from .reading import Contents, Reading, label_file, signs
from .stored_arrays import read_npy, read_npz, read_parquet
from .text_table import read_labels, read_text

SOURCES = ("digits", "sphere")
TEXT = (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz", ".txt.gz")
SUFFIXES = (*TEXT, ".npy", ".npz", ".parquet")
DIGITS_ROWS = 1797
MAX_MISFIT_SHOWN = 40
MANY = 10**15
"""More points, or a larger dimension, than any machine holds."""
SMALLEST, LARGEST = 1e-30, 1e30
"""Between these lie the largest entries of points whose norms are kept: variances far from 1 take unbounded time."""


@dataclass(frozen=True, eq=False)
class DataSet:
    """n points in R^d, or the exact rational Gram matrix of n inputs.

    Attributes
    ----------
    points: n exact points in dimension d; None when only a Gram matrix is given. On the sphere a row that binary64
        numbers do not give is replaced by a positive multiple of it which they do give, where there is one.
    input_gram: the exact rational Gram matrix ``<x_i, x_j>/d``; None when points are given.
    description: one line for the report.
    normalize: ``"sphere"`` (points are rescaled to norm sqrt(d)) or None (kept as they are).
    labels: (n,) of +1 and -1 where the source has classes (digits: even +1, odd -1), else None; see :func:`labels`.
    notes: what was left out or assumed when the data were read, one sentence each.
    """

    points: Points | None
    input_gram: InputGram | None
    description: str
    normalize: str | None = "sphere"
    labels: NDArray[np.float64] | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.labels is not None:
            own = np.array(self.labels, dtype=np.float64)
            own.setflags(write=False)
            object.__setattr__(self, "labels", own)
        if self.points is not None and self.normalize == "sphere":
            self.points.require_directions()
        if self.points is not None and self.points.exact and self.normalize == "sphere":
            object.__setattr__(self, "points", self.points.on_sphere())
        if self.normalize is None and self.input_gram is not None:
            for i in range(self.input_gram.n):
                if not SMALLEST**2 < self.input_gram.second_moment(i) < LARGEST**2:
                    raise SpecError(
                        f"data: the diagonal entry {i} of the input Gram matrix is not between {SMALLEST**2:.1g} and"
                        f" {LARGEST**2:.1g}: scale the matrix, or let it be rescaled to the sphere."
                    )
        if self.normalize is None and self.points is not None:
            sizes = np.abs(self.points.values).max(axis=1)
            bad = ~((sizes > SMALLEST) & (sizes < LARGEST)) & (sizes > 0)
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
    def zero_rows(self) -> tuple[int, ...]:
        """The inputs that are zero, which are refused unless norms are kept."""
        return () if self.points is None else self.points.zero_rows

    @property
    def nonzero_rows(self) -> list[int]:
        """The other inputs, in order."""
        return sorted(set(range(self.n)) - set(self.zero_rows))

    @cached_property
    def moments(self) -> tuple[Fraction, ...]:
        """``|x_i|²/d`` for each input, exactly; 1 after rescaling to the sphere."""
        if self.normalize == "sphere":
            return (Fraction(1),) * self.n
        return tuple(map(self.source.second_moment, range(self.n)))

    @property
    def common_norm(self) -> Fraction | None:
        """The common value of ``|x_i|²/d``, or None when the norms differ."""
        return self.moments[0] if len(set(self.moments)) == 1 else None

    def take(self, rows: Sequence[int], description: str) -> DataSet:
        """Some of the points, in the order given; raises ``ValueError`` where only a Gram matrix is given."""
        if self.points is None:
            raise ValueError("rows are taken from points, and only their Gram matrix is given")
        given = None if self.labels is None else self.labels[list(rows)]
        return DataSet(self.points.take(rows), None, description, self.normalize, given)

    @property
    def source(self) -> Points | InputGram:
        """Where exact inner products come from."""
        found = self.points if self.points is not None else self.input_gram
        if found is None:
            raise ValueError("a data set has points or an input Gram matrix")
        return found

    def summary(self) -> dict[str, Any]:
        """What a certificate says of its data, as JSON data."""
        size = {"n": self.n, "d": self.d, "normalize": self.normalize}
        notes = {"notes": list(self.notes)} if self.notes else {}
        return {"sha256": self.digest, **size, "description": self.description, **notes}

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the exact numbers, so that a certificate names its data."""
        h = hashlib.sha256(f"{self.normalize}|{self.n}|{self.d}|".encode())
        if self.points is not None:
            h.update(np.ascontiguousarray(self.points.values, dtype="<f8").tobytes())
            for i, (q, row) in sorted(self.points.exact.items()):
                h.update(f"|{i}:{q:x}:{','.join(f'{x:x}' for x in row)}".encode())
        elif self.input_gram is not None:
            h.update(";".join(",".join(map(str, row)) for row in self.input_gram.entries).encode())
        return h.hexdigest()

    @cached_property
    def labels_digest(self) -> str | None:
        """SHA-256 of the labels, None where the source has none: a run on other labels is another run."""
        if self.labels is None:
            return None
        return hashlib.sha256(np.ascontiguousarray(self.labels, dtype="<f8").tobytes()).hexdigest()


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
        raise SpecError(f"data: digits has {DIGITS_ROWS} images, not {shown(n)}: ask for at most {DIGITS_ROWS}.")
    return np.asarray(_load_digits().data[:n], dtype=np.float64)


def _load_digits() -> Any:
    from sklearn.datasets import load_digits

    return load_digits()


def _parity_of_digits(n: int) -> NDArray[np.float64]:
    return np.asarray(1.0 - 2.0 * (_load_digits().target[:n] % 2), dtype=np.float64)


def _sphere(n: int, d: int, seed: int) -> NDArray[np.float64]:
    rng = np.random.default_rng([seed, n, d])
    return rng.standard_normal((n, d))


def _anchor(path: Path) -> str:
    """What a path was taken from: the paths of a study file arrive joined with the folder of that file."""
    if path.is_absolute():
        return " (in a study file it is relative to the study file)"
    return f" (it was looked for in {Path.cwd() / path.parent})"


def read_contents(path: Path, n: int | None, how: Reading, memory: int) -> Contents:
    """The first ``n`` rows of a file, or all, by the ending of its name, which is one of :data:`SUFFIXES`."""
    kind = next(s for s in SUFFIXES if path.name.lower().endswith(s))
    try:
        regular, size = path.is_file(), path.stat().st_size
    except (OSError, ValueError):
        regular, size = False, 0
    if not regular and path.exists():
        raise SpecError(f"data: {path} is not a regular file: give a file, not a folder, a pipe or a device.")
    if not regular:
        raise SpecError(f"data: there is no file {path}: check the path{_anchor(path)}.")
    if kind not in TEXT and how.header is not None:
        raise SpecError(f"data: {path} is no text file: header is about text files.")
    if kind != ".npz" and how.array is not None:
        raise SpecError(f"data: {path} holds one table: array is about .npz files.")
    if size > memory:
        raise SpecError(f"data: {path} is larger than the budget of {memory / 1e9:.2g} GB: raise memory.")
    reader = {".npy": read_npy, ".npz": read_npz, ".parquet": read_parquet}.get(kind, read_text)
    return reader(path, n, how, memory)


def load(
    source: str,
    n: int | None = None,
    *,
    d: int = 64,
    seed: int = 0,
    normalize: str | None = "sphere",
    memory: int = 8 << 30,
    reading: Reading | None = None,
) -> DataSet:
    """The data set that a study names: ``digits``, ``sphere``, or the path of a file (see docs/data.md).

    ``n`` keeps the first n points (digits and sphere default to 200). Raises :class:`SpecError` naming the file and row
    for anything unusable, and before allocating when the matrices of a study would not fit into ``memory`` bytes.

    >>> data = load("digits", 3)
    >>> data.n, data.d
    (3, 64)
    """
    if n is not None and not 1 <= n < MANY:
        raise SpecError(f"data: n = {shown(n)} is not a number of points: give at least 1, and as many as there are.")
    path, how = Path(source), reading or Reading()
    if source in SOURCES:
        if how != Reading():
            raise SpecError(
                f"data: {source} is no file: columns, drop, labels, header, numbers and array are about files."
            )
        return _made(source, n or 200, d, seed, normalize, memory)
    if not path.name.lower().endswith(SUFFIXES):
        short = source if len(source) <= MAX_MISFIT_SHOWN else source[:MAX_MISFIT_SHOWN] + "..."
        raise SpecError(
            f"data: {short!r} is neither a known source nor a file of points ({', '.join(SUFFIXES)})."
            + suggestion(source, list(SOURCES))
        )
    how = replace(how, zero_rows=normalize is None)
    beside = how.labels if isinstance(how.labels, str) and label_file(Path(how.labels)) else None
    found = read_contents(path, n, replace(how, labels=None) if beside else how, memory)
    rows, width = found.values.shape
    require_memory(rows, width, memory)
    if n is not None and n > rows:
        raise SpecError(f"data: {source} has {rows} rows, not {n}: ask for fewer points.")
    try:
        checked = exact_points(found.values, zero_rows=normalize is None)
    except SpecError as error:
        raise SpecError(f"{source}: {str(error).removeprefix('points: ')}") from None
    notes, given = found.notes, None
    if how.numbers == "binary64" and found.exact:
        notes = (*notes, f"rows rounded to the nearest binary64 numbers, as asked: {len(found.exact)}")
        found = found._replace(exact={})
    if beside is not None:
        given, told = read_labels(path.parent / beside, rows)
        notes = (*notes, told)
    elif found.labels is not None:
        given, told = signs(found.labels, f"column {how.labels!r}")
        notes = (*notes, told)
    text = f"{rows} points of {printable(path.name)}"
    if path.name.lower().endswith(TEXT):
        text += " as decimals" if how.numbers == "decimal" else " as binary64"
    kept = replace(checked, exact=MappingProxyType(found.exact))
    if normalize == "sphere":
        kept = kept.on_sphere()
    if len(found.exact) > len(kept.exact):
        told = "rows taken times a positive number, so that binary64 holds them (the sphere is blind to it)"
        notes = (*notes, f"{told}: {len(found.exact) - len(kept.exact)}")
    if kept.exact:
        notes = (*notes, f"rows that binary64 does not hold, kept exactly as integers: {len(kept.exact)}")
    return DataSet(kept, None, text, normalize, given, notes)


def _made(source: str, n: int, d: int, seed: int, normalize: str | None, memory: int) -> DataSet:
    """The data sets that need no file."""
    if source == "digits":
        table, what = _digits(n), "handwritten digits 8×8 (scikit-learn)"
        require_memory(n, table.shape[1], memory)
    else:
        if not 1 <= d < MANY:
            raise SpecError(f"data: d = {shown(d)} is not a dimension: give at least 1.")
        require_memory(n, d, memory)
        table, what = _sphere(n, d, seed), f"random points on the sphere in R^{d}, seed {seed}"
    given = _parity_of_digits(n) if source == "digits" else None
    return DataSet(exact_points(table), None, f"{n} {what}", normalize, given)


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
            f"n = {shown(n)} points need about {min(needed, 10**300) / 1e9:.2g} GB,"
            f" the budget is {memory / 1e9:.2g} GB: take fewer points, or raise memory in [budget]."
        )
