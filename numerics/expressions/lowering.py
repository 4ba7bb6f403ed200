r"""One table from the nodes of an expression to operations in four number systems.

An expression in the variable ``x`` is turned once into a straight-line program (equal subexpressions are computed
once) and can then be run on real balls, complex balls, power series over balls and float arrays. Constants are enclosed
at the working precision of the call, not at the precision of the moment of lowering.

A node without a rule raises :class:`DerivationGap`; nothing is approximated by sampling.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, reduce
from operator import add
from typing import Any

import flint
import numpy as np
import sympy
from flint import acb, arb, arb_series, fmpq
from numpy.typing import NDArray
from scipy import special

from ...theory.errors import DerivationGap
from ..balls.precision import precision
from .elementary import complex as on_boxes
from .elementary import floating as on_floats
from .elementary import real as on_balls
from .elementary import series as on_series

Function = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One node in the four systems; ``box`` is None for nodes that are nowhere analytic across their kink."""

    ball: Function
    box: Function | None
    series: Function
    floats: Function


def _same_name(name: str, floats: Function) -> Operation:
    return Operation(getattr(on_balls, name), getattr(on_boxes, name), getattr(on_series, name), floats)


def _kink(name: str, floats: Function) -> Operation:
    return Operation(getattr(on_balls, name), None, getattr(on_series, name), floats)


def _sum(*terms: Any) -> Any:
    return reduce(add, terms)


TABLE: dict[str, Operation] = {
    "exp": _same_name("exp", np.exp),
    "log": _same_name("log", np.log),
    "sin": _same_name("sin", np.sin),
    "cos": _same_name("cos", np.cos),
    "tan": _same_name("tan", np.tan),
    "sinh": _same_name("sinh", np.sinh),
    "cosh": _same_name("cosh", np.cosh),
    "tanh": _same_name("tanh", np.tanh),
    "atan": _same_name("atan", np.arctan),
    "asinh": _same_name("asinh", np.arcsinh),
    "erf": _same_name("erf", special.erf),
    "erfc": _same_name("erfc", special.erfc),
    "sigmoid": _same_name("sigmoid", special.expit),
    "softplus": _same_name("softplus", on_floats.softplus),
    "normal_cdf": _same_name("normal_cdf", special.ndtr),
    "Abs": _kink("absolute", np.abs),
    "Max": _kink("maximum", np.maximum),
    "Min": _kink("minimum", np.minimum),
    "sign": _kink("sign", np.sign),
    "Heaviside": _kink("heaviside", np.heaviside),
    "power": _same_name("power", on_floats.power),
    "root": _same_name("root", on_floats.root),
    "multiply": _same_name("multiply", np.multiply),
    "add": Operation(_sum, _sum, _sum, _sum),
}
"""The rules. ``power`` and ``root`` carry an integer as second argument; ``Pow`` is lowered onto them."""

CONSTANTS: dict[Any, Callable[[], arb]] = {
    sympy.pi: arb.pi,
    sympy.E: arb.const_e,
    sympy.EulerGamma: arb.const_euler,
    sympy.Catalan: arb.const_catalan,
    sympy.GoldenRatio: lambda: (1 + arb(5).sqrt()) / 2,
}


@dataclass(frozen=True, slots=True)
class Step:
    """``register[i] = TABLE[rule](*registers, *integers)``."""

    rule: str
    registers: tuple[int, ...]
    integers: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """A straight-line program: register 0 is the variable, then the constants, then one register for each step."""

    constants: tuple[sympy.Expr, ...]
    steps: tuple[Step, ...]
    result: int


def the_variable(expr: sympy.Expr) -> sympy.Symbol | None:
    """The variable of an expression: its only free symbol, which must be called ``x``; None for a constant."""
    symbols = expr.free_symbols
    if not symbols:
        return None
    if len(symbols) > 1 or next(iter(symbols)).name != "x":
        names = ", ".join(sorted(str(s) for s in symbols))
        raise DerivationGap(
            f"cannot evaluate {expr} in the unknowns {names}: write an expression in the single variable x."
        )
    return next(iter(symbols))


