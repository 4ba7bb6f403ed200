r"""Derivations of dual activations :math:`\hat\varphi(a,b,c)=E\,\varphi(u)\psi(v)`."""

from __future__ import annotations

from functools import lru_cache

import sympy

from ..activation import Activation
from ..closed_forms import A, B, C
from ..errors import DerivationGap
from ..functions import X
from .builder import Builder
from .notation import Expectation
from .step import Derivation, Gap


def derive_dual(activation: Activation, other: Activation | None = None) -> Derivation:
    r"""The derivation of :math:`E\,\varphi(u)\psi(v)` (:math:`\psi=\varphi` by default).

    Where no closed form is known to the rules the derivation has a gap that says so, and no result.

    >>> from ..activation import activation
    >>> derive_dual(activation("erf")).result
    2*asin(2*c/(sqrt(2*a + 1)*sqrt(2*b + 1)))/pi
    >>> derive_dual(activation("tanh")).derived
    False
    """
    title = f"dual activation of {activation.name}" + ("" if other is None else f" and {other.name}")
    return derive_expectation(activation.expression, (other or activation).expression, title)


@lru_cache(maxsize=256)
def derive_expectation(f: sympy.Expr, g: sympy.Expr, title: str = "") -> Derivation:
    """The derivation of E f(u) g(v) for expressions in ``X``, whose other symbols are parameters."""
    goal = Expectation(f, g, A, B, C)
    parameters = tuple(sorted((f.free_symbols | g.free_symbols) - {X}, key=str))
    title = title or f"E[{f} at u, {g} at v]"
    builder = Builder()
    try:
        position = builder.value(goal)
    except DerivationGap as gap:
        return Derivation(title, goal, tuple(builder.steps), None, (Gap(goal, str(gap)),), parameters)
    steps = tuple(builder.steps[: position + 1])
    return Derivation(title, goal, steps, builder.closed(position), (), parameters)
