"""``docs/unguarded.md``: how many places are noticed at which size, and those that nothing notices at a factor of 2."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from .formulas import WHY
from .search import Found, shown

HEAD = """# Unguarded constants

Written by `python -m tests.negative.formula_mutants --write docs/unguarded.md`; what it does is described in
[verdicts.md](verdicts.md#controls-with-power). Each number, operator, exponent, square root and returned value of the
formulas is changed in the code, and the checks and controls of the claims on small instances, the shipped records of
the falsifier and the lines of the lemmas are asked.

* *guarded*: a factor of 2 is noticed in both directions, or the other operator, or an exponent that is 1 off;
* *one direction*: 2 is noticed and 1/2 is not, or the other way round. Mostly the other direction makes a bound weaker;
* *unguarded*: neither is noticed.
"""
ORDER = ("1 + 1e-09", "1 + 1e-03", "2", "10", "1e+06")


def state(found: Found) -> str:
    """In which of the three a place is, or that no change of it is a program."""
    if not found.sides:
        return "no program"
    return "guarded" if all(found.sides) else "one direction" if any(found.sides) else "unguarded"


def table(everything: Mapping[str, Iterable[Found]]) -> str:
    """The text of the file."""
    found = {room: list(places) for room, places in everything.items()}
    return (
        "\n".join([HEAD, *_counts(found), *(line for room, places in found.items() for line in _room(room, places))])
        + "\n"
    )


def _counts(found: Mapping[str, list[Found]]) -> Iterable[str]:
    yield "The last columns say how many numbers are noticed at which change first."
    yield ""
    yield "| paper | places | guarded | one direction | unguarded | 1e-9 | 1e-3 | 2 | 10 | 10^6 |"
    yield "|---|---|---|---|---|---|---|---|---|---|"
    for room, places in found.items():
        states, sizes = Counter(map(state, places)), Counter(map(_least, places))
        cells = [len(places) - states["no program"], *(states[s] for s in ("guarded", "one direction", "unguarded"))]
        yield f"| `{room}` | {' | '.join(map(str, [*cells, *(sizes[size] for size in ORDER)]))} |"
    yield ""
    yield "What notices first:"
    yield ""
    yield "| paper | records | checks | controls | lines |"
    yield "|---|---|---|---|---|"
    for room, places in found.items():
        by = Counter(f[1].split()[0] for p in places for f in (p.larger, p.smaller) if f is not None)
        yield f"| `{room}` | {' | '.join(str(by[kind]) for kind in ('record', 'check', 'control', 'line'))} |"


def _least(found: Found) -> str:
    known = [max(f[0], 1 / f[0]) for f in (found.larger, found.smaller) if f is not None and f[0]]
    return shown(min(known)) if known else ""


def _room(room: str, places: list[Found]) -> Iterable[str]:
    groups: dict[str, list[Found]] = defaultdict(list)
    for place in places:
        if state(place) == "unguarded":
            groups[place.function.partition(f"{room}.")[2] or place.function.partition("numerics.")[2]].append(place)
    yield ""
    yield f"## {room}"
    yield ""
    yield "| function | unguarded | noticed from | why |"
    yield "|---|---|---|---|"
    for function, unguarded in groups.items():
        why = WHY.get(function.partition(":")[2], WHY.get(function.partition(":")[0], ""))
        for place in unguarded:
            ends = ", ".join(f"{shown(f[0])} ({f[1]})" for f in (place.larger, place.smaller) if f is not None)
            yield f"| `{function}` | {place.site} | {ends or 'never'} | {why} |".replace("||", "| |")
            why = ""


def listed(text: str) -> set[str]:
    """The places that a file lists as unguarded, as ``function place``."""
    return {
        f"{function} {place}"
        for function, place in re.findall(r"^\| `([^`]+:[^`]+)` \| ([a-z][^`]*`[^`]*`) \|", text, re.M)
    }


def named(place: Found) -> str:
    """A place as :func:`listed` names it."""
    return f"{re.split(r'papers[.][a-z_]+[.]|numerics[.]', place.function)[-1]} {place.site}"
