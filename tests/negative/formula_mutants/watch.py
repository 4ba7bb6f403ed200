"""What may notice a wrong formula: checks and controls on small instances, shipped records, lines of lemmas.

Which of them run a function is found by running each of them once, from fresh instances and empty caches, while calls
are traced. What an instance keeps and the function has no part in is then taken from a finished instance.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from functools import _lru_cache_wrapper, cache, cached_property
from types import CodeType, FrameType
from typing import Any
from unittest.mock import patch

from certigram.numerics.checks.registry import control_subject, find_check, find_control
from certigram.numerics.falsify.bound import find_bound
from certigram.numerics.falsify.falsifier import replay
from certigram.numerics.falsify.shipped import shipped
from certigram.numerics.proof_lines.registry import line
from certigram.numerics.proof_lines.relations import relations
from certigram.numerics.studies.data import load
from certigram.numerics.studies.networks import instance
from certigram.numerics.studies.study import Study
from certigram.theory.claims.system import system
from certigram.theory.errors import CertigramError

from .formulas import DRAWN, KEPT, Case, Room

ROOMS = "certigram.numerics.papers"
STUCK = 10.0
"""Processor seconds after which a run with a changed formula is ended."""
NO_PROGRAM = (TypeError, AttributeError, NameError, NotImplementedError)
"""What a changed formula raises that is no program any more: nothing follows from it."""


class Stuck(Exception):
    """A run with a changed formula does not end."""


@contextmanager
def ended(seconds: float) -> Iterator[None]:
    """Raise :class:`Stuck` after so many processor seconds."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise Stuck

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)
        signal.signal(signal.SIGPROF, before)


@contextmanager
def traced(seen: set[CodeType]) -> Iterator[None]:
    """Collect the code of every function that is called."""

    def called(frame: FrameType, event: str, argument: object) -> None:
        seen.add(frame.f_code)

    before = sys.gettrace()
    sys.settrace(called)
    try:
        yield
    finally:
        sys.settrace(before)


@contextmanager
def undrawn(room: Room) -> Iterator[None]:
    """Leave out what only draws a figure for the report."""
    with ExitStack() as stack:
        for module, name in DRAWN:
            if module.startswith(f"{ROOMS}.{room.name}."):
                stack.enter_context(patch(f"{module}.{name}", lambda *given, **named: {}))
        yield


def forget(room: Room) -> None:
    """Empty the caches of the modules of a paper, but for those that no formula has a part in."""
    for name, module in list(sys.modules.items()):
        if name.startswith(f"{ROOMS}.{room.name}"):
            for value in list(vars(module).values()):
                if isinstance(value, _lru_cache_wrapper) and value.__module__ == name and value.__name__ not in KEPT:
                    value.cache_clear()
    relations.cache_clear()


@cache
def study_of(case: Case) -> Study:
    """The small study of a case."""
    parameters = {case.system: {k: Fraction(v) for k, v in case.parameters}}
    return Study(
        "mutants", (case.system,), (case.subject,), load("digits", case.points), parameters, kernels=(case.subject,)
    )


def fresh(case: Case) -> Any:
    """An instance on which nothing has been computed."""
    return instance(case.system, case.subject, study_of(case))


@cache
def _kept(case: Case, room: Room) -> dict[str, tuple[Any, frozenset[CodeType]]]:
    """What an instance keeps, each with the code that computes it from nothing."""
    found: dict[str, tuple[Any, frozenset[CodeType]]] = {}
    for owner in type(fresh(case)).__mro__:
        for name, attribute in vars(owner).items():
            if isinstance(attribute, cached_property) and name not in found:
                forget(room)
                seen: set[CodeType] = set()
                try:
                    with traced(seen):
                        value = getattr(fresh(case), name)
                except Exception:
                    continue
                keeps = any(isinstance(v, cached_property) for o in type(value).__mro__ for v in vars(o).values())
                if not keeps:  # what keeps something itself may come to depend on more
                    found[name] = value, frozenset(seen)
    return found


