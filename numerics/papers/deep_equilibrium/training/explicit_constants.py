r"""The convergence theorem with explicit constants: its hypotheses and rates, in ball arithmetic, for given weights.

With :math:`e_0` the output error and :math:`\lambda_0 = \lambda_{\min}(Z^\top Z)` at the start, a radius R around the
start, :math:`\rho_w = \lVert W\rVert_2 + R` (likewise :math:`\rho_u`, :math:`\rho_a`),
:math:`\kappa = 1/(1 - L\rho_w)`, :math:`\ell = L\kappa`,
:math:`B = \min(\kappa(|\varphi(0)|\sqrt{mn} + L\rho_u\lVert X\rVert_F), \sup|\varphi|\sqrt{mn})`:

.. math::
    \text{(H1)}\; L\rho_w < 1,\qquad
    \text{(H2')}\; \ell\sqrt{\lVert Z(0)\rVert_2^2 + \lVert X\rVert_2^2}\;R \le (1 - 1/\sqrt2)\sqrt{\lambda_0},\qquad
    \text{(H3)}\; 0 < \eta \le 1/\beta .

Gradient descent takes :math:`R = 2\sqrt2\lVert e_0\rVert/\sqrt{\lambda_0}`, the gradient flow half of it and no (H3).
Theorem and proof: ``docs/papers/deep_equilibrium/training.md``, "The theorem with explicit constants".
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from flint import arb
from numpy.typing import NDArray

from .....theory.verdict import Verdict
from ....balls.ends import between, nonnegative
from ....balls.precision import precision
from ....checks.relation import Relation, Sense
from ....sampling.operator_norm import NormBounds, operator_norm
from .gradient import Network
from .iterate import IterateBounds, norm_ball

BITS = 96
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class StartingPoint:
    """What is known of the first iterate: balls around norms of weights, inputs, error and Z, and λ_0; m neurons."""

    width: int
    recurrent: arb
    inputs: arb
    readout: arb
    points: arb  # spectral norm of X
    point_norms: tuple[arb, ...]
    residual: arb
    least: arb
    state: arb  # spectral norm of Z


def starting_point(
    network: Network[Array], points: Array, state: Array, found: IterateBounds, *, norm: NormBounds | None = None
) -> StartingPoint:
    """Enclose all norms of a network (float64 weights) on points (n, d), near whose equilibrium ``state`` (m, n) lies.

    ``found`` are the bounds of this iterate, and ``norm`` those of ‖W‖_2 when at hand.
    """
    recurrent, inputs, data = norm or operator_norm(network.recurrent), network.inputs, points
    u, x, z = operator_norm(inputs), operator_norm(data), operator_norm(state)
    with precision(BITS):
        return StartingPoint(
            network.width,
            between(arb(recurrent.lower), arb(recurrent.upper)),
            between(arb(u.lower), arb(u.upper)),
            norm_ball(network.readout),
            between(arb(x.lower), arb(x.upper)),
            tuple(norm_ball(row) for row in data),
            found.residual,
            found.least,
            nonnegative(between(arb(z.lower) - arb(found.error), arb(z.upper) + arb(found.error))),
        )


@dataclass(frozen=True, slots=True, eq=False)
class ExplicitConstants:
    r"""The constants of the theorem; all balls, not finite where an earlier hypothesis fails.

    ``gap`` is the left side of (H2') over the right side: the hypothesis holds where it is at most 1, and says by what
    factor it fails elsewhere. ``smoothness`` is β, not finite without a bound of φ''. ``rate`` is λ_0/2.
    """

    radius: arb
    contraction: arb
    gap: arb
    smoothness: arb
    rate: arb

    @property
    def hypotheses(self) -> tuple[Relation, Relation]:
        """(H1) and (H2')."""
        return (
            Relation.of("(H1): L rho_w below 1", self.contraction, 1, Sense.BELOW, condition=True),
            Relation.of("(H2'): the left side over the right side is at most 1", self.gap, 1, condition=True),
        )


def lost_share() -> arb:
    r""":math:`1 - 1/\sqrt2`, the share of the least singular value of Z that may be lost: half of λ_0 is kept."""
    return 1 - 1 / arb(2).sqrt()


def explicit_constants(
    start: StartingPoint,
    lipschitz: arb,
    second_lipschitz: arb | None,
    at_zero: arb,
    supremum: arb | None = None,
    *,
    flow: bool = False,
) -> ExplicitConstants:
    r"""The constants at a starting point; ``lipschitz`` is L, ``second_lipschitz`` is :math:`L_2 = \sup|\varphi''|`.

    ``supremum`` is that of :math:`|\varphi|` where it is bounded: then it bounds B and the :math:`B_i` as well.

    ``flow``: with the radius of the gradient flow, :math:`\sqrt2\lVert e_0\rVert/\sqrt{\lambda_0}`. With
    :math:`q_i^2 = B_i^2 + \lVert x_i\rVert^2` and
    :math:`\Lambda_i = \rho_a(L_2\kappa^3 q_i^2 + 2\ell^2 q_i) + \ell q_i`,

    .. math:: \beta = L_F^2 + (\lVert e_0\rVert + L_F R)\Bigl(\sum_i\Lambda_i^2\Bigr)^{1/2},\qquad
              L_F^2 = B^2 + (B^2 + \lVert X\rVert_2^2)\,\rho_a^2\ell^2 .
    """
    nothing = arb("nan")
    with precision(BITS):
        root = start.least.sqrt()
        radius = (1 if flow else 2) * arb(2).sqrt() * start.residual / root
        rate = start.least / 2
        if not start.least > 0:
            return ExplicitConstants(arb("nan"), lipschitz * start.recurrent, nothing, nothing, rate)
        rho_w, rho_u, rho_a = start.recurrent + radius, start.inputs + radius, start.readout + radius
        contraction = lipschitz * rho_w
        if not contraction < 1:
            return ExplicitConstants(radius, contraction, nothing, nothing, rate)
        kappa = 1 / (1 - contraction)
        ell = lipschitz * kappa
        reach = nonnegative(start.state * start.state + start.points * start.points).sqrt()
        gap = ell * reach * radius / (lost_share() * root)
        if second_lipschitz is None:
            return ExplicitConstants(radius, contraction, gap, nothing, rate)
        n, most = len(start.point_norms), None if supremum is None else supremum * arb(start.width).sqrt()
        frobenius = sum((x * x for x in start.point_norms), arb(0)).sqrt()
        offset = abs(at_zero) * arb(start.width).sqrt()
        size = kappa * (offset * arb(n).sqrt() + lipschitz * rho_u * frobenius)
        if most is not None:
            size = size.min(most * arb(n).sqrt())
        edge = nonnegative(size * size + start.points * start.points).sqrt() * rho_a * ell
        slope2 = size * size + edge * edge
        bends = arb(0)
        for x in start.point_norms:
            b = kappa * (offset + lipschitz * rho_u * x)
            b = b if most is None else b.min(most)
            q = nonnegative(b * b + x * x).sqrt()
            bend = rho_a * (second_lipschitz * kappa**3 * q * q + 2 * ell * ell * q) + ell * q
            bends += bend * bend
        beta = slope2 + (start.residual + nonnegative(slope2).sqrt() * radius) * nonnegative(bends).sqrt()
        return ExplicitConstants(radius, contraction, gap, beta, rate)


def admissible_residual(start: StartingPoint, lipschitz: arb) -> float:
    r"""A power of two near half the largest :math:`\lVert e_0\rVert` for which (H1) and (H2') hold, or 0.0.

    Found by trial with :func:`explicit_constants`: a choice, not a proof.
    """
    with precision(BITS):
        if not start.least > 0:
            return 0.0
        for k in range(40, -60, -1):
            found = explicit_constants(replace(start, residual=arb((1, k))), lipschitz, None, arb(0))
            if all(hypothesis.verdict is Verdict.PROVED for hypothesis in found.hypotheses):
                return 2.0 ** (k - 1)
    return 0.0
