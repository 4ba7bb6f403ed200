"""Several systems in one report: a failure means that one theory's words, numbers or subjects are shown under another.

Also the curves: a failure there means that a picture is drawn from data of the wrong shape, or says more than its data.
"""

from __future__ import annotations

import io
import json
import re
import subprocess
from functools import cache
from html import unescape
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console

from certigram.numerics.studies.curves import MAX_POINTS, curves, thinned
from certigram.reports.curves import curves_figure
from certigram.reports.figures import drawings
from certigram.reports.html import render as render_html
from certigram.reports.html import render_summary
from certigram.reports.latex import render as render_latex
from certigram.reports.model import Report
from certigram.reports.parts import SystemPart
from certigram.reports.tables import overview, reasons
from certigram.reports.terminal import print_results
from certigram.theory.errors import SpecError
from certigram.theory.verdict import Verdict

SCHEMA = json.loads((resources.files("certigram.reports") / "results.schema.json").read_text("utf-8"))


def figure(**more: object) -> dict[str, object]:
    """Curves of three points."""
    series = [{"label": "L(k)", "values": [1.0, 0.5, 0.25], "role": "measured"}]
    return {"title": "loss", "x": {"label": "k", "values": [0, 1, 2]}, "series": series, "log": True, **more}


def words(page: str) -> str:
    """The text of a page, without its elements."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", page)))


@cache
def page_of(report: Report) -> str:
    """The page, rendered once."""
    return render_html(report)


def section(page: str, part: SystemPart) -> str:
    """What the page says about one system."""
    at = page.index(f'<section class="system" id="{part.anchor}">')
    after = page.find('<section class="system"', at + 1)
    return page[at : after if after > 0 else page.index('<section id="signs">')]


# -- several systems -----------------------------------------------------------------------------------------------


def test_the_headings_of_claims_are_not_mistaken(several: Report) -> None:
    """Papers number their claims on their own: with several in one report the system stands before the label."""
    tags = re.findall(r'<span class="tag">(.*?)</span>', page_of(several))
    assert tags
    assert len(tags) == len(set(tags)) == sum(len(part.claims) for part in several.systems)
    assert all(any(tag.startswith(f"{part.system.name} ") for part in several.systems) for tag in tags)


def test_each_system_has_its_own_part(several: Report) -> None:
    """Subjects, parameters, claims, errata and figures stand in the part of their system and in no other."""
    page = page_of(several)
    general, kernels, fixed = (section(page, part) for part in several.systems)
    assert "toy-kernels" not in general
    assert "activations" in general
    assert "kernels" in words(kernels)
    assert "activation" not in words(kernels)
    assert "tanh" not in words(kernels)
    assert "matern-5/2" in kernels
    assert "x*exp(-x**2/2)" not in words(fixed)
    assert "1/100" in kernels
    assert "1/100</td>" not in general
    assert "A sign is missing in front of" in words(kernels)
    assert "A sign is missing" not in general + fixed
    assert 'id="s-toy-fixed-eigenvalues"' not in fixed
    assert "No least eigenvalue" not in fixed
    assert 'id="s-toy-fixed-errata"' not in fixed


def test_the_summary_counts_each_system(several: Report) -> None:
    """The table on top adds up to the certificates of each system and of the study."""
    page = page_of(several)
    top = page[: page.index('<section class="system"')]
    for part in several.systems:
        assert f'<a href="#{part.anchor}">{part.system.name}</a>' in top
        assert sum(n for _, n in part.counts) == sum(c.system == part.system.name for c in several.claims)
    (proved,) = (n for v, n in several.systems[1].counts if v is Verdict.PROVED)
    assert re.search(rf'toy-kernels</a>.*?2 kernels</td>\s*<td class="r tab"[^>]*>{proved}</td>', top, re.DOTALL)
    assert "together" in top
    assert "toy-kernels" in render_summary(several)


def test_all_means_all_subjects_of_that_system(several: Report) -> None:
    """A claim that applies to no kernel says "all", although the study has activations too."""
    kernels = section(page_of(several), several.systems[1])
    row = kernels[kernels.index("The title of B03") :]
    assert '<td class="name lead"><span class="name">all</span></td>' in row[: row.index("</tbody>")]


def test_open_points_are_shown(several: Report) -> None:
    """What a published proof leaves open, and where our text departs from it, is said under the claim and collected."""
    page, source = section(page_of(several), several.systems[1]), render_latex(several)
    errata = page[page.index('id="s-toy-kernels-errata"') :]
    for text in (errata, source[source.rindex("Open in the published proofs") :]):
        assert "The constant of the last step is nowhere bounded." in text
        assert "ublished for one dimension only." in text
    article = page[page.index('id="toy-kernels-descent"') : page.index('id="toy-kernels-never"')]
    assert "The constant of the last step is nowhere bounded." in article


def test_a_system_without_figures_or_eigenvalues_has_none(several: Report) -> None:
    names = [drawing.name for drawing in drawings(several)]
    assert names == [
        "s-deq-general-bounds",
        "s-deq-general-gram-error",
        "s-deq-general-given-away",
        "s-toy-kernels-given-away",
        "curves-toy-kernels-descent-0",
        "curves-toy-kernels-descent-1",
        "s-toy-fixed-given-away",
    ]


def test_the_alternatives_are_stated(several: Report) -> None:
    """CONSISTENT says which values of a false theory were excluded."""
    page, source = words(page_of(several)), render_latex(several)
    assert "−0.25 or −1" in page
    assert "$-0.25$ or $-1$" in source


def test_identifiers_are_unique_and_links_lead_somewhere(several: Report) -> None:
    page = page_of(several)
    identifiers = re.findall(r'\bid="([^"]+)"', page)
    assert len(identifiers) == len(set(identifiers))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(identifiers)


def test_pdflatex_compiles_all_systems(several: Report, tool, tmp_path: Path) -> None:
    """No overfull line, no undefined reference, in a document with contents, kernels and curves."""
    pdflatex = tool("pdflatex")
    path = several.to_latex(tmp_path / "report.tex")
    for _ in range(3):
        done = subprocess.run(
            [pdflatex, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", path.name],
            cwd=tmp_path, capture_output=True, timeout=120, check=False,
        )  # fmt: skip
        log = (tmp_path / "report.log").read_text("utf-8", errors="replace")
        assert done.returncode == 0, "\n".join(line for line in log.splitlines() if line.startswith("!"))
    assert re.findall(r"^(?:Overfull.*|LaTeX Warning:.*|Package hyperref Warning:.*)", log, re.M) == []


@pytest.mark.parametrize("width", [80, 160])
def test_the_terminal_has_a_table_for_each_system(width: int, several: Report) -> None:
    """A heading, then its claims without the prefix; what does not apply is one line for each reason."""
    stream = io.StringIO()
    print_results(several.results, Console(file=stream, width=width, highlight=False), [Path("out/report.html")])
    text = stream.getvalue()
    lines = text.splitlines()
    assert "toy-kernels  A system about kernels" in lines
    assert "toy-kernels.descent" not in text
    assert "deq-general." not in text
    assert "NOT_APPLICABLE B03 never, B04 never-too: hypothesis nowhere fails" in lines
    table = lines[lines.index("toy-kernels  A system about kernels") :]
    table = table[: table.index("NOT_APPLICABLE B03 never, B04 never-too: hypothesis nowhere fails")]
    assert not any("never" in line for line in table)
    assert sum("descent" in line for line in table) == 2


def test_the_overview_fits_a_narrow_terminal(several: Report) -> None:
    stream = io.StringIO()
    Console(file=stream, width=80, highlight=False).print(overview(several.results, 80))
    assert "…" not in stream.getvalue()
    assert "N/A" in stream.getvalue()


def test_reasons_name_subjects_only_where_they_differ(several: Report) -> None:
    lines = reasons(several.results, several.systems[0].system)
    assert any(line.startswith("REFUTED λ* least-eigenvalue (a_b<c>") for line in lines)
    assert "NOT_APPLICABLE C10 relu-fixed-point: hypothesis relu fails" in lines


# -- curves --------------------------------------------------------------------------------------------------------


def test_curves_stand_near_their_claim(several: Report) -> None:
    """In both formats, with a caption that says what was measured and what is the claim's bound; text stays text."""
    page, source = section(page_of(several), several.systems[1]), render_latex(several, figures=FILES)
    article = page[
        page.index('id="toy-kernels-descent"') : page.index("</article>", page.index('"toy-kernels-descent"'))
    ]
    assert article.count("<figure") == 2
    caption = words(article[article.index("<figcaption>") :])
    assert "On the computed run (solid): L(k)." in caption
    assert "The bound that the claim states (dashed):" in caption
    assert "A picture proves nothing; the verdict on this claim here is" in caption
    assert "$x_1$ & <b>" not in article
    assert source.count(r"\includegraphics[width=0.86\linewidth]{report-figures/curves-toy-kernels-descent-") == 2


