"""What the syntax trees say about the house: who imports whom, when, and in which direction.

``python tests/house/imports.py`` prints what is wrong in this checkout, and the imports that wait inside functions.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

STOREYS = ("theory", "numerics", "reports")
PACKAGE = "certigram"
LONGEST = 400
"""Lines of a file at the most."""


class When(Enum):
    """When an import is executed."""

    AT_ONCE = "at once"
    INSIDE = "inside a function"
    TYPING = "for types only"


@dataclass(frozen=True, slots=True)
class Import:
    """One import of one module of ours by another."""

    source: str
    target: str
    line: int
    when: When

    def __str__(self) -> str:
        return f"{self.source}:{self.line} imports {self.target} ({self.when.value})"


@dataclass(frozen=True, slots=True)
class House:
    """The modules of a checkout with their lengths, and all imports among them."""

    lengths: Mapping[str, int]
    imports: tuple[Import, ...]
    floors: Mapping[str, int]
    """Packages by their floor: 0 is the ground."""


def modules(root: Path) -> Mapping[str, Path]:
    """The files of the four packages by the names under which they are imported."""
    found = {}
    for top in (PACKAGE, *STOREYS):
        for path in sorted((root / top).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            if parts[:2] in {(PACKAGE, storey) for storey in STOREYS}:
                continue  # the link to a storey
            if parts[0] in STOREYS:
                parts = (PACKAGE, *parts)
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def floors(root: Path) -> Mapping[str, int]:
    """The floors that pyproject.toml lists: storeys, and the floors inside a storey between it and the next one."""
    contracts = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    stacks = [[layer.split(" | ") for layer in c["layers"]] for c in contracts if c["type"] == "layers"]
    return {name: len(stack) - k for stack in stacks for k, layer in enumerate(stack) for name in layer}


def read(root: Path) -> House:
    """The house of a checkout."""
    files = modules(root)
    lengths, imports = {}, []
    for name, path in files.items():
        text = path.read_text("utf-8")
        lengths[name] = text.count("\n")
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        for node, when in _imports(ast.parse(text)):
            imports += [Import(name, to, node.lineno, when) for to in _targets(node, package, files) if to != name]
    return House(lengths, tuple(imports), floors(root))


def _imports(tree: ast.AST, when: When = When.AT_ONCE) -> Iterator[tuple[ast.Import | ast.ImportFrom, When]]:
    for node in ast.iter_child_nodes(tree):
        inner = when
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node, when
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            inner = When.INSIDE
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for part in node.body:
                yield from _imports(ast.Module([part], []), When.TYPING)
            for part in node.orelse:
                yield from _imports(ast.Module([part], []), when)
            continue
        yield from _imports(node, inner)


def _targets(node: ast.Import | ast.ImportFrom, package: str, files: Mapping[str, Path]) -> Iterator[str]:
    """The modules of ours that a statement imports."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name in files)
        return
    base = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
    where = ".".join(part for part in (base, node.module) if part)
    for alias in node.names:
        if f"{where}.{alias.name}" in files:
            yield f"{where}.{alias.name}"
        elif where in files:
            yield where


def paper(module: str) -> str:
    """The paper in whose room a module is; empty for a tool.

    >>> paper("certigram.numerics.papers.implicit_relu.checks.gram"), paper("certigram.numerics.checks.registry")
    ('implicit_relu', '')
    """
    parts = module.split(".")
    return parts[3] if len(parts) > 3 and parts[1] in STOREYS and parts[2] == "papers" else ""


def circles(house: House) -> list[tuple[str, ...]]:
    """Groups of files that import each other at once or inside functions, without the imports that are for types."""
    reach: dict[str, set[str]] = {name: set() for name in house.lengths}
    for found in house.imports:
        if found.when is not When.TYPING:
            reach[found.source].add(found.target)
    return _strong(reach)


def _strong(graph: Mapping[str, set[str]]) -> list[tuple[str, ...]]:
    """The strongly connected parts of a graph with more than one node (Tarjan)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[tuple[str, ...]] = []

    def visit(node: str) -> None:
        order[node] = low[node] = len(order)
        stack.append(node)
        for other in sorted(graph[node]):
            if other not in order:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], order[other])
        if low[node] == order[node]:
            at = stack.index(node)
            part, stack[at:] = tuple(sorted(stack[at:])), []
            if len(part) > 1:
                found.append(part)

    for node in graph:
        if node not in order:
            visit(node)
    return sorted(found)


def floor(house: House, module: str, depth: int) -> tuple[str, int] | None:
    """The listed package of so many parts that a module lies in, and its floor."""
    name = ".".join(module.split(".")[:depth])
    return (name, house.floors[name]) if name in house.floors else None


def upwards(house: House) -> list[Import]:
    """Imports of any kind from a lower floor to a higher one: between storeys, and between the floors of one."""
    found = []
    for edge in house.imports:
        for depth in (2, 3):
            below, above = floor(house, edge.source, depth), floor(house, edge.target, depth)
            same = edge.source.split(".")[: depth - 1] == edge.target.split(".")[: depth - 1]
            if same and below and above and below[1] < above[1]:
                found.append(edge)
        if _storey(edge.source) and not _storey(edge.target):
            found.append(edge)
    return list(dict.fromkeys(found))


def _storey(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in STOREYS else ""


def between_papers(house: House) -> list[Import]:
    """Imports of any kind from the room of one paper into that of another."""
    return [e for e in house.imports if paper(e.source) and paper(e.target) and paper(e.source) != paper(e.target)]


def of_papers_by_tools(house: House) -> list[Import]:
    """Imports of any kind from outside the rooms into one."""
    return [e for e in house.imports if paper(e.target) and not paper(e.source)]


def long_files(house: House) -> dict[str, int]:
    """Files that are too long."""
    return {name: lines for name, lines in house.lengths.items() if lines > LONGEST}


def without_floor(house: House) -> list[str]:
    """Modules and packages whose neighbours have floors, and that have none."""
    known = {name.rpartition(".")[0] for name in house.floors}
    found = {".".join(name.split(".")[: k + 1]) for name in house.lengths for k in (1, 2)}
    outside = found - set(house.floors) - {f"{PACKAGE}.__main__"}
    return sorted(name for name in outside if name.rpartition(".")[0] in known)


def deferred(house: House) -> list[Import]:
    """Imports inside functions and for types, of whatever direction."""
    return [edge for edge in house.imports if edge.when is not When.AT_ONCE]


def report(house: House) -> Iterator[str]:
    """What is wrong, line by line, and how many imports wait."""
    for part in circles(house):
        yield "a circle: " + ", ".join(part)
    for title, found in (
        ("runs up the floors", upwards(house)),
        ("paper to paper", between_papers(house)),
        ("tool to paper", of_papers_by_tools(house)),
    ):
        yield from (f"{title}: {edge}" for edge in found)
    yield from (f"too long: {name} has {lines} lines" for name, lines in long_files(house).items())
    yield from (f"on no floor: {name}" for name in without_floor(house))
    waiting = deferred(house)
    counts = ", ".join(f"{sum(e.when is w for e in waiting)} {w.value}" for w in (When.INSIDE, When.TYPING))
    yield f"{len(house.lengths)} files, {len(house.imports)} imports among them; of these {counts}"


if __name__ == "__main__":
    print("\n".join(report(read(Path(sys.argv[1] if len(sys.argv) > 1 else ".")))))
