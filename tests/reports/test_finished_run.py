"""`certigram report` and the verdicts in `list claims`: a failure means that a run is not read back faithfully."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from certigram.cli import run
from certigram.numerics.certificates.certificate import Certificate
from certigram.numerics.runs.archive import read_results, remove_stale
from certigram.numerics.runs.results import Results
from certigram.numerics.studies.data import load
from certigram.numerics.studies.reading import Reading
from certigram.numerics.studies.study import Study
from certigram.reports import bundle
from certigram.reports.model import Report

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """Call the command line as a shell would."""

    def command(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["certigram", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            run()
        streams = capsys.readouterr()
        return int(left.value.code or 0), streams.out, streams.err

    return command


@pytest.fixture(scope="module", autouse=True)
def blank_figures() -> Iterator[None]:
    """Figures are files without ink: pictures are tested in test_several_systems.py, and take most of the time."""
    blank = {"svg": b'<svg width="9pt"></svg>', "pdf": b"%PDF-1.4\n"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("certigram.reports.figures.Drawing.file", lambda self, kind: blank[kind])
        yield


@pytest.fixture(scope="module")
def made(several: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run of three systems, its certificates saved as a run saves them."""
    folder = tmp_path_factory.mktemp("made") / "out" / "three"
    bundle.save(several, folder, pdf=False)
    for k, c in enumerate(several.claims):
        detail = {**c.detail, "study": several.results.study.digest, "version": several.results.version}
        replace(c, detail=detail).save(folder / "certificates" / f"{c.claim}--{k}.json")
    return folder


