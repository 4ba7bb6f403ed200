"""The folder of a run: one writer at a time, one study in it, and nothing half-written left behind."""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ...theory.errors import SpecError, Unfinished
from ..files import remove_parts, require_output, write_atomically
from ..studies.study import Study
from .archive import CERTIFICATES, RESULTS

LOCK, OWNER = ".lock", ".study.json"
"""Hidden files of a run: who is writing, and which study it is of."""
SAMPLES = "samples"


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """The folder, made, and written to by nobody else inside the ``with`` block.

    Raises :class:`Unfinished` while another process is writing there. The lock ends with its process, in any case.
    """
    require_output(folder, folder=True)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a+", encoding="ascii") as file:
        if not _lock(file):
            file.seek(0)
            who = file.read(20).strip()
            raise Unfinished(
                f"another run{f' (process {who})' if who else ''} is writing to {folder}: wait for it, or give another"
                " folder."
            )
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        remove_parts(folder)
        yield


@contextmanager
def run_folder(
    folder: Path, study: Study, *, replace: bool = False, tell: Callable[[str], None] = lambda sentence: None
) -> Iterator[None]:
    """The folder, locked, for a run of this study: it continues an earlier run, or takes its place.

    An earlier run of the same study is continued. One of the same study file, which was edited since, is replaced, and
    ``tell`` gets a sentence. One of another study is left alone: :class:`SpecError`, unless ``replace``.
    """
    with locked(folder):
        before = _owner(folder)
        origin = study.origin and _relative(study.origin, folder)
        if before is not None and before["digest"] != study.digest:
            if before["origin"] != origin and not replace:
                raise SpecError(
                    f"{folder} holds a run of another study"
                    + (f" ({before['origin']}, seen from there)" if before["origin"] else "")
                    + ": give this one another name or --out, or take its place with --replace."
                )
            tell(f"{folder} held a run of another setting, which this one replaces")
        write_atomically(folder / OWNER, json.dumps({"digest": study.digest, "origin": origin}) + "\n")
        yield


def _owner(folder: Path) -> dict[str, str] | None:
    """What the last run here wrote of its study; None where there is nothing to read."""
    if not any((folder / name).exists() for name in (RESULTS, CERTIFICATES, SAMPLES)):
        return None  # it was emptied
    try:
        found = json.loads((folder / OWNER).read_text(encoding="utf-8"))
        return {key: str(found[key]) for key in ("digest", "origin")}
    except (OSError, ValueError, RecursionError, KeyError, TypeError):
        return None


def _relative(file: str, folder: Path) -> str:
    """The file as seen from the folder, so that both can be moved together."""
    try:
        return os.path.relpath(os.path.realpath(file), os.path.realpath(folder))
    except ValueError:  # on another drive
        return os.path.realpath(file)


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[str]) -> bool:
        file.seek(100)  # beyond what is written, which stays readable
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(file: IO[str]) -> bool:
        """Whether this process has the lock now; also where the file system knows no locks."""
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return error.errno in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS)
        return True
