"""Closed forms of dual activations, derived and checked line by line, and Khatri-Rao powers (C5, C6, C15)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from itertools import combinations

import sympy
from flint import fmpz

from .....theory.activations.activation import Activation, activation
from .....theory.closed_forms import A, B, C
from .....theory.derivations.domain import continuous
from .....theory.derivations.dual import derive_dual
from .....theory.derivations.identity import identical
from .....theory.verdict import Verdict
from ....checks.evidence import SLIGHTLY, exact
from ....checks.registry import Outcome, check, control
from ....checks.relation import Relation, Sense, judge, planted
from ....derivation_check.check import check as check_derivation
from ....derivation_check.report import CheckReport
from ....derivation_check.value import enclose as enclose_at
from ....dual.covariance import covariance
from ....dual.series import series_value
from ..instance import EquilibriumInstance
from ..lines_dual_calculus import kronecker_power
from . import scope
from .evidence import BITS, Law, same, study_laws

SERIES_ORDER = 256
ENTRIES = 100_000
"""Largest number of coordinates written out in a Khatri-Rao power."""
POWERS = (2, 3)
COORDINATES = 300
"""Coordinates of the exact comparison; it holds for part of them as for all."""


def _formula_sides(phi: Activation, formula: sympy.Expr, laws: tuple[Law, ...]) -> Iterator[Relation]:
    """A formula against Mehler's series, which knows no closed form of duals."""
    for law in laws:
        value = enclose_at(formula, {A: law.a, B: law.b, C: law.c}, BITS)
        series = series_value(phi, phi, covariance(law.a, law.b, law.c), BITS, SERIES_ORDER)
        yield same(f"{law.text}: the formula, Mehler's series", value, series)


@lru_cache(maxsize=64)
def _report(phi: Activation) -> CheckReport:
    """The derivation of a dual, each line checked; it is the same on all data."""
    return check_derivation(derive_dual(phi), generic=1, corners=False)


def _derived(inst: EquilibriumInstance, formula: sympy.Expr | None = None) -> Outcome:
    """The derivation of the dual line by line, a formula that is proved equal to its result, and both sides' values.

    Without a formula it is the result itself.
    """
    report = _report(inst.activation)
    derivation = report.derivation
    if not report.derived or derivation.result is None:
        return Outcome(Verdict.UNKNOWN, reason=f"the derivation has a line without proof:\n{report}")
    lines = len(report.steps)
    evidence = [
        exact(
            "every line of the derivation is an instance of its rule or follows from earlier lines",
            lines=str(lines),
            rules=", ".join(derivation.rules),
            result=str(derivation.result),
        )
    ]
    if formula is not None:
        if not same_function(formula, derivation.result):
            return Outcome(Verdict.UNKNOWN, reason="the formula was not proved equal to the derived one")
        text = "claimed and derived formula have equal values and slopes at c = 0 and equal second derivatives in c"
        evidence.append(exact(text, formula=str(formula)))
    sides = list(_formula_sides(inst.activation, formula or derivation.result, study_laws(inst)))
    method = f"derivation of {lines} lines" + ("" if formula is None else ", and comparison of formulas")
    quantity = {"quantity": "dual activation"}
    found = judge(sides, *evidence, value=sides[0].left, argued=True, method=method, detail=quantity)
    return replace(found, symbolic=True)


@check("dual-closed-form", scope=scope.COVARIANCES)
def closed(inst: EquilibriumInstance) -> Outcome:
    """The derivation, each line an instance of its rule, and the result against Mehler's series at points of study."""
    return _derived(inst)


@control("dual-closed-form")
def closed_control(inst: EquilibriumInstance) -> Outcome:
    """The closed form, 1e-9 too large, against Mehler's series."""
    result = derive_dual(inst.activation).result
    if result is None:
        return Outcome(Verdict.NOT_APPLICABLE, reason="no closed form is known to the rules")
    wrong = result * (1 + sympy.Rational(SLIGHTLY.numerator, SLIGHTLY.denominator))
    return planted(_formula_sides(inst.activation, wrong, study_laws(inst)))


def gelu_formula(slope: sympy.Expr = 1 / (2 * sympy.pi)) -> sympy.Expr:
    r"""The dual of GELU; ``slope`` is the factor of :math:`c\arctan(c/\sqrt\Delta)`."""
    delta = (1 + A) * (1 + B) - C**2
    rational = (A * B * delta + C**2) / (2 * sympy.pi * (1 + A) * (1 + B) * sympy.sqrt(delta))
    return C / 4 + slope * C * sympy.atan(C / sympy.sqrt(delta)) + rational