class _Compiler:
    """Collects registers while walking an expression; equal subexpressions share one."""

    def __init__(self, variable: sympy.Symbol | None) -> None:
        self.variable = variable
        self.constants: list[sympy.Expr] = []
        self.steps: list[tuple[str, tuple[Any, ...], tuple[int, ...]]] = []
        self.places: dict[Any, Any] = {}

    def place(self, node: sympy.Expr) -> Any:
        """The place of a node: ("x",), ("c", index) or ("s", index)."""
        if node not in self.places:
            self.places[node] = self._new(node)
        return self.places[node]

    def _new(self, node: sympy.Expr) -> Any:
        if node == self.variable:
            return ("x",)
        if not node.free_symbols:
            check_constant(node)
            self.constants.append(node)
            return ("c", len(self.constants) - 1)
        if isinstance(node, sympy.Pow):
            return self._pow(node)
        name = type(node).__name__
        if name in {"Add", "Mul", "Max", "Min"}:
            known = [a for a in node.args if not a.free_symbols]
            args = [*([node.func(*known)] if known else []), *(a for a in node.args if a.free_symbols)]
            if name == "Add":
                return self.step("add", tuple(self.place(a) for a in args))
            return self._fold("multiply" if name == "Mul" else name, args)
        if name not in TABLE:
            raise DerivationGap(
                f"no rule evaluates the function {name} in {node}: use exp, log, sqrt, sin, cos, tanh, atan, erf, "
                "sigmoid, softplus, normal_cdf, Abs, Max, Min, Heaviside or sign."
            )
        return self.step(name, tuple(self.place(a) for a in node.args))

    def _fold(self, rule: str, args: list[sympy.Expr]) -> Any:
        return reduce(lambda total, other: self.step(rule, (total, other)), [self.place(a) for a in args])

    def _pow(self, node: sympy.Pow) -> Any:
        base, exponent = node.args
        if exponent.is_Integer:
            return self.step("power", (self.place(base),), (int(exponent),))
        if exponent.is_Rational:
            inner = self.step("root", (self.place(base),), (int(exponent.q),))
            return inner if exponent.p == 1 else self.step("power", (inner,), (int(exponent.p),))
        return self.place(sympy.exp(exponent * sympy.log(base), evaluate=False))

    def step(self, rule: str, places: tuple[Any, ...], integers: tuple[int, ...] = ()) -> Any:
        key = (rule, places, integers)
        if key not in self.places:
            self.steps.append(key)
            self.places[key] = ("s", len(self.steps) - 1)
        return self.places[key]


def check_constant(node: sympy.Expr) -> None:
    """Raise :class:`DerivationGap` unless every node of a constant has a rule."""
    if node.is_Rational or node.is_Float or node in CONSTANTS:
        return
    if not node.args or not (isinstance(node, (sympy.Add, sympy.Mul, sympy.Pow)) or type(node).__name__ in TABLE):
        raise DerivationGap(f"no rule encloses the constant {node}: use rationals, pi, E and functions of them.")
    for arg in node.args:
        check_constant(arg)


@lru_cache(maxsize=512)
def program(expr: sympy.Expr) -> Program:
    """The straight-line program of an expression; raises :class:`DerivationGap` for a node without a rule."""
    expr = sympy.sympify(expr, strict=True)
    compiler = _Compiler(the_variable(expr))
    result = compiler.place(expr)
    count = len(compiler.constants)

    def register(place: Any) -> int:
        return 0 if place[0] == "x" else 1 + int(place[1]) + (count if place[0] == "s" else 0)

    steps = tuple(Step(rule, tuple(map(register, places)), n) for rule, places, n in compiler.steps)
    return Program(tuple(compiler.constants), steps, register(result))


def constant(node: sympy.Expr) -> arb:
    """Enclose a constant expression at the working precision (NaN where it is not real).

    >>> constant(sympy.Rational(1, 2))
    0.500000000000000
    """
    return _constant_at(node, int(flint.ctx.prec))


@lru_cache(maxsize=4096)
def _constant_at(node: sympy.Expr, bits: int) -> arb:
    if node in CONSTANTS:
        return CONSTANTS[node]()
    if node in (sympy.nan, sympy.zoo, sympy.oo, -sympy.oo):
        return arb("nan")
    if node.is_Float:
        node = sympy.Rational(node)
    if node.is_Rational:
        return arb(fmpq(int(node.p), int(node.q)))
    if isinstance(node, sympy.Pow) and not node.args[1].is_Rational:
        base, exponent = (_constant_at(a, bits) for a in node.args)
        return on_balls.exp(exponent * on_balls.log(base))
    values = [_constant_at(a, bits) for a in node.args]
    if isinstance(node, sympy.Pow):
        root = values[0] if node.args[1].is_Integer else on_balls.root(values[0], int(node.args[1].q))
        return on_balls.power(root, int(node.args[1].p))
    if isinstance(node, sympy.Add):
        return arb(_sum(*values))
    rule = TABLE["multiply" if isinstance(node, sympy.Mul) else type(node).__name__].ball
    return arb(rule(values[0]) if len(values) == 1 else reduce(rule, values))


