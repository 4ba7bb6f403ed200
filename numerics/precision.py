"""The only place where the working precision of python-flint is set.

``flint.ctx`` is one global of the process: it is changed inside a ``with`` block and put back, and work is spread over
processes, never over threads.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import flint

from ..theory.errors import SpecError

MIN_BITS, MAX_BITS = 24, 100_000


@contextmanager
def precision(bits: int, *, cap: int | None = None) -> Iterator[int]:
    """Work at ``bits`` binary digits (and power series of length ``cap``) inside the block.

    >>> with precision(200) as bits:
    ...     bits
    200
    """
    if not MIN_BITS <= bits <= MAX_BITS:
        raise SpecError(f"bits = {bits} is out of range: choose between {MIN_BITS} and {MAX_BITS}.")
    before = flint.ctx.prec, flint.ctx.cap
    flint.ctx.prec = bits
    if cap is not None:
        flint.ctx.cap = cap
    try:
        yield bits
    finally:
        flint.ctx.prec, flint.ctx.cap = before
