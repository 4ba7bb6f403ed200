"""Random Fourier features of residual networks: counts, constants, the lazy regime (B14 to B19)."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from flint import arb
from numpy.typing import NDArray

from .....theory.errors import DerivationGap
from .....theory.verdict import Verdict
from ....balls.ball import enclose, excludes
from ....balls.enclosure import Enclosure, float_above, float_below
from ....balls.ends import between
from ....balls.precision import precision
from ....balls.rounding import UNIT, up
from ....checks.evidence import enclosed, exact
from ....checks.registry import Outcome, check, control
from ....checks.trajectories import Bounds, verify_inequality
from ....eigenvalues.eigenvalue import least_eigenvalue
from ....kernels.ballmatrix import BallMatrix
from ....radial.bounds import outward
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
from ..instance import ResNetInstance
from ..lazy import LazyRun, lazy_run
from ..symbolic import covering_exponent
from .trajectories import concluded, ratio, times

Array = NDArray[np.float64]

FAILURE = Fraction(1, 100)
"""Probability of failure for which features are counted."""
PLANTED = 1e-6
TEXTBOOK = 7
"""The exponent of 2 that the textbook argument would give in this normalisation."""
SHARE = Fraction(1, 4)


@check("resnet-uniform-features")
def uniform_features(inst: ResNetInstance) -> Outcome:
    """The optimised constant symbolically, and the number of frequencies it asks for on this data."""
    exponent = covering_exponent()
    if not bool(exponent < 0):
        return Outcome(Verdict.REFUTED, (exact("the exponent of 2 is not below 9", minus_nine=str(exponent)),))
    true = inst.sampled_eigenvalue()
    if not true.lower > 0:
        return Outcome(Verdict.UNKNOWN, reason="the least eigenvalue is not proved positive in float64")
    points = inst.sampled_points()
    with precision(inst.budget.bits):
        diameter = 2 * enclose(largest_squared_distance(points)).sqrt() + 1
        eigenvalue = between(arb(true.lower), arb(true.upper))
        count = enough_uniformly(inst.kernel, inst.dimension, len(points), diameter, eigenvalue, enclose(FAILURE))
        lower, upper = outward(count)
        tolerance = eigenvalue / (2 * len(points))
        failure = uniform_failure(inst.kernel, inst.dimension, diameter, tolerance.lower(), math.ceil(upper))
        enough = bool(failure <= enclose(FAILURE))
        item = enclosed(
            f"frequencies that suffice with probability 0.99 for the true least eigenvalue of {len(points)} inputs;"
            " above the upper end the bound of the failure is at most 0.01",
            count=count,
            diameter=diameter,
        )
    text = "exponent of 2 minus 9, after optimising the covering; Hoeffding on [-1, 1], Markov with 4 sigma^2"
    return Outcome(
        Verdict.PROVED if enough else Verdict.UNKNOWN,
        (exact(text, minus_nine=str(exponent)), item),
        lower,
        upper,
        None,
        "covering, symbolic constant",
        "" if enough else "the bound of the failure is not proved to be met at the computed number of frequencies",
        detail={"quantity": "frequencies by the uniform bound", "points": len(points)},
    )


def largest_squared_distance(points: Array) -> Fraction:
    """The largest squared distance of two rows, exactly; 0 for a single one.

    >>> largest_squared_distance(np.array([[0.0, 0.0], [3.0, 4.0], [0.5, 0.0]]))
    Fraction(25, 1)
    """
    rows = [[Fraction(x) for x in row] for row in points.tolist()]
    pairs = ((x, y) for x in rows for y in rows)
    squares = (sum(((a - b) ** 2 for a, b in zip(x, y, strict=True)), Fraction(0)) for x, y in pairs)
    return max(squares, default=Fraction(0))


@control("resnet-uniform-features")
def textbook_constant(inst: ResNetInstance) -> Outcome:
    """The exponent of 2 in the optimised bound exceeds 7 in this dimension."""
    exponent = covering_exponent()
    value = 9 + exponent.subs(dict.fromkeys(exponent.free_symbols, inst.dimension))
    item = exact("the exponent of 2 that the proof gives in this dimension", exponent=str(value))
    return Outcome(Verdict.REFUTED if bool(value > TEXTBOOK) else Verdict.UNKNOWN, (item,), reason="low dimension")


def sampled_matrices(inst: ResNetInstance, seed: int = 0) -> tuple[BallMatrix, BallMatrix]:
    """K and one K_m at the sampled points, both with their radii."""
    points = inst.sampled_points()
    table = frequencies(inst.kernel, inst.integer("features"), points.shape[1], (inst.budget.seed, 31, seed))
    field = feature_field(table, 1)
    return radial_gram(inst.kernel, points), feature_gram(field, points, np.zeros(len(points)))


def difference(a: BallMatrix, b: BallMatrix, sign: float = -1.0, factor: float = 1.0) -> BallMatrix:
    """The matrix factor·(a + sign·b) with its radius; factor a power of two."""
    mid = factor * (a.mid + sign * b.mid)
    rad = factor * float(np.max(a.rad) + np.max(b.rad)) * (1 + 2.0**-40) + 4 * UNIT * float(np.abs(mid).max())
    return BallMatrix(mid, up(rad))


def _sum(a: float, b: float, side: int) -> float:
    exact_sum = Fraction(a) + Fraction(b)
    return float_below(exact_sum) if side < 0 else float_above(exact_sum)


def norm(matrix: BallMatrix) -> tuple[float, float]:
    """Bounds of the spectral norm."""
    high = largest_eigenvalue(matrix)
    low = least_eigenvalue(matrix)
    return max(high.lower, -low.upper, 0.0), max(high.upper, -low.lower)


@check("resnet-feature-perturbation")
def feature_perturbation(inst: ResNetInstance) -> Outcome:
    """Both statements on one draw of features: norm against entries, and Weyl's inequality."""
    if len(inst.sampled_points()) == 1:
        one, nothing = Bounds.exact([1]), Bounds.exact([0])  # K and K_m are the number 1, their difference is 0
        single = [
            verify_inequality("|K_m - K| <= max|entry| for one input", nothing, nothing),
            verify_inequality("lambda(K) - |K_m - K| <= lambda(K_m) for one input", one, one),
        ]
        return concluded(single, (), (0.0, 0.0), "norm of K_m - K", features=inst.integer("features"), points=1)
    exact_kernel, features = sampled_matrices(inst)
    gap = difference(features, exact_kernel)
    low, high = norm(gap)
    n = gap.n
    entry = float(np.abs(gap.mid).max())
    entries = (max(entry - float(np.max(gap.rad)), 0.0) * n, up((entry + float(np.max(gap.rad))) * n * (1 + 4 * UNIT)))
    true, sampled = inst.sampled_eigenvalue(), least_eigenvalue(features)
    items = [
        verify_inequality("|K_m - K| <= N max|entry|", Bounds.of([low], [high]), Bounds.of([entries[0]], [entries[1]])),
        verify_inequality(
            "lambda(K) - |K_m - K| <= lambda(K_m)",
            Bounds.of([_sum(true.lower, -high, -1)], [_sum(true.upper, -low, 1)]),
            Bounds.of([sampled.lower], [sampled.upper]),
        ),
    ]
    text = exact(
        "row sums bound the norm of a symmetric matrix; Weyl's inequality; with max <= lambda/2N one half is left"
    )
    return concluded(items, (text,), (low, high), "norm of K_m - K", features=inst.integer("features"), points=n)


