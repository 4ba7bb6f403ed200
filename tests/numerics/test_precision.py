"""The working precision: a failure here means that one computation changes the radius, or the truth, of another."""

from __future__ import annotations

import ast
import inspect
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import FrameType
from typing import Any

import flint
import pytest
from flint import arb, arb_series

import certigram
import certigram.numerics
from certigram.numerics.balls import precision as module
from certigram.numerics.balls.budget import Budget
from certigram.numerics.balls.precision import LENGTH, MAX_BITS, MIN_BITS, precision, same_precision, undisturbed
from certigram.numerics.expressions.elementary.series import coefficient
from certigram.theory.errors import SpecError


def _context() -> tuple[int, int]:
    return flint.ctx.prec, flint.ctx.cap


@contextmanager
def _left_by_the_user(**settings: Any) -> Iterator[None]:
    """The context as a user may leave it, and the defaults again afterwards."""
    for name, value in settings.items():
        setattr(flint.ctx, name, value)
    try:
        yield
    finally:
        flint.ctx.default()


def test_precision_is_put_back() -> None:
    """After the block, after nesting, and after an exception the precision is what it was."""
    before = _context()
    with precision(200):
        assert _context() == (200, LENGTH)
        with precision(64):
            assert _context() == (64, LENGTH)
        assert flint.ctx.prec == 200
    assert _context() == before
    with pytest.raises(ZeroDivisionError), precision(300):
        raise ZeroDivisionError
    assert _context() == before


def test_more_bits_narrow_the_ball() -> None:
    """The precision is the one that is used."""
    with precision(53):
        coarse = arb(2).sqrt()
    with precision(500):
        fine = arb(2).sqrt()
    assert fine.rad() < arb((1, -400))
    assert coarse.rad() > arb((1, -60))
    assert coarse.overlaps(fine)


@pytest.mark.parametrize("bits", [0, -1, MIN_BITS - 1, MAX_BITS + 1])
def test_bits_out_of_range(bits: int) -> None:
    """A precision that cannot be meant is refused, and nothing is changed."""
    before = flint.ctx.prec
    with pytest.raises(SpecError, match="out of range"), precision(bits):
        pass
    assert flint.ctx.prec == before


def test_budgets_that_cannot_be_meant() -> None:
    """The escalation cannot start above its ceiling, and no resource is zero."""
    for wrong in ({"bits": 10}, {"bits": 256, "max_bits": 128}, {"max_terms": 0}, {"seconds": 0.0}, {"memory": 0}):
        with pytest.raises(SpecError):
            Budget(**wrong)


# -- the length of series ------------------------------------------------------------


def test_a_coefficient_that_is_not_known_is_undefined() -> None:
    """FLINT gives the exact number 0 beyond the end of a series; no proof may take it for a coefficient."""
    with precision(64):
        known = arb_series([1, 2], prec=3).exp()
        assert known[3] == 0
        assert coefficient(known, 2).is_finite()
        assert not coefficient(known, 3).is_finite()
        assert not coefficient(known, -1).is_finite()
    with _left_by_the_user(cap=2):
        assert not coefficient(arb_series([1, 2], prec=5).exp(), 2).is_finite()


def _modules(*words: str) -> Iterator[tuple[Path, ast.AST]]:
    """The modules of the front door and of the numerics in whose text all the words occur, parsed."""
    folders = (Path(inspect.getfile(found)).parent for found in (certigram, certigram.numerics))
    for path in sorted({path.resolve() for folder in folders for path in folder.glob("**/*.py")}):
        text = path.read_text("utf-8")
        if all(word in text for word in words):
            yield path, ast.parse(text)


def test_every_series_says_its_length() -> None:
    """A series without one would be as long as the context of the moment allows."""
    found = 0
    for path, tree in _modules("arb_series("):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "arb_series":
                found += 1
                assert any(k.arg == "prec" for k in node.keywords), (path, node.lineno)
    assert found > 20


def test_no_block_stays_open_across_a_yield() -> None:
    """A generator that is left alone would keep the precision changed, and other threads waiting."""
    found = 0
    for path, tree in _modules("precision(", "yield"):
        for node in ast.walk(tree):
            if isinstance(node, ast.With) and any("precision(" in ast.unparse(item) for item in node.items):
                found += 1
                inside = (x for line in node.body for x in ast.walk(line))
                assert not any(isinstance(x, (ast.Yield, ast.YieldFrom)) for x in inside), (path, node.lineno)
    assert found > 10


# -- what the user left in the context -----------------------------------------------

SETTINGS: tuple[dict[str, Any], ...] = (
    {"cap": 0},
    {"cap": 1},
    {"cap": 2},
    {"cap": 1000},
    {"prec": 2, "cap": 3},
    {"prec": 10, "unicode": True, "pretty": False},
    {"dps": 500, "cap": 2},
)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_nothing_depends_on_the_context_of_the_user(settings: dict[str, Any]) -> None:
    """Every value at full accuracy, and the context as it was."""
    sphere = [["1", "1/2"], ["1/2", "1"]]
    with _left_by_the_user(**settings):
        before = _context()
        slope = certigram.activation("silu(x-20)").lipschitz(bits=100)
        assert slope is not None
        dual = certigram.activation("tanh").dual("13/10", "7/10", "-2/5", bits=100)
        second, tail = (
            certigram.activation("silu").hermite(2, bits=100)[2],
            certigram.activation("relu").hermite_tail(1),
        )
        gram = certigram.population_gram("deq-general", input_gram=sphere, activation="tanh", bits=128)
        least = certigram.least_eigenvalue(gram)
        tangent = certigram.ntk(input_gram=sphere, activation="relu", depth=1, sigma_w2=["1", "2"], bits=64)
        shown = str(dual)
        with pytest.raises(SpecError, match=r"sigma_w"):  # 2 (209/500) L^2 = 1.0113
            certigram.population_gram("deq-general", input_gram=sphere, activation="silu(x-20)", sigma_w2="0.418")
        assert _context() == before
    assert slope.overlaps(certigram.Ball.exactly("1.0998393201288669045"))
    assert slope.rad < Fraction(1, 10**15)
    assert shown == "[-0.1509197641091417 ± 5.09e-17]" or shown.startswith("[-0.15091976410914")
    assert dual.rad < Fraction(1, 10**25)
    assert second.rad < Fraction(1, 10**25)
    assert tail.rad < Fraction(1, 10**25)
    assert gram.ball(0, 1).contains("0.2373177877462101965757041840090684299615")
    assert gram.ball(0, 1).rad < Fraction(1, 10**30)
    assert least.relative_width < 1e-6
    assert tangent.ball(0, 0).contains(2)
    assert tangent.ball(0, 1).rad < Fraction(1, 10**18)


