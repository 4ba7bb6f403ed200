"""The contracts of pyproject.toml are seen red: each on every import that it forbids.

A failure here means that a rule of the house is written down and not enforced: ``lint-imports`` says KEPT whatever the
code does. The graph of imports is built once; an import is planted in it, and taken out again.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from itertools import combinations, permutations
from pathlib import Path
from typing import Any

import grimp
import pytest
from importlinter.configuration import configure
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.independence import IndependenceContract
from importlinter.contracts.layers import LayersContract
from importlinter.domain.contract import Contract

ROOT = Path(__file__).parents[2]
SETTINGS: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]
CONTRACTS: list[dict[str, Any]] = SETTINGS["contracts"]
KINDS = {"layers": LayersContract, "forbidden": ForbiddenContract, "independence": IndependenceContract}
STOREYS = ("theory", "numerics", "reports")
Plant = tuple[str, str]


@cache
def graph() -> grimp.ImportGraph:
    """Who imports whom, as ``lint-imports`` sees it."""
    return grimp.build_graph(
        SETTINGS["root_package"],
        include_external_packages=SETTINGS["include_external_packages"],
        exclude_type_checking_imports=SETTINGS["exclude_type_checking_imports"],
        cache_dir=None,
    )


def contract(options: dict[str, Any]) -> Contract:
    """The contract as the linter makes it."""
    configure()
    rest = {k: str(v) if isinstance(v, bool) else v for k, v in options.items() if k not in ("name", "type")}
    session = {"root_packages": [SETTINGS["root_package"]], "include_external_packages": "True"}
    return KINDS[options["type"]](options["name"], session, rest)


def kept(found: Contract) -> bool:
    return bool(found.check(graph=graph(), verbose=False).kept)


def plants(options: dict[str, Any]) -> Iterator[Plant]:
    """Every kind of import that a contract forbids: importer and imported."""
    if options["type"] == "layers":
        layers = [layer.split(" | ") for layer in options["layers"]]
        for above, below in combinations(layers, 2):
            yield from ((low, high) for low in below for high in above)
        for layer in layers:
            yield from permutations(layer, 2)
    elif options["type"] == "independence":
        for pattern in options["modules"]:
            yield from permutations(sorted(graph().find_children(pattern.removesuffix(".*"))), 2)
    else:
        for source in options["source_modules"]:
            yield from ((source, forbidden) for forbidden in options["forbidden_modules"])


@pytest.mark.parametrize("options", CONTRACTS, ids=lambda options: options["name"].partition(":")[0])
def test_a_planted_import_is_seen(options: dict[str, Any]) -> None:
    """Kept as the code is, and broken by each import that it is about."""
    found, unseen = contract(options), []
    assert kept(found)
    planted = list(plants(options))
    assert planted
    for importer, imported in planted:
        added = imported not in graph().modules
        if added:
            graph().add_module(imported, is_squashed=not options.get("as_packages", True) or "." not in imported)
        graph().add_import(importer=importer, imported=imported, line_number=1, line_contents="planted")
        if kept(found):
            unseen.append((importer, imported))
        graph().remove_import(importer=importer, imported=imported)
        if added:
            graph().remove_module(imported)
    assert not unseen
    assert kept(found)


def test_the_linter_reads_the_contracts(tmp_path: Path) -> None:
    """The command itself, on a copy with one import that runs up the floors, and on one that is for types only."""
    package = tmp_path / "certigram"
    shutil.copytree(ROOT / "certigram", package, ignore=shutil.ignore_patterns(*STOREYS, "__pycache__"))
    for name in STOREYS:
        shutil.copytree(ROOT / name, package / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    place = package / "numerics" / "balls" / "budget.py"
    honest = place.read_text("utf-8")
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]

    def lint(planted: str) -> subprocess.CompletedProcess[str]:
        place.write_text(honest + planted, "utf-8")
        environment = os.environ | {"PYTHONPATH": str(tmp_path)}
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)

    red = lint("\n\ndef planted() -> object:\n    from ..checks import registry\n\n    return registry\n")
    assert red.returncode == 1, red.stdout + red.stderr
    assert "certigram.numerics.balls.budget -> certigram.numerics.checks.registry" in " ".join(red.stdout.split())
    assert "1 broken" in red.stdout
    green = lint("")
    assert green.returncode == 0, green.stdout + green.stderr
