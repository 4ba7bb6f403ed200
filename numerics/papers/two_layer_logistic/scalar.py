r"""One weight, one hidden unit: the loss as an expression of one variable, so that everything about it is provable.

.. math:: L(w) = \sum_i \omega_i\log\bigl(1+e^{-y_ia\sigma(x_iw)}\bigr) + \tfrac\lambda2w^2

with rational x, ω (of sum 1), a and λ. Critical points, the global minimum and the oscillation of the data term are
enclosed by range analysis and interval Newton steps. docs/papers/two_layer_logistic/proofs.md, section 10.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
import sympy
from flint import arb, arb_series

from ....theory.activations.activation import Activation, activation
from ....theory.activations.functions import X, softplus
from ....theory.errors import PrecisionExhausted, SpecError
from ...balls.ball import enclose
from ...balls.precision import precision
from ...expressions.elementary.series import coefficient
from ...expressions.lowering import lower_arb, lower_series
from ...expressions.range import infimum, supremum
from .bounds import LogisticBounds, OuterWeights
from .constants import ActivationConstants
from .loss import TwoLayerLogistic

Datum = tuple[Fraction, int, Fraction]
"""A point x, its label ±1 and its weight ω."""
NEWTON_STEPS = 60
MAX_PARTS = 1 << 14


@dataclass(frozen=True, eq=False)
class ScalarLoss:
    """The loss of one hidden unit on weighted scalar data.

    Raises :class:`SpecError` unless the weights are positive and sum to one, the labels are ±1, and λ > 0.
    """

    name: str
    activation: Activation
    outer: Fraction
    regularisation: Fraction
    data: tuple[Datum, ...]

    def __post_init__(self) -> None:
        if sum((weight for _, _, weight in self.data), Fraction(0)) != 1 or any(w <= 0 for _, _, w in self.data):
            raise SpecError(f"{self.name}: the weights of the data must be positive and sum to one.")
        if any(label not in (1, -1) for _, label, _ in self.data):
            raise SpecError(f"{self.name}: the labels must be 1 and -1.")
        if self.regularisation <= 0:
            raise SpecError(f"{self.name}: lambda must be positive for a stationary law to exist.")

    @cached_property
    def data_term(self) -> sympy.Expr:
        """g as an expression of x."""
        total = sympy.Integer(0)
        for point, label, weight in self.data:
            inner = self.activation.expression.xreplace({X: sympy.Rational(point) * X})
            total += sympy.Rational(weight) * softplus(-label * sympy.Rational(self.outer) * inner)
        return total

    @cached_property
    def expression(self) -> sympy.Expr:
        """L as an expression of x."""
        return self.data_term + sympy.Rational(self.regularisation) / 2 * X**2

    def derivative(self, order: int) -> sympy.Expr:
        """A derivative of L."""
        return sympy.diff(self.expression, X, order)

    @property
    def weights(self) -> OuterWeights:
        """The outer layer."""
        return OuterWeights((self.outer,))

    @property
    def norm_squared(self) -> Fraction:
        """B², the largest squared point."""
        return max(point * point for point, _, _ in self.data)

    def bounds(self, constants: ActivationConstants, bits: int = 128) -> LogisticBounds:
        """The constants of the theorems."""
        return LogisticBounds.of(constants, self.weights, self.norm_squared, 1, self.regularisation, bits)

    def network(self) -> TwoLayerLogistic:
        """The same loss in float64."""
        return TwoLayerLogistic(
            self.activation,
            np.array([[float(x)] for x, _, _ in self.data]),
            np.array([float(y) for _, y, _ in self.data]),
            np.array([float(self.outer)]),
            float(self.regularisation),
            np.array([float(w) for _, _, w in self.data]),
        )

    def reach(self, bits: int = 64) -> arb:
        r"""The radius :math:`\sqrt{2L(0)/\lambda}` beyond which the loss exceeds L(0): minimisers lie inside."""
        with precision(bits):
            at_zero = lower_arb(self.expression)(arb(0))
            return (2 * at_zero / enclose(self.regularisation)).sqrt()

    def minimum(self, bits: int = 64) -> arb:
        """An enclosure of inf L over the line."""
        with precision(bits):
            reach = int(self.reach(bits).upper().ceil().fmpz())
        found = infimum(self.expression, sympy.Integer(-reach), sympy.Integer(reach), bits=bits)
        if found.ball is None:
            raise PrecisionExhausted(f"{self.name}: the minimum of the loss was not enclosed.")
        with precision(bits):
            return -found.ball

    def oscillation(self, bits: int = 64) -> arb | None:
        """An enclosure of sup g - inf g; None when g is unbounded or its supremum was not found."""
        top = supremum(self.data_term, bits=bits).ball
        bottom = infimum(self.data_term, bits=bits).ball
        with precision(bits):
            return None if top is None or bottom is None else top + bottom

    def critical_points(self, lo: Fraction, hi: Fraction, bits: int = 128) -> tuple[arb, ...]:
        """Balls around *all* zeros of L' in [lo, hi], each proved to hold exactly one.

        Bisection until L' excludes zero or is monotone with a change of sign, then interval Newton steps. Raises
        :class:`PrecisionExhausted` when a double zero keeps it from deciding.
        """
        with precision(bits + 32):
            slope, series = lower_arb(self.derivative(1)), lower_series(self.derivative(1))
            found: list[arb] = []
            stack = [(enclose(lo), enclose(hi))]
            for _ in range(MAX_PARTS):
                if not stack:
                    return tuple(found)
                a, b = stack.pop()
                box = ((a + b) / 2).union(a).union(b)
                over, signs = series(arb_series([box, 1], prec=2)), slope(a) * slope(b)
                monotone = not coefficient(over, 1).contains(0)
                if not coefficient(over, 0).contains(0) or (monotone and signs > 0):
                    continue
                if monotone and signs < 0:
                    found.append(_newton(slope, series, box))
                    continue
                middle = ((17 * a + 15 * b) / 32).mid()
                stack += [(middle, b), (a, middle)]
        raise PrecisionExhausted(f"{self.name}: two critical points are too close to be separated.")


def _newton(slope: Callable[[arb], arb], series: Callable[[arb_series], arb_series], box: arb) -> arb:
    """Shrink a box that holds exactly one zero of a monotone function."""
    for _ in range(NEWTON_STEPS):
        middle = box.mid()
        step = middle - slope(middle) / coefficient(series(arb_series([box, 1], prec=2)), 1)
        new = box.intersection(step)
        if not bool(new.rad() < box.rad() * arb(0.75)):
            return new
        box = new
    return box


_T_DATA = ((Fraction(3), 1, Fraction(3, 10)), (Fraction(1, 2), -1, Fraction(7, 10)))
_S_DATA = ((Fraction(3), 1, Fraction(1, 2)), (Fraction(1, 2), -1, Fraction(1, 2)))


def reference(name: str) -> ScalarLoss:
    r"""The double wells T1, T2 (tanh) and S1 (sigmoid) of the theory's tables.

    >>> [round(float(c), 6) for c in reference("T1").critical_points(Fraction(-10), Fraction(10))]
    [-2.633054, -0.529684, 0.176045]
    """
    cases = {
        "T1": ("tanh", Fraction(2), Fraction(1, 100), _T_DATA),
        "T2": ("tanh", Fraction(1), Fraction(1, 200), _T_DATA),
        "S1": ("sigmoid", Fraction(2), Fraction(1, 100), _S_DATA),
    }
    if name not in cases:
        raise SpecError(f"no reference case is called {name!r}: choose T1, T2 or S1.")
    sigma, outer, rate, data = cases[name]
    return ScalarLoss(name, activation(sigma), outer, rate, data)


def scalar_case(sigma: Activation) -> ScalarLoss:
    """The reference case for an activation: S1 for the sigmoid, T1 with that activation otherwise."""
    if sigma.name == "sigmoid":
        return reference("S1")
    base = reference("T1")
    name = "T1" if sigma.name == "tanh" else f"T1 with {sigma.name}"
    return ScalarLoss(name, sigma, base.outer, base.regularisation, base.data)
