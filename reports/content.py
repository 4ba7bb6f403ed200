"""What every format is given: the sections of a report, with each number already chosen and rounded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..theory.verdict import Evidence, Verdict
from . import notation, words
from .bibliography import used
from .sections import ANY, anchor, by_verdict

if TYPE_CHECKING:
    from .model import Report


def capital(text: str) -> str:
    """A title with a capital letter.

    >>> capital("an a-priori bound")
    'An a-priori bound'
    """
    return text[:1].upper() + text[1:]


def who(names: Sequence[str], everyone: Sequence[str]) -> tuple[str, ...]:
    """The activations to name, or ("all",) when they are all that the study has.

    >>> who(["tanh", "erf", "any"], ["tanh", "erf"]), who(["erf"], ["tanh", "erf"]), who(["any"], ["tanh", "erf"])
    (('all',), ('erf',), ('all',))
    """
    named = tuple(name for name in names if name != ANY)
    if not named or (len(everyone) > 1 and set(named) == set(everyone)):
        return ("all",)
    return named


def facts(report: Report) -> list[tuple[str, str, bool]]:
    """What is needed to repeat the run: name, value, and whether the value is code."""
    study, results = report.results.study, report.results
    rows = [
        ("digest of the study", study.digest, True),
        ("digest of the data", study.data.digest, True),
        ("seed", str(study.budget.seed), False),
        ("precision", f"{study.budget.bits} bits, up to {study.budget.max_bits}", False),
        ("longest series", f"{study.budget.max_terms} terms", False),
        ("widths", ", ".join(map(str, study.widths)) or "none", False),
        ("networks per width", str(study.replicates) if study.widths else "none", False),
        ("statistical level", f"{study.alpha:g} for all tests together", False),
        ("wall time", f"{results.seconds:.1f} s, {'complete' if results.complete else 'not complete'}", False),
        ("certigram", results.version, False),
    ]
    rows += [(name, value, False) for name, value in report.environment.items() if name != "certigram"]
    return rows


def content(report: Report) -> dict[str, Any]:
    """The variables of the templates."""
    results = report.results
    return {
        "report": report,
        "results": results,
        "study": results.study,
        "data": results.study.data,
        "systems": report.systems,
        "activations": report.activations,
        "counts": [(v, n) for v, n in results.counts.items() if n],
        "facts": facts(report),
        "references": used(cited(report)),
        "Verdict": Verdict,
        "Evidence": Evidence,
        "anchor": anchor,
        "by_verdict": by_verdict,
        "who": lambda names: who(names, results.study.all_subjects),
        "enclosure": notation.enclosure,
        "down": lambda x, digits=3: notation.numeral(x, "down", digits),
        "statistics": statistics(report),
        "tests": sum(len(c.detail.get("tests", ())) for c in results.certificates),
    }


def cited(report: Report) -> list[str]:
    """The keys of every reference that the report makes."""
    keys: list[str] = []
    for part in report.systems:
        keys.append(part.system.paper)
        keys += [claim.claim.reference.key for claim in part.claims]
        if part.eigenvalues:
            keys += words.cited(words.EIGENVALUES)
        if part.sampled:
            keys += words.cited(words.FINITE_WIDTH)
    for sentence in words.LIMITS:
        keys += words.cited(sentence)
    return list(dict.fromkeys(keys))


def statistics(report: Report) -> list[tuple[str, str, str, float]]:
    """Every statistical test: claim, name, verdict, and p-value after Holm's correction."""
    return [
        (c.claim, str(name), str(verdict), float(p))
        for c in report.claims
        for name, verdict, p in c.detail.get("tests", ())
    ]
