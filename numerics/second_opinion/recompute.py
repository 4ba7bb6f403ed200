"""One number by its recipe, to as many digits as its enclosure can be told by."""

from __future__ import annotations

from functools import lru_cache

from mpmath import mp

from .equilibrium import entry, number, variance
from .functions import evaluated
from .kernels import dual, dual_of_inputs, least_eigenvalue, logistic_loss, plane_mean, radial
from .line import GUARD, Recomputed, hermite, supremum
from .recipes import (
    Dual,
    DualOfInputs,
    EquilibriumEntry,
    EquilibriumVariance,
    HermiteCoefficient,
    LeastEigenvalue,
    LogisticLoss,
    PlaneMean,
    RadialEntry,
    Recipe,
    SupremumOfAbsoluteValue,
)

FEWEST, MOST = 20, 50
"""Digits of a recomputation."""


@lru_cache(maxsize=64)
def recompute(recipe: Recipe, digits: int) -> Recomputed:
    """The number of a recipe; raises :class:`DerivationGap` where its function cannot be evaluated.

    >>> from fractions import Fraction
    >>> from certigram.theory.activations.functions import X
    >>> found = recompute(HermiteCoefficient(X**3, 3, Fraction(1)), 20)  # the square root of 3!
    >>> print(mp.nstr(found.value**2, 15))
    6.0
    """
    match recipe:
        case EquilibriumVariance():
            return variance(recipe, digits)
        case HermiteCoefficient():
            return _hermite(recipe, digits)
        case Dual():
            return dual(recipe, digits)
        case DualOfInputs():
            return dual_of_inputs(recipe, digits)
        case EquilibriumEntry():
            return entry(recipe, digits)
        case RadialEntry():
            return radial(recipe, digits)
        case LeastEigenvalue():
            return least_eigenvalue(recipe, digits)
        case SupremumOfAbsoluteValue():
            return supremum(evaluated(recipe.function), digits)
        case PlaneMean():
            return plane_mean(recipe, digits)
        case LogisticLoss():
            return logistic_loss(recipe, digits)


def _hermite(recipe: HermiteCoefficient, digits: int) -> Recomputed:
    f = evaluated(recipe.function)
    with mp.workdps(digits + GUARD):
        if not isinstance(recipe.variance, EquilibriumVariance):
            return hermite(f, recipe.order, mp.sqrt(number(recipe.variance)), digits)
        s = variance(recipe.variance, digits)
        found = hermite(f, recipe.order, mp.sqrt(s.value), digits)
        step = mp.mpf(10) ** -(FEWEST // 2) * s.value  # the slope in s, from a step far above the errors
        near, away = (hermite(f, recipe.order, mp.sqrt(v), FEWEST) for v in (s.value, s.value + step))
        rate = abs(away.value - near.value) / step
        return Recomputed(found.value, found.error + 2 * (rate + found.scale) * s.error, found.scale)
