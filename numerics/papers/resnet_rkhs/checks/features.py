"""Random Fourier features of residual networks: counts, constants, the lazy regime (B14 to B19)."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
from flint import arb

from .....theory.errors import DerivationGap
from .....theory.verdict import Evidence, Verdict
from ....balls.ball import enclose
from ....balls.enclosure import Enclosure
from ....balls.precision import precision
from ....balls.rounding import UNIT, up
from ....checks.evidence import as_ball, enclosed, ends, figure, note
from ....checks.registry import Outcome, check, control
from ....checks.relation import Relation, Sense, judge, planted
from ....checks.scope import all_inputs
from ....checks.trajectories import Bounds
from ....eigenvalues.eigenvalue import least_eigenvalue
from ....kernels.ballmatrix import BallMatrix
from ....radial.distances import largest_squared_distance
from ....radial.gram import largest_eigenvalue, radial_gram
from ..features import (
    chernoff_failure,
    enough_at_one_configuration,
    enough_uniformly,
    feature_field,
    feature_gram,
    frequencies,
    spectral_constant,
    uniform_failure,
)
from ..fields import Array, FeatureField
from ..instance import ResNetInstance
from ..lazy import LazyRun
from ..variation import balls
from . import scope
from .evidence import CLOSE, cited, combination, definite, least, quotients, times
from .trajectories import METHOD, below

FAILURE = Fraction(1, 100)
"""Probability of failure for which features are counted."""
STEPS, TINY = (4, 7, 10), 60
"""How often the scale is halved for the steps at which slopes are compared, and for that of the control."""
MET = "the failure at the upper end of the count <= 0.01"


def covering_exponent(dimension: int, stated: int = 9) -> Relation:
    """The exponent of 2 in the optimised covering bound, 1 + (2 + 8q)/(q + 2): below 9 for every q > 0."""
    found = 1 + Fraction(2 + 8 * dimension, dimension + 2)
    return Relation.of(f"1 + (2 + 8q)/(q + 2) < {stated} for q = {dimension}", found, stated, Sense.BELOW)


def uniform_count(inst: ResNetInstance, diameter: arb) -> list[Relation]:
    """The count of frequencies fails with exactly the probability that it was asked for, for a number as λ."""
    n, q, eigenvalue = len(inst.lifted_points), inst.dimension, definite(inst.lifted_eigenvalue).mid()
    count = enough_uniformly(inst.kernel, q, n, diameter, eigenvalue, enclose(FAILURE))
    failure = uniform_failure(inst.kernel, q, diameter, eigenvalue / (2 * n), count)
    return [
        Relation.of("(1 - 1e-6)/100 <= the failure at the count", FAILURE * (1 - CLOSE), failure, condition=True),
        Relation.of("the failure at the count <= (1 + 1e-6)/100", failure, FAILURE * (1 + CLOSE), condition=True),
    ]


def chernoff_count(n: int, eigenvalue: arb) -> Relation:
    """Four fifths of the count of frequencies fail more often than was asked for: 8 is nearly 1/0.153."""
    few = enough_at_one_configuration(n, eigenvalue, enclose(FAILURE)) * 4 / 5
    return Relation.of(
        "0.01 <= the failure at 4/5 of the count", FAILURE, chernoff_failure(n, eigenvalue, few), condition=True
    )


@check("resnet-uniform-features", scope=scope.training_inputs)
def uniform_features(inst: ResNetInstance) -> Outcome:
    """The optimised constant exactly, and the number of frequencies it asks for on this data."""
    points, q = inst.lifted_points, inst.dimension
    n = len(points)
    with precision(inst.budget.bits):
        eigenvalue = definite(inst.lifted_eigenvalue)
        diameter = 2 * enclose(largest_squared_distance(points)).sqrt() + 1
        count = enough_uniformly(inst.kernel, q, n, diameter, eigenvalue, enclose(FAILURE))
        tolerance = (eigenvalue / (2 * n)).lower()
        failure = uniform_failure(inst.kernel, q, diameter, tolerance, math.ceil(ends(count)[1]))
        values = enclosed(
            f"frequencies that suffice with probability 0.99 for the true least eigenvalue of {n} inputs",
            count=count,
            diameter=diameter,
        )
    return replace(
        judge(
            [
                covering_exponent(q),
                Relation.of(MET, Bounds.of_balls([failure]), FAILURE, condition=True),
                *uniform_count(inst, diameter),
            ],
            values,
            lemma="lemma.uniform-features",
            value=count,
            method="covering, exact constant",
            detail={"quantity": "frequencies by the uniform bound", "points": n},
        ),
        margin=None,  # the relations are not about the quantity
    )


@control("resnet-uniform-features")
def textbook_constant(inst: ResNetInstance) -> Outcome:
    """The exponent 7 of the textbook argument in the place of 9: it is exceeded from dimension 6 on."""
    return planted([covering_exponent(max(inst.dimension, 6), 7)])


def sampled_matrix(inst: ResNetInstance, seed: int) -> BallMatrix:
    """One K_m at the sampled points, with its radius."""
    points = inst.lifted_points
    table = frequencies(inst.kernel, inst.integer("features"), points.shape[1], (inst.budget.seed, 31, seed))
    return feature_gram(feature_field(table, 1), points, np.zeros(len(points)))


def combined(a: BallMatrix, b: BallMatrix, sign: float, factor: float = 1.0) -> BallMatrix:
    """The matrix factor·(a + sign·b) with its radius; factor a power of two."""
    mid = factor * (a.mid + sign * b.mid)
    rad = factor * float(np.max(a.rad) + np.max(b.rad)) * (1 + 2.0**-40) + 4 * UNIT * float(np.abs(mid).max())
    return BallMatrix(mid, up(rad))


def perturbation(inst: ResNetInstance) -> tuple[Enclosure, Enclosure, Enclosure, Enclosure]:
    """For one draw of features: |K_m − K|, N times its largest entry, and the least eigenvalues of K_m and K."""
    if len(inst.lifted_points) == 1:  # K and K_m are the number 1
        zero, one = (Enclosure(x, x, Evidence.EXACT) for x in (0.0, 1.0))
        return zero, zero, one, one
    sampled = sampled_matrix(inst, 0)
    gap = combined(sampled, radial_gram(inst.kernel, inst.lifted_points), -1.0)
    high, low = largest_eigenvalue(gap), least_eigenvalue(gap)
    norm = Enclosure(max(high.lower, -low.upper, 0.0), max(high.upper, -low.lower), Evidence.ENCLOSED)
    entry, off = float(np.abs(gap.mid).max()), float(np.max(gap.rad))
    entries = Enclosure(max(entry - off, 0.0) * gap.n, up((entry + off) * gap.n * (1 + 4 * UNIT)), Evidence.ENCLOSED)
    return norm, entries, least_eigenvalue(sampled), inst.lifted_eigenvalue


@check("resnet-feature-perturbation", scope=scope.draw)
def feature_perturbation(inst: ResNetInstance) -> Outcome:
    """Both statements on one draw of features: norm against entries, and Weyl's inequality."""
    norm, entries, sampled, true = perturbation(inst)
    relations = [
        Relation.of("|K_m - K| <= N max|entry|", norm, entries),
        Relation.of("lambda(K) - |K_m - K| <= lambda(K_m)", combination((1, true), (-1, norm)), sampled),
    ]
    return judge(
        relations,
        cited("lemma.feature-perturbation"),
        value=norm,
        method="enclosed eigenvalues",
        detail={
            "quantity": "norm of K_m - K",
            "features": inst.integer("features"),
            "points": len(inst.lifted_points),
        },
    )


