"""Float64 first, and ball arithmetic where that proves nothing, or too little, and costs seconds at most."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import numpy as np

from ...theory.errors import CertigramError, PrecisionExhausted
from .problem import NotDefinite, Regression

WIDE = 2.0**-20
"""Radii above this share of the largest modulus call for balls."""
LARGEST_IN_BALLS = 400
"""Beyond so many training points, balls are tried only where they are asked for."""
BITS = (128, 256, 512)
Found = TypeVar("Found")


def sharpest(
    problem: Regression,
    in_floats: Callable[[], Found],
    in_balls: Callable[[int], Found],
    too_wide: Callable[[Found], bool],
) -> Found:
    """The first result that is not too wide: of float64, then of balls of 128, 256 and 512 bits.

    Balls are tried where they can be sharper and there are at most 400 training points. Without a result that is narrow
    enough it is the last that there was, and without any the last failure is raised: :class:`NotDefinite` or
    :class:`PrecisionExhausted`.
    """
    sharper = problem.refine is not None or not (np.any(problem.gram.rad) or np.any(problem.cross_radius))
    found: Found | None = None
    failure: CertigramError | None = None
    for bits in (None, *(BITS if sharper and problem.n <= LARGEST_IN_BALLS else ())):
        try:
            found = in_floats() if bits is None else in_balls(bits)
        except (NotDefinite, PrecisionExhausted) as error:
            failure = error
            continue
        if not too_wide(found):
            return found
    if found is not None:
        return found
    assert failure is not None
    raise failure
