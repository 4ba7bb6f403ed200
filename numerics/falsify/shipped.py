"""The records that ship with the rooms of the papers: the worst case that is known of each bound, without a search."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from ...theory.discovery import rooms
from .record import Record, load

FOLDER = "falsified"


@cache
def shipped() -> Mapping[str, Record]:
    """The records of all rooms by the names of their bounds, in alphabetical order.

    Raises :class:`SpecError` for a file that is no record.

    >>> "two-layer-logistic.gradient-bound" in shipped()
    True
    """
    found = {}
    for package in (__package__, *rooms("numerics").values()):
        folder = resources.files(package) / FOLDER
        if folder.is_dir():
            for file in folder.iterdir():
                if file.name.endswith(".json"):
                    with resources.as_file(file) as path:
                        record = load(Path(path))
                    found[record.bound] = record
    return MappingProxyType(dict(sorted(found.items())))


def worst_case(id: str) -> tuple[Record, ...]:
    """The records that speak of a claim or lemma, by its id.

    >>> [record.bound for record in worst_case("two-layer-logistic.gradient-bound")]
    ['two-layer-logistic.gradient-bound']
    """
    return tuple(record for record in shipped().values() if id in record.speaks_of)


def sharpness(id: str) -> Fraction | None:
    """The largest proved left/right of the bounds of a claim or lemma; None where no record says one."""
    return max((record.sharpness for record in worst_case(id) if record.sharpness is not None), default=None)
