"""Lines of lemmas as theorems of Coq: what the list says is in the sources, and Coq accepts it and nothing false.

A failure means that a line is called accepted that no theorem states, that the sources changed after the last record
(``python tests/house/formal_record.py``), or that a wrong constant would pass.
"""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from certigram.theory.claims import formal
from certigram.theory.claims.lemma import lemmas

from ..house import formal_record

LINES = formal.stated_lines()
LEAST = 113
"""Lines that are whole theorems of Coq; the number only grows."""


def test_each_listed_line_is_a_line_and_a_theorem() -> None:
    texts = {name: file.read_text(encoding="utf-8") for name, file in formal.sources().items()}
    for line in LINES:
        assert line.check in {step.check for step in lemmas()[line.lemma].proof}, line
        assert re.search(rf"^Theorem {line.theorem}\b", texts[line.file], re.M), line


def test_nothing_is_assumed() -> None:
    for name, file in formal.sources().items():
        code = re.sub(r"\(\*.*?\*\)", "", file.read_text(encoding="utf-8"), flags=re.S)
        assert not re.search(r"\b(Admitted|admit|Axiom|Parameter|Conjecture|Hypothesis|Variable|Abort)\b", code), name


def test_the_record_is_that_of_these_sources() -> None:
    assert len(formal.accepted_lines()) == len(LINES) >= LEAST
    assert set(formal_record.ORDER) == set(formal.sources())


def test_other_sources_are_not_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    formal.accepted_lines.cache_clear()
    monkeypatch.setattr(formal, "digest", lambda: "0" * 64)
    assert not formal.accepted_lines()
    formal.accepted_lines.cache_clear()


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    if shutil.which("coqc") is None:
        pytest.skip("coqc is not installed: the theorems cannot be compiled again (theory/formal/lemmas/README.md)")
    folder = tmp_path_factory.mktemp("coq")
    return folder, formal_record.compiled(folder)


def test_coq_accepts_the_sources(library: tuple[Path, list[str]]) -> None:
    place = Path(formal.__file__).parents[1] / "formal" / "lemmas" / formal.RECORD
    record = json.loads(place.read_text(encoding="utf-8"))
    assert record["axioms"] == library[1]
    assert set(library[1]) <= set(formal_record.AXIOMS)


WRONG = {
    "a quarter": ("Logistic", "share y f * (1 - share y f) <= / 4.", "/ 4", "/ 5"),
    "half of the rate": ("Descent", "* G2 <= (1 - / 2 * eta * lambda) * f 0.", "/ 2 * eta", "eta"),
    "the power": ("Equilibrium", "zs l i - z i) <= a ^ l * norm n z.", "^ l", "^ S l"),
    "one disc less": ("Features", "eigenvalue_at_least n K (1 - (INR n - 1) * k)", "- 1)", "- 2)"),
    "a twelfth": ("Features", "cosine_between x : x * x - / 12 *", "12", "13"),
}


@pytest.mark.parametrize("name", WRONG)
def test_coq_refuses_a_wrong_constant(library: tuple[Path, list[str]], name: str) -> None:
    file, place, right, wrong = WRONG[name]
    text = (library[0] / "lemmas" / f"{file}.v").read_text(encoding="utf-8")
    assert text.count(place) == 1
    assert place.count(right) == 1
    changed = library[0] / "lemmas" / f"{file}_wrong.v"
    changed.write_text(text.replace(place, place.replace(right, wrong)), encoding="utf-8")
    with pytest.raises(formal_record.Refused):
        formal_record.coqc(library[0], f"lemmas/{changed.name}")
