r"""LaTeX of the expressions in derivations, with the roots of a product under one root, as in :math:`\sqrt{2\pi a}`."""

from __future__ import annotations

from typing import Any

import sympy
from sympy.printing.latex import LatexPrinter

from .notation import Expectation, HermiteCoefficient, Mean

_HALF = sympy.Rational(1, 2)


def latex(expression: sympy.Expr) -> str:
    r"""The expression as one would write it by hand.

    >>> a, b = sympy.symbols("a b", positive=True)
    >>> print(latex(sympy.sqrt(2) * sympy.sqrt(a) / (4 * sympy.sqrt(sympy.pi))))
    \frac{\sqrt{a}}{2 \sqrt{2 \pi}}
    >>> print(latex(sympy.asin(1 / (sympy.sqrt(a) * sympy.sqrt(b)))))
    \arcsin{\left(\frac{1}{\sqrt{a b}} \right)}
    """
    printer = _Printer({"inv_trig_style": "full", "fold_short_frac": False})
    return str(printer.doprint(gathered(expression)))


class root(sympy.Function):  # type: ignore[misc]  # sympy ships no types
    """A square root that is not evaluated, for printing."""

    nargs = 1

    def _latex(self, printer: Any, exp: Any = None) -> str:
        text = rf"\sqrt{{{printer._print(self.args[0])}}}"
        return text if exp is None else rf"{text}^{{{exp}}}"


class _Printer(LatexPrinter):  # type: ignore[misc]  # sympy ships no types
    """Indicators in place of the step function; sums that do not begin with a minus sign."""

    def _as_ordered_terms(self, expr: sympy.Expr, order: Any = None) -> list[sympy.Expr]:
        terms = list(super()._as_ordered_terms(expr, order=order))
        first = next((k for k, term in enumerate(terms) if not term.could_extract_minus_sign()), 0)
        return [terms[first], *terms[:first], *terms[first + 1 :]]

    def _print_Heaviside(self, expr: sympy.Expr, exp: Any = None) -> str:
        inner = expr.args[0]
        constant, linear = inner.as_independent(*inner.free_symbols, as_Add=True)
        sign = ">" if not linear.could_extract_minus_sign() else "<"
        left, right = (linear, -constant) if sign == ">" else (-linear, constant)
        return rf"\mathbf{{1}}_{{{self._print(left)} {sign} {self._print(right)}}}"


def gathered(node: sympy.Expr) -> sympy.Expr:
    """The same expression, not evaluated, with the square roots of each product under one root.

    Only for printing: factors under a root are positive, or the expression would not be real.
    """
    if not node.args or isinstance(node, (sympy.Derivative, sympy.Heaviside)):
        return node
    if isinstance(node, sympy.Integral):
        return sympy.Integral(gathered(node.function), *node.limits)
    if isinstance(node, (Expectation, Mean, HermiteCoefficient)):
        return node.func(*(gathered(arg) for arg in node.args), evaluate=False)
    if node.is_Mul:
        return _product(node)
    if node.is_Pow and abs(node.exp) == _HALF:
        inside = root(gathered(node.base))
        return inside if node.exp > 0 else 1 / inside
    return node.func(*(gathered(arg) for arg in node.args), evaluate=False)


def _product(node: sympy.Expr) -> sympy.Expr:
    number, factors = node.as_coeff_mul()
    above: list[sympy.Expr] = []
    below: list[sympy.Expr] = []
    rest: list[sympy.Expr] = []
    for factor in factors:
        if factor.is_Pow and factor.exp.is_Rational and factor.exp.q == 2 and not isinstance(factor, sympy.exp):
            whole = (factor.exp.p - 1) // 2 if factor.exp > 0 else -((-factor.exp.p - 1) // 2)
            (above if factor.exp > 0 else below).append(factor.base)
            if whole:
                rest.append(gathered(factor.base) ** whole)
        else:
            rest.append(gathered(factor))
    for base in [b for b in above if b.is_Integer and number.q % b == 0]:  # sqrt(2)/2 = 1/sqrt(2)
        above.remove(base)
        below.append(base)
        number *= base
    parts = [number] if number != 1 else []
    parts += rest
    if above:
        parts.append(root(_joined(above)))
    if below:
        parts.append(1 / root(_joined(below)))
    return parts[0] if len(parts) == 1 else sympy.Mul(*parts, evaluate=False)


def _joined(bases: list[sympy.Expr]) -> sympy.Expr:
    """The product of what stands under one root."""
    return gathered(bases[0]) if len(bases) == 1 else sympy.Mul(*map(gathered, bases))
