"""What the commands print: text and JSON on standard output, one sentence on standard error."""

from __future__ import annotations

import codecs
import json
import sys
from typing import Any, NoReturn

from ..theory.printable import printable

DEFECT, LATER, INTERRUPTED = 70, 75, 130
"""Exit statuses: an error nobody foresaw (never 1, which means refuted), something outside in the way, and Ctrl-C."""


def say(text: str) -> None:
    """Lines on standard output; nothing in them reaches the terminal as a control."""
    print(printable(text, keep="\n"))


def say_aside(text: str) -> None:
    """A sentence on standard error, beside the results."""
    print(printable(text), file=sys.stderr)


def print_json(document: dict[str, Any]) -> None:
    """One JSON document on standard output, in characters that the stream has and that print."""
    text = json.dumps(document, indent=1, ensure_ascii=not _knows_every_character(), allow_nan=False)
    print("".join(ch if ch.isprintable() or ch == "\n" else json.dumps(ch)[1:-1] for ch in text))


def write_document(text: str, *, markup: bool) -> None:
    """A document on standard output; in one of HTML, characters that the stream lacks become references."""
    if markup and not _knows_every_character():
        text = text.encode(sys.stdout.encoding, "xmlcharrefreplace").decode(sys.stdout.encoding)
    sys.stdout.write(text)


def fail(message: str, status: int = 2) -> NoReturn:
    """One clear sentence on standard error, and the exit status; nothing in it reaches the terminal as a control."""
    print(f"certigram: {printable(' '.join(message.splitlines()))}", file=sys.stderr)
    raise SystemExit(status)


def _knows_every_character() -> bool:
    return codecs.lookup(sys.stdout.encoding or "utf-8").name.startswith("utf")
