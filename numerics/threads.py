"""The number of threads of the linear algebra inside a block; the rounding of a matrix product depends on it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from typing import Any

import numpy
import scipy.linalg
from threadpoolctl import ThreadpoolController


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
