r"""Formulas of derivations as LaTeX in the style of a paper.

One root for a product of roots, :math:`\arcsin` by its name, indicators instead of branches, sums that begin with a
positive term, exponents with a slash, and names for functions and laws that were declared before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy
from sympy.printing.latex import LatexPrinter

from ...theory.activations.functions import X
from ...theory.closed_forms import A, B, C
from ...theory.derivations.notation import Expectation, K, Mean, R, Y

NAMES = {
    "asin": r"\arcsin", "acos": r"\arccos", "atan": r"\arctan", "erf": r"\operatorname{erf}",
    "erfc": r"\operatorname{erfc}", "sin": r"\sin", "cos": r"\cos", "tan": r"\tan", "sinh": r"\sinh",
    "cosh": r"\cosh", "tanh": r"\tanh", "log": r"\log", "asinh": r"\operatorname{arsinh}", "normal_cdf": r"\Phi",
    "bivariate_normal_cdf": r"\Phi_2", "sigmoid": r"\operatorname{sigmoid}", "softplus": r"\operatorname{softplus}",
    "sign": r"\operatorname{sign}", "DiracDelta": r"\delta", "Max": r"\max", "Min": r"\min", "gamma": r"\Gamma",
}  # fmt: skip
U, V, W = (sympy.Symbol(name, real=True) for name in "uvw")
_LONG_EXPONENT = 34
_HALF = sympy.Rational(1, 2)


class Printer(LatexPrinter):  # type: ignore[misc]  # sympy ships no types
    """The printer; ``names`` maps functions of ``X`` to names such as ``\\varphi'`` and laws to their subscripts."""

    printmethod = ""

    def __init__(self, names: Mapping[Any, str] | None = None) -> None:
        super().__init__({"fold_frac_powers": True, "inv_trig_style": "full", "mul_symbol": None})
        self.names = dict(names or {})
        self.inline = False

    # --- sums, products, powers -----------------------------------------------------------------------------------

    def doprint(self, expr: sympy.Expr) -> str:
        """The formula on one line."""
        return str(super().doprint(expr.replace(is_one, lambda node: sympy.S.One)))

    def signed(self, expr: sympy.Expr) -> list[tuple[str, sympy.Expr]]:
        """The terms of a sum with their signs (``+`` or ``-``), a positive one first."""
        ordered = list(self._as_ordered_terms(expr)) if expr.is_Add else [expr]
        if expr.has(W) and expr.has(Y):
            ordered.sort(key=lambda t: not t.has(W))
        elif len(ordered) <= 3 and all(not _negative(t) for t in ordered) and not expr.has(K, R):
            ordered.sort(key=lambda t: not t.is_number)
        first = next((t for t in ordered if not _negative(t)), None)
        if first is not None and _negative(ordered[0]):
            ordered.remove(first)
            ordered.insert(0, first)
        return [("-" if negative else "+", term) for negative, term in map(_oriented, ordered)]

    def _print_Add(self, expr: sympy.Expr, order: Any = None) -> str:
        return "".join(sign + self._bracketed(term) for sign, term in self.signed(expr)).removeprefix("+")

    def _print_Mul(self, expr: sympy.Expr) -> str:
        if _negative(expr):
            return "-" + self._bracketed(_oriented(expr)[1])
        top, bottom, trailing = split(expr)
        if self.inline:
            numerator = self._product([*top, *trailing]) or "1"
            if not bottom:
                return numerator
            above = numerator
            alone = len(bottom) == 1 and not bottom[0].is_Add and not bottom[0].is_Mul
            return f"{above}/{self._print(bottom[0]) if alone else self._wrapped(bottom)}"
        rest = self._product(trailing)
        if not bottom:
            return _join([self._product(top), rest]) or "1"
        alone = len(top) == 1 and top[0].is_Add
        numerator = self._print(top[0]) if alone else self._product(top)
        below = self._print(bottom[0]) if len(bottom) == 1 else self._product(bottom)
        return _join([rf"\frac{{{numerator or '1'}}}{{{below}}}", rest])

    def _product(self, factors: list[sympy.Expr]) -> str:
        parts = []
        for factor in factors:
            text = self._print(factor)
            parts.append(self._parenthesised(text) if factor.is_Add else text)
        return _join(parts)

    def _wrapped(self, factors: list[sympy.Expr]) -> str:
        return f"({self._print(factors[0]) if len(factors) == 1 else self._product(factors)})"

    def _bracketed(self, expr: sympy.Expr) -> str:
        text = self._print(expr)
        return self._parenthesised(text) if expr.is_Add else str(text)

    def _parenthesised(self, text: str) -> str:
        return rf"\left({text}\right)" if r"\frac" in text else f"({text})"

    def _print_Pow(self, expr: sympy.Expr) -> str:
        base, power = expr.base, expr.exp
        if power == _HALF:
            return rf"\sqrt{{{self._print(base)}}}"
        if power.is_Rational and power.is_negative:
            return str(self._print_Mul(expr))
        if isinstance(base, (sympy.asin, sympy.erf, sympy.cos, sympy.sin, sympy.cosh, sympy.sinh)) and power.is_Integer:
            return str(self._print(base, exp=str(power)))
        shown = self._print(base)
        if not base.is_Symbol and not (base.is_Integer and base.is_nonnegative) and base != sympy.pi:
            shown = rf"\left({shown}\right)" if r"\frac" in shown else f"({shown})"
        return f"{shown}^{{{self._slashed(power)}}}"

    def _slashed(self, expr: sympy.Expr) -> str:
        before, self.inline = self.inline, True
        try:
            return str(self._print(expr))
        finally:
            self.inline = before

    def _print_Rational(self, expr: sympy.Rational) -> str:
        if expr.q == 1:
            return str(expr.p)
        if self.inline:
            return f"{expr.p}/{expr.q}"
        return rf"{'-' if expr.p < 0 else ''}\frac{{{abs(expr.p)}}}{{{expr.q}}}"

    def _print_exp(self, expr: sympy.Expr, exp: Any = None) -> str:
        argument = expr.args[0] if exp is None else expr.args[0] * sympy.sympify(exp)
        short = self._slashed(argument)
        if len(short) <= _LONG_EXPONENT or self.inline:
            return f"e^{{{short}}}"
        return rf"\exp\left({self._print(argument)}\right)"

    _print_ExpBase = _print_exp

    # --- functions ------------------------------------------------------------------------------------------------

    def _print_Function(self, expr: sympy.Expr, exp: Any = None) -> str:
        name = NAMES.get(expr.func.__name__, rf"\operatorname{{{expr.func.__name__}}}")
        power = f"^{{{exp}}}" if exp is not None else ""
        separator = r";\," if len(expr.args) == 3 else r",\,"
        inside = separator.join(self._print(arg) for arg in expr.args)
        tall = r"\frac" in inside
        return rf"{name}{power}\left({inside}\right)" if tall else f"{name}{power}({inside})"

    _print_DiracDelta = _print_Function

    def _print_Pi(self, expr: sympy.Expr, exp: Any = None) -> str:
        return r"\pi" if exp is None else rf"\pi^{{{exp}}}"

    def _print_Max(self, expr: sympy.Expr, exp: Any = None) -> str:
        return self._extremum(r"\max", expr, exp)

    def _print_Min(self, expr: sympy.Expr, exp: Any = None) -> str:
        return self._extremum(r"\min", expr, exp)

    def _extremum(self, name: str, expr: sympy.Expr, exp: Any) -> str:
        ordered = sorted(expr.args, key=lambda arg: bool(arg.is_number))
        text = name + "(" + r",\,".join(self._print(arg) for arg in ordered) + ")"
        return text if exp is None else rf"{text}^{{{exp}}}"

    def _print_Abs(self, expr: sympy.Expr, exp: Any = None) -> str:
        return rf"\lvert {self._print(expr.args[0])}\rvert" + (f"^{{{exp}}}" if exp is not None else "")

    def _print_Heaviside(self, expr: sympy.Expr, exp: Any = None) -> str:
        left, relation, right = half_line(expr.args[0])
        return rf"\mathbf{{1}}_{{{self._slashed(left)}{relation}{self._slashed(right)}}}"

    def _print_factorial(self, expr: sympy.Expr, exp: Any = None) -> str:
        inside = self._print(expr.args[0])
        text = f"{inside}!" if expr.args[0].is_Atom else f"({inside})!"
        return text if exp is None else f"({text})^{{{exp}}}"

    # --- expectations ---------------------------------------------------------------------------------------------

    def function(self, f: sympy.Expr, variable: sympy.Symbol) -> str:
        """A function of ``X`` at a variable, by its name where it has one."""
        if f in self.names:
            return f"{self.names[f]}({variable})"
        body = f.xreplace({X: variable})
        text = str(self._print(body))
        return self._parenthesised(text) if body.is_Add or _negative(body) else text

    def _print_Expectation(self, node: Expectation, exp: Any = None) -> str:
        if not node.g.has(X) or not node.f.has(X):
            f, law = (node.f, node.covariance[0]) if not node.g.has(X) else (node.g, node.covariance[1])
            constant = node.g if not node.g.has(X) else node.f
            return str(self._print(constant * Mean(f, law)))
        f, g = self.function(node.f, U), self.function(node.g, V)
        return self._expected(self.law(node.covariance), rf"{f}\,{g}", exp)

    def law(self, covariance: tuple[sympy.Expr, ...]) -> str:
        """The subscript of an expectation; none for [[a, c], [c, b]]."""
        if tuple(covariance) == (A, B, C):
            return ""
        return "_{" + ",".join(self.names.get(entry) or self._slashed(entry) for entry in covariance) + "}"

    def _print_Mean(self, node: Mean, exp: Any = None) -> str:
        if node.f == 1:
            return "1"
        variance = self.names.get(node.variance) or self._slashed(node.variance)
        body = self.function(node.f, W)
        if node.f not in self.names and node.f.is_Add:
            body = str(self._print(node.f.xreplace({X: W})))
        return self._expected(rf"_{{w\sim N(0,\,{variance})}}", body, exp)

    def _expected(self, law: str, body: str, exp: Any) -> str:
        power = f"^{{{exp}}}" if exp is not None else ""
        if r"\frac" in body or r"\left" in body:
            return rf"\mathbb{{E}}{law}{power}\left[{body}\right]"
        return rf"\mathbb{{E}}{law}{power}[{body}]"

    def _print_Derivative(self, node: sympy.Derivative) -> str:
        (variable, order), *_ = node.variable_count
        power = "" if order == 1 else f"^{{{order}}}"
        return rf"\partial_{variable}{power}\,{self._print(node.expr)}"

    def _print_Integral(self, node: sympy.Integral) -> str:
        if node in self.names:
            return str(self.names[node])
        variable, low, high = node.limits[0]
        body = self._print(node.function)
        if node.function.is_Add or _negative(node.function):
            body = rf"\left({body}\right)"
        return rf"\int_{{{self._print(low)}}}^{{{self._print(high)}}}{body}\,d{variable}"


