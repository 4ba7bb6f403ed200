"""The documents: a failure here means that a report is broken, unsafe, or not what was approved in ``tests/golden``.

After an intended change, ``CERTIGRAM_UPDATE_GOLDEN=1 pytest tests/reports`` writes the fragments anew; read the diff.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from html.parser import HTMLParser
from importlib import resources
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest

from certigram.numerics.runs.document import results_schema
from certigram.reports import bundle
from certigram.reports.html import render as render_html
from certigram.reports.html import render_summary, statement
from certigram.reports.latex import render as render_latex
from certigram.reports.mathml import mathml
from certigram.reports.model import Report
from certigram.reports.tex import code, escape
from certigram.theory.claims.system import systems
from certigram.theory.errors import DerivationGap

GOLDEN = Path(__file__).parents[1] / "golden"
SCHEMA = json.loads((resources.files("certigram.reports") / "results.schema.json").read_text("utf-8"))
VOID = {"meta", "br", "hr", "img", "link", "input"}


class Page(HTMLParser):
    """Collects elements, attributes and text, and checks that every element is closed."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def golden(name: str, found: str) -> None:
    path = GOLDEN / name
    if os.environ.get("CERTIGRAM_UPDATE_GOLDEN"):
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8"), f"{name} changed; see the head of this file"


def between(text: str, start: str, end: str) -> str:
    at = text.index(start)
    return text[at : text.index(end, at)]


# -- approved fragments ------------------------------------------------------------------------------------------


def test_the_table_of_eigenvalues_is_as_approved(report: Report) -> None:
    page, source = render_html(report), render_latex(report)
    golden("eigenvalues.html", between(page, '<section id="s-deq-general-eigenvalues">', "<figure>"))
    golden("eigenvalues.tex", between(source, r"\section{Least eigenvalues", r"\section{Claims at a glance}"))


def test_a_claim_is_as_approved(report: Report) -> None:
    page, source = render_html(report), render_latex(report)
    golden("claim.html", between(page, '<article id="deq-general-lower-bound-schur">', "</article>"))
    golden("claim.tex", between(source, r"\claimheading{C13}", r"\claimheading{C13$'$}"))


# -- results.json ------------------------------------------------------------------------------------------------


def test_the_schema_is_a_schema_and_accepts_results(any_report: Report, tmp_path: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert _demands(results_schema()) == _demands(SCHEMA)  # descriptions depend on the version of pydantic
    document = json.loads(any_report.to_json(tmp_path / "results.json").read_text("utf-8"))
    jsonschema.validate(document, SCHEMA)


def _demands(schema: object) -> object:
    """A schema without its descriptions, and without the list of the one value that a ``const`` names."""
    if isinstance(schema, list):
        return [_demands(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    idle = {"description", "enum"} if "const" in schema else {"description"}
    return {
        key: {name: _demands(part) for name, part in value.items()}
        if key in ("properties", "$defs")
        else _demands(value)
        for key, value in schema.items()
        if key not in idle
    }


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("claims", 0, "verdict"), "TRUE"),
        (("claims", 0, "lower"), "0.1"),
        (("claims", 0, "surprise"), 1),
        (("eigenvalues", 0, "n"), 0),
        (("digest",), "short"),
    ],
)
def test_the_schema_refuses_what_is_not_results(report: Report, place: tuple[str | int, ...], value: object) -> None:
    document = json.loads(report.results.dumps())
    target = document
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)


def test_an_undecided_claim_without_a_reason_is_refused(report: Report) -> None:
    document = json.loads(report.results.dumps())
    undecided = next(c for c in document["claims"] if c["verdict"] == "UNKNOWN")
    undecided["reason"] = ""
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)


