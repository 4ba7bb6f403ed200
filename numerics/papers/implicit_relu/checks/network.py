"""One implicit ReLU network: equilibrium, resolvent, gradients, tangent kernel (A06 to A09)."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
from flint import arb
from numpy.typing import NDArray

from .....theory.verdict import Evidence, Verdict
from ....balls.enclosure import Enclosure, float_below
from ....balls.rounding import TINY, UNIT
from ....checks.evidence import SLIGHTLY, as_ball, compared, enclosed, exact
from ....checks.registry import Outcome, check, control
from ....checks.trajectories import Bounds, verify_inequality
from ....eigenvalues.eigenvalue import decide_at_least, least_eigenvalue
from ....expressions.enclosed_function import norm_up
from ....kernels.ballmatrix import BallMatrix
from ..gradients import gradient_differences
from ..instance import ImplicitInstance
from ..network import SLACK, column_norms
from ..sides import combine, over_gap, resolvent_norm, scaled_below

Floats = NDArray[np.float64]
PICARD_STEPS = 16
RESOLVENTS = 2
"""Inputs whose resolvent is inverted: the bound itself needs none."""
RESOLVED = 2.0**10
"""Picard iterates are compared while the bound is this many times the rounding of an iterate."""
BITS = 96


def _column_bounds(a: Floats, error: Floats) -> tuple[Floats, Floats]:
    least = np.sqrt(np.maximum((a * a).sum(axis=0) - a.shape[0] * TINY, 0.0)) * (1 - 2.0**-28)
    return np.maximum(least - error, 0.0), (column_norms(a) + error) * SLACK


def _equilibrium_sides(inst: ImplicitInstance) -> dict[str, tuple[Bounds, Bounds]]:
    """Both sides of the three inequalities of A06 on the trained inputs."""
    train = inst.training
    network, state, features = train.network, train.state, train.network.features
    phi = _column_bounds(features.phi, features.error)
    z = _column_bounds(state.z, state.error)
    # two inputs with the same floats have one state: both sides are 0, and there is nothing to enclose
    X = network.inputs
    pairs = [(i, j) for j in range(phi[0].size) for i in range(j) if not np.array_equal(X[i], X[j])]
    sides = {"|z| <= |phi|/(1 - a)": (Bounds.of(*z), over_gap(network, *phi))}
    if pairs:
        i, j = (np.array(x) for x in zip(*pairs, strict=True))
        close = _column_bounds(state.z[:, i] - state.z[:, j], state.error[i] + state.error[j])
        apart = _column_bounds(features.phi[:, i] - features.phi[:, j], features.error[i] + features.error[j])
        sides["|z_i - z_j| <= |phi_i - phi_j|/(1 - a)"] = Bounds.of(*close), over_gap(network, *apart)
    # the computed iterate is off the exact one by at most the rounding of one step over 1 - a
    low, high = network.contraction
    longest = column_norms(features.phi) / (1 - high) * SLACK
    drift = (network.rounding(longest) / (1 - high) + state.error) * SLACK
    first = over_gap(network, *phi)
    left, right = [], []
    for k, iterate in enumerate(network.picard(PICARD_STEPS)):
        power = (low**k * (1 - 2.0**-40), high**k * (1 + 2.0**-40))
        bound = float(first.lower.max()) * power[0], float(first.upper.max()) * power[1]
        if bound[0] < RESOLVED * float(drift.max()) and k:
            break  # the float64 iterates resolve nothing that small
        gap = _column_bounds(iterate - state.z, drift)
        left.append((float(gap[0].max()), float(gap[1].max())))
        right.append(bound)
    name = f"the largest |z^l - z| <= a^l max |phi|/(1 - a), l < {len(left)}"
    sides[name] = Bounds.of(*zip(*left, strict=True)), Bounds.of(*zip(*right, strict=True))
    return sides


@check("implicit-equilibrium")
def equilibrium(inst: ImplicitInstance) -> Outcome:
    """The contraction with a proved a < 1, and its three consequences on the equilibria of the network."""
    train = inst.training
    sides = _equilibrium_sides(inst)
    found = tuple(verify_inequality(name, *pair) for name, pair in sides.items())
    verdict, reason = combine(found)
    low, high = train.network.contraction
    evidence = (
        exact("sigma is 1-Lipschitz and sigma(0) = 0, so the map contracts by a < 1: Banach's fixed point theorem"),
        enclosed("a = gamma ||A||/sqrt(m) of this network", a=as_ball(Enclosure(low, high, Evidence.ENCLOSED))),
        compared("; ".join(map(str, found))),
    )
    left, right = list(sides.values())[-1]
    figure = {
        "title": "Picard iteration of one network",
        "x": {"label": "iteration", "values": [float(k) for k in range(left.length)]},
        "series": [
            {"label": "largest distance to the equilibrium", "values": left.midpoints(), "role": "measured"},
            {"label": "a^l |phi|/(1 - a)", "values": right.midpoints(), "role": "bound"},
        ],
        "log": True,
    }
    detail = {"quantity": "contraction a", "network": network_text(train), "figure": figure}
    return Outcome(
        verdict, evidence, low, high, float_below(1 - Fraction(high)), "contraction", reason=reason, detail=detail
    )


def network_text(train: ImplicitInstance) -> str:
    """The network that a statement was checked on, in one line."""
    plan = train.plan
    return (
        f"width {plan.width}, {train.data.n} inputs ({train.data.description}), gamma = {train.gamma}, "
        f"seed {train.budget.seed}"
    )


@control("implicit-equilibrium")
def equilibrium_control(inst: ImplicitInstance) -> Outcome:
    """The bound of |z| scaled to lie a relative 1e-9 below the largest |z| it is about."""
    left, right = next(iter(_equilibrium_sides(inst).values()))
    found = verify_inequality("planted bound", left, scaled_below(left, right))
    return Outcome(found.verdict, (compared(str(found)),), reason=str(found))


@check("implicit-resolvent")
def resolvent(inst: ImplicitInstance) -> Outcome:
    """Neumann's series; on the network, the resolvents at the sign patterns of two inputs, inverted and enclosed."""
    train = inst.training
    network, state = train.network, train.state
    lows, highs = [], []
    for i in range(min(RESOLVENTS, train.data.n)):
        matrix = network.scale * np.where(state.active[:, i][:, None], network.weights.A, 0.0)
        low, high = resolvent_norm(matrix)
        # the computed matrix is off by at most 5u|B|, so that its resolvent is off by a relative 2 ||R|| 5u ||B||_F
        share = min(16 * UNIT * high * norm_up(matrix), 1.0)
        lows.append(low * (1 - share))
        highs.append(high * (1 + share) if share < 2.0**-10 else math.inf)
    left = Bounds.of(lows, highs)
    ones = np.ones(left.length)
    found = verify_inequality("||(I - B)^-1|| <= 1/(1 - a)", left, over_gap(network, ones, ones))
    verdict, reason = combine((found,))
    low, high = float(left.lower.max()), float(left.upper.max())
    run = train.trajectory.contraction
    figure = {
        "title": "Well-posedness along gradient descent",
        "x": {"label": "iteration", "values": [float(k) for k in range(run.length)]},
        "series": [
            {"label": "gamma ||A||/sqrt(m)", "values": run.midpoints(), "role": "measured"},
            {"label": "limit of well-posedness", "values": [1.0] * run.length, "role": "limit"},
        ],
        "log": False,
    }
    return Outcome(
        verdict,
        (
            exact("||DA|| <= ||A|| for 0 <= D <= I, so that Neumann's series converges and sums to at most 1/(1 - a)"),
            enclosed(
                f"the resolvent norms at {left.length} sign patterns of this network",
                norm=as_ball(Enclosure(low, high, Evidence.ENCLOSED)),
            ),
        ),
        low,
        high,
        found.margin,
        "Neumann series",
        reason=reason,
        detail={"quantity": "resolvent norm", "network": network_text(train), "figure": figure},
    )


