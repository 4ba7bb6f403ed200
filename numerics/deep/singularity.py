r"""Exact reasons why the kernels of a deep network are singular; nothing here rounds.

Proofs: docs/theory/deep-networks.md, section 4.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import prod

from ...theory.activations.homogeneity import composed_degrees, homogeneous_degree, monomial_degrees
from ..dual import vanishes_at_zero
from ..eigenvalues.monomial_rank import monomial_rank
from ..eigenvalues.nullspace import NullVector, RankBound, proportional_pair, zero_inputs
from ..studies.data import DataSet
from .network import DeepNetwork

MAX_DEGREE = 64
"""Polynomials of a higher degree have too many monomials to be of use."""


def deep_singularity(
    network: DeepNetwork, data: DataSet, parallel: Iterable[tuple[int, int, int]]
) -> NullVector | RankBound | None:
    """Proportional rows or a polynomial kernel with too few monomials; None when nothing is known."""
    vanishes = not any(network.sigma_b2) and all(map(vanishes_at_zero, network.activations))
    reason = "no layer has a bias and every activation vanishes at 0" if vanishes else None
    found = zero_inputs(data.zero_rows, data.n, reason)
    if found is not None:
        return found
    found = proportional_pair(data.source, parallel, Scaling(network).factor, sphere=data.normalize == "sphere")
    if found is not None:
        return found
    degrees = network_degrees(network)
    if degrees is None:
        return None
    bound = monomial_rank(data.source, degrees, one_norm=data.common_norm is not None, what="the network")
    return bound if bound.singular else None


class Scaling:
    """How the kernels change when one input is multiplied by t."""

    def __init__(self, network: DeepNetwork) -> None:
        self._network = network
        degrees = [homogeneous_degree(phi) for phi in network.activations]
        free = not any(network.sigma_b2)
        self._degree = prod(k for k in degrees if k is not None) if free and None not in degrees else None
        self._even = network.activations[0].parity == "even" and network.sigma_b2[0] == 0

    def factor(self, t: Fraction) -> Fraction | None:
        """The f with K(tx, y) = f K(x, y) for all y; None when there is no rule."""
        sign = 1 if t > 0 else -1 if self._network.odd else 1 if self._even else None
        if sign is None or (abs(t) != 1 and self._degree is None):
            return None
        return Fraction(sign) * abs(t) ** (self._degree or 0)


def network_degrees(network: DeepNetwork) -> frozenset[int] | None:
    r"""The degrees that occur in the network as a polynomial of its input; None when it is not one, or a large one.

    >>> from .network import deep_network
    >>> sorted(network_degrees(deep_network("x**2", 2)))
    [4]
    """
    found = frozenset({0, 1} if network.sigma_b2[0] else {1})
    for phi, bias in zip(network.activations, network.sigma_b2[1:], strict=True):
        outer = monomial_degrees(phi)
        after = None if outer is None else composed_degrees(found, outer, MAX_DEGREE)
        if after is None:
            return None
        found = after | {0} if bias else after
    return found
