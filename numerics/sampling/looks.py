"""How often the tests of one folder were settled: every look at more samples is paid for out of one error budget.

The k-th look gets the share 1/(k(k+1)) of the level. The shares add up to 1, so that all looks together say
INCONSISTENT about a true theory with at most the probability of the whole budget, whatever made the owner look again
(docs/theory/finite-width.md, section 4).
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from .statistics import StatisticalTest

FILE = "looks.txt"


def share(look: int) -> float:
    """The part of the error budget that belongs to a look, counted from 1.

    >>> share(1), share(2), sum(share(k) for k in range(1, 1000)) < 1
    (0.5, 0.16666666666666666, True)
    """
    return 1 / (look * (look + 1))


def look(folder: Path | None, study: str, tests: Sequence[StatisticalTest]) -> int:
    """Which look at the samples of a folder this is; it is written down there before anybody sees a verdict.

    The same study with the same outcomes is the same look: a second start that finds everything finished pays
    nothing. ``folder`` None: the samples are kept nowhere, and nobody can look again. A line that cannot be read
    still counts.
    """
    if folder is None or not tests:
        return 1
    return counted(folder, repr((study, [(test.name, test.p_value) for test in tests])))


def counted(folder: Path, what: str) -> int:
    """The place, from 1, of a question or outcome among those that were written down for a folder; it is added there.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     [counted(Path(folder), what) for what in ("a", "b", "a")]
    [1, 2, 1]
    """
    mark = hashlib.sha256(what.encode()).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / FILE
    before = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
    if mark in before:
        return before.index(mark) + 1
    with path.open("a", encoding="utf-8") as file:
        file.write(mark + "\n")
    return len(before) + 1