@control("implicit-resolvent")
def resolvent_control(inst: ImplicitInstance) -> Outcome:
    """γ̃A = I/4 and D = 2I, which is not below I: the bound 1/(1 − 1/4) is exceeded."""
    left = Bounds.of(*([x] for x in resolvent_norm(np.eye(8) * 0.5)))
    found = verify_inequality("planted bound", left, Bounds.exact([Fraction(4, 3)]))
    return Outcome(found.verdict, (enclosed("the norm for D = 2I", norm=arb(2)),), reason=str(found))


@check("implicit-gradients")
def gradients(inst: ImplicitInstance) -> Outcome:
    """Symbolic differentiation at m = d = 2, every sign pattern; sums over inputs are linear in them."""
    wrong = next(((name, x) for name, x in gradient_differences() if x != 0), None)
    if wrong is not None:
        return Outcome(Verdict.REFUTED, (exact(f"the derivative by {wrong[0]} differs", difference=str(wrong[1])),))
    count = len(gradient_differences())
    return Outcome(
        Verdict.PROVED,
        (exact(f"{count} derivatives on all 16 sign patterns at m = d = 2 agree with the formulas (symbolic)"),),
        method="symbolic differentiation",
    )


@control("implicit-gradients")
def gradients_control(inst: ImplicitInstance) -> Outcome:
    """The adjoint equation with A in place of its transpose."""
    wrong = next(((name, x) for name, x in gradient_differences(transposed=False) if x != 0), None)
    if wrong is None:
        return Outcome(Verdict.PROVED, (exact("the planted formula passed"),))
    return Outcome(Verdict.REFUTED, (exact(f"the derivative by {wrong[0]} differs"),))


