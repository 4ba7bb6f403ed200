r"""Dual activations at every correlation and variance: two smoothings that share one factor.

For :math:`\rho\ge0` and independent standard normal :math:`z,w,w'` the pair

.. math:: u=\sqrt a(\sqrt\rho\,z+\sqrt{1-\rho}\,w),\qquad v=\sqrt b(\sqrt\rho\,z+\sqrt{1-\rho}\,w')

has the covariance wanted, so that :math:`E f(u)g(v)=E\,F(z)G(z)` with the smoothings
:math:`F(z)=E f(\sqrt{a\rho}\,z+\sqrt{a(1-\rho)}\,w)` and G alike: one integral of an entire function, whose panels
gather near the kinks of f and g. For :math:`\rho<0`, g(-x) takes the place of g. Neither :math:`|\rho|` near 1 nor
large variances cost more than a logarithm. Proofs: docs/theory/dual-activations.md, sections 9 to 11.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from flint import arb

from ...theory.activations.activation import Activation, from_expression
from ...theory.activations.functions import X
from ...theory.activations.parity import parity
from ...theory.errors import PrecisionExhausted
from ..balls.ball import enclose
from ..balls.precision import precision
from ..hermite.bounds import Envelope, choose_cut, growth_tail, log_float
from .cells import QuadratureSmoothing
from .covariance import Covariance
from .exponential_pieces import ClosedSmoothing, exponential_parts
from .gauss import cover, legendre, node_count
from .grid import BOUND_BITS
from .smoothing import Pieces, Scales, function_pieces

FIRST_BITS = 24
"""Accuracy of the first pass, relative to the sizes of the functions: it finds the size of the value."""
PASSES = 4
"""How often the accuracy is raised before the enclosure reached is returned as it is."""
FARTHEST = 4
"""A value that is smaller than the sizes of the functions by this many times the bits asked is not pursued."""
GUARD = 48


class Smoothing(Protocol):
    """F at real points that lie close together."""

    def values(self, points: list[arb]) -> list[arb]: ...


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """One dual: the two functions as pieces, the law, guesses of the norms, and symmetries."""

    f: Pieces
    g: Pieces
    cov: Covariance
    sizes: tuple[float, float]
    even: bool
    same: bool


def piecewise_exponential(activation: Activation) -> bool:
    """Whether the smoothings of the activation have a closed form here.

    >>> from ...theory.activations.activation import activation
    >>> piecewise_exponential(activation("selu")), piecewise_exponential(activation("tanh"))
    (True, False)
    """
    found = function_pieces(activation)
    return found is not None and exponential_parts(found) is not None


def common_factor_value(
    f: Activation, g: Activation, cov: Covariance, bits: int, sizes: tuple[float, float]
) -> arb | None:
    """The enclosure, to relative accuracy 2^-bits where four passes reach it; None where the method does not apply.

    ``cov`` must have exact entries with 0 < c^2 < ab; ``sizes`` guess the norms of f and g and prove nothing.
    """
    law = cov.rational
    if law is None or cov.degenerate or law[2] == 0:
        return None
    a, b, c = law
    kinds = parity(f.expression), parity(g.expression)
    if c < 0:  # g(-x) takes the place of g, which is g or -g where it has a parity
        cov = Covariance(a, b, -c)
        if kinds[1] is None:
            g = from_expression(g.expression.xreplace({X: -X}))
    left, right = function_pieces(f), function_pieces(g)
    if left is None or right is None:
        return None
    if None not in kinds and kinds[0] != kinds[1]:
        return arb(0)
    same = f.expression == g.expression and a == b
    setting = Setting(left, right, cov, sizes, None not in kinds, same)
    log_size = math.log(sizes[0]) + math.log(sizes[1])
    found = _refined(lambda log_target: _pass(setting, log_size, log_target), log_size, bits)
    if found is None or c > 0 or kinds[1] != "odd":
        return found
    with precision(bits + GUARD):
        return -found


def smoothed_mean(f: Activation, variance: Fraction, bits: int, size: float) -> arb | None:
    """E f(u) for u of the variance given, by the same rules and in the same passes; None where they do not apply."""
    pieces = function_pieces(f)
    if pieces is None:
        return None

    def once(log_target: float) -> arb:
        work = _work(log_size - log_target, enclose(variance))
        with precision(work):
            scales = Scales(pieces, arb(0), enclose(variance).sqrt())
            return _smoothing(scales, arb(0), log_target - 4.0, work).values([arb(0)])[0]

    log_size = math.log(size)
    parts = exponential_parts(pieces)
    if parts is None:
        return _refined(once, log_size, bits)
    for guard in (64, 256, 1024):
        with precision(_work((bits + guard) * math.log(2), enclose(variance))):
            value = ClosedSmoothing(Scales(pieces, arb(0), enclose(variance).sqrt()), parts).value(arb(0))
        if value.rel_accuracy_bits() >= bits:
            break
    return value


def _refined(once: Callable[[float], arb | None], log_size: float, bits: int) -> arb | None:
    """The enclosures of one number at higher and higher accuracy, until ``bits`` relative bits are reached."""
    log_target = log_size - FIRST_BITS * math.log(2)
    best: arb | None = None
    for _ in range(PASSES):
        try:
            value = once(log_target)
        except PrecisionExhausted:
            break
        if value is None or not value.is_finite():
            break
        with precision(bits + GUARD):
            best = value if best is None else best.intersection(value)
        reached = best.rel_accuracy_bits()
        if reached >= bits:
            break
        aim = log_float(best) if reached > 4 else log_float(best) - bits * math.log(2) / 4
        log_target = min(aim - (bits + 3) * math.log(2), log_target - 8.0)
        if log_size - log_target > (FARTHEST * bits + 512) * math.log(2):
            break
    return best


def _work(log_digits: float, largest_variance: arb) -> int:
    """A working precision: the digits wanted, and what exponents of the size of the variance lose."""
    with precision(BOUND_BITS):
        return int(log_digits / math.log(2) + GUARD + 2 * max(log_float(largest_variance) / math.log(2), 0.0))


def _pass(setting: Setting, log_size: float, log_target: float) -> arb | None:
    """The enclosure with a radius of about ``exp(log_target)``."""
    a, b, _ = setting.cov.balls()
    work = _work(log_size - log_target, a.max(b))
    with precision(work):
        a, b, _ = setting.cov.balls()
        rho, rest = setting.cov.correlation(), setting.cov.defect()
        kappa = rest / (1 + rho)
        scales = [
            Scales(h, (v * rho).sqrt(), (v * kappa).sqrt())
            for h, v in ((setting.f, a), (setting.g, b))[: 1 if setting.same else 2]
        ]
        with precision(BOUND_BITS):
            growth = scales[0].growth * scales[-1].growth
            found = choose_cut(growth, arb(1), 0, log_target - math.log(8))
            if found is None:
                return None
            end = arb(math.ceil(found[0] * 4) / 4)
            tail = growth_tail(growth, arb(1), Envelope(arb(1), arb(0)), end)
        smoothings = [
            _smoothing(s, end, log_target - math.log(other) - 4.0, work)
            for s, other in zip(scales, setting.sizes[::-1], strict=False)
        ]
        count = node_count((max(log_float(growth.bound(arb(1))), log_size) - log_target) / math.log(2) + 8)

        def bound(centre: arb, wide: arb, high: arb) -> arb:
            near = (abs(centre) - wide).max(arb(0))
            gauss = ((high * high - near * near) / 2).exp() / (2 * arb.pi()).sqrt()
            first = scales[0].bound(centre, wide, high)
            second = first if setting.same else scales[1].bound(centre, wide, high)
            return gauss * first * second

        panels = cover(arb(0) if setting.even else -end, end, count, log_target - math.log(64), bound)
        rule = legendre(count, work)
        total, error = arb(0), arb(0)
        for panel in panels:
            points = [panel.centre + panel.half * x for x, _ in rule]
            first = smoothings[0].values(points)
            second = first if setting.same else smoothings[1].values(points)
            part = arb(0)
            for z, (_, w), x, y in zip(points, rule, first, second, strict=True):
                part += w * (-z * z / 2).exp() * x * y
            total += part * panel.half
            error += panel.error
        copies = 2 if setting.even else 1
        return copies * total / (2 * arb.pi()).sqrt() + arb(0, (copies * error + tail).upper())


def _smoothing(scales: Scales, reach: arb, log_tolerance: float, work: int) -> Smoothing:
    parts = exponential_parts(scales.function)
    if parts is not None:
        return ClosedSmoothing(scales, parts)
    return QuadratureSmoothing(scales, reach, log_tolerance, work)
