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


def refined(
    axes: Callable[[float], tuple[Axis | None, Axis | None]],
    missed: Callable[[Axis, Axis], arb],
    log_target: float,
    most: int,
) -> Plan | None:
    """The first two grids, finer and finer, whose proved error is at most ``exp(log_target)``.

    ``axes`` chooses them for an accuracy, ``missed`` bounds their error. None where a grid is not found, where they
    have more than ``most`` points, where the error is not finite, and after :data:`ATTEMPTS`.
    """
    wanted = 3.0 - log_target
    for _ in range(ATTEMPTS):
        first, second = axes(wanted)
        if first is None or second is None or Plan(first, second, arb(0)).points > most:
            return None
        error = missed(first, second)
        if not error.is_finite():
            return None
        excess = log_float(error) - log_target
        if excess <= 0:
            return Plan(first, second, arb(error.upper()))
        wanted += excess + 1.0
    return None


def discretisation(edge: Callable[[arb, arb], arb], first: Axis, second: Axis) -> arb:
    """What the rule on two grids misses: contours (s1, eps) for the frequencies m != 0 of the first, (0, s2) for m = 0.

    ``edge(s, t)`` bounds the integrand on the contour with these heights.
    """
    two_pi, epsilon = 2 * arb.pi(), second.step / 4
    q1, q2 = ((-two_pi * axis.height / axis.step).exp() for axis in (first, second))
    fine = 1 + geometric((-two_pi * epsilon / second.step).exp())
    return geometric(q1) * fine * edge(first.height, epsilon) + geometric(q2) * edge(arb(0), second.height)


def _heights(natural: float, limit: float) -> Iterator[float]:
    if math.isfinite(limit):
        yield from (limit * part for part in (0.97, 0.9, 0.8, 0.6))
    yield from (s for s in (natural * 2.0 ** (-k / 2) for k in range(12)) if s < 0.9 * limit)
