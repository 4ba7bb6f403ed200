"""A system: one paper's model as data, found by discovery in ``theory/papers/``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from types import MappingProxyType

from ..discovery import on_floor
from ..errors import SpecError
from ..numbers import Exact, rational
from ..printable import shown
from ..suggestion import suggestion
from .claim import Claim

OUTPUT_WORDS = MappingProxyType({"zero": "0", "small": "1/1024", "standard": "1"})
"""What networks may start their outputs from: the standard law, scaled by the number that the word stands for."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a system: its default as an exact numeral or a word, and its meaning in one sentence.

    ``sampled``: whether the sampled Gram matrices of the system depend on it. ``words`` name values, as numerals.
    """

    name: str
    default: str
    meaning: str
    sampled: bool = True
    words: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def value(self, given: Exact, *, what: str = "") -> Fraction:
        """The exact number that is meant; :class:`SpecError` for what is neither a number nor one of the words.

        >>> scale = Parameter("output_init", "zero", "", words=OUTPUT_WORDS)
        >>> scale.value("standard"), scale.value("1/50")
        (Fraction(1, 1), Fraction(1, 50))
        >>> scale.value("none")
        Traceback (most recent call last):
            ...
        certigram.theory.errors.SpecError: 'none' is not a value of output_init: give a number, or one of the words \
zero, small, standard.
        """
        if isinstance(given, str) and self.words:
            try:
                return rational(self.words.get(given, given), what=what or self.name)
            except SpecError:
                known = ", ".join(self.words)
                raise SpecError(
                    f"{shown(given)} is not a value of {what or self.name}: give a number, or one of the words {known}."
                ) from None
        return rational(given, what=what or self.name)


@dataclass(frozen=True, slots=True)
class System:
    """One paper: its name, model, parameters and claims.

    A module of a paper in ``theory/papers/`` defines one of these under the name ``SYSTEM``; nothing else registers it.
    Its claims are checked for each of its subjects: activations, or kernels where ``subject`` says so. ``fixed`` means
    that they are always the default ones, because the paper is about these alone.
    """

    name: str
    title: str
    paper: str
    model: str
    parameters: tuple[Parameter, ...]
    claims: tuple[Claim, ...]
    errata: tuple[str, ...] = ()
    default_activations: tuple[str, ...] = ()
    notation: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    subject: str = "activation"
    fixed: bool = False

    def parameter(self, name: str) -> Parameter:
        """The parameter with this name; raises :class:`SpecError` with a suggestion otherwise."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        raise SpecError(f"{self.name} has no parameter {name!r}." + suggestion(name, [p.name for p in self.parameters]))

    def claim(self, id: str) -> Claim:
        """The claim with this id; raises :class:`SpecError` with a suggestion otherwise."""
        for claim in self.claims:
            if claim.id == id:
                return claim
        raise SpecError(f"no claim {id!r} in {self.name}." + suggestion(id, [claim.id for claim in self.claims]))


@cache
def systems() -> Mapping[str, System]:
    """All systems by name, in alphabetical order: those of every module of a paper that defines ``SYSTEM``."""
    return MappingProxyType({name: found for name, (found, _) in _found().items()})


def paper_of(system: str) -> str:
    """The name of the room of a system, the same on every floor.

    >>> paper_of("deq-relu")
    'deep_equilibrium'
    """
    return _found()[system][1]


@cache
def _found() -> Mapping[str, tuple[System, str]]:
    defined = ((getattr(module, "SYSTEM", None), paper) for paper, module in on_floor("theory"))
    found = [(system, paper) for system, paper in defined if system is not None]
    names = [system.name for system, _ in found]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise SpecError(f"two papers describe a system called {twice!r}: rename one.")
    return MappingProxyType({system.name: (system, paper) for system, paper in sorted(found, key=lambda p: p[0].name)})


def system(name: str) -> System:
    """The system called ``name``; raises :class:`SpecError` with a suggestion otherwise."""
    given: object = name
    if not isinstance(given, str):
        raise SpecError(f"{shown(given)} is not the name of a system: give one as text, such as deq-general.")
    try:
        return systems()[name]
    except KeyError:
        raise SpecError(f"no system is called {name!r}." + suggestion(name, list(systems()))) from None
