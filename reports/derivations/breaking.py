r"""Where a long formula may be broken: at the signs of its sums, between the factors of an expectation.

Widths are estimated in units of about half an em; the document measures what it typesets and takes the broken version
only where the whole one is too wide.
"""

from __future__ import annotations

import re

import sympy

from ...theory.derivations.notation import Expectation
from .blocks import Row
from .printer import Printer, U, V, is_one, split
from .shorten import Shorthand

LINE = 66.0
"""Width of a line, in the units of :func:`width`."""
NARROW = 44.0
"""Width of the lines of the narrow version."""
_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[{}^_]|\s+|.", re.S)
_WORDS = {r"\arcsin": 5.5, r"\arccos": 5.5, r"\sinh": 4, r"\cosh": 4, r"\sin": 3, r"\cos": 3, r"\exp": 3, r"\max": 4,
          r"\min": 4, r"\left": 0, r"\right": 0, r"\,": 0.4, r"\;": 0.6, r"\int": 1.5, r"\lvert": 0.6,
          r"\rvert": 0.6, r"\operatorname": 0, r"\mathbb": 0, r"\mathbf": 0, r"\sim": 2.2, r"\pi": 1.1}  # fmt: skip


def width(latex: str) -> float:
    r"""The estimated width of a formula.

    >>> width(r"\frac{a+b}{2}") < width("a+b/2")
    True
    """
    tokens = _TOKEN.findall(latex)
    total, at = _run(tokens, 0)
    while at < len(tokens):
        more, at = _run(tokens, at + 1)
        total += more
    return total


def _run(tokens: list[str], at: int) -> tuple[float, int]:
    total, scale = 0.0, 1.0
    while at < len(tokens) and tokens[at] != "}":
        token = tokens[at]
        at += 1
        if token in ("^", "_"):
            scale = 0.7
            continue
        if token == r"\frac":
            parts = []
            for _ in range(2):
                inner, at = _group(tokens, at)
                parts.append(inner)
            size = max(parts) + 0.6
        elif token == r"\sqrt":
            inner, at = _group(tokens, at)
            size = inner + 1.6
        elif token == "{":
            inner, at = _run(tokens, at)
            at += 1
            size = inner
        elif token.isspace():
            size = 0.0
        else:
            size = _WORDS.get(token, 2.6 if token in "+-=<>" else 0.6 if token in ",.;:!()[]" else 1.15)
        total += size * scale
        scale = 1.0
    return total, at


def _group(tokens: list[str], at: int) -> tuple[float, int]:
    while at < len(tokens) and tokens[at].isspace():
        at += 1
    if at < len(tokens) and tokens[at] == "{":
        inner, at = _run(tokens, at + 1)
        return inner, at + 1
    return 1.15, at + 1


def pieces(expr: sympy.Expr, printer: Printer, limit: float) -> list[str]:
    """The formula in pieces, each (if possible) narrower than the limit; the first may lack a sign."""
    if expr.is_Add:
        out: list[str] = []
        for sign, term in printer.signed(expr):
            found = pieces(term, printer, limit)
            head = sign + (rf"\bigl({found[0]}" if term.is_Add else found[0])
            out += [head, *found[1:-1], *([found[-1] + (r"\bigr)" if term.is_Add else "")] if len(found) > 1 else [])]
        out[0] = out[0].removeprefix("+")
        return out
    whole = printer._print(expr)
    if width(whole) <= limit:
        return [whole]
    if isinstance(expr, Expectation):
        f, g = printer.function(expr.f, U), printer.function(expr.g, V)
        return [rf"\mathbb{{E}}{printer.law(expr.covariance)}\Bigl[{f}", rf"\qquad\times{g}\Bigr]"]
    if isinstance(expr, sympy.Integral):
        variable, low, high = expr.limits[0]
        inner = pieces(expr.function, printer, limit)
        inner[0] = rf"\int_{{{printer._print(low)}}}^{{{printer._print(high)}}}\Bigl({inner[0]}"
        inner[-1] += rf"\Bigr)\,d{variable}"
        return inner
    if expr.is_Mul:
        return _product(expr, printer, limit, whole)
    return [whole]


