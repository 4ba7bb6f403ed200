"""The section "Second opinion" in all formats: a failure here means that a reader misreads a contradiction."""

from __future__ import annotations

import subprocess
from dataclasses import replace

from certigram.numerics.second_opinion.finding import Agreement, Finding
from certigram.numerics.second_opinion.opinion import SecondOpinion
from certigram.reports.html import render
from certigram.reports.model import Report
from certigram.reports.second_opinion import NOTHING, html, latex, rows, sentences

HOSTILE = r"a_b<c> & 50% {x} \input{/etc/passwd} $1$ #~^"


def finding(agreement: Agreement, kind: str = "Hermite coefficient", radii: float | None = 0.25) -> Finding:
    return Finding(
        "deq-general", HOSTILE, "deq-general.mehler", kind, "order 3 at |x|²/d = 1, sup|φ'|", agreement,
        "0.25 ± 1.0e-30", "0.75", "2.0e-40", radii, 29, "too slow" if agreement is Agreement.UNDECIDED else "",
    )  # fmt: skip


ALL = SecondOpinion(
    "0" * 64,
    5,
    (*map(finding, Agreement), finding(Agreement.AGREES, "logistic loss", None), finding(Agreement.AGREES, radii=0.5)),
    1,
    2.0,
)


def test_the_table_counts_each_kind() -> None:
    """Undecided numbers count as such, and not for the distances."""
    hermite, loss = rows(ALL)
    assert hermite.cells == ("Hermite coefficient", "4", "2", "1", "1", "0.5", "29")
    assert loss.cells == ("logistic loss", "1", "1", "0", "0", "", "29")


def test_sentences_name_claim_and_both_values() -> None:
    counted, against, undecided, missing = sentences(ALL)
    assert counted == "second opinion: 3 of 5 recomputed numbers agree, 1 undecided, 1 contradicts the enclosure."
    assert against.startswith(f"CONTRADICTION in deq-general.mehler ({HOSTILE}), Hermite coefficient, order 3")
    assert "enclosed as 0.25 ± 1.0e-30, recomputed as 0.75" in against
    assert undecided.startswith("undecided: deq-general.mehler")
    assert missing.startswith("1 of the numbers")


def test_hostile_names_are_text_in_both_documents() -> None:
    page, document = html(ALL), latex(ALL)
    assert "<c>" not in page
    assert "&lt;c&gt; &amp; 50%" in page
    assert r"\input" not in document
    assert document.isascii()
    assert "CONTRADICTION" in page
    assert "CONTRADICTION" in document


def test_nothing_is_said_where_nobody_asked() -> None:
    none = SecondOpinion("0" * 64, 5, (), 0, 0.0)
    assert (html(None), latex(None)) == ("", "")
    assert sentences(none) == ("second opinion: this study has no enclosed numbers that can be computed again.",)
    assert NOTHING in html(none)
    assert NOTHING in latex(none)


def test_the_documents_hold_the_section(report: Report, tool, tmp_path) -> None:
    """The page by its link, and the document as LaTeX reads it."""
    asked = replace(report, second_opinion=ALL)
    assert 'href="#second-opinion"' in render(asked)
    assert "second-opinion" not in render(report)
    source = asked.to_latex(tmp_path / "report.tex")
    pdflatex = tool("pdflatex")
    done = subprocess.run(
        [pdflatex, "-interaction=nonstopmode", "-halt-on-error", source.name],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
