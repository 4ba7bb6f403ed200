r"""From which width sampled networks show an event with probability at least :math:`1-\delta`.

Nothing is assumed of how the probability depends on the width: what is stated is said of each width that was tried, and
the error is shared by all of them. ``docs/theory/least-width.md``.
"""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...theory.errors import SpecError
from ..balls.enclosure import Enclosure
from ..balls.threads import blas_threads
from ..files import write_atomically
from ..kernels.ballmatrix import BallMatrix
from ..stored import arrays_as_bytes, damaged, read_arrays, silent
from ..studies.networks import FiniteGram, Sampler, sampler
from .events import EVENTS, decided
from .experiment import Subject
from .looks import counted, share
from .resumed import resumed
from .sequential import Judged, Standing, fewest, judged

FIRST = 8
"""Networks that every width gets; where the event is rare they decide."""
WORTH_PROCESSES = 20.0
"""Seconds of work from which on processes are started, which takes some seconds."""
FINER = 1000
"""The solver's part of the error of G_m is meant to be so many times smaller than the least eigenvalue."""
SMALLEST_ALPHA = Fraction(1, 10**200)
"""So that its parts are float64 numbers."""
Item = tuple[int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Networks:
    """What is sampled: networks of one system and activation on inputs (n, d), float64, whose K is ``kernel``.

    ``star`` encloses the least eigenvalue of K. Raises :class:`SpecError` unless that is positive.
    """

    system: str | Sampler
    points: NDArray[np.float64]
    subject: Subject
    kernel: BallMatrix
    star: Enclosure
    parameters: dict[str, Fraction] = field(default_factory=dict)
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.star.lower > 0:
            raise SpecError(
                f"least_width: the least eigenvalue of K is not proved to be positive, it lies in [{self.star.lower!r},"
                f" {self.star.upper!r}]: both events are about a definite matrix."
            )
        if self.kernel.shape != (len(self.points),) * 2:
            raise SpecError(f"least_width: K is {self.kernel.shape}, but there are {len(self.points)} points.")

    @property
    def tolerance(self) -> float:
        """The relative accuracy of the equilibria that leaves few networks undecided."""
        size = math.sqrt(float(np.trace(self.kernel.mid)) * float(np.linalg.norm(self.kernel.mid, 2)))
        return min(4e-6, max(1e-12, self.star.lower / (2 * FINER * size)))

    def fingerprint(self) -> str:
        """A digest of everything that the outcome of one network depends on."""
        digest = hashlib.sha256()
        system = self.system if isinstance(self.system, str) else getattr(self.system, "__qualname__", "")
        activation = self.subject.activation
        named = (activation.name, str(getattr(activation, "expression", None)), self.subject.lipschitz)
        star = (self.star.lower, self.star.upper)
        for part in (system, self.seed, sorted(self.parameters.items()), named, star, EVENTS):
            digest.update(repr(part).encode())
        for array in (self.points, self.kernel.mid, np.asarray(self.kernel.rad)):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Question:
    r"""Which events, at which widths, with which probability :math:`1-\delta`, at which error of all statements.

    ``most``: networks of one width at most. Raises :class:`SpecError` for anything that is no question.
    """

    widths: tuple[int, ...]
    events: tuple[str, ...] = EVENTS
    delta: Fraction = Fraction(1, 20)
    alpha: Fraction = Fraction(1, 1000)
    most: int = 400

    def __post_init__(self) -> None:
        if not self.widths or min(self.widths) < 1 or len(set(self.widths)) != len(self.widths):
            raise SpecError(
                f"least_width: widths = {', '.join(map(str, self.widths))} must be distinct positive integers."
            )
        if not self.events or not set(self.events) <= set(EVENTS) or len(set(self.events)) != len(self.events):
            raise SpecError(f"least_width: events = {list(self.events)}: choose among {', '.join(EVENTS)}.")
        if not (0 < self.delta < 1 and 0 < self.alpha < 1):
            raise SpecError("least_width: delta and alpha are probabilities between 0 and 1, such as 1/20 and 1/1000.")
        if not (0 < float(1 - self.delta) < 1 and self.alpha >= SMALLEST_ALPHA):
            raise SpecError(
                "least_width: delta, 1 - delta or alpha is too small for a statement about samples: choose delta from"
                f" 1e-15 to 1 - 1e-15 and alpha from {float(SMALLEST_ALPHA):g} on."
            )

    def level(self, look: int) -> float:
        """The error of one statement: that of this look, shared by all events and widths."""
        return float(self.alpha) * share(look) / (len(self.widths) * len(self.events))

    def require_enough(self, look: int) -> None:
        """Raise :class:`SpecError` when so few networks could never state anything."""
        needed = fewest(float(1 - self.delta), self.level(look))
        if self.most < needed:
            raise SpecError(
                f"least_width: {needed} networks of one width, all of which show the event, are the fewest that state a"
                f" probability of at least 1 - {float(self.delta):g} here: networks = {self.most} is too small."
            )


@dataclass(frozen=True, slots=True, eq=False)
class Unit:
    """One network: which one, what became of each of ``EVENTS`` (1 happened, -1 did not, 0 undecided), and its error.

    ``error`` bounds the distance of the computed Gram matrix from that of the network.
    """

    width: int
    replicate: int
    outcomes: tuple[int, ...]
    error: float


@dataclass(frozen=True, slots=True)
class Statement:
    """What is stated of one event at one width."""

    event: str
    width: int
    judged: Judged

    @property
    def standing(self) -> Standing:
        """That the probability is at least 1 - delta, that it is below, or neither."""
        return self.judged.standing


@dataclass(frozen=True, slots=True)
class LeastWidth:
    """All statements of a question; together they are true with probability at least 1 - alpha.

    ``look`` says which question this is among those that were asked about the networks of one folder, and ``level`` the
    error of each statement. ``complete`` is False where the time ran out.
    """

    question: Question
    statements: tuple[Statement, ...]
    look: int = 1
    complete: bool = True

    @property
    def level(self) -> float:
        """The error of each statement."""
        return self.question.level(self.look)

    def least(self, event: str) -> int | None:
        """The least width tried of which it is stated that the event has probability at least 1 - delta there."""
        return min(self._widths(event, Standing.AT_LEAST), default=None)

    def opposite(self, event: str) -> int | None:
        """The largest width tried of which it is stated that the event has a smaller probability there."""
        return max(self._widths(event, Standing.BELOW), default=None)

    def _widths(self, event: str, standing: Standing) -> list[int]:
        if event not in self.question.events:
            raise SpecError(
                f"least_width: nothing was asked about {event!r}: choose {', '.join(self.question.events)}."
            )
        return [s.width for s in self.statements if s.event == event and s.standing is standing]


def find(
    networks: Networks,
    question: Question,
    *,
    jobs: int = 1,
    store: Path | None = None,
    seconds: float | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    tell: Callable[[str], None] = silent,
) -> LeastWidth:
    """Sample networks, the narrow ones first, until each width has its statements or ``question.most`` networks.

    ``store`` receives a folder for these networks, and in it one small file for each; a second start reads them. Each
    other question about the same networks has a smaller part of ``alpha``, so that all answers together keep it.
    ``seconds``: no network is started after this wall time. ``jobs`` processes work where that is worth their start.
    ``progress`` gets (text, networks of this width so far, at most). The answer depends neither on ``jobs`` nor on
    interruptions.
    """
    started = time.monotonic()
    mark = networks.fingerprint()
    folder = None if store is None else store / mark
    question.require_enough(1)
    asked = (sorted(question.widths), sorted(question.events), question.delta, question.alpha)
    look = 1 if folder is None else counted(folder, repr(asked))
    question.require_enough(look)
    level, claimed = question.level(look), float(1 - question.delta)
    statements: dict[str, list[Statement]] = {event: [] for event in question.events}
    complete = True

    def load(item: Item) -> Unit | None:
        return None if folder is None else _load(_path(folder, *item), *item)

    def save(unit: Unit) -> None:
        if folder is not None:
            _save(_path(folder, unit.width, unit.replicate), unit)

    for width in sorted(question.widths):
        units: list[Unit] = []
        found: dict[str, Judged] = {}
        each = 0.0  # seconds that a network of this width takes in this process
        for count in _counts(question.most, fewest(claimed, level)):
            begun = time.monotonic()
            left = None if seconds is None else seconds - (begun - started)
            more = [(width, r) for r in range(len(units), count)]
            before = len(units)

            def told(unit: Unit, done: int, total: int, before: int = before) -> None:
                if progress is not None:
                    progress(f"networks of width {unit.width}", before + done, question.most)

            spread = jobs if each * len(more) > WORTH_PROCESSES else 1
            made = resumed(
                more, _work, networks, load=load, save=save, jobs=spread, seconds=left, name=_called,
                on_unit=told, on_damage=tell, on_death=tell,
            )  # fmt: skip
            each = each or (time.monotonic() - begun) / len(more)
            complete = complete and len(made) == len(more)
            units += sorted(made, key=lambda unit: unit.replicate)
            units = [unit for k, unit in enumerate(units) if unit.replicate == k]  # no gap where the time ran out
            found = {event: _judged(units, event, claimed, level) for event in question.events}
            if not complete or all(one.standing is not Standing.OPEN for one in found.values()):
                break
        for event, one in found.items():
            statements[event].append(Statement(event, width, one))
    ordered = tuple(one for event in question.events for one in statements[event])
    return LeastWidth(question, ordered, look, complete)


def _counts(most: int, enough: int) -> Iterator[int]:
    """How many networks there are after each round."""
    count = min(FIRST, most)
    yield count
    while count < most:
        count = min(most, max(enough, count + count // 4 + 1))
        yield count


def _judged(units: list[Unit], event: str, claimed: float, level: float) -> Judged:
    outcomes = np.array([unit.outcomes[EVENTS.index(event)] for unit in units], dtype=np.int64)
    return judged(outcomes > 0, outcomes < 0, claimed, level)


def _work(networks: Networks) -> Callable[[Item], Unit]:
    """What a worker process does with a network."""
    sample = sampler(networks.system) if isinstance(networks.system, str) else networks.system
    function, tolerance = networks.subject.nonlinearity(), networks.tolerance

    def one(item: Item) -> Unit:
        seed = np.random.SeedSequence(networks.seed, spawn_key=item)
        with blas_threads(1):
            (found,) = sample(
                networks.points, (function,), width=item[0], seed=seed, dtype="float32", tolerance=tolerance,
                **networks.parameters,
            )  # fmt: skip
            return Unit(*item, outcomes(found, networks), found.gram_error)

    return one


def outcomes(found: FiniteGram, networks: Networks) -> tuple[int, ...]:
    """What became of each of ``EVENTS`` in a sampled network: 1 happened, -1 did not, 0 undecided."""
    truths = [decided(event, found.gram, found.gram_error, networks.kernel, networks.star) for event in EVENTS]
    return tuple(0 if truth is None else 1 if truth else -1 for truth in truths)


def _called(item: Item) -> str:
    return f"the network of width {item[0]}, replicate {item[1]}"


def _path(folder: Path, width: int, replicate: int) -> Path:
    return folder / f"m{width}-r{replicate}.npz"


def _save(path: Path, unit: Unit) -> None:
    key = np.array([unit.width, unit.replicate])
    arrays = {"outcomes": np.array(unit.outcomes), "error": np.array([unit.error]), "key": key}
    write_atomically(path, arrays_as_bytes(arrays))


def _load(path: Path, width: int, replicate: int) -> Unit | None:
    """Read one network; None when there is none. Raises :class:`SpecError` when the file is not the one written."""
    found = read_arrays(path)
    if found is None:
        return None
    shapes = {"outcomes": (len(EVENTS),), "error": (1,), "key": (2,)}
    if {name: array.shape for name, array in found.items()} != shapes or found["key"].tolist() != [width, replicate]:
        raise damaged(path, "it holds other arrays than the events of this network")
    if not np.isin(found["outcomes"], (-1, 0, 1)).all():
        raise damaged(path, "an outcome is none of 1, 0, -1")
    return Unit(width, replicate, tuple(int(x) for x in found["outcomes"]), float(found["error"][0]))
