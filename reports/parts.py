"""The parts of a report as plain data, free of any format: what the renderers walk through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..numerics.certificates.certificate import Certificate
from ..numerics.runs.document import EigenvalueRow
from ..numerics.studies.curves import Curves
from ..theory.claims.claim import Claim, Hypothesis, Reference
from ..theory.claims.formal import lines_of
from ..theory.claims.system import System
from ..theory.verdict import Argument, Evidence, Verdict
from .notation import Numeral

ANY = "any"
"""The name that stands for no particular activation in a certificate."""
SEVERITY = (
    Verdict.REFUTED,
    Verdict.INCONSISTENT,
    Verdict.UNKNOWN,
    Verdict.ARGUED,
    Verdict.PROVED,
    Verdict.CONSISTENT,
    Verdict.NOT_APPLICABLE,
)
"""The verdict that speaks for a claim with several certificates is the first of these that occurs."""


@dataclass(frozen=True, slots=True)
class SubjectRow:
    """An activation or a kernel as the study names it, and its formula in LaTeX (empty when none is known here)."""

    name: str
    latex: str


@dataclass(frozen=True, slots=True)
class CurvesPart:
    """The curves of one certificate: the name of the drawing, whose they are, and the verdict that they illustrate."""

    name: str
    subject: str
    verdict: Verdict
    curves: Curves

    def labels(self, role: str) -> tuple[str, ...]:
        """What is drawn in this role."""
        return tuple(one.label for one in self.curves.series if one.role == role)


@dataclass(frozen=True, slots=True)
class SettledTest:
    """One settled statistical test; ``interval`` may have ends that are not known."""

    name: str
    verdict: Verdict
    p: float
    interval: tuple[float | None, float | None]
    alternatives: tuple[float, ...]


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


def _unfinished(argument: Argument) -> Argument:
    """What is left of the argument of a claim that is not decided: a proof in words stands, a computation does not."""
    return Argument.OPEN if argument.mechanical else argument


@dataclass(frozen=True, slots=True)
class LightPart:
    """How a claim is known to follow, for what, by which method, and for which activations.

    ``argument`` is None where nothing is known to follow: the scope then says what was looked at.
    """

    argument: Argument | None
    scope: str
    method: str
    activations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WorstPart:
    """A bound that was attacked: its inequality, and the proved lower bound of its sharpness, rounded down."""

    text: str
    sharpness: float


@dataclass(frozen=True, slots=True)
class ClaimPart:
    """A claim, its certificates, and what they say, gathered over the activations."""

    claim: Claim
    certificates: tuple[Certificate, ...]
    hypotheses: tuple[HypothesisPart, ...]
    evidence: tuple[EvidencePart, ...]
    open: tuple[Settled, ...]
    uses: tuple[Claim, ...]
    curves: tuple[CurvesPart, ...] = ()
    lights: tuple[LightPart, ...] = ()
    worst: tuple[WorstPart, ...] = ()

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
        return count((c.verdict for c in self.certificates), SEVERITY)

    @property
    def applicable(self) -> tuple[Certificate, ...]:
        """The certificates of activations that the claim speaks about."""
        return tuple(c for c in self.certificates if c.verdict is not Verdict.NOT_APPLICABLE)

    @property
    def not_applicable(self) -> tuple[str, ...]:
        """The activations that the claim says nothing about."""
        return tuple(c.activation for c in self.certificates if c.verdict is Verdict.NOT_APPLICABLE)

    def tests(self, certificate: Certificate) -> tuple[SettledTest, ...]:
        """The settled tests of one of the certificates."""
        return tuple(_test(given, certificate.activation) for given in certificate.detail.get("tests", ()))

    @property
    def formal(self) -> tuple[int, int]:
        """How many lines of the lemmas behind it Coq has accepted, and how many there are."""
        return lines_of(self.claim.id)

    @property
    def given_away(self) -> bool:
        """Whether anything is known of how tight its inequalities are."""
        return bool(self.worst) or any(c.sharpness for c in self.applicable)

    @property
    def weakest(self) -> Argument:
        """The weakest argument of any certificate of this claim; OPEN where a machine has not established it."""
        found = {c.argument if c.verdict.rigorous else _unfinished(c.argument) for c in self.applicable}
        found = found or {_unfinished(self.claim.argument)}
        return next(argument for argument in reversed(Argument) if argument in found)


@dataclass(frozen=True, slots=True)
class SystemPart:
    """Everything about one system of the study; ``notes`` say what could not be shown."""

    system: System
    subjects: tuple[SubjectRow, ...]
    parameters: tuple[tuple[str, str, str], ...]
    bound_names: tuple[str, ...]
    eigenvalues: tuple[EigenvalueLine, ...]
    hypotheses: tuple[HypothesisPart, ...]
    claims: tuple[ClaimPart, ...]
    notes: tuple[str, ...] = ()

    @property
    def anchor(self) -> str:
        """A name for links."""
        return f"s-{anchor(self.system.name)}"

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the subjects."""
        return tuple(row.name for row in self.subjects)

    @property
    def counted_subjects(self) -> str:
        """How many subjects of which kind: "4 activations", "1 kernel"."""
        plural = "" if len(self.subjects) == 1 else "s"
        return f"{len(self.subjects)} {self.system.subject}{plural}"

    @property
    def counts(self) -> tuple[tuple[Verdict, int], ...]:
        """How many certificates have which verdict."""
        return count(c.verdict for part in self.claims for c in part.certificates)

    @property
    def seconds(self) -> float:
        """CPU time of all checks."""
        return sum(c.seconds for part in self.claims for c in part.certificates)

    @property
    def has_eigenvalue(self) -> bool:
        """Whether the system has a claim about a least eigenvalue at all."""
        return any(part.claim.id.endswith(".least-eigenvalue") for part in self.claims)

    @property
    def sampled(self) -> tuple[ClaimPart, ...]:
        """The statistical claims."""
        return tuple(part for part in self.claims if part.claim.statistical)

    @property
    def tested(self) -> tuple[ClaimPart, ...]:
        """The statistical claims that an experiment spoke about."""
        return tuple(part for part in self.sampled if any(c.detail.get("tests") for c in part.certificates))

    @property
    def obligations(self) -> tuple[ClaimPart, ...]:
        """The claims whose published proof leaves something open."""
        return tuple(part for part in self.claims if part.claim.obligation)

    @property
    def given_away(self) -> tuple[ClaimPart, ...]:
        """The claims of whose inequalities it is known how tight they are."""
        return tuple(part for part in self.claims if part.given_away)

    @property
    def departures(self) -> tuple[tuple[Reference, tuple[ClaimPart, ...]], ...]:
        """Where the published text and ours differ, or what was not read: the claims of which the same is said."""
        found: dict[tuple[str, str, str], list[ClaimPart]] = {}
        for part in self.claims:
            r = part.claim.reference
            if r.provenance:
                found.setdefault((r.key, r.where, r.provenance), []).append(part)
        return tuple((claims[0].claim.reference, tuple(claims)) for claims in found.values())

    @property
    def sections(self) -> tuple[tuple[str, str], ...]:
        """The sections that this system has something for: name and title."""
        found = (
            ("setting", "Setting", True),
            (
                "eigenvalues",
                f"Least eigenvalues{' and the vacuity gap' if self.bound_names else ''}",
                self.has_eigenvalue,
            ),
            ("claims", "Claims at a glance", bool(self.claims)),
            ("sharpness", "What each theorem gives away", bool(self.given_away)),
            ("hypotheses", "Hypotheses", bool(self.hypotheses)),
            ("statements", "Claims one by one", bool(self.claims)),
            ("experiments", "Experiments", bool(self.sampled)),
            ("errata", "Errata and open points", bool(self.system.errata or self.obligations or self.departures)),
        )
        return tuple((name, title) for name, title, wanted in found if wanted)


def count(verdicts: Iterable[Verdict], order: Iterable[Verdict] = Verdict) -> tuple[tuple[Verdict, int], ...]:
    """How often each verdict occurs, those that do, in an order.

    >>> [(v.name, n) for v, n in count([Verdict.PROVED, Verdict.UNKNOWN, Verdict.PROVED])]
    [('PROVED', 2), ('UNKNOWN', 1)]
    """
    found = list(verdicts)
    return tuple((v, n) for v in order if (n := found.count(v)))


def anchor(text: str) -> str:
    """A name that is safe in HTML, LaTeX and addresses.

    >>> anchor("deq-general.lower-bound-schur")
    'deq-general-lower-bound-schur'
    """
    return "".join(ch if ch.isascii() and ch.isalnum() else "-" for ch in text)


def _test(given: Mapping[str, Any], subject: str) -> SettledTest:
    low, high = given.get("interval") or (None, None)
    return SettledTest(
        str(given["name"]).removesuffix(f", {subject}"),
        Verdict[given["verdict"]],
        float(given["p"]),
        (low, high),
        tuple(map(float, given.get("alternatives", ()))),
    )
