"""First and second derivatives of residual networks in an RKHS (B01, B12)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from flint import arb

from .....theory.verdict import Verdict
from ....balls.ball import enclose, excludes
from ....balls.ends import between
from ....balls.precision import precision
from ....checks.evidence import SLIGHTLY, enclosed, exact
from ....checks.registry import Outcome, check, control
from ....radial.bounds import outward
from ....radial.gram import largest_eigenvalue, radial_gram
from ..instance import ResNetInstance
from ..symbolic import gradient_identity
from ..variation import BallNetwork, sample_network

POINTS, DEPTH = 3, 3
SYMBOLIC_DEPTH = 3
DIGITS = 2.0**20
"""The reciprocal of the resolution of a direction that is computed in float64."""


def network(inst: ResNetInstance) -> BallNetwork:
    """A network of three layers on three inputs of the study, in ball arithmetic."""
    problem = inst.problem(inst.alpha)
    return sample_network(inst.kernel, problem.start[:POINTS], problem.targets[:POINTS, 0], DEPTH, inst.budget.seed)


@check("resnet-gradient")
def gradient(inst: ResNetInstance) -> Outcome:
    """Symbolically for arbitrary fields; on the study's inputs the derivative by power series against the adjoint."""
    if not all(gradient_identity(depth) for depth in range(1, SYMBOLIC_DEPTH + 1)):
        return Outcome(Verdict.REFUTED, (exact("the derivative and the adjoint formula differ symbolically"),))
    net = network(inst)
    with precision(inst.budget.bits):
        series, adjoint = net.loss_series()[1], net.derivative_by_adjoint()
        item = enclosed(
            f"dL/d(epsilon) along a direction, {POINTS} inputs, {DEPTH} layers", series=series, adjoint=adjoint
        )
        if excludes(series, adjoint):
            return Outcome(Verdict.REFUTED, (item,))
        lower, upper = outward(series)
    text = f"dL/d(epsilon) equals the pairing with the formula, for arbitrary fields and up to {SYMBOLIC_DEPTH} layers"
    return Outcome(
        Verdict.PROVED,
        (exact(text), item),
        lower,
        upper,
        method="symbolic adjoint, and power series in balls",
        detail={"quantity": "directional derivative", "relative_accuracy_bits": int(series.rel_accuracy_bits())},
    )


@control("resnet-gradient")
def shifted_adjoint(inst: ResNetInstance) -> Outcome:
    """With p_l in place of p_(l+1) the formula is false, symbolically and in numbers."""
    net = network(inst)
    with precision(inst.budget.bits):
        series, adjoint = net.loss_series()[1], net.derivative_by_adjoint(shifted=True)
        item = enclosed("the derivative and the planted formula", series=series, planted=adjoint)
        apart = not series.overlaps(adjoint)
    if apart and not gradient_identity(2, shifted=True):
        return Outcome(Verdict.REFUTED, (item,))
    return Outcome(Verdict.PROVED if not apart else Verdict.UNKNOWN, (item,), reason="the planted formula survives")


@dataclass(frozen=True)
class Curvature:
    """|L''| along a direction per squared norm, and β at the control, both as balls."""

    observed: arb
    bound: arb


def curvature(inst: ResNetInstance) -> Curvature:
    """At the working precision, for the small network; R = ‖v‖."""
    net = network(inst)
    loss, _, second = net.loss_series()
    radius = net.squared_norm(net.coefficients).sqrt()
    return Curvature(abs(second) / net.squared_norm(net.direction), inst.landscape(None).smoothness(radius, loss))


def curvature_at_a_minimum(inst: ResNetInstance) -> Curvature:
    """The same at v = 0 with the states as targets, so that L = 0, along an eigenvector of K: there β is attained.

    The Hessian is F'F/N, whose largest eigenvalue is Λ/N.
    """
    net = network(inst)
    n, q = net.start.shape
    gram = radial_gram(inst.kernel, net.start)
    direction = np.zeros((DEPTH, n, q))
    leading = np.linalg.eigh(gram.mid)[1][:, -1]
    direction[:, :, -1] = np.round(leading * DIGITS) / DIGITS  # few digits, which are the same on any machine
    zero = np.zeros_like(net.coefficients)
    still = replace(
        net, targets=net.start[:, -1], centres=np.array([net.start] * DEPTH), coefficients=zero, direction=direction
    )
    loss, _, second = still.loss_series()
    landscape = replace(inst.landscape(None), count=n)
    largest = largest_eigenvalue(gram, budget=inst.budget)
    share = between(arb(largest.lower), arb(largest.upper))
    return Curvature(second / still.squared_norm(direction), landscape.smoothness(arb(0), loss, share))


@check("resnet-smoothness")
def smoothness(inst: ResNetInstance) -> Outcome:
    """The second derivative along directions by power series, below β ‖w‖² at R = ‖v‖ and the loss there."""
    with precision(inst.budget.bits):
        extremal = curvature_at_a_minimum(inst)
        attained = enclosed(
            "at v = 0 and L = 0, along an eigenvector of K: the curvature times 1 - 1e-9, and beta",
            curvature=extremal.observed * enclose(1 - SLIGHTLY),
            beta=extremal.bound,
        )
        if extremal.observed * enclose(1 - SLIGHTLY) > extremal.bound:
            return Outcome(Verdict.REFUTED, (attained,))
        below = bool(extremal.observed * enclose(1 - SLIGHTLY) <= extremal.bound)
        found = curvature(inst)
        lower, upper = outward(found.bound)
        margin = outward(found.bound - found.observed)[0]
        item = enclosed("curvature along a direction, and beta", curvature=found.observed, beta=found.bound)
        sharp = inst.smoothness()
    if found.observed > found.bound:
        return Outcome(Verdict.REFUTED, (item,), lower, upper)
    if not (below and found.observed <= found.bound):
        return Outcome(
            Verdict.UNKNOWN, (item, attained), lower, upper, reason="the curvature is not told apart from beta"
        )
    return Outcome(
        Verdict.PROVED,
        (exact("first and second variation of the states, by Groenwall's inequality"), item, attained),
        lower,
        upper,
        margin,
        "second variation; power series in balls",
        detail={"quantity": "beta", "beta_of_the_recipe": float(sharp)},
    )


@control("resnet-smoothness")
def smaller_beta(inst: ResNetInstance) -> Outcome:
    """Half of β, at the minimum where it is attained."""
    if inst.kernel.kappa2_squared is None:
        return Outcome(Verdict.NOT_APPLICABLE, reason="hypothesis strongly-admissible fails: kappa_2 is infinite")
    with precision(inst.budget.bits):
        found = curvature_at_a_minimum(inst)
        planted = found.bound / 2
        item = enclosed("curvature, and the planted bound", curvature=found.observed, planted=planted)
        if found.observed > planted:
            return Outcome(Verdict.REFUTED, (item,))
        verdict = Verdict.PROVED if found.observed <= planted else Verdict.UNKNOWN
    return Outcome(verdict, (item,), reason="the planted bound is not told apart from the curvature")
