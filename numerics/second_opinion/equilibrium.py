r"""Fixed points of deep equilibrium models, by secant steps on means that mpmath computes.

.. math:: s = v + w\,\mathbb E\varphi(\sqrt s z)^2, \qquad
          \sqrt{s_is_j}\,\rho = w\,\mathbb E\varphi(u)\varphi(v) + 2c_{ij} .
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import sympy
from mpmath import mp

from .functions import Evaluated, Number, evaluated
from .line import GUARD, Recomputed, floor, mean
from .plane import Plane
from .recipes import EquilibriumEntry, EquilibriumVariance, InputPair

COARSE = 12
"""Digits of the first steps."""
STEPS = 40


def fixed_point(T: Callable[[Number, int], Recomputed], start: Number, digits: int) -> tuple[Number, Number, Number]:
    """Where T(x, digits) = x, an estimate of its error, and the slope of T there; secant steps at rising precision.

    >>> x, error, slope = fixed_point(lambda x, digits: Recomputed(mp.cos(x), mp.zero, mp.one), mp.one, 15)
    >>> float(x), error < 1e-15, round(float(slope), 6)
    (0.7390851332151607, True, -0.673612)
    """
    with mp.workdps(digits + GUARD):
        x, slope = start, mp.zero
        for level in sorted({min(COARSE, digits), min(digits, digits // 2 + 4), digits}):
            before: tuple[Number, Number] | None = None
            image = T(x, level)
            for _ in range(STEPS):
                gap = image.value - x
                if abs(gap) <= 4 * (image.error + floor(level, abs(x))):
                    break
                if before is not None and abs(x - before[0]) > mp.mpf(10) ** -(level // 2 + 2) * (1 + abs(x)):
                    slope = (image.value - before[1]) / (x - before[0])
                before = x, image.value
                x = x + gap / (1 - slope)
                image = T(x, level)
        return x, (abs(image.value - x) + image.error) / (1 - min(abs(slope), mp.mpf("0.99"))), slope


def second_moment(f: Evaluated, variance: Number, digits: int) -> Recomputed:
    """The mean of f² at a variance."""
    if not variance:
        return _exactly(f.value(mp.zero) ** 2, digits)
    deviation = mp.sqrt(variance)
    return mean(lambda z: f.value(deviation * z) ** 2, [k / deviation for k in f.numeric_kinks()], digits)


def _exactly(value: Number, digits: int) -> Recomputed:
    return Recomputed(value, floor(digits, abs(value)), abs(value))


@lru_cache(maxsize=256)
def variance(recipe: EquilibriumVariance, digits: int) -> Recomputed:
    """The q, or the s, of an input.

    >>> from certigram.theory.activations.activation import activation
    >>> relu = EquilibriumVariance(activation("relu").expression, Fraction(1, 8), Fraction(2))
    >>> print(mp.nstr(variance(relu, 20).value * 15, 18))
    16.0
    """
    f = evaluated(recipe.function)
    with mp.workdps(digits + GUARD):
        w, v = number(recipe.weight), number(recipe.input_variance)

        def T(s: Number, level: int) -> Recomputed:
            q = second_moment(f, s, level)
            return Recomputed(v + w * q.value, w * q.error, v + w * q.scale)

        s, error, slope = fixed_point(T, v, digits)
        if recipe.total:
            return Recomputed(s, error, s)
        q = second_moment(f, s, digits)
        rate = abs(slope) / w if w else mp.zero  # of q as a function of s
        return Recomputed(q.value, q.error + 2 * rate * error, q.scale)


def number(q: Fraction) -> Number:
    """An exact number at the working precision."""
    return mp.mpf(q.numerator) / q.denominator


def covariances(inputs: InputPair) -> tuple[Number, Number, Number]:
    """The entries c_ii, c_jj, c_ij after normalisation."""
    first, second, product = map(number, (inputs.first, inputs.second, inputs.product))
    if inputs.sphere:
        return mp.one, mp.one, product / mp.sqrt(first * second)
    return first, second, product


@dataclass(frozen=True, slots=True)
class Pair:
    """Two inputs at equilibrium: their variances, their correlation with its error."""

    variances: tuple[Number, Number]
    rho: Number
    error: Number


@lru_cache(maxsize=32)
def plane(f: Evaluated, a: Number, b: Number, digits: int) -> Plane:
    """The means of f(u)f(v) for these variances, with the values of f that it keeps."""
    return Plane(f, f, a, b, digits)


@lru_cache(maxsize=256)
def pair(function: sympy.Expr, weight: Fraction, inputs: InputPair, digits: int) -> Pair:
    """The equilibrium of two inputs."""
    f = evaluated(function)
    with mp.workdps(digits + GUARD):
        first, second, product = covariances(inputs)
        w = number(weight)
        found = [_total(function, weight, square, inputs.sphere, digits) for square in (inputs.first, inputs.second)]
        a, b = (each.value for each in found)
        scale = mp.sqrt(a * b)

        def T(rho: Number, level: int) -> Recomputed:
            kernel = plane(f, a, b, level).mean(max(-mp.one, min(mp.one, rho)))
            return Recomputed((w * kernel.value + 2 * product) / scale, w * kernel.error / scale, mp.one)

        rho, error, _ = fixed_point(T, product / mp.sqrt(first * second), digits)
        spread = sum((each.error / each.value for each in found), mp.zero)
        return Pair((a, b), max(-mp.one, min(mp.one, rho)), error + 4 * spread)


def _total(function: sympy.Expr, weight: Fraction, square: Fraction, sphere: bool, digits: int) -> Recomputed:
    """The variance s of an input of a squared norm."""
    return variance(EquilibriumVariance(function, weight, 2 * (Fraction(1) if sphere else square), True), digits)


def entry(recipe: EquilibriumEntry, digits: int) -> Recomputed:
    """A number of two inputs at equilibrium."""
    here = pair(recipe.function, recipe.weight, recipe.inputs, digits)
    with mp.workdps(digits + GUARD):
        if recipe.what == "correlation":
            return Recomputed(here.rho, here.error, mp.one)
        slope = None
        if recipe.what in ("slope", "tangent"):
            slope = _mean(recipe.derivative, here, digits)
            if recipe.what == "slope":
                return slope
        kernel = _mean(recipe.function, here, digits)
        if slope is None:
            return kernel
        w = number(recipe.weight)
        left = 1 - w * slope.value
        value = kernel.value + kernel.value * slope.value / left
        error = kernel.error / abs(left) + abs(kernel.value) * slope.error / left**2
        return Recomputed(value, 2 * error, kernel.scale / abs(left))


def _mean(function: sympy.Expr, here: Pair, digits: int) -> Recomputed:
    """E f(u)f(v) at a pair, with what the error of the correlation and of the variances does to it."""
    f = evaluated(function)
    at = plane(f, *here.variances, digits).mean(here.rho)
    step = max(mp.mpf(10) ** -(digits // 3), here.error)
    away = here.rho - mp.sign(here.rho) * step
    coarse = plane(f, *here.variances, min(COARSE, digits))
    rate = abs(coarse.mean(here.rho).value - coarse.mean(away).value) / step + at.scale
    return Recomputed(at.value, at.error + 2 * rate * here.error, at.scale)
