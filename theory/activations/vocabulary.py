r"""The words of expressions: the functions a text may call, with their builders, and the constants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import sympy

from ..errors import SpecError
from . import catalogue
from .functions import X, normal_cdf, sigmoid, softplus


def _unary(function: Callable[[sympy.Expr], sympy.Expr]) -> tuple[int, int, Callable[..., sympy.Expr]]:
    return (1, 1, function)


def _logarithm(argument: sympy.Expr) -> sympy.Expr:
    """The logarithm; of ``sigmoid(u)`` and of ``1 + exp(u)`` in the form that is analytic at both ends of the line."""
    if argument.is_Pow and argument.exp == -1 and not argument.base.is_Rational:
        return -_logarithm(argument.base)
    if isinstance(argument, sigmoid):
        return -softplus(-argument.args[0])
    rest = argument - 1
    return softplus(rest.args[0]) if isinstance(rest, sympy.exp) and rest.has(X) else sympy.log(argument)


def _clip(argument: sympy.Expr, low: sympy.Expr, high: sympy.Expr) -> sympy.Expr:
    if not low < high:
        raise SpecError(f"the ends {low} and {high} of a clip are not in order: write clip(x, -1, 1).")
    return sympy.Max(sympy.Min(argument, high), low)


def _of_the_catalogue(name: str, family: catalogue.Family) -> tuple[int, int, Callable[..., sympy.Expr]]:
    """A function of x; one of x and its parameter; or, where the parameter has no default, of the order and x."""

    def build(*given: sympy.Expr) -> sympy.Expr:
        argument, *parameter = given if family.default != "" else (given[1] if len(given) > 1 else X, given[0])
        return catalogue.entry(name, *parameter).expression.xreplace({X: argument})

    return (1, 1 if family.default is None else 2, build)


FUNCTIONS: Mapping[str, tuple[int, int, Callable[..., sympy.Expr]]] = MappingProxyType(
    {
        **{name: _of_the_catalogue(name, family) for name, family in catalogue.FAMILIES.items()},
        **{alias: _of_the_catalogue(name, catalogue.FAMILIES[name]) for alias, name in catalogue.ALIASES.items()},
        **{f.__name__: _unary(f) for f in (sympy.tanh, sympy.erf, sympy.sin, sympy.cos, sympy.atan, sympy.exp)},
        **{f.__name__: _unary(f) for f in (sympy.sinh, sympy.cosh, sympy.asinh, sympy.log, sympy.sign)},
        **{f.__name__: _unary(f) for f in (sigmoid, softplus, normal_cdf)},
        "Abs": _unary(sympy.Abs),
        "abs": _unary(sympy.Abs),
        **dict.fromkeys(("Heaviside", "heaviside", "step"), (1, 2, sympy.Heaviside)),
        "log": _unary(_logarithm),
        "ln": _unary(_logarithm),
        "log1p": _unary(lambda u: _logarithm(1 + u)),
        "expm1": _unary(lambda u: sympy.exp(u) - 1),
        "erfc": _unary(lambda u: 1 - sympy.erf(u)),
        "sqrt": _unary(sympy.sqrt),
        "arcsinh": _unary(sympy.asinh),
        "Max": (2, 8, sympy.Max),
        "max": (2, 8, sympy.Max),
        "Min": (2, 8, sympy.Min),
        "min": (2, 8, sympy.Min),
        "clip": (3, 3, _clip),
        "clamp": (3, 3, _clip),
    }
)
"""The functions a text may call: (fewest arguments, most arguments, builder)."""
CONSTANTS: Mapping[str, sympy.Expr] = MappingProxyType({"pi": sympy.pi, "e": sympy.E, "E": sympy.E})
KINKED = frozenset({"Max", "max", "Min", "min", "Abs", "abs", "sign", "sgn", "step", "Heaviside", "heaviside"}) | {
    "clip",
    "clamp",
}
"""Functions that compare their arguments: their constants must be rational."""
ORDERED = frozenset(name for name, family in catalogue.FAMILIES.items() if family.default == "")
PARAMETRIC = ORDERED | {name for name, family in catalogue.FAMILIES.items() if family.default}
KEYWORDS = frozenset({"if", "else", "and", "or", "not", "where", "Piecewise", "True"})


def function_name(name: str) -> str | None:
    """The name under which a function of the grammar is known, whatever its capitals; ``None`` for other names.

    >>> function_name("GELU"), function_name("Tanh"), function_name("tahn") is None
    ('gelu', 'tanh', True)
    """
    if name in FUNCTIONS:
        return name
    known = catalogue.canonical(name)
    if known in FUNCTIONS:
        return known
    return name.lower() if name.lower() in FUNCTIONS else None
