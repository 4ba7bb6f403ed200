r"""Proved errors on one panel: of the Gauss-Legendre rule, all Hermite orders at once, and of leaving the panel out.

If f is analytic with :math:`|f|\le M` on the Bernstein ellipse of parameter :math:`\rho` around
:math:`[c-\delta,c+\delta]`, the n-point rule, :math:`n\ge2`, misses at most
:math:`\tfrac{64}{15}\delta M\rho^{-2n}/(1-\rho^{-2})`. The bound

.. math::
    |h_r(w)|\,|e^{-w^2/2}|\le t^{-r/2}(1-t^2)^{-1/4}\exp\Bigl(-\frac{x^2}{2(1+t)}+\frac{y^2}{2(1-t)}\Bigr),
    \qquad w=x+iy,

holds for every :math:`0<t<1`.

Reference: Trefethen (2013), Theorem 19.3; ``docs/theory/hermite-coefficients.md``, Lemma 2 and section 6.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from flint import acb, arb

from ..balls.precision import precision
from ..expressions.growth import Growth
from .bounds import flattest, log_float

BITS = 64
"""Precision of the bounds: they need few digits."""
SPLITS = 4
"""How often a box over an ellipse is halved before the ellipse is given up."""
ELLIPSES = (6.0, 4.5, 3.5, 2.8, 2.3, 1.9, 1.6)
"""Parameters of ellipses, the largest first."""
MIXES = (0.05, 0.15, 0.3, 0.5, 0.7, 0.85, 0.95)
"""Values of t tried in the bound of the Hermite functions."""

Box = Callable[[acb], acb]


@dataclass(frozen=True, slots=True)
class Setting:
    """What all panels share: growth bound of the function, scale, orders, nodes per panel, and tolerances.

    ``power`` is the power of the function whose mean is wanted besides the coefficients. The tolerances (logarithms)
    guide the choice of panels; they prove nothing.
    """

    bound: Growth
    sigma: arb
    order: int
    power: int
    count: int
    log_tolerance: float
    log_power_tolerance: float


def gauss_error(box: Box, centre: arb, half: arb, setting: Setting) -> tuple[arb, arb] | None:
    """Errors of the rule (of all coefficients; of the mean of the power), ``None`` when no ellipse makes them small."""
    c, d = float(centre), float(half)
    if not d > 0:
        return None  # too short for the float estimates below
    with precision(BITS):
        for parameter in ELLIPSES:
            wide, high = d * (parameter + 1 / parameter) / 2, d * (parameter - 1 / parameter) / 2
            log_rule = math.log(64 / 15 * d) - 2 * setting.count * math.log(parameter)
            mix, log_hermite = _best_mix(max(0.0, abs(c) - wide), high, setting.order)
            if log_rule + log_hermite > setting.log_tolerance + 40:
                continue  # hopeless unless the function is very small there
            rho = arb(parameter)
            wide_ball, high_ball = half * (rho + 1 / rho) / 2, half * (rho - 1 / rho) / 2
            size = modulus(box, setting.sigma, centre, wide_ball, high_ball)
            if size is None or log_rule + log_hermite + log_float(size) > setting.log_tolerance:
                continue
            near = (abs(centre) - wide_ball).max(arb(0))
            rule = arb(64) / 15 * half * rho ** (-2 * setting.count) / (1 - rho**-2)
            error = (rule * size * hermite_bound(mix, near, high_ball, setting.order)).upper()
            power_error = (rule * size**setting.power * hermite_bound(0.0, near, high_ball, 0)).upper()
            if log_float(power_error) <= setting.log_power_tolerance:
                return error, power_error
    return None


def _best_mix(x: float, y: float, order: int) -> tuple[float, float]:
    """The t (0 for order 0) that makes the bound smallest, and the logarithm of the bound."""

    def log_bound(t: float) -> float:
        value = -(x**2) / (2 * (1 + t)) + y**2 / (2 * (1 - t)) - 0.25 * math.log(1 - t * t)
        return value - (order / 2 * math.log(t) if order else 0.0)

    return min(((t, log_bound(t)) for t in (MIXES if order else (0.0,))), key=lambda pair: pair[1])


def hermite_bound(mix: float, x: arb, y: arb, order: int) -> arb:
    r"""A bound of :math:`|h_r(w)||e^{-w^2/2}|/\sqrt{2\pi}` for ``|Re w| >= x``, ``|Im w| <= y``, r up to ``order``.

    For order 0 it is the bound of the Gaussian alone, and ``mix`` is 0.

    >>> bool(hermite_bound(0.5, arb(2), arb(0), 1) >= 2 * arb(-2).exp() / (2 * arb.pi()).sqrt())
    True
    """
    t = arb(mix)
    value = (y * y / (2 * (1 - t)) - x * x / (2 * (1 + t))).exp() / (2 * arb.pi()).sqrt()
    return value * t.rsqrt() ** order * (1 - t**2).rsqrt().sqrt() if order else value


def modulus(box: Box, sigma: arb, centre: arb, wide: arb, high: arb) -> arb | None:
    """A bound of the function on a box around an ellipse, ``None`` when it is not seen to be analytic there.

    The function is real on the real line, so the upper half of the box is enough.
    """
    largest = arb(0)
    boxes = [(centre - wide, centre + wide, arb(0), high, SPLITS)]
    while boxes:
        left, right, low, top, splits = boxes.pop()
        size = box(acb(left.union(right) * sigma, low.union(top) * sigma)).abs_upper()
        if size.is_finite():
            largest = largest.max(size)
        elif splits == 0:
            return None
        elif float(right - left) > 2 * float(top - low):
            middle = (left + right) / 2
            boxes += [(left, middle, low, top, splits - 1), (middle, right, low, top, splits - 1)]
        else:
            middle = (low + top) / 2
            boxes += [(left, right, low, middle, splits - 1), (left, right, middle, top, splits - 1)]
    return largest


def crude_errors(centre: arb, half: arb, setting: Setting) -> tuple[arb, arb]:
    """Width times a bound of the integrands: what is missed by leaving a short panel out."""
    with precision(BITS):
        z = (centre - half).union(centre + half)
        size, envelope = setting.bound.bound(setting.sigma * z), flattest(setting.order)
        weight = 2 * half * (-z * z / 2).exp() / (2 * arb.pi()).sqrt()
        hermite = envelope.constant * (envelope.rate * z * z).exp()
        return (size * weight * hermite).upper(), (size**setting.power * weight).upper()
