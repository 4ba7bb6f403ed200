r"""The derivative of a function with kinks, almost everywhere."""

from __future__ import annotations

from functools import lru_cache

import sympy

from ..errors import DerivationGap
from .functions import X
from .pieces import KINKED


@lru_cache(maxsize=1024)
def derivative(expression: sympy.Expr) -> sympy.Expr:
    r"""The derivative off the breakpoints, by the rules :math:`|u|'=\operatorname{sign}(u)u'` and :math:`H'=0`.

    Max and Min are folded from pairs, :math:`\max(u,v)'=H(u-v)u'+H(v-u)v'`; with :math:`H(0)=\tfrac12` this is right
    where :math:`u=v` on an interval too. No point masses appear.

    >>> derivative(sympy.Max(X, 0)), derivative(sympy.Abs(X) * sympy.sign(X))
    (Heaviside(x), sign(x)**2)
    """
    if not expression.has(*KINKED):
        return sympy.diff(expression, X)
    if expression.is_Add:
        return sympy.Add(*[derivative(term) for term in expression.args])
    if expression.is_Mul:
        factors = expression.args
        return sympy.Add(
            *[sympy.Mul(*factors[:i], derivative(factor), *factors[i + 1 :]) for i, factor in enumerate(factors)]
        )
    if expression.is_Pow and not expression.exp.has(X):
        return expression.exp * expression.base ** (expression.exp - 1) * derivative(expression.base)
    if isinstance(expression, (sympy.sign, sympy.Heaviside)):
        return sympy.Integer(0)
    if isinstance(expression, sympy.Abs):
        return sympy.sign(expression.args[0]) * derivative(expression.args[0])
    if isinstance(expression, (sympy.Max, sympy.Min)):
        return _extremum(expression)
    if len(expression.args) == 1 and isinstance(expression, sympy.Function):
        return expression.fdiff(1) * derivative(expression.args[0])
    raise DerivationGap(f"no rule differentiates {expression}: write it with the functions of the grammar.")


def _extremum(expression: sympy.Expr) -> sympy.Expr:
    sign = 1 if isinstance(expression, sympy.Max) else -1
    arguments = sorted(expression.args, key=lambda node: (node.has(X), sympy.default_sort_key(node)), reverse=True)
    value, slope = arguments[0], derivative(arguments[0])
    for other in arguments[1:]:
        wins = sympy.Heaviside(sign * (value - other))
        slope = wins * slope + sympy.Heaviside(sign * (other - value)) * derivative(other)
        value = expression.func(value, other)
    return slope
