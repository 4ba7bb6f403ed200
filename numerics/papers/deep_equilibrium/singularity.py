"""Exact reasons why the population Gram matrix of an equilibrium model is singular.

Source: docs/papers/deep_equilibrium/population.md, "Singular cases". Everything is decided on exact numbers; nothing
here rounds.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from ....theory.activations.homogeneity import homogeneous_degree, monomial_degrees
from ...dual import vanishes_at_zero
from ...eigenvalues.monomial_rank import monomial_rank
from ...eigenvalues.nullspace import NullVector, RankBound, proportional_pair, zero_inputs

if TYPE_CHECKING:
    from .instance import EquilibriumInstance


def equilibrium_singularity(inst: EquilibriumInstance) -> NullVector | RankBound | None:
    """Proportional rows, or too few polynomial features; None when nothing is known."""
    source, sphere, sigma_w2 = inst.data.source, inst.data.normalize == "sphere", inst.sigma_w2
    parity, degree = inst.activation.parity, homogeneous_degree(inst.activation)

    def factor(t: Fraction) -> Fraction | None:
        sign = 1 if t > 0 else -1 if parity == "odd" else 1 if parity == "even" and sigma_w2 == 0 else None
        if sign is None or (abs(t) != 1 and degree != 1 and (degree is None or sigma_w2 != 0)):
            return None
        return Fraction(sign) * abs(t) ** (degree or 0)

    vanishes = vanishes_at_zero(inst.activation)
    zero = zero_inputs(inst.data.zero_rows, source.n, "the activation vanishes at 0" if vanishes else None)
    if zero is not None:
        return zero
    found = proportional_pair(source, inst.parallel, factor, sphere=sphere)
    degrees = monomial_degrees(inst.activation)
    if found is not None or degrees is None or (max(degrees, default=0) > 1 and sigma_w2 != 0):
        return found
    what = f"{inst.activation.name} is affine, so the equilibrium" if max(degrees, default=0) <= 1 else "the network"
    bound = monomial_rank(source, degrees, one_norm=inst.common_norm is not None, what=what)
    return bound if bound.singular else None
