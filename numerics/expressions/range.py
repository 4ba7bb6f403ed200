r"""The exact range of a smooth expression on an interval or a half-line or the line: supremum and infimum, enclosed.

Branch and bound: a box is discarded when a proved upper bound on it (natural extension, monotonicity, or the second
order Taylor form, whichever is least) does not exceed the best value seen at a point. Half-lines are covered by
:mod:`.tails`. No sampling decides anything: the enclosure holds whenever the search stops. Proofs in
docs/theory/range-analysis.md, section 7.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial

import sympy
from flint import arb, arb_series

from ...theory.activations.periodicity import independent, period, periodic_parts
from ..balls.precision import precision
from .elementary import real
from .elementary.series import coefficient
from .interval import INFINITY
from .lowering import constant, lower_arb, lower_series
from .tails import Tail, reflected, right_tail

MAX_BOXES = 4000
"""Boxes examined before the search stops with the enclosure it has."""
GUARD_BITS = 32
SAMPLES = 256
"""Points on either side of 0 at which a sum of incommensurable oscillations is looked at for a lower bound."""
PROBES = tuple(sympy.Rational(k, 2) for k in (-8, -4, -2, -1, 0, 1, 2, 4, 8))
"""Points evaluated first: a good lower bound early saves work and proves nothing else."""


@dataclass(frozen=True, slots=True)
class Extremum:
    """An enclosure ``lower <= sup <= upper``; ``upper`` is infinite when no bound is known.

    ``unbounded`` means that the supremum is proved to be infinite; ``boxes`` counts the work.
    """

    lower: arb
    upper: arb
    unbounded: bool
    boxes: int

    @property
    def ball(self) -> arb | None:
        """The enclosure as a ball at the working precision, None when it is not finite."""
        if not (self.lower.is_finite() and self.upper.is_finite()):
            return None
        return real.hull(self.lower, self.upper)


class _Search:
    """Supremum of one function over a union of closed boxes."""

    def __init__(self, expr: sympy.Expr, sign: int, tolerance: arb) -> None:
        self.ball: Callable[[arb], arb] = lower_arb(expr)
        self.series: Callable[[arb_series], arb_series] = lower_series(expr)
        self.sign = sign
        self.tolerance = tolerance
        self.best = -INFINITY
        self.heap: list[tuple[float, int, arb, arb, arb]] = []
        self.order = itertools.count()
        self.reference = arb(0)
        self.boxes = 0

    def at(self, x: arb) -> arb:
        return self.sign * self.ball(x)

    def improve(self, value: arb) -> None:
        """Raise the best value to the lower end of a ball that contains a value."""
        if not value.is_nan() and value.lower() > self.best:
            self.best = value.lower()

    def push(self, lo: arb, hi: arb) -> None:
        """Examine the box [lo, hi] (exact ends) and keep it unless it cannot hold the supremum."""
        self.boxes += 1
        upper = self.bound(lo, hi)
        if not upper <= self.best:
            self.keep(upper, lo, hi)

    def keep(self, upper: arb, lo: arb, hi: arb) -> None:
        """Queue a box; the key orders the search only, by the distance to a reference so that small ones count."""
        key = float(upper - self.reference) if upper.is_finite() else math.inf
        heapq.heappush(self.heap, (-key, next(self.order), upper, lo, hi))

    def refine_order(self) -> None:
        """Order the queue again, by the distance to the best value."""
        self.reference = self.best if self.best.is_finite() else arb(0)
        boxes, self.heap = self.heap, []
        for _, _, upper, lo, hi in boxes:
            if not upper <= self.best:
                self.keep(upper, lo, hi)

    def bound(self, lo: arb, hi: arb) -> arb:
        """An upper bound on the box; evaluates the middle as well."""
        box = real.hull(lo, hi)
        value = self.at(box)
        upper = value.upper() if not value.is_nan() else INFINITY
        if upper <= self.best:
            return upper
        middle = box.mid()
        at_middle = self.series(arb_series([middle, 1], prec=2))
        self.improve(self.sign * coefficient(at_middle, 0))
        over = self.series(arb_series([box, 1], prec=3))
        slope, bend = (self.sign * coefficient(over, k) for k in (1, 2))
        if not slope.is_nan() and not slope.contains(0):
            end = self.at(hi if slope > 0 else lo)
            return _least(upper, end)
        value, first = (self.sign * coefficient(at_middle, k) for k in (0, 1))
        taylor = _quadratic_top(value, first, bend, box.rad())
        return _least(upper, taylor)

    def close(self, upper: arb, best: arb | None = None) -> bool:
        """Whether a bound is within the tolerance of the best value."""
        top = self.best if best is None else best
        return bool(top.is_finite() and upper <= top + self.tolerance * (abs(top) + self.tolerance))

    def run(self, budget: int) -> None:
        """Bisect the most promising box until every bound is close to the best value, or the budget is spent."""
        while self.heap and self.boxes < budget:
            if self.close(self.heap[0][2]):
                self.refine_order()
                if not self.heap or self.close(self.heap[0][2]):
                    return
            _, _, upper, lo, hi = heapq.heappop(self.heap)
            if upper <= self.best:
                continue
            middle = _split(lo, hi)
            if not lo < middle < hi:
                self.keep(upper, lo, hi)
                return
            self.push(lo, middle)
            self.push(middle, hi)

    def upper(self) -> arb:
        top = self.best
        for _, _, upper, _, _ in self.heap:
            top = upper if not upper <= top else top
        return top


def _larger(a: arb, b: arb) -> arb:
    """The larger of two exact numbers, unrounded."""
    return a if a > b else b


def _least(a: arb, ball: arb) -> arb:
    """The smaller of an exact number and the upper end of a ball."""
    if ball.is_nan():
        return a
    b = ball.upper()
    return b if b < a else a


def _quadratic_top(value: arb, slope: arb, bend: arb, radius: arb) -> arb:
    r"""An upper bound of :math:`v + s t + b t^2` for :math:`|t|\le w` and s, b in their balls."""
    s = slope.abs_upper()
    b = bend.upper()
    ends = value + s * radius + b * radius**2
    if not b < 0:
        return ends if b >= 0 else arb("nan")
    return value + s**2 / (-4 * b) if s < -2 * b * radius else ends


def _split(lo: arb, hi: arb) -> arb:
    """A point inside: geometric for boxes far from zero, the middle otherwise."""
    if hi > 1 and hi > 4 * abs(lo):
        return (hi * lo.max(arb(1))).sqrt().mid()
    if lo < -1 and -lo > 4 * abs(hi):
        return -(lo * hi.min(arb(-1))).sqrt().mid()
    return ((lo + hi) / 2).mid()


def _ends(lo: sympy.Expr, hi: sympy.Expr, left: Tail | None, right: Tail | None) -> tuple[arb, arb]:
    low = -left.start if left is not None else constant(lo).lower()
    high = right.start if right is not None else constant(hi).upper()
    return low, high


def supremum(
    expr: sympy.Expr,
    lo: sympy.Expr = -sympy.oo,
    hi: sympy.Expr = sympy.oo,
    *,
    bits: int = 64,
    at_least: arb | None = None,
    budget: int = MAX_BOXES,
) -> Extremum:
    r"""Enclose :math:`\sup f` over ``[lo, hi]`` for an expression that is smooth there; ends may be infinite.

    The search stops when the relative width is below :math:`2^{-bits}`, or after ``budget`` boxes with what it has.
    With ``at_least``, boxes below that value are dropped: the enclosure is then of ``max(sup f, at_least)``. Raises
    :class:`DerivationGap` when the behaviour at an infinite end has no rule.

    >>> x = sympy.Symbol("x", real=True)
    >>> supremum(x * sympy.exp(-x), sympy.Integer(0)).ball.overlaps((-arb(1)).exp())
    True
    """
    return _extremum(expr, lo, hi, 1, bits, at_least, budget)


def infimum(
    expr: sympy.Expr, lo: sympy.Expr = -sympy.oo, hi: sympy.Expr = sympy.oo, *, bits: int = 64, budget: int = MAX_BOXES
) -> Extremum:
    """Enclose ``-inf f``: the supremum of ``-f``, as :func:`supremum` does."""
    return _extremum(expr, lo, hi, -1, bits, None, budget)


def supremum_of_absolute_value(
    expr: sympy.Expr,
    lo: sympy.Expr = -sympy.oo,
    hi: sympy.Expr = sympy.oo,
    *,
    bits: int = 64,
    at_least: arb | None = None,
    budget: int = MAX_BOXES,
) -> Extremum:
    r"""Enclose :math:`\sup|f|` over ``[lo, hi]``, as :func:`supremum` does."""
    first = _extremum(expr, lo, hi, 1, bits, at_least, budget, absolute=True)
    if first.unbounded:
        return first
    second = _extremum(expr, lo, hi, -1, bits, first.lower, budget, absolute=True)
    return Extremum(
        _larger(first.lower, second.lower),
        _larger(first.upper, second.upper),
        second.unbounded,
        first.boxes + second.boxes,
    )


def _extremum(
    expr: sympy.Expr,
    lo: sympy.Expr,
    hi: sympy.Expr,
    sign: int,
    bits: int,
    at_least: arb | None,
    budget: int,
    absolute: bool = False,
) -> Extremum:
    known: Extremum | None = None
    if not (lo.is_finite and hi.is_finite):
        known = almost_periodic(expr, sign, bits, budget)
    if known is not None:
        return _at_least(known, at_least)
    with precision(bits + GUARD_BITS):
        tolerance = arb(2) ** -bits
        search = _Search(expr, sign, tolerance)

        def see(value: arb) -> None:
            search.improve(abs(value) if absolute else sign * value)

        def edge(tail: Tail) -> arb:
            return tail.values.hi if sign > 0 else -tail.values.lo

        def enough(tail: Tail) -> bool:
            top = search.best if tail.limits is None else _larger(search.best, _limit(tail, sign).lower())
            return bool(search.close(edge(tail), top))

        if at_least is not None:
            search.improve(at_least)
        first = arb(4)
        for end in (lo, hi):
            if end.is_finite:
                first = first.max(abs(constant(end)) + 1)
                see(search.ball(constant(end)))
        for probe in PROBES:
            if lo <= probe <= hi:
                see(search.ball(constant(probe)))
        swing = partial(_swing, bits=bits)
        left = right_tail(reflected(expr), first.upper(), enough, swing) if lo == -sympy.oo else None
        right = right_tail(expr, first.upper(), enough, swing) if hi == sympy.oo else None
        tails = [t for t in (left, right) if t is not None]
        if any(t.divergence == sign for t in tails):
            return Extremum(INFINITY, INFINITY, True, 0)
        for tail in tails:
            for limit in tail.limits or ():  # lower and upper limit at infinity: no supremum is below either
                see(limit)
        low, high = _ends(lo, hi, left, right)
        for tail_end in (low if left else None, high if right else None):
            if tail_end is not None:
                see(search.ball(tail_end))
        search.push(low, high)
        search.run(budget)
        upper = search.upper()
        for tail in tails:
            upper = edge(tail) if not edge(tail) <= upper else upper
        return Extremum(search.best, upper, False, search.boxes)


def _limit(tail: Tail, sign: int) -> arb:
    """A ball around the upper limit of ``sign * f``; the tail must have limits."""
    assert tail.limits is not None  # the callers have looked
    return tail.limits[1] if sign > 0 else -tail.limits[0]


def _at_least(found: Extremum, value: arb | None) -> Extremum:
    """The enclosure of ``max(sup f, value)``."""
    if value is None:
        return found
    return Extremum(_larger(found.lower, value), _larger(found.upper, value), found.unbounded, found.boxes)


@lru_cache(maxsize=512)
def almost_periodic(expr: sympy.Expr, sign: int, bits: int, budget: int = MAX_BOXES) -> Extremum | None:
    r"""The supremum of ``sign * f`` over any half-line, for an almost periodic f; ``None`` for other functions.

    It is that over one period. Suprema of periodic parts without a common period bound it; for two with an irrational
    ratio they add. docs/theory/range-analysis.md, section 7.

    >>> x = sympy.Symbol("x", real=True)
    >>> almost_periodic(sympy.sin(x) ** 2 * sympy.cos(x), 1, 64).ball.overlaps(2 / arb(27).sqrt())
    True
    """
    parts = periodic_parts(expr)
    if parts is None:
        return None
    zero = sympy.Integer(0)
    found = [_extremum(part, zero, period(part), sign, bits, None, budget) for part in parts]
    with precision(bits + GUARD_BITS):
        lower, upper = arb(0), arb(0)
        for extremum in found:
            lower, upper = (lower + extremum.lower).lower(), (upper + extremum.upper).upper()
        if not independent(parts):
            lower = -INFINITY
            ball = lower_arb(expr)
            for k in range(-SAMPLES, SAMPLES + 1):
                lower = _larger(lower, (sign * ball(arb(k) / 8)).lower())
    return Extremum(lower, upper, False, sum(extremum.boxes for extremum in found))


def _swing(limit: sympy.Expr, bits: int) -> tuple[arb, arb] | None:
    """Balls around the infimum and the supremum of an almost periodic function or a constant."""
    if not limit.free_symbols:
        return constant(limit), constant(limit)
    low, high = almost_periodic(limit, -1, bits), almost_periodic(limit, 1, bits)
    if low is None or high is None or low.ball is None or high.ball is None:
        return None
    return -low.ball, high.ball
