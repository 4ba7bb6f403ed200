"""Every constant and factor of a function, taken from its syntax tree, and the function with one of them changed.

A place is a number (also a default argument, or a module's constant that the function names), an operator, an exponent,
a square root, or a value that is returned. What is compared, indexed, printed or counted over is none of them.
"""

from __future__ import annotations
import __future__

import ast
import copy
import inspect
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property, partial
from importlib import import_module
from types import CodeType
from typing import Any

FACTORS = (1 + Fraction(1, 10**9), 1 + Fraction(1, 10**3), Fraction(2), Fraction(10), Fraction(10**6))
"""The changes of a number, from small to large; their reciprocals in the other direction."""
SWAPPED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
}
COUNTING = {
    "range",
    "str",
    "round",
    "islice",
    "repeat",
    "ldexp",
    "log10_of",
    "precision",
    "arange",
    "figure",
    "enclosed",
}
"""Calls whose numbers count or print."""
SETTINGS = {"detail", "bits", "place", "digits", "radius", "terms", "relative_width", "max_bits", "order", "seed"}
"""Arguments that set a precision, a place in a list, or how something is printed."""
FORMS: tuple[Callable[[Fraction], Any], ...] = (
    lambda x: x.numerator if x.denominator == 1 else float(x),
    lambda x: x,
)
"""A changed number as an integer or a float, or as a fraction where the code takes no floats."""
Function = Callable[..., Any]


@dataclass(frozen=True)
class Site:
    """A place in a function; ``at`` counts the nodes of its tree, ``text`` shows it, marked, in its expression.

    ``value`` is the number that stands there, 1 for a value that is returned, None for an operator; ``entry`` names a
    default argument or a constant, and the place in it.
    """

    kind: str
    at: int
    text: str
    value: Fraction | None = None
    entry: tuple[str, Any] | None = None

    def __str__(self) -> str:
        return f"{self.kind} `{self.text}`"


def function_of(name: str) -> Function:
    """The plain function behind ``module:qualified.name``: of a method, a property, a cached function."""
    module, _, path = name.partition(":")
    found: Any = import_module(module)
    for part in path.split("."):
        found = vars(found)[part]
    found = getattr(found, "__wrapped__", found)
    found = found.fget if isinstance(found, property) else found.func if isinstance(found, cached_property) else found
    found = found.__func__ if isinstance(found, classmethod | staticmethod) else found
    assert inspect.isfunction(found), name
    return found


def _tree(function: Function) -> ast.FunctionDef:
    """The tree of a function; an empty one where it was made by a dataclass and has defaults only."""
    try:
        source = textwrap.dedent(inspect.getsource(function))
    except OSError:
        source = f"def {function.__name__}(): ..."
    (definition,) = ast.parse(source).body
    assert isinstance(definition, ast.FunctionDef)
    definition.decorator_list = []
    return definition


def _number(value: object) -> Fraction | None:
    plain = isinstance(value, int | float | Fraction) and not isinstance(value, bool)
    return Fraction(value) if plain and value == value and abs(value) != float("inf") else None  # type: ignore[arg-type,operator]  # plain


def _slack(node: ast.AST, names: frozenset[str]) -> bool:
    """Whether a factor or a summand allows for rounding: a constant of that kind, or 1 ± 2.0**-50 and the like."""
    match node:
        case ast.Name(id=name):
            return name in names
        case ast.BinOp(left=ast.Constant(), right=ast.BinOp(left=ast.Constant(value=float()), op=ast.Pow())):
            return True
    return False


def _skipped(node: ast.AST, names: frozenset[str]) -> set[int]:
    """Nodes that are no part of a formula: annotations, text, indices, roundings, what is compared, counted, raised."""
    found: set[int] = set()

    def leave(*parts: ast.AST | None) -> None:
        found.update(id(x) for part in parts if part is not None for x in ast.walk(part))

    for part in ast.walk(node):
        match part:
            case ast.arg(annotation=noted):
                leave(noted)
            case ast.AnnAssign(annotation=noted, target=ast.Name(id=name)):
                leave(noted, part if name == "detail" else None)
            case ast.FunctionDef(returns=noted, args=given):
                leave(noted, *given.defaults, *given.kw_defaults)
            case ast.Subscript(slice=index):
                leave(index)
            case ast.JoinedStr() | ast.Raise() | ast.Assert() | ast.Compare():
                leave(part)
            case ast.List(elts=[ast.List(), *_]) | ast.Call(func=ast.Name(id="arb"), args=[ast.Tuple()]):
                leave(part)  # points of a data set, or a power of two
            case ast.BinOp(left=left, right=right) if (
                _slack(part, names) or _slack(left, names) or _slack(right, names)
            ):
                found.add(id(part))
                leave(*(x for x in (part, left, right) if _slack(x, names)))
            case ast.Assign(targets=[ast.Name(id="detail") | ast.Subscript(value=ast.Name(id="detail"))]):
                leave(part)
            case ast.Call(func=called, args=given, keywords=named):
                name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
                leave(*(given if name in COUNTING else ()))
                leave(*(k.value for k in named if name in COUNTING or k.arg in SETTINGS))
    return found


