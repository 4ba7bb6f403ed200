"""The kernels of residual networks: constants, the proved least eigenvalue, and bounds by separation (B06 to B08)."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import partial

from flint import arb

from .....theory.errors import DerivationGap
from .....theory.verdict import Evidence
from ....balls.ball import Ball, enclose
from ....balls.enclosure import Enclosure, float_below
from ....balls.ends import outward
from ....balls.precision import precision
from ....balls.printed import interval_text, text_above
from ....certificates.certificate import EvidenceItem
from ....checks.evidence import SLIGHTLY, as_ball, enclosed
from ....checks.registry import Outcome, check, control
from ....checks.relation import Relation, Sense, judge, planted
from ....checks.scope import all_inputs
from ....eigenvalues.eigenvalue import decide_at_least, least_eigenvalue
from ....eigenvalues.nullspace import NullVector, by_theorem
from ....kernels.ballmatrix import BallMatrix
from ....radial.bounds import gershgorin, log10_of, wendland
from ....radial.gram import radial_gram
from ....radial.kernel import RadialKernel, matern_coefficients
from ..dot_product import DotProductInstance
from ..instance import ResNetInstance
from ..recipe import quiet_distance
from ..witness import kernel_matrix_proof
from . import scope
from .evidence import cited

COARSE = 20
"""The control of Gershgorin's bound makes the scale this many times as large."""


def taylor_constants(kernel: RadialKernel) -> tuple[Fraction, Fraction | None]:
    """κ₁² = −k''(0) and κ₂² = k''''(0) from the Taylor series of k at 0; κ₂² is None when r³ occurs in it.

    >>> from ....radial.kernel import radial_kernel
    >>> taylor_constants(radial_kernel("matern-3/2", 2))
    (Fraction(3, 4), None)
    """
    if kernel.order is None:
        series = [Fraction(1), Fraction(0), Fraction(-1), Fraction(0), Fraction(1, 2)]  # exp(-t^2), t^2 = rate r^2
    else:
        polynomial = [*matern_coefficients(kernel.order), *[Fraction(0)] * 4]
        exponential = [Fraction((-1) ** j, math.factorial(j)) for j in range(5)]  # of -t, t^2 = rate r^2
        series = [sum((polynomial[j] * exponential[n - j] for j in range(n + 1)), Fraction(0)) for n in range(5)]
    if series[:2] != [1, 0]:
        raise ArithmeticError(f"{kernel.name} is not 1 - k_2 r^2 + ... at 0")
    return -2 * series[2] * kernel.rate, None if series[3] else 24 * series[4] * kernel.rate**2


@check("resnet-admissibility", scope=scope.KERNEL)
def admissibility(inst: ResNetInstance) -> Outcome:
    """The Taylor series of k at 0, computed exactly, against the formulas in ν and the scale."""
    said1, said2 = inst.kernel.kappa1_squared, inst.kernel.kappa2_squared
    kappa1, kappa2 = taylor_constants(inst.kernel)
    left, right = (Fraction(0) if square is None else 1 / square for square in (kappa2, said2))
    with precision(inst.budget.bits):
        value = enclose(said1)
    return judge(
        [
            Relation.of("kappa_1^2 by the Taylor series of k at 0", kappa1, said1, Sense.EQUAL),
            Relation.of("1/kappa_2^2, likewise", left, right, Sense.EQUAL),
        ],
        cited("lemma.kernel-constants"),
        value=value,
        method="Taylor series of the kernel at 0",
        detail={"quantity": "kappa_1^2", "kappa_2^2": "oo" if kappa2 is None else str(kappa2)},
    )


@control("resnet-admissibility")
def reduced_constant(inst: ResNetInstance) -> Outcome:
    """At a distance of 1e-12 scales the features already move by more than the reduced constant allows."""
    kernel = inst.kernel
    with precision(max(inst.budget.bits, 128) + 64):
        squared = enclose(kernel.scale**2 * Fraction(1, 10**24))
        allowed = enclose(kernel.kappa1_squared * (1 - SLIGHTLY)) * squared
        moved = 2 * (1 - kernel.value(squared))
        return planted([Relation.of("the squared distance of two features with a smaller kappa_1", moved, allowed)])


@check("resnet-least-eigenvalue", scope=all_inputs)
def kernel_eigenvalue(inst: ResNetInstance | DotProductInstance) -> Outcome:
    """λ_min(K) > 0 from the proved lower end, or its refutation by a repeated point."""
    singular, found = inst.null_vector, inst.eigenvalue
    detail: dict[str, object] = {"quantity": "least eigenvalue"}
    if singular is None:
        detail |= {
            "relative_width": found.relative_width,
            "scale": str(inst.parameters["scale"]),
            "radius": inst.gram.radius_norm(),
            "steps": list(found.steps),
        }
        reason = f"the least eigenvalue is enclosed in {interval_text(found.lower, found.upper, 3)}: raise max_bits"
    else:
        entries = singular.entries if isinstance(singular, NullVector) else ()
        detail["null_vector"] = {str(i): str(x) for i, x in enumerate(entries) if x}
        reason = f"the least eigenvalue is exactly 0: {singular.reason}"
    return judge(
        [Relation.of("0 < lambda_min(K)", 0, found, Sense.BELOW)],
        _evidence(found),
        value=found,
        theorem=by_theorem(singular),
        method=found.method,
        reason=reason,
        detail=detail,
        prover=partial(kernel_matrix_proof, inst, found) if singular is not None or found.lower > 0 else None,
    )


