r"""Derivations of dual activations :math:`\hat\varphi(a,b,c)=E\,\varphi(u)\psi(v)`."""

from __future__ import annotations

from functools import lru_cache

import sympy

from ..activations.activation import Activation
from ..closed_forms import A, B, C
from ..errors import DerivationGap, SpecError
from .builder import Builder
from .domain import real
from .notation import Expectation, T
from .step import Derivation, Gap, Step

LONG = 10**9
"""Rationals with a larger numerator or denominator become parameters, whose values are put in by the last line."""


def derive_dual(activation: Activation, other: Activation | None = None) -> Derivation:
    r"""The derivation of :math:`E\,\varphi(u)\psi(v)` (:math:`\psi=\varphi` by default).

    Where no closed form is known to the rules the derivation has a gap that says so, and no result.

    >>> from ..activations.activation import activation
    >>> derive_dual(activation("erf")).result
    2*asin(2*c/(sqrt(2*a + 1)*sqrt(2*b + 1)))/pi
    >>> derive_dual(activation("tanh")).derived
    False
    """
    title = f"dual activation of {activation.name}" + ("" if other is None else f" and {other.name}")
    return derive_expectation(activation.expression, (other or activation).expression, title)


@lru_cache(maxsize=256)
def derive_expectation(f: sympy.Expr, g: sympy.Expr, title: str = "") -> Derivation:
    """The derivation of E f(u) g(v) for expressions in ``X``, whose other symbols are parameters.

    Raises :class:`SpecError` for a, b, c or t as a parameter: they are the covariance.
    """
    goal = Expectation(f, g, A, B, C)
    title = title or f"E[{f} at u, {g} at v]"
    if {A, B, C, T} & (f.free_symbols | g.free_symbols):
        raise SpecError("a, b, c and t stand for the covariance: give the parameters of the activation other names.")
    if not (real(f) and real(g)):
        reason = "its constants and its parameters must be real: declare the parameters with real=True."
        return Derivation(title, goal, (), None, (Gap(goal, reason),))
    values = _long_constants(goal)
    general = goal.xreplace({sign * value: sign * symbol for symbol, value in values for sign in (1, -1)})
    if general.xreplace(dict(values)) != goal:
        values, general = (), goal
    parameters = tuple(sorted(general.free_symbols - {A, B, C}, key=str))
    builder = Builder()
    try:
        position = builder.value(general)
    except DerivationGap as gap:
        return Derivation(title, goal, tuple(builder.steps), None, (Gap(goal, str(gap)),), parameters)
    steps = tuple(builder.steps[: position + 1])
    result = builder.closed(position)
    if values:
        result = result.xreplace(dict(values))
        steps = (*steps, Step("specialisation", goal, result, (position,), values))
    return Derivation(title, goal, steps, result, (), parameters)


def _long_constants(goal: Expectation) -> tuple[tuple[sympy.Symbol, sympy.Expr], ...]:
    """Positive parameters in place of rationals too long to be read, such as those of SELU."""
    found = {abs(x) for arg in goal.args[:2] for x in arg.atoms(sympy.Rational) if max(abs(x.p), x.q) > LONG}
    ordered = sorted(found)
    symbols = [sympy.Symbol(f"kappa_{k}", positive=True) for k in range(1, len(ordered) + 1)]
    return tuple(zip(symbols, ordered, strict=True))
