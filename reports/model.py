"""A report: the results of a run as an object that writes itself in several formats."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

from ..numerics.certificates.certificate import Certificate
from ..numerics.files import write_atomically
from ..numerics.runs.results import Results
from ..theory.version import __version__
from .parts import SystemPart
from .sections import parts

if TYPE_CHECKING:
    from ..numerics.second_opinion.opinion import SecondOpinion
    from .figures import Drawing

LIBRARIES = ("python-flint", "numpy", "scipy", "sympy", "mpmath")


def environment() -> dict[str, str]:
    """The versions of what computed and of what rendered the report."""
    found = {"certigram": __version__, "python": platform.python_version(), "machine": platform.machine()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # a library that is there without the metadata of a package
            found[name] = "of unknown version"
    return found


@dataclass(frozen=True, eq=False)
class Report:
    """The results of a run, ready to be read: in a notebook, as HTML, as LaTeX, or as JSON.

    ``environment`` are the versions shown under "Reproducibility"; ``second_opinion`` what a recomputation of a sample
    of the numbers showed, where one was asked for.
    """

    results: Results
    environment: Mapping[str, str] = field(default_factory=environment)
    second_opinion: SecondOpinion | None = None

    @property
    def claims(self) -> tuple[Certificate, ...]:
        """The certificates, in the order of the claims."""
        return self.results.certificates

    @cached_property
    def systems(self) -> tuple[SystemPart, ...]:
        """What is said of each system, format-free."""
        return parts(self.results)

    @cached_property
    def drawings(self) -> tuple[Drawing, ...]:
        """The figures, drawn once for all formats."""
        from .figures import drawings

        return drawings(self)

    def to_html(self, path: str | os.PathLike[str]) -> Path:
        """Write one self-contained page: no script, no font, no style sheet from elsewhere."""
        from .html import render

        return write_atomically(Path(path), render(self))

    def to_latex(self, path: str | os.PathLike[str]) -> Path:
        """Write a document for pdflatex, and its figures (PDF) into a folder beside it, ``<stem>-figures/``."""
        from .figures import write_pdfs
        from .latex import render

        target = Path(path)
        files = write_pdfs(self, target.parent / f"{target.stem}-figures")
        names = {file.stem: f"{file.parent.name}/{file.name}" for file in files}
        return write_atomically(target, render(self, figures=names))

    def to_json(self, path: str | os.PathLike[str]) -> Path:
        """Write the document described by ``results.schema.json``."""
        return write_atomically(Path(path), self.results.dumps())

    def _repr_html_(self) -> str:
        from .html import render_summary

        return render_summary(self)
