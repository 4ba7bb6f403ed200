"""One implicit ReLU network: equilibrium, resolvent, gradients, tangent kernel (A06 to A09)."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np

from ....balls.rounding import TINY, UNIT
from ....checks.evidence import SLIGHTLY, figure, note
from ....checks.registry import Outcome, check, control
from ....checks.relation import Relation, Sense, judge, planted
from ....checks.trajectories import Bounds
from ....eigenvalues.eigenvalue import decide_at_least, least_eigenvalue
from ....expressions.enclosed_function import norm_up
from ....kernels.ballmatrix import BallMatrix
from ..gradients import gradient_differences
from ..instance import ImplicitInstance
from ..network import SLACK, Floats, column_norms, resolvent_norm
from . import scope

PICARD_STEPS = 16
RESOLVENTS = 2
"""Inputs whose resolvent is inverted: the bound itself needs none."""
RESOLVED = 2.0**10
"""Picard iterates are compared while the bound is this many times the rounding of an iterate."""


def _column_bounds(a: Floats, error: Floats) -> tuple[Floats, Floats]:
    least = np.sqrt(np.maximum((a * a).sum(axis=0) - a.shape[0] * TINY, 0.0)) * (1 - 2.0**-28)
    return np.maximum(least - error, 0.0), (column_norms(a) + error) * SLACK


def _size_relations(train: ImplicitInstance, sign: int = -1) -> list[Relation]:
    """The bounds of |z| and of |z_i - z_j| on the trained inputs; ``sign`` 1 plants 1 + a in place of 1 − a."""
    network, state, features = train.network, train.state, train.network.features
    size = network.over_gap(*_column_bounds(features.phi, features.error), sign)
    z = Bounds.of(*_column_bounds(state.z, state.error))
    found = [Relation.of("|z| <= |phi|/(1 - a)", z, size, place="input")]
    # two inputs with the same floats have one state: both sides are 0, and there is nothing to enclose
    X = network.inputs
    pairs = [(i, j) for j in range(len(X)) for i in range(j) if not np.array_equal(X[i], X[j])]
    if pairs:
        i, j = np.array(pairs).T
        close = _column_bounds(state.z[:, i] - state.z[:, j], state.error[i] + state.error[j])
        apart = _column_bounds(features.phi[:, i] - features.phi[:, j], features.error[i] + features.error[j])
        name = "|z_i - z_j| <= |phi_i - phi_j|/(1 - a)"
        found.append(Relation.of(name, Bounds.of(*close), network.over_gap(*apart, sign), place="pair"))
    return found


def _picard(train: ImplicitInstance) -> tuple[Bounds, Bounds]:
    """The largest distance of each Picard iterate from the equilibria, and its bound, while float64 resolves them."""
    network, state, features = train.network, train.state, train.network.features
    high = network.contraction[1]
    start = network.over_gap(*_column_bounds(features.phi, features.error))
    # the computed iterate is off the exact one by at most the rounding of one step over 1 - a
    longest = column_norms(features.phi) / (1 - high) * SLACK
    drift = (network.rounding(longest) / (1 - high) + state.error) * SLACK
    gaps = [_column_bounds(iterate - state.z, drift) for iterate in network.picard(PICARD_STEPS)]
    steps = np.arange(len(gaps), dtype=np.float64)
    left = Bounds.of([low.max() for low, _ in gaps], [high.max() for _, high in gaps])
    right = network.picard_bound(start, steps)
    lost = right.lower[1:] < RESOLVED * drift.max()
    count = 1 + (int(np.argmax(lost)) if lost.any() else lost.size)
    return left.first(count), right.first(count)


@check("implicit-equilibrium", scope=scope.network)
def equilibrium(inst: ImplicitInstance) -> Outcome:
    """The contraction with a proved a < 1, and its three consequences on the equilibria of the network."""
    train = inst.training
    posed = train.network.posed
    left, right = _picard(train)
    shown = figure(
        "Picard iteration of one network",
        ("largest distance to the equilibrium", left.midpoints(), "measured"),
        ("a^l |phi|/(1 - a)", right.midpoints(), "bound"),
        x_label="iteration",
        log=True,
    )
    return judge(
        [
            posed,
            *_size_relations(train),
            Relation.of("the largest |z^l - z| <= a^l max |phi|/(1 - a)", left, right, place="Picard iterate"),
        ],
        lemma="lemma.implicit-equilibrium",
        value=train.network.contraction,
        margin=posed.margin,
        method="contraction",
        detail={"quantity": "contraction a", "network": train.network_text, "figure": shown},
    )


@control("implicit-equilibrium")
def equilibrium_control(inst: ImplicitInstance) -> Outcome:
    """The bound of |z| with 1 + a in place of 1 − a: it lies below |z| always."""
    return planted(_size_relations(inst.training, 1)[:1])


@check("implicit-resolvent", scope=scope.network)
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
    ones = np.ones(len(lows))
    bound = network.over_gap(ones, ones)
    run = train.trajectory.contraction
    shown = figure(
        "Well-posedness along gradient descent",
        ("gamma ||A||/sqrt(m)", run.midpoints(), "measured"),
        ("limit of well-posedness", [1.0] * run.length, "limit"),
        x_label="iteration",
    )
    return judge(
        [Relation.of("||(I - B)^-1|| <= 1/(1 - a)", Bounds.of(lows, highs), bound, place="sign pattern")],
        lemma="lemma.implicit-resolvent",
        value=(max(lows), max(highs)),
        method="Neumann series",
        detail={"quantity": "resolvent norm", "network": train.network_text, "figure": shown},
    )


@control("implicit-resolvent")
def resolvent_control(inst: ImplicitInstance) -> Outcome:
    """γ̃A = I/4 and D = 2I, which is not below I: the bound 1/(1 − 1/4) is exceeded."""
    low, high = resolvent_norm(np.eye(8) * 0.5)
    return planted([Relation.of("||(I - 2I/4)^-1|| <= 1/(1 - 1/4)", Bounds.of([low], [high]), Fraction(4, 3))])


def _gradient_relation(*, transposed: bool = True) -> Relation:
    """How many of the symbolic derivatives at m = d = 2, on all 16 pairs of sign patterns, the formulas miss."""
    found = gradient_differences(transposed=transposed)
    wrong = [name for name, difference in found if difference != 0]
    text = f"of {len(found)} derivatives the formulas miss none" + (f", not {wrong[0]}" if wrong else "")
    return Relation.of(text, len(wrong), 0, Sense.EQUAL)


@check("implicit-gradients", scope="two units and two coordinates, every sign pattern")
def gradients(inst: ImplicitInstance) -> Outcome:
    """Symbolic differentiation at m = d = 2, every sign pattern; sums over inputs are linear in them."""
    return judge([_gradient_relation()], lemma="lemma.relu-gradients", method="symbolic differentiation")


@control("implicit-gradients")
def gradients_control(inst: ImplicitInstance) -> Outcome:
    """The adjoint equation with A in place of its transpose."""
    return planted([_gradient_relation(transposed=False)])


@check("tangent-order", scope=scope.network)
def tangent_order(inst: ImplicitInstance) -> Outcome:
    """The three other parts are Gram matrices or Schur products of such; on the network, their sum is enclosed."""
    train = inst.training
    matrix = train.tangent.beyond_features
    # a repeated input repeats a row and a column: the matrix of the distinct ones is semidefinite together with it
    kept = np.sort(np.unique(train.inputs, axis=0, return_index=True)[1])
    distinct = BallMatrix(matrix.mid[np.ix_(kept, kept)], float(np.max(matrix.rad)))
    found = least_eigenvalue(distinct, budget=replace(inst.budget, bits=64, max_bits=64))
    return judge(
        [Relation.of(f"0 <= lambda_min(H - Phi'Phi) on {len(kept)} distinct inputs", 0, found, condition=True)],
        note("Z'Z, (Q'Q) o (Z'Z) and (P'P) o (XX') are Gram matrices and Schur products of such"),
        lemma="lemma.relu-gradients",
        value=found,
        method="Schur product theorem; eigenvalue enclosed",
        detail={
            "quantity": "least eigenvalue of H - Phi'Phi",
            "network": train.network_text,
            "least eigenvalue of Phi'Phi": train.initial_gram.lower,
            "largest eigenvalue of H, about": float(np.linalg.eigvalsh(train.tangent.total.mid)[-1]),
        },
    )


@control("tangent-order")
def tangent_control(inst: ImplicitInstance) -> Outcome:
    """H − Φ'Φ at least a multiple of the identity a relative 1e-6 above its least eigenvalue."""
    matrix = inst.training.tangent.beyond_features
    budget = replace(inst.budget, bits=64, max_bits=64)
    bound = Fraction(least_eigenvalue(matrix, budget=budget).upper) * (1 + 1000 * SLIGHTLY) + Fraction(1, 2**1000)
    _, found = decide_at_least(matrix, bound, budget=budget)
    return planted([Relation.of("the planted bound <= lambda_min(H - Phi'Phi)", bound, found)])