@control("resnet-feature-perturbation")
def smaller_norm(inst: ResNetInstance) -> Outcome:
    """The norm of the difference is not below its own lower end divided by 1 + 1e-6."""
    norm = perturbation(inst)[0]
    smaller = Fraction(norm.lower) / (1 + CLOSE)
    return planted([Relation.of("a norm below its lower end", norm, smaller, Sense.BELOW)])


def chernoff_exponent(stated: int) -> Relation:
    """The exponent (log 2 − 1)/2 of the Chernoff bound at one half."""
    return Relation.of(f"(log 2 - 1)/2 <= -1/{stated}", (arb(2).log() - 1) / 2, Fraction(-1, stated))


@check("resnet-feature-chernoff", scope=all_inputs)
def feature_chernoff(inst: ResNetInstance) -> Outcome:
    """The exponent (log 2 − 1)/2 <= −1/8 in balls, and the number of frequencies for the study's configuration."""
    n = inst.data.n
    with precision(inst.budget.bits):
        eigenvalue = definite(inst.eigenvalue)
        count = enough_at_one_configuration(n, eigenvalue, enclose(FAILURE))
        failure = chernoff_failure(n, eigenvalue.lower(), math.ceil(ends(count)[1]))
        relations = [
            chernoff_exponent(8),
            Relation.of(MET, Bounds.of_balls([failure]), FAILURE, condition=True),
            chernoff_count(n, eigenvalue.mid()),
        ]
        item = enclosed(f"frequencies that suffice for the true least eigenvalue of {n} inputs", count=count)
    return replace(
        judge(
            relations,
            item,
            lemma="lemma.matrix-chernoff",
            value=count,
            method="matrix Laplace transform; exponent in balls",
            detail={"quantity": "frequencies for one configuration", "points": n},
        ),
        margin=None,  # the relations are not about the quantity
    )


