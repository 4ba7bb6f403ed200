r"""Hermite coefficients derived line by line, for every order.

The mean :math:`E\,f(w+\sigma y)`, :math:`w\sim N(0,\sigma^2)`, is derived by the rules for one Gaussian variable; it is
the generating function :math:`\sum_r\mu_r(f;\sigma)\,y^r/\sqrt{r!}`, and its Taylor coefficients are read off. One
derivation speaks about one order, about all orders r + j, or about all orders 2k + j. Proofs: docs/derivations.md,
section 4.
"""

from __future__ import annotations

from functools import lru_cache

import sympy

from ..activations.functions import X
from ..activations.pieces import KINKED
from ..errors import DerivationGap
from .builder import Builder
from .domain import real
from .functions import terms, total
from .hermite import HermiteFormula, hermite_formula
from .identity import identical
from .notation import SIGMA, HermiteCoefficient, K, Mean, R, TaylorCoefficient, Y
from .step import Derivation, Gap
from .taylor import taylor_coefficient


def derive_coefficient(f: sympy.Expr, order: sympy.Expr, shown: sympy.Expr | None = None) -> Derivation:
    r"""The derivation of :math:`\mu_r(f;\sigma)` at an order n, ``R`` + j or 2 ``K`` + j.

    ``shown`` is the formula as it should be written, used where it is proved to be the same.

    >>> derive_coefficient(sympy.exp(X), R).result
    sigma**r*exp(sigma**2/2)/sqrt(factorial(r))
    >>> derive_coefficient(sympy.Max(X, 0), sympy.Integer(1)).result
    sigma/2
    """
    goal = HermiteCoefficient(f, order, SIGMA)
    title = f"Hermite coefficient {order} of {f}"
    parameters = tuple(sorted(goal.free_symbols | {SIGMA, Y}, key=str))
    builder = Builder()
    try:
        if not real(f) or f.has(sympy.DiracDelta):
            raise DerivationGap("its constants and its parameters must be real, and it must be a function.")
        position = _lines(builder, goal, shown)
    except DerivationGap as gap:
        return Derivation(title, goal, tuple(builder.steps), None, (Gap(goal, str(gap)),), parameters)
    return Derivation(title, goal, tuple(builder.steps), builder.closed(position), (), parameters)


def _lines(builder: Builder, goal: HermiteCoefficient, shown: sympy.Expr | None) -> int:
    f, order, _ = goal.args
    plain = total(terms(f)) if f.has(*KINKED) else f
    node = HermiteCoefficient(plain, order, SIGMA)
    mean = builder.value(Mean(plain.xreplace({X: X + SIGMA * Y}), SIGMA**2))
    g = builder.closed(mean)
    taylor = TaylorCoefficient(g, order)
    weight = sympy.sqrt(sympy.factorial(order))
    first = builder.add("generating-function", node, weight * taylor, mean)
    value = taylor_coefficient(g, order)
    second = builder.add("taylor", taylor, value)
    result = sympy.powsimp(weight * value) if shown is None else shown
    if not identical(weight * value, result):
        result = weight * value
    last = builder.add("substitution", node, result, first, second)
    if plain == f:
        return last
    rewritten = builder.add("rewriting", goal, node)
    return builder.add("substitution", goal, result, rewritten, last)


@lru_cache(maxsize=256)
def derive_coefficients(f: sympy.Expr) -> tuple[Derivation, ...]:
    """Derivations that together speak about every order once; raises :class:`DerivationGap` without a formula.

    >>> [str(d.goal.args[1]) for d in derive_coefficients(sympy.Max(X, 0))]
    ['2*k', '1', '2*k + 3']
    >>> [str(d.goal.args[1]) for d in derive_coefficients(X**2)]
    ['0', '1', '2', 'r + 3']
    """
    formula = hermite_formula(f)
    return tuple(derive_coefficient(f, order, shown) for order, shown in orders(formula))


def orders(formula: HermiteFormula) -> list[tuple[sympy.Expr, sympy.Expr]]:
    """The orders, or families of orders, on which the formula is one expression, with that expression."""
    extra = [r for r, _ in formula.finite]
    if formula.even == 0 and formula.odd == 0:
        if not extra:
            return [(R, formula.general)]
        return [*_single(formula, range(max(extra) + 1)), (R + max(extra) + 1, _at_general(formula, max(extra) + 1))]
    found: list[tuple[sympy.Expr, sympy.Expr]] = []
    for parity, family in ((0, formula.even), (1, formula.odd)):
        here = [r for r in extra if r % 2 == parity]
        start = max(here) + 2 if here else parity
        found += _single(formula, range(parity, start, 2))
        order = 2 * K + start
        shifted = family.xreplace({K: K + (start - parity) // 2}) + formula.general.xreplace({R: order})
        found.append((order, shifted))
    return found


def _single(formula: HermiteFormula, which: range) -> list[tuple[sympy.Expr, sympy.Expr]]:
    return [(sympy.Integer(r), sympy.factor_terms(sympy.simplify(formula.coefficient(r)))) for r in which]


def _at_general(formula: HermiteFormula, start: int) -> sympy.Expr:
    return formula.general.xreplace({R: R + start})
