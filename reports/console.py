"""The consoles: whatever text is printed on them, nothing in it acts on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderableType, RenderHook
from rich.segment import Segment

from ..theory.printable import printable

WIDE = 160
"""Columns used when the output goes to a file or a pipe."""


class _Printed:
    """A renderable whose text is made printable; colours and movements of the cursor are the console's own."""

    def __init__(self, inner: RenderableType) -> None:
        self.inner = inner

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Segment]:
        for segment in console.render(self.inner, options):
            yield segment if segment.control else segment._replace(text=printable(segment.text, keep="\n\u00a0"))


class _Printable(RenderHook):
    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Printed(renderable) for renderable in renderables]


def stdout() -> Console:
    """The console of the results; wide when it is not a terminal, so that tables are not folded in a file."""
    return _made(error=False)


def stderr() -> Console:
    """The console of progress and errors."""
    return _made(error=True)


def _made(*, error: bool) -> Console:
    stream = sys.stderr if error else sys.stdout
    console = Console(stderr=error, highlight=False, width=None if stream.isatty() else WIDE)
    console.push_render_hook(_Printable())
    return console