def test_the_precision_there_is() -> None:
    """Kept where it is in range, moved into the range where it is not."""
    for given, used in ((80, 80), (10, MIN_BITS)):
        with _left_by_the_user(prec=given), same_precision() as bits:
            assert bits == used


# -- threads -------------------------------------------------------------------------


def test_threads_get_the_enclosures_of_one_thread() -> None:
    """Four threads, three precisions: the balls that one thread gets, and the context as it was."""
    cases: list[Callable[[], Any]] = []
    for bits in (40, 90, 200):
        points = [["1", f"1/{bits}"], [f"1/{bits}", "1"]]
        tanh, gelu = certigram.activation("tanh"), certigram.activation("gelu")
        cases += [
            lambda bits=bits, points=points: certigram.population_gram(
                "deq-general", input_gram=points, activation="tanh", bits=bits
            ).ball(0, 1),
            lambda bits=bits, phi=tanh: phi.dual("1", "2", "1/3", bits=bits),
            lambda bits=bits, phi=gelu: phi.hermite(9, "3/2", bits=bits),
        ]
    before = _context()
    serial = [case() for case in cases]
    old = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(4) as pool:
            together = list(pool.map(lambda case: case(), cases))
    finally:
        sys.setswitchinterval(old)
    assert together == serial
    assert _context() == before


def test_a_thread_waits_for_the_block_of_another() -> None:
    """While one thread is inside, another neither changes the precision nor sees the one inside."""
    entered, leave, seen = threading.Event(), threading.Event(), []

    def other() -> None:
        entered.set()
        with precision(64):
            seen.append((_context(), leave.is_set()))

    with precision(200):
        thread = threading.Thread(target=other)
        thread.start()
        entered.wait()
        assert _context() == (200, LENGTH)
        leave.set()
    thread.join()
    assert seen == [((64, LENGTH), True)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_fork_during_the_block_of_another_thread() -> None:
    """The child has no thread that could end the block: it finds the context of before, and no lock."""
    entered, leave = threading.Event(), threading.Event()

    def other() -> None:
        with precision(200):
            entered.set()
            leave.wait()

    before = _context()
    thread = threading.Thread(target=other)
    thread.start()
    entered.wait()
    child = os.fork()
    if child == 0:
        signal.alarm(20)  # a lock that nobody holds would be waited for without an end
        right = _context() == before
        with precision(64):
            right &= _context() == (64, LENGTH)
        os._exit(0 if right and _context() == before else 1)
    leave.set()
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


# -- interrupts ----------------------------------------------------------------------


class _Interrupter:
    """Raises KeyboardInterrupt at the n-th place where Python looks for signals: at entries and after calls.

    A generator that is resumed by ``close`` goes straight to its handlers, without a look.
    """

    def __init__(self, place: int) -> None:
        self.left = place
        self.begun: set[FrameType] = set()

    def __call__(self, frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_flags & inspect.CO_GENERATOR:
            if frame in self.begun:
                return
            self.begun.add(frame)
        if event in ("call", "c_return"):
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt


def _free() -> bool:
    """Whether another thread could enter a block now."""
    found: list[bool] = []

    def attempt() -> None:
        found.append(module._GUARD.lock.acquire(blocking=False))
        if found[0]:
            module._GUARD.lock.release()

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()
    return found[0]


def _interrupted(task: Callable[[], object], place: int) -> bool:
    """Whether an interrupt at this place was reached; it leaves nothing behind, even while it is being handled."""
    before, reached = _context(), False
    try:
        sys.setprofile(_Interrupter(place))
        task()
    except KeyboardInterrupt:  # the frames that it left are alive here
        sys.setprofile(None)
        reached, found = True, (_context(), _free())
    else:
        sys.setprofile(None)
        found = _context(), _free()
    assert found == (before, True), place
    return reached


@undisturbed
def _nested() -> None:
    with precision(64):
        arb(2).sqrt()
        with precision(300) as bits:
            arb(bits).sqrt()
        arb(3).sqrt()


def test_an_interrupt_anywhere_in_a_block_leaves_nothing_behind() -> None:
    """At every place in nested blocks where a signal can be noticed."""
    place = 1
    while _interrupted(_nested, place):
        place += 1
    assert place > 15
    assert module._GUARD.outside is None


def test_an_interrupt_in_a_public_function_leaves_nothing_behind() -> None:
    """At places spread over a dual activation, which opens many blocks."""
    phi = certigram.activation("tanh")
    place, step = 1, 0
    while _interrupted(lambda: phi.dual("1", "1", "1/2", bits=32), place):
        step += 1
        place += 1 + step * 7
    assert step > 20
