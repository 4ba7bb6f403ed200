"""The smallest change of every constant and factor that something notices, and the table of those that nothing does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from .formulas import NO_CONSTANTS, Room
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
        ends = zip((self.larger, self.smaller), self.tried, strict=True)
        return tuple(f is not None and (not f[0] or Fraction(1, 2) <= f[0] <= 2) for f, tried in ends if tried)


class Search:
    """The search of one paper, with everything that may notice, or with those whose names ``only`` takes."""

    def __init__(self, room: Room, only: Callable[[str], object] = bool) -> None:
        self.room, self.watch = room, Watch(room, only)

    def functions(self) -> tuple[str, ...]:
        """The names of the functions that implement formulas and have places."""
        return tuple(name for name in self.room.formulas if sites(function_of(name), NO_CONSTANTS))

    def of(self, name: str) -> list[Found]:
        """All places of one function."""
        function = function_of(name)
        watchers = self.watch.of(function.__code__)
        return [self._site(name, function, site, watchers) for site in sites(function, NO_CONSTANTS)]

    def _site(self, name: str, function: Function, site: Site, watchers: list[Watcher]) -> Found:
        (larger, up), (smaller, down) = (self._least(function, site, sizes, watchers) for sizes in changes(site))
        return Found(name, site, larger, smaller, (up, down))

    def _least(
        self, function: Function, site: Site, sizes: tuple[Fraction, ...], watchers: list[Watcher]
    ) -> tuple[Noticed | None, bool]:
        """The smallest of the changes that is noticed, from the middle one on; and whether one of them is a program."""
        noticed, program, middle = None, False, len(sizes) // 2
        place = middle
        while 0 <= place < len(sizes):
            found = self._notices(function, site, sizes[place], watchers)
            program |= found is not None
            if found:
                noticed = sizes[place], found
                watchers.sort(key=lambda w: (w.name != found, w.seconds))
            if found is None or (noticed and (not found or place > middle)):
                break
            place += -1 if found else 1
        return noticed, program

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


def shown(change: Fraction) -> str:
    """A change as it is printed."""
    off = change - 1
    if change == 0:
        return "the other"
    return f"1 {'+' if off > 0 else '-'} {float(abs(off)):.0e}" if abs(off) < Fraction(1, 100) else f"{float(change):g}"
