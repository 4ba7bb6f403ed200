"""The theory's lower bounds against the proved least eigenvalue (C11 to C14)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
from flint import arb

from .....theory.verdict import Verdict
from ....balls.ball import enclose
from ....balls.enclosure import Enclosure
from ....balls.ends import upper_float
from ....balls.precision import precision
from ....balls.rounding import UNIT
from ....checks.evidence import SLIGHTLY, ends
from ....checks.registry import Outcome, check, control
from ....checks.relation import Relation, Sense, judge, planted
from ....checks.scope import all_inputs
from ....eigenvalues.eigenvalue import least_eigenvalue
from ....kernels.ballmatrix import BallMatrix
from ..instance import EquilibriumInstance
from ..relative import combination
from .evidence import decided

Forms = Callable[[EquilibriumInstance], dict[str, Enclosure]]
"""The forms of a lower bound by name, the one that is reported first."""


def _structure(inst: EquilibriumInstance, name: str) -> str:
    """Why a bound is the least eigenvalue of K, or a part of it, so that no enclosure could separate the two; or "".

    When K is singular for an exact reason, every Schur power that counts is singular with it. For one input every Schur
    power is the number 1. For an affine activation K = k_0 11' + k_1 C, so that a series cut after two terms is K; when
    its constant term vanishes too, K = mu_1(sqrt(s))^2 P, and the sum of LB_P has this one term.
    """
    affine = inst.activation.affine
    if inst.data.n == 1 and name != "LB_F":
        return f"for one input every Schur power is the number 1, so {name} is a partial sum of q, the only entry of K"
    if affine is not None and name == "LB_F":
        return "the activation is affine, so K = k_0 11' + k_1 C is its own truncated series"
    if affine is not None and name == "LB_P" and affine[0] == 0:
        return "the activation is linear, so K = mu_1(sqrt(s))^2 P is the only term of LB_P"
    return ""


def _relation(inst: EquilibriumInstance, name: str, bound: Enclosure) -> Relation:
    return Relation.of(f"{name} and the least eigenvalue of K ({bound.method})", bound, inst.eigenvalue)


def _below(inst: EquilibriumInstance, lemma: str | tuple[str, ...], name: str, bounds: Forms) -> Outcome:
    """Some of a bound's forms against the least eigenvalue of K; enclosure and margin are those of the first.

    Where the two may be one number by structure, and are not told apart, their enclosures must meet.
    """
    detail, singular = {"quantity": name, "bound": name}, inst.null_vector
    if singular is not None:
        text = f"{singular.reason}; the same reason makes {name} equal to 0, which is the least eigenvalue of K"
        return judge([Relation.of(text, 0, inst.eigenvalue)], value=(0.0, 0.0), lemma=lemma, detail=detail, argued=True)
    forms, structure = bounds(inst), _structure(inst, name)
    relations = [_relation(inst, form, bound) for form, bound in forms.items()]
    first = next(iter(forms.values()))
    if structure and relations[0].verdict is Verdict.UNKNOWN:
        meet = Relation.of(f"{structure}: {name} and the least eigenvalue of K", first, inst.eigenvalue, Sense.EQUAL)
        value = first.lower, min(first.upper, inst.eigenvalue.upper)
        return judge([meet], value=value, lemma=lemma, margin=0.0, method=f"{name}: by structure", detail=detail)
    method = f"{name}: {first.method}"
    return judge(relations, value=first, lemma=lemma, margin=relations[0].margin, method=method, detail=detail)


def _lower_bound(
    method: str, lemma: str | tuple[str, ...], name: str, bounds: Callable[[EquilibriumInstance], dict[str, Enclosure]]
) -> None:
    """Register the check of one of the lower bounds, and its control: the bound scaled past the eigenvalue."""

    @check(method, scope=all_inputs)
    def prove(inst: EquilibriumInstance) -> Outcome:
        return _below(inst, lemma, name, bounds)

    @control(method)
    def plant(inst: EquilibriumInstance) -> Outcome:
        form, bound = next(iter(bounds(inst).items()))
        return planted([_relation(inst, form, bound).moved()])


def _powers(name: str, inputs: bool, inst: EquilibriumInstance) -> dict[str, Enclosure]:
    return {name: inst.bounds.schur(inputs=inputs).value}


def _discs(inst: EquilibriumInstance) -> dict[str, Enclosure]:
    """LB_G with the discs of every Schur power, its simple form with one order r_0, and both with the correlations."""
    forms: dict[str, Enclosure] = {}
    for name, inputs in (("LB_G", True), ("LB_G with P", False)):
        order, simple = inst.bounds.simple(inputs=inputs)
        forms |= {name: inst.bounds.discs(inputs=inputs), f"{name} and r_0 = {order}": simple}
    return forms if inst.data.n > 1 else {"LB_G": forms["LB_G"]}


def _truncated(inst: EquilibriumInstance) -> dict[str, Enclosure]:
    """LB_F at several lengths R, the longest first; those that cannot be told apart from λ_min are left out."""
    longest = sorted(inst.bounds.series().items(), reverse=True)
    forms = {f"LB_F (R = {length})": bound for length, bound in longest}
    return {k: v for k, v in forms.items() if decided(_relation(inst, k, v))} or dict(list(forms.items())[:1])


_lower_bound("lower-bound-correlation", ("lemma.mehler", "lemma.schur-order"), "LB_P", partial(_powers, "LB_P", False))
_lower_bound("lower-bound-schur", "lemma.lower-bound-schur", "LB_X", partial(_powers, "LB_X", True))
_lower_bound("lower-bound-gershgorin", "lemma.lower-bound-gershgorin", "LB_G", _discs)
_lower_bound("lower-bound-series", "lemma.series-positivity", "LB_F", _truncated)


def _difference(inst: EquilibriumInstance, factor: arb) -> BallMatrix:
    """The matrix P − factor·C with its radius, for every factor in the ball (|C_ij| <= 1)."""
    c, middle = inst.inputs.cosines, float(factor.mid())
    found = combination(inst.correlation, 1.0, BallMatrix(c.mid, c.rad), -middle)
    return BallMatrix(found.mid, (found.rad + upper_float(abs(factor - arb(middle)))) * (1.0 + 8.0 * UNIT))


@check("psd-order", scope=all_inputs)
def psd_order(inst: EquilibriumInstance) -> Outcome:
    """K is a sum of Schur powers with weights k_r >= 0, and P − (2/s) C = (2 σ_w²/s) K: seen in the first row."""
    point = inst.fixed_point
    singular = inst.null_vector is not None or inst.sigma_w2 == 0  # then so is the difference, and 0 is its margin
    quick = replace(inst.budget, bits=64, max_bits=64)  # a second opinion only: the proof is the exact one
    with precision(inst.budget.bits):
        ratio, share = point.input_share, enclose(2 * inst.sigma_w2) / point.s
        margin = 0.0 if singular else max(ends(share * arb(inst.eigenvalue.lower))[0], 0.0)
        difference = _difference(inst, ratio)
        scaled = [share * x for x in _first_row(inst.gram)]
    numerical = least_eigenvalue(difference, budget=quick)
    row = Relation.of(
        "the first row of P - (2/s) C, and of (2 sigma_w2/s) K",
        _first_row(difference),
        scaled,
        Sense.EQUAL,
        place="input",
    )
    return judge(
        [
            row,
            *decided(Relation.of("the least eigenvalue of P - (2/s) C is not negative", 0, numerical, condition=True)),
        ],
        value=(max(numerical.lower, margin), numerical.upper),
        lemma=("lemma.lower-bound-schur", "lemma.population-iteration"),
        margin=margin,
        method="Schur product theorem",
        detail={"quantity": "least eigenvalue of P - (2/s) C"},
    )


def _first_row(matrix: BallMatrix) -> list[arb]:
    mid, rad = matrix.mid, np.broadcast_to(matrix.rad, matrix.mid.shape)
    return [arb(m, r) for m, r in zip(mid[0].tolist(), rad[0].tolist(), strict=True)]


@control("psd-order")
def order_control(inst: EquilibriumInstance) -> Outcome:
    """P − (1 + 1e-9) C has the diagonal −1e-9, so its least eigenvalue is negative."""
    with precision(inst.budget.bits):
        factor = enclose(1 + SLIGHTLY)
    found = least_eigenvalue(_difference(inst, factor), budget=inst.budget)
    return planted([Relation.of("the least eigenvalue of P - (1 + 1e-9) C is not negative", 0, found)])
