"""Lines about an interval that every step of a stochastic descent maps into itself."""

from __future__ import annotations

import sympy

from ...proof_lines.relations import Order, Relation, argument

ETA, BEND = sympy.symbols("eta kappa", positive=True)
"""The step, and what L_B'' is at most."""
LEFT, REST, PULL = sympy.symbols("r c p", nonnegative=True)
U, AT_U = sympy.symbols("u T_u", real=True)


@argument("trapped-increasing", "with eta = 1/(kappa + c) and L_B'' = kappa - r")
def trapped_increasing() -> tuple[Relation, ...]:
    step = 1 / (BEND + REST)
    return (Order(sympy.Integer(0), 1 - step * (BEND - LEFT), (REST + LEFT) / (BEND + REST)),)


@argument("trapped-between", "with a mean slope c of the map, and a distance r from the end")
def trapped_between() -> tuple[Relation, ...]:
    return (
        Order(AT_U, AT_U + REST * LEFT, REST * LEFT),
        Order(AT_U - REST * LEFT, AT_U, REST * LEFT),
    )


@argument("trapped-ends", "with L_B'(u) = -p and L_B'(v) = p")
def trapped_ends() -> tuple[Relation, ...]:
    return (Order(U, U - ETA * -PULL, ETA * PULL), Order(U - ETA * PULL, U, ETA * PULL))
