r"""The log-Sobolev constant of one neuron given all others: by the convex envelope of the tilted neuron.

p times the potential of one neuron given the others is :math:`h_q+R'` up to a constant, with
:math:`q\in[1-\bar q,\bar q]^n`, :math:`\bar q=1/(1+e^{-c})`, and :math:`0\le R'\le c^2/(8p)`. So for every m ≤ λ

.. math:: \alpha_0 \ge m\exp\Bigl(-b\bigl[\max_q\Delta_m(q)+\tfrac{c^2}{8p}\bigr]\Bigr),\qquad
          \Delta_m(q)=\sup\bigl(h_q-\tfrac{mp}2w^2-\operatorname{conv}\bigr),\quad b=\beta/p ,

and :math:`\Delta_m` is convex in q, so that the corners suffice. In one dimension only; elsewhere the closed form of
:mod:`..log_sobolev`. docs/papers/two_layer_logistic/one-neuron.md, section 4.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

import numpy as np
from flint import arb

from ......theory.errors import DerivationGap
from .....balls.ball import enclose
from .....balls.enclosure import float_above
from .....balls.ends import outward
from .....balls.precision import precision
from ..envelope import Sampled, envelope_gap
from ..log_sobolev import LogSobolev, defect, inverse_temperature, one_neuron
from ..setting import SgdSetting
from .case import Datum, NeuronCase

NODES = 4096
BITS = 64
SHARES = tuple(Fraction(k, 64) for k in range(2, 64))
"""m/λ, among which the best is chosen."""
REMAINDER = Fraction(1, 8)
NAME = "one neuron, convex envelope"


def corners(case: NeuronCase) -> tuple[tuple[Fraction, ...], ...]:
    r"""The corners of a box that holds :math:`[1-\bar q,\bar q]^n`, with equal ends for all inputs."""
    with precision(BITS):
        top = Fraction(float_above(outward(1 / (1 + (-enclose(case.outer)).exp()))[1]))
    return tuple(itertools.product((1 - top, top), repeat=len(case.data)))


def log_sobolev_of_neuron(case: NeuronCase, noise: Fraction, share: Fraction | None = None) -> LogSobolev:
    """The constant with its defect: the better of the envelope, where there is one, and the closed form.

    ``share`` is m/λ of the envelope; without it the best of :data:`SHARES`.
    """
    closed = one_neuron(case.setting, noise)
    assert closed is not None  # tanh is bounded
    if case.dimension > 1:
        return closed
    found = [envelope_constant(case, noise, s) for s in ([share] if share is not None else SHARES)]
    return max([closed, *(x for x in found if x is not None)], key=lambda x: x.log_constant.lower())


def envelope_constant(
    case: NeuronCase, noise: Fraction, share: Fraction, remainder: Fraction = REMAINDER
) -> LogSobolev | None:
    """The constant at m = ``share`` times λ; None where no envelope was found.

    ``remainder`` is the factor of c²/p; a smaller one plants a falsehood.
    """
    gap = largest_gap(case, share)
    if gap is None:
        return None
    setting: SgdSetting = case.setting
    lost = defect(setting, noise)
    assert lost is not None
    with precision(setting.bits):
        b = inverse_temperature(noise) / case.width
        rest = enclose(remainder * case.outer**2 / case.width)
        log = (enclose(share) * setting.rate).log() - b * (arb(gap) + rest)
        return LogSobolev(NAME, log, lost, share, bits=setting.bits, noise=noise)


def largest_gap(case: NeuronCase, share: Fraction) -> float | None:
    r"""An upper bound of :math:`\max_q\Delta_m(q)`, which does not depend on p; None where none was found."""
    return _largest_gap(case.data, case.outer, case.rate, share)


@lru_cache(maxsize=4096)
def _largest_gap(data: tuple[Datum, ...], outer: Fraction, rate: Fraction, share: Fraction) -> float | None:
    case = NeuronCase("one neuron", data, 1, outer, rate, (Fraction(0),), Fraction(1))
    found = [neuron_gap(case, q, share) for q in corners(case)]
    return None if None in found else max(g for g in found if g is not None)


def neuron_gap(case: NeuronCase, q: Sequence[Fraction], share: Fraction) -> float | None:
    r"""An upper bound of :math:`\Delta_m(q)`, m = ``share`` λ < λ; None where none was found."""
    if case.dimension != 1 or not 0 < share < 1:
        raise DerivationGap("the envelope of one neuron is known in one dimension, for 0 < m < lambda.")
    with precision(BITS):
        left = enclose(case.rate * (1 - share))
        reach = _convex_beyond(case, q, left)
        step = 2.0 ** np.ceil(np.log2(2 * reach / NODES))
        count = int(np.ceil(reach / step))
        nodes = np.arange(-count, count + 1) * step
        values = [case.tilted(q, (arb(x),)) - enclose(share * case.rate) / 2 * arb(x) ** 2 for x in nodes]
        ends = [outward(v) for v in values]
        slopes = [
            outward(case.slopes(q, (arb(x),))[0] - enclose(share * case.rate) * arb(x)) for x in (nodes[0], nodes[-1])
        ]
        rise, fall = outward(case.bend(q) + left)[1], outward(case.bend(q) - left)[1]
    low, high = np.array([e[0] for e in ends]), np.array([e[1] for e in ends])
    return envelope_gap(Sampled(nodes, low, high, rise, fall, slopes[0][1], slopes[1][0]))


def _convex_beyond(case: NeuronCase, q: Sequence[Fraction], left: arb) -> float:
    r"""A reach beyond which the function less its parabola is convex, by :math:`|\tanh''z|\le8e^{-2|z|}`."""
    reach = 1.0
    while True:
        bend = arb(0)
        for (x, _, w), v in zip(case.data, q, strict=True):
            size = abs(x[0])
            decay = (-2 * enclose(size) * arb(reach)).exp()
            bend += enclose(case.outer * w * v * size * size) * 8 * decay
        if bend <= left and arb(reach) * left > 2 * enclose(case.outer * case.pull(q)):
            return reach
        reach *= 1.25
