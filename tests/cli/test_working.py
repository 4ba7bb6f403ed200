"""Progress: a failure here means that somebody waits in front of a silent command, or that stdout holds progress."""

import io
import sys
from contextlib import suppress
from threading import Event

import pytest

from certigram.numerics.runs.runner import Event as RunEvent
from certigram.reports import working
from certigram.reports.console import stderr
from certigram.reports.terminal import LiveProgress
from certigram.reports.working import Working

GUARD = 60.0
"""Seconds after which a test gives up; nothing is measured by it."""


class Screen(io.StringIO):
    """A stream that notices when a text is written to it."""

    def __init__(self, expected: str, *, terminal: bool) -> None:
        super().__init__()
        self.expected, self.terminal, self.seen = expected, terminal, Event()

    def isatty(self) -> bool:
        return self.terminal

    def write(self, text: str) -> int:
        written = super().write(text)
        if self.expected in self.getvalue():
            self.seen.set()
        return written


def screen(monkeypatch: pytest.MonkeyPatch, expected: str, *, terminal: bool = False) -> Screen:
    found = Screen(expected, terminal=terminal)
    monkeypatch.setattr(sys, "stderr", found)
    for name in ("SILENCE", "SOON"):
        monkeypatch.setattr(working, name, 0.01)
    return found


def test_plain_lines(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What is being done now, again and again, each time in a line of its own; nothing on stdout."""
    shown = screen(monkeypatch, "s  multiplying \\x1b[31m ...\n")
    with Working("adding") as work:
        work.stage("multiplying \x1b[31m")
        assert shown.seen.wait(GUARD)
        work.note("half of it")
    assert "half of it\n" in shown.getvalue()
    assert all(line.isprintable() for line in shown.getvalue().splitlines())
    assert capsys.readouterr().out == ""


def test_a_terminal_has_one_moving_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes away, and the cursor comes back, also when the command fails."""
    monkeypatch.setenv("TERM", "xterm")
    shown = screen(monkeypatch, "adding [b]", terminal=True)
    with suppress(ZeroDivisionError), Working("adding [b]"):
        assert shown.seen.wait(GUARD)
        raise ZeroDivisionError
    assert shown.getvalue().endswith("\x1b[2K")
    assert "\x1b[?25h" in shown.getvalue()


def test_what_is_quick_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: nothing is said of what ends before somebody would wonder."""
    shown = screen(monkeypatch, "")
    monkeypatch.setattr(working, "SILENCE", 1e6)
    with Working("adding"):
        pass
    assert shown.getvalue() == ""


def test_a_long_claim_of_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two events of a run, its progress says what it is at."""
    shown = screen(monkeypatch, "s  C7 a long claim ...\n")
    with LiveProgress(stderr()) as progress:
        progress(RunEvent("start", "two points", 0, 9))
        progress(RunEvent("work", "C7 a long claim", 0, 9))
        assert shown.seen.wait(GUARD)
    assert shown.getvalue().splitlines()[0].endswith("s  two points")
