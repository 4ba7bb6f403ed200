"""The population Gram matrix of inputs of different norms at arbitrary precision, entry by entry.

Source: docs/papers/deep_equilibrium/kernel.md, section 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache

from flint import arb, arb_mat

from .....theory.activations.activation import Activation
from ....balls.precision import precision
from ....dual import dual, vanishes_at_zero
from ....hermite import HermiteTransform, hermite_transform
from ....kernels.ballmatrix import BallMatrix
from ....kernels.input_gram import InputGram
from ....kernels.points import Points
from .pair import equilibrium_pair
from .variance import variance_fixed_point

GUARD = 24
"""Extra working bits of the fixed points and transforms."""
SLACK_BITS = 8
"""A radius of the series beyond 2^(SLACK_BITS - bits) is mended by the dual activation, where that is sharper."""


def pair_matrix(
    activation: Activation,
    source: Points | InputGram,
    sigma_w2: Fraction,
    bits: int,
    *,
    lipschitz: arb,
    max_terms: int,
) -> BallMatrix:
    r"""The matrix K of inputs with any norms, (n, n) balls at ``bits``: one scalar fixed point for each pair.

    The diagonal is q_i; off it :math:`\rho_{ij}` comes from Banach's bound with the Hermite series, or with the dual
    activation where the tail of ``max_terms`` orders is too large (correlations near ±1). Equal pairs of norms share
    their transforms; n(n-1)/2 fixed points are solved one by one, so this is for small n.
    """
    n, work = source.n, bits + GUARD
    norms = sorted({source.second_moment(i) for i in range(n)})
    order = min(max(2 * bits, 32), max_terms)
    transforms: dict[Fraction, HermiteTransform] = {}
    for norm in norms:
        point = variance_fixed_point(activation, sigma_w2, work, lipschitz=lipschitz, input_variance=2 * norm)
        transforms[norm] = hermite_transform(activation, order, point.s, work)
    share = source.d if isinstance(source, Points) else 1
    result = arb_mat(n, n)
    with precision(bits):
        for i in range(n):
            first = transforms[source.second_moment(i)]
            for j in range(i + 1):
                second = transforms[source.second_moment(j)]
                value = first.second_moment
                if i != j:
                    c = source.inner(i, j) / share
                    value = _entry(activation, first, second, sigma_w2, c, bits, lipschitz)
                result[i, j] = result[j, i] = +value
        return BallMatrix.from_arb(result, (f"ball arithmetic at {bits} bits, pair by pair",))


def zero_input(
    activation: Activation,
    norms: Sequence[Fraction],
    sigma_w2: Fraction,
    bits: int,
    *,
    lipschitz: arb,
    max_terms: int,
) -> list[arb]:
    r"""The entries :math:`K(0, x)` for inputs with these :math:`|x|^2/d`, 0 among them; exact zeros if φ(0) = 0.

    The pre-activation of a zero input has the variance :math:`s_0 = 2\sigma_w^2q_0`, the fixed point without an input
    term; its correlation with another one comes from the weights W alone. docs/papers/deep_equilibrium/kernel.md,
    section 5.
    """
    if vanishes_at_zero(activation):
        return [arb(0)] * len(norms)
    work, order = bits + GUARD, min(max(2 * bits, 32), max_terms)
    if sigma_w2 == 0:
        return [dual(activation, Fraction(0), 2 * norm, Fraction(0), work) for norm in norms]

    @cache
    def transform(norm: Fraction) -> HermiteTransform:
        point = variance_fixed_point(activation, sigma_w2, work, lipschitz=lipschitz, input_variance=2 * norm)
        return hermite_transform(activation, order, point.s, work)

    zero = Fraction(0)
    values = {zero: transform(zero).second_moment}
    for norm in {*norms} - {zero}:
        values[norm] = _entry(activation, transform(zero), transform(norm), sigma_w2, zero, bits, lipschitz)
    return [values[norm] for norm in norms]


def _entry(
    activation: Activation,
    first: HermiteTransform,
    second: HermiteTransform,
    sigma_w2: Fraction,
    c: Fraction,
    bits: int,
    lipschitz: arb,
) -> arb:
    """One entry off the diagonal: by the series, or by the dual activation where that is sharper."""
    work = bits + GUARD
    found = equilibrium_pair(activation, first, second, sigma_w2, c, work, lipschitz=lipschitz)
    if not found.value.rad() > (1 + abs(found.value)).upper() * arb((1, SLACK_BITS - bits)):
        return found.value
    other = equilibrium_pair(
        activation,
        first,
        second,
        sigma_w2,
        c,
        work,
        lipschitz=lipschitz,
        dual=lambda a, b, c: dual(activation, a, b, c, work),
        start=found.rho,
    ).value
    return other if other.rad() < found.value.rad() else found.value