def _evidence(found: Enclosure) -> EvidenceItem:
    return EvidenceItem(found.evidence, found.method, {"lower": repr(found.lower), "upper": repr(found.upper)})


@control("resnet-least-eigenvalue")
def lifted_eigenvalue(inst: ResNetInstance | DotProductInstance) -> Outcome:
    """A bound a relative 1e-9 above the proved upper end."""
    upper = Fraction(inst.eigenvalue.upper)
    return _decided(inst.gram, upper + abs(upper) * SLIGHTLY + Fraction(1, 2**1000), inst)


def _decided(matrix: BallMatrix, bound: Fraction, inst: ResNetInstance | DotProductInstance) -> Outcome:
    """What the eigenvalue ladder says of a planted lower bound."""
    verdict, found = decide_at_least(matrix, bound, budget=inst.budget, known_psd=True)
    reason = f"a planted bound: the least eigenvalue is at most {text_above(found.upper, 3)}"
    return Outcome(verdict, (_evidence(found),), found.lower, found.upper, method=found.method, reason=reason)


def _lifted(inst: ResNetInstance) -> arb:
    """αδ for all points of the study, at the working precision; raises :class:`DerivationGap` for a single one."""
    if inst.full_separation is None:
        raise DerivationGap("one point has no separation.")
    return enclose(inst.alpha**2 * inst.full_separation.squared).sqrt()


def at_most_eigenvalue(name: str, bound: arb, truth: Enclosure) -> Relation:
    """A bound, whatever its exponent, against the proved least eigenvalue."""
    lower, upper = outward(bound)
    return Relation.of(f"{name} <= lambda_min(K)", Enclosure(lower, upper, Evidence.ENCLOSED), truth)


def _wendland(inst: ResNetInstance) -> arb:
    return wendland(inst.kernel, int(inst.points.shape[1]), _lifted(inst))


@check("resnet-wendland", scope=all_inputs)
def wendland_bound(inst: ResNetInstance) -> Outcome:
    """Wendland's bound at the exact separation of all points, in balls of any exponent, below the proved eigenvalue."""
    with precision(inst.budget.bits):
        bound = _wendland(inst)
        item = enclosed("Wendland's bound at the exact separation", bound=bound, separation=_lifted(inst))
    return judge(
        [at_most_eigenvalue("Wendland's bound", bound, inst.eigenvalue)],
        item,
        cited("lemma.wendland"),
        value=outward(bound),
        method="Wendland's bound: ball arithmetic",
        detail={"quantity": "Wendland's bound", "log10": log10_of(bound), "dimension": int(inst.points.shape[1])},
    )


@control("resnet-wendland")
def wendland_control(inst: ResNetInstance) -> Outcome:
    """The least eigenvalue a relative 1e-9 below the bound."""
    with precision(inst.budget.bits):
        return planted([at_most_eigenvalue("Wendland's bound", _wendland(inst), inst.eigenvalue).moved()])


def quiet_kernel(inst: ResNetInstance, factor: int = 1) -> RadialKernel:
    """The kernel with the largest scale on a fine grid for which k(αδ) <= 1/(2(N − 1)), times ``factor``."""
    with precision(128):
        ratio = _lifted(inst) / quiet_distance(inst.kernel.with_scale(1), inst.data.n)
        scale = Fraction(float_below(Ball(ratio).lower)) * Fraction(2**20 - 1, 2**20)
    return inst.kernel.with_scale(scale * factor)


@check("resnet-gershgorin", scope=all_inputs)
def gershgorin_bound(inst: ResNetInstance) -> Outcome:
    """The bound at the study's scale, and one half at the scale where the separation is just large enough."""
    n, truth = inst.data.n, inst.eigenvalue
    with precision(inst.budget.bits):
        bound = gershgorin(inst.kernel, n, _lifted(inst))
    if n == 2:
        attained = Relation.of("1 - k(delta) is the least eigenvalue of two points", bound, as_ball(truth), Sense.EQUAL)
        return judge(
            [attained],
            cited("lemma.kernel-gershgorin"),
            value=truth,
            argued=True,
            margin=0.0,
            method="two points",
        )
    kernel = quiet_kernel(inst)
    matrix = radial_gram(kernel.rescaled(1 / inst.alpha), inst.points)
    quiet = least_eigenvalue(matrix, budget=inst.budget, known_psd=True)
    at_scale, one_half = f"at the scale {float(kernel.scale):.6g}", Fraction(1, 2)
    with precision(inst.budget.bits):
        half = gershgorin(kernel, n, _lifted(inst))
    at_study = at_most_eigenvalue("Gershgorin's bound", bound, truth)
    return judge(
        [
            at_study,
            Relation.of(f"1/2 <= Gershgorin's bound {at_scale}", one_half, half),
            Relation.of(f"1/2 <= the least eigenvalue {at_scale}", one_half, quiet),
        ],
        cited("lemma.kernel-gershgorin"),
        value=outward(bound),
        margin=at_study.margin,
        method="Gershgorin's bound: ball arithmetic",
        detail={"quantity": "Gershgorin's bound", "scale_for_one_half": float_below(kernel.scale)},
    )


@control("resnet-gershgorin")
def too_coarse(inst: ResNetInstance) -> Outcome:
    """With 20 times the scale the points are too near for one half."""
    matrix = radial_gram(quiet_kernel(inst, COARSE).rescaled(1 / inst.alpha), inst.points)
    return _decided(matrix, Fraction(1, 2), inst)
