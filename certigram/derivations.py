"""Derivations at the front door: closed forms with their proofs, lemmas, systems, as LaTeX, Markdown, HTML or PDF."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .theory.errors import CertigramError, SpecError

if TYPE_CHECKING:
    from .numerics.derivation_check.report import CheckReport
    from .numerics.proof_lines.registry import CheckedLemma
    from .reports.derivations.blocks import Document
    from .theory.claims.lemma import Lemma
    from .theory.derivations.step import Derivation

FORMATS = ("tex", "md", "html", "pdf")


@dataclass(frozen=True, slots=True)
class DerivationHandle:
    """A derivation, a lemma, or the arguments of a system; made by :func:`derive`, shown as LaTeX in a notebook."""

    name: str

    @property
    def document(self) -> Document:
        """The document as data."""
        from .reports.derivations.book import document

        return document(self.name)

    @property
    def derivation(self) -> Derivation:
        """The derivation of the dual activation; raises :class:`SpecError` for a lemma or a system."""
        from .theory.activations.activation import activation
        from .theory.derivations.dual import derive_dual

        return derive_dual(activation(self.name))

    def check(self) -> CheckReport | tuple[CheckedLemma, ...]:
        """Check every line again: of the derivation, of the lemma, or of all lemmas behind a system.

        >>> derive("erf").check().derived
        True
        """
        from .numerics.derivation_check.check import check
        from .numerics.proof_lines.registry import check_lemma

        found = _lemmas(self.name)
        return tuple(check_lemma(lemma) for lemma in found) if found else check(self.derivation)

    def latex(self) -> str:
        r"""A complete LaTeX document for plain pdflatex.

        >>> r"\arcsin" in derive("erf").latex()
        True
        """
        return _rendered(self.document, "tex")

    def markdown(self) -> str:
        """Markdown with formulas between dollar signs."""
        return _rendered(self.document, "md")

    def html(self) -> str:
        """A complete HTML page with MathML."""
        return _rendered(self.document, "html")

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the document; the ending of the name, one of .tex .md .html .pdf, decides what it is."""
        place = Path(path)
        kind = place.suffix.removeprefix(".")
        if kind not in FORMATS:
            raise SpecError(f"{place}: the ending is not one of {', '.join(FORMATS)}: choose one of them.")
        return write(self.document, kind, place)

    def _repr_latex_(self) -> str:
        from .reports.derivations.book import headline

        return headline(self.name)

    def _repr_html_(self) -> str:
        from .reports.derivations.page import part

        return part(self.document)

    def __repr__(self) -> str:
        return f"derive({self.name!r})"


def derive(name: str) -> DerivationHandle:
    """The derivation of an activation's dual by name or expression, a lemma by its id, or a system by its name.

    Every line is checked when it is shown; where no closed form is known, the document says so and has the certified
    series instead. Raises :class:`SpecError` for anything unknown.

    >>> derive("erf")
    derive('erf')
    """
    if not isinstance(name, str):
        raise SpecError(f'{name!r} is not a name: give an activation such as "gelu", a lemma or a system.')
    if not _lemmas(name):
        from .theory.activations.activation import activation

        activation(name)
    return DerivationHandle(name)


def write_book(
    folder: str | os.PathLike[str], *, pdf: bool = True, tell: Callable[[str], None] = lambda what: None
) -> list[Path]:
    """Write the whole book into a folder: book.tex, book.md, book.html, references.bib, and book.pdf with latexmk.

    ``tell`` is called with what is being done.
    """
    from .numerics.files import write_atomically
    from .reports.derivations.book import book
    from .theory.discovery import bibliography

    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    tell("deriving and checking every line of the book")
    whole = book()
    files = []
    for kind in ("tex", "md", "html"):
        tell(f"writing book.{kind}")
        files.append(write(whole, kind, place / f"book.{kind}"))
    files.append(write_atomically(place / "references.bib", bibliography()))
    if pdf and shutil.which("latexmk"):
        tell("typesetting book.pdf")
        files.append(write(whole, "pdf", place / "book.pdf"))
    return files


def write(document: Document, kind: str, path: Path) -> Path:
    """Write a document in one format; a PDF needs latexmk and raises :class:`CertigramError` when LaTeX fails."""
    from .numerics.files import write_atomically

    if kind != "pdf":
        return write_atomically(path, _rendered(document, kind))
    from .reports.bundle import typeset

    if shutil.which("latexmk") is None:
        raise SpecError("a PDF needs latexmk, which is not installed: install TeX, or choose --format tex.")
    with tempfile.TemporaryDirectory(prefix="certigram-") as room:
        source = Path(room) / "document.tex"
        write_atomically(source, _rendered(document, "tex"))
        made, why = typeset(source, [])
    if made is None:
        raise CertigramError(f"{path} was not made: {why} Take --format tex to see the source.")
    return write_atomically(path, made)


def _rendered(document: Document, kind: str) -> str:
    if kind == "tex":
        from .reports.derivations.typeset import render as tex

        return tex(document)
    if kind == "md":
        from .reports.derivations.markdown import render as md

        return md(document)
    from .reports.derivations.page import render as html

    return html(document)


def _lemmas(name: str) -> tuple[Lemma, ...]:
    """The lemmas that a name stands for; none for an activation."""
    from .theory.claims.lemma import lemmas, lemmas_of
    from .theory.claims.system import systems

    if name in systems():
        return lemmas_of(name)
    known = name if name in lemmas() else f"lemma.{name}"
    return (lemmas()[known],) if known in lemmas() else ()
