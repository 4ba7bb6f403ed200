r"""A decision procedure for the identities that occur in derivations.

Two expressions in a, b > 0, c with :math:`c^2<ab` and positive parameters are compared as rational functions: each
transcendental subexpression (with its arguments in normal form) becomes an indeterminate, exponentials become power
products :math:`e^{x+y}=e^xe^y`, and a square root becomes an indeterminate r with :math:`r^2` equal to its radicand. A
root is split over a product, :math:`\sqrt{pq}=\sqrt p\sqrt q`, only when both factors are *proved* positive on the
domain. "True" is therefore a proof; "False" only says that no proof of this kind exists.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from math import lcm
from typing import Any

import sympy
from sympy import QQ

from ..activations.functions import normal_cdf
from ..closed_forms import A, B, C
from .notation import Expectation, HermiteCoefficient, Mean, T, TaylorCoefficient, bivariate_normal_cdf

OPAQUE = (Expectation, Mean, HermiteCoefficient, TaylorCoefficient, sympy.Integral, sympy.Derivative)
"""Nodes that are compared as they stand."""
ODD = (sympy.erf, sympy.asin, sympy.sin, sympy.atan)
EVEN = (sympy.cos, sympy.Abs)
_PI = sympy.Symbol("_pi", positive=True)
_Y = sympy.Symbol("_y", positive=True)


def identical(left: sympy.Expr, right: sympy.Expr) -> bool:
    """Whether two expressions are proved to be equal on the domain.

    >>> identical(sympy.sqrt(A * B - C**2) / sympy.sqrt(A), sympy.sqrt(B - C**2 / A))
    True
    >>> identical(sympy.sinh(C), (sympy.exp(C) - sympy.exp(-C)) / 2), identical(sympy.sqrt(C**2), C)
    (True, False)
    """
    if left == right:
        return True
    normal = Normaliser((left, right), reflect=True)
    return bool(normal.element(left - right).numer == 0)


@lru_cache(maxsize=2048)
def positive(polynomial: sympy.Expr) -> bool:
    """Whether a polynomial is proved positive for a, b > 0 and c^2 < ab (other symbols: as they are declared).

    With c^2 = ab y or c^2 = ab (1 - y), 0 < y < 1, no coefficient may be negative and one must be
    positive; c must occur in even powers.

    >>> positive((1 + A) * (1 + B) - C**2), positive(1 + C), positive(A - B)
    (True, False, False)
    """
    if polynomial.is_positive:
        return True
    square = sympy.Dummy("square")
    for variable in (C, T):
        if not polynomial.has(variable):
            continue
        found = sympy.Poly(polynomial, variable)
        if any(n % 2 for (n,) in found.monoms()):
            return False
        halved = sympy.Add(*(k * square ** (n // 2) for (n,), k in found.terms()))
        return any(sympy.expand(halved.xreplace({square: A * B * w})).is_positive for w in (_Y, 1 - _Y)) or any(
            _nonnegative_terms(sympy.expand(halved.xreplace({square: A * B * w}))) for w in (_Y, 1 - _Y)
        )
    return False


def _nonnegative_terms(expanded: sympy.Expr) -> bool:
    parts = sympy.Add.make_args(expanded)
    return all(term.is_nonnegative for term in parts) and any(term.is_positive for term in parts)


class Normaliser:
    r"""One table of indeterminates for the expressions compared together.

    With ``reflect``, :math:`\Phi_2(h,k;\rho)` and :math:`\Phi_2(-h,-k;\rho)` are one indeterminate.
    """

    def __init__(self, expressions: Iterable[sympy.Expr], *, reflect: bool = False) -> None:
        self.reflect = reflect
        self.kernels: dict[sympy.Expr, sympy.Symbol] = {}
        self.meaning: dict[sympy.Symbol, sympy.Expr] = {}
        self.squares: dict[sympy.Symbol, sympy.Expr] = {}
        self.scales: dict[sympy.Expr, int] = {}
        self.plain: dict[sympy.Expr, sympy.Expr] = {}
        self.common: sympy.Expr = sympy.S.One
        self._scan([_elementary(e) for e in expressions])

    # --- from expressions to rational expressions in the indeterminates ---------------------------------------

    def rational(self, node: sympy.Expr) -> sympy.Expr:
        """The rational expression in indeterminates that stands for a node."""
        if node not in self.plain:
            self.plain[node] = self._new(node)
        return self.plain[node]

    def _new(self, node: sympy.Expr) -> sympy.Expr:
        if node.is_Rational or node.is_Symbol:
            return node
        if node == sympy.pi:
            self.meaning[_PI] = sympy.pi
            return _PI
        if isinstance(node, OPAQUE):
            return self._kernel(node)
        if isinstance(node, sympy.exp):
            return sympy.Mul(*(self._exponential(key, n) for key, n in self._exponents(node.args[0]).items()))
        if node == sympy.E:
            return self._exponential(sympy.S.One, sympy.S.One)
        if node.is_Add or node.is_Mul:
            return node.func(*(self.rational(arg) for arg in node.args))
        if node.is_Pow and node.exp.is_Integer:
            return self.rational(node.base) ** node.exp
        if node.is_Pow and node.exp.is_Rational and node.exp.q == 2:
            p = int(node.exp.p)
            root, square = self._root(node.base)
            return root * square ** ((p - 1) // 2)
        if node.is_Pow and node.exp.is_integer:
            return self._integer_power(node)
        if isinstance(node, sympy.factorial):
            return self._factorial(node.args[0])
        return self._function(node)

    def _integer_power(self, node: sympy.Expr) -> sympy.Expr:
        """A power whose exponent is a sum of integer symbols: of each factor of the base, to each symbol."""
        plain = sympy.factor(sympy.together(self.rational(node.base)))
        total = sympy.S.One
        for part in sympy.Add.make_args(sympy.expand(node.exp)):
            times, symbol = part.as_coeff_Mul()
            if not times.is_Integer or not (symbol == 1 or symbol.is_integer):
                return self._function(node)
            total *= plain**times if symbol == 1 else self._symbolic_power(plain, symbol) ** times
        return total

    def _symbolic_power(self, plain: sympy.Expr, exponent: sympy.Expr) -> sympy.Expr:
        total = sympy.S.One
        for part, direction in zip(plain.as_numer_denom(), (1, -1), strict=True):
            constant, factors = sympy.factor_list(part)
            numbers = sympy.factorint(constant.p).items(), sympy.factorint(constant.q).items()
            pairs = [*factors, *((sympy.Integer(p), n) for p, n in numbers[0])]
            pairs += [(sympy.Integer(p), -n) for p, n in numbers[1]]
            for factor, n in pairs:
                if factor != 1:
                    unit = self._kernel(sympy.Pow(self.back(factor), exponent, evaluate=False))
                    total *= unit ** (direction * n)
        return total

    def _factorial(self, argument: sympy.Expr) -> sympy.Expr:
        """(n + j)! as (n + 1)...(n + j) n! for integers j > 0 and n that is not negative."""
        offset, rest = argument.as_coeff_Add()
        if not (rest.is_nonnegative and rest.is_integer and offset.is_Integer and offset >= 0):
            return self._kernel(sympy.factorial(argument))
        return sympy.Mul(*(rest + i for i in range(1, int(offset) + 1))) * self._kernel(sympy.factorial(rest))

    def _function(self, node: sympy.Expr) -> sympy.Expr:
        """A function at arguments in normal form; odd and even ones see x and -x alike."""
        if not node.args:
            return self._kernel(node)
        arguments = [self.normal(arg) for arg in node.args]
        if isinstance(node, (*ODD, *EVEN)):
            chosen = min(arguments[0], self.normal(-arguments[0]), key=sympy.default_sort_key)
            sign = -1 if isinstance(node, ODD) and chosen != arguments[0] else 1
            return sign * self._kernel(node.func(chosen, evaluate=False))
        if isinstance(node, bivariate_normal_cdf):
            return self._quadrant(*arguments)
        return self._kernel(node.func(*arguments, evaluate=False))

    def _quadrant(self, h: sympy.Expr, k: sympy.Expr, rho: sympy.Expr) -> sympy.Expr:
        r"""One node for each :math:`|\rho|`.

        :math:`\Phi_2(h,k;\rho)=\Phi_2(k,h;\rho)=\Phi(h)-\Phi_2(h,-k;-\rho)=\Phi(h)+\Phi(k)-1+\Phi_2(-h,-k;\rho)`.
        """
        if rho.could_extract_minus_sign():
            if k.could_extract_minus_sign() and not h.could_extract_minus_sign():
                h, k = k, h
            return self._level(h) - self._quadrant(h, self.normal(-k), self.normal(-rho))
        key = sympy.default_sort_key
        if key(k) < key(h):
            h, k = k, h
        if self.reflect:
            other = sorted((self.normal(-h), self.normal(-k)), key=key)
            if [key(x) for x in other] < [key(h), key(k)]:
                corner = self._kernel(bivariate_normal_cdf(*other, rho, evaluate=False))
                return self._level(h) + self._level(k) - 1 + corner
        return self._kernel(bivariate_normal_cdf(h, k, rho, evaluate=False))

    def _level(self, h: sympy.Expr) -> sympy.Expr:
        return self.rational(_elementary(normal_cdf(h)))

    def _kernel(self, node: sympy.Expr) -> sympy.Symbol:
        if node not in self.kernels:
            known = {"positive": True} if node.is_positive else {"real": True}
            symbol = sympy.Symbol(f"_k{len(self.kernels)}", **known)
            self.kernels[node] = symbol
            self.meaning[symbol] = node
        return self.kernels[node]

    def _root(self, base: sympy.Expr) -> tuple[sympy.Expr, sympy.Expr]:
        """The square root of a base as a product of indeterminates and a rational expression, and the base."""
        plain = sympy.factor(sympy.together(self.rational(base)))
        if plain.is_zero:
            return sympy.S.Zero, sympy.S.Zero
        numerator, denominator = plain.as_numer_denom()
        constant, up = sympy.factor_list(numerator)
        other, down = sympy.factor_list(denominator)
        factors = [(f, n) for f, n in up] + [(f, -n) for f, n in down]
        constant = constant / other
        signed = []
        for factor, n in factors:
            if not self._positive(factor) and self._positive(-factor):
                factor, constant = -factor, constant * (-1) ** n
            signed.append((factor, n))
        if not constant.is_positive or not all(self._positive(f) for f, _ in signed):
            return self._radical(plain, None), plain
        root = sympy.S.One
        for prime, n in [
            *sympy.factorint(constant.p).items(),
            *((p, -k) for p, k in sympy.factorint(constant.q).items()),
        ]:
            root *= sympy.Integer(prime) ** (n // 2) * (self._radical(sympy.Integer(prime)) if n % 2 else 1)
        for factor, n in signed:
            root *= factor ** (n // 2) * (self._radical(factor) if n % 2 else 1)
        return root, plain

    def _positive(self, factor: sympy.Expr) -> bool:
        return positive(factor.xreplace({_PI: sympy.pi}))

    def _radical(self, square: sympy.Expr, positive: bool | None = True) -> sympy.Symbol:
        key = sympy.Pow(square, sympy.Rational(1, 2), evaluate=False)
        if key not in self.kernels:
            symbol = sympy.Symbol(f"_r{len(self.kernels)}", positive=positive)
            self.kernels[key] = symbol
            self.squares[symbol] = square
        return self.kernels[key]

    def _exponents(self, argument: sympy.Expr) -> dict[sympy.Expr, sympy.Expr]:
        """The exponent as a combination, with rational coefficients, of monomials over the common denominator."""
        numerator, denominator = self.element(argument).as_expr().as_numer_denom()
        expanded = sympy.expand(numerator * sympy.cancel(self.common / denominator))
        found: dict[sympy.Expr, sympy.Expr] = {}
        for part in sympy.Add.make_args(expanded):
            number, monomial = part.as_coeff_Mul()
            if number != 0:
                found[monomial] = found.get(monomial, sympy.S.Zero) + number
        return found

    def _exponential(self, key: sympy.Expr, n: sympy.Expr) -> sympy.Expr:
        scale = self.scales.get(key, 1)
        unit = self._kernel(sympy.exp(sympy.cancel(self.back(key / self.common)) / scale, evaluate=False))
        return unit ** (n * scale)

    def _scan(self, expressions: list[sympy.Expr]) -> None:
        """Find the common denominator of all exponents, then those of the coefficients of their monomials."""
        exponents = [e.args[0] for expression in expressions for e in _exponentials(expression)]
        if not exponents:
            return
        for argument in exponents:
            self.common = sympy.lcm(self.common, self.element(argument).as_expr().as_numer_denom()[1])
        for argument in exponents:
            for key, n in self._exponents(argument).items():
                self.scales[key] = lcm(self.scales.get(key, 1), int(n.q))
        self.plain.clear()

    # --- normal forms --------------------------------------------------------------------------------------------

    def element(self, expression: sympy.Expr) -> Any:
        """The normal form: an element of a field of rational functions, its numerator reduced by r^2 = radicand."""
        plain = self.rational(_elementary(expression))
        names = sorted(plain.free_symbols | set().union(*(s.free_symbols for s in self.squares.values())), key=str)
        names += [s for s in self.squares if s not in names]
        domain = QQ.frac_field(*names) if names else QQ.frac_field(_PI)
        return self._reduced(domain.from_sympy(plain), domain)

    def _reduced(self, element: Any, domain: Any) -> Any:
        symbols = domain.symbols
        while True:
            numerator = element.numer
            high = [i for i, s in enumerate(symbols) if s in self.squares and any(m[i] > 1 for m in numerator.monoms())]
            below = [
                i for i, s in enumerate(symbols) if s in self.squares and any(m[i] for m in element.denom.monoms())
            ]
            if not high and not below:
                return element
            if below:
                element = self._rationalised(element, below[0], domain)
                continue
            i = high[0]
            square = domain.from_sympy(self.squares[symbols[i]])
            total = domain.zero
            for monomial, k in numerator.terms():
                half, odd = divmod(monomial[i], 2)
                rest = tuple(odd if j == i else m for j, m in enumerate(monomial))
                total += domain.field(numerator.ring.from_dict({rest: k})) * square**half
            element = total / domain.field(element.denom)

    def _rationalised(self, element: Any, i: int, domain: Any) -> Any:
        """Multiply by the conjugate in the i-th root: the denominator loses it."""
        denominator = element.denom
        ring = denominator.ring
        conjugate = ring.from_dict({m: -k if m[i] % 2 else k for m, k in denominator.terms()})
        square = domain.from_sympy(self.squares[domain.symbols[i]])
        norm = domain.zero
        for monomial, k in (denominator * conjugate).terms():
            rest = tuple(0 if j == i else m for j, m in enumerate(monomial))
            norm += domain.field(ring.from_dict({rest: k})) * square ** (monomial[i] // 2)
        return domain.field(element.numer * conjugate) / norm

    def normal(self, expression: sympy.Expr) -> sympy.Expr:
        """An expression equal to the given one, the same for all expressions proved equal."""
        return self.back(self.element(expression).as_expr())

    def back(self, plain: sympy.Expr) -> sympy.Expr:
        """The meaning of an expression in indeterminates."""
        table = dict(self.meaning)
        for symbol, square in self.squares.items():
            table[symbol] = sympy.sqrt(square)
        for _ in range(8):
            replaced = plain.xreplace(table)
            if replaced == plain:
                return plain
            plain = replaced
        return plain


def _exponentials(expression: sympy.Expr) -> list[sympy.Expr]:
    """The exponentials in an expression, the inner ones first, outside of opaque nodes."""
    if isinstance(expression, OPAQUE):
        return []
    inner = [e for arg in expression.args for e in _exponentials(arg)]
    return [*inner, expression] if isinstance(expression, sympy.exp) else inner


@lru_cache(maxsize=4096)
def _elementary(expression: sympy.Expr) -> sympy.Expr:
    """Hyperbolic functions as exponentials, the normal distribution function as an error function."""
    if isinstance(expression, OPAQUE) or not expression.args:
        return expression
    arguments = [_elementary(arg) for arg in expression.args]
    if isinstance(expression, sympy.sinh):
        return (sympy.exp(arguments[0]) - sympy.exp(-arguments[0])) / 2
    if isinstance(expression, sympy.cosh):
        return (sympy.exp(arguments[0]) + sympy.exp(-arguments[0])) / 2
    if isinstance(expression, normal_cdf):
        return (1 + sympy.erf(arguments[0] / sympy.sqrt(2))) / 2
    if isinstance(expression, sympy.erfc):
        return 1 - sympy.erf(arguments[0])
    return expression.func(*arguments)