def same_function(left: sympy.Expr, right: sympy.Expr) -> bool:
    """Whether two formulas smooth in c are proved equal: at c = 0, and so are their derivatives up to the second.

    The second derivative is free of arctangents and arcsines when each of these is multiplied by c; the first
    derivatives agree at c = 0.

    >>> same_function(gelu_formula(), gelu_formula()), same_function(gelu_formula(), gelu_formula() + C)
    (True, False)
    """
    if not (continuous(left) and continuous(right)):
        return False
    for order in (0, 1):
        first, second = (sympy.diff(side, C, order).subs(C, 0) for side in (left, right))
        if not identical(sympy.simplify(first), sympy.simplify(second)):
            return False
    return identical(sympy.diff(left, C, 2), sympy.diff(right, C, 2))


@check("dual-gelu", scope=scope.COVARIANCES)
def gelu(inst: EquilibriumInstance) -> Outcome:
    """The formula with the arctangent is the one derived: both agree at c = 0 with all their derivatives in c."""
    return _derived(inst, gelu_formula())


@control("dual-gelu")
def gelu_control(inst: EquilibriumInstance) -> Outcome:
    """c/6 in place of c/(2 pi), for GELU at the study's points."""
    phi = activation("gelu")
    return planted(_formula_sides(phi, gelu_formula(sympy.Rational(1, 6)), study_laws(inst)))


def _rows(inst: EquilibriumInstance) -> list[list[int]]:
    """Integer multiples of the first inputs, cut to ``COORDINATES`` entries.

    Where only inner products are given, the first rows of their matrix are taken as points.
    """
    if inst.data.points is not None:
        found = inst.data.points
        return [list(found.row(i)[1][:COORDINATES]) for i in range(min(found.n, scope.SUBSET))]
    gram = [] if inst.data.input_gram is None else inst.data.input_gram.entries[: scope.SUBSET]
    scales = [math.lcm(*(q.denominator for q in row)) for row in gram]
    return [[int(q * scale) for q in row[:COORDINATES]] for row, scale in zip(gram, scales, strict=True)]


def _inner(x: list[int] | tuple[int, ...], y: list[int] | tuple[int, ...]) -> int:
    return int(sum((fmpz(a) * b for a, b in zip(x, y, strict=True) if a and b), fmpz(0)))


def _powers(rows: list[list[int]]) -> Iterator[Relation]:
    """Inner products of Kronecker powers, and powers of inner products, in integers, for each pair of rows."""
    pairs = [(i, j) for i in range(len(rows)) for j in range(i + 1)]
    for r in POWERS:
        if not rows or len(rows[0]) ** r > ENTRIES:
            continue
        powers = [kronecker_power(x, r) for x in rows]
        yield Relation.of(
            f"C^({r}) of {len(rows)} inputs in {len(rows[0])} coordinates, in integers",
            [_inner(powers[i], powers[j]) for i, j in pairs],
            [_inner(rows[i], rows[j]) ** r for i, j in pairs],
            Sense.EQUAL,
            place="pair",
        )


@check("khatri-rao", scope=scope.rows)
def khatri_rao(inst: EquilibriumInstance) -> Outcome:
    """The lemma, and both sides in integers for the first inputs (each scaled, which scales both sides alike)."""
    return judge(_powers(_rows(inst)), lemma="lemma.khatri-rao", method="exact integer arithmetic")


@control("khatri-rao")
def khatri_rao_control(inst: EquilibriumInstance) -> Outcome:
    """Two coordinates of one input exchanged before its power is taken."""
    rows = _rows(inst)
    if len(rows) < 2:
        return Outcome(Verdict.NOT_APPLICABLE, reason="one input has no pair")
    x, y = rows[0], rows[1]
    for k, m in combinations(range(len(x)), 2):
        moved = list(x)
        moved[k], moved[m] = x[m], x[k]
        power = _inner(kronecker_power(moved, 2), kronecker_power(y, 2))
        if power != _inner(x, y) ** 2:
            text = f"the square of the inner product, with the coordinates {k} and {m} of one input exchanged"
            return planted([Relation.of(text, power, _inner(x, y) ** 2, Sense.EQUAL)])
    return Outcome(Verdict.UNKNOWN, reason="no exchange of coordinates changes the inner product")
