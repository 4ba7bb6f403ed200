"""Exact reasons why the population Gram matrix of an equilibrium model is singular.

Source: docs/papers/deep_equilibrium/population.md, "Singular cases". Everything is decided on exact numbers; nothing
here rounds.
"""

from __future__ import annotations

from fractions import Fraction

from .....theory.activations.activation import Activation
from .....theory.activations.homogeneity import homogeneous_degree, monomial_degrees
from ....dual import vanishes_at_zero
from ....eigenvalues.monomial_rank import monomial_rank
from ....eigenvalues.nullspace import NullVector, RankBound, proportional_pair, zero_inputs
from ....studies.inputs import Inputs


def equilibrium_singularity(
    activation: Activation, sigma_w2: Fraction, inputs: Inputs
) -> NullVector | RankBound | None:
    """Proportional rows, or too few polynomial features; None when nothing is known."""
    source, sphere = inputs.data.source, inputs.data.normalize == "sphere"
    parity, degree = activation.parity, homogeneous_degree(activation)

    def factor(t: Fraction) -> Fraction | None:
        sign = 1 if t > 0 else -1 if parity == "odd" else 1 if parity == "even" and sigma_w2 == 0 else None
        if sign is None or (abs(t) != 1 and degree != 1 and (degree is None or sigma_w2 != 0)):
            return None
        return Fraction(sign) * abs(t) ** (degree or 0)

    vanishes = vanishes_at_zero(activation)
    zero = zero_inputs(inputs.data.zero_rows, source.n, "the activation vanishes at 0" if vanishes else None)
    if zero is not None:
        return zero
    found = proportional_pair(source, inputs.parallel, factor, sphere=sphere)
    degrees = monomial_degrees(activation)
    if found is not None or degrees is None or (max(degrees, default=0) > 1 and sigma_w2 != 0):
        return found
    what = f"{activation.name} is affine, so the equilibrium" if max(degrees, default=0) <= 1 else "the network"
    bound = monomial_rank(source, degrees, one_norm=inputs.common_norm is not None, what=what)
    return bound if bound.singular else None
