"""Derivations as documents: a failure here means that what a reader sees is broken, or says more than was checked.

After an intended change, ``CERTIGRAM_UPDATE_GOLDEN=1 pytest tests/reports`` writes the fragments anew; read the diff.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import sympy

import certigram as cg
from certigram.derivations import write_book
from certigram.numerics.derivation_check.check import check
from certigram.reports.derivations.blocks import Document, Facts, Theorem
from certigram.reports.derivations.book import BOOK, book, lemma_blocks, system_blocks
from certigram.reports.derivations.breaking import broken, width
from certigram.reports.derivations.fold import fold, mirror
from certigram.reports.derivations.page import render as html
from certigram.reports.derivations.printer import Printer
from certigram.reports.derivations.proof import checked, derivation_blocks
from certigram.reports.derivations.shorten import shorthand
from certigram.reports.derivations.typeset import render as tex
from certigram.theory.activations.activation import activation
from certigram.theory.activations.functions import X
from certigram.theory.claims.lemma import lemma
from certigram.theory.claims.system import system
from certigram.theory.closed_forms import A, B, C
from certigram.theory.derivations.dual import derive_dual
from certigram.theory.derivations.identity import identical
from certigram.theory.derivations.notation import Expectation, Mean
from certigram.theory.errors import SpecError

GOLDEN = Path(__file__).parents[1] / "golden"
NAMES = ("erf", "relu", "gelu", "x**2*Heaviside(x)", "x*exp(-x**2/2)", "sin", "x**3", "elu(1)")
ARTEFACTS = ("Piecewise", r"\sqrt{2} \sqrt", r"\operatorname{asin}", r"\operatorname{atan}", "Heaviside", "Expectation")


@pytest.fixture(scope="module", params=["an eighth", pytest.param("all", marks=pytest.mark.slow)])
def whole(request):
    """The book, with every eighth of its sections on activations unless all are asked for."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param != "all":
            patch.setattr("certigram.reports.derivations.book.BOOK", BOOK[::8])
        return book()


def golden(name: str, found: str) -> None:
    path = GOLDEN / name
    if os.environ.get("CERTIGRAM_UPDATE_GOLDEN"):
        path.write_text(found, encoding="utf-8")
    assert found == path.read_text(encoding="utf-8"), f"{name} changed; see the head of this file"


# -- what is shown is what was derived ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_line_stands_behind_exactly_one_row(name: str) -> None:
    derivation = derive_dual(activation(name))
    covered = sorted(j for display in fold(derivation) for row in display.rows for j in row.covers)
    assert covered == list(range(len(derivation.steps)))


@pytest.mark.parametrize("name", NAMES)
def test_references_point_to_earlier_displays(name: str) -> None:
    displays = fold(derive_dual(activation(name)))
    place = {j: d.at for d in displays for row in d.rows for j in row.covers}
    for display in displays:
        for row in display.rows:
            assert all(place[j] <= display.at for j in row.uses)


@pytest.mark.parametrize("name", NAMES)
def test_abbreviations_do_not_change_a_formula(name: str) -> None:
    derivation = derive_dual(activation(name))
    displays = fold(derivation)
    short = shorthand(displays, derivation.goal)
    back = {symbol: base for base, symbol in short.bases.items() if symbol.is_Symbol}
    compared = 0
    for display in displays:
        for row in display.rows:
            laws = row.right.atoms(Expectation, Mean)
            if all(short.short(law) == law for law in laws):  # else the two differ in how a law is written
                assert identical(_inside(short.short(row.right)).xreplace(back), _inside(row.right))
                compared += 1
    assert compared >= len(displays) / 2


def _inside(expression: sympy.Expr) -> sympy.Expr:
    """Integrals by their integrands, which the normal form can look into."""
    return expression.replace(lambda node: isinstance(node, sympy.Integral), lambda node: node.function)


def test_a_mirror_image_is_not_claimed_for_another_formula() -> None:
    derivation = derive_dual(activation("gelu"))
    twin = next(d for d in fold(derivation) if d.twin is not None)
    k = twin.at
    false = replace(derivation.steps[k], after=2 * derivation.steps[k].after + A)
    steps = (*derivation.steps[:k], false, *derivation.steps[k + 1 :])
    assert all(d.twin is None for d in fold(replace(derivation, steps=steps)) if d.at == k)
    assert mirror(A + 2 * B * C) == B + 2 * A * C


def test_a_false_line_is_reported_and_nothing_is_called_proved() -> None:
    derivation = derive_dual(activation("erf"))
    k = next(k for k, step in enumerate(derivation.steps) if step.rule == "antiderivative")
    false = replace(derivation.steps[k], after=-derivation.steps[k].after)
    wrong = replace(derivation, steps=(*derivation.steps[:k], false, *derivation.steps[k + 1 :]))
    words = checked(check(wrong))
    assert "each proved" not in words
    assert f"open (lines {k + 1}" in words


def test_a_gap_is_named_and_the_certified_series_is_shown() -> None:
    page = cg.derive("tanh").markdown()
    assert "No closed form is derived" in page
    assert "Theorem" not in page
    assert r"$\mu_r(1)$" in page
    assert "0.6057" in page


