"""A failure here means that a document shows a name that does not exist, or Python that does not run."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import certigram as cg

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCKS = [
    pytest.param(block, id=f"{document.name}-{place}")
    for document in DOCUMENTS
    for place, block in enumerate(re.findall(r"```python\n(.*?)```", document.read_text(encoding="utf-8"), re.DOTALL))
]
GIVEN = {"X": np.eye(3)}
"""What the documents take as given: points, one a row."""
NOT_RUN = {"verify", "certify_large", "derive"}
"""Calls of a whole study, of a cluster and of a derivation: other tests run them."""
OUTSIDE = {"distributed", "hypothesis", "mpmath", "numpy", "json", "sklearn"}


def test_there_are_blocks() -> None:
    assert len(BLOCKS) >= 5


@pytest.mark.parametrize("block", BLOCKS)
def test_every_name_of_the_package_exists(block: str) -> None:
    tree = ast.parse(block)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "cg":
            assert hasattr(cg, node.attr), node.attr
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("certigram"):
            module = __import__(node.module, fromlist=["_"])
            for name in node.names:
                assert hasattr(module, name.name), name.name
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            top = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
            assert (top or "").partition(".")[0] in {"certigram", *OUTSIDE}


def _runs(statement: ast.stmt, known: set[str]) -> bool:
    """Whether a statement uses names that are known only, and none of what is not run here."""
    if isinstance(statement, (ast.If, ast.FunctionDef, ast.For, ast.With)):
        return False
    names = {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    called = {node.attr for node in ast.walk(statement) if isinstance(node, ast.Attribute)} | names
    return names <= known and not called & NOT_RUN


@pytest.mark.parametrize("block", [b for b in BLOCKS if "import certigram as cg" in b.values[0]])
def test_self_contained_statements_run(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    space: dict[str, Any] = dict(GIVEN)
    count = 0
    for statement in ast.parse(block).body:
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            if "distributed" in ast.unparse(statement):
                continue
        elif not _runs(statement, set(space)):
            continue
        else:
            count += 1
        exec(compile(ast.Module([statement], []), "document", "exec"), space)
    assert count >= 6 or "population_gram" not in block


def test_methods_named_in_the_text_exist() -> None:
    seen = set()
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for name in re.findall(r"`(?:cg|certigram)\.([a-z_]+)\(", text):
            assert hasattr(cg, name), (document.name, name)
            seen.add(name)
        for name in re.findall(r"`(?:phi|activation(?:\([^`)]*\))?)\.([a-z_]+)\(", text):
            assert hasattr(cg.activation("tanh"), name), (document.name, name)
            seen.add(name)
    assert "derivative" in seen


def test_a_name_that_does_not_exist_is_noticed() -> None:
    with pytest.raises(AssertionError):
        test_every_name_of_the_package_exists("import certigram as cg\ncg.no_such_function()")