@control("resnet-feature-perturbation")
def smaller_norm(inst: ResNetInstance) -> Outcome:
    """The norm of the difference is not below its own lower end divided by 1 + 1e-6."""
    exact_kernel, features = sampled_matrices(inst)
    low, high = norm(difference(features, exact_kernel))
    planted = low / (1 + PLANTED)
    item = verify_inequality("planted", Bounds.of([low], [high]), Bounds.of([planted], [planted]))
    return concluded([item], (), (0.0, np.inf), "planted")


@check("resnet-feature-chernoff")
def feature_chernoff(inst: ResNetInstance) -> Outcome:
    """The exponent (log 2 − 1)/2 <= −1/8 in balls, and the number of frequencies for the study's configuration."""
    true = inst.eigenvalue
    if not true.lower > 0:
        return Outcome(Verdict.UNKNOWN, reason="the least eigenvalue is not proved positive: raise max_bits")
    with precision(inst.budget.bits):
        exponent = (arb(2).log() - 1) / 2
        eigenvalue = between(arb(true.lower), arb(true.upper))
        count = enough_at_one_configuration(inst.data.n, eigenvalue, enclose(FAILURE))
        lower, upper = outward(count)
        sharp = chernoff_failure(inst.data.n, arb(true.lower), math.ceil(upper))
        holds = bool(exponent <= -arb(1) / 8) and bool(sharp <= enclose(FAILURE))
        item = enclosed(
            "the exponent of the Chernoff bound at one half; frequencies that suffice for the true least eigenvalue of"
            f" {inst.data.n} inputs",
            exponent=exponent,
            count=count,
        )
    text = exact("Golden-Thompson: E tr exp(-theta S) <= N (1 - (1 - exp(-theta L)) lambda/(mL))^m; theta = log(2)/L")
    return Outcome(
        Verdict.PROVED if holds else Verdict.UNKNOWN,
        (text, item),
        lower,
        upper,
        None,
        "matrix Laplace transform; exponent in balls",
        "" if holds else "the exponent is not proved",
        detail={"quantity": "frequencies for one configuration", "points": inst.data.n},
    )


