"""Mehler, Price and the recurrences of Hermite coefficients (C1 to C4), at points of the study.

The verdict rests on the lemma, whose lines are checked, and on the hypotheses, which are discharged for the activation;
the enclosures show both sides, and refute where they are disjoint. Proofs:
docs/papers/deep_equilibrium/dual-calculus.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import sympy
from flint import arb, arb_poly

from .....theory.activations.activation import Activation, from_expression
from .....theory.closed_forms import C, closed_form
from .....theory.derivations.identity import identical
from ....balls.ball import enclose
from ....balls.precision import precision
from ....certificates.certificate import EvidenceItem
from ....checks.evidence import SLIGHTLY, exact
from ....checks.registry import Outcome, check, control
from ....checks.relation import Relation, planted
from ....dual import dual, dual_expression
from ....hermite import HermiteTransform, hermite_transform
from ..instance import EquilibriumInstance
from . import scope
from .evidence import BITS, Law, compared, same, study_laws, study_variance

ORDER = 64
RECURRENCE_ORDER = 12
STEP = Fraction(1, 2**30)
"""Relative steps of difference quotients in c, and in the variance."""
QUOTIENT_BITS = 160
OPERATIONS = 150
"""Longest closed forms that are compared symbolically."""
PLANTED_SLOPE = Fraction(1, 10**6)
PLANTED_ORDER = Fraction(1, 1000)


def mehler_tail(first: HermiteTransform, second: HermiteTransform, rho: arb) -> arb:
    r""":math:`|\rho|^{R+1}\sqrt{\tau_R(a)\tau_R(b)}`, the most that the terms beyond the order R add up to."""
    return abs(rho) ** len(first.coefficients) * (first.tail * second.tail).nonnegative_part().sqrt()


def _mehler(inst: EquilibriumInstance, shift: Fraction = Fraction(0)) -> Iterator[Relation]:
    phi = inst.activation
    for law in study_laws(inst):
        first, second = (hermite_transform(phi, ORDER, variance, BITS) for variance in (law.a, law.b))
        value = dual(phi, law.a, law.b, law.c, BITS)
        with precision(BITS):
            rho = enclose(law.c) / enclose(law.a * law.b).sqrt() + enclose(shift)
            products = [x * y for x, y in zip(first.coefficients, second.coefficients, strict=True)]
            series = arb_poly(products)(rho) + arb(0, mehler_tail(first, second, rho).abs_upper())
        yield same(f"{law.text}: the dual, and {ORDER + 1} terms", value, series)


@check("dual-mehler", scope=scope.pairs)
def mehler(inst: EquilibriumInstance) -> Outcome:
    """The dual against Mehler's partial sum with its proved tail."""
    return compared("lemma.mehler", _mehler(inst), method="Mehler's series with its tail", quantity="dual activation")


@control("dual-mehler")
def mehler_control(inst: EquilibriumInstance) -> Outcome:
    """The sum at a correlation that is off by 1e-9."""
    return planted(_mehler(inst, SLIGHTLY))


def slope_bracket(phi: Activation, s: Fraction, rho: Fraction, bits: int = QUOTIENT_BITS) -> arb:
    r"""The derivative of the dual in c at a = b = s, c = s ρ ≠ 0, from values of the dual alone.

    The even and the odd part of the dual are power series in c with non-negative coefficients, so at t > 0 each lies
    above its tangents: its derivative is between the backward and the forward difference quotient. Where c < 0, the
    derivative is that of the odd part at -c less that of the even part.
    """
    t = s * abs(rho)
    h = min(t, s - t) * STEP
    values = [dual(phi, s, s, sign * (t + k * h), bits) for sign in ((1,) if rho > 0 else (1, -1)) for k in (-1, 0, 1)]
    with precision(bits):
        step = enclose(h)
        if rho > 0:
            below, here, above = values
            return ((here - below) / step).union((above - here) / step)
        even = [(values[k] + values[k + 3]) / 2 for k in range(3)]
        odd = [(values[k] - values[k + 3]) / 2 for k in range(3)]
        slopes = [((f[1] - f[0]) / step).union((f[2] - f[1]) / step) for f in (odd, even)]
        return slopes[0] - slopes[1]


