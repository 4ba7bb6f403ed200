r"""A small safe grammar for functions of ``x``: text in, sympy expression out, nothing else can happen.

.. code-block:: text

    choice  = sum ("if" condition "else" choice)?
    sum     = product (("+" | "-") product)*
    product = unary (("*" | "/") unary)*
    unary   = ("+" | "-") unary | power
    power   = atom (("**" | "^") unary)?
    atom    = number | "pi" | "e" | "x" | name "(" choice ("," choice)* ")" | "(" choice ")"
            | "where" "(" condition "," choice "," choice ")"
            | "Piecewise" "(" case ("," case)* ")"
    case    = "(" choice "," (condition | "True") ")"

    condition  = both ("or" both)*
    both       = comparison ("and" comparison)*
    comparison = sum (("<" | "<=" | ">" | ">=") sum)+ | "(" condition ")"

Decimals are exact rationals. Names of functions are read whatever their capitals and underscores. Nodes are built with
sympy's plain constructors, and their size is checked one by one; text is never handed to ``eval`` or ``sympify``.
Singularities that cancel under sympy's automatic rules, as in ``x/x``, are removed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NoReturn

import sympy

from ..errors import SpecError
from ..suggestion import suggestion
from . import catalogue
from .conditionals import AllOf, AnyOf, Comparison, Condition, conditional
from .functions import X
from .size import MAX_POWER, check_node, check_power
from .vocabulary import CONSTANTS, FUNCTIONS, KEYWORDS, KINKED, ORDERED, PARAMETRIC, function_name

MAX_LENGTH = 2000
"""Longest text accepted."""
MAX_DEPTH = 40
"""Deepest nesting accepted."""
MAX_TOKENS = 800
"""Most tokens accepted."""
MAX_NUMERAL = 120
"""Longest numeral accepted, in characters."""

_TOKEN = re.compile(
    r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<name>[A-Za-z_][A-Za-z_0-9]*)|(?P<op>\*\*|[<>]=?|[-+*/^(),])|(?P<space>\s+)"
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int


def parse(text: str) -> sympy.Expr:
    """The function of ``x`` written in ``text``, as an exact sympy expression in :data:`.functions.X`.

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

    def take(self, *texts: str, kind: str = "op") -> _Token | None:
        token = self.next
        if token.kind == kind and token.text in texts:
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

    def keyword(self, text: str) -> _Token | None:
        return self.take(text, kind="name")

    def whole(self) -> sympy.Expr:
        node = self.choice()
        token = self.next
        if token.text in ("<", "<=", ">", ">="):
            self.fail(token, "a comparison alone is no activation", "write for instance where(x > 0, x, 0).")
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
        except (ValueError, TypeError, RecursionError):  # sympy's Max, Min and comparisons of numbers
            message = "numbers that cannot be compared exactly: write fractions or decimals in their place."
        what, _, advice = message.partition(": ")
        return self.fail(token, what, advice) if advice else self.fail(token, "a parameter is out of range", message)

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(self.next, f"nesting is deeper than {MAX_DEPTH}", "split the expression.")

    def choice(self) -> sympy.Expr:
        node = self.sum()
        token = self.keyword("if")
        if token is None:
            return node
        self.deeper()
        condition = self.condition()
        if self.keyword("else") is None:
            self.fail(self.next, 'expected "else"', "write both cases, as in x if x > 0 else 0.")
        node = self.checked(token, conditional, ((condition, node),), self.choice())
        self.depth -= 1
        return node

    def condition(self) -> Condition:
        self.deeper()
        found = [self.both()]
        while self.keyword("or"):
            found.append(self.both())
        self.depth -= 1
        return found[0] if len(found) == 1 else AnyOf(tuple(found))

    def both(self) -> Condition:
        found = [self.comparison()]
        while self.keyword("and"):
            found.append(self.comparison())
        return found[0] if len(found) == 1 else AllOf(tuple(found))

    def comparison(self) -> Condition:
        if self.next.text == "(" and self.compares_inside():
            self.expect("(")
            inner = self.condition()
            self.expect(")")
            return inner
        left = self.sum()
        found: list[Condition] = []
        while token := self.take("<", "<=", ">", ">="):
            right = self.sum()
            difference = left - right if token.text[0] == ">" else right - left
            found.append(Comparison(check_node(difference), strict=len(token.text) == 1))
            left = right
        if not found:
            self.fail(self.next, f'expected a comparison but found "{self.next.text}"', "write for instance x > 0.")
        return found[0] if len(found) == 1 else AllOf(tuple(found))

    def compares_inside(self) -> bool:
        """Whether the parenthesis that opens here holds a comparison, and not only a number."""
        depth = 0
        for token in self.tokens[self.position :]:
            depth += (token.text == "(") - (token.text == ")")
            if token.text in ("<", "<=", ">", ">=") and depth == 1:
                return True
            if depth == 0:
                return False
        return False

    def conditional(self, token: _Token) -> sympy.Expr:
        """What follows ``where`` or ``Piecewise``."""
        self.deeper()
        self.expect("(")
        cases: list[tuple[Condition, sympy.Expr]] = []
        otherwise: sympy.Expr | None = None
        if token.text == "where":
            condition = self.condition()
            self.expect(",")
            cases.append((condition, self.choice()))
            self.expect(",")
            otherwise = self.choice()
        while token.text == "Piecewise" and otherwise is None:
            self.expect("(")
            value = self.choice()
            self.expect(",")
            if self.keyword("True"):
                otherwise = value
            else:
                cases.append((self.condition(), value))
            self.expect(")")
            if otherwise is None and self.take(",") is None:
                self.fail(
                    self.next, "the last case needs the condition True", "as in Piecewise((x, x > 0), (0, True))."
                )
        self.expect(")")
        self.depth -= 1
        assert otherwise is not None  # both forms end with it
        return self.checked(token, conditional, tuple(cases), otherwise)

    def sum(self) -> sympy.Expr:
        self.deeper()
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
            node = self.choice()
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
        if token.text in ("where", "Piecewise") and self.next.text == "(":
            return self.conditional(token)
        called = self.take("(") is not None
        known = function_name(token.text)
        if not called:
            if token.text == "x":
                return X
            if token.text in CONSTANTS:
                return CONSTANTS[token.text]
            if known is not None:
                self.fail(token, f'"{token.text}" stands without an argument', f"write {token.text}(x).")
        if token.text == "x" or token.text in CONSTANTS:
            self.fail(token, f'"{token.text}" is not a function', "write the multiplication sign, as in x*(x + 1).")
        if known is None:
            self.unknown(token, called)
        name = _Token(token.kind, known, token.column)
        arguments = [self.choice()]
        while self.take(","):
            arguments.append(self.choice())
        self.expect(")")
        fewest, most, build = FUNCTIONS[known]
        if not fewest <= len(arguments) <= most:
            wanted = f"{fewest}" if fewest == most else f"{fewest} to {most}"
            self.fail(token, f'"{token.text}" takes {wanted} arguments, not {len(arguments)}', "check the commas.")
        self.check_arguments(name, arguments)
        return self.checked(token, build, *arguments)

    def unknown(self, token: _Token, called: bool) -> NoReturn:
        text = token.text
        if text in KEYWORDS:
            self.fail(token, f'"{text}" stands at the wrong place', "write for instance x if x > 0 else exp(x) - 1.")
        if catalogue.advice(text):
            self.fail(token, f'"{text}" is not a function of one number', catalogue.advice(text))
        known = sorted({"x", *CONSTANTS, *FUNCTIONS})
        what = "function" if called else "name"
        self.fail(token, f'unknown {what} "{text}"', "use a known one." + suggestion(text, known))

    def check_arguments(self, token: _Token, arguments: list[sympy.Expr]) -> None:
        name = token.text
        constants = [node for node in arguments if not node.has(X)]
        if name in KINKED and any(not node.is_Rational for node in constants):
            self.fail(token, f'"{name}" compares a constant that is not rational', "give a rational approximation.")
        family = catalogue.canonical(name)
        if family in PARAMETRIC:
            ordered = family in ORDERED
            if len(arguments) == 1 and not arguments[0].has(X) and not ordered:
                self.fail(token, f'"{name}" of a constant inside an expression', f"write {name}(x, parameter).")
            parameter = arguments[0] if ordered else arguments[-1] if len(arguments) == 2 else None
            if parameter is not None and not parameter.is_Rational:
                self.fail(token, f'the parameter of "{name}" is not rational', "give a fraction such as 1/10.")
        if name in ("sqrt", "log", "ln", "log1p"):
            node = arguments[0] + 1 if name == "log1p" else arguments[0]
            if not node.has(X) and not (node.is_positive or (name == "sqrt" and node.is_zero)):
                self.fail(
                    token, f'"{name}" of a constant that is not positive', "its value would not be a real number."
                )