def _product(expr: sympy.Expr, printer: Printer, limit: float, whole: str) -> list[str]:
    """A product whose longest sum is opened: the rest of it stands before the parenthesis."""
    top, _, trailing = split(expr)
    sums = [f for f in (*top, *trailing) if f.is_Add]
    if sums:
        longest = max(sums, key=lambda f: width(printer._print(f)))
        rest = expr / longest
        before = "" if rest == 1 else printer._print(rest)
        before = "-" if before == "-1" else before
        inner = pieces(longest, printer, limit - 2)
        inner[0] = rf"{before}\Bigl({inner[0]}"
        inner[-1] += r"\Bigr)"
        return inner
    opened = [f for f in trailing if isinstance(f, (Expectation, sympy.Integral))]
    if opened:
        inner = pieces(opened[0], printer, limit - 4)
        rest = expr / opened[0]
        inner[0] = printer._print(rest) + r"\," + inner[0]
        return inner
    return [whole]


def broken(left: str, expr: sympy.Expr, short: Shorthand, limit: float = LINE) -> str:
    r"""The equation on several lines, as an ``aligned`` block; an empty left side continues a chain."""
    narrow = limit - 6
    parts = pieces(_plain(short.short(expr)), short.printer, narrow)
    lines: list[str] = []
    apart = bool(left) and width(left) > limit / 3
    current, room = "", narrow - (4 if apart or not left else width(left) + 2.6)
    for part in parts:
        if current and width(current) + width(part) > room:
            lines.append(current)
            current, room = part, narrow - (4 if apart or not left else width(left) + 2.6)
        else:
            current += part
    lines.append(current)
    start = rf"&{left}\\&\quad{{}}=" if apart else f"{left}={{}}&" if left else "={}&"
    gap = r"\\&\qquad{}" if apart else r"\\&{}"
    return rf"\begin{{aligned}}{start}{gap.join(lines)}\end{{aligned}}"


def equation(
    left: str, right: sympy.Expr, short: Shorthand, *, reason: str = "", label: str = "", indent: str = ""
) -> Row:
    """The equation as a row, whole, broken and narrow; an empty left side continues a chain."""
    whole = f"{left or '{}'}={short.latex(right)}"
    versions = (broken(left, right, short), broken(left, right, short, NARROW))
    return Row(whole, versions[0], reason, label, indent, versions[1])


_JOINT = re.compile(r",\\ |,?\\q?quad |\\implies|\\iff|\\text\{ |[{}()\[\]]|\\[{}]|\\\\")


def statement(latex: str, label: str = "") -> Row:
    """A statement written by hand as a row: broken at its wide spaces, or at all joints where that is needed."""
    return Row(latex, gathered(latex), "", label, "", filled(latex))


def gathered(latex: str) -> str:
    """A statement on several lines: at wide spaces, and after words that join."""
    parts = re.split(r",?\\qquad|,?\\quad|(?<=and \})", latex)
    return _lines([part.strip() for part in parts if part.strip()])


def filled(latex: str, limit: float = LINE - 4) -> str:
    r"""The same, broken at commas, arrows and words outside of all brackets too, each line as full as can be.

    >>> print(filled(r"a = b,\ c = d \implies e = f", 8))
    \begin{gathered}a = b,\ \\ c = d \\ \implies e = f\end{gathered}
    """
    depth, start, parts = 0, 0, []
    for found in _JOINT.finditer(latex):
        joint = found.group()
        at = found.end() if joint.startswith(",") or joint.endswith("quad ") else found.start()
        if depth == 0 and len(joint) > 2:
            parts.append(latex[start:at])
            start = at
        depth += joint.count("{") + joint.count("(") + joint.count("[")
        depth -= joint.count("}") + joint.count(")") + joint.count("]")
    lines = [""]
    for part in [*parts, latex[start:]]:
        if lines[-1] and width(lines[-1] + part) > limit:
            lines.append("")
        lines[-1] += part
    return _lines([line.strip() for line in lines])


def _lines(parts: list[str]) -> str:
    joined = r" \\ ".join(parts)
    return rf"\begin{{gathered}}{joined}\end{{gathered}}"


def _plain(expr: sympy.Expr) -> sympy.Expr:
    return expr.replace(is_one, lambda node: sympy.S.One)
