"""The kernels of residual networks: constants, the proved least eigenvalue, and bounds by separation (B06 to B08)."""

from __future__ import annotations

from fractions import Fraction

import sympy
from flint import arb

from .....theory.verdict import Evidence, Verdict
from ....balls.ball import Ball, enclose, excludes
from ....balls.enclosure import Enclosure, float_above, float_below
from ....balls.precision import precision
from ....certificates.certificate import EvidenceItem
from ....checks.evidence import SLIGHTLY, as_ball, compare, enclosed, exact
from ....checks.registry import Outcome, check, control
from ....eigenvalues.eigenvalue import decide_at_least, least_eigenvalue
from ....eigenvalues.nullspace import NullVector
from ....radial.bounds import gershgorin, log10_of, outward, wendland
from ....radial.distances import Separation
from ....radial.gram import radial_gram
from ....radial.kernel import RadialKernel
from ..dot_product import DotProductInstance
from ..instance import ResNetInstance
from ..recipe import quiet_distance
from ..symbolic import taylor_constants

COARSE = 20
"""The control of Gershgorin's bound makes the scale this many times as large."""


def ball_enclosure(x: arb, method: str) -> Enclosure:
    """A ball as an enclosure in float64, rounded outwards (a number below the range becomes [0, tiny])."""
    lower, upper = outward(x)
    return Enclosure(lower, upper, Evidence.ENCLOSED, method)


@check("resnet-admissibility")
def admissibility(inst: ResNetInstance) -> Outcome:
    """The Taylor series of k at 0, computed symbolically, against the formulas in ν and the scale."""
    kernel = inst.kernel
    kappa1, kappa2 = taylor_constants(kernel)
    said1 = _rational(kernel.kappa1_squared)
    said2 = sympy.oo if kernel.kappa2_squared is None else _rational(kernel.kappa2_squared)
    evidence = exact(
        "the Taylor series of k at 0 has the coefficients -kappa_1^2/2 of r^2 and kappa_2^2/24 of r^4",
        kappa1_squared=str(kappa1),
        kappa2_squared=str(kappa2),
    )
    same = kappa1 == said1 and kappa2 == said2
    with precision(inst.budget.bits):
        lower, upper = outward(enclose(kernel.kappa1_squared))
    return Outcome(
        Verdict.PROVED if same else Verdict.REFUTED,
        (evidence,),
        lower,
        upper,
        method="Taylor series of the kernel at 0",
        detail={"quantity": "kappa_1^2", "kappa_2^2": str(kappa2)},
    )


def _rational(q: Fraction) -> sympy.Expr:
    return sympy.Rational(q.numerator, q.denominator)


@control("resnet-admissibility")
def reduced_constant(inst: ResNetInstance) -> Outcome:
    """At a distance of 1e-12 scales the features already move by more than the reduced constant allows."""
    kernel, bits = inst.kernel, max(inst.budget.bits, 128) + 64
    with precision(bits):
        squared = enclose(kernel.scale**2 * Fraction(1, 10**24))
        moved = 2 * (1 - kernel.value(squared))
        allowed = enclose(kernel.kappa1_squared * (1 - SLIGHTLY)) * squared
        item = enclosed("the squared distance of two features, and what the planted constant allows", moved=moved)
        if moved > allowed:
            return Outcome(Verdict.REFUTED, (item,))
        verdict = Verdict.PROVED if moved <= allowed else Verdict.UNKNOWN
    return Outcome(verdict, (item,), reason="the planted constant is not told apart from the true one")


@check("resnet-least-eigenvalue")
def kernel_eigenvalue(inst: ResNetInstance | DotProductInstance) -> Outcome:
    """λ_min(K) > 0 from the proved lower end, or its refutation by a repeated point."""
    singular = inst.null_vector
    if singular is not None:
        entries = singular.entries if isinstance(singular, NullVector) else ()
        support = {str(i): str(x) for i, x in enumerate(entries) if x}
        reason = f"the least eigenvalue is exactly 0: {singular.reason}"
        return Outcome(
            Verdict.REFUTED,
            (exact(f"K is positive semidefinite and singular: {singular.reason}"),),
            0.0,
            0.0,
            0.0,
            "exact null vector",
            reason,
            detail={"quantity": "least eigenvalue", "null_vector": support},
        )
    found = inst.eigenvalue
    detail = {
        "quantity": "least eigenvalue",
        "relative_width": found.relative_width,
        "scale": str(inst.parameters["scale"]),
        "radius": inst.gram.radius_norm(),
        "steps": list(found.steps),
    }
    if found.lower > 0:
        return Outcome(
            Verdict.PROVED, (_evidence(found),), found.lower, found.upper, found.lower, found.method, detail=detail
        )
    reason = f"the least eigenvalue is enclosed in [{found.lower:.3g}, {found.upper:.3g}]: raise max_bits"
    return Outcome(Verdict.UNKNOWN, (_evidence(found),), found.lower, found.upper, reason=reason, detail=detail)


def _evidence(found: Enclosure) -> EvidenceItem:
    return EvidenceItem(found.evidence, found.method, {"lower": repr(found.lower), "upper": repr(found.upper)})


@control("resnet-least-eigenvalue")
def lifted_eigenvalue(inst: ResNetInstance | DotProductInstance) -> Outcome:
    """A bound a relative 1e-9 above the proved upper end."""
    upper = Fraction(inst.eigenvalue.upper)
    bound = upper + abs(upper) * SLIGHTLY + Fraction(1, 2**1000)
    verdict, found = decide_at_least(inst.gram, bound, budget=inst.budget, known_psd=True)
    return Outcome(verdict, (_evidence(found),), found.lower, found.upper, method=found.method, reason="planted bound")


