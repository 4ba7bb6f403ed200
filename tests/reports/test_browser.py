"""A page that a reader must scroll sideways is broken: it is laid out by a real browser, on a phone and on a desk."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from certigram.reports.html import render
from certigram.reports.model import Report

# An inner frame of the width in question, because a headless window cannot be made as narrow as a phone. The script
# belongs to this test; the report has none.
FRAME = """<!doctype html><iframe id="f" src="report.html" style="width:{width}px;height:900px;border:0"></iframe>
<script>document.getElementById("f").onload = function () {{
  const root = this.contentDocument.documentElement;
  document.title = "measured";
  document.body.setAttribute("data-overflow", root.scrollWidth - root.clientWidth);
  document.body.setAttribute("data-height", root.scrollHeight);
  const boxes = Array.from(this.contentDocument.querySelectorAll("main, section, div, table, dl, dd"));
  const style = this.contentWindow.getComputedStyle.bind(this.contentWindow);
  document.body.setAttribute("data-nested", boxes.filter(
    b => b.scrollHeight > b.clientHeight + 1 && /auto|scroll/.test(style(b).overflowY)
      || b.querySelector("table") && b.scrollWidth > b.clientWidth + 1 && /auto|scroll/.test(style(b).overflowX)
  ).length);
}}</script>"""


@pytest.mark.parametrize("which", ["report", "several"])
@pytest.mark.parametrize("width", [400, 1200])
def test_nothing_is_wider_than_the_page(
    width: int, which: str, request: pytest.FixtureRequest, tool, tmp_path: Path
) -> None:
    """No scrolling sideways, and no table in a box of its own that scrolls."""
    chromium = tool("chromium")
    report: Report = request.getfixturevalue(which)
    (tmp_path / "report.html").write_text(render(report), encoding="utf-8")
    (tmp_path / "frame.html").write_text(FRAME.format(width=width), encoding="utf-8")
    done = subprocess.run(
        [
            chromium,
            *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
            *("--allow-file-access-from-files", f"--user-data-dir={tmp_path / 'profile'}"),
            *("--virtual-time-budget=5000", "--window-size=1300,1000"),
            *("--dump-dom", (tmp_path / "frame.html").as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    found = re.search(r'data-overflow="(-?\d+)" data-height="(\d+)" data-nested="(\d+)"', done.stdout)
    assert found, done.stderr[-500:]
    assert int(found[1]) <= 0
    assert int(found[2]) > 2000
    assert int(found[3]) == 0