def prepared(case: Case, room: Room, code: CodeType | None) -> Any:
    """An instance with all that it keeps and a function, by its code, has no part in; without one a fresh instance."""
    found = fresh(case)
    if code is not None:
        found.__dict__.update({name: value for name, (value, used) in _kept(case, room).items() if code not in used})
    return found


@dataclass(eq=False)
class Watcher:
    """Something that may notice: what it says of the formulas as they are, what code it runs, what it costs."""

    name: str
    claims: tuple[str, ...]
    run: Callable[[CodeType | None], str]
    room: Room
    says: str = ""
    used: frozenset[CodeType] = frozenset()
    seconds: float = 0.0
    keeps: bool = True

    def ask(self, code: CodeType | None) -> str:
        """What it says now: a verdict, or the name of what it raises."""
        forget(self.room)
        try:
            with ended(STUCK), undrawn(self.room):
                return self.run(code if self.keeps else None)
        except CertigramError as error:
            return type(error).__name__
        except NO_PROGRAM:
            raise
        except Exception as error:
            return type(error).__name__

    def learn(self) -> None:
        """Find what it says, runs and costs with the formulas as they are."""
        seen: set[CodeType] = set()
        forget(self.room)
        with undrawn(self.room), traced(seen):
            try:
                self.says = self.run(None)
            except Exception as error:
                self.says = type(error).__name__
        self.used = frozenset(seen)
        started = time.process_time()
        again = self.ask(next(iter(seen)))
        self.seconds = time.process_time() - started
        assert again == self.says, (self.name, self.says, again)


def _of_claims(room: Room) -> Iterator[Watcher]:
    for case in room.cases:
        for claim in system(case.system).claims:
            if claim.statistical or (case is not room.cases[0] and claim.activation_free):
                continue
            if control_subject(claim.method) in {"", case.subject}:
                for kind, find in (("check", find_check), ("control", find_control)):
                    decided = find(claim.method)

                    def run(code: CodeType | None, decided: Any = decided, case: Case = case) -> str:
                        return decided(prepared(case, room, code)).verdict.name

                    yield Watcher(f"{kind} {claim.id.partition('.')[2]}, {case.subject}", (claim.id,), run, room)


def _of_records(room: Room) -> Iterator[Watcher]:
    systems = {case.system for case in room.cases}
    for name, record in shipped().items():
        if name.partition(".")[0] in systems:
            bound = find_bound(name)

            def run(code: CodeType | None, bound: Any = bound, record: Any = record) -> str:
                return replay(bound, record).verdict.name

            yield Watcher(
                f"record {name.partition('.')[2]}", tuple(i for i in record.speaks_of if i[:6] != "lemma."), run, room
            )


def _of_lines(room: Room) -> Iterator[Watcher]:
    for function in line.everything():
        if function.__module__.startswith(f"{ROOMS}.{room.name}."):

            def run(code: CodeType | None, function: Any = function) -> str:
                return "passed" if function().passed else "failed"

            yield Watcher(f"line {function.__name__}", (), run, room)


@dataclass(eq=False)
class Watch:
    """All that may notice something about one paper, or those whose names ``only`` takes; with what each says now."""

    room: Room
    only: Callable[[str], object] = bool
    watchers: tuple[Watcher, ...] = field(init=False)

    def __post_init__(self) -> None:
        found = (*_of_records(self.room), *_of_claims(self.room), *_of_lines(self.room))
        self.watchers = tuple(watcher for watcher in found if self.only(watcher.name))
        for watcher in self.watchers:
            watcher.keeps = self.only is bool  # for a few it costs more to find out what can be kept
            watcher.learn()

    def of(self, code: CodeType) -> list[Watcher]:
        """Those that run a function, the cheapest first."""
        return sorted((w for w in self.watchers if code in w.used), key=lambda w: w.seconds)
