"""What a report says, in order and free of any format: plain data that the renderers walk through."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from ..numerics.certificate import Certificate
from ..numerics.studies.results import EigenvalueRow, Results
from ..theory.activation import activation
from ..theory.claim import Claim, Hypothesis
from ..theory.errors import CertigramError
from ..theory.system import System, system
from ..theory.verdict import Evidence, Verdict
from .notation import Numeral, share

ANY = "any"
"""The name that stands for no particular activation in a certificate."""
SEVERITY = (
    Verdict.REFUTED,
    Verdict.INCONSISTENT,
    Verdict.UNKNOWN,
    Verdict.PROVED,
    Verdict.CONSISTENT,
    Verdict.NOT_APPLICABLE,
)
"""The verdict that speaks for a claim with several certificates is the first of these that occurs."""

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class ActivationRow:
    """An activation as the study names it, and its formula in LaTeX (empty when the name is not a formula here)."""

    name: str
    latex: str


@dataclass(frozen=True, slots=True)
class BoundCell:
    """A lower bound of the theory: its proved lower end, and at least how much of the eigenvalue it keeps."""

    value: float | None
    share: Numeral | None


@dataclass(frozen=True, slots=True)
class EigenvalueLine:
    """A line of the table of least eigenvalues; the cells follow the names of the bounds."""

    row: EigenvalueRow
    bounds: tuple[BoundCell, ...]


@dataclass(frozen=True, slots=True)
class Settled:
    """One way in which a hypothesis was settled, and for which activations."""

    verdict: Verdict
    text: str
    activations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HypothesisPart:
    """A hypothesis of the system with everything that was found about it."""

    hypothesis: Hypothesis
    settled: tuple[Settled, ...]


@dataclass(frozen=True, slots=True)
class EvidencePart:
    """One piece of evidence, with the values found for each activation."""

    kind: Evidence
    text: str
    rows: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]

    @property
    def has_values(self) -> bool:
        """Whether any activation has numbers here."""
        return any(values for _, values in self.rows)


@dataclass(frozen=True, slots=True)
class ClaimPart:
    """A claim, its certificates, and what they say, gathered over the activations."""

    claim: Claim
    certificates: tuple[Certificate, ...]
    hypotheses: tuple[HypothesisPart, ...]
    evidence: tuple[EvidencePart, ...]
    open: tuple[Settled, ...]
    uses: tuple[Claim, ...]

    @property
    def anchor(self) -> str:
        """A name for links."""
        return anchor(self.claim.id)

    @property
    def quantity(self) -> str:
        """What the certified values are values of."""
        return next((str(c.detail["quantity"]) for c in self.certificates if "quantity" in c.detail), "")

    @property
    def verdict(self) -> Verdict:
        """The verdict that a reader must not miss."""
        found = {c.verdict for c in self.certificates}
        return next((v for v in SEVERITY if v in found), Verdict.UNKNOWN)

    @property
    def counts(self) -> tuple[tuple[Verdict, int], ...]:
        """How many certificates have which verdict."""
        return tuple((v, n) for v in SEVERITY if (n := sum(c.verdict is v for c in self.certificates)))

    @property
    def applicable(self) -> tuple[Certificate, ...]:
        """The certificates of activations that the claim speaks about."""
        return tuple(c for c in self.certificates if c.verdict is not Verdict.NOT_APPLICABLE)

    @property
    def not_applicable(self) -> tuple[str, ...]:
        """The activations that the claim says nothing about."""
        return tuple(c.activation for c in self.certificates if c.verdict is Verdict.NOT_APPLICABLE)

    @property
    def derived_by(self) -> Evidence | None:
        """The weakest kind of evidence that any certificate of this claim rests on; None when there is none."""
        kinds = {item.kind for c in self.applicable for item in c.evidence}
        order = (Evidence.EXPERIMENTAL, Evidence.ENCLOSED, Evidence.EXACT)
        return next((kind for kind in order if kind in kinds), None)


@dataclass(frozen=True, slots=True)
class SystemPart:
    """Everything about one system of the study."""

    system: System
    parameters: tuple[tuple[str, str, str], ...]
    bound_names: tuple[str, ...]
    eigenvalues: tuple[EigenvalueLine, ...]
    hypotheses: tuple[HypothesisPart, ...]
    claims: tuple[ClaimPart, ...]

    @property
    def sampled(self) -> tuple[ClaimPart, ...]:
        """The statistical claims."""
        return tuple(part for part in self.claims if part.claim.statistical)


def anchor(text: str) -> str:
    """A name that is safe in HTML, LaTeX and addresses.

    >>> anchor("deq-general.lower-bound-schur")
    'deq-general-lower-bound-schur'
    """
    return "".join(ch if ch.isascii() and ch.isalnum() else "-" for ch in text)


def activations(results: Results) -> tuple[ActivationRow, ...]:
    """The activations of the study with their formulas."""
    rows = []
    for name in results.study.all_subjects:
        try:
            rows.append(ActivationRow(name, activation(name).latex()))
        except CertigramError:
            rows.append(ActivationRow(name, ""))
    return tuple(rows)


def parts(results: Results) -> tuple[SystemPart, ...]:
    """One part for each system of the study."""
    return tuple(_system_part(system(name), results) for name in results.study.systems)


def _system_part(s: System, results: Results) -> SystemPart:
    mine = [c for c in results.certificates if c.system == s.name]
    found = {claim.id: [c for c in mine if c.claim == claim.id] for claim in s.claims}
    claims = tuple(_claim_part(claim, found[claim.id], s) for claim in s.claims if found[claim.id])
    rows = [row for row in results.eigenvalues if row.system == s.name]
    # in the order of the claims that state them
    names = tuple(
        dict.fromkeys(str(c.detail["bound"]) for claim in s.claims for c in found[claim.id] if "bound" in c.detail)
    )
    lines = tuple(
        EigenvalueLine(row, tuple(BoundCell(v := row.bounds.get(name), share(v, row.upper)) for name in names))
        for row in rows
    )
    hypotheses = {h.name: h for claim in s.claims for h in claim.hypotheses}
    return SystemPart(
        s,
        tuple((p.name, str(results.study.parameter(s.name, p.name)), p.meaning) for p in s.parameters),
        names,
        lines,
        tuple(HypothesisPart(h, settled) for h in hypotheses.values() if (settled := _settled(h, mine))),
        claims,
    )


def _settled(hypothesis: Hypothesis, certificates: Iterable[Certificate]) -> tuple[Settled, ...]:
    pairs = (
        ((d.verdict, d.text), c.activation) for c in certificates for d in c.hypotheses if d.name == hypothesis.name
    )
    return tuple(Settled(verdict, text, names) for (verdict, text), names in _gather(pairs))


def _gather(pairs: Iterable[tuple[K, str]]) -> list[tuple[K, tuple[str, ...]]]:
    """The activations that share a key, in the order of first occurrence."""
    found: dict[K, dict[str, None]] = {}
    for key, name in pairs:
        found.setdefault(key, {})[name] = None
    return [(key, tuple(names)) for key, names in found.items()]


def _claim_part(claim: Claim, certificates: list[Certificate], s: System) -> ClaimPart:
    evidence: dict[tuple[Evidence, str], list[tuple[str, tuple[tuple[str, str], ...]]]] = {}
    for c in certificates:
        for item in c.evidence:
            evidence.setdefault((item.kind, item.text), []).append((c.activation, tuple(item.values.items())))
    known = {other.id: other for other in s.claims}
    return ClaimPart(
        claim,
        tuple(certificates),
        tuple(HypothesisPart(h, _settled(h, certificates)) for h in claim.hypotheses),
        tuple(EvidencePart(kind, text, tuple(rows)) for (kind, text), rows in evidence.items()),
        tuple(
            Settled(verdict, reason, names)
            for (verdict, reason), names in _gather(
                ((c.verdict, _reason(c)), c.activation) for c in certificates if c.reason
            )
        ),
        tuple(known[id] for id in claim.uses if id in known),
    )


def _reason(c: Certificate) -> str:
    """The reason without what the table of hypotheses says already."""
    if c.verdict is Verdict.NOT_APPLICABLE:
        failed = next((h.name for h in c.hypotheses if h.verdict is Verdict.REFUTED), None)
        if failed is not None:
            return f"hypothesis {failed} fails"
    return c.reason


def by_verdict(part: HypothesisPart) -> tuple[tuple[Verdict, tuple[str, ...]], ...]:
    """The activations for which a hypothesis was settled each way."""
    found: dict[Verdict, dict[str, None]] = {}
    for settled in part.settled:
        found.setdefault(settled.verdict, {}).update(dict.fromkeys(settled.activations))
    return tuple((v, tuple(found[v])) for v in Verdict if v in found)
