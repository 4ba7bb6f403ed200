"""The notebooks in examples/ run from the first cell to the last, with the assertions that stand in them.

A failure means that a reader who runs one meets an error, or that something is not proved there any more.
"""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "examples").glob("*.ipynb"))


def _cells(path: Path) -> list[str]:
    book = json.loads(path.read_text("utf-8"))
    assert (book["nbformat"], book["nbformat_minor"]) == (4, 5)
    for cell in book["cells"]:
        assert {"cell_type", "id", "metadata", "source"} <= set(cell)
    return ["".join(cell["source"]) for cell in book["cells"] if cell["cell_type"] == "code"]


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path) -> None:
    names: dict[str, Any] = {"__name__": path.stem}
    asserted = 0
    for number, source in enumerate(_cells(path)):
        asserted += sum(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(source)))
        exec(compile(source, f"{path.name}[{number}]", "exec"), names)
    assert asserted >= 4


def test_there_are_notebooks() -> None:
    assert [path.name for path in NOTEBOOKS] == ["digits-parity.ipynb"]
