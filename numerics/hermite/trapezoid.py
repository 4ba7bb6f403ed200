r"""The trapezoid rule on the real line for functions analytic in a strip, all Hermite orders from one set of nodes.

For f analytic and integrable on :math:`|\operatorname{Im}z|\le a`, real on the real line,

.. math:: \Bigl|\int f-h\sum_k f(kh)\Bigr|\le\frac{2}{e^{2\pi a/h}-1}\int_{\mathbb R}|f(x+ia)|\,dx ,

and :math:`f=\varphi(\sigma\cdot)h_r\,e^{-x^2/2}/\sqrt{2\pi}` satisfies
:math:`\int|f(x+ia)|dx\le e^{a^2/2+a\sqrt r}\,(\mathbb E|\varphi(\sigma(z+ia))|^2)^{1/2}`.

Reference: Trefethen and Weideman (2014), Theorem 5.1; ``docs/theory/hermite-coefficients.md``, sections 3 and 4.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import mul

from flint import arb

from ..balls.precision import precision
from ..expressions.growth import Growth
from .bounds import Envelope, choose_cut, flattest, growth_mean, growth_tail, log_float
from .moments import hermite_sums
from .strip import BITS, Strip

MAX_NODES = 1e7
"""A rule with more nodes is not tried: the function lives on another scale than the Gaussian."""
GUARD = 12
"""The quadrature error stays below ``2^-(bits + GUARD)`` times the size of the function."""
WIDEST = 24.0
"""Half-widths beyond this are never better: the Gaussian grows like ``exp(a^2/2)`` on the edge of the strip."""

Evaluate = Callable[[arb], arb]


@dataclass(frozen=True, slots=True)
class Plan:
    """Nodes ``k * step`` for ``|k| <= count`` and proved error bounds, valid for every order up to the one planned for.

    ``error`` bounds what the rule misses of a coefficient (or of the mean), ``square_error`` what it misses of the mean
    of the square; both include the nodes left out.
    """

    step: arb
    count: int
    error: arb
    square_error: arb


def plan(strip: Strip, sigma: arb, order: int, bits: int, *, mean_of_power: int | None = None) -> Plan | None:
    """Choose strip, step and cut for coefficients up to ``order`` (or, at order 0, for the mean of a power).

    The choice is made in floats; the bounds are then proved in balls. ``None`` when the strip gives no finite bound.
    """
    with precision(BITS):
        widest = float(sigma.upper())
        limit = min(strip.limit / widest, WIDEST)
        chosen: tuple[float, arb] | None = None
        log_size = 0.0
        flat = strip.bound(arb(0))
        if flat is not None:
            mean = growth_mean(flat ** (mean_of_power or 2), sigma)
            log_size = max(0.0, log_float(mean) / (1 if mean_of_power else 2)) if mean.is_finite() else math.inf
        if flat is None or not math.isfinite(log_size):
            return None
        log_target = log_size - (bits + GUARD) * math.log(2)
        for a in _half_widths(limit, bits):
            decrease = _decrease(strip, sigma, arb(a), order, mean_of_power, log_size) - log_target
            step = 2 * math.pi * a / max(decrease + 1.0, 1.0)
            if math.isfinite(decrease) and (chosen is None or step > chosen[0]):
                chosen = step, arb(a)
        cut = choose_cut(flat ** (mean_of_power or 1), sigma, order, log_target)
        square_cut = cut if mean_of_power else choose_cut(flat**2, sigma, 0, log_target + log_size)
        if chosen is None or cut is None or square_cut is None:
            return None
        end, h = max(cut[0], square_cut[0]), _dyadic_below(chosen[0])
        return _prove(strip, flat, sigma, order, mean_of_power, h, chosen[1], end, cut[1])


def _half_widths(limit: float, bits: int) -> Iterable[float]:
    """Candidates: near the edge of the strip, where bounds degrade slowly, and around the best ones without a limit."""
    natural = math.sqrt(2 * math.log(2) * (bits + GUARD))
    inside = [natural * 2.0 ** (-j / 2) for j in range(9)]
    return [limit * f for f in (0.98, 0.95, 0.9, 0.8, 0.65, 0.5)] + [a for a in inside if a < 0.9 * limit]


def _mass(strip: Strip, sigma: arb, a: arb, order: int, mean_of_power: int | None) -> arb | None:
    """An upper bound of the integral of the modulus of the integrand along ``Im z = a``."""
    growth = strip.bound((sigma * a).upper())
    if growth is None:
        return None
    edge = (a * a / 2).exp()
    if mean_of_power:
        return edge * growth_mean(growth**mean_of_power, sigma)
    return edge * (a * arb(order).sqrt()).exp() * growth_mean(growth**2, sigma).sqrt()


def _decrease(strip: Strip, sigma: arb, a: arb, order: int, mean_of_power: int | None, log_size: float) -> float:
    """The logarithm of the larger mass of the two integrands, the square measured against the square of the size."""
    mass = _mass(strip, sigma, a, order, mean_of_power)
    square = mass if mean_of_power else _mass(strip, sigma, a, 0, 2)
    if mass is None or square is None or not (mass.is_finite() and square.is_finite()):
        return math.inf
    return max(log_float(mass), -math.inf if mean_of_power else log_float(square) - log_size)


def _prove(
    strip: Strip,
    flat: Growth,
    sigma: arb,
    order: int,
    mean_of_power: int | None,
    step: arb,
    a: arb,
    cut: float,
    envelope: Envelope,
) -> Plan | None:
    if not cut <= MAX_NODES * float(step):  # a step that underflows is 0 here
        return None
    nodes = cut / float(step)
    count = math.ceil(nodes)
    first_left_out = (count + 1) * step
    rule = 2 / (2 * arb.pi() * a / step).expm1()
    mass = _mass(strip, sigma, a, order, mean_of_power)
    square_mass = _mass(strip, sigma, a, 0, 2)
    if mass is None or square_mass is None:
        return None
    error = rule * mass + growth_tail(flat ** (mean_of_power or 1), sigma, envelope, first_left_out, step)
    bare = Envelope(arb(1), arb(0))
    square_error = rule * square_mass + growth_tail(flat**2, sigma, bare, first_left_out, step)
    return Plan(step, count, error.upper(), square_error.upper()) if error.is_finite() else None


def _dyadic_below(step: float) -> arb:
    """A number with six binary digits just below a positive float, so that nodes and their squares are exact."""
    mantissa, exponent = math.frexp(step)
    return arb((int(mantissa * 64), exponent - 6))


def coefficients(
    evaluate: Evaluate, parity: str | None, found: Plan, sigma: arb, order: int, bits: int
) -> tuple[list[arb], arb]:
    r"""The coefficients :math:`\mu_0,\dots,\mu_R` and :math:`\mathbb E\varphi^2`, enclosed."""
    with precision(bits + 2 * GUARD):
        nodes, weights = _rule(found)
        right, left = _values(evaluate, parity, nodes, sigma)
        squares = (
            [r * r for r in right] if left is None else [(r * r + s * s) / 2 for r, s in zip(right, left, strict=True)]
        )
        second_moment = _sum(map(mul, squares, weights)) + arb(0, found.square_error)
        even = odd = None
        if left is not None:
            even = [(r + s) / 2 * w for r, s, w in zip(right, left, weights, strict=True)]
            odd = [(r - s) / 2 * w for r, s, w in zip(right, left, weights, strict=True)]
        elif parity == "odd":
            odd = list(map(mul, right, weights))
        else:
            even = list(map(mul, right, weights))
    error = found.error
    fixed: list[list[arb] | None] = []
    for values in (even, odd):
        middle, spread = midpoints(values, nodes, order) if values is not None else (None, arb(0))
        fixed.append(middle)
        error = (error + spread).upper()
    sums = hermite_sums(nodes, fixed[0], fixed[1], order, bits + GUARD)
    with precision(bits + 2 * GUARD):
        missing = arb(0, error)
        return [s if fixed[r % 2] is None else s + missing for r, s in enumerate(sums)], second_moment


def mean(evaluate: Evaluate, parity: str | None, found: Plan, sigma: arb, bits: int) -> arb:
    r"""The mean :math:`\mathbb E f(\sigma z)`, enclosed; ``evaluate`` is f, of the power that was planned for."""
    with precision(bits + 2 * GUARD):
        nodes, weights = _rule(found)
        right, left = _values(evaluate, parity, nodes, sigma)
        values = right if left is None else [(r + s) / 2 for r, s in zip(right, left, strict=True)]
        return _sum(map(mul, values, weights)) + arb(0, found.error)


def midpoints(values: Sequence[arb], nodes: Sequence[arb], order: int) -> tuple[list[arb], arb]:
    r"""Exact midpoints of weights :math:`u_k`; a bound of :math:`\sum_k\operatorname{rad}(u_k)\max_{r\le R}|h_r(x_k)|`.

    This keeps the radii of the function values out of the sums, where they would be multiplied by the cancellation.
    """
    middle = [v.mid() for v in values]
    with precision(BITS):
        envelope = flattest(order)
        spread = _sum((v.rad() * (envelope.rate * x * x).exp() for v, x in zip(values, nodes, strict=True)))
        return middle, (spread * envelope.constant).upper()


def _rule(found: Plan) -> tuple[list[arb], list[arb]]:
    """Half of the nodes, and their weights with the mirror images counted."""
    nodes = [k * found.step for k in range(found.count + 1)]
    scale = 2 * found.step / (2 * arb.pi()).sqrt()
    weights = [scale * (x * x * arb(-0.5)).exp() for x in nodes]
    weights[0] /= 2
    return nodes, weights


def _values(
    evaluate: Evaluate, parity: str | None, nodes: Sequence[arb], sigma: arb
) -> tuple[list[arb], list[arb] | None]:
    right = [evaluate(sigma * x) for x in nodes]
    return right, None if parity else [evaluate(-sigma * x) for x in nodes]


def _sum(terms: Iterable[arb]) -> arb:
    return sum(terms, arb(0))