def _single() -> Outcome:
    return Outcome(Verdict.NOT_APPLICABLE, reason="a single point has no separation: the bound is about two or more")


def _lifted(inst: ResNetInstance, found: Separation) -> arb:
    """αδ for all points of the study, at the working precision."""
    return enclose(inst.alpha**2 * found.squared).sqrt()


def _wendland(inst: ResNetInstance, found: Separation) -> arb:
    return wendland(inst.kernel, int(inst.points.shape[1]), _lifted(inst, found))


@check("resnet-wendland")
def wendland_bound(inst: ResNetInstance) -> Outcome:
    """Wendland's bound at the exact separation of all points, in balls of any exponent, below the proved eigenvalue."""
    found = inst.full_separation
    if found is None:
        return _single()
    with precision(inst.budget.bits):
        bound = _wendland(inst, found)
        log = log10_of(bound)
        item = enclosed("Wendland's bound at the exact separation", bound=bound, separation=_lifted(inst, found))
    outcome = compare(ball_enclosure(bound, "ball arithmetic"), inst.eigenvalue, "Wendland's bound")
    return Outcome(
        outcome.verdict,
        (item, *outcome.evidence),
        outcome.lower,
        outcome.upper,
        outcome.margin,
        outcome.method,
        outcome.reason,
        detail={"quantity": "Wendland's bound", "log10": log, "dimension": int(inst.points.shape[1])},
    )


def scaled_past(bound: arb, truth: Enclosure, name: str) -> Outcome:
    """The bound multiplied so that it lies a relative 1e-9 above the eigenvalue."""
    with precision(128):
        factor = enclose(Fraction(truth.upper) * (1 + SLIGHTLY)) / bound
        return compare(ball_enclosure(bound * factor, "planted"), truth, name)


@control("resnet-wendland")
def wendland_control(inst: ResNetInstance) -> Outcome:
    """The bound scaled past the eigenvalue."""
    found = inst.full_separation
    if found is None:
        return Outcome(Verdict.UNKNOWN, reason="one point: the bound is not above 1")
    with precision(inst.budget.bits):
        bound = _wendland(inst, found)
    return scaled_past(bound, inst.eigenvalue, "Wendland's bound")


def quiet_kernel(inst: ResNetInstance, factor: int = 1) -> RadialKernel:
    """The kernel with the largest scale on a fine grid for which k(αδ) <= 1/(2(N − 1)), times ``factor``."""
    found = inst.full_separation
    assert found is not None  # the callers deal with a single point
    with precision(128):
        ratio = _lifted(inst, found) / quiet_distance(inst.kernel.with_scale(1), inst.data.n)
        scale = Fraction(float_below(Ball(ratio).lower)) * Fraction(2**20 - 1, 2**20)
    return inst.kernel.with_scale(scale * factor)


@check("resnet-gershgorin")
def gershgorin_bound(inst: ResNetInstance) -> Outcome:
    """The bound at the study's scale, and one half at the scale where the separation is just large enough."""
    found = inst.full_separation
    if found is None:
        return _single()
    if inst.data.n == 2:
        e = inst.eigenvalue
        with precision(inst.budget.bits):
            bound = gershgorin(inst.kernel, 2, _lifted(inst, found))
            item = enclosed("1 - k(delta), and the least eigenvalue: one number", bound=bound, eigenvalue=as_ball(e))
            if excludes(bound, as_ball(e)):
                return Outcome(Verdict.REFUTED, (item,))
        text = exact("for two points the eigenvalues of K are 1 - k(delta) and 1 + k(delta): the bound is attained")
        return Outcome(Verdict.PROVED, (text, item), e.lower, e.upper, 0.0, "two points")
    kernel = quiet_kernel(inst)
    with precision(inst.budget.bits):
        bound = gershgorin(inst.kernel, inst.data.n, _lifted(inst, found))
        half = gershgorin(kernel, inst.data.n, _lifted(inst, found))
    at_study = compare(ball_enclosure(bound, "ball arithmetic"), inst.eigenvalue, "Gershgorin's bound")
    quiet = least_eigenvalue(
        radial_gram(kernel.rescaled(1 / inst.alpha), inst.points), budget=inst.budget, known_psd=True
    )
    enough = bool(half >= arb(1) / 2) and quiet.lower >= 0.5
    verdict = at_study.verdict if at_study.verdict is not Verdict.PROVED or enough else Verdict.UNKNOWN
    item = enclosed(
        f"at the scale {float(kernel.scale):.6g} the bound and the eigenvalue are at least one half",
        bound=half,
        eigenvalue=as_ball(quiet),
    )
    return Outcome(
        verdict,
        (*at_study.evidence, item),
        at_study.lower,
        at_study.upper,
        at_study.margin,
        at_study.method,
        at_study.reason or ("" if enough else "one half is not reached at the computed scale"),
        detail={"quantity": "Gershgorin's bound", "scale_for_one_half": float_below(kernel.scale)},
    )


@control("resnet-gershgorin")
def too_coarse(inst: ResNetInstance) -> Outcome:
    """With 20 times the scale the points are too near for one half."""
    if inst.full_separation is None:
        return Outcome(Verdict.UNKNOWN, reason="one point: nothing can be planted")
    kernel = quiet_kernel(inst, COARSE)
    matrix = radial_gram(kernel.rescaled(1 / inst.alpha), inst.points)
    verdict, found = decide_at_least(matrix, Fraction(1, 2), budget=inst.budget, known_psd=True)
    reason = f"the least eigenvalue is at most {float_above(Fraction(found.upper)):.3g}"
    return Outcome(verdict, (_evidence(found),), found.lower, found.upper, reason=reason)
