r"""Closed forms of dual activations at unequal variances.

:math:`\hat\varphi(a,b,c)=E\,\varphi(u)\psi(v)` for the Gaussian pair with covariance [[a, c], [c, b]]. The table knows
constants, polynomials, exponentials, sines and cosines (with frequency and phase), Gaussian bells, error functions,
the normal distribution function, the sign, the step, and all products of these with polynomials that Stein's identity
reduces to them: GELU, ReLU and its powers, leaky ReLU, the absolute value, :math:`xe^{-x^2/2}`, their derivatives,
linear combinations and cross terms. Everything else has no closed form here, and the answer is None.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import sympy

from .moments import joint_moment, moment
from .terms import NoClosedForm, terms

if TYPE_CHECKING:
    from ..activations.activation import Activation

A = sympy.Symbol("a", positive=True)
"""The variance of u."""
B = sympy.Symbol("b", positive=True)
"""The variance of v."""
C = sympy.Symbol("c", real=True)
"""The covariance of u and v."""

_MAX_PAIRS = 400
"""Most pairs of terms for which a formula is written out."""


def dual_closed_form(activation: Activation, other: Activation | None = None) -> sympy.Expr | None:
    r"""The dual activation :math:`E\,\varphi(u)\psi(v)` as an expression in ``A``, ``B``, ``C``, or None.

    ``other`` is :math:`\psi`; without it :math:`\psi=\varphi`. Every entry of the table is proved in
    docs/theory/dual-activations.md, sections 2 and 3 (price1958, daniely2016).

    >>> from certigram.theory.activations.activation import activation
    >>> dual_closed_form(activation("erf"))
    2*asin(2*c/(sqrt(2*a + 1)*sqrt(2*b + 1)))/pi
    >>> dual_closed_form(activation("tanh")) is None
    True
    """
    return closed_form(activation.expression, None if other is None else other.expression)


@lru_cache(maxsize=256)
def closed_form(f: sympy.Expr, g: sympy.Expr | None = None) -> sympy.Expr | None:
    r"""The same for expressions in ``X``: :math:`E\,f(u)g(v)`, with :math:`g=f` when it is not given.

    >>> from ..activations.functions import X
    >>> closed_form(sympy.sin(X))
    exp(-a/2 - b/2)*sinh(c)
    """
    try:
        left = terms(f)
        right = left if g is None else terms(g)
        if len(left) * len(right) > _MAX_PAIRS:
            return None
        total = sympy.Add(*(joint_moment(s, t, A, B, C) for s in left for t in right))
    except NoClosedForm:
        return None
    return _tidy(total)


@lru_cache(maxsize=256)
def closed_mean(f: sympy.Expr) -> sympy.Expr | None:
    """The mean E f(u), an expression in ``A``, or None.

    >>> closed_mean(sympy.Max(sympy.Symbol("x", real=True), 0))
    sqrt(2)*sqrt(a)/(2*sqrt(pi))
    """
    try:
        return _tidy(sympy.Add(*(moment(t, A) for t in terms(f))))
    except NoClosedForm:
        return None


def _tidy(total: sympy.Expr) -> sympy.Expr:
    """The formula as one would write it, the radicands as (1+a)(1+b) - c^2."""
    return _collected(total).replace(sympy.Pow, _shown)


def _shown(base: sympy.Expr, exponent: sympy.Expr) -> sympy.Expr:
    if not base.is_Add:
        return base**exponent
    head = base.subs(C, 0)
    return (sympy.factor(head) + sympy.expand(base - head)) ** exponent


def _collected(total: sympy.Expr) -> sympy.Expr:
    """Collect what multiplies each arcsine; put over one denominator what contains a radical."""
    total = sympy.expand_mul(total)
    arcs = sorted(total.atoms(sympy.asin), key=str)
    if not arcs:
        smooth = total.has(sympy.exp, sympy.erf, sympy.cos, sympy.sin)
        return sympy.factor_terms(total if smooth else sympy.together(total))
    parts = []
    for arc, factor in sympy.collect(total, arcs, evaluate=False).items():
        radical, plain = sympy.S.Zero, sympy.S.Zero
        for part in sympy.Add.make_args(factor):
            if any(not power.base.is_Number and not power.exp.is_Integer for power in part.atoms(sympy.Pow)):
                radical += part
            else:
                plain += part
        parts += [sympy.factor(sympy.together(piece)) * arc for piece in (plain, radical)]
    return sympy.Add(*parts)
