"""How many threads the linear algebra uses, and the same number of threads for loops over blocks of a matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import cache
from typing import Any, TypeVar

import numpy
import scipy.linalg
from threadpoolctl import ThreadpoolController

Item = TypeVar("Item")


@cache
def _libraries(modules: tuple[str, ...]) -> ThreadpoolController:
    """The BLAS libraries of the named modules, which are loaded by now; the search takes milliseconds."""
    return ThreadpoolController()


def blas_threads(count: int | None) -> AbstractContextManager[Any]:
    """Limit BLAS to ``count`` threads inside a ``with`` block; None leaves it as it is.

    >>> with blas_threads(1):
    ...     float(numpy.ones(3) @ numpy.ones(3))
    3.0
    """
    limited: AbstractContextManager[Any] = _libraries((numpy.__name__, scipy.linalg.__name__)).limit(
        limits=count, user_api="blas"
    )
    return limited


def thread_count() -> int:
    """The number of threads that BLAS may use now, which ``OPENBLAS_NUM_THREADS`` and :func:`blas_threads` limit.

    >>> with blas_threads(1):
    ...     thread_count()
    1
    """
    libraries = _libraries((numpy.__name__, scipy.linalg.__name__)).info()
    return max((int(found["num_threads"]) for found in libraries if found["user_api"] == "blas"), default=1)


def over_blocks(task: Callable[[Item], None], items: Iterable[Item], *, threaded: bool) -> None:
    """Call ``task`` for every item, which must write to disjoint places: in threads, each with BLAS on one thread.

    Only numpy and BLAS may run inside: FLINT has one precision for all threads, and a task that wanted to set it would
    wait for the caller's block for ever. Without ``threaded``, one after the other.

    >>> found = []
    >>> over_blocks(found.append, [1, 2, 3], threaded=False)
    >>> found
    [1, 2, 3]
    """
    count = thread_count() if threaded else 1
    with blas_threads(1):
        if count == 1:
            for item in items:
                task(item)
            return
        with ThreadPoolExecutor(count) as pool:
            for _ in pool.map(task, items):
                pass
