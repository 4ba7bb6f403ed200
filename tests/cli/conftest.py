"""How the tests call the command line: in this process, with the standard streams captured."""

import sys
from collections.abc import Callable
from typing import NamedTuple

import pytest

from certigram.cli import run


class Answer(NamedTuple):
    """What a command answered."""

    status: int
    out: str
    err: str


@pytest.fixture
def blank_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are files without ink: for tests of what is written where, when and with which status.

    Drawing takes most of the time of a small run; the pictures themselves are tested in tests/reports.
    """
    blank = {"svg": b'<svg width="9pt"></svg>', "pdf": b"%PDF-1.4\n"}
    monkeypatch.setattr("certigram.reports.figures.Drawing.file", lambda self, kind: blank[kind])


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Answer]:
    """Call the command line as a shell would: arguments in, exit status and both streams out.

    What it says while it works depends on how fast it is; the tests of that are in test_working.py.
    """
    monkeypatch.setattr("certigram.reports.working.SILENCE", 1e6)

    def command(*arguments: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["certigram", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            run()
        streams = capsys.readouterr()
        return Answer(int(left.value.code or 0), streams.out, streams.err)

    return command
