"""The house as it is built: no circles, no way back up, no room that leads into another paper's.

A failure here means that a file was put where the next reader will not look for it. ``python tests/house/imports.py``
prints the same, and how many imports wait inside functions.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from .imports import (
    House,
    When,
    between_papers,
    circles,
    long_files,
    of_papers_by_tools,
    read,
    report,
    upwards,
    without_floor,
)

ROOT = Path(__file__).parents[2]
CONTRACTS = """
[[tool.importlinter.contracts]]
type = "layers"
layers = ["certigram.cli", "certigram.api", "certigram.numerics", "certigram.theory"]
[[tool.importlinter.contracts]]
type = "layers"
layers = ["certigram.numerics.papers", "certigram.numerics.checks", "certigram.numerics.balls"]
"""


@cache
def house() -> House:
    return read(ROOT)


def test_the_whole_house_is_read() -> None:
    """All packages are there, with imports of each kind; otherwise nothing below says anything."""
    assert len(house().lengths) > 350
    assert {edge.when for edge in house().imports} == set(When)
    for module in (
        "certigram.api",
        "certigram.cli",
        "certigram.theory.errors",
        "certigram.numerics.papers.implicit_relu",
    ):
        assert module in house().lengths


@pytest.mark.parametrize(
    "fault", [circles, upwards, between_papers, of_papers_by_tools, long_files, without_floor], ids=lambda f: f.__name__
)
def test_nothing_is_wrong(fault) -> None:  # type: ignore[no-untyped-def]
    assert not fault(house()), "\n".join(map(str, fault(house())))


def built(root: Path, **files: str) -> House:
    """A small house: in the names of its files ``__`` stands for a slash."""
    (root / "pyproject.toml").write_text(CONTRACTS, "utf-8")
    for name, text in files.items():
        path = (root / name.replace("__", "/")).with_suffix(".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return read(root)


def test_a_circle_through_a_function_is_seen(tmp_path: Path) -> None:
    """Neither a lazy import hides one, nor do two files that lead to a third make one; types alone make none."""
    found = built(
        tmp_path,
        theory__a="from .b import x\n",
        theory__b="def f():\n    from . import c\n    return c\n",
        theory__c="import certigram.theory.a\n",
        theory__d="from .a import x\nfrom .b import f\n",
        theory__e="from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .f import y\n",
        theory__f="from .e import TYPE_CHECKING\n",
    )
    assert circles(found) == [("certigram.theory.a", "certigram.theory.b", "certigram.theory.c")]


@pytest.mark.parametrize(
    ("place", "text", "what"),
    [
        ("theory__a", "from ..numerics.balls import ball\n", "at once"),
        ("theory__a", "def f():\n    from ..numerics.balls import ball\n", "inside a function"),
        ("theory__a", "class A:\n    from certigram.numerics.balls.ball import x\n", "at once"),
        (
            "theory__a",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..numerics.balls import ball\n",
            "types",
        ),
        ("theory__a", "import certigram.api\n", "at once"),
        ("numerics__balls__b", "from ..checks.c import x\n", "at once"),
        (
            "numerics__balls__b",
            "g = lambda: __import__\nasync def f():\n    from ..checks import c\n",
            "inside a function",
        ),
        ("numerics__balls__b", "from ...spec import x\n", "at once"),
        ("numerics__checks__c", "try:\n    from ..papers.one.d import x\nexcept ImportError:\n    pass\n", "at once"),
        ("certigram__api", "from .cli import x\n", "at once"),
    ],
)
def test_an_import_that_runs_up_is_seen(tmp_path: Path, place: str, text: str, what: str) -> None:
    """On every way: between storeys, between floors, to the front door; at once, inside, and for types."""
    honest = {
        "theory__a": "",
        "numerics__balls__ball": "from ...theory import a\n",
        "numerics__checks__c": "from ..balls.ball import x\n",
        "numerics__papers__one__d": "from ...checks.c import x\nfrom ....theory.a import y\n",
        "certigram__api": "from .numerics.papers import one\n",
        "certigram__cli": "def f():\n    from . import api\n",
        "certigram__spec": "from .numerics.balls import ball\n",
    }
    assert not upwards(built(tmp_path, **honest))
    (edge,) = upwards(built(tmp_path, **honest | {place: text}))
    assert edge.source.endswith(place.rpartition("__")[2])
    assert what in str(edge)


def test_papers_and_tools_are_told_apart(tmp_path: Path) -> None:
    found = built(
        tmp_path,
        numerics__papers__one__a="from ..two.b import x\n",
        numerics__papers__one__checks__c="from ..a import x\nfrom ....balls import ball\n",
        numerics__papers__two__b="def f():\n    from ....theory.papers.one import claims\n",
        theory__papers__one__claims="",
        numerics__balls__ball="def f():\n    from ..papers.one import a\n",
        certigram__api="def f():\n    from .numerics.papers.two.b import f\n",
    )
    assert [(e.source.rpartition(".")[2], e.target.rpartition(".")[2]) for e in between_papers(found)] == [
        ("a", "b"),
        ("b", "claims"),  # the room of another paper on the floor below
    ]
    assert sorted(e.source for e in of_papers_by_tools(found)) == ["certigram.api", "certigram.numerics.balls.ball"]


def test_long_files_and_those_without_a_floor(tmp_path: Path) -> None:
    found = built(
        tmp_path,
        theory__long="x = 1\n" * 401,
        theory__short="x = 1\n" * 400,
        numerics__replay="x = 1\n" * 600,
    )
    assert long_files(found) == {"certigram.theory.long": 401, "certigram.numerics.replay": 600}
    assert without_floor(found) == ["certigram.numerics.replay"]
    assert any("certigram.theory.long has 401 lines" in line for line in report(found))


def test_tests_are_short_too() -> None:
    long = [path for path in (ROOT / "tests").rglob("*.py") if path.read_text("utf-8").count("\n") > 400]
    assert not long
