"""The arithmetic that a-priori bounds are about: a failure means that a bound is used where it does not hold."""

from __future__ import annotations

import ctypes
import mmap
import platform
import sys
import threading
from collections.abc import Callable
from fractions import Fraction
from functools import cache

import numpy as np
import pytest

import certigram
from certigram.numerics.balls.rounding import gamma, lowered, norm_down, norm_up, raised, require_ieee_arithmetic
from certigram.theory.errors import SpecError

FLUSH, DENORMALS_ARE_ZERO = 1 << 15, 1 << 6
DOWN, UP, TO_ZERO = 1 << 13, 2 << 13, 3 << 13
"""Bits of the control register of SSE."""
X86 = platform.machine() in ("x86_64", "AMD64") and sys.platform.startswith("linux")
only_x86 = pytest.mark.skipif(not X86, reason="the modes are set by an instruction of x86-64, under Linux")


@cache
def _register() -> tuple[Callable[[ctypes.Array[ctypes.c_uint32]], None], ...]:
    """Functions that store and load the register: ``stmxcsr [rdi]; ret`` and ``ldmxcsr [rdi]; ret``."""
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(b"\x0f\xae\x1f\xc3" + b"\x90" * 12 + b"\x0f\xae\x17\xc3")
    _PAGES.append(page)
    start = ctypes.addressof(ctypes.c_char.from_buffer(page))
    kind = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
    return kind(start), kind(start + 16)


_PAGES: list[mmap.mmap] = []


def _under(mode: int, task: Callable[[], object]) -> object:
    """What a task returns, or raises, in a thread of its own whose register has these bits."""
    try:
        store, load = _register()
    except OSError as error:
        pytest.skip(f"this system gives no executable memory: {error}")
    found: list[object] = []

    def run() -> None:
        register = (ctypes.c_uint32 * 1)()
        store(register)
        register[0] |= mode
        load(register)
        try:
            found.append(task())
        except SpecError as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return found[0]


@only_x86
def test_the_modes_are_really_set() -> None:
    """Half of the least normal number, and a sum that rounds, differ as they must: the tests below test something."""
    least, one = np.array([2.0**-1022]), np.array([1.0])
    assert _under(0, lambda: float((least / 2)[0])) == 2.0**-1023
    assert _under(FLUSH, lambda: float((least / 2)[0])) == 0.0
    assert _under(UP, lambda: float((one + 2.0**-60)[0])) == 1.0 + 2.0**-52


@only_x86
@pytest.mark.parametrize(
    ("mode", "word"),
    [(FLUSH, "subnormal"), (DENORMALS_ARE_ZERO, "subnormal"), (FLUSH | DENORMALS_ARE_ZERO, "subnormal"),
     (DOWN, "nearest"), (UP, "nearest"), (TO_ZERO, "nearest")],
)  # fmt: skip
def test_another_arithmetic_is_refused(mode: int, word: str) -> None:
    """Where float64 proofs begin: points, radii and the ladder, each with one sentence that says what is wrong."""
    rows = [[1.0, 3e-310], [1.0, 0.0]]
    matrix = certigram.BallMatrix(np.array([[2.0, 1.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.0, 3.0]]), 0.0)
    for task in (
        require_ieee_arithmetic,
        lambda: gamma(3),
        lambda: certigram.population_gram("deq-general", rows, activation="tanh"),
        lambda: certigram.nngp(rows, activation="erf", depth=1),
        lambda: certigram.least_eigenvalue(matrix),
    ):
        found = _under(mode, task)
        assert isinstance(found, SpecError), task
        assert word in str(found)
    assert _under(0, lambda: gamma(3)) == gamma(3)


@pytest.mark.parametrize("scale", [1.0, 2.0**600, 2.0**-600, 5e-324])
def test_norms_enclose_the_exact_norm_at_every_scale(scale: float) -> None:
    """Squares that overflow or underflow are no exception."""
    x = np.random.default_rng(0).standard_normal(40).round() * scale
    square = sum(Fraction(v) ** 2 for v in x.tolist())
    assert Fraction(norm_up(x)) ** 2 >= square
    assert norm_up(x) <= 1.001 * norm_up(x / scale) * scale + 5e-324
    if scale <= 1.0:
        assert 0 <= Fraction(norm_down(x)) ** 2 <= square


def test_raised_and_lowered_undo_six_roundings() -> None:
    factors = (1 + np.random.default_rng(0).random((200, 7))).tolist()
    for row in factors:
        exact, rounded = Fraction(row[0]), row[0]
        for factor in row[1:]:
            exact, rounded = exact * Fraction(factor), rounded * factor
        assert Fraction(lowered(rounded)) <= exact <= Fraction(raised(rounded))