@pytest.mark.parametrize(
    ("verdict", "wrong"),
    [
        ("PROVED", {"argument": "WRITTEN"}),
        ("PROVED", {"argument": "OPEN"}),
        ("PROVED", {"scope": ""}),
        ("PROVED", {"verdict": "ARGUED"}),
        ("ARGUED", {"verdict": "PROVED"}),
        ("ARGUED", {"argument": "OPEN"}),
        ("ARGUED", {"argument": "DIRECT"}),
        ("ARGUED", {"scope": ""}),
        ("REFUTED", {"argument": "OPEN"}),
        ("CONSISTENT", {"verdict": "PROVED"}),
        ("PROVED", {"argument": "BELIEVED"}),
        ("PROVED", {"sharpness": [0.5]}),
    ],
)
def test_a_verdict_without_its_argument_is_refused(report: Report, verdict: str, wrong: dict[str, object]) -> None:
    """PROVED by a machine only, ARGUED by a proof in words, both for something: the schema says it once more."""
    document = json.loads(report.results.dumps())
    row = next(c for c in document["claims"] if c["verdict"] == verdict)
    row |= wrong
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(document, SCHEMA)


# -- HTML --------------------------------------------------------------------------------------------------------


def test_the_page_is_well_formed_and_self_contained(any_report: Report) -> None:
    page = render_html(any_report)
    found = Page(page)
    assert not found.open
    names = {tag for tag, _ in found.seen}
    assert not names & {"script", "link", "iframe", "img", "object", "embed", "form", "c", "these"}
    for tag, attributes in found.seen:
        for name, value in attributes.items():
            assert name != "src"
            assert not name.startswith("on")
            if name in ("href", "xlink:href") and not (value or "").startswith("#"):
                assert tag == "a"
                assert (value or "").startswith("https://arxiv.org/abs/")
    assert not re.search(r"@import|url\((?!#)", page)


def test_links_lead_somewhere_and_identifiers_are_unique(any_report: Report) -> None:
    found = Page(render_html(any_report))
    identifiers = [attributes["id"] for _, attributes in found.seen if "id" in attributes]
    assert len(identifiers) == len(set(identifiers))
    targets = {v[1:] for _, a in found.seen for k, v in a.items() if k.endswith("href") and v and v.startswith("#")}
    assert targets <= set(identifiers)


def test_hostile_names_are_text_in_html(report: Report) -> None:
    hostile = report.results.study.activations[2]
    for page in (render_html(report), render_summary(report)):
        assert hostile not in page  # it has a < that must have been escaped
        assert hostile in "".join(Page(page).words)


def test_every_formula_of_every_system_becomes_mathml() -> None:
    for system in systems().values():
        formulas = [system.model, *system.notation]
        for claim in system.claims:
            formulas += [claim.statement, *(h.statement for h in claim.hypotheses)]
        for formula in formulas:
            ElementTree.fromstring(str(mathml(formula, display=True)))


@pytest.mark.parametrize("formula", [r"\text{<script>x</script>}", r"\text{a & b}", r"\unknowncommand x"])
def test_a_formula_that_is_no_formula_is_refused(formula: str) -> None:
    with pytest.raises(DerivationGap):
        mathml(formula)


def test_a_formula_that_does_not_convert_is_shown_as_code() -> None:
    """One formula must not cost a finished study its report."""
    page = str(statement(r"\unknowncommand{x} < 1"))
    assert Page(page).words == [r"\unknowncommand{x} < 1"]
    assert "<code" in page


def test_every_section_is_there_and_every_reason(report: Report) -> None:
    page, source = render_html(report), render_latex(report)
    for part in report.systems:
        for line in part.system.errata:
            assert line.split()[0] in page
        for claim in part.claims:
            assert f'id="{claim.anchor}"' in page
            assert rf"\label{{{claim.anchor}}}" in source
    words = "".join(Page(page).words)
    assert "the least eigenvalue is exactly 0: inputs 0 & 1 are equal" in words
    assert report.results.study.digest in words
    assert "not complete" in words
    assert "not complete" in source


# -- LaTeX -------------------------------------------------------------------------------------------------------


def test_the_document_is_ascii_and_hostile_names_are_text(report: Report) -> None:
    source = render_latex(report)
    assert source.isascii()
    assert r"\input{" not in source
    assert r"\symbol{92}" in source


