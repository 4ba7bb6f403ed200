"""The links ``certigram/theory -> theory`` and so on, made by an editable install for tools that follow folders.

They are not committed, since a download without links flattens them. Python itself needs none (see
``certigram/__init__.py``), and wheels are assembled from the real folders.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

STOREYS = ("theory", "numerics", "reports")


def link(place: Path, target: Path) -> None:
    """A link to a folder: symbolic, or a junction on Windows, which asks for no privilege."""
    if place.is_dir():
        return
    place.unlink(missing_ok=True)  # a flattened link is a text file
    if os.name == "nt":
        import _winapi

        _winapi.CreateJunction(str(target), str(place))
    else:
        place.symlink_to(Path("..") / target.name, target_is_directory=True)


class Links(BuildHookInterface[Any]):
    """Run by hatchling when it builds a wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """``version`` is ``"editable"`` for ``pip install --editable``."""
        if version == "editable":
            for name in STOREYS:
                link(Path(self.root) / "certigram" / name, Path(self.root) / name)
