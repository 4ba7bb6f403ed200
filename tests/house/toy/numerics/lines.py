"""The checks of the lines of the lemma."""

from __future__ import annotations

import sympy

from ...proof_lines.relations import Order, Relation, argument

A, B, C, D = sympy.symbols("a b c d", real=True)


@argument("toy-lagrange", "the difference is a square")
def lagrange() -> tuple[Relation, ...]:
    return (Order((A * C + B * D) ** 2, (A**2 + B**2) * (C**2 + D**2), (A * D - B * C) ** 2),)
