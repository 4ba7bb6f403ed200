r"""The trapezoid rule on the lattice of (u, v) for a Gaussian pair, with a proved error.

For f, g analytic in strips, with :math:`x,y` standardised and :math:`w_\rho` the bivariate normal density,

.. math:: E f(u)g(v)=h_1h_2\sum_{i,j} f(\sqrt a\,ih_1)\,g(\sqrt b\,jh_2)\,w_\rho(ih_1,jh_2)+\text{error}.

The functions are evaluated at :math:`N_1+N_2` points only: the density factors as :math:`p_iq_jQ^{ij}` with
:math:`Q=e^{\rho h_1h_2/(1-\rho^2)}`, so each inner sum is a polynomial evaluated at :math:`Q^i`. The errors of
discretisation and truncation are bounded in docs/theory/dual-activations.md, sections 5 and 6 (Poisson summation,
Cauchy-Schwarz). The number of nodes grows like :math:`(1-\rho^2)^{-1/2}`; near :math:`|\rho|=1` the rotated rule takes
over.
"""

from __future__ import annotations

import math

from flint import arb, arb_poly

from ..balls.precision import precision
from ..hermite.bounds import log_float
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
    geometric,
    refined,
    tail_and_mass,
)

MAX_POINTS = 12_000_000
"""Most lattice points, a fraction of a microsecond each; beyond it the rule declines."""


def plan(f: Side, g: Side, cov: Covariance, bits: int) -> Plan | None:
    r"""Grids on which the proved error is at most ``2^-bits`` times the guessed sizes of f and g.

    None when that takes more than ``MAX_POINTS`` points, when a variance or :math:`1-\rho^2` is not bounded away from
    zero, or when a function may grow like a Gaussian.
    """
    with precision(BOUND_BITS):
        a, b, _ = cov.balls()
        if not (a > 0 and b > 0):
            return None
        sigma, tau, rho, delta = a.sqrt(), b.sqrt(), abs(cov.correlation()), cov.defect()
        if not delta > 0:
            return None
        target = math.log(f.size) + math.log(g.size) - bits * math.log(2)

        def edge(s: arb, t: arb) -> arb:  # Proposition 5.1
            exponent = (s * s + 2 * rho * s * t + t * t) / (2 * delta)
            return exponent.exp() * edge_norm(f.strip, sigma, sigma * s) * edge_norm(g.strip, tau, tau * t)

        def missed(first: Axis, second: Axis) -> arb:
            return discretisation(edge, first, second) + _truncation(f, g, (sigma, tau, delta), first, second)

        return refined(
            lambda wanted: (_axis(f, sigma, delta, wanted), _axis(g, tau, delta, wanted)), missed, target, MAX_POINTS
        )


def _axis(side: Side, sigma: arb, delta: arb, wanted: float) -> Axis | None:
    bound = flat_growth(side.strip)
    if bound is None:
        return None

    def edge(s: arb) -> arb:
        return (s * s / (2 * delta)).exp() * edge_norm(side.strip, sigma, sigma * s)

    natural = math.sqrt(2 * float(delta.lower()) * max(wanted, 1.0))
    limit = side.strip.limit / float(sigma.upper())
    return choose_axis(edge, natural, limit, (bound**2, sigma, -2 * wanted), wanted, MAX_POINTS)


def _truncation(f: Side, g: Side, law: tuple[arb, arb, arb], first: Axis, second: Axis) -> arb:
    """Proposition 6.1: the lattice points outside the box."""
    sigma, tau, delta = law
    bound_f, bound_g = flat_growth(f.strip), flat_growth(g.strip)
    if bound_f is None or bound_g is None:
        return arb.pos_inf()
    tail_f, mass_f = tail_and_mass(bound_f**2, sigma, first)
    tail_g, mass_g = tail_and_mass(bound_g**2, tau, second)
    theta1, theta2 = (1 + geometric((-2 * arb.pi() ** 2 * delta / axis.step**2).exp()) for axis in (first, second))
    return (theta1 * theta2).sqrt() * ((tail_f * mass_g).sqrt() + (mass_f * tail_g).sqrt())


def lattice_sum(f: Side, g: Side, cov: Covariance, grid: Plan, bits: int, *, even: bool) -> arb:
    r"""The sum over the lattice points of the plan, with its error added to the radius.

    ``even`` says that f(x) g(y) = f(-x) g(-y), which halves the work.
    """
    first, second = grid.first, grid.second
    with precision(BOUND_BITS):
        loss = -log_float(cov.defect()) / math.log(2)
    with precision(bits + 32 + grid.points.bit_length() + max(0, int(loss))):
        a, b, _ = cov.balls()
        sigma, tau, rho, delta = a.sqrt(), b.sqrt(), cov.correlation(), cov.defect()
        h1, h2 = first.step, second.step
        rate1, rate2, log_q = -h1 * h1 / (2 * delta), -h2 * h2 / (2 * delta), rho * h1 * h2 / delta
        nodes = range(-second.count, second.count + 1)
        inner = arb_poly([g.value(tau * (h2 * j)) * (rate2 * (j * j)).exp() for j in nodes])
        total = arb(0)
        for i in range(0 if even else -first.count, first.count + 1):
            # the constant term of the polynomial belongs to j = -count, hence the shift of the exponent
            weight = (rate1 * (i * i) - log_q * (i * second.count)).exp()
            term = f.value(sigma * (h1 * i)) * weight * inner((log_q * i).exp())
            total += 2 * term if even and i else term
        return total * h1 * h2 / (2 * arb.pi() * delta.sqrt()) + arb(0, grid.error)
