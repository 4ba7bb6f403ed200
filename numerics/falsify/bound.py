"""What can be falsified: a bound of a claim or lemma, with the code of its formula, registered by its paper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from flint import arb

from ...theory.claims.lemma import lemmas
from ...theory.claims.system import systems
from ...theory.discovery import Register, modules, on_floor
from ...theory.errors import SpecError
from ...theory.suggestion import suggestion
from .domain import Domain, Instance

Sides = tuple[arb, arb]
"""Both sides of ``left <= right``, enclosed at an instance."""
DIGITS = 9
"""Decimals of a proved sharpness, at the most; it is rounded down."""
Enclosed = Callable[[Instance], Sides]


@dataclass(frozen=True, eq=False)
class Bound:
    """``left <= right`` for every instance of the domain.

    Attributes
    ----------
    name: the id of the claim or lemma, followed by ``/part`` where it says more than one thing.
    speaks_of: ids of the claims and lemmas whose bound this is, the one of the name first.
    text: both sides in a few words.
    formula: the code that computes the bound, which the check of the claim runs too.
    domain: the instances.
    enclosed: both sides in balls, at the working precision; raises :class:`Outside` for an instance that is not
        proved to satisfy the hypotheses. What a search maximises is their quotient.
    evaluations: how many of them a search makes.
    bits: the precision at which a search evaluates; a proof starts at 128.
    digits: decimals of a proved sharpness: those that no processor changes, where floats enter a side.
    """

    name: str
    speaks_of: tuple[str, ...]
    text: str
    formula: str
    domain: Domain
    enclosed: Enclosed
    evaluations: int = 3000
    bits: int = 64
    digits: int = DIGITS


@cache
def _discover() -> None:
    modules(__package__)
    on_floor("numerics")


_REGISTER = Register[Bound](_discover, "no bound is called {}: add one to the room of its paper in numerics/papers.")


def bound(
    name: str,
    *also: str,
    text: str,
    formula: str,
    domain: Domain,
    evaluations: int = 3000,
    bits: int = 64,
    digits: int = DIGITS,
) -> Callable[[Enclosed], Enclosed]:
    """Register a function that encloses both sides as a bound; ``also`` are further claims and lemmas it speaks of."""

    def register(enclosed: Enclosed) -> Enclosed:
        subject = name.partition("/")[0]
        _REGISTER(name)(Bound(name, (subject, *also), text, formula, domain, enclosed, evaluations, bits, digits))
        return enclosed

    return register


def bounds() -> tuple[Bound, ...]:
    """All bounds that are registered, in the order of their names.

    >>> len({found.name for found in bounds()}) == len(bounds()) > 0
    True
    """
    return tuple(sorted(_REGISTER.everything(), key=lambda found: found.name))


def find_bound(name: str) -> Bound:
    """The bound called ``name``; raises :class:`SpecError` otherwise, as for a record of a bound that is no more."""
    for found in bounds():
        if found.name == name:
            return found
    raise SpecError(f"no bound is called {name[:80]!r}." + suggestion(name, [found.name for found in bounds()]))


def find_bounds(name: str) -> tuple[Bound, ...]:
    """The bounds of a claim or lemma (by its id), of a whole system, or the one called ``name``.

    Raises :class:`SpecError` where there is none, which says whether the claim exists.
    """
    known = bounds()
    meant = tuple(f for f in known if {name, f"lemma.{name}"} & set(f.speaks_of))
    meant = meant or tuple(f for f in known if f.name == name)
    meant = meant or tuple(f for f in known if any(id_.partition(".")[0] == name for id_ in f.speaks_of))
    if meant:
        return meant
    claims = {claim.id for system in systems().values() for claim in system.claims}
    if name in claims or name in lemmas() or f"lemma.{name}" in lemmas():
        raise SpecError(f"{name} has no bound to falsify: `certigram falsify` lists those that have one.")
    names = sorted({id_ for found in known for id_ in found.speaks_of})
    raise SpecError(f"no claim or lemma is called {name!r}." + suggestion(name, names))
