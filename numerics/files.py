"""Files that are written whole or not at all, and what may be written to."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from ..theory.errors import SpecError

PART = ".part"
"""The ending of a file under work; it is hidden, and has its name when it is whole."""


def require_output(path: Path, *, folder: bool = False) -> None:
    """Refuse, before any work is done, a path where nothing can be written: :class:`SpecError` says why.

    A file may be new or replace a regular file; a folder may be new or be there. Never is a pipe or a device replaced.

    >>> require_output(Path(os.devnull))
    Traceback (most recent call last):
        ...
    certigram.theory.errors.SpecError: /dev/null is a device, not a file: choose another file.
    """
    wanted = "folder" if folder else "file"
    try:
        kind = _kind(path)
        if kind == "a folder" and not folder:
            raise SpecError(f"{path}: Is a directory: give the name of a file.")
        if kind not in ("", f"a {wanted}"):
            raise SpecError(f"{path} is {kind}, not a {wanted}: choose another {wanted}.")
        place = Path(os.path.abspath(path))
        place = place if folder else place.parent
        while not (kind := _kind(place)):
            place = place.parent
        if kind != "a folder":
            raise SpecError(f"{path} cannot be made: {place} is {kind}, not a folder: choose another {wanted}.")
        if not os.access(place, os.W_OK | os.X_OK):
            raise SpecError(f"{path} cannot be written: {place} does not allow it: choose another {wanted}.")
    except (OSError, ValueError) as error:  # a name that is too long, or no name of a file at all
        if isinstance(error, SpecError):
            raise
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise SpecError(f"{path} cannot be written ({why}): choose another {wanted}.") from None


def _kind(path: Path) -> str:
    """What a path is, links followed; nothing where there is nothing."""
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return ""
    if stat.S_ISREG(mode):
        return "a file"
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a pipe" if stat.S_ISFIFO(mode) else "a socket" if stat.S_ISSOCK(mode) else "a device"


def write_atomically(path: Path, content: str | bytes | memoryview) -> Path:
    """Write ``content`` to ``path`` so that a reader, or a kill, never sees half of it; folders are made.

    Raises :class:`SpecError` where ``path`` is there and is no regular file, and :class:`OSError`, with ``path`` in it,
    where the system refuses. A link stays a link: the file behind it is written.
    """
    if "\0" in str(path):  # no name of a file
        require_output(path)
    target = Path(os.path.realpath(path)) if path.is_symlink() else path
    if target.exists():
        require_output(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name[:40]}.", suffix=PART)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content.encode("utf-8") if isinstance(content, str) else content)
            os.chmod(name, 0o644)
            os.replace(name, target)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from None
    return path


def remove_parts(folder: Path) -> None:
    """Remove what a kill left of files under work, in all folders below too; nobody else may be writing there."""
    for part in folder.rglob(f".*{PART}"):
        part.unlink(missing_ok=True)
