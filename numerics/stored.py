"""Stored files, read back as what was written, or refused in one sentence; :mod:`.files` writes them."""

from __future__ import annotations

import io
import json
import math
import re
import zipfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..theory.errors import SpecError

MAX_DEPTH = 64
"""Nesting of a JSON file that we wrote, at most."""
MAX_JSON, MAX_ARRAYS = 1 << 28, 1 << 32
"""Bytes of a JSON file, and of the arrays of one file, that are read back."""
TEXT = re.compile(r'"(?:[^"\\]|\\.)*"', re.S)


def silent(text: str) -> None:
    """Nobody is told."""


def read_json(path: Path) -> Any:
    """The value of a JSON file that we wrote: no number that is not finite, no key twice, no deep nesting.

    Raises :class:`SpecError` for anything else.

    >>> import tempfile
    >>> from .files import write_atomically
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read_json(write_atomically(Path(folder) / "x.json", '{"seconds": Infinity}'))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
        ...
    certigram.theory.errors.SpecError: .../x.json is damaged: Infinity is not a finite number.
    """
    try:
        if not path.is_file() or path.stat().st_size > MAX_JSON:
            raise ValueError("not a regular file, or too long")
        text, depth = path.read_text("utf-8"), 0
        for mark in re.finditer(r"[\[\]{}]", TEXT.sub("", text)):
            depth += 1 if mark[0] in "[{" else -1
            if depth > MAX_DEPTH:
                raise ValueError(f"nested deeper than {MAX_DEPTH}")
        return json.loads(text, parse_float=_finite, parse_constant=_finite, object_pairs_hook=_once)
    except (OSError, ValueError, RecursionError) as error:
        raise damaged(path, error) from None


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is not a finite number")
    return value


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) != len(pairs):
        raise ValueError("a key occurs twice")
    return dict(pairs)


def damaged(path: Path, why: object) -> SpecError:
    """The error of a stored file that is not what was written."""
    return SpecError(f"{path} is damaged: {' '.join(str(why).split())[:200].rstrip('.')}.")


def digest(document: Mapping[str, Any]) -> str:
    """SHA-256 of a JSON document, whatever the order of its keys and its white space."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return sha256(text.encode()).hexdigest()


def arrays_as_bytes(arrays: Mapping[str, NDArray[Any]], *, compressed: bool = False) -> bytes:
    """Arrays by name as the bytes of a .npz file."""
    content = io.BytesIO()
    if any(array.dtype.hasobject for array in arrays.values()):
        raise TypeError("arrays of Python objects are not stored")  # numpy 2.0 cannot be told so
    (np.savez_compressed if compressed else np.savez)(content, **arrays)  # type: ignore[arg-type]  # none is allow_pickle
    return content.getvalue()


def read_arrays(path: Path) -> dict[str, NDArray[Any]] | None:
    """The arrays of a .npz file that we wrote, every byte compared with its check sum; None when there is no file.

    Raises :class:`SpecError` for anything that is not such a file.
    """
    if not path.exists():
        return None
    try:
        found: dict[str, NDArray[Any]] = {}
        with zipfile.ZipFile(path) as file:
            if sum(member.file_size for member in file.infolist()) > MAX_ARRAYS:
                raise ValueError("too long")
            for member in file.infolist():
                content = io.BytesIO(file.read(member))
                name = member.filename.removesuffix(".npy")
                if name in found or name == member.filename:
                    raise ValueError(f"no array, or one that occurs twice: {member.filename!r}")
                found[name] = np.lib.format.read_array(content, allow_pickle=False)
                if content.read(1):
                    raise ValueError(f"{name} is longer than it says")
        return found
    except Exception as error:  # zipfile, zlib and numpy raise some fifteen kinds of errors on bytes that are no arrays
        raise damaged(path, f"{type(error).__name__}: {error}") from None
