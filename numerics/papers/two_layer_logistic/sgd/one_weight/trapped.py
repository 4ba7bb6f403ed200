r"""Plain mini-batch descent that never leaves a poor well, whatever is sampled.

Ten inputs, three at 3 with label 1 and seven at 1/2 with label -1; tanh, a = 2, λ = 1/100; batches of nine without
replacement. A batch leaves out one input, so that there are two losses of batches. Where both have a slope :math:`\le0`
at u and :math:`\ge0` at v, and :math:`\eta L_B''\le1`, every step maps [u, v] into itself.
docs/papers/two_layer_logistic/sgd-one-weight.md, section 6.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import sympy
from flint import arb

from ......theory.errors import PrecisionExhausted, SpecError
from .....balls.ball import enclose
from .....balls.precision import precision
from .....expressions.lowering import lower_arb
from .....expressions.range import infimum, supremum
from ...scalar import ScalarLoss, reference

BITS = 64


@dataclass(frozen=True, eq=False)
class TrappedDescent:
    """A loss whose weights are ``counts`` of n, batches of ``batch`` without replacement, an interval [low, high].

    Raises :class:`SpecError` for an empty interval, for counts that do not fit the weights, and for other batches.

    >>> [(w.data[0][2], w.data[1][2]) for w in the_example().batches]
    [(Fraction(2, 9), Fraction(7, 9)), (Fraction(1, 3), Fraction(2, 3))]
    """

    case: ScalarLoss
    counts: tuple[int, int]
    batch: int
    low: Fraction
    high: Fraction

    def __post_init__(self) -> None:
        n = sum(self.counts)
        if not self.low < self.high:
            raise SpecError(f"[{self.low}, {self.high}] is no interval: its ends must increase.")
        if [w * n for _, _, w in self.case.data] != [Fraction(c) for c in self.counts]:
            raise SpecError(f"{self.case.name}: the weights of the two inputs are not {self.counts} of {n}.")
        if not 1 <= self.batch <= n:
            raise SpecError(f"batches of {self.batch} of {n} inputs cannot be drawn without replacement.")

    @cached_property
    def batches(self) -> tuple[ScalarLoss, ...]:
        """The loss of every batch that can be drawn."""
        first, second = self.counts
        found = []
        for k in range(max(0, self.batch - second), min(first, self.batch) + 1):
            shares = (Fraction(k, self.batch), Fraction(self.batch - k, self.batch))
            data = tuple((x, y, w) for (x, y, _), w in zip(self.case.data, shares, strict=True) if w)
            found.append(replace(self.case, name=f"{self.case.name}, {k} and {self.batch - k}", data=data))
        return tuple(found)

    def slopes(self, weight: Fraction) -> tuple[arb, ...]:
        """The slope of each batch's loss at a weight."""
        with precision(BITS):
            return tuple(lower_arb(loss.derivative(1))(enclose(weight)) for loss in self.batches)

    @cached_property
    def bend(self) -> arb:
        """A bound of the second derivative of every batch's loss on [low, high]."""
        found = [supremum(loss.derivative(2), *self._ends, bits=40).upper for loss in self.batches]
        return max(found, key=float)

    @cached_property
    def bend_anywhere(self) -> arb:
        """The same on the line."""
        return max((supremum(loss.derivative(2), bits=40).upper for loss in self.batches), key=float)

    @cached_property
    def excess(self) -> arb:
        """A ball whose lower end bounds L - inf L from below on [low, high]; L is the loss of all inputs."""
        inside = infimum(self.case.expression, *self._ends, bits=BITS).ball
        if inside is None:
            raise PrecisionExhausted(f"{self.case.name}: the loss was not enclosed on the interval.")
        with precision(BITS):
            return -inside - self.case.minimum()

    @property
    def _ends(self) -> tuple[sympy.Expr, sympy.Expr]:
        return sympy.Rational(self.low), sympy.Rational(self.high)


def the_example(high: Fraction = Fraction(-3, 2)) -> TrappedDescent:
    """The example of the claim; with another right end it may be none."""
    return TrappedDescent(reference("T1"), (3, 7), 9, Fraction(-3), high)