def _shown(node: ast.AST, inside: ast.AST, mark: Callable[[str], str] = "«{}»".format) -> str:
    """The expression ``inside`` as text, with ``node`` marked, at most 60 characters of it."""
    other = copy.deepcopy(inside)
    for one, two in zip(ast.walk(inside), ast.walk(other), strict=True):
        if one is node and isinstance(one, ast.expr):
            text = ast.unparse(one)
            assert isinstance(two, ast.expr)
            if two is other:
                return mark(text)[:60]
            for part in ast.walk(other):
                for name, value in ast.iter_fields(part):
                    if value is two:
                        setattr(part, name, ast.Name(mark(text)))
                    elif isinstance(value, list) and two in value:
                        value[value.index(two)] = ast.Name(mark(text))
    text = " ".join(ast.unparse(other).split())
    start = max(text.find("«") - 30, 0)
    return ("…" if start else "") + text[start : start + 60] + ("…" if len(text) > start + 60 else "")


def _around(node: ast.AST, parents: dict[int, ast.AST]) -> ast.AST:
    """The largest short expression around a node, or the statement that it stands in: what it is shown in."""
    found, inside = None, parents.get(id(node), node)
    while not isinstance(inside, ast.stmt):
        if isinstance(inside, ast.BinOp) and len(ast.unparse(inside)) <= 60:
            found = inside
        inside = parents[id(inside)]
    return found or inside


def _constants(function: Function, names: frozenset[str]) -> dict[str, object]:
    """The module's constants that a function may name: numbers, and tuples and tables of numbers."""
    found = {}
    for name, value in function.__globals__.items():
        if name.isupper() and name not in names:
            parts = value.values() if isinstance(value, dict) else value if isinstance(value, tuple) else (value,)
            if all(_number(part) is not None for part in parts):
                found[name] = value
    return found


def sites(function: Function, other_names: frozenset[str] = frozenset()) -> tuple[Site, ...]:
    """All places of a function, in the order of its text; ``other_names`` are constants that belong to no formula."""
    return _numbered(_sites(function, other_names))


def has_sites(function: Function, other_names: frozenset[str] = frozenset()) -> bool:
    """Whether a function has a place."""
    return next(_sites(function, other_names), None) is not None


def _sites(function: Function, other_names: frozenset[str]) -> Iterator[Site]:
    tree = _tree(function)
    skipped, constants = _skipped(tree, other_names), _constants(function, other_names)
    parents = {id(child): node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    exponents = {id(n.right) for n in ast.walk(tree) if isinstance(n, ast.BinOp) and isinstance(n.op, ast.Pow)}
    nodes = [(at, node) for at, node in enumerate(ast.walk(tree)) if id(node) not in skipped]
    for at, node in sorted(nodes, key=lambda one: (getattr(one[1], "lineno", 0), getattr(one[1], "col_offset", 0))):
        inside = partial(_around, node, parents)
        match node:
            case ast.Constant(value=value) if (number := _number(value)) and id(node) not in exponents:
                yield Site("number", at, _shown(node, inside()), number)
            case ast.Name(id=name, ctx=ast.Load()) if name in constants:
                value = constants[name]
                entries = (
                    value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, tuple) else ())
                )
                for key, part in entries:
                    yield Site("constant", at, f"{name}[{key}]", _number(part), (name, key))
                if not isinstance(value, dict | tuple):
                    yield Site("constant", at, name, _number(value), (name, None))
            case ast.BinOp(op=op) if type(op) in SWAPPED:
                yield Site("operator", at, _cut(node))
            case ast.BinOp(op=ast.Pow(), right=right):
                yield from (Site(f"exponent {sign}1", at, _shown(right, node)) for sign in "+-")
            case ast.UnaryOp(op=ast.USub()):
                yield Site("sign", at, _shown(node, inside()))
            case ast.Call(func=ast.Attribute(attr="sqrt")):
                yield Site("root", at, _shown(node, inside()))
            case ast.Return(value=ast.BinOp() | ast.Call() as returned) if not _builds(returned):
                yield Site("value", at, _shown(returned, returned), Fraction(1))
    for name, value in _defaults(function).items():
        for key, part in enumerate(value if isinstance(value, tuple) else (value,)):
            if name not in SETTINGS and (number := _number(part)):
                text = f"{name}[{key}]" if isinstance(value, tuple) else name
                yield Site("default", -1, text, number, (name, key))


def _defaults(function: Function) -> dict[str, Any]:
    """The default arguments that may be given by place."""
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    values = function.__defaults__ or ()
    return dict(zip(names[len(names) - len(values) :], values, strict=True))


