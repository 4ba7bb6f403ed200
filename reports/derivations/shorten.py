r"""Local abbreviations of one derivation: radicands, laws, functions, integrals; each is declared before it is used."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import sympy

from ...theory.activations.functions import X
from ...theory.closed_forms import A, B, C
from ...theory.derivations.functions import derivative
from ...theory.derivations.notation import Expectation, T
from ...theory.derivations.tidy import base_shown
from ...theory.errors import DerivationGap
from .fold import Display
from .printer import Printer

_LETTERS = ("D", "E", "F", "G", "H")
_LONG = 36
"""A function longer than this, printed, is given a name."""
_LONG_INTEGRAL = 60
"""An integral longer than this, printed, is given a name."""


@dataclass(slots=True)
class Shorthand:
    """The abbreviations, and a printer that uses them.

    ``declarations`` are equations in LaTeX that the text states before the first display.
    """

    bases: dict[sympy.Expr, sympy.Expr] = field(default_factory=dict)
    names: dict[Any, str] = field(default_factory=dict)
    declarations: list[str] = field(default_factory=list)
    functions: list[str] = field(default_factory=list)
    printer: Printer = field(default_factory=Printer)

    def short(self, expression: sympy.Expr) -> sympy.Expr:
        """The expression with its radicands abbreviated and long numerators in the shortest of a few shapes."""
        shown = expression.replace(self._is_base, lambda node: self.bases[_key(node)])
        return shown.replace(_long_polynomial, self._shortest) if self.bases else shown

    def latex(self, expression: sympy.Expr) -> str:
        """The expression in LaTeX, on one line."""
        return str(self.printer.doprint(self.short(expression)))

    def full(self, expression: sympy.Expr) -> str:
        """The expression in LaTeX, an integral that has a name written out after it."""
        text = self.latex(expression)
        if isinstance(expression, sympy.Integral) and self.short(expression) in self.names:
            names = {key: name for key, name in self.names.items() if not isinstance(key, sympy.Integral)}
            return f"{text}={Printer(names).doprint(self.short(expression))}"
        return text

    def _is_base(self, node: sympy.Expr) -> bool:
        return bool(node.is_Add) and not node.has(X) and _key(node) in self.bases

    def _shortest(self, polynomial: sympy.Expr) -> sympy.Expr:
        candidates = [polynomial]
        for base, symbol in self.bases.items():
            for variable in (C, T):
                if not symbol.is_Symbol or not polynomial.has(variable) or not base.has(variable):
                    continue
                start = base.xreplace({variable: sympy.S.Zero})
                slope = sympy.expand(start - base).coeff(variable, 2)
                even = sympy.Poly(polynomial, variable)
                total = sympy.S.Zero
                for (n,), k in even.terms():
                    total += k * ((start - symbol) / slope) ** (n // 2) * variable ** (n % 2)
                collected = sympy.collect(sympy.expand(sympy.cancel(total)), [symbol, variable], sympy.factor)
                candidates.append(collected)
        if polynomial.has(C):
            candidates.append(sympy.collect(sympy.expand(polynomial), C, sympy.factor))
        return min(candidates, key=lambda e: len(self.printer.doprint(e)))


def shorthand(displays: Iterable[Display], goal: sympy.Expr) -> Shorthand:
    """The abbreviations that help with these displays."""
    found = Shorthand()
    shown = [side for display in displays for side in (display.left, *(row.right for row in display.rows))]
    _radicands(found, shown)
    _functions(found, goal, shown)
    _laws(found, shown)
    _integrals(found, shown)
    found.printer = Printer(found.names)
    return found


def _key(node: sympy.Expr) -> sympy.Expr:
    return sympy.expand(node)


def _long_polynomial(node: sympy.Expr) -> bool:
    return bool(node.is_Add) and len(node.args) > 6 and bool(node.is_polynomial(A, B, C, T))


def _radicands(found: Shorthand, shown: list[sympy.Expr]) -> None:
    counts: Counter[sympy.Expr] = Counter()
    for expression in shown:
        for power in expression.atoms(sympy.Pow):
            base = _key(power.base)
            if base.is_Add and base.has(C, T) and not base.has(X) and base.is_polynomial(C, T):
                counts[base.xreplace({T: C})] += 1
    letters = iter(_LETTERS)
    for base, n in counts.most_common():
        if n < 3 or len(found.bases) >= 8 or not base.has(A, B):
            continue
        known = next((k for k in found.bases if sympy.cancel(base / k).is_Rational), None)
        if known is not None:
            for here in (base, base.xreplace({C: T})):
                found.bases[here] = (
                    sympy.cancel(base / known) * found.bases[_key(known.xreplace({C: T}) if here.has(T) else known)]
                )
            continue
        name = r"\Delta" if base == A * B - C**2 else next(letters, None)
        if name is None:
            return
        found.bases[base] = sympy.Symbol(name, positive=True)
        found.bases[base.xreplace({C: T})] = sympy.Symbol(f"{name}_t", positive=True)
        plain = Printer()
        over_t = any(_key(p.base) == _key(base.xreplace({C: T})) for e in shown for p in e.atoms(sympy.Pow))
        text = f"{name}={plain.doprint(base_shown(base))}"
        found.declarations.append(text)
        if over_t:
            found.declarations.append(f"{name}_{{t}}={name}|_{{c=t}}")


def _functions(found: Shorthand, goal: sympy.Expr, shown: list[sympy.Expr]) -> None:
    """Names for a function and those of its derivatives that occur, when they are too long to be repeated."""
    if not isinstance(goal, Expectation):
        return
    nodes = set().union(*(e.atoms(Expectation) for e in shown)) if shown else set()
    present = {f for node in nodes for f in (node.f, node.g)}
    plain = Printer()
    for letter, start in ((r"\varphi", goal.f), (r"\psi", goal.g)):
        if start in found.names:
            continue
        f, family = start, []
        for order in range(12):
            if f not in present or not f.has(X):
                break
            family.append((f, letter + "'" * order if order < 4 else f"{letter}^{{({order})}}"))
            try:
                f = derivative(f)
            except DerivationGap:
                break
        if any(f.is_Add or len(plain.doprint(f)) > _LONG for f, _ in family):
            for f, name in family:
                if f.has(sympy.DiracDelta) and not f.is_Add:
                    continue
                found.names[f] = name
                found.functions.append(f"{name}(x)={plain.doprint(f)}")


def _integrals(found: Shorthand, shown: list[sympy.Expr]) -> None:
    """Names for long integrals, which stand in two displays."""
    plain = Printer(found.names)
    nodes = [node for side in shown for node in side.atoms(sympy.Integral)]
    chosen = [n for n in dict.fromkeys(nodes) if len(plain.doprint(found.short(n))) > _LONG_INTEGRAL]
    for k, node in enumerate(chosen):
        found.names[found.short(node)] = f"I_{{{k + 1}}}" if len(chosen) > 1 else "I"


def _laws(found: Shorthand, shown: list[sympy.Expr]) -> None:
    """Names for covariances that are not [[a, c], [c, b]]."""
    laws: dict[tuple[sympy.Expr, ...], None] = {}
    for expression in shown:
        for node in sorted(expression.atoms(Expectation), key=sympy.default_sort_key):
            if node.covariance != (A, B, C) and not all(e.is_Symbol or e.is_number for e in node.covariance):
                laws[node.covariance] = None
    plain = Printer()
    for k, law in enumerate(laws):
        mark = f"_{k + 1}" if len(laws) > 1 else "'"
        for letter, entry in zip("abc", law, strict=True):
            if entry.is_number or entry in found.names or entry in (A, B, C):
                continue
            short = found.short(entry)
            if entry.is_Symbol:
                continue
            found.names[short] = f"{letter}{mark}"
            found.declarations.append(f"{letter}{mark}={plain.doprint(short)}")
