"""How parts are found: the rooms of the papers on each floor, and every module of a room; nothing is registered.

A paper lives in ``theory/papers/<paper>`` and ``numerics/papers/<paper>``. Another distribution adds one by an entry
point of the group ``certigram.papers`` that names a package with the subpackages ``theory`` and ``numerics``, and with
its proofs beside them.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from importlib import resources
from importlib.metadata import entry_points
from types import MappingProxyType, ModuleType
from typing import Generic, TypeVar

from .errors import DerivationGap, SpecError

F = TypeVar("F")
ROOT = __name__.partition(".")[0]
GROUP = f"{ROOT}.papers"


@cache
def rooms(floor: str) -> Mapping[str, str]:
    """The packages of the papers on a floor (``"theory"`` or ``"numerics"``), by the names of the papers.

    >>> sorted(rooms("theory")) == sorted(rooms("numerics"))
    True
    """
    shelf = importlib.import_module(f"{ROOT}.{floor}.papers")
    found = {info.name: f"{shelf.__name__}.{info.name}" for info in pkgutil.iter_modules(shelf.__path__)}
    for point in entry_points(group=GROUP):
        found.setdefault(point.name, f"{point.value}.{floor}")
    return MappingProxyType(dict(sorted(found.items())))


@cache
def bibliography() -> str:
    """The BibTeX entries that papers share, and those in the rooms of the papers, each in a ``references.bib``.

    >>> "@article{schur1911" in bibliography()
    True
    """
    shelves = (resources.files(package) for package in (f"{ROOT}.theory", *rooms("theory").values()))
    files = (shelf / "references.bib" for shelf in shelves)
    return "\n".join(file.read_text(encoding="utf-8") for file in files if file.is_file())


@cache
def modules(package: str) -> tuple[ModuleType, ...]:
    """All modules below a package, imported, in alphabetical order.

    >>> [module.__name__ for module in modules("certigram.theory.papers.implicit_relu")][:2]
    ['certigram.theory.papers.implicit_relu.claims', 'certigram.theory.papers.implicit_relu.descent_claims']
    """
    found: list[ModuleType] = []
    parent = importlib.import_module(package)
    for info in sorted(pkgutil.iter_modules(parent.__path__), key=lambda info: info.name):
        name = f"{package}.{info.name}"
        found += modules(name) if info.ispkg else [importlib.import_module(name)]
    return tuple(found)


def on_floor(floor: str) -> tuple[tuple[str, ModuleType], ...]:
    """The modules of all papers on a floor, each with the name of its paper."""
    return tuple((paper, module) for paper, package in rooms(floor).items() for module in modules(package))


def _place(function: object) -> str:
    return f"{getattr(function, '__module__', '?')}.{getattr(function, '__qualname__', function)}"


class Register(Generic[F]):
    """Functions by name: ``@register("name")`` puts one in, wherever it stands; :meth:`find` looks for it everywhere.

    ``discover`` imports the modules where they stand; ``missing`` is the sentence about a name that is not there. A
    second function under a name that is taken is refused: it would decide in silence what the first one is there for.
    """

    def __init__(self, discover: Callable[[], object], missing: str) -> None:
        self._discover, self._missing = discover, missing
        self._known: dict[str, F] = {}

    def __call__(self, name: str) -> Callable[[F], F]:
        """The decorator that registers a function under this name."""

        def register(function: F) -> F:
            known = self._known.get(name)
            if known is not None and _place(known) != _place(function):
                raise SpecError(f"the name {name!r} is taken by {_place(known)}: {_place(function)} needs another.")
            self._known[name] = function
            return function

        return register

    def find(self, name: str) -> F:
        """The function called ``name``; raises :class:`DerivationGap` when there is none."""
        self._discover()
        if name not in self._known:
            raise DerivationGap(self._missing.format(repr(name)))
        return self._known[name]

    def everything(self) -> tuple[F, ...]:
        """All that is registered."""
        self._discover()
        return tuple(self._known.values())
