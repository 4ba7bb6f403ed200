"""The standard streams of the command line: none is missing, each can show any text, and a lost one is no defect.

A stream that was closed (``>&-``) is the null device. Standard output that takes nothing more ends the command with
the status 141 (its reader has gone, as for any tool of the shell) or 74 (the disk under it is full); a lost standard
error changes nothing, since it carries only progress and sentences.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
import unicodedata
from typing import NoReturn

READER_GONE, NOT_WRITTEN = 141, 74
"""Exit statuses: 128 + SIGPIPE, and EX_IOERR of sysexits.h."""
PLAIN = {
    "±": "+/-", "×": "*", "·": "*", "−": "-", "–": "-", "—": "-", "…": "...", "≤": "<=", "≥": ">=", "≠": "!=",
    "≈": "~", "→": "->", "∞": "inf", "√": "sqrt", "‖": "||", "²": "^2", "³": "^3", "½": "1/2", "′": "'", "∂": "d",
}  # fmt: skip
"""What stands for a character where the stream has none."""


class OutputLost(Exception):
    """Standard output takes nothing more; ``status`` is the exit status that says so."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(f"standard output: {cause.strerror}: what should be there is not complete.")
        self.status = READER_GONE if cause.errno in (errno.EPIPE, errno.EINVAL) else NOT_WRITTEN


class _Stream(io.TextIOWrapper):
    """A standard stream; once it is lost, the null device takes its place."""

    def __init__(self, stream: io.TextIOWrapper, *, required: bool) -> None:
        super().__init__(
            stream.buffer,
            encoding=stream.encoding,
            errors="certigram",
            line_buffering=stream.line_buffering,
            write_through=stream.write_through,
        )
        self.stream = stream  # which would close the buffer when it is collected
        self.required = required

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError as error:
            self._lost(error)
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            self._lost(error)

    def _lost(self, error: OSError) -> None:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, self.fileno())
        os.close(null)
        if self.required:
            raise OutputLost(error) from None


def prepare() -> None:
    """Make the standard streams of this process usable, whatever it was started with."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:  # closed: the next file that is opened would take its place
            null = os.open(os.devnull, os.O_RDWR)
            os.dup2(null, number)
            if null != number:
                os.close(null)
    codecs.register_error("certigram", _plain)
    for name, number in (("stdout", 1), ("stderr", 2)):
        given = getattr(sys, name)
        if given is None or isinstance(given, io.TextIOWrapper):
            stream = given or open(number, "w", closefd=False)  # noqa: SIM115 - it stays open
            setattr(sys, name, _Stream(stream, required=name == "stdout"))


def give_up(lost: OutputLost) -> NoReturn:
    """Leave because standard output is lost; in silence when its reader has gone."""
    if lost.status != READER_GONE:
        print(f"certigram: {lost}", file=sys.stderr)
    raise SystemExit(lost.status)


def _plain(error: UnicodeError) -> tuple[str, int]:
    """The handler of characters that the encoding of a stream does not have: by another sign, a name, or an escape."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_substitute, error.object[error.start : error.end])), error.end


def _substitute(character: str) -> str:
    if character in PLAIN:
        return PLAIN[character]
    name = unicodedata.name(character, "")
    if name.startswith("GREEK ") and " LETTER " in name:  # "GREEK SMALL LETTER PHI"
        return name.partition(" LETTER ")[2].split()[0].lower()
    return character.encode("unicode_escape").decode("ascii")
