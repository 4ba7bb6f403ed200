"""What checks write down: items of evidence, and planted statements slightly beside the truth."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction

from flint import arb

from ...theory.claims.lemma import lemma
from ...theory.verdict import Evidence, Verdict
from ..balls.ball import Ball
from ..balls.enclosure import Enclosure
from ..balls.ends import between, outward
from ..certificates.certificate import EvidenceItem
from ..proof_lines.registry import Kind, check_lemma
from ..sampling.statistics import ErrorBudget, StatisticalTest
from ..studies.curves import MAX_POINTS, thinned
from .registry import Outcome

SLIGHTLY = Fraction(1, 10**9)
"""How far a planted statement is from the truth."""
ends = outward


def enclosed(text: str, **values: arb) -> EvidenceItem:
    """Evidence from ball arithmetic, with the balls as text."""
    return EvidenceItem(Evidence.ENCLOSED, text, {name: str(Ball(x)) for name, x in values.items()})


def exact(text: str, **values: str) -> EvidenceItem:
    """Evidence from rational or symbolic computation."""
    return EvidenceItem(Evidence.EXACT, text, values)


def note(text: str) -> EvidenceItem:
    """A sentence beside the evidence, without weight: what an argument says, or what an activation is."""
    return EvidenceItem(Evidence.NOTE, text)


def as_ball(e: Enclosure) -> arb:
    """An enclosure as a ball."""
    return between(arb(e.lower), arb(e.upper))


def observed(text: str, **values: float) -> EvidenceItem:
    """Evidence from sampling."""
    return EvidenceItem(Evidence.EXPERIMENTAL, text, {name: f"{x:.6g}" for name, x in values.items()})


def lemma_evidence(*names: str) -> EvidenceItem | None:
    """A note that every line of these lemmas and of those they use passed its check; None when one did not.

    It carries no weight for what was found on the data: the lines belong to the argument.

    >>> lemma_evidence("lemma.khatri-rao").values["symbolic"]
    '1'
    """
    pending, lines, identities = [*names], 0, 0
    seen: set[str] = set()
    while pending:
        found = lemma(pending.pop())
        if found.id in seen:
            continue
        seen.add(found.id)
        pending += found.uses
        checked = check_lemma(found)
        if not checked.passed:
            return None
        lines += len(checked.lines)
        identities += sum(outcome.kind is Kind.IDENTITY for _, outcome in checked.lines)
    text = f"{', '.join(sorted(seen))}: each line of the proof that a program can test passed its test"
    return EvidenceItem(Evidence.NOTE, text, {"lines": str(lines), "symbolic": str(identities)})


def figure(
    title: str,
    *series: tuple[str, Sequence[float], str],
    x: Sequence[float] | None = None,
    x_label: str = "step",
    log: bool = False,
) -> dict[str, object]:
    """Curves for the report, in the shape of docs/results-json.md: each is (label, values, role).

    ``x`` holds the places, 0, 1, 2, ... unless given; ``log`` asks for a logarithmic vertical axis. Long curves are
    thinned evenly, with both ends kept.

    >>> figure("loss", ("L(t)", [1.0, 0.5], "measured"))["x"]
    {'label': 'step', 'values': [0.0, 1.0]}
    """
    places = range(len(series[0][1])) if x is None else x
    shown = thinned(len(places), MAX_POINTS)
    return {
        "title": title,
        "x": {"label": x_label, "values": [float(places[k]) for k in shown]},
        "series": [
            {"label": label, "values": [float(values[k]) for k in shown], "role": role}
            for label, values, role in series
        ],
        "log": log,
    }


def planted_tests(tests: Iterable[StatisticalTest], *evidence: EvidenceItem) -> Outcome:
    """What a planted statistical statement gets: INCONSISTENT where one of its tests rejects it."""
    verdicts = [outcome.verdict for outcome in ErrorBudget().settle(list(tests))]
    verdict = Verdict.INCONSISTENT if Verdict.INCONSISTENT in verdicts else verdicts[0]
    return Outcome(verdict, evidence, reason="a planted statement")


def sufficient(outcome: Outcome) -> Outcome:
    """The relations suffice for the statement and are not necessary: a false one leaves it undecided."""
    return replace(outcome, verdict=Verdict.UNKNOWN) if outcome.verdict is Verdict.REFUTED else outcome
