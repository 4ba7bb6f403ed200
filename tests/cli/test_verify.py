"""`certigram verify`: a failure here means that the main command lies in its status, its JSON, or its files."""

import io
import json
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from certigram.numerics.certificates.certificate import FORMAT
from certigram.numerics.runs.results import Results
from certigram.numerics.runs.runner import run
from certigram.reports.terminal import print_results
from certigram.spec import read_study
from certigram.theory.claims.system import system
from certigram.theory.verdict import Verdict

Call = Callable[..., tuple[int, str, str]]
CLAIMS = len(system("deq-general").claims)


def study(folder: Path, more: str = "", activations: str = '["erf"]', widths: str = "[]") -> Path:
    """A study of six points that takes a second."""
    points = np.random.default_rng(1).standard_normal((6, 4))
    if "duplicate" in more:
        points[5] = points[0]
    np.save(folder / "x.npy", points)
    path = folder / "study.toml"
    path.write_text(
        f'[study]\nname = "six"\nsystems = ["deq-general"]\nactivations = {activations}\n'
        "[parameters.deq-general]\ntraining_width = 48\ntraining_points = 3\ntraining_steps = 6\n"
        f'[data]\nsource = "x.npy"\n[finite-width]\nwidths = {widths}\nseeds = 3\n'
    )
    return path


@pytest.fixture(autouse=True)
def no_tex(monkeypatch: pytest.MonkeyPatch) -> None:
    """No PDF is made here: that is tested with the reports."""
    kept = [p for p in os.environ["PATH"].split(os.pathsep) if not (Path(p) / "latexmk").exists()]
    monkeypatch.setenv("PATH", os.pathsep.join(kept))


def test_everything_is_written(call: Call, tmp_path: Path) -> None:
    """Status 0, a table on stdout, plain progress on stderr, and the promised files; what is out of date goes."""
    stale = tmp_path / "out/six/certificates/deq-general.gone--0-erf.json"
    stale.parent.mkdir(parents=True)
    stale.write_text(json.dumps({"format": FORMAT, "detail": {"study": "0" * 64}}))
    status, out, err = call("verify", study(tmp_path), "--out", tmp_path / "out")
    assert status == 0
    assert "PROVED" in out
    assert "least eigenvalue" in out
    assert "deq-general  Deep equilibrium models with general activations\n sigma_w2=1/16, " in out
    assert "\x1b" not in out + err
    assert f"[1/{CLAIMS}]" in err
    folder = tmp_path / "out" / "six"
    for name in ("results.json", "report.html", "report.tex", "certificates/deq-general.least-eigenvalue--0-erf.json"):
        assert (folder / name).is_file(), name
    assert json.loads((folder / "results.json").read_text())["study"] == "six"
    assert not stale.exists()
    status, again, _ = call("report", folder)
    assert status == 0
    assert again.splitlines()[:12] == out.splitlines()[:12]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study above with its finished run, for tests that are about what comes after the claims."""
    folder = tmp_path_factory.mktemp("finished")
    run(read_study(study(folder)), out=folder / "out" / "six")
    return folder


@pytest.mark.usefixtures("blank_figures")
def test_json_is_one_document(call: Call, finished: Path, tmp_path: Path) -> None:
    """With --json, stdout is the document of results.json and nothing else."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    status, out, _ = call("verify", tmp_path / "study.toml", "--out", tmp_path / "out", "--json")
    document = json.loads(out)
    assert status == 0
    assert len(document["claims"]) == CLAIMS
    (row,) = document["eigenvalues"]
    assert 0 < row["lower"] <= row["upper"]
    assert json.loads((tmp_path / "out/six/results.json").read_text())["claims"] == document["claims"]


@pytest.mark.usefixtures("blank_figures")
def test_refuted_is_status_1(call: Call, tmp_path: Path) -> None:
    """A repeated row refutes positivity: a finding, not an error."""
    status, out, _ = call("verify", study(tmp_path, "duplicate"), "--out", tmp_path / "out", "--strict")
    assert status == 1
    assert "REFUTED λ* least-eigenvalue: " in out
    assert "points 0 and 5 are equal" in " ".join(out.split())


