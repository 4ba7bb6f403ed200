"""A claim of a theory, as data: what it says, under which hypotheses, who says it, and how it is checked."""

from __future__ import annotations

from dataclasses import dataclass

from ..verdict import Argument


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a statement comes from.

    ``key`` is an entry of ``references.bib`` (the published statement, when there is one), ``ours`` names the place
    of our own proof in ``docs/papers/<paper>/`` or ``docs/theory/``; ``provenance`` says how far the published text was
    read.
    """

    key: str
    where: str = ""
    ours: str = ""
    provenance: str = ""

    def __str__(self) -> str:
        published = f"{self.key}, {self.where}" if self.where else self.key
        return f"{published}; proof: {self.ours}" if self.ours else published


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One hypothesis of a claim: a stable name (used in verdict reasons) and its statement in LaTeX."""

    name: str
    statement: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One atomic statement.

    Attributes
    ----------
    id: ``system.slug``, permanent and readable, e.g. ``deq-general.lower-bound-schur``.
    label: the label in the list of claims of the theory, e.g. ``C13``.
    title: one line of plain words.
    hypotheses: what must hold for the statement to say anything.
    statement: the conclusion, in LaTeX (without dollar signs).
    reference: published source and our proof.
    method: the name of the check that decides it.
    uses: ids of the claims its proof rests on.
    statistical: whether only experiments can speak about it (then it is never PROVED).
    control: one sentence: the slightly false statement that its negative control plants.
    activation_free: whether it is about the system alone, so that it is checked once and not for each activation.
    obligation: what the published proof leaves open, in one sentence; empty when nothing is known to be open.
    argument: how it is known that the conclusion follows from the hypotheses. DIRECT only where a check computes the
        printed conclusion itself, for every object that it speaks of; a check that did not leaves it WRITTEN.
    """

    id: str
    label: str
    title: str
    hypotheses: tuple[Hypothesis, ...]
    statement: str
    reference: Reference
    method: str
    control: str
    uses: tuple[str, ...] = ()
    statistical: bool = False
    activation_free: bool = False
    obligation: str = ""
    argument: Argument = Argument.WRITTEN

    @property
    def system(self) -> str:
        """The name of the system that the claim belongs to.

        >>> Claim("deq-general.psd", "C11", "", (), "", Reference("x"), "order", "").system
        'deq-general'
        """
        return self.id.partition(".")[0]

    @property
    def full_label(self) -> str:
        """The label with the system before it: papers label their claims on their own, so that there are three C13.

        >>> Claim("deq-general.psd", "C11", "", (), "", Reference("x"), "order", "").full_label
        'deq-general C11'
        """
        return f"{self.system} {self.label}"


@dataclass(frozen=True, slots=True)
class Source:
    """Where the claims of one system come from: its name, the key of its paper, and the file of our proofs.

    ``provenance`` is what is said of a published statement unless its claim says something else.
    """

    system: str
    paper: str
    notes: str
    provenance: str = ""

    def claim(
        self,
        slug: str,
        label: str,
        title: str,
        hypotheses: tuple[Hypothesis, ...],
        statement: str,
        *,
        method: str,
        control: str,
        section: str,
        notes: str = "",
        published: str = "",
        provenance: str | None = None,
        uses: tuple[str, ...] = (),
        statistical: bool = False,
        activation_free: bool = False,
        obligation: str = "",
        key: str = "",
        argument: Argument = Argument.WRITTEN,
    ) -> Claim:
        """A claim of the system; ``uses`` names others of its claims, ``section`` is the heading of our proof.

        >>> source = Source("toy", "paper", "docs/papers/toy/proofs.md")
        >>> source.claim("slug", "C1", "", (), "", method="", control="", section="Z").id
        'toy.slug'
        """
        said = self.provenance if provenance is None else provenance
        return Claim(
            f"{self.system}.{slug}",
            label,
            title,
            hypotheses,
            statement,
            Reference(key or self.paper, published, f"{notes or self.notes}, {section}", said),
            method,
            control,
            tuple(f"{self.system}.{name}" for name in uses),
            statistical,
            activation_free,
            obligation,
            argument,
        )
