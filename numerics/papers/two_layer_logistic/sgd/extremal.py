r"""Where the constants of noisy descent are nearly attained, and a quadratic loss whose laws are known exactly.

With tanh and small outer weights q = 1/2 and :math:`\bar q` is hardly more. With :math:`\sigma=1+\varepsilon\sin` and
label -1 all q are next to :math:`\bar q`, which is not near 1/2 or 1. With large outer weights :math:`q(1-q)=1/4`
counts alone. For :math:`\sigma=0` the loss is :math:`\log2+\frac\lambda2\lVert W\rVert^2`, and the law of :math:`W_k`
from a point is Gaussian.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, cached_property
from itertools import combinations, product

from flint import arb

from .....theory.activations.activation import activation
from ....balls.ball import enclose
from ....balls.precision import precision
from ....kernels.points import points
from ..bounds import OuterWeights
from ..extremal import BITS, OFFSET, POINT, QUARTER_TURN, RATE, ExtremalNetwork
from .inputs import InputMoments, LabelledInputs, input_moments
from .log_sobolev import LogSobolev, bakry_emery
from .setting import Batches, SgdSetting
from .theorem import Start

SMALL, MIDDLE, LARGE = Fraction(-1, 10_000), Fraction(1, 2), Fraction(10_000)
MOST_BENT, MOST_RADIAL = -0.6584789484624084, 0.7717
"""Arguments at which tanh'' and z tanh' are nearly the largest."""


def setting_of(network: ExtremalNetwork) -> SgdSetting:
    """The constants of noisy descent for one of the networks on one input of label -1."""
    inputs = LabelledInputs.of(points([list(POINT)]), (-1,))
    return SgdSetting.of(activation(network.name), OuterWeights((network.outer,) * 3), inputs, RATE, bits=BITS)


@cache
def nearly_zero(argument: float) -> ExtremalNetwork:
    """Small outer weights."""
    return ExtremalNetwork("tanh", SMALL, argument)


@cache
def offset(argument: float, together: bool = False) -> ExtremalNetwork:
    """Outputs that hardly vary."""
    return ExtremalNetwork(OFFSET, MIDDLE, argument, together)


@cache
def large() -> ExtremalNetwork:
    """Large outer weights, at zero."""
    return ExtremalNetwork("tanh", LARGE, 0.0, together=True)


QUARTER = QUARTER_TURN


# -- batches ------------------------------------------------------------------------


@cache
def odd_one_out(count: int) -> tuple[SgdSetting, arb]:
    """tanh at W = 0 on one input of label 1 and equal ones of label -1, one in a batch; and |n| for the odd one."""
    inputs = LabelledInputs.of(points([[1.0]] * count), (1, *[-1] * (count - 1)))
    outer = OuterWeights((SMALL,))
    setting = SgdSetting.of(activation("tanh"), outer, inputs, RATE, Batches(1, replacement=True), BITS)
    with precision(BITS):
        pull = enclose(abs(SMALL)) / 2
        return setting, pull + pull * enclose(Fraction(count - 2, count))


@cache
def two_and_two(replacement: bool) -> tuple[SgdSetting, arb]:
    """tanh at W = 0 on four equal inputs, two of each label, two in a batch: E|n|², and the norm of the covariance.

    All batches are looked at: six, or sixteen ordered ones with replacement. The gradients of single inputs are ± a/2,
    and their mean is 0; in one dimension the two numbers are the same.
    """
    inputs = LabelledInputs.of(points([[1.0]] * 4), (1, 1, -1, -1))
    batches = Batches(2, replacement)
    setting = SgdSetting.of(activation("tanh"), OuterWeights((SMALL,)), inputs, RATE, batches, BITS)
    drawn = product(inputs.labels, repeat=2) if replacement else combinations(inputs.labels, 2)
    squares = [Fraction((y + z) ** 2, 4) for y, z in drawn]
    return setting, enclose(sum(squares, Fraction(0)) / len(squares) * SMALL**2 / 4)


