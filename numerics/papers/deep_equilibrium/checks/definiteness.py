"""Positive definiteness and exact singularity of the population Gram matrix (λ*, C16 to C18)."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import partial

import sympy
from flint import arb

from .....theory.activations.activation import Activation, activation
from .....theory.errors import DerivationGap
from .....theory.verdict import Verdict
from ....balls.ball import Ball
from ....balls.enclosure import Enclosure, float_below
from ....balls.precision import precision
from ....certificates.certificate import EvidenceItem
from ....checks.evidence import SLIGHTLY, as_ball, enclosed, exact
from ....checks.registry import Outcome, check, control
from ....eigenvalues.eigenvalue import decide_at_least, least_eigenvalue
from ....kernels.cosines import Cosines
from ....kernels.gram import hadamard_power
from ....kernels.points import points
from ....studies.data import DataSet
from ..instance import EquilibriumInstance
from ..singularity import equilibrium_singularity
from ..witness import equilibrium_proof

ANTIPODAL_POINTS = 16
"""How many points of the data are joined by their antipodes for C17'."""
SEARCHED_ORDERS = 64
"""Orders among which C16 looks for a positive coefficient with a definite Schur power."""
LARGEST_SHOWN = 40


@check("least-eigenvalue")
def least_eigenvalue_check(inst: EquilibriumInstance) -> Outcome:
    """λ_min(K) > 0 from the proved lower end, or its refutation by an exact null vector."""
    singular = inst.null_vector
    if singular is not None:
        return Outcome(
            Verdict.REFUTED,
            (exact(f"K is positive semidefinite and singular: {singular.reason}"),),
            0.0,
            0.0,
            0.0,
            "exact null vector",
            reason=f"the least eigenvalue is exactly 0: {singular.reason}",
            detail={"quantity": "least eigenvalue", "null_vector": _support(singular)},
            prover=partial(equilibrium_proof, inst, inst.eigenvalue),
        )
    found = inst.eigenvalue
    if found.upper <= 0:
        return Outcome(Verdict.REFUTED, (_evidence(found),), found.lower, found.upper, method=found.method)
    if found.lower <= 0:
        reason = f"the least eigenvalue is enclosed in [{found.lower:.3g}, {found.upper:.3g}]: " + (
            "inputs of different norms are treated in float64 only, so take better separated inputs or rescale them"
            if inst.common_norm is None
            else "raise max_bits"
        )
        return Outcome(
            Verdict.UNKNOWN, (_evidence(found),), found.lower, found.upper, method=found.method, reason=reason
        )
    return Outcome(
        Verdict.PROVED,
        (_evidence(found),),
        found.lower,
        found.upper,
        found.lower,
        found.method,
        detail={"quantity": "least eigenvalue", "relative_width": found.relative_width, **witness(inst)},
        prover=partial(equilibrium_proof, inst, found),
    )


def _support(singular: object) -> dict[str, str]:
    entries = getattr(singular, "entries", ())
    return {str(i): str(x) for i, x in enumerate(entries) if x}


def _evidence(found: Enclosure) -> EvidenceItem:
    return EvidenceItem(found.evidence, found.method, {"lower": repr(found.lower), "upper": repr(found.upper)})


def witness(inst: EquilibriumInstance) -> dict[str, object]:
    """What somebody needs to repeat the proof: data, fixed point, coefficients as exact dyadic balls, radii, steps."""
    detail: dict[str, object] = {
        "data": inst.data.summary(),
        "parameters": inst.parameters,
        "matrix": {"radius_norm": inst.gram.radius_norm(), "provenance": list(inst.gram.provenance)},
        "steps": list(inst.eigenvalue.steps),
    }
    if inst.common_norm is not None:
        kernel = inst.float_kernel
        detail["kernel"] = {
            "order": kernel.series.order,
            "coefficients": [Ball(b).dyadic() for b in kernel.series.coefficients],
            "mass": Ball(kernel.series.mass).dyadic(),
            "encoding": "[[mantissa, exponent] of the midpoint, [mantissa, exponent] of the radius], base 2",
        }
        detail["cosines"] = {"radius": inst.cosines.rad, "delta": inst.separation}
    return _plain(detail)


def _plain(value: object) -> dict[str, object]:
    """The same with big integers as strings, so that any JSON reader keeps them."""

    def convert(x: object) -> object:
        if isinstance(x, dict):
            return {str(k): convert(v) for k, v in x.items()}
        if isinstance(x, (list, tuple)):
            return [convert(v) for v in x]
        if isinstance(x, int) and not isinstance(x, bool) and abs(x) > 2**53:
            return str(x)
        return x

    converted = convert(value)
    assert isinstance(converted, dict)  # a dict goes in, a dict comes out
    return converted


