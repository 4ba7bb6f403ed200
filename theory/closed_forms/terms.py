r"""Activations as sums of elementary terms, the normal form in which closed dual activations are recognised.

A term is :math:`\kappa\,x^k e^{px-\alpha x^2}\,g(x)` with :math:`\alpha\ge0` and a core :math:`g` that is 1,
:math:`\cos(\omega x+\varphi)`, :math:`\operatorname{erf}(\gamma x)` or :math:`\operatorname{sign}(x)`.
Rectified functions enter through :math:`f=\tfrac12(f_++f_-)+\tfrac12\operatorname{sign}(x)(f_+-f_-)`, where
:math:`f_\pm` is the expression of :math:`f` on the half-lines (equality for :math:`x\ne0`, which is enough under a
Gaussian law).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import sympy
from sympy.simplify.fu import TR8

from ..activations.elementary_terms import elementary_term
from ..activations.functions import X, rewrite_elementary
from ..errors import DerivationGap

Core: TypeAlias = Literal["one", "cos", "erf", "sign"]

_KINKED = (sympy.Abs, sympy.sign, sympy.Heaviside, sympy.Max, sympy.Min)
_CORES: dict[str, Core] = {"one": "one", "wave": "cos", "erf": "erf"}


class NoClosedForm(Exception):
    """The expression, or the pair, has no closed form in the table."""


@dataclass(frozen=True, slots=True)
class Term:
    r"""The function :math:`\kappa\,x^k e^{px-\alpha x^2} g(x)`.

    ``scale`` is :math:`\omega` or :math:`\gamma` and ``phase`` is :math:`\varphi`, for the cores that have one.
    """

    coefficient: sympy.Expr = sympy.S.One
    power: int = 0
    rate: sympy.Expr = sympy.S.Zero
    decay: sympy.Expr = sympy.S.Zero
    core: Core = "one"
    scale: sympy.Expr = sympy.S.Zero
    phase: sympy.Expr = sympy.S.Zero


def terms(expression: sympy.Expr) -> tuple[Term, ...]:
    """The normal form of an expression in ``X``; raises :class:`NoClosedForm` when there is none.

    >>> [(t.power, t.core) for t in terms(sympy.Max(X, 0))]
    [(1, 'one'), (1, 'sign')]
    """
    if not expression.has(*_KINKED):
        return smooth_terms(expression)
    t = sympy.Symbol("t", positive=True)
    right, left = expression.subs(X, t), expression.subs(X, -t)
    if right.has(*_KINKED) or left.has(*_KINKED):
        raise NoClosedForm(f"{expression} has a kink away from 0")
    right, left = right.subs(t, X), left.subs(t, -X)
    even, odd = sympy.expand((right + left) / 2), sympy.expand((right - left) / 2)
    return smooth_terms(even) + tuple(_times_sign(term) for term in smooth_terms(odd))


def _times_sign(term: Term) -> Term:
    if term.core != "one":
        raise NoClosedForm(f"sign times {term.core}")
    return Term(term.coefficient, term.power, term.rate, term.decay, "sign")


def smooth_terms(expression: sympy.Expr) -> tuple[Term, ...]:
    """The normal form of an expression without kinks; raises :class:`NoClosedForm` when there is none.

    >>> [(t.coefficient, t.rate) for t in smooth_terms(3 * sympy.exp(2 * X) - 1)]
    [(-1, 0), (3, 2)]
    """
    flat = rewrite_elementary(expression).rewrite([sympy.sinh, sympy.cosh], sympy.exp)
    flat = sympy.expand(flat)
    if flat.has(sympy.sin, sympy.cos):
        flat = sympy.expand(TR8(flat))
    return tuple(_term(part) for part in sympy.Add.make_args(flat) if not part.is_zero)


def _term(product: sympy.Expr) -> Term:
    try:
        found = elementary_term(product)
    except DerivationGap as gap:
        raise NoClosedForm(str(gap)) from None
    core = _CORES.get(found.core)
    if core is None or (core == "erf" and not found.shift.is_zero):
        raise NoClosedForm(f"no rule for the factor {found.core_function}")
    if not all(x.is_real for x in (found.rate, found.decay, found.scale, found.shift)):
        raise NoClosedForm(f"a parameter of {product} is not real")
    return Term(found.coefficient, found.power, found.rate, found.decay, core, found.scale, found.shift)
