"""A paper has a room on every floor, under one name, and none of them is empty.

A failure here means that ``ls */papers/<paper>`` does not show all of a paper.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from certigram.numerics.checks.registry import find_check
from certigram.numerics.studies.networks import _module
from certigram.theory.claims.system import paper_of, systems

ROOT = Path(__file__).parents[2]
FLOORS = ("theory", "numerics", "tests", "docs")


def rooms(floor: str) -> set[str]:
    """The folders of papers on a floor."""
    found = (ROOT / floor / "papers").iterdir()
    return {path.name for path in found if path.is_dir() and not path.name.startswith(("_", "."))}


PAPERS = sorted(set().union(*(rooms(floor) for floor in FLOORS)))


@pytest.mark.parametrize("floor", FLOORS)
def test_names_agree(floor: str) -> None:
    assert rooms(floor) == set(PAPERS)
    assert len(PAPERS) >= 4


@pytest.mark.parametrize("paper", PAPERS)
def test_no_room_is_empty(paper: str) -> None:
    """Claims, checks and a face in code, tests of its claims, and pages with headings."""
    theory, numerics, tests, docs = (ROOT / floor / "papers" / paper for floor in FLOORS)
    for room in (theory, numerics):
        assert (room / "__init__.py").is_file()
    mine = [system for name, system in systems().items() if paper_of(name) == paper]
    assert mine
    for system in mine:
        where = f"certigram.numerics.papers.{paper}."
        assert _module(system.name).__name__.startswith(where)
        assert any(find_check(claim.method).__module__.startswith(where) for claim in system.claims)
    names = [path.name for path in tests.glob("test_*.py")]
    assert "test_claims.py" in names, "the list of its claims, written down a second time"
    assert all("def test_" in path.read_text("utf-8") for path in tests.glob("test_*.py"))
    pages = list(docs.glob("*.md"))
    assert pages
    assert all(page.read_text("utf-8").count("\n## ") for page in pages)


def test_nothing_lies_outside_the_rooms() -> None:
    """No file carries the name of a paper on another shelf."""
    for floor in FLOORS:
        for path in (ROOT / floor).rglob("*.*"):
            inside = path.relative_to(ROOT / floor)
            name = path.stem.removeprefix("test_").replace("-", "_")
            assert inside.parts[0] == "papers" or not any(name.startswith(paper) for paper in PAPERS), path
