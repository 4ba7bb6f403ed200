r"""The trapezoid rule in the principal axes of a Gaussian pair, whose cost does not grow as |rho| tends to 1.

With independent standard :math:`z_1,z_2`, :math:`\alpha=\sqrt{(1+\rho)/2}` and :math:`\beta=\sqrt{(1-\rho)/2}`,

.. math:: u=\sqrt a(\alpha z_1+\beta z_2),\qquad v=\sqrt b(\alpha z_1-\beta z_2),

and the product rule is applied to :math:`f(u)g(v)`. Where :math:`\beta` is small the function hardly depends on
:math:`z_2` and few nodes serve. The law may be degenerate, and balls may overlap the boundary. Error bounds:
docs/theory/dual-activations.md, sections 5 and 6.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from operator import mul

from flint import arb

from ..balls.precision import precision
from ..expressions.growth import Growth
from .covariance import Covariance
from .grid import (
    BOUND_BITS,
    Axis,
    Plan,
    Side,
    choose_axis,
    discretisation,
    edge_norm,
    flat_growth,
    refined,
    tail_and_mass,
)

MAX_POINTS = 600_000
"""Most lattice points, a few microseconds each; beyond it the rule declines."""


def plan(f: Side, g: Side, cov: Covariance, bits: int) -> Plan | None:
    """Grids on which the proved error is at most ``2^-bits`` times the guessed sizes of f and g.

    None when that takes more than ``MAX_POINTS`` points, or when a function may grow like a Gaussian.
    """
    with precision(BOUND_BITS):
        a, b, _ = cov.balls()
        sigma, tau = a.sqrt(), b.sqrt()
        alpha, beta = cov.half_angles()
        bound = _product_growth(f, g, sigma, tau)
        if bound is None:
            return None
        widest = sigma.upper().max(tau.upper())
        limit = min(_over(s.strip.limit, spread) for s, spread in ((f, sigma), (g, tau)))
        target = math.log(f.size) + math.log(g.size) - bits * math.log(2)
        shape = Growth(arb(1), bound.degree, bound.rate, arb(0))

        def edge(s: arb, t: arb) -> arb:  # Proposition 5.2: the mean of |f(u) g(v)|, with the Gaussian factor
            height, gauss = alpha * s + beta * t, ((s * s + t * t) / 2).exp()
            return gauss * edge_norm(f.strip, sigma, sigma * height) * edge_norm(g.strip, tau, tau * height)

        def axes(wanted: float) -> tuple[Axis | None, Axis | None]:
            first = _axis(lambda s: edge(s, arb(0)), bound, widest * alpha, _over(limit, alpha), wanted)
            return first, _axis(lambda t: edge(arb(0), t), bound, widest * beta, _over(limit, beta), wanted)

        def missed(first: Axis, second: Axis) -> arb:
            tail1, mass1 = tail_and_mass(bound, widest * alpha, first)
            tail2, mass2 = tail_and_mass(shape, widest * beta, second)
            return discretisation(edge, first, second) + tail1 * mass2 + mass1 * tail2

        return refined(axes, missed, target, MAX_POINTS)


def _over(limit: float, spread: arb) -> float:
    widest = float(spread.upper())
    return limit / widest if widest > 0 else math.inf


def _product_growth(f: Side, g: Side, sigma: arb, tau: arb) -> Growth | None:
    r"""A growth G with :math:`|f(u)g(v)|\le G(s\alpha|z_1|)\,G(s\beta|z_2|)/C` for :math:`s=\max(\sqrt a,\sqrt b)`.

    C is the constant of G.
    """
    bound_f, bound_g = flat_growth(f.strip), flat_growth(g.strip)
    if bound_f is None or bound_g is None:
        return None
    return Growth(
        bound_f.constant * bound_g.constant, bound_f.degree + bound_g.degree, bound_f.rate + bound_g.rate, arb(0)
    )


def _axis(edge: Callable[[arb], arb], bound: Growth, spread: arb, limit: float, wanted: float) -> Axis | None:
    natural = math.sqrt(2 * max(wanted, 1.0))
    return choose_axis(edge, natural, limit, (bound, arb(spread.upper()), -wanted), wanted, MAX_POINTS)


def rotated_sum(f: Side, g: Side, cov: Covariance, grid: Plan, bits: int, *, even: bool, same: bool) -> arb:
    r"""The sum over the points of the plan, with its error added to the radius.

    ``even`` says that f(x) g(y) = f(-x) g(-y); ``same`` that f = g and a = b, so that v at (i, j) is u at (i, -j).
    """
    first, second = grid.first, grid.second
    with precision(bits + 32 + grid.points.bit_length()):
        a, b, _ = cov.balls()
        sigma, tau = a.sqrt(), b.sqrt()
        alpha, beta = cov.half_angles()
        columns = range(-second.count, second.count + 1)
        weights = [(-((second.step * j) ** 2) / 2).exp() for j in columns]
        shifts = [sigma * beta * (second.step * j) for j in columns]
        mirrored = [-tau * beta * (second.step * j) for j in columns]
        total = arb(0)
        for i in range(0 if even else -first.count, first.count + 1):
            z = first.step * i
            at_u, at_v = sigma * alpha * z, tau * alpha * z
            row = [f.value(at_u + s) for s in shifts]
            across = row[::-1] if same else [g.value(at_v + s) for s in mirrored]
            inner = sum(map(mul, map(mul, row, across), weights), arb(0))
            term = inner * (-z * z / 2).exp()
            total += 2 * term if even and i else term
        return total * first.step * second.step / (2 * arb.pi()) + arb(0, grid.error)
