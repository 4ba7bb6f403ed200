r"""The variable of activations, and the three elementary functions that sympy does not name.

All three are entire-domain real functions of a real argument; ``rewrite_elementary`` expresses them through sympy's own
functions, so that symbolic identities can be decided.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import sympy

X = sympy.Symbol("x", real=True)
"""The variable of every activation."""


class _Positive(sympy.Function):  # type: ignore[misc]  # sympy ships no types
    """A positive function of one real variable: evaluated at 0 only, where its value is ``AT_ZERO``.

    ``FORMS`` are its forms in sympy's own functions, by the function that a caller of ``rewrite`` names; the first one
    is that of numerical evaluation. ``LATEX`` is its name in print.
    """

    AT_ZERO: ClassVar[sympy.Expr]
    FORMS: ClassVar[dict[Any, Callable[[sympy.Expr], sympy.Expr]]]
    LATEX: ClassVar[str]

    @classmethod
    def eval(cls, argument: sympy.Expr) -> sympy.Expr | None:
        """Evaluate at 0 only: every other value stays symbolic."""
        return cls.AT_ZERO if argument.is_zero else None

    def _eval_is_real(self) -> bool | None:
        return True if self.args[0].is_real else None

    _eval_is_positive = _eval_is_real

    def _eval_rewrite(self, rule: Any, args: Any, **hints: Any) -> sympy.Expr | None:
        return self.FORMS[rule](args[0]) if rule in self.FORMS else None

    def _eval_evalf(self, prec: int) -> sympy.Expr:
        return self.rewrite(next(iter(self.FORMS)))._eval_evalf(prec)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        power = f"^{{{exp}}}" if exp is not None else ""
        return rf"{self.LATEX}{power}\left({printer._print(self.args[0])}\right)"


class sigmoid(_Positive):
    r"""The logistic function, :math:`1/(1+e^{-x})`.

    >>> sigmoid(X).diff(X)
    (1 - sigmoid(x))*sigmoid(x)
    >>> sigmoid(0)
    1/2
    """

    AT_ZERO, LATEX = sympy.Rational(1, 2), r"\operatorname{sigmoid}"
    FORMS: ClassVar = {sympy.exp: lambda x: 1 / (1 + sympy.exp(-x)), sympy.tanh: lambda x: (1 + sympy.tanh(x / 2)) / 2}

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        """The derivative, sigmoid (1 - sigmoid)."""
        return self * (1 - self)


class softplus(_Positive):
    r"""The softplus function, :math:`\log(1+e^{x})`, whose derivative is the logistic function.

    >>> softplus(2 * X).diff(X)
    2*sigmoid(2*x)
    """

    AT_ZERO, LATEX = sympy.log(2), r"\operatorname{softplus}"
    FORMS: ClassVar = {
        sympy.log: lambda x: sympy.log(1 + sympy.exp(x)),
        sympy.exp: lambda x: sympy.log(1 + sympy.exp(x)),
        sympy.tanh: lambda x: x / 2 + sympy.log(2 * sympy.cosh(x / 2)),
    }

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        """The derivative, sigmoid."""
        return sigmoid(self.args[0])


class normal_cdf(_Positive):
    r"""The distribution function of the standard normal law, :math:`\Phi(x)=\tfrac12(1+\operatorname{erf}(x/\sqrt2))`.

    >>> normal_cdf(X).diff(X)
    sqrt(2)*exp(-x**2/2)/(2*sqrt(pi))
    """

    AT_ZERO, LATEX = sympy.Rational(1, 2), r"\Phi"
    FORMS: ClassVar = {sympy.erf: lambda x: (1 + sympy.erf(x / sympy.sqrt(2))) / 2}

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        """The derivative, the standard normal density."""
        return sympy.exp(-(self.args[0] ** 2) / 2) / sympy.sqrt(2 * sympy.pi)


def rewrite_elementary(expression: sympy.Expr) -> sympy.Expr:
    r"""The same function through sympy's own functions only.

    :math:`\sigma(u)=1/(1+e^{-u})`, :math:`\operatorname{softplus}(u)=\log(1+e^u)`,
    :math:`\Phi(u)=\tfrac12(1+\operatorname{erf}(u/\sqrt2))`.

    >>> rewrite_elementary(sigmoid(X) + normal_cdf(0))
    1/2 + 1/(1 + exp(-x))
    """
    return expression.rewrite([sigmoid, softplus], sympy.exp).rewrite(normal_cdf, sympy.erf)
