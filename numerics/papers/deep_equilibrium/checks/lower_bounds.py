"""The theory's lower bounds against the proved least eigenvalue (C11 to C14)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import numpy as np
from flint import arb

from .....theory.verdict import Verdict
from ....balls.ball import Ball, enclose
from ....balls.enclosure import Enclosure, float_above, float_below
from ....balls.ends import upper_float
from ....balls.precision import precision
from ....balls.rounding import UNIT
from ....checks.evidence import SLIGHTLY, as_ball, compare, enclosed, exact
from ....checks.registry import Outcome, check, control
from ....eigenvalues.eigenvalue import least_eigenvalue
from ....kernels.ballmatrix import BallMatrix
from ..instance import EquilibriumInstance


def _both_zero(inst: EquilibriumInstance, name: str) -> Outcome | None:
    """When K is singular for an exact reason, every Schur power that counts is singular with it: 0 <= 0."""
    found = inst.null_vector
    if found is None:
        return None
    text = f"{found.reason}; the same reason makes {name} equal to 0"
    return Outcome(Verdict.PROVED, (exact(text),), 0.0, 0.0, 0.0, "both sides are exactly 0")


def _same_number(inst: EquilibriumInstance, name: str) -> Outcome | None:
    """Where the bound is the least eigenvalue of K itself, by structure: no enclosure could separate the two.

    For an affine activation K = k_0 11' + k_1 C, so that a series cut after two terms is K. When its constant term
    vanishes too, K = mu_1(sqrt(s))^2 P, and the sum of LB_P has this one term.
    """
    if inst.data.n == 1 and name in ("LB_P", "LB_X", "LB_G"):
        q = inst.eigenvalue
        text = f"for one input every Schur power is the number 1, so {name} is a partial sum of q, the only entry of K"
        value = {"LB_P": inst.bound_p.value, "LB_X": inst.bound_x.value, "LB_G": inst.bound_discs}[name]
        return Outcome(
            Verdict.PROVED, (exact(text),), value.lower, min(value.upper, q.upper), 0.0, f"{name}: one input"
        )
    affine = inst.activation.affine
    if affine is None or name not in ("LB_F", "LB_P") or (name == "LB_P" and affine[0] != 0):
        return None
    reason = {
        "LB_F": "the activation is affine, so K = k_0 11' + k_1 C is its own truncated series",
        "LB_P": "the activation is linear, so K = mu_1(sqrt(s))^2 P is the only term of LB_P",
    }[name]
    truth = inst.eigenvalue
    text = f"{reason}: {name} is the least eigenvalue of K"
    return Outcome(Verdict.PROVED, (exact(text),), truth.lower, truth.upper, 0.0, f"{name}: equal to the eigenvalue")


def _scaled_past(bound: Enclosure, truth: Enclosure, name: str) -> Outcome:
    """The bound multiplied so that it lies a relative 1e-9 above the eigenvalue must not be proved."""
    if not bound.lower > 0:
        lifted = float_above(Fraction(truth.upper) + SLIGHTLY)
        return compare(Enclosure(lifted, lifted, truth.evidence, "planted"), truth, name)
    factor = Fraction(truth.upper) * (1 + SLIGHTLY) / Fraction(bound.lower)
    planted = Enclosure(
        float_above(Fraction(bound.lower) * factor),
        float_above(Fraction(bound.upper) * factor),
        bound.evidence,
        "planted",
    )
    return compare(planted, truth, name)


Bound = Callable[[EquilibriumInstance], Enclosure]


def _lower_bound(method: str, name: str, bound: Bound) -> None:
    """Register the check and the control of one of the lower bounds."""

    @check(method)
    def prove(inst: EquilibriumInstance) -> Outcome:
        found = _both_zero(inst, name) or _same_number(inst, name) or compare(bound(inst), inst.eigenvalue, name)
        return replace(found, detail={"quantity": name, "bound": name})

    @control(method)
    def plant(inst: EquilibriumInstance) -> Outcome:
        return _scaled_past(bound(inst), inst.eigenvalue, name)


_lower_bound("lower-bound-correlation", "LB_P", lambda inst: inst.bound_p.value)
_lower_bound("lower-bound-schur", "LB_X", lambda inst: inst.bound_x.value)


@check("lower-bound-gershgorin")
def gershgorin_bound(inst: EquilibriumInstance) -> Outcome:
    """LB_G with the discs of every Schur power, its simple form with one order r_0, and both with the correlations."""
    single = _same_number(inst, "LB_G")
    if single is not None:
        return replace(single, detail={"quantity": "LB_G", "bound": "LB_G"})
    (order, simple), (order_p, simple_p) = inst.bound_g, inst.bound_g_p
    forms = {
        "LB_G": inst.bound_discs,
        f"LB_G with r_0 = {order}": simple,
        "LB_G with P": inst.bound_discs_p,
        f"LB_G with P and r_0 = {order_p}": simple_p,
    }
    outcomes = [compare(bound, inst.eigenvalue, name) for name, bound in forms.items()]
    worst = next((o for o in outcomes if o.verdict is not Verdict.PROVED), outcomes[0])
    evidence = tuple(item for o in outcomes for item in o.evidence)
    return replace(worst, evidence=evidence, detail={"quantity": "LB_G", "bound": "LB_G", "r_0": order})


@control("lower-bound-gershgorin")
def gershgorin_control(inst: EquilibriumInstance) -> Outcome:
    """LB_G scaled past the eigenvalue."""
    return _scaled_past(inst.bound_discs, inst.eigenvalue, "LB_G")


@check("lower-bound-series")
def series_bound(inst: EquilibriumInstance) -> Outcome:
    """LB_F at several lengths R; those whose difference from the eigenvalue is below the radius cannot be separated."""
    equal = _both_zero(inst, "LB_F") or _same_number(inst, "LB_F")
    if equal is not None:
        return replace(equal, detail={"quantity": "LB_F", "bound": "LB_F"})
    outcomes = {
        length: compare(bound, inst.eigenvalue, f"LB_F (R = {length})") for length, bound in inst.bound_f.items()
    }
    refuted = next((o for o in outcomes.values() if o.verdict is Verdict.REFUTED), None)
    if refuted is not None:
        return refuted
    proved = [length for length, o in outcomes.items() if o.verdict is Verdict.PROVED]
    if not proved:
        tried = ", ".join(map(str, outcomes)) or "none: the series is shorter"
        reason = f"no truncated series (R = {tried}) could be told apart from the least eigenvalue: they may be equal"
        return Outcome(Verdict.UNKNOWN, reason=reason)
    best = outcomes[proved[-1]]
    positivity = exact("k_r >= mu_r^2 (2/s)^r >= 0: sums, products and compositions of non-negative coefficients")
    return Outcome(
        Verdict.PROVED,
        (positivity, *(item for length in proved for item in outcomes[length].evidence)),
        best.lower,
        best.upper,
        best.margin,
        f"LB_F at R = {', '.join(map(str, proved))}",
        detail={"quantity": "LB_F", "bound": "LB_F"},
    )


@control("lower-bound-series")
def series_control(inst: EquilibriumInstance) -> Outcome:
    """LB_F scaled past the eigenvalue."""
    length, bound = max(inst.bound_f.items())
    return _scaled_past(bound, inst.eigenvalue, f"LB_F (R = {length})")


def _difference(inst: EquilibriumInstance, factor: arb) -> BallMatrix:
    """The matrix P − factor·C with its radius, for every factor in the ball (|C_ij| <= 1)."""
    c, p = inst.cosines, inst.correlation
    f = float(factor.mid())
    mid = p.mid - f * c.mid
    slack = upper_float(abs(factor - arb(f)))
    rad = float(np.max(p.rad)) + abs(f) * c.rad + slack + 4.0 * UNIT * (1.0 + abs(f))
    return BallMatrix((mid + mid.T) / 2, rad * (1.0 + 8.0 * UNIT))


@check("psd-order")
def psd_order(inst: EquilibriumInstance) -> Outcome:
    """K is a sum of Schur powers with weights k_r >= 0, and P − (2/s) C = (2 σ_w²/s) K."""
    point = inst.fixed_point
    evidence = [
        exact("K = sum of k_r C^(r) with k_r >= 0: positive semidefinite by the Schur product theorem"),
        exact("P - (2/s) C = (2 sigma_w2 / s) K, by the definition of P"),
    ]
    singular = inst.null_vector is not None or inst.sigma_w2 == 0  # then so is the difference, and 0 is its margin
    scale = 2 * inst.sigma_w2 / Ball(point.s).upper
    margin = 0.0 if singular else float_below(scale * Fraction(max(inst.eigenvalue.lower, 0.0)))
    quick = replace(inst.budget, bits=64, max_bits=64)  # a second opinion only: the proof is the exact one
    with precision(inst.budget.bits):
        ratio = point.input_variance / point.s
    numerical = least_eigenvalue(_difference(inst, ratio), budget=quick)
    if numerical.upper < 0:
        return Outcome(Verdict.REFUTED, (enclosed("P - (2/s) C has a negative eigenvalue", value=as_ball(numerical)),))
    if numerical.lower > 0:
        evidence.append(enclosed("the least eigenvalue of P - (2/s) C", value=as_ball(numerical)))
    return Outcome(
        Verdict.PROVED,
        tuple(evidence),
        max(numerical.lower, margin),
        numerical.upper,
        margin,
        "Schur product theorem",
        detail={"quantity": "least eigenvalue of P - (2/s) C"},
    )


@control("psd-order")
def order_control(inst: EquilibriumInstance) -> Outcome:
    """P − (1 + 1e-9) C has the diagonal −1e-9, so its least eigenvalue is negative."""
    with precision(inst.budget.bits):
        factor = enclose(1 + SLIGHTLY)
    found = least_eigenvalue(_difference(inst, factor), budget=inst.budget)
    if found.lower > 0:
        return Outcome(Verdict.PROVED, (enclosed("P - (1 + 1e-9) C", value=as_ball(found)),))
    if found.upper < 0:
        return Outcome(Verdict.REFUTED, (enclosed("P - (1 + 1e-9) C has a negative eigenvalue", value=as_ball(found)),))
    return Outcome(Verdict.UNKNOWN, reason="the sign of the least eigenvalue of P - (1 + 1e-9) C is not decided")
