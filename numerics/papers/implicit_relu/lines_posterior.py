"""Lines about gradient flow of an implicit ReLU network with the norms that it starts with."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from fractions import Fraction

import numpy as np
import sympy
from flint import arb, fmpq, fmpq_mat

from ....theory.verdict import Evidence
from ...balls.ball import enclose
from ...balls.budget import Budget
from ...balls.enclosure import Enclosure
from ...proof_lines.draws import squared
from ...proof_lines.relations import Equation, Instances, Relation, Sides, argument
from .convergence import SHARES, TARGETS, Norms, bootstrap, exit_conditions, norms
from .lines_training import at, made_start, norms_at
from .network import Network, Parameters
from .tangent import least_feature_eigenvalue

M, GAMMA, E0, X, S0, FEATURES, FROBENIUS, U0, V0, BETA, A0, TOP, T = sympy.symbols(
    "m gamma E_0 X s_0 Phi Phi_F u v beta a_0 a t", positive=True
)
MU = (1 - BETA) ** 2 * S0**2
LENGTH = E0 / MU
SPECTRAL, FULL = FEATURES + BETA * S0, FROBENIUS + BETA * S0
V, U = V0 + SPECTRAL * LENGTH, U0 + FULL * LENGTH / (1 - TOP)
SIDES = (
    (GAMMA**2 / M * U / (1 - TOP) * FULL / (1 - TOP) * LENGTH, TOP - A0),
    (X**2 / M * (U / (1 - TOP) + V) * LENGTH, BETA * S0),
)
"""Both sides of the hypotheses on A and W, as the lemma states them."""
ZERO = Enclosure(0.0, 0.0, Evidence.EXACT)
ROUNDED = arb(1, 2.0**-40)
"""Room for the roundings of float64."""


def _integral(factor: sympy.Expr) -> sympy.Expr:
    """The integral of a factor times the bound of the residual."""
    mu = sympy.Symbol("mu", positive=True)
    return factor * sympy.integrate(sympy.exp(-mu * T) * E0, (T, 0, sympy.oo)).subs(mu, MU)


@argument("posterior-residual", "what is left of the least singular value, and the integral")
def posterior_residual() -> tuple[Relation, ...]:
    return Equation((S0 - BETA * S0) ** 2, MU), Equation(_integral(sympy.Integer(1)), LENGTH)


@argument("posterior-outputs", "the integrals of the two bounds")
def posterior_outputs() -> tuple[Relation, ...]:
    return Equation(V0 + _integral(SPECTRAL), V), Equation(U0 + _integral(FULL / (1 - TOP)), U)


def _named(start: dict[str, Fraction]) -> dict[sympy.Symbol, Fraction]:
    """The symbols of the lemma at a start."""
    fields = {"m": M, "gamma": GAMMA, "residual": E0, "X": X, "least": S0, "u": U0, "v": V0}
    found = {symbol: start[name] for name, symbol in fields.items()}
    found |= {FEATURES: start["features"], FROBENIUS: start["features_frobenius"]}
    return found | {A0: start["gamma"] * start["A"] / math.isqrt(int(start["m"]))}


@argument("posterior-displacements", "the products of norms; both sides of both conditions at made starts")
def posterior_displacements() -> tuple[Relation, ...]:
    scale, root = GAMMA / sympy.sqrt(M), 1 / sympy.sqrt(M)
    adjoint, states = U / (1 - TOP), FULL / (1 - TOP)

    def compared(which: int, side: int) -> Instances:
        def draw(rng: random.Random) -> Sides:
            start, share = made_start(rng), rng.choice(SHARES)
            named = _named(start) | {BETA: share}
            named[TOP] = named[A0] + rng.choice(TARGETS) * (1 - named[A0])
            conditions = exit_conditions(
                norms_at(start), share, enclose(named[TOP]), at(MU, named), enclose(start["residual"])
            )
            relation = conditions[which]
            ends = (relation.left, relation.right)[side]
            low, high = (Fraction(end[0]) for end in (ends.lower, ends.upper))
            return enclose(low).union(enclose(high)), at(SIDES[which][side], named)

        return Instances(draw, 222 + 2 * which + side, equal=True)

    return (
        Equation(scale * (scale * adjoint * states * LENGTH), SIDES[0][0]),
        Equation(root * X * (root * (adjoint + V) * X * LENGTH), SIDES[1][0]),
        *(compared(which, side) for which in (0, 1) for side in (0, 1)),
    )


def _small(start: dict[str, Fraction]) -> Norms:
    """A start with a residual that the first pair of the grid allows."""
    return replace(norms_at(start), residual=arb(2) ** -40)


@argument(
    "posterior-choice", "at made starts with a small residual the first pair holds: the rate, and the contraction"
)
def posterior_choice() -> tuple[Relation, ...]:
    grid = {BETA: Fraction(1, 16), TOP: Fraction(1, 8)}

    def first(rng: random.Random) -> Sides:
        start, rate = made_start(rng), rng.random() < 0.5
        found, named = bootstrap(_small(start), ZERO), _named(start) | grid
        if rate:
            return arb(found.rate) * ROUNDED, at(2 * MU, named)
        return arb(found.contraction) * ROUNDED, at(A0 + TOP * (1 - A0), named)

    return (Instances(first, 226, equal=True),)


def _drawn(rng: random.Random) -> tuple[Network, fmpq_mat, fmpq_mat]:
    """Four units that are active at two inputs: the network, its features (4, 2), and the inputs as rows."""
    W, X = (fmpq_mat(n, 2, [fmpq(rng.randint(1, 8), 4) for _ in range(2 * n)]) for n in (4, 2))
    X = X * rng.choice((fmpq(1, 8), fmpq(4)))
    w, x = (np.array([float(Fraction(int(q.p), int(q.q))) for q in t.entries()]).reshape(-1, 2) for t in (W, X))
    network = Network(Parameters(np.eye(4), w, np.ones(4), np.ones(4)), Fraction(1, 64), x)
    return network, W * X.transpose() * fmpq(1, 2), X


def _norms(network: Network) -> Norms:
    return norms(network, (1.0, 1.0), least_feature_eigenvalue(network, Budget()))


@argument("posterior-start", "four units on two inputs: sums of squares, and the determinant of the Gram matrix")
def posterior_start() -> tuple[Relation, ...]:
    def inputs(rng: random.Random) -> Sides:
        network, _, X = _drawn(rng)
        return arb(_norms(network).n) * ROUNDED, arb(max(squared(X), fmpq(2)))

    def frobenius(rng: random.Random) -> Sides:
        network, features, _ = _drawn(rng)
        return _norms(network).features_frobenius ** 2 * ROUNDED, arb(squared(features))

    def determinant(rng: random.Random) -> Sides:
        network, features, _ = _drawn(rng)
        square = _norms(network).least ** 2
        return square * (squared(features) - square), arb((features.transpose() * features).det())

    return tuple(
        Instances(draw, seed, equal=True) for draw, seed in ((inputs, 227), (frobenius, 228), (determinant, 229))
    )
