"""The only place where the working precision of python-flint is set, and with it the length of power series.

``flint.ctx`` is one global of the process, shared by its threads. A block sets it, keeps other threads out until it
ends, and puts back what was there: what the user, or another thread, left in it enters no computation of a block.
"""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable, Generator
from functools import wraps
from typing import ParamSpec, TypeVar

import flint

from ...theory.errors import SpecError

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

MIN_BITS, MAX_BITS = 24, 100_000
PLAIN_BITS = 53
"""The precision of what states none of its own; flint's default."""
LENGTH = 1 << 30
"""The length of power series that flint allows inside a block: beyond every series here, which states its own."""


class _Guard:
    """The lock of the threads, and what ``flint.ctx`` was outside of all blocks."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.outside: tuple[int, int] | None = None

    def free_in_child(self) -> None:
        """After a fork: a block of a thread that the child does not have would never end; it ends here."""
        if self.lock.acquire(blocking=False):  # free, or a block of the forking thread, which goes on in the child
            self.lock.release()
            return
        self.lock = threading.RLock()
        if self.outside is not None:
            flint.ctx.prec, flint.ctx.cap = self.outside
            self.outside = None


_GUARD = _Guard()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_GUARD.free_in_child)


def _block(bits: int) -> Generator[int, None, None]:
    with _GUARD.lock:
        before, outside = (int(flint.ctx.prec), int(flint.ctx.cap)), _GUARD.outside
        try:
            if outside is None:
                _GUARD.outside = before
            flint.ctx.prec, flint.ctx.cap = bits, LENGTH
            yield bits
        finally:
            (flint.ctx.prec, flint.ctx.cap), _GUARD.outside = before, outside


class precision(io.IOBase):
    """Work at ``bits`` binary digits inside the block; other threads that want a block wait for its end.

    Blocks nest. An interrupt leaves nothing behind: Python looks for signals when a function is entered and after a
    call, so that the end of a block must not be a function in Python. ``IOBase.__exit__`` is none, and calls ``close``,
    here the one of a generator, whose ``finally`` makes no call.

    >>> with precision(200) as bits:
    ...     bits
    200
    """

    def __init__(self, bits: int) -> None:
        if not MIN_BITS <= bits <= MAX_BITS:
            raise SpecError(f"bits = {bits} is out of range: choose between {MIN_BITS} and {MAX_BITS}.")
        self._open = _block(bits)
        self.close = self._open.close  # type: ignore[method-assign]  # closing is the exit, in C

    def __enter__(self) -> int:  # type: ignore[override]  # a block gives its bits
        try:
            return next(self._open)
        except BaseException:  # an interrupt after the block was opened
            self.close()
            raise


def same_precision() -> precision:
    """A block at the precision there is, as far as it is in range.

    >>> with precision(200), same_precision() as bits:
    ...     bits
    200
    """
    return precision(min(max(int(flint.ctx.prec), MIN_BITS), MAX_BITS))


def undisturbed(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """The function inside a block, so that ``flint.ctx`` as the caller left it changes nothing in it.

    >>> flint.ctx.cap, undisturbed(lambda: flint.ctx.cap)() == LENGTH
    (10, True)
    """

    @wraps(function)
    def inside(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        with precision(PLAIN_BITS):
            return function(*args, **kwargs)

    return inside
