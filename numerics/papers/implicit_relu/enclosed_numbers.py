"""Numbers of the implicit ReLU network that are enclosed, and what each of them is: for a second computation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from random import Random

import sympy

from ....theory.activations.activation import activation
from ....theory.activations.functions import X
from ...checks.numbers import ends, gram_entries, small_blocks
from ...second_opinion.recipes import DualOfInputs, EnclosedNumber, InputPair, PlaneMean
from .instance import ImplicitInstance
from .limit import limit_variance


def enclosed_numbers(model: ImplicitInstance, pick: Random, count: int) -> Iterator[EnclosedNumber]:
    """Entries and small eigenvalues of the arc-cosine matrix, and the fixed point of infinite width where it exists."""
    relu = activation("relu").expression

    def entry(i: int, j: int) -> DualOfInputs:
        return DualOfInputs(relu, Fraction(1), replace(InputPair.of(model.data, i, j), sphere=True))

    yield from small_blocks(model, pick, count)
    yield from gram_entries(model, range(model.data.n), pick, count, entry)
    if 3 * model.gamma**2 < 4:
        yield EnclosedNumber(
            f"{model.system}.equilibrium-limit",
            "fixed point of a mean over the plane",
            "K*",
            lambda: (ends(limit_variance(model.gamma, model.budget.bits)), _limit(model)),
        )


def _limit(model: ImplicitInstance) -> PlaneMean:
    r""":math:`K = \mathbb E\,\sigma(\gamma\sqrt K x + \sigma(y))^2`, the equation of a unit at infinite width."""
    y, K = sympy.symbols("y K", real=True)
    s = sympy.Rational(model.gamma.numerator, model.gamma.denominator) * sympy.sqrt(K)
    unit = sympy.Max(s * X + sympy.Max(y, 0), 0)
    one, zero = sympy.Integer(1), sympy.Integer(0)
    return PlaneMean(unit**2, X, y, K, 2, ((one, zero), (-one, zero), (zero, -one), (-one, s)))
