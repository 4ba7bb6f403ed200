"""First and second derivatives of residual networks in an RKHS (B01, B12)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
from flint import arb

from .....theory.verdict import Verdict
from ....balls.ball import enclose
from ....balls.precision import precision
from ....checks.evidence import SLIGHTLY, as_ball
from ....checks.registry import Outcome, check, control
from ....checks.relation import Relation, Sense, judge, planted
from ....radial.gram import largest_eigenvalue, radial_gram
from ..instance import ResNetInstance
from ..variation import BallNetwork, sample_network
from . import scope
from .evidence import cited
from .scope import DEPTH, POINTS

DIGITS = 2.0**20
"""The reciprocal of the resolution of a direction that is computed in float64."""


def network(inst: ResNetInstance) -> BallNetwork:
    """A network of three layers on three inputs of the study, in ball arithmetic."""
    problem = inst.problem(inst.alpha)
    return sample_network(inst.kernel, problem.start[:POINTS], problem.targets[:POINTS, 0], DEPTH, inst.budget.seed)


def derivative(net: BallNetwork, *, shifted: bool = False) -> tuple[Relation, arb]:
    """dL/dε along a direction by power series against the adjoint (p_l for p_(l+1) if ``shifted``), and its value."""
    series, adjoint = net.loss_series()[1], net.derivative_by_adjoint(shifted=shifted)
    text = f"dL/d(epsilon) along a direction, {POINTS} inputs, {DEPTH} layers, is the pairing with the adjoint"
    return Relation.of(text, series, adjoint, Sense.EQUAL), series


@check("resnet-gradient", scope=scope.small_network)
def gradient(inst: ResNetInstance) -> Outcome:
    """The lines of the lemma; on the study's inputs the derivative by power series against the adjoint."""
    with precision(inst.budget.bits):
        relation, series = derivative(network(inst))
    return judge(
        [relation],
        cited("lemma.adjoint-gradient"),
        argued=True,
        value=series,
        method="adjoint, and power series in balls",
        detail={"quantity": "directional derivative", "relative_accuracy_bits": int(series.rel_accuracy_bits())},
    )


@control("resnet-gradient")
def shifted_adjoint(inst: ResNetInstance) -> Outcome:
    """With p_l in place of p_(l+1) the formula is false."""
    with precision(inst.budget.bits):
        return planted([derivative(network(inst), shifted=True)[0]])


def curvature(inst: ResNetInstance) -> Relation:
    """L'' along a direction per squared norm for the small network, below β at R = ‖v‖ and the loss there."""
    net = network(inst)
    loss, _, second = net.loss_series()
    radius = net.squared_norm(net.coefficients).sqrt()
    beta = inst.landscape(None).smoothness(radius, loss)
    observed = abs(second) / net.squared_norm(net.direction)
    return Relation.of("the curvature along a direction <= beta", observed, beta, constants={"beta": beta})


def curvature_at_a_minimum(inst: ResNetInstance, share: Fraction = Fraction(1)) -> Relation:
    """The same at v = 0 with the states as targets, so that L = 0, along an eigenvector of K: there β is attained.

    The Hessian is F'F/N, whose largest eigenvalue is Λ/N. The curvature is taken times 1 - 1e-9, β times ``share``.
    """
    net = network(inst)
    n, q = net.start.shape
    gram = radial_gram(inst.kernel, net.start)
    direction = np.zeros((DEPTH, n, q))
    leading = np.linalg.eigh(gram.mid)[1][:, -1]
    direction[:, :, -1] = np.round(leading * DIGITS) / DIGITS  # few digits, which are the same on any machine
    centres, zero = np.array([net.start] * DEPTH), np.zeros_like(net.coefficients)
    still = replace(net, targets=net.start[:, -1], centres=centres, coefficients=zero, direction=direction)
    loss, _, second = still.loss_series()
    largest = as_ball(largest_eigenvalue(gram, budget=inst.budget))
    beta = replace(inst.landscape(None), count=n).smoothness(arb(0), loss, largest)
    observed = second / still.squared_norm(direction) * enclose(1 - SLIGHTLY)
    return Relation.of("the same at v = 0 and L = 0, along an eigenvector of K", observed, beta * enclose(share))


@check("resnet-smoothness", scope=scope.small_network)
def smoothness(inst: ResNetInstance) -> Outcome:
    """The second derivative along directions by power series, below β ‖w‖² at R = ‖v‖ and the loss there."""
    with precision(inst.budget.bits):
        relations = [curvature(inst), curvature_at_a_minimum(inst)]
        found = inst.certified_recipe
        sharp = inst.smoothness(found.landscape, found.radius)
    return judge(
        relations,
        value=relations[0].constants["beta"],
        lemma="lemma.residual-smoothness",
        margin=relations[0].margin,
        method="second variation; power series in balls",
        detail={"quantity": "beta", "beta_of_the_recipe": float(sharp)},
    )


@control("resnet-smoothness")
def smaller_beta(inst: ResNetInstance) -> Outcome:
    """Half of β, at the minimum where it is attained."""
    if inst.kernel.kappa2_squared is None:
        return Outcome(Verdict.NOT_APPLICABLE, reason="hypothesis strongly-admissible fails: kappa_2 is infinite")
    with precision(inst.budget.bits):
        return planted([curvature_at_a_minimum(inst, Fraction(1, 2))])
