"""Features and their Gram matrices: Hermite bounds, stability, concentration, rates (A04, A10, A13 to A18)."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from flint import arb, arb_mat

from .....theory.verdict import Evidence
from ....balls.ball import Ball, enclose
from ....balls.enclosure import Enclosure, float_above, float_below
from ....balls.ends import nonnegative
from ....checks.trajectories import Bounds
from ....falsify.bound import Sides, bound
from ....falsify.domain import Domain, Finite, Instance, Outside, Real
from ....falsify.quotients import least_at_most
from ....sampling.operator_norm import operator_norm
from ..arc_cosine import HermiteBound, arc_cosine, hermite_bound
from ..checks.sampling import deviation_at
from ..checks.training import descent_relations, rate_relation
from ..convergence import half_rate, stability_constant, stability_radius
from ..training import OutputRun, Trajectory, feature_bound
from .networks import DIGITS, INPUT, MODULE, PAPER, length, over, rounded_up

TERMS = 24
"""Even orders that a Hermite bound sums one by one."""
LEAST_RATE = Fraction(1, 4)
"""What a step takes away, at the least: without a step every rate is met."""


# -- A04: Hermite bounds ----------------------------------------------------------------

POINTS = Domain((Real("x", ("n", "d")),), {"n": (2, 3, 4), "d": (2, 3)})


def _hermite(instance: Instance) -> tuple[HermiteBound, arb]:
    """The bounds for some inputs, and the least eigenvalue of their arc-cosine matrix from above."""
    rows = instance["x"].tolist()
    n = len(rows)
    exact = [[Fraction(x) for x in row] for row in rows]
    inner = [[sum((a * b for a, b in zip(x, y, strict=True)), Fraction(0)) for y in exact] for x in exact]
    if not all(inner[i][i] for i in range(n)):
        raise Outside("an input is zero")
    squares = [inner[i][j] ** 2 / (inner[i][i] * inner[j][j]) for i in range(n) for j in range(i)]
    if max(squares) == 1:
        raise Outside("two inputs are parallel")
    rho = enclose(max(squares)).sqrt()

    def cosine(i: int, j: int) -> arb:
        size = enclose(inner[i][i] * inner[j][j]).sqrt()
        return arb(1) if i == j else enclose(inner[i][j]) / size

    matrix = arb_mat([[arc_cosine(cosine(i, j)) for j in range(n)] for i in range(n)])
    ends = max(Ball(rho).lower, Fraction(0)), min(Ball(rho).upper, Fraction(1))
    return hermite_bound(n, ends, terms=TERMS), least_at_most(matrix)


@bound(
    f"{PAPER}.hermite-bound",
    "lemma.even-powers",
    text="sum_k mu_2k^2 (1 - (n-1) rho^2k)_+ <= lambda_min of the arc-cosine matrix",
    formula=f"{MODULE}/arc_cosine.py: hermite_bound",
    domain=POINTS,
    evaluations=800,
    digits=DIGITS,
)
def hermite_sum(instance: Instance) -> Sides:
    """All orders."""
    found, least = _hermite(instance)
    return arb(found.summed.lower), least


@bound(
    f"{PAPER}.hermite-bound/single",
    "lemma.even-powers",
    text="max_k mu_2k^2 (1 - (n-1) rho^2k) <= lambda_min of the arc-cosine matrix",
    formula=f"{MODULE}/arc_cosine.py: hermite_bound",
    domain=POINTS,
    evaluations=800,
    digits=DIGITS,
)
def hermite_single(instance: Instance) -> Sides:
    """The best order."""
    found, least = _hermite(instance)
    return arb(found.single.lower), least


@bound(
    f"{PAPER}.hermite-bound/simple",
    "lemma.even-powers",
    text="mu_2k^2/2 <= lambda_min of the arc-cosine matrix, (n-1) rho^2k <= 1/2",
    formula=f"{MODULE}/arc_cosine.py: hermite_bound",
    domain=POINTS,
    evaluations=800,
    digits=DIGITS,
)
def hermite_simple(instance: Instance) -> Sides:
    """The least order k with small discs."""
    found, least = _hermite(instance)
    if found.simple is None:
        raise Outside("no order has small discs")
    return arb(found.simple.lower), least


# -- A13, A14: stability ----------------------------------------------------------------


def _features(weights: arb_mat, inputs: arb_mat) -> arb_mat:
    """σ(WX')/√m, (m, n)."""
    raw, root = weights * inputs.transpose(), arb(weights.nrows()).sqrt()
    return arb_mat(raw.nrows(), raw.ncols(), [x.max(arb(0)) / root for x in raw.entries()])


SIZES = {"m": (1, 2, 3), "d": (1, 2), "n": (1, 2)}


@bound(
    f"{PAPER}.feature-lipschitz",
    "lemma.feature-stability",
    text="|Phi_W - Phi_V|_F <= |W - V|_F |X|/sqrt(m)",
    formula=f"{MODULE}/training.py: feature_bound",
    domain=Domain((INPUT, Real("V", ("m", "d"), -8.0, 8.0), Real("x", ("n", "d"))), SIZES),
    evaluations=800,
    digits=DIGITS,
)
def features_move(instance: Instance) -> Sides:
    """Two matrices of input weights."""
    W, V, X = (instance.matrix(name) for name in ("W", "V", "x"))
    above = rounded_up(length(W - V))
    allowed = feature_bound(Bounds.of(above, above), operator_norm(instance["x"]), instance.sizes["m"])
    return length(_features(W, X) - _features(V, X)), over(allowed)


@bound(
    f"{PAPER}.feature-stability",
    "lemma.feature-stability",
    text="lambda_0/2 <= lambda_min(G) after the largest move, where lambda_min(G(0)) = 3/4 lambda_0",
    formula=f"{MODULE}/convergence.py: kappa, stability_radius",
    domain=Domain((INPUT, Real("move", ("m", "d")), Real("x", ("n", "d"))), SIZES),
    evaluations=800,
    digits=DIGITS,
)
def stability(instance: Instance) -> Sides:
    """The least eigenvalue of one or two features in closed form; W moved as far as the hypothesis allows."""
    W, move, X = (instance.matrix(name) for name in ("W", "move", "x"))
    phi, far = _features(W, X), length(move)
    least = _least(phi.transpose() * phi) * 4 / 3
    if not (least > 0 and far > 0):
        raise Outside("the Gram matrix at the start is not proved definite, or nothing moves")
    radius = stability_radius(instance.sizes["m"], least, arb(operator_norm(instance["x"]).upper))
    moved = _features(W + move * (radius / far), X)
    return least / 2, least_at_most(moved.transpose() * moved)


def _least(gram: arb_mat) -> arb:
    """The least eigenvalue of a matrix of one or two rows: det/λ_max."""
    if gram.nrows() == 1:
        return gram[0, 0]
    half, off = (gram[0, 0] - gram[1, 1]) / 2, gram[0, 1]
    largest = (gram[0, 0] + gram[1, 1]) / 2 + nonnegative(half * half + off * off).sqrt()
    if not largest > 0:
        raise Outside("the features are zero")
    return gram.det() / largest


# -- A10: one unit and one input --------------------------------------------------------


@bound(
    f"{PAPER}.concentration",
    "lemma.feature-concentration",
    text="P(|relu(w)^2 - 1/2| >= t) <= 2 exp(-t^2/(2(4 + 2t))), p = the right side, p <= 1/2",
    formula=f"{MODULE}/checks/sampling.py: deviation_at",
    domain=Domain((Real("p", (), 2.0**-12, 0.5, logarithmic=True),)),
    evaluations=300,
    digits=DIGITS,
)
def tail(instance: Instance) -> Sides:
    """The probability of the deviation that the check allows, from the law of the square of a Gaussian."""
    t = arb(deviation_at(1, 1, float(instance["p"]))) * (1 + arb((1, -40)))  # its rounding is paid for
    above = ((arb(1) / 2 + t) / 2).sqrt().erfc() / 2
    below = 1 - ((arb(1) / 2 - t).max(arb(0)) / 2).sqrt().erfc() / 2 if t <= arb(1) / 2 else arb(0)
    return above + below, instance.ball("p")


# -- A16 to A18: constants and rates ----------------------------------------------------


@bound(
    f"{PAPER}.width-constant",
    "lemma.implicit-flow",
    text="64/kappa^2 <= 2535",
    formula=f"{MODULE}/convergence.py: stability_constant",
    domain=Domain((Finite("one", (1.0,)),)),
    evaluations=4,
)
def width_constant(instance: Instance) -> Sides:
    """Two numbers."""
    found = stability_constant()
    return enclose(found.left.lower[0]), enclose(found.right.upper[0])


@bound(
    f"{PAPER}.output-training",
    "lemma.output-training",
    text="|e(k)| <= (1 - eta lambda_min)^k |e(0)|, eta lambda_min >= 1/4, eta lambda_max <= 1",
    formula=f"{MODULE}/checks/training.py: rate_relation",
    domain=Domain(
        (
            Real("M", ("n",), 2.0**-4, 4.0, logarithmic=True),
            Real("e", ("n",)),
            Real("eta", (), 2.0**-4, 4.0, logarithmic=True),
        ),
        {"n": (1, 2, 3), "k": (1, 2, 3)},
    ),
    evaluations=600,
    digits=DIGITS,
)
def output_rate(instance: Instance) -> Sides:
    """The recursion in the eigenvectors of M."""
    eigenvalues, eta, k = instance.fractions("M"), instance.fraction("eta"), instance.sizes["k"]
    if eta * min(eigenvalues) < LEAST_RATE or eta * max(eigenvalues) > 1:
        raise Outside("the step is outside of its range")
    pairs = list(zip(instance.balls("e"), eigenvalues, strict=True))
    path = [length(arb_mat([[e * enclose((1 - eta * x) ** j)] for e, x in pairs])) for j in range(k + 1)]
    least = Enclosure(float(min(eigenvalues)), float(min(eigenvalues)), Evidence.EXACT, "given")
    run = OutputRun(Bounds.of_balls(path), float(eta), np.zeros(k + 1))
    return path[-1], enclose(rate_relation(run, least).right.upper[-1])


@bound(
    f"{PAPER}.gradient-descent",
    text="(1 - eta M)^2 L <= (1 - eta lambda_0/2) L on a quadratic loss, lambda_0/2 <= M, 1/4 <= eta M <= 1",
    formula=f"{MODULE}/convergence.py: half_rate; {MODULE}/checks/training.py: descent_relations",
    domain=Domain((Real("M", (), 2.0**-4, 4.0, logarithmic=True), Real("eta", (), 2.0**-6, 16.0, logarithmic=True))),
    evaluations=400,
    digits=DIGITS,
)
def descent_rate(instance: Instance) -> Sides:
    """One step of descent on the readout of the features alone, whose Gram matrix has kept half of λ_0 and no more."""
    M, eta = instance.fraction("M"), instance.fraction("eta")
    if not LEAST_RATE <= eta * M <= 1:
        raise Outside("the step is outside of its range")
    after, nothing = (1 - eta * M) ** 2, Bounds.exact([0.0, 0.0])
    loss = Bounds.of([1.0, float_below(after)], [1.0, float_above(after)])
    run = Trajectory(loss, *[nothing] * 7)
    falling = descent_relations(run, half_rate(float(eta), enclose(2 * M)))[1]
    return enclose(after), enclose(falling.right.upper[-1])