def _price(inst: EquilibriumInstance, factor: Fraction = Fraction(1)) -> Iterator[Relation]:
    phi, s = inst.activation, study_variance(inst)
    usable = [law for law in study_laws(inst) if law.a == law.b and abs(law.c) * 1000 > law.a]
    for law in usable or [Law(s, s, s / 2, f"a = b = {float(s):.7g}, rho = 1/2, as no pair of inputs has a cosine")]:
        value = dual_expression(phi.derivative(), law.a, law.a, law.c, BITS)
        with precision(BITS):
            scaled = value * enclose(factor)
        quotients = slope_bracket(phi, law.a, law.c / law.a)
        yield same(f"{law.text}: difference quotients of the dual, dual of the derivative", quotients, scaled)


def _price_on_closed_forms(phi: Activation) -> tuple[EvidenceItem, ...]:
    """The identity on the closed forms of both sides, where both are known and sympy's normal form settles it."""
    left, right = closed_form(phi.expression), closed_form(phi.derivative())
    if left is None or right is None or max(sympy.count_ops(left), sympy.count_ops(right)) > OPERATIONS:
        return ()
    if not identical(sympy.diff(left, C), right):
        return ()
    return (
        exact(
            "the closed form of the dual has the closed form of the derivative's as its derivative in c",
            slope=str(right),
        ),
    )


@check("dual-price", scope=scope.pairs)
def price(inst: EquilibriumInstance) -> Outcome:
    """Difference quotients on both sides of the derivative, against the dual of φ'."""
    return compared(
        "lemma.price",
        _price(inst),
        *_price_on_closed_forms(inst.activation),
        method="Mehler's series term by term, with difference quotients",
        quantity="derivative of the dual",
    )


@control("dual-price")
def price_control(inst: EquilibriumInstance) -> Outcome:
    """The dual of the derivative, a millionth too large."""
    return planted(_price(inst, 1 + PLANTED_SLOPE))


def _orders(inst: EquilibriumInstance, factor: Fraction = Fraction(1)) -> list[Relation]:
    phi, s = inst.activation, study_variance(inst)
    mu = hermite_transform(phi, RECURRENCE_ORDER, s, BITS).coefficients
    nu = hermite_transform(from_expression(phi.derivative()), RECURRENCE_ORDER, s, BITS).coefficients
    with precision(BITS):
        sigma = enclose(s).sqrt() * enclose(factor)
        return [
            same(f"r = {r}, variance {float(s):.7g}", arb(r).sqrt() * mu[r], sigma * nu[r - 1])
            for r in range(1, RECURRENCE_ORDER + 1)
            if not (mu[r].is_zero() and nu[r - 1].is_zero())
        ]


@check("hermite-order-recurrence", scope=scope.variance)
def order_recurrence(inst: EquilibriumInstance) -> Outcome:
    """The coefficients of φ against those of φ', each computed from its own function."""
    return compared(
        "lemma.stein-recurrence", _orders(inst), method="integration by parts", quantity="sqrt(r) mu_r at the first r"
    )


@control("hermite-order-recurrence")
def order_control(inst: EquilibriumInstance) -> Outcome:
    """The right side, 1e-9 too large."""
    return planted(_orders(inst, 1 + SLIGHTLY))


def _scales(inst: EquilibriumInstance, extra: Fraction = Fraction(0)) -> list[Relation]:
    """The mean value theorem: a difference quotient in σ meets the right side on the interval between."""
    phi, s = inst.activation, study_variance(inst)
    other = s * (1 + STEP)
    with precision(BITS):
        hull = enclose(s).union(enclose(other))
    low, high, wide = (hermite_transform(phi, RECURRENCE_ORDER + 2, v, BITS).coefficients for v in (s, other, hull))
    with precision(BITS):
        sigma, width = hull.sqrt(), enclose(other).sqrt() - enclose(s).sqrt()
        sides = []
        for r in range(RECURRENCE_ORDER + 1):
            if low[r].is_zero() and wide[r + 2].is_zero():
                continue
            right = enclose(r + extra) * wide[r] + arb((r + 1) * (r + 2)).sqrt() * wide[r + 2]
            quotient = (high[r] - low[r]) / width
            sides.append(same(f"r = {r}, variance {float(s):.7g}", quotient, right / sigma))
    return sides


@check("hermite-scale-recurrence", scope=scope.variance)
def scale_recurrence(inst: EquilibriumInstance) -> Outcome:
    """Difference quotients of the coefficients in σ against the right side on the interval."""
    return compared(
        "lemma.scale-recurrence", _scales(inst), method="three-term recurrence and Stein", quantity="d mu_r / d sigma"
    )


@control("hermite-scale-recurrence")
def scale_control(inst: EquilibriumInstance) -> Outcome:
    """The factor r + 1/1000 in place of r."""
    return planted(_scales(inst, PLANTED_ORDER))