@control("least-eigenvalue")
def eigenvalue_control(inst: EquilibriumInstance) -> Outcome:
    """A bound that lies a relative 1e-9 above the proved upper end."""
    upper = Fraction(inst.eigenvalue.upper)
    verdict, found = decide_at_least(
        inst.gram, upper + abs(upper) * SLIGHTLY + Fraction(1, 2**1000), budget=inst.budget, known_psd=True
    )
    return Outcome(verdict, (_evidence(found),), found.lower, found.upper, method=found.method, reason="planted bound")


def _definite_power(inst: EquilibriumInstance) -> tuple[int, arb, Enclosure, float] | None:
    """The order r with the largest proved k_r λ_min(C^(r)), or None when none is proved positive."""
    best: tuple[int, arb, Enclosure, float] | None = None
    series = inst.float_kernel.series
    quick = replace(inst.budget, bits=64, max_bits=64)
    r = 1
    while r <= min(series.order, SEARCHED_ORDERS):
        k = series.coefficients[r]
        if k > 0:
            found = least_eigenvalue(hadamard_power(inst.cosines, r, budget=inst.budget), budget=quick, known_psd=True)
            if found.lower > 0:
                product = float_below(Ball(k).lower * Fraction(found.lower))
                if best is None or product > best[3]:
                    best = r, k, found, product
                elif product < best[3] / 4:
                    break
        r += 1 if r < 8 else 4 if r < 32 else 8
        if series.coefficients[min(r, series.order)].is_zero():
            r += 1
    return best


@check("positive-definite")
def positive_definite(inst: EquilibriumInstance) -> Outcome:
    """One order r with k_r > 0 and λ_min(C^(r)) > 0, both enclosed."""
    found = _definite_power(inst)
    if found is None:
        return Outcome(Verdict.UNKNOWN, reason=f"no order up to {SEARCHED_ORDERS} was proved to give a definite power")
    r, k, eigenvalue, product = found
    return Outcome(
        Verdict.PROVED,
        (enclosed(f"k_{r} and the least eigenvalue of C^({r}) are positive", k=k, eigenvalue=as_ball(eigenvalue)),),
        product,
        None,
        product,
        f"order r = {r}",
        detail={"quantity": "k_r times the least eigenvalue of C^(r)"},
    )


@control("positive-definite")
def repeated_point(inst: EquilibriumInstance) -> Outcome:
    """The same argument with the first input repeated: no Schur power is definite."""
    c = inst.cosines
    index = [0, *range(min(c.n, LARGEST_SHOWN))]
    mid = c.mid[index][:, index].copy()
    repeated = inst.with_data(inst.data)
    repeated.__dict__["cosines"] = Cosines(mid, c.rad)
    repeated.__dict__["float_kernel"] = inst.float_kernel
    found = _definite_power(repeated)
    if found is None:
        return Outcome(Verdict.UNKNOWN, reason="no Schur power of the planted data is definite, as it should be")
    return Outcome(Verdict.PROVED, (enclosed("a definite power of singular data", eigenvalue=as_ball(found[2])),))


@check("antipodal-odd")
def antipodal_odd(inst: EquilibriumInstance) -> Outcome:
    """Symbolic: φ odd makes ρ = −1 the fixed point at C = −1. Seen on the kernel: F(1) + F(−1) encloses 0."""
    evidence = [exact(f"{inst.activation.name} is odd, so K_ij = -q for x_j = -x_i, and K_jk = -K_ik for every k")]
    if inst.common_norm is not None:
        series = inst.float_kernel.series
        with precision(inst.float_kernel.hermite.bits):
            total = series.mass + series(arb(-1))
        if not total.contains(0):
            return Outcome(Verdict.REFUTED, (enclosed("F(1) + F(-1) excludes 0", value=total),))
        evidence.append(enclosed("F(1) + F(-1) encloses 0", value=total))
    return Outcome(Verdict.PROVED, tuple(evidence), 0.0, 0.0, None, "parity of the activation")