# -- how it reads ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (1 / sympy.sqrt(2 * sympy.pi), r"\frac{1}{\sqrt{2 \pi}}"),
        (sympy.sqrt(2) * sympy.asin(C / sympy.sqrt(A * B)) / sympy.pi,
         r"\frac{\sqrt{2}}{\pi}\,\arcsin\left(\frac{c}{\sqrt{a b}}\right)"),
        ((1 + A) * (1 + B) - C**2, r"(1+a) (1+b)-c^{2}"),
        (sympy.Max(X, 0), r"\max(x,\,0)"),
        (sympy.Heaviside(1 - X), r"\mathbf{1}_{x<1}"),
        (sympy.exp(-(X**2) / 2), r"e^{-x^{2}/2}"),
    ],
)  # fmt: skip
def test_formulas_are_written_as_in_a_paper(expression: sympy.Expr, expected: str) -> None:
    assert Printer().doprint(expression) == expected


@pytest.mark.parametrize("name", NAMES)
def test_no_artefacts_of_the_computer_algebra(name: str) -> None:
    source = cg.derive(name).latex()
    assert source.isascii()
    assert not [word for word in ARTEFACTS if word in source]


def test_long_sums_are_broken_at_their_signs() -> None:
    derivation = derive_dual(activation("elu(1)"))
    short = shorthand(fold(derivation), derivation.goal)
    assert derivation.result is not None
    text = broken("L", derivation.result, short)
    lines = text.removeprefix(r"\begin{aligned}").removesuffix(r"\end{aligned}").split(r"\\")
    assert len(lines) > 3
    assert all(width(line) < 80 for line in lines)


def test_the_theorem_of_gelu_is_as_approved() -> None:
    derivation = derive_dual(activation("gelu"))
    first = derivation_blocks(derivation, check(derivation), "gelu", "dual activation")[0]
    from certigram.reports.derivations.typeset import block

    golden("derivation-theorem.tex", block(first) + "\n")


def test_the_derivation_of_erf_is_as_approved() -> None:
    golden("derivation-erf.md", cg.derive("erf").markdown())


def test_a_notebook_shows_the_closed_form() -> None:
    found = cg.derive("erf")
    assert found._repr_latex_().startswith(r"$\displaystyle \mathbb{E}")
    assert r"\arcsin" in found._repr_latex_()
    assert "<math" in found._repr_html_()


# -- names, files ------------------------------------------------------------------------------------------------------


def test_lemmas_and_systems_have_documents() -> None:
    assert r"\begin{statement}{Lemma}" in cg.derive("mehler").latex()
    assert r"\begin{statement}{Claim}" in cg.derive("deq-general").latex()
    assert all(lemma.passed for lemma in cg.derive("lemma.price").check())


@pytest.mark.parametrize("name", ["tanhh", "import os", "", "lemma.nothing"])
def test_unknown_names_are_refused(name: str) -> None:
    with pytest.raises(SpecError):
        cg.derive(name)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="ending"):
        cg.derive("erf").save(tmp_path / "erf.docx")


def test_the_function_is_not_hidden_by_a_module() -> None:
    import certigram.cli  # imports the command of the same name

    assert callable(cg.derive)
    assert certigram.cli


# -- the book ----------------------------------------------------------------------------------------------------------


def test_the_book_is_one_page_with_links_that_lead_somewhere(whole) -> None:
    page = html(whole)
    identifiers = re.findall(r' id="([^"]+)"', page)
    assert len(identifiers) == len(set(identifiers))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(identifiers)
    assert "<script" not in page


def test_the_book_contradicts_nothing(whole) -> None:
    words = " ".join(whole.texts())
    assert "Contradicted" not in words
    assert "not confirmed" not in words
    assert "CONTRADICTED" not in words


def test_pdflatex_compiles_the_book_without_a_complaint(whole, tool, tmp_path: Path) -> None:
    pdflatex = tool("pdflatex")
    (tmp_path / "book.tex").write_text(tex(whole), encoding="ascii")
    for _ in range(3):
        done = subprocess.run(
            [pdflatex, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "book.tex"],
            cwd=tmp_path, capture_output=True, timeout=200, check=False,
        )  # fmt: skip
        log = (tmp_path / "book.log").read_text("utf-8", errors="replace")
        assert done.returncode == 0, "\n".join(line for line in log.splitlines() if line.startswith("!"))
    faults = re.findall(
        r"^(?:Overfull.*|LaTeX Warning:.*|Package hyperref Warning:.*|LaTeX Font Warning:.*)", log, re.M
    )
    assert faults == []


@pytest.mark.slow
def test_the_whole_folder_is_written(tmp_path: Path) -> None:
    names = {path.name for path in write_book(tmp_path, pdf=False)}
    assert names == {"book.tex", "book.md", "book.html", "references.bib"}


def test_a_system_without_notation_has_no_empty_list() -> None:
    """LaTeX stops at a list without items; a system may need no symbols, a lemma no hypotheses."""
    plain = replace(system("two-layer-logistic"), notation={})
    assert not any(isinstance(block, Facts) for block in system_blocks(plain))
    assert any(isinstance(block, Facts) for block in system_blocks(system("two-layer-logistic")))
    blocks = lemma_blocks(replace(lemma("lemma.mehler"), hypotheses=(), uses=()))
    (theorem,) = (block for block in blocks if isinstance(block, Theorem))
    assert "Without any hypothesis" in tex(Document("t", "s", (theorem,)))
