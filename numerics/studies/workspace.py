"""Where the experiments of a run work: cores, time, a place for finished arrays, and a listener for progress."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...theory.errors import SpecError
from ...theory.version import __version__
from ..files import write_atomically
from ..stored import arrays_as_bytes, damaged, read_arrays, silent

Arrays = dict[str, NDArray[np.float64]]


def _silent(text: str, done: int, total: int) -> None:
    """Nobody listens."""


@dataclass(frozen=True, eq=False)
class Workspace:
    """What an experiment may use; the default works in memory, on one core, without a limit.

    Attributes
    ----------
    store: the folder of finished experiments, or None.
    study: the digest of the study: an experiment is found again only by the same study.
    jobs: worker processes at most.
    deadline: the ``time.monotonic()`` after which no new experiment should start.
    progress: called with a text and how much is done of how much.
    tell: called with a sentence about a stored file that is not what was written; it is then made anew.
    """

    store: Path | None = None
    study: str = ""
    jobs: int = 1
    deadline: float = math.inf
    progress: Callable[[str, int, int], None] = _silent
    tell: Callable[[str], None] = silent

    def seconds_left(self) -> float:
        """Seconds until the deadline, not negative."""
        return max(self.deadline - time.monotonic(), 0.0)

    def keep(self, key: str, make: Callable[[], Mapping[str, NDArray[np.float64]]]) -> Arrays:
        """The arrays that ``make`` returns: computed once, stored, and read back by a second run of the same study.

        ``key`` names the experiment and everything that determines it besides the study (seed, width, activation ...).
        A stored file that is not what was written is made anew, and ``tell`` hears of it.

        >>> Workspace().keep("twice", lambda: {"x": np.array([2.0])})["x"]
        array([2.])
        """
        if self.store is None:
            return dict(make())
        name = hashlib.sha256(f"{self.study}|{__version__}|{key}".encode()).hexdigest()[:32]
        path = self.store / f"{name}.npz"
        try:
            found = read_arrays(path)
            if found is not None:
                if "_key" not in found or str(found.pop("_key")) != key:
                    raise damaged(path, "it holds another experiment")
                return found
        except SpecError as error:
            self.tell(f"{error} The experiment is made again.")
        made = dict(make())
        write_atomically(path, arrays_as_bytes({"_key": np.array(key), **made}, compressed=True))
        return made
