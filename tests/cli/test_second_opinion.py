"""``certigram verify --second-opinion``: a failure here means that a wrong enclosure does not stop the command."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

import certigram as cg
from certigram.cli.second_opinion import USUAL
from certigram.numerics.papers.resnet_rkhs import face
from certigram.numerics.second_opinion import opinion
from certigram.numerics.second_opinion.recipes import EnclosedNumber, Ends, Recipe

STUDY = """
[study]
name = "few"
systems = ["resnet-rkhs"]
kernels = ["gaussian"]
[data]
n = 4
[parameters.resnet-rkhs]
points = 3
iterations = 2
features = 20
depth = 3
[finite-width]
widths = []
"""


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blank_figures: None) -> Path:
    """A study of seconds; no LaTeX is run, and nothing is drawn."""
    monkeypatch.setattr("certigram.reports.bundle.shutil.which", lambda name: None)
    path = tmp_path / "few.toml"
    path.write_text(STUDY, encoding="utf-8")
    return path


def planted(number: EnclosedNumber) -> EnclosedNumber:
    """The same number with an enclosure moved by 1e-12 of its size."""

    def found() -> tuple[Ends, Recipe]:
        (low, high), recipe = number.found()
        off = Fraction(1, 10**12) * max(abs(low), abs(high))
        return (low + off, high + off), recipe

    return replace(number, found=found)


def test_agreement_changes_nothing_but_the_report(study: Path, tmp_path: Path, call: Callable[..., object]) -> None:
    """The number may be left out, also before the study; the section is in the report, and in that of `report`."""
    status, _, err = call("verify", "--second-opinion", study, "--out", tmp_path / "out")  # type: ignore[misc]
    assert status == 0
    assert "recomputed numbers agree." in err
    folder = tmp_path / "out" / "few"
    kept = json.loads((folder / opinion.FILE).read_text("utf-8"))
    assert kept["asked"] == USUAL == opinion.DEFAULT
    assert {f["agreement"] for f in kept["findings"]} == {"AGREES"}
    page = (folder / "report.html").read_text("utf-8")
    assert "Second opinion" in page
    assert r"\section{Second opinion}" in (folder / "report.tex").read_text("utf-8")
    assert call("report", folder)[0] == 0  # type: ignore[index]
    assert (folder / "report.html").read_text("utf-8") == page
    status, _, err = call("verify", study, "--out", tmp_path / "out")  # type: ignore[misc]
    assert (status, "recomputed numbers agree." in err) == (0, True), "a continued run keeps its second opinion"


def test_a_contradiction_is_a_defect(
    study: Path, tmp_path: Path, call: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Status 70, with the claim, the place and both values; in every format, and from the API."""
    true = face.enclosed_numbers

    def wrong(*given: object) -> Iterator[EnclosedNumber]:
        return map(planted, true(*given))  # type: ignore[arg-type]

    monkeypatch.setattr(face, "enclosed_numbers", wrong)
    status, out, err = call("verify", study, "--out", tmp_path / "out", "--second-opinion", 3)  # type: ignore[misc]
    assert status == 70
    assert "PROVED" in out, "what was proved is shown all the same"
    assert err.count("CONTRADICTION in resnet-rkhs.least-eigenvalue (gaussian)") == 3
    assert "enclosed as 0." in err
    assert "recomputed as 0." in err
    folder = tmp_path / "out" / "few"
    for name in ("report.html", "report.tex"):
        assert "CONTRADICTION" in (folder / name).read_text("utf-8")
    assert call("report", folder)[0] == 70  # type: ignore[index]
    found = cg.verify(study, second_opinion=2).second_opinion
    assert found is not None
    assert len(found.contradictions) == 2


def test_a_study_without_numbers_says_so(
    study: Path, tmp_path: Path, call: Callable[..., object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(face, "enclosed_numbers")
    status, _, err = call("verify", study, "--out", tmp_path / "out", "--second-opinion", 3)  # type: ignore[misc]
    assert status == 0
    assert "second opinion: this study has no enclosed numbers that can be computed again." in err


@pytest.mark.parametrize("given", ["0", "-3"])
def test_a_sample_of_none_is_refused(study: Path, given: str, call: Callable[..., object]) -> None:
    status, _, err = call("verify", study, "--second-opinion", given)  # type: ignore[misc]
    assert status == 2
    assert "--second-opinion" in err
