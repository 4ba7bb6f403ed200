"""What a report says, in order: the results of a run gathered into the parts that the renderers walk through."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from ..numerics.balls.enclosure import float_below
from ..numerics.certificates.certificate import Certificate
from ..numerics.falsify.shipped import worst_case
from ..numerics.runs.results import Results
from ..numerics.studies.curves import curves
from ..theory.activations.activation import activation
from ..theory.claims.claim import Claim, Hypothesis
from ..theory.claims.system import System, system
from ..theory.errors import CertigramError, SpecError
from ..theory.verdict import Evidence, Verdict
from .notation import share
from .parts import (
    BoundCell,
    ClaimPart,
    CurvesPart,
    EigenvalueLine,
    EvidencePart,
    HypothesisPart,
    LightPart,
    Settled,
    SubjectRow,
    SystemPart,
    WorstPart,
    anchor,
)

K = TypeVar("K")


def parts(results: Results) -> tuple[SystemPart, ...]:
    """One part for each system of the study."""
    return tuple(_system_part(system(name), results) for name in results.study.systems)


def formula(s: System, name: str) -> str:
    r"""The formula of an activation or a kernel in LaTeX; empty for a name that is no formula here.

    >>> formula(system("deq-general"), "tanh"), formula(system("resnet-rkhs"), "gaussian")
    ('\\tanh{\\left(x \\right)}', 'e^{-r^2/2s^2}')
    """
    try:
        return activation(name).latex() if s.subject == "activation" else _kernel(name)
    except CertigramError:
        return ""


def _kernel(name: str) -> str:
    """A kernel of the distance r: Gaussian of scale s, or Matern of half-integer order and scale l."""
    from ..numerics.radial.kernel import matern_coefficients, radial_kernel

    order = radial_kernel(name, 1).order
    if order is None:
        return "e^{-r^2/2s^2}"
    terms = [
        ("" if c == 1 and k else str(c) if c.denominator == 1 else rf"\tfrac{{{c.numerator}}}{{{c.denominator}}}")
        + ("" if k == 0 else "t" if k == 1 else f"t^{k}")
        for k, c in enumerate(matern_coefficients(order))
    ]
    return rf"e^{{-t}}({' + '.join(terms)}),\ t = \sqrt{{{2 * order + 1}}}\,r/\ell"


def _system_part(s: System, results: Results) -> SystemPart:
    mine = [c for c in results.certificates if c.system == s.name]
    names = results.study.subjects(s.name)
    found = {claim.id: [c for c in mine if c.claim == claim.id] for claim in s.claims}
    notes: list[str] = []
    claims = tuple(
        _claim_part(claim, found[claim.id], s, _curves(claim, found[claim.id], names, notes))
        for claim in s.claims
        if found[claim.id]
    )
    rows = [row for row in results.eigenvalues if row.system == s.name]
    # in the order of the claims that state them
    bounds = tuple(
        dict.fromkeys(str(c.detail["bound"]) for claim in s.claims for c in found[claim.id] if "bound" in c.detail)
    )
    lines = tuple(
        EigenvalueLine(row, tuple(BoundCell(v := row.bounds.get(name), share(v, row.upper)) for name in bounds))
        for row in rows
    )
    hypotheses = {h.name: h for claim in s.claims for h in claim.hypotheses}
    return SystemPart(
        s,
        tuple(SubjectRow(name, formula(s, name)) for name in names),
        tuple((p.name, str(results.study.parameter(s.name, p.name)), p.meaning) for p in s.parameters),
        bounds,
        lines,
        tuple(HypothesisPart(h, settled) for h in hypotheses.values() if (settled := _settled(h, mine))),
        claims,
        tuple(notes),
    )


def _curves(
    claim: Claim, certificates: list[Certificate], names: tuple[str, ...], notes: list[str]
) -> tuple[CurvesPart, ...]:
    """The curves of a claim; those that cannot be read leave a note."""
    found = []
    for c in certificates:
        place = names.index(c.activation) if c.activation in names else 0
        try:
            read = curves(c.detail)
        except SpecError as error:
            notes.append(f"{claim.full_label} ({c.activation}): its figure is not drawn: {error}")
            continue
        if read is not None:
            found.append(CurvesPart(f"curves-{anchor(claim.id)}-{place}", c.activation, c.verdict, read))
    return tuple(found)


def _settled(hypothesis: Hypothesis, certificates: Iterable[Certificate]) -> tuple[Settled, ...]:
    pairs = (
        ((d.verdict, d.text), c.activation) for c in certificates for d in c.hypotheses if d.name == hypothesis.name
    )
    return tuple(Settled(verdict, text, names) for (verdict, text), names in gather(pairs))


def gather(pairs: Iterable[tuple[K, str]]) -> list[tuple[K, tuple[str, ...]]]:
    """The activations that share a key, in the order of first occurrence."""
    found: dict[K, dict[str, None]] = {}
    for key, name in pairs:
        found.setdefault(key, {})[name] = None
    return [(key, tuple(names)) for key, names in found.items()]


def _claim_part(claim: Claim, certificates: list[Certificate], s: System, figures: tuple[CurvesPart, ...]) -> ClaimPart:
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
            for (verdict, reason), names in gather(
                ((c.verdict, reason(c)), c.activation) for c in certificates if c.reason
            )
        ),
        tuple(known[id] for id in claim.uses if id in known),
        figures,
        tuple(
            LightPart(*light, names)
            for light, names in gather(
                ((c.argument if c.verdict.rigorous else None, c.scope, c.method), c.activation)
                for c in certificates
                if c.scope and c.verdict is not Verdict.NOT_APPLICABLE
            )
        ),
        tuple(
            WorstPart(record.text, float_below(record.sharpness))
            for record in worst_case(claim.id)
            if record.sharpness is not None
        ),
    )


def reason(c: Certificate) -> str:
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