def half_line(argument: sympy.Expr) -> tuple[sympy.Expr, str, sympy.Expr]:
    """``x - t`` as x > t and ``t - x`` as x < t, also for another variable."""
    variable = next((s for s in (X, U, V, W) if argument.has(s)), None)
    if variable is None:
        return argument, ">", sympy.S.Zero
    slope = sympy.diff(argument, variable)
    return variable, ">" if slope.is_positive else "<", sympy.expand(variable - argument / slope)


def is_one(node: sympy.Expr) -> bool:
    """Whether a node is the expectation of 1."""
    return (isinstance(node, Mean) and node.f == 1) or (isinstance(node, Expectation) and node.f == node.g == 1)


def _oriented(expr: sympy.Expr) -> tuple[bool, sympy.Expr]:
    """Whether a minus sign is in front, and what follows it; sums of negative terms give up their sign."""
    number, rest = expr.as_coeff_Mul()
    negative, flipped = bool(number.is_negative), bool(number.is_negative)
    factors = []
    for factor in sympy.Mul.make_args(rest):
        if factor.is_Add and not number.is_Add and all(t.as_coeff_Mul()[0].is_negative for t in factor.args):
            negative, flipped, factor = not negative, True, -factor
        factors.append(factor)
    return negative, sympy.Mul(abs(number), *factors) if flipped else expr


