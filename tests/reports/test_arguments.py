"""How a claim is known and for what, in every format: a failure here means that a reader takes words for a machine."""

from __future__ import annotations

import io
import re
from functools import cache
from html import unescape

from rich.console import Console

from certigram.reports import graph
from certigram.reports.html import render as render_html
from certigram.reports.latex import render as render_latex
from certigram.reports.model import Report
from certigram.reports.parts import ClaimPart
from certigram.reports.terminal import print_results
from certigram.theory.verdict import Argument, Verdict

COMPUTED = "computed (no implication is used: the conclusion itself was computed on this data)"
WRITTEN = "written proof (by a proof in the documentation; what a program can test of its lines was tested)"


@cache
def _texts(report: Report) -> tuple[str, str]:
    return render_html(report), render_latex(report)


def _article(report: Report, id: str) -> str:
    """The text under one claim of the page."""
    page = _texts(report)[0]
    at = page.index(f'<article id="{id}">')
    found = re.sub(r"<[^>]*>", " ", page[at : page.index("</article>", at)])
    return re.sub(r"\s+([;:.,)])", r"\1", re.sub(r"\s+", " ", unescape(found))).replace("( ", "(")


def _facts(report: Report, label: str, after: str) -> str:
    """The facts under one claim of the document."""
    source = _texts(report)[1]
    at = source.index(rf"\claimheading{{{label}}}")
    return source[at : source.find(rf"\claimheading{{{after}}}", at)]


def _claim(report: Report, id: str) -> ClaimPart:
    return next(c for part in report.systems for c in part.claims if c.claim.id == id)


def test_a_claim_says_by_what_and_for_what(several: Report) -> None:
    """Argument, scope and method stand under the claim, in both formats."""
    computed, argued = (_article(several, f"toy-kernels-{slug}") for slug in ("least-eigenvalue", "descent"))
    assert f"known by {COMPUTED}; for all 4 inputs & <both> labels; method: by hand" in computed
    assert f"known by {WRITTEN}; for one network of width 64; method: by hand" in argued
    first = _facts(several, "toy-kernels B01", "toy-kernels B02")
    second = _facts(several, "toy-kernels B02", "toy-kernels B03")
    scope = r"all 4 inputs \& \textless{}both\textgreater{} labels"
    assert rf"\item[known by] {COMPUTED}; for {scope}; method: by hand" in first
    assert rf"\item[known by] {WRITTEN}; for one network of width 64; method: by hand" in second


def test_what_is_not_decided_is_not_known(several: Report) -> None:
    """UNKNOWN and CONSISTENT say what was looked at, and nothing says that a machine has established them."""
    flow, rate = _article(several, "toy-fixed-flow"), _article(several, "toy-fixed-rate")
    for text in (flow, rate):
        assert "known by" not in text
        assert "looked at all 4 inputs & <both> labels; method: by hand" in text
    assert COMPUTED not in flow
    never = _article(several, "toy-kernels-never")
    assert "known by" not in never
    assert "looked at" not in never


def test_the_tables_name_the_argument_and_what_is_kept(several: Report) -> None:
    """The word of the argument beside the verdict, and "vacuous here" where next to nothing is kept."""
    page, source = _texts(several)
    kernels = page[page.index('<section id="s-toy-kernels-claims">') : page.index('<section id="s-toy-kernels-sharp')]
    assert '<b>✓</b><span>proved</span></span> <span class="by">computed</span>' in kernels
    assert '<b>∴</b><span>argued</span></span> <span class="by">written proof</span>' in kernels
    assert kernels.count(">vacuous here</span>") == 2  # for each kernel
    general = page[page.index('<section id="s-deq-general-claims">') : page.index('<section id="s-deq-general-sharp')]
    assert general.count(">vacuous here</span>") == 3  # LB_G, for each activation
    assert '<td class="r" data-label="kept">' in general
    fixed = page[page.index('<section id="s-toy-fixed-claims">') :]
    assert "vacuous" not in fixed[: fixed.index("</section>")]  # an undecided claim bounds nothing
    assert source.count(r"\textit{vacuous}") == 5
    assert r"{\footnotesize computed}" in source
    assert r"{\footnotesize written proof}" in source


def test_the_sign_of_argued_is_explained(several: Report) -> None:
    """∴ stands in the legend of both formats with the sentence of the verdict."""
    page, source = _texts(several)
    signs = page[page.index('<section id="signs">') :]
    assert "∴" in signs
    assert Verdict.ARGUED.value in unescape(signs)
    assert r"\therefore" in source
    assert Verdict.ARGUED.value in re.sub(r"\s+", " ", source)


def test_the_border_is_that_of_the_weakest_argument(several: Report) -> None:
    """Double only where a machine has finished; a computation that did not finish, or was not begun, is nothing."""
    found = {slug: _claim(several, f"toy-kernels.{slug}").weakest for slug in ("least-eigenvalue", "descent", "never")}
    assert found == {"least-eigenvalue": Argument.DIRECT, "descent": Argument.WRITTEN, "never": Argument.WRITTEN}
    flow = _claim(several, "toy-fixed.flow")
    assert flow.claim.argument is Argument.DIRECT
    assert flow.weakest is Argument.OPEN
    assert [graph.border(a) for a in (*found.values(), flow.weakest)] == ["mechanical", "written", "written", "open"]


def test_the_terminal_gathers_scopes(several: Report) -> None:
    """One line for each scope, with the labels of the claims that hold; vacuous bounds are named."""
    stream = io.StringIO()
    print_results(several.results, Console(file=stream, width=160, highlight=False), [])
    lines = [line.strip() for line in stream.getvalue().splitlines()]
    kernels = lines[lines.index("toy-kernels  A system about kernels") :]
    kernels = kernels[: next(k for k, line in enumerate(kernels) if line.startswith("NOT_APPLICABLE"))]
    at = kernels.index("established for")
    assert kernels[at + 1 : at + 4] == [
        "all 4 inputs & <both> labels: B01",
        "one network of width 64: B02",
        "vacuous here, keeping less than a millionth: B02",
    ]
    rows = [line.split() for line in kernels if line.startswith("descent")]
    assert [row[3:6] for row in rows] == [["ARGUED", "written", "proof"]] * 2
    assert all("vacuous" in row for row in rows)
    assert not [line for line in lines if line.startswith("flow") and "vacuous" in line]


def test_what_is_given_away_stands_in_a_table_of_its_own(several: Report) -> None:
    """The share on the data, the badge, and the worst case that ships, in page and document."""
    page, source = _texts(several)
    kernels = page[page.index('<section id="s-toy-kernels-sharpness">') : page.index('<section id="s-toy-kernels-hyp')]
    assert kernels.count(">vacuous here</span>") == 2
    assert "What each theorem gives away" in page
    assert r"\textit{vacuous here}" in source
