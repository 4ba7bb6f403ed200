"""What every format is given: the sections of a report, with each number already chosen and rounded."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..theory.verdict import Argument, Evidence, Verdict
from . import notation, words
from .bibliography import used
from .parts import ANY, SystemPart, anchor, count
from .sections import by_verdict

if TYPE_CHECKING:
    from .model import Report


def capital(text: str) -> str:
    """A title with a capital letter.

    >>> capital("an a-priori bound")
    'An a-priori bound'
    """
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """A text as a sentence: a capital letter, a full stop.

    >>> sentence("published for ReLU only")
    'Published for ReLU only.'
    """
    return capital(ended(text))


def ended(text: str) -> str:
    """The end of a sentence, with a full stop."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def who(names: Sequence[str], part: SystemPart) -> tuple[str, ...]:
    """The subjects to name, or ("all",) when they are all that this system is checked with."""
    return among(names, part.names)


def among(names: Sequence[str], everyone: Sequence[str]) -> tuple[str, ...]:
    """The names, or ("all",) when they are everyone's.

    >>> among(["tanh", "erf", "any"], ["tanh", "erf"]), among(["erf"], ["tanh", "erf"]), among(["any"], ["tanh"])
    (('all',), ('erf',), ('all',))
    """
    named = tuple(name for name in names if name != ANY)
    if not named or (len(everyone) > 1 and set(named) == set(everyone)):
        return ("all",)
    return named


NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


def heading(report: Report) -> str:
    """What the report is called: the system's title, or how many systems there are."""
    parts = report.systems
    if len(parts) == 1:
        return parts[0].system.title
    return f"{NUMBERS[len(parts)] if len(parts) < len(NUMBERS) else len(parts)} systems on one data set"


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
        ("certigram", _versions(results.version, report.environment.get("certigram")), False),
    ]
    rows += [(name, value, False) for name, value in report.environment.items() if name != "certigram"]
    return rows


def _versions(computed: str, rendered: str | None) -> str:
    """The version that computed, and the one that rendered where it is another.

    >>> _versions("0.1.0", "0.2.0")
    '0.1.0, this report by 0.2.0'
    """
    return computed if rendered in (None, computed) else f"{computed}, this report by {rendered}"


def content(report: Report) -> dict[str, Any]:
    """The variables of the templates."""
    results = report.results
    return {
        "report": report,
        "results": results,
        "study": results.study,
        "data": results.study.data,
        "title": heading(report),
        "single": len(report.systems) == 1,
        "systems": report.systems,
        "counts": count(c.verdict for c in results.certificates),
        "notes": (*results.notes, *(note for part in report.systems for note in part.notes)),
        "facts": facts(report),
        "references": used(cited(report)),
        "first_tested": next((part for part in report.systems if part.tested), None),
        "Verdict": Verdict,
        "Evidence": Evidence,
        "Argument": Argument,
        "anchor": anchor,
        "by_verdict": by_verdict,
        "by_subject": lambda part: [(c.activation, c) for c in part.applicable],
        "who": who,
        "enclosure": notation.enclosure,
        "down": lambda x, digits=3: notation.numeral(x, "down", digits),
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
        if part.tested:
            keys += words.cited(words.STATISTICS)
    for sentence in words.LIMITS:
        keys += words.cited(sentence)
    return list(dict.fromkeys(keys))
