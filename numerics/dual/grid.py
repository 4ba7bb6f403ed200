"""One-dimensional ingredients of the rules in the plane: grids, norms on the edge of a strip, tails of sums."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from flint import arb

from ..expressions.growth import Growth
from ..hermite.bounds import choose_cut, envelopes, growth_mean, growth_tail, log_float
from ..hermite.strip import Strip

BOUND_BITS = 64
"""Precision of the error bounds: they need few digits."""
ATTEMPTS = 12
"""How often a grid is refined before a rule declines."""


@dataclass(frozen=True, slots=True)
class Side:
    """One factor of a product: its strip, its evaluation at a ball, and a float that guesses its L2 norm."""

    strip: Strip
    value: Callable[[arb], arb]
    size: float


@dataclass(frozen=True, slots=True)
class Axis:
    """A uniform grid: step h, nodes ``k h`` for ``|k| <= count``, and the height s of the contour used in its bound."""

    step: arb
    count: int
    height: arb


@dataclass(frozen=True, slots=True)
class Plan:
    """Two grids, and a proved bound of the error of the rule on them."""

    first: Axis
    second: Axis
    error: arb

    @property
    def points(self) -> int:
        """The number of lattice points."""
        return (2 * self.first.count + 1) * (2 * self.second.count + 1)


def edge_norm(strip: Strip, sigma: arb, height: arb) -> arb:
    r"""An upper bound of :math:`(E|f(\sigma z+iy)|^2)^{1/2}` for |y| up to ``height``; infinite when unknown."""
    growth = strip.bound(arb(height.upper()))
    return arb.pos_inf() if growth is None else growth_mean(growth**2, sigma).sqrt().upper()


def geometric(q: arb) -> arb:
    r""":math:`2q/(1-q)=\sum_{m\ne0}q^{|m|}`, rounded upwards; infinite unless q < 1.

    >>> geometric(arb(0.5))
    2.00000000000000
    """
    return (2 * q / (1 - q)).upper() if q < 1 else arb.pos_inf()


def flat_growth(strip: Strip) -> Growth | None:
    """The growth on the real line without a quadratic part, or None when the function may grow like a Gaussian."""
    growth = strip.bound(arb(0))
    if growth is None or not growth.quadratic <= 0:
        return None
    return Growth(growth.constant, growth.degree, growth.rate.max(arb(0)), arb(0))


def tail_and_mass(bound: Growth, sigma: arb, axis: Axis) -> tuple[arb, arb]:
    r"""Upper bounds of :math:`h\sum\varphi(kh)\,g(\sigma kh)` over :math:`|k|>` count and over all integers k.

    :math:`\varphi` is the normal density and g the growth, without a quadratic part. Lemma 6.3 of
    docs/theory/dual-activations.md.
    """
    h = axis.step
    tail = growth_tail(bound, sigma, envelopes(0)[0], (axis.count + 1) * h, h)
    stretch = (1 + sigma * h) ** bound.degree * (bound.rate * sigma * h).exp()
    mass = h * bound.constant / (2 * arb.pi()).sqrt() + stretch * growth_mean(bound, sigma)
    return tail, arb(mass.upper())


def choose_axis(
    edge: Callable[[arb], arb], natural: float, limit: float, tail: tuple[Growth, arb, float], wanted: float, most: int
) -> Axis | None:
    """The coarsest grid whose rule is off by about ``exp(-wanted)``; a choice in floats, to be proved afterwards.

    ``edge(s)`` bounds the integrand on the contour at height s < ``limit``; ``natural`` is the best height of a pure
    Gaussian. ``tail`` holds the growth, the spread and the logarithm of the tail that decide where to cut. None beyond
    ``most`` nodes.
    """
    step, height = 0.0, 0.0
    for s in _heights(natural, limit):
        norm = edge(arb(s))
        if norm.is_finite():
            candidate = 2 * math.pi * s / max(wanted + log_float(norm), 1.0)
            step, height = max((step, height), (candidate, s))
    growth, spread, log_tail = tail
    cut = choose_cut(growth, spread, 0, log_tail)
    if step == 0.0 or cut is None or not cut[0] / step < most:
        return None
    return Axis(arb(step), int(cut[0] / step) + 2, arb(height))


def _heights(natural: float, limit: float) -> Iterator[float]:
    if math.isfinite(limit):
        yield from (limit * part for part in (0.97, 0.9, 0.8, 0.6))
    yield from (s for s in (natural * 2.0 ** (-k / 2) for k in range(12)) if s < 0.9 * limit)
