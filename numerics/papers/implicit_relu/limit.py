r"""The formal limit :math:`K^*` of :math:`\lVert z\rVert^2` at infinite width, as an enclosed fixed point.

.. math:: K = F(K),\quad F(K) = \frac{s^2}4 + \frac{(1+s^2)(\pi-\arctan s) + s}{2\pi},\quad s^2 = \gamma^2K .

F' = γ²(3/4 − arctan(s)/2π) lies between γ²/2 and 3γ²/4, so F contracts for γ² < 4/3 and Banach's bound encloses the
fixed point. That :math:`\lVert z\rVert^2` converges to it is a heuristic (it treats a row of A as independent of z).
Derivation: ``docs/papers/implicit_relu/proofs.md``, "Infinite width".
"""

from __future__ import annotations

from fractions import Fraction

from flint import arb

from ....theory.errors import SpecError
from ...balls.ball import enclose
from ...balls.banach import banach
from ...balls.precision import precision
from .arc_cosine import GUARD_BITS


def limit_map(K: arb, gamma: Fraction) -> arb:
    r"""Enclose :math:`F(K)` for K >= 0."""
    square = enclose(gamma) ** 2 * K
    s = square.sqrt()
    return square / 4 + ((1 + square) * (arb.pi() - s.atan()) + s) / (2 * arb.pi())


def limit_rate(gamma: Fraction) -> arb:
    r""":math:`\frac34\gamma^2`, the slope of F at 0 and its bound everywhere.

    >>> print(limit_rate(Fraction(1, 2)))
    0.187500000000000
    """
    return enclose(3 * gamma**2) / 4


def limit_variance(gamma: Fraction, bits: int) -> arb:
    r"""Enclose the unique fixed point :math:`K^*` for :math:`0 \le \gamma^2 < 4/3`; :class:`SpecError` beyond.

    >>> print(limit_variance(Fraction(1, 5), 96).str(20, radius=False))
    0.51514169241351562523
    """
    if not 0 <= 3 * gamma**2 < 4:
        raise SpecError(f"gamma = {gamma}: the limit of |z|^2 is the fixed point of a contraction for 3 gamma^2 < 4.")
    with precision(bits + GUARD_BITS):
        rate, point = limit_rate(gamma), arb(0)
        for _ in range(8 * (bits + GUARD_BITS)):
            image = limit_map(point, gamma).mid()
            if abs(image - point) <= arb((1, -bits - GUARD_BITS + 4)):
                break
            point = image
        return banach(point, limit_map(point, gamma), rate)
