r"""The variable of activations, and the three elementary functions that sympy does not name.

All three are entire-domain real functions of a real argument; ``rewrite_elementary`` expresses them through sympy's own
functions, so that symbolic identities can be decided.
"""

from __future__ import annotations

from typing import Any

import sympy

X = sympy.Symbol("x", real=True)
"""The variable of every activation."""


class sigmoid(sympy.Function):  # type: ignore[misc]  # sympy ships no types
    r"""The logistic function, :math:`1/(1+e^{-x})`.

    >>> sigmoid(X).diff(X)
    (1 - sigmoid(x))*sigmoid(x)
    >>> sigmoid(0)
    1/2
    """

    nargs = 1

    @classmethod
    def eval(cls, argument: sympy.Expr) -> sympy.Expr | None:
        """Evaluate at 0 only: every other value stays symbolic."""
        return sympy.Rational(1, 2) if argument.is_zero else None

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        """The derivative, sigmoid (1 - sigmoid)."""
        return self * (1 - self)

    def _eval_is_real(self) -> bool | None:
        return True if self.args[0].is_real else None

    def _eval_is_positive(self) -> bool | None:
        return True if self.args[0].is_real else None

    def _eval_rewrite(self, rule: Any, args: Any, **hints: Any) -> sympy.Expr | None:
        if rule is sympy.exp:
            return 1 / (1 + sympy.exp(-args[0]))
        if rule is sympy.tanh:
            return (1 + sympy.tanh(args[0] / 2)) / 2
        return None

    def _eval_evalf(self, prec: int) -> sympy.Expr:
        return self.rewrite(sympy.exp)._eval_evalf(prec)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        return _latex_call(r"\operatorname{sigmoid}", printer, self.args[0], exp)


class softplus(sympy.Function):  # type: ignore[misc]  # sympy ships no types
    r"""The softplus function, :math:`\log(1+e^{x})`, whose derivative is the logistic function.

    >>> softplus(2 * X).diff(X)
    2*sigmoid(2*x)
    """

    nargs = 1

    @classmethod
    def eval(cls, argument: sympy.Expr) -> sympy.Expr | None:
        """Evaluate at 0 only: every other value stays symbolic."""
        return sympy.log(2) if argument.is_zero else None

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        """The derivative, sigmoid."""
        return sigmoid(self.args[0])

    def _eval_is_real(self) -> bool | None:
        return True if self.args[0].is_real else None

    def _eval_is_positive(self) -> bool | None:
        return True if self.args[0].is_real else None

    def _eval_rewrite(self, rule: Any, args: Any, **hints: Any) -> sympy.Expr | None:
        if rule is sympy.exp or rule is sympy.log:
            return sympy.log(1 + sympy.exp(args[0]))
        if rule is sympy.tanh:
            return args[0] / 2 + sympy.log(2 * sympy.cosh(args[0] / 2))
        return None

    def _eval_evalf(self, prec: int) -> sympy.Expr:
        return self.rewrite(sympy.log)._eval_evalf(prec)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        return _latex_call(r"\operatorname{softplus}", printer, self.args[0], exp)


class normal_cdf(sympy.Function):  # type: ignore[misc]  # sympy ships no types
    r"""The distribution function of the standard normal law, :math:`\Phi(x)=\tfrac12(1+\operatorname{erf}(x/\sqrt2))`.

    >>> normal_cdf(X).diff(X)
    sqrt(2)*exp(-x**2/2)/(2*sqrt(pi))
    """

    nargs = 1

    @classmethod
    def eval(cls, argument: sympy.Expr) -> sympy.Expr | None:
        """Evaluate at 0 only: every other value stays symbolic."""
        return sympy.Rational(1, 2) if argument.is_zero else None

    def fdiff(self, argindex: int = 1) -> sympy.Expr:
        """The derivative, the standard normal density."""
        return sympy.exp(-(self.args[0] ** 2) / 2) / sympy.sqrt(2 * sympy.pi)

    def _eval_is_real(self) -> bool | None:
        return True if self.args[0].is_real else None

    def _eval_is_positive(self) -> bool | None:
        return True if self.args[0].is_real else None

    def _eval_rewrite(self, rule: Any, args: Any, **hints: Any) -> sympy.Expr | None:
        if rule is sympy.erf:
            return (1 + sympy.erf(args[0] / sympy.sqrt(2))) / 2
        return None

    def _eval_evalf(self, prec: int) -> sympy.Expr:
        return self.rewrite(sympy.erf)._eval_evalf(prec)

    def _latex(self, printer: Any, exp: Any = None) -> str:
        return _latex_call(r"\Phi", printer, self.args[0], exp)


def _latex_call(name: str, printer: Any, argument: sympy.Expr, exponent: Any) -> str:
    power = f"^{{{exponent}}}" if exponent is not None else ""
    return rf"{name}{power}\left({printer._print(argument)}\right)"


def rewrite_elementary(expression: sympy.Expr) -> sympy.Expr:
    r"""The same function through sympy's own functions only.

    :math:`\sigma(u)=1/(1+e^{-u})`, :math:`\operatorname{softplus}(u)=\log(1+e^u)`,
    :math:`\Phi(u)=\tfrac12(1+\operatorname{erf}(u/\sqrt2))`.

    >>> rewrite_elementary(sigmoid(X) + normal_cdf(0))
    1/2 + 1/(1 + exp(-x))
    """
    return expression.rewrite([sigmoid, softplus], sympy.exp).rewrite(normal_cdf, sympy.erf)