@check("tangent-order")
def tangent_order(inst: ImplicitInstance) -> Outcome:
    """The three other parts are Gram matrices or Schur products of such; on the network, their sum is enclosed."""
    train = inst.training
    matrix = train.tangent.beyond_features
    # a repeated input repeats a row and a column: the matrix of the distinct ones is semidefinite together with it
    kept = np.sort(np.unique(train.inputs, axis=0, return_index=True)[1])
    distinct = BallMatrix(matrix.mid[np.ix_(kept, kept)], float(np.max(matrix.rad)))
    found = least_eigenvalue(distinct, budget=replace(inst.budget, bits=64, max_bits=64))
    evidence = (
        exact("Z'Z, (Q'Q) o (Z'Z) and (P'P) o (XX') are positive semidefinite (Schur product theorem)"),
        enclosed(
            f"the least eigenvalue of H - Phi'Phi of this network on {len(kept)} distinct inputs", value=as_ball(found)
        ),
    )
    verdict = Verdict.PROVED if found.lower >= 0 else Verdict.REFUTED if found.upper < 0 else Verdict.UNKNOWN
    largest = float(np.linalg.eigvalsh(train.tangent.total.mid)[-1])
    return Outcome(
        verdict,
        evidence,
        found.lower,
        found.upper,
        found.lower,
        "Schur product theorem; eigenvalue enclosed",
        "" if verdict is Verdict.PROVED else "the least eigenvalue of H - Phi'Phi is not proved to be at least 0",
        detail={
            "quantity": "least eigenvalue of H - Phi'Phi",
            "network": network_text(train),
            "least eigenvalue of Phi'Phi": train.initial_gram.lower,
            "largest eigenvalue of H, about": largest,
        },
    )


@control("tangent-order")
def tangent_control(inst: ImplicitInstance) -> Outcome:
    """H − Φ'Φ at least a multiple of the identity a relative 1e-6 above its least eigenvalue."""
    matrix = inst.training.tangent.beyond_features
    budget = replace(inst.budget, bits=64, max_bits=64)
    upper = Fraction(least_eigenvalue(matrix, budget=budget).upper)
    verdict, found = decide_at_least(matrix, upper * (1 + 1000 * SLIGHTLY) + Fraction(1, 2**1000), budget=budget)
    return Outcome(verdict, (enclosed("H - Phi'Phi", value=as_ball(found)),), reason="planted bound")
