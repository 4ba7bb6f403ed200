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
from typing import TYPE_CHECKING, NoReturn, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

READER_GONE, NOT_WRITTEN = 141, 74
"""Exit statuses: 128 + SIGPIPE, and EX_IOERR of sysexits.h."""
PLAIN = {
    "±": "+/-", "×": "*", "·": "*", "−": "-", "–": "-", "—": "-", "…": "...", "≤": "<=", "≥": ">=", "≠": "!=",
    "≈": "~", "→": "->", "∞": "inf", "√": "sqrt", "‖": "||", "²": "^2", "³": "^3", "½": "1/2", "′": "'", "∂": "d",
    "λ": "lambda", "Λ": "lambda",
}  # fmt: skip
"""What stands for a character where the stream has none."""


class OutputLost(Exception):
    """Standard output takes nothing more; ``status`` is the exit status that says so."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(f"standard output: {cause.strerror}: what should be there is not complete.")
        self.status = READER_GONE if cause.errno == errno.EPIPE else NOT_WRITTEN


class _Guarded(io.FileIO):
    """The file under a standard stream; once it is lost, the null device takes its place.

    Its loss is raised at every writing until somebody takes notice: libraries try a stream and hide what they find.
    """

    def __init__(self, number: int, *, required: bool) -> None:
        super().__init__(number, "w", closefd=False)
        self.required = required
        self.lost: OutputLost | None = None

    def write(self, content: Buffer, /) -> int:
        if self.lost is None:
            try:
                return super().write(content)
            except OSError as error:
                null = os.open(os.devnull, os.O_WRONLY)
                os.dup2(null, self.fileno())
                os.close(null)
                self.lost = OutputLost(error)
        if self.required:
            raise self.lost from None
        return super().write(content)


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
    sys.stdout = _stream(sys.stdout, 1)
    sys.stderr = _stream(sys.stderr, 2)


def _stream(given: TextIO | None, number: int) -> TextIO:
    if os.name == "nt" and isinstance(given, io.TextIOWrapper):  # the console has a file of its own kind
        given.reconfigure(errors="certigram")
        return given
    guarded = _Guarded(number, required=number == 1)
    encoding = None if given is None else given.encoding
    at_once = number == 2 or guarded.isatty() or getattr(given, "write_through", False)
    return io.TextIOWrapper(io.BufferedWriter(guarded), encoding, errors="certigram", line_buffering=at_once)


def give_up(lost: OutputLost) -> NoReturn:
    """Leave because standard output is lost; in silence when its reader has gone."""
    file = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if isinstance(file, _Guarded):
        file.required = False
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