@control("resnet-feature-chernoff")
def larger_exponent(inst: ResNetInstance) -> Outcome:
    """The exponent of the bound at one half is not below −1/6."""
    with precision(inst.budget.bits):
        exponent = (arb(2).log() - 1) / 2
        item = enclosed("the exponent", exponent=exponent)
        proved, refuted = bool(exponent <= -arb(1) / 6), bool(exponent > -arb(1) / 6)
    verdict = Verdict.PROVED if proved else Verdict.REFUTED if refuted else Verdict.UNKNOWN
    return Outcome(verdict, (item,), reason="the exponent is not told apart from -1/6")


def _moved(inst: ResNetInstance) -> tuple[arb, Enclosure]:
    """|ψ(z) − ψ(z')|²/|z − z'|² along the leading direction at a tiny distance, and the enclosure of κ₁²."""
    table = frequencies(inst.kernel, inst.integer("features"), inst.dimension, (inst.budget.seed, 47))
    constant = spectral_constant(table)
    second = table.T @ table / len(table)
    direction = np.linalg.eigh(second)[1][:, -1]
    with precision(192):
        step = enclose(inst.kernel.scale) * arb((1, -60))
        size = sum((arb(x) ** 2 for x in direction.tolist()), arb(0)) * step**2
        total = arb(0)
        for row in table.tolist():
            angle = sum((arb(a) * arb(b) for a, b in zip(row, direction.tolist(), strict=True)), arb(0)) * step
            total += 1 - angle.cos()
        return 2 * total / len(table) / size, constant


@check("resnet-feature-admissibility")
def feature_admissibility(inst: ResNetInstance) -> Outcome:
    """The identity |ψ(z) − ψ(z')|² = (2/m) Σ (1 − cos) exactly; its ratio along the leading direction in balls."""
    moved, constant = _moved(inst)
    low, high = outward(moved)
    with precision(inst.budget.bits):
        smaller = enclose(1 - Fraction(1, 10**6))
    item = verify_inequality(
        "(1 - 1e-6) times the squared slope of the features along the leading direction <= kappa_1^2",
        times([smaller], Bounds.of([low], [high])),
        Bounds.of([constant.lower], [constant.upper]),
    )
    near = verify_inequality(
        "kappa_1^2 (1 - 1e-6) <= the same",
        times([smaller], Bounds.of([constant.lower], [constant.upper])),
        Bounds.of([low], [high]),
    )
    text = exact("1 - cos x <= x^2/2 bounds the ratio by h' S h, S the second moment; equality in the limit h -> 0")
    detail = {"features": inst.integer("features"), "of_the_kernel": float(inst.kernel.kappa1_squared)}
    return concluded([item, near], (text,), (constant.lower, constant.upper), "kappa_1^2 of the features", **detail)


