r"""Strategies: how a derivation of an expectation is found, line by line.

Two saturating functions (erf, indicators, and their products with powers) are treated by Price's descent:
differentiate in c until the expectation is an explicit Gaussian integral, integrate back, fix the constants at
c = 0. Everything else is reduced by linearity, completing the square, moving the mean, and Stein's identity.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy

from ..activations.functions import X
from ..closed_forms import A, B, C
from ..errors import DerivationGap
from . import bivariate, univariate
from .functions import derivative, terms
from .integration import antiderivative
from .notation import Expectation, Mean, T
from .step import Step
from .tidy import tidy

MAX_STEPS = 1500
"""Most lines of one derivation."""


class Builder:
    """Collects the lines of one derivation; every value is derived once."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.known: dict[sympy.Expr, int] = {}

    def value(self, node: sympy.Expr) -> int:
        """The position of a line ``node = closed form``, derived now if it is not known yet."""
        if node not in self.known:
            if isinstance(node, Expectation):
                self.known[node] = self._expectation(node)
            else:
                self.known[node] = self._by_rule(node, univariate.choose(node), univariate.FORMULAS)
        return self.known[node]

    def add(self, rule: str, before: sympy.Expr, after: sympy.Expr, *uses: int) -> int:
        """Write one line; returns its position."""
        if len(self.steps) >= MAX_STEPS:
            raise DerivationGap(f"the derivation is longer than {MAX_STEPS} lines.")
        self.steps.append(Step(rule, before, after, uses))
        return len(self.steps) - 1

    def closed(self, position: int) -> sympy.Expr:
        """The right side of a line."""
        return self.steps[position].after

    def _expectation(self, node: Expectation) -> int:
        if self._descends(node):
            base = Expectation(node.f, node.g, A, B, C)
            if node != base:
                position = self.value(base)
                entries = dict(zip((A, B, C), node.covariance, strict=True))
                return self.add("instance", node, tidy(self.closed(position).xreplace(entries)), position)
            return self._descent(node)
        return self._by_rule(node, bivariate.choose(node), bivariate.FORMULAS)

    def _by_rule(self, node: sympy.Expr, rule: str, formulas: Mapping[str, Callable[[Any], sympy.Expr]]) -> int:
        right = formulas[rule](node)
        line = self.add(rule, node, right)
        return self._finish(node, line)

    def _finish(self, node: sympy.Expr, line: int) -> int:
        """Replace what is left to derive on the right side of a line by its closed forms."""
        right = self.closed(line)
        open_nodes = sorted(right.atoms(Expectation, Mean), key=sympy.default_sort_key)
        uses = [self.value(part) for part in open_nodes]
        total = right.xreplace({self.steps[k].before: self.closed(k) for k in uses})
        shown = tidy(total)
        if shown == right:
            return line
        return self.add("substitution", node, shown, line, *uses)

    # --- descent in c ---------------------------------------------------------------------------------------------

    def _descends(self, node: Expectation) -> bool:
        if node.has(sympy.DiracDelta) or node.f.has(A, B, C) or node.g.has(A, B, C):
            return False
        return _for_descent(node.f) and _for_descent(node.g) and not bivariate.opposite(node)

    def _descent(self, node: Expectation) -> int:
        slope = Expectation(derivative(node.f), derivative(node.g), A, B, C)
        line = self.add("price", sympy.Derivative(node, C), slope)
        rate = self.value(slope)
        means = (Mean(node.f, A), Mean(node.g, B))
        h = self.closed(rate)
        if h == 0:
            integrated = self.add("integration", node, means[0] * means[1] + sympy.Integral(h, (T, 0, C)), line, rate)
            return self._finish(node, integrated)
        integral = sympy.Integral(h.xreplace({C: T}), (T, 0, C))
        integrated = self.add("integration", node, means[0] * means[1] + integral, line, rate)
        area = self.add("antiderivative", integral, tidy(antiderivative(h)))
        uses = [area, *(self.value(m) for m in dict.fromkeys(means))]
        total = self.closed(integrated).xreplace({self.steps[k].before: self.closed(k) for k in uses})
        return self.add("substitution", node, tidy(total), integrated, *uses)


def _for_descent(f: sympy.Expr) -> bool:
    """Whether derivatives of f end in Gaussians and point masses: erf and indicators at 0, times powers."""
    if not f.has(X):
        return False
    found = terms(f)
    return any(t.saturating for t in found) and all(
        t.rate == 0 and t.core != "wave" and not (t.saturating and (t.decay != 0 or t.shift != 0)) for t in found
    )
