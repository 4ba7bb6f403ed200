"""Prints, as pip's constraints, the lowest versions that pyproject.toml declares; ``make test-lowest`` installs them.

The tools of the tests alone keep the versions of constraints.txt, but for those in ``AT_FLOOR``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
AT_FLOOR = {"import-linter"}
"""Tools whose newer versions ask for more than our lowest: import-linter 2.7 asks for rich 14.2."""


def floors(declared: Iterable[str]) -> dict[str, str]:
    """The lowest version of each requirement, by its canonical name."""
    found = {}
    for text in declared:
        need = Requirement(text)
        (found[canonicalize_name(need.name)],) = (c.version for c in need.specifier if c.operator == ">=")
    return found


def constraints() -> dict[str, str]:
    """Floors of the package and its extras; pins of the tools that only tests use."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    project = declared["project"]
    lowest = floors([*project["dependencies"], *chain(*project["optional-dependencies"].values())])
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if not line.startswith("#"))
    pins = {canonicalize_name(name): version for name, version in pinned.items()}
    dev = floors(declared["dependency-groups"]["dev"])
    tools = {name: floor if name in AT_FLOOR else pins[name] for name, floor in dev.items() if name not in lowest}
    return tools | lowest


if __name__ == "__main__":
    print("\n".join(f"{name}=={version}" for name, version in sorted(constraints().items())))
