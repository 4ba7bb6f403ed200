"""How far the features of an implicit ReLU network move with its weights (A13, A14)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
from flint import arb

from .....theory.errors import PrecisionExhausted
from ....balls.enclosure import Enclosure
from ....balls.ends import upper_float
from ....balls.precision import precision
from ....checks.evidence import figure
from ....checks.registry import Outcome, check, control
from ....checks.relation import Relation, judge, planted
from ....checks.trajectories import Bounds, run_digest
from ....sampling.operator_norm import operator_norm
from ..convergence import BITS, stability_radius
from ..instance import ImplicitInstance
from ..network import Network
from ..tangent import least_feature_eigenvalue
from ..training import distance, feature_bound
from . import scope


def _feature_relation(train: ImplicitInstance) -> Relation:
    """‖Φ(k) − Φ(0)‖_F and m^{-1/2}‖W(k) − W(0)‖_F‖X‖ along the run, k >= 1."""
    run, norm = train.trajectory, operator_norm(train.inputs)
    left = Bounds.of(run.features.lower[1:], run.features.upper[1:])
    right = feature_bound(Bounds.of(run.W.lower[1:], run.W.upper[1:]), norm, train.plan.width)
    return Relation.of("|Phi(k) - Phi(0)| <= |W(k) - W(0)| |X|/sqrt(m)", left, right, first=1)


@check("feature-lipschitz", scope=scope.run)
def feature_lipschitz(inst: ImplicitInstance) -> Outcome:
    """|σ(a) − σ(b)| <= |a − b| entry by entry; on the run, both sides enclosed at each iterate."""
    train = inst.training
    run = train.trajectory
    return judge(
        [_feature_relation(train)],
        lemma="lemma.feature-stability",
        value=(float(run.features.lower.max()), float(run.features.upper.max())),
        method="entrywise Lipschitz bound",
        detail={
            "quantity": "distance of the features from their start",
            "network": train.network_text,
            "run": run_digest(run.features, run.loss),
        },
    )


@control("feature-lipschitz")
def feature_control(inst: ImplicitInstance) -> Outcome:
    """The right side moved to lie a relative 1e-9 below the left side."""
    return planted([_feature_relation(inst.training).moved()])


def _allowed(train: ImplicitInstance) -> float:
    r"""The distance :math:`\kappa\sqrt{m\lambda_0}/\lVert X\rVert_2` of the hypothesis, rounded down."""
    with precision(BITS):
        norm = arb(operator_norm(train.inputs).upper)
        return -upper_float(-stability_radius(train.plan.width, arb(train.eigenvalue.lower), norm))


def _perturbed(train: ImplicitInstance) -> dict[str, Network]:
    """The network with W moved to the edge of the hypothesis: at random, and against the least eigenvalue of G."""
    network = train.network
    w, phi = network.weights, network.features
    length = _allowed(train) * (1 - 2.0**-20)  # the moves below are rounded; the margin pays for that
    weakest = np.linalg.svd(phi.phi)[2][-1]
    image = np.where(phi.active, (phi.phi @ weakest)[:, None], 0.0)
    worst = -(image * weakest) @ train.inputs
    rng = np.random.default_rng([train.budget.seed, 13])
    moves = {"at random": rng.standard_normal(w.W.shape), "against the least singular direction": worst}
    return {
        name: network.with_weights(replace(w, W=w.W + move * (length / np.linalg.norm(move))))
        for name, move in moves.items()
        if np.linalg.norm(move) > 0
    }


@check("feature-stability", scope=scope.network)
def feature_stability(inst: ImplicitInstance) -> Outcome:
    """Weyl's inequality with the exact constant; the network moved to the edge of the hypothesis."""
    train = inst.training
    half = train.multiple(Fraction(1, 2))
    least: dict[str, Enclosure] = {}
    for where, moved in _perturbed(train).items():
        length = distance(moved.weights.W, train.network.weights.W)[1]
        if not length <= _allowed(train):
            raise PrecisionExhausted(
                "rounding moved the weights beyond the edge of the hypothesis: take a larger width."
            )
        least[f"W moved {where} by {length:.4g}"] = least_feature_eigenvalue(moved, train.budget)
    run = train.trajectory.gram
    along = Relation.of("lambda_0/2 <= lambda_min(G(k))", half, run)
    shown = figure(
        "The least eigenvalue of the feature Gram matrix along gradient descent",
        ("lambda_min(G(k))", run.midpoints(), "measured"),
        ("lambda_0/2", [half.upper] * run.length, "bound"),
        x_label="iteration",
    )
    return judge(
        [Relation.of(f"lambda_0/2 <= lambda_min(G), {where}", half, found) for where, found in least.items()],
        lemma="lemma.feature-stability",
        value=min(least.values(), key=lambda e: e.lower),
        method="Weyl's inequality for singular values",
        detail={
            "quantity": "lambda_min(G) at the edge of the hypothesis",
            "network": train.network_text,
            "along the run": str(along),
            "figure": shown,
        },
    )


@control("feature-stability")
def stability_control(inst: ImplicitInstance) -> Outcome:
    """W moved against the least singular direction, and no loss of the least eigenvalue allowed."""
    train = inst.training
    found = least_feature_eigenvalue(list(_perturbed(train).values())[-1], train.budget)
    return planted([Relation.of("lambda_min(G(0)) <= lambda_min(G) after the move", train.initial_gram, found)])
