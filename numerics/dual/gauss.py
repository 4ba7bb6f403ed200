r"""Composite Gauss-Legendre rules whose panels are bisected until a bound on ellipses proves them.

An n-point rule on :math:`[c-h,c+h]`, :math:`n\ge2`, of a function bounded by M on the Bernstein ellipse of parameter
:math:`\varrho` misses at most :math:`\tfrac{64}{15}hM\varrho^{-2n}/(1-\varrho^{-2})` (Trefethen 2013, Theorem 19.3).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from flint import arb

from ...theory.errors import PrecisionExhausted
from ..balls.precision import precision
from ..hermite.bounds import log_float
from .grid import BOUND_BITS

ELLIPSES = (6.0, 4.5, 3.5, 2.8, 2.2, 1.7)
"""Parameters of the ellipses tried, the largest first."""
MAX_PANELS = 4000
"""Most panels tried before the rule gives up."""

Bound = Callable[[arb, arb, arb], arb]
"""A bound of the modulus on the ellipse with centre c and half-axes X, Y, infinite where none is known."""


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel: centre, half-width, and what the rule misses on it."""

    centre: arb
    half: arb
    error: arb


def node_count(bits: float) -> int:
    """A number of nodes per panel that suits an accuracy of so many bits."""
    return 8 + int(max(bits, 16.0) / 3.3)


@lru_cache(maxsize=16)
def legendre(count: int, bits: int) -> tuple[tuple[arb, arb], ...]:
    """Nodes and weights on [-1, 1] at the precision ``bits``."""
    with precision(bits):
        return tuple(arb.legendre_p_root(count, k, weight=True) for k in range(count))


def cover(lo: arb, hi: arb, count: int, log_tolerance: float, bound: Bound, most: int = MAX_PANELS) -> list[Panel]:
    """Panels of ``count`` nodes from ``lo`` to ``hi``, each with an error of at most about ``exp(log_tolerance)``.

    Raises :class:`PrecisionExhausted` when more than ``most`` are tried. Ends may be balls: a panel stands for
    the interval between the exact numbers in them.
    """
    found: list[Panel] = []
    stack, tried = [(lo, hi)], 0
    while stack:
        left, right = stack.pop()
        tried += 1
        if tried > most:
            raise PrecisionExhausted(f"more than {most} panels are needed: ask for fewer bits.")
        centre, half = (left + right) / 2, (right - left) / 2
        error = _error(centre, half, count, log_tolerance, bound)
        if error is None:
            stack += [(centre, right), (left, centre)]
        else:
            found.append(Panel(centre, half, error))
    return found


def _error(centre: arb, half: arb, count: int, log_tolerance: float, bound: Bound) -> arb | None:
    with precision(BOUND_BITS):
        log_half = log_float(half)
        for parameter in ELLIPSES:
            rho = arb(parameter)
            size = bound(centre, half * (rho + 1 / rho) / 2, half * (rho - 1 / rho) / 2)
            log_rule = math.log(64 / 15) + log_half - 2 * count * math.log(parameter)
            if size.is_finite() and log_rule + log_float(size) <= log_tolerance:
                return arb((arb(64) / 15 * half * rho ** (-2 * count) / (1 - rho**-2) * size).upper())
        return None