def _numbered(found: Iterable[Site]) -> tuple[Site, ...]:
    """Sites with the same text get numbers, so that each has a name of its own."""
    seen: Counter[tuple[str, str]] = Counter()
    result = []
    for site in found:
        seen[site.kind, site.text] += 1
        again = seen[site.kind, site.text]
        result.append(site if again == 1 else replace(site, text=f"{site.text} ({again})"))
    return tuple(result)


def _builds(node: ast.expr) -> bool:
    """Whether a call builds a record and so is no number."""
    called = node.func if isinstance(node, ast.Call) else None
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    owner = getattr(getattr(called, "value", None), "id", "")
    return name[:1].isupper() or owner[:1].isupper() or name in {"judge", "planted", "replace", "cls", "argued", "each"}


def _cut(node: ast.BinOp) -> str:
    sign = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}[type(node.op)]  # type: ignore[index]  # those of SWAPPED
    left, right = ast.unparse(node.left), ast.unparse(node.right)
    return f"{left if len(left) < 28 else '…' + left[-26:]} «{sign}» {right if len(right) < 28 else right[:26] + '…'}"


def changes(site: Site) -> tuple[tuple[Fraction, ...], tuple[Fraction, ...]]:
    """The changes to try, larger and smaller, each from small to large; an operator has one, 0."""
    if site.value is None:
        return (Fraction(0),), ()
    return FACTORS, tuple(1 / factor for factor in FACTORS)


def _changed(function: Function, site: Site) -> CodeType:
    """The code of the function with one place changed, to the number called ``_PLANTED`` where it is one."""
    tree = _tree(function)
    nodes = list(ast.walk(tree))
    if site.at >= 0:
        node = nodes[site.at]
        match node:
            case ast.Constant():
                _replace(tree, node, ast.Name(_PLANTED, ast.Load()))
            case ast.BinOp(op=ast.Pow()):
                sign: ast.operator = ast.Add() if "+" in site.kind else ast.Sub()
                node.right = ast.BinOp(node.right, sign, ast.Constant(1))
            case ast.BinOp():
                node.op = SWAPPED[type(node.op)]()
            case ast.UnaryOp():
                _replace(tree, node, node.operand)
            case ast.Call(func=ast.Attribute(value=inner)):
                _replace(tree, node, inner)
            case ast.Return(value=returned):
                assert returned is not None
                node.value = ast.BinOp(returned, ast.Mult(), ast.Name(_PLANTED, ast.Load()))
    module = ast.fix_missing_locations(ast.Module([tree], []))
    scope = dict(function.__globals__)
    exec(
        compile(module, f"<{function.__qualname__}, changed>", "exec", __future__.annotations.compiler_flag), scope
    )  # our source
    code = scope[tree.name].__code__
    assert isinstance(code, CodeType)
    return code


_PLANTED = "_PLANTED"


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for part in ast.walk(tree):
        for name, value in ast.iter_fields(part):
            if value is old:
                setattr(part, name, new)
            elif isinstance(value, list):
                value[:] = [new if item is old else item for item in value]


def _value(function: Function, site: Site, number: Any) -> Any:
    """What takes the place of the whole default argument or constant, or the number itself."""
    if site.entry is None:
        return number
    name, key = site.entry
    whole = function.__globals__[name] if site.kind == "constant" else _defaults(function)[name]
    if isinstance(whole, tuple):
        return tuple(number if k == key else part for k, part in enumerate(whole))
    return {**whole, key: number} if isinstance(whole, dict) else number


def _holders(name: str, value: object) -> list[dict[str, Any]]:
    """The modules that hold a constant, under its name."""
    rooms = [vars(m) for n, m in list(sys.modules.items()) if n.startswith("certigram.numerics") and m is not None]
    return [room for room in rooms if room.get(name) is value]


@contextmanager
def planted(
    function: Function, site: Site, change: Fraction, form: Callable[[Fraction], Any] = FORMS[0]
) -> Iterator[None]:
    """One place of a function changed, a number times ``change``: whoever imported it runs the changed code."""
    code, defaults, rooms = function.__code__, function.__defaults__, []
    value = None if site.value is None else _value(function, site, form(site.value * change))
    name = site.entry[0] if site.entry else _PLANTED
    old = function.__globals__.get(name)
    match site.kind:
        case "default":
            function.__defaults__ = tuple(value if n == name else d for n, d in _defaults(function).items())
        case "constant":
            rooms = _holders(name, old)
        case _:
            function.__code__ = _changed(function, site)
            rooms = [function.__globals__]
    for room in rooms:
        room[name] = value
    try:
        yield
    finally:
        function.__code__, function.__defaults__ = code, defaults
        for room in rooms:
            if site.kind == "constant":
                room[name] = old
            else:
                room.pop(name, None)
