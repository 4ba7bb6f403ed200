"""How far the features of an implicit ReLU network move with its weights (A13, A14)."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
from flint import arb

from .....theory.errors import PrecisionExhausted
from .....theory.verdict import Verdict
from ....balls.enclosure import Enclosure, float_above, float_below
from ....balls.ends import upper_float
from ....balls.precision import precision
from ....checks.evidence import as_ball, compared, enclosed, exact
from ....checks.registry import Outcome, check, control
from ....checks.trajectories import Bounds, run_digest, verify_inequality
from ....eigenvalues.eigenvalue import least_eigenvalue
from ....sampling.operator_norm import operator_norm
from ..closed import stability_constant
from ..instance import ImplicitInstance
from ..network import Network
from ..sides import combine, scaled_below
from ..tangent import feature_gram
from ..training import distance
from .network import network_text

BITS = 96


def _feature_sides(train: ImplicitInstance) -> tuple[Bounds, Bounds]:
    """‖Φ(k) − Φ(0)‖_F and m^{-1/2}‖W(k) − W(0)‖_F‖X‖ along the run, k >= 1."""
    run = train.trajectory
    norm = operator_norm(train.inputs)
    root = math.sqrt(train.plan.width)
    return Bounds.of(run.features.lower[1:], run.features.upper[1:]), Bounds.of(
        run.W.lower[1:] * norm.lower / root * (1 - 2.0**-50), run.W.upper[1:] * norm.upper / root * (1 + 2.0**-50)
    )


@check("feature-lipschitz")
def feature_lipschitz(inst: ImplicitInstance) -> Outcome:
    """|σ(a) − σ(b)| <= |a − b| entry by entry; on the run, both sides enclosed at each iterate."""
    train = inst.training
    left, right = _feature_sides(train)
    found = verify_inequality("|Phi(k) - Phi(0)| <= |W(k) - W(0)| |X|/sqrt(m)", left, right)
    verdict, reason = combine((found,))
    return Outcome(
        verdict,
        (
            exact("sigma is 1-Lipschitz, and ||(W - W')X'||_F <= ||W - W'||_F ||X||_2"),
            compared(f"{found} of gradient descent"),
        ),
        float(left.lower.max()),
        float(left.upper.max()),
        found.margin,
        "entrywise Lipschitz bound",
        reason=reason,
        detail={
            "quantity": "distance of the features from their start",
            "network": network_text(train),
            "run": run_digest(left, train.trajectory.loss),
        },
    )


@control("feature-lipschitz")
def feature_control(inst: ImplicitInstance) -> Outcome:
    """The right side scaled to lie a relative 1e-9 below the left side."""
    left, right = _feature_sides(inst.training)
    found = verify_inequality("planted bound", left, scaled_below(left, right))
    return Outcome(found.verdict, (compared(str(found)),), reason=str(found))


def _allowed(train: ImplicitInstance) -> float:
    r"""The distance :math:`\kappa\sqrt{m\lambda_0}/\lVert X\rVert_2` of the hypothesis, rounded down."""
    with precision(BITS):
        kappa = arb(3).sqrt() / 2 - 1 / arb(2).sqrt()
        radius = kappa * (arb(train.plan.width) * arb(train.eigenvalue.lower)).sqrt()
        return -upper_float(-(radius / arb(operator_norm(train.inputs).upper)))


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


@check("feature-stability")
def feature_stability(inst: ImplicitInstance) -> Outcome:
    """Weyl's inequality with the exact constant; the network moved to the edge of the hypothesis."""
    name, difference = stability_constant()
    if difference != 0:
        return Outcome(Verdict.UNKNOWN, reason=f"the identity {name!r} was not verified: {difference} is left")
    train = inst.training
    half = Fraction(train.eigenvalue.upper) / 2
    least: dict[str, Enclosure] = {}
    evidence = [
        exact("sigma_min(Phi) >= sigma_min(Phi_0) - ||Phi - Phi_0||_F and (sqrt(3)/2 - kappa)^2 = 1/2, exactly")
    ]
    for where, moved in _perturbed(train).items():
        allowed = distance(moved.weights.W, train.network.weights.W)[1]
        if not allowed <= _allowed(train):
            raise PrecisionExhausted(
                "rounding moved the weights beyond the edge of the hypothesis: take a larger width."
            )
        gram = least_eigenvalue(feature_gram(moved), budget=replace(inst.budget, bits=64, max_bits=64), known_psd=True)
        least[where] = gram
        if gram.upper < float_below(Fraction(train.eigenvalue.lower) / 2):
            return Outcome(Verdict.REFUTED, (enclosed(f"W moved {where} by {allowed:.4g}", gram=as_ball(gram)),))
        evidence.append(enclosed(f"lambda_min(G) with W moved {where} by {allowed:.4g}", gram=as_ball(gram)))
    run = train.trajectory.gram
    bound = float_above(half)
    along = verify_inequality("lambda_0/2 <= lambda_min(G(k))", Bounds.exact([half] * run.length), run)
    figure = {
        "title": "The least eigenvalue of the feature Gram matrix along gradient descent",
        "x": {"label": "iteration", "values": [float(k) for k in range(run.length)]},
        "series": [
            {"label": "lambda_min(G(k))", "values": run.midpoints(), "role": "measured"},
            {"label": "lambda_0/2", "values": [bound] * run.length, "role": "bound"},
        ],
        "log": False,
    }
    smallest = min(least.values(), key=lambda e: e.lower)
    kept = Fraction(smallest.lower) >= half
    return Outcome(
        Verdict.PROVED if kept else Verdict.UNKNOWN,
        tuple(evidence),
        smallest.lower,
        smallest.upper,
        float_below(Fraction(smallest.lower) - half),
        "Weyl's inequality for singular values",
        "" if kept else "lambda_min(G) at the edge of the hypothesis is not proved to be at least lambda_0/2",
        detail={
            "quantity": "lambda_min(G) at the edge of the hypothesis",
            "network": network_text(train),
            "along the run": str(along),
            "figure": figure,
        },
    )


@control("feature-stability")
def stability_control(inst: ImplicitInstance) -> Outcome:
    """W moved against the least singular direction, and no loss of the least eigenvalue allowed."""
    train = inst.training
    moved = list(_perturbed(train).values())[-1]
    gram = least_eigenvalue(feature_gram(moved), budget=replace(inst.budget, bits=64, max_bits=64), known_psd=True)
    start = train.initial_gram
    verdict = (
        Verdict.PROVED
        if gram.lower >= start.upper
        else Verdict.REFUTED
        if gram.upper < start.lower
        else Verdict.UNKNOWN
    )
    item = enclosed("the least eigenvalues at the start and after the move", start=as_ball(start), moved=as_ball(gram))
    return Outcome(verdict, (item,), reason="planted bound")