FILES = {f"curves-toy-kernels-descent-{k}": f"report-figures/curves-toy-kernels-descent-{k}.pdf" for k in (0, 1)}


def test_curves_of_another_shape_leave_a_note(several: Report) -> None:
    """They are not drawn, the report says so, and everything else is there."""
    assert "its figure is not drawn: figure: 'short' has 1 values on an axis of 500" in words(page_of(several))
    document = several.results.to_json()
    jsonschema.validate(document, SCHEMA)
    claims = {(row["id"], row["activation"]): row for row in document["claims"]}
    assert "figure" not in claims["toy-fixed.flow", "relu"]
    kept = claims["toy-kernels.descent", "gaussian"]["figure"]
    assert len(kept["x"]["values"]) == MAX_POINTS
    assert kept["series"][0]["values"][0] is None  # not a number in the data


def test_pictures_are_the_same_each_time(several: Report) -> None:
    first, second = ({d.name: (d.svg(), d.pdf()) for d in drawings(several)} for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("wrong", "complaint"),
    [
        ({"title": ""}, "title"),
        ({"title": 3}, "title"),
        ({"log": "yes"}, "log"),
        ({"x": [0, 1, 2]}, "x is not a table"),
        ({"x": {"label": "k", "values": [0, "1", 2]}}, "not a number"),
        ({"x": {"label": "k", "values": [True, 1, 2]}}, "not a number"),
        ({"series": [{"label": "L", "values": [1.0], "role": "measured"}]}, "axis of 3"),
        ({"series": [{"label": "L", "values": [1, 2, 3], "role": "proved"}]}, "role"),
        ({"series": [{"values": [1, 2, 3], "role": "bound"}]}, "not a table"),
        ({"series": [{"label": "L", "values": [1, 2, 3], "role": "bound"}] * 13}, "at most 12"),
        ({"colour": "red"}, "not a table"),
    ],
)
def test_another_shape_is_refused(wrong: dict[str, object], complaint: str) -> None:
    with pytest.raises(SpecError, match=complaint):
        curves({"figure": figure(**wrong)})


def test_missing_values_are_passed_over() -> None:
    """Values that are no numbers, or beyond float64, are gaps; curves without any number are no curves."""
    nan, huge = float("nan"), 10**400
    assert curves({}) is None
    assert curves({"figure": None}) is None
    gaps = figure(series=[{"label": "L", "values": [nan, None, huge], "role": "measured"}])
    assert curves({"figure": gaps}) is None
    some = curves({"figure": figure(series=[{"label": "L", "values": [nan, 2, -huge], "role": "bound"}])})
    assert some is not None
    assert some.series[0].values == (None, 2.0, None)
    below = curves({"figure": figure(series=[{"label": "L", "values": [0, -1, 0], "role": "bound"}])})
    assert below is not None
    assert curves_figure(below) is None  # a logarithmic axis shows nothing of it


def test_thinning_keeps_the_ends() -> None:
    for count in (1, 2, 399, 400, 401, 1000, 12345):
        places = thinned(count)
        assert len(places) <= MAX_POINTS
        assert places[0] == 0
        assert places[-1] == count - 1
        assert places == sorted(set(places))
