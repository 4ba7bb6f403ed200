"""What is being done and for how long, said on standard error while a command computes; nothing when that is short."""

from __future__ import annotations

import sys
import time
from threading import Event, Thread
from types import TracebackType
from typing import TYPE_CHECKING

from ..theory.printable import printable

if TYPE_CHECKING:
    from rich.console import Console

SILENCE = 4.0
"""Seconds without a line after which one is due, where standard error is no terminal."""
SOON = 1.0
"""Seconds after which a terminal shows what is being done."""


class Working:
    """A ``with`` block that says what is being done: a moving line on a terminal, a plain line every few seconds else.

    >>> with Working("adding") as working:
    ...     working.stage("multiplying")
    """

    def __init__(self, what: str) -> None:
        self.what = what
        self.started = self.heard = time.monotonic()
        self._console: Console | None = None
        self._ended = Event()
        self._thread = Thread(target=self._speak, daemon=True)

    def stage(self, what: str) -> None:
        """From now on this is being done."""
        self.what = what

    def note(self, text: str) -> None:
        """A line that stays."""
        if self._console is not None:
            self._console.print(text, markup=False)
        else:
            print(printable(text), file=sys.stderr, flush=True)
        self.spoken()

    def spoken(self) -> None:
        """Somebody else wrote a line: the next one is due later."""
        self.heard = time.monotonic()

    def __enter__(self) -> Working:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _speak(self) -> None:
        if sys.stderr.isatty():
            if not self._ended.wait(SOON):
                self._show()
            return
        while not self._ended.wait(max(self.heard + SILENCE - time.monotonic(), 0.1)):
            now = time.monotonic()
            if now - self.heard >= SILENCE:
                self.heard = now
                print(f"{now - self.started:7.1f} s  {printable(self.what)} ...", file=sys.stderr, flush=True)

    def _show(self) -> None:
        from rich.markup import escape  # loaded by those who wait

        from .console import stderr

        self._console = stderr()
        with self._console.status("") as line:
            while True:
                line.update(escape(f"{self.what}  {time.monotonic() - self.started:.0f} s"))
                if self._ended.wait(0.5):
                    return
