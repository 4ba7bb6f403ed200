r"""Networks at which the bounds of the theorems are nearly attained: an error in a constant shows there.

On one input every factor of a bound can be as large as its supremum at once. With an offset,
:math:`\sigma=1+\varepsilon\sin`, the output f is about :math:`\lVert a\rVert_1` whatever the weights are, so that q is
next to 1 while :math:`\sigma'` or :math:`\sigma''` has its largest modulus, and the terms with :math:`M_1^2` are small
beside those with :math:`M_2`. With tanh at zero and large outer weights q = 1/2, and the terms with :math:`M_1^2`
dominate. The stationary law is nearly Gaussian where the data term is nearly constant, and the spectral gap is nearly
Holley and Stroock's where the barrier between two wells is the whole oscillation of the data term.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property

from flint import arb, arb_mat

from ....theory.activations.activation import activation
from ...balls.ball import enclose
from ...balls.precision import precision
from .bounds import LogisticBounds, OuterWeights
from .constants import activation_constants
from .enclosed import EnclosedNetwork, EnclosedValues
from .quadrature import CellMoments, cell_moments, clustered_grid, default_reach
from .scalar import ScalarLoss

OFFSET = "1 + sin(x)/1000"
POINT, SQUARE = (3, 4), 25
"""The input, and its squared norm."""
LARGE = Fraction(10_000)
RATE = Fraction(1, 100)
BITS = 64
QUARTER_TURN = math.pi / 2


@dataclass(frozen=True, eq=False)
class ExtremalNetwork:
    """Three equal units on one input of label -1; ``argument`` is :math:`w_j\\cdot x` of all of them.

    ``bounds`` are the constants by the formulas, ``values`` what occurs at ``weights``, with one unit moved for the
    curvature (``together``: all of them).
    """

    name: str
    outer: Fraction
    argument: float
    together: bool = False

    @cached_property
    def bounds(self) -> LogisticBounds:
        """The constants of the theorems for this network."""
        constants = activation_constants(activation(self.name), BITS)
        return LogisticBounds.of(constants, OuterWeights((self.outer,) * 3), SQUARE, len(POINT), RATE, BITS)

    @cached_property
    def network(self) -> EnclosedNetwork:
        """The network in balls."""
        with precision(BITS):
            outer = (enclose(self.outer),) * 3
            return EnclosedNetwork(
                activation(self.name), arb_mat([list(POINT)]), (-1,), outer, enclose(RATE), (arb(1),)
            )

    @cached_property
    def weights(self) -> arb_mat:
        """Exact float weights along the input."""
        row = [self.argument * x / SQUARE for x in POINT]
        return arb_mat([row] * 3)

    @cached_property
    def values(self) -> EnclosedValues:
        """What occurs there."""
        still, row = [0] * len(POINT), list(POINT)
        with precision(BITS):
            return self.network.values(self.weights, arb_mat([row, *([row if self.together else still] * 2)]))

    def along_the_input(self, norm: float) -> ExtremalNetwork:
        """The same at about this norm, against the input, where the argument is off by full turns."""
        turns = math.ceil(norm * math.sqrt(SQUARE / 3) / math.tau)
        return ExtremalNetwork(self.name, self.outer, self.argument - turns * math.tau, self.together)


@cache
def steepest() -> ExtremalNetwork:
    """σ' = M₁ and q next to 1."""
    return ExtremalNetwork(OFFSET, Fraction(4), 0.0)


@cache
def most_bent(sign: int) -> ExtremalNetwork:
    """σ'' = ± M₂ and q next to 1; with sign -1 the loss is not convex there."""
    return ExtremalNetwork(OFFSET, Fraction(4), -sign * QUARTER_TURN)


@cache
def most_spread() -> ExtremalNetwork:
    """q(1 - q) = 1/4 and σ' = M₁ with outer weights so large that their squares dominate."""
    return ExtremalNetwork("tanh", LARGE, 0.0, together=True)


NOISE = Fraction(1, 2)
"""The noise level of the stationary laws."""


def _moments(sigma: str, outer: Fraction, label: int, cells: int) -> CellMoments:
    """Moments of the law of one weight on one input."""
    loss = ScalarLoss(sigma, activation(sigma), outer, RATE, ((Fraction(1), label, Fraction(1)),))
    return cell_moments(loss, NOISE, clustered_grid(default_reach(loss, NOISE), cells))


@cache
def flat_law() -> CellMoments:
    """A data term that hardly varies and hardly differs from 0: the law is next to Gaussian, the gap next to λ."""
    return _moments("10 + tanh(x)/1000000", Fraction(1), 1, 200)


@cache
def flat_bounds() -> LogisticBounds:
    """The constants of the theorems for it."""
    loss = flat_law().loss
    return loss.bounds(activation_constants(loss.activation, BITS), BITS)


@cache
def bump_law() -> CellMoments:
    """Two wells, whose barrier is the whole oscillation of the data term: a bump at zero between two flat sides."""
    return _moments("2*exp(-x**2/2)", Fraction(2), -1, 400)