def test_special_characters_are_escaped() -> None:
    assert escape("#$%&_{}") == r"\#\$\%\&\_\{\}"
    assert escape("\\ ~ ^ < >").startswith(r"\textbackslash{}")
    assert escape("é ß λ 字 \x07") == r"\'{e} \ss{} $\lambda$ \texttt{U+5B57}  "
    assert code(r"\input{x}") == r"\code{\symbol{92}input\symbol{123}x\symbol{125}}"


@pytest.mark.parametrize("which", ["report", "plain_report"])
def test_pdflatex_compiles_without_a_complaint(which: str, request: pytest.FixtureRequest, tool, tmp_path) -> None:
    pdflatex = tool("pdflatex")
    path = request.getfixturevalue(which).to_latex(tmp_path / "report.tex")
    for _ in range(2):
        done = subprocess.run(
            [pdflatex, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", path.name],
            cwd=tmp_path, capture_output=True, timeout=120, check=False,
        )  # fmt: skip
        log = (tmp_path / "report.log").read_text("utf-8", errors="replace")
        assert done.returncode == 0, "\n".join(line for line in log.splitlines() if line.startswith("!"))
    # microtype and rerunfilecheck speak of fonts and of themselves; whatever speaks of the document is a fault
    faults = re.findall(
        r"^(?:Overfull.*|LaTeX Warning:.*|Package hyperref Warning:.*|LaTeX Font Warning:.*)", log, re.M
    )
    assert faults == []


# -- the folder --------------------------------------------------------------------------------------------------


def test_the_bundle_is_complete(report: Report, tmp_path: Path) -> None:
    files = bundle.save(report, tmp_path, pdf=False)
    names = {str(file.relative_to(tmp_path)) for file in files}
    drawn = {f"report-figures/s-deq-general-{name}.pdf" for name in ("bounds", "gram-error", "given-away")}
    assert names == {"results.json", "report.html", "report.tex"} | drawn
    found = {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*") if file.is_file()}
    assert found == names  # no temporary file is left


def test_figures_of_an_earlier_report_are_removed(plain_report: Report, tmp_path: Path) -> None:
    (tmp_path / "report-figures").mkdir()
    (tmp_path / "report-figures" / "curves-gone-0.pdf").write_bytes(b"old")
    bundle.save(plain_report, tmp_path, pdf=False)
    left = {file.name for file in (tmp_path / "report-figures").iterdir()}
    assert left == {"s-deq-general-bounds.pdf", "s-deq-general-given-away.pdf"}


def test_nothing_is_drawn_that_has_no_numbers(plain_report: Report, tmp_path: Path) -> None:
    names = {file.name for file in bundle.save(plain_report, tmp_path, pdf=False)}
    assert "s-deq-general-gram-error.pdf" not in names
    assert "s-deq-general-bounds.pdf" in names


@pytest.mark.parametrize("script", ["exit 1", "echo '! Undefined control sequence.' > report.log; exit 12", "sleep 60"])
def test_a_latex_failure_is_one_sentence_and_loses_nothing(
    script: str, report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "latexmk").write_text(f"#!/bin/sh\n{script}\n")
    (tools / "latexmk").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    monkeypatch.setattr(bundle, "SECONDS", 2)
    said: list[str] = []
    files = bundle.save(report, tmp_path / "out", tell=said.append)
    assert len(said) == 1
    assert "report.pdf was not made" in said[0]
    assert "\n" not in said[0]
    assert {"report.html", "report.tex", "results.json"} <= {file.name for file in files}
    assert "report.pdf" not in {file.name for file in files}


def test_without_latexmk_nothing_is_said(report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said: list[str] = []
    assert all(file.suffix != ".tmp" for file in bundle.save(report, tmp_path / "out", tell=said.append))
    assert said == []


def test_latexmk_makes_the_pdf(report: Report, tool, tmp_path: Path) -> None:
    tool("latexmk")
    said: list[str] = []
    files = bundle.save(report, tmp_path, tell=said.append)
    assert said == []
    assert files[-1].name == "report.pdf"
    assert files[-1].read_bytes().startswith(b"%PDF")
