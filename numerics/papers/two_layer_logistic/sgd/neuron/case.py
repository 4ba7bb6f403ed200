r"""A network with equal outer weights c/p: the data, and the function of one neuron that everything rests on.

With :math:`F(f)=\sum_i\omega_i\log(1+e^{-y_if_i})`, :math:`f_i=\frac cp\sum_j\sigma(w_j\cdot x_i)` and numbers
:math:`q_i\in(0,1)`, the *tilted neuron* is

.. math:: h_q(w) = \tfrac{\lambda p}2|w|^2-c\sum_i\omega_iq_iy_i\sigma(w\cdot x_i),\qquad
          F^*(q) = \sum_i\omega_i\bigl(q_i\log q_i+(1-q_i)\log(1-q_i)\bigr) .

:math:`\lambda p` and c stay the same when p grows. The activation is tanh throughout: the bounds use
:math:`|\tanh z|\le1` for :math:`|\operatorname{Im}z|\le\pi/4`, :math:`|\tanh''|\le4/(3\sqrt3)` and
:math:`|\tanh''z|\le8e^{-2|z|}`, and that its range is symmetric.
docs/papers/two_layer_logistic/one-neuron.md, section 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property

import numpy as np
from flint import arb
from numpy.typing import NDArray

from ......theory.activations.activation import activation
from ......theory.errors import SpecError
from .....balls.ball import enclose
from .....balls.precision import precision
from .....kernels.points import points
from ...bounds import OuterWeights
from ...loss import TwoLayerLogistic
from ..inputs import LabelledInputs
from ..setting import SgdSetting

Floats = NDArray[np.float64]
Datum = tuple[tuple[Fraction, ...], int, Fraction]
"""A point, its label ±1 and its weight."""
TANH = activation("tanh")
BITS = 192


@dataclass(frozen=True, eq=False)
class NeuronCase:
    r"""Exact data, p, c, :math:`\lambda p` and the start of all neurons; ``target`` is the excess that is asked for.

    Raises :class:`SpecError` for points of different dimensions, and what :class:`LabelledInputs` refuses.

    >>> case = NeuronCase("one", (((Fraction(1),), 1, Fraction(1)),), 4, Fraction(1), Fraction(1, 2), (Fraction(0),),
    ...                   Fraction(1, 10))
    >>> case.regularisation, case.setting.parameters, case.tilted((Fraction(1, 2),), (arb(0),))
    (Fraction(1, 8), 4, 0)
    """

    name: str
    data: tuple[Datum, ...]
    width: int
    outer: Fraction
    rate: Fraction
    start: tuple[Fraction, ...]
    target: Fraction

    def __post_init__(self) -> None:
        sizes = {len(x) for x, _, _ in self.data} | {len(self.start)}
        if len(sizes) != 1 or self.width < 1 or self.outer <= 0 or self.rate <= 0:
            raise SpecError(
                f"{self.name}: one neuron needs points and a start of one dimension, p >= 1, c > 0 and lambda > 0."
            )

    @property
    def dimension(self) -> int:
        """d."""
        return len(self.start)

    @property
    def regularisation(self) -> Fraction:
        """λ."""
        return self.rate / self.width

    @cached_property
    def inputs(self) -> LabelledInputs:
        """The data as the theorems take them."""
        rows = points([list(x) for x, _, _ in self.data], zero_rows=True)
        return LabelledInputs(rows, tuple(y for _, y, _ in self.data), tuple(w for _, _, w in self.data))

    @cached_property
    def setting(self) -> SgdSetting:
        """All constants of the theorems."""
        outer = OuterWeights((self.outer / self.width,) * self.width)
        return SgdSetting.of(TANH, outer, self.inputs, self.regularisation)

    def of_width(self, width: int) -> NeuronCase:
        """The same with another number of neurons, at the same c and λp."""
        return replace(self, width=width)

    @cached_property
    def points(self) -> tuple[tuple[arb, ...], ...]:
        """The points in balls, at a precision above every one that is used here."""
        with precision(BITS):
            return tuple(tuple(enclose(v) for v in x) for x, _, _ in self.data)

    @cached_property
    def signs(self) -> tuple[Fraction, ...]:
        """The weights with the signs of the labels."""
        return tuple(y * w for _, y, w in self.data)

    def pull(self, q: Sequence[Fraction]) -> Fraction:
        r""":math:`\sum_i\omega_iq_i`."""
        return sum((w * v for (_, _, w), v in zip(self.data, q, strict=True)), Fraction(0))

    def tilted(self, q: Sequence[Fraction], w: Sequence[arb]) -> arb:
        """h_q at a point, or over a box."""
        total = enclose(self.rate) / 2 * sum((v * v for v in w), arb(0))
        for x, sign, share in zip(self.points, self.signs, q, strict=True):
            total -= enclose(self.outer * sign * share) * sum((a * b for a, b in zip(x, w, strict=True)), arb(0)).tanh()
        return total

    def slopes(self, q: Sequence[Fraction], w: Sequence[arb]) -> tuple[arb, ...]:
        """The gradient of h_q."""
        found = [enclose(self.rate) * v for v in w]
        for x, sign, share in zip(self.points, self.signs, q, strict=True):
            t = sum((a * b for a, b in zip(x, w, strict=True)), arb(0)).tanh()
            force = enclose(self.outer * sign * share) * (1 - t * t)
            found = [v - force * a for v, a in zip(found, x, strict=True)]
        return tuple(found)

    def bend(self, q: Sequence[Fraction]) -> arb:
        r""":math:`c\sum_i\omega_iq_i|x_i|^2\sup|\sigma''|`: the data part of the second derivative of h_q is at most
        this, in every direction and of either sign."""
        total = sum((w * v * sum(a * a for a in x) for (x, _, w), v in zip(self.data, q, strict=True)), Fraction(0))
        return enclose(self.outer * total) * 4 / (3 * arb(3).sqrt())

    def conjugate(self, q: Sequence[Fraction]) -> arb:
        """F*."""
        total = arb(0)
        for (_, _, w), v in zip(self.data, q, strict=True):
            a, b = enclose(v), enclose(1 - v)
            total += enclose(w) * (a * a.log() + b * b.log())
        return total

    def network(self) -> TwoLayerLogistic:
        """The loss in float64."""
        return TwoLayerLogistic(
            TANH,
            np.array([[float(v) for v in x] for x, _, _ in self.data]),
            np.array([float(y) for _, y, _ in self.data]),
            np.full(self.width, float(self.outer / self.width)),
            float(self.regularisation),
            np.array([float(w) for _, _, w in self.data]),
        )