@pytest.fixture
def finished(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of it to be written to; no PDF is made here."""
    monkeypatch.setattr(shutil, "which", lambda name: None)
    return Path(shutil.copytree(made, tmp_path / "out" / "three"))


def test_the_report_is_written_again(call: Call, finished: Path) -> None:
    """The page comes out as it was; results.json and the certificates are not touched."""
    page, kept = (finished / "report.html").read_text(), (finished / "results.json").stat().st_mtime_ns
    certificates = {file.name: file.read_bytes() for file in (finished / "certificates").iterdir()}
    (finished / "report.html").unlink()
    status, out, err = call("report", finished)
    assert status == 1  # something is refuted
    assert "toy-kernels  A system about kernels" in out
    assert "writing the report" in err
    assert _body((finished / "report.html").read_text()) == _body(page)
    assert (finished / "results.json").stat().st_mtime_ns == kept
    assert {file.name: file.read_bytes() for file in (finished / "certificates").iterdir()} == certificates


def _body(page: str) -> str:
    """The page without the versions of what rendered it."""
    return page[: page.index('<section id="reproducibility">')]


def test_another_folder_and_json(call: Call, finished: Path, tmp_path: Path) -> None:
    """--out writes elsewhere, with results.json; --json prints the document of the run."""
    status, out, _ = call("report", finished / "results.json", "--out", tmp_path / "paper", "--json")
    assert status == 1
    assert json.loads(out) == json.loads((finished / "results.json").read_text())
    assert json.loads((tmp_path / "paper" / "results.json").read_text()) == json.loads(out)
    assert (tmp_path / "paper" / "report.tex").is_file()


def test_a_verdict_without_its_evidence_is_not_proved(call: Call, finished: Path) -> None:
    """The table alone proves nothing: where a certificate is lost, the claim is UNKNOWN with that reason."""
    for file in (finished / "certificates").glob("deq-general.least-eigenvalue--*.json"):
        file.unlink()
    out = call("report", finished, "--json")[1]
    row = next(row for row in json.loads(out)["claims"] if row["id"] == "deq-general.least-eigenvalue")
    assert row["verdict"] == "UNKNOWN"
    assert "certificate with its evidence is missing" in row["reason"]


def test_an_edited_study_is_refused(call: Call, finished: Path) -> None:
    """The digest of the run covers its parameters: edited results are not rendered as if they were computed."""
    path = finished / "results.json"
    document = json.loads(path.read_text())
    document["setting"]["parameters"] = {"deq-general": {"sigma_w2": "1/8"}}
    path.write_text(json.dumps(document))
    status, out, err = call("report", finished)
    assert (status, out) == (2, "")
    assert "digest does not fit" in err
    assert "not complete" not in err


@pytest.mark.parametrize("content", [None, "[]", "{", '{"study": "x", "digest": "y", "claims": []}', "[" * 100_000])
def test_what_is_no_run_is_refused(call: Call, tmp_path: Path, content: str | None) -> None:
    """One sentence, status 2, never a traceback."""
    if content is not None:
        (tmp_path / "results.json").write_text(content)
    status, out, err = call("report", tmp_path)
    assert (status, out) == (2, "")
    assert err.count("\n") == 1
    assert "run" in err


def test_claims_with_the_verdicts_of_the_last_run(call: Call, finished: Path, tmp_path: Path) -> None:
    """Every claim with its verdicts where a run is found, and a clear sentence where there is none."""
    for out in (finished, finished.parent):
        rows = json.loads(call("list", "claims", "--out", out, "--json")[1])["claims"]
        row = next(row for row in rows if row["id"] == "deq-general.least-eigenvalue")
        assert row["verdicts"]["tanh"] == "PROVED"
        assert row["run"] == str(finished)
        assert {"system", "reference", "method", "statement"} <= set(row)
    text = call("list", "claims", "--out", finished.parent)[1]
    assert "verdicts of the last run" in text
    assert "PROVED" in text
    (tmp_path / "empty").mkdir()
    nothing = call("list", "claims", "--out", tmp_path / "empty")[1]
    assert "no run of deq-general" in nothing
    assert "PROVED" not in nothing


def test_a_page_holds_no_controls(call: Call, finished: Path) -> None:
    """A recorded name that turns the order of reading, or commands a terminal, is written as text everywhere."""
    hostile, shown = "\x1b[31m\u202e<b>\x9b.csv", r"\x1b[31m\u202e&lt;b&gt;\x9b.csv"
    document = json.loads((finished / "results.json").read_text())
    document["data"]["description"] = f"points of {hostile}"
    (finished / "results.json").write_text(json.dumps(document))
    _, out, _ = call("report", finished)
    page, source = (finished / "report.html").read_text(), (finished / "report.tex").read_text()
    for text in (out, page, source):
        assert text.replace("\n", "").isprintable()
    assert shown in page


def test_the_newest_run_speaks(call: Call, finished: Path) -> None:
    """Two runs of a system: the later one is listed; one that cannot be read is passed over."""
    older = finished.parent / "older"
    shutil.copytree(finished, older)
    document = json.loads((older / "results.json").read_text())
    for row in document["claims"]:
        row["verdict"] = "UNKNOWN"
    (older / "results.json").write_text(json.dumps(document))
    os.utime(older / "results.json", (1, 1))
    (finished.parent / "broken").mkdir()
    (finished.parent / "broken" / "results.json").write_text("{")
    rows = json.loads(call("list", "claims", "--out", finished.parent, "--json")[1])["claims"]
    assert {row["run"] for row in rows if row["system"] == "deq-general"} == {str(finished)}


def test_what_another_study_left_is_removed(finished: Path) -> None:
    """Certificates (and their arrays) of another study go; ours, and files that no run wrote, stay."""
    folder = finished / "certificates"
    mine = read_results(finished).study.digest
    first = sorted(folder.glob("*.json"))[0]
    stale = json.loads(first.read_text())
    stale["detail"]["study"] = "0" * 64
    (folder / "stale.json").write_text(json.dumps(stale))
    (folder / "stale.npz").write_bytes(b"")
    by_hand = {**stale, "detail": {}}
    (folder / "by-hand.json").write_text(json.dumps(by_hand))
    (folder / "notes.json").write_text('["mine"]')
    (folder / "other.json").write_text(json.dumps({"format": "another", "detail": {"study": "0"}}))
    before = {file.name for file in folder.iterdir()}
    assert [file.name for file in remove_stale(finished, mine)] == ["stale.json"]
    assert {file.name for file in folder.iterdir()} == before - {"stale.json", "stale.npz"}
    assert isinstance(Certificate.from_json(json.loads(first.read_text())), Certificate)


@pytest.mark.parametrize("source", ["digits", "sphere", "a file with labels"])
def test_a_run_on_labelled_data_is_read_back(tmp_path: Path, source: str) -> None:
    """Labels enter the digest of a study; results.json holds enough of them to tell the study again."""
    (tmp_path / "x.csv").write_text("0.1,2,yes\n3,4,no\n5,7,no\n")
    data = load(str(tmp_path / "x.csv"), reading=Reading(labels=2)) if "file" in source else load(source, 3)
    study = Study("labelled", ("deq-relu",), (), data, widths=(), replicates=0)
    bundle.save(Report(Results(study, (), 0.0, "0.1")), tmp_path / "run", pdf=False)
    found = read_results(tmp_path / "run").study
    assert found.digest == study.digest
    assert found.data.labels_digest == data.labels_digest
    assert (data.labels_digest is None) == (source == "sphere")
    if data.labels is not None:
        assert replace(study, data=replace(data, labels=-data.labels)).digest != study.digest