@cache
def orthogonal(on_sphere: bool) -> tuple[InputMoments, tuple[Fraction, Fraction, Fraction, Fraction]]:
    """The moments of the inputs (3, 0) and (0, 4) as found, and what they are: norm, trace, squared Frobenius, largest.

    On the sphere both have the squared norm 2, and the second moment is the identity.
    """
    found = input_moments(LabelledInputs.of(points([[3, 0], [0, 4]]), (1, -1), on_sphere=on_sphere), BITS)
    if on_sphere:
        return found, (Fraction(1), Fraction(2), Fraction(2), Fraction(2))
    return found, (Fraction(8), Fraction(25, 2), Fraction(337, 4), Fraction(16))


@cache
def more_inputs_than_dimensions() -> tuple[InputMoments, InputMoments]:
    """The moments of three inputs in one dimension, and of the same along a diagonal of four: through both matrices."""
    line = LabelledInputs.of(points([[1], [2], [3]]), (1, 1, 1))
    diagonal = LabelledInputs.of(points([[k / 2] * 4 for k in (1, 2, 3)]), (1, 1, 1))
    return input_moments(line, BITS), input_moments(diagonal, BITS)


# -- a quadratic loss ---------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Quadratic:
    r"""Noisy descent on :math:`\log2+\frac\lambda2\lVert W\rVert^2` in six dimensions from a point, exactly.

    >>> law = Quadratic(Fraction(1), Fraction(1), Fraction(1, 4))
    >>> law.excess(0).overlaps(enclose(Fraction(1, 800)))
    True
    """

    noise: Fraction
    step: Fraction
    norm_squared: Fraction

    @cached_property
    def setting(self) -> SgdSetting:
        """Three neurons in two dimensions with the activation zero."""
        found = setting_of(nearly_zero(0.0))
        nothing = arb(0)
        zero = replace(
            found.activation, slope=nothing, bend=nothing, low=nothing, high=nothing, chi=nothing, defect=None
        )
        with precision(BITS):
            flat = arb(2).log()
        return replace(
            found, activation=zero, slope=nothing, bend=nothing, at_zero=flat, gradient_at_zero=nothing, bits=BITS
        )

    @cached_property
    def inequality(self) -> LogSobolev:
        """That of a Gaussian law, with the constant λ."""
        found = bakry_emery(self.setting)
        assert found is not None  # the loss is convex
        return found

    @cached_property
    def start(self) -> Start:
        """The point mass."""
        with precision(BITS):
            loss = self.setting.at_zero + self.setting.rate * enclose(self.norm_squared) / 2
        return Start.point(self.setting, self.norm_squared, loss)

    def _moments(self, steps: int) -> tuple[arb, arb]:
        """The variance of a weight, and the squared norm of the mean."""
        c = self.setting
        with precision(BITS):
            shrink = (1 - enclose(self.step) * c.rate) ** (2 * steps)
            variance = enclose(self.noise) / (c.rate * (2 - enclose(self.step) * c.rate)) * (1 - shrink)
            return variance, shrink * enclose(self.norm_squared)

    def second_moment(self, steps: int) -> arb:
        """E‖W_k‖²."""
        variance, mean = self._moments(steps)
        with precision(BITS):
            return variance * self.setting.parameters + mean

    def excess(self, steps: int) -> arb:
        """E L(W_k) - inf L."""
        with precision(BITS):
            return self.setting.rate / 2 * self.second_moment(steps)

    def entropy(self, steps: int) -> arb:
        """KL(ρ_k|π), k ≥ 1."""
        variance, mean = self._moments(steps)
        with precision(BITS):
            ratio = variance * 2 * self.setting.rate / enclose(self.noise)
            n, beta = self.setting.parameters, 2 / enclose(self.noise)
            return (ratio - 1 - ratio.log()) * n / 2 + beta * self.setting.rate * mean / 2