@control("resnet-feature-admissibility")
def reduced_features(inst: ResNetInstance) -> Outcome:
    """κ₁² reduced by 1e-6 is exceeded along the leading direction."""
    moved, constant = _moved(inst)
    low, high = outward(moved)
    planted = constant.upper * (1 - PLANTED)
    item = verify_inequality("planted", Bounds.of([low], [high]), Bounds.of([planted], [planted]))
    return concluded([item], (), (0.0, np.inf), "planted")


def _rate_inside(inst: ResNetInstance, found: LazyRun) -> arb:
    """μ on the ball of radius R from the least singular value that is left there, by the formulas for any R."""
    n = len(inst.chosen)
    least = between(arb(found.eigenvalue.lower), arb(found.eigenvalue.upper))
    kappa = between(arb(found.kappa1_squared.lower), arb(found.kappa1_squared.upper)).sqrt()
    reach = kappa * found.radius
    left = (least.sqrt() - arb(n).sqrt() * reach) ** 2
    return 2 * (-2 * reach / (1 - reach / arb(inst.depth).sqrt())).exp() * left / n


@check("resnet-lazy-regime")
def lazy_regime(inst: ResNetInstance) -> Outcome:
    """The condition (a hypothesis), and on the run, while it is in the ball: μ L <= |∇L|², and the eigenvalues."""
    found = inst.lazy
    run = found.run
    with precision(inst.budget.bits):
        ball = Bounds.of_balls([found.radius] * run.norm.length)
        lower, upper = outward(found.mu)
        item = enclosed(
            f"the condition 2 sqrt(L_0/mu) < R for these {found.features} features at the scale {found.kernel.scale}",
            path=found.path,
            radius=found.radius,
            mu=found.mu,
        )
        again = _rate_inside(inst, found)
        kept = enclosed("mu from R: (2/N) exp(-2c) (sqrt(lambda') - sqrt(N) kappa_1 R)^2", mu=again)
        if excludes(again, found.mu):
            return Outcome(Verdict.REFUTED, (item, kept))
    # the theorem is about the flow: a run whose step leaves the ball says nothing beyond its iterates inside
    inside = int(np.argmin([*(run.norm.upper <= ball.lower), False]))
    loss, gradient = run.loss.first(inside), run.gradient_squared.first(inside)
    items = [verify_inequality("mu L <= |grad L|^2 while |W| <= R", times([found.mu] * inside, loss), gradient)]
    if inside == run.norm.length:
        quarter = float_above(SHARE * Fraction(found.eigenvalue.upper))
        layers = [
            least_eigenvalue(feature_gram(run.field, run.last.states[layer], run.last.state_error[layer]))  # type: ignore[arg-type]  # features by construction
            for layer in range(inst.depth)
        ]
        eigenvalues = Bounds.of([e.lower for e in layers], [e.upper for e in layers])
        least = Bounds.of([quarter] * len(layers), [quarter] * len(layers))
        items.append(verify_inequality("lambda'/4 <= the least eigenvalue in each layer", least, eigenvalues))
    figure = {
        "title": f"Random features in the lazy regime, {inst.subject}",
        "x": {"label": "step", "values": [float(k) for k in range(run.loss.length)]},
        "series": [
            {"label": "loss", "values": run.loss.midpoints(), "role": "measured"},
            {"label": "squared gradient", "values": run.gradient_squared.midpoints(), "role": "measured"},
            {"label": "mu L", "values": [lower * x for x in run.loss.midpoints()], "role": "bound"},
        ],
        "log": True,
    }
    text = exact(
        "Weyl's inequality for singular values, and |Psi - Psi_0| <= sqrt(N) kappa_0 kappa_1 R in Frobenius norm"
    )
    return concluded(
        items,
        (text, item, kept),
        (lower, upper),
        "mu",
        features=found.features,
        scale=str(found.kernel.scale),
        lift=str(found.alpha),
        eigenvalue=[found.eigenvalue.lower, found.eigenvalue.upper],
        kappa1_squared=[found.kappa1_squared.lower, found.kappa1_squared.upper],
        least_ratio=ratio(run)[0],
        iterates_in_the_ball=inside,
        figure=figure,
    )


