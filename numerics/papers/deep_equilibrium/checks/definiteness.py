"""Positive definiteness and exact singularity of the population Gram matrix (λ*, C16 to C18)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial

import sympy
from flint import arb

from .....theory.activations.activation import activation
from .....theory.activations.functions import X
from .....theory.errors import DerivationGap
from .....theory.verdict import Verdict
from ....balls.ball import Ball, enclose
from ....balls.enclosure import Enclosure, float_below
from ....balls.precision import precision
from ....balls.printed import interval_text
from ....checks.evidence import SLIGHTLY, note
from ....checks.registry import Outcome, check, control
from ....checks.relation import Relation, Sense, judge, planted
from ....checks.scope import all_inputs
from ....dual import dual
from ....eigenvalues.eigenvalue import decide_at_least, least_eigenvalue
from ....eigenvalues.nullspace import NullVector, by_theorem
from ....expressions.lowering import constant
from ....kernels.cosines import Cosines
from ....kernels.gram import hadamard_power
from ....kernels.points import points
from ....studies.data import DataSet
from ..instance import EquilibriumInstance
from ..witness import equilibrium_proof
from . import scope

SEARCHED_ORDERS = 64
"""Orders among which C16 looks for a positive coefficient with a definite Schur power."""
LARGEST_SHOWN = 40


def _positive(found: Enclosure, what: str = "K") -> Relation:
    return Relation.of(f"the least eigenvalue of {what} is positive ({found.method})", 0, found, Sense.BELOW)


@check("least-eigenvalue", scope=all_inputs)
def least_eigenvalue_check(inst: EquilibriumInstance) -> Outcome:
    """λ_min(K) > 0 from the proved lower end, or its refutation by an exact null vector."""
    singular, found = inst.null_vector, inst.eigenvalue
    detail: dict[str, object] = {"quantity": "least eigenvalue"}
    if singular is not None:
        reason = f"the least eigenvalue is exactly 0: {singular.reason}"
        entries = singular.entries if isinstance(singular, NullVector) else ()
        detail["null_vector"] = {str(i): str(x) for i, x in enumerate(entries) if x}
    else:
        reason = f"the least eigenvalue is enclosed in {interval_text(found.lower, found.upper, 3)}: " + (
            "inputs of different norms are treated in float64 only, so take better separated inputs or rescale them"
            if inst.inputs.common_norm is None
            else "raise max_bits"
        )
    if found.lower > 0:
        detail |= {"relative_width": found.relative_width, **witness(inst)}
    return judge(
        [_positive(found)],
        value=found,
        method=found.method if singular is None else "exact null vector",
        reason=reason,
        detail=detail,
        theorem=by_theorem(singular),
        prover=partial(equilibrium_proof, inst, found) if singular is not None or found.lower > 0 else None,
    )


def witness(inst: EquilibriumInstance) -> dict[str, object]:
    """What somebody needs to repeat the proof: data, fixed point, coefficients as exact dyadic balls, radii, steps."""
    detail: dict[str, object] = {
        "data": inst.data.summary(),
        "parameters": inst.parameters,
        "matrix": {"radius_norm": inst.gram.radius_norm(), "provenance": list(inst.gram.provenance)},
        "steps": list(inst.eigenvalue.steps),
    }
    if inst.inputs.common_norm is not None:
        kernel = inst.float_kernel
        detail["kernel"] = {
            "order": kernel.series.order,
            "coefficients": [_dyadic(b) for b in kernel.series.coefficients],
            "mass": _dyadic(kernel.series.mass),
            "encoding": "[[mantissa, exponent] of the midpoint, [mantissa, exponent] of the radius], base 2",
        }
        detail["cosines"] = {"radius": inst.inputs.cosines.rad, "delta": inst.inputs.separation}
    return detail


def _dyadic(x: arb) -> list[list[int | str]]:
    """Midpoint and radius as [mantissa, exponent]; big integers as text, so that any JSON reader keeps them."""
    return [[n if abs(n) <= 2**53 else str(n) for n in number] for number in Ball(x).dyadic()]


@control("least-eigenvalue")
def eigenvalue_control(inst: EquilibriumInstance) -> Outcome:
    """A bound that lies a relative 1e-9 above the proved upper end."""
    upper = Fraction(inst.eigenvalue.upper)
    bound = upper + abs(upper) * SLIGHTLY + Fraction(1, 2**1000)
    verdict, found = decide_at_least(inst.gram, bound, budget=inst.budget, known_psd=True)
    return replace(
        planted([Relation.of("a planted bound of the least eigenvalue of K", bound, found)]), verdict=verdict
    )


def _definite_power(inst: EquilibriumInstance) -> tuple[int, float, list[Relation]]:
    """The order r with the largest proved k_r λ_min(C^(r)), this number, and that both are positive.

    Without relations where none is proved positive.
    """
    best: tuple[int, float, list[Relation]] = (0, 0.0, [])
    series = inst.float_kernel.series
    quick = replace(inst.budget, bits=64, max_bits=64)
    r = 1
    while r <= min(series.order, SEARCHED_ORDERS):
        k = series.coefficients[r]
        if k > 0:
            found = least_eigenvalue(
                hadamard_power(inst.inputs.cosines, r, budget=inst.budget), budget=quick, known_psd=True
            )
            if found.lower > 0:
                product = float_below(Ball(k).lower * Fraction(found.lower))
                if product > best[1]:
                    positive = Relation.of(f"k_{r} is positive", 0, k, Sense.BELOW)
                    best = r, product, [positive, _positive(found, f"C^({r})")]
                elif product < best[1] / 4:
                    break
        r += 1 if r < 8 else 4 if r < 32 else 8
        if series.coefficients[min(r, series.order)].is_zero():
            r += 1
    return best


@check("positive-definite", scope=all_inputs)
def positive_definite(inst: EquilibriumInstance) -> Outcome:
    """One order r with k_r > 0 and λ_min(C^(r)) > 0, both enclosed."""
    r, product, found = _definite_power(inst)
    outcome = judge(
        found,
        lemma="lemma.positive-definite",
        margin=product,
        method=f"order r = {r}",
        reason=f"no order up to {SEARCHED_ORDERS} was proved to give a definite power",
        detail={"quantity": "k_r times the least eigenvalue of C^(r)"},
    )
    return replace(outcome, lower=product) if found else outcome


@control("positive-definite")
def repeated_point(inst: EquilibriumInstance) -> Outcome:
    """The same argument with the first input repeated: no Schur power is definite."""
    c = inst.inputs.cosines
    index = [0, *range(min(c.n, LARGEST_SHOWN))]
    mid = c.mid[index][:, index].copy()
    repeated = inst.with_data(inst.data)
    repeated.inputs.__dict__["cosines"] = Cosines(mid, c.rad)
    repeated.__dict__["float_kernel"] = inst.float_kernel
    return planted(_definite_power(repeated)[2])


@check("antipodal-odd", scope=scope.norms)
def antipodal_odd(inst: EquilibriumInstance) -> Outcome:
    """By parity ρ = −1 is the fixed point at C = −1: the dual there is −q, for every norm in the data."""
    points, bits = list(inst.variances.values()), inst.budget.bits
    entries = [dual(inst.activation, p.s, p.s, -p.s, bits) for p in points]
    with precision(bits):
        opposite = [-p.q for p in points]
    found = Relation.of("K_ij for x_j = -x_i, and -q", entries, opposite, Sense.EQUAL, place="norm")
    return judge([found], value=(0.0, 0.0), lemma="lemma.antipodal-odd", method="parity of the activation")


@control("antipodal-odd", subject="tanh")
def not_quite_odd(inst: EquilibriumInstance) -> Outcome:
    """The activation plus a small constant: e_i + e_j is no longer a null vector."""
    shifted = inst.activation.expression + sympy.Rational(1, 10**6)
    kernel = inst.with_activation(activation(sympy.sstr(shifted))).kernel(8, 192)
    with precision(192):
        form = 4 * kernel.series.coefficients[0]  # at most (e_i + e_j)' K (e_i + e_j)
    return planted([Relation.of("(e_i + e_j)' K (e_i + e_j) is 0, and at least 4 k_0", form, 0)])


@check("antipodal-definite", scope=scope.antipodes)
def antipodal_definite(inst: EquilibriumInstance) -> Outcome:
    """Some points of the data joined by their antipodes, and the proved least eigenvalue on them."""
    doubled = inst.with_data(_with_antipodes(inst))
    return judge(
        [_positive(doubled.eigenvalue)],
        value=doubled.eigenvalue,
        method=f"{doubled.data.n} points, half of them antipodes",
        reason="the least eigenvalue with antipodes is not separated from 0",
        theorem=by_theorem(doubled.null_vector),
        detail={"quantity": "least eigenvalue with antipodes"},
    )


def _with_antipodes(inst: EquilibriumInstance) -> DataSet:
    source = inst.data.points
    if source is None:
        raise DerivationGap("antipodes are formed from points, and only the input Gram matrix is given.")
    half = [source.entries(i) for i in inst.inputs.distinct(scope.ANTIPODAL_POINTS)]
    doubled = points([*half, *([-x for x in row] for row in half)])
    return DataSet(doubled, None, f"{len(half)} points and their antipodes", inst.data.normalize)


@control("antipodal-definite")
def odd_part(inst: EquilibriumInstance) -> Outcome:
    """The odd part of the activation on the same points: exactly singular."""
    expression = inst.activation.expression
    odd = sympy.simplify((expression - expression.subs(X, -X)) / 2)
    doubled = inst.with_data(_with_antipodes(inst)).with_activation(activation(sympy.sstr(odd)))
    return planted([_positive(doubled.eigenvalue)])


@check("affine-rank", scope=scope.norms)
def affine_rank_check(inst: EquilibriumInstance) -> Outcome:
    """The linear equation for K and the rank by their proof; its solution's diagonal for every norm in the data."""
    with precision(inst.budget.bits):
        beta, alpha = map(constant, inst.activation.affine or (sympy.nan, sympy.nan))
        rest = 1 - enclose(2 * inst.sigma_w2) * alpha**2
        solved = [(enclose(2 * norm) * alpha**2 + beta**2) / rest for norm in inst.variances]
    q = [point.q for point in inst.variances.values()]
    singular = inst.null_vector
    on_data = () if singular is None else (note(f"on this data K is singular: {singular.reason}"),)
    return judge(
        [
            Relation.of(
                "q by the general engine, and the solution of the linear equation", q, solved, Sense.EQUAL, place="norm"
            )
        ],
        *on_data,
        lemma="lemma.affine-rank",
        method="solution of the linear equation",
    )


@control("affine-rank", subject="x/2 + 1")
def not_affine(inst: EquilibriumInstance) -> Outcome:
    """With a quadratic term the activation is not affine, and the rank argument must not apply."""
    planted_phi = activation(sympy.sstr(inst.activation.expression + X**2 / 1000))
    if planted_phi.affine is not None:
        return Outcome(Verdict.PROVED, (note("the planted activation was called affine"),))
    return Outcome(Verdict.NOT_APPLICABLE, reason="the planted activation is not affine")