@control("antipodal-odd", subject="tanh")
def not_quite_odd(inst: EquilibriumInstance) -> Outcome:
    """The activation plus a small constant: e_i + e_j is no longer a null vector."""
    shift = sympy.Rational(1, 10**6)
    planted = inst.with_activation(_shifted(inst.activation, shift))
    if planted.activation.parity == "odd":
        return Outcome(Verdict.PROVED, (exact("the shifted activation was called odd"),))
    kernel = planted.kernel(8, 192)
    with precision(192):
        total = 4 * kernel.series.coefficients[0]
    if total > 0:
        return Outcome(Verdict.REFUTED, (enclosed("(e_i + e_j)' K (e_i + e_j) >= 4 k_0 > 0", value=total),))
    return Outcome(Verdict.UNKNOWN, reason="the constant coefficient of the planted kernel is not separated from 0")


def _shifted(phi: Activation, shift: sympy.Expr) -> Activation:
    return activation(f"{sympy.sstr(phi.expression + shift)}")


@check("antipodal-definite")
def antipodal_definite(inst: EquilibriumInstance) -> Outcome:
    """Some points of the data joined by their antipodes, and the proved least eigenvalue on them."""
    doubled = inst.with_data(_with_antipodes(inst))
    found = doubled.eigenvalue
    if found.lower > 0:
        return Outcome(
            Verdict.PROVED,
            (_evidence(found),),
            found.lower,
            found.upper,
            found.lower,
            f"{doubled.data.n} points, half of them antipodes",
            detail={"quantity": "least eigenvalue with antipodes"},
        )
    reason = "the least eigenvalue with antipodes is not separated from 0"
    return Outcome(Verdict.UNKNOWN, (_evidence(found),), found.lower, found.upper, reason=reason)


def _with_antipodes(inst: EquilibriumInstance) -> DataSet:
    source = inst.data.points
    if source is None:
        raise DerivationGap("antipodes are formed from points, and only the input Gram matrix is given.")
    taken: list[int] = []
    partners = {(i, j) for i, j, _ in inst.parallel}
    for i in range(source.n):
        if len(taken) < ANTIPODAL_POINTS and not any((k, i) in partners for k in taken):
            taken.append(i)
    half = [source.entries(i) for i in taken]
    doubled = points([*half, *([-x for x in row] for row in half)])
    return DataSet(doubled, None, f"{len(taken)} points and their antipodes", inst.data.normalize)


@control("antipodal-definite")
def odd_part(inst: EquilibriumInstance) -> Outcome:
    """The odd part of the activation on the same points: exactly singular."""
    from .....theory.activations.functions import X

    expression = inst.activation.expression
    odd = sympy.simplify((expression - expression.subs(X, -X)) / 2)
    planted = inst.with_data(_with_antipodes(inst)).with_activation(activation(sympy.sstr(odd)))
    singular = equilibrium_singularity(planted)
    if singular is not None:
        return Outcome(Verdict.REFUTED, (exact(f"the planted matrix is singular: {singular.reason}"),))
    found = planted.eigenvalue
    verdict = Verdict.PROVED if found.lower > 0 else Verdict.UNKNOWN
    return Outcome(verdict, (_evidence(found),), reason="the odd part was not recognised as odd")


@check("affine-rank")
def affine_rank_check(inst: EquilibriumInstance) -> Outcome:
    """The linear equation for K solved symbolically, and the rank bound on this data."""
    a, b, w, c, k = sympy.symbols("alpha beta sigma_w2 c k")
    (solution,) = sympy.solve(sympy.Eq(k, a**2 * (2 * w * k + 2 * c) + b**2), k)
    if sympy.simplify(solution - (2 * a**2 * c + b**2) / (1 - 2 * w * a**2)) != 0:
        return Outcome(Verdict.UNKNOWN, reason="the linear equation for K was not solved symbolically")
    text = "K = 2 sigma_w2 alpha^2 K + 2 alpha^2 C + beta^2 11' has the stated solution, a combination of C and 11'"
    evidence = [exact(text)]
    singular = equilibrium_singularity(inst)
    if singular is not None:
        evidence.append(exact(f"on this data K is singular: {singular.reason}"))
    return Outcome(Verdict.PROVED, tuple(evidence), method="symbolic solution of the linear equation")


@control("affine-rank", subject="x/2 + 1")
def not_affine(inst: EquilibriumInstance) -> Outcome:
    """With a quadratic term the activation is not affine, and the rank argument must not apply."""
    from .....theory.activations.functions import X

    planted = activation(sympy.sstr(inst.activation.expression + X**2 / 1000))
    if planted.affine is not None:
        return Outcome(Verdict.PROVED, (exact("the planted activation was called affine"),))
    return Outcome(Verdict.NOT_APPLICABLE, reason="the planted activation is not affine")