@control("resnet-lazy-regime")
def too_few_features(inst: ResNetInstance) -> Outcome:
    """Fewer than N/2 frequencies: K_m has rank at most 2m < N, λ' = 0 and no loss is small enough."""
    n = len(inst.chosen)
    few = (n - 1) // 2
    if few < 1:
        return Outcome(Verdict.UNKNOWN, reason="two points: one frequency spans them")
    try:
        found = lazy_run(
            inst.kernel,
            inst.points[inst.chosen],
            inst.targets[inst.chosen],
            inst.separation.squared if inst.separation is not None else Fraction(1),
            inst.loss,
            depth=inst.depth,
            features=few,
            eta=inst.eta,
            iterations=1,
            seed=inst.budget.seed,
        )
    except DerivationGap as gap:
        return Outcome(Verdict.REFUTED, (exact(f"{2 * few} features have rank below {n}: {gap}"),))
    verdict = Verdict.PROVED if found.holds else Verdict.UNKNOWN
    return Outcome(verdict, (exact("too few features passed"),), reason="the planted condition was not refused")


@check("resnet-feature-bias")
def feature_bias(inst: ResNetInstance) -> Outcome:
    """Concavity: λ_min is a minimum of linear functions; seen on the mean of two draws."""
    _, one = sampled_matrices(inst, 1)
    _, two = sampled_matrices(inst, 2)
    mean = least_eigenvalue(difference(one, two, 1.0, 0.5))
    a, b = least_eigenvalue(one), least_eigenvalue(two)
    left = Bounds.of([_sum(a.lower, b.lower, -1) / 2], [_sum(a.upper, b.upper, 1) / 2])
    item = verify_inequality(
        "(lambda(K_1) + lambda(K_2))/2 <= lambda((K_1 + K_2)/2)", left, Bounds.of([mean.lower], [mean.upper])
    )
    texts = (
        exact("E cos(omega (z - z')) = k(z, z') by Bochner's theorem, entry by entry"),
        exact("lambda_min(K) = min_x x'Kx over unit vectors is concave; Jensen's inequality"),
    )
    if len(inst.sampled_points()) == 1:
        return Outcome(Verdict.PROVED, texts, 1.0, 1.0, 0.0)
    return concluded([item], texts, (mean.lower, mean.upper), "least eigenvalue of the mean of two draws")


@control("resnet-feature-bias")
def convex_eigenvalue(inst: ResNetInstance) -> Outcome:
    """The same inequality for the largest eigenvalue, which is convex."""
    _, one = sampled_matrices(inst, 1)
    _, two = sampled_matrices(inst, 2)
    mean = largest_eigenvalue(difference(one, two, 1.0, 0.5))
    a, b = largest_eigenvalue(one), largest_eigenvalue(two)
    left = Bounds.of([(a.lower + b.lower) / 2 * (1 - 2 * UNIT)], [(a.upper + b.upper) / 2 * (1 + 2 * UNIT)])
    item = verify_inequality("planted", left, Bounds.of([mean.lower], [mean.upper]))
    return concluded([item], (exact("the largest eigenvalue is convex"),), (mean.lower, mean.upper), "planted")
