"""The recipe end to end on the study's data, the count of frequencies by leverage, and the limit of depth."""

from __future__ import annotations

import math
from fractions import Fraction

from flint import arb

from .....theory.errors import DerivationGap, PrecisionExhausted
from .....theory.verdict import Verdict
from ....balls.ball import enclose
from ....balls.precision import precision
from ....checks.evidence import enclosed, ends, note
from ....checks.registry import Outcome, check, control
from ....checks.relation import Relation, Sense, judge, planted
from ....checks.trajectories import Bounds
from ..instance import ResNetInstance
from ..lazy_descent import FeatureConstants
from ..leverage import enough_mixed, enough_plain, whitened_failure
from ..limits import DepthLimit
from . import scope
from .convergence import decrease
from .evidence import cited, definite
from .trajectories import METHOD, below

TARGET = Fraction(1, 10**6)
FAILURE = Fraction(1, 200)
SHARE = Fraction(1, 2)
FAR = 32.0
"""The control takes this many times the step."""
REACH, REFINED = Fraction(1, 8), 16
"""κ₁R of the network on the line, and how much deeper the one is that stands for the limit."""


@check("resnet-lazy-descent", scope=scope.features_at_scale)
def lazy_descent(inst: ResNetInstance) -> Outcome:
    """The condition for this draw in balls; decrease, lower inequality, path and ball at each iterate of a run."""
    found = inst.lazy_descent
    run = found.run()
    with precision(inst.budget.bits):
        theorem = found.theorem
        mu, radius = theorem.mu, theorem.radius
        relations = [
            theorem.condition,
            Relation.of("eta <= 1/S", arb(found.step), theorem.step, condition=True),
            decrease(run.loss, found.step, mu),
            below("with mu of the ball", mu, run),
            Relation.of("length of the path < R", Bounds.of(*([end] for end in run.path)), radius, Sense.BELOW),
            Relation.of("|v| <= R", run.norm, radius),
        ]
        steps = theorem.steps(enclose(TARGET), arb(found.step))
        item = enclosed(
            f"the constants of these {len(found.field.frequencies)} features, in units in which beta is 1",
            threshold=theorem.threshold,
            step=theorem.step,
            mu=mu,
            radius=radius,
            steps=steps,
        )
    return judge(
        relations,
        cited("lemma.lazy-descent"),
        item,
        argued=True,
        value=steps,
        margin=min(relation.margin for relation in relations[2:]),
        method=METHOD,
        detail={
            "quantity": "steps to a loss of 1e-6",
            "beta": str(found.beta),
            "features": len(found.field.frequencies),
            "depth": inst.depth,
            "eigenvalue": [found.eigenvalue.lower, found.eigenvalue.upper],
        },
    )


@control("resnet-lazy-descent")
def step_far_beyond(inst: ResNetInstance) -> Outcome:
    """A run with the step 32/S: the loss must be seen to rise."""
    try:
        found = inst.lazy_descent
        run = found.run(FAR, 1)
    except (DerivationGap, PrecisionExhausted) as error:
        return Outcome(Verdict.UNKNOWN, reason=str(error))
    with precision(inst.budget.bits):
        return planted([decrease(run.loss, found.step, found.theorem.mu)])


def leverage_failure(inst: ResNetInstance, factor: Fraction = Fraction(1)) -> Relation:
    """The failure at the count, times a factor, is at most 1/200."""
    n = len(inst.chosen)
    count = math.ceil(factor * Fraction(ends(enough_mixed(n, enclose(FAILURE), enclose(SHARE)))[1]))
    failure = whitened_failure(arb(2 * n), n, enclose(SHARE), count)
    return Relation.of(f"the failure at {count} frequencies <= 1/200", failure, FAILURE, condition=True)


@check("resnet-leverage-features", scope=scope.training_inputs)
def leverage_features(inst: ResNetInstance) -> Outcome:
    """The failure at the count in balls, and beside it the count without leverage, from the enclosed eigenvalue."""
    n = len(inst.chosen)
    with precision(inst.budget.bits):
        failure, share = enclose(FAILURE), enclose(SHARE)
        mixed = enough_mixed(n, failure, share)
        plain = enough_plain(n, definite(inst.training_eigenvalues[0]), failure, share)
        item = enclosed(f"frequencies that keep the spectrum of {n} inputs", leverage=mixed, plain=plain)
        return judge(
            [leverage_failure(inst)],
            cited("lemma.leverage-features"),
            item,
            argued=True,
            value=mixed,
            method="matrix Chernoff bounds in balls",
            detail={"quantity": "frequencies by leverage", "points": n},
        )


@control("resnet-leverage-features")
def too_few_by_leverage(inst: ResNetInstance) -> Outcome:
    """Four fifths of the count fail more often than was asked for."""
    with precision(inst.budget.bits):
        return planted([leverage_failure(inst, Fraction(4, 5))])


def on_the_line(inst: ResNetInstance, depth: int, radius: arb) -> arb:
    """F_D of the control R(ψ + ∂ψ/κ₁)/√2 at the initial state 0, which has the norm R."""
    kappa, z = enclose(inst.kernel.kappa1_squared).sqrt(), arb(0)
    for _ in range(depth):
        field = inst.kernel.value(z * z) + kappa * z * inst.kernel.slope(z * z)
        z += radius * field / (arb(2).sqrt() * depth)
    return z


def depth_relation(inst: ResNetInstance, factor: Fraction = Fraction(1)) -> tuple[Relation, arb]:
    """|F_D − F_∞| of that network, by one that is 16 times as deep, below a multiple of C/D."""
    kappa = enclose(inst.kernel.kappa1_squared).sqrt()
    radius = enclose(REACH) / kappa
    one = FeatureConstants(arb(1), kappa, arb(0), arb(1), arb(1))
    near, far = (DepthLimit(one, radius, arb(1), arb(1), d).output for d in (inst.depth, REFINED * inst.depth))
    gap = abs(on_the_line(inst, inst.depth, radius) - on_the_line(inst, REFINED * inst.depth, radius))
    text = f"|F_D - F_inf| <= {'' if factor == 1 else f'{factor} '}C/D at D = {inst.depth}"
    return Relation.of(text, gap + arb(0, far.upper()), enclose(factor) * near), near


@check("resnet-depth-limit", scope=scope.line_network)
def depth_limit(inst: ResNetInstance) -> Outcome:
    """A network on the line that attains half of the bound in the limit, at two depths in balls."""
    with precision(inst.budget.bits):
        relation, constant = depth_relation(inst)
        return judge(
            [relation],
            cited("lemma.depth-limit"),
            note("the deeper network is within C/(16 D) of the limit by the lemma"),
            argued=True,
            value=constant,
            margin=relation.margin,
            method="two depths in balls",
            detail={"quantity": "C/D at kappa_1 R = 1/8", "depth": inst.depth},
        )


@control("resnet-depth-limit")
def quarter_of_the_constant(inst: ResNetInstance) -> Outcome:
    """A quarter of the constant is below what this network shows."""
    with precision(inst.budget.bits):
        return planted([depth_relation(inst, Fraction(1, 4))[0]])
