"""What the width statements need of the inputs of an instance: n, the norm, λ_0 and the fourth moments."""

from __future__ import annotations

from functools import lru_cache

from flint import arb, arb_mat

from ....balls.ends import nonnegative
from ....balls.precision import precision
from ....checks.evidence import as_ball
from ....expressions.enclosed_function import norm_up
from ....sampling.operator_norm import operator_norm
from ..instance import ImplicitInstance
from .concentration import Population
from .moments import BITS, pair, variance
from .width import Setting

MOMENTS = 64
"""For more inputs than this the fourth moments are left out: they decide only where there are few."""


def population(inst: ImplicitInstance) -> Population:
    r"""The inputs of an instance: :math:`\lVert X\rVert^2` is the norm of the matrix of cosines."""
    n, cosines = inst.data.n, inst.cosines
    with precision(BITS):
        norm = arb(operator_norm(cosines.mid).upper) + n * arb(cosines.rad)
        least = as_ball(inst.eigenvalue)
        if n > MOMENTS:
            return Population(n, norm.sqrt(), least)
        table = arb_mat(n, n, [arb(1) if i == j else cosines.entry(i, j) for i in range(n) for j in range(n)])
        both = pair(table[0, 1]) if n == 2 else None
        return Population(n, norm.sqrt(), least, variance(table), both)


def label_norm(inst: ImplicitInstance) -> arb:
    r""":math:`\lVert y\rVert` of the labels, rounded up."""
    return arb(norm_up(inst.labels))


@lru_cache(maxsize=4)
def setting(inst: ImplicitInstance) -> Setting:
    """The setting of a width statement on the inputs and labels of an instance, with its γ and δ and zero outputs."""
    return Setting(population(inst), label_norm(inst), inst.gamma, inst.delta)
