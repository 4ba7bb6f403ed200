r"""A small safe grammar for functions of ``x``: text in, sympy expression out, nothing else can happen.

.. code-block:: text

    sum     = product (("+" | "-") product)*
    product = unary (("*" | "/") unary)*
    unary   = ("+" | "-") unary | power
    power   = atom (("**" | "^") unary)?
    atom    = number | "pi" | "e" | "x" | name "(" sum ("," sum)* ")" | "(" sum ")"

Decimals are exact rationals. Nodes are built with sympy's plain constructors, and their size is checked one by one;
text is never handed to ``eval`` or ``sympify``. Singularities that cancel under sympy's automatic rules, as in ``x/x``,
are removed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NoReturn

import sympy

from . import catalogue
from .errors import SpecError
from .functions import X, normal_cdf, sigmoid, softplus
from .size import MAX_POWER, check_node, check_power
from .system import suggestion

MAX_LENGTH = 2000
"""Longest text accepted."""
MAX_DEPTH = 40
"""Deepest nesting accepted."""
MAX_TOKENS = 800
"""Most tokens accepted."""
MAX_NUMERAL = 120
"""Longest numeral accepted, in characters."""

_TOKEN = re.compile(
    r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_][A-Za-z_0-9]*)|(?P<op>\*\*|[-+*/^(),])|(?P<space>\s+)"
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int


def _unary(function: Callable[[sympy.Expr], sympy.Expr]) -> tuple[int, int, Callable[..., sympy.Expr]]:
    return (1, 1, function)


def _named(name: str) -> tuple[int, int, Callable[..., sympy.Expr]]:
    return (1, 1, lambda argument: catalogue.entry(name).expression.xreplace({X: argument}))


def _parametric(name: str) -> tuple[int, int, Callable[..., sympy.Expr]]:
    def build(argument: sympy.Expr, parameter: sympy.Expr | None = None) -> sympy.Expr:
        return catalogue.entry(name, parameter).expression.xreplace({X: argument})

    return (1, 2, build)


def _polynomial(name: str) -> tuple[int, int, Callable[..., sympy.Expr]]:
    def build(order: sympy.Expr, argument: sympy.Expr = X) -> sympy.Expr:
        return catalogue.entry(name, order).expression.xreplace({X: argument})

    return (1, 2, build)


FUNCTIONS: Mapping[str, tuple[int, int, Callable[..., sympy.Expr]]] = MappingProxyType(
    {
        **{f.__name__: _unary(f) for f in (sympy.tanh, sympy.erf, sympy.sin, sympy.cos, sympy.atan, sympy.exp)},
        **{f.__name__: _unary(f) for f in (sympy.sinh, sympy.cosh, sympy.asinh, sympy.log, sympy.sign)},
        **{f.__name__: _unary(f) for f in (sigmoid, softplus, normal_cdf)},
        "Abs": _unary(sympy.Abs),
        "abs": _unary(sympy.Abs),
        "Heaviside": _unary(sympy.Heaviside),
        "heaviside": _unary(sympy.Heaviside),
        "step": _unary(sympy.Heaviside),
        "sgn": _unary(sympy.sign),
        "ln": _unary(sympy.log),
        "log1p": _unary(lambda u: sympy.log(1 + u)),
        "expm1": _unary(lambda u: sympy.exp(u) - 1),
        "erfc": _unary(lambda u: 1 - sympy.erf(u)),
        "sqrt": _unary(sympy.sqrt),
        "arctan": _unary(sympy.atan),
        "arcsinh": _unary(sympy.asinh),
        "logistic": _unary(sigmoid),
        "Phi": _unary(normal_cdf),
        "Max": (2, 8, sympy.Max),
        "max": (2, 8, sympy.Max),
        "Min": (2, 8, sympy.Min),
        "min": (2, 8, sympy.Min),
        **{name: _named(name) for name in ("relu", "gelu", "silu", "swish", "mish", "selu", "softsign", "hard_tanh")},
        **{name: _parametric(name) for name in ("leaky_relu", "elu", "gaussian")},
        **{name: _polynomial(name) for name in ("hermite", "monomial")},
    }
)
"""The functions a text may call: (fewest arguments, most arguments, builder)."""
CONSTANTS: Mapping[str, sympy.Expr] = MappingProxyType({"pi": sympy.pi, "e": sympy.E, "E": sympy.E})
_KINKED = frozenset({"Max", "max", "Min", "min", "Abs", "abs", "sign", "sgn", "step", "Heaviside", "heaviside"})
_PARAMETRIC = frozenset({"leaky_relu", "elu", "gaussian", "hermite", "monomial"})


def parse(text: str) -> sympy.Expr:
    """The function of ``x`` written in ``text``, as an exact sympy expression in :data:`certigram.theory.functions.X`.

    Raises :class:`SpecError`, naming the column, for everything outside the grammar: unknown names (with a suggestion),
    texts, powers, degrees or constants beyond the documented limits, and constants that are not real numbers.

    >>> parse("0.1*x**2 - erf(2*x)/3")
    x**2/10 - erf(2*x)/3
    >>> parse("9**9**9")
    Traceback (most recent call last):
        ...
    certigram.theory.errors.SpecError: the exponent is beyond 64 at column 2 of "9**9**9": write a smaller one.
    """
    if len(text) > MAX_LENGTH:
        raise SpecError(f"the expression has {len(text)} characters: write at most {MAX_LENGTH}.")
    if not text.strip():
        raise SpecError("the expression is empty: write a function of x such as tanh(x).")
    tokens = list(_tokens(text))
    if len(tokens) > MAX_TOKENS:
        raise SpecError(f"the expression has {len(tokens)} symbols: write at most {MAX_TOKENS}.")
    return _Parser(text, tokens).whole()


def _shown(text: str) -> str:
    return '"' + (text if len(text) <= 60 else text[:57] + "...") + '"'


def _fail(text: str, column: int, message: str, advice: str) -> NoReturn:
    raise SpecError(f"{message} at column {column} of {_shown(text)}: {advice}")


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None or not match.group().isascii():
            _fail(
                text,
                position + 1,
                f'cannot read "{text[position]}"',
                "write a function of x with numbers, + - * / **, parentheses and names such as tanh.",
            )
        kind = match.lastgroup or ""
        if kind != "space":
            yield _Token(kind, match.group(), position + 1)
        position = match.end()
    yield _Token("end", "the end", len(text) + 1)


class _Parser:
    """Recursive descent over the tokens; every node passes the size checks before it is used."""

    def __init__(self, text: str, tokens: list[_Token]) -> None:
        self.text, self.tokens, self.position, self.depth = text, tokens, 0, 0

    def fail(self, token: _Token, message: str, advice: str) -> NoReturn:
        _fail(self.text, token.column, message, advice)

    @property
    def next(self) -> _Token:
        return self.tokens[self.position]

    def take(self, *texts: str) -> _Token | None:
        token = self.next
        if token.kind == "op" and token.text in texts:
            self.position += 1
            return token
        return None

    def expect(self, text: str) -> None:
        if self.take(text) is None:
            token = self.next
            hint = (
                "write the multiplication sign, as in 2*x."
                if token.kind in ("name", "number")
                else "check the parentheses."
            )
            self.fail(token, f'expected "{text}" but found "{token.text}"', hint)

    def whole(self) -> sympy.Expr:
        node = self.sum()
        token = self.next
        if token.kind != "end":
            hint = (
                "write the multiplication sign, as in 2*x."
                if token.kind != "op" or token.text == "("
                else "check the parentheses."
            )
            self.fail(token, f'did not expect "{token.text}"', hint)
        return node

    def checked(self, token: _Token, build: Callable[..., sympy.Expr], *arguments: sympy.Expr) -> sympy.Expr:
        try:
            return check_node(build(*arguments))
        except SpecError as error:
            message = str(error)
        except ValueError:  # sympy compares the constant with the kinks of the function, and cannot
            message = f'"{token.text}" compares a constant that is not rational: give a rational approximation.'
        what, _, advice = message.partition(": ")
        return self.fail(token, what, advice) if advice else self.fail(token, "a parameter is out of range", message)

    def sum(self) -> sympy.Expr:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(self.next, f"nesting is deeper than {MAX_DEPTH}", "split the expression.")
        node = self.product()
        while token := self.take("+", "-"):
            term = self.product()
            node = self.checked(token, sympy.Add, node, term if token.text == "+" else -term)
        self.depth -= 1
        return node

    def product(self) -> sympy.Expr:
        node = self.unary()
        while token := self.take("*", "/"):
            factor = self.unary()
            if token.text == "/":
                if factor.is_zero:
                    self.fail(token, "division by zero", "the divisor must not vanish.")
                factor = self.checked(token, check_power, factor, sympy.Integer(-1))
            node = self.checked(token, sympy.Mul, node, factor)
        return node

    def unary(self) -> sympy.Expr:
        sign = 1
        while token := self.take("+", "-"):
            sign = -sign if token.text == "-" else sign
        return sign * self.power()

    def power(self) -> sympy.Expr:
        base = self.atom()
        token = self.take("**", "^")
        if token is None:
            return base
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(token, f"nesting is deeper than {MAX_DEPTH}", "split the expression.")
        exponent = self.unary()
        self.depth -= 1
        return self.checked(token, check_power, base, exponent)

    def atom(self) -> sympy.Expr:
        token = self.next
        self.position += 1
        if token.kind == "number":
            return self.number(token)
        if token.kind == "name":
            return self.name(token)
        if token.kind == "op" and token.text == "(":
            node = self.sum()
            self.expect(")")
            return node
        return self.fail(token, f'expected a number, x or a function but found "{token.text}"', "complete it.")

    def number(self, token: _Token) -> sympy.Expr:
        mantissa, _, exponent = token.text.lower().partition("e")
        if len(token.text) > MAX_NUMERAL or (exponent and abs(int(exponent)) > 4 * MAX_POWER):
            self.fail(
                token,
                "the numeral is too long",
                f"give at most {MAX_NUMERAL} characters and a decimal exponent up to {4 * MAX_POWER}.",
            )
        return sympy.Rational(mantissa) * sympy.Integer(10) ** int(exponent or 0)

    def name(self, token: _Token) -> sympy.Expr:
        name = token.text
        called = self.take("(") is not None
        if not called:
            if name == "x":
                return X
            if name in CONSTANTS:
                return CONSTANTS[name]
            if name in FUNCTIONS:
                self.fail(token, f'"{name}" stands without an argument', f"write {name}(x).")
        if name == "x" or name in CONSTANTS:
            self.fail(token, f'"{name}" is not a function', "write the multiplication sign, as in x*(x + 1).")
        if name not in FUNCTIONS:
            known = sorted({"x", *CONSTANTS, *FUNCTIONS})
            self.fail(
                token,
                f'unknown {"function" if called else "name"} "{name}"',
                "use a known one." + suggestion(name, known),
            )
        arguments = [self.sum()]
        while self.take(","):
            arguments.append(self.sum())
        self.expect(")")
        fewest, most, build = FUNCTIONS[name]
        if not fewest <= len(arguments) <= most:
            wanted = f"{fewest}" if fewest == most else f"{fewest} to {most}"
            self.fail(token, f'"{name}" takes {wanted} arguments, not {len(arguments)}', "check the commas.")
        self.check_arguments(token, arguments)
        return self.checked(token, build, *arguments)

    def check_arguments(self, token: _Token, arguments: list[sympy.Expr]) -> None:
        name = token.text
        constants = [node for node in arguments if not node.has(X)]
        if name in _KINKED and any(not node.is_Rational for node in constants):
            self.fail(token, f'"{name}" compares a constant that is not rational', "give a rational approximation.")
        if name in _PARAMETRIC:
            if len(arguments) == 1 and not arguments[0].has(X) and name not in ("hermite", "monomial"):
                self.fail(token, f'"{name}" of a constant inside an expression', f"write {name}(x, parameter).")
            parameter = (
                arguments[0] if name in ("hermite", "monomial") else arguments[-1] if len(arguments) == 2 else None
            )
            if parameter is not None and not parameter.is_Rational:
                self.fail(token, f'the parameter of "{name}" is not rational', "give a fraction such as 1/10.")
        if name in ("sqrt", "log", "ln", "log1p"):
            node = arguments[0] + 1 if name == "log1p" else arguments[0]
            if not node.has(X) and not (node.is_positive or (name == "sqrt" and node.is_zero)):
                self.fail(
                    token, f'"{name}" of a constant that is not positive', "its value would not be a real number."
                )
