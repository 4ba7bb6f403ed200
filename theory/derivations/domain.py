r"""The domain of a line: real parameters, admissible laws, and formulas that are continuous in the covariance.

A line speaks about :math:`a,b>0`, :math:`c^2<ab` and real parameters. These guards are the side conditions of the rules
that the right side alone does not show; each answers "proved" or "not proved" (docs/derivations.md, section 5).
"""

from __future__ import annotations

from functools import lru_cache

import sympy

from ..activations.functions import normal_cdf
from ..closed_forms import C
from .identity import positive
from .notation import Expectation, Mean

ENTIRE = (sympy.exp, sympy.erf, normal_cdf, sympy.sin, sympy.cos, sympy.sinh, sympy.cosh, sympy.atan)
"""Functions that are continuous on the real line."""
_NO_NUMBERS = (sympy.nan, sympy.zoo, sympy.oo, -sympy.oo, sympy.I)


def real(expression: sympy.Expr) -> bool:
    """Whether all constants and all parameters are real and finite.

    >>> real(sympy.exp(sympy.I * C)), real(sympy.Symbol("z") * C), real(sympy.pi * C)
    (False, False, True)
    """
    return not expression.has(*_NO_NUMBERS) and all(s.is_real for s in expression.atoms(sympy.Symbol))


@lru_cache(maxsize=4096)
def sign(expression: sympy.Expr) -> int:
    """1 or -1 where a rational function of a, b, c is proved to have that sign on the domain, else 0.

    >>> from ..closed_forms import A, B
    >>> sign(B - C**2 / A), sign(-A / (1 + B)), sign(A - B)
    (1, -1, 0)
    """
    if expression.is_positive or expression.is_negative:
        return 1 if expression.is_positive else -1
    numerator, denominator = sympy.together(expression).as_numer_denom()
    found = 1
    for part, _ in ((numerator, 1), (denominator, -1)):
        constant, factors = sympy.factor_list(part)
        found *= 1 if constant.is_positive else -1 if constant.is_negative else 0
        for factor, n in factors:
            one = 1 if positive(factor) else -1 if positive(-factor) else 0
            found *= one**n if one else 0
    return found


@lru_cache(maxsize=4096)
def admissible(node: sympy.Expr) -> bool:
    """Whether the law of an expectation or a mean is proved to be one, with positive variances and |rho| < 1."""
    if isinstance(node, Mean):
        return sign(node.variance) == 1
    if not isinstance(node, Expectation):
        return False
    a, b, c = node.covariance
    return sign(a) == 1 and sign(b) == 1 and sign(a * b - c**2) == 1


@lru_cache(maxsize=4096)
def continuous(expression: sympy.Expr) -> bool:
    """Whether a formula is proved to be smooth in c: no pole, no branch point and no jump on the domain.

    >>> continuous(sympy.atan(C)), continuous(sympy.atan(C / (1 - C))), continuous(sympy.sqrt(C**2))
    (True, False, False)
    """
    if not expression.has(C) or expression == C:
        return True
    if expression.is_Add or expression.is_Mul or isinstance(expression, ENTIRE):
        return all(continuous(arg) for arg in expression.args)
    if expression.is_Pow and continuous(expression.base):
        power = expression.exp
        if power.is_Integer:
            return bool(power > 0) or sign(expression.base) != 0
        return bool(power.is_Rational) and sign(expression.base) == 1
    if isinstance(expression, sympy.asin) and continuous(expression.args[0]):
        return sign(1 - expression.args[0] ** 2) == 1
    return False