def _negative(expr: sympy.Expr) -> bool:
    return _oriented(expr)[0]


def _join(parts: list[str]) -> str:
    """Factors side by side, a thin space before a function or an expectation, a space after a command."""
    out = ""
    for part in parts:
        if not part:
            continue
        function = part.startswith(
            (r"\arc", r"\operatorname", r"\mathbb", r"\cos", r"\sin", r"\exp", r"\int", r"\Phi", r"\mathbf")
        )
        digit = part[0].isdigit() and out[-1:].isdigit()
        out += (r"\cdot " if digit else r"\," if out and function else " " if out else "") + part
    return out


def split(expr: sympy.Expr) -> tuple[list[sympy.Expr], list[sympy.Expr], list[sympy.Expr]]:
    """Numerator, denominator and what follows the fraction (functions and expectations) of a product.

    >>> split(sympy.sqrt(2) * sympy.exp(X) / (2 * sympy.sqrt(sympy.pi)))
    ([], [sqrt(2*pi)], [exp(x)])
    """
    number, rest = expr.as_coeff_Mul()
    top, bottom, trailing = [], [], []
    above, below = sympy.S.One, sympy.S.One  # under the roots
    for factor in sympy.Mul.make_args(rest):
        base, power = (factor, sympy.S.One) if isinstance(factor, sympy.exp) else factor.as_base_exp()
        if power == _HALF:
            above *= base
        elif power == -_HALF:
            below *= base
        elif power.is_Rational and power.is_negative:
            bottom.append(base**-power)
        elif _trails(base):
            trailing.append(factor)
        else:
            top.append(factor)
    p, q = sympy.Integer(number.p), sympy.Integer(number.q)
    above, below = (sympy.Mul(*(sympy.factor_terms(f) for f in sympy.Mul.make_args(r))) for r in (above, below))
    surd, above = above.as_coeff_Mul()
    root, below = below.as_coeff_Mul()
    ratio = surd / root
    surd, root = sympy.Integer(ratio.p), sympy.Integer(ratio.q)
    if surd != 1 and q % surd == 0:
        q, root, surd = q / surd, root * surd, sympy.S.One
    if root != 1 and p % root == 0:
        p, surd, root = p / root, root * surd, sympy.S.One
    above, below = surd * above, root * below
    top, bottom = sorted(top, key=_rank), sorted(bottom, key=_rank)
    trailing.sort(key=_rank)
    if above != 1 and below != 1 and not top and not bottom:
        trailing.insert(0, _root(above / below))
    else:
        top += [_root(above)] if above != 1 else []
        bottom += [_root(below)] if below != 1 else []
    top, bottom = [*([p] if p != 1 else []), *top], [*([q] if q != 1 else []), *bottom]
    return top, bottom, trailing


def _root(radicand: sympy.Expr) -> sympy.Expr:
    return sympy.Pow(radicand, _HALF, evaluate=False)


def _trails(base: sympy.Expr) -> bool:
    if isinstance(base, sympy.factorial):
        return False
    return isinstance(base, (sympy.Function, sympy.Integral, sympy.Derivative)) or bool(base.is_Piecewise)


def _rank(factor: sympy.Expr) -> tuple[int, Any]:
    base = factor.as_base_exp()[0]
    kind = 0 if base.is_number else 1 if base.is_Symbol else 3 if base.is_Add else 2
    if isinstance(factor, (Mean, Expectation, sympy.Integral)):
        kind = 5
    elif isinstance(factor, sympy.exp):
        kind = 2
    elif _trails(base):
        kind = 4
    return kind, sympy.default_sort_key(factor)
