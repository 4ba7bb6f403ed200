"""Elementary functions of float arrays in their numerically stable form; float32 stays float32."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def softplus(x: Array) -> Array:
    """``log(1 + exp(x))`` without overflow."""
    result: Array = np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))
    return result


def root(x: Array, n: int) -> Array:
    """The n-th root of non-negative numbers."""
    result: Array = np.sqrt(x) if n == 2 else np.power(x, 1.0 / n)
    return result


def power(x: Array, n: int) -> Array:
    """``x**n`` by repeated squaring (``x*x`` for n = 2)."""
    if n < 0:
        return np.reciprocal(power(x, -n))
    result, square = None, x
    while n:
        if n & 1:
            result = square if result is None else result * square
        n >>= 1
        square = square * square if n else square
    return np.ones_like(x) if result is None else result
