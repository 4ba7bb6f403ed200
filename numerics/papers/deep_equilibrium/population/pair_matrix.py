"""The population Gram matrix of inputs of different norms at arbitrary precision, entry by entry.

Source: docs/theory/equilibrium-kernel.md, section 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial

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


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Entries for two inputs of given norms, with transforms that equal norms share."""

    activation: Activation
    sigma_w2: Fraction
    bits: int
    lipschitz: arb
    max_terms: int
    transforms: dict[Fraction, HermiteTransform] = field(default_factory=dict)

    def transform(self, norm: Fraction) -> HermiteTransform:
        """The Hermite transform at the variance of the equilibrium on an input with ``|x|²/d`` = ``norm``."""
        work, order = self.bits + GUARD, min(max(2 * self.bits, 32), self.max_terms)
        if norm not in self.transforms:
            point = variance_fixed_point(
                self.activation, self.sigma_w2, work, lipschitz=self.lipschitz, input_variance=2 * norm
            )
            self.transforms[norm] = hermite_transform(self.activation, order, point.s, work)
        return self.transforms[norm]

    def entry(self, first: Fraction, second: Fraction, c: Fraction) -> arb:
        """The entry of two different inputs: by the series, or by the dual activation where that is sharper."""
        work = self.bits + GUARD
        pair = partial(
            equilibrium_pair,
            self.activation,
            self.transform(first),
            self.transform(second),
            self.sigma_w2,
            c,
            work,
            lipschitz=self.lipschitz,
        )
        found = pair()
        if not found.value.rad() > (1 + abs(found.value)).upper() * arb((1, SLACK_BITS - self.bits)):
            return found.value
        other = pair(dual=lambda a, b, c: dual(self.activation, a, b, c, work), start=found.rho).value
        return other if other.rad() < found.value.rad() else found.value


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
    n, pairs = source.n, _Pairs(activation, sigma_w2, bits, lipschitz, max_terms)
    norms = [source.second_moment(i) for i in range(n)]
    share = source.d if isinstance(source, Points) else 1
    result = arb_mat(n, n)
    with precision(bits):
        for i in range(n):
            result[i, i] = +pairs.transform(norms[i]).second_moment
            for j in range(i):
                result[i, j] = result[j, i] = +pairs.entry(norms[i], norms[j], source.inner(i, j) / share)
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
    term; its correlation with another one comes from the weights W alone. docs/theory/equilibrium-kernel.md, section 5.
    """
    if vanishes_at_zero(activation):
        return [arb(0)] * len(norms)
    zero = Fraction(0)
    if sigma_w2 == 0:
        return [dual(activation, zero, 2 * norm, zero, bits + GUARD) for norm in norms]
    pairs = _Pairs(activation, sigma_w2, bits, lipschitz, max_terms)
    values = {norm: pairs.entry(zero, norm, zero) for norm in {*norms} - {zero}}
    values[zero] = pairs.transform(zero).second_moment
    return [values[norm] for norm in norms]
