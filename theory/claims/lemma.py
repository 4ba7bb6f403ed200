"""A lemma: hypotheses, conclusion, what it uses, and a proof whose every line names its check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType

from ..discovery import modules, on_floor
from ..errors import SpecError
from ..suggestion import suggestion
from .claim import Hypothesis, Reference


@dataclass(frozen=True, slots=True)
class ProofStep:
    """One line of a proof.

    ``text`` is LaTeX prose; ``check`` names the function that checks it (``numerics/proof_lines``, or ``lines*.py`` in
    the room of a paper): an exact symbolic identity, an exact computation on random rational instances, or the
    containment of both sides in ball arithmetic.
    """

    text: str
    check: str


@dataclass(frozen=True, slots=True)
class Lemma:
    """A statement of the theory with its proof.

    Attributes
    ----------
    id: permanent and readable, e.g. ``lemma.mehler``.
    title: one line of plain words.
    hypotheses: what must hold.
    conclusion: the statement in LaTeX (displayed).
    proof: its lines.
    reference: the published statement and the place of our proof.
    uses: ids of the lemmas it rests on.
    claims: ids of the claims of systems whose argument this is, or a part of it. A lemma that papers share names none:
        the room of each paper says in ``ARGUMENTS`` which of its claims rest on it.
    """

    id: str
    title: str
    hypotheses: tuple[Hypothesis, ...]
    conclusion: str
    proof: tuple[ProofStep, ...]
    reference: Reference
    uses: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()


@cache
def lemmas() -> Mapping[str, Lemma]:
    """All lemmas by id, in an order in which each comes after what it uses.

    >>> "lemma.mehler" in lemmas()
    True
    """
    shared = modules(f"{__package__.rpartition('.')[0]}.lemmas")
    found: dict[str, Lemma] = {}
    every = (*shared, *(module for _, module in on_floor("theory")))
    for module in every:
        for lemma in getattr(module, "LEMMAS", ()):
            if lemma.id in found:
                raise SpecError(f"two lemmas are called {lemma.id!r}, one of them in {module.__name__}: rename one.")
            found[lemma.id] = lemma
    for module in every:
        for id_, claims in getattr(module, "ARGUMENTS", {}).items():
            found[id_] = replace(found[id_], claims=(*found[id_].claims, *claims))
    ordered: dict[str, Lemma] = {}

    def place(lemma: Lemma, above: tuple[str, ...]) -> None:
        if lemma.id in above:
            raise ValueError(f"the lemmas {' -> '.join([*above, lemma.id])} use each other in a circle")
        for used in lemma.uses:
            place(found[used], (*above, lemma.id))
        ordered.setdefault(lemma.id, lemma)

    for lemma in found.values():
        place(lemma, ())
    return MappingProxyType(ordered)


def lemma(id: str) -> Lemma:
    """The lemma with this id; raises :class:`SpecError` with a suggestion otherwise."""
    try:
        return lemmas()[id if id.startswith("lemma.") else f"lemma.{id}"]
    except KeyError:
        raise SpecError(f"no lemma is called {id!r}." + suggestion(id, list(lemmas()))) from None


def lemmas_of(system: str) -> tuple[Lemma, ...]:
    """The lemmas behind the claims of a system, and those that they rest on, each after what it uses.

    >>> [found.id for found in lemmas_of("implicit-relu")][0]
    'lemma.pl-flow'
    """
    todo = [found for found in lemmas().values() if any(c.startswith(f"{system}.") for c in found.claims)]
    needed: set[str] = set()
    while todo:
        found = todo.pop()
        if found.id not in needed:
            needed.add(found.id)
            todo += [lemmas()[id_] for id_ in found.uses]
    return tuple(found for found in lemmas().values() if found.id in needed)


def arguments(claim: str) -> tuple[Lemma, ...]:
    """The lemmas that are the argument of a claim, by its id.

    >>> [found.id for found in arguments("deq-general.tangent-order")]
    ['lemma.tangent-order']
    """
    return tuple(found for found in lemmas().values() if claim in found.claims)
