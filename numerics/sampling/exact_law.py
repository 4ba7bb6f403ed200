r"""The law of one equilibrium at finite width: exactly Gaussian, up to events that are exponentially rare in the width.

If :math:`h = W\varphi(h) + Ux`, :math:`W_{ij}\sim N(0,a/m)`, :math:`(Ux)_i\sim N(0,b)`, then
:math:`h/\sqrt s` with :math:`s = a\lVert\varphi(h)\rVert^2/m + b` is a standard Gaussian vector, but for an event
whose probability :func:`departure` bounds. Proof: ``docs/theory/finite-width.md``, section 5.
"""

from __future__ import annotations

import math

import numpy as np

LENGTH = 1.3
r"""Where :math:`\lVert x\rVert` is not observed, vectors beyond :math:`1.3\sqrt m` are left to :func:`departure`."""
_LENGTHS = np.linspace(1.1, 3.0, 39)
_EDGES = np.linspace(1.05, 6.0, 200)


def departure(width: int, strength: float, length: float | None = None) -> float:
    r"""A bound of the distance in total variation between the law of :math:`h/\sqrt s` and :math:`N(0, I_m)`.

    ``strength`` is :math:`aL^2`; from 1/4 on the bound is 1 (then networks are not known to contract). It contains the
    probabilities of :math:`L\lVert W\rVert \ge 1` and of :math:`\lVert x\rVert` > ``length`` :math:`\sqrt m`; without a
    ``length`` the best one is taken. Without feedback the law is exact.

    >>> departure(64, 0.0), departure(64, 0.25)
    (0.0, 1.0)
    >>> departure(1024, 0.125) < 1e-30 < departure(256, 0.125) < 1e-8, departure(4096, 0.125) < 1e-100
    (True, True)
    """
    if strength == 0 and length is None:
        return 0.0
    if not 0 <= strength < 0.25:
        return 1.0
    lengths = _LENGTHS if length is None else np.array([length])
    lengths = lengths[lengths * math.sqrt(strength) < 1]
    if not lengths.size:
        return 1.0
    reach = lengths * math.sqrt(strength)
    root = math.sqrt(float(width))
    column = np.maximum(root * (np.sqrt(1 + _EDGES) - 1) - math.sqrt(2), 0.0)
    edge = 1 / math.sqrt(strength) if strength else math.inf
    room = np.maximum(root * (edge - (1 + _EDGES) / np.sqrt(_EDGES)) - 2, 0.0)
    beyond = float((np.exp(-(column**2) / 2) + np.exp(-(room**2) / 2)).min())
    rest = (1 + reach) ** 2 / math.sqrt(1 - strength) / (1 - reach) * math.sqrt(beyond)
    square = lengths * lengths
    return float(min(1.0, (2 * rest + np.exp(-width / 2 * (square - 1 - np.log(square)))).min()))


def usable_widths(
    networks: dict[int, int], strength: float, total: float, length: float | None = None
) -> tuple[dict[int, int], float]:
    """Of the widths with their numbers of equilibria those, from the widest on, whose departures add up to ``total``.

    The second value is that sum.

    >>> usable_widths({64: 20, 512: 20, 1024: 20}, 0.125, 1e-6)[0]
    {1024: 20, 512: 20}
    """
    chosen: dict[int, int] = {}
    lost = 0.0
    for width, count in sorted(networks.items(), reverse=True):
        more = count * departure(width, strength, length)
        if lost + more > total:
            break
        chosen[width], lost = count, lost + more
    return chosen, lost
