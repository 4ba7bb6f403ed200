"""Networks of a few units on a few inputs as instances of the falsifier, in balls of exact float64 numbers."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache

import sympy
from flint import arb

from .....theory.activations.activation import activation
from .....theory.activations.functions import X
from ....balls.ball import enclose
from ....balls.ends import nonnegative
from ....expressions.lowering import lower_arb
from ....falsify.domain import Domain, Finite, Instance, Outside, Real
from ..bounds import LogisticBounds, OuterWeights
from ..constants import activation_constants
from ..enclosed import EnclosedNetwork, EnclosedValues
from ..extremal import OFFSET

SMOOTH = ("tanh", "sigmoid", "erf", "sin(x)", OFFSET)
"""Smooth activations with bounded derivatives; the last one has an output that is nearly constant."""
SIZES = {"n": (1, 2), "p": (1, 2, 3), "d": (1, 2, 3)}
OUTER = Real("a", ("p",), -4096.0, 4096.0, corners=(1.0, -1.0, 4.0, 16.0, 0.0))
POINTS = Real("x", ("n", "d"), -16.0, 16.0)
LABELS = Finite("y", (-1.0, 1.0), ("n",))
WEIGHTS = Real("W", ("p", "d"), -64.0, 64.0)
DIRECTION = Real("V", ("p", "d"), -2.0, 2.0)
RATE = Real("lambda", (), 2.0**-12, 4.0, logarithmic=True)
WEAK_RATE = Real("lambda", (), 2.0**-12, 2.0**-8, logarithmic=True)
STEP = Real("s", (), 2.0**-8, 64.0, logarithmic=True)
BITS = 128


def network_domain(*more: Real | Finite) -> Domain:
    """Networks with outer weights, inner weights, inputs and labels, and what a bound needs besides."""
    return Domain((OUTER, WEIGHTS, POINTS, LABELS, *more), SIZES, {"sigma": SMOOTH})


@cache
def _functions(sigma: str) -> tuple[Callable[[arb], arb], ...]:
    return tuple(lower_arb(sympy.diff(activation(sigma).expression, X, k)) for k in range(3))


def bounds_of(instance: Instance) -> LogisticBounds:
    """The constants of the theorems by their formulas; raises :class:`Outside` for the network that is zero."""
    outer = instance.fractions("a")
    if not any(outer):
        raise Outside("the outer weights are all zero")
    d = instance.sizes["d"]
    squares = [x * x for x in instance.fractions("x")] if "x" in instance.values else [Fraction(0)] * d
    norm = max(sum(squares[k : k + d], Fraction(0)) for k in range(0, len(squares), d))
    rate = instance.fraction("lambda") if "lambda" in instance.values else Fraction(0)
    constants = activation_constants(activation(instance.choices["sigma"]), BITS)
    return LogisticBounds.of(constants, OuterWeights(outer), norm, d, rate, BITS)


def network_of(instance: Instance) -> EnclosedNetwork:
    """The network in balls, with equal weights of the inputs; without a regulariser where there is no ``lambda``."""
    n, name = instance.sizes["n"], instance.choices["sigma"]
    rate = instance.ball("lambda") if "lambda" in instance.values else arb(0)
    labels = tuple(int(y) for y in instance["y"].tolist())
    outer = tuple(instance.balls("a"))
    found = EnclosedNetwork(activation(name), instance.matrix("x"), labels, outer, rate, (arb(1) / n,) * n)
    found.__dict__["functions"] = _functions(name)
    return found


def values_of(instance: Instance) -> EnclosedValues:
    """What occurs at the weights, and along the direction ``V`` where there is one."""
    direction = instance.matrix("V") if "V" in instance.values else None
    return network_of(instance).values(instance.matrix("W"), direction)


def require_near(instance: Instance, bounds: LogisticBounds, norm: arb) -> None:
    """Raise :class:`Outside` unless λ|W| ≤ 2M₁B|a| and B ≥ 1, where the regulariser does not hide the data term."""
    pull = bounds.slope * (bounds.norm_squared * enclose(bounds.outer.two_squared)).sqrt()
    if not (bounds.norm_squared >= 1 and instance.ball("lambda") * norm <= 2 * pull):
        raise Outside("the regulariser hides the data term")


def require_bend(bounds: LogisticBounds, outer: Fraction) -> None:
    """Raise :class:`Outside` unless M₁²|a|²/4 is at most M₂/100 times a norm of the outer weights."""
    if not 25 * bounds.slope**2 * enclose(bounds.outer.two_squared) <= bounds.bend * enclose(outer):
        raise Outside("the slope of the activation counts")


def require_direction(values: EnclosedValues) -> None:
    """Raise :class:`Outside` for the direction zero."""
    if not values.direction_norm > 0:
        raise Outside("the direction is zero")


def root(x: arb) -> arb:
    """The square root of a number that is not negative."""
    return nonnegative(x).sqrt()