@pytest.mark.usefixtures("blank_figures")
def test_strict_tells_unknown(call: Call, finished: Path, tmp_path: Path) -> None:
    """Without networks the statistical claims stay UNKNOWN: status 3 with --strict only."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "study.toml"
    assert call("verify", path, "--out", tmp_path / "out")[0] == 0
    assert call("verify", path, "--out", tmp_path / "out", "--strict")[0] == 3


@pytest.mark.usefixtures("blank_figures")
def test_sweep_then_verify(call: Call, tmp_path: Path) -> None:
    """The networks of a sweep are the ones that verify uses."""
    path = study(tmp_path, widths="[32, 64, 128]")
    status, out, _ = call("sweep", path, "--out", tmp_path / "out", "--jobs", "1", "--json")
    assert status == 0
    assert json.loads(out) == {
        "study": "six",
        "sampled": 9,
        "total": 9,
        "folder": str(tmp_path / "out/six/samples"),
    }
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "out/six/samples").iterdir()}
    assert len(before) == 9
    call("verify", path, "--out", tmp_path / "out", "--jobs", "1")
    assert {file: file.stat().st_mtime_ns for file in before} == before
    status, out, err = call("sweep", study(tmp_path), "--out", tmp_path / "out")
    assert (status, out) == (2, "")
    assert "samples no networks" in err


@pytest.mark.usefixtures("blank_figures")
def test_one_system_of_a_study(call: Call, tmp_path: Path) -> None:
    """--system keeps one system, and refuses one that the study does not have."""
    path = study(tmp_path)
    assert call("verify", path, "--system", "deq-general", "--out", tmp_path / "out")[0] == 0
    assert (tmp_path / "out/six-deq-general/results.json").is_file()
    status, _, err = call("verify", path, "--system", "deq-genera", "--out", tmp_path / "out")
    assert status == 2
    assert "Did you mean deq-general" in err


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """A run with a short and a long name among its activations."""
    return run(read_study(study(tmp_path_factory.mktemp("run"), activations='["tanh", "x*exp(-x**2/2)", "erf"]')))


@pytest.mark.parametrize(
    ("verdicts", "strict", "strictest"),
    [
        ((Verdict.PROVED,), 0, 0),
        ((Verdict.PROVED, Verdict.NOT_APPLICABLE), 0, 0),
        ((Verdict.PROVED, Verdict.ARGUED), 0, 3),
        ((Verdict.PROVED, Verdict.UNKNOWN), 3, 3),
    ],
)
def test_strict_has_two_levels(
    verdicts: tuple[Verdict, ...],
    strict: int,
    strictest: int,
    call: Call,
    results: Results,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """--strict asks for decisions, --strict=proved for what a machine has established; the level may follow at once."""
    kept = replace(results, certificates=tuple(c for c in results.certificates if c.verdict in verdicts))
    assert {c.verdict for c in kept.certificates} == {*verdicts}
    monkeypatch.setattr("certigram.numerics.runs.runner.run", lambda *_, **__: kept)
    monkeypatch.setattr("certigram.reports.bundle.save", lambda *_, **__: [])
    path, out = study(tmp_path), tmp_path / "out"
    assert call("verify", path, "--out", out)[0] == 0
    assert call("verify", "--strict", path, "--out", out)[0] == strict
    assert call("verify", path, "--out", out, "--strict=proved")[0] == strictest
    status, _, err = call("verify", path, "--out", out, "--strict=maybe")
    assert status == 2
    assert "proved" in err


@pytest.mark.parametrize("width", [80, 160])
def test_the_terminal_says_by_what_and_for_what(results: Results, width: int) -> None:
    """Each scope of a claim that holds is a line of its own; a wide table names the argument and what is kept."""
    stream = io.StringIO()
    print_results(results, Console(file=stream, width=width, highlight=False), [])
    text = stream.getvalue()
    lines = text.splitlines()
    established = " ".join(" ".join(lines[lines.index("established for") + 1 :]).split())
    for scope in {c.scope for c in results.certificates if c.verdict.favourable}:
        assert f"{scope}: " in established
    (row,) = (line for line in lines if "least-eigenvalue" in line and "erf" in line) if width > 120 else ("",)
    if row:
        assert row.split()[2:5] == ["erf", "PROVED", "computed"]
        assert {"by", "kept"} <= set(next(line for line in lines if "certified value" in line).split())
        assert any(" ARGUED " in line and " written proof " in line for line in lines)


@pytest.mark.parametrize("width", [80, 100, 160])
def test_tables_fit(results: Results, width: int) -> None:
    """No line is folded or cut, whatever the terminal's width and however small the numbers are."""
    stream = io.StringIO()
    print_results(results, Console(file=stream, width=width, highlight=False), [Path("out/report.html")])
    lines = stream.getvalue().splitlines()
    table = lines[2 : next(k for k, line in enumerate(lines) if line.startswith(("UNKNOWN", "NOT_APPLICABLE")))]
    assert max(map(len, table)) <= width
    assert "…" not in "".join(table)
    for claim in ("lower-bound-correlation", "correlation-contraction"):
        assert sum(claim in line for line in table) == 3
        assert all(line.rstrip().endswith(" s") for line in table if claim in line)


def test_a_terminal_sees_live_progress(tmp_path: Path) -> None:
    """On a terminal the work under way is shown with its count and time; NO_COLOR takes the colours away."""
    path = study(tmp_path, widths="[32, 64, 128]")
    shown: dict[bool, str] = {}
    for plain in (False, True):
        ours, theirs = pty.openpty()
        environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "40"}
        environment |= {"NO_COLOR": "1"} if plain else {}
        if not plain:
            environment.pop("NO_COLOR", None)
        command = [sys.executable, "-m", "certigram", "sweep", path, "--out", tmp_path / f"out{plain}", "--jobs", "1"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=theirs, env=environment)
        os.close(theirs)
        text = b""
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            text += piece
        os.close(ours)
        assert process.wait(timeout=60) == 0
        shown[plain] = text.decode()
    assert "9/9" in shown[False]
    assert "0:00:0" in shown[False]
    assert "\x1b[3" in shown[False]
    assert "9/9" in shown[True]
    assert "\x1b[3" not in shown[True]
