r"""The hypotheses of the gradient-flow theorem, evaluated in ball arithmetic on one network.

The a-priori form asks for norms at most :math:`c\sqrt m`, :math:`\gamma_0 = 2c\gamma < 1` and the width

.. math:: m > \frac{nE_0^2}{\lambda_0^2}\max\Bigl\{\frac{64}{(1-\gamma_0)^2}, \frac{16\gamma_0^2}{(1-\gamma_0)^4},
          \frac{2535\,c^2\lVert X\rVert^2}{(1-\gamma_0)^2\lambda_0}\Bigr\} .

The a-posteriori form replaces the bounds by the norms of the network at its start and closes the same bootstrap.
Proofs: ``docs/papers/implicit_relu/proofs.md``, "Gradient flow" and "Gradient flow, a posteriori".
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import product

import numpy as np
from flint import arb

from ....theory.verdict import Verdict
from ...balls.ball import enclose
from ...balls.enclosure import Enclosure
from ...balls.ends import upper_float
from ...balls.precision import precision
from ...checks.evidence import as_ball
from ...checks.relation import Relation, Sense
from ...expressions.enclosed_function import norm_up
from ...sampling.operator_norm import operator_norm
from .network import Network
from .training import distance, span

BITS = 96
WIDTH_CONSTANTS = (64, 16, 2535)
"""The three constants of the width condition."""
DISPLACEMENTS = {"u": 16, "v": 16, "W": 64, "A": 16}
"""The widths that keep each weight near its start, over n E_0²/λ_0² and powers of γ_0 and 1 − γ_0."""
SHARES = tuple(Fraction(k, 16) for k in range(1, 5))
"""Shares of the least singular value of Φ(0) that the features may lose: (1 − share)² >= 1/2 up to 0.29."""
TARGETS = tuple(Fraction(k, 8) for k in range(1, 8))
"""How far γ̃‖A‖ may climb from its start towards 1."""
RESIDUALS = range(-60 * 16, 40 * 16)
"""Indices of the residuals that are tried: sixteen between neighbouring powers of two."""


def kappa() -> arb:
    r""":math:`\kappa = \sqrt3/2 - 1/\sqrt2` of the stability theorem."""
    return arb(3).sqrt() / 2 - 1 / arb(2).sqrt()


def stability_radius(width: int, least: arb, points: arb) -> arb:
    r""":math:`\kappa\sqrt{m\lambda_0}/\lVert X\rVert_2`: how far W may move, from λ_0 and the norm of the inputs."""
    return kappa() * (arb(width) * least).sqrt() / points


def half_rate(step: float, least: arb) -> arb:
    r""":math:`\eta\lambda_0/2`, the share of the loss that a step of gradient descent takes away."""
    return arb(step) * least.max(arb(0)) / 2


def stability_constant(bound: int = WIDTH_CONSTANTS[2]) -> Relation:
    r""":math:`64/\kappa^2` is below a bound."""
    with precision(128):
        value = 64 / kappa() ** 2
    return Relation.of(f"64/kappa^2 < {bound}", value, bound, Sense.BELOW)


def implied(constants: tuple[int, int, int] = WIDTH_CONSTANTS) -> dict[str, Relation]:
    r"""What the width condition must imply for the first-exit argument: it asks for at least each of these widths.

    They are those of the lines "flow-widths" and "flow-stability-width". The powers of γ_0 and 1 − γ_0 are the same on
    both sides, but for v, which asks for no :math:`1/(1-\gamma_0)^2 > 1`.
    """
    first, second, third = constants
    terms = {"u": first, "v": first, "W": first, "A": second}
    found = {
        name: Relation.of(f"width for {name}", DISPLACEMENTS[name], term, condition=True)
        for name, term in terms.items()
    }
    return {**found, "features": stability_constant(third)}


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
    """The a-priori form: the width it asks for (not finite where it cannot hold), the width m, c and γ_0."""

    needed: arb
    m: int
    c: arb
    gamma0: arb

    @property
    def relations(self) -> tuple[Relation, Relation]:
        """What it consists of; it fails for every c where one of them is false."""
        return (
            Relation.of(
                "gamma_0 = 2 c gamma < 1", self.gamma0, 1, Sense.BELOW, constants={"c": self.c}, condition=True
            ),
            Relation.of("the width asked for < m", self.needed, self.m, Sense.BELOW, condition=True),
        )

    def __str__(self) -> str:
        c, gamma0 = upper_float(self.c), upper_float(self.gamma0)
        if not self.needed.is_finite():
            return f"gamma_0 = 2 c gamma = {gamma0:.4g} is not below 1 (c = {c:.4g})"
        return f"the width asked for is {float(self.needed.mid()):.4g} (c = {c:.4g}, gamma_0 = {gamma0:.4g})"


def norms(network: Network, residual: tuple[float, float], gram: Enclosure) -> Norms:
    r"""The norms of a network; ``residual`` bounds :math:`\lVert e(0)\rVert`, ``gram`` :math:`\lambda_{\min}(G(0))`."""
    w, phi = network.weights, network.features.phi
    with precision(BITS):
        off = arb(0, norm_up(network.features.error[None, :]))
        A, W, X, features = (
            span(norm.lower, norm.upper) for norm in (network.norm, *map(operator_norm, (w.W, network.inputs, phi)))
        )
        u, v = (span(*distance(x, np.zeros_like(x))) for x in (w.u, w.v))
        n = arb(phi.shape[1]).max(arb(norm_up(network.inputs)) ** 2)
        least = span(max(gram.lower, 0.0), gram.upper).nonnegative_part().sqrt()
        length = arb(norm_up(phi)) + off
        return Norms(n, w.width, network.gamma, A, W, u, v, X, span(*residual), features + off, length, least)


def width_condition(found: Norms, least_eigenvalue: Enclosure) -> WidthCondition:
    """The a-priori form with the smallest admissible c >= 1, which decides: the right side increases with c."""
    with precision(BITS):
        root = arb(found.m).sqrt()
        c = arb(1)
        for norm in (found.A, found.W, found.u, found.v):
            c = c.max(norm / root)
        gamma0 = 2 * c * enclose(found.gamma)
        lam, gap = as_ball(least_eigenvalue), 1 - gamma0
        first, second, third = WIDTH_CONSTANTS
        terms = first / gap**2, second * gamma0**2 / gap**4, third * c**2 * found.X**2 / (gap**2 * lam)
        needed = found.n * found.residual**2 / lam**2 * terms[0].max(terms[1]).max(terms[2])
        return WidthCondition(needed if gap > 0 and lam > 0 else arb("nan"), found.m, c, gamma0)


@dataclass(frozen=True, slots=True)
class Bootstrap:
    r"""The a-posteriori form: how it closes at this start, and up to which :math:`E_0` it would.

    Attributes
    ----------
    relations: the conditions of the first choice of constants that closes; none where no choice does.
    rate: the proved exponent there: :math:`L(t) \le e^{-\mathrm{rate}\,t}L(0)`.
    contraction: the proved bound of :math:`\tilde\gamma\lVert A(t)\rVert` there.
    largest_residual: a proved lower bound of the E_0 that would do.
    """

    relations: tuple[Relation, ...] = ()
    rate: float = 0.0
    contraction: float = math.inf
    largest_residual: float = 0.0


def bootstrap(found: Norms, at_least: Enclosure) -> Bootstrap:
    r"""Close the bootstrap with measured norms, keeping :math:`\lambda_{\min}(G(t))` at least ``at_least``/2.

    Where no choice of constants on a small grid closes, nothing is refuted: the condition is sufficient only.
    """
    best = Bootstrap()
    with precision(BITS):
        start = enclose(found.gamma) / arb(found.m).sqrt() * found.A
        for share, target in product(SHARES, TARGETS) if start < 1 else ():
            rate = ((1 - enclose(share)) * found.least) ** 2
            if not (rate > 0 and rate >= arb(at_least.upper) / 2):
                continue
            top = start + (1 - start) * enclose(target)
            conditions = partial(exit_conditions, found, share, top, rate)
            largest = max(best.largest_residual, _largest(conditions))
            relations = conditions(found.residual.upper())
            if not best.relations and _hold(relations):
                best = Bootstrap(relations, -upper_float(-2 * rate), upper_float(top))
            best = replace(best, largest_residual=largest)
    return best


def exit_conditions(found: Norms, share: Fraction, top: arb, rate: arb, residual: arb) -> tuple[Relation, Relation]:
    """That A and W stay strictly inside the distances that the bounds were computed with."""
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
    return (
        Relation.of(
            "gamma ||A(t) - A(0)||/sqrt(m) stays below what was allowed", scale * moved_a, top - start, Sense.BELOW
        ),
        Relation.of(
            "||W(t) - W(0)|| ||X||/sqrt(m) stays below what was allowed", moved_w * found.X / root, lost, Sense.BELOW
        ),
    )


def _hold(relations: tuple[Relation, ...]) -> bool:
    """Whether each of them is proved."""
    return all(relation.verdict is Verdict.PROVED for relation in relations)


def _largest(conditions: Callable[[arb], tuple[Relation, ...]]) -> float:
    """The largest of the residuals tried for which the bootstrap closes, by bisection; 0 where it closes for none."""

    def residual(k: int) -> Fraction:
        return Fraction(16 + k % 16, 16) * Fraction(2) ** (k // 16)

    count = bisect_left(RESIDUALS, True, key=lambda k: not _hold(conditions(enclose(residual(k)))))
    return float(residual(RESIDUALS[count - 1])) if count else 0.0