@control("resnet-feature-chernoff")
def larger_exponent(inst: ResNetInstance) -> Outcome:
    """The exponent of the bound at one half is not below −1/6."""
    with precision(inst.budget.bits):
        return planted([chernoff_exponent(6)])


def leading_direction(table: Array) -> Array:
    """A direction near the leading eigenvector of S, (q,), rounded to 20 bits: the same on every processor."""
    return np.round(np.linalg.eigh(table.T @ table / len(table))[1][:, -1] * 2.0**20) / 2.0**20


def squared_slopes(inst: ResNetInstance, halvings: int) -> tuple[arb, arb, arb, Enclosure]:
    """|ψ(z + te) − ψ(z)|²/t² along the leading direction e, t the scale halved so often; e'Se, t²M/12, and κ₁²."""
    table = frequencies(inst.kernel, inst.integer("features"), inst.dimension, (inst.budget.seed, 47))
    count = len(table)
    with precision(192):
        direction = balls(leading_direction(table))
        square, step = direction @ direction, enclose(inst.kernel.scale) * arb((1, -halvings))
        along = (balls(table) @ direction).tolist()
        total = sum((1 - (x * step).cos() for x in along), arb(0))
        second, fourth = (sum((x**k for x in along), arb(0)) / count / square for k in (2, 4))
        return 2 * total / count / square / step**2, second, fourth * step**2 / 12, spectral_constant(table)


@check("resnet-feature-admissibility", scope="one draw of frequencies")
def feature_admissibility(inst: ResNetInstance) -> Outcome:
    """κ₁² = λ_max(S) by its lemma; the squared slopes at three steps lie between their two proved ends."""
    found = [squared_slopes(inst, halvings) for halvings in STEPS]
    slopes, quotients_, rests, constants = (list(side) for side in zip(*found, strict=True))
    constant = constants[0]
    with precision(192):
        ends_ = [second - rest for second, rest in zip(quotients_, rests, strict=True)]
        below, above = (quotients_[0] * (1 + sign * arb(10) ** -9) for sign in (-1, 1))
    return judge(
        [
            Relation.of("the squared slope along e <= kappa_1^2", slopes, constant, place="step"),
            Relation.of("e'Se - t^2 M/12 <= the squared slope along e", ends_, slopes, place="step"),
            Relation.of("(1 - 1e-9) e'Se <= kappa_1^2", below, constant),
            Relation.of("kappa_1^2 <= (1 + 1e-9) e'Se", constant, above),
        ],
        lemma="lemma.feature-slope",
        value=constant,
        method="supremum by its lemma; squared slopes in balls",
        detail={
            "quantity": "kappa_1^2 of the features",
            "features": inst.integer("features"),
            "of_the_kernel": float(inst.kernel.kappa1_squared),
        },
    )


@control("resnet-feature-admissibility")
def reduced_features(inst: ResNetInstance) -> Outcome:
    """κ₁² reduced by 1e-6 is exceeded along the leading direction at a tiny step."""
    slope, _, _, constant = squared_slopes(inst, TINY)
    return planted([Relation.of("a smaller kappa_1^2", slope, Fraction(constant.upper) * (1 - CLOSE))])


def rate_inside(inst: ResNetInstance, found: LazyRun) -> Relation:
    """μ on the ball of radius R from the least singular value that is left there, by the formulas for any R."""
    n = len(inst.chosen)
    eigenvalue, kappa = as_ball(found.eigenvalue), as_ball(found.kappa1_squared).sqrt()
    reach = kappa * found.radius
    left = (eigenvalue.sqrt() - arb(n).sqrt() * reach) ** 2
    rate = 2 * (-2 * reach / (1 - reach / arb(inst.depth).sqrt())).exp() * left / n
    return Relation.of("mu is (2/N) exp(-2c) (sqrt(lambda') - sqrt(N) kappa_1 R)^2", found.mu, rate, Sense.EQUAL)


