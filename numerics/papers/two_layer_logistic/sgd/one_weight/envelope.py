r"""The log-Sobolev constant of one weight by the convex envelope, enclosed.

For every :math:`0<m<\lambda`, with :math:`L_m=L-\tfrac m2w^2`,

.. math:: \alpha_0 \ge m\,e^{-\beta\Delta_m},\qquad \Delta_m = \sup(L_m-\operatorname{conv}L_m) .

:math:`\Delta_m` is convex in m, being a supremum of affine functions of m, so that the best of equally spaced m is
found by bisection; at m = λ the envelope of a bounded data term is its infimum, and this is Holley and Stroock's.
docs/papers/two_layer_logistic/sgd-one-weight.md, section 2.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np
import sympy
from flint import arb

from ......theory.errors import PrecisionExhausted
from .....balls.ball import enclose
from .....balls.ends import outward
from .....balls.precision import precision
from .....balls.rounding import gamma
from .....expressions.lowering import lower_arb
from .....expressions.range import infimum, supremum
from ...scalar import ScalarLoss
from ..envelope import Floats, Sampled, envelope_gap
from ..log_sobolev import LogSobolev, holley_stroock, inverse_temperature
from .setting import LineSetting

NAME = "convex envelope on the line"
NODES = 4096
PARTS = 64
"""m is sought among the multiples of λ/PARTS."""
LARGEST_REACH = 1 << 12


@lru_cache(maxsize=1024)
def envelope_excess(case: ScalarLoss, share: Fraction) -> float:
    r"""An upper bound of :math:`\Delta_m`, m = ``share`` times λ, 0 < share < 1: the best of several reaches.

    Raises :class:`PrecisionExhausted` where no reach is found beyond which :math:`L_m` is convex.

    >>> from ...scalar import reference
    >>> 0.474 < envelope_excess(reference("T1"), Fraction(1, 4)) < 0.475
    True
    """
    reach = _convex_beyond(case, share * case.regularisation)
    found = [_excess_within(case, share, reach)]
    while reach < LARGEST_REACH:
        reach *= 2
        found.append(_excess_within(case, share, reach))
        if not found[-1] < found[-2] * 0.999:
            break
    if not min(found) < np.inf:
        raise PrecisionExhausted(f"{case.name}: the envelope is steeper than the loss at the end of the grid.")
    return min(found)


def _excess_within(case: ScalarLoss, share: Fraction, reach: int) -> float:
    """The bound from nodes in [-R, R], beyond which the function is convex; infinite where there is none."""
    removed = share * case.regularisation
    fall, rise = _curvature(case)
    nodes, low, high, slopes = _samples(case, reach)
    with precision(64):
        m = enclose(removed)
        ends = [outward(slope - m * arb(x)) for slope, x in zip(slopes, (nodes[0], nodes[-1]), strict=True)]
        bends = outward(rise - m)[1], outward(fall + m)[1]
    parabola = float(removed) / 2 * nodes**2  # three roundings, one of them of m; the difference is the fourth
    slack = gamma(8) * (np.abs(low) + np.abs(high) + parabola)
    lower, upper = low - parabola - slack, high - parabola + slack
    found = envelope_gap(Sampled(nodes, lower, upper, bends[0], bends[1], ends[0][1], ends[1][0]))
    return np.inf if found is None else found


@lru_cache(maxsize=32)
def _curvature(case: ScalarLoss) -> tuple[arb, arb]:
    """Upper bounds of -L'' and of L'' on the line."""
    bend = case.derivative(2)
    return infimum(bend, bits=40).upper, supremum(bend, bits=40).upper


@lru_cache(maxsize=256)
def _convex_beyond(case: ScalarLoss, removed: Fraction) -> int:
    """An integer R with L'' ≥ m for |w| ≥ R."""
    reach = 4
    while reach <= LARGEST_REACH:
        bend, edge = case.derivative(2), sympy.Integer(reach)
        sides = (infimum(bend, edge, sympy.oo, bits=40), infimum(bend, -sympy.oo, -edge, bits=40))
        with precision(64):
            if all(-found.upper >= enclose(removed) for found in sides):
                return reach
        reach *= 2
    raise PrecisionExhausted(f"{case.name}: no reach was found beyond which the loss is convex.")


@lru_cache(maxsize=64)
def _samples(case: ScalarLoss, reach: int) -> tuple[Floats, Floats, Floats, tuple[arb, arb]]:
    """Nodes that float64 holds, both ends of L there, and L' at the first and the last."""
    count = NODES // 2
    nodes = np.arange(-count, count + 1, dtype=np.float64) * (reach / count)
    value, slope = lower_arb(case.expression), lower_arb(case.derivative(1))
    with precision(64):
        ends = [outward(value(arb(x))) for x in nodes.tolist()]
        slopes = slope(arb(float(nodes[0]))), slope(arb(float(nodes[-1])))
    return nodes, np.array([e[0] for e in ends]), np.array([e[1] for e in ends]), slopes


def envelope_constant(setting: LineSetting, noise: Fraction | arb, share: Fraction) -> LogSobolev:
    """The constant at m = ``share`` times λ."""
    excess = envelope_excess(setting.line, share)
    with precision(setting.bits):
        log = (enclose(share) * setting.rate).log() - inverse_temperature(noise) * arb(excess)
        return LogSobolev(NAME, log, arb(0), share, bits=setting.bits, noise=noise)


def envelope_on_the_line(setting: LineSetting, noise: Fraction | arb) -> LogSobolev:
    """The best constant among the multiples of λ/64, and that of Holley and Stroock."""

    def value(k: int) -> float:
        return float(envelope_constant(setting, noise, Fraction(k, PARTS)).log_constant)

    low, high = 1, PARTS - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if value(middle) < value(middle + 1) else (low, middle)
    found = [envelope_constant(setting, noise, Fraction(low, PARTS))]
    whole = holley_stroock(setting, noise)
    return max([*found, *([whole] if whole is not None else [])], key=lambda option: float(option.log_constant))
