"""Records of the falsifier as files: exact numbers, what was proved at them, and how they were found."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path

import numpy as np

from ...theory.errors import SpecError
from ...theory.verdict import Verdict
from ...theory.version import __version__
from ..files import write_atomically
from ..records import read, written
from ..stored import read_json
from .domain import Instance

FORMAT, VERSION = "certigram-falsified", 1
MAX_ENTRIES = 1 << 16
_HEX = re.compile(r"-?0x[01]\.[0-9a-f]{0,13}p[+-]\d{1,4}")
_DECIMAL = re.compile(r"\d{1,13}\.\d{9}")


@dataclass(frozen=True, slots=True)
class Entries:
    """The float64 numbers of an array in hexadecimal notation, row by row, and its shape."""

    shape: tuple[int, ...]
    entries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """The best instance that was found for a bound.

    ``verdict`` is REFUTED or UNKNOWN; ``ratio`` a decimal that is proved to be at most left/right, empty where nothing
    is; ``left`` and ``right`` are the enclosed sides, for the reader. ``seed`` and ``evaluations`` give the instance
    again with the ``versions`` named, unless the time ``cut`` the search.
    """

    format: str
    version: int
    bound: str
    speaks_of: tuple[str, ...]
    text: str
    formula: str
    verdict: str
    ratio: str
    left: str
    right: str
    bits: int
    sizes: dict[str, int]
    choices: dict[str, str]
    values: dict[str, Entries]
    seed: int
    evaluations: int
    cut: bool
    versions: dict[str, str]

    @property
    def sharpness(self) -> Fraction | None:
        """The proved lower bound of left/right."""
        return Fraction(self.ratio) if self.ratio else None

    @property
    def refuted(self) -> bool:
        """Whether left > right is proved."""
        return self.verdict == Verdict.REFUTED.name

    def instance(self) -> Instance:
        """The instance, exactly."""
        values = {
            name: np.array([float.fromhex(x) for x in found.entries]).reshape(found.shape)
            for name, found in self.values.items()
        }
        return Instance(self.sizes, self.choices, values)

    def save(self, folder: Path) -> Path:
        """Write it to ``folder`` under the name of its bound, whole or not at all; returns the path."""
        text = json.dumps(written(self), indent=1, allow_nan=False)
        return write_atomically(folder / file_name(self.bound), text + "\n")


def file_name(bound: str) -> str:
    """The name of the file of a bound.

    >>> file_name("resnet-rkhs.separation/upper")
    'resnet-rkhs.separation.upper.json'
    """
    return bound.replace("/", ".") + ".json"


def entries(array: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Entries:
    """An array as exact text."""
    return Entries(array.shape, tuple(float(x).hex() for x in array.ravel()))


def decimal(ratio: Fraction | None) -> str:
    """A proved quotient, a multiple of 10^-9, as a decimal; empty where there is none.

    >>> decimal(Fraction(999, 1000))
    '0.999000000'
    """
    return "" if ratio is None else f"{Decimal(int(ratio * 10**9)).scaleb(-9):.9f}"


def versions() -> dict[str, str]:
    """What the instance depends on besides the seed."""
    return {"certigram": __version__} | {name: version(name) for name in ("numpy", "scipy", "python-flint")}


def load(path: Path) -> Record:
    """Read a record; raises :class:`SpecError` in one sentence for anything that is none."""
    try:
        record = read(Record, read_json(path))
    except SpecError as error:
        raise SpecError(f"{path} is no record of the falsifier: {error}") from None
    if (record.format, record.version) != (FORMAT, VERSION):
        raise SpecError(f"{path}: format {record.format!r}, version {record.version}: this reads {FORMAT} {VERSION}.")
    if record.verdict not in (Verdict.REFUTED.name, Verdict.UNKNOWN.name):
        raise SpecError(f"{path}: a record says REFUTED or UNKNOWN, not {record.verdict!r}.")
    if record.ratio and not _DECIMAL.fullmatch(record.ratio):
        raise SpecError(f"{path}: the ratio {record.ratio[:40]!r} is no decimal of nine places.")
    for name, found in record.values.items():
        size = math.prod(found.shape)
        if size != len(found.entries) or size > MAX_ENTRIES or min(found.shape, default=1) < 0:
            raise SpecError(f"{path}: {name} does not have the shape that it states.")
        if not all(_HEX.fullmatch(x) for x in found.entries):
            raise SpecError(f"{path}: {name} has an entry that is no float64 number in hexadecimal notation.")
    return record
