"""Checking certificates file by file, with the independent checker, and adding up what it says of a folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...theory.errors import SpecError
from ..replay import INVALID, UNSUPPORTED, VALID, Check, certificate_files, check, printable

__all__ = ["INVALID", "UNSUPPORTED", "VALID", "Checked", "check_files", "check_path", "printable"]

DATA = (".npy", ".npz", ".csv", ".tsv", ".txt", ".parquet")
"""Endings of the names of files that hold numbers, never a certificate."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What the independent checker says of a certificate or of a folder of them.

    ``verdict`` is INVALID when any part is, else VALID when at least one part is, else UNSUPPORTED. A part names the
    line of its certificate that decided, and why; for a VALID one the reason is the statement that was proved again.
    ``bool`` raises: there are three outcomes.
    """

    path: str
    parts: tuple[Check, ...]

    @property
    def verdict(self) -> str:
        """VALID, INVALID or UNSUPPORTED."""
        found = {part.verdict for part in self.parts}
        return INVALID if INVALID in found else VALID if VALID in found else UNSUPPORTED

    def count(self, verdict: str) -> int:
        """How many parts have this verdict."""
        return sum(part.verdict == verdict for part in self.parts)

    def __bool__(self) -> bool:
        raise TypeError("a check has three outcomes: compare its verdict with 'VALID', 'INVALID' or 'UNSUPPORTED'")

    def __str__(self) -> str:
        counts = ", ".join(f"{self.count(verdict)} {verdict.lower()}" for verdict in (VALID, INVALID, UNSUPPORTED))
        return f"{self.verdict} ({counts})"


def check_files(path: Path, *, accelerate: bool = True) -> Iterator[Check]:
    """Check what ``path`` means, one file at a time; raises :class:`SpecError` when it means no certificate."""
    files = [] if path.suffix.lower() in DATA and path.is_file() else certificate_files(path)
    if not files:
        raise SpecError(
            f"{printable(str(path))}: there is no certificate here: give a .json certificate, or a folder of them."
        )
    for file in files:
        yield check(file, accelerate=accelerate)


def check_path(path: Path, *, accelerate: bool = True) -> Checked:
    """Check a certificate, or each one of a folder; ``accelerate`` allows flint for products of exact integers."""
    return Checked(str(path), tuple(check_files(path, accelerate=accelerate)))
