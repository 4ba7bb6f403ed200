r"""The hypotheses of the gradient-flow theorem, evaluated in ball arithmetic on one network.

The a-priori form asks for norms at most :math:`c\sqrt m`, :math:`\gamma_0 = 2c\gamma < 1` and the width

.. math:: m > \frac{nE_0^2}{\lambda_0^2}\max\Bigl\{\frac{64}{(1-\gamma_0)^2}, \frac{16\gamma_0^2}{(1-\gamma_0)^4},
          \frac{2535\,c^2\lVert X\rVert^2}{(1-\gamma_0)^2\lambda_0}\Bigr\} .

The a-posteriori form replaces the bounds by the norms of the network at its start and closes the same bootstrap.
Proofs: ``docs/papers/implicit_relu/proofs.md``, "Gradient flow" and "Gradient flow, a posteriori".
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import arb

from ....theory.verdict import Verdict
from ...balls.ball import enclose
from ...balls.enclosure import Enclosure
from ...balls.ends import between, upper_float
from ...balls.precision import precision
from ...expressions.enclosed_function import norm_up
from ...sampling.operator_norm import NormBounds, operator_norm
from .network import Floats, Network
from .training import distance

BITS = 96
SHARES = tuple(Fraction(k, 16) for k in range(1, 5))
"""Shares of the least singular value of Φ(0) that the features may lose: (1 − share)² >= 1/2 up to 0.29."""
TARGETS = tuple(Fraction(k, 8) for k in range(1, 8))
"""How far γ̃‖A‖ may climb from its start towards 1."""


@dataclass(frozen=True, slots=True)
class Norms:
    """Bounds of what the theorem asks of a network at its start; each a ball.

    ``n`` is the number of inputs, or the square of the Frobenius norm of the rounded inputs where that is larger.
    """

    n: int | arb
    m: int
    gamma: Fraction
    A: arb
    W: arb
    u: arb
    v: arb
    X: arb
    residual: arb
    features: arb
    features_frobenius: arb
    least: arb


@dataclass(frozen=True, slots=True)
class WidthCondition:
    """The a-priori form: whether it holds, the width it asks for (lower and upper bound), c and γ_0."""

    verdict: Verdict
    needed_lower: float
    needed_upper: float
    c: float
    gamma0: float

    def __str__(self) -> str:
        if not math.isfinite(self.needed_lower):
            return f"gamma_0 = 2 c gamma = {self.gamma0:.4g} is not below 1 (c = {self.c:.4g})"
        return f"the width asked for is {self.needed_lower:.4g} (c = {self.c:.4g}, gamma_0 = {self.gamma0:.4g})"


def norms(network: Network, residual: tuple[float, float], gram: Enclosure) -> Norms:
    r"""The norms of a network; ``residual`` bounds :math:`\lVert e(0)\rVert`, ``gram`` :math:`\lambda_{\min}(G(0))`."""
    w, phi = network.weights, network.features.phi
    with precision(BITS):
        off = arb(0, norm_up(network.features.error[None, :]))
        return Norms(
            arb(phi.shape[1]).max(arb(norm_up(network.inputs)) ** 2),
            w.width,
            network.gamma,
            _ball(network.norm),
            _ball(operator_norm(w.W)),
            _length(w.u),
            _length(w.v),
            _ball(operator_norm(network.inputs)),
            between(arb(residual[0]), arb(residual[1])),
            _ball(operator_norm(phi)) + off,
            arb(norm_up(phi)) + off,
            between(arb(max(gram.lower, 0.0)), arb(gram.upper)).nonnegative_part().sqrt(),
        )


def width_condition(found: Norms, least_eigenvalue: Enclosure) -> WidthCondition:
    """The a-priori form with the smallest admissible c >= 1; REFUTED means that it fails for every c.

    The right side increases with c, so the least c decides.
    """
    with precision(BITS):
        root = arb(found.m).sqrt()
        c = arb(1)
        for norm in (found.A, found.W, found.u, found.v):
            c = c.max(norm / root)
        gamma0 = 2 * c * enclose(found.gamma)
        shown = upper_float(c), upper_float(gamma0)
        if gamma0 >= 1:
            return WidthCondition(Verdict.REFUTED, math.inf, math.inf, *shown)
        lam = between(arb(least_eigenvalue.lower), arb(least_eigenvalue.upper))
        gap = 1 - gamma0
        if not (gap > 0 and lam > 0):
            return WidthCondition(Verdict.UNKNOWN, 0.0, math.inf, *shown)
        largest = (64 / gap**2).max(16 * gamma0**2 / gap**4).max(2535 * c**2 * found.X**2 / (gap**2 * lam))
        needed = found.n * found.residual**2 / lam**2 * largest
        verdict = Verdict.PROVED if needed < found.m else Verdict.REFUTED if needed >= found.m else Verdict.UNKNOWN
        return WidthCondition(verdict, -upper_float(-needed), upper_float(needed), *shown)


@dataclass(frozen=True, slots=True)
class Bootstrap:
    r"""The a-posteriori form: whether it closes at this start, and up to which :math:`E_0` it would.

    ``rate`` is the proved exponent: :math:`L(t) \le e^{-\mathrm{rate}\,t}L(0)`; ``contraction`` the proved bound of
    :math:`\tilde\gamma\lVert A(t)\rVert`. ``largest_residual`` is a proved lower bound of the E_0 that would do.
    """

    verdict: Verdict
    rate: float
    contraction: float
    largest_residual: float


def bootstrap(found: Norms, at_least: Enclosure) -> Bootstrap:
    r"""Close the bootstrap with measured norms, keeping :math:`\lambda_{\min}(G(t))` at least ``at_least``/2.

    UNKNOWN where no choice of constants on a small grid closes: the condition is sufficient only.
    """
    best = Bootstrap(Verdict.UNKNOWN, 0.0, math.inf, 0.0)
    with precision(BITS):
        half = arb(at_least.upper) / 2
        start = enclose(found.gamma) / arb(found.m).sqrt() * found.A
        if not start < 1:
            return best
        residual = found.residual.upper()
        for share in SHARES:
            rate = ((1 - enclose(share)) * found.least) ** 2
            if not rate >= half or not rate > 0:
                continue
            for target in TARGETS:
                top = start + (1 - start) * enclose(target)
                admissible = _largest(found, share, top, rate)
                closes = _closes(found, share, top, rate, residual)
                if closes and best.verdict is not Verdict.PROVED:
                    best = Bootstrap(Verdict.PROVED, -upper_float(-2 * rate), upper_float(top), admissible)
                elif not closes and best.verdict is not Verdict.PROVED and admissible > best.largest_residual:
                    best = Bootstrap(Verdict.UNKNOWN, 0.0, math.inf, admissible)
    return best


def _closes(found: Norms, share: Fraction, top: arb, rate: arb, residual: arb) -> bool:
    """Whether each weight stays strictly inside the distance that the bounds were computed with."""
    root = arb(found.m).sqrt()
    scale = enclose(found.gamma) / root
    start = scale * found.A
    lost = enclose(share) * found.least
    length = residual / rate
    spectral, frobenius_norm = found.features + lost, found.features_frobenius + lost
    gap = 1 - top
    v = found.v + spectral * length
    u = found.u + frobenius_norm / gap * length
    moved_a = scale * (u / gap) * (frobenius_norm / gap) * length
    moved_w = (u / gap + v) * found.X / root * length
    return bool(scale * moved_a < top - start) and bool(moved_w * found.X / root < lost)


def _largest(found: Norms, share: Fraction, top: arb, rate: arb) -> float:
    """A residual for which the bootstrap closes, nearly the largest, by bisection on powers of two."""
    low, high = -60, 40
    if not _closes(found, share, top, rate, arb((1, low))):
        return 0.0
    while high - low > 1:
        middle = (low + high) // 2
        if _closes(found, share, top, rate, arb((1, middle))):
            low = middle
        else:
            high = middle
    best = Fraction(2) ** low
    for k in range(31, 16, -1):  # refine between 2^low and 2^(low+1) in sixteenths
        trial = Fraction(2) ** low * Fraction(k, 16)
        if _closes(found, share, top, rate, enclose(trial)):
            best = trial
            break
    return float(best)


def _ball(bounds: NormBounds) -> arb:
    if not math.isfinite(bounds.upper):
        return arb("nan")
    return between(arb(bounds.lower), arb(bounds.upper))


def _length(a: Floats) -> arb:
    low, high = distance(a, np.zeros_like(a))
    return between(arb(low), arb(high))