def _run(steps: list[tuple[Function, tuple[int, ...], tuple[int, ...]]], registers: list[Any], result: int) -> Any:
    for function, places, integers in steps:
        registers.append(function(*[registers[k] for k in places], *integers))
    return registers[result]


def _constants_now(nodes: tuple[sympy.Expr, ...]) -> Callable[[], list[arb]]:
    """The constants of a program at the working precision of the moment, enclosed once for each."""
    known: dict[int, list[arb]] = {}

    def now() -> list[arb]:
        bits = int(flint.ctx.prec)
        if bits not in known:
            known[bits] = [_constant_at(node, bits) for node in nodes]
        return known[bits]

    return now


def lower_arb(expr: sympy.Expr) -> Callable[[arb], arb]:
    """``expr`` as a function of real balls: the result contains every value on the argument.

    >>> f = lower_arb(sympy.tanh(sympy.Symbol("x", real=True)))
    >>> f(arb(0))
    0
    """
    code = program(expr)
    steps = [(TABLE[s.rule].ball, s.registers, s.integers) for s in code.steps]
    constants = _constants_now(code.constants)

    def evaluate(x: arb) -> arb:
        return arb(_run(steps, [x, *constants()], code.result))

    return evaluate


def lower_acb(expr: sympy.Expr) -> Callable[[acb], acb]:
    """``expr`` on complex boxes: finite only when the expression is analytic on the whole box.

    Raises :class:`DerivationGap` for an expression with a kink or a jump.

    >>> x = sympy.Symbol("x", real=True)
    >>> lower_acb(1 / x)(acb(arb(0, 1), arb(0, 1))).is_finite()
    False
    """
    code = program(expr)
    steps = []
    for s in code.steps:
        box = TABLE[s.rule].box
        if box is None:
            raise DerivationGap(f"{expr} is not analytic because of {s.rule}: resolve the kinks into pieces first.")
        steps.append((box, s.registers, s.integers))
    constants = _constants_now(code.constants)

    def evaluate(z: acb) -> acb:
        return acb(_run(steps, [z, *map(acb, constants())], code.result))

    return evaluate


def lower_series(expr: sympy.Expr) -> Callable[[arb_series], arb_series]:
    """``expr`` on power series: the coefficients of ``expr(u(t))`` in t, as many as are known of ``u``.

    With ``u = c + t`` for a ball c, coefficient k contains every value of the k-th derivative on c, divided by k!.

    >>> x = sympy.Symbol("x", real=True)
    >>> lower_series(x**2)(arb_series([3, 1], prec=3))
    9.00000000000000 + 6.00000000000000*x + 1.00000000000000*x^2 + O(x^3)
    """
    code = program(expr)
    steps = [(TABLE[s.rule].series, s.registers, s.integers) for s in code.steps]

    def evaluate(u: arb_series) -> arb_series:
        n = on_series.length(u)
        registers = [u, *(arb_series([constant(c)], prec=n) for c in code.constants)]
        return _run(steps, registers, code.result)  # type: ignore[no-any-return]  # registers hold series only

    return evaluate


def lower_numpy(expr: sympy.Expr) -> Callable[[NDArray[Any]], NDArray[Any]]:
    """``expr`` on float arrays, in numerically stable form; the dtype of the argument is kept.

    >>> lower_numpy(sympy.Symbol("x", real=True) / 3)(np.ones(2, dtype=np.float32)).dtype
    dtype('float32')
    """
    code = program(expr)
    steps = [(TABLE[s.rule].floats, s.registers, s.integers) for s in code.steps]
    with precision(80):
        constants = [float(constant(c)) for c in code.constants]

    def evaluate(x: NDArray[Any]) -> NDArray[Any]:
        x = np.asarray(x)
        x = x if x.dtype.kind == "f" else x.astype(np.float64)
        scalars = [x.dtype.type(c) for c in constants]
        value = np.asarray(_run(steps, [x, *scalars], code.result))
        return np.broadcast_to(value, x.shape).astype(x.dtype, copy=value.ndim != x.ndim)

    return evaluate