@check("resnet-lazy-regime", scope=scope.lazy)
def lazy_regime(inst: ResNetInstance) -> Outcome:
    """The condition (a hypothesis), and on the run, while it is in the ball: μ L <= |∇L|², and the eigenvalues."""
    found = inst.lazy
    run, mu = found.run, found.mu
    # the theorem is about the flow: a run whose step leaves the ball says nothing beyond its iterates inside
    inside = int(np.argmin([*(run.norm.upper <= ends(found.radius)[0]), False]))
    seen = replace(run, loss=run.loss.first(inside), gradient_squared=run.gradient_squared.first(inside))
    with precision(inst.budget.bits):
        relations = [rate_inside(inst, found), below("while |W| <= R", mu, seen)]
        item = enclosed(
            f"the condition 2 sqrt(L_0/mu) < R for these {found.features} features at the scale {found.kernel.scale}",
            path=found.path,
            radius=found.radius,
            mu=mu,
        )
    if inside == run.norm.length and isinstance(run.field, FeatureField):
        states = zip(run.last.states[: inst.depth], run.last.state_error, strict=False)
        layers = [as_ball(least_eigenvalue(feature_gram(run.field, points, doubt))) for points, doubt in states]
        quarter = Fraction(found.eigenvalue.upper) / 4
        text = "lambda'/4 <= the least eigenvalue in each layer"
        relations.append(Relation.of(text, quarter, Bounds.of_balls(layers), place="layer"))
    curves = figure(
        f"Random features in the lazy regime, {inst.subject}",
        ("loss", run.loss.midpoints(), "measured"),
        ("squared gradient", run.gradient_squared.midpoints(), "measured"),
        ("mu L", times(mu, run.loss).midpoints(), "bound"),
        log=True,
    )
    return judge(
        relations,
        *map(cited, ("lemma.lazy-radius", "lemma.flow-existence")),
        item,
        argued=True,
        value=mu,
        method=METHOD,
        detail={
            "quantity": "mu",
            "features": found.features,
            "scale": str(found.kernel.scale),
            "lift": str(found.alpha),
            "eigenvalue": [found.eigenvalue.lower, found.eigenvalue.upper],
            "kappa1_squared": [found.kappa1_squared.lower, found.kappa1_squared.upper],
            "least_ratio": least(quotients(run))[0],
            "iterates_in_the_ball": inside,
            "figure": curves,
        },
    )


@control("resnet-lazy-regime")
def too_few_features(inst: ResNetInstance) -> Outcome:
    """Fewer than N/2 frequencies: K_m has rank at most 2m < N, λ' = 0 and no loss is small enough."""
    n = len(inst.chosen)
    few = (n - 1) // 2
    if few < 1:
        return Outcome(Verdict.UNKNOWN, reason="two points: one frequency spans them")
    try:
        found = inst.lazy_run(few, 1)
    except DerivationGap as gap:
        return Outcome(Verdict.REFUTED, (note(f"{2 * few} features have rank below {n}: {gap}"),))
    return planted([found.condition])


def mean_of_two(inst: ResNetInstance, eigenvalue: Callable[[BallMatrix], Enclosure]) -> tuple[Relation, Enclosure]:
    """Concavity of an extreme eigenvalue at the mean of two draws, and its value there."""
    one, two = sampled_matrix(inst, 1), sampled_matrix(inst, 2)
    mean, half = eigenvalue(combined(one, two, 1.0, 0.5)), Fraction(1, 2)
    left = combination((half, eigenvalue(one)), (half, eigenvalue(two)))
    return Relation.of("(lambda(K_1) + lambda(K_2))/2 <= lambda((K_1 + K_2)/2)", left, mean), mean


@check("resnet-feature-bias", scope=scope.draw)
def feature_bias(inst: ResNetInstance) -> Outcome:
    """Concavity: λ_min is a minimum of linear functions; seen on the mean of two draws."""
    if len(inst.lifted_points) == 1:
        mean = Enclosure(1.0, 1.0, Evidence.EXACT)
        relation = Relation.of("for one input both matrices are the number 1", 1, mean)
    else:
        relation, mean = mean_of_two(inst, least_eigenvalue)
    return judge(
        [relation],
        value=mean,
        lemma="lemma.feature-bias",
        method="enclosed eigenvalues",
        detail={"quantity": "least eigenvalue of the mean of two draws"},
    )


@control("resnet-feature-bias")
def convex_eigenvalue(inst: ResNetInstance) -> Outcome:
    """The same inequality for the largest eigenvalue, which is convex."""
    return planted([mean_of_two(inst, largest_eigenvalue)[0]])
