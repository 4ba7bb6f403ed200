"""The standard streams: a failure here means that a closed, full or narrow stream costs the work, or a status lies."""

import codecs
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
run() { "$PYTHON" -m certigram "$@"; }
run --version | true;                                   echo "reader gone, version: ${PIPESTATUS[0]}"
run list systems | true;                                echo "reader gone, tables: ${PIPESTATUS[0]}"
run --version >/dev/full 2>full;                        echo "full, version: $?"
PYTHONIOENCODING=ascii run dual sign 1 1 0 >/dev/full;  echo "full, ascii: $?"
run --version >&-;                                      echo "closed: $?"
run gram nowhere.csv <&- >&- 2>&-;                      echo "all closed: $?"
run gram nowhere.csv 2>/dev/full;                       echo "no error: $?"
PYTHONIOENCODING=ascii run dual sign 1 1 0 >plain;      echo "ascii: $?"
PYTHONIOENCODING=ascii run dual sign 1 1 0 --json >x.json; echo "ascii json: $?"
"""


def test_any_stream_will_do(tmp_path: Path) -> None:
    """Statuses: 141 without a reader, 74 on a full disk, 0 when a stream is closed on purpose; never 1, never 120."""
    environment = os.environ | {"PYTHON": sys.executable, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    found = subprocess.run(
        ["bash", "-c", SCRIPT], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300
    )
    assert found.stdout.splitlines() == [
        "reader gone, version: 141",
        "reader gone, tables: 141",
        "full, version: 74",
        "full, ascii: 74",
        "closed: 0",
        "all closed: 2",
        "no error: 2",
        "ascii: 0",
        "ascii json: 0",
    ]
    sentence = "certigram: standard output: No space left on device: what should be there is not complete.\n"
    assert found.stderr == sentence == (tmp_path / "full").read_text()
    first, second = (tmp_path / "plain").read_text(encoding="ascii").splitlines()
    assert first == "E phi(u)phi(v) = 0"
    assert second.startswith("closed form: 2*asin(")
    assert json.loads((tmp_path / "x.json").read_text(encoding="ascii"))["activation"] == "sign"


def test_characters_that_a_stream_does_not_have() -> None:
    """Another sign, the name of a Greek letter, or an escape; undecodable names of files do not stop UTF-8 either."""
    from certigram.streams import _plain

    codecs.register_error("certigram", _plain)
    assert "λ ≥ ½ ± 1e-3 … Φ₂".encode("ascii", "certigram") == b"lambda >= 1/2 +/- 1e-3 ... phi\\u2082"
    assert "naïve \udcff".encode("latin-1", "certigram") == b"na\xefve \\udcff"
    assert "λ \udcff".encode("utf-8", "certigram") == b"\xce\xbb \\udcff"


def test_a_lost_stream_costs_no_work(tmp_path: Path) -> None:
    """Everything is written although nobody reads what is printed; a lost stderr changes nothing."""
    (tmp_path / "s.toml").write_text(
        '[study]\nname = "s"\nsystems = ["two-layer-logistic"]\nactivations = ["tanh"]\n'
        "[data]\nn = 3\n[finite-width]\nwidths = []\n[budget]\nseconds = 1e-9\n"
    )
    environment = os.environ | {"PATH": "/nowhere", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}  # no PDF
    ours, theirs = os.pipe()
    os.close(ours)
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "certigram", "verify", "s.toml"]
        found = subprocess.run(command, cwd=tmp_path, env=environment, stdout=theirs, stderr=full, timeout=300)
    os.close(theirs)
    assert found.returncode == 141
    for name in ("results.json", "report.html", "report.tex"):
        assert (tmp_path / "out/s" / name).is_file(), name


@pytest.mark.parametrize("text", ["\x1b[31mred\x1b[0m", "\u202ecod.exe", "\x9b2J", "a\u2066b", "\udcff"])
def test_consoles_print_no_controls(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever reaches a console as text leaves it as text; its own colours stay."""
    import io

    from rich.table import Table

    from certigram.reports.console import stdout

    stream = io.StringIO()
    monkeypatch.setattr("sys.stdout", stream)
    table = Table()
    table.add_column(text)
    table.add_row(text)
    console = stdout()
    console.print(table)
    console.print(text, markup=False)
    shown = stream.getvalue()
    assert shown.replace("\n", "").isprintable()
    assert text.encode("unicode_escape").decode() in shown
