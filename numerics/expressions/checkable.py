"""Activations in the grammar of the independent checker: sums of known functions, with hinges where they bend."""

from __future__ import annotations

from contextlib import suppress
from fractions import Fraction
from itertools import pairwise

import sympy

from ...theory.activations.functions import X, normal_cdf, sigmoid, softplus
from ...theory.activations.pieces import pieces
from ...theory.errors import DerivationGap
from ..certificates.certificate import fraction_text

NAMED = {
    sympy.tanh: "tanh",
    sympy.atan: "atan",
    sympy.erf: "erf",
    sympy.sin: "sin",
    sympy.cos: "cos",
    sigmoid: "sigmoid",
    softplus: "softplus",
    normal_cdf: "phi",
}


def checkable_expression(expression: sympy.Expr) -> str:
    r"""An activation in the grammar of the checker: terms ``c*f(a*x)``, ``c*relu(a*x+b)``, ``c*x**0``, ``c*x**1``.

    Raises :class:`DerivationGap` when it is not such a sum.

    >>> checkable_expression(sympy.tanh(2 * X) / 3 + X)
    '1*x**1 + 1/3*tanh(2*x)'
    >>> checkable_expression(sympy.Max(sympy.Min(X, 1), -1))
    '-1*relu(1*x+-1) + -1*x**0 + 1*relu(1*x+1)'
    >>> checkable_expression(sympy.Max(X, 0) + sympy.exp(sympy.Min(X, 0)) - 1)
    '1*elu(1*x)'
    """
    even = expression.replace(lambda e: e.is_Pow and e.exp == 2 and isinstance(e.base, sympy.sin), _half_angle)
    try:
        terms = [_term(term) for term in sympy.Add.make_args(sympy.expand(even.replace(sympy.Min, _minimum)))]
    except DerivationGap as gap:
        found = _bent(expression)
        if found is None:
            raise gap from None
        terms = [f"{fraction_text(_rational(c))}*{name}" for name, c in found if c != 0]
    return " + ".join(sorted(terms))


def _half_angle(square: sympy.Expr) -> sympy.Expr:
    return (1 - sympy.cos(2 * square.base.args[0])) / 2


def _bent(expression: sympy.Expr) -> list[tuple[str, sympy.Expr]] | None:
    """A function that is affine between its kinks, or like elu, as coefficients of hinges; None otherwise."""
    with suppress(DerivationGap):
        parts = pieces(expression)
        first, last = parts[0].expression, parts[-1].expression
        affine = [p.expression.is_polynomial(X) and sympy.degree(p.expression, X) <= 1 for p in parts]
        if len(parts) > 1 and all(affine[1:]):
            met = [(p.expression.xreplace({X: q.lo}), q.expression.xreplace({X: q.lo})) for p, q in pairwise(parts)]
            if any(sympy.simplify(a - b) != 0 for a, b in met):
                return None
            if affine[0]:
                slope, kinks = [sympy.diff(p.expression, X) for p in parts], [p.lo for p in parts[1:]]
                bends = [(_hinge(t), b - a) for t, (a, b) in zip(kinks, pairwise(slope), strict=True)]
                return [("x**0", first.xreplace({X: sympy.Integer(0)})), ("x**1", slope[0]), *bends]
            if len(parts) == 2 and parts[1].lo == 0:
                return _like_elu(first, last)
    return None


def _hinge(kink: sympy.Expr) -> str:
    shift = fraction_text(_rational(-kink))
    return "relu(1*x)" if kink == 0 else f"relu(1*x+{shift})"


def _like_elu(left: sympy.Expr, right: sympy.Expr) -> list[tuple[str, sympy.Expr]] | None:
    """A exp(mx) + B + Cx for x < 0, D + Ex for x > 0."""
    powers = [e for e in left.atoms(sympy.exp) if sympy.cancel(e.args[0] / X).is_positive]
    if len(powers) != 1:
        return None
    m = sympy.cancel(powers[0].args[0] / X)
    a = sympy.expand(left).coeff(powers[0])
    rest = sympy.expand(left - a * powers[0])
    if a.has(X) or not rest.is_polynomial(X):
        return None
    c, e, d = sympy.diff(rest, X), sympy.diff(right, X), right.xreplace({X: sympy.Integer(0)})
    name = f"elu({fraction_text(_rational(m))}*x)"
    return [("x**0", d), (name, a), ("relu(1*x)", e - a * m), ("relu(-1*x)", -c)]


def _minimum(*args: sympy.Expr) -> sympy.Expr:
    return -sympy.Max(*(-a for a in args))


def _term(term: sympy.Expr) -> str:
    coefficient, factors = term.as_coeff_Mul()
    c = _rational(coefficient)
    if factors.is_Pow or factors == X or factors == 1:
        base, power = factors.as_base_exp() if factors != 1 else (X, sympy.Integer(0))
        if base == X and power in (0, 1):
            return f"{fraction_text(c)}*x**{power}"
    extra, function = sympy.Integer(1), factors
    if factors.is_Mul and len(factors.args) == 2 and X in factors.args:
        function = next(a for a in factors.args if a != X)
        extra = X
    name = NAMED.get(function.func) if extra == 1 else {normal_cdf: "gelu", sigmoid: "silu"}.get(function.func)
    argument = function.args[0] if function.args else X
    if extra == 1 and function.func is sympy.Max and len(function.args) == 2 and sympy.S.Zero in function.args:
        name, argument = "relu", next(a for a in function.args if a != 0)
    if function.func is sympy.exp:
        steepness = sympy.cancel(-2 * argument / X**2)  # exp(-(ax)^2/2)
        if steepness.is_positive:
            name, argument = "gaussian" if extra == 1 else "xgaussian", sympy.sqrt(steepness) * X
    if extra == X and function.func is sympy.tanh and function.args[0].func is softplus:
        name, argument = "mish", function.args[0].args[0]
    if extra == X and function.is_Pow and function.exp == -1 and function.base.has(sympy.Abs):
        d = function.base.xreplace({X: sympy.Integer(0)})  # x/(d + b|x|) is softsign(ax)/(ad), a = b/d
        a = function.base.xreplace({X: sympy.Integer(1)}) / d - 1
        if a.is_positive and sympy.expand(function.base - d * (1 + a * sympy.Abs(X))) == 0:
            return f"{fraction_text(_rational(coefficient / (a * d)))}*softsign({fraction_text(_rational(a))}*x)"
    if extra == 1 and function.func is sympy.Abs:
        slope = fraction_text(_rational(sympy.cancel(argument / X)))
        back = fraction_text(-Fraction(slope))
        return f"{fraction_text(c)}*relu({slope}*x) + {fraction_text(c)}*relu({back}*x)"
    if name is None:
        raise DerivationGap(f"the checker has no rule for {sympy.sstr(term)}.")
    a = _rational(sympy.cancel(argument / X))
    c = c if extra == 1 else c / a
    return f"{fraction_text(c)}*{name}({fraction_text(a)}*x)"


def _rational(value: sympy.Expr) -> Fraction:
    if not value.is_Rational:
        raise DerivationGap(f"the checker has no rule for the irrational number {sympy.sstr(value)}.")
    return Fraction(int(value.p), int(value.q))
