"""Independent pieces of an experiment, read from where an earlier start kept them, or made now and kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from ...theory.errors import SpecError
from ..stored import silent
from .workers import Workers

Setting = TypeVar("Setting")
Item = TypeVar("Item")
Unit = TypeVar("Unit")


def resumed(
    items: Iterable[Item],
    prepare: Callable[[Setting], Callable[[Item], Unit]],
    setting: Setting,
    *,
    load: Callable[[Item], Unit | None],
    save: Callable[[Unit], None],
    jobs: int = 1,
    seconds: float | None = None,
    name: Callable[[Item], str] = str,
    on_unit: Callable[[Unit, int, int], None] | None = None,
    on_damage: Callable[[str], None] = silent,
    on_death: Callable[[str], None] = silent,
) -> list[Unit]:
    """The units of all items: those that ``load`` finds, then the others in the order in which they are finished.

    ``prepare(setting)(item)`` makes a unit, in one of ``jobs`` processes; ``save`` is called with each that was made.
    Where ``load`` raises :class:`SpecError`, ``on_damage`` is told and the unit is made again. No unit is started
    after ``seconds`` of wall time. ``on_unit`` gets (unit, finished, total) of those that were made; ``on_death``
    hears of processes that died, and :class:`Unfinished` is raised when one item ends two of them.
    """
    started = time.monotonic()
    done: list[Unit] = []
    todo: list[Item] = []
    for item in items:
        unit = None
        try:
            unit = load(item)
        except SpecError as error:
            on_damage(f"{error} The network is sampled again.")
        if unit is None:
            todo.append(item)
        else:
            done.append(unit)
    total = len(done) + len(todo)

    def in_time() -> bool:
        return seconds is None or time.monotonic() - started < seconds

    def finish(unit: Unit) -> None:
        done.append(unit)
        save(unit)
        if on_unit is not None:
            on_unit(unit, len(done), total)

    workers = Workers(prepare, setting, finish=finish, more=in_time, name=name, tell=on_death)
    workers.run(todo, min(jobs, len(todo)))
    return done
