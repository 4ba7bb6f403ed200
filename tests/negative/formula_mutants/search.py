"""The smallest change of every constant and factor that something notices, and the table of those that nothing does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from .formulas import NO_CONSTANTS, ROOMS, Room
from .sites import FORMS, Function, Site, changes, function_of, planted, sites
from .watch import NO_PROGRAM, Watch, Watcher

Noticed = tuple[Fraction, str]
"""The smallest change that is noticed, and by what."""


@dataclass(frozen=True)
class Found:
    """What became of one place of a function: the smallest larger and the smallest smaller number that was noticed.

    An operator has one change, which counts as a larger number. ``tried`` says in which directions there was a program.
    """

    function: str
    site: Site
    larger: Noticed | None
    smaller: Noticed | None
    tried: tuple[bool, bool]

    @property
    def key(self) -> str:
        """The name of the place."""
        return f"{self.function.partition('papers.')[2] or self.function.partition('numerics.')[2]} {self.site}"

    @property
    def sides(self) -> tuple[bool, ...]:
        """For each direction that was tried, whether a factor of 2 at the most, or the other operator, is noticed."""
        found = (self.larger, self.smaller)
        return tuple(f is not None and Fraction(1, 2) <= f[0] <= 2 or f is not None and not f[0] for f, t in zip(found, self.tried, strict=True) if t)

    @property
    def unguarded(self) -> bool:
        """Whether nothing notices a factor of 2 in either direction, or the other operator."""
        return bool(self.sides) and not any(self.sides)


class Search:
    """The search of one paper."""

    def __init__(self, room: Room) -> None:
        self.room, self.watch = room, Watch(room)

    def functions(self) -> tuple[str, ...]:
        """The names of the functions that implement formulas and have places."""
        return tuple(name for name in self.room.formulas if sites(function_of(name), NO_CONSTANTS))

    def of(self, name: str) -> list[Found]:
        """All places of one function."""
        function = function_of(name)
        watchers = self.watch.of(function.__code__)
        return [self._site(name, function, site, watchers) for site in sites(function, NO_CONSTANTS)]

    def _site(self, name: str, function: Function, site: Site, watchers: list[Watcher]) -> Found:
        first = list(watchers)
        ends = []
        for sizes in changes(site):
            tried, noticed = bool(sizes), None
            middle = sizes[2] if len(sizes) > 2 else sizes[0] if sizes else Fraction(1)
            place = sizes.index(middle) if sizes else 0
            step = 0
            while sizes and 0 <= place < len(sizes):
                found = self._notices(function, site, sizes[place], first)
                if found is None:
                    tried = noticed is not None
                    break
                if found:
                    noticed = sizes[place], found
                    first.sort(key=lambda w: w.name != found)  # noqa: B023 - sorted here; it may notice the next one too
                way = -1 if found else 1
                if step and way != step:
                    break
                step, place = way, place + way
            ends.append((tried, noticed))
        (up, larger), (down, smaller) = ends
        return Found(name, site, larger, smaller, (up, down))

    def _notices(self, function: Function, site: Site, change: Fraction, watchers: list[Watcher]) -> str | None:
        """The name of what notices a change, empty where nothing does; None where the change leaves no program."""
        honest = function.__code__
        for form in FORMS if site.value is not None else FORMS[:1]:
            try:
                with planted(function, site, change, form):
                    return next((w.name for w in watchers if w.ask(honest) != w.says), "")
            except NO_PROGRAM:
                continue
        return None


def unguarded(found: Iterable[Found]) -> list[str]:
    """The names of the places where a factor of 2 is not noticed, in either direction."""
    return [one.key for one in found if one.unguarded]


def shown(change: Fraction) -> str:
    """A change as it is printed."""
    off = change - 1
    if change == 0:
        return "the other"
    return f"1 {'+' if off > 0 else '-'} {float(abs(off)):.0e}" if abs(off) < Fraction(1, 100) else f"{float(change):g}"


def counts(found: list[Found]) -> Counter[str]:
    """How many places are noticed at which size."""
    result: Counter[str] = Counter()
    for one in found:
        known = [f for f in (one.larger, one.smaller) if f is not None]
        if not any(one.tried):
            result["no program"] += 1
        elif not known:
            result["never"] += 1
        elif not known[0][0]:
            result["operator"] += 1
        else:
            least = min(max(c, 1 / c) for c, _ in known)
            result[shown(least)] += 1
    return result


def everything() -> dict[str, list[Found]]:
    """The search of all papers, by room."""
    return {room.name: [one for search in [Search(room)] for name in search.functions() for one in search.of(name)] for room in ROOMS}
