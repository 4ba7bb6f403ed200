"""Banach's fixed-point theorem in balls."""

from __future__ import annotations

from flint import arb


def banach(point: arb, image: arb, contraction: arb) -> arb:
    r"""The fixed point of a contraction T, from one exact ``point`` and a ball ``image`` around T(point):

    .. math:: |x^* - \tilde x| \le \frac{|T(\tilde x) - \tilde x|}{1 - \theta}.

    >>> banach(arb(1), arb(1), arb("0.5")).is_exact()
    True
    """
    return point + arb(0, (abs(image - point) / (1 - contraction)).upper())
